//! Each doubt is raised by its cause and silent without it: under real load where that can be had, on made-up recordings where
//! a machine cannot do it to itself (steal time, clocks).
//!
//! For each cause a run just above its threshold and one just below. Where a threshold is a count the two differ by one. Where
//! it is a time or a share of the machine, the runs keep a margin of a factor of two or so on either side, because machines
//! that run tests are not calm; the margins stand beside the tests.

mod correctness;
mod faulty;
mod fixtures;
mod lateness;
mod load;
mod machine;
mod samples;
mod whole;

use pushbench::summary::doubts::CAUSES;

/// Whether the load was real.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Provoked {
    /// By real load, in real time.
    Real,
    /// In virtual time.
    Virtual,
    /// On made-up recordings.
    Fixture,
}

use Provoked::{Fixture, Real, Virtual};

/// Cause, how it is provoked, by which test.
const TESTS: &[(&str, Provoked, &str)] = &[
    ("nothing-measured", Real, "whole::an_interrupted_run"),
    ("incomplete", Real, "whole::an_interrupted_run"),
    ("handicap", Fixture, "fixtures::runs_that_are_made_worse"),
    ("trace", Real, "whole::traces_that_differ"),
    ("compression", Real, "whole::compressed_time"),
    ("loopback-split", Real, "machine::cores_that_are_shared"),
    ("clock-source", Fixture, "fixtures::slow_clock_sources"),
    ("nothing-delivered", Real, "correctness::nothing_delivered"),
    ("lost", Real, "correctness::lost_updates"),
    ("corrupt", Real, "correctness::corrupt_updates"),
    ("check", Real, "correctness::counts_that_disagree"),
    ("requests-unsent", Real, "correctness::polls_left_out"),
    ("unpublished", Real, "correctness::unpublished_updates"),
    ("failed-requests", Real, "correctness::failed_requests"),
    ("coalesced", Real, "correctness::coalesced_events"),
    ("duplicated", Real, "correctness::doubled_updates"),
    ("reordered", Real, "correctness::reordered_updates"),
    ("lag", Real, "lateness::lag"),
    ("transit-lag", Real, "lateness::lag_beside_transit"),
    ("publish-lag", Real, "lateness::publish_lag"),
    ("beat-lag", Real, "lateness::beats_that_come_late"),
    ("edge-lag", Real, "lateness::edges_that_come_late"),
    ("short-warm-up", Real, "lateness::a_warm_up_shorter_than_the_interval"),
    ("no-null", Fixture, "fixtures::runs_without_null_trials"),
    ("null-share", Fixture, "fixtures::windows_that_are_mostly_the_harness"),
    ("idle-trial", Fixture, "fixtures::idle_trials_that_go_wrong"),
    ("generator-busy", Real, "machine::generators_without_a_core_left"),
    ("shared-cores", Real, "machine::cores_that_are_shared"),
    ("one-repeat", Real, "samples::one_repeat"),
    ("noisy-repeats", Real, "samples::repeats_that_differ"),
    ("samples", Real, "samples::too_few_samples"),
    ("few-updates", Real, "samples::too_few_updates"),
    ("clipped", Virtual, "samples::times_beyond_a_month"),
    ("negative", Real, "samples::a_clock_that_goes_backwards"),
    ("foreign-load", Real, "machine::load_of_others"),
    ("steal", Fixture, "fixtures::steal_time"),
    ("throttled", Real, "machine::a_cpu_quota"),
    ("memory-pressure", Real, "machine::a_memory_limit"),
    ("clock-slew", Fixture, "fixtures::clocks_that_are_slewed"),
    ("clock-step", Fixture, "fixtures::clocks_that_are_set"),
    ("suspended", Fixture, "fixtures::machines_that_sleep"),
    // Under real load as well, in tests/witnesses.
    ("witness", Fixture, "fixtures::observers_from_outside"),
];

#[test]
fn every_cause_has_its_test() {
    let names: Vec<&str> = CAUSES.iter().map(|cause| cause.name).collect();
    let tested: Vec<&str> = TESTS.iter().map(|(cause, ..)| *cause).collect();
    assert_eq!(tested, names, "the table is in the order of the list of causes");
    for (cause, how, test) in TESTS {
        let (module, function) = test.split_once("::").unwrap();
        let path = format!("{}/tests/doubts/{module}.rs", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(&path).unwrap();
        let place = text.find(&format!("#[test]\nfn {function}() {{"));
        assert!(place.is_some(), "{path} has no test {function}");
        let named = text.contains(&format!("\"{cause}\""));
        assert!(named, "{path} never names {cause}");
        assert_eq!(*how == Fixture, module == "fixtures", "{cause}: made-up recordings have a file of their own");
    }
    assert_eq!(TESTS.iter().filter(|(_, how, _)| *how == Virtual).count(), 1);
}
