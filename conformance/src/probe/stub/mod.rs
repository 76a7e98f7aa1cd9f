//! One stub of machine code per instruction set: it carries out a table of steps.
//!
//! A stub is position independent and is placed at [`super::TEXT`]. Its source stands beside it as
//! `<abi>.S`, and a test assembles that and compares, where an assembler is installed.

mod aarch64;
mod arm;
mod i386;
mod x86_64;

use super::{Target, Via};

/// The largest page of a kernel for ARM: a file's segments must lie so that all of them can load it.
const ARM_PAGE: u64 = 0x1_0000;
/// The page of x86.
const X86_PAGE: u64 = 0x1000;

/// A stub and what its probes must know of their target.
pub(super) struct Stub {
    /// `e_machine`.
    pub(super) machine: object::elf::Machine,
    /// Whether the ELF file is of the 64-bit class.
    pub(super) is_64: bool,
    /// `e_flags`.
    pub(super) flags: u32,
    /// How segments are aligned.
    pub(super) page: u64,
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
    /// The address of a cell: a handler keeps the stack pointer there, the entry where the vDSO makes calls.
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
    pub(super) fn stub(self) -> &'static Stub {
        match self {
            Target::X86_64 => &x86_64::STUB,
            Target::I386 => &i386::STUB,
            Target::Aarch64 => &aarch64::STUB,
            Target::Arm => &arm::STUB,
        }
    }

    /// The instructions for calls that code of this target has; the first is that of its own ABI.
    #[must_use]
    pub fn vias(self) -> &'static [Via] {
        match self {
            Target::X86_64 => &[Via::Syscall, Via::Int80],
            Target::I386 => &[Via::Int80],
            Target::Aarch64 => &[Via::A64, Via::A64Immediate],
            Target::Arm => &[Via::A32, Via::A32Immediate, Via::T32, Via::T32Immediate],
        }
    }

    /// Whether code of this target has the instruction.
    #[must_use]
    pub fn has(self, via: Via) -> bool {
        // The page has few calls, so it is no way to make any.
        self.vias().contains(&via) || (self, via) == (Target::X86_64, Via::Page)
    }

    /// The instruction of the target's own ABI.
    #[must_use]
    pub fn via(self) -> Via {
        self.vias()[0]
    }
}

impl Stub {
    /// Code that starts at `step`.
    pub(super) fn entry(&self, step: u32, run: u32, vdso: u32) -> Vec<u8> {
        fill(self.entry, self.entry_patches, step, run, vdso)
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

    /// A target, its source, the architecture of machines whose own assembler is one for it, the
    /// cross assembler, and what either is told.
    const SOURCES: [(Target, &str, &str, &str, &str); 4] = [
        (
            Target::X86_64,
            include_str!("x86_64.S"),
            "x86_64",
            "x86_64-linux-gnu-as",
            "--64",
        ),
        (
            Target::I386,
            include_str!("i386.S"),
            "x86_64",
            "x86_64-linux-gnu-as",
            "--32",
        ),
        (
            Target::Aarch64,
            include_str!("aarch64.S"),
            "aarch64",
            "aarch64-linux-gnu-as",
            "-march=armv8-a",
        ),
        (
            Target::Arm,
            include_str!("arm.S"),
            "arm",
            "arm-linux-gnueabihf-as",
            "-march=armv7-a",
        ),
    ];

    /// The code that an assembler makes of a stub's source; `None` when it is not installed.
    fn assembled(source: &str, assembler: &str, flag: &str) -> Option<Vec<u8>> {
        let dir = tempfile::tempdir().expect("a directory for the assembler");
        let path = |name: &str| dir.path().join(name);
        std::fs::write(path("stub.S"), source).expect("the source is written");
        let mut command = Command::new(assembler);
        command
            .arg(flag)
            .arg("-o")
            .args([path("stub.o"), path("stub.S")]);
        let output = command.output().ok()?;
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{assembler}: {said}");
        let object = std::fs::read(path("stub.o")).expect("the assembler wrote its object");
        let file = object::File::parse(object.as_slice()).expect("an object file");
        let text = object::Object::section_by_name(&file, ".text").expect("it has code");
        let code = object::ObjectSection::data(&text).expect("its code");
        Some(code.to_vec())
    }

    #[test]
    fn bytes_are_what_the_source_says() {
        for (target, source, own, cross, flag) in SOURCES {
            let stub = target.stub();
            let bytes = [stub.run, stub.entry, stub.handler].concat();
            let native = std::env::consts::ARCH == own;
            let code = assembled(source, cross, flag);
            let code = code.or_else(|| native.then(|| assembled(source, "as", flag)).flatten());
            match code {
                Some(code) => assert_eq!(code, bytes, "{target:?}"),
                None => eprintln!("skipped for {target:?}: {cross} is not installed"),
            }
        }
    }

    #[test]
    fn templates_are_filled_where_their_marks_stand() {
        for (target, ..) in SOURCES {
            let stub = target.stub();
            let marks = stub.handler(0x1111_1111, 0x2222_2222, 0x3333_3333, false);
            assert_eq!(marks, stub.handler, "{target:?}");
            assert_eq!(
                stub.entry(0x1111_1111, 0x2222_2222, 0x3333_3333),
                stub.entry,
                "{target:?}"
            );
        }
    }
}
