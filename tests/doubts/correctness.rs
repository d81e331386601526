//! What arrives, and what is counted. These thresholds are counts, so that the runs are exact.

use pushbench::summary::Grade;

use crate::load::{alone, contender, grade, setting};

/// Runs with faults and, in every other way alike, with others: the first must raise the doubt, the second must not.
fn differ(cause: &str, name: &str, above: &str, below: &str, expected: Grade) {
    let _alone = alone();
    let run = |faults: &str| setting().and(&contender(name, "", faults)).run();
    assert_eq!(grade(&run(above), cause), Some(expected), "{cause} with {above}");
    assert_eq!(grade(&run(below), cause), None, "{cause} with {below:?}");
}

#[test]
fn lost_updates() {
    differ("lost", "faulty-push", "lose=4", "", Grade::Untrusted);
}

#[test]
fn nothing_delivered() {
    differ("nothing-delivered", "faulty-push", "lose=1", "lose=2", Grade::Untrusted);
}

#[test]
fn doubled_updates() {
    differ("duplicated", "faulty-push", "double=10", "", Grade::Note);
}

#[test]
fn reordered_updates() {
    differ("reordered", "faulty-push", "swap=2", "", Grade::Note);
}

#[test]
fn corrupt_updates() {
    differ("corrupt", "faulty-push", "corrupt=10", "", Grade::Untrusted);
}

#[test]
fn counts_that_disagree() {
    differ("check", "faulty-poll", "miscount=10", "", Grade::Untrusted);
}

#[test]
fn failed_requests() {
    differ("failed-requests", "faulty-poll", "fail=10", "", Grade::Note);
}

#[test]
fn unpublished_updates() {
    differ("unpublished", "faulty-push", "hang=10", "", Grade::Untrusted);
}

/// 4,000 polls are planned: one left out of 500 is 0.998 of them, one of 2,000 is 0.9995.
#[test]
fn polls_left_out() {
    let _alone = alone();
    for (faults, expected) in [("skip=500", Some(Grade::Untrusted)), ("skip=2000", None)] {
        let setting =
            setting().with("span", "\"2s\"").with("topics", "200").with("updates_per_active_topic", "1").and("[subscribers]\ncount = 1\nconnections = 4\n");
        let recording = setting.and(&contender("faulty-poll", "interval = \"100ms\"", faults)).run();
        let trial = &recording.trials[0];
        let (sent, planned) = (trial.subscriber_traffic.window.requests, trial.requests_planned);
        assert!(planned.abs_diff(4_000) <= 40 && sent < planned, "{sent} of {planned}");
        assert_eq!(grade(&recording, "requests-unsent"), expected, "{sent} of {planned}");
    }
}

/// Where each event counts, polling skips some; being told skips none.
#[test]
fn coalesced_events() {
    let _alone = alone();
    for (name, expected) in [("faulty-poll", Some(Grade::Note)), ("faulty-push", None)] {
        let setting = setting().with("semantics", "\"events\"").with("updates_per_active_topic", "10");
        let recording = setting.and(&contender(name, "interval = \"300ms\"", "")).run();
        assert_eq!(grade(&recording, "coalesced"), expected, "{name}: {:?}", recording.trials[0].deliveries);
    }
}
