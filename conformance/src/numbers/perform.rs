//! The steps of a probe by which an item is called, in its form.

use super::forms::Form;
use super::items::{Gate, Item};
use crate::case::{Claim, Note};
use crate::probe::{Call, CallId, Data, Flow, Planned, Probe, ProbeError, Via, Word};

/// Words of which none means anything: no descriptor, process, id or address, no valid flags, no
/// alignment; positive as 32 bits, and with upper halves that make addresses impossible and that
/// the kernel must cut off where it wants 32 bits.
const SENTINELS: [u64; 6] = [
    0x1111_1111_6eed_1001,
    0x2222_2222_6eed_2003,
    0x3333_3333_6eed_3005,
    0x4444_4444_6eed_4007,
    0x5555_5555_6eed_5009,
    0x6666_6666_6eed_600b,
];

/// The call before and after each item.
pub(super) const SENTINEL_CALL: &str = "getppid";

const SIGUSR1: Word = Word::Value(10);
const SIGTERM: Word = Word::Value(15);

/// A probe in the making, of one gate.
pub(super) struct Script {
    probe: Probe,
    gate: Gate,
    volatile: Vec<CallId>,
    /// Calls that wait for a child: they are volatile, too.
    waits: Vec<CallId>,
}

/// A probe of items.
pub(super) struct Scripted {
    /// Its ELF file.
    pub(super) elf: Vec<u8>,
    /// What is known of each call.
    pub(super) notes: Vec<Note>,
    /// Each call.
    pub(super) calls: Vec<Planned>,
}

impl Script {
    pub(super) fn new(gate: Gate) -> Result<Script, ProbeError> {
        Ok(Script {
            probe: Probe::new(gate.target)?,
            gate,
            volatile: Vec::new(),
            waits: Vec::new(),
        })
    }

    /// How many calls there are so far.
    pub(super) fn len(&self) -> usize {
        self.probe.len()
    }

    /// The sentinel call, by the same gate.
    pub(super) fn sentinel(&mut self) -> Result<(), ProbeError> {
        let via = self.gate.via;
        let nr = match via {
            Via::Syscall | Via::Far64 | Via::Page => 110,
            Via::Int80 | Via::Vdso | Via::Far32 => 64,
            Via::A64 | Via::A64Immediate => 173,
            Via::A32 | Via::A32Immediate | Via::T32 | Via::T32Immediate => 64,
        };
        let words = SENTINELS.map(Word::Value);
        let id = self.probe.call(Flow::MAIN, Call { via, nr, words })?;
        self.volatile.push(id);
        Ok(())
    }

    /// An item.
    pub(super) fn item(&mut self, item: &Item) -> Result<(), ProbeError> {
        match item.form {
            Form::Sentinels => self.plain(item, Flow::MAIN, &[]).map(drop),
            Form::Words(words) => self.plain(item, Flow::MAIN, words).map(drop),
            Form::Opens => self.opens(item),
            Form::InChild(words) => {
                self.in_child(|script, child| script.plain(item, child, words).map(drop))
            }
            Form::Forks => self.forks(item, item_call(item, &[]), true),
            Form::Vforks(words) => self.forks(item, item_call(item, words), false),
            Form::Clone3 => {
                let args = self.clone3_args();
                let bytes = Word::Value(u64::from(CLONE3_BYTES));
                let mut call = item_call(item, &[]);
                call.words[0] = Word::Address(args);
                call.words[1] = bytes;
                self.forks(item, call, false)
            }
            Form::NoNewPrivs => self.in_child(|script, child| {
                const PR_SET_NO_NEW_PRIVS: u64 = 38;
                let prctl = script.probe.natives().prctl;
                let words = [Word::Value(PR_SET_NO_NEW_PRIVS), Word::Value(1)];
                script.probe.native(child, prctl, &words)?;
                script.plain(item, child, &[]).map(drop)
            }),
            Form::Paused => self.paused(item),
            Form::Suspended => self.in_child(|script, child| script.suspended(item, child)),
            Form::Returns { old_frame } => self.in_child(|script, child| {
                // The kernel makes frames of the program's own kind only.
                if item.gate.target.abi() == item.gate.abi {
                    script.returns(item, child, old_frame)
                } else {
                    script.returns_without_frame(item, child)
                }
            }),
        }
    }

