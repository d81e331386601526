//! Made-up runs side by side.

use super::*;
use crate::measure::recording::Recording;
use crate::summary::fixture::made_up;

fn compared(recordings: &[Recording], check: impl FnOnce(&Comparison<'_>)) {
    let summaries: Vec<Summary<'_>> = recordings.iter().map(Summary::new).collect();
    let names = ["before", "after", "later"];
    check(&Comparison::new(summaries.iter().zip(names).map(|(summary, name)| Run { name, summary }).collect()));
}

fn base() -> Recording {
    made_up().scale(0.05).repeats(3).build()
}

/// The base, with the CPU of one contender's server doubled.
fn dearer() -> Recording {
    let mut recording = base();
    for trial in recording.trials.iter_mut().filter(|trial| trial.contender == "xmpp-pubsub") {
        for cpu in trial.sides.iter_mut().filter_map(|side| side.cpu.as_mut()) {
            cpu.window.user *= 2.0;
            cpu.window.system *= 2.0;
        }
    }
    recording
}

fn twins<'c, 's>(comparison: &'c Comparison<'s>, name: &str) -> &'c Twins<'s> {
    comparison.twins.iter().find(|twins| twins.contender == name).unwrap()
}

#[test]
fn what_changed_is_found_and_nothing_else() {
    compared(&[base(), dearer()], |comparison| {
        assert_eq!((comparison.twins.len(), comparison.alone.len(), comparison.conditions.len()), (4, 0, 0));
        let (push, poll) = (twins(comparison, "xmpp-pubsub"), twins(comparison, "poll-5s"));
        let found = comparison.found(push, "cpu.server.per_1000_updates", 1).unwrap();
        assert_eq!((found.tendency(), found.effect, found.untrusted), (Some(Tendency::Higher), Effect::Told, false));
        let ratio = found.change.unwrap().ratio.unwrap();
        // A little more than double: the null trial's is taken off.
        assert!(ratio.value > 1.99 && ratio.value < 2.6 && ratio.interval.unwrap().0 > 1.5, "{ratio:?}");
        assert_eq!(comparison.found(poll, "cpu.server.per_1000_updates", 1).unwrap().tendency(), Some(Tendency::Unclear));
        assert_eq!(comparison.found(poll, "requests.total", 1).unwrap().tendency(), Some(Tendency::Same));
        assert_eq!(comparison.found(push, "requests.total", 1), None, "a metric that it does not have");
        assert_eq!(comparison.found(push, "latency.p99", 0), None, "the base beside itself");
        assert_eq!(comparison.found(push, "latency.p99", 7), None);
    });
}

#[test]
fn twins_have_the_same_name_and_load_point() {
    let sweep = made_up().scale(0.02).sweep(&[0.5, 1.0]).build();
    let mut other = made_up().scale(0.02).sweep(&[1.0, 2.0]).build();
    other.contenders.retain(|contender| contender.name != "poll-1s");
    compared(&[sweep.clone(), other, sweep], |comparison| {
        assert_eq!(comparison.load_points(), ["workload.topics=50", "workload.topics=100"]);
        // At 50 the first and the third; at 100 all three, or without a poller of the second.
        let cells: Vec<usize> = comparison.twins.iter().map(|twins| twins.cells.iter().flatten().count()).collect();
        assert_eq!(cells, [2, 2, 2, 2, 3, 2, 3, 3]);
        assert_eq!(comparison.alone.len(), 3, "the second alone has 200 topics");
        assert!(comparison.alone.iter().all(|(run, cell)| *run == 1 && cell.load_point == "workload.topics=200"));
        let gap = &comparison.twins[0];
        assert!(comparison.found(gap, "latency.p99", 1).is_none() && comparison.found(gap, "latency.p99", 2).is_some());
    });
}

#[test]
fn one_repeat_has_no_interval() {
    compared(&[base(), made_up().scale(0.05).repeats(1).build()], |comparison| {
        let found = comparison.found(twins(comparison, "poll-5s"), "latency.p99", 1).unwrap();
        assert_eq!((found.tendency(), found.change.unwrap().repeats), (Some(Tendency::OneRepeat), [3, 1]));
    });
}

#[test]
fn conditions_that_differ_are_told_with_what_they_touch() {
    type Case = (&'static str, fn(&mut Recording), &'static str, &'static str, Effect, &'static str);
    let cases: &[Case] = &[
        ("machine", |other| other.machine.cores = 64, "latency.p99", "messages.per_update", Effect::Mixed, "Imaginary 3000, 64 cores"),
        ("system", |other| other.machine.kernel = "7.0".into(), "bytes.wire.per_update", "messages.per_update", Effect::Mixed, "Linux 7.0"),
        ("version", |other| other.tool_version = "9.9".into(), "cpu.total.per_1000_updates", "messages.per_update", Effect::Mixed, "pushbench 9.9"),
        ("compression", |other| other.scenario.compression = 60.0, "latency.p99", "scenario_latency.p99", Effect::Incomparable, "60"),
        ("workload", |other| other.scenario.semantics = "events".into(), "reach", "", Effect::Incomparable, "fan-out, events"),
        (
            "size",
            |other| other.trials.iter_mut().for_each(|trial| trial.workload.payload = 7),
            "lost",
            "messages.per_update",
            Effect::Incomparable,
            "payload 7 B",
        ),
        ("updates", |other| other.trials.iter_mut().for_each(|trial| trial.trace_sha256 = "7".repeat(64)), "lost", "", Effect::Mixed, "trace 777777777777"),
        ("cores", |other| other.trials.iter_mut().for_each(|trial| trial.sides[0].cores = vec![3]), "cpu.total.setup", "lost", Effect::Mixed, "server on 3"),
        (
            "network",
            |other| other.trials.iter_mut().for_each(|trial| trial.sides[0].namespace = Some("left".into())),
            "latency.p50",
            "lost",
            Effect::Mixed,
            "between network namespaces",
        ),
        ("settings", |other| other.contenders[3].mechanism = "sse".into(), "", "lost", Effect::Told, "xmpp-pubsub: use = sse"),
        (
            "settings",
            |other| _ = other.contenders[0].settings.insert("interval".into(), "9s".into()),
            "",
            "latency.p99",
            Effect::Told,
            "poll-5s: interval = 9s",
        ),
    ];
    for (what, change, touched, untouched, effect, value) in cases {
        let mut other = base();
        change(&mut other);
        compared(&[base(), other], |comparison| {
            let names: Vec<&str> = comparison.conditions.iter().map(|condition| condition.what).collect();
            assert_eq!(names, [*what]);
            let condition = &comparison.conditions[0];
            assert!(condition.values.len() == 2 && condition.values[1].contains(value) && condition.effect == *effect, "{condition:?}");
            let of = |metric: &str| comparison.found(twins(comparison, "poll-5s"), metric, 1).unwrap();
            if !touched.is_empty() {
                assert_eq!(of(touched).effect, *effect, "{what}");
                assert_eq!(of(touched).change.is_none(), *effect == Effect::Incomparable, "{what}");
            }
            if !untouched.is_empty() {
                assert_eq!(of(untouched).effect, Effect::Told, "{what}");
            }
        });
    }
}

#[test]
fn what_is_not_to_be_trusted_has_no_tendency() {
    let mut other = dearer();
    for trial in other.trials.iter_mut().filter(|trial| trial.contender == "xmpp-pubsub") {
        trial.deliveries.corrupt = 1;
    }
    compared(&[base(), other], |comparison| {
        let found = comparison.found(twins(comparison, "xmpp-pubsub"), "cpu.server.per_1000_updates", 1).unwrap();
        assert!(found.untrusted && found.tendency().is_none() && found.change.is_some());
        assert!(!comparison.found(twins(comparison, "poll-5s"), "cpu.server.per_1000_updates", 1).unwrap().untrusted);
    });
}
