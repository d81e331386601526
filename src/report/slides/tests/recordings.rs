//! Made-up recordings on which slides are tried: one side wins, the other, none, nobody can be trusted; one contender, a dozen; markup; nothing at all.

use crate::measure::distribution::Distribution;
use crate::measure::recording::{Check, Direction, Recording};
use crate::summary::fixture::{MadeUp, made_up};

pub const EVIL: &str = "</a:t><script>alert(1)</script> --> | # \"x\" & 日本 \u{0}\u{1b}\n---\n";

/// Push, copied from polling: nothing to choose between them.
pub fn alike() -> Recording {
    let mut recording = small().build();
    let polls: Vec<_> = recording.trials.iter().filter(|trial| trial.contender == "poll-5s").cloned().collect();
    recording.trials.retain(|trial| trial.contender == "poll-5s");
    for mut trial in polls {
        trial.contender = "xmpp-pubsub".to_owned();
        recording.trials.push(trial);
    }
    recording
}

pub fn small() -> MadeUp {
    made_up().scale(0.05)
}

/// Push that is slow, costly and talkative.
pub fn polling_wins() -> Recording {
    let mut recording = small().push_loses().build();
    for trial in recording.trials.iter_mut().filter(|trial| trial.contender == "xmpp-pubsub") {
        trial.subscriber_traffic.window.stanzas_down *= 1_000;
    }
    recording
}

pub fn untrusted() -> Recording {
    let mut recording = small().build();
    for trial in &mut recording.trials {
        trial.checks = vec![Check::equal("requests, whole trial", ("client", 5), ("server", 6))];
    }
    recording
}

pub fn marked_up() -> Recording {
    let mut recording = small().build();
    recording.scenario.title = EVIL.to_owned();
    recording.scenario.source = Some(format!("After {EVIL}"));
    recording.scenario.name = EVIL.to_owned();
    recording.machine.cpu_model = EVIL.to_owned();
    recording.id = EVIL.to_owned();
    recording.started = EVIL.to_owned();
    recording.contenders[0].name = EVIL.to_owned();
    for trial in recording.trials.iter_mut().filter(|trial| trial.contender == "poll-5s") {
        trial.contender = EVIL.to_owned();
    }
    recording
}

/// Nobody who asks or is told, as with `loopback` alone.
fn controls() -> Recording {
    let mut recording = small().only(Direction::Push).build();
    recording.contenders.iter_mut().for_each(|contender| contender.direction = Direction::Control);
    recording
}

/// Titles and names that have no room.
fn long() -> Recording {
    let mut long = small().sweep(&[0.5, 1.0]).build();
    long.scenario.title = "A title that is much too long to stand on one line of a slide ".repeat(5);
    long.scenario.source = Some("A source that takes many words to name it all ".repeat(8));
    let name = "W".repeat(120);
    long.contenders[0].name.clone_from(&name);
    long.trials.iter_mut().filter(|trial| trial.contender == "poll-5s").for_each(|trial| trial.contender.clone_from(&name));
    for trial in &mut long.trials {
        trial.load_point = trial.load_point.replace("workload.topics", "contender.a-name-that-is-rather-long.a-setting-of-it");
    }
    long
}

/// Recordings of all kinds, with what they are called.
pub fn kinds() -> Vec<(&'static str, Recording)> {
    let with = |change: &dyn Fn(&mut crate::measure::recording::Trial)| {
        let mut recording = small().build();
        recording.trials.iter_mut().for_each(change);
        recording
    };
    let mut extreme = small().build();
    for (index, trial) in extreme.trials.iter_mut().enumerate() {
        trial.subscriber_traffic.window.requests = [0, u64::MAX / 64][index % 2];
        trial.times.latency.record(i64::MAX / 2);
        trial.times.scenario_latency.record(i64::MAX / 2);
    }
    let nothing = with(&|trial| {
        trial.deliveries = Default::default();
        trial.times = Default::default();
    });
    vec![
        ("wins", small().build()),
        ("loses", polling_wins()),
        ("depends", small().push_loses().build()),
        ("alike", alike()),
        ("untrusted", untrusted()),
        ("noise", small().noise(0.9).build()),
        ("single", small().repeats(1).build()),
        ("push", small().only(Direction::Push).build()),
        ("pull", small().only(Direction::Pull).build()),
        ("compressed", small().compression(144.0).build()),
        ("swept", small().sweep(&[0.5, 1.0, 2.0]).build()),
        ("many", made_up().scale(0.02).many_contenders().build()),
        ("controls", controls()),
        ("long", long()),
        ("markup", marked_up()),
        ("extreme", extreme),
        ("nothing delivered", nothing),
        ("no samples", with(&|trial| trial.times.latency = Distribution::default())),
        ("no processes", with(&|trial| trial.sides.iter_mut().for_each(|side| (side.cpu, side.memory_peak) = (None, None)))),
        ("no timeline", with(&|trial| trial.timeline.clear())),
        ("no trial", with(&|trial| trial.complete = false)),
    ]
}
