//! Whether calls that nobody asked for run free. A stopped thread goes to sleep, which the kernel counts: no clock is
//! needed to see it.

use super::Finding;
use crate::case::{Run, Verdict};
use crate::ledger::Ledger;

/// What is wrong with a tracer that has a filter.
pub(super) fn finding(run: &Run, ledger: &Ledger) -> Option<Finding> {
    let free = run.terms.free?;
    let slept = |slot| Some(ledger.slot(slot)?.words[1] as u32);
    let slept = slept(free.behind)?.wrapping_sub(slept(free.before)?);
    // Something else may put it to sleep now and then.
    (slept >= free.calls / 2).then(|| Finding {
        at: free.behind,
        verdict: Verdict::Altered,
        expected: format!("{} calls that nobody asked for run free", free.calls),
        observed: format!("the thread has slept {slept} times meanwhile: it is stopped at each"),
    })
}

#[cfg(test)]
mod tests {
    use everycall_arch::AbiId;

    use super::*;
    use crate::judge::tests::{call, run_of};
    use crate::terms::Free;

    #[test]
    fn stops_are_counted() {
        let slept = |before: u64, behind: u64| {
            let mut calls: Vec<_> = [before, behind]
                .map(|slept| call(AbiId::X86_64, 3, [0, slept, 0, 0, 0, 0]))
                .to_vec();
            calls[1].slot = 1;
            let mut run = run_of(&calls);
            run.terms.free = Some(Free {
                before: 0,
                behind: 1,
                calls: 100,
            });
            finding(&run, &Ledger { calls }).map(|finding| finding.verdict)
        };
        assert_eq!(slept(7, 7), None);
        assert_eq!(slept(7, 40), None);
        assert_eq!(slept(7, 107), Some(Verdict::Altered));
        assert_eq!(slept(0xffff_fff0, 0x20), None);
    }
}
