//! Each doubt: raised by its cause, and silent without it.

use std::time::Duration;

use super::*;
use crate::measure::distribution::Distribution;
use crate::measure::recording::{Check, Role, State, Times, Trial};
use crate::summary::fixture::{MadeUp, made_up};
use crate::summary::{Outcome, Summary};

fn plain() -> MadeUp {
    // 12,000 samples of latency and more, of 1,200 updates.
    made_up()
}

/// Causes and grades after a change to every trial of `xmpp-pubsub`.
fn raised(change: impl Fn(&mut Trial)) -> Vec<(&'static str, Grade)> {
    raised_in(&plain().scale(0.2), "xmpp-pubsub", change)
}

fn raised_in(made: &MadeUp, contender: &str, change: impl Fn(&mut Trial)) -> Vec<(&'static str, Grade)> {
    let before = made.build();
    let mut after = before.clone();
    after.trials.iter_mut().filter(|trial| trial.contender == contender).for_each(change);
    let known: Vec<Doubt> = Summary::new(&before).doubts;
    // Some changes add samples, which the note about too few of them counts.
    let found = Summary::new(&after).doubts.into_iter().filter(|doubt| doubt.cause != "samples");
    found
        .filter(|doubt| !known.contains(doubt) && doubt.contender.as_deref().is_none_or(|name| name == contender))
        .map(|doubt| (doubt.cause, doubt.grade))
        .collect()
}

#[test]
fn a_sound_recording_has_notes_only() {
    let recording = plain().build();
    let summary = Summary::new(&recording);
    let causes: Vec<(&str, Option<&str>)> = summary.doubts.iter().map(|doubt| (doubt.cause, doubt.contender.as_deref())).collect();
    // 1,200 distinct updates are enough for a p99, not for the p99.9.
    assert_eq!(causes, [("loopback-split", None), ("few-updates", None)]);
    assert_eq!(summary.outcome(), Outcome::Fine);
}

#[test]
fn every_cause_raises_its_doubt() {
    let untrusted = |cause| vec![(cause, Grade::Untrusted)];
    let note = |cause| vec![(cause, Grade::Note)];
    assert_eq!(raised(|trial| trial.deliveries.lost = 1), untrusted("lost"));
    assert_eq!(raised(|trial| trial.deliveries.duplicated = 1), note("duplicated"));
    assert_eq!(raised(|trial| trial.deliveries.reordered = 1), note("reordered"));
    assert_eq!(raised(|trial| trial.deliveries.corrupt = 1), untrusted("corrupt"));
    assert_eq!(raised(|trial| trial.failed_requests = 1), note("failed-requests"));
    assert_eq!(raised(|trial| trial.published -= 1), untrusted("unpublished"));
    assert_eq!(raised(|trial| trial.checks.push(Check::equal("requests", ("client", 1), ("server", 2)))), untrusted("check"));
    assert_eq!(raised(|trial| trial.sides[2].cores = vec![0]), note("shared-cores"));
    assert_eq!(raised(|trial| trial.sides[1].cores = vec![3]), note("shared-cores"));
    assert_eq!(raised(|trial| trial.trace_sha256 = "0".repeat(64)), untrusted("trace"));
    let busy = |trial: &mut Trial| trial.sides[2].cpu.iter_mut().for_each(|cpu| cpu.window.user = 49.0);
    assert_eq!(raised(busy), untrusted("generator-busy"));
    let server_busy = |trial: &mut Trial| trial.sides[0].cpu.iter_mut().for_each(|cpu| cpu.window.user = 49.0);
    assert_eq!(raised(server_busy), [], "a busy server is a finding, not a doubt");
    let late = |seconds: f64| move |trial: &mut Trial| trial.times.publish_lag.extend(vec![Duration::from_secs_f64(seconds); 500]);
    assert_eq!(raised(late(0.0005)), []);
    assert_eq!(raised(late(0.0015)), note("publish-lag"));
    assert_eq!(raised(late(0.1)), untrusted("publish-lag"));
    let clipped = |trial: &mut Trial| trial.times.latency.record(i64::MAX / 2);
    assert!(raised(clipped).contains(&("clipped", Grade::Note)));
    assert_eq!(raised(|trial| trial.witness_traffic.window.connections = 1), note("witness"));
}

