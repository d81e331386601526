//! The list of causes: names are API; reports, `docs/doubts.md` and the tests go by it.

use super::Grade;
use super::{cores, correctness, harness, lateness, run, samples, surroundings};

/// Why a figure is doubtful: what all doubts of a cause have in common.
#[derive(Debug)]
pub struct Cause {
    /// Short name, such as `lag`: API.
    pub name: &'static str,
    /// Which grades it comes in.
    pub grades: &'static [Grade],
    /// When it is raised, with the thresholds in force; where two are given, the second is that of *untrusted*.
    pub raised_when: fn() -> String,
    /// Metrics it touches: a name, a prefix that ends with a dot, or an empty text for all. Some doubts touch fewer, and say so.
    pub touches: &'static [&'static str],
    /// What mends it, as a sentence.
    pub remedy: &'static str,
}

/// Touches everything.
pub const EVERYTHING: &[&str] = &[""];
/// Touches all times that something on the way may have lengthened.
pub const TIMES: &[&str] = &["latency.", "scenario_latency.", "staleness.", "fidelity.", "lag.", "publish_lag.", "service.", "response."];
/// Touches all that has waited for a core, and what the waiting cost.
pub const TIMES_AND_CPU: &[&str] = &["latency.", "scenario_latency.", "staleness.", "fidelity.", "cpu.", "lag.", "publish_lag.", "service.", "response."];

/// All causes, family by family.
pub const CAUSES: &[&Cause] = &[
    // The run as a whole.
    &run::NOTHING_MEASURED,
    &run::INCOMPLETE,
    &run::HANDICAP,
    &run::TRACE,
    &run::COMPRESSION,
    &run::LOOPBACK_SPLIT,
    &run::CLOCK_SOURCE,
    // Correctness.
    &correctness::NOTHING_DELIVERED,
    &correctness::LOST,
    &correctness::CORRUPT,
    &correctness::CHECK,
    &correctness::REQUESTS_UNSENT,
    &correctness::UNPUBLISHED,
    &correctness::FAILED_REQUESTS,
    &correctness::COALESCED,
    &correctness::DUPLICATED,
    &correctness::REORDERED,
    // Lateness.
    &lateness::LAG,
    &lateness::TRANSIT_LAG,
    &lateness::PUBLISH_LAG,
    &lateness::BEAT_LAG,
    &lateness::EDGE_LAG,
    &lateness::SHORT_WARM_UP,
    // The harness's own CPU.
    &harness::NO_NULL,
    &harness::NULL_SHARE_CAUSE,
    &harness::IDLE_TRIAL,
    // Cores.
    &cores::GENERATOR,
    &cores::SHARED_CORES,
    // Samples and repeats.
    &samples::ONE_REPEAT,
    &samples::NOISY_REPEATS,
    &samples::SAMPLES,
    &samples::FEW_UPDATES,
    &samples::CLIPPED,
    &samples::NEGATIVE,
    // Surroundings.
    &surroundings::FOREIGN_LOAD,
    &surroundings::STEAL,
    &surroundings::THROTTLED,
    &surroundings::MEMORY_PRESSURE,
    &surroundings::CLOCK_SLEW,
    &surroundings::CLOCK_STEP,
    &surroundings::SUSPENDED,
    &surroundings::WITNESS,
];
