//! How much of a long report is told in full, so that the page stays one that a browser opens.

use crate::report::Entry;
use crate::report::kinds::Kind;

/// So many bytes of details.
const BYTES: usize = 3 << 20;
/// What a case takes besides its own texts.
const MARKUP: usize = 300;

/// How many cases of each kind are told in full: the greatest number with which all that is told stays within
/// bounds; one of each in any case.
pub(super) fn details(kinds: &[&Kind<'_>]) -> usize {
    let most = kinds.iter().map(|kind| kind.entries.len()).max();
    let (mut fits, mut too_many) = (1, most.unwrap_or(0) + 1);
    while too_many - fits > 1 {
        let middle = fits.midpoint(too_many);
        if bytes(kinds, middle) <= BYTES {
            fits = middle;
        } else {
            too_many = middle;
        }
    }
    fits
}

fn bytes(kinds: &[&Kind<'_>], each: usize) -> usize {
    let told = kinds.iter().flat_map(|kind| kind.entries.iter().take(each));
    told.map(|entry| size(entry)).sum()
}

fn size(entry: &Entry) -> usize {
    let texts = entry
        .decision()
        .map_or(0, |d| d.expected.len() + d.observed.len());
    texts + 2 * entry.case.len() + entry.subject.len() + MARKUP
}
