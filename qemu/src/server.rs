//! Owns one machine, and runs in it what the test binaries of one cargo ask for, one after the other.
//!
//! It is a process of its own, in a process group of its own: Ctrl-C ends the callers, and their end ends it. Its
//! standard input is the socket that it listens on, its standard output a pidfd of its owner.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use everycall_init::frame::{Decoder, encode};
use everycall_init::message::{Bytes, Command, End, FromGuest, Setup, Share, Stream, ToGuest};
use rustix::event::{PollFd, PollFlags, poll};
use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::guest::{Guest, Heard};
use crate::qemu::Boot;
use crate::wish::Wish;

/// What a server is started with.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Order {
    pub(crate) wish: Wish,
    /// The kernel's image.
    pub(crate) kernel: PathBuf,
    /// The first file system.
    pub(crate) image: PathBuf,
    /// `-accel`.
    pub(crate) accel: String,
}

/// What a caller is told.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum ToCaller {
    /// The command wrote this.
    Output(Stream, #[serde(with = "serde_bytes")] Vec<u8>),
    /// The command ended, the machine is well.
    Ended(End),
    /// The machine failed: why, and the console's last lines.
    Failed(String, Vec<String>),
}

/// How long a guest may take to say what runs in it.
const REPORT: Duration = Duration::from_secs(10);

/// Who waits for the machine, beside the machine itself.
struct Caller {
    socket: UnixStream,
    came: Decoder,
    /// What it typed, not yet sent on.
    typed: Vec<ToGuest>,
    /// Whether its command runs, and can be typed to.
    runs: bool,
}

/// Serves until the owner ends, or the machine fails.
pub(crate) fn serve(order: &Order) -> io::Result<()> {
    let owner = io::stdout().as_fd().try_clone_to_owned()?;
    let listener = UnixListener::from(io::stdin().as_fd().try_clone_to_owned()?);
    // The standard descriptors would hold the socket open when the listener is dropped.
    let null = File::options().read(true).write(true).open("/dev/null")?;
    rustix::stdio::dup2_stdin(&null)?;
    rustix::stdio::dup2_stdout(&null)?;
    let mut server = Server {
        order,
        owner,
        guest: None,
        last: 0,
    };
    while server.wait_for_caller(&listener)? {
        let (socket, _) = listener.accept()?;
        let mut caller = Caller {
            socket,
            came: Decoder::default(),
            typed: Vec::new(),
            runs: false,
        };
        match server.run(&mut caller) {
            Ok(end) => caller.tell(&ToCaller::Ended(end)),
            Err(failure) => {
                // Whoever comes next makes a machine of his own.
                drop(listener);
                server.fail(&mut caller, &failure);
                return Ok(());
            }
        }
    }
    Ok(())
}

struct Server<'a> {
    order: &'a Order,
    owner: OwnedFd,
    guest: Option<Guest>,
    /// The number of the last command.
    last: u64,
}

