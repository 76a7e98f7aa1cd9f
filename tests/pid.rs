//! `everycall filter … --pid`: the filters of a running process, or why the kernel does not give them.
#![expect(
    unsafe_code,
    reason = "a child installs filters before it becomes a program"
)]

use std::fs;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Output, Stdio};

use everycall_filter::{Action, Cond, InstallFlags, Op, Prepared, Program, set_no_new_privs};

/// What both filters together do: a number that no program uses is refused.
const BOTH: &str = "\
ld [0]
jeq #0x3fffffff, no
ret #0x7fff0000
no: ret #0x00050001
";

fn filters() -> [Prepared; 2] {
    let allow = Op::Return(Action::Allow.to_ret());
    let first = [Op::LoadData(4), allow];
    let second = [
        Op::LoadData(0),
        Op::branch(Cond::Eq, 0x3fff_ffff, 1, 0),
        allow,
        Op::Return(Action::Errno(1).to_ret()),
    ];
    let prepared = |program: Program| Prepared::unproven(&program);
    [
        prepared(first.into_iter().collect()),
        prepared(second.into_iter().collect()),
    ]
}

/// A program that waits for its input, with two filters.
struct Filtered(Child);

impl Filtered {
    fn start() -> Filtered {
        let filters = filters();
        let install = move || {
            let mut installed = filters.iter().map(|filter| {
                set_no_new_privs()?;
                filter.install(InstallFlags::NONE)
            });
            installed
                .try_for_each(|result| result)
                .map_err(std::io::Error::from_raw_os_error)
        };
        let mut command = Command::new("cat");
        command.stdin(Stdio::piped());
        // SAFETY: the closure only makes system calls: it allocates and locks nothing.
        unsafe { command.pre_exec(install) };
        // It has the filters when it is started: an error of the closure would be one of `spawn`.
        Filtered(command.spawn().expect("cat is there"))
    }

    fn pid(&self) -> String {
        self.0.id().to_string()
    }
}

impl Drop for Filtered {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn filter(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_everycall"))
        .arg("filter")
        .args(args)
        .output()
        .expect("the program is there")
}

/// Whether the kernel gives filters to this process: to who may administer the first user namespace and has none himself.
fn may_look() -> bool {
    let status = fs::read_to_string("/proc/thread-self/status").expect("there is /proc");
    let value = |name: &str| {
        let mut lines = status.lines();
        let line = lines.find_map(|line| line.strip_prefix(name));
        line.unwrap_or_default().trim()
    };
    let admin = u64::from_str_radix(value("CapEff:"), 16).is_ok_and(|caps| caps >> 21 & 1 == 1);
    let map = fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
    admin && map.split_whitespace().eq(["0", "0", "4294967295"]) && value("Seccomp:") == "0"
}

#[test]
fn the_filters_of_a_process_are_told_or_it_is_said_why_not() {
    let process = Filtered::start();
    let pid = process.pid();
    let shown = filter(&["show", "--pid", &pid, "--format", "dump"]);
    let (text, error) = (
        String::from_utf8_lossy(&shown.stdout),
        String::from_utf8_lossy(&shown.stderr),
    );
    if !may_look() {
        assert_eq!(shown.status.code(), Some(2), "{text}{error}");
        assert!(error.contains("CAP_SYS_ADMIN"), "{error}");
        return;
    }
    assert_eq!(shown.status.code(), Some(0), "{error}");
    assert!(text.contains("0x3fffffff"), "{text}");
    // The first filter loads the architecture, the second the number: the oldest comes first.
    let at = |what| {
        text.find(what)
            .unwrap_or_else(|| panic!("no {what} in {text}"))
    };
    assert!(at("arch") < at("sys_number"), "{text}");

    let mut file = tempfile::NamedTempFile::new().expect("a file can be made");
    std::io::Write::write_all(&mut file, BOTH.as_bytes()).expect("it can be written");
    let path = file.path().to_str().expect("its name is text");
    let same = filter(&["diff", &format!("pid:{pid}"), path]);
    assert_eq!(same.status.code(), Some(0), "{same:?}");
    let changed = BOTH.replace("0x3fffffff", "0x3ffffffe");
    fs::write(path, changed).expect("it can be written");
    let other = filter(&["diff", &format!("pid:{pid}"), path]);
    assert_eq!(other.status.code(), Some(1), "{other:?}");
    let text = String::from_utf8_lossy(&other.stdout);
    assert!(
        text.contains("0x3fffffff") && text.contains("ERRNO"),
        "{text}"
    );
}
