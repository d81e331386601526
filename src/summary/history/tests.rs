//! Made-up runs of three weeks: what is kept, which series there are, and which changes are found.

use std::sync::OnceLock;

use super::*;
use crate::measure::recording::{Direction, Recording};
use crate::summary::Summary;
use crate::summary::fixture::{levels, made_up};

/// A run of a day, with noise of a hundredth in the CPU; from the thirteenth on `poll-5s` asks a tenth more often, and its sides take more CPU.
fn recording(day: u32) -> Recording {
    static BASE: OnceLock<Recording> = OnceLock::new();
    let mut recording = BASE.get_or_init(|| made_up().scale(0.02).build()).clone();
    recording.started = format!("2026-11-{day:02}T06:30:00Z");
    recording.id = format!("2026-11-{day:02}T06-30-00Z");
    let noise = levels(20, &[(1.0, 20)], 0.01)[day as usize - 1];
    for trial in &mut recording.trials {
        let is_changed = trial.contender == "poll-5s" && day > 12;
        let window = &mut trial.subscriber_traffic.window;
        window.requests = if is_changed { window.requests * 11 / 10 } else { window.requests };
        let factor = if is_changed { 2.0 * noise } else { noise };
        trial.sides.iter_mut().filter_map(|side| side.cpu.as_mut()).for_each(|cpu| cpu.window.user *= factor);
    }
    recording
}

fn history(change: impl Fn(u32, &mut Recording)) -> History {
    let entry = |day| {
        let mut recording = recording(day);
        change(day, &mut recording);
        entry(&Summary::new(&recording), Some("a commit"))
    };
    History { entries: (1..=20).map(entry).collect(), ..History::default() }
}

fn of<'h>(history: &'h History, metric: &str, contender: &str) -> Series<'h> {
    let found = series(history, |_, figure| figure.metric == metric && figure.contender == contender);
    assert_eq!(found.len(), 1, "{metric} of {contender}");
    found.into_iter().next().unwrap()
}

fn places(series: &Series<'_>) -> Vec<usize> {
    series.changes(Search::default()).iter().map(|change| change.place).collect()
}

#[test]
fn every_figure_that_can_be_compared_is_kept_with_its_trials() {
    let recording = made_up().scale(0.02).repeats(3).sweep(&[0.5, 1.0]).build();
    let summary = Summary::new(&recording);
    let entry = entry(&summary, None);
    assert_eq!((entry.label.as_deref(), entry.machine.as_str()), (None, "Imaginary 3000, 4 cores, 16 GiB, Linux 6.12.0"));
    assert_eq!(entry.contenders.iter().map(|contender| contender.direction).collect::<Vec<_>>()[2..], [Direction::Pull, Direction::Push]);
    for cell in &summary.cells {
        let own = || entry.figures.iter().filter(|figure| figure.contender == cell.contender.name && figure.load_point == cell.load_point);
        for subject in Subject::all() {
            let Some(estimate) = cell.metrics.get(subject.name).filter(|estimate| estimate.value.is_some()) else { continue };
            let figure = own().find(|figure| figure.metric == subject.name).unwrap_or_else(|| panic!("{} is not kept", subject.name));
            assert_eq!(figure.trials, estimate.repeats.iter().filter_map(|(_, value)| *value).collect::<Vec<_>>());
        }
        assert!(own().count() > 20 && own().all(|figure| figure.metric != "expected"), "what is neither better nor worse is left out");
    }
    assert_eq!(Entry::read(&entry.line().unwrap()), Ok(entry));
}

#[test]
fn what_changed_is_found_on_its_day_and_nothing_else() {
    let history = history(|_, _| ());
    let asked = ["requests.per_update", "cpu.total.per_1000_updates", "reach"];
    let all = trends(&history, Search::default(), |_, figure| asked.contains(&figure.metric.as_str()));
    assert_eq!(all.len(), 3 + 4 + 4, "three pollers ask");
    for Trend { series, changes } in &all {
        assert_eq!((series.points.len(), series.scenario, series.machines().len()), (20, "synthetic", 1));
        let found: Vec<usize> = changes.iter().map(|change| change.place).collect();
        let expected = if series.contender == "poll-5s" && series.subject.name != "reach" { vec![12] } else { vec![] };
        assert_eq!(found, expected, "{} of {}", series.subject.name, series.contender);
    }
    let series = of(&history, "requests.per_update", "poll-5s");
    let change = series.changes(Search::default())[0];
    assert_eq!((change.last_before, change.tendency, change.with_scenario), (11, Tendency::Worse, false));
    assert!((change.relative() - 0.1).abs() < 0.01, "{change:?}");
    assert!(series.changes(Search { magnitude: Some(0.2), ..Search::default() }).is_empty(), "not worth telling");
    assert!(of(&history, "requests.per_update", "poll-5s").can_tell());
}

#[test]
fn less_of_what_is_good_is_for_the_worse() {
    let mut history = history(|_, _| ());
    let values = [("reach", 1.0, 0.5), ("lost", 0.0, 7.0), ("messages.per_update", 20.0, 15.0)];
    for (place, entry) in history.entries.iter_mut().enumerate() {
        for (metric, before, after) in values {
            let of_it = entry.figures.iter_mut().filter(|figure| figure.metric == metric && figure.contender == "xmpp-pubsub");
            of_it.for_each(|figure| figure.trials = vec![if place < 8 { before } else { after }]);
        }
    }
    for (metric, tendency) in [("reach", Tendency::Worse), ("lost", Tendency::Worse), ("messages.per_update", Tendency::Better)] {
        let series = of(&history, metric, "xmpp-pubsub");
        let changes = series.changes(Search::default());
        assert_eq!((changes.len(), changes[0].place, changes[0].tendency), (1, 8, tendency), "{metric}");
    }
    let relative = |metric| of(&history, metric, "xmpp-pubsub").changes(Search::default())[0].relative();
    assert_eq!((relative("lost"), relative("reach")), (f64::INFINITY, -0.5));
}

