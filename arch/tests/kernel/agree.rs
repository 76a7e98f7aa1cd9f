//! What a kernel says of its calls, held against the table and the protos.

use std::collections::BTreeMap;
use std::io;

use everycall_arch::{AbiId, Arg, Proto, proto, table};

use crate::common;
use crate::signature::{self, Declared, Signature};
use crate::tracing::{self, Instance};
use crate::{NATIVE, kernel_is_native, known, numbers};

/// What a kernel says of its calls.
#[derive(Clone, Debug)]
pub(crate) struct Kernel {
    /// The ABI that its events speak of.
    pub(crate) abi: AbiId,
    /// Every entry point that has an event.
    pub(crate) signatures: Vec<Signature>,
    /// Number to entry point, for all of those.
    pub(crate) numbers: BTreeMap<u32, String>,
}

impl Kernel {
    /// The running one's; the error says what is not there.
    pub(crate) fn running() -> io::Result<Kernel> {
        let instance = Instance::new()?;
        Ok(Kernel {
            abi: NATIVE,
            signatures: signature::running(&tracing::events())?,
            numbers: numbers::running(&instance)?,
        })
    }

    /// Our name for one of the kernel's entry points.
    fn line<'a>(&self, entry: &'a str) -> &'a str {
        let other = known::LINES
            .iter()
            .find(|(abis, name, _)| *name == entry && abis.contains(&self.abi));
        match other {
            Some((_, _, ours)) => ours,
            None if self.abi == AbiId::I386 => {
                entry.strip_prefix(known::IN_HALVES).unwrap_or(entry)
            }
            None => entry,
        }
    }

    /// Everything in which the kernel and our tables differ.
    pub(crate) fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        for signature in &self.signatures {
            match proto::by_name(self.line(&signature.entry)) {
                None => faults.push(format!("{signature}: no proto")),
                Some(proto) => {
                    faults.extend(self.of_arguments(signature, proto));
                    faults.extend(self.of_table(proto));
                }
            }
        }
        for (nr, entry) in &self.numbers {
            let call = table::by_nr(self.abi, *nr);
            let ours = call.map_or("nothing", |call| call.proto.name);
            if ours != self.line(entry) {
                faults.push(format!("{nr} is {entry} in the kernel, {ours} here"));
            }
        }
        faults
    }

    fn of_arguments(&self, signature: &Signature, proto: &Proto) -> Vec<String> {
        let misdeclared =
            |(abi, entry, _): &(_, &str, _)| *abi == self.abi && *entry == signature.entry;
        if known::MISDECLARED.iter().any(misdeclared) {
            return Vec::new();
        }
        let theirs = if self.abi == AbiId::I386 {
            signature.joined()
        } else {
            signature.args.clone()
        };
        let added = known::ADDED.iter().find(|(entry, ..)| *entry == proto.name);
        let few = added.is_some_and(|(_, _, before)| *before == theirs.len());
        if theirs.len() != proto.args.len() && !few {
            let ours: Vec<_> = proto.args.iter().map(|arg| arg.name).collect();
            return vec![format!("{signature}: {ours:?} here")];
        }
        let pairs = theirs.iter().zip(proto.args);
        pairs
            .filter(|(theirs, ours)| !self.agree(proto, theirs, ours))
            .map(|(theirs, ours)| {
                let width = signature::width(ours.ty);
                format!(
                    "{signature}: {} {} is {}, {width:?}, here",
                    theirs.ty, theirs.name, ours.name
                )
            })
            .collect()
    }

    fn agree(&self, proto: &Proto, theirs: &Declared, ours: &Arg) -> bool {
        let renamed = known::RENAMED.contains(&(proto.name, &theirs.name, ours.name));
        let narrower = known::NARROWER
            .iter()
            .any(|(entry, arg, _)| *entry == proto.name && *arg == ours.name);
        (renamed || theirs.name == ours.name) && (narrower || theirs.fits(self.abi, ours.ty))
    }

    /// Each number that we give to an entry point of which the kernel has an event must run it.
    fn of_table(&self, proto: &Proto) -> Vec<String> {
        let calls: Vec<_> = table::all(self.abi)
            .iter()
            .filter(|call| call.proto.name == proto.name)
            .collect();
        if calls.is_empty() {
            return vec![format!(
                "{}: no number of {:?} has it",
                proto.name, self.abi
            )];
        }
        calls
            .iter()
            .filter(|call| {
                common::is_filtered(self.abi, call.nr) && !self.numbers.contains_key(&call.nr)
            })
            .map(|call| format!("{} ({}): no such number in the kernel", call.name, call.nr))
            .collect()
    }
}

#[test]
fn the_running_kernel_agrees() {
    if !kernel_is_native() {
        return;
    }
    let kernel = match Kernel::running() {
        Ok(kernel) => kernel,
        Err(error) => return println!("skipped: {error}"),
    };
    assert!(
        kernel.signatures.len() > 250,
        "{} entry points",
        kernel.signatures.len()
    );
    assert!(
        kernel.numbers.len() > 250,
        "{} numbers",
        kernel.numbers.len()
    );
    let faults = kernel.faults();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    println!(
        "{} entry points, {} numbers",
        kernel.signatures.len(),
        kernel.numbers.len()
    );
}