impl Server<'_> {
    /// Waits for somebody to call; whether the owner still lives.
    fn wait_for_caller(&self, listener: &UnixListener) -> io::Result<bool> {
        loop {
            let mut fds = [
                PollFd::new(&self.owner, PollFlags::IN),
                PollFd::new(listener, PollFlags::IN),
            ];
            match poll(&mut fds, None) {
                Ok(_) => {}
                Err(rustix::io::Errno::INTR) => continue,
                Err(error) => return Err(error.into()),
            }
            if !fds[0].revents().is_empty() {
                return Ok(false);
            }
            if !fds[1].revents().is_empty() {
                return Ok(true);
            }
        }
    }

    /// Runs what a caller asks for.
    fn run(&mut self, caller: &mut Caller) -> Result<End, Failure> {
        let command = caller.command()?;
        let mut guest = match self.guest.take() {
            Some(guest) => guest,
            None => self.boot(caller)?,
        };
        self.last += 1;
        let end = self.command(&mut guest, caller, command);
        self.guest = Some(guest);
        end
    }

    fn boot(&mut self, caller: &mut Caller) -> Result<Guest, Failure> {
        let order = self.order;
        let machine = order
            .wish
            .machine()
            .map_err(|error| Failure::system("find the machine")(io::Error::other(error)))?;
        let image = File::open(&order.image).map_err(Failure::system("open the image"))?;
        let shares = shares(&order.wish);
        let boot = Boot {
            machine,
            kernel: &order.kernel,
            image: &image,
            memory: &order.wish.memory,
            kernel_args: &order.wish.kernel_args,
            accel: &order.accel,
            shares: &shares,
        };
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let setup = Setup {
            machine: machine.name.to_owned(),
            now: i64::try_from(now.as_secs()).unwrap_or(0),
            shares: shares.clone(),
        };
        let mut guest = Guest::start(&boot, setup)?;
        let failure = match self.hear(&mut guest, caller, order.wish.boot()) {
            Ok(Some(FromGuest::Ready { .. })) => return Ok(guest),
            Ok(Some(other)) => out_of_order(&other),
            Ok(None) => Failure::Boot(order.wish.boot),
            Err(failure) => failure,
        };
        // Its console's last lines are to be shown.
        self.guest = Some(guest);
        Err(failure)
    }

    fn command(
        &self,
        guest: &mut Guest,
        caller: &mut Caller,
        mut command: Command,
    ) -> Result<End, Failure> {
        command.id = self.last;
        // Who sits at a terminal may think as long as he likes.
        let limit = match command.terminal {
            Some(_) => Duration::MAX,
            None => self.order.wish.silence(),
        };
        guest.reset_clock();
        guest.send(&ToGuest::Run(command))?;
        caller.runs = true;
        let mut verdict = None;
        loop {
            let Some(message) = self.hear(guest, caller, limit)? else {
                return Err(self.silent(guest, caller));
            };
            match message {
                FromGuest::Output(stream, bytes) if verdict.is_none() => {
                    caller.send(&ToCaller::Output(stream, bytes))?;
                }
                FromGuest::Verdict { id, end } if id == self.last => match verdict.take() {
                    None => verdict = Some(end),
                    Some(first) => {
                        return Err(Failure::TwoVerdicts {
                            first: told(&first),
                            second: told(&end),
                        });
                    }
                },
                FromGuest::Idle { id } if id == self.last => {
                    if let Some(failure) = guest.take_failure() {
                        return Err(failure);
                    }
                    return verdict.ok_or(Failure::NoVerdict);
                }
                other => return Err(out_of_order(&other)),
            }
        }
    }

    /// The machine's next message; none when the time is over. What the caller types goes to the machine meanwhile.
    fn hear(
        &self,
        guest: &mut Guest,
        caller: &mut Caller,
        limit: Duration,
    ) -> Result<Option<FromGuest>, Failure> {
        loop {
            caller.sort()?;
            if caller.runs {
                caller
                    .typed
                    .drain(..)
                    .try_for_each(|typed| guest.send(&typed))?;
            }
            let socket = caller
                .socket
                .try_clone()
                .map_err(Failure::system("watch the caller"))?;
            let others: [BorrowedFd<'_>; 2] = [self.owner.as_fd(), socket.as_fd()];
            match guest.wait(&others, limit)? {
                Heard::Message(FromGuest::Broken(why)) => return Err(Failure::Init(why)),
                Heard::Message(message) => return Ok(Some(message)),
                Heard::Nothing => return Ok(None),
                Heard::Other(0) => return Err(Failure::Abandoned),
                Heard::Other(_) => caller.read()?,
            }
        }
    }

    /// The command was silent for too long: what does it do?
    fn silent(&self, guest: &mut Guest, caller: &mut Caller) -> Failure {
        let seconds = self.order.wish.silence;
        guest.reset_clock();
        let asked = guest.send(&ToGuest::Report);
        while let (Ok(()), Ok(Some(message))) = (&asked, self.hear(guest, caller, REPORT)) {
            if let FromGuest::Report(report) = message {
                let state = format!("the machine lives; what runs there:\n{}", report.trim_end());
                return Failure::Silence { seconds, state };
            }
        }
        let state = "the machine itself does not answer either".to_owned();
        Failure::Silence { seconds, state }
    }

    /// Ends the machine, then says why.
    fn fail(mut self, caller: &mut Caller, failure: &Failure) {
        let lines = self.guest.as_ref().map(Guest::last_lines);
        self.guest = None;
        caller.tell(&ToCaller::Failed(
            failure.to_string(),
            lines.unwrap_or_default(),
        ));
    }
}

fn shares(wish: &Wish) -> Vec<Share> {
    use std::os::unix::ffi::OsStrExt;
    let tagged = wish.shares.iter().enumerate();
    tagged
        .map(|(number, path)| Share {
            tag: format!("share{number}"),
            path: Bytes::from(path.as_os_str().as_bytes()),
        })
        .collect()
}

fn out_of_order(message: &FromGuest) -> Failure {
    let mut text = format!("{message:?}");
    text.truncate(text.floor_char_boundary(80));
    Failure::Order(text)
}

/// An end, in words.
pub(crate) fn told(end: &End) -> String {
    match end {
        End::Exited(code) => format!("exit status {code}"),
        End::Killed(signal) => format!("signal {signal}"),
        End::NotStarted(why) => format!("not started ({why})"),
    }
}

impl Caller {
    /// What it wants: its first message.
    fn command(&mut self) -> Result<Command, Failure> {
        loop {
            if let Some(message) = self.came.message()? {
                return match message {
                    ToGuest::Run(command) => Ok(command),
                    _ => Err(Failure::Abandoned),
                };
            }
            self.read()?;
        }
    }

    /// Keeps what it typed while it waits for its command's end.
    fn sort(&mut self) -> Result<(), Failure> {
        while let Some(message) = self.came.message()? {
            if matches!(message, ToGuest::Input(_) | ToGuest::Resize(_)) {
                self.typed.push(message);
            }
        }
        Ok(())
    }

    /// Waits for what it says. Its end is the machine's.
    fn read(&mut self) -> Result<(), Failure> {
        let mut buffer = [0; 16 * 1024];
        match self.socket.read(&mut buffer) {
            Ok(0) => return Err(Failure::Abandoned),
            Ok(count) => self.came.push(&buffer[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return Err(Failure::Abandoned),
        }
        Ok(())
    }

    fn send(&mut self, message: &ToCaller) -> Result<(), Failure> {
        let bytes = encode(message)?;
        self.socket
            .write_all(&bytes)
            .map_err(|_| Failure::Abandoned)
    }

    /// The last message. A caller that is gone does not need it.
    fn tell(&mut self, message: &ToCaller) {
        let _ = self.send(message);
    }
}
