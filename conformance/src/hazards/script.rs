//! A scenario's probe in the making: calls by name, and what is claimed of each.

use std::collections::BTreeMap;

use everycall_arch::{AbiId, table};
use everycall_filter::data::NR_OFFSET;
use everycall_filter::{Action, ByteOrder, Cond, Insn, Op, Program};

use super::Gate;
use crate::case::{Claim, Note, Thread};
use crate::probe::{
    Built, Call, CallId, Data, Flow, Handler, Planned, Probe, ProbeError, Via, Word,
};
use crate::terms::{Terms, Text, Told};

/// No descriptor, process or address.
const NOTHING: u64 = 0x6eed_1001;

const SIGCHLD: u64 = 17;

/// The probe.
pub(super) struct Script {
    pub(super) probe: Probe,
    pub(super) gate: Gate,
    notes: Vec<(CallId, Note)>,
    /// Whose steps a flow is, and who leads that thread's process. What is not here is the first thread's.
    threads: BTreeMap<usize, (Thread, Thread)>,
    terms: Terms,
}

type Made<T> = Result<T, ProbeError>;

/// The number of a call of an ABI.
pub(super) fn number(abi: AbiId, name: &'static str) -> Made<u64> {
    let call = table::by_name(abi, name).ok_or(ProbeError::NoCall(abi, name))?;
    Ok(u64::from(call.nr))
}

impl Script {
    pub(super) fn new(gate: Gate) -> Made<Script> {
        Ok(Script {
            probe: Probe::new(gate.target)?,
            gate,
            notes: Vec::new(),
            threads: BTreeMap::new(),
            terms: Terms::default(),
        })
    }

    /// Ends the probe: what it is, what is known of each call, and what is asked beyond the calls.
    pub(super) fn finish(self) -> Made<(Built, Vec<Note>, Terms)> {
        let built = self.probe.build()?;
        let own = |call: &Planned| Note {
            flow: call.flow.index(),
            thread: thread_of(&self.threads, call.flow).0,
            ..Note::default()
        };
        let mut notes: Vec<Note> = built.calls.iter().map(own).collect();
        for (id, note) in self.notes {
            let known = &mut notes[id.index()];
            known.volatile |= note.volatile;
            known.claim = note.claim.or(known.claim);
        }
        Ok((built, notes, self.terms))
    }

    /// What is asked beyond the calls.
    pub(super) fn terms(&mut self) -> &mut Terms {
        &mut self.terms
    }

    /// The text of an argument must say this.
    pub(super) fn told(&mut self, id: CallId, arg: usize, is: Text) {
        let slot = id.index();
        self.terms.told.push(Told {
            slot,
            arg,
            or_arg: None,
            is,
        });
    }

    /// The same, or, where tracers have the C library's order of arguments, the text of the other one.
    pub(super) fn told_either(&mut self, id: CallId, arg: usize, or: usize, is: Text) {
        self.told(id, arg, is);
        if let Some(told) = self.terms.told.last_mut() {
            told.or_arg = Some(or);
        }
    }

    /// The number of a call of the ABI.
    pub(super) fn nr(&self, name: &'static str) -> Made<u64> {
        number(self.gate.abi, name)
    }

    /// A call by name; its further words are zero.
    pub(super) fn call(&mut self, flow: Flow, name: &'static str, words: &[Word]) -> Made<CallId> {
        let call = self.described(name, words)?;
        self.probe.call(flow, call)
    }

    pub(super) fn described(&self, name: &'static str, words: &[Word]) -> Made<Call> {
        Ok(Call::new(self.gate.via, self.nr(name)?, words))
    }

    /// A call of which something is claimed.
    pub(super) fn claimed(
        &mut self,
        flow: Flow,
        name: &'static str,
        words: &[Word],
        claim: Claim,
    ) -> Made<CallId> {
        let id = self.call(flow, name, words)?;
        self.claim(id, claim);
        Ok(id)
    }

    pub(super) fn claim(&mut self, id: CallId, claim: Claim) {
        let note = Note {
            claim: Some(claim),
            ..Note::default()
        };
        self.notes.push((id, note));
    }

    /// Its words or its result differ from run to run.
    pub(super) fn varies(&mut self, id: CallId) {
        let note = Note {
            volatile: true,
            ..Note::default()
        };
        self.notes.push((id, note));
    }

