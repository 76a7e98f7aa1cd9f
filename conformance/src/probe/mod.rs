//! Probes: tiny programs that make known calls, described once and built for any target.
//!
//! A probe is a list of steps. A small stub of machine code (one per instruction set) carries them
//! out, and writes of each call what was asked for and what came back into the *ledger*, a page of
//! shared memory that no system call writes. The calls that set the ledger up are ordinary steps:
//! they are written to private memory first and copied when the map is there.

mod build;
mod course;
mod life;
mod step;
mod stub;
#[cfg(test)]
mod tests;
mod via;

use std::fmt;

use everycall_arch::AbiId;

pub use course::Countdown;
pub use stub::Natives;
pub use via::Via;

/// Where the code of every probe is loaded.
const TEXT: u64 = 0x0040_0000;
/// Where its data are loaded.
const DATA: u64 = 0x0050_0000;
/// Where it maps its ledger: above any heap that starts behind `DATA`, below 2 GiB.
const LEDGER: u64 = 0x7000_0000;
/// Where it has itself as a program of another kind, if it is to become that: above all that it maps by itself below.
pub(crate) const OTHER: u64 = 0x3000_0000;
/// How large that file is, with zeros behind it.
pub(crate) const OTHER_BYTES: u64 = 256 << 10;
/// The program's own name in its working directory, by which it starts itself again.
pub const PROGRAM: &str = "probe";
/// The ledger's file, in the working directory of the probe.
pub const LEDGER_FILE: &str = "ledger";

/// The kind of code and of ELF file that a probe is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    /// 64-bit x86: calls of `x86_64` and `x32` by `syscall`, and of `i386` by `int $0x80`.
    X86_64,
    /// 32-bit x86: calls of `i386` by `int $0x80`, and through the vDSO.
    I386,
    /// 64-bit ARM.
    Aarch64,
    /// 32-bit ARM.
    Arm,
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Target::X86_64 => "x86_64",
            Target::I386 => "i386",
            Target::Aarch64 => "aarch64",
            Target::Arm => "arm",
        })
    }
}

/// Why a probe cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// The target's code has no such instruction.
    #[error("{0:?} code has no {1:?} instruction")]
    NoInstruction(Target, Via),
    /// The ABI has no such call.
    #[error("{abi} has no call {name}", abi = .0.name(), name = .1)]
    NoCall(AbiId, &'static str),
    /// The probe does not fit the addresses that it is given.
    #[error("the probe is too large")]
    TooLarge,
    /// The ELF file could not be written.
    #[error("failed to write the probe's ELF file: {0}")]
    Elf(#[from] object::write::Error),
}

/// A thread of a probe: its calls are in the order in which it makes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Flow(usize);

impl Target {
    /// Every target.
    pub const ALL: [Target; 4] = [Target::X86_64, Target::I386, Target::Aarch64, Target::Arm];

    /// The ABI of its own calls.
    #[must_use]
    pub fn abi(self) -> AbiId {
        match self {
            Target::X86_64 => AbiId::X86_64,
            Target::I386 => AbiId::I386,
            Target::Aarch64 => AbiId::Aarch64,
            Target::Arm => AbiId::Arm,
        }
    }
}

impl Flow {
    /// The first thread.
    pub const MAIN: Flow = Flow(0);

    /// 0 for the main thread; else children and signal handlers in the order of their description.
    #[must_use]
    pub fn index(self) -> usize {
        self.0
    }
}

/// A call of a probe: its index is that of its record in the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CallId(usize);

impl CallId {
    /// The index of its record in the ledger.
    #[must_use]
    pub fn index(self) -> usize {
        self.0
    }
}

/// A place in the probe's data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Data(u32);

impl Data {
    /// The place so many bytes further.
    #[must_use]
    pub fn plus(self, bytes: u32) -> Data {
        Data(self.0 + bytes)
    }
}

/// A signal handler's code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Handler(usize);

/// One word of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// This value; 32-bit code takes its lower half.
    Value(u64),
    /// The address of data.
    Address(Data),
    /// What an earlier call returned.
    Result(CallId),
    /// The 32 bits that stand there when the call is made.
    Load32(Data),
    /// What stands there when the call is made, as wide as a register.
    Load(Data),
    /// The address of a signal handler's code.
    Handler(Handler),
    /// The address of the step that makes this very call: a stack for a child that needs none.
    Here,
}

/// What makes a call: an instruction, a number and six words.
#[derive(Clone, Copy, Debug)]
pub struct Call {
    /// The instruction.
    pub via: Via,
    /// The number register, all 64 bits of it.
    pub nr: u64,
    /// The words.
    pub words: [Word; 6],
}

impl Call {
    /// A call whose further words are zero.
    #[must_use]
    pub fn new(via: Via, nr: u64, words: &[Word]) -> Call {
        let word = |i: usize| words.get(i).copied().unwrap_or(Word::Value(0));
        Call {
            via,
            nr,
            words: std::array::from_fn(word),
        }
    }
}

