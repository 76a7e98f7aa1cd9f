//! The arguments' names as the kernel itself gives them, recorded from tracefs: an oracle that no
//! table of ours had a part in.

use std::collections::HashMap;
use std::sync::LazyLock;

use everycall_arch::{AbiId, Ty, table};

use crate::observe::SeenArg;

/// Entry points with their numbers and arguments: `43 accept(int fd, struct sockaddr * upeer_sockaddr, ...)`.
/// Recorded by a test of `arch`.
const RECORDED: &str = include_str!("../../../fixtures/kernel/x86_64-7.2-syscalls.txt");

/// By entry point: the names of its arguments.
static KERNEL: LazyLock<HashMap<&str, Vec<&str>>> = LazyLock::new(|| {
    let lines = RECORDED.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(signature).collect()
});

/// An entry point's name, and those of its arguments.
fn signature(line: &str) -> Option<(&str, Vec<&str>)> {
    let (_, rest) = line.split_once(' ')?;
    let (name, args) = rest.strip_suffix(')')?.split_once('(')?;
    let args = args
        .split(',')
        .filter_map(|arg| arg.split([' ', '*']).next_back());
    Some((name, args.filter(|arg| !arg.is_empty()).collect()))
}

/// i386's calls with arguments of 64 bits: how many words each argument takes. Every other argument
/// takes one. Written by hand after the kernel's own entry points (arch/x86/kernel/sys_ia32.c and
/// fs/notify/fanotify/fanotify_user.c), by number: names are for display.
const I386_WIDE: &[(u32, &[usize])] = &[
    (180, &[1, 1, 1, 2]),
    (181, &[1, 1, 1, 2]),
    (193, &[1, 2]),
    (194, &[1, 2]),
    (225, &[1, 2, 1]),
    (250, &[1, 2, 1, 1]),
    (253, &[2, 1, 1]),
    (272, &[1, 2, 2, 1]),
    (314, &[1, 2, 2, 1]),
    (324, &[1, 1, 2, 2]),
    (339, &[1, 1, 2, 1, 1]),
];

/// The same of ARM, after arch/arm/kernel/sys_arm.c, arch/arm64/kernel/sys32.c and the generic ones. There the
/// first of two words is an even one.
const ARM_WIDE: &[(u32, &[usize])] = &[
    (180, &[1, 1, 1, 2]),
    (181, &[1, 1, 1, 2]),
    (193, &[1, 2]),
    (194, &[1, 2]),
    (225, &[1, 2, 1]),
    (249, &[2, 1, 1]),
    (270, &[1, 1, 2, 2]),
    (341, &[1, 1, 2, 2]),
    (352, &[1, 1, 2, 2]),
    (368, &[1, 1, 2, 1, 1]),
];

/// What is wrong with the words that arguments are made of: how many they are, and where they lie.
pub(super) fn widths(abi: AbiId, nr: u32, args: &[SeenArg]) -> Option<String> {
    let wide = match abi {
        AbiId::I386 => I386_WIDE,
        AbiId::Arm => ARM_WIDE,
        AbiId::X86_64 | AbiId::X32 | AbiId::Aarch64 => &[],
    };
    let wide = wide.iter().find(|(wide, _)| *wide == nr);
    let wide = wide.map_or(&[][..], |(_, widths)| widths);
    args.iter().enumerate().find_map(|(at, arg)| {
        let takes = wide.get(at).copied().unwrap_or(1);
        let made = arg.words.len();
        let plural = if made == 1 { "" } else { "s" };
        if made != takes {
            return Some(format!(
                "argument {} is made of {made} word{plural}, but takes {takes}",
                arg.name
            ));
        }
        let odd = arg.words.first().is_some_and(|first| first % 2 != 0);
        (abi == AbiId::Arm && takes == 2 && odd).then(|| {
            format!(
                "argument {} begins at word {}, and must at an even one",
                arg.name, arg.words[0]
            )
        })
    })
}

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
    fn wide_arguments_take_two_words_on_i386_and_no_other_does() {
        let arg = |words: &[u8]| SeenArg {
            name: "pos".into(),
            words: words.to_vec(),
            value: 0,
        };
        let pread = [arg(&[0]), arg(&[1]), arg(&[2]), arg(&[3, 4])];
        assert_eq!(widths(AbiId::I386, 180, &pread), None);
        assert_eq!(
            widths(
                AbiId::I386,
                180,
                &[arg(&[0]), arg(&[1]), arg(&[2]), arg(&[3])]
            ),
            Some("argument pos is made of 1 word, but takes 2".into())
        );
        assert!(widths(AbiId::I386, 3, &pread).is_some());
        assert!(widths(AbiId::X86_64, 180, &pread).is_some());
    }

    #[test]
    fn wide_arguments_begin_at_an_even_word_on_arm() {
        let arg = |words: &[u8]| SeenArg {
            name: "pos".into(),
            words: words.to_vec(),
            value: 0,
        };
        let pread = |pos: &[u8]| [arg(&[0]), arg(&[1]), arg(&[2]), arg(pos)];
        assert_eq!(widths(AbiId::Arm, 180, &pread(&[4, 5])), None);
        assert_eq!(
            widths(AbiId::Arm, 180, &pread(&[3, 4])),
            Some("argument pos begins at word 3, and must at an even one".into())
        );
        assert!(widths(AbiId::Arm, 180, &pread(&[4])).is_some());
    }

    /// The tables that the tracer shares, held against those above.
    #[test]
    fn the_tables_agree_with_the_widths() {
        for abi in AbiId::ALL {
            for call in table::all(abi) {
                let slots = everycall_arch::slots::slots(abi, call.proto);
                let args = slots.iter().map(|slot| SeenArg {
                    name: String::new(),
                    words: (slot.first..slot.first + slot.words).collect(),
                    value: 0,
                });
                let args: Vec<SeenArg> = args.collect();
                assert_eq!(widths(abi, call.nr, &args), None, "{abi:?} {}", call.name);
            }
        }
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
