//! What a filter costs: how many instructions it executes, for every number, for likely calls, and where the kernel
//! answers calls from its cache.
//!
//! Arguments count as zero here. How likely calls are is told in the documentation of [`Cost::likely`].

use std::collections::BTreeSet;

use crate::action::RET_ALLOW;
use crate::data::{ARCH_OFFSET, NR_OFFSET};
use crate::insn::{Alu, Cond, Op, Operand};
use crate::likely;
use crate::{Fault, Insn, Machine, SeccompData};

/// What a filter costs the calls of one architecture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cost {
    /// How many instructions the filter has.
    pub length: usize,
    /// The mean of the instructions executed for the numbers that the architecture's tables have, each once.
    pub mean: f64,
    /// The mean of the instructions executed for likely calls: half of them are spread evenly over the table, the other
    /// half are those that programs were counted to make most (by `strace -f -c` over fifteen common commands).
    pub likely: f64,
    /// The same on a kernel that has a cache of always-allowed calls (5.11 and later) where it answers those calls that
    /// it can without executing anything.
    pub cached: f64,
    /// The most instructions that any number of the architecture executes.
    pub worst: usize,
}

impl Cost {
    /// The cost of a program, which must be valid, for the calls of an architecture.
    pub fn of(program: &[Insn], arch: u32) -> Result<Cost, Fault> {
        let executed = |nr: u32| -> Result<usize, Fault> {
            let data = SeccompData::of_call(arch, nr);
            let mut machine = Machine::new(program, &data);
            machine.run()?;
            Ok(machine.executed())
        };
        let points = likely::numbers(arch);
        let (mut sum, mut count, mut weight, mut likely, mut cached) = (0, 0, 0, 0, 0);
        for &(nr, of_calls) in &points {
            let cost = executed(nr)? as u64;
            if likely::is_of_table(of_calls) {
                sum += cost;
                count += 1;
            }
            let of_calls = u64::from(of_calls);
            weight += of_calls;
            likely += of_calls * cost;
            if !is_cached(program, arch, nr) {
                cached += of_calls * cost;
            }
        }
        let mut worst = 0;
        for nr in landmarks(program) {
            worst = worst.max(executed(nr)?);
        }
        let mean = |sum: u64, of: u64| sum as f64 / of.max(1) as f64;
        Ok(Cost {
            length: program.len(),
            mean: mean(sum, count),
            likely: mean(likely, weight),
            cached: mean(cached, weight),
            worst,
        })
    }
}

/// Numbers at which a program may do something else than for the number before: its constants and their neighbours, and
/// the numbers of tables with and without x32's bit, as programs may look at bits.
fn landmarks(program: &[Insn]) -> BTreeSet<u32> {
    let constants = program.iter().map(|insn| insn.k);
    let near = constants.flat_map(|k| [k.wrapping_sub(1), k, k.wrapping_add(1)]);
    let tables = [0, 1 << 30, 1 << 31, 3 << 30].into_iter();
    near.chain(tables.flat_map(|high| high..high + 600))
        .chain([u32::MAX])
        .collect()
}

/// Whether the kernel finds out, without executing the program for it, that a call is always allowed: the instructions
/// that `seccomp_is_const_allow` in kernel/seccomp.c understands.
fn is_cached(program: &[Insn], arch: u32, nr: u32) -> bool {
    let mut pc = 0;
    let mut a = 0;
    while let Some(insn) = program.get(pc) {
        pc += 1;
        match insn.op() {
            Some(Op::LoadData(NR_OFFSET)) => a = nr,
            Some(Op::LoadData(ARCH_OFFSET)) => a = arch,
            Some(Op::Alu(Alu::And, Operand::K(k))) => a &= k,
            Some(Op::Jump(k)) => pc = pc.saturating_add(k as usize),
            Some(Op::Branch {
                cond: cond @ (Cond::Eq | Cond::Ge | Cond::Gt | Cond::Set),
                with: Operand::K(k),
                jt,
                jf,
            }) => pc += usize::from(if cond.holds(a, k) { jt } else { jf }),
            Some(Op::Return(ret)) => return ret == RET_ALLOW,
            _ => return false,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Program;

    const ARCH: u32 = 0xc000_003e;

    #[test]
    fn one_instruction_costs_one_and_nothing_if_it_is_cached() {
        let cost = |ret| Cost::of(&Program::from_iter([Op::Return(ret)]), ARCH).unwrap();
        let allowed = cost(RET_ALLOW);
        assert_eq!((allowed.length, allowed.worst), (1, 1));
        assert_eq!((allowed.mean, allowed.likely), (1.0, 1.0));
        assert_eq!(allowed.cached, 0.0);
        assert_eq!(cost(0).cached, 1.0);
    }

    #[test]
    fn what_is_likely_weighs_more() {
        let by_number = |nr| {
            let program = Program::from_iter([
                Op::LoadData(NR_OFFSET),
                Op::branch(Cond::Eq, nr, 0, 1),
                Op::Return(RET_ALLOW),
                Op::Jump(0),
                Op::Jump(0),
                Op::Return(RET_ALLOW),
            ]);
            Cost::of(&program, ARCH).unwrap()
        };
        let (read, chroot) = (by_number(0), by_number(161));
        assert!(read.likely + 0.1 < chroot.likely, "{read:?} {chroot:?}");
        assert_eq!(read.mean, chroot.mean);
        assert_eq!(read.worst, 5);
    }

    #[test]
    fn the_cache_knows_no_arithmetic_but_and() {
        let with = |alu, with| {
            let program = Program::from_iter([
                Op::LoadData(NR_OFFSET),
                Op::Alu(alu, with),
                Op::Return(RET_ALLOW),
            ]);
            is_cached(&program, ARCH, 0)
        };
        assert!(with(Alu::And, Operand::K(1)));
        assert!(!with(Alu::And, Operand::X));
        assert!(!with(Alu::Or, Operand::K(1)));
        let by_argument = [Op::LoadData(16), Op::Return(RET_ALLOW)];
        assert!(!is_cached(&Program::from_iter(by_argument), ARCH, 0));
    }
}
