//! What cannot be seen, and why: declared once. `--help` says it, and the conformance suite holds that whatever it
//! excuses in ectrace is said there.

/// Something that cannot be had.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    /// Where.
    pub holds: Holds,
    /// What, as a sentence or two without the last full stop.
    pub text: &'static str,
}

/// Where a limit holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// However calls are observed.
    Always,
    /// Behind a seccomp filter.
    Filter,
    /// With a stop at every call.
    NoFilter,
    /// Where ectrace is a 32-bit program, and traces 64-bit ones.
    Narrow,
}

impl Holds {
    const ALL: [Holds; 4] = [Holds::Always, Holds::Filter, Holds::NoFilter, Holds::Narrow];

    fn title(self) -> &'static str {
        match self {
            Holds::Always => "Limits:",
            Holds::Filter => "Limits of a seccomp filter (--backend ptrace has none):",
            Holds::NoFilter => {
                "Limits of a stop at every call (--backend seccomp does not stop there):"
            }
            Holds::Narrow => "Limits of a 32-bit ectrace, with 64-bit programs:",
        }
    }
}

/// All of them.
pub const LIMITS: &[Limit] = &[
    always("unknown numbers are always shown, whatever was asked for: syscall_0x190(...)"),
    always("structures and ioctls are shown as addresses and numbers for now"),
    always(
        "memory is read while the caller stands still, but its other threads do not: what is shown of a buffer may have \
         been changed after the kernel read it",
    ),
    always(
        "memory that somebody else must bring first (FUSE, or userfaultfd where it serves the kernel's accesses too) is \
         waited for; whoever brings it must not wait for ectrace",
    ),
    always(
        "calls made through io_uring, calls that need no kernel (the vDSO), and calls that the program has asked to be \
         handed back to it (syscall user dispatch) cannot be seen",
    ),
    always(
        "whatever can be shown is told by PTRACE_GET_SYSCALL_INFO, which needs Linux 5.3 or later; where something \
         forbids it nothing is traced",
    ),
    always(
        "programs with set-uid bits run without their privileges, unless ectrace is root's: without CAP_SYS_ADMIN a \
         filter needs no_new_privs, which the program keeps, and an ordinary user's tracer takes them away anyhow",
    ),
    always(
        "a program that wants to trace another finds it traced: a thread has one tracer, which is ectrace",
    ),
    always(
        "the mode of a process ([ Process PID=N runs in 32 bit mode. ]) is noted at calls that are shown",
    ),
    filter(
        "the kernel runs uprobe without asking any filter (seccomp_uprobe_exception, Linux 6.18 and later); so it does \
         uretprobe, which only a debugger's probes make, unless the program gets SIGILL for it",
    ),
    filter(
        "what the kernel's page of old calls (vsyscall) returned is unknown: there is no stop at their end",
    ),
    filter(
        "a thread that has a filter cannot enter the strict mode any more (seccomp_may_assign_mode): so it is under \
         every tracer with a filter",
    ),
    filter(
        "clone and clone3 are always stopped at, asked for or not: a child that is made with CLONE_UNTRACED would have \
         the filter and no tracer",
    ),
    filter("a program that ends its tracer with SIGKILL ends with it"),
    without(
        "the kernel carries out calls into the vsyscall page without a stop of ptrace's; only a filter sees them",
    ),
    without(
        "a child that is made with CLONE_UNTRACED is left alone: without a filter it runs as if there were no tracer",
    ),
    narrow("to a tracer that is a 32-bit program the kernel gives a siginfo_t of 32-bit addresses"),
    narrow(
        "a 32-bit tracer cannot give a 64-bit call all of its result, and says so: what the program's own filter \
         refuses returns 0xffffffda, not -ENOSYS",
    ),
];

const fn always(text: &'static str) -> Limit {
    let holds = Holds::Always;
    Limit { holds, text }
}

const fn filter(text: &'static str) -> Limit {
    let holds = Holds::Filter;
    Limit { holds, text }
}

const fn without(text: &'static str) -> Limit {
    let holds = Holds::NoFilter;
    Limit { holds, text }
}

const fn narrow(text: &'static str) -> Limit {
    let holds = Holds::Narrow;
    Limit { holds, text }
}

/// The limits as `--help` has them: a paragraph for each place where some hold.
#[must_use]
pub fn text() -> String {
    let mut text = String::new();
    for holds in Holds::ALL {
        text.push_str(holds.title());
        text.push('\n');
        for limit in LIMITS.iter().filter(|limit| limit.holds == holds) {
            wrap(&mut text, limit.text);
        }
        text.push('\n');
    }
    text
}

/// Adds an item, in lines that a terminal of 100 columns shows whole.
fn wrap(to: &mut String, text: &str) {
    const WIDTH: usize = 98;
    let mut line = String::from("  -");
    for word in text.split_whitespace() {
        if line.len() + 1 + word.len() > WIDTH {
            to.push_str(&line);
            to.push('\n');
            line = String::from("   ");
        }
        line.push(' ');
        line.push_str(word);
    }
    to.push_str(&line);
    to.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_limit_is_said_in_lines_that_fit() {
        let help = crate::help::text();
        let words: Vec<&str> = help.split_whitespace().collect();
        let words = words.join(" ");
        for limit in LIMITS {
            assert!(words.contains(limit.text), "{}", limit.text);
        }
        assert!(help.lines().all(|line| line.len() <= 100));
        assert!(help.ends_with("something is wrong.\n"));
    }
}
