//! Which line of the output is which call of the ledger: an alignment that keeps the order.

use std::collections::HashSet;

use everycall_arch::AbiId;

use super::threads::Threads;
use super::{Finding, Traits, asked, claims, compare, text, told};
use crate::case::{Run, Verdict};
use crate::ledger::{Ledger, Made};
use crate::observe::{Seen, SeenResult};

/// Above this many cells the exact alignment would take too much memory: a hostile output gets a
/// greedy one instead.
const CELLS: usize = 16_000_000;
/// How far the greedy alignment looks ahead.
const AHEAD: usize = 64;

/// Each call that is missed, invented or mis-decoded.
pub(super) fn findings(
    run: &Run,
    ledger: &Ledger,
    threads: &Threads,
    lines: &[Seen],
    traits: &Traits,
) -> Vec<Finding> {
    let seen = without_start(run, lines, traits);
    let mut made: Vec<&Made> = ledger.calls.iter().collect();
    made.sort_by_key(|call| call.seq);
    let shown = |call: &Made| run.shown.get(call.slot).copied().unwrap_or(true);
    let own = |call: &Made, line: &Seen| threads.difference(run, call, line).is_none();
    let mut pairs = one_by_one(&made, seen, shown, own)
        .or_else(|| by_thread(threads, &made, seen))
        .unwrap_or_else(|| align(&made, seen));
    across_threads(&made, seen, &mut pairs);
    let mut findings = out_of_order(run, &made, seen, &pairs);
    for &(i, j) in &pairs {
        let (call, line) = (made[i], &seen[j]);
        if !shown(call) && traits.shows_unknown && compare::is_bare(line) {
            continue;
        }
        if !shown(call) {
            findings.push(invented(
                call.slot,
                "shown though it was not asked for",
                line,
            ));
        } else if let Some(wrong) = difference(run, threads, call, line, traits) {
            findings.push(misdecoded(call, &wrong, line));
        }
    }
    let calls: HashSet<usize> = pairs.iter().map(|pair| pair.0).collect();
    let lines: HashSet<usize> = pairs.iter().map(|pair| pair.1).collect();
    let mut anchors = ascending(pairs);
    anchors.push((made.len(), seen.len()));
    let mut from = (0, 0);
    for to in anchors {
        let missing = (from.0..to.0)
            .filter(|i| !calls.contains(i))
            .map(|i| made[i]);
        let unseen = |call: &Made| {
            traits.unseen.contains(&(call.abi, call.nr as u32)) || claims::may_lack_line(run, call)
        };
        let missing: Vec<&Made> = missing
            .filter(|call| shown(call) && !unseen(call))
            .collect();
        let extra = (from.1..to.1)
            .filter(|j| !lines.contains(j))
            .map(|j| &seen[j]);
        // An invented line stands after the call before the gap, and is put to that one's account.
        let before = from
            .0
            .checked_sub(1)
            .and_then(|i| made.get(i))
            .map_or(0, |call| call.slot);
        findings.extend(gap(&missing, extra.collect(), before));
        from = (to.0 + 1, to.1 + 1);
    }
    findings
}

/// Lines of two threads in an order in which the calls cannot have been made.
fn out_of_order(
    run: &Run,
    made: &[&Made],
    seen: &[Seen],
    pairs: &[(usize, usize)],
) -> Vec<Finding> {
    let pair = |slot: usize| pairs.iter().find(|(i, _)| made[*i].slot == slot);
    let both = run.terms.ordered.iter();
    let both = both.filter_map(|&(first, second)| Some((pair(first)?, pair(second)?)));
    let wrong = both.filter(|(first, second)| first.1 > second.1);
    let finding = |((_, _), (i, j)): (&(usize, usize), &(usize, usize))| {
        misdecoded(
            made[*i],
            "told before what had ended when it began",
            &seen[*j],
        )
    };
    wrong.map(finding).collect()
}

/// What is wrong with a line that is this call.
fn difference(
    run: &Run,
    threads: &Threads,
    call: &Made,
    line: &Seen,
    traits: &Traits,
) -> Option<String> {
    let lacking = Made {
        result: None,
        ..*call
    };
    let is_mute = |name: &String| traits.mute.contains(name) && line.result == SeenResult::None;
    let mute = line.name.as_ref().is_some_and(is_mute);
    let call = match mute || claims::may_lack_result(run, call, line) {
        true => &lacking,
        false => call,
    };
    compare::difference(call, line)
        .or_else(|| claims::difference(run, call, line))
        .or_else(|| told::difference(run, call, line))
        .or_else(|| threads.difference(run, call, line))
}

