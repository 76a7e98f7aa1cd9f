//! Filters of seccompiler, which are for one architecture.

use std::collections::BTreeMap;
use std::error::Error;

use everycall_arch::{AbiId, table};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch,
};

use crate::sandbox::{self, Rule, Test};

fn compile(
    rules: BTreeMap<i64, Vec<SeccompRule>>,
    otherwise: SeccompAction,
    then: SeccompAction,
) -> Result<BpfProgram, Box<dyn Error>> {
    let filter = SeccompFilter::new(rules, otherwise, then, TargetArch::x86_64)?;
    Ok(filter.try_into()?)
}

fn number(name: &str) -> Option<i64> {
    table::by_name(AbiId::X86_64, name).map(|call| call.nr.into())
}

/// Traces these calls and allows all others.
pub fn trace<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<BpfProgram, Box<dyn Error>> {
    let rules = names
        .into_iter()
        .filter_map(number)
        .map(|nr| (nr, Vec::new()));
    compile(
        rules.collect(),
        SeccompAction::Allow,
        SeccompAction::Trace(1),
    )
}

/// Allows what the example sandbox allows.
pub fn sandbox() -> Result<BpfProgram, Box<dyn Error>> {
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> = BTreeMap::new();
    for Rule { name, tests } in sandbox::rules() {
        let Some(nr) = number(name) else { continue };
        let of_call = rules.entry(nr).or_default();
        if tests.is_empty() {
            continue;
        }
        let mut conditions = Vec::new();
        for test in tests {
            let (word, op, value) = match *test {
                Test::Equal(word, value) => (word, SeccompCmpOp::Eq, value),
                Test::AtMost(word, value) => (word, SeccompCmpOp::Le, value),
                Test::Masked(word, mask, value) => (word, SeccompCmpOp::MaskedEq(mask), value),
            };
            let word = u8::try_from(word)?;
            conditions.push(SeccompCondition::new(
                word,
                SeccompCmpArgLen::Qword,
                op,
                value,
            )?);
        }
        of_call.push(SeccompRule::new(conditions)?);
    }
    compile(rules, SeccompAction::KillProcess, SeccompAction::Allow)
}
