//! How a machine can fail. None of these is ever a success, and each says what happened.

use std::io;

use everycall_init::frame::FrameError;

/// A machine that ended otherwise than by its command's verdict.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error(
        "{program} is not installed: the machine needs it (Debian: qemu-system-arm, qemu-system-x86)"
    )]
    NoQemu { program: String },
    #[error("cannot start {program}: {error}")]
    CannotStart { program: String, error: io::Error },
    #[error("{program} ended ({status}) before the machine was up: {said}")]
    Qemu {
        program: String,
        status: String,
        said: String,
    },
    #[error("the kernel panicked: {0}")]
    Panic(String),
    #[error("the kernel oopsed: {0}")]
    Oops(String),
    #[error("the machine ran out of memory: {0}")]
    OutOfMemory(String),
    #[error("the machine was not up after {0} s")]
    Boot(u64),
    #[error("nothing was heard of the command for {seconds} s; {state}")]
    Silence { seconds: u64, state: String },
    #[error("the machine ended without a verdict of the command")]
    NoVerdict,
    #[error("two verdicts came for one command: {first} and {second}")]
    TwoVerdicts { first: String, second: String },
    #[error("the machine's port carried {0}")]
    Frame(#[from] FrameError),
    #[error("the machine said '{0}' where it had no place")]
    Order(String),
    #[error("the machine's PID 1 gave up: {0}")]
    Init(String),
    #[error("cannot {what}: {error}")]
    System {
        what: &'static str,
        error: io::Error,
    },
    #[error("the command's caller went away")]
    Abandoned,
}

impl Failure {
    /// What could not be done, for an error of the system.
    pub(crate) fn system<E: Into<io::Error>>(what: &'static str) -> impl FnOnce(E) -> Self {
        move |error| Self::System {
            what,
            error: error.into(),
        }
    }
}
