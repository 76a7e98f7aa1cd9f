//! The arguments' names as the kernel itself gives them, recorded from tracefs: an oracle that no
//! table of ours had a part in.

use std::collections::HashMap;
use std::sync::LazyLock;

use everycall_arch::{AbiId, Ty, table};

/// By entry point: the names of its arguments. Recorded by a test of `arch`.
const RECORDED: &str = include_str!("../../../fixtures/kernel/x86_64-6.18-syscall-args.txt");

static KERNEL: LazyLock<HashMap<&str, Vec<&str>>> = LazyLock::new(|| {
    let lines = RECORDED.lines().filter(|line| !line.starts_with('#'));
    lines
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            Some((words.next()?, words.collect()))
        })
        .collect()
});

/// What is wrong with the names, in order; `None` when they are right, or when nothing was recorded
/// for this call.
pub(super) fn difference(abi: AbiId, nr: u32, names: &[&str]) -> Option<String> {
    let known = table::by_nr(abi, nr)?;
    // Where an ABI has an order of its own, its entry point has another name.
    let right = KERNEL.get(known.proto.name)?.as_slice();
    if names == right {
        return None;
    }
    // An argument that another one makes meaningless need not be shown (`open`'s mode).
    let left_out = right.strip_prefix(names).unwrap_or_default().len();
    let optional = known.proto.args.iter().rev().take(left_out);
    if left_out > 0
        && optional
            .clone()
            .all(|arg| matches!(arg.ty, Ty::When { .. }))
    {
        return None;
    }
    Some(format!(
        "its arguments are shown as ({}), but the kernel has ({})",
        names.join(", "),
        right.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn swapped_arguments_are_told() {
        let right = ["fd", "buf", "count", "pos"];
        assert_eq!(difference(AbiId::X86_64, 17, &right), None);
        let wrong = ["fd", "count", "buf", "pos"];
        let text = difference(AbiId::X86_64, 17, &wrong).expect("a difference");
        assert!(text.contains("(fd, count, buf, pos)") && text.contains("(fd, buf, count, pos)"));
        assert!(difference(AbiId::X86_64, 17, &right[..3]).is_some());
        assert!(difference(AbiId::X86_64, 17, &[]).is_some());
    }

    #[test]
    fn what_was_not_recorded_is_not_judged() {
        assert_eq!(difference(AbiId::X86_64, 600, &["x"]), None);
        assert_eq!(difference(AbiId::I386, 102, &["x"]), None);
    }

    #[test]
    fn most_calls_were_recorded_and_the_tables_agree_on_every_abi() {
        for abi in AbiId::ALL {
            let mut recorded = 0;
            for call in table::all(abi) {
                let names: Vec<&str> = call.proto.args.iter().map(|arg| arg.name).collect();
                assert_eq!(
                    difference(abi, call.nr, &names),
                    None,
                    "{abi:?} {}",
                    call.name
                );
                recorded += usize::from(KERNEL.contains_key(call.proto.name));
            }
            assert!(recorded > 250, "{abi:?}: {recorded}");
        }
    }
}
