//! The x86-64 table and its protos against what a kernel says of itself in tracefs.
//!
//! Twice: against the running kernel, where its tracefs can be read, and against a recording of Linux 6.18. To record
//! anew, as root: `EVERYCALL_RECORD=1 cargo test -p everycall-arch --test tracefs`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use everycall_arch::{AbiId, proto, table};

const EVENTS: [&str; 2] = [
    "/sys/kernel/tracing/events/syscalls",
    "/sys/kernel/debug/tracing/events/syscalls",
];

/// Entry point to its arguments' names.
type Entries = BTreeMap<String, Vec<String>>;

fn recording() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/kernel/x86_64-6.18-syscall-args.txt")
}

/// `\tfield:const char * filename;\toffset:24;\tsize:8;\tsigned:0;` gives `filename`. Arguments come after the fields
/// that all events have and `__syscall_nr`. On newer kernels, fields
/// that start with `__` hold what was read from memory.
fn arguments(format: &str) -> Vec<String> {
    let fields = format.lines().filter_map(|line| {
        let field = line.trim().strip_prefix("field:")?;
        let (declaration, _) = field.split_once(';')?;
        declaration.rsplit([' ', '*']).next()
    });
    fields
        .skip_while(|name| *name != "__syscall_nr")
        .skip(1)
        .filter(|name| !name.starts_with("__"))
        .map(str::to_owned)
        .collect()
}

fn read_tracefs(events: &str) -> io::Result<Entries> {
    let mut entries = Entries::new();
    for event in fs::read_dir(events)? {
        let event = event?;
        let name = event.file_name().into_string().unwrap_or_default();
        if let Some(name) = name.strip_prefix("sys_enter_") {
            let format = fs::read_to_string(event.path().join("format"))?;
            entries.insert(name.to_owned(), arguments(&format));
        }
    }
    Ok(entries)
}

/// The running kernel's, if it is an x86-64 kernel that lets us read them.
fn running() -> Option<Entries> {
    if !cfg!(target_arch = "x86_64") {
        println!("skipped: the running kernel is not an x86-64 one");
        return None;
    }
    for events in EVENTS {
        match read_tracefs(events) {
            Ok(entries) => return Some(entries),
            Err(error) => println!("skipped: {events}: {error}"),
        }
    }
    None
}

fn recorded() -> Entries {
    let text = fs::read_to_string(recording()).expect("the recording is there");
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let mut words = line.split_whitespace().map(str::to_owned);
            (words.next().expect("a name"), words.collect())
        })
        .collect()
}

fn record() {
    let entries = running().expect("tracefs can be read");
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").expect("procfs is there");
    let version = release.split('-').next().unwrap_or_default().trim();
    let mut text = format!(
        "# Entry points of an x86-64 kernel and the names of their arguments, one entry a line.\n\
         # From events/syscalls/sys_enter_*/format in tracefs of Linux {version}; calls that this kernel is built without\n\
         # are not here. Recorded by `EVERYCALL_RECORD=1 cargo test -p everycall-arch --test tracefs`.\n"
    );
    for (name, arguments) in entries {
        text.push_str(&[vec![name], arguments].concat().join(" "));
        text.push('\n');
    }
    fs::write(recording(), text).expect("the recording can be written");
}

fn agree(entries: &Entries) {
    assert!(entries.len() > 250, "{} entries", entries.len());
    let mut faults = Vec::new();
    for (name, arguments) in entries {
        let Some(proto) = proto::by_name(name) else {
            faults.push(format!("{name}: no proto"));
            continue;
        };
        let ours: Vec<_> = proto.args.iter().map(|arg| arg.name).collect();
        if ours != *arguments {
            faults.push(format!(
                "{name}: {arguments:?} in the kernel, {ours:?} here"
            ));
        }
        if !table::all(AbiId::X86_64)
            .iter()
            .any(|call| call.proto.name == name)
        {
            faults.push(format!("{name}: no x86_64 number has it"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn the_running_kernel_agrees() {
    let Some(entries) = running() else { return };
    agree(&entries);
}

#[test]
fn the_recording_agrees() {
    if env::var_os("EVERYCALL_RECORD").is_some() {
        record();
    }
    agree(&recorded());
}

#[test]
fn a_format_is_understood() {
    let format = "name: sys_enter_openat\nID: 782\nformat:\n\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n\
                  \tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n\
                  \tfield:int __syscall_nr;\toffset:8;\tsize:4;\tsigned:1;\n\tfield:int dfd;\toffset:16;\tsize:8;\tsigned:0;\n\
                  \tfield:const char * filename;\toffset:24;\tsize:8;\tsigned:0;\n\
                  \tfield:__data_loc char[] __filename_val;\toffset:48;\tsize:4;\tsigned:0;\n\nprint fmt: \"dfd: 0x%08lx\"\n";
    assert_eq!(arguments(format), ["dfd", "filename"]);
}