    /// The call that every scenario asks for: it works, and must be seen.
    pub(super) fn sentinel(&mut self, flow: Flow) -> Made<CallId> {
        let id = self.claimed(flow, "getppid", &[], Claim::Succeeds)?;
        self.varies(id);
        Ok(id)
    }

    /// A call that nobody asks for.
    pub(super) fn silent(&mut self, flow: Flow) -> Made<CallId> {
        let id = self.claimed(flow, "getpid", &[], Claim::Succeeds)?;
        self.varies(id);
        Ok(id)
    }

    /// Calls that are asked for and calls that nobody asks for, in turn.
    pub(super) fn in_turn(&mut self, flow: Flow, count: usize) -> Made<()> {
        for _ in 0..count {
            self.sentinel(flow)?;
            self.silent(flow)?;
        }
        Ok(())
    }

    /// A call that must be seen, unless somebody ends its thread before.
    pub(super) fn cut(&mut self, flow: Flow) -> Made<CallId> {
        let id = self.claimed(flow, "getppid", &[], Claim::Cut)?;
        self.varies(id);
        Ok(id)
    }

    /// Writes words into the ledger: those of a call that fails.
    pub(super) fn tell(&mut self, flow: Flow, told: &[Word]) -> Made<CallId> {
        let words: Vec<Word> = [&[Word::Value(NOTHING)], told].concat();
        self.claimed(flow, "close", &words, Claim::Returns(-9))
    }

    /// A thread that goes on with a new flow.
    pub(super) fn thread(&mut self, flow: Flow) -> Made<Flow> {
        self.thread_with(flow, 0)
    }

    /// A thread that is made with these flags besides those that make a thread.
    pub(super) fn thread_with(&mut self, flow: Flow, flags: u64) -> Made<Flow> {
        let mark = self.mark();
        let (thread, _) = self.thread_by(flow, &[Word::Value(flags), Word::Here, mark])?;
        Ok(thread)
    }

    /// A thread, and the words of a `futex` that sleeps until it has ended.
    pub(super) fn joinable(&mut self, flow: Flow) -> Made<(Flow, [Word; 3])> {
        const PARENT_SETTID_CHILD_CLEARTID: u64 = 0x30_0000;
        const FUTEX_WAIT: u64 = 0;
        let flags = Word::Value(PARENT_SETTID_CHILD_CLEARTID);
        let tid = Word::Address(self.probe.bytes(&[0; 4]));
        // Some ABIs have the thread's area before the last of these and some behind it; it is not asked for.
        let (thread, id) = self.thread_by(flow, &[flags, Word::Here, tid, tid, tid])?;
        Ok((thread, [tid, Word::Value(FUTEX_WAIT), Word::Result(id)]))
    }

    fn thread_by(&mut self, flow: Flow, words: &[Word]) -> Made<(Flow, CallId)> {
        let thread = self.probe.beside(flow);
        let call = self.described("clone", words)?;
        let id = self.probe.thread(flow, call, thread)?;
        let leader = thread_of(&self.threads, flow).1;
        self.threads
            .insert(thread.index(), (Thread::Of(id.index()), leader));
        self.varies(id);
        self.claim(id, Claim::MAKES);
        Ok((thread, id))
    }

    /// A child that goes on with a new flow, made with these flags besides SIGCHLD.
    pub(super) fn child(&mut self, flow: Flow, flags: u64) -> Made<(Flow, CallId)> {
        let child = self.probe.beside(flow);
        let words = [Word::Value(flags | SIGCHLD), Word::Value(0), self.mark()];
        let call = self.described("clone", &words)?;
        let id = self.born(flow, call, child)?;
        Ok((child, id))
    }

    /// The same by `clone3`; and where its flags are.
    pub(super) fn clone3(&mut self, flow: Flow, flags: u64) -> Made<(Flow, CallId, Data)> {
        let args = self.clone_args(flags, &[Word::Value(0); 3]);
        let (child, id) = self.clone3_at(flow, args, 64)?;
        self.claim(id, Claim::MAKES);
        Ok((child, id, args))
    }

    /// A `struct clone_args` with flags, a signal, and what it has behind its first 64 bytes.
    pub(super) fn clone_args(&mut self, flags: u64, more: &[Word]) -> Data {
        let words = [flags, 0, 0, 0, SIGCHLD, 0, 0, 0].map(Word::Value);
        // Its fields have 64 bits everywhere.
        self.probe
            .words_of(AbiId::X86_64, &[&words[..], more].concat())
    }

