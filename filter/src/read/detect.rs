//! Which kind of text a program is written in.

/// A kind of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Text {
    /// `0000: 0x20 0x00 0x00 0x00000004  A = arch`, as `seccomp-tools dump` and libseccomp's `scmp_bpf_disasm` print it.
    Columns,
    /// `A = arch`, as `seccomp-tools asm` takes it.
    Pseudo,
    /// `{ 0x20, 0, 0, 4 },`, as `bpf_asm -c` prints it, or `BPF_STMT(..)` as people write it and strace prints it.
    C,
    /// `2,32 0 0 4,6 0 0 0,`, as `bpf_asm` prints it.
    Decimal,
    /// `ld [4]`, as `bpf_asm` takes it.
    Asm,
}

/// The kind of a text, by its first lines that say something.
pub(super) fn text(text: &str) -> Text {
    let says = |line: &&str| !line.is_empty() && !line.starts_with(['#', ';', '=']);
    let mut lines = text.lines().map(str::trim).filter(says);
    let first = lines.next().unwrap_or_default();
    let second = lines.next().unwrap_or_default();
    if is_columns(first) || is_columns(second) {
        return Text::Columns;
    }
    if text.contains("BPF_STMT") || text.contains("sock_filter") || first.starts_with(['{', '[']) {
        return Text::C;
    }
    let digits = |c: char| c.is_ascii_digit() || c == ',' || c.is_ascii_whitespace();
    if !first.is_empty() && first.chars().all(digits) {
        return Text::Decimal;
    }
    if is_pseudo(first) || is_pseudo(second) {
        return Text::Pseudo;
    }
    Text::Asm
}

/// Whether a text that begins with a brace is an array in C, and not JSON.
pub(super) fn is_braces(text: &str) -> bool {
    let after = text.trim_start().get(1..).unwrap_or_default().trim_start();
    !after.starts_with(['"', '}'])
}

/// Whether a text is a policy: its first line that says something begins a table, or gives a key that policies have.
pub(super) fn is_policy(text: &str) -> bool {
    let mut lines = text.lines().map(str::trim);
    let first = lines.find(|line| !line.is_empty() && !line.starts_with('#'));
    let first = first.unwrap_or_default();
    let key = first.split('=').next().unwrap_or_default().trim();
    first.starts_with("[[rule]]")
        || first.contains('=') && ["abis", "default", "other-abis"].contains(&key)
}

/// Whether a line has the four parts of an instruction in hexadecimal.
pub(super) fn is_columns(line: &str) -> bool {
    let (_, rest) = labelled(line);
    let mut words = rest.split_whitespace();
    (0..4).all(|_| words.next().is_some_and(|word| word.starts_with("0x")))
}

/// The digits before a colon at a line's beginning, and what is behind.
pub(super) fn labelled(line: &str) -> (Option<&str>, &str) {
    let number = |&(label, _): &(&str, &str)| {
        !label.is_empty() && label.chars().all(|c| c.is_ascii_hexdigit())
    };
    match line.trim_start().split_once(':').filter(number) {
        Some((label, rest)) => (Some(label), rest),
        None => (None, line),
    }
}

/// Whether a line is a statement of `seccomp-tools`.
fn is_pseudo(line: &str) -> bool {
    let statement = line.split_once(':').map_or(line, |(label, rest)| {
        let name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        match label.chars().all(name) && !rest.trim().is_empty() {
            true => rest,
            false => line,
        }
    });
    let mut words = statement.split_whitespace();
    let (first, second) = (words.next().unwrap_or_default(), words.next());
    let first = first.to_ascii_lowercase();
    matches!(first.as_str(), "return" | "goto" | "if")
        || first.starts_with("if(")
        || second.is_some_and(|sign| sign.ends_with('=') || sign.starts_with(['>', '<', '&']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_told_apart() {
        for (sample, kind) in [
            (
                " line  CODE  JT   JF      K\n====\n 0000: 0x20 0x00 0x00 0x00000004  A = arch\n",
                Text::Columns,
            ),
            ("0x06 0x00 0x00 0x00000000", Text::Columns),
            ("# by hand\nA = arch\n", Text::Pseudo),
            ("0000: A = arch\n", Text::Pseudo),
            ("start:\n  A == 5 ? yes : next\n", Text::Pseudo),
            ("return ALLOW", Text::Pseudo),
            ("{ 0x20,  0,  0, 0x00000004 },\n", Text::C),
            (
                "struct sock_filter f[] = {\nBPF_STMT(BPF_RET | BPF_K, 0)};",
                Text::C,
            ),
            ("{len=1, filter=[BPF_STMT(BPF_RET|BPF_K, 0)]}", Text::C),
            ("1,6 0 0 0,\n", Text::Decimal),
            ("1\n6 0 0 0\n", Text::Decimal),
            ("ld [4]\njeq #5, l1, l2", Text::Asm),
            ("l0:\tld [4] ; arch\n", Text::Asm),
            ("", Text::Asm),
        ] {
            assert_eq!(text(sample), kind, "{sample:?}");
        }
    }
}
