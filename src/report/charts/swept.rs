//! A swept value along an axis: what it is called, and where its load points lie.

use super::axis::Scale;
use super::canvas::{Align, Canvas, Hand};
use super::finding::firm;
use super::frame::Room;
use super::text::{self, Weight};
use crate::summary::crossover::Unit;

/// A swept value, and its range.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Axis<'c> {
    /// Its dotted path.
    pub over: &'c str,
    /// What it is counted in.
    pub unit: Unit,
    /// The smallest and the largest.
    pub ends: (f64, f64),
}

impl Axis<'_> {
    /// What it is called in the middle of a sentence.
    pub fn name(&self) -> String {
        match self.over {
            "subscribers.count" => "the number of subscribers".to_owned(),
            "workload.topics" => "the number of topics".to_owned(),
            "workload.active_topics" => "the number of active topics".to_owned(),
            "workload.updates_per_active_topic" => "the updates of an active topic".to_owned(),
            "workload.payload" => "the payload".to_owned(),
            other => text::clean(other),
        }
    }

    /// `12 subscribers`, `1 subscriber`.
    pub fn value(&self, value: f64) -> String {
        let shown = firm(self.unit.show(value));
        let many = if shown == "1" { "" } else { "s" };
        match self.over {
            "subscribers.count" => format!("{shown}\u{a0}subscriber{many}"),
            "workload.topics" => format!("{shown}\u{a0}topic{many}"),
            "workload.active_topics" => format!("{shown} active topic{many}"),
            "workload.updates_per_active_topic" => format!("{shown} update{many} of an active topic"),
            "workload.payload" => format!("a payload of {shown}"),
            other => match other.rsplit_once('.') {
                Some((_, setting)) => format!("{} = {shown}", text::clean(setting)),
                None => shown,
            },
        }
    }

    /// `from 50 to 200 topics`, `with interval from 1 s to 60 s`.
    pub fn range(&self) -> String {
        let first = firm(self.unit.show(self.ends.0));
        let last = self.value(self.ends.1);
        // What stands before the last value belongs before the first.
        match last.rsplit_once(" = ").or_else(|| last.rsplit_once(" of ")).filter(|_| last.ends_with(&firm(self.unit.show(self.ends.1)))) {
            Some((what, last)) => format!("with {what} from {first} to {last}"),
            None => format!("from {first} to {last}"),
        }
    }

    /// How its values are laid out: logarithmic, unless it begins at zero.
    pub fn scale(&self) -> Scale {
        let (first, last) = self.ends;
        if first > 0.0 { Scale::Log(first, last) } else { Scale::Linear(last, last) }
    }

    /// Its values below a plot, as far as there is room; a small mark for each. `x` places a value.
    pub fn marks(&self, canvas: &mut Canvas<'_>, plot: Room, values: impl Iterator<Item = f64>, x: impl Fn(f64) -> f64) {
        let palette = canvas.palette();
        let mut values: Vec<f64> = values.collect();
        values.sort_by(f64::total_cmp);
        values.dedup();
        let mut free = f64::NEG_INFINITY;
        for value in values {
            canvas.line((x(value), plot.bottom), (x(value), plot.bottom + 6.0), 1.25, palette.grid);
            let name = self.unit.show(value);
            let half = text::width(&name, 20.0, Weight::Regular) / 2.0;
            if x(value) - half >= free {
                canvas.text(x(value), plot.bottom + 30.0, &name, Hand { size: 20.0, weight: Weight::Regular, colour: palette.soft, align: Align::Middle });
                free = x(value) + half + 14.0;
            }
        }
    }
}

/// The swept values of a load point without their paths: `topics = 100, interval = 5s`; empty without any.
pub fn brief(load_point: &str) -> String {
    let value = |(path, value): (&str, &str)| match path {
        // Its last part alone would not tell what is counted.
        "subscribers.count" => format!("subscribers = {value}"),
        _ => format!("{} = {value}", path.rsplit('.').next().unwrap_or(path)),
    };
    text::clean(&load_point.split(';').filter_map(|part| part.split_once('=')).map(value).collect::<Vec<_>>().join(", "))
}

/// The swept path, where these load points have but one.
pub fn only_path<'p>(load_points: impl Iterator<Item = &'p str>) -> Option<&'p str> {
    let mut paths = load_points.flat_map(|point| point.split(';')).filter_map(|part| Some(part.split_once('=')?.0));
    let first = paths.next()?;
    paths.all(|path| path == first).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn load_points_are_told_briefly() {
        assert_eq!(brief(""), "");
        assert_eq!(brief("workload.updates_per_active_topic=0.2;contender.poll-1s.interval=5s"), "updates_per_active_topic = 0.2, interval = 5s");
    }

    #[test]
    fn one_path_is_one_whatever_its_values() {
        assert_eq!(only_path(["", "a.b=1", "a.b=2"].into_iter()), Some("a.b"));
        assert_eq!(only_path(["a.b=1;c=2"].into_iter()), None);
        assert_eq!(only_path(["", ""].into_iter()), None);
    }

    #[test]
    fn values_are_told_in_words() {
        let of = |over| Axis { over, unit: Unit::Number, ends: (1.0, 200.0) };
        assert_eq!(of("subscribers.count").range().replace('\u{a0}', " "), "from 1 to 200 subscribers");
        assert_eq!(of("contender.poll.interval").range(), "with interval from 1 to 200");
        assert_eq!(of("workload.payload").range(), "with a payload from 1 to 200");
        assert_eq!(of("workload.updates_per_active_topic").range(), "from 1 to 200 updates of an active topic");
        assert_eq!(of("subscribers.count").value(1.0).replace('\u{a0}', " "), "1 subscriber");
        assert_eq!(of("workload.updates_per_active_topic").value(0.2), "0.2 updates of an active topic");
        assert_eq!(of("contender.poll.longest").range(), "with longest from 1 to 200");
        assert_eq!(Axis { ends: (0.0, 5.0), ..of("workload.topics") }.scale(), Scale::Linear(5.0, 5.0));
    }
}
