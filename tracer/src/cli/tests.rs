//! What command lines mean, and what strace 6.1 says of those that mean nothing.

use everycall_arch::{AbiId, class, table};
use rstest::rstest;

use super::*;

fn config(words: &[&str]) -> Result<Config, String> {
    match parse(words.iter().map(OsString::from)) {
        Ok(Invocation::Run(config)) => Ok(*config),
        Ok(other) => Err(format!("{other:?}")),
        Err(error) => Err(error.to_string()),
    }
}

/// The configuration for these options and a command that exists.
fn of(options: &[&str]) -> Config {
    config(&[options, &["/proc/self/exe"]].concat()).unwrap()
}

/// Shown calls of x86-64 by name.
fn names(set: &str) -> Vec<&'static str> {
    let calls = of(&["-e", &format!("trace={set}")]).calls;
    let all = table::all(AbiId::X86_64).iter();
    all.filter(|call| calls.contains(Some(call.abi), call.nr))
        .map(|call| call.name)
        .collect()
}

/// The messages of strace 6.1 for the same words.
#[rstest]
#[case(&[], "must have PROG [ARGS] or -p PID")]
#[case(&["-f"], "must have PROG [ARGS] or -p PID")]
#[case(&["-p", ""], "must have PROG [ARGS] or -p PID")]
#[case(&["-Q"], "invalid option -- 'Q'")]
#[case(&["--bogus"], "unrecognized option '--bogus'")]
#[case(&["--str", "true"], "option '--str' is ambiguous; possibilities: '--string-limit' '--strings-in-hex'")]
#[case(&["--follow-forks=yes"], "option '--follow-forks' doesn't allow an argument")]
#[case(&["-s", "true"], "invalid -s argument: 'true'")]
#[case(&["-s", "-1"], "invalid -s argument: '-1'")]
#[case(&["-s", "1073741824"], "invalid -s argument: '1073741824'")]
#[case(&["-s", ""], "invalid -s argument: ''")]
#[case(&["-a", "x"], "invalid -a argument: 'x'")]
#[case(&["-X", "foo"], "invalid -X argument: 'foo'")]
#[case(&["--strings-in-hex=foo"], "invalid --strings-in-hex argument: 'foo'")]
#[case(&["-e", "trace=foo"], "invalid system call 'foo'")]
#[case(&["-e", "foo"], "invalid system call 'foo'")]
#[case(&["-e", "trace=%foo"], "invalid system call '%foo'")]
#[case(&["-e", "trace="], "invalid system call ''")]
#[case(&["-e", "trace=!"], "invalid system call '!'")]
#[case(&["-e", "trace=!foo"], "invalid system call 'foo'")]
#[case(&["-e", "trace=none,openat"], "invalid system call 'none'")]
#[case(&["-e", "trace=openat,!close"], "invalid system call '!close'")]
#[case(&["-e", "trace=open,?foo,bar"], "invalid system call 'bar'")]
#[case(&["-e", "trace=/zzzz"], "invalid system call '/zzzz'")]
#[case(&["-e", "trace=9999"], "invalid system call '9999'")]
#[case(&["-e", "trace=OPENAT"], "invalid system call 'OPENAT'")]
#[case(&["-e", "trace=close@foo"], "incorrect personality designator 'foo' in qualification 'close@foo'")]
#[case(&["-e", "raw=foo"], "invalid system call 'foo'")]
#[case(&["-e", "bogus=foo"], "invalid system call 'bogus=foo'")]
#[case(&["-e", "signal=FOO"], "invalid signal 'FOO'")]
#[case(&["-e", "signal="], "invalid signal ''")]
#[case(&["-e", "status=foo"], "invalid status 'foo'")]
#[case(&["-e", "quiet=foo"], "invalid quiet 'foo'")]
#[case(&["-q", "-e", "quiet=all"], "-q and -e quiet/--quiet cannot be provided simultaneously")]
#[case(&["-e", "quiet=all", "-q"], "-q and -e quiet/--quiet cannot be provided simultaneously")]
#[case(&["-p", "0"], "Invalid process id: '0'")]
#[case(&["-p", "1,x"], "Invalid process id: 'x'")]
#[case(&["-p", ","], "Invalid process id: ''")]
#[case(&["-p", "1;2"], "Invalid process id: '1;2'")]
#[case(&["./no such\x1b"], "Can't stat './no such\\x1b': No such file or directory")]
#[case(&["no-such-command-anywhere"], "Can't stat 'no-such-command-anywhere': No such file or directory")]
fn usage_errors(#[case] words: &[&str], #[case] message: &str) {
    assert_eq!(config(words).unwrap_err(), message);
}

