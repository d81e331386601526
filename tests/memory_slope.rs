//! Memory for each subscriber, in a real run: read at the right instants, and a slope over the sizes of a sweep.

#[path = "support/command.rs"]
mod command;

use command::{Place, tiny};
use pushbench::measure::recording::Role;

#[test]
fn a_sweep_of_subscribers_has_a_slope() {
    let rest = "[subscribers]\ncount = 100\n[[contender]]\nuse = \"xmpp-pubsub\"\nsasl = \"plain\"\n[sweep]\n\"subscribers.count\" = [100, 200, 400]\n";
    let place = Place::with(&tiny(rest, &[("topology", "\"fan-out\""), ("topics", "1"), ("updates_per_active_topic", "10")]));
    let run = place.run(&[]);
    assert_eq!(run.code, place.code(0), "{run:?}");
    let recording = place.recording();
    for side in recording.trials.iter().flat_map(|trial| &trial.sides) {
        let memory = side.memory.unwrap();
        assert!(memory.before.resident > 1 << 20 && memory.window_end.resident <= side.memory_peak.unwrap() + (1 << 20), "{memory:?}");
        assert!(memory.before.proportional.is_some_and(|proportional| proportional <= memory.before.resident), "{memory:?}");
        assert!(memory.window_end.sockets.is_some(), "{memory:?}");
    }
    // Four hundred sessions are made after `before` and are there at the start of the window.
    let most = recording.trials.last().unwrap();
    for side in most.sides.iter().filter(|side| side.role != Role::Publisher) {
        let memory = side.memory.unwrap();
        assert!(memory.window_start.resident > memory.before.resident + 400 * 1_000, "{:?}: {memory:?}", side.role);
    }
    let mut rows = csv::Reader::from_path(place.report().join("fits.csv")).unwrap();
    let slopes: Vec<(String, f64)> = rows.records().map(|row| row.unwrap()).map(|row| (row[3].to_owned(), row[6].parse().unwrap())).collect();
    let of = |name: &str| slopes.iter().find(|(metric, _)| metric == name).unwrap().1;
    for name in ["memory.server.per_subscriber", "memory.subscriber.per_subscriber"] {
        // A session of ours takes some kilobytes to some tens of them; a process ÷ 400 would be more than that.
        assert!(of(name) > 1_000.0 && of(name) < 200_000.0, "{name}: {slopes:?}");
    }
    assert!(run.out.contains("memory.server.per_subscriber (slope of a straight line)"), "{}", run.out);
}
