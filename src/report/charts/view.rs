//! What a set of charts is drawn from: one load point of a summary, its contenders, and whether it can be trusted.

use super::finding::{Contest, Figure};
use super::theme::{self, Look, Theme};
use crate::measure::recording::Direction;
use crate::summary::{Cell, Summary};

/// One load point of a summary.
pub struct View<'s, 'r> {
    /// The summary.
    pub summary: &'s Summary<'r>,
    /// Which load point.
    pub load_point: &'s str,
    /// Its contenders, in the scenario's order.
    pub cells: Vec<&'s Cell<'r>>,
    /// Why it cannot be trusted; empty where it can.
    pub untrusted: Vec<String>,
}

impl<'s, 'r> View<'s, 'r> {
    /// A load point of a summary.
    pub fn new(summary: &'s Summary<'r>, load_point: &'s str) -> Self {
        let cells: Vec<&Cell<'r>> = summary.at(load_point).collect();
        let untrusted = untrusted(&cells);
        Self { summary, load_point, cells, untrusted }
    }

    /// Who is compared in a title, by a figure of which less is better.
    pub fn contest(&self, of: impl Fn(&Cell<'_>) -> Option<Figure>) -> Contest {
        Contest::new(&self.cells, self.untrusted.is_empty(), of)
    }

    /// How a contender is drawn.
    pub fn look(&self, theme: Theme, cell: &Cell<'_>) -> Look {
        theme::look(theme, &self.summary.recording.contenders, &cell.contender.name)
    }

    /// Places of these contenders in the order in which their lines are drawn: push last, so that it lies on top.
    pub fn drawing_order<'x>(&self, cells: impl Iterator<Item = &'x Cell<'x>>) -> Vec<usize> {
        let mut order: Vec<(u8, usize)> = cells.map(|cell| cell.direction()).enumerate().map(|(index, direction)| (layer(direction), index)).collect();
        order.sort_unstable();
        order.into_iter().map(|(_, index)| index).collect()
    }

    /// Measured seconds of the longest window.
    pub fn window(&self) -> f64 {
        self.cells.iter().map(|cell| cell.workload.window).filter(|window| window.is_finite()).fold(0.0, f64::max)
    }
}

fn layer(direction: Direction) -> u8 {
    match direction {
        Direction::Control => 0,
        Direction::Pull => 1,
        Direction::Push => 2,
    }
}

/// Counts that should be equal and are not, and times that were not kept.
fn untrusted(cells: &[&Cell<'_>]) -> Vec<String> {
    let trials = cells.iter().flat_map(|cell| cell.trials.iter().map(move |trial| (cell, trial)));
    trials
        .flat_map(|(cell, trial)| {
            trial.checks.iter().filter(|check| !check.holds).map(move |check| {
                let ((left, left_count), (right, right_count)) = (&check.left, &check.right);
                format!("{}: {}: {left} {left_count}, {right} {right_count}", cell.contender.name, check.what)
            })
        })
        .collect()
}
