//! From a set of cases to patterns that stand for them and for no other case.

use std::collections::{BTreeMap, BTreeSet};

use super::pattern::{expand, matches};

/// So many names in one pattern; more become another pattern.
const NAMES: usize = 200;

/// Patterns for `set`, which is a part of `all`. Names have the form `abi::group::item/question`.
///
/// A name that has characters of patterns in it cannot be written, and is left out.
pub(super) fn compress(set: &BTreeSet<&str>, all: &[&str]) -> Vec<String> {
    let groups: BTreeSet<&str> = set.iter().filter_map(|name| group(name)).collect();
    let mut patterns = Vec::new();
    for own in groups {
        let all: Vec<&str> = in_group(all, own).collect();
        let set = in_group(set.iter().copied(), own).collect();
        let universe = Universe { all, set };
        for (tail, items) in by_tail(&universe) {
            for (heads, items) in by_heads(own, items) {
                patterns.extend(product(&universe, &heads, &items, &tail));
            }
        }
    }
    exact(patterns, set, all)
}

fn group(name: &str) -> Option<&str> {
    name.split("::").nth(1)
}

fn in_group<'a>(
    names: impl IntoIterator<Item = impl std::borrow::Borrow<&'a str>>,
    own: &str,
) -> impl Iterator<Item = &'a str> {
    let names = names.into_iter().map(|name| *name.borrow());
    names.filter(move |name| group(name) == Some(own))
}

/// All cases of a group, and those of them that patterns are sought for.
struct Universe<'a> {
    all: Vec<&'a str>,
    set: BTreeSet<&'a str>,
}

impl Universe<'_> {
    /// Whether the pattern stands for no case outside the set.
    fn is_exact(&self, pattern: &str) -> bool {
        let patterns = expand(pattern).unwrap_or_default();
        let own = |name: &&&str| patterns.iter().any(|pattern| matches(pattern, name));
        !patterns.is_empty() && self.all.iter().filter(own).all(|n| self.set.contains(n))
    }
}

/// `abi`, the way a call is made (`int80-`, or nothing), the item, and the question.
struct Parts<'a> {
    abi: &'a str,
    prefix: &'a str,
    item: &'a str,
    question: &'a str,
}

/// `int80-openat` is `openat` in another way when there is an `openat`, too.
fn parts<'a>(name: &'a str, items: &BTreeSet<&str>) -> Parts<'a> {
    let (abi, whole, question) = split(name);
    let mut at = 0;
    for (dash, _) in whole.match_indices('-') {
        let rest = whole.get(dash + 1..).unwrap_or_default();
        if items.contains(rest) {
            at = dash + 1;
        }
    }
    let (prefix, item) = whole.split_at(at);
    Parts {
        abi,
        prefix,
        item,
        question,
    }
}

/// The ABI, the item, and the question with its slash.
fn split(name: &str) -> (&str, &str, &str) {
    let (abi, rest) = name.split_once("::").unwrap_or(("", name));
    let case = rest.split_once("::").map_or("", |(_, case)| case);
    let (item, question) = case.split_at(case.rfind('/').unwrap_or(case.len()));
    (abi, item, question)
}

/// An item and where it is: ABIs and ways.
type Items<'a> = BTreeMap<&'a str, BTreeSet<(&'a str, &'a str)>>;

/// Items by the questions that are in the set for them, which become the end of a pattern.
fn by_tail<'a>(universe: &Universe<'a>) -> BTreeMap<String, Items<'a>> {
    let items: BTreeSet<&str> = universe.all.iter().map(|name| split(name).1).collect();
    let mut cells: BTreeMap<(&str, &str, &str), BTreeSet<&str>> = BTreeMap::new();
    for name in &universe.set {
        let parts = parts(name, &items);
        let cell = (parts.abi, parts.prefix, parts.item);
        cells.entry(cell).or_default().insert(parts.question);
    }
    let mut tails: BTreeMap<String, Items<'_>> = BTreeMap::new();
    for ((abi, prefix, item), questions) in cells {
        let own = format!("{prefix}{item}");
        let every = universe.all.iter().filter(|name| {
            let (of, item, _) = split(name);
            of == abi && item == own
        });
        let stems = format!("{own}/");
        let is_stem = items.iter().any(|item| item.starts_with(&stems));
        let tail = match questions.len() > 1 && every.count() == questions.len() && !is_stem {
            true => "/*".to_owned(),
            false => questions_of(&questions),
        };
        let items = tails.entry(tail).or_default();
        items.entry(item).or_default().insert((abi, prefix));
    }
    tails
}

