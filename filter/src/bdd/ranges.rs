//! A function as ranges of some of its bits.

use std::ops::Range;

use super::{Bdd, Node, Var};

impl Bdd {
    /// Cuts the values that `bits` can have into the longest ranges for which a function, which asks nothing before them,
    /// is one and the same behind them, in ascending order; `None` when there are more than `most`.
    pub(crate) fn ranges(
        &self,
        node: Node,
        bits: Range<Var>,
        most: usize,
    ) -> Option<Vec<(u64, u64, Node)>> {
        let mut ranges: Vec<(u64, u64, Node)> = Vec::new();
        let mut pending = vec![(node, bits.start, 0u64)];
        while let Some((node, var, value)) = pending.pop() {
            if self.top(node) < bits.end {
                let (low, high) = self.split(node, var);
                let bit = 1u64 << (bits.end - 1 - var);
                pending.push((high, var + 1, value | bit));
                pending.push((low, var + 1, value));
                continue;
            }
            let open = bits.end - var;
            let end = value | u64::MAX.checked_shr(64 - u32::from(open)).unwrap_or(0);
            match ranges.last_mut() {
                Some((_, high, same)) if *same == node => *high = end,
                _ => ranges.push((value, end, node)),
            }
            if ranges.len() > most {
                return None;
            }
        }
        Some(ranges)
    }
}
