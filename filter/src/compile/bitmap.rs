//! A bit for each number: a search over windows of 32 numbers, and for each window a mask.
//!
//! A window need not start at a multiple of 32: the low five bits of 32 numbers in a row are all different. What a mask
//! costs, five instructions, a search among its 32 numbers never exceeds; so this is for programs that must be short.

use super::plan::{Next, Part, Piece, Plan, Question};
use super::search::search;

/// A window with fewer pieces than this is searched instead.
const MIN_PIECES: usize = 5;

/// A bit for each number of a window: set for the treatment `ones`.
#[derive(Clone, Copy)]
struct Bits {
    mask: u32,
    ones: usize,
    zeros: usize,
}

/// The windows and the search over them.
pub(super) fn plan(part: &Part) -> Plan {
    // A window is searched for as a treatment of its own.
    let first_window = part.pieces.iter().map(|piece| piece.leaf + 1).max();
    let first_window = first_window.unwrap_or(0);
    let mut windows = Vec::new();
    let mut places: Vec<Piece> = Vec::new();
    let mut rest = part.pieces.as_slice();
    let mut next = Some(0);
    while let (Some(piece), Some(start)) = (rest.first(), next) {
        let start = piece.start.max(start);
        let (leaf, end) = match bits(rest, start) {
            Some((bits, end)) => {
                windows.push(bits);
                (first_window + windows.len() - 1, end)
            }
            None => (piece.leaf, piece.end),
        };
        places.push(Piece { start, end, leaf });
        next = end.checked_add(1);
        let done = rest.partition_point(|piece| piece.end <= end);
        rest = rest.get(done..).unwrap_or_default();
    }
    let mut plan = Plan::new();
    plan.root = search(&mut plan, &places, &mut |plan, place| {
        let window = place.leaf.checked_sub(first_window);
        match window.and_then(|window| windows.get(window)) {
            Some(bits) => plan.ask(
                Question::Bit(bits.mask),
                Next::Leaf(bits.ones),
                Next::Leaf(bits.zeros),
            ),
            None => Next::Leaf(place.leaf),
        }
    });
    plan
}

/// The window that starts at `start`, if its pieces are many enough and have two treatments; and where it ends.
fn bits(pieces: &[Piece], start: u32) -> Option<(Bits, u32)> {
    let end = start.checked_add(31)?;
    let inside: Vec<&Piece> = pieces
        .iter()
        .take_while(|piece| piece.start <= end)
        .collect();
    let zeros = inside.first()?.leaf;
    let ones = inside.get(1)?.leaf;
    let alike = |piece: &&Piece| piece.leaf == zeros || piece.leaf == ones;
    if inside.len() < MIN_PIECES || !inside.iter().all(alike) {
        return None;
    }
    let mask = inside
        .iter()
        .filter(|piece| piece.leaf == ones)
        .flat_map(|piece| piece.start.max(start)..=piece.end.min(end))
        .fold(0, |mask, number| mask | 1 << (number & 31));
    Some((Bits { mask, ones, zeros }, end))
}
