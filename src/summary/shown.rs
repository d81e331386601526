//! Which load point of a sweep stands for all where a report can show but one: in charts, in slides, on a page that has just been opened.
//!
//! One that most contenders have figures at. Of several, the scenario's own: a scenario has a value of its own for whatever it sweeps, and
//! its title and its published figures are about that. Where that value is not among the swept ones, the one in the middle: the first and
//! the last are the extremes, chosen to see where things turn, and a finding from there is the least likely to hold elsewhere.

use toml_edit::{DocumentMut, Item, Value};

use super::Summary;
use crate::measure::recording::Recording;
use crate::units::{read_duration, read_size};

impl<'a> Summary<'a> {
    /// The load point that a report shows where it can show but one; empty without a sweep.
    pub fn shown(&self) -> &'a str {
        let points = self.load_points();
        let contenders = |point: &str| self.at(point).count();
        let most = points.iter().map(|point| contenders(point)).max().unwrap_or(0);
        let fullest: Vec<&'a str> = points.into_iter().filter(|point| contenders(point) == most).collect();
        let wanted = wanted(self.recording, &fullest);
        let fitting = |point: &str| values(point).filter(|value| wanted.contains(value)).count();
        // The first of equals.
        fullest.iter().copied().rev().max_by_key(|point| fitting(point)).unwrap_or("")
    }
}

/// A load point taken apart: (path, value).
fn values(point: &str) -> impl Iterator<Item = (&str, &str)> {
    point.split(';').filter_map(|part| part.split_once('='))
}

/// Of each swept path, the value that is looked for.
fn wanted<'p>(recording: &Recording, points: &[&'p str]) -> Vec<(&'p str, &'p str)> {
    let mut paths: Vec<(&str, Vec<&str>)> = Vec::new();
    for (path, value) in points.iter().flat_map(|point| values(point)) {
        match paths.iter_mut().find(|(known, _)| *known == path) {
            Some((_, values)) if values.contains(&value) => {}
            Some((_, values)) => values.push(value),
            None => paths.push((path, vec![value])),
        }
    }
    // A text that this version cannot read has no values of its own.
    let scenario = recording.scenario.text.parse::<DocumentMut>().unwrap_or_default();
    let own = |path: &str| match path.strip_prefix("contender.").and_then(|rest| rest.rsplit_once('.')) {
        Some((name, setting)) => recording.contenders.iter().find(|contender| contender.name == name)?.settings.get(setting).cloned(),
        None => of_table(&scenario, path),
    };
    let value = |(path, values): (&'p str, Vec<&'p str>)| {
        let own = own(path).and_then(|own| values.iter().copied().find(|value| same(value, &own)));
        Some((path, own.or_else(|| middle(values))?))
    };
    paths.into_iter().filter_map(value).collect()
}

/// What a scenario says at `workload.topics`, as text.
fn of_table(scenario: &DocumentMut, path: &str) -> Option<String> {
    let (table, key) = path.split_once('.')?;
    match scenario.get(table)?.get(key)? {
        Item::Value(Value::String(text)) => Some(text.value().clone()),
        Item::Value(Value::Integer(number)) => Some(number.value().to_string()),
        Item::Value(Value::Float(number)) => Some(number.value().to_string()),
        Item::Value(other) => Some(other.to_string().trim().to_owned()),
        _ => None,
    }
}

/// Whether two texts are the same value: `1` and `1.0`, `60s` and `1m`, `1 KiB` and `1024`.
fn same(one: &str, other: &str) -> bool {
    one == other || magnitude(one).zip(magnitude(other)).is_some_and(|(one, other)| one == other)
}

/// Of a number, a duration in seconds, a size in bytes.
fn magnitude(text: &str) -> Option<f64> {
    let number = text.parse().ok().filter(|number: &f64| number.is_finite());
    number.or_else(|| read_duration(text).ok().map(|duration| duration.as_secs_f64())).or_else(|| read_size(text).ok().map(|bytes| bytes as f64))
}

/// The value in the middle, the lower one of two; of what has no order, by the order in which it stands in the sweep.
fn middle(mut values: Vec<&str>) -> Option<&str> {
    if values.iter().all(|value| magnitude(value).is_some()) {
        values.sort_by(|one, other| magnitude(one).unwrap_or(0.0).total_cmp(&magnitude(other).unwrap_or(0.0)));
    }
    values.get(values.len().saturating_sub(1) / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::summary::fixture::made_up;

    /// Topics are swept over 50, 100, 200, 400; the scenario says what it says.
    fn swept(text: &str) -> Recording {
        let mut recording = made_up().scale(0.02).sweep(&[0.5, 1.0, 2.0, 4.0]).build();
        recording.scenario.text = text.to_owned();
        recording
    }

    fn shown(recording: &Recording) -> String {
        Summary::new(recording).shown().to_owned()
    }

    #[test]
    fn the_scenarios_own_value_is_shown_and_else_the_middle() {
        for (text, topics) in [
            ("[workload]\ntopics = 200\n[sweep]\n\"workload.topics\" = [50, 100, 200, 400]", 200),
            ("workload.topics = 4_00", 400),
            ("[workload]\ntopics = 50.0", 50),
            // Not among the swept ones, not said, not to be read.
            ("[workload]\ntopics = 3", 100),
            ("[workload]\npayload = \"1 KiB\"", 100),
            ("= broken", 100),
            ("", 100),
        ] {
            assert_eq!(shown(&swept(text)), format!("workload.topics={topics}"), "{text}");
        }
        assert_eq!(shown(&made_up().scale(0.02).build()), "", "nothing is swept");
    }

    #[test]
    fn who_has_figures_comes_first() {
        let mut recording = swept("[workload]\ntopics = 200");
        recording.trials.retain(|trial| trial.load_point != "workload.topics=200" || trial.contender != "poll-1s");
        assert_eq!(shown(&recording), "workload.topics=100", "of 50, 100 and 400 the middle");
        recording.trials.retain(|trial| trial.load_point == "workload.topics=400" || trial.contender != "poll-5s");
        assert_eq!(shown(&recording), "workload.topics=400");
        recording.trials.clear();
        assert_eq!(shown(&recording), "");
    }

    #[test]
    fn each_swept_value_counts_by_itself() {
        let points = [
            "workload.payload=64 B;contender.poll-5s.interval=1s",
            "workload.payload=1 KiB;contender.poll-5s.interval=1s",
            "workload.payload=1 KiB;contender.poll-5s.interval=1m",
        ];
        let mut recording = swept("[workload]\npayload = 1024");
        recording.contenders[0].settings.insert("interval".to_owned(), "60s".to_owned());
        assert_eq!(wanted(&recording, &points), [("workload.payload", "1 KiB"), ("contender.poll-5s.interval", "1m")]);
        recording.contenders[0].settings.clear();
        recording.scenario.text = String::new();
        assert_eq!(wanted(&recording, &points), [("workload.payload", "64 B"), ("contender.poll-5s.interval", "1s")]);
    }

    #[test]
    fn what_has_no_order_stands_as_it_was_written() {
        assert_eq!(middle(vec!["lean", "library", "browser"]), Some("library"));
        assert_eq!(middle(vec!["20", "0.2", "5", "1"]), Some("1"));
        assert_eq!(middle(vec![]), None);
        assert!(same("60s", "1m") && same("1 KiB", "1024") && !same("1s", "1m") && !same("lean", "library"));
    }
}
