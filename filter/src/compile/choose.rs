//! Which decision is taken: the strategy's, or the one that costs least.

use super::emit::Target;
use super::plan::{Part, Piece, Plan};
use super::{CompileError, Strategy, bitmap, linear, search, weighted};
use crate::action::RET_ALLOW;
use crate::likely::Point;

/// With more pieces than this a chain of comparisons is never the cheapest.
const MAX_FOR_CHAIN: usize = 64;

/// With more pieces than this nobody weighs them.
const MAX_WEIGHED: usize = 2048;

/// What the lightest piece weighs at least, as parts of what pieces weigh on average: the more, the less a search for what
/// is likely leaves the others far behind. Each is tried.
const LIGHTEST: [(u64, u64); 3] = [(0, 1), (1, 16), (1, 2)];

/// The decision among `leaves` for a word that is cut into these pieces.
pub(super) fn decide(
    pieces: &[Piece],
    points: &[Point],
    leaves: &[Target],
    strategy: Strategy,
) -> Result<Plan, CompileError> {
    let part = part(pieces, points, leaves);
    let too_long = CompileError::TooLong {
        len: part.pieces.len() / 2,
    };
    match strategy {
        Strategy::Search => Ok(search::plan(&part)),
        Strategy::Bitmap => Ok(bitmap::plan(&part)),
        Strategy::Linear => cheapest(chains(&part), &part, leaves).ok_or(too_long),
        Strategy::Auto => {
            let mut plans = vec![search::plan(&part), bitmap::plan(&part)];
            if part.pieces.len() <= MAX_FOR_CHAIN {
                plans.extend(chains(&part));
            }
            if part.pieces.len() <= MAX_WEIGHED {
                let floors = LIGHTEST.map(|(of, parts)| part.average() * of / parts);
                plans.extend(floors.map(|floor| weighted::plan(&part.lifted(floor.max(1)))));
            }
            cheapest(plans, &part, leaves).ok_or(too_long)
        }
    }
}

fn chains(part: &Part) -> Vec<Plan> {
    let orders = [linear::Order::Likely, linear::Order::Short];
    let chains = orders.map(|order| linear::plan(part, order));
    chains.into_iter().flatten().collect()
}

/// The pieces, weighed, with neighbours that lead to the same target made one.
fn part(pieces: &[Piece], points: &[Point], leaves: &[Target]) -> Part {
    let mut distinct: Vec<Piece> = Vec::with_capacity(pieces.len());
    for piece in pieces {
        match distinct.last_mut() {
            Some(last) if leaves.get(last.leaf) == leaves.get(piece.leaf) => last.end = piece.end,
            _ => distinct.push(*piece),
        }
    }
    // A piece of which no number is likely is told by its first.
    let mut all: Vec<Point> = points.to_vec();
    for piece in &distinct {
        let at = points.partition_point(|point| point.0 < piece.start);
        if points.get(at).is_none_or(|point| point.0 > piece.end) {
            all.push((piece.start, 1));
        }
    }
    all.sort_unstable();
    Part::new(distinct, &all)
}

/// The plan that costs least, and of those that cost the same the shortest.
fn cheapest(plans: Vec<Plan>, part: &Part, leaves: &[Target]) -> Option<Plan> {
    plans
        .into_iter()
        .min_by_key(|plan| (cost(plan, part, leaves), plan.length()))
}

/// How many instructions likely calls execute, weighted, with and without the kernel's cache.
fn cost(plan: &Plan, part: &Part, leaves: &[Target]) -> u64 {
    let of = |&(number, weight): &Point| {
        let way = plan.follow(number);
        let is_allowed = leaves.get(way.leaf) == Some(&Target::Return(RET_ALLOW));
        let kernels = if is_allowed && !way.understood { 2 } else { 1 };
        u64::from(weight) * way.executed * kernels
    };
    part.points().iter().map(of).sum()
}
