//! What has been found of one cell: where families put their doubts.

use super::{Cause, Doubt, Grade};
use crate::measure::recording::Trial;
use crate::summary::Cell;
use crate::units::show_count;

/// What has been found of one cell.
pub struct Found<'f> {
    /// The cell.
    pub cell: &'f Cell<'f>,
    /// Its doubts so far.
    pub doubts: Vec<Doubt>,
}

impl Found<'_> {
    /// Adds a note.
    pub fn note(&mut self, cause: &Cause, figure: &str) {
        self.raise(cause, Grade::Note, figure);
    }

    /// Adds a note on these metrics only.
    pub fn note_on(&mut self, cause: &Cause, metrics: Vec<&'static str>, figure: &str) {
        self.note(cause, figure);
        if let Some(doubt) = self.doubts.last_mut() {
            doubt.metrics = metrics;
        }
    }

    /// Adds a reason not to trust.
    pub fn untrusted(&mut self, cause: &Cause, figure: &str) {
        self.raise(cause, Grade::Untrusted, figure);
    }

    /// Adds a doubt of either grade.
    pub fn raise(&mut self, cause: &Cause, grade: Grade, figure: &str) {
        let (contender, load_point) = (Some(self.cell.contender.name.clone()), Some(self.cell.load_point.to_owned()));
        self.doubts.push(Doubt { contender, load_point, ..Doubt::new(cause, grade, figure) });
    }

    /// A counter, all repeats together.
    pub fn sum(&self, of: fn(&Trial) -> u64) -> u64 {
        self.cell.trials.iter().map(|trial| of(trial)).sum()
    }
}

/// A count for people.
pub fn show(count: u64) -> String {
    show_count(i64::try_from(count).unwrap_or(i64::MAX))
}
