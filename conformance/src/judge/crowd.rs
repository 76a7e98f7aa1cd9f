//! Calls that are too many for a ledger: each thread of a crowd asks for its own id, again and again.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::{Finding, compare, text};
use crate::case::{Run, Verdict};
use crate::ledger::Made;
use crate::observe::{Seen, SeenResult};
use crate::terms::Crowd;

/// What is wrong with the lines of the run's crowd, and the lines that are not of it.
pub(super) fn split<'a>(run: &Run, seen: &'a [Seen]) -> (Vec<Finding>, Cow<'a, [Seen]>) {
    let Some(crowd) = run.terms.crowd else {
        return (Vec::new(), Cow::Borrowed(seen));
    };
    let call = Made {
        abi: run.abi,
        nr: crowd.nr.into(),
        words: [0; 6],
        result: None,
        slot: 0,
        seq: 0,
    };
    let own = |line: &&Seen| compare::same_call(&call, line);
    let (lines, others): (Vec<&Seen>, Vec<&Seen>) = seen.iter().partition(own);
    let wrong = lines.iter().find(|line| !tells_its_thread(line));
    let finding = |verdict, expected, observed| Finding {
        at: run.cases.first().map_or(0, |case| case.first),
        verdict,
        expected,
        observed,
    };
    let mut findings: Vec<Finding> = counted(crowd, &lines)
        .map(|(verdict, expected, observed)| finding(verdict, expected, observed))
        .into_iter()
        .collect();
    findings.extend(wrong.map(|line| {
        let expected = "the result is the id of the thread that makes the call".to_owned();
        finding(Verdict::MisDecoded, expected, text::short(&line.line))
    }));
    let others: Vec<Seen> = others.into_iter().cloned().collect();
    (findings, Cow::Owned(others))
}

fn tells_its_thread(line: &Seen) -> bool {
    match (&line.result, line.tid) {
        (SeenResult::Value(id), Some(tid)) => *id == tid as u64,
        (SeenResult::Value(_), None) => true,
        _ => false,
    }
}

/// Whether there are too few, too many, or not so many for each thread.
fn counted(crowd: Crowd, lines: &[&Seen]) -> Option<(Verdict, String, String)> {
    let made = crowd.threads * crowd.each;
    let mut threads: BTreeMap<Option<i32>, usize> = BTreeMap::new();
    for line in lines {
        *threads.entry(line.tid).or_default() += 1;
    }
    let told = !threads.contains_key(&None);
    let even = threads.len() == crowd.threads && threads.values().all(|n| *n == crowd.each);
    let verdict = match lines.len() {
        shown if shown < made => Verdict::Missed,
        shown if shown > made => Verdict::Invented,
        _ if told && !even => Verdict::MisDecoded,
        _ => return None,
    };
    Some((
        verdict,
        format!(
            "{made} calls: {} of each of {} threads",
            crowd.each, crowd.threads
        ),
        format!("{} lines of {} threads", lines.len(), threads.len()),
    ))
}

#[cfg(test)]
mod tests {
    use everycall_arch::AbiId;

    use super::*;
    use crate::judge::tests::{call, line, run_of};

    /// The lines of two threads with three calls each, and one of another call between them.
    fn lines() -> Vec<Seen> {
        let other = line(&call(AbiId::X86_64, 600, [1; 6]));
        let mut lines = vec![other];
        for tid in [7, 8, 7, 8, 8, 7] {
            let mut own = line(&call(AbiId::X86_64, 186, [0; 6]));
            (own.tid, own.result) = (Some(tid), SeenResult::Value(tid as u64));
            lines.push(own);
        }
        lines
    }

    fn verdict(lines: &[Seen]) -> Option<Verdict> {
        let mut run = run_of(&[]);
        run.terms.crowd = Some(Crowd {
            nr: 186,
            threads: 2,
            each: 3,
        });
        let (findings, others) = split(&run, lines);
        assert_eq!(others.len(), 1);
        findings.first().map(|finding| finding.verdict)
    }

    #[test]
    fn every_call_is_counted() {
        assert_eq!(verdict(&lines()), None);
        assert_eq!(verdict(&lines()[..6]), Some(Verdict::Missed));
        let mut more = lines();
        more.push(more[3].clone());
        assert_eq!(verdict(&more), Some(Verdict::Invented));
        let mut uneven = lines();
        (uneven[1].tid, uneven[1].result) = (Some(8), SeenResult::Value(8));
        assert_eq!(verdict(&uneven), Some(Verdict::MisDecoded));
    }

    #[test]
    fn a_result_that_is_anothers_is_told() {
        let mut lines = lines();
        lines[1].result = SeenResult::Value(8);
        assert_eq!(verdict(&lines), Some(Verdict::MisDecoded));
    }
}
