//! What befalls a tracer on purpose: limits and a filter before it starts, signals while it runs.
#![allow(unsafe_code, reason = "what a child does after fork is unsafe to say")]

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

use everycall_arch::{AbiId, table};
use everycall_filter::data::{ARCH_OFFSET, ARGS_OFFSET, NR_OFFSET};
use everycall_filter::{Action, Cond, Insn, InstallFlags, Op, Prepared, Program, set_no_new_privs};
use nix::errno::Errno;
use nix::sys::resource::{Resource, rlim_t, setrlimit};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{ForkResult, Pid, fork, pause};
use serde::{Deserialize, Serialize};

use crate::ledger;
use crate::terms::{Denied, Trouble, Whom};

/// Trouble for a job.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Troubled {
    /// Which.
    pub trouble: Trouble,
    /// The ledger of the program that it traces, by which is known how far that has come.
    pub ledger: PathBuf,
}

/// Prepares what is there from the start.
pub(super) fn prepare(command: &mut Command, trouble: &Trouble) {
    const MIB: rlim_t = 1 << 20;
    let limit = match trouble {
        Trouble::Files(most) => Some((Resource::RLIMIT_NOFILE, rlim_t::from(*most))),
        Trouble::Memory(mib) => Some((Resource::RLIMIT_AS, rlim_t::from(*mib) * MIB)),
        _ => None,
    };
    let filter = match trouble {
        Trouble::Denied(denied) => Some(Prepared::unproven(&denial(*denied))),
        _ => None,
    };
    let before = move || {
        if let Some((resource, most)) = limit {
            setrlimit(resource, most, most)?;
        }
        let install = |filter: &Prepared| match filter.install(InstallFlags::NONE) {
            Err(libc::EACCES) => {
                set_no_new_privs().and_then(|()| filter.install(InstallFlags::NONE))
            }
            other => other,
        };
        match &filter {
            None => Ok(()),
            Some(filter) => install(filter).map_err(io::Error::from_raw_os_error),
        }
    };
    // SAFETY: it makes plain system calls: it neither allocates nor locks.
    unsafe { command.pre_exec(before) };
}

/// A process that does nothing, for a tracer that is to attach to one.
pub(super) fn bystander(trouble: &Trouble) -> io::Result<Option<Pid>> {
    if !matches!(trouble, Trouble::Killed { attached: true, .. }) {
        return Ok(None);
    }
    // SAFETY: process 1 has one thread, so the child finds no lock held by a thread that is not there.
    match unsafe { fork() }? {
        ForkResult::Parent { child } => Ok(Some(child)),
        ForkResult::Child => {
            // Where only descendants may be traced (Yama), somebody else may trace it all the same.
            // SAFETY: a plain system call on numbers.
            unsafe { libc::prctl(libc::PR_SET_PTRACER, libc::PR_SET_PTRACER_ANY) };
            loop {
                pause();
            }
        }
    }
}

/// A filter that refuses it, for every ABI that a tracer may be a program of.
fn denial(denied: Denied) -> Program {
    const GET_SYSCALL_INFO: u32 = 0x420e;
    let (name, request, error) = match denied {
        Denied::Ptrace => ("ptrace", None, libc::EPERM),
        // As of a kernel that does not know it.
        Denied::SyscallInfo => ("ptrace", Some(GET_SYSCALL_INFO), libc::EIO),
        Denied::ReadMemory => ("process_vm_readv", None, libc::EPERM),
    };
    let mut ops = Vec::new();
    // x32 has the architecture of x86-64, and no tracer is a program of it.
    for abi in AbiId::ALL.into_iter().filter(|abi| *abi != AbiId::X32) {
        if let Some(call) = table::by_name(abi, name) {
            let refusal = Action::Errno(error as u16);
            ops.extend(refuse(abi.abi().audit_arch, call.nr, request, refusal));
        }
    }
    ops.push(Op::Return(Action::Allow.to_ret()));
    Program::from(ops.into_iter().map(Insn::from).collect::<Vec<_>>())
}

/// One number of one architecture, with this first word if it matters.
fn refuse(arch: u32, nr: u32, word: Option<u32>, action: Action) -> Vec<Op> {
    let skip_unless = |k, insns| Op::branch(Cond::Eq, k, 0, insns);
    let mut tests = vec![
        Op::LoadData(NR_OFFSET),
        skip_unless(nr, if word.is_some() { 3 } else { 1 }),
    ];
    if let Some(word) = word {
        tests.extend([Op::LoadData(ARGS_OFFSET), skip_unless(word, 1)]);
    }
    tests.extend([action, Action::Allow].map(|action| Op::Return(action.to_ret())));
    let mut block = vec![
        Op::LoadData(ARCH_OFFSET),
        skip_unless(arch, tests.len() as u8),
    ];
    block.extend(tests);
    block
}

/// Does what is to happen while the job runs.
pub(super) struct Watcher {
    trouble: Trouble,
    ledger: File,
    /// The number of calls at which it happens next; none when it has happened.
    next: Option<u64>,
}

impl Watcher {
    /// None when nothing is to happen.
    pub(super) fn of(troubled: &Troubled) -> io::Result<Option<Watcher>> {
        let first = match troubled.trouble {
            Trouble::Killed { after: calls, .. }
            | Trouble::Stopped { every: calls }
            | Trouble::NoMoreMemory { after: calls } => calls,
            _ => return Ok(None),
        };
        Ok(Some(Watcher {
            trouble: troubled.trouble.clone(),
            ledger: File::options()
                .read(true)
                .write(true)
                .open(&troubled.ledger)?,
            next: Some(first.into()),
        }))
    }

    /// Whether anything may still happen: then it must be asked to look all the time.
    pub(super) fn waits(&self) -> bool {
        self.next.is_some()
    }

