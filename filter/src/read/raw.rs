//! Raw instructions: an array of `struct sock_filter`, of either byte order.

use super::Filter;
use super::error::{Fault, Place};
use crate::{ByteOrder, Insn, Program, check};

/// The program in a byte order that is known.
pub(super) fn in_order(bytes: &[u8], order: ByteOrder) -> Result<Filter, Fault> {
    let program = Program::from_bytes(bytes, order).map_err(|error| {
        let whole = bytes.len() / Insn::SIZE * Insn::SIZE;
        Fault::new(Place::Byte(whole), error.to_string())
    })?;
    Ok(Filter {
        order,
        ..Filter::of(program)
    })
}

/// The program in the byte order in which the kernel would take it.
///
/// No valid program is valid in both: its last instruction is `ret`, whose code is 6 or 22 in one order and 0x600 or
/// 0x1600 in the other, which no instruction has.
pub(super) fn detect(bytes: &[u8]) -> Result<Filter, Fault> {
    let little = in_order(bytes, ByteOrder::Little)?;
    let big = in_order(bytes, ByteOrder::Big)?;
    match (check(&little.program), check(&big.program)) {
        (Ok(()), _) => Ok(little),
        (_, Ok(())) => Ok(big),
        (Err(as_little), Err(as_big)) => {
            // What has the instructions of one order is a program of that order, though not one that the kernel takes.
            let known =
                |filter: &Filter| filter.program.iter().filter(|i| i.op().is_some()).count();
            let half = little.program.len() / 2;
            match (known(&little), known(&big)) {
                (some, none) if some > half && none <= half => Ok(little),
                (none, some) if some > half && none <= half => Ok(big),
                _ => Err(Fault::whole(format!(
                    "these bytes are a filter in neither byte order: little-endian, {as_little}; big-endian, {as_big} \
                     (`--from raw` or `raw-be` takes them all the same)"
                ))),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Op;

    fn sample() -> Program {
        Program::from_iter([Op::LoadData(4), Op::Return(0x7fff_0000)])
    }

    #[test]
    fn either_order_is_found() {
        for order in [ByteOrder::Little, ByteOrder::Big] {
            let filter = detect(&sample().to_bytes(order)).unwrap();
            assert_eq!((filter.program, filter.order), (sample(), order));
        }
    }

    #[test]
    fn a_program_that_the_kernel_would_not_take_is_one_all_the_same() {
        let program = Program::from_iter([Op::LoadData(3), Op::LoadData(64)]);
        for order in [ByteOrder::Little, ByteOrder::Big] {
            let filter = detect(&program.to_bytes(order)).unwrap();
            assert_eq!((&filter.program, filter.order), (&program, order));
        }
    }

    #[test]
    fn what_is_none_is_told_with_both_reasons() {
        let torn = detect(&[6, 0, 0, 0, 0, 0, 0, 0, 6, 0]).unwrap_err();
        assert_eq!(torn.place, Place::Byte(8));
        let noise = detect(&[0xff; 16]).unwrap_err().what;
        assert!(noise.contains("neither byte order"), "{noise}");
        assert!(noise.contains("code 0xffff"), "{noise}");
    }
}
