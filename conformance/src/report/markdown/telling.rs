//! Which failures say most of today's tracers.

use std::cmp::Reverse;

use crate::judge::gravity;
use crate::numbers;
use crate::report::Report;
use crate::report::kinds::{Kind, kinds};

/// A kind of failure, and all tracers that have it.
pub(super) struct Telling<'a> {
    pub(super) subjects: Vec<&'a str>,
    pub(super) kind: Kind<'a>,
}

/// The gravest kind of each tracer, then the second of each, until there are so many. One that several tracers
/// have for the same reason is told once.
pub(super) fn telling(report: &Report, most: usize) -> Vec<Telling<'_>> {
    let subjects = report.subjects();
    let mut ranked: Vec<(usize, Telling<'_>)> = Vec::new();
    for (subject, ..) in &subjects {
        let own = report
            .entries
            .iter()
            .filter(|entry| entry.subject == *subject);
        let mut kinds = kinds(own);
        kinds.retain(|kind| kind.verdict.is_some());
        kinds.sort_by_key(rank);
        for (place, kind) in kinds.into_iter().enumerate() {
            let same = |(_, told): &&mut (usize, Telling<'_>)| {
                kind.reason.is_some()
                    && told.kind.reason == kind.reason
                    && told.kind.verdict == kind.verdict
            };
            match ranked.iter_mut().find(same) {
                Some((_, told)) => told.subjects.push(subject),
                None => ranked.push((
                    place,
                    Telling {
                        subjects: vec![subject],
                        kind,
                    },
                )),
            }
        }
    }
    ranked.sort_by_key(|(place, _)| *place);
    ranked.truncate(most);
    ranked.into_iter().map(|(_, told)| told).collect()
}

/// A program that goes another way says more than a number that a table lacks; then the gravest first, then what
/// befalls most cases.
fn rank(kind: &Kind<'_>) -> (bool, u8, Reverse<usize>) {
    let only_numbers = kind
        .entries
        .iter()
        .all(|entry| entry.group == numbers::GROUP);
    let gravity = kind.verdict.map_or(u8::MAX, gravity);
    (only_numbers, gravity, Reverse(kind.entries.len()))
}