    /// `clone3` with as many bytes as this of what stands there. It may fail.
    pub(super) fn clone3_at(&mut self, flow: Flow, at: Data, bytes: u64) -> Made<(Flow, CallId)> {
        let child = self.probe.beside(flow);
        let call = self.described("clone3", &[Word::Address(at), Word::Value(bytes)])?;
        let id = self.may_be_born(flow, call, child)?;
        Ok((child, id))
    }

    fn born(&mut self, flow: Flow, call: Call, child: Flow) -> Made<CallId> {
        let id = self.may_be_born(flow, call, child)?;
        self.claim(id, Claim::MAKES);
        Ok(id)
    }

    fn may_be_born(&mut self, flow: Flow, call: Call, child: Flow) -> Made<CallId> {
        let id = self.probe.fork(flow, call, child)?;
        let own = Thread::Of(id.index());
        self.threads.insert(child.index(), (own, own));
        self.varies(id);
        Ok(id)
    }

    /// A word that the next call has alone, where nobody looks at it.
    fn mark(&self) -> Word {
        Word::Value(0x6eed_0000 + self.probe.len() as u64)
    }

    /// Waits for a child, and tells how it ended.
    pub(super) fn wait(&mut self, flow: Flow, pid: CallId, options: u64) -> Made<()> {
        let status = self.probe.bytes(&[0; 16]);
        let words = [
            Word::Result(pid),
            Word::Address(status),
            Word::Value(options),
        ];
        let waited = self.claimed(flow, "wait4", &words, Claim::WAITS)?;
        self.varies(waited);
        self.tell(flow, &[Word::Load32(status)]).map(drop)
    }

    /// Replaces the program by a new image of itself.
    pub(super) fn exec(&mut self, flow: Flow) -> Made<Flow> {
        let path = self.probe.own_path();
        let (image, _) = self.exec_at(flow, path)?;
        Ok(image)
    }

    /// The same, with the program's path there; and the call.
    pub(super) fn exec_at(&mut self, flow: Flow, path: Data) -> Made<(Flow, CallId)> {
        let image = self.probe.image()?;
        self.goes_on(flow, image);
        let by = (self.gate.via, self.nr("execve")?);
        let id = self.probe.exec(flow, by, path, image)?;
        self.claim(id, Claim::Leaves(0));
        Ok((image, id))
    }

    /// What a thread's process becomes: another image, under the leader's id.
    pub(super) fn goes_on(&mut self, flow: Flow, image: Flow) {
        let leader = thread_of(&self.threads, flow).1;
        self.threads.insert(image.index(), (leader, leader));
    }

    /// Waits until the other flow is inside the call, as far as anybody can tell.
    pub(super) fn watch(&mut self, flow: Flow, call: CallId) {
        self.probe.watch(flow, call);
    }

    /// Waits until the other flow is about to make the call.
    pub(super) fn reach(&mut self, flow: Flow, call: CallId) {
        self.probe.reach(flow, call);
    }

    pub(super) fn exit(&mut self, flow: Flow, status: u64) -> Made<CallId> {
        self.claimed(flow, "exit", &[Word::Value(status)], Claim::Never)
    }

    /// Ends the program; its status is 0, as that of every probe.
    pub(super) fn end(&mut self, flow: Flow) -> Made<()> {
        self.claimed(flow, "exit_group", &[Word::Value(0)], Claim::Never)
            .map(drop)
    }

    /// The same behind a call that must be seen: nothing was lost until here.
    pub(super) fn end_shown(&mut self, flow: Flow) -> Made<()> {
        self.sentinel(flow)?;
        self.silent(flow)?;
        self.end(flow)
    }

    /// Data of words as wide as the ABI's.
    pub(super) fn words(&mut self, words: &[Word]) -> Word {
        let abi = self.gate.abi;
        Word::Address(self.probe.words_of(abi, words))
    }

    /// `seccomp(SECCOMP_SET_MODE_FILTER)`: one call gets this action, all others are allowed.
    pub(super) fn filter(
        &mut self,
        flow: Flow,
        name: &'static str,
        action: Action,
        flags: u64,
    ) -> Made<CallId> {
        const PR_SET_NO_NEW_PRIVS: u64 = 38;
        const SECCOMP_SET_MODE_FILTER: u64 = 1;
        let program = one_call(self.nr(name)?, action).to_bytes(ByteOrder::Little);
        let length = Word::Value(program.len() as u64 / Insn::SIZE as u64);
        let program = Word::Address(self.probe.bytes(&program));
        let program = self.words(&[length, program]);
        let words = [Word::Value(PR_SET_NO_NEW_PRIVS), Word::Value(1)];
        self.claimed(flow, "prctl", &words, Claim::Returns(0))?;
        let words = [
            Word::Value(SECCOMP_SET_MODE_FILTER),
            Word::Value(flags),
            program,
        ];
        self.claimed(flow, "seccomp", &words, Claim::Succeeds)
    }

