//! Several recordings side by side: the same contender at the same load point of each is a *twin* of the others. Pure.
//!
//! `change` is the arithmetic, `conditions` what differs besides and what can then not be said. Nothing is judged here: a change is said to be
//! beyond the noise or not, never to be good or bad enough.

pub mod change;
pub mod conditions;
#[cfg(test)]
mod tests;

use super::{Cell, Grade, Summary};
pub use change::{Change, Known, Tendency};
pub use conditions::{Condition, Effect};

/// Several runs; the first is what the others are held against.
pub struct Comparison<'s> {
    /// The runs, in the order in which they were given.
    pub runs: Vec<Run<'s>>,
    /// The same contender at the same load point in at least two of them.
    pub twins: Vec<Twins<'s>>,
    /// What only one of them has: its place in `runs`, and the cell.
    pub alone: Vec<(usize, &'s Cell<'s>)>,
    /// What differs between them besides.
    pub conditions: Vec<Condition>,
}

/// A run and what it is called.
#[derive(Clone, Copy)]
pub struct Run<'s> {
    /// Its name, unlike those of the others.
    pub name: &'s str,
    /// Its summary.
    pub summary: &'s Summary<'s>,
}

/// The same contender at the same load point in each run.
pub struct Twins<'s> {
    /// The contender's name.
    pub contender: &'s str,
    /// The load point.
    pub load_point: &'s str,
    /// One for each run; `None` where it has none.
    pub cells: Vec<Option<&'s Cell<'s>>>,
}

/// What became of a metric of a twin in another run than its base.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The arithmetic; `None` where one of the two has no finite figure, or the figures are of different things.
    pub change: Option<Change>,
    /// The gravest of what the conditions do to it.
    pub effect: Effect,
    /// Whether either figure is not to be trusted.
    pub untrusted: bool,
}

impl Found {
    /// Which way it went beyond the noise, where the figures are comparable and trusted: only then is there something to be said.
    pub fn tendency(&self) -> Option<Tendency> {
        self.change.filter(|_| !self.untrusted).map(|change| change.tendency())
    }
}

impl<'s> Comparison<'s> {
    /// Sets runs side by side; `runs` are at least two.
    pub fn new(runs: Vec<Run<'s>>) -> Self {
        let (mut twins, mut alone) = (Vec::new(), Vec::new());
        for (load_point, contender) in places(&runs) {
            let of = |run: &Run<'s>| run.summary.cells.iter().find(|cell| cell.contender.name == contender && cell.load_point == load_point);
            let cells: Vec<Option<&Cell<'s>>> = runs.iter().map(of).collect();
            let there: Vec<(usize, &Cell<'s>)> = cells.iter().enumerate().filter_map(|(run, cell)| Some((run, (*cell)?))).collect();
            match there.as_slice() {
                [only] => alone.push(*only),
                _ => twins.push(Twins { contender, load_point, cells }),
            }
        }
        let summaries: Vec<&Summary<'_>> = runs.iter().map(|run| run.summary).collect();
        let conditions = conditions::conditions(&summaries, &twins);
        Self { runs, twins, alone, conditions }
    }

    /// The load points of twins, in order.
    pub fn load_points(&self) -> Vec<&'s str> {
        let mut points: Vec<&str> = self.twins.iter().map(|twins| twins.load_point).collect();
        points.dedup();
        points
    }

    /// What became of a metric of a twin in a run (its place in `runs`), held against the first run that has the twin; `None` where that is the run
    /// itself, or one of them does not have the metric.
    pub fn found(&self, twins: &Twins<'s>, metric: &str, run: usize) -> Option<Found> {
        let (base, base_cell) = twins.base()?;
        let cell = twins.cells.get(run).copied().flatten()?;
        if run == base {
            return None;
        }
        let (before, after) = (base_cell.metrics.get(metric)?, cell.metrics.get(metric)?);
        let touching = self.conditions.iter().filter(|condition| condition.touches(metric));
        let effect = touching.map(|condition| condition.effect).max().unwrap_or(Effect::Told);
        let repeats = |estimate: &super::Estimate| estimate.repeats.iter().filter_map(|(_, value)| *value).collect::<Vec<f64>>();
        let doubted = |run: usize, cell: &Cell<'_>| {
            self.runs.get(run).is_some_and(|run| run.summary.doubts_on(cell, metric).any(|doubt| doubt.grade == Grade::Untrusted))
        };
        Some(Found {
            change: Change::new(&repeats(before), &repeats(after)).filter(|_| effect < Effect::Incomparable),
            effect,
            untrusted: doubted(base, base_cell) || doubted(run, cell),
        })
    }
}

impl<'s> Twins<'s> {
    /// The first run that has it (its place among the runs): what the others are held against.
    pub fn base(&self) -> Option<(usize, &'s Cell<'s>)> {
        self.cells.iter().enumerate().find_map(|(run, cell)| Some((run, (*cell)?)))
    }
}

/// All load points of all runs with all contenders: those of the first run first, in its order.
fn places<'s>(runs: &[Run<'s>]) -> Vec<(&'s str, &'s str)> {
    let (mut points, mut names): (Vec<&str>, Vec<&str>) = (Vec::new(), Vec::new());
    for run in runs {
        for cell in &run.summary.cells {
            if !points.contains(&cell.load_point) {
                points.push(cell.load_point);
            }
        }
        for contender in &run.summary.recording.contenders {
            if !names.contains(&contender.name.as_str()) {
                names.push(&contender.name);
            }
        }
    }
    let there = |point: &str, name: &str| runs.iter().any(|run| run.summary.cells.iter().any(|cell| cell.contender.name == name && cell.load_point == point));
    let all = points.iter().flat_map(|point| names.iter().map(move |name| (*point, *name)));
    all.filter(|(point, name)| there(point, name)).collect()
}
