//! What a set of charts is drawn from: one load point of a summary, its contenders, and whether it can be trusted.

use super::finding::{Contest, Figure, Side};
use super::marks::{Footnotes, Mark};
use super::theme::{self, Look, Theme};
use crate::measure::recording::Direction;
use crate::summary::{Cell, Grade, Summary};

/// One load point of a summary.
pub struct View<'s, 'r> {
    /// The summary.
    pub summary: &'s Summary<'r>,
    /// Which load point.
    pub load_point: &'s str,
    /// Its contenders, in the scenario's order.
    pub cells: Vec<&'s Cell<'r>>,
}

impl<'s, 'r> View<'s, 'r> {
    /// A load point of a summary.
    pub fn new(summary: &'s Summary<'r>, load_point: &'s str) -> Self {
        Self { summary, load_point, cells: summary.at(load_point).collect() }
    }

    /// What the foot says of doubts about these metrics.
    pub fn footnotes(&self, metrics: &[&str]) -> Footnotes {
        Footnotes::new(self.summary, &self.cells, metrics)
    }

    /// What stands behind a contender's name on a chart of these metrics.
    pub fn mark(&self, cell: &Cell<'_>, metrics: &[&str]) -> Mark {
        Mark::of(self.summary, cell, metrics)
    }

    /// Who is compared in a title, by a figure of which less is better; doubts about this metric are doubts about it.
    pub fn contest(&self, metric: &str, of: impl Fn(&Cell<'_>) -> Option<Figure>) -> Contest {
        Contest::new(&self.cells, |cell| self.trusts(metric, cell), of)
    }

    /// Whether a metric of those in a title can be trusted.
    pub fn trusted(&self, metric: &str, sides: &[&Side]) -> bool {
        sides.iter().filter_map(|side| side.cell(&self.cells)).all(|cell| self.trusts(metric, cell))
    }

    /// Whether a metric of a cell can be trusted.
    pub fn trusts(&self, metric: &str, cell: &Cell<'_>) -> bool {
        self.summary.doubts_on(cell, metric).all(|doubt| doubt.grade != Grade::Untrusted)
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
