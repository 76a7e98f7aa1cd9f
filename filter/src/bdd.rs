//! Decision diagrams over the 512 bits of a call's data: functions of a call, each with one form only.
//!
//! A [`Node`] is a function: a leaf, or "if this bit is set then that function, else this one". Bits are asked in one
//! fixed order, no question is asked whose answers do not matter, and equal nodes are one node. So two functions
//! are equal exactly when their nodes are, which is what makes a map of a filter a proof. Leaves are numbers; 0 and 1
//! are the two truths, what others mean is the user's business.
//!
//! Some functions have no small diagram (a product of two unknown words). Every operation counts what it makes, and
//! ends with [`Full`] at a limit, after which [`Bdd::attempt`] leaves the arena as it was before.

mod ranges;
mod table;

use foldhash::HashMap;
use table::{Memo, Unique};

/// A function of a call's bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Node(u32);

/// The index of a bit in the order in which bits are asked.
pub(crate) type Var = u16;

/// What stands for "no bit is asked" where indices are compared.
pub(crate) const NO_VAR: Var = Var::MAX;

/// A limit was met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Full;

/// The bit that tells leaves from other nodes.
const LEAF: u32 = 1 << 31;

/// The function that never holds.
pub(crate) const FALSE: Node = Node(LEAF);
/// The function that always holds.
pub(crate) const TRUE: Node = Node(LEAF | 1);

impl Node {
    /// The function that is this number everywhere.
    pub(crate) fn leaf(value: u32) -> Node {
        Node(LEAF | value)
    }

    /// The number that the function is everywhere, if it is.
    pub(crate) fn value(self) -> Option<u32> {
        (self.0 & LEAF != 0).then_some(self.0 & !LEAF)
    }

    /// The truth as a function.
    pub(crate) fn truth(holds: bool) -> Node {
        if holds { TRUE } else { FALSE }
    }
}

/// If `var` then `high` else `low`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Choice {
    var: Var,
    low: Node,
    high: Node,
}

/// How much may be made.
#[derive(Clone, Copy, Debug)]
struct Limits {
    nodes: usize,
    pub(crate) steps: u64,
}

/// How much one [`Bdd::attempt`] may take of what is left: one part in this many.
const SHARE: usize = 4;

/// How many steps there are for each node that there may be.
const STEPS_A_NODE: u64 = 16;

/// All nodes.
#[derive(Clone, Debug)]
pub(crate) struct Bdd {
    choices: Vec<Choice>,
    unique: Unique,
    memo: Memo,
    steps: u64,
    whole: Limits,
    now: Limits,
}

impl Bdd {
    /// No nodes yet, and at most `nodes` ever.
    pub(crate) fn new(nodes: usize) -> Bdd {
        let nodes = nodes.min(LEAF as usize);
        let whole = Limits {
            nodes,
            steps: nodes as u64 * STEPS_A_NODE,
        };
        Bdd {
            choices: Vec::new(),
            unique: Unique::new(),
            memo: Memo::new(),
            steps: 0,
            whole,
            now: whole,
        }
    }

    /// How many nodes there are.
    pub(crate) fn len(&self) -> usize {
        self.choices.len()
    }

    /// The bit that a function asks first, and what it is for either answer; `None` for a leaf.
    pub(crate) fn choice(&self, node: Node) -> Option<(Var, Node, Node)> {
        let choice = self.choices.get(node.0 as usize)?;
        Some((choice.var, choice.low, choice.high))
    }

    /// The bit that a function asks first.
    pub(crate) fn top(&self, node: Node) -> Var {
        self.choices
            .get(node.0 as usize)
            .map_or(NO_VAR, |choice| choice.var)
    }

    /// What a function is for either answer, if `var` is what it asks first.
    fn choice_at(&self, node: Node, var: Var) -> Option<(Node, Node)> {
        let (top, low, high) = self.choice(node)?;
        (top == var).then_some((low, high))
    }

    /// The function for either value of `var`, which it does not ask after another.
    pub(crate) fn split(&self, node: Node, var: Var) -> (Node, Node) {
        self.choice_at(node, var).unwrap_or((node, node))
    }

    /// If `var` then `high` else `low`, both of which ask later bits only.
    pub(crate) fn make(&mut self, var: Var, low: Node, high: Node) -> Result<Node, Full> {
        if low == high {
            return Ok(low);
        }
        let choice = Choice { var, low, high };
        let room = self.choices.len() < self.now.nodes;
        self.unique
            .node(&mut self.choices, choice, room)
            .ok_or(Full)
    }

    /// Whether this bit is set.
    pub(crate) fn var(&mut self, var: Var) -> Result<Node, Full> {
        self.make(var, FALSE, TRUE)
    }

