//! Static ELF programs from a few segments of bytes.

use object::Endianness;
use object::elf;
use object::write::elf::{FileHeader, ProgramHeader, Writer};

/// Bytes at an address.
#[derive(Debug)]
pub(crate) struct Segment {
    /// Where; a multiple of the page size.
    pub(crate) address: u64,
    /// What.
    pub(crate) bytes: Vec<u8>,
    /// Read and execute; else read and write.
    pub(crate) executable: bool,
}

/// A program without sections, interpreter or relocations.
#[derive(Debug)]
pub(crate) struct Image {
    /// `e_machine`.
    pub(crate) machine: elf::Machine,
    /// The class.
    pub(crate) is_64: bool,
    /// `e_flags`.
    pub(crate) flags: u32,
    /// How segments are aligned, in memory and in the file.
    pub(crate) page: u64,
    /// Where it starts.
    pub(crate) entry: u64,
    /// What is loaded.
    pub(crate) segments: Vec<Segment>,
}

impl Image {
    /// The file.
    pub(crate) fn write(&self) -> Result<Vec<u8>, object::write::Error> {
        let mut file = Vec::new();
        let mut writer = Writer::new(Endianness::Little, self.is_64, &mut file);
        writer.reserve_file_header();
        // One more header says that the stack is not executable.
        writer.reserve_program_headers(u32::try_from(self.segments.len() + 1).unwrap_or(u32::MAX));
        let offsets: Vec<u64> = self
            .segments
            .iter()
            .map(|segment| writer.reserve(segment.bytes.len() as u64, self.page))
            .collect();
        writer.write_file_header(&FileHeader {
            os_abi: elf::ELFOSABI_NONE,
            abi_version: 0,
            e_type: elf::ET_EXEC,
            e_machine: self.machine,
            e_entry: self.entry,
            e_flags: elf::FileFlags(self.flags),
        })?;
        writer.write_align_program_headers();
        for (segment, &offset) in self.segments.iter().zip(&offsets) {
            writer.write_program_header(&segment.header(offset, self.page));
        }
        writer.write_program_header(&ProgramHeader {
            p_type: elf::PT_GNU_STACK,
            p_flags: elf::PF_R | elf::PF_W,
            p_offset: 0,
            p_vaddr: 0,
            p_paddr: 0,
            p_filesz: 0,
            p_memsz: 0,
            p_align: 16,
        });
        for (segment, &offset) in self.segments.iter().zip(&offsets) {
            writer.pad_until(offset);
            writer.write(&segment.bytes);
        }
        Ok(file)
    }
}

impl Segment {
    fn header(&self, offset: u64, page: u64) -> ProgramHeader {
        let bytes = self.bytes.len() as u64;
        ProgramHeader {
            p_type: elf::PT_LOAD,
            p_flags: elf::PF_R
                | if self.executable {
                    elf::PF_X
                } else {
                    elf::PF_W
                },
            p_offset: offset,
            p_vaddr: self.address,
            p_paddr: self.address,
            p_filesz: bytes,
            p_memsz: bytes,
            p_align: page,
        }
    }
}
