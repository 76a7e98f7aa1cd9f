//! What a call's words mean, as text: dispatch on types, never on a call.
//!
//! Whatever comes from a tracee may be hostile. Lengths are clamped, memory is read page by page and
//! only as far as will be shown, every byte is escaped, and what cannot be read is shown as its address.

mod array;
mod object;
mod outcome;
mod read;
mod scalar;
mod sockaddr;
mod string;
#[cfg(test)]
mod tests;

use everycall_arch::slots::{Slot, slots};
use everycall_arch::{AbiId, Syscall, Ty, table};

use crate::config::Style;
use crate::event::{Call, Memory, Outcome};

pub use outcome::{error_name, status};
pub use scalar::hex;

/// Turns calls into text, in one style.
#[derive(Clone, Debug, Default)]
pub struct Decoder {
    style: Style,
}

/// The text of one argument, or of one raw word.
#[derive(Clone, Debug)]
pub struct Part {
    /// Which argument of the proto; `None` when it is a raw word.
    pub arg: Option<usize>,
    /// Its text; `None` until the call has ended.
    pub text: Option<String>,
    before: Before,
}

/// What is remembered of the entry for the exit.
#[derive(Clone, Debug, Default)]
struct Before {
    /// What an argument that the kernel reads and writes was.
    text: Option<String>,
    /// How much room there was, where a length says it that the kernel overwrites.
    room: Option<u64>,
}

/// A call's arguments, as far as they are known.
#[derive(Clone, Debug)]
pub struct Rendered {
    /// The call, when its number is known.
    pub call: Option<&'static Syscall>,
    /// The arguments that are shown, in order.
    pub parts: Vec<Part>,
}

/// What a value's rendering may depend on.
struct Context<'a> {
    style: &'a Style,
    abi: AbiId,
    memory: &'a dyn Memory,
    values: &'a [u64],
    /// What the call returned, when it has ended well.
    ret: Option<i64>,
}

impl Decoder {
    /// A decoder of this style.
    #[must_use]
    pub fn new(style: Style) -> Decoder {
        Decoder { style }
    }

    /// The arguments when the call is entered: all but those that the kernel will write.
    #[must_use]
    pub fn enter(&self, call: &Call, memory: &dyn Memory) -> Rendered {
        let known = call.abi.and_then(|abi| table::by_nr(abi, call.nr));
        let Some(known) = known else {
            return Rendered {
                call: None,
                parts: raw_words(&call.words, 6),
            };
        };
        let slots = slots(known.abi, known.proto);
        if self.is_raw(known) {
            let words = slots.iter().map(|slot| slot.first + slot.words).max();
            let parts = raw_words(&call.words, usize::from(words.unwrap_or(0)));
            return Rendered {
                call: Some(known),
                parts,
            };
        }
        let values = values(known.abi, &slots, call);
        let context = Context {
            style: &self.style,
            abi: known.abi,
            memory,
            values: &values,
            ret: None,
        };
        let args = known.proto.args.iter().zip(&values).enumerate();
        let parts = args.filter_map(|(at, (arg, &value))| context.entered(at, arg.ty, value));
        Rendered {
            call: Some(known),
            parts: parts.collect(),
        }
    }

    /// Completes the arguments when the call has ended. False when it ended in a way that leaves what
    /// the kernel may have written unknown; those arguments stay without text then.
    pub fn exit(
        &self,
        call: &Call,
        rendered: &mut Rendered,
        outcome: Outcome,
        memory: &dyn Memory,
    ) -> bool {
        if rendered.parts.iter().all(|part| part.text.is_some()) {
            return true;
        }
        let Some(known) = rendered.call else {
            return true;
        };
        let ret = match outcome {
            Outcome::Returned { value, .. } => {
                (!outcome::is_error(outcome, Some(known))).then_some(value)
            }
            Outcome::Unknown(_) => None,
            Outcome::Ended | Outcome::Superseded | Outcome::Detached => return false,
        };
        let values = values(known.abi, &slots(known.abi, known.proto), call);
        let context = Context {
            style: &self.style,
            abi: known.abi,
            memory,
            values: &values,
            ret,
        };
        for part in rendered.parts.iter_mut().filter(|part| part.text.is_none()) {
            let arg = part
                .arg
                .and_then(|at| Some((known.proto.args.get(at)?, values.get(at)?)));
            if let Some((arg, &value)) = arg {
                let before = std::mem::take(&mut part.before);
                part.text = Some(context.exited(arg.ty, value, before));
            }
        }
        true
    }

    /// The result, as it stands behind the `=`.
    #[must_use]
    pub fn result(&self, rendered: &Rendered, call: &Call, outcome: Outcome) -> String {
        let raw = rendered.call.is_some_and(|known| self.is_raw(known));
        outcome::text(outcome, rendered.call, call.abi, raw)
    }

    fn is_raw(&self, call: &Syscall) -> bool {
        let raw = self.style.raw.as_ref();
        raw.is_some_and(|raw| raw.contains(Some(call.abi), call.nr))
    }
}

fn raw_words(words: &[u64; 6], count: usize) -> Vec<Part> {
    let text = |&word| Part {
        arg: None,
        text: Some(hex(word)),
        before: Before::default(),
    };
    words.iter().take(count).map(text).collect()
}

fn values(abi: AbiId, slots: &[Slot], call: &Call) -> Vec<u64> {
    slots
        .iter()
        .map(|slot| slot.value(abi, &call.words))
        .collect()
}

impl Context<'_> {
    fn entered(&self, at: usize, ty: Ty, value: u64) -> Option<Part> {
        let mut before = Before::default();
        let text = match ty {
            Ty::When { arg, mask, ty } => {
                let deciding = self.values.get(usize::from(arg)).copied().unwrap_or(0);
                if deciding & mask == 0 {
                    return None;
                }
                return self.entered(at, *ty, value);
            }
            Ty::Str => Some(self.string(value)),
            Ty::Path => Some(self.path(value)),
            Ty::Argv => Some(self.argv(value)),
            Ty::Envp => Some(self.envp(value)),
            Ty::In(object) => Some(self.object(object, value, None)),
            Ty::Out(object) => {
                before.room = self.room(object);
                None
            }
            Ty::InOut(object) => {
                before.text = Some(self.object(object, value, None));
                before.room = self.room(object);
                None
            }
            _ => Some(self.scalar(ty, value)),
        };
        Some(Part {
            arg: Some(at),
            text,
            before,
        })
    }

    fn exited(&self, ty: Ty, value: u64, before: Before) -> String {
        match ty {
            Ty::When { ty, .. } => self.exited(*ty, value, before),
            Ty::Out(object) if self.ret.is_some() => self.object(object, value, before.room),
            Ty::InOut(object) => {
                let text = before.text.unwrap_or_else(|| scalar::pointer(value));
                if self.ret.is_none() {
                    return text;
                }
                object::change(object, text, self.object(object, value, before.room))
            }
            _ => scalar::pointer(value),
        }
    }
}