/// `/only`, `/{only,scatter}`, or nothing where there is no question.
fn questions_of(questions: &BTreeSet<&str>) -> String {
    let bare: Vec<&str> = questions
        .iter()
        .map(|q| q.trim_start_matches('/'))
        .collect();
    match bare.as_slice() {
        [""] => String::new(),
        _ => format!("/{}", braced(&bare)),
    }
}

/// Items by the beginnings that they share: `{i386,x32}::numbers::{,int80-}`.
fn by_heads<'a>(group: &str, items: Items<'a>) -> Vec<(Vec<String>, Vec<&'a str>)> {
    let mut places: BTreeMap<BTreeSet<(&str, &str)>, Vec<&str>> = BTreeMap::new();
    for (item, place) in items {
        places.entry(place).or_default().push(item);
    }
    let heads = |place: BTreeSet<(&'a str, &'a str)>| {
        let mut abis: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (abi, prefix) in place {
            abis.entry(prefix).or_default().push(abi);
        }
        let mut prefixes: BTreeMap<Vec<&str>, Vec<&str>> = BTreeMap::new();
        for (prefix, abis) in abis {
            prefixes.entry(abis).or_default().push(prefix);
        }
        let head = |(abis, prefixes): (Vec<&str>, Vec<&str>)| {
            format!("{}::{group}::{}", braced(&abis), braced(&prefixes))
        };
        prefixes.into_iter().map(head).collect::<Vec<String>>()
    };
    let each = places.into_iter();
    each.map(|(place, items)| (heads(place), items)).collect()
}

/// Every head with every item, with as few words as are exact.
fn product(universe: &Universe<'_>, heads: &[String], items: &[&str], tail: &str) -> Vec<String> {
    let exact = |middle: &str| {
        let whole = |head: &String| universe.is_exact(&format!("{head}{middle}{tail}"));
        heads.iter().all(whole)
    };
    let mut left: BTreeSet<&str> = items.iter().copied().collect();
    let mut middles = Vec::new();
    for stem in stems(items) {
        let of = |item: &&str| item.starts_with(stem);
        if left.iter().copied().filter(|item| of(item)).count() > 1 {
            let star = format!("{stem}*");
            if exact(&star) {
                middles.push(star);
                left.retain(|item| !of(item));
            }
        }
    }
    middles.extend(numbered(&mut left));
    let rest: Vec<&str> = left.into_iter().collect();
    middles.extend(rest.chunks(NAMES).map(braced));
    let mut patterns = Vec::new();
    for middle in middles {
        patterns.extend(heads.iter().map(|head| format!("{head}{middle}{tail}")));
    }
    patterns
}

/// What items begin with, up to a dash or a slash; the shortest first, which is nothing at all.
fn stems<'a>(items: &[&'a str]) -> Vec<&'a str> {
    let ends = |item: &'a str| {
        let at = item.match_indices(['-', '/']).map(|(at, _)| at + 1);
        at.filter_map(|at| item.get(..at)).collect::<Vec<&str>>()
    };
    let mut stems: BTreeSet<(usize, &str)> = BTreeSet::from([(0, "")]);
    stems.extend(
        items
            .iter()
            .copied()
            .flat_map(ends)
            .map(|stem| (stem.len(), stem)),
    );
    stems.into_iter().map(|(_, stem)| stem).collect()
}

/// Takes out items that differ in their number alone: `hole-{13,45..47}`.
fn numbered(left: &mut BTreeSet<&str>) -> Vec<String> {
    let mut stems: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
    for item in left.iter() {
        if let Some((stem, number)) = number(item) {
            stems.entry(stem).or_default().insert(number);
        }
    }
    stems.retain(|_, numbers| numbers.len() > 1);
    left.retain(|item| !number(item).is_some_and(|(stem, _)| stems.contains_key(stem)));
    let each = stems.into_iter().flat_map(|(stem, numbers)| {
        let runs = runs(&numbers);
        let chunks = runs.chunks(NAMES).map(|chunk| {
            let runs: Vec<&str> = chunk.iter().map(String::as_str).collect();
            format!("{stem}{{{}}}", runs.join(","))
        });
        chunks.collect::<Vec<String>>()
    });
    each.collect()
}

/// What stands before an item's number, and the number, if that is how it would be written.
fn number(item: &str) -> Option<(&str, usize)> {
    let at = item.rfind('-')? + 1;
    let (stem, digits) = item.split_at_checked(at)?;
    let number: usize = digits.parse().ok()?;
    (number.to_string() == digits).then_some((stem, number))
}

