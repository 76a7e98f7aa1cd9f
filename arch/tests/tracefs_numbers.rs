//! The x86-64 numbers and the order of arguments against the running kernel's trace of itself.
//!
//! A thread makes calls that cannot do anything: their first argument is a descriptor or a string that the kernel must
//! look at, and is -1; or they only ask. The kernel's trace says which entry point ran, for which number, with which
//! value in which argument. Needs to be root; a trace instance of our own is made and removed.
#![cfg(all(target_arch = "x86_64", target_os = "linux"))]
#![allow(
    unsafe_code,
    reason = "makes system calls by number, which no safe interface can"
)]

use std::path::{Path, PathBuf};
use std::{fs, io, thread};

use everycall_arch::slots::slots;
use everycall_arch::{AbiId, Syscall, Ty, table};

const INSTANCES: &str = "/sys/kernel/tracing/instances";

/// Calls that only ask, or that do nothing.
const ASKING: &[&str] = &[
    "getegid",
    "geteuid",
    "getgid",
    "getpgrp",
    "getpid",
    "getppid",
    "gettid",
    "getuid",
    "sched_yield",
];

/// What a word is set to: the first one is what makes the call fail, the others are told apart by it.
const WORDS: [u64; 6] = [u64::MAX, 0x11, 0x22, 0x33, 0x44, 0x55];

/// An instance of the kernel's tracing, removed when it goes.
struct Instance(PathBuf);

impl Instance {
    fn new() -> io::Result<Instance> {
        let path = Path::new(INSTANCES).join(format!("everycall-{}", std::process::id()));
        fs::create_dir(&path)?;
        Ok(Instance(path))
    }

    fn set(&self, file: &str, value: &str) -> io::Result<()> {
        fs::write(self.0.join(file), value)
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        // An instance whose events are on can be removed too.
        if let Err(error) = fs::remove_dir(&self.0) {
            println!("{} is left behind: {error}", self.0.display());
        }
    }
}

/// Whether the call fails before it does anything, when its first word is -1.
fn fails(call: &Syscall) -> bool {
    let first = call.proto.args.first().map(|arg| arg.ty);
    matches!(first, Some(Ty::Fd | Ty::Dirfd | Ty::Path | Ty::Str)) || ASKING.contains(&call.name)
}

/// One event, as the trace shows it in both of its forms.
#[derive(Debug)]
struct Event {
    /// `...: sys_enter_read: __syscall_nr=0x0 (0) fd=...`
    fields: String,
    /// `...: sys_read(fd: ffffffffffffffff, buf: 11, count: 22)`
    text: String,
}

/// Makes the calls on a thread of its own, and gives the trace.
fn traced(instance: &Instance, calls: &[&'static Syscall]) -> io::Result<Vec<Event>> {
    instance.set("buffer_size_kb", "4096")?;
    thread::scope(|scope| {
        let maker = scope.spawn(|| -> io::Result<()> {
            // SAFETY: asks for the thread's id.
            let tid = unsafe { libc::syscall(libc::SYS_gettid) };
            instance.set("set_event_pid", &tid.to_string())?;
            instance.set("events/syscalls/enable", "1")?;
            let [a, b, c, d, e, f] = WORDS;
            for call in calls {
                // SAFETY: `fails` holds for each: the kernel touches no memory of ours.
                unsafe { libc::syscall(call.nr.into(), a, b, c, d, e, f) };
            }
            instance.set("events/syscalls/enable", "0")
        });
        maker.join().expect("the thread does not panic")
    })?;
    let form = |fields| {
        instance.set("options/fields", fields)?;
        fs::read_to_string(instance.0.join("trace"))
    };
    let (fields, text) = (form("1")?, form("0")?);
    let events = fields
        .lines()
        .zip(text.lines())
        .map(|(fields, text)| Event {
            fields: fields.to_owned(),
            text: plain(text),
        });
    Ok(events.collect())
}

/// Without what some kernels write and others do not: `0x`, and the text that an address points at, in quotes.
fn plain(text: &str) -> String {
    let unquoted: String = text.split('"').step_by(2).collect();
    unquoted
        .replace("0x", "")
        .replace(" ,", ",")
        .replace(" )", ")")
}

/// The call as the kernel writes it, by the words that the table gives to each argument.
fn expected(call: &Syscall) -> String {
    let arguments = call.proto.args.iter().zip(slots(call.abi, call.proto));
    let parts: Vec<_> = arguments
        .map(|(arg, slot)| format!("{}: {:x}", arg.name, slot.value(call.abi, &WORDS)))
        .collect();
    format!("sys_{}({})", call.proto.name, parts.join(", "))
}

/// The name of the event of an entry, and its number.
fn entered(event: &Event) -> Option<(&str, u32)> {
    let (_, entry) = event.fields.split_once(": sys_enter_")?;
    let (name, rest) = entry.split_once(": __syscall_nr=0x")?;
    let nr = rest.split(' ').next()?;
    Some((name, u32::from_str_radix(nr, 16).ok()?))
}

#[test]
fn the_kernel_sees_the_calls_that_the_table_says() {
    let instance = match Instance::new() {
        Ok(instance) => instance,
        Err(error) => return println!("skipped: {INSTANCES}: {error}"),
    };
    let calls: Vec<_> = table::all(AbiId::X86_64)
        .iter()
        .filter(|call| fails(call))
        .collect();
    let trace = match traced(&instance, &calls) {
        Ok(trace) => trace,
        Err(error) => return println!("skipped: {}: {error}", instance.0.display()),
    };
    let mut seen = 0;
    for call in calls {
        let expected = expected(call);
        let made = trace.iter().find(|event| event.text.ends_with(&expected));
        let Some(made) = made else {
            let path = instance
                .0
                .join("events/syscalls")
                .join(format!("sys_enter_{}", call.proto.name));
            let of_number = |event: &&Event| entered(event).is_some_and(|(_, nr)| nr == call.nr);
            let others: Vec<_> = trace.iter().filter(of_number).collect();
            // A call that this kernel is built without has no event.
            assert!(
                !path.exists(),
                "{expected} is not in the trace; of number {} is {others:#?}",
                call.nr
            );
            continue;
        };
        assert_eq!(entered(made), Some((call.proto.name, call.nr)), "{made:?}");
        seen += 1;
    }
    assert!(seen > 100, "only {seen} calls were seen");
    println!("{seen} calls");
}
