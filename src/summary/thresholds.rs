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

/// Note: more than this share of a core that a side runs on was used by others in the window. An idle virtual machine of two
/// cores used 0.7 to 1.1 % of each by itself, and what is neither idle nor any thread's was at most 0.2 % (5 s, four times);
/// the kernel counts in steps of 10 ms, 0.5 % of a window of 2 s.
pub const FOREIGN_NOTE: f64 = 0.05;
/// Untrusted: a quarter of the core was somebody else's. At that share one wake-up in four finds the core taken, and waits for a
/// time slice of milliseconds.
pub const FOREIGN_UNTRUSTED: f64 = 0.25;

/// Note: the hypervisor took more than this share of a core from us while there was work. The kernel counts in steps of 10 ms,
/// 0.5 % of a window of 2 s: a step or two say nothing.
pub const STEAL_NOTE: f64 = 0.02;
/// Untrusted: a tenth of the core was away, in pieces of milliseconds that no stamp can tell from a slow server.
pub const STEAL_UNTRUSTED: f64 = 0.1;

/// Note: a CPU quota stopped the control group for more than this share of the window. A stop lasts up to 100 ms: one in ten
/// seconds reaches a p99.
pub const THROTTLED_NOTE: f64 = 0.001;
/// Untrusted: every latency has a fair chance to contain a stop.
pub const THROTTLED_UNTRUSTED: f64 = 0.05;

/// Note: tasks of the machine waited for memory for more than this share of the window (pressure stall information). A machine
/// that has enough shows 0; half of what can reach a p99. Stalls of processes that are not ours count as well: the kernel
/// tells of the machine as a whole.
pub const MEMORY_STALL_NOTE: f64 = 0.005;
/// Untrusted: what waits for memory one time in twenty shows in every p95.
pub const MEMORY_STALL_UNTRUSTED: f64 = 0.05;
/// Note: a side had to read more than this many pages from a disk within the window. Some are the first steps into code that
/// was never run before.
pub const MAJOR_FAULTS_NOTE: f64 = 10.0;
/// Untrusted: more than this many a second of a side: at about 0.1 ms to 10 ms each, a thread that is held up all the time.
pub const MAJOR_FAULTS_UNTRUSTED: f64 = 100.0;
/// Note: less than this share of the machine's memory was to be had at the end of the window: the kernel begins to reclaim.
pub const MEMORY_LEFT_NOTE: f64 = 0.03;

/// Note: CLOCK_MONOTONIC was slewed by more than this beside the undisciplined clock. 500 ppm is the most that the kernel's own
/// discipline asks for (MAXFREQ, adjtimex(2)), and half of a histogram's resolution: what is beyond it can be seen in figures.
pub const SLEW_NOTE: f64 = 500e-6;
/// Note: a clock that can be set jumped by more than this many seconds. Reading the clocks one after the other costs microseconds.
pub const CLOCK_STEP_NOTE: f64 = 0.001;
/// Untrusted: the machine slept for more than this many seconds within the window.
pub const SUSPENDED_UNTRUSTED: f64 = 0.001;
/// Clock sources that are read without a system call, in tens of nanoseconds; others cost a microsecond and more for each stamp.
pub const FAST_CLOCK_SOURCES: &[&str] = &["tsc", "kvm-clock", "hyperv_clocksource_tsc_page", "arch_sys_counter", "riscv_clocksource", "timebase", "tod"];

/// Note: a generator's timer came later than this share of the p99 of latency, once at least: what held it up is in the tail.
pub const BEAT_LAG_NOTE: f64 = 0.5;
/// Untrusted: every other beat came later than this share of the median latency: the generator's thread is held up all the time.
pub const BEAT_LAG_UNTRUSTED: f64 = 0.1;

/// Note: snapshots at the edges of the window were late by more than this share of it; CPU and the server's counts are then of
/// another window than the one they are divided by. A hundredth is the resolution to which they are shown.
pub const EDGE_LAG_NOTE: f64 = 0.01;

/// Note: the largest repeat of a figure is more than so many times the smallest. Plain runs of the same code, one after the
/// other, have differed by half.
pub const REPEATS_DIFFER: f64 = 1.5;
/// Differences between repeats of less than this many seconds are no note: they are the kernel's and the timers'.
pub const REPEATS_DIFFER_FLOOR: f64 = 0.001;

/// Untrusted: fewer than this share of the planned requests was sent: the load was then not the one that the scenario asks for.
pub const REQUESTS_SENT: f64 = 0.999;

/// Note: so much of the CPU of a window is the harness's own. Null trials of one run differ by a tenth or two of
/// their cost: with half of the sum subtracted, that alone moves what is left by a tenth or two.
pub const NULL_SHARE: f64 = 0.5;

/// Note: a point lies farther from its line than this share of what the line rises over the data. Memory grows in steps (an
/// allocator's chunks, a table that doubles): a tenth is what such steps make at four sizes.
pub const UNEVEN_FIT: f64 = 0.1;

/// A slope may be used up to so many times the largest size that was measured.
pub const EXTRAPOLATION: f64 = 10.0;

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
