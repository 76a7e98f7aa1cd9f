//! A balanced search: each comparison leaves half of the pieces.

use super::plan::{Next, Part, Piece, Plan};
use crate::insn::Cond;

/// The search.
pub(super) fn plan(part: &Part) -> Plan {
    let mut plan = Plan::new();
    plan.root = search(&mut plan, &part.pieces, &mut |_, piece| {
        Next::Leaf(piece.leaf)
    });
    plan
}

/// Searches pieces; `found` is asked what comes after one.
pub(super) fn search(
    plan: &mut Plan,
    pieces: &[Piece],
    found: &mut dyn FnMut(&mut Plan, &Piece) -> Next,
) -> Next {
    match pieces {
        [] => Next::Leaf(usize::MAX),
        [only] => found(plan, only),
        // One number among others: one comparison instead of two.
        [below, number, above] if below.leaf == above.leaf && number.start == number.end => {
            let (holds, fails) = (found(plan, number), found(plan, below));
            plan.compare(Cond::Eq, number.start, holds, fails)
        }
        _ => {
            let (low, high) = pieces.split_at(pieces.len() / 2);
            let start = high.first().map_or(0, |piece| piece.start);
            let holds = search(plan, high, found);
            let fails = search(plan, low, found);
            plan.compare(Cond::Ge, start, holds, fails)
        }
    }
}
