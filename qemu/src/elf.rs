//! For which machine a program is: its ELF header says it.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::machine::{self, Machine};

/// ELF's numbers of architectures (`e_machine`), and Rust's names.
const NUMBERS: [(u16, &str); 4] = [(3, "x86"), (40, "arm"), (62, "x86_64"), (183, "aarch64")];

/// The machine of a program; none if it is no program of any of them.
pub(crate) fn machine(program: &Path) -> Option<&'static Machine> {
    let mut head = [0; 20];
    File::open(program).ok()?.read_exact(&mut head).ok()?;
    let number = u16::from_le_bytes([head[18], head[19]]);
    // 1 is little-endian, as all of them are.
    if !head.starts_with(b"\x7fELF") || head[5] != 1 {
        return None;
    }
    let (_, name) = NUMBERS.iter().find(|(known, _)| *known == number)?;
    machine::by_architecture(name)
}
