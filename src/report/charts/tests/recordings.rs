//! Made-up recordings that charts are tried on: crowds, crossings, queues, extremes.

use crate::measure::distribution::Distribution;
use crate::measure::recording::{Check, Direction, Recording};
use crate::summary::fixture::made_up;

pub fn small() -> Recording {
    made_up().scale(0.1).build()
}

/// Bytes of the polite poller rise with the topics, and cross those of push at about 106: 110, less the noise of the repeats.
pub fn crossing(repeats: u32) -> Recording {
    let mut recording = made_up().scale(0.05).repeats(repeats).sweep(&[0.5, 1.0, 2.0]).build();
    for trial in &mut recording.trials {
        let push = trial.contender == "xmpp-pubsub";
        let noise = 1.0 + f64::from(trial.repeat) * 0.02;
        let factor = trial.workload.topics as f64 / 110.0;
        let delivered = trial.deliveries.delivered as f64;
        let window = &mut trial.subscriber_traffic_by_server.as_mut().unwrap().window;
        window.wire_up = 0;
        window.wire_down = match trial.contender.as_str() {
            _ if push => delivered * 1_500.0,
            "conditional-5s" => delivered * 1_500.0 * factor * noise,
            _ => delivered * 9_000.0 * noise,
        } as u64;
    }
    recording
}

/// Topics are swept by these factors of a hundred; bytes on the wire for an update are what is said of (contender, topics, repeat). The contenders
/// are those of the fixture, and `webhook`, a second push.
pub fn by_bytes(factors: &[f64], of: impl Fn(&str, f64, u32) -> f64) -> Recording {
    let mut recording = made_up().scale(0.05).repeats(3).sweep(factors).build();
    twin(&mut recording, "xmpp-pubsub", "webhook");
    for trial in &mut recording.trials {
        let bytes = of(&trial.contender, trial.workload.topics as f64, trial.repeat);
        let window = &mut trial.subscriber_traffic_by_server.as_mut().unwrap().window;
        // Large, so that whole bytes are exact enough.
        window.wire_up = 0;
        window.wire_down = (trial.deliveries.delivered as f64 * bytes * 1_000.0) as u64;
    }
    recording
}

/// Another contender, just like one that is there.
pub fn twin(recording: &mut Recording, of: &str, name: &str) {
    let mut copy = recording.contenders.iter().find(|contender| contender.name == of).unwrap().clone();
    copy.name = name.to_owned();
    recording.contenders.push(copy);
    let mut trials: Vec<_> = recording.trials.iter().filter(|trial| trial.contender == of).cloned().collect();
    trials.iter_mut().for_each(|trial| trial.contender = name.to_owned());
    recording.trials.extend(trials);
}

/// CPU and latency of a contender, each so many times as much in the first and in the second repeat.
pub fn times(recording: &mut Recording, name: &str, cpu: [f64; 2], latency: [f64; 2]) {
    for trial in recording.trials.iter_mut().filter(|trial| trial.contender == name) {
        let place = trial.repeat as usize - 1;
        for side in trial.sides.iter_mut().filter_map(|side| side.cpu.as_mut()) {
            side.window.user *= cpu[place];
            side.window.system *= cpu[place];
        }
        for distribution in [&mut trial.times.latency, &mut trial.times.scenario_latency] {
            *distribution = stretched(distribution, latency[place]);
        }
    }
}

/// Subscribers are swept, so many times fifty; those who queue have room for 440 of them, as an M/M/1 queue has.
pub fn growing(loads: &[f64], queues: impl Fn(&str) -> bool) -> Recording {
    let factors: Vec<f64> = loads.iter().map(|load| load / 100.0).collect();
    let mut recording = made_up().scale(0.05).sweep(&factors).build();
    for trial in recording.trials.iter_mut().chain(&mut recording.baselines) {
        trial.load_point = trial.load_point.replace("workload.topics", "subscribers.count");
        trial.workload.subscribers = trial.workload.topics;
        trial.workload.topics = 100;
        trial.workload.active_topics = 100;
        if trial.times.latency.count() > 0 && queues(&trial.contender) {
            let waiting = 1.0 / (1.0 - trial.workload.subscribers as f64 / 440.0);
            for distribution in [&mut trial.times.latency, &mut trial.times.scenario_latency] {
                *distribution = stretched(distribution, waiting);
            }
        }
    }
    recording
}

/// Copies of the made-up contenders with long names, so many in all, each copy dearer and slower than the one before.
pub fn crowd(base: &Recording, count: usize) -> Recording {
    let mut recording = base.clone();
    let (contenders, trials) = (recording.contenders.clone(), recording.trials.clone());
    recording.contenders.clear();
    recording.trials.clear();
    for index in 0..count {
        // Push is among the first two.
        let original = &contenders[[0, 3, 1, 2][index % 4]];
        let mut copy = original.clone();
        copy.name = format!("{}{}", original.name, if index < 4 { String::new() } else { format!("-through-a-proxy-in-another-country-{index}") });
        let factor = 1.7_f64.powi((index / 4) as i32);
        for trial in trials.iter().filter(|trial| trial.contender == original.name) {
            let mut trial = trial.clone();
            trial.contender.clone_from(&copy.name);
            // It takes long to copy.
            trial.timeline.iter_mut().filter(|second| !(0..10).contains(&second.second)).for_each(|second| second.latency = None);
            for distribution in [&mut trial.times.latency, &mut trial.times.scenario_latency] {
                *distribution = stretched(distribution, factor);
            }
            for side in &mut trial.sides {
                if let Some(cpu) = &mut side.cpu {
                    cpu.window.user *= factor;
                }
            }
            for second in &mut trial.timeline {
                second.messages = (second.messages as f64 * factor) as u64;
                second.cpu.server *= factor;
                second.cpu.subscriber *= factor;
                second.memory.server = (second.memory.server as f64 * factor) as u64;
            }
            recording.trials.push(trial);
        }
        recording.contenders.push(copy);
    }
    recording
}

