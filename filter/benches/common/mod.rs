//! The clock of the benches.

use std::time::{Duration, Instant};

const ROUNDS: usize = 15;

/// The least of some times: whatever else the machine does only adds.
pub(crate) fn least(mut what: impl FnMut()) -> Duration {
    let times = (0..ROUNDS).map(|_| {
        let begin = Instant::now();
        what();
        begin.elapsed()
    });
    times.min().unwrap_or_default()
}