    /// Where `f` holds `g`, elsewhere `h`. Each step down asks a later bit, so it nests 512 deep at most.
    pub(crate) fn ite(&mut self, f: Node, g: Node, h: Node) -> Result<Node, Full> {
        if f == TRUE || g == h {
            return Ok(g);
        }
        if f == FALSE {
            return Ok(h);
        }
        let g = if g == f { TRUE } else { g };
        let h = if h == f { FALSE } else { h };
        if (g, h) == (TRUE, FALSE) {
            return Ok(f);
        }
        let var = self.top(f).min(self.top(g)).min(self.top(h));
        if let Some((FALSE, TRUE)) = self.choice_at(f, var)
            && var < self.top(g).min(self.top(h))
        {
            // A plain bit above everything else: most comparisons are made of these.
            return self.make(var, h, g);
        }
        if let Some(known) = self.memo.get((f, g, h)) {
            return Ok(known);
        }
        self.step()?;
        let (f0, f1) = self.split(f, var);
        let (g0, g1) = self.split(g, var);
        let (h0, h1) = self.split(h, var);
        let low = self.ite(f0, g0, h0)?;
        let high = self.ite(f1, g1, h1)?;
        let node = self.make(var, low, high)?;
        self.memo.insert((f, g, h), node);
        Ok(node)
    }

    /// Counts one step of an operation.
    pub(crate) fn step(&mut self) -> Result<(), Full> {
        if self.steps >= self.now.steps {
            return Err(Full);
        }
        self.steps += 1;
        Ok(())
    }

    /// Where both hold.
    pub(crate) fn and(&mut self, f: Node, g: Node) -> Result<Node, Full> {
        self.ite(f, g, FALSE)
    }

    /// Where one of them holds.
    pub(crate) fn or(&mut self, f: Node, g: Node) -> Result<Node, Full> {
        self.ite(f, TRUE, g)
    }

    /// Where it does not hold.
    pub(crate) fn not(&mut self, f: Node) -> Result<Node, Full> {
        self.ite(f, FALSE, TRUE)
    }

    /// Where `f` holds and `g` does not.
    pub(crate) fn without(&mut self, f: Node, g: Node) -> Result<Node, Full> {
        self.ite(g, FALSE, f)
    }

    /// Where exactly one of them holds.
    pub(crate) fn xor(&mut self, f: Node, g: Node) -> Result<Node, Full> {
        let not_g = self.not(g)?;
        self.ite(f, not_g, g)
    }

    /// The function that is `of` what `node` is: each part of `node` that asks no bit below `end` is
    /// replaced by what `of` says of it, which must not ask bits below `end` either.
    pub(crate) fn replace(
        &mut self,
        node: Node,
        end: Var,
        of: &mut dyn FnMut(Node) -> Node,
    ) -> Result<Node, Full> {
        self.replaced(node, end, of, &mut HashMap::default())
    }

    fn replaced(
        &mut self,
        node: Node,
        end: Var,
        of: &mut dyn FnMut(Node) -> Node,
        done: &mut HashMap<Node, Node>,
    ) -> Result<Node, Full> {
        let (var, low, high) = match self.choice(node) {
            Some(choice) if choice.0 < end => choice,
            _ => return Ok(of(node)),
        };
        if let Some(&known) = done.get(&node) {
            return Ok(known);
        }
        self.step()?;
        let low = self.replaced(low, end, of, done)?;
        let high = self.replaced(high, end, of, done)?;
        let made = self.make(var, low, high)?;
        done.insert(node, made);
        Ok(made)
    }

    /// The function whose number is `of` the numbers that `f` and `g` are.
    pub(crate) fn pair(
        &mut self,
        f: Node,
        g: Node,
        of: &mut dyn FnMut(u32, u32) -> u32,
    ) -> Result<Node, Full> {
        self.paired(f, g, of, &mut HashMap::default())
    }

    fn paired(
        &mut self,
        f: Node,
        g: Node,
        of: &mut dyn FnMut(u32, u32) -> u32,
        done: &mut HashMap<(Node, Node), Node>,
    ) -> Result<Node, Full> {
        if let (Some(f), Some(g)) = (f.value(), g.value()) {
            return Ok(Node::leaf(of(f, g)));
        }
        if let Some(&known) = done.get(&(f, g)) {
            return Ok(known);
        }
        self.step()?;
        let var = self.top(f).min(self.top(g));
        let (f0, f1) = self.split(f, var);
        let (g0, g1) = self.split(g, var);
        let low = self.paired(f0, g0, of, done)?;
        let high = self.paired(f1, g1, of, done)?;
        let made = self.make(var, low, high)?;
        done.insert((f, g), made);
        Ok(made)
    }

    /// A function of another arena, in this one.
    pub(crate) fn import(&mut self, other: &Bdd, node: Node) -> Result<Node, Full> {
        // Nodes are made after what they ask for, so one pass in their order meets every part made.
        let mut made: HashMap<Node, Node> = HashMap::default();
        for part in other.parts(node) {
            if let Some((var, low, high)) = other.choice(part) {
                let low = made.get(&low).copied().unwrap_or(low);
                let high = made.get(&high).copied().unwrap_or(high);
                let here = self.make(var, low, high)?;
                made.insert(part, here);
            }
        }
        Ok(made.get(&node).copied().unwrap_or(node))
    }