/// The same distribution, each sample so many times as long; with five hundred of them.
pub fn stretched(distribution: &Distribution, factor: f64) -> Distribution {
    let mut stretched = Distribution::default();
    for sample in 0..500 {
        let seconds = distribution.quantile((f64::from(sample) + 0.5) / 500.0).unwrap_or(0.0);
        stretched.record((seconds * factor * 1e9) as i64);
    }
    stretched
}

pub fn untrusted(mut recording: Recording) -> Recording {
    for trial in &mut recording.trials {
        trial.checks = vec![Check::equal("requests, whole trial", ("client", 5), ("server", 6))];
    }
    recording
}

/// Push, copied from polling: nothing to choose between them.
pub fn alike() -> Recording {
    let mut recording = small();
    let polls: Vec<_> = recording.trials.iter().filter(|trial| trial.contender == "poll-5s").cloned().collect();
    recording.trials.retain(|trial| trial.contender == "poll-5s");
    for mut trial in polls {
        trial.contender = "xmpp-pubsub".to_owned();
        recording.trials.push(trial);
    }
    recording
}

/// Push that is slow, costly and talkative.
pub fn polling_wins() -> Recording {
    let mut recording = made_up().scale(0.1).push_loses().build();
    for trial in recording.trials.iter_mut().filter(|trial| trial.contender == "xmpp-pubsub") {
        trial.subscriber_traffic.window.stanzas_down *= 1_000;
    }
    recording
}

/// Markup and characters that XML forbids, wherever a text of a recording stands.
pub fn marked_up(mut recording: Recording) -> Recording {
    recording.scenario.title = "<script>alert(\"1\")</script> & ' \u{0}\u{1b} 日本".to_owned();
    recording.id = "<&\"'>".to_owned();
    recording.contenders[0].name = "</text><script>&\"".to_owned();
    for trial in recording.trials.iter_mut().filter(|trial| trial.contender == "poll-5s") {
        trial.contender = "</text><script>&\"".to_owned();
    }
    recording
}

/// Titles and names that have no room.
fn long() -> Recording {
    let mut long = crowd(&small(), 4);
    long.scenario.title = "A title that is much too long to stand on one line of a foot ".repeat(5);
    long.contenders[0].name = "W".repeat(200);
    for trial in long.trials.iter_mut().filter(|trial| trial.contender == "poll-5s") {
        trial.contender = "W".repeat(200);
    }
    long
}

/// Figures that no machine has.
fn extreme() -> Recording {
    let mut extreme = small();
    for (index, trial) in extreme.trials.iter_mut().enumerate() {
        trial.subscriber_traffic.window.requests = [0, u64::MAX / 64][index % 2];
        trial.times.latency.record(i64::MAX / 2);
        trial.times.scenario_latency.record(i64::MAX / 2);
        for second in &mut trial.timeline {
            second.messages = u64::MAX / 64;
            second.bytes = u64::MAX / 64;
            second.connections = Some(u64::MAX / 64);
            second.cpu.server = f64::INFINITY;
            second.memory.server = u64::MAX / 64;
        }
    }
    extreme
}

/// Recordings of all kinds, with what they are called.
pub fn kinds() -> Vec<(&'static str, Recording)> {
    let base = small();
    let crowd_of = |count| crowd(&base, count);
    let queue = growing(&[50.0, 100.0, 200.0, 400.0], |name| name == "xmpp-pubsub");
    vec![
        ("two", crowd_of(2)),
        ("three", crowd_of(3)),
        ("four", crowd_of(4)),
        ("seven", crowd_of(7)),
        ("twelve", crowd_of(12)),
        ("thirty", crowd_of(30)),
        ("compressed", made_up().scale(0.05).compression(144.0).build()),
        ("loses", polling_wins()),
        ("untrusted", untrusted(base.clone())),
        ("one", made_up().scale(0.05).only(Direction::Push).build()),
        ("pull", made_up().scale(0.05).only(Direction::Pull).build()),
        ("noise", made_up().scale(0.05).noise(0.9).build()),
        ("single", made_up().scale(0.05).repeats(1).build()),
        ("swept", made_up().scale(0.05).sweep(&[1.0, 2.0]).build()),
        ("crossing", crossing(3)),
        ("growing", queue.clone()),
        ("growing-crowd", crowd(&queue, 12)),
        ("crowded", made_up().scale(0.02).many_contenders().sweep(&[0.5, 1.0, 3.0]).build()),
        ("long", long()),
        ("extreme", extreme()),
        ("markup", marked_up(base.clone())),
    ]
}

/// Whether a recording of this kind has the figures of a chart.
pub fn drawn_of(kind: &str, name: &str) -> bool {
    let growing = kind.starts_with("growing");
    match name {
        "freshness-cost" | "waste" => kind != "one",
        "scaling" => growing,
        name if name.starts_with("break-even") => growing || ["swept", "crossing", "crowded"].contains(&kind),
        _ => true,
    }
}
