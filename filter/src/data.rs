//! What a filter looks at: `struct seccomp_data`, 64 bytes, the same layout on every architecture.

/// `sizeof(struct seccomp_data)`.
pub const DATA_SIZE: u32 = 64;
/// Where the number stands.
pub const NR_OFFSET: u32 = 0;
/// Where the architecture word stands.
pub const ARCH_OFFSET: u32 = 4;
/// Where the instruction pointer stands (64 bits).
pub const IP_OFFSET: u32 = 8;
/// Where the first of the six words stands (64 bits each).
pub const ARGS_OFFSET: u32 = 16;

/// The order of a machine's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ByteOrder {
    /// Least significant byte first.
    Little,
    /// Most significant byte first.
    Big,
}

impl ByteOrder {
    /// The order of the machine that this runs on.
    pub const NATIVE: ByteOrder = if u16::from_ne_bytes([1, 0]) == 1 {
        ByteOrder::Little
    } else {
        ByteOrder::Big
    };
}

/// `struct seccomp_data` of linux/seccomp.h.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct SeccompData {
    /// The number. An `int` in the kernel; a filter compares it as unsigned.
    pub nr: u32,
    /// `AUDIT_ARCH_*`.
    pub arch: u32,
    /// Address of the instruction after the one that made the call.
    pub instruction_pointer: u64,
    /// The six words of the call.
    pub args: [u64; 6],
}

impl SeccompData {
    /// The data of a call of which only the architecture and the number matter.
    #[must_use]
    pub fn of_call(arch: u32, nr: u32) -> SeccompData {
        SeccompData {
            nr,
            arch,
            ..SeccompData::default()
        }
    }

    /// The 32-bit word at `offset`, as a filter on a machine of this byte order loads it; `None`
    /// where the kernel allows no load.
    #[must_use]
    pub fn word(&self, offset: u32, order: ByteOrder) -> Option<u32> {
        if offset >= DATA_SIZE || !offset.is_multiple_of(4) {
            return None;
        }
        let long = match offset {
            NR_OFFSET => return Some(self.nr),
            ARCH_OFFSET => return Some(self.arch),
            IP_OFFSET..ARGS_OFFSET => self.instruction_pointer,
            _ => *self.args.get(((offset - ARGS_OFFSET) / 8) as usize)?,
        };
        let second = offset % 8 == 4;
        let high = second == (order == ByteOrder::Little);
        Some(if high {
            (long >> 32) as u32
        } else {
            long as u32
        })
    }

    /// The 64 bytes in memory.
    #[must_use]
    pub fn to_bytes(&self, order: ByteOrder) -> [u8; DATA_SIZE as usize] {
        let mut bytes = [0; DATA_SIZE as usize];
        for (chunk, offset) in bytes.chunks_exact_mut(4).zip((0..).step_by(4)) {
            let word = self.word(offset, order).unwrap_or_default();
            chunk.copy_from_slice(&match order {
                ByteOrder::Little => word.to_le_bytes(),
                ByteOrder::Big => word.to_be_bytes(),
            });
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> SeccompData {
        SeccompData {
            nr: 0x0102_0304,
            arch: 0x0506_0708,
            instruction_pointer: 0x1112_1314_1516_1718,
            args: [0x2122_2324_2526_2728, 1, 2, 3, 4, 0x3132_3334_3536_3738],
        }
    }

    #[test]
    fn offsets_are_those_of_the_header() {
        assert_eq!(
            std::mem::offset_of!(libc::seccomp_data, nr),
            NR_OFFSET as usize
        );
        assert_eq!(
            std::mem::offset_of!(libc::seccomp_data, arch),
            ARCH_OFFSET as usize
        );
        assert_eq!(
            std::mem::offset_of!(libc::seccomp_data, instruction_pointer),
            IP_OFFSET as usize
        );
        assert_eq!(
            std::mem::offset_of!(libc::seccomp_data, args),
            ARGS_OFFSET as usize
        );
        assert_eq!(size_of::<libc::seccomp_data>(), DATA_SIZE as usize);
    }

    #[test]
    fn halves_of_a_long_stand_as_the_byte_order_says() {
        let data = sample();
        assert_eq!(data.word(16, ByteOrder::Little), Some(0x2526_2728));
        assert_eq!(data.word(20, ByteOrder::Little), Some(0x2122_2324));
        assert_eq!(data.word(16, ByteOrder::Big), Some(0x2122_2324));
        assert_eq!(data.word(60, ByteOrder::Big), Some(0x3536_3738));
        assert_eq!(
            data.to_bytes(ByteOrder::Big)[8..16],
            data.instruction_pointer.to_be_bytes()
        );
        assert_eq!(
            data.to_bytes(ByteOrder::Little)[8..16],
            data.instruction_pointer.to_le_bytes()
        );
        assert_eq!(
            data.to_bytes(ByteOrder::Little)[56..],
            data.args[5].to_le_bytes()
        );
    }

    #[test]
    fn there_is_no_load_outside_or_across() {
        for offset in [1, 2, 3, 62, 64, 68, u32::MAX] {
            assert_eq!(sample().word(offset, ByteOrder::NATIVE), None);
        }
    }
}
