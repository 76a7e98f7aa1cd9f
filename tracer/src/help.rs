//! What `-h` says.

use crate::limits;

/// The help text.
#[must_use]
pub fn text() -> String {
    format!("{OPTIONS}\n{}{STATUS}", limits::text())
}

const OPTIONS: &str = "\
Usage: ectrace [OPTION]... PROG [ARGS]
       ectrace [OPTION]... -p PID [PROG [ARGS]]

Shows the system calls that PROG makes, in strace's format. Options are strace's; what is missing
is refused.

Whom to trace:
  -f, --follow-forks         children and threads too; also what a seccomp filter needs
  -p, --attach=PID[,PID]...  processes that run already; may be repeated
  -u, --user=NAME            run PROG as this user (root only)
  -E, --env=VAR=VALUE        put VAR in the environment of PROG
  -E, --env=VAR              remove it
      --kill-on-exit         end PROG and its children when ectrace ends

What to show:
  -e, --trace=SET            only these calls: `-e trace=SET`, or `-e SET`. A SET is names, numbers,
                             /REGEX, %CLASS, all, none, with commas between; ?NAME may be unknown;
                             NAME@64, @32, @x32 are calls of one kind; ! in front: all but these
  -e signal=SET, --signal    only these signals
  -e status=SET, --status    only calls that ended so: successful, failed, unfinished, unavailable,
                             detached
  -z, --successful-only      as -e status=successful
  -Z, --failed-only          as -e status=failed

What it looks like:
  -o, --output=FILE          to this file, not to standard error
      --format text|json     strace's format, or one JSON object a line
  -s, --string-limit=N       so many bytes of a string (32)
  -v, --no-abbrev            arrays and environments whole
  -a, --columns=N            results stand in this column (40)
  -n, --syscall-number       show numbers
  -e raw=SET, --raw=SET      words of these calls, undecoded
  -X, --const-print-style=raw|abbrev|verbose
                             numbers, names, or both
  -x, -xx, --strings-in-hex[=none|non-ascii-chars|non-ascii|all]
                             strings in hexadecimal: those that are not text, or all
  -q, -qq, -qqq, --quiet=SET fewer messages: attach, personality; exit; all. A SET is of attach,
                             exit, path-resolution, personality, thread-execve
  -c, --summary-only         only a table at the end (its times are by the clock: strace's -c -w)

How to trace:
      --backend auto|ptrace|seccomp
                             auto: a seccomp filter stops only the calls that were asked for, when
                             that can be (-f, a PROG, a SET); ptrace: a stop at every call;
                             seccomp: a filter or an error
      --seccomp-bpf          for strace's command lines: auto does it anyhow

  -h, --help    -V, --version

Examples:
  ectrace ls                            every call of one process
  ectrace -f -e trace=%file -o log make a build's files, at almost no cost for all other calls
  ectrace -f -e execve,connect sh -c '...'
  ectrace -e trace=none -e status=failed,unfinished PROG
  ectrace -c -f PROG                    what takes the time
  ectrace --format json -o calls.json -f PROG
";

const STATUS: &str = "\
Exit status: that of PROG (killed by the same signal, if it was); 1 when something is wrong.
";

/// What `-V` says.
pub const VERSION: &str = concat!("ectrace -- version ", env!("CARGO_PKG_VERSION"), "\n");
