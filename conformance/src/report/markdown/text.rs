//! Text for Markdown. Whatever a tracer printed is only ever text there.

use crate::report::hidden::is_hidden;

/// So much of a text is told.
const MOST: usize = 400;

/// Text in a sentence.
pub(super) fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        if is_hidden(c) {
            plain.push_str(&c.escape_default().to_string().replace('\\', "\\\\"));
            continue;
        }
        // An underscore inside a word means nothing, and looks ugly behind a backslash.
        if "\\`*[]<>|#".contains(c) {
            plain.push('\\');
        }
        plain.push(c);
    }
    plain
}

/// The ends of long paths: where they lie on the machine of the run means nothing elsewhere.
fn without_places(text: &str) -> String {
    const KEPT: usize = 3;
    let short = |word: &str| {
        let parts: Vec<&str> = word.split('/').collect();
        match parts.len().checked_sub(KEPT) {
            Some(from) if word.starts_with('/') && from > KEPT => {
                format!(".../{}", parts.get(from..).unwrap_or_default().join("/"))
            }
            _ => word.to_owned(),
        }
    };
    let words: Vec<String> = text.split(' ').map(short).collect();
    words.join(" ")
}

/// A line of code, cut to what a list can bear.
pub(super) fn code(text: &str) -> String {
    let text = without_places(text);
    let mut line = String::new();
    for c in text.chars().take(MOST) {
        match is_hidden(c) {
            true => line.extend(c.escape_default()),
            false => line.push(c),
        }
    }
    if text.chars().nth(MOST).is_some() {
        line.push_str("...");
    }
    // A fence that is longer than any in the text.
    let longest = line.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let gap = if line.starts_with('`') || line.ends_with('`') {
        " "
    } else {
        ""
    };
    format!("{fence}{gap}{line}{gap}{fence}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_text_is_markup() {
        assert_eq!(
            plain("a_b <i> [x](y) | *"),
            "a_b \\<i\\> \\[x\\](y) \\| \\*"
        );
        assert_eq!(plain("a\u{1b}\nb"), "a\\\\u{1b}\\\\nb");
        assert_eq!(code("a"), "`a`");
        assert_eq!(code("at /a/b/c/d/e/f.rs:5: no"), "`at .../d/e/f.rs:5: no`");
        assert_eq!(code("/tmp/a/probe"), "`/tmp/a/probe`");
        assert_eq!(code("`"), "`` ` ``");
        assert_eq!(code("a``b\n"), "```a``b\\n```");
        assert!(code(&"x".repeat(1000)).len() < 500);
    }
}
