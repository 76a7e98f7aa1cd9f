//! Small filters as they are written everywhere: architecture first, then ranges of numbers.
#![allow(dead_code, reason = "each test uses what it needs")]

use everycall_filter::{Cond, Op, Program};

pub(crate) const X86_64: u32 = 0xc000_003e;
pub(crate) const I386: u32 = 0x4000_0003;
pub(crate) const ARM: u32 = 0x4000_0028;
pub(crate) const ALLOW: u32 = 0x7fff_0000;
pub(crate) const KILL: u32 = 0x8000_0000;
pub(crate) const ERRNO: u32 = 0x0005_0001;
pub(crate) const TRACE: u32 = 0x7ff0_0001;

/// What a filter does of one architecture.
pub(crate) struct Block {
    arch: u32,
    ranges: Vec<(u32, u32, u32)>,
    default: u32,
}

impl Block {
    pub(crate) fn new(arch: u32, default: u32) -> Block {
        Block {
            arch,
            ranges: Vec::new(),
            default,
        }
    }

    pub(crate) fn range(mut self, low: u32, high: u32, ret: u32) -> Block {
        self.ranges.push((low, high, ret));
        self
    }
}

/// The filter. The first block of an architecture counts.
pub(crate) fn filter(blocks: &[Block], foreign: u32) -> Program {
    let mut ops = Vec::new();
    for block in blocks {
        let length = 2 + 3 * block.ranges.len();
        ops.push(Op::LoadData(4));
        ops.push(Op::branch(Cond::Eq, block.arch, 0, length as u8));
        ops.push(Op::LoadData(0));
        for &(low, high, ret) in &block.ranges {
            ops.push(Op::branch(Cond::Ge, low, 0, 2));
            ops.push(Op::branch(Cond::Gt, high, 1, 0));
            ops.push(Op::Return(ret));
        }
        ops.push(Op::Return(block.default));
    }
    ops.push(Op::Return(foreign));
    ops.into_iter().collect()
}
