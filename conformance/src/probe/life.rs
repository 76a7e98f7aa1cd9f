//! How the program and its threads begin and end: images, children, threads.

use super::{
    AbiId, Call, CallId, Data, Flow, Image, LEDGER, LEDGER_FILE, PROGRAM, Probe, ProbeError, Step,
    Target, Via, Word,
};
use crate::ledger;

impl Probe {
    /// A new image: it has set up its ledger, in three calls: `openat`, `mmap`, `close`.
    pub fn image(&mut self) -> Result<Flow, ProbeError> {
        self.image_of(self.target)
    }

    /// The same as a program of this kind. There can be two kinds.
    pub fn image_of(&mut self, target: Target) -> Result<Flow, ProbeError> {
        const AT_FDCWD: u64 = 0xffff_ff9c;
        const O_RDWR: u64 = 2;
        const PROT_READ_WRITE: u64 = 3;
        const MAP_SHARED_FIXED: u64 = 0x11;
        let image = self.images.len();
        if image == ledger::IMAGES {
            return Err(ProbeError::TooLarge);
        }
        let flow = self.flow_of(image);
        let natives = target.stub().natives;
        self.images.push(Image {
            target,
            flow,
            first: self.len(),
            count: 2,
        });
        let name = self.bytes(format!("{LEDGER_FILE}\0").as_bytes());
        let words = [
            Word::Value(AT_FDCWD),
            Word::Address(name),
            Word::Value(O_RDWR),
        ];
        let fd = Word::Result(self.native(flow, natives.openat, &words)?);
        // The length is that of the largest ledger: what lies behind the file is never touched.
        let words = [
            Word::Value(LEDGER),
            Word::Value(ledger::MAX_BYTES as u64),
            Word::Value(PROT_READ_WRITE),
            Word::Value(MAP_SHARED_FIXED),
            fd,
        ];
        self.native(flow, natives.mmap, &words)?;
        self.flows[flow.0].push(Step::Adopt(image));
        self.native(flow, natives.close, &[fd])?;
        Ok(flow)
    }

    /// Its own path, by which a program can replace itself.
    pub fn own_path(&mut self) -> Data {
        self.bytes(format!("{PROGRAM}\0").as_bytes())
    }

    /// Replaces the program by itself, whose path stands at `path`, and which goes on with `image`.
    pub fn exec(
        &mut self,
        flow: Flow,
        (via, nr): (Via, u64),
        path: Data,
        image: Flow,
    ) -> Result<CallId, ProbeError> {
        let argv = self.arguments(via.seen(nr).0, path, image);
        let path = Word::Address(path);
        self.call(flow, Call::new(via, nr, &[path, argv]))
    }

    /// The arguments by whose number a program knows that it is to go on with `image`.
    pub fn arguments(&mut self, abi: AbiId, each: Data, image: Flow) -> Word {
        let mut argv = vec![Word::Address(each); self.in_image[image.0] + 1];
        argv.push(Word::Value(0));
        Word::Address(self.words_of(abi, &argv))
    }

    /// Starts a child that runs `child`, a flow which must end by itself. The parent does nothing
    /// until then (`CLONE_VFORK`), so the order of all calls is that of their description.
    pub fn child(&mut self, flow: Flow, child: Flow) -> Result<CallId, ProbeError> {
        const VFORK_SIGCHLD: u64 = 0x4000 | 17;
        let words = [Word::Value(VFORK_SIGCHLD)];
        let call = Call::new(self.target.via(), self.natives.clone, &words);
        self.fork(flow, call, child)
    }

    /// Waits for the end of any child.
    pub fn wait(&mut self, flow: Flow) -> Result<CallId, ProbeError> {
        let words = [Word::Value(u64::from(u32::MAX))];
        self.native(flow, self.natives.wait4, &words)
    }

    /// Ends the thread.
    pub fn exit(&mut self, flow: Flow, status: u8) -> Result<CallId, ProbeError> {
        let words = [Word::Value(u64::from(status))];
        self.native(flow, self.natives.exit, &words)
    }

    /// Ends the process.
    pub fn exit_group(&mut self, flow: Flow, status: u8) -> Result<CallId, ProbeError> {
        let words = [Word::Value(u64::from(status))];
        self.native(flow, self.natives.exit_group, &words)
    }

    /// Starts a thread of the same process, by a call whose first word has flags to be added.
    pub fn thread(&mut self, flow: Flow, call: Call, thread: Flow) -> Result<CallId, ProbeError> {
        const VM_FS_FILES_SIGHAND_THREAD: u64 = 0x1_0f00;
        let mut call = call;
        // The stubs need no stack; that of i386 has the current step there.
        let more = match call.words[0] {
            Word::Value(flags) => flags,
            _ => 0,
        };
        let flags = Word::Value(VM_FS_FILES_SIGHAND_THREAD | more);
        (call.words[0], call.words[1]) = (flags, Word::Here);
        self.fork(flow, call, thread)
    }

    /// Copies data, without any call.
    pub fn copy(&mut self, flow: Flow, from: Data, to: Data, bytes: u32) {
        self.flows[flow.0].push(Step::Copy(from, to, bytes));
    }

    /// What stands at a place from the beginning on.
    pub fn put(&mut self, at: Data, bytes: &[u8]) {
        let at = at.0 as usize;
        self.data[at..at + bytes.len()].copy_from_slice(bytes);
    }
}
