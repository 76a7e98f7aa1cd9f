//! What is asked of a word, in which order, before anything is written.

use super::known::Known;
use crate::insn::Cond;
use crate::likely::Point;

/// A run of numbers with one treatment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    /// The least.
    pub(super) start: u32,
    /// The greatest.
    pub(super) end: u32,
    /// The treatment: an index in a list of targets.
    pub(super) leaf: usize,
}

/// What is asked of A.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Question {
    /// A comparison with a constant.
    Compare(Cond, u32),
    /// Whether A's low five bits choose a bit of this mask.
    Bit(u32),
}

impl Question {
    /// How many instructions it takes.
    pub(super) fn length(self) -> u64 {
        match self {
            Question::Compare(..) => 1,
            Question::Bit(_) => 5,
        }
    }
}

/// What comes after an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// This treatment.
    Leaf(usize),
    /// This node of the plan.
    Node(usize),
}

/// A question and its answers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Node {
    pub(super) question: Question,
    pub(super) holds: Next,
    pub(super) fails: Next,
}

/// A decision on a word. A node stands behind those that it leads to, and is written after them.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) nodes: Vec<Node>,
    pub(super) root: Next,
}

impl Plan {
    /// The plan that decides nothing.
    pub(super) fn new() -> Plan {
        Plan {
            nodes: Vec::new(),
            root: Next::Leaf(0),
        }
    }

    /// Adds a question.
    pub(super) fn ask(&mut self, question: Question, holds: Next, fails: Next) -> Next {
        if holds == fails {
            return holds;
        }
        self.nodes.push(Node {
            question,
            holds,
            fails,
        });
        Next::Node(self.nodes.len() - 1)
    }

    /// Adds a comparison.
    pub(super) fn compare(&mut self, cond: Cond, k: u32, holds: Next, fails: Next) -> Next {
        self.ask(Question::Compare(cond, k), holds, fails)
    }

    /// How many instructions it is.
    pub(super) fn length(&self) -> u64 {
        self.nodes.iter().map(|node| node.question.length()).sum()
    }

    /// What comes of a number.
    pub(super) fn follow(&self, number: u32) -> Way {
        let (mut executed, mut understood) = (0, true);
        let mut next = self.root;
        loop {
            let node = match next {
                Next::Leaf(leaf) => {
                    return Way {
                        executed,
                        understood,
                        leaf,
                    };
                }
                Next::Node(at) => self.nodes.get(at),
            };
            let Some(node) = node else {
                next = Next::Leaf(usize::MAX);
                continue;
            };
            executed += node.question.length();
            let holds = match node.question {
                Question::Compare(cond, k) => cond.holds(number, k),
                Question::Bit(mask) => {
                    understood = false;
                    mask >> (number & 31) & 1 == 1
                }
            };
            next = if holds { node.holds } else { node.fails };
        }
    }
}

/// The way of a number through a plan.
#[derive(Clone, Copy, Debug)]
pub(super) struct Way {
    /// How many instructions it executes.
    pub(super) executed: u64,
    /// Whether the kernel's cache understands all of them.
    pub(super) understood: bool,
    /// Where it leads.
    pub(super) leaf: usize,
}

/// A set of numbers that is still to be decided on: pieces in ascending order, no two neighbours alike. Numbers that are
/// in no piece, or of which a bit is known to be another, do not come here.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) pieces: Vec<Piece>,
    /// How likely each piece is.
    pub(super) weights: Vec<u64>,
    points: Vec<Point>,
    pub(super) known: Known,
    /// What a piece weighs at least.
    floor: u64,
}

impl Part {
    /// All pieces; `points` are ascending.
    pub(super) fn new(pieces: Vec<Piece>, points: &[Point]) -> Part {
        let part = Part {
            pieces,
            weights: Vec::new(),
            points: points.to_vec(),
            known: Known::default(),
            floor: 1,
        };
        part.weighed()
    }

    /// The same, where a piece weighs at least `floor`.
    pub(super) fn lifted(&self, floor: u64) -> Part {
        let part = Part {
            floor,
            ..self.clone()
        };
        part.weighed()
    }

    /// What a piece weighs on average.
    pub(super) fn average(&self) -> u64 {
        let total: u64 = self.weights.iter().sum();
        total / (self.pieces.len() as u64).max(1)
    }

    fn weighed(mut self) -> Part {
        let mut points = self.points.iter().peekable();
        let weigh = |piece: &Piece| {
            let mut weight = 0;
            while let Some(&(_, more)) = points.next_if(|point| point.0 <= piece.end) {
                weight += u64::from(more);
            }
            weight.max(self.floor)
        };
        self.weights = self.pieces.iter().map(weigh).collect();
        self
    }

    /// Those of the numbers that are in `range` of the pieces.
    pub(super) fn slice(&self, range: std::ops::Range<usize>) -> Part {
        let pieces = self.pieces.get(range.clone()).unwrap_or_default().to_vec();
        let weights = self.weights.get(range).unwrap_or_default().to_vec();
        let (low, high) = match (pieces.first(), pieces.last()) {
            (Some(first), Some(last)) => (first.start, last.end),
            _ => (1, 0),
        };
        let from = self.points.partition_point(|point| point.0 < low);
        let to = self.points.partition_point(|point| point.0 <= high);
        Part {
            pieces,
            weights,
            points: self.points.get(from..to).unwrap_or_default().to_vec(),
            ..*self
        }
    }

    /// Those of the numbers for which `keep` holds, where it is known which of each piece are left.
    fn kept(
        &self,
        known: Known,
        left: impl Fn(&Piece) -> bool,
        keep: impl Fn(u32) -> bool,
    ) -> Part {
        let mut pieces: Vec<Piece> = Vec::with_capacity(self.pieces.len());
        for piece in self.pieces.iter().filter(|piece| left(piece)) {
            match pieces.last_mut() {
                Some(last) if last.leaf == piece.leaf => last.end = piece.end,
                _ => pieces.push(*piece),
            }
        }
        let points = self.points.iter().copied();
        let part = Part {
            pieces,
            weights: Vec::new(),
            points: points.filter(|point| keep(point.0)).collect(),
            known,
            floor: self.floor,
        };
        part.weighed()
    }

    /// The numbers without one.
    pub(super) fn without(&self, number: u32) -> Part {
        self.kept(
            self.known,
            |piece| (piece.start, piece.end) != (number, number),
            |point| point != number,
        )
    }

    /// The numbers whose bit of this significance is set, or is not.
    pub(super) fn with_bit(&self, bit: u32, set: bool) -> Part {
        let known = self.known.with(bit, set);
        let has = |piece: &Piece| known.meets(piece.start, piece.end);
        self.kept(known, has, |point| known.holds(point))
    }

    /// What a piece weighs at least.
    pub(super) fn floor(&self) -> u64 {
        self.floor
    }

    /// The numbers that are likely.
    pub(super) fn points(&self) -> &[Point] {
        &self.points
    }

    /// Cuts the part before a piece, with the numbers below it first.
    pub(super) fn split(&self, at: usize) -> (Part, Part) {
        (self.slice(0..at), self.slice(at..self.pieces.len()))
    }
}
