//! One comparison after the other: each takes away a piece, until one is left.

use super::plan::{Next, Part, Plan, Question};
use crate::check::MAX_INSNS;
use crate::insn::Cond;

/// What one comparison takes away.
struct Peel {
    question: Question,
    leaf: usize,
    /// Whether it is what the comparison holds for.
    when: bool,
}

/// Which piece is taken away next.
#[derive(Clone, Copy)]
pub(super) enum Order {
    /// The likeliest.
    Likely,
    /// One whose neighbours are alike, so that two pieces less are left: that makes the chain short, and is what takes
    /// the complement of a set where that has fewer ranges.
    Short,
}

/// The chain; `None` when it would be longer than a program may be.
pub(super) fn plan(part: &Part, order: Order) -> Option<Plan> {
    if part.pieces.len() > 2 * MAX_INSNS {
        return None;
    }
    let mut part = part.clone();
    let mut peels = Vec::new();
    while part.pieces.len() > 1 {
        let at = (0..part.pieces.len())
            .filter(|&at| peel(&part, at).is_some())
            .max_by_key(|&at| {
                let weight = part.weights.get(at).copied().unwrap_or(0);
                match order {
                    Order::Likely => (weight, u64::from(joins(&part, at))),
                    Order::Short => (u64::from(joins(&part, at)), weight),
                }
            })?;
        peels.push(peel(&part, at)?);
        remove(&mut part, at);
    }
    let mut plan = Plan::new();
    let mut next = Next::Leaf(part.pieces.first()?.leaf);
    for peel in peels.into_iter().rev() {
        let leaf = Next::Leaf(peel.leaf);
        let (holds, fails) = if peel.when {
            (leaf, next)
        } else {
            (next, leaf)
        };
        next = plan.ask(peel.question, holds, fails);
    }
    plan.root = next;
    Some(plan)
}

/// How one comparison takes the piece away, if it can.
fn peel(part: &Part, at: usize) -> Option<Peel> {
    let piece = part.pieces.get(at)?;
    let (question, when) = match part.pieces.get(at + 1) {
        None => (Question::Compare(Cond::Ge, piece.start), true),
        Some(next) if at == 0 => (Question::Compare(Cond::Ge, next.start), false),
        Some(_) if piece.start == piece.end => (Question::Compare(Cond::Eq, piece.start), true),
        Some(_) => return None,
    };
    let leaf = piece.leaf;
    Some(Peel {
        question,
        leaf,
        when,
    })
}

/// Whether the neighbours of a piece are alike.
fn joins(part: &Part, at: usize) -> bool {
    let leaf = |at: usize| part.pieces.get(at).map(|piece| piece.leaf);
    at > 0 && leaf(at - 1).is_some() && leaf(at - 1) == leaf(at + 1)
}

/// Takes a piece away; neighbours that are alike become one.
fn remove(part: &mut Part, at: usize) {
    let together = joins(part, at);
    part.pieces.remove(at);
    part.weights.remove(at);
    if together {
        let (after, weight) = (part.pieces.remove(at), part.weights.remove(at));
        if let Some(before) = part.pieces.get_mut(at - 1) {
            before.end = after.end;
        }
        if let Some(before) = part.weights.get_mut(at - 1) {
            *before += weight;
        }
    }
}
