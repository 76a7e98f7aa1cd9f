//! Our strategies against those of others, by filters that were recorded: see fixtures/strategies/README.md.

#[path = "../benches/strategies/peers.rs"]
mod peers;
#[path = "../benches/strategies/sets.rs"]
mod sets;

use everycall_arch::AbiId;
use everycall_filter::map::Map;
use everycall_filter::{Cost, Program, Strategy, compile_map, compile_with};

use peers::PEERS;
use sets::SETS;

const X86_64: u32 = 0xc000_003e;

fn cost(program: &Program) -> Cost {
    Cost::of(program, X86_64).expect("it is valid")
}

/// What filters are compared by, each of them the less the better.
fn measures(cost: Cost) -> [(&'static str, f64); 3] {
    [
        ("mean", cost.mean),
        ("likely", cost.likely),
        ("worst", cost.worst as f64),
    ]
}

#[test]
fn no_filter_executes_less_than_ours_that_means_the_same() {
    let mut worse = Vec::new();
    for peer in PEERS {
        for (set, _) in SETS {
            let theirs = peers::program(peer, set).expect("it is recorded");
            let map = Map::of(&theirs).expect("it has a map");
            assert!(map.undecided().is_empty(), "{peer} {set}");
            // It is proven to mean the same.
            let ours = compile_map(&map, X86_64, Strategy::Auto).expect("it fits");
            for ((name, theirs), (_, ours)) in measures(cost(&theirs))
                .into_iter()
                .zip(measures(cost(&ours)))
            {
                if ours > theirs {
                    worse.push(format!("{peer} {set}: {name} {ours} > {theirs}"));
                }
            }
        }
    }
    assert!(worse.is_empty(), "{worse:#?}");
}

/// Ours do more than all of these: they stop at numbers that no table has. For the sets of one call and of none that is
/// most of the work, so they are not among these.
#[test]
fn no_filter_for_a_set_executes_less_than_ours_though_ours_stops_at_unknown_calls_too() {
    let abis = [AbiId::X86_64, AbiId::X32, AbiId::I386];
    let mut worse = Vec::new();
    for set in SETS
        .into_iter()
        .filter(|set| !matches!(set.0, "none" | "one"))
    {
        let policy = sets::policy(set, &abis);
        let ours = compile_with(&policy, 0, X86_64, Strategy::Auto).expect("it fits");
        for peer in PEERS {
            let theirs = peers::program(peer, set.0).expect("it is recorded");
            for ((name, theirs), (_, ours)) in measures(cost(&theirs))
                .into_iter()
                .zip(measures(cost(&ours)))
                .take(2)
            {
                if ours > theirs {
                    worse.push(format!("{peer} {}: {name} {ours} > {theirs}", set.0));
                }
            }
        }
    }
    assert!(worse.is_empty(), "{worse:#?}");
}
