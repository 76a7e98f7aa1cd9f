//! The instructions that make calls, and what the kernel takes a call by each of them for.

use everycall_arch::AbiId;

/// The instruction that makes a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Via {
    /// `syscall`.
    Syscall,
    /// `int $0x80`.
    Int80,
    /// A call of `__kernel_vsyscall`, the vDSO's code for calls of i386 (`AT_SYSINFO`): `sysenter`, or `syscall`, as
    /// the kernel found the processor to have it.
    Vdso,
    /// `int $0x80` of 32-bit code in a 64-bit program, by a far return.
    Far32,
    /// `syscall` of 64-bit code in a 32-bit program, by a far return.
    Far64,
    /// A call into the vsyscall page of x86-64: the number is an address.
    Page,
    /// `svc #0` of AArch64.
    A64,
    /// `svc` of AArch64 with another number in the instruction, which must be ignored.
    A64Immediate,
    /// `svc #0` in ARM state.
    A32,
    /// `svc` in ARM state with a number of the old ABI in the instruction, which must be ignored.
    A32Immediate,
    /// `svc #0` in Thumb state.
    T32,
    /// `svc` in Thumb state with another number in the instruction, which must be ignored.
    T32Immediate,
}

impl Via {
    const ALL: [Via; 12] = [
        Via::Syscall,
        Via::Int80,
        Via::Vdso,
        Via::Far32,
        Via::Far64,
        Via::Page,
        Via::A64,
        Via::A64Immediate,
        Via::A32,
        Via::A32Immediate,
        Via::T32,
        Via::T32Immediate,
    ];

    /// How a step asks for a call by it, and how the ledger's record tells it.
    pub(crate) fn code(self) -> u64 {
        match self {
            Via::Syscall => 1,
            Via::Int80 => 2,
            Via::A64 => 7,
            Via::A64Immediate => 8,
            Via::A32 => 9,
            Via::A32Immediate => 10,
            Via::T32 => 11,
            Via::T32Immediate => 12,
            Via::Page => 13,
            Via::Vdso => 14,
            Via::Far32 => 15,
            Via::Far64 => 16,
        }
    }

    /// The instruction of this code.
    pub(crate) fn of_code(code: u64) -> Option<Via> {
        Via::ALL.into_iter().find(|via| via.code() == code)
    }

    /// The ABI that the kernel takes a call of this number for, and the number: the low half of the
    /// register, everywhere.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "as the kernel does")]
    pub fn seen(self, nr: u64) -> (AbiId, u32) {
        if self == Via::Page {
            return (AbiId::X86_64, of_page(nr));
        }
        let nr = nr as u32;
        let abi = match self {
            Via::Syscall | Via::Far64 => {
                let x86 = AbiId::of_call(AbiId::X86_64.abi().audit_arch, nr);
                x86.unwrap_or(AbiId::X86_64)
            }
            Via::Int80 | Via::Vdso | Via::Far32 => AbiId::I386,
            Via::Page => AbiId::X86_64,
            Via::A64 | Via::A64Immediate => AbiId::Aarch64,
            Via::A32 | Via::A32Immediate | Via::T32 | Via::T32Immediate => AbiId::Arm,
        };
        (abi, nr)
    }
}

/// The call that the kernel makes for an address in the vsyscall page: `gettimeofday`, `time`, `getcpu`.
fn of_page(address: u64) -> u32 {
    match address & 0xc00 {
        0 => 96,
        0x400 => 201,
        _ => 309,
    }
}
