//! Where a series changed: change points among the runs that may be compared with each other.

use super::Series;
use super::change_points::{ChangePoint, Strictness, change_points};
use crate::summary::metrics::Better;

/// How changes are looked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Search {
    /// Runs that are looked at together; at least 2.
    pub window: usize,
    /// How probable such a difference may be without a change.
    pub error: f64,
    /// By which share a figure must change; `None`: by the margin that a comparison has for it.
    pub magnitude: Option<f64>,
}

impl Default for Search {
    fn default() -> Self {
        let Strictness { window, error, .. } = Strictness::default();
        Self { window, error, magnitude: None }
    }
}

/// A change of the level.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Change {
    /// The first run at the new level, as a place in the series.
    pub place: usize,
    /// The last run at the old one: of whatever came between, nobody can tell.
    pub last_before: usize,
    /// Means of both, and how probable such a difference is without a change.
    pub point: ChangePoint,
    /// Whether it is for the better.
    pub tendency: Tendency,
    /// Whether the scenario's text was another before.
    pub with_scenario: bool,
}

/// Which way a figure changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tendency {
    /// For the better.
    Better,
    /// For the worse.
    Worse,
}

impl Tendency {
    /// As reports have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Better => "better",
            Self::Worse => "worse",
        }
    }
}

impl Change {
    /// By which share the mean changed; infinite from 0.
    pub fn relative(&self) -> f64 {
        let ChangePoint { before, after, .. } = self.point;
        if before == 0.0 { f64::INFINITY.copysign(after) } else { (after - before) / before.abs() }
    }
}

impl Series<'_> {
    /// By which share a mean must change to have changed.
    pub fn magnitude(&self, search: Search) -> f64 {
        search.magnitude.unwrap_or_else(|| self.subject.margin())
    }

    /// Where it changed, by the run. Runs that are not to be trusted are left out, and so are machines with fewer runs than a comparison needs of trials.
    pub fn changes(&self, search: Search) -> Vec<Change> {
        let strictness = Strictness { window: search.window, error: search.error, magnitude: self.magnitude(search) };
        let mut all: Vec<Change> = self.strands().iter().flat_map(|strand| self.of_strand(strand, strictness)).collect();
        all.sort_by_key(|change| change.place);
        all
    }

    /// Whether there are runs enough to tell a change from chance: two are none.
    pub fn can_tell(&self) -> bool {
        let trusted = |strand: &[usize]| strand.iter().filter(|place| self.points[**place].trusted).count();
        self.strands().iter().any(|strand| trusted(strand) >= self.subject.nature.fewest_trials().max(3))
    }

    fn of_strand(&self, strand: &[usize], strictness: Strictness) -> Vec<Change> {
        let trusted: Vec<usize> = strand.iter().copied().filter(|place| self.points[*place].trusted).collect();
        if trusted.len() < self.subject.nature.fewest_trials() {
            return Vec::new();
        }
        let values: Vec<f64> = trusted.iter().map(|place| self.points[*place].value).collect();
        let change = |point: ChangePoint| {
            let (place, last_before) = (trusted[point.place], trusted[point.place - 1]);
            let is_worse = (point.after > point.before) == (self.subject.better == Better::Lower);
            let digest = |place: usize| &self.points[place].entry.scenario_digest;
            Change {
                place,
                last_before,
                point,
                tendency: if is_worse { Tendency::Worse } else { Tendency::Better },
                with_scenario: digest(place) != digest(last_before),
            }
        };
        change_points(&values, strictness).into_iter().map(change).collect()
    }
}
