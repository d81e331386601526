//! Where a figure begins to be doubtful: every threshold, with its reason.

/// A ratio has an interval from so many repeats on; one repeat says nothing of the noise.
pub const REPEATS_FOR_AN_INTERVAL: usize = 2;

/// Note: requests leave late by more than this share of the median latency (p99 of lag). A hundredth is the
/// resolution to which latencies are shown.
pub const LAG_NOTE: f64 = 0.01;
/// Untrusted: a tenth of the median latency is then the harness's own work.
pub const LAG_UNTRUSTED: f64 = 0.1;

/// Note: requests leave late by more than this share of the transit (p99 of both): what is shown as the server's and the
/// network's time is then in good part the harness's.
pub const LAG_IN_TRANSIT: f64 = 0.5;

/// Note: updates are handed over late by more than this share of the p99 of latency: part of every latency is then the publisher's.
pub const PUBLISH_LAG_NOTE: f64 = 0.1;
/// Untrusted: half of what is shown as latency is then the publisher's.
pub const PUBLISH_LAG_UNTRUSTED: f64 = 0.5;

/// Lags below this many seconds are never a note: kernels and timers grant no better than a millisecond.
pub const LAG_NOTE_FLOOR: f64 = 0.001;
/// Lags below this many seconds never make a figure untrusted: 5 ms decide no question of polling or pushing.
pub const LAG_UNTRUSTED_FLOOR: f64 = 0.005;

/// Untrusted: a core that carries a generator is busy for more than this share of the window. Above it, queueing in
/// the generator grows steeply and its delay is taken for the server's.
pub const GENERATOR_BUSY: f64 = 0.8;

/// Untrusted: fewer than this share of the planned requests was sent: the load was then not the one that the scenario asks for.
pub const REQUESTS_SENT: f64 = 0.999;

/// Samples beyond a quantile that it needs to be told from the largest value: a p99 needs 1,000 samples, a p99.9 10,000.
pub const SAMPLES_BEYOND: f64 = 10.0;

/// Without an interval, a lead below this factor is no lead: plain runs of the same code, one after the other, have differed by half.
pub const FACTOR_WITHOUT_INTERVAL: f64 = 1.5;

/// Samples that a quantile needs.
pub fn samples_needed(quantile: f64) -> u64 {
    // Rounded, so that 1 − 0.99 in binary does not ask for one more.
    (SAMPLES_BEYOND / (1.0 - quantile)).round() as u64
}

#[cfg(test)]
mod tests {
    #[test]
    fn quantiles_need_samples_beyond_them() {
        assert_eq!(super::samples_needed(0.99), 1_000);
        assert_eq!(super::samples_needed(0.999), 10_000);
    }
}