/// What strace has and we do not is refused by the name that was typed.
#[rstest]
#[case(&["-k"], "option -k is not supported yet")]
#[case(&["-fk"], "option -k is not supported yet")]
#[case(&["-ff"], "option -ff is not supported yet")]
#[case(&["--stack-traces"], "option --stack-traces is not supported yet")]
#[case(&["--absolute-timestamps=unix"], "option --absolute-timestamps is not supported yet")]
#[case(&["-P", "x"], "option -P is not supported yet")]
#[case(&["-e", "inject=all:error=EIO"], "option -e inject= is not supported yet")]
#[case(&["--decode-fds=all"], "option --decode-fds is not supported yet")]
#[case(&["-o", "|cat"], "option -o '|COMMAND' is not supported yet")]
#[case(&["-o!cat"], "option -o '!COMMAND' is not supported yet")]
#[case(&["-c", "--format", "json"], "--format json and -c/--summary-only are mutually exclusive")]
#[case(&["--kill-on-exit", "-p", "1"], "--kill-on-exit and -p/--attach are mutually exclusive")]
#[case(&["--backend", "ptrace", "--seccomp-bpf"], "--seccomp-bpf and --backend ptrace are mutually exclusive")]
#[case(&["--backend", "ebpf"], "invalid --backend argument: 'ebpf'")]
fn refusals(#[case] options: &[&str], #[case] message: &str) {
    assert_eq!(config(&[options, &["true"]].concat()).unwrap_err(), message);
}

/// Every option of the table is either done or refused with a line: none is ignored.
#[test]
fn no_option_is_forgotten() {
    for &(letter, takes, option) in options::OPTIONS.short {
        let Opt::NotYet(_) = option else { continue };
        let word = format!("-{}", char::from(letter));
        let value: &[&str] = if takes == getopt::Takes::Value {
            &["1"]
        } else {
            &[]
        };
        let error = config(&[&[word.as_str()], value, &["true"]].concat()).unwrap_err();
        assert_eq!(error, format!("option {word} is not supported yet"));
    }
    for &(name, takes, option) in options::OPTIONS.long {
        let Opt::NotYet(_) = option else { continue };
        let word = format!("--{name}");
        let value: &[&str] = if takes == getopt::Takes::Value {
            &["1"]
        } else {
            &[]
        };
        let error = config(&[&[word.as_str()], value, &["true"]].concat()).unwrap_err();
        assert_eq!(error, format!("option {word} is not supported yet"));
    }
}

#[test]
fn sets_of_calls() {
    assert_eq!(names("openat"), ["openat"]);
    assert_eq!(names("openat,,read,"), ["read", "openat"]);
    assert_eq!(names("257,0"), ["read", "openat"]);
    assert_eq!(names("?openat,?foo"), ["openat"]);
    assert_eq!(names("?foo"), [""; 0]);
    assert_eq!(names("none"), [""; 0]);
    assert_eq!(names("!all"), [""; 0]);
    assert_eq!(names("close@64"), ["close"]);
    assert_eq!(names("close@32"), [""; 0]);
    assert_eq!(names("close@x32"), [""; 0]);
    assert_eq!(names("!!openat"), ["openat"]);
    assert_eq!(names("/^openat$"), ["openat"]);
    assert_eq!(names("/o(penat|x)"), ["openat", "openat2"]);
    let all = table::all(AbiId::X86_64).len();
    assert_eq!(names("all").len(), all);
    assert_eq!(names("!none").len(), all);
    assert_eq!(names("all,openat").len(), all);
    let without = names("!openat,close");
    assert_eq!(without.len(), all - 2);
    assert!(!without.contains(&"openat") && !without.contains(&"close"));
}