    /// Handles a signal by a new flow. Its own last step must be [`Script::returns`].
    pub(super) fn handle(&mut self, flow: Flow, signal: u64) -> Made<Flow> {
        const SA_SIGINFO: u64 = 4;
        const SA_RESTORER_ONSTACK: u64 = 0x0c00_0000;
        const SA_RESTART: u64 = 0x1000_0000;
        let handling = self.probe.beside(flow);
        let own = thread_of(&self.threads, flow);
        self.threads.insert(handling.index(), own);
        let handler: Handler = self.probe.handler(handling, false);
        let code = Word::Handler(handler);
        let flags = Word::Value(SA_SIGINFO | SA_RESTORER_ONSTACK | SA_RESTART);
        let action = self.words(&[code, flags, code, Word::Value(0), Word::Value(0)]);
        let words = [Word::Value(signal), action, Word::Value(0), Word::Value(8)];
        self.claimed(flow, "rt_sigaction", &words, Claim::Returns(0))?;
        Ok(handling)
    }

    /// A stack for signal handlers.
    pub(super) fn altstack(&mut self, flow: Flow) -> Made<()> {
        const BYTES: usize = 64 << 10;
        let stack = Word::Address(self.probe.bytes(&[0; BYTES]));
        let stack = self.words(&[stack, Word::Value(0), Word::Value(BYTES as u64)]);
        self.claimed(flow, "sigaltstack", &[stack], Claim::Returns(0))
            .map(drop)
    }

    /// Returns from a signal handler.
    pub(super) fn returns(&mut self, handling: Flow) -> Made<()> {
        let call = self.described("rt_sigreturn", &[])?;
        let cell = self.probe.handler_stack();
        let id = self.probe.call_on(handling, call, cell)?;
        self.claim(id, Claim::Never);
        Ok(())
    }

    /// `rt_sigprocmask` with this set: 0 blocks, 1 unblocks.
    pub(super) fn mask(&mut self, flow: Flow, how: u64, set: u64) -> Made<CallId> {
        let set = self.set(set);
        let words = [Word::Value(how), set, Word::Value(0), Word::Value(8)];
        self.claimed(flow, "rt_sigprocmask", &words, Claim::Returns(0))
    }

    /// A `sigset_t`.
    pub(super) fn set(&mut self, set: u64) -> Word {
        Word::Address(self.probe.bytes(&set.to_le_bytes()))
    }

    /// Sends a signal to the own process.
    pub(super) fn raise(&mut self, flow: Flow, signal: u64) -> Made<CallId> {
        let pid = self.silent(flow)?;
        let words = [Word::Result(pid), Word::Value(signal)];
        let id = self.claimed(flow, "kill", &words, Claim::Returns(0))?;
        self.varies(id);
        Ok(id)
    }

    /// A call into the vsyscall page.
    pub(super) fn page(&mut self, flow: Flow, offset: u64) -> Made<CallId> {
        const PAGE: u64 = 0xffff_ffff_ff60_0000;
        let id = self
            .probe
            .call(flow, Call::new(Via::Page, PAGE | offset, &[]))?;
        self.claim(id, Claim::Unseen);
        self.varies(id);
        Ok(id)
    }

    pub(super) fn zeros(&mut self, bytes: usize) -> Data {
        self.probe.bytes(&vec![0; bytes])
    }
}

fn thread_of(threads: &BTreeMap<usize, (Thread, Thread)>, flow: Flow) -> (Thread, Thread) {
    let known = threads.get(&flow.index()).copied();
    known.unwrap_or((Thread::First, Thread::First))
}

/// One number gets this action; it is looked at whatever the architecture.
fn one_call(nr: u64, action: Action) -> Program {
    let ops = [
        Op::LoadData(NR_OFFSET),
        Op::branch(Cond::Eq, nr as u32, 0, 1),
        Op::Return(action.to_ret()),
        Op::Return(Action::Allow.to_ret()),
    ];
    Program::from(ops.map(Insn::from).to_vec())
}
