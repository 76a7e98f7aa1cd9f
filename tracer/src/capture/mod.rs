//! `everycall filter capture`: runs a program and keeps every seccomp filter that it or what it starts installs.
//!
//! By default this is our own tracer with a stop at every call ([`Backend::Ptrace`](crate::config::Backend::Ptrace)). A filter of ours
//! would be faster, but it would be the oldest in every chain that is to be captured, it would want `no_new_privs` from an
//! ordinary user, under which a program may well take another way, and what its `RET_TRACE` asks is answered before a newer
//! filter's `RET_ALLOW`. A program that traces others itself cannot be traced by anyone else: `--backend notify` is for that.

mod ask;
mod cli;
mod index;
mod install;
mod notify;
mod store;
mod table;
mod watcher;

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::PathBuf;

use clap::Parser;

use crate::cli::{Invocation, parse};
use crate::config::Config;
use crate::engine::Ending;
use crate::escape::plain_text;
use crate::run;
use crate::sys;
use cli::{Args, Backend};
use store::Store;
use watcher::Watcher;

/// Something failed.
const FAILED: i32 = 1;
/// What was typed cannot be done.
const USAGE: i32 = 2;

/// Does what the arguments (without the program's name) say, and ends this process as the program that was run ended: with
/// its exit status, or by its signal.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ! {
    match capture(args) {
        Ending::Exit(status) => std::process::exit(status),
        Ending::Signal(signal) => sys::die_by(signal),
    }
}

fn capture(args: impl IntoIterator<Item = OsString>) -> Ending {
    let name = std::iter::once(OsString::from("everycall filter capture"));
    let args = match Args::try_parse_from(name.chain(args)) {
        Ok(args) => args,
        Err(error) => {
            // Help and usage go where clap sends them; a closed pipe is the reader's wish.
            let _ = error.print();
            return Ending::Exit(if error.use_stderr() { USAGE } else { 0 });
        }
    };
    let config = match config(&args) {
        Ok(config) => config,
        Err(error) => return fail(&error, USAGE),
    };
    let words = args
        .command
        .iter()
        .map(|word| plain_text(word.as_encoded_bytes()));
    let store = match Store::new(args.out.as_deref(), words.collect(), args.backend.name()) {
        Ok(store) => store,
        Err(error) => return fail(&error.to_string(), USAGE),
    };
    match args.backend {
        Backend::Ptrace => run::run(&config, Box::new(Watcher::new(store))),
        Backend::Notify => notify::run(&config, store).unwrap_or_else(|error| fail(&error, FAILED)),
    }
}

/// What the tracer is to do, as its own command line would say it.
fn config(args: &Args) -> Result<Box<Config>, String> {
    let options = [
        "-f",
        "--backend=ptrace",
        "--trace=seccomp,prctl",
        "--signal=none",
        "--",
    ];
    let words = options
        .map(OsString::from)
        .into_iter()
        .chain(args.command.iter().cloned());
    match parse(words) {
        Ok(Invocation::Run(mut config)) => {
            // The output is elsewhere than on the terminal, whose signals are the program's alone therefore.
            config.output.path = Some(
                args.out
                    .clone()
                    .unwrap_or_else(|| PathBuf::from("/dev/null")),
            );
            Ok(config)
        }
        Ok(Invocation::Help | Invocation::Version) => Err("a command is needed".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

fn fail(text: &str, status: i32) -> Ending {
    say(text);
    Ending::Exit(status)
}

/// Says something on standard error. Where it could be told that this failed, it has failed.
fn say(text: &str) {
    let text = format!("everycall filter capture: {text}\n");
    let _: io::Result<()> = io::stderr().write_all(text.as_bytes());
}
