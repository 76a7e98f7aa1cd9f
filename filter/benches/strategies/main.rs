//! What filters cost, side by side: ours by every strategy, and those that others make for the same sets.
//!
//! `cargo bench -p everycall-filter --bench strategies`. With `-- --numbers SET` it prints the numbers of a set, from
//! which fixtures/strategies/record.sh makes the others' filters.

#[path = "../common/mod.rs"]
mod common;
mod kernel;
mod peers;
mod provers;
mod sets;
mod tables;

use std::process::ExitCode;

use everycall_arch::{AbiId, table};

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1).filter(|arg| arg != "--bench");
    let result = match args.next().as_deref() {
        Some("--numbers") => numbers(&args.next().unwrap_or_default()),
        Some("--time") => kernel::child(&args.next().unwrap_or_default()),
        Some(other) => Err(format!("{other} is not known: there is --numbers SET")),
        None => tables::show()
            .and_then(|()| provers::show())
            .and_then(|()| kernel::show()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Prints x86-64's numbers of a set.
fn numbers(name: &str) -> Result<(), String> {
    let set = sets::SETS.iter().find(|set| set.0 == name);
    let set = set.ok_or_else(|| format!("there is no set {name:?}"))?;
    for call in table::all(AbiId::X86_64).iter().filter(|call| set.1(call)) {
        println!("{}", call.nr);
    }
    Ok(())
}
