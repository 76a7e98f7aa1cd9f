//! The programs that are traced: this test's own executable, started with the name of one.
//!
//! Each ends with status 0 when it saw what it would see untraced, else it says what it saw.

use std::io::{Read, Write};
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::time::{Duration, Instant};

use libc::{c_int, c_long, c_ulong};

/// What a program that was not what it should be returns.
type Result = std::result::Result<(), String>;

/// Runs the program of this name.
pub(crate) fn run(name: &str) -> i32 {
    let result = match name {
        "ids" => ids(),
        "exec-from-thread" => exec_from_thread(false),
        "exec-after-leader-exit" => exec_from_thread(true),
        "ret-trace" => own_filter(libc::SECCOMP_RET_TRACE | 7, -libc::ENOSYS),
        "ret-errno" => own_filter(libc::SECCOMP_RET_ERRNO | 11, -11),
        "ret-trap" => ret_trap(),
        "notify" => notify(),
        "tsync" => tsync(),
        "untraced" => untraced(),
        "vsyscall" => vsyscall(),
        "group-stop" => group_stop(),
        "negative-numbers" => negative_numbers(),
        "filtered-negative-numbers" => filtered_negative_numbers(),
        "queued-signals" => queued_signals(),
        "vfork" => vfork(),
        "survivor" => survivor(),
        "ready-then-ids" => ready_then_ids(),
        other => Err(format!("there is no program {other}")),
    };
    match result {
        Ok(()) => 0,
        Err(what) => {
            eprintln!("tracee {name}: {what}");
            1
        }
    }
}

fn syscall(nr: c_long, words: [c_ulong; 5]) -> i64 {
    let [a, b, c, d, e] = words;
    // SAFETY: the callers pass numbers, or addresses of values that outlive the call.
    let result = unsafe { libc::syscall(nr, a, b, c, d, e) };
    if result == -1 {
        -i64::from(std::io::Error::last_os_error().raw_os_error().unwrap_or(0))
    } else {
        wide(result)
    }
}

/// A `long`, however wide.
fn wide(value: impl Into<i64>) -> i64 {
    value.into()
}

fn call(nr: c_long) -> i64 {
    syscall(nr, [0; 5])
}

fn expect(what: &str, got: i64, wanted: i64) -> Result {
    if got == wanted {
        Ok(())
    } else {
        Err(format!("{what} gave {got}, not {wanted}"))
    }
}

fn ids() -> Result {
    for nr in [libc::SYS_getuid, libc::SYS_getgid, libc::SYS_getuid] {
        call(nr);
    }
    Ok(())
}

fn exec_from_thread(leader_exits: bool) -> Result {
    call(libc::SYS_getuid);
    // /proc/self is of no use once the leader is gone.
    let me = std::env::current_exe().map_err(|error| error.to_string())?;
    let thread = std::thread::spawn(move || -> ! {
        let error = Command::new(me).args(["tracee", "ids"]).exec();
        eprintln!("execve by a thread: {error}");
        std::process::exit(1)
    });
    if leader_exits {
        // Ends the thread, not the process.
        call(libc::SYS_exit);
    }
    Err(format!("{:?}", thread.join().map(drop)))
}

/// Installs a filter that answers one call with this action, and allows the rest.
fn install(nr: c_long, action: u32, flags: c_ulong) -> i64 {
    let insn = |code, jt, jf, k| libc::sock_filter { code, jt, jf, k };
    let mut program = [
        insn(0x20, 0, 0, 0),
        insn(0x15, 0, 1, nr as u32),
        insn(0x06, 0, 0, action),
        insn(0x06, 0, 0, libc::SECCOMP_RET_ALLOW),
    ];
    let program = libc::sock_fprog {
        len: program.len() as u16,
        filter: program.as_mut_ptr(),
    };
    syscall(
        libc::SYS_prctl,
        [libc::PR_SET_NO_NEW_PRIVS as c_ulong, 1, 0, 0, 0],
    );
    let at = &raw const program;
    syscall(libc::SYS_seccomp, [1, flags, at as c_ulong, 0, 0])
}

fn own_filter(action: u32, wanted: i32) -> Result {
    expect("seccomp", install(libc::SYS_getppid, action, 0), 0)?;
    expect("getppid", call(libc::SYS_getppid), wanted.into())
}

static CAUGHT: AtomicI32 = AtomicI32::new(0);

extern "C" fn note(signal: c_int) {
    CAUGHT.store(signal, Ordering::Relaxed);
}

fn handle(signal: c_int, handler: extern "C" fn(c_int)) {
    // SAFETY: the handlers only store to atomics.
    unsafe { libc::signal(signal, handler as libc::sighandler_t) };
}

fn ret_trap() -> Result {
    handle(libc::SIGSYS, note);
    expect(
        "seccomp",
        install(libc::SYS_getppid, libc::SECCOMP_RET_TRAP, 0),
        0,
    )?;
    call(libc::SYS_getppid);
    expect(
        "the signal",
        CAUGHT.load(Ordering::Relaxed).into(),
        libc::SIGSYS.into(),
    )
}

