//! The two tables of the diagrams: which nodes there are, and which results are remembered.

use super::{Choice, Node};

const EMPTY: u32 = u32::MAX;

/// How many slots a new table has.
const FIRST: usize = 1 << 10;

/// How many results are remembered: a power of two.
const MEMO: usize = 1 << 15;

/// Spreads words over all bits.
fn mix(a: u32, b: u32, c: u32) -> u64 {
    const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
    let first = (u64::from(a) << 32 | u64::from(b)).wrapping_mul(ODD);
    let second = (first ^ first >> 29 ^ u64::from(c)).wrapping_mul(ODD);
    second ^ second >> 32
}

/// Finds a node by what it is. It keeps indices only; the nodes stand in the arena.
///
/// Collisions go to the next free slot. As nodes are only ever forgotten in the reverse order of their making, a slot
/// that is emptied has no later node behind it that would not be found any more.
#[derive(Clone, Debug)]
pub(super) struct Unique {
    slots: Vec<u32>,
}

impl Unique {
    pub(super) fn new() -> Unique {
        Unique {
            slots: vec![EMPTY; FIRST],
        }
    }

    fn start(&self, choice: Choice) -> usize {
        let mixed = mix(choice.low.0, choice.high.0, choice.var.into());
        mixed as usize & (self.slots.len() - 1)
    }

    /// The slot in which a choice stands, or in which it would stand.
    fn slot(&self, choices: &[Choice], choice: Choice) -> usize {
        let mut slot = self.start(choice);
        loop {
            let at = self.slots[slot];
            if at == EMPTY || choices.get(at as usize) == Some(&choice) {
                return slot;
            }
            slot = (slot + 1) & (self.slots.len() - 1);
        }
    }

    /// The node of this choice; made, if `room` says so, where there is none.
    pub(super) fn node(
        &mut self,
        choices: &mut Vec<Choice>,
        choice: Choice,
        room: bool,
    ) -> Option<Node> {
        let slot = self.slot(choices, choice);
        if self.slots[slot] != EMPTY {
            return Some(Node(self.slots[slot]));
        }
        if !room {
            return None;
        }
        let node = choices.len() as u32;
        self.slots[slot] = node;
        choices.push(choice);
        if choices.len() * 2 > self.slots.len() {
            self.grow(choices);
        }
        Some(Node(node))
    }

    fn grow(&mut self, choices: &[Choice]) {
        self.slots = vec![EMPTY; self.slots.len() * 2];
        for (at, &choice) in (0..).zip(choices) {
            let slot = self.slot(choices, choice);
            self.slots[slot] = at;
        }
    }

    /// Forgets the newest nodes.
    pub(super) fn truncate(&mut self, choices: &mut Vec<Choice>, len: usize) {
        while choices.len() > len {
            if let Some(&last) = choices.last() {
                let slot = self.slot(choices, last);
                self.slots[slot] = EMPTY;
            }
            choices.pop();
        }
    }
}

/// What a result depends on.
pub(super) type Key = (Node, Node, Node);

/// Results of one operation, the newest of those that share a slot.
#[derive(Clone, Debug)]
pub(super) struct Memo {
    slots: Vec<(Key, Node)>,
}

impl Memo {
    pub(super) fn new() -> Memo {
        Memo { slots: Vec::new() }
    }

    fn slot((f, g, h): Key) -> usize {
        mix(f.0, g.0, h.0) as usize & (MEMO - 1)
    }

    pub(super) fn get(&self, key: Key) -> Option<Node> {
        let &(known, result) = self.slots.get(Memo::slot(key))?;
        (known == key).then_some(result)
    }

    pub(super) fn insert(&mut self, key: Key, result: Node) {
        if self.slots.is_empty() {
            // No operation is on a function and twice the same other.
            let none = (super::FALSE, super::FALSE, super::FALSE);
            self.slots = vec![(none, super::FALSE); MEMO];
        }
        self.slots[Memo::slot(key)] = (key, result);
    }

    pub(super) fn clear(&mut self) {
        self.slots.clear();
    }
}