    /// Ends the probe.
    pub(super) fn finish(mut self) -> Result<Scripted, ProbeError> {
        self.probe.exit_group(Flow::MAIN, 0)?;
        let built = self.probe.build()?;
        let mut notes: Vec<Note> = built
            .calls
            .iter()
            .map(|call| Note {
                flow: call.flow.index(),
                ..Note::default()
            })
            .collect();
        for id in self.volatile {
            notes[id.index()].volatile = true;
        }
        for id in self.waits {
            let note = &mut notes[id.index()];
            (note.volatile, note.claim) = (true, Some(Claim::WAITS));
        }
        Ok(Scripted {
            elf: built.elf,
            notes,
            calls: built.calls,
        })
    }

    fn plain(&mut self, item: &Item, flow: Flow, words: &[u64]) -> Result<CallId, ProbeError> {
        let id = self.probe.call(flow, item_call(item, words))?;
        self.mark(item, id);
        Ok(id)
    }

    fn mark(&mut self, item: &Item, id: CallId) {
        if item.volatile {
            self.volatile.push(id);
        }
    }

    /// A call of the program's own ABI whose words or result differ from run to run.
    fn helper(&mut self, flow: Flow, nr: u64, words: &[Word]) -> Result<CallId, ProbeError> {
        let id = self.probe.native(flow, nr, words)?;
        self.volatile.push(id);
        Ok(id)
    }

    fn opens(&mut self, item: &Item) -> Result<(), ProbeError> {
        let fd = self.plain(item, Flow::MAIN, &[])?;
        self.probe.unless_failed(Flow::MAIN, fd, |probe| {
            let close = probe.natives().close;
            probe
                .native(Flow::MAIN, close, &[Word::Result(fd)])
                .map(drop)
        })
    }

    /// A child that does this and ends; the parent sleeps meanwhile.
    fn in_child(
        &mut self,
        steps: impl FnOnce(&mut Script, Flow) -> Result<(), ProbeError>,
    ) -> Result<(), ProbeError> {
        let child = self.probe.flow();
        let pid = self.probe.child(Flow::MAIN, child)?;
        self.volatile.push(pid);
        steps(self, child)?;
        self.probe.exit(child, 0)?;
        self.wait(pid)
    }

    fn wait(&mut self, pid: CallId) -> Result<(), ProbeError> {
        let words = [Word::Result(pid)];
        let wait = self.probe.natives().wait4;
        let waited = self.probe.native(Flow::MAIN, wait, &words)?;
        self.waits.push(waited);
        Ok(())
    }

    /// The item makes a child, which ends; where it makes none, nobody is waited for.
    fn forks(&mut self, item: &Item, call: Call, beside: bool) -> Result<(), ProbeError> {
        let child = self.probe.flow();
        let pid = self.probe.fork(Flow::MAIN, call, child)?;
        self.mark(item, pid);
        let exit = self.probe.exit(child, 0)?;
        let mut waited = None;
        self.probe.unless_failed(Flow::MAIN, pid, |probe| {
            if beside {
                // Else the parent sleeps until then.
                probe.reach(Flow::MAIN, exit);
            }
            let wait = probe.natives().wait4;
            waited = Some(probe.native(Flow::MAIN, wait, &[Word::Result(pid)])?);
            Ok(())
        })?;
        self.waits.extend(waited);
        Ok(())
    }

    /// `struct clone_args`: `CLONE_VFORK`, and SIGCHLD at the end.
    fn clone3_args(&mut self) -> Data {
        let mut args = [0; CLONE3_BYTES as usize];
        args[..8].copy_from_slice(&0x4000_u64.to_le_bytes());
        args[32..40].copy_from_slice(&17_u64.to_le_bytes());
        self.probe.bytes(&args)
    }