/// One step.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// Make a call.
    Call {
        id: CallId,
        call: Call,
        /// Where a child goes on for which the call returned 0.
        child: Option<Flow>,
        /// The cell whose value is the stack pointer during the call.
        stack: Option<Data>,
    },
    /// Copy the records of this image's set-up calls into the shared ledger.
    Adopt(usize),
    /// Wait, without any call, until this call is about to be made in another flow.
    Watch(CallId),
    /// Wait, without any call, until the suite has opened the gate.
    Gate,
    /// Go round so many times, without any call.
    Spin(u32),
    /// Copy so many bytes from one place to another.
    Copy(Data, Data, u32),
    /// When this call has failed, go on with the step of this index in the same flow.
    Skip(CallId, usize),
    /// Make a call that is not in the ledger.
    Aside {
        call: Call,
        /// Where a child goes on for which the call returned 0.
        child: Option<Flow>,
        /// What the call is noted in.
        count: Countdown,
    },
    /// While the 32 bits there are negative, go on with the step of this index in the same flow.
    Back(Data, usize),
}

/// A signal handler: where it goes on, and whether its frame is the one of `sigreturn`.
#[derive(Clone, Copy, Debug)]
struct HandlerCode {
    flow: Flow,
    old_frame: bool,
}

/// A word of data that is an address, filled in when the probe is built.
#[derive(Clone, Copy, Debug)]
struct Patch {
    at: Data,
    bytes: u8,
    word: Word,
}

/// The description of a probe.
#[derive(Clone, Debug)]
pub struct Probe {
    target: Target,
    flows: Vec<Vec<Step>>,
    /// By flow: the image that it is in.
    in_image: Vec<usize>,
    images: Vec<Image>,
    /// By index: who makes the call, and which.
    calls: Vec<Planned>,
    handlers: Vec<HandlerCode>,
    data: Vec<u8>,
    patches: Vec<Patch>,
    /// The cell that keeps where the vDSO makes calls.
    vdso: Option<Data>,
    natives: Natives,
}

/// A life of the program: the first one, or one after an `execve`. It has its own memory, so it must map
/// the ledger first.
#[derive(Clone, Copy, Debug)]
struct Image {
    /// What kind of program it is.
    target: Target,
    /// Where it starts.
    flow: Flow,
    /// Its first calls have these indices: they are made before it has mapped the ledger.
    first: usize,
    /// How many they are.
    count: usize,
}

/// A probe that is ready to run.
#[derive(Clone, Debug)]
pub struct Built {
    /// The ELF file.
    pub elf: Vec<u8>,
    /// Each call: as many as the ledger has records.
    pub calls: Vec<Planned>,
}

/// A call of a probe, as it is described.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Planned {
    /// Who makes it.
    pub flow: Flow,
    /// The ABI that the kernel takes it for.
    pub abi: AbiId,
    /// The number as the kernel looks at it: the low half of the register.
    pub nr: u32,
}

/// A cell that is always -1.
const ALWAYS: Data = Data(8);

/// The cell where signal handlers keep the stack pointer: the first data of a probe.
const CELL: Data = Data(0);

impl Probe {
    /// A probe that has set up its ledger, in three calls: `openat`, `mmap`, `close`.
    pub fn new(target: Target) -> Result<Probe, ProbeError> {
        let mut probe = Probe {
            target,
            flows: Vec::new(),
            in_image: Vec::new(),
            images: Vec::new(),
            calls: Vec::new(),
            handlers: Vec::new(),
            data: [[0; 8], [0xff; 8]].concat(),
            patches: Vec::new(),
            vdso: None,
            natives: target.stub().natives,
        };
        probe.image()?;
        Ok(probe)
    }

    /// The numbers of the target's own calls.
    #[must_use]
    pub fn natives(&self) -> Natives {
        self.natives
    }

    /// How many calls are described so far: the index that the next one will have.
    #[must_use]
    pub fn len(&self) -> usize {
        self.calls.len()
    }

    /// Never: a probe has its set-up calls.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }

    /// A new flow of the first image, for a child or a signal handler.
    pub fn flow(&mut self) -> Flow {
        self.flow_of(0)
    }

    /// A new flow of the image that this one is in.
    pub fn beside(&mut self, flow: Flow) -> Flow {
        self.flow_of(self.in_image[flow.0])
    }

    fn flow_of(&mut self, image: usize) -> Flow {
        self.flows.push(Vec::new());
        self.in_image.push(image);
        Flow(self.flows.len() - 1)
    }

    /// What kind of program a flow is in.
    fn target_of(&self, flow: Flow) -> Target {
        self.images[self.in_image[flow.0]].target
    }

    /// A call of the program's own ABI.
    pub fn native(&mut self, flow: Flow, nr: u64, words: &[Word]) -> Result<CallId, ProbeError> {
        let via = self.target_of(flow).via();
        self.call(flow, Call::new(via, nr, words))
    }

