//! What a tracer said, read from its output.

use everycall_arch::AbiId;

/// What a tracer says of a call's end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SeenResult {
    /// It returned this (not an error). Only the low bits that the tracer prints are compared.
    Value(u64),
    /// It failed with this error, by name (`ENOENT`) or, where the tracer prints no name, by number.
    Error(String),
    /// It did not return, or the tracer says that it does not know.
    None,
}

/// One word of a call, as a tracer printed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeenWord {
    /// Its value.
    pub value: u64,
    /// How many low bits of it the text vouches for: a decoded `int` says nothing of the upper half.
    pub bits: u32,
}

/// One argument as a tracer decoded it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenArg {
    /// The argument's name.
    pub name: String,
    /// The indices of the words that it says the argument is made of.
    pub words: Vec<u8>,
    /// Its value as a number.
    pub value: u64,
}

/// One call as a tracer showed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The thread, when the output says it.
    pub tid: Option<i32>,
    /// The ABI, when the output says it.
    pub abi: Option<AbiId>,
    /// The number, when the output says it (`syscall_0x150`, or JSON's `nr`).
    pub nr: Option<u32>,
    /// The name, when the output says one.
    pub name: Option<String>,
    /// As many words as it shows; `None` for one whose text is not a number.
    pub words: Vec<Option<SeenWord>>,
    /// Whether the words are the call's raw words, by position. A decoded text may join two words,
    /// leave some out, or turn them round.
    pub raw: bool,
    /// The result.
    pub result: SeenResult,
    /// The number beside a named error, where the output has both.
    pub raw_result: Option<i64>,
    /// The arguments, where the output has names for them.
    pub args: Option<Vec<SeenArg>>,
    /// The texts of its decoded arguments, in order; none where it shows only words.
    pub texts: Vec<String>,
    /// The line of output, for the report.
    pub line: String,
}

/// All that a tracer said in one run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Output {
    /// The calls, in the order in which they were entered.
    pub calls: Vec<Seen>,
    /// What the tracer says it lost.
    pub lost: Vec<String>,
    /// Lines that are not of the grammar: each is a fault of the tracer or of our reader.
    pub unreadable: Vec<String>,
}

/// How a program that the suite ran came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It exited with this status.
    Exited(i32),
    /// This signal ended it.
    Killed(i32),
    /// It did not end in its time, and the suite ended it.
    TimedOut,
}

impl std::fmt::Display for End {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            End::Exited(status) => write!(f, "exited with status {status}"),
            End::Killed(signal) => write!(f, "was killed by signal {signal}"),
            End::TimedOut => write!(f, "did not end in its time"),
        }
    }
}
