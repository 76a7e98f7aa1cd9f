//! Asks a server for a machine, makes the server if there is none, and shows what the command says.

use std::ffi::OsString;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};
use std::os::unix::process::CommandExt;
use std::process::Stdio;

use everycall_init::frame::{Decoder, FrameError, encode};
use everycall_init::message::{Command, End, Stream, ToGuest};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, getuid, pidfd_open};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGWINCH};

use crate::prepare::{self, PrepareError};
use crate::server::ToCaller;
use crate::terminal::{self, Keyboard};
use crate::wish::{self, Wish, WishError};

/// Why a command has no end to tell of.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClientError {
    #[error(transparent)]
    Prepare(#[from] Box<PrepareError>),
    #[error(transparent)]
    Wish(#[from] WishError),
    #[error("{what}: {error}")]
    System {
        what: &'static str,
        error: io::Error,
    },
    #[error(transparent)]
    Frame(#[from] FrameError),
    #[error("{message}{}", console(lines))]
    Machine { message: String, lines: Vec<String> },
    #[error("the process that owns the machine went away without a word")]
    ServerGone,
    #[error("interrupted: the machine is ended")]
    Interrupted(i32),
    #[error("EVERYCALL_VM_OWNER is {pid}, which is no process: {error}")]
    NoOwner { pid: i32, error: Errno },
    #[error("another user's process answers in the machine's name")]
    Stranger,
}

fn console(lines: &[String]) -> String {
    if lines.is_empty() {
        return String::new();
    }
    format!("\nthe console's last lines:\n  {}", lines.join("\n  "))
}

fn system(what: &'static str) -> impl FnOnce(io::Error) -> ClientError {
    move |error| ClientError::System { what, error }
}

/// Whose the machine is: it ends when that process does.
pub(crate) struct Owner {
    pid: Pid,
    pidfd: OwnedFd,
}

impl Owner {
    /// Whom the variable names; else the cargo that runs us, or, where none does, we ourselves.
    pub(crate) fn find() -> Result<Self, ClientError> {
        if let Some(pid) = wish::owner()? {
            let pidfd =
                pidfd_open(pid, PidfdFlags::empty()).map_err(|error| ClientError::NoOwner {
                    pid: pid.as_raw_nonzero().get(),
                    error,
                })?;
            return Ok(Self { pid, pidfd });
        }
        let own = rustix::process::getpid();
        let parent = rustix::process::getppid().filter(|parent| is_cargo(*parent));
        let pid = parent.unwrap_or(own);
        let pidfd = pidfd_open(pid, PidfdFlags::empty())
            .map_err(|error| system("watch the machine's owner")(error.into()))?;
        if parent.is_some() && rustix::process::getppid() != parent {
            return Err(ClientError::Interrupted(SIGTERM));
        }
        Ok(Self { pid, pidfd })
    }
}

/// Whether a process is a cargo, or a test runner that is one of its subcommands.
fn is_cargo(pid: Pid) -> bool {
    let name = std::fs::read_to_string(format!("/proc/{}/comm", pid.as_raw_nonzero()));
    name.is_ok_and(|name| name.starts_with("cargo"))
}

/// Runs a command in a machine of this kind, and shows what it writes.
pub(crate) fn run(wish: &Wish, front: &[OsString], command: Command) -> Result<End, ClientError> {
    let owner = Owner::find()?;
    let has_terminal = command.terminal.is_some();
    let mut call = Call::make(wish, front, owner)?;
    // Until here a signal ends this process, and all that it has started goes with it.
    let signals = Signals::watch()?;
    call.send(&ToGuest::Run(command))?;
    let keyboard = has_terminal.then(Keyboard::take).transpose();
    let mut keyboard = keyboard.map_err(system("take the terminal"))?;
    call.follow(&signals, keyboard.as_mut())
}

/// A connection to a server.
struct Call {
    socket: UnixStream,
    came: Decoder,
}

impl Call {
    /// Calls the server of this owner and this wish; the first who finds none makes it.
    fn make(wish: &Wish, front: &[OsString], owner: Owner) -> Result<Self, ClientError> {
        let address = address(wish, &owner)?;
        // Who binds the name is the one to make the server. It has the name until it ends.
        match UnixListener::bind_addr(&address) {
            Ok(listener) => start(wish, front, listener, owner)?,
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
            Err(error) => return Err(system("listen for test binaries")(error)),
        }
        let socket =
            UnixStream::connect_addr(&address).map_err(system("call the machine's owner"))?;
        let peer = rustix::net::sockopt::socket_peercred(&socket)
            .map_err(|error| system("see who answers")(error.into()))?;
        if peer.uid != getuid() {
            return Err(ClientError::Stranger);
        }
        let came = Decoder::default();
        Ok(Self { socket, came })
    }

    fn send(&mut self, message: &ToGuest) -> Result<(), ClientError> {
        let bytes = encode(message)?;
        let sent = self.socket.write_all(&bytes);
        sent.map_err(|_| ClientError::ServerGone)
    }

    /// Shows what comes until the command's end comes.
    fn follow(
        &mut self,
        signals: &Signals,
        mut keyboard: Option<&mut Keyboard>,
    ) -> Result<End, ClientError> {
        loop {
            while let Some(message) = self.came.message()? {
                match message {
                    ToCaller::Output(stream, bytes) => show(stream, &bytes)?,
                    ToCaller::Ended(end) => return Ok(end),
                    ToCaller::Failed(message, lines) => {
                        return Err(ClientError::Machine { message, lines });
                    }
                }
            }
            let typing = keyboard.as_ref().is_some_and(|keyboard| keyboard.open);
            let ready = signals.wait_for(&self.socket, typing)?;
            match signals.came() {
                Some(SIGWINCH) if keyboard.is_some() => {
                    self.send(&ToGuest::Resize(terminal::size()))?;
                }
                None | Some(SIGWINCH) => {}
                Some(signal) => {
                    self.hang_up();
                    return Err(ClientError::Interrupted(signal));
                }
            }
            if let Some(keyboard) = keyboard.as_mut().filter(|_| ready.typed) {
                let typed = keyboard.read().map_err(system("read what is typed"))?;
                self.send(&typed)?;
            }
            if ready.server && !self.read()? {
                return Err(ClientError::ServerGone);
            }
        }
    }

    /// Takes what came; whether there can be more.
    fn read(&mut self) -> Result<bool, ClientError> {
        let mut buffer = vec![0; 64 * 1024];
        match self.socket.read(&mut buffer) {
            Ok(count) => {
                self.came.push(&buffer[..count]);
                Ok(count > 0)
            }
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => Ok(false),
            Err(error) => Err(system("hear the machine's owner")(error)),
        }
    }

    /// Leaves; returns when the machine is gone.
    fn hang_up(&mut self) {
        let _ = self.socket.shutdown(std::net::Shutdown::Write);
        while self.read().unwrap_or(false) {}
    }
}

fn show(stream: Stream, bytes: &[u8]) -> Result<(), ClientError> {
    let shown = match stream {
        Stream::Out => {
            let mut out = io::stdout().lock();
            out.write_all(bytes).and_then(|()| out.flush())
        }
        Stream::Err => io::stderr().lock().write_all(bytes),
    };
    shown.map_err(system("show what the command says"))
}

/// The server's name, which no file bears: it is gone when the server is.
fn address(wish: &Wish, owner: &Owner) -> Result<SocketAddr, ClientError> {
    let mut hasher = DefaultHasher::new();
    wish.hash(&mut hasher);
    let name = format!(
        "everycall-vm/{}/{}/{:016x}",
        getuid().as_raw(),
        owner.pid.as_raw_nonzero(),
        hasher.finish()
    );
    SocketAddr::from_abstract_name(name).map_err(system("name the machine's socket"))
}

/// Makes a server: this program once more, in a process group of its own.
fn start(
    wish: &Wish,
    front: &[OsString],
    listener: UnixListener,
    owner: Owner,
) -> Result<(), ClientError> {
    let order = prepare::order(wish).map_err(Box::new)?;
    let order =
        serde_json::to_string(&order).map_err(|error| system("tell what to boot")(error.into()))?;
    let program = std::env::current_exe().map_err(system("find this program"))?;
    let mut server = std::process::Command::new(program);
    server.args(front).arg("serve").arg(order);
    server
        .stdin(Stdio::from(OwnedFd::from(listener)))
        .stdout(Stdio::from(owner.pidfd))
        .stderr(Stdio::null())
        .process_group(0);
    server
        .spawn()
        .map_err(system("start the machine's owner"))?;
    Ok(())
}

/// Ctrl-C and its like: each has its own socket, on which it rings.
struct Signals(Vec<(i32, UnixStream)>);

/// What there is after waiting.
struct Ready {
    server: bool,
    typed: bool,
}

impl Signals {
    fn watch() -> Result<Self, ClientError> {
        let mut all = Vec::new();
        for signal in [SIGINT, SIGTERM, SIGHUP, SIGWINCH] {
            let (ours, theirs) = UnixStream::pair().map_err(system("make a pair of sockets"))?;
            ours.set_nonblocking(true)
                .map_err(system("set a socket up"))?;
            signal_hook::low_level::pipe::register(signal, theirs)
                .map_err(system("watch a signal"))?;
            all.push((signal, ours));
        }
        Ok(Self(all))
    }

    /// Waits for the server, a signal, or something typed.
    fn wait_for(&self, socket: &UnixStream, typing: bool) -> Result<Ready, ClientError> {
        let stdin = io::stdin();
        let mut fds = vec![PollFd::new(socket, PollFlags::IN)];
        fds.extend(
            self.0
                .iter()
                .map(|(_, rings)| PollFd::new(rings, PollFlags::IN)),
        );
        if typing {
            fds.push(PollFd::new(&stdin, PollFlags::IN));
        }
        match poll(&mut fds, None) {
            Ok(_) => {}
            // A signal: it rang, too.
            Err(rustix::io::Errno::INTR) => fds.iter_mut().for_each(PollFd::clear_revents),
            Err(error) => return Err(system("wait for the machine")(error.into())),
        }
        let is_ready = |fd: Option<&PollFd<'_>>| fd.is_some_and(|fd| !fd.revents().is_empty());
        Ok(Ready {
            server: is_ready(fds.first()),
            typed: typing && is_ready(fds.last()),
        })
    }

    /// The signal that came, if one did.
    fn came(&self) -> Option<i32> {
        let rang = |mut rings: &UnixStream| rings.read(&mut [0]).is_ok_and(|count| count > 0);
        let found = self.0.iter().find(|(_, rings)| rang(rings));
        found.map(|(signal, _)| *signal)
    }
}