#[test]
fn classes_are_what_the_tables_say() {
    for class in class::names() {
        let calls = table::all(AbiId::X86_64).iter();
        let expected: Vec<_> = calls
            .filter(|call| class::contains(class, call) == Some(true))
            .map(|call| call.name)
            .collect();
        assert_eq!(names(&format!("%{class}")), expected);
    }
    assert_eq!(names("file"), names("%file"));
    assert!(names("%file").contains(&"openat") && !names("%file").contains(&"read"));
}

/// A name is asked for on every ABI that has it, by all its names.
#[test]
fn names_count_on_every_abi() {
    let calls = of(&["-e", "openat"]).calls;
    for abi in AbiId::ALL {
        assert!(calls.contains(Some(abi), table::by_name(abi, "openat").unwrap().nr));
        assert!(!calls.contains(Some(abi), table::by_name(abi, "close").unwrap().nr));
    }
    for abi in AbiId::ALL {
        for call in table::all(abi) {
            for alias in call.aliases {
                assert!(
                    of(&["-e", alias]).calls.contains(Some(abi), call.nr),
                    "{alias}"
                );
            }
        }
    }
}

#[test]
fn the_last_set_of_calls_holds() {
    let config = of(&["-e", "trace=openat", "--trace=read", "-eclose"]);
    assert!(config.calls.contains(Some(AbiId::X86_64), 3));
    assert!(!config.calls.contains(Some(AbiId::X86_64), 0));
}

#[rstest]
#[case(&[], u128::MAX)]
#[case(&["-e", "signal=none"], 0)]
#[case(&["-e", "signal=!all"], 0)]
#[case(&["-e", "s=SIGKILL,term,2"], 1 << 9 | 1 << 15 | 1 << 2)]
#[case(&["--signal=!CHLD"], !(1 << 17))]
#[case(&["--signals=SIGRT_1"], 1 << 33)]
fn sets_of_signals(#[case] options: &[&str], #[case] set: u128) {
    assert_eq!(of(options).signals, set);
}

#[test]
fn statuses() {
    let status = |options: &[&str]| of(options).output.line.status;
    let [ok, failed] = [Status::Successful, Status::Failed].map(|s| StatusSet::NONE.with(s));
    assert_eq!(status(&[]), StatusSet::ALL);
    assert_eq!(status(&["-z"]), ok);
    assert_eq!(status(&["-Z"]), failed);
    assert_eq!(status(&["-z", "-e", "status=failed"]), failed);
    assert_eq!(status(&["-e", "status=failed", "-z"]), ok);
    assert_eq!(status(&["--status=!failed"]), failed.complement());
    assert_eq!(
        status(&["-e", "status=failed,successful"]),
        ok.with(Status::Failed)
    );
    assert_eq!(status(&["-e", "status=none"]), StatusSet::NONE);
    assert_eq!(status(&["-e", "status=!none"]), StatusSet::ALL);
}

#[test]
fn quiet() {
    let quiet = |options: &[&str]| of(options).output.quiet;
    assert_eq!(quiet(&[]), Quiet::default());
    let q = Quiet {
        attach: true,
        personality: true,
        ..Quiet::default()
    };
    assert_eq!(quiet(&["-q"]), q);
    assert_eq!(quiet(&["--quiet"]), q);
    assert_eq!(quiet(&["-qq"]), Quiet { exit: true, ..q });
    let all = Quiet {
        exit: true,
        path_resolution: true,
        thread_execve: true,
        ..q
    };
    assert_eq!(quiet(&["-qqq"]), all);
    assert_eq!(quiet(&["-e", "quiet=all"]), all);
    assert_eq!(
        quiet(&["--quiet=exits,superseded"]),
        Quiet {
            exit: true,
            thread_execve: true,
            ..Quiet::default()
        }
    );
    assert_eq!(quiet(&["--silent=!exit"]), Quiet { exit: false, ..all });
    // Whoever writes to a file has the terminal for the command, unless he asks otherwise.
    assert_eq!(quiet(&["-o", "x"]), q);
    assert_eq!(quiet(&["-o", "x", "-e", "quiet=none"]), Quiet::default());
    assert_eq!(
        config(&["-o", "x", "-p", "1"]).unwrap().output.quiet,
        Quiet::default()
    );
}