    /// A call.
    pub fn call(&mut self, flow: Flow, call: Call) -> Result<CallId, ProbeError> {
        self.check(flow, call.via)?;
        Ok(self.push(flow, call, None, None))
    }

    /// A call that returns twice: where it returns 0, `child` goes on.
    pub fn fork(&mut self, flow: Flow, call: Call, child: Flow) -> Result<CallId, ProbeError> {
        self.check(flow, call.via)?;
        Ok(self.push(flow, call, Some(child), None))
    }

    /// A call during which the stack pointer is what stands at `cell`: for the `sigreturn` family.
    pub fn call_on(&mut self, flow: Flow, call: Call, cell: Data) -> Result<CallId, ProbeError> {
        self.check(flow, call.via)?;
        Ok(self.push(flow, call, None, Some(cell)))
    }

    /// A call through the vDSO, which wants a stack. The program's first image keeps where that is.
    pub fn call_vdso(&mut self, flow: Flow, nr: u64, words: &[Word]) -> Result<CallId, ProbeError> {
        let target = self.target_of(flow);
        if target != Target::I386 {
            return Err(ProbeError::NoInstruction(target, Via::Vdso));
        }
        let cell = match self.vdso {
            Some(cell) => cell,
            None => self.bytes(&[0; 4]),
        };
        self.vdso = Some(cell);
        let top = [Word::Value(0), Word::Address(cell), Word::Value(0)];
        let top = self.stack(target.abi(), &top);
        Ok(self.push(flow, Call::new(Via::Vdso, nr, words), None, Some(top)))
    }

    /// A call by code of x86's other kind, 32 bits or 64, which wants a stack. Its words have 32 bits.
    pub fn call_far(&mut self, flow: Flow, nr: u64, words: &[Word]) -> Result<CallId, ProbeError> {
        let target = self.target_of(flow);
        let via = match target {
            Target::X86_64 => Via::Far32,
            Target::I386 => Via::Far64,
            _ => return Err(ProbeError::NoInstruction(target, Via::Far32)),
        };
        let top = self.stack(target.abi(), &[Word::Value(0)]);
        let cell = self.words_of(target.abi(), &[Word::Address(top)]);
        Ok(self.push(flow, Call::new(via, nr, words), None, Some(cell)))
    }

    /// A stack with these words on it.
    fn stack(&mut self, abi: AbiId, words: &[Word]) -> Data {
        const ROOM: usize = 1 << 10;
        self.bytes(&[0; ROOM]);
        self.words_of(abi, words)
    }

    /// Whether the code of a flow can have the instruction.
    fn check(&self, flow: Flow, via: Via) -> Result<(), ProbeError> {
        let target = self.target_of(flow);
        match target.has(via) {
            true => Ok(()),
            false => Err(ProbeError::NoInstruction(target, via)),
        }
    }

    fn push(&mut self, flow: Flow, call: Call, child: Option<Flow>, stack: Option<Data>) -> CallId {
        let id = CallId(self.calls.len());
        let (abi, nr) = call.via.seen(call.nr);
        self.calls.push(Planned { flow, abi, nr });
        self.flows[flow.0].push(Step::Call {
            id,
            call,
            child,
            stack,
        });
        id
    }

    /// A signal handler that goes on with `flow`, for a handler with `SA_SIGINFO`; or, where the
    /// target has an old `sigreturn` beside it, without (`old_frame`). A handler of i386 needs
    /// `SA_ONSTACK` and an alternate stack, since its stack pointer holds the current step.
    pub fn handler(&mut self, flow: Flow, old_frame: bool) -> Handler {
        self.handlers.push(HandlerCode { flow, old_frame });
        Handler(self.handlers.len() - 1)
    }

    /// The cell where a handler kept the stack pointer that its `sigreturn` wants.
    #[must_use]
    pub fn handler_stack(&self) -> Data {
        CELL
    }

    /// Data, aligned to 16 bytes.
    pub fn bytes(&mut self, bytes: &[u8]) -> Data {
        self.data.resize(self.data.len().next_multiple_of(16), 0);
        let at = Data(u32::try_from(self.data.len()).unwrap_or(u32::MAX));
        self.data.extend_from_slice(bytes);
        at
    }

    /// Data of words as wide as the target's registers.
    pub fn words(&mut self, words: &[Word]) -> Data {
        self.words_of(self.target.abi(), words)
    }

    /// Data of words as wide as addresses in memory of the ABI.
    pub fn words_of(&mut self, abi: AbiId, words: &[Word]) -> Data {
        let bytes = if abi.abi().long_bits == 64 { 8 } else { 4 };
        let start = self.bytes(&vec![0; words.len() * usize::from(bytes)]);
        let mut at = start;
        for &word in words {
            self.patches.push(Patch { at, bytes, word });
            at = at.plus(u32::from(bytes));
        }
        start
    }

    /// The ELF file.
    pub fn build(&self) -> Result<Built, ProbeError> {
        build::build(self)
    }
}
