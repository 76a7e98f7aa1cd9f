//! QEMU as a process: its command line, the two sockets that it inherits, and its end with its owner's.
#![expect(
    unsafe_code,
    reason = "what a child inherits can only be set between fork and exec"
)]

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};

use everycall_init::message::Share;
use rustix::io::{FdFlags, fcntl_getfd, fcntl_setfd};
use rustix::process::{Signal, getppid, set_parent_process_death_signal};

use crate::failure::Failure;
use crate::machine::Machine;

/// What to boot, and how.
pub(crate) struct Boot<'a> {
    pub(crate) machine: &'static Machine,
    pub(crate) kernel: &'a Path,
    pub(crate) image: &'a File,
    pub(crate) memory: &'a str,
    pub(crate) kernel_args: &'a str,
    pub(crate) accel: &'a str,
    pub(crate) shares: &'a [Share],
}

/// A QEMU that runs, and our ends of what it holds.
pub(crate) struct Qemu {
    pub(crate) child: Child,
    pub(crate) console: UnixStream,
    pub(crate) port: UnixStream,
    pub(crate) said: ChildStderr,
}

/// The kernel's own words: where to write, what to write, and that a dead kernel ends the machine at once.
const ARGS: &str = "panic=-1 oops=panic loglevel=5 rdinit=/init";

/// Starts a machine.
pub(crate) fn start(boot: &Boot<'_>) -> Result<Qemu, Failure> {
    let pair = || UnixStream::pair().map_err(Failure::system("make a pair of sockets"));
    let (console, its_console) = pair()?;
    let (port, its_port) = pair()?;
    let image = boot.image.try_clone();
    let image = OwnedFd::from(image.map_err(Failure::system("keep the image open"))?);
    let mut command = Command::new(boot.machine.qemu);
    command.args(arguments(boot, &its_console, &its_port, &image));
    command.stdin(Stdio::null()).stdout(Stdio::null());
    command.stderr(Stdio::piped());
    let inherited = [its_console.into(), its_port.into(), image];
    let owner = rustix::process::getpid();
    let before_exec = move || {
        set_parent_process_death_signal(Some(Signal::KILL))?;
        if getppid() != Some(owner) {
            // The owner went before the kernel was told that we go with it.
            return Err(io::Error::other("its owner is gone"));
        }
        inherited.iter().try_for_each(inherit)
    };
    // SAFETY: a few system calls; nothing is allocated, unless there is no way on.
    unsafe { command.pre_exec(before_exec) };
    let program = boot.machine.qemu.to_owned();
    let mut child = command.spawn().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => Failure::NoQemu { program },
        _ => Failure::CannotStart { program, error },
    })?;
    let said = child.stderr.take();
    let said =
        said.ok_or_else(|| Failure::system("read what QEMU says")(io::Error::other("no pipe")))?;
    Ok(Qemu {
        child,
        console,
        port,
        said,
    })
}

fn inherit(fd: &OwnedFd) -> io::Result<()> {
    let flags = fcntl_getfd(fd)?;
    Ok(fcntl_setfd(fd, flags - FdFlags::CLOEXEC)?)
}

fn arguments(
    boot: &Boot<'_>,
    console: &UnixStream,
    port: &UnixStream,
    image: &OwnedFd,
) -> Vec<OsString> {
    let machine = boot.machine;
    let mut args = Args(Vec::new());
    args.flags("-nodefaults -no-user-config -no-reboot");
    args.pair("-display", "none");
    args.pair("-M", machine.board);
    let native = boot.accel.starts_with("kvm") || boot.accel.starts_with("hvf");
    args.pair("-cpu", if native { "host" } else { machine.cpu });
    args.pair("-accel", boot.accel);
    args.pair("-smp", "2");
    args.pair("-m", boot.memory);
    args.pair("-kernel", boot.kernel);
    args.pair("-initrd", format!("/proc/self/fd/{}", image.as_raw_fd()));
    let words = format!("console={} {ARGS} {}", machine.console, boot.kernel_args);
    args.pair("-append", words.trim_end());
    let console = format!("socket,id=console,fd={}", console.as_raw_fd());
    args.pair("-chardev", console);
    args.pair("-serial", "chardev:console");
    let bus = machine.bus;
    args.pair("-device", format!("virtio-serial-{bus}"));
    args.pair(
        "-chardev",
        format!("socket,id=port,fd={}", port.as_raw_fd()),
    );
    args.pair("-device", "virtserialport,chardev=port,name=everycall");
    args.pair("-device", format!("virtio-rng-{bus}"));
    for share in boot.shares {
        let tag = &share.tag;
        let mut fsdev =
            format!("local,id={tag},security_model=none,multidevs=remap,path=").into_bytes();
        // A comma would end the path.
        for byte in &share.path {
            fsdev.push(*byte);
            if *byte == b',' {
                fsdev.push(b',');
            }
        }
        args.pair("-fsdev", OsString::from_vec(fsdev));
        args.pair(
            "-device",
            format!("virtio-9p-{bus},fsdev={tag},mount_tag={tag}"),
        );
    }
    args.0
}

/// A command line being made.
struct Args(Vec<OsString>);

impl Args {
    fn flags(&mut self, flags: &str) {
        self.0.extend(flags.split(' ').map(OsString::from));
    }

    fn pair(&mut self, flag: &str, value: impl Into<OsString>) {
        self.0.push(flag.into());
        self.0.push(value.into());
    }
}
