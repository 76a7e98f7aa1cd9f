//! A stranger's tracer, which nothing here describes, held to what it is known to do: `--write-baseline`
//! and `--baseline`, from the command line to the exit status.

mod common;

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use common::ours;
use everycall_conformance::host;
use everycall_conformance::sandbox::serve_if_worker;
use everycall_conformance::subject::Baseline;
use libtest_mimic::{Arguments, Failed, Trial};

const KNOWN_ONLY: u8 = 0;
const NEW: u8 = 1;
const USAGE: u8 = 2;

fn main() {
    serve_if_worker();
    let trials = vec![
        Trial::test("a_stranger_is_held_to_what_it_does", held),
        Trial::test("what_would_lose_something_is_refused", refused),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

/// A tracer's command: ours, as if it were a stranger's, which forgets all lines with this text.
fn stranger(forgets: &str) -> Result<String, Failed> {
    let ours = ours().ok_or("our own tracer is not built: run `cargo build` first")?;
    let words: Vec<String> = ours
        .0
        .iter()
        .map(|w| w.to_string_lossy().into_owned())
        .collect();
    let script = format!(
        "out=$1; shift; \"$@\"; status=$?; grep -v '{forgets}' \"$out\" >\"$out.kept\"; mv \"$out.kept\" \"$out\"; exit $status"
    );
    let mut command = vec!["sh", "-c", &script, "sh", "{out}"];
    command.extend(words.iter().map(String::as_str));
    command.extend("-f --backend ptrace -o {out} -e raw=all -e trace={set} -- {cmd}".split(' '));
    Ok(shlex::try_join(command)?)
}

/// Judges a tracer by a few cases.
fn check(tracer: &str, more: &[&Path]) -> ExitCode {
    let abi = host::native().name();
    let case = format!("{abi}::numbers::getp");
    let mut args: Vec<OsString> = ["--tracer", tracer, "--case", &case]
        .map(OsString::from)
        .to_vec();
    args.extend(more.iter().map(OsString::from));
    everycall_conformance::cli::main(args)
}

fn expect(got: ExitCode, status: u8, what: &str) -> Result<(), Failed> {
    match got == ExitCode::from(status) {
        true => Ok(()),
        false => Err(format!("{what}: {got:?}, not {status}").into()),
    }
}

fn held() -> Result<(), Failed> {
    let dir = tempfile::tempdir()?;
    let file = dir.path().join("known.toml");
    let (write, read) = (Path::new("--write-baseline"), Path::new("--baseline"));
    let forgetful = stranger("getpid(")?;
    expect(check(&forgetful, &[]), NEW, "without a baseline")?;
    expect(
        check(&forgetful, &[write, &file]),
        KNOWN_ONLY,
        "its baseline is written",
    )?;
    let baseline = Baseline::read(&file)?;
    let own = |entry: &everycall_conformance::subject::Entry| entry.case.contains("getpid");
    if baseline.expected.is_empty() || !baseline.expected.iter().all(own) {
        return Err(format!("not what it forgets: {baseline:?}").into());
    }
    expect(
        check(&forgetful, &[read, &file]),
        KNOWN_ONLY,
        "it does as before",
    )?;
    expect(
        check(&stranger("getp[ig]")?, &[read, &file]),
        NEW,
        "it forgets more",
    )?;
    expect(
        check(&stranger("nothing at all")?, &[read, &file]),
        NEW,
        "it forgets nothing any more",
    )?;

    // A reason that somebody gave stays when the file is written anew.
    let text = std::fs::read_to_string(&file)?;
    std::fs::write(&file, text.replace("not looked into yet", "it is shy"))?;
    let worse = stranger("getp[ig]")?;
    expect(
        check(&worse, &[read, &file, write, &file]),
        KNOWN_ONLY,
        "it is written anew",
    )?;
    let text = std::fs::read_to_string(&file)?;
    if !text.contains("it is shy") || !text.contains("not looked into yet") {
        return Err(format!("reasons: {text}").into());
    }
    expect(check(&worse, &[read, &file]), KNOWN_ONLY, "and holds")?;
    expect(
        check(&forgetful, &[read, &file, write, &file]),
        KNOWN_ONLY,
        "what passes is dropped",
    )?;
    expect(
        check(&forgetful, &[read, &file]),
        KNOWN_ONLY,
        "and the rest holds",
    )
}

fn refused() -> Result<(), Failed> {
    let dir = tempfile::tempdir()?;
    let file = dir.path().join("known.toml");
    let (write, read) = (Path::new("--write-baseline"), Path::new("--baseline"));
    let tracer = stranger("getpid(")?;
    expect(check(&tracer, &[read, &file]), USAGE, "no such file")?;
    let entry = |more: &str| {
        let text = "[[expected]]\ncase = \"*::numbers::none/only\"\nreason = \"r\"\n";
        std::fs::write(&file, format!("{text}{more}"))
    };
    entry("")?;
    expect(
        check(&tracer, &[write, &file]),
        USAGE,
        "reasons would be lost",
    )?;
    entry("below = \"7\"\n")?;
    expect(
        check(&tracer, &[read, &file, write, &file]),
        USAGE,
        "bounds would be lost",
    )?;
    for wrong in [
        "more = 1\n",
        "[[expected]]\ncase = \"a\"\nreason = \"r\"\n",
        "\u{0}",
    ] {
        entry(wrong)?;
        expect(check(&tracer, &[read, &file]), USAGE, "no baseline")?;
    }
    expect(check("ectrace", &[read, &file]), USAGE, "two tracers")
}
