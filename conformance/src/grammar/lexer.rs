//! Splits the arguments of one printed call, minding quotes, brackets and comments.

/// The arguments of a call and what follows its closing parenthesis.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Split<'a> {
    /// The arguments' texts, untrimmed.
    pub(super) args: Vec<&'a str>,
    /// What comes after the closing parenthesis.
    pub(super) rest: &'a str,
}

/// Splits the text after a call's opening parenthesis. `None` when it is never closed.
pub(super) fn split(text: &str) -> Option<Split<'_>> {
    let bytes = text.as_bytes();
    let mut args = Vec::new();
    let (mut depth, mut start, mut at) = (0_usize, 0_usize, 0_usize);
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'"' => at = end_of_string(bytes, at),
            b'/' if bytes.get(at + 1) == Some(&b'*') => at = end_of_comment(bytes, at),
            b'(' | b'[' | b'{' => depth += 1,
            b')' if depth == 0 => {
                let last = text.get(start..at)?;
                if !(args.is_empty() && last.trim().is_empty()) {
                    args.push(last);
                }
                return Some(Split {
                    args,
                    rest: text.get(at + 1..)?,
                });
            }
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            b',' if depth == 0 => {
                args.push(text.get(start..at)?);
                start = at + 1;
            }
            _ => {}
        }
        at += 1;
    }
    None
}

/// The index of the quote that ends the string that begins at `at` (or of the last byte).
fn end_of_string(bytes: &[u8], at: usize) -> usize {
    let mut end = at + 1;
    while let Some(&byte) = bytes.get(end) {
        match byte {
            b'\\' => end += 1,
            b'"' => return end,
            _ => {}
        }
        end += 1;
    }
    bytes.len()
}

/// The index of the slash that ends the comment that begins at `at` (or of the last byte).
fn end_of_comment(bytes: &[u8], at: usize) -> usize {
    let body = at + 2;
    bytes
        .get(body..)
        .and_then(|rest| rest.windows(2).position(|pair| pair == b"*/"))
        .map_or(bytes.len(), |found| body + found + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(text: &str) -> Option<(Vec<&str>, &str)> {
        split(text).map(|s| (s.args, s.rest))
    }

    #[test]
    fn arguments_are_split_at_their_own_commas_only() {
        assert_eq!(args(") = 0"), Some((vec![], " = 0")));
        assert_eq!(args("1, 0x2) = 3"), Some((vec!["1", " 0x2"], " = 3")));
        assert_eq!(
            args(r#"3, "a,)\",b", {x=1, y=[2, 3]}, f(1, 2) /* ), */) = 3"#),
            Some((
                vec![
                    "3",
                    r#" "a,)\",b""#,
                    " {x=1, y=[2, 3]}",
                    " f(1, 2) /* ), */"
                ],
                " = 3"
            ))
        );
    }

    #[test]
    fn what_is_never_closed_is_none() {
        for text in [
            "",
            "1, 2",
            "\"abc) = 0",
            "\"abc\\",
            "{1) = 0",
            "/* ) = 0",
            "/*",
            "1, /",
        ] {
            assert_eq!(args(text), None, "{text:?}");
        }
    }
}
