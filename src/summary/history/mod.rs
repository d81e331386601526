//! The history of figures over many runs: what of a recording is kept, the series of each figure, and where it changed. Pure.

mod change;
pub mod change_points;
mod kept;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use jiff::Timestamp;

use super::gate::{Nature, Subject};
use crate::history::{Entry, Figure, History};
pub use change::{Change, Search, Tendency};
pub use change_points::{ChangePoint, Strictness, change_points};
pub use kept::entry;

/// The series of a figure: of one scenario, contender and load point.
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
    /// The runs that have it, by their start.
    pub points: Vec<Point<'h>>,
}

/// A series, and where it changed.
#[derive(Clone, Debug)]
pub struct Trend<'h> {
    /// The series.
    pub series: Series<'h>,
    /// The changes, by the run.
    pub changes: Vec<Change>,
}

/// A run in a series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point<'h> {
    /// The run.
    pub entry: &'h Entry,
    /// Mean of its trials.
    pub value: f64,
    /// The least and the largest of its trials.
    pub range: (f64, f64),
    /// How many trials.
    pub trials: usize,
    /// Whether it may be gone by; what is not is shown, and asked nothing.
    pub trusted: bool,
}

/// The series of all figures that are wanted: subjects in their order; scenarios, load points and contenders in order of appearance.
pub fn series<'h>(history: &'h History, wanted: impl Fn(&'h Entry, &'h Figure) -> bool) -> Vec<Series<'h>> {
    let subjects: HashMap<&str, (usize, Subject)> = Subject::all().enumerate().map(|(place, subject)| (subject.name, (place, subject))).collect();
    let mut all: Vec<(usize, Series<'h>)> = Vec::new();
    let mut known: HashMap<(usize, &str, &str, &str), usize> = HashMap::new();
    for entry in &history.entries {
        for figure in entry.figures.iter().filter(|figure| wanted(entry, figure)) {
            // A figure that this version does not know is that of another.
            let Some((order, subject)) = subjects.get(figure.metric.as_str()) else { continue };
            let Some(point) = Point::new(entry, figure) else { continue };
            let place = *known.entry((*order, entry.scenario.as_str(), figure.contender.as_str(), figure.load_point.as_str())).or_insert_with(|| {
                let series =
                    Series { scenario: &entry.scenario, contender: &figure.contender, load_point: &figure.load_point, subject: *subject, points: Vec::new() };
                all.push((*order, series));
                all.len() - 1
            });
            all[place].1.points.push(point);
        }
    }
    all.sort_by_key(|(order, _)| *order);
    all.into_iter().map(|(_, series)| series).collect()
}

/// The same, and where each changed.
pub fn trends<'h>(history: &'h History, search: Search, wanted: impl Fn(&'h Entry, &'h Figure) -> bool) -> Vec<Trend<'h>> {
    let all = series(history, wanted).into_iter();
    all.map(|series| Trend { changes: series.changes(search), series }).collect()
}

/// Since when there have been so many latest runs of each scenario: the start of the first of them.
pub fn newest(history: &History, count: usize) -> HashMap<&str, Option<Timestamp>> {
    let mut seen: HashMap<&str, (usize, Option<Timestamp>)> = HashMap::new();
    for entry in history.entries.iter().rev() {
        let (runs, since) = seen.entry(&entry.scenario).or_default();
        if *runs < count {
            *runs += 1;
            *since = entry.instant();
        }
    }
    seen.into_iter().map(|(scenario, (_, since))| (scenario, since)).collect()
}

/// How many series have nothing to say of the latest run of their scenario, as it is not to be trusted. A series that has ended says nothing of it anyway.
pub fn doubted(history: &History, trends: &[Trend<'_>]) -> usize {
    let latest = newest(history, 1);
    let is_latest = |point: &Point<'_>| latest.get(point.entry.scenario.as_str()) == Some(&point.entry.instant());
    trends.iter().filter_map(|trend| trend.series.points.last()).filter(|point| !point.trusted && is_latest(point)).count()
}

/// Whether a load point has all the swept values that are asked for, `key=value;key=value`.
pub fn at(load_point: &str, wanted: &str) -> bool {
    super::covers(load_point, wanted)
}

impl<'h> Point<'h> {
    /// `None` where there is no trial.
    fn new(entry: &'h Entry, figure: &'h Figure) -> Option<Self> {
        let trials = &figure.trials;
        let mean = trials.iter().sum::<f64>() / trials.len() as f64;
        let range = (trials.iter().copied().fold(f64::INFINITY, f64::min), trials.iter().copied().fold(f64::NEG_INFINITY, f64::max));
        // Finite numbers may add up to one that is not.
        mean.is_finite().then_some(Self { entry, value: mean, range, trials: trials.len(), trusted: !figure.untrusted })
    }
}

impl<'h> Series<'h> {
    /// Whether another one is of the same scenario and load point and of the same figure: what stands on one chart.
    pub fn is_beside(&self, other: &Self) -> bool {
        (self.scenario, self.load_point, self.subject.name) == (other.scenario, other.load_point, other.subject.name)
    }

    /// Runs before which something was another: the places of those that follow one of which `of` says something else.
    fn turns<T: PartialEq>(&self, of: impl Fn(&'h Entry) -> T) -> Vec<usize> {
        (1..self.points.len()).filter(|place| of(self.points[place - 1].entry) != of(self.points[*place].entry)).collect()
    }

    /// The runs that were on another machine than the one before.
    pub fn machine_changes(&self) -> Vec<usize> {
        self.turns(|entry| &entry.machine)
    }

    /// The runs whose scenario is another than that of the one before.
    pub fn scenario_changes(&self) -> Vec<usize> {
        self.turns(|entry| &entry.scenario_digest)
    }

    /// The machines in order of appearance, each with the places of its runs.
    pub fn machines(&self) -> Vec<(&'h str, Vec<usize>)> {
        let mut all: Vec<(&str, Vec<usize>)> = Vec::new();
        for (place, point) in self.points.iter().enumerate() {
            match all.iter_mut().find(|(machine, _)| *machine == point.entry.machine) {
                Some((_, places)) => places.push(place),
                None => all.push((point.entry.machine.as_str(), vec![place])),
            }
        }
        all
    }

    /// The runs that may be compared with each other, as places, in order of the first of each: all of them, or those of one machine where the figure hangs on it.
    pub fn strands(&self) -> Vec<Vec<usize>> {
        match self.subject.nature {
            Nature::Counted => vec![(0..self.points.len()).collect()],
            Nature::OnWire | Nature::Memory | Nature::Timed => self.machines().into_iter().map(|(_, places)| places).collect(),
        }
    }
}