    /// Looks how far the program has come, and does what is due. `front`: the job's own process.
    pub(super) fn look(&mut self, front: Pid) -> io::Result<()> {
        let mut count = [0; 8];
        // The program may not have mapped it yet, nor the suite made it long enough.
        let read = self.ledger.read_at(&mut count, ledger::counter(0) as u64)?;
        let made = if read == count.len() {
            u64::from_le_bytes(count)
        } else {
            0
        };
        if self.next.is_none_or(|next| made < next) {
            return Ok(());
        }
        match self.trouble {
            Trouble::Killed { whom, .. } => {
                let victim = match whom {
                    Whom::Front => Some(front),
                    Whom::Tracing => tracers().first().copied(),
                };
                if let Some(victim) = victim {
                    // It may have ended by itself.
                    let _ = kill(victim, Signal::SIGKILL);
                    while state(victim).is_some_and(|state| !matches!(state, 'Z' | 'X')) {
                        std::thread::yield_now();
                    }
                    // Whatever the program does from here on, it does without.
                    ledger::open_gate(&self.ledger)?;
                    self.next = None;
                }
            }
            Trouble::NoMoreMemory { .. } => {
                for pid in tracers().into_iter().chain([front]) {
                    no_more_memory(pid)?;
                }
                ledger::open_gate(&self.ledger)?;
                self.next = None;
            }
            Trouble::Stopped { every } => {
                tracers().into_iter().for_each(stop_and_go);
                self.next = Some(made + u64::from(every));
            }
            _ => self.next = None,
        }
        Ok(())
    }
}

/// Stops a process, and lets it go on when it has stopped.
fn stop_and_go(pid: Pid) {
    if kill(pid, Signal::SIGSTOP).is_err() {
        return;
    }
    while state(pid).is_some_and(|state| !matches!(state, 'T' | 't' | 'Z' | 'X')) {
        std::thread::yield_now();
    }
    let _ = kill(pid, Signal::SIGCONT);
}

/// What a process has it keeps, but neither its heap nor its mappings nor its stack grow any more.
fn no_more_memory(pid: Pid) -> io::Result<()> {
    let none = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: the kernel reads the new limit, which is ours, and has nowhere to write the old one.
    let result = unsafe {
        libc::prlimit(
            pid.as_raw(),
            libc::RLIMIT_AS,
            &raw const none,
            std::ptr::null_mut(),
        )
    };
    match Errno::result(result) {
        // It may have ended by itself.
        Ok(_) | Err(Errno::ESRCH) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// The letter by which the kernel tells what a process does; none when it is gone.
fn state(pid: Pid) -> Option<char> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(") ")?.1.chars().next()
}

/// The processes that trace another one now.
fn tracers() -> Vec<Pid> {
    let mut tracers: Vec<Pid> = Vec::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let status = fs::read_to_string(entry.path().join("status")).unwrap_or_default();
        let tracer = status
            .lines()
            .find_map(|line| line.strip_prefix("TracerPid:")?.trim().parse().ok());
        if let Some(tracer) = tracer.filter(|tracer| *tracer > 1).map(Pid::from_raw)
            && !tracers.contains(&tracer)
        {
            tracers.push(tracer);
        }
    }
    tracers
}

#[cfg(test)]
mod tests {
    use std::process::Stdio;

    use everycall_filter::{SeccompData, interpret};

    use super::*;

    #[test]
    fn who_gets_no_more_memory_gets_no_more_addresses() {
        let mut cat = Command::new("cat");
        let mut child = cat.stdin(Stdio::piped()).spawn().expect("it starts");
        let pid = Pid::from_raw(child.id().try_into().expect("a process"));
        no_more_memory(pid).expect("it is ours");
        let limits = fs::read_to_string(format!("/proc/{pid}/limits"));
        // The end of its input ends it.
        drop(child.stdin.take());
        child.wait().expect("it ends");
        let limits = limits.expect("it is there");
        let line = { limits.lines() }.find(|line| line.starts_with("Max address space"));
        let words: Vec<&str> = line.expect("a line").split_whitespace().collect();
        assert_eq!(words, ["Max", "address", "space", "0", "0", "bytes"]);
        no_more_memory(pid).expect("who is gone needs none");
    }

    #[test]
    fn only_what_is_denied_is_refused() {
        let answer = |denied, abi: AbiId, nr, first| {
            let data = SeccompData {
                nr,
                arch: abi.abi().audit_arch,
                instruction_pointer: 0,
                args: [first, 0, 0, 0, 0, 0],
            };
            interpret(&denial(denied), &data).expect("it ends")
        };
        let nr = |abi, name| table::by_name(abi, name).expect("every ABI has it").nr;
        for abi in [AbiId::X86_64, AbiId::I386, AbiId::Aarch64, AbiId::Arm] {
            let (ptrace, read) = (nr(abi, "ptrace"), nr(abi, "process_vm_readv"));
            let errno = |errno: i32| Action::Errno(errno as u16).to_ret();
            let allow = Action::Allow.to_ret();
            assert_eq!(answer(Denied::Ptrace, abi, ptrace, 7), errno(libc::EPERM));
            assert_eq!(answer(Denied::Ptrace, abi, read, 7), allow);
            let info = |first| answer(Denied::SyscallInfo, abi, ptrace, first);
            assert_eq!((info(0x420e), info(0x4206)), (errno(libc::EIO), allow));
            assert_eq!(answer(Denied::SyscallInfo, abi, read, 0x420e), allow);
            assert_eq!(answer(Denied::ReadMemory, abi, read, 7), errno(libc::EPERM));
            assert_eq!(answer(Denied::ReadMemory, abi, ptrace, 7), allow);
        }
    }
}
