//! Life and death of the processes of a run: whoever dies, is told to stop or falls silent, the run ends at once, keeps
//! what was measured, says who and why, and leaves no process behind.
//!
//! Tests wait for what they need to see (progress lines, `/proc`), never for a time to pass.

#[path = "support/command.rs"]
mod command;

use std::fs;
use std::time::{Duration, Instant};

use command::{Place, Process, Run, ended, pushbench, tiny, until};
use nix::sys::signal::Signal;
use pushbench::measure::recording::{Recording, State, Trial};

/// A side's death is noticed within a second; the rest is for a busy machine.
const AT_ONCE: Duration = Duration::from_secs(3);

const PUSH: &str = "[[contender]]\nuse = \"xmpp-pubsub\"\n";
const PUSH_AND_PULL: &str = "[[contender]]\nuse = \"xmpp-pubsub\"\n[[contender]]\nuse = \"rest-poll\"\ninterval = \"200ms\"\n";

/// A window that is still open whenever a test has seen it open.
const LONG: (&str, &str) = ("span", "\"20s\"");

fn failed(recording: &Recording) -> &str {
    match &recording.state {
        State::Failed(why) => why,
        other => panic!("{other:?} instead of failed"),
    }
}

#[test]
fn a_killed_server_ends_the_run_and_earlier_trials_stay() {
    let mut run = Run::start(&tiny(PUSH_AND_PULL, &[("span", "\"3500ms\"")]));
    let sides = run.under_load(2);
    let then = Instant::now();
    sides[0].signal(Signal::SIGKILL);
    // Reports of what was measured are still made; by then all is saved, and nothing of the trial lives.
    until("the recording to say so", || matches!(run.place.recording().state, State::Failed(_)));
    assert!(sides.iter().all(Process::is_gone));
    assert!(then.elapsed() < AT_ONCE, "took {:?}", then.elapsed());
    let (status, out, err) = run.ends();
    assert_eq!(status.code(), Some(3), "{err}");
    let recording = run.place.recording();
    assert!(failed(&recording).starts_with("rest-poll, repeat 1: the server side 0 died while the load ran (signal: 9 (SIGKILL))"), "{:?}", recording.state);
    assert!(matches!(&recording.trials[..], [Trial { contender, complete: true, .. }] if contender == "xmpp-pubsub"));
    assert!(out.contains("xmpp-pubsub") && err.contains("server side 0"), "the table of what there is, and the error: {out}{err}");
    let csv = fs::read_to_string(run.place.report().join("summary.csv")).unwrap();
    assert!(csv.contains("tiny,xmpp-pubsub,") && !csv.contains("tiny,rest-poll,"));
}

/// Interrupts the second trial, once.
#[test]
fn an_interrupt_keeps_what_was_measured() {
    let mut run = Run::start(&tiny(PUSH_AND_PULL, &[("span", "\"3500ms\"")]));
    run.a_second_into(2);
    run.signal(Signal::SIGINT);
    let (status, out, err) = run.ends();
    assert_eq!(status.code(), Some(130), "{err}");
    assert!(err.contains("interrupted; what was measured is in"), "{err}");
    let recording = run.place.recording();
    assert_eq!(recording.state, State::Interrupted);
    let trials: Vec<(&str, bool)> = recording.trials.iter().map(|trial| (trial.contender.as_str(), trial.complete)).collect();
    assert_eq!(trials, [("xmpp-pubsub", true), ("rest-poll", false)]);
    assert!(recording.trials[1].subscriber_traffic.window.requests > 0, "the cut trial holds what it had");
    assert!(out.contains("xmpp-pubsub"), "{out}");
    let csv = fs::read_to_string(run.place.report().join("summary.csv")).unwrap();
    assert!(csv.contains("tiny,xmpp-pubsub,") && !csv.contains("tiny,rest-poll,"), "what was cut is left out");
}

#[test]
fn an_interrupted_run_that_cannot_be_wound_up_is_still_an_interrupted_one() {
    let mut run = Run::start(&tiny(PUSH, &[LONG]));
    run.under_load(1)[1].signal(Signal::SIGSTOP);
    run.signal(Signal::SIGINT);
    let (status, _, err) = run.ends();
    assert_eq!(status.code(), Some(130), "{err}");
    assert!(err.contains("the publisher side 0 did not answer while an interrupted run was wound up"), "{err}");
}

#[test]
fn several_processes_do_together_what_one_does() {
    let scenario = |publishers: u32, subscribers: u32| {
        let processes = format!("[publishers]\nprocesses = {publishers}\n[subscribers]\ncount = 5\nconnections = 2\nprocesses = {subscribers}\n");
        tiny(&format!("{processes}{PUSH_AND_PULL}"), &[])
    };
    let recordings = [(1, 1), (2, 3)].map(|(publishers, subscribers)| {
        let place = Place::with(&scenario(publishers, subscribers));
        let run = place.run(&[]);
        assert_eq!(run.code, place.code(0), "{run:?}");
        let recording = place.recording();
        assert!(recording.trials.iter().all(|trial| trial.sides.len() as u32 == 1 + publishers + subscribers));
        recording
    });
    let [alone, together] = &recordings;
    for (one, many) in alone.trials.iter().zip(&together.trials) {
        let name = &one.contender;
        assert_eq!(one.trace_sha256, many.trace_sha256, "{name}");
        assert_eq!((one.updates, one.published), (many.updates, many.published), "{name}");
        assert_eq!(one.requests_planned, many.requests_planned, "{name}");
        let accounted = |trial: &Trial| (trial.deliveries.expected, trial.deliveries.delivered + trial.deliveries.coalesced, trial.deliveries.lost);
        assert_eq!(accounted(one), accounted(many), "{name}");
        assert_eq!(accounted(many), (many.updates * 5, many.updates * 5, 0), "{name}");
        if name == "xmpp-pubsub" {
            assert_eq!(one.deliveries.delivered, many.deliveries.delivered, "push tells each update");
        }
        assert!(many.checks.iter().all(|check| check.holds), "{name}: {:?}", many.checks);
    }
    assert!(together.trials.iter().any(|trial| trial.requests_planned > 0));
}

#[test]
fn the_last_words_of_a_side_are_told() {
    // 600 MiB of first values, and less memory than that for any one process: the publisher cannot hold them.
    let place = Place::with(&tiny(PUSH, &[("topics", "600"), ("updates_per_active_topic", "0.01"), ("payload", "\"1 MiB\"")]));
    let binary = env!("CARGO_BIN_EXE_pushbench");
    let line = format!("ulimit -c 0; ulimit -v 500000; exec '{binary}' run '{}' --out '{}'", place.scenario().display(), place.report().display());
    let run = ended(std::process::Command::new("sh").args(["-c", &line]).env("RUST_BACKTRACE", "0"));
    assert_eq!(run.code, Some(3), "{run:?}");
    assert!(run.err.contains("the publisher side 0 died while topics were created (signal: 6 (SIGABRT)"), "{run:?}");
    assert!(run.err.contains("its last words: memory allocation of"), "{run:?}");
    assert!(failed(&place.recording()).contains("memory allocation"));
}

#[test]
fn a_side_is_not_for_people() {
    let side = ended(pushbench().arg("side"));
    assert_eq!(side.code, Some(2), "{side:?}");
    assert!(side.err.contains("is started by `pushbench run`"), "{side:?}");
    assert!(!ended(pushbench().arg("--help")).out.contains("  side "));
}