/// Aligns the calls of each thread with its lines.
fn by_thread(threads: &Threads, made: &[&Made], seen: &[Seen]) -> Option<Vec<(usize, usize)>> {
    let mut pairs = Vec::new();
    for (calls, lines) in threads.parts(made, seen)? {
        let own: Vec<&Made> = calls.iter().map(|i| made[*i]).collect();
        let said: Vec<Seen> = lines.iter().map(|j| seen[*j].clone()).collect();
        let found = align(&own, &said).into_iter();
        pairs.extend(found.map(|(i, j)| (calls[i], lines[j])));
    }
    Some(pairs)
}

/// Nobody promises the order between two threads: a call that is left over is also a line that is
/// left over, if the two agree wholly and the order within the line's own thread stays.
fn across_threads(made: &[&Made], seen: &[Seen], pairs: &mut Vec<(usize, usize)>) {
    let taken: HashSet<usize> = pairs.iter().map(|pair| pair.1).collect();
    let mut left: Vec<usize> = (0..seen.len()).filter(|j| !taken.contains(j)).collect();
    let found: HashSet<usize> = pairs.iter().map(|pair| pair.0).collect();
    for i in (0..made.len()).filter(|i| !found.contains(i)) {
        let fits = |j: usize| {
            let own = |pair: &&(usize, usize)| seen[pair.1].tid == seen[j].tid;
            compare::score(made[i], &seen[j]) == compare::BEST
                && pairs
                    .iter()
                    .filter(own)
                    .all(|pair| (pair.0 < i) == (pair.1 < j))
        };
        if let Some(at) = left.iter().position(|j| fits(*j)) {
            pairs.push((i, left.remove(at)));
        }
        if left.is_empty() {
            break;
        }
    }
}

/// Those of the pairs that ascend in both, by the order of the calls.
fn ascending(mut pairs: Vec<(usize, usize)>) -> Vec<(usize, usize)> {
    pairs.sort_unstable();
    let mut next = 0;
    pairs.retain(|pair| {
        let keep = pair.1 >= next;
        if keep {
            next = pair.1 + 1;
        }
        keep
    });
    pairs
}

/// What remains between two calls that were found: those that nobody showed, and lines of no call.
fn gap(missing: &[&Made], mut lines: Vec<&Seen>, before: usize) -> Vec<Finding> {
    let mut left = Vec::new();
    let mut findings = Vec::new();
    let mut pair = |call: &Made, line: &Seen| {
        let wrong = compare::difference(call, line).unwrap_or_else(|| "out of order".into());
        findings.push(misdecoded(call, &wrong, line));
    };
    // The same words under another name or number are the same call, told wrongly.
    for &call in missing {
        match lines
            .iter()
            .position(|line| compare::words_tell(call, line))
        {
            Some(found) => pair(call, lines.remove(found)),
            None => left.push(call),
        }
    }
    if left.len() == lines.len() {
        for (call, line) in left.drain(..).zip(lines.drain(..)) {
            pair(call, line);
        }
    }
    findings.extend(left.into_iter().map(missed));
    findings.extend(
        lines
            .iter()
            .map(|line| invented(before, "no such call was made", line)),
    );
    findings
}

fn missed(call: &Made) -> Finding {
    Finding {
        at: call.slot,
        verdict: Verdict::Missed,
        expected: text::made(call),
        observed: "no line for it".into(),
    }
}

fn invented(at: usize, why: &str, line: &Seen) -> Finding {
    Finding {
        at,
        verdict: Verdict::Invented,
        expected: "silence".into(),
        observed: format!("{why}: {}", text::short(&line.line)),
    }
}

fn misdecoded(call: &Made, wrong: &str, line: &Seen) -> Finding {
    Finding {
        at: call.slot,
        verdict: Verdict::MisDecoded,
        expected: text::made(call),
        observed: format!("{wrong}: {}", text::short(&line.line)),
    }
}

/// The output without the execve that started the probe: the tracer's own child made that call, so
/// no ledger has it.
fn without_start<'a>(run: &Run, seen: &'a [Seen], traits: &Traits) -> &'a [Seen] {
    const EXECVE: u32 = 59;
    let is_start = |line: &&Seen| {
        let named = line.nr == Some(EXECVE) || line.name.as_deref() == Some("execve");
        named && line.result == SeenResult::Value(0)
    };
    let most = match traits.shows_start {
        true => seen.len(),
        false => usize::from(asked(&run.ask, AbiId::X86_64, EXECVE)),
    };
    let start = seen.iter().take(most).take_while(is_start).count();
    seen.get(start..).unwrap_or(seen)
}

