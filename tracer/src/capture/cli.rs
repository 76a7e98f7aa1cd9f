//! What was typed.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Parser, ValueEnum};

const ABOUT: &str = "\
Runs a program and keeps every seccomp filter that it or what it starts installs, by seccomp(2) or prctl(2), of every ABI. \
It needs no privileges. The program's output is its own; a table of the filters comes on standard error, at the end.

DIR/NNN.bpf are the programs, as arrays of `struct sock_filter` (each once), and DIR/index.json says of each installation \
who, when, with which flags, and whether it succeeded (`installed`: true, false, or null where that is not known).

`certainty` is how sure it is that the program is what the kernel got: `kernel` (it gave it back, which takes CAP_SYS_ADMIN), \
`same` (the caller's memory was the same at entry and exit), `changed` (it was not: both are kept), `entry` (it was read \
at the entry only).";

const MORE: &str = "\
Examples:
  everycall filter capture --out filters -- bwrap --unshare-all --seccomp 3 true 3<policy.bpf
  everycall filter capture -- ssh-keygen -A
  everycall filter capture --backend notify --out filters -- strace -f --seccomp-bpf -e trace=%file true

A program that is itself a tracer (strace, gdb) cannot trace what is traced already: --backend notify captures it without
ptrace. It puts a filter of ours on the program, which asks us at seccomp(2) and prctl(2) only: so the program runs at its own
speed, but it has a filter more (the oldest), which sends the two calls to us before a newer filter of its own could, may
not make a listener of its own, and, unless this runs with CAP_SYS_ADMIN, runs with no_new_privs. It sees entries, not results:
a filter counts as installed when the thread has one more after the call, and that of a thread that ends at once is not known.

Exit status: the program's; if a signal ended it, so does this; 1 if something failed; 2 for usage.";

/// How calls are observed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Backend {
    /// A stop at every call, by ptrace: nothing is put on the program
    Ptrace,
    /// A filter of ours that asks us at the calls that install filters
    Notify,
}

impl Backend {
    pub(super) fn name(self) -> &'static str {
        match self {
            Backend::Ptrace => "ptrace",
            Backend::Notify => "notify",
        }
    }
}

/// Keep every seccomp filter that a program installs
#[derive(Debug, Parser)]
#[command(
    name = "everycall filter capture",
    bin_name = "everycall filter capture"
)]
#[command(long_about = ABOUT, after_help = MORE)]
pub(super) struct Args {
    /// Keep the programs and an index in this directory, which is made
    #[arg(long, short, value_name = "DIR")]
    pub(super) out: Option<PathBuf>,

    /// How calls are observed
    #[arg(long, value_enum, default_value = "ptrace")]
    pub(super) backend: Backend,

    /// The program, and its arguments
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    pub(super) command: Vec<OsString>,
}