    /// A child in the item, until it is killed there.
    fn paused(&mut self, item: &Item) -> Result<(), ProbeError> {
        let child = self.probe.flow();
        let natives = self.probe.natives();
        let fork = Call::new(item.gate.target.via(), natives.clone, &[Word::Value(17)]);
        let pid = self.probe.fork(Flow::MAIN, fork, child)?;
        self.volatile.push(pid);
        let pause = self.plain(item, child, &[])?;
        // A kernel without the call answers at once: then the signal comes before or after that.
        let exit = self.probe.exit(child, 0)?;
        self.volatile.extend([pause, exit]);
        let mut killed = None;
        self.probe.unless_failed(Flow::MAIN, pid, |probe| {
            probe.watch(Flow::MAIN, pause);
            // Not SIGKILL: with that pending, a tracer is not told of a call that is being entered.
            let words = [Word::Result(pid), SIGTERM];
            killed = Some(probe.native(Flow::MAIN, natives.kill, &words)?);
            Ok(())
        })?;
        self.volatile.extend(killed);
        self.wait(pid)
    }

    /// The signal is blocked and pending; the item's mask lets it in, and it ends the child.
    fn suspended(&mut self, item: &Item, child: Flow) -> Result<(), ProbeError> {
        let natives = self.probe.natives();
        let mask = self.probe.bytes(&(1_u64 << 9).to_le_bytes());
        let words = [
            Word::Value(0),
            Word::Address(mask),
            Word::Value(0),
            Word::Value(8),
        ];
        self.probe.native(child, natives.rt_sigprocmask, &words)?;
        self.signal_itself(child)?;
        // The mask is the third word; the two before it are not looked at.
        let words = [SENTINELS[0], SENTINELS[1], 0];
        self.plain(item, child, &words).map(drop)
    }

    fn signal_itself(&mut self, flow: Flow) -> Result<(), ProbeError> {
        let natives = self.probe.natives();
        let pid = self.helper(flow, natives.getpid, &[])?;
        self.helper(flow, natives.kill, &[Word::Result(pid), SIGUSR1])
            .map(drop)
    }

    /// The item is how the handler of a signal returns.
    fn returns(&mut self, item: &Item, child: Flow, old: bool) -> Result<(), ProbeError> {
        const SA_SIGINFO: u64 = 4;
        const SA_RESTORER_ONSTACK: u64 = 0x0c00_0000;
        const STACK: usize = 16 << 10;
        let natives = self.probe.natives();
        let handling = self.probe.flow();
        let code = Word::Handler(self.probe.handler(handling, old));
        let stack = self.probe.bytes(&[0; STACK]);
        let stack = [
            Word::Address(stack),
            Word::Value(0),
            Word::Value(STACK as u64),
        ];
        let stack = Word::Address(self.probe.words(&stack));
        self.probe.native(child, natives.sigaltstack, &[stack])?;
        let flags = Word::Value(SA_RESTORER_ONSTACK | if old { 0 } else { SA_SIGINFO });
        let action = [code, flags, code, Word::Value(0), Word::Value(0)];
        let action = Word::Address(self.probe.words(&action));
        let words = [SIGUSR1, action, Word::Value(0), Word::Value(8)];
        self.probe.native(child, natives.rt_sigaction, &words)?;
        self.signal_itself(child)?;
        let cell = self.probe.handler_stack();
        let id = self.probe.call_on(handling, item_call(item, &[]), cell)?;
        self.mark(item, id);
        Ok(())
    }

    /// Where the item looks for a frame there is no memory: that ends the child.
    fn returns_without_frame(&mut self, item: &Item, child: Flow) -> Result<(), ProbeError> {
        const NOWHERE: u64 = 0x6eed_0000;
        let cell = self.probe.words(&[Word::Value(NOWHERE)]);
        let id = self.probe.call_on(child, item_call(item, &[]), cell)?;
        self.mark(item, id);
        Ok(())
    }
}

/// `CLONE_ARGS_SIZE_VER0`.
const CLONE3_BYTES: u8 = 64;

/// The item's call with these words first.
fn item_call(item: &Item, words: &[u64]) -> Call {
    let word = |i: usize| Word::Value(words.get(i).copied().unwrap_or(SENTINELS[i]));
    Call {
        via: item.gate.via,
        nr: item.nr,
        words: std::array::from_fn(word),
    }
}
