//! Text for the page. Whatever a tracer printed is only ever text there.

use std::fmt::{self, Display, Formatter, Write};

use crate::report::hidden::is_hidden;

/// Text between tags; characters that do not show, or that turn others round, are shown by their numbers.
pub(super) struct Text<'a>(pub(super) &'a str);

impl Display for Text<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                c if is_hidden(c) => write!(f, "<b class=\"c\">{}</b>", c.escape_default())?,
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_hostile_is_left_of_a_text() {
        let shown = |text: &str| Text(text).to_string();
        assert_eq!(shown("a<b>&\"'"), "a&lt;b&gt;&amp;&quot;&#39;");
        assert_eq!(shown("\u{1b}["), "<b class=\"c\">\\u{1b}</b>[");
        assert_eq!(shown("\n"), "<b class=\"c\">\\n</b>");
        for hidden in [
            "\u{0}", "\u{7f}", "\u{9b}", "\u{202e}", "\u{2066}", "\u{200b}", "\u{ffff}",
        ] {
            assert!(!shown(hidden).contains(hidden), "{hidden:?}");
        }
        assert_eq!(shown("äöü 中 €"), "äöü 中 €");
    }
}