/// The pairs of an output that shows just the calls that it must, in their order, and each rightly: nearly
/// all are such, and need no search.
fn one_by_one(
    made: &[&Made],
    seen: &[Seen],
    shown: impl Fn(&Made) -> bool,
    own: impl Fn(&Made, &Seen) -> bool,
) -> Option<Vec<(usize, usize)>> {
    let asked = (0..made.len()).filter(|i| shown(made[*i]));
    let pairs: Vec<(usize, usize)> = asked.zip(0..seen.len() + 1).collect();
    let right = |&(i, j): &(usize, usize)| {
        let line = seen.get(j);
        let exact = |line: &Seen| compare::score(made[i], line) == compare::BEST;
        line.is_some_and(|line| exact(line) && own(made[i], line))
    };
    (pairs.len() == seen.len() && pairs.iter().all(right)).then_some(pairs)
}

/// Pairs of indices, ascending in both.
fn align(made: &[&Made], seen: &[Seen]) -> Vec<(usize, usize)> {
    let exact = |(call, line): (&&Made, &Seen)| compare::score(call, line) == compare::BEST;
    let head = made.iter().zip(seen).take_while(|p| exact(*p)).count();
    let (made, seen) = (&made[head..], &seen[head..]);
    let tail = made
        .iter()
        .rev()
        .zip(seen.iter().rev())
        .take_while(|p| exact(*p))
        .count();
    let (rest_made, rest_seen) = (&made[..made.len() - tail], &seen[..seen.len() - tail]);
    let middle = match rest_made.len().checked_mul(rest_seen.len()) {
        Some(cells) if cells <= CELLS => best(rest_made, rest_seen),
        _ => greedy(rest_made, rest_seen),
    };
    let heads = (0..head).map(|at| (at, at));
    let middles = middle.into_iter().map(|(i, j)| (head + i, head + j));
    let (i, j) = (head + rest_made.len(), head + rest_seen.len());
    let tails = (0..tail).map(|at| (i + at, j + at));
    heads.chain(middles).chain(tails).collect()
}

/// The alignment of the greatest sum of scores.
fn best(made: &[&Made], seen: &[Seen]) -> Vec<(usize, usize)> {
    let width = seen.len() + 1;
    // sums[i * width + j]: the best sum of made[i..] with seen[j..].
    let mut sums = vec![0_u32; (made.len() + 1) * width];
    for i in (0..made.len()).rev() {
        for j in (0..seen.len()).rev() {
            let score = compare::score(made[i], &seen[j]);
            let skip = sums[(i + 1) * width + j].max(sums[i * width + j + 1]);
            let take = match score {
                0 => 0,
                _ => sums[(i + 1) * width + j + 1] + score,
            };
            sums[i * width + j] = skip.max(take);
        }
    }
    let (mut i, mut j, mut pairs) = (0, 0, Vec::new());
    while i < made.len() && j < seen.len() {
        let sum = sums[i * width + j];
        let score = compare::score(made[i], &seen[j]);
        if score > 0 && sum == sums[(i + 1) * width + j + 1] + score {
            pairs.push((i, j));
            i += 1;
            j += 1;
        } else if sum == sums[(i + 1) * width + j] {
            i += 1;
        } else {
            j += 1;
        }
    }
    pairs
}

/// Each call with the next line that may be it.
fn greedy(made: &[&Made], seen: &[Seen]) -> Vec<(usize, usize)> {
    let mut next = 0;
    let mut pairs = Vec::new();
    for (i, call) in made.iter().enumerate() {
        let ahead = seen.iter().enumerate().skip(next).take(AHEAD);
        let found = ahead
            .filter(|(_, line)| compare::score(call, line) > 0)
            .map(|(j, _)| j)
            .next();
        if let Some(j) = found {
            pairs.push((i, j));
            next = j + 1;
        }
    }
    pairs
}

#[cfg(test)]
#[test]
fn a_flood_is_aligned_all_the_same() {
    use crate::judge::tests::{call, line};
    let made: Vec<Made> = (0..5000)
        .map(|n| call(AbiId::X86_64, 600, [n; 6]))
        .collect();
    let mut seen: Vec<Seen> = Vec::new();
    for (n, made) in made.iter().enumerate() {
        if n % 7 == 3 {
            seen.push(line(&call(AbiId::X86_64, 601, [1; 6])));
        }
        seen.push(line(made));
    }
    assert!(made.len() * seen.len() > CELLS);
    let made: Vec<&Made> = made.iter().collect();
    let pairs = align(&made, &seen);
    assert_eq!(pairs.len(), made.len());
}