/// A supervisor that lets every call continue.
fn supervise(listener: c_int) {
    const RECV: c_ulong = 0xc050_2100;
    const SEND: c_ulong = 0xc018_2101;
    // SAFETY: zeroed is a value of both (all integers); the kernel reads and writes them whole.
    unsafe {
        let mut request: libc::seccomp_notif = std::mem::zeroed();
        let mut response: libc::seccomp_notif_resp = std::mem::zeroed();
        if libc::ioctl(listener, RECV as _, &raw mut request) == 0 {
            response.id = request.id;
            response.flags = 1;
            libc::ioctl(listener, SEND as _, &raw mut response);
        }
    }
}

fn notify() -> Result {
    let (sender, receiver) = std::sync::mpsc::channel();
    let supervisor = std::thread::spawn(move || {
        if let Ok(listener) = receiver.recv() {
            supervise(listener);
        }
    });
    let parent = call(libc::SYS_getppid);
    let listener = install(libc::SYS_getppid, libc::SECCOMP_RET_USER_NOTIF, 8);
    if listener < 0 {
        return Err(format!("seccomp gave {listener}"));
    }
    sender
        .send(listener as c_int)
        .map_err(|error| error.to_string())?;
    expect("getppid", call(libc::SYS_getppid), parent)?;
    supervisor
        .join()
        .map_err(|_| "the supervisor panicked".to_owned())
}

/// A filter that comes over a thread that runs: its next call is refused by it.
fn tsync() -> Result {
    static INSTALLED: AtomicBool = AtomicBool::new(false);
    let sibling = std::thread::spawn(|| {
        while !INSTALLED.load(Ordering::Acquire) {
            std::hint::spin_loop();
        }
        call(libc::SYS_getppid)
    });
    expect(
        "seccomp",
        install(libc::SYS_getppid, libc::SECCOMP_RET_ERRNO | 11, 1),
        0,
    )?;
    INSTALLED.store(true, Ordering::Release);
    expect("getppid", sibling.join().map_err(|_| "it panicked")?, -11)
}

fn wait_for(pid: i64) -> Result {
    let mut status = 0;
    // SAFETY: the kernel writes one int.
    unsafe { libc::waitpid(pid as i32, &raw mut status, libc::__WALL) };
    expect("the child's status", status.into(), 0)
}

fn untraced() -> Result {
    const CLONE_UNTRACED: u32 = 0x0080_0000;
    let child = || -> ! {
        let works = call(libc::SYS_getppid) > 0;
        // SAFETY: does not return.
        unsafe { libc::_exit(i32::from(!works)) }
    };
    // A process has one thread here, so that a child may go on as if it were forked.
    let flags = c_ulong::from(CLONE_UNTRACED) | libc::SIGCHLD as c_ulong;
    let pid = syscall(libc::SYS_clone, [flags, 0, 0, 0, 0]);
    if pid == 0 {
        child();
    }
    wait_for(pid)?;
    let mut args = [0_u64; 8];
    (args[0], args[4]) = (CLONE_UNTRACED.into(), libc::SIGCHLD as u64);
    let size = size_of_val(&args) as c_ulong;
    let pid = syscall(
        libc::SYS_clone3,
        [args.as_mut_ptr() as c_ulong, size, 0, 0, 0],
    );
    if pid == 0 {
        child();
    }
    wait_for(pid)?;
    expect(
        "the flags after clone3",
        args[0] as i64,
        CLONE_UNTRACED.into(),
    )
}

/// Nothing implements such numbers; some kernels kill for them. Each is called by a child, and standard
/// output gets what became of it.
fn negative_numbers() -> Result {
    for nr in [0x8000_0000_u32, 0x8000_0027, u32::MAX] {
        // SAFETY: one thread; the child makes plain calls only.
        let child = unsafe { libc::fork() };
        if child == 0 {
            let result = syscall(wide(nr as i32) as c_long, [0x1111, 0x2222, 0, 0, 0]);
            // SAFETY: does not return.
            unsafe { libc::_exit(-result as i32) };
        }
        let mut status = 0;
        // SAFETY: the kernel writes one int.
        unsafe { libc::waitpid(child, &raw mut status, libc::__WALL) };
        println!("{nr:#x}: {:#x}", status & !0x80);
    }
    Ok(())
}

/// Under a filter of its own a thread is stopped at every call, and then by the tracer's filter as well.
fn filtered_negative_numbers() -> Result {
    let installed = install(libc::SYS_getppid, libc::SECCOMP_RET_ALLOW, 0);
    expect("seccomp", installed, 0)?;
    negative_numbers()
}

