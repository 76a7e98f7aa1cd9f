//! What addresses point at.

use everycall_arch::{Len, Obj};

use super::scalar::pointer;
use super::{Context, read};

/// An object that the kernel reads and writes, before and after.
pub(super) fn change(object: &Obj, before: String, after: String) -> String {
    if before == after {
        return before;
    }
    let inner = |text: &str| Some(text.strip_prefix('[')?.strip_suffix(']')?.to_owned());
    match (object, inner(&before), inner(&after)) {
        // A length: one bracket around both.
        (Obj::Int | Obj::Uint, Some(before), Some(after)) => format!("[{before} => {after}]"),
        (_, Some(_), Some(_)) => format!("{before} => {after}"),
        _ => after,
    }
}

fn length_of(object: &Obj) -> Option<Len> {
    match *object {
        Obj::Bytes(len) | Obj::Sockaddr(len) | Obj::Ints(len) => Some(len),
        Obj::Int | Obj::Uint | Obj::U64 => None,
    }
}

impl Context<'_> {
    /// How much the kernel may write, where a length in memory says so: to be asked before it does.
    pub(super) fn room(&self, object: &Obj) -> Option<u64> {
        match length_of(object)? {
            len @ Len::DerefArg(_) => self.length(len),
            _ => None,
        }
    }

    /// The object at `addr`. What the kernel has written of it is no more than there was `room` for.
    pub(super) fn object(&self, object: &Obj, addr: u64, room: Option<u64>) -> String {
        if addr == 0 {
            return pointer(addr);
        }
        let length = |len| Some(self.length(len)?.min(room.unwrap_or(u64::MAX)));
        let text = match *object {
            Obj::Bytes(len) => length(len).map(|len| self.buffer(addr, len)),
            Obj::Int => self
                .number(addr, 4)
                .map(|value| format!("[{}]", value as u32 as i32)),
            Obj::Uint => self.number(addr, 4).map(|value| format!("[{value}]")),
            Obj::U64 => self.number(addr, 8).map(|value| format!("[{value}]")),
            Obj::Sockaddr(len) => length(len).and_then(|len| self.sockaddr(addr, len)),
            Obj::Ints(len) => length(len).map(|len| self.ints(addr, len)),
        };
        text.unwrap_or_else(|| pointer(addr))
    }

    fn number(&self, addr: u64, len: usize) -> Option<u64> {
        read::number(self.memory, addr, len)
    }

    /// How long an object is; `None` when that cannot be told.
    fn length(&self, len: Len) -> Option<u64> {
        let value = |arg: u8| self.values.get(usize::from(arg)).copied();
        match len {
            Len::Fixed(len) => Some(len.into()),
            Len::Arg(arg) => value(arg),
            Len::Ret => u64::try_from(self.ret?).ok(),
            Len::RetUpTo(arg) => Some(u64::try_from(self.ret?).ok()?.min(value(arg)?)),
            Len::DerefArg(arg) => self.number(value(arg)?, 4),
        }
    }
}
