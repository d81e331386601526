//! Swept values as numbers: load points taken apart, and the axes on which lines can be drawn.

use crate::units::{read_duration, read_size, show_bytes, show_number, show_seconds};

/// `key=value;key=value` taken apart.
pub type Place<'a> = Vec<(&'a str, &'a str)>;

/// What a swept value is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A plain number.
    Number,
    /// Seconds of scenario time.
    Seconds,
    /// Bytes.
    Bytes,
}

impl Unit {
    /// As CSV has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Number => "number",
            Self::Seconds => "scenario seconds",
            Self::Bytes => "bytes",
        }
    }

    /// A value for people.
    pub fn show(self, value: f64) -> String {
        match self {
            Self::Number => show_number(value),
            Self::Seconds => show_seconds(value),
            Self::Bytes => show_bytes(value),
        }
    }

    fn read(self, text: &str) -> Option<f64> {
        match self {
            Self::Number => text.parse().ok().filter(|number: &f64| number.is_finite()),
            Self::Seconds => read_duration(text).ok().map(|duration| duration.as_secs_f64()),
            Self::Bytes => read_size(text).ok().map(|bytes| bytes as f64),
        }
    }
}

/// A swept value all of whose values are numbers, durations or sizes.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis<'a> {
    /// Dotted path: `workload.topics`, `contender.poll-1s.interval`.
    pub path: &'a str,
    /// What its values are counted in.
    pub unit: Unit,
    /// Whether a logarithm of it can be taken: all values are above 0.
    pub logarithmic: bool,
    /// Each value once, ascending.
    values: Vec<(f64, &'a str)>,
}

impl<'a> Axis<'a> {
    /// The axes of these places, in order of appearance: those with at least two values, every one of which is of the same unit.
    pub fn all(places: &[Place<'a>]) -> Vec<Self> {
        let mut paths: Vec<(&str, Vec<&str>)> = Vec::new();
        for (path, value) in places.iter().flatten() {
            match paths.iter_mut().find(|(known, _)| known == path) {
                Some((_, values)) if values.contains(value) => {}
                Some((_, values)) => values.push(value),
                None => paths.push((path, vec![value])),
            }
        }
        paths.into_iter().filter_map(|(path, values)| Self::new(path, &values)).collect()
    }

    fn new(path: &'a str, texts: &[&'a str]) -> Option<Self> {
        // A size may be a plain number, and a list of sizes mix both: all as numbers first, then all as durations, then all as sizes.
        [Unit::Number, Unit::Seconds, Unit::Bytes].into_iter().find_map(|unit| {
            let mut values: Vec<(f64, &str)> = texts.iter().map(|text| Some((unit.read(text)?, *text))).collect::<Option<_>>()?;
            values.sort_by(|one, other| one.0.total_cmp(&other.0));
            values.dedup_by(|one, other| one.0 == other.0);
            let logarithmic = values.first()?.0 > 0.0;
            // Sizes that are written as bare numbers are bytes all the same.
            let unit = if unit == Unit::Number && path.ends_with(".payload") { Unit::Bytes } else { unit };
            (values.len() > 1).then_some(Self { path, unit, logarithmic, values })
        })
    }

    /// The number that stands at this place on the axis; `None` where the axis does not touch it, or where the same number was written in another way before.
    pub fn value(&self, place: &Place<'a>) -> Option<f64> {
        let text = place.iter().find(|(path, _)| *path == self.path)?.1;
        self.values.iter().find(|(_, known)| *known == text).map(|(value, _)| *value)
    }

    /// Whether a place has a value on this axis.
    pub fn touches(&self, place: &Place<'a>) -> bool {
        place.iter().any(|(path, _)| *path == self.path)
    }

    /// The other values of a place.
    pub fn elsewhere(&self, place: &Place<'a>) -> Place<'a> {
        place.iter().copied().filter(|(path, _)| *path != self.path).collect()
    }
}

/// A load point taken apart.
pub fn place(load_point: &str) -> Place<'_> {
    load_point.split(';').filter_map(|value| value.split_once('=')).collect()
}

/// Two places as one, where they do not contradict each other.
pub fn together<'a>(one: &Place<'a>, other: &Place<'a>) -> Option<Place<'a>> {
    let mut both = one.clone();
    for (path, value) in other {
        match one.iter().find(|(known, _)| known == path) {
            Some((_, same)) if same == value => {}
            Some(_) => return None,
            None => both.push((path, value)),
        }
    }
    Some(both)
}

/// As a load point is written.
pub fn shown(place: &Place<'_>) -> String {
    place.iter().map(|(path, value)| format!("{path}={value}")).collect::<Vec<_>>().join(";")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axes<'a>(load_points: &[&'a str]) -> Vec<Axis<'a>> {
        Axis::all(&load_points.iter().map(|point| place(point)).collect::<Vec<_>>())
    }

    #[test]
    fn numbers_durations_and_sizes_are_axes_and_nothing_else() {
        let all = axes(&[
            "workload.topics=100;contender.a.interval=22m42s;workload.payload=1 KiB;contender.a.client=lean;x=1",
            "workload.topics=5;contender.a.interval=5s;workload.payload=512;contender.a.client=2;x=1",
        ]);
        let found: Vec<(&str, Unit, Vec<f64>)> = all.iter().map(|axis| (axis.path, axis.unit, axis.values.iter().map(|value| value.0).collect())).collect();
        let expected = [
            ("workload.topics", Unit::Number, vec![5.0, 100.0]),
            ("contender.a.interval", Unit::Seconds, vec![5.0, 1_362.0]),
            ("workload.payload", Unit::Bytes, vec![512.0, 1_024.0]),
        ];
        assert_eq!(found, expected);
        assert_eq!(axes(&["workload.payload=64", "workload.payload=128"])[0].unit, Unit::Bytes);
        assert!(!axes(&["u=0", "u=2"])[0].logarithmic && axes(&["u=0.2", "u=2"])[0].logarithmic);
        assert!(axes(&["", "u=3", "u=3.0"]).is_empty() && axes(&["u=nan", "u=1"]).is_empty());
    }

    #[test]
    fn places_are_taken_apart_and_put_together() {
        let point = place("a=1;b=2;c=x=y");
        assert_eq!(point, [("a", "1"), ("b", "2"), ("c", "x=y")]);
        assert_eq!(shown(&point), "a=1;b=2;c=x=y");
        assert_eq!(together(&place("a=1"), &place("a=1;b=2")), Some(place("a=1;b=2")));
        assert_eq!(together(&place("a=1"), &place("a=2;b=2")), None);
        assert_eq!(together(&place(""), &place("")), Some(vec![]));
    }
}
