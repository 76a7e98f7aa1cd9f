//! The command with our filter on it, whose listener we get.
#![expect(unsafe_code, reason = "what a child does between fork and execve")]

use std::io::{self, IoSlice, IoSliceMut};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{self, Child};

use everycall_arch::{AbiId, table};
use everycall_filter::{Action, Cond, Listener, Op, Prepared, Program, set_no_new_privs};
use nix::sys::socket::{
    AddressFamily, ControlMessage, ControlMessageOwned, MsgFlags, SockFlag, SockType, recvmsg,
    sendmsg, socketpair,
};

use crate::config::Command;
use crate::engine::Ending;
use crate::sink::reason;

/// The command, started.
pub(super) struct Started {
    child: Child,
    /// Becomes readable when the child ends.
    pub(super) pidfd: OwnedFd,
    pub(super) listener: Listener,
}

impl Started {
    /// How the child ended. It has.
    pub(super) fn ending(&mut self) -> Ending {
        match self.child.wait() {
            Ok(status) => match status.signal() {
                Some(signal) => Ending::Signal(signal),
                None => Ending::Exit(status.code().unwrap_or(1)),
            },
            Err(_) => Ending::Exit(1),
        }
    }
}

/// Starts the command.
pub(super) fn start(command: &Command) -> Result<Started, String> {
    let told = |what: &'static str| move |error: io::Error| format!("{what}: {}", reason(&error));
    let (ours, theirs) = socketpair(
        AddressFamily::Unix,
        SockType::SeqPacket,
        None,
        SockFlag::SOCK_CLOEXEC,
    )
    .map_err(|error| told("socketpair")(error.into()))?;
    let filter = Prepared::unproven(&asking());
    let mut child = process::Command::new(&command.path);
    if let Some((name, args)) = command.argv.split_first() {
        child.arg0(name).args(args);
    }
    child.env_clear().envs(command.env.iter().cloned());
    let hand_over = move || {
        let listener = match filter.listen() {
            // Without CAP_SYS_ADMIN the kernel wants this first.
            Err(libc::EACCES) => set_no_new_privs().and_then(|()| filter.listen()),
            done => done,
        };
        let listener = OwnedFd::from(listener.map_err(io::Error::from_raw_os_error)?);
        let fds = [listener.as_raw_fd()];
        let rights = [ControlMessage::ScmRights(&fds)];
        let byte = [IoSlice::new(&[1])];
        sendmsg::<()>(theirs.as_raw_fd(), &byte, &rights, MsgFlags::empty(), None)?;
        Ok(())
    };
    // SAFETY: this program has one thread, so that the child finds no lock held by a thread that is not there.
    unsafe { child.pre_exec(hand_over) };
    let child = child
        .spawn()
        .map_err(told("the command, or the filter on it"))?;
    // The end that the child had a copy of.
    let listener = receive(&ours).map_err(told("the filter's listener"))?;
    let pidfd = pidfd(&child).map_err(told("pidfd_open"))?;
    Ok(Started {
        child,
        pidfd,
        listener,
    })
}

/// The listener that the child has sent.
fn receive(socket: &OwnedFd) -> io::Result<Listener> {
    let mut byte = [0];
    let mut space = nix::cmsg_space!([i32; 1]);
    let mut byte = [IoSliceMut::new(&mut byte)];
    let flags = MsgFlags::MSG_CMSG_CLOEXEC;
    let message = recvmsg::<()>(socket.as_raw_fd(), &mut byte, Some(&mut space), flags)?;
    let fd = message.cmsgs()?.find_map(|part| match part {
        ControlMessageOwned::ScmRights(fds) => fds.first().copied(),
        _ => None,
    });
    let fd = fd.ok_or_else(|| io::Error::other("the child sent none"))?;
    // SAFETY: the kernel has just made this descriptor for us, and nobody else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) }.into())
}

fn pidfd(child: &Child) -> io::Result<OwnedFd> {
    // SAFETY: a plain system call; what it returns is a new descriptor that nobody else owns.
    unsafe {
        match libc::syscall(libc::SYS_pidfd_open, child.id(), 0) {
            -1 => Err(io::Error::last_os_error()),
            fd => Ok(OwnedFd::from_raw_fd(fd as i32)),
        }
    }
}

/// The filter: it asks at seccomp(SECCOMP_SET_MODE_FILTER) and prctl(PR_SET_SECCOMP), of every ABI, and allows all else. It
/// is no filter that keeps anything from anybody, so that what it does not know it allows.
fn asking() -> Program {
    let allow = Op::Return(Action::Allow.to_ret());
    let ask = Op::Return(Action::UserNotif.to_ret());
    let when = |k, jt, jf| Op::branch(Cond::Eq, k, jt, jf);
    const SET_MODE_FILTER: u32 = 1;
    const PR_SET_SECCOMP: u32 = 22;
    /// The low half of the first word, on machines that are little-endian, as all that are traced here.
    const FIRST_WORD: u32 = 16;
    let block = |abi: AbiId| {
        let number = |name| table::by_name(abi, name).map(|call| call.nr);
        let (seccomp, prctl) = (number("seccomp")?, number("prctl")?);
        Some([
            Op::LoadData(4),
            when(abi.abi().audit_arch, 0, 9),
            Op::LoadData(0),
            when(seccomp, 0, 2),
            Op::LoadData(FIRST_WORD),
            when(SET_MODE_FILTER, 4, 3),
            when(prctl, 0, 4),
            Op::LoadData(FIRST_WORD),
            when(PR_SET_SECCOMP, 1, 0),
            allow,
            ask,
        ])
    };
    let blocks = AbiId::ALL.into_iter().filter_map(block).flatten();
    blocks.chain([allow]).collect()
}

#[cfg(test)]
mod tests {
    use everycall_filter::map::{Field, Map, Test};

    use super::*;

    #[test]
    fn it_asks_at_these_calls_and_no_others() {
        let rules = AbiId::ALL.into_iter().flat_map(|abi| {
            [("seccomp", 1_u32), ("prctl", 22)].map(|(name, operation)| {
                let nr = table::by_name(abi, name).unwrap().nr;
                let tests = vec![
                    Test::equal(Field::Arch, abi.abi().audit_arch.into()),
                    Test::equal(Field::Nr, nr.into()),
                    Test::masked(Field::Arg(0), 0xffff_ffff, operation.into()),
                ];
                (tests, Action::UserNotif)
            })
        });
        let rules: Vec<_> = rules.collect();
        let wanted = Map::of_rules(&rules, Action::Allow).unwrap();
        let found = Map::of(&asking()).unwrap();
        assert!(found.difference(&wanted).unwrap().is_none());
    }
}