/// Times are compared with those of the same machine, however the machines take turns; counts with all.
#[test]
fn another_machine_is_no_change() {
    let history = history(|day, recording| {
        if day % 3 == 0 {
            recording.machine.cpu_model = "Another 3000".to_owned();
            for trial in &mut recording.trials {
                trial.sides.iter_mut().filter_map(|side| side.cpu.as_mut()).for_each(|cpu| cpu.window.user *= 3.0);
            }
        }
    });
    let cpu = of(&history, "cpu.total.per_1000_updates", "poll-5s");
    assert_eq!(cpu.machines().iter().map(|(_, places)| places.len()).collect::<Vec<_>>(), [14, 6]);
    assert_eq!(cpu.machine_changes()[..4], [2, 3, 5, 6]);
    // The thirteenth day is of the one, the fifteenth of the other, which has two runs before: six are enough to be asked.
    assert_eq!(places(&cpu)[0], 12);
    assert!(places(&cpu).iter().all(|place| [12, 14].contains(place)), "{:?}", places(&cpu));
    assert!(places(&of(&history, "cpu.total.per_1000_updates", "poll-1s")).is_empty(), "that it is dearer there is the machine's doing");
    let counted = of(&history, "requests.per_update", "poll-5s");
    assert_eq!((counted.strands().len(), places(&counted)), (1, vec![12]));
}

#[test]
fn what_is_not_to_be_trusted_is_shown_and_asked_nothing() {
    let history = history(|day, recording| {
        for trial in recording.trials.iter_mut().filter(|_| [5, 13].contains(&day)) {
            trial.deliveries.corrupt = 1;
            trial.subscriber_traffic.window.requests *= 40;
        }
    });
    let series = of(&history, "requests.per_update", "poll-5s");
    assert_eq!((0..20).filter(|place| !series.points[*place].trusted).collect::<Vec<_>>(), [4, 12]);
    let change = series.changes(Search::default())[0];
    assert_eq!((series.changes(Search::default()).len(), change.last_before, change.place), (1, 11, 13), "the run between is on neither side");
}

#[test]
fn a_changed_scenario_is_told_with_what_it_changed() {
    let history = history(|day, recording| {
        if day > 12 {
            recording.scenario.text.push_str("interval = \"4500ms\"\n");
        }
    });
    let series = of(&history, "requests.per_update", "poll-5s");
    assert_eq!(series.scenario_changes(), [12]);
    assert!(series.changes(Search::default())[0].with_scenario);
}

#[test]
fn few_runs_of_times_are_too_few() {
    let mut history = history(|_, _| ());
    history.entries.truncate(5);
    assert!(!of(&history, "latency.p50", "poll-5s").can_tell() && of(&history, "requests.per_update", "poll-5s").can_tell());
    // Of two values, and then a third, chance could make anything.
    for (entry, value) in history.entries.iter_mut().zip([0.1, 0.1, 0.1, 0.2, 0.2]) {
        entry.figures.iter_mut().filter(|figure| figure.metric == "latency.p50").for_each(|figure| figure.trials = vec![value]);
    }
    assert!(places(&of(&history, "latency.p50", "poll-5s")).is_empty());
}

/// What the latest run says is what counts; a contender that is no more has had its say.
#[test]
fn a_latest_run_that_is_not_to_be_trusted_is_counted() {
    let with_the_last = |last: u32| {
        history(move |day, recording| {
            if day == last {
                recording.trials.iter_mut().filter(|trial| trial.contender == "poll-1s").for_each(|trial| trial.deliveries.corrupt = 1);
            }
        })
    };
    let doubted_of = |history: &History| doubted(history, &trends(history, Search::default(), |_, figure| figure.metric == "reach"));
    assert_eq!((doubted_of(&with_the_last(20)), doubted_of(&with_the_last(19))), (1, 0));
    let mut ended = with_the_last(19);
    ended.entries[19].figures.retain(|figure| figure.contender != "poll-1s");
    assert_eq!(doubted_of(&ended), 0);
    let since = newest(&ended, 3);
    assert_eq!(since["synthetic"], "2026-11-18T06:30:00Z".parse().ok());
    assert_eq!(newest(&ended, 99)["synthetic"], "2026-11-01T06:30:00Z".parse().ok());
}

/// Load points are asked for by the values that matter; figures of other versions are theirs.
#[test]
fn series_are_of_one_scenario_contender_and_load_point() {
    let recording = made_up().scale(0.02).sweep(&[0.5, 1.0]).build();
    let mut entry = entry(&Summary::new(&recording), None);
    entry.figures.push(Figure {
        contender: "poll-5s".to_owned(),
        load_point: String::new(),
        metric: "of.another.version".to_owned(),
        trials: vec![1.0],
        untrusted: false,
    });
    let elsewhere = Entry { scenario: "another".to_owned(), ..entry.clone() };
    let history = History { entries: vec![entry, elsewhere], ..History::default() };
    let all = series(&history, |_, figure| at(&figure.load_point, "workload.topics=100"));
    assert!(all.iter().all(|series| series.points.len() == 1 && series.load_point == "workload.topics=100"));
    let scenarios: Vec<&str> =
        series(&history, |_, figure| figure.metric == "reach" && figure.contender == "poll-5s").iter().map(|series| series.scenario).collect();
    assert_eq!(scenarios, ["synthetic", "synthetic", "another", "another"]);
    assert!(series(&history, |_, figure| figure.metric == "of.another.version").is_empty());
}
