//! How long it takes to compile a filter, and to prove it.

use std::time::{Duration, Instant};

use everycall_arch::AbiId;
use everycall_filter::map::{self, Map};
use everycall_filter::{Proven, Strategy, compile_with};

use super::sets::{self, SETS};
use super::tables::ABIS;

const ROUNDS: usize = 15;

/// Prints the least times: whatever else the machine does only adds.
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

fn least(mut what: impl FnMut()) -> Duration {
    let times = (0..ROUNDS).map(|_| {
        let begin = Instant::now();
        what();
        begin.elapsed()
    });
    times.min().unwrap_or_default()
}
