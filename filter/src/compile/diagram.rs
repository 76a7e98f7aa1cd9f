//! From a map to a program: the diagram of what is wanted, read word by word.
//!
//! A filter sees a call as sixteen words of 32 bits, and the diagram asks their bits in order. So what is left of the
//! diagram where a word begins is decided with that word in A, and each different rest behind it is code of its own,
//! written once however many ways lead there. A word that has few ranges is searched; bits that must all have their
//! values are one mask; whatever else there is, is asked bit by bit, so that there is code for every map.

use foldhash::HashMap;

use super::choose::decide;
use super::emit::{Emitter, Target};
use super::plan::Piece;
use super::{CompileError, MapCompileError, Strategy};
use crate::bdd::{Bdd, Node, Var};
use crate::data::{ARCH_OFFSET, ARGS_OFFSET, IP_OFFSET, NR_OFFSET};
use crate::insn::Cond;
use crate::likely::{self, Point};
use crate::map::{Map, Outcome};
use crate::{ByteOrder, Program};

/// The words, in the order in which diagrams ask them.
const ARCH: Var = 0;
const NR: Var = 1;
const IP_HIGH: Var = 14;

/// The bits of a word.
const BITS: Var = 32;

/// So few ranges are always the best way to tell a word.
const FEW: usize = 3;

/// How many ranges of an argument's word are searched at most.
const MANY: usize = 256;

/// How many ranges of numbers or architectures are searched at most: what a program of nothing but them could hold.
const MOST: usize = 1 << 13;

/// The program of a map, not proven yet.
pub(super) fn program(
    map: &Map,
    first: u32,
    strategy: Strategy,
) -> Result<Program, MapCompileError> {
    let (bdd, root) = map.diagram();
    let mut coder = Coder {
        map,
        bdd,
        strategy,
        first,
        points: Vec::new(),
        code: Emitter::default(),
        entries: HashMap::default(),
        bodies: HashMap::default(),
    };
    let start = coder.entry(root)?;
    Ok(coder.code.finish(start)?)
}

struct Coder<'a> {
    map: &'a Map,
    bdd: &'a Bdd,
    strategy: Strategy,
    first: u32,
    /// How likely the numbers are, of the architecture whose code is being written.
    points: Vec<Point>,
    code: Emitter,
    /// The code for what is left of the diagram, where A holds anything,
    entries: HashMap<Node, Target>,
    /// and where A holds the word that is asked first.
    bodies: HashMap<Node, Target>,
}

