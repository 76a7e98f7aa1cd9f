//! The tracer's life, from a configuration to its end.

use std::fs;
use std::io;

use everycall_filter::{Prepared, Proven};

use crate::config::{Backend, Config};
use crate::custody::{self, Line};
use crate::engine::{Ending, Engine, Pause};
use crate::event::Sink;
use crate::plan::{self, NoFilter};
use crate::protocol::{Protocol, Rules, WatchList};
use crate::sink;
use crate::spawn;
use crate::sys;

/// Runs the tracer to its end. The sink is where events go.
///
/// Errors are said on standard error, in one line each, with strace's exit status.
#[must_use]
pub fn run(config: &Config, sink: Box<dyn Sink>) -> Ending {
    let watched = WatchList::default();
    let magic = sys::random_u16();
    let filter = match plan::filter(config, &watched, magic) {
        Ok(proven) => Some(proven),
        Err(NoFilter::Unproven(error)) => {
            sink::message(&format!(
                "no filter that is proven right ({error}): stopping at every call"
            ));
            None
        }
        Err(reason) if config.backend == Backend::Seccomp => {
            sink::message(&format!("--backend seccomp: {reason}"));
            return Ending::Exit(1);
        }
        Err(_) => None,
    };
    let rules = Rules {
        calls: config.calls.clone(),
        magic: magic.into(),
        watched,
    };
    let engine = Engine::new(Protocol::new(rules), sink, config.signals);
    match filter {
        None => trace(config, engine, None, None),
        Some(filter) => {
            let work = |line: Line| {
                // How it ended goes over the line.
                let _: Ending = trace(config, engine, Some(&filter), Some(line));
            };
            custody::split(work).unwrap_or_else(|error| fail("fork", &error))
        }
    }
}

fn fail(what: &str, error: &io::Error) -> Ending {
    sink::message(&format!("{what}: {}", sink::reason(error)));
    Ending::Exit(1)
}

/// The options that every tracee is seized with.
fn options(config: &Config, filtered: bool) -> i32 {
    let mut options = libc::PTRACE_O_TRACESYSGOOD | libc::PTRACE_O_TRACEEXEC;
    if config.follow {
        options |= libc::PTRACE_O_TRACEFORK
            | libc::PTRACE_O_TRACEVFORK
            | libc::PTRACE_O_TRACECLONE
            | libc::PTRACE_O_TRACEVFORKDONE;
    }
    if filtered {
        // A filtered tracee without a tracer would get ENOSYS: it ends with us.
        options |= libc::PTRACE_O_TRACESECCOMP | libc::PTRACE_O_EXITKILL;
    }
    if config.kill_on_exit {
        options |= libc::PTRACE_O_EXITKILL;
    }
    options
}

fn trace(
    config: &Config,
    mut engine: Engine,
    filter: Option<&Proven>,
    line: Option<Line>,
) -> Ending {
    let ending = match start(config, &mut engine, filter) {
        Ok(()) => {
            handle_signals(config);
            return follow(config, engine, line);
        }
        Err(ending) => ending,
    };
    if let Some(line) = line {
        line.end(ending);
    }
    ending
}

fn start(config: &Config, engine: &mut Engine, filter: Option<&Proven>) -> Result<(), Ending> {
    for &pid in &config.attach {
        attach(config, engine, pid)?;
    }
    let Some(command) = &config.command else {
        return Ok(());
    };
    let launched =
        spawn::launch(command, filter.map(Prepared::from)).map_err(|error| fail("fork", &error))?;
    let unfiltered = if filter.is_some() {
        options(config, false)
    } else {
        0
    };
    engine
        .take(launched, options(config, filter.is_some()), unfiltered)
        .map_err(|error| fail("ptrace(PTRACE_SEIZE)", &error))
}

/// As strace: with `-o FILE COMMAND` the tracer does not react to signals from the terminal, which
/// the command gets too.
fn handle_signals(config: &Config) {
    if config.command.is_some() && config.attach.is_empty() && config.output.path.is_some() {
        sys::ignore_fatal_signals();
    } else {
        sys::catch_fatal_signals();
    }
}

/// Attaches to every thread of a process, or, without `-f`, to the one that was named.
fn attach(config: &Config, engine: &mut Engine, pid: i32) -> Result<(), Ending> {
    let options = options(config, false);
    engine.attach(pid, pid, options).map_err(|error| {
        let why = sink::reason(&error);
        sink::message(&format!("attach: ptrace(PTRACE_SEIZE, {pid}): {why}"));
        Ending::Exit(1)
    })?;
    if !config.follow {
        return Ok(());
    }
    // A thread may appear while the list is read: until nothing new is found.
    loop {
        let mut found = false;
        for entry in fs::read_dir(format!("/proc/{pid}/task"))
            .into_iter()
            .flatten()
            .flatten()
        {
            let tid = entry
                .file_name()
                .to_str()
                .and_then(|name| name.parse().ok());
            let Some(tid) = tid.filter(|&tid| !engine.traces(tid)) else {
                continue;
            };
            // A thread that ended meanwhile, or that was attached with its creator, is no error.
            found |= engine.attach(pid, tid, options).is_ok();
        }
        if !found {
            return Ok(());
        }
    }
}

fn follow(config: &Config, mut engine: Engine, line: Option<Line>) -> Ending {
    let ending = match engine.run() {
        Ok(Pause::Finished) => engine.ending().0,
        Ok(Pause::Blind) => {
            // Whoever was attached to goes on as before when we end.
            engine.kill_command();
            Ending::Exit(1)
        }
        Ok(Pause::Caught(signal)) => {
            let ending = Ending::Signal(signal);
            // With EXITKILL our own end is that of the tracees.
            let stay = if config.kill_on_exit {
                Ok(false)
            } else {
                engine.let_go(signal)
            };
            match stay {
                Ok(true) => return leave_caretaker(engine, line, ending),
                Ok(false) => ending,
                Err(error) => fail("wait", &error),
            }
        }
        Err(error) => fail("wait", &error),
    };
    let ending = finish(&mut engine, ending);
    if let Some(line) = line {
        line.end(ending);
    }
    ending
}

/// What could not be written changes a good end into a bad one.
fn finish(engine: &mut Engine, ending: Ending) -> Ending {
    if let (_, Some(failure)) = engine.ending() {
        sink::message(failure);
    }
    match engine.finish() {
        Ok(()) => ending,
        Err(error) => match ending {
            Ending::Exit(0) => fail("writing the output", &error),
            _ => {
                fail("writing the output", &error);
                ending
            }
        },
    }
}

fn leave_caretaker(mut engine: Engine, line: Option<Line>, ending: Ending) -> Ending {
    engine.abandon();
    let ending = finish(&mut engine, ending);
    if let Some(line) = line {
        engine.take_care();
        line.stay(ending);
        // Until no tracee is left. Nobody is there who could be told of an error.
        drop(engine.run());
    }
    ending
}