#[test]
fn the_form_of_output() {
    let words = "-f -s 5 -a 60 -n -v -x -X raw -c -o file --kill-on-exit --backend seccomp";
    let config = of(&words.split(' ').collect::<Vec<_>>());
    assert!(config.follow && config.kill_on_exit && config.output.summary);
    assert_eq!(config.backend, Backend::Seccomp);
    let (line, style) = (config.output.line, config.output.style);
    assert_eq!((line.column, line.numbers), (60, true));
    assert_eq!(
        (style.limit, style.whole, style.names),
        (5, true, Names::Raw)
    );
    assert_eq!(style.hex, HexStrings::NonAscii);
    assert_eq!(config.output.path, Some(PathBuf::from("file")));
    assert_eq!(of(&["-xx"]).output.style.hex, HexStrings::All);
    assert_eq!(
        of(&["--strings-in-hex=non-ascii-chars"]).output.style.hex,
        HexStrings::Escapes
    );
    assert_eq!(of(&["--format=json"]).output.format, Format::Json);
    assert!(of(&[]).output.style.raw.is_none());
    assert!(of(&["-e", "raw=none"]).output.style.raw.is_none());
    assert!(of(&["--raw=openat"]).output.style.raw.is_some());
}

#[test]
fn processes_to_attach_to() {
    assert_eq!(
        config(&["-p", "1,2", "-p", "3 4"]).unwrap().attach,
        [1, 2, 3, 4]
    );
    let own = std::process::id().to_string();
    let error = config(&["-p", &own]).unwrap_err();
    assert_eq!(error, format!("cannot trace itself, process {own}"));
}

#[test]
fn the_command_keeps_its_own_options() {
    let config = config(&["-q", "/proc/self/exe", "-f", "--", "-x"]).unwrap();
    let command = config.command.unwrap();
    assert_eq!(command.argv, ["/proc/self/exe", "-f", "--", "-x"]);
    assert_eq!(command.path, PathBuf::from("/proc/self/exe"));
    assert!(!config.follow);
}

#[rstest]
#[case(&["--seccomp-bpf", "-e", "openat"], &["--seccomp-bpf cannot be used without -f/--follow-forks, disabling"])]
#[case(&["--seccomp-bpf", "-f"], &["Seccomp filter is requested but there are no syscalls to filter.  See -e trace to filter syscalls."])]
#[case(&["--seccomp-bpf", "-f", "-e", "openat"], &[])]
#[case(&["-zZ"], &["Only the last of -z/--successful-only/-Z/--failed-only options will take effect. See status qualifier for more complex filters."])]
#[case(&["-z"], &[])]
fn what_is_told(#[case] options: &[&str], #[case] notes: &[&str]) {
    assert_eq!(of(options).notes, notes);
}

#[test]
fn help_and_version_end_the_reading() {
    assert!(matches!(
        parse(["-h", "-Q"].into_iter().map(OsString::from)),
        Ok(Invocation::Help)
    ));
    let version = parse(["-fV"].into_iter().map(OsString::from));
    assert!(matches!(version, Ok(Invocation::Version)));
}

proptest::proptest! {
    /// Whatever is typed is understood or refused in one printable line.
    #[test]
    fn any_words_are_answered(words in proptest::collection::vec("-{0,2}[a-zA-Z=!/?%@,|\\PC]{0,12}", 0..5)) {
        if let Err(error) = parse(words.into_iter().map(OsString::from)) {
            proptest::prop_assert!(!error.to_string().contains('\n'));
        }
    }
}
