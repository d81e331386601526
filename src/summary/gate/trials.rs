//! The figures of each trial of a side, and which trials of two sides ran in turn.

use jiff::Timestamp;

use crate::summary::Cell;

/// The figures of a side, one for each trial.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    all: Vec<Figure>,
}

#[derive(Clone, Copy, Debug)]
struct Figure {
    /// When its trial began, by the machine's clock.
    started: Option<Timestamp>,
    /// `None` where there was nothing that it could be computed from.
    value: Option<f64>,
}

impl Figures {
    /// Those of a metric; `None` where the cell does not have it.
    pub fn of_metric(cell: &Cell<'_>, metric: &str) -> Option<Self> {
        let repeats = &cell.metrics.get(metric)?.repeats;
        // What null and idle trials say has the number of a repeat, and stands with the measured trials of that number.
        let started = |repeat: u32| cell.trials.iter().find(|trial| trial.repeat == repeat).and_then(|trial| trial.started.parse().ok());
        Some(Self { all: repeats.iter().map(|(repeat, value)| Figure { started: started(*repeat), value: *value }).collect() })
    }

    /// Those of a slope: repeat, start of its first trial, value.
    pub fn of_slope(repeats: &[(u32, &str, f64)]) -> Self {
        Self { all: repeats.iter().map(|(_, started, slope)| Figure { started: started.parse().ok(), value: Some(*slope) }).collect() }
    }

    /// Both together.
    pub fn and(mut self, other: Self) -> Self {
        self.all.extend(other.all);
        self
    }

    /// Whether there is none, or a trial without one: nothing was delivered in it.
    pub fn lacks_some(&self) -> bool {
        self.all.is_empty() || self.all.iter().any(|figure| figure.value.is_none())
    }

    /// The figures that are there.
    pub fn values(&self) -> Vec<f64> {
        self.all.iter().filter_map(|figure| figure.value).collect()
    }
}

/// The figures of each two trials that ran one after the other, one of either side: `None` where the two did not take turns throughout, or nobody can
/// tell. Both are of one clock.
pub fn pairs(base: &Figures, new: &Figures) -> Option<Vec<(f64, f64)>> {
    if base.all.len() != new.all.len() || base.all.len() < 2 {
        return None;
    }
    let of_side = |side: &Figures, is_new: bool| side.all.iter().map(|figure| Some((figure.started?, is_new, figure.value?))).collect::<Option<Vec<_>>>();
    let mut all = of_side(base, false)?;
    all.extend(of_side(new, true)?);
    all.sort_by_key(|(started, is_new, _)| (*started, *is_new));
    let of_two = |two: &[(Timestamp, bool, f64)]| match two {
        // What began at the same instant did not take turns.
        [(first, ..), (second, ..)] if first == second => None,
        [(_, false, base), (_, true, new)] | [(_, true, new), (_, false, base)] => Some((*base, *new)),
        _ => None,
    };
    all.chunks(2).map(of_two).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Trials that began at these seconds, with the second as the figure.
    fn side(seconds: &[f64]) -> Figures {
        let started = |second: f64| format!("2026-11-24T06:30:{second:09.6}Z").parse().ok();
        Figures { all: seconds.iter().map(|second| Figure { started: started(*second), value: Some(*second) }).collect() }
    }

    #[test]
    fn who_took_turns_is_paired_in_whatever_order() {
        let turns = |base: &[f64], new: &[f64]| pairs(&side(base), &side(new));
        assert_eq!(turns(&[0.0, 3.0, 4.0], &[1.0, 2.0, 5.0]), Some(vec![(0.0, 1.0), (3.0, 2.0), (4.0, 5.0)]), "A B B A A B");
        assert_eq!(turns(&[3.0, 0.0], &[1.0, 2.0]), Some(vec![(0.0, 1.0), (3.0, 2.0)]), "recordings in another order");
        assert_eq!(turns(&[1.0, 1.5], &[1.25, 1.625]), Some(vec![(1.0, 1.25), (1.5, 1.625)]));
        for (base, new) in [(&[0.0, 1.0][..], &[2.0, 3.0][..]), (&[0.0], &[1.0]), (&[0.0, 2.0], &[1.0]), (&[0.0, 2.0], &[0.0, 3.0])] {
            assert_eq!(turns(base, new), None, "{base:?} {new:?}");
        }
        let mut unknown = side(&[1.0, 2.0]);
        unknown.all[1].started = None;
        assert_eq!(pairs(&side(&[0.0, 3.0]), &unknown), None);
    }
}