    /// Every node that a function is made of, leaves too, what is asked last first.
    pub(crate) fn parts(&self, node: Node) -> Vec<Node> {
        let mut seen: foldhash::HashSet<Node> = foldhash::HashSet::default();
        let mut pending = vec![node];
        while let Some(next) = pending.pop() {
            if seen.insert(next)
                && let Some((_, low, high)) = self.choice(next)
            {
                pending.extend([low, high]);
            }
        }
        let mut parts: Vec<Node> = seen.into_iter().collect();
        parts.sort_unstable();
        parts
    }

    /// The number that the function is for the call of these bits.
    pub(crate) fn at(&self, mut node: Node, bit: impl Fn(Var) -> bool) -> u32 {
        loop {
            match self.choice(node) {
                Some((var, low, high)) => node = if bit(var) { high } else { low },
                None => return node.value().unwrap_or(0),
            }
        }
    }

    /// Does something that may take a share of what is left. At a limit everything that it made is forgotten.
    pub(crate) fn attempt<T>(
        &mut self,
        what: impl FnOnce(&mut Bdd) -> Result<T, Full>,
    ) -> Result<T, Full> {
        let (mark, outer) = (self.len(), self.now);
        let nodes = outer.nodes.saturating_sub(mark) / SHARE;
        let steps = outer.steps.saturating_sub(self.steps) / SHARE as u64;
        self.now = Limits {
            nodes: mark + nodes,
            steps: self.steps + steps,
        };
        let result = what(self);
        self.now = outer;
        if result.is_err() && self.len() > mark {
            self.unique.truncate(&mut self.choices, mark);
            self.memo.clear();
        }
        result
    }

    /// Gives the full limits once more, for what is asked of a finished function.
    pub(crate) fn refill(&mut self) {
        self.now = Limits {
            nodes: (self.len() + self.whole.nodes).min(LEAF as usize),
            steps: self.steps + self.whole.steps,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The functions of three bits as truth tables of 8 bits: `table >> call & 1`.
    fn of_table(bdd: &mut Bdd, table: u8) -> Node {
        let mut rows: Vec<Node> = (0..8)
            .map(|row| Node::truth(table >> row & 1 == 1))
            .collect();
        for var in (0..3u16).rev() {
            rows = rows
                .chunks(2)
                .map(|pair| bdd.make(var, pair[0], pair[1]).unwrap())
                .collect();
        }
        rows[0]
    }

    fn to_table(bdd: &Bdd, node: Node) -> u8 {
        (0..8).fold(0, |table, row: u8| {
            let value = bdd.at(node, |var| row >> (2 - var) & 1 == 1);
            table | (value as u8) << row
        })
    }

    #[test]
    fn functions_are_equal_exactly_when_their_nodes_are() {
        let mut bdd = Bdd::new(1 << 16);
        for f in 0..=u8::MAX {
            let node = of_table(&mut bdd, f);
            assert_eq!(to_table(&bdd, node), f);
            for g in 0..=u8::MAX {
                let other = of_table(&mut bdd, g);
                assert_eq!(node == other, f == g);
                let both = bdd.and(node, other).unwrap();
                assert_eq!(both, of_table(&mut bdd, f & g));
                let one = bdd.xor(node, other).unwrap();
                assert_eq!(one, of_table(&mut bdd, f ^ g));
                let h = f.rotate_left(3) ^ g;
                let third = of_table(&mut bdd, h);
                let chosen = bdd.ite(node, other, third).unwrap();
                assert_eq!(chosen, of_table(&mut bdd, f & g | !f & h));
            }
        }
    }

    #[test]
    fn a_limit_is_an_error_and_leaves_nothing_behind() {
        let mut bdd = Bdd::new(64);
        let parity = |bdd: &mut Bdd, bits: u16| {
            (0..bits).rev().try_fold(FALSE, |acc, var| {
                let bit = bdd.var(var)?;
                bdd.xor(bit, acc)
            })
        };
        let before = bdd.len();
        assert_eq!(bdd.attempt(|bdd| parity(bdd, 40)), Err(Full));
        assert_eq!(bdd.len(), before);
        // What fits is still right after it.
        let small = bdd.attempt(|bdd| parity(bdd, 3)).unwrap();
        assert_eq!(to_table(&bdd, small), 0b1001_0110);
        assert_eq!(parity(&mut bdd, 100), Err(Full));
    }

    #[test]
    fn a_function_is_the_same_in_another_arena() {
        let (mut here, mut there) = (Bdd::new(1 << 12), Bdd::new(1 << 12));
        of_table(&mut here, 0x55);
        for table in 0..=u8::MAX {
            let node = of_table(&mut there, table);
            let imported = here.import(&there, node).unwrap();
            assert_eq!(imported, of_table(&mut here, table));
        }
    }

    #[test]
    fn parts_behind_a_bit_are_replaced() {
        let mut bdd = Bdd::new(1 << 12);
        // Bit 0 chooses between two functions of the others; which is it?
        let f = of_table(&mut bdd, 0b1000_1110);
        let (low, _) = bdd.split(f, 0);
        let is_low = bdd
            .replace(f, 1, &mut |part| Node::truth(part == low))
            .unwrap();
        assert_eq!(to_table(&bdd, is_low), 0b0000_1111);
    }
}