impl Coder<'_> {
    /// The word that a node asks first.
    fn word(&self, node: Node) -> Var {
        self.bdd.top(node) / BITS
    }

    /// Where the code for a node starts.
    fn entry(&mut self, node: Node) -> Result<Target, MapCompileError> {
        if let Some(leaf) = node.value() {
            return self.leaf(leaf);
        }
        if let Some(&known) = self.entries.get(&node) {
            return Ok(known);
        }
        let word = self.word(node);
        let body = self.body(node, word)?;
        let offset = offset(word, self.map.options().order);
        let entry = self.code.load(offset, body);
        self.entries.insert(node, entry);
        Ok(entry)
    }

    fn leaf(&self, leaf: u32) -> Result<Target, MapCompileError> {
        match self.map.meaning(leaf) {
            Some(Outcome::Action(action)) => Ok(Target::Return(action.to_ret())),
            Some(Outcome::Undecided(at)) => Err(MapCompileError::Undecided(at)),
            None => Err(crate::map::MapError::Incomplete.into()),
        }
    }

    /// Where the code for a node starts, if A holds `word`.
    fn body(&mut self, node: Node, word: Var) -> Result<Target, MapCompileError> {
        if node.value().is_some() || self.word(node) != word {
            return self.entry(node);
        }
        if let Some(&known) = self.bodies.get(&node) {
            return Ok(known);
        }
        if self.code.is_full() {
            return Err(CompileError::TooLong {
                len: self.code.len(),
            }
            .into());
        }
        let most = if word <= NR { MOST } else { MANY };
        let ranges = self.bdd.ranges(node, word * BITS..(word + 1) * BITS, most);
        let mask = self.mask(node, word);
        let decides = |mask: &Masked| {
            let is_behind = |node| self.word(node) > word;
            is_behind(mask.holds) && is_behind(mask.fails)
        };
        let body = match (ranges, mask) {
            (Some(ranges), Some(mask)) if ranges.len() > FEW && decides(&mask) => {
                self.masked(mask, word)?
            }
            (Some(ranges), _) => self.search(&ranges, word)?,
            (None, Some(mask)) => self.masked(mask, word)?,
            (None, None) => self.bit(node, word)?,
        };
        self.bodies.insert(node, body);
        Ok(body)
    }

    /// Code for ranges of a word.
    fn search(
        &mut self,
        ranges: &[(u64, u64, Node)],
        word: Var,
    ) -> Result<Target, MapCompileError> {
        let mut rests: Vec<Node> = Vec::new();
        let mut places: HashMap<Node, usize> = HashMap::default();
        let mut pieces = Vec::with_capacity(ranges.len());
        for &(start, end, rest) in ranges {
            let leaf = *places.entry(rest).or_insert(rests.len());
            if leaf == rests.len() {
                rests.push(rest);
            }
            // Words have 32 bits.
            let (start, end) = (start as u32, end as u32);
            pieces.push(Piece { start, end, leaf });
        }
        let points = match word {
            ARCH => likely::arches(self.first),
            NR => self.points.clone(),
            _ => Vec::new(),
        };
        let leaves = if word == ARCH {
            self.sections(&rests, &pieces)?
        } else {
            let leaves = rests.iter().map(|&rest| self.entry(rest));
            leaves.collect::<Result<Vec<Target>, _>>()?
        };
        let plan = decide(&pieces, &points, &leaves, self.strategy)?;
        Ok(self.code.plan(&plan, &leaves))
    }

    /// The code for each architecture: the likeliest is written last, next to the question which it is.
    fn sections(
        &mut self,
        rests: &[Node],
        pieces: &[Piece],
    ) -> Result<Vec<Target>, MapCompileError> {
        let first = self.first;
        let arch_of = |leaf: usize| {
            let own = pieces.iter().filter(|piece| piece.leaf == leaf);
            let singles = own.filter(|piece| piece.start == piece.end);
            singles
                .map(|piece| piece.start)
                .min_by_key(|&arch| (arch != first, arch))
        };
        let mut order: Vec<(bool, usize)> = (0..rests.len())
            .map(|leaf| (arch_of(leaf) == Some(first), leaf))
            .collect();
        order.sort_unstable();
        let mut leaves = vec![Target::Return(0); rests.len()];
        for (_, leaf) in order {
            self.points = likely::numbers(arch_of(leaf).unwrap_or(0));
            if let (Some(&rest), Some(target)) = (rests.get(leaf), leaves.get_mut(leaf)) {
                *target = self.entry(rest)?;
            }
        }
        Ok(leaves)
    }

    /// Code for a mask.
    fn masked(&mut self, mask: Masked, word: Var) -> Result<Target, MapCompileError> {
        // Only a test for zero leaves the word in A.
        let (holds, fails) = if mask.value == 0 {
            (self.body(mask.holds, word)?, self.body(mask.fails, word)?)
        } else {
            (self.entry(mask.holds)?, self.entry(mask.fails)?)
        };
        Ok(self.code.masked(mask.mask, mask.value, holds, fails))
    }

    /// Code for the bit that a node asks first.
    fn bit(&mut self, node: Node, word: Var) -> Result<Target, MapCompileError> {
        let Some((var, low, high)) = self.bdd.choice(node) else {
            return self.entry(node);
        };
        let set = self.body(high, word)?;
        let clear = self.body(low, word)?;
        let mask = 1 << (BITS - 1 - var % BITS);
        Ok(self.code.branch(Cond::Set, mask, set, clear))
    }

    /// The longest row of a word's bits that must all have their values to come to `holds`, if they are more than one.
    fn mask(&self, node: Node, word: Var) -> Option<Masked> {
        let (_, low, high) = self.bdd.choice(node)?;
        [low, high]
            .into_iter()
            .map(|fails| self.row(node, word, fails))
            .max_by_key(|row| row.mask.count_ones())
            .filter(|row| row.mask.count_ones() > 1)
    }

    fn row(&self, node: Node, word: Var, fails: Node) -> Masked {
        let mut row = Masked {
            mask: 0,
            value: 0,
            holds: node,
            fails,
        };
        while let Some((var, low, high)) = self.bdd.choice(row.holds)
            && var / BITS == word
            && (low == fails || high == fails)
        {
            let bit = 1 << (BITS - 1 - var % BITS);
            row.mask |= bit;
            if low == fails {
                row.value |= bit;
            }
            row.holds = if low == fails { high } else { low };
        }
        row
    }
}

/// Bits of a word, the values that they must have, and what comes after it.
#[derive(Clone, Copy)]
struct Masked {
    mask: u32,
    value: u32,
    holds: Node,
    fails: Node,
}

/// Where a word stands in the data.
fn offset(word: Var, order: ByteOrder) -> u32 {
    let long = match word {
        ARCH => return ARCH_OFFSET,
        NR => return NR_OFFSET,
        IP_HIGH.. => IP_OFFSET,
        _ => ARGS_OFFSET + u32::from(word - 2) / 2 * 8,
    };
    let is_high = word.is_multiple_of(2);
    long + if is_high == (order == ByteOrder::Little) {
        4
    } else {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SeccompData;

    #[test]
    fn words_stand_where_the_data_has_them() {
        let data = SeccompData {
            nr: 1,
            arch: 0,
            instruction_pointer: 14 << 32 | 15,
            args: std::array::from_fn(|arg| (2 * arg as u64 + 2) << 32 | (2 * arg as u64 + 3)),
        };
        for order in [ByteOrder::Little, ByteOrder::Big] {
            for word in 0..16 {
                assert_eq!(data.word(offset(word, order), order), Some(word.into()));
            }
        }
    }
}
