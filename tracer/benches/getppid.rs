//! What tracing costs, side by side with strace in one run: a loop of `getppid`, a call that the
//! kernel answers at once, untraced, filtered and not asked for, and asked for.
//!
//! `cargo bench -p everycall-tracer`. Every figure is also a ratio to its peer of the same run,
//! because the machine is never the same twice. Rounds are interleaved, and the median is taken.

use std::ffi::OsStr;
use std::hint::black_box;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::Instant;

use everycall_filter::{Insn, InstallFlags, Prepared, Program};

const ROUNDS: usize = 9;
const UNASKED_CALLS: u32 = 300_000;
const ASKED_CALLS: u32 = 20_000;

/// What the loop is run under.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Under {
    Nothing,
    /// A filter of one instruction, `RET ALLOW`: the floor for anything that filters.
    RetAllow,
    Tracer(&'static [&'static str]),
}

struct Setting {
    name: &'static str,
    calls: u32,
    under: Under,
    /// What it is a ratio to: an earlier setting.
    peer: usize,
}

const UNASKED: &str = "trace=chdir";
const ASKED: &str = "trace=getppid";

const SETTINGS: [Setting; 8] = [
    Setting {
        name: "untraced",
        calls: UNASKED_CALLS,
        under: Under::Nothing,
        peer: 0,
    },
    Setting {
        name: "a filter that is one RET ALLOW",
        calls: UNASKED_CALLS,
        under: Under::RetAllow,
        peer: 0,
    },
    Setting {
        name: "strace --seccomp-bpf, not asked for",
        calls: UNASKED_CALLS,
        under: Under::Tracer(&["strace", "-f", "--seccomp-bpf", "-e", UNASKED]),
        peer: 1,
    },
    Setting {
        name: "ectrace, not asked for",
        calls: UNASKED_CALLS,
        under: Under::Tracer(&["ectrace", "-f", "-e", UNASKED]),
        peer: 1,
    },
    Setting {
        name: "strace --seccomp-bpf, asked for",
        calls: ASKED_CALLS,
        under: Under::Tracer(&["strace", "-f", "--seccomp-bpf", "-e", ASKED]),
        peer: 4,
    },
    Setting {
        name: "ectrace, asked for",
        calls: ASKED_CALLS,
        under: Under::Tracer(&["ectrace", "-f", "-e", ASKED]),
        peer: 4,
    },
    Setting {
        name: "strace, every call, asked for",
        calls: ASKED_CALLS,
        under: Under::Tracer(&["strace", "-f", "-e", ASKED]),
        peer: 6,
    },
    Setting {
        name: "ectrace --backend ptrace, asked for",
        calls: ASKED_CALLS,
        under: Under::Tracer(&["ectrace", "-f", "--backend", "ptrace", "-e", ASKED]),
        peer: 6,
    },
];

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().collect();
    if let [_, mode, calls, filtered] = &args[..]
        && mode == "loop"
    {
        return looping(calls.parse().unwrap_or(0), filtered == "filtered");
    }
    match measure() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("getppid bench: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The traced program: it says on standard output how many nanoseconds a call took.
fn looping(calls: u32, filtered: bool) -> ExitCode {
    if filtered {
        const ALLOW: Insn = Insn {
            code: 0x06,
            jt: 0,
            jf: 0,
            k: 0x7fff_0000,
        };
        let filter = Prepared::unproven(&Program::from(vec![ALLOW]));
        let result = everycall_filter::set_no_new_privs()
            .and_then(|()| filter.install(InstallFlags::SPEC_ALLOW));
        if let Err(errno) = result {
            eprintln!("the filter was refused: errno {errno}");
            return ExitCode::FAILURE;
        }
    }
    let start = Instant::now();
    for _ in 0..calls {
        black_box(nix::unistd::getppid());
    }
    println!("{}", start.elapsed().as_nanos() as f64 / f64::from(calls));
    ExitCode::SUCCESS
}

fn run(setting: &Setting) -> Result<f64, String> {
    let me = std::env::current_exe().map_err(|error| error.to_string())?;
    let calls = setting.calls.to_string();
    let filtered = if setting.under == Under::RetAllow {
        "filtered"
    } else {
        "bare"
    };
    let tail: [&OsStr; 4] = [
        me.as_os_str(),
        "loop".as_ref(),
        calls.as_ref(),
        filtered.as_ref(),
    ];
    let mut command = match setting.under {
        Under::Nothing | Under::RetAllow => Command::new(tail[0]),
        Under::Tracer(tracer) => {
            let program = if tracer[0] == "ectrace" {
                Path::new(env!("CARGO_BIN_EXE_ectrace"))
            } else {
                Path::new(tracer[0])
            };
            let mut command = Command::new(program);
            command
                .args(&tracer[1..])
                .args(["-o", "/dev/null"])
                .arg(tail[0]);
            command
        }
    };
    let output = command
        .args(&tail[1..])
        .output()
        .map_err(|error| format!("{:?}: {error}", command.get_program()))?;
    String::from_utf8_lossy(&output.stdout)
        .trim()
        .parse()
        .map_err(|_| {
            format!(
                "{}: no figure: {}",
                setting.name,
                String::from_utf8_lossy(&output.stderr)
            )
        })
}

fn measure() -> Result<(), String> {
    let mut figures = vec![Vec::new(); SETTINGS.len()];
    for _ in 0..ROUNDS {
        for (setting, figures) in SETTINGS.iter().zip(&mut figures) {
            figures.push(run(setting)?);
        }
    }
    let medians: Vec<f64> = figures
        .into_iter()
        .map(|mut figures| {
            figures.sort_by(f64::total_cmp);
            figures[figures.len() / 2]
        })
        .collect();
    println!("{:<40} {:>12} {:>8}  of", "", "ns a call", "ratio");
    for (setting, median) in SETTINGS.iter().zip(&medians) {
        let peer = medians[setting.peer];
        println!(
            "{:<40} {median:>12.0} {:>8.3}  {}",
            setting.name,
            median / peer,
            SETTINGS[setting.peer].name
        );
    }
    Ok(())
}
