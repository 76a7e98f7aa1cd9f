//! Conditions of profiles, with the meaning that runc and libseccomp give them.

use super::super::error::{Fault, shown};
use super::shape::Arg;
use crate::map::{Field, Range, Set, Test, View};

/// The alternatives that a list of conditions is.
pub(super) fn conditions(args: &[Arg], path: &str) -> Result<Vec<Vec<Condition>>, Fault> {
    let mut all = Vec::new();
    for (at, arg) in args.iter().enumerate() {
        let path = format!("{path}.args[{at}]");
        if arg.index > 5 {
            return Err(Fault::key(
                path,
                format!("index {}: there are words 0 to 5", arg.index),
            ));
        }
        let compare = match arg.op.as_str() {
            "SCMP_CMP_NE" => Compare::NotEqual,
            "SCMP_CMP_LT" => Compare::Less,
            "SCMP_CMP_LE" => Compare::LessOrEqual,
            "SCMP_CMP_EQ" => Compare::Equal,
            "SCMP_CMP_GE" => Compare::GreaterOrEqual,
            "SCMP_CMP_GT" => Compare::Greater,
            "SCMP_CMP_MASKED_EQ" => Compare::Masked,
            _ => {
                let what = format!(
                    "'{}' is no operator: SCMP_CMP_NE, _LT, _LE, _EQ, _GE, _GT or _MASKED_EQ is",
                    shown(&arg.op)
                );
                return Err(Fault::key(path, what));
            }
        };
        all.push(Condition {
            index: arg.index as u8,
            compare,
            value: arg.value,
            second: arg.value_two.unwrap_or(0),
        });
    }
    // Where two conditions are on one word, runc makes each condition a rule of its own: they are alternatives then.
    let mut counts = [0; 6];
    for condition in &all {
        counts[usize::from(condition.index.min(5))] += 1;
    }
    Ok(match counts.iter().any(|&count| count > 1) {
        true => all.into_iter().map(|one| vec![one]).collect(),
        false => vec![all],
    })
}

/// How a word is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Compare {
    NotEqual,
    Less,
    LessOrEqual,
    Equal,
    GreaterOrEqual,
    Greater,
    Masked,
}

/// A condition on a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Condition {
    pub(super) index: u8,
    compare: Compare,
    value: u64,
    second: u64,
}

impl Condition {
    /// What it means for words of so many bits: libseccomp looks at 32 of an ABI whose longs have 32, and cuts constants.
    pub(super) fn test(self, bits: u32) -> Test {
        let field = Field::Arg(self.index);
        let most = u64::MAX >> (64 - bits);
        let value = self.value & most;
        let whole = |low: u64, high: u64| {
            vec![Range {
                low: low.into(),
                high: high.into(),
            }]
        };
        let (negated, ranges) = match self.compare {
            Compare::Masked => return Test::masked(field, value, self.second & value),
            Compare::Equal => (false, whole(value, value)),
            Compare::NotEqual => (true, whole(value, value)),
            Compare::GreaterOrEqual => (false, whole(value, most)),
            Compare::Less => (true, whole(value, most)),
            Compare::LessOrEqual => (false, whole(0, value)),
            Compare::Greater => (true, whole(0, value)),
        };
        let view = View {
            bits,
            signed: false,
        };
        Test {
            field,
            negated,
            set: Set::Ranges(view, ranges),
        }
    }
}
