//! What the tracer saw: the values that pass from the stop protocol to the output.

use std::time::SystemTime;

use everycall_arch::AbiId;

/// One system call, as it stood when it was entered.
#[derive(Clone, Debug)]
pub struct Call {
    /// Process (thread group) id of the caller, in the tracer's pid namespace.
    pub pid: i32,
    /// Thread id of the caller.
    pub tid: i32,
    /// `AUDIT_ARCH_*`, from the kernel's word about this call.
    pub arch: u32,
    /// The ABI, when it is one that the tables know.
    pub abi: Option<AbiId>,
    /// The number, as the kernel looks at it: the low 32 bits.
    pub nr: u32,
    /// The six words, as the kernel reports them.
    pub words: [u64; 6],
    /// The instruction pointer.
    pub ip: u64,
    /// When the entry was seen.
    pub start: SystemTime,
    /// What is known to be uncertain of it, one word or phrase each.
    pub uncertain: Vec<&'static str>,
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It returned.
    Returned {
        /// The result, sign-extended; the negative error number when `error`.
        value: i64,
        /// Whether the kernel calls it an error (`ptrace_syscall_info.exit.is_error`).
        error: bool,
    },
    /// The thread ended inside it, as in `exit_group`, or was killed.
    Ended,
    /// The thread vanished because another thread of its process called execve.
    Superseded,
    /// It cannot be known, for this reason.
    Unknown(&'static str),
    /// The tracer let go of the thread while it was inside the call.
    Detached,
}

/// A tracee's memory. Reads never fail loudly: they stop at the first byte that is not there.
pub trait Memory {
    /// Reads from `addr` into `buf` and returns how many bytes, from the start, were read.
    fn read(&self, addr: u64, buf: &mut [u8]) -> usize;
}

/// Where events go. Calls and signals that were not asked for do not arrive here.
pub trait Sink {
    /// A thread is traced from now on. `attached` when it was there before (`-p`).
    fn thread_started(&mut self, _pid: i32, _tid: i32, _attached: bool) {}
    /// A call was entered.
    fn call_entered(&mut self, call: &Call, memory: &dyn Memory);
    /// The same call ended at `end`.
    fn call_ended(&mut self, call: &Call, outcome: Outcome, end: SystemTime, memory: &dyn Memory);
    /// A signal is about to be delivered. `siginfo` is the kernel's `siginfo_t`, 128 bytes.
    fn signal(&mut self, pid: i32, tid: i32, signal: i32, siginfo: &[u8; 128]);
    /// The thread stopped with its group, because of this signal (`--- stopped by SIGTSTP ---`).
    fn stopped(&mut self, pid: i32, tid: i32, signal: i32);
    /// The thread exited with this status.
    fn exited(&mut self, pid: i32, tid: i32, status: i32);
    /// The thread was killed by this signal.
    fn killed(&mut self, pid: i32, tid: i32, signal: i32, core_dumped: bool);
    /// Thread `tid` took the id `pid` of its process because it called execve; the thread that had
    /// that id is gone.
    fn superseded(&mut self, pid: i32, tid: i32);
    /// The tracer let go of the thread.
    fn detached(&mut self, pid: i32, tid: i32);
    /// The tracer knows that it could not see something: never silent.
    fn lost(&mut self, what: &str);
    /// Everything ended: summaries are written, buffers flushed. The error, if output failed.
    fn finish(&mut self) -> std::io::Result<()>;
}
