//! Filters of libseccomp, for native code, x86 and x32.

use std::error::Error;

use libseccomp::{
    ScmpAction, ScmpArch, ScmpArgCompare, ScmpCompareOp, ScmpFilterContext, ScmpSyscall,
};

use crate::sandbox::{self, Rule, Test};

/// What is told of calls that the library does not know.
fn known(name: &str) -> Option<ScmpSyscall> {
    let call = ScmpSyscall::from_name(name).ok();
    if call.is_none() {
        eprintln!("libseccomp does not know {name}: left out");
    }
    call
}

/// `optimize` is 1 for a chain of comparisons by priority, 2 for a binary tree.
fn new(default: ScmpAction, optimize: u32) -> Result<ScmpFilterContext, Box<dyn Error>> {
    let mut filter = ScmpFilterContext::new(default)?;
    filter.add_arch(ScmpArch::X86)?;
    filter.add_arch(ScmpArch::X32)?;
    filter.set_ctl_optimize(optimize)?;
    // Else the filter would be refused to ordinary users, and root does not need it.
    filter.set_ctl_nnp(true)?;
    Ok(filter)
}

/// Traces these calls and allows all others.
pub fn trace<'a>(
    names: impl IntoIterator<Item = &'a str>,
    optimize: u32,
) -> Result<ScmpFilterContext, Box<dyn Error>> {
    let mut filter = new(ScmpAction::Allow, optimize)?;
    for call in names.into_iter().filter_map(known) {
        filter.add_rule(ScmpAction::Trace(1), call)?;
    }
    Ok(filter)
}

/// Allows what the example sandbox allows.
pub fn sandbox(optimize: u32) -> Result<ScmpFilterContext, Box<dyn Error>> {
    let mut filter = new(ScmpAction::KillProcess, optimize)?;
    for Rule { name, tests } in sandbox::rules() {
        let Some(call) = known(name) else { continue };
        let tests: Vec<ScmpArgCompare> = tests
            .iter()
            .map(|test| match *test {
                Test::Equal(word, value) => ScmpArgCompare::new(word, ScmpCompareOp::Equal, value),
                Test::AtMost(word, value) => {
                    ScmpArgCompare::new(word, ScmpCompareOp::LessOrEqual, value)
                }
                Test::Masked(word, mask, value) => {
                    ScmpArgCompare::new(word, ScmpCompareOp::MaskedEqual(mask), value)
                }
            })
            .collect();
        filter.add_rule_conditional(ScmpAction::Allow, call, &tests)?;
    }
    Ok(filter)
}

/// Refuses a terminal's input to be faked, filesystems to be taken away, and processes to be attached to; so it is meant. x86-64 and
/// x32 have no `umount`, and libseccomp 2.5.4 puts the load of the number into that rule, which it then leaves out.
pub fn forgotten() -> Result<ScmpFilterContext, Box<dyn Error>> {
    const EPERM: i32 = 1;
    const TIOCSTI: u64 = 0x5412;
    const PTRACE_ATTACH: u64 = 16;
    let mut filter = new(ScmpAction::Allow, 1)?;
    let refused = ScmpAction::Errno(EPERM);
    let only = |word, value| [ScmpArgCompare::new(word, ScmpCompareOp::Equal, value)];
    filter.add_rule_conditional(refused, ScmpSyscall::from_name("ioctl")?, &only(1, TIOCSTI))?;
    filter.add_rule(refused, ScmpSyscall::from_name("umount")?)?;
    filter.add_rule_conditional(
        refused,
        ScmpSyscall::from_name("ptrace")?,
        &only(0, PTRACE_ATTACH),
    )?;
    Ok(filter)
}
