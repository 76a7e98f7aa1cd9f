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
