//! Published figures and ours beside them. They are never judged: conditions differ, and a figure of another machine, network and year
//! that is not ours is no error of either.

use super::metrics::Metric;
use super::ratios::{Ratio, ratio};
use super::{Cell, Summary, covers};
use crate::measure::recording::PublishedRecord;

/// A published figure and ours.
pub struct Beside<'s, 'a> {
    /// What was published.
    pub published: &'a PublishedRecord,
    /// Ours, one for each load point that it may be held against; empty where none is asked for or none was run.
    pub ours: Vec<Ours<'s, 'a>>,
}

/// A figure of ours.
pub struct Ours<'s, 'a> {
    /// Where it was measured; empty without a sweep.
    pub load_point: &'a str,
    /// Of what.
    pub metric: &'static Metric,
    /// Whose.
    pub cell: &'s Cell<'a>,
    /// Whose figure it is divided by, and the ratio where there is one.
    pub against: Option<(&'s Cell<'a>, Option<Ratio>)>,
}

impl<'a> Summary<'a> {
    /// All published figures, in the scenario's order.
    pub fn published(&self) -> Vec<Beside<'_, 'a>> {
        self.recording.scenario.published.iter().map(|published| Beside { published, ours: self.beside(published) }).collect()
    }

    fn beside(&self, published: &PublishedRecord) -> Vec<Ours<'_, 'a>> {
        let (Some(contender), Some(metric)) = (&published.contender, published.metric.as_deref().and_then(Metric::named)) else { return Vec::new() };
        let mut all: Vec<Ours<'_, 'a>> = Vec::new();
        for load_point in self.load_points().into_iter().filter(|point| covers(point, published.at.as_deref().unwrap_or(""))) {
            let Some(cell) = self.cell(contender, load_point) else { continue };
            let against = match &published.against {
                None => None,
                Some(other) => match self.cell(other, load_point) {
                    Some(other) => Some((other, ratio(metric.name, cell, other))),
                    None => continue,
                },
            };
            // A contender that a swept value does not touch stands at several load points: once is enough.
            let same =
                |ours: &Ours<'_, '_>| std::ptr::eq(ours.cell, cell) && ours.against.map(|other| other.0.load_point) == against.map(|other| other.0.load_point);
            if !all.iter().any(same) {
                let load_point = if against.is_some() { load_point } else { cell.load_point };
                all.push(Ours { load_point, metric, cell, against });
            }
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::summary::fixture::{made_up, published};

    #[test]
    fn ours_stands_beside_where_it_was_measured() {
        let mut recording = made_up().scale(0.02).sweep(&[0.5, 1.0]).build();
        let word =
            |contender: Option<&str>, against: Option<&str>, at: Option<&str>| published(contender, against, contender.map(|_| "messages.per_update"), at);
        recording.scenario.published = vec![
            word(None, None, None),
            word(Some("poll-5s"), None, None),
            word(Some("poll-5s"), None, Some("workload.topics=100")),
            word(Some("poll-5s"), Some("xmpp-pubsub"), Some("workload.topics=50")),
            word(Some("nobody"), None, None),
        ];
        let summary = Summary::new(&recording);
        let all = summary.published();
        assert_eq!(all.iter().map(|beside| beside.ours.len()).collect::<Vec<_>>(), [0, 2, 1, 1, 0]);
        assert_eq!(all[2].ours[0].load_point, "workload.topics=100");
        let ratio = all[3].ours[0].against.unwrap().1.unwrap();
        assert!((ratio.value - all[3].ours[0].cell.value("messages.per_update").unwrap()).abs() < 1e-9, "push sends one message an update: {ratio:?}");
    }
}
