//! Patterns of names: `*` stands for anything, `{a,b}` for either, `{3..5}` for each of these numbers.

/// The patterns that one with alternatives stands for.
pub(crate) fn expand(pattern: &str) -> Result<Vec<String>, String> {
    /// More than any table has numbers.
    const MOST: usize = 10_000;
    /// More than anybody writes by hand: what is read may be hostile.
    const BRACES: usize = 8;
    if pattern.matches('{').count() > BRACES {
        return Err(format!("'{pattern}' has more than {BRACES} braces"));
    }
    let Some((before, rest)) = pattern.split_once('{') else {
        return Ok(vec![pattern.to_owned()]);
    };
    let (inside, after) = rest
        .split_once('}')
        .ok_or_else(|| format!("'{pattern}' has a brace that is not closed"))?;
    let mut choices = Vec::new();
    for choice in inside.split(',') {
        let range = choice.split_once("..");
        match range.and_then(|(low, high)| Some((low.parse().ok()?, high.parse().ok()?))) {
            Some((low, high)) if low <= high && high - low < MOST => {
                choices.extend((low..=high).map(|n: usize| n.to_string()));
            }
            Some(_) => return Err(format!("'{choice}' is no range of numbers")),
            None => choices.push(choice.to_owned()),
        }
        if choices.len() > MOST {
            return Err(format!("'{pattern}' stands for too many"));
        }
    }
    let tails = expand(after)?;
    if choices.len().saturating_mul(tails.len()) > MOST {
        return Err(format!("'{pattern}' stands for too many"));
    }
    let both = |choice: &String| -> Vec<String> {
        let whole = |tail: &String| format!("{before}{choice}{tail}");
        tails.iter().map(whole).collect()
    };
    Ok(choices.iter().flat_map(both).collect())
}

/// Whether `text` is of the pattern, in which `*` stands for any text.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else {
        return false;
    };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else {
        return rest.is_empty();
    };
    for part in parts {
        let Some(at) = rest.find(part) else {
            return false;
        };
        rest = rest.get(at + part.len()..).unwrap_or("");
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, text) in [
            ("a", "a"),
            ("*", ""),
            ("*", "abc"),
            ("a*c", "abc"),
            ("a*c", "ac"),
            ("*b*", "abc"),
            ("a*b*c", "aXbYc"),
        ] {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [
            ("a", "ab"),
            ("a", "ba"),
            ("", "a"),
            ("a*c", "abcd"),
            ("a*a", "a"),
            ("*b*b", "ab"),
            ("a*b*c", "acb"),
        ] {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
    }

    #[test]
    fn alternatives() {
        let expanded = |pattern| expand(pattern).expect(pattern);
        assert_eq!(expanded("a::b"), ["a::b"]);
        assert_eq!(
            expanded("x{,y}-{1..3,7}*"),
            [
                "x-1*", "x-2*", "x-3*", "x-7*", "xy-1*", "xy-2*", "xy-3*", "xy-7*"
            ]
        );
        for wrong in [
            "{a",
            "{3..1}",
            "{0..99999}",
            "{1..999}{1..999}",
            "{1..9999,1..9999}",
            "{a}{a}{a}{a}{a}{a}{a}{a}{a}",
        ] {
            assert!(expand(wrong).is_err(), "{wrong}");
        }
    }
}
