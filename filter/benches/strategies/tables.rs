//! The tables of instructions executed.

use everycall_arch::AbiId;
use everycall_filter::map::Map;
use everycall_filter::{Cost, Program, Strategy, compile_map, compile_with};

use super::peers::{self, PEERS};
use super::sets::{self, SETS};

/// What the filters are for: a 64-bit process, and the 32-bit programs that it may start.
pub(crate) const ABIS: [AbiId; 3] = [AbiId::X86_64, AbiId::X32, AbiId::I386];

const DATA: u16 = 0;

/// What is executed whatever the number: `ld arch`, one comparison, `ld nr`, `ret`.
const DISPATCH: f64 = 4.0;

/// Prints what everything costs. The limit is what a tree of comparisons needs if it knows nothing of what is likely: the
/// dispatch, and log2 of how many ranges the numbers of x86-64 are cut into.
pub(crate) fn show() -> Result<(), String> {
    let arch = AbiId::X86_64.abi().audit_arch;
    println!("instructions executed for x86-64's calls\n");
    println!(
        "{:<12} {:<26} {:>6} {:>6} {:>6} {:>6} {:>6}",
        "set", "filter", "length", "mean", "likely", "cached", "worst"
    );
    for set in SETS {
        let policy = sets::policy(set, &ABIS);
        let allowed = policy.allowed(arch);
        let ranges = allowed.ranges().len() + allowed.complement().ranges().len();
        let limit = DISPATCH + (ranges as f64).log2();
        println!("{:<12} {ranges} ranges of numbers, limit {limit:.2}", set.0);
        for strategy in Strategy::ALL {
            let program = compile_with(&policy, DATA, arch, strategy).map_err(|e| e.to_string())?;
            row(set.0, &format!("ours, {strategy}"), &program)?;
        }
        for peer in PEERS {
            let program = peers::program(peer, set.0)?;
            row(set.0, peer, &program)?;
            let map = Map::of(&program).map_err(|e| e.to_string())?;
            let anew = compile_map(&map, arch, Strategy::Auto).map_err(|e| e.to_string())?;
            row(set.0, "  the same by auto", &anew)?;
        }
        println!();
    }
    Ok(())
}

fn row(set: &str, name: &str, program: &Program) -> Result<(), String> {
    let cost = Cost::of(program, AbiId::X86_64.abi().audit_arch).map_err(|e| e.to_string())?;
    println!(
        "{set:<12} {name:<26} {:>6} {:>6.2} {:>6.2} {:>6.2} {:>6}",
        cost.length, cost.mean, cost.likely, cost.cached, cost.worst
    );
    Ok(())
}
