//! One stub of machine code per instruction set: it carries out a table of steps.
//!
//! A stub is position independent and is placed at [`super::TEXT`]. Its source stands beside it as
//! `<abi>.S`, and a test assembles that and compares, where an assembler is installed.

mod i386;
mod x86_64;

use super::{ProbeError, Target, Via};

/// A stub and what its probes must know of their target.
pub(super) struct Stub {
    /// `e_machine`.
    pub(super) machine: object::elf::Machine,
    /// Whether the ELF file is of the 64-bit class.
    pub(super) is_64: bool,
    /// The interpreter.
    pub(super) run: &'static [u8],
    /// A template: it goes to a step.
    pub(super) entry: &'static [u8],
    /// Where the template has what.
    pub(super) entry_patches: &'static [(usize, Patch)],
    /// A template: it keeps the stack pointer and goes to a step.
    pub(super) handler: &'static [u8],
    /// Where the template has what.
    pub(super) handler_patches: &'static [(usize, Patch)],
    /// Where the handler's template says how much of the frame the old `sigreturn` wants popped,
    /// when there is such a call.
    pub(super) old_frame_patch: Option<usize>,
    /// The calls that every probe makes.
    pub(super) natives: Natives,
}

/// What a template of code is filled in with: 32 bits, since probes live below 4 GiB.
#[derive(Clone, Copy)]
pub(super) enum Patch {
    /// The address of its first step.
    Step,
    /// The address of the interpreter.
    Run,
    /// The address of the cell that keeps the stack pointer.
    Cell,
}

/// Numbers of the few calls that every probe makes. They are written here once more because a
/// fault in the tables under test must not take the probe down with it.
#[derive(Clone, Copy, Debug)]
pub struct Natives {
    /// `openat`.
    pub openat: u64,
    /// `mmap`, the one with six words.
    pub mmap: u64,
    /// `close`.
    pub close: u64,
    /// `clone`.
    pub clone: u64,
    /// `wait4`.
    pub wait4: u64,
    /// `getppid`.
    pub getppid: u64,
    /// `getpid`.
    pub getpid: u64,
    /// `kill`.
    pub kill: u64,
    /// `prctl`.
    pub prctl: u64,
    /// `rt_sigaction`.
    pub rt_sigaction: u64,
    /// `rt_sigprocmask`.
    pub rt_sigprocmask: u64,
    /// `sigaltstack`.
    pub sigaltstack: u64,
    /// `exit`.
    pub exit: u64,
    /// `exit_group`.
    pub exit_group: u64,
}

impl Target {
    pub(super) fn stub(self) -> Result<&'static Stub, ProbeError> {
        match self {
            Target::X86_64 => Ok(&x86_64::STUB),
            Target::I386 => Ok(&i386::STUB),
            Target::Aarch64 | Target::Arm => Err(ProbeError::NoStub(self)),
        }
    }

    /// Whether code of this target has the instruction.
    #[must_use]
    pub fn has(self, via: Via) -> bool {
        match (self, via) {
            (Target::X86_64, Via::Syscall | Via::Int80) | (Target::I386, Via::Int80) => true,
            (Target::I386, Via::Syscall) | (Target::Aarch64 | Target::Arm, _) => false,
        }
    }
}

impl Stub {
    /// Code that starts at `step`.
    pub(super) fn entry(&self, step: u32, run: u32) -> Vec<u8> {
        fill(self.entry, self.entry_patches, step, run, 0)
    }

    /// Code for a signal handler whose first step is at `step`.
    pub(super) fn handler(&self, step: u32, run: u32, cell: u32, old_frame: bool) -> Vec<u8> {
        let mut code = fill(self.handler, self.handler_patches, step, run, cell);
        if let Some(at) = self.old_frame_patch.filter(|_| old_frame) {
            // The old frame's restorer pops the signal's number too.
            code[at] = 8;
        }
        code
    }
}

fn fill(code: &[u8], patches: &[(usize, Patch)], step: u32, run: u32, cell: u32) -> Vec<u8> {
    let mut code = code.to_vec();
    for &(at, patch) in patches {
        let value = match patch {
            Patch::Step => step,
            Patch::Run => run,
            Patch::Cell => cell,
        };
        code[at..at + 4].copy_from_slice(&value.to_le_bytes());
    }
    code
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::super::Target;

    /// The code that `as` and `objcopy` make of a stub's source; `None` when they are not installed.
    fn assembled(source: &str, flag: &str) -> Option<Vec<u8>> {
        let dir = tempfile::tempdir().expect("a directory for the assembler");
        let path = |name: &str| dir.path().join(name);
        std::fs::write(path("stub.S"), source).expect("the source is written");
        let mut assembler = Command::new("as");
        assembler
            .arg(flag)
            .arg("-o")
            .args([path("stub.o"), path("stub.S")]);
        if !assembler.status().ok()?.success() {
            panic!("the assembler refuses the stub's source");
        }
        let mut objcopy = Command::new("objcopy");
        objcopy
            .args(["-O", "binary"])
            .args([path("stub.o"), path("stub.bin")]);
        assert!(objcopy.status().ok()?.success());
        std::fs::read(path("stub.bin")).ok()
    }

    #[test]
    fn bytes_are_what_the_source_says() {
        let x86 = cfg!(any(target_arch = "x86_64", target_arch = "x86"));
        for (target, flag, source) in [
            (Target::X86_64, "--64", include_str!("x86_64.S")),
            (Target::I386, "--32", include_str!("i386.S")),
        ] {
            let stub = target.stub().expect("this target has a stub");
            let bytes = [stub.run, stub.entry, stub.handler].concat();
            match x86.then(|| assembled(source, flag)).flatten() {
                Some(code) => assert_eq!(code, bytes, "{target:?}"),
                None => eprintln!("skipped for {target:?}: no assembler for x86 is installed"),
            }
        }
    }

    #[test]
    fn templates_are_filled_where_their_marks_stand() {
        for target in [Target::X86_64, Target::I386] {
            let stub = target.stub().expect("this target has a stub");
            let marks = stub.handler(0x1111_1111, 0x2222_2222, 0x3333_3333, false);
            assert_eq!(marks, stub.handler, "{target:?}");
            assert_eq!(
                stub.entry(0x1111_1111, 0x2222_2222),
                stub.entry,
                "{target:?}"
            );
        }
    }
}