#[test]
fn pollers_are_held_to_their_plan() {
    let on = |change: fn(&mut Trial)| raised_in(&plain().scale(0.2), "poll-5s", change);
    assert_eq!(on(|trial| trial.requests_planned += 20), [("requests-unsent", Grade::Untrusted)]);
    assert_eq!(on(|trial| trial.requests_planned += 10), [], "a shortfall of less than a thousandth is let pass");
    let late = |millis: u64| move |trial: &mut Trial| trial.times.lag.extend(vec![Duration::from_millis(millis); 500]);
    let transit = ("transit-lag", Grade::Note);
    assert_eq!(raised_in(&plain().scale(0.2), "poll-5s", late(20)), [transit], "nothing beside the wait, but much beside the transit");
    assert_eq!(raised_in(&plain().scale(0.2), "poll-5s", late(100)), [("lag", Grade::Note), transit]);
    assert_eq!(raised_in(&plain().scale(0.2), "poll-5s", late(1_000)), [("lag", Grade::Untrusted), transit]);
    assert_eq!(on(|trial| trial.workload.warm_up = trial.workload.interval.unwrap_or_default() - 0.1), [("short-warm-up", Grade::Note)]);
    let late_beside = |transit: u64| {
        move |trial: &mut Trial| {
            trial.times.lag.extend(vec![Duration::from_millis(20); 500]);
            trial.times.transit.extend(vec![Duration::from_millis(transit); 50_000]);
        }
    };
    assert_eq!(raised_in(&plain().scale(0.2), "poll-5s", late_beside(30)), [("transit-lag", Grade::Note)]);
    assert_eq!(raised_in(&plain().scale(0.2), "poll-5s", late_beside(60)), []);
    assert_eq!(on(|trial| trial.deliveries.duplicated = 1), [], "reading state again is waste, not a duplicate");
}

#[test]
fn events_may_not_be_skipped() {
    let mut recording = plain().scale(0.2).build();
    recording.scenario.semantics = "events".to_owned();
    let summary = Summary::new(&recording);
    assert!(summary.doubts.iter().any(|doubt| doubt.cause == "coalesced" && doubt.contender.as_deref() == Some("poll-5s")));
    assert!(!summary.doubts.iter().any(|doubt| doubt.cause == "coalesced" && doubt.contender.as_deref() == Some("xmpp-pubsub")));
}

#[test]
fn what_holds_for_all_is_said_once() {
    let recording = plain().scale(0.2).repeats(1).compression(144.0).build();
    let summary = Summary::new(&recording);
    for cause in ["one-repeat", "compression"] {
        let said: Vec<&Doubt> = summary.doubts.iter().filter(|doubt| doubt.cause == cause).collect();
        assert_eq!(said.len(), 1, "{said:?}");
        assert_eq!((&said[0].contender, said[0].grade), (&None, Grade::Note));
    }
}

#[test]
fn percentiles_without_samples_are_noted_with_their_number() {
    let recording = plain().scale(0.02).build();
    let summary = Summary::new(&recording);
    let cell = summary.cell("xmpp-pubsub", "").unwrap();
    let doubt = summary.doubts_on(cell, "latency.p99").next().unwrap();
    assert!(doubt.text.contains("a p99 needs 1,000, latency has 240"), "{}", doubt.text);
    assert!(doubt.touches("latency.p99") && !doubt.touches("latency.p50"));
}

#[test]
fn nothing_delivered_and_nothing_measured_are_untrusted() {
    let nothing = |trial: &mut Trial| {
        trial.deliveries.coalesced = 0;
        trial.deliveries.lost = trial.deliveries.expected;
        trial.deliveries.delivered = 0;
        trial.times = Times::default();
    };
    assert!(raised(nothing).contains(&("nothing-delivered", Grade::Untrusted)));
    let mut recording = plain().scale(0.02).build();
    recording.trials.iter_mut().for_each(|trial| trial.complete = false);
    let summary = Summary::new(&recording);
    assert_eq!(summary.doubts[0].cause, "nothing-measured");
    assert_eq!(summary.outcome(), Outcome::Untrusted);
}

#[test]
fn an_interrupted_run_says_what_is_missing() {
    let mut recording = plain().scale(0.02).build();
    recording.state = State::Interrupted;
    recording.trials.truncate(5);
    let summary = Summary::new(&recording);
    let doubt = summary.doubts.iter().find(|doubt| doubt.cause == "incomplete").unwrap();
    assert!(doubt.text.starts_with("11 of 14 planned trials count: the run was interrupted"), "{}", doubt.text);
}

#[test]
fn a_side_that_is_late_once_hides_no_other() {
    // p50 2.5 s, p99 4.95 s: no delay of the publisher's is a doubt, and each of the subscriber's is.
    let late = |trial: &mut Trial| {
        for side in &mut trial.sides {
            let mut beats = Distribution::default();
            match side.role {
                Role::Publisher => beats.extend([1, 1, 1, 400].map(Duration::from_millis)),
                Role::Subscriber => beats.extend([300; 4].map(Duration::from_millis)),
                Role::Server => continue,
            }
            side.beat_lag = Some(beats);
        }
    };
    assert_eq!(raised_in(&plain().scale(0.2), "poll-5s", late), [("beat-lag", Grade::Untrusted)]);
}