#[cfg(target_arch = "x86_64")]
fn vsyscall() -> Result {
    const TIME: usize = 0xffff_ffff_ff60_0400;
    // SAFETY: the test starts this only where /proc/self/maps shows the page, whose entry at this
    // address is `time_t time(time_t *)` and may be given NULL.
    let time: extern "C" fn(usize) -> i64 = unsafe { std::mem::transmute(TIME) };
    call(libc::SYS_getuid);
    let now = time(0);
    call(libc::SYS_getgid);
    if now > 1_600_000_000 {
        Ok(())
    } else {
        Err(format!("time gave {now}"))
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn vsyscall() -> Result {
    Err("there is no vsyscall page on this architecture".to_owned())
}

fn group_stop() -> Result {
    let (read, write) = std::io::pipe().map_err(|error| error.to_string())?;
    // SAFETY: one thread; the child makes plain calls only.
    let child = unsafe { libc::fork() };
    if child == 0 {
        drop(write);
        let mut read = read;
        // SAFETY: a plain call.
        unsafe { libc::raise(libc::SIGSTOP) };
        // It lives until its parent has seen that it goes on.
        let ended = read.read(&mut [0]).is_ok_and(|count| count == 0);
        // SAFETY: does not return.
        unsafe { libc::_exit(i32::from(!ended)) };
    }
    let mut status = 0;
    // SAFETY: the kernel writes one int; plain calls.
    unsafe {
        libc::waitpid(child, &raw mut status, libc::WUNTRACED);
        expect("stopped", i64::from(libc::WIFSTOPPED(status)), 1)?;
        libc::kill(child, libc::SIGCONT);
        libc::waitpid(child, &raw mut status, libc::WCONTINUED);
        expect("continued", i64::from(libc::WIFCONTINUED(status)), 1)?;
    }
    drop(write);
    wait_for(child.into())
}

static SUM: AtomicI32 = AtomicI32::new(0);

extern "C" fn add(_: c_int, info: *mut libc::siginfo_t, _: *mut libc::c_void) {
    // SAFETY: the kernel passes a siginfo of a queued signal.
    let value = unsafe { (*info).si_value().sival_ptr } as usize as i32;
    // Order matters: each value must be the one after the last.
    if SUM.load(Ordering::Relaxed) == value {
        SUM.store(value + 1, Ordering::Relaxed);
    }
}

fn queued_signals() -> Result {
    let signal = libc::SIGRTMIN() + 2;
    // SAFETY: zeroed is a valid sigaction; the handler only touches an atomic.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = add as extern "C" fn(_, _, _) as libc::sighandler_t;
        action.sa_flags = libc::SA_SIGINFO;
        libc::sigaction(signal, &raw const action, std::ptr::null_mut());
        let mut set: libc::sigset_t = std::mem::zeroed();
        libc::sigaddset(&raw mut set, signal);
        libc::sigprocmask(libc::SIG_BLOCK, &raw const set, std::ptr::null_mut());
        for value in 0..100_usize {
            let value = libc::sigval {
                sival_ptr: value as *mut libc::c_void,
            };
            libc::sigqueue(libc::getpid(), signal, value);
        }
        libc::sigprocmask(libc::SIG_UNBLOCK, &raw const set, std::ptr::null_mut());
    }
    expect("signals in order", SUM.load(Ordering::Relaxed).into(), 100)
}

fn vfork() -> Result {
    for _ in 0..3 {
        // The standard library's spawn uses vfork semantics (CLONE_VFORK) on Linux.
        let me = std::env::current_exe().map_err(|error| error.to_string())?;
        let status = Command::new(me).args(["tracee", "ids"]).status();
        let status = status.map_err(|error| error.to_string())?;
        expect("the child", status.code().unwrap_or(-1).into(), 0)?;
    }
    Ok(())
}

/// For hangs only: a program that nobody ended says so, and the test that waits for its end fails.
const LIMIT: Duration = Duration::from_secs(30);

/// Waits for something to read on standard input; whether it came.
fn input_comes() -> bool {
    let mut poll = libc::pollfd {
        fd: 0,
        events: libc::POLLIN,
        revents: 0,
    };
    // SAFETY: the kernel reads and writes one pollfd.
    unsafe { libc::poll(&raw mut poll, 1, LIMIT.as_millis() as c_int) > 0 }
}

/// Forks a child that ignores SIGTERM and, each time it is told, says whether its calls still work.
fn survivor() -> Result {
    // SAFETY: one thread.
    let child = unsafe { libc::fork() };
    if child != 0 {
        let start = Instant::now();
        while start.elapsed() < LIMIT {
            std::thread::park_timeout(LIMIT);
        }
        println!("late");
        return Err("nobody ended it".to_owned());
    }
    // SAFETY: a plain call.
    unsafe { libc::signal(libc::SIGTERM, libc::SIG_IGN) };
    println!("ready {}", std::process::id());
    let mut line = [0];
    while input_comes() {
        if std::io::stdin()
            .read(&mut line)
            .is_ok_and(|count| count == 1)
        {
            println!("getuid {}", call(libc::SYS_getuid));
        } else {
            println!("end");
            return Ok(());
        }
    }
    println!("late");
    Err("nobody told it anything".to_owned())
}

fn ready_then_ids() -> Result {
    println!("ready {}", std::process::id());
    std::io::stdout()
        .flush()
        .map_err(|error| error.to_string())?;
    let mut byte = [0];
    while std::io::stdin()
        .read(&mut byte)
        .is_ok_and(|count| count == 1)
    {
        call(libc::SYS_getuid);
        println!("done");
    }
    Ok(())
}
