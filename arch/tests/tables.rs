//! The tables against themselves: what must hold of any table, whatever the facts.

use everycall_arch::slots::slots;
use everycall_arch::table::{self, UNDESCRIBED};
use everycall_arch::{AbiId, Arg, Len, Obj, Proto, Ty, proto};

fn calls() -> impl Iterator<Item = &'static table::Syscall> {
    AbiId::ALL.into_iter().flat_map(table::all)
}

#[test]
fn every_number_has_a_proto() {
    let missing: Vec<_> = calls()
        .filter(|call| std::ptr::eq(call.proto, &raw const UNDESCRIBED))
        .map(|call| (call.abi, call.nr, call.name))
        .collect();
    assert!(missing.is_empty(), "calls without a proto: {missing:?}");
}

#[test]
fn every_proto_is_used() {
    let unused: Vec<_> = proto::FAMILIES
        .into_iter()
        .flatten()
        .filter(|proto| !calls().any(|call| std::ptr::eq(call.proto, *proto)))
        .map(|proto| proto.name)
        .collect();
    assert!(unused.is_empty(), "protos that no table uses: {unused:?}");
}

#[test]
fn numbers_ascend_and_lookups_agree() {
    for abi in AbiId::ALL {
        let table = table::all(abi);
        assert!(table.len() > 300, "{abi:?} has {} calls", table.len());
        assert!(table.windows(2).all(|pair| pair[0].nr < pair[1].nr));
        for call in table {
            assert_eq!(
                table::by_nr(abi, call.nr).map(|found| found.name),
                Some(call.name)
            );
            for name in call.aliases.iter().chain([&call.name]) {
                let found = table::by_name(abi, name).map(|found| found.nr);
                assert_eq!(found, Some(call.nr), "{abi:?} {name}");
            }
        }
    }
}

#[test]
fn families_are_sorted() {
    for family in proto::FAMILIES {
        for pair in family.windows(2) {
            assert!(
                pair[0].name < pair[1].name,
                "{} before {}",
                pair[0].name,
                pair[1].name
            );
        }
    }
}

#[test]
fn no_call_needs_a_seventh_word() {
    for call in calls() {
        let needed = slots(call.abi, call.proto)
            .iter()
            .map(|slot| slot.first + slot.words)
            .max();
        assert!(
            needed.unwrap_or(0) <= 6,
            "{:?} {} needs {needed:?} words",
            call.abi,
            call.name
        );
    }
}

/// The generic `fadvise64_64` would need a seventh word under ARM's rule: so the assertion above can fail.
#[test]
fn the_seventh_word_is_found() {
    let generic = proto::by_name("fadvise64_64").expect("is a proto");
    let last = slots(AbiId::Arm, generic).pop().expect("has arguments");
    assert_eq!(last.first + last.words, 7);
}

#[test]
fn indices_of_arguments_are_in_range() {
    for proto in proto::FAMILIES.into_iter().flatten() {
        for arg in proto.args {
            assert!(in_range(proto, arg), "{} {}", proto.name, arg.name);
        }
    }
}

fn in_range(proto: &Proto, arg: &Arg) -> bool {
    let exists = |index: u8| usize::from(index) < proto.args.len();
    let pointed = |index: u8| {
        proto
            .args
            .get(usize::from(index))
            .is_some_and(|arg| matches!(arg.ty, Ty::In(_) | Ty::InOut(_) | Ty::Out(_)))
    };
    match arg.ty {
        Ty::When { arg, .. } => exists(arg),
        Ty::In(obj) | Ty::Out(obj) | Ty::InOut(obj) => match obj {
            Obj::Bytes(len) | Obj::Sockaddr(len) | Obj::Ints(len) => match *len {
                Len::Fixed(_) | Len::Ret => true,
                Len::Arg(index) | Len::RetUpTo(index) => exists(index),
                Len::DerefArg(index) => pointed(index),
            },
            _ => true,
        },
        _ => true,
    }
}
