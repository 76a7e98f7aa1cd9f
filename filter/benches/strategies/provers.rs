//! How long it takes to compile a filter, and to prove it.

use std::time::Duration;

use everycall_arch::AbiId;
use everycall_filter::map::{self, Map};
use everycall_filter::{Proven, Strategy, compile_with};

use super::common::least;
use super::sets::{self, SETS};
use super::tables::ABIS;

/// Prints the least times.
pub(crate) fn show() -> Result<(), String> {
    println!("milliseconds for our own filters of the three ABIs\n");
    println!(
        "{:<12} {:<8} {:>8} {:>8} {:>8}",
        "set", "strategy", "compile", "prove", "by map"
    );
    let arch = AbiId::X86_64.abi().audit_arch;
    for set in SETS {
        let policy = sets::policy(set, &ABIS);
        for strategy in [Strategy::Auto, Strategy::Search] {
            let make = || compile_with(&policy, 0, arch, strategy);
            let program = make().map_err(|error| error.to_string())?;
            Proven::new(program.clone(), &policy, 0).map_err(|error| error.to_string())?;
            let compile = least(|| drop(make()));
            let prove = least(|| drop(Proven::new(program.clone(), &policy, 0)));
            let by_map = least(|| {
                let wanted = Map::of_policy(&policy, 0);
                drop(wanted.map(|wanted| map::prove(&program, &wanted)));
            });
            let ms = |time: Duration| time.as_secs_f64() * 1e3;
            println!(
                "{:<12} {:<8} {:>8.3} {:>8.3} {:>8.3}",
                set.0,
                strategy.name(),
                ms(compile),
                ms(prove),
                ms(by_map)
            );
        }
    }
    println!();
    Ok(())
}
