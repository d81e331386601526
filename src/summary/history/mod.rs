//! The history of a figure over many runs: what of a recording is kept, the series of each figure, and where it changed. Pure.

pub mod change_points;

use super::Summary;
use super::fits::of_repeats;
use super::gate::{Nature, Source, Subject};
use crate::measure::history::{Entry, Figure, History, SCHEMA};
pub use change_points::{ChangePoint, Strictness, change_points};

/// The series of a figure: of one scenario, contender, load point and kind of machine.
#[derive(Clone, Debug)]
pub struct Series<'h> {
    /// Name of the scenario.
    pub scenario: &'h str,
    /// Name of the contender.
    pub contender: &'h str,
    /// Load point.
    pub load_point: &'h str,
    /// What.
    pub subject: Subject,
    /// The runs, by time, each with the mean of its trials.
    pub points: Vec<(&'h Entry, f64)>,
    /// Runs that are left out: of another machine than the last one, where the figure hangs on it.
    pub elsewhere: usize,
}

/// What of a recording is kept: every figure that a comparison can be decided by, of every trial.
pub fn entry(summary: &Summary<'_>, label: Option<&str>) -> Entry {
    let recording = summary.recording;
    let mut figures = Vec::new();
    let mut keep = |contender: &str, load_point: &str, metric: &str, trials: Vec<f64>| {
        if !trials.is_empty() {
            figures.push(Figure { contender: contender.to_owned(), load_point: load_point.to_owned(), metric: metric.to_owned(), trials });
        }
    };
    for subject in Subject::all() {
        match subject.source {
            Source::Metric(_) => {
                for cell in &summary.cells {
                    let Some(estimate) = cell.metrics.get(subject.name) else { continue };
                    let trials = estimate.repeats.iter().filter_map(|(_, value)| *value).filter(|value| value.is_finite()).collect();
                    keep(&cell.contender.name, cell.load_point, subject.name, trials);
                }
            }
            Source::Slope(quantity) => {
                for fit in summary.fits.iter().filter(|fit| fit.quantity.name == quantity.name) {
                    let slopes = of_repeats(fit, &summary.cells).into_iter().map(|(.., slope)| slope).collect();
                    keep(fit.contender, &fit.elsewhere, subject.name, slopes);
                }
            }
        }
    }
    let machine = &recording.machine;
    Entry {
        schema: SCHEMA,
        recording: recording.id.clone(),
        started: recording.started.clone(),
        scenario: recording.scenario.name.clone(),
        tool_version: recording.tool_version.clone(),
        label: label.map(str::to_owned),
        machine: format!("{}, {} cores, Linux {}", machine.cpu_model, machine.cores, machine.kernel),
        figures,
    }
}

/// The series of a figure, or of all; scenarios, contenders and load points in order of appearance.
pub fn series<'h>(history: &'h History, wanted: impl Fn(&Subject) -> bool) -> Vec<Series<'h>> {
    let mut all: Vec<Series<'h>> = Vec::new();
    for subject in Subject::all().filter(wanted) {
        let first = all.len();
        for entry in &history.entries {
            for figure in entry.figures.iter().filter(|figure| figure.metric == subject.name && !figure.trials.is_empty()) {
                let mean = figure.trials.iter().sum::<f64>() / figure.trials.len() as f64;
                let is_its = |series: &&mut Series<'_>| {
                    (series.scenario, series.contender, series.load_point) == (entry.scenario.as_str(), figure.contender.as_str(), figure.load_point.as_str())
                };
                match all[first..].iter_mut().find(is_its) {
                    Some(series) => series.points.push((entry, mean)),
                    None => all.push(Series {
                        scenario: &entry.scenario,
                        contender: &figure.contender,
                        load_point: &figure.load_point,
                        subject,
                        points: vec![(entry, mean)],
                        elsewhere: 0,
                    }),
                }
            }
        }
    }
    for series in all.iter_mut().filter(|series| series.subject.nature != Nature::Counted) {
        // Today's machine: what was measured on another one is the history of that one.
        let Some(machine) = series.points.last().map(|(entry, _)| entry.machine.clone()) else { continue };
        let before = series.points.len();
        series.points.retain(|(entry, _)| entry.machine == machine);
        series.elsewhere = before - series.points.len();
    }
    all
}

impl Series<'_> {
    /// The means, by time.
    pub fn values(&self) -> Vec<f64> {
        self.points.iter().map(|(_, value)| *value).collect()
    }

    /// Where it changed.
    pub fn changes(&self, strictness: Strictness) -> Vec<ChangePoint> {
        change_points(&self.values(), strictness)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::recording::Recording;
    use crate::summary::fixture::made_up;

    /// Twenty runs, a day each; from the thirteenth on one contender asks a tenth more often, and its server takes half as much CPU again.
    fn history() -> History {
        let entries = (1..=20).map(|day: u32| {
            let mut recording: Recording = made_up().scale(0.02).noise(0.01).repeats(day).build();
            // Of so many repeats the last is another each day.
            recording.trials.retain(|trial| trial.repeat == day);
            recording.started = format!("2026-11-{day:02}T06:30:00Z");
            for trial in recording.trials.iter_mut().filter(|trial| trial.contender == "poll-5s" && day > 12) {
                trial.subscriber_traffic.window.requests = trial.subscriber_traffic.window.requests * 11 / 10;
                trial.sides.iter_mut().filter_map(|side| side.cpu.as_mut()).for_each(|cpu| cpu.window.user *= 2.0);
            }
            entry(&Summary::new(&recording), Some("a commit"))
        });
        History { entries: entries.collect(), broken: vec![] }
    }

    #[test]
    fn what_changed_is_found_on_its_day_and_nothing_else() {
        let history = history();
        let all = series(&history, |subject| ["requests.per_update", "cpu.total.per_1000_updates", "reach"].contains(&subject.name));
        assert_eq!(all.len(), 3 + 4 + 4, "three pollers ask");
        for series in &all {
            assert_eq!((series.points.len(), series.elsewhere, series.scenario), (20, 0, "synthetic"));
            let found: Vec<usize> = series.changes(Strictness::default()).iter().map(|point| point.place).collect();
            let expected = if series.contender == "poll-5s" && series.subject.name != "reach" { vec![12] } else { vec![] };
            assert_eq!(found, expected, "{} of {}", series.subject.name, series.contender);
        }
    }

    #[test]
    fn times_are_those_of_todays_machine_and_counts_of_all() {
        let mut history = history();
        history.entries[3].machine = "another".to_owned();
        let points = |name: &str| {
            let all = series(&history, |subject| subject.name == name);
            (all[0].points.len(), all[0].elsewhere)
        };
        assert_eq!((points("latency.p50"), points("messages.per_update")), ((19, 1), (20, 0)));
    }
}
