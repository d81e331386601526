//! Null and idle trials in a real run: what the harness costs, what contenders cost when nothing changes, and that the one is
//! subtracted from the other. CPU time, not wall time: it holds on a busy machine.

#[path = "support/command.rs"]
mod command;

use command::{Place, tiny};
use pushbench::measure::recording::{Recording, Role, Trial, TrialKind};
use serde_json::Value;

/// A thousand polls a second, so that what they cost stands far above the harness's own; few updates.
const THREE: &str = "
    [[contender]]\nuse = \"rest-poll\"\ninterval = \"20ms\"
    [[contender]]\nuse = \"xmpp-pubsub\"
    [[contender]]\nuse = \"loopback\"\n";

fn used(trial: &Trial) -> f64 {
    trial.sides.iter().map(|side| side.cpu.as_ref().unwrap().window.total()).sum()
}

fn rate(trial: &Trial) -> f64 {
    used(trial) / trial.workload.window
}

fn of<'a>(recording: &'a Recording, kind: TrialKind, contender: &str) -> &'a Trial {
    recording.baselines.iter().find(|trial| trial.kind == kind && trial.contender == contender).unwrap()
}

#[test]
fn a_run_knows_what_it_costs_itself() {
    let scenario = tiny(THREE, &[]).replace("baseline = false\n", "").replace("repeats = 1", "repeats = 2");
    let place = Place::with(&scenario);
    let run = place.run(&["--ui", "json"]);
    assert_eq!(run.code, place.code(0), "{run:?}");
    let recording = place.recording();
    let kinds: Vec<(TrialKind, &str, u32)> = recording.baselines.iter().map(|trial| (trial.kind, trial.contender.as_str(), trial.repeat)).collect();
    let expected = [(TrialKind::Null, "", 1), (TrialKind::Idle, "rest-poll", 1), (TrialKind::Idle, "xmpp-pubsub", 1), (TrialKind::Null, "", 2)];
    assert_eq!(kinds, expected, "one null a repeat, one idle trial for each contender with sockets");
    assert_eq!((recording.trials.len(), recording.trials_planned, recording.completed()), (6, 10, 10));
    assert!(recording.trials.iter().all(|trial| trial.kind == TrialKind::Measured));
    for name in ["null trial, repeat 1", "rest-poll, idle trial"] {
        assert!(run.err.contains(name), "progress tells of {name}");
    }

    // Nothing happens in a null trial; in an idle one everything but updates.
    for trial in &recording.baselines {
        let (subscribers, publishers) = (&trial.subscriber_traffic, &trial.publisher_traffic);
        assert_eq!((trial.updates, trial.published, trial.deliveries.expected), (0, 0, 0));
        assert!(trial.checks.iter().all(|check| check.holds), "{:?}", trial.checks);
        assert!(trial.workload.window <= 1.0, "no longer than the scenario's");
        if trial.kind == TrialKind::Null {
            assert_eq!((subscribers.total().messages(), publishers.total().messages(), trial.connections_held), (0, 0, 0));
            assert_eq!(trial.sides.iter().map(|side| side.role).collect::<Vec<_>>(), [Role::Server, Role::Publisher, Role::Subscriber]);
        } else {
            assert!(trial.connections_held > 0 && publishers.setup.messages() > 0 && subscribers.setup.messages() > 0, "{}", trial.contender);
            assert_eq!(trial.deliveries.catch_up, 20);
        }
    }
    let (poll, push) = (of(&recording, TrialKind::Idle, "rest-poll"), of(&recording, TrialKind::Idle, "xmpp-pubsub"));
    assert_eq!((poll.requests_planned, poll.wasted, push.subscriber_traffic.window.messages()), (1_000, 1_000, 0));

    // Three processes that tick: some milliseconds a second at most, even where caches are cold.
    let nulls: Vec<f64> = recording.baselines.iter().filter(|trial| trial.kind == TrialKind::Null).map(rate).collect();
    let null = nulls.iter().sum::<f64>() / 2.0;
    assert!(nulls.iter().all(|null| *null > 0.0 && *null < 0.05), "{nulls:?}");
    let measured = |name: &'static str| recording.trials.iter().filter(move |trial| trial.contender == name);
    let idle = rate(poll) - null;
    assert!(idle > 0.0 && rate(push) - null < idle / 5.0, "idle: a poller {idle}, push {}", rate(push) - null);
    for trial in measured("rest-poll") {
        // Two updates a topic: all else is polls, as without updates.
        let share = (rate(trial) - null) / idle;
        assert!(share > 0.5 && share < 2.0, "measured {} and idle {idle} CPU-seconds a second", rate(trial) - null);
    }

    let summary: Value = serde_json::from_slice(&std::fs::read(place.report().join("summary.json")).unwrap()).unwrap();
    let metrics = |name: &str| summary["cells"].as_array().unwrap().iter().find(|cell| cell["contender"] == *name).unwrap()["metrics"].clone();
    let close = |found: &Value, expected: f64| assert!((found.as_f64().unwrap() - expected).abs() < 1e-9, "{found}, expected {expected}");
    close(&metrics("rest-poll")["cpu.idle.total"]["value"], idle);
    close(&metrics("xmpp-pubsub")["cpu.null.total"]["value"], null);
    for (place, trial) in measured("xmpp-pubsub").enumerate() {
        let net = (used(trial) - null * trial.workload.window) * 1_000.0 / trial.deliveries.delivered as f64;
        close(&metrics("xmpp-pubsub")["cpu.total.per_1000_updates"]["repeats"][(place + 1).to_string()], net);
    }
    assert!(metrics("loopback").get("cpu.idle.total").is_none(), "in memory there is no CPU of its own");
}

#[test]
fn without_baselines_a_note_says_what_is_missing() {
    let place = Place::with(&tiny("[[contender]]\nuse = \"xmpp-pubsub\"\n", &[]));
    let run = place.run(&[]);
    assert_eq!(run.code, place.code(0), "{run:?}");
    assert!(place.recording().baselines.is_empty());
    assert!(run.out.contains("(no-null)") && !run.out.contains("CPU without updates"), "{}", run.out);
}
