//! The ABIs: how one call is numbered, and how its words are laid out.

mod aarch64;
mod arm;
mod i386;
mod x32;
mod x86_64;

/// The name of an ABI that this project knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AbiId {
    /// `syscall` in 64-bit code on x86-64.
    X86_64,
    /// `syscall` on x86-64 with bit 30 of the number set: 64-bit registers, 32-bit pointers.
    X32,
    /// `int $0x80` and `sysenter` on x86, from 32-bit and from 64-bit code.
    I386,
    /// `svc #0` in AArch64 code.
    Aarch64,
    /// ARM EABI, native and as AArch32 on a 64-bit kernel.
    Arm,
}

/// How a 64-bit argument is laid out in the words of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wide {
    /// In one 64-bit word.
    Whole,
    /// In two consecutive 32-bit words, low half first.
    Pair,
    /// As [`Wide::Pair`], but starting at an even word: one word of padding may come before.
    EvenPair,
}

/// One ABI.
#[derive(Debug)]
pub struct Abi {
    /// Its id.
    pub id: AbiId,
    /// Its name, as users type it and as reports print it.
    pub name: &'static str,
    /// `AUDIT_ARCH_*` of linux/audit.h: what `seccomp_data.arch` and `ptrace_syscall_info.arch` say.
    pub audit_arch: u32,
    /// Width in bits of one word (register) of a call.
    pub word_bits: u32,
    /// Width in bits of `long`, `size_t` and pointers in this ABI's data model.
    pub long_bits: u32,
    /// Layout of 64-bit arguments.
    pub wide: Wide,
    /// What is added to the table's index to make the number: `0x4000_0000` on x32, else 0.
    pub nr_base: u32,
}

impl AbiId {
    /// Every ABI, in the order in which reports list them.
    pub const ALL: [AbiId; 5] = [
        AbiId::X86_64,
        AbiId::I386,
        AbiId::X32,
        AbiId::Aarch64,
        AbiId::Arm,
    ];

    /// The ABI's description.
    #[must_use]
    pub fn abi(self) -> &'static Abi {
        match self {
            AbiId::X86_64 => &x86_64::X86_64,
            AbiId::X32 => &x32::X32,
            AbiId::I386 => &i386::I386,
            AbiId::Aarch64 => &aarch64::AARCH64,
            AbiId::Arm => &arm::ARM,
        }
    }

    /// The ABI's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.abi().name
    }

    /// The ABI called `name`, if there is one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<AbiId> {
        AbiId::ALL.into_iter().find(|id| id.name() == name)
    }

    /// The ABI of a call that the kernel reports with this `AUDIT_ARCH_*` and number.
    ///
    /// x86-64 and x32 share one architecture word. The kernel takes a number for x32 when bit 30
    /// is set and the number is not negative (`do_syscall_x32` in arch/x86/entry/syscall_64.c), so
    /// `0x8000_0027` and `-1` are x86-64 numbers that nothing implements.
    #[must_use]
    pub fn of_call(audit_arch: u32, nr: u32) -> Option<AbiId> {
        let x32 = (0x4000_0000..0x8000_0000).contains(&nr);
        AbiId::ALL.into_iter().find(|id| {
            id.abi().audit_arch == audit_arch
                && match id {
                    AbiId::X86_64 => !x32,
                    AbiId::X32 => x32,
                    AbiId::I386 | AbiId::Aarch64 | AbiId::Arm => true,
                }
        })
    }
}