/// `13`, `45..47`.
fn runs(numbers: &BTreeSet<usize>) -> Vec<String> {
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for &number in numbers {
        match runs.last_mut() {
            Some((_, end)) if end.checked_add(1) == Some(number) => *end = number,
            _ => runs.push((number, number)),
        }
    }
    let text = |&(first, last): &(usize, usize)| match last - first {
        0 => first.to_string(),
        1 => format!("{first},{last}"),
        _ => format!("{first}..{last}"),
    };
    runs.iter().map(text).collect()
}

fn braced(names: &[&str]) -> String {
    match names {
        [one] => (*one).to_owned(),
        _ => format!("{{{}}}", names.join(",")),
    }
}

/// The patterns that are needed, in their order, each of them exact; a case that none of them stands for by
/// its own name.
fn exact(patterns: Vec<String>, set: &BTreeSet<&str>, all: &[&str]) -> Vec<String> {
    let universe = Universe {
        all: all.to_vec(),
        set: set.clone(),
    };
    let mut left = set.clone();
    let own = set.iter().map(|name| (*name).to_owned());
    let mut kept = Vec::new();
    for pattern in patterns.into_iter().chain(own) {
        let expanded = expand(&pattern).unwrap_or_default();
        let is_own = |name: &&str| expanded.iter().any(|pattern| matches(pattern, name));
        if left.iter().any(is_own) && universe.is_exact(&pattern) {
            left.retain(|name| !is_own(name));
            kept.push(pattern);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: &[&str] = &[
        "i386::numbers::getpid/only",
        "i386::numbers::getpid/scatter",
        "i386::numbers::int80-getpid/only",
        "i386::numbers::int80-getpid/scatter",
        "i386::numbers::int80-openat/only",
        "i386::numbers::openat/only",
        "i386::numbers::hole-7/only",
        "i386::numbers::hole-8/only",
        "i386::numbers::hole-9/only",
        "i386::numbers::hole-9/scatter",
        "x32::numbers::getpid/only",
        "x32::numbers::getpid/scatter",
        "x32::numbers::edge-0x10/only",
        "x32::seccomp::a-b/c/only",
        "x32::seccomp::a-b/only",
        "x32::seccomp::a-b/scatter",
    ];

    fn of(names: &[&'static str]) -> Vec<String> {
        let set: BTreeSet<&str> = names.iter().copied().collect();
        let patterns = compress(&set, ALL);
        let expanded: Vec<String> = patterns
            .iter()
            .flat_map(|pattern| expand(pattern).expect("a right pattern"))
            .collect();
        let stands = |name: &&&str| expanded.iter().any(|pattern| matches(pattern, name));
        let stood: BTreeSet<&str> = ALL.iter().filter(stands).copied().collect();
        assert_eq!(stood, set, "{patterns:?}");
        patterns
    }

    #[test]
    fn what_is_alike_becomes_one_pattern() {
        for (names, patterns) in [
            (&ALL[..2], &["i386::numbers::getpid/*"][..]),
            (&ALL[..4], &["i386::numbers::{,int80-}getpid/*"]),
            (&[ALL[0], ALL[2]], &["i386::numbers::{,int80-}getpid/only"]),
            (&[ALL[4], ALL[5]], &["i386::numbers::{,int80-}openat/only"]),
            (&[ALL[6], ALL[7], ALL[8]], &["i386::numbers::hole-*/only"]),
            (&[ALL[6], ALL[7]], &["i386::numbers::hole-{7,8}/only"]),
            (&[ALL[0], ALL[10]], &["{i386,x32}::numbers::getpid/only"]),
            (&[ALL[12]], &["x32::numbers::edge-0x10/only"]),
        ] {
            assert_eq!(of(names), patterns, "{names:?}");
        }
    }

    #[test]
    fn no_part_of_the_cases_gets_a_pattern_that_stands_for_others() {
        // Every subset of one half of the names, then of the other.
        let (first, second) = ALL.split_at(ALL.len() / 2);
        for half in [first, second] {
            for bits in 0..1_u32 << half.len() {
                let own = half.iter().enumerate();
                let own = own.filter(|(at, _)| bits >> at & 1 == 1);
                let names: Vec<&'static str> = own.map(|(_, name)| *name).collect();
                of(&names);
            }
        }
        assert_eq!(of(ALL).len(), of(ALL).iter().collect::<BTreeSet<_>>().len());
    }

    #[test]
    fn names_that_no_pattern_can_have_are_left_out() {
        let all = [
            "i386::numbers::{a/only",
            "i386::numbers::b*/only",
            "i386::numbers::bc/only",
        ];
        let set = all[..2].iter().copied().collect();
        assert!(compress(&set, &all).is_empty());
    }
}
