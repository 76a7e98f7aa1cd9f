//! The types that arguments have. Direction and length stand in the type.

use crate::flags::{EnumSet, FlagSet};

/// What one argument of a call means.
///
/// `long`, `size_t`, `off_t` and pointers are as wide as a word of the ABI (`Abi::word_bits`): x32's entry points that are
/// x86-64's look at all 64 bits. `int`, ids, modes, signals and descriptors are 32 bits wide on every ABI: what stands in
/// the upper half of a word is not looked at.
#[derive(Clone, Copy, Debug)]
pub enum Ty {
    /// `int`.
    Int,
    /// `unsigned int`, also `u32`.
    Uint,
    /// `long`.
    Long,
    /// `unsigned long`.
    Ulong,
    /// `unsigned long` whose value is a bit pattern or an address-like number: shown in hexadecimal.
    Hex,
    /// 64 unsigned bits on every ABI: wide, so two words where words are 32 bits.
    U64,
    /// `loff_t`: 64 signed bits on every ABI: wide.
    Loff,
    /// `size_t`.
    Size,
    /// `off_t`: a signed `long`.
    Off,
    /// A file descriptor.
    Fd,
    /// A directory's file descriptor, or `AT_FDCWD`.
    Dirfd,
    /// A process or thread id.
    Pid,
    /// A user id; -1 means "no change".
    Uid,
    /// A group id; -1 means "no change".
    Gid,
    /// A 16-bit user or group id of the old 32-bit calls.
    Id16,
    /// `umode_t`: shown in octal.
    Mode,
    /// A signal's number.
    Signal,
    /// An address, whose target is not decoded.
    Ptr,
    /// A NUL-terminated string that the kernel reads.
    Str,
    /// A NUL-terminated path that the kernel reads.
    Path,
    /// A NULL-terminated array of strings that the kernel reads.
    Argv,
    /// As `Argv`, but usually only counted.
    Envp,
    /// The address of something that the kernel reads: decoded when the call is entered.
    In(&'static Obj),
    /// The address of something that the kernel writes: decoded when the call has returned.
    Out(&'static Obj),
    /// The address of something that the kernel reads and writes: decoded at both ends.
    InOut(&'static Obj),
    /// A set of named bits.
    Flags(&'static FlagSet),
    /// One of some named values.
    Enum(&'static EnumSet),
    /// An argument that exists only when argument `arg` has a bit of `mask` set (`open`'s mode).
    When {
        /// Index of the argument that decides.
        arg: u8,
        /// The bits, of which one suffices.
        mask: u64,
        /// What it is then.
        ty: &'static Ty,
    },
}

/// What an address points at.
#[derive(Clone, Copy, Debug)]
pub enum Obj {
    /// Bytes.
    Bytes(Len),
    /// An `int`.
    Int,
    /// An `unsigned int`, also `socklen_t`.
    Uint,
    /// A 64-bit number, whatever the ABI.
    U64,
    /// A `struct sockaddr`.
    Sockaddr(Len),
    /// An array of `int`.
    Ints(Len),
}

/// How long an object in memory is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Len {
    /// This many.
    Fixed(u32),
    /// As many as the argument of this index says.
    Arg(u8),
    /// As many as the call returned.
    Ret,
    /// As many as the call returned, but no more than the argument of this index says: `getxattr`
    /// with a size of 0 and `recvfrom` with `MSG_TRUNC` return more than they write.
    RetUpTo(u8),
    /// As many as the `int` says that the argument of this index points at, after the call.
    DerefArg(u8),
}

impl Ty {
    /// Whether the value takes 64 bits on every ABI.
    #[must_use]
    pub const fn is_wide(self) -> bool {
        matches!(self, Ty::U64 | Ty::Loff)
    }

    /// Whether the argument can only be shown when the call has returned.
    #[must_use]
    pub const fn is_out(self) -> bool {
        matches!(self, Ty::Out(_))
    }
}
