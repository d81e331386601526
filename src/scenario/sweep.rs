//! `[sweep]`: values to be varied, and the load points that they make.

use std::collections::BTreeSet;
use std::fmt;

use toml_edit::{Item, Value};

use super::fields::{Field, Fields, kind};
use super::{Entry, Publishers, Subscribers, Workload};
use crate::mistake::Read;

/// Trials per repeat that a sweep may ask for: what is more is a slip, or a week.
pub(super) const MOST_LOAD_POINTS: usize = 1_000;

/// A value to be varied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Axis {
    /// Dotted path: `workload.topics`, `contender.poll-1s.interval`.
    pub path: String,
    /// The values, as TOML text.
    pub values: Vec<String>,
}

impl Axis {
    /// The contender whose setting it varies; `None` where it touches all.
    pub fn contender(&self) -> Option<&str> {
        contender_of(&self.path).map(|(name, _)| name)
    }

    /// Whether it makes a difference to this contender.
    pub fn touches(&self, contender: &str) -> bool {
        self.contender().is_none_or(|name| name == contender)
    }
}

/// One combination of swept values: (path, TOML text), in the order of the sweep. Empty without a sweep.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct LoadPoint(pub Vec<(String, String)>);

impl fmt::Display for LoadPoint {
    /// `key=value;key=value`, texts without their quotes; empty without a sweep.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, (path, value)) in self.0.iter().enumerate() {
            let separator = if place == 0 { "" } else { ";" };
            let read = value.parse::<Value>().ok();
            let shown = read.as_ref().and_then(Value::as_str).unwrap_or(value);
            write!(out, "{separator}{path}={shown}")?;
        }
        Ok(())
    }
}

/// The combinations of all values of these axes; the last axis changes fastest.
pub(super) fn combinations<'a>(axes: impl IntoIterator<Item = &'a Axis>) -> Vec<LoadPoint> {
    axes.into_iter().fold(vec![LoadPoint::default()], |points, axis| {
        let longer = |point: &LoadPoint, value: &String| LoadPoint(point.0.iter().cloned().chain([(axis.path.clone(), value.clone())]).collect());
        points.iter().flat_map(|point| axis.values.iter().map(move |value| longer(point, value))).collect()
    })
}

/// An axis, and its values with their places in the text.
pub(super) struct Swept {
    pub axis: Axis,
    pub items: Vec<Item>,
}

/// Reads the sweep: that paths exist and no value stands there twice. Whether the values fit shows when they are put in.
pub(super) fn read(fields: &Fields<'_>, entries: &[Entry]) -> Read<Vec<Swept>> {
    let paths = known_paths(entries);
    let known: Vec<&str> = paths.iter().map(String::as_str).collect();
    let mut all = Vec::new();
    for (path, field) in fields.leaves()? {
        if !known.contains(&path.as_str()) {
            let unknown = fields.source.mistake(field.key_span.clone(), format!("nothing to sweep has the path {path:?}"));
            return Err(unknown.allowed(known.join(", ")).near(&path, &known));
        }
        let Some(array) = field.item().as_array() else {
            return Err(field.mistake(format!("the values of {path:?} must be a list, not {}", kind(field.item()))).help("write them in brackets: [1, 2, 3]"));
        };
        if array.is_empty() {
            return Err(field.mistake(format!("no values for {path:?}")).help("write them in brackets: [1, 2, 3]"));
        }
        let mut seen = BTreeSet::new();
        let mut swept = Swept { axis: Axis { path: path.clone(), values: Vec::new() }, items: Vec::new() };
        for value in array {
            let text = text_of(value, fields.source.text);
            if !seen.insert(text.clone()) {
                let twice = fields.source.mistake(value.span(), format!("the value {text} stands twice among those of {path:?}"));
                return Err(twice.help("take it out here"));
            }
            swept.axis.values.push(text);
            swept.items.push(Item::Value(value.clone()));
        }
        all.push(swept);
    }
    Ok(all)
}

fn known_paths(entries: &[Entry]) -> Vec<String> {
    let tables: [(&str, &[&str]); 3] = [("workload", &Workload::KEYS), ("subscribers", &Subscribers::KEYS), ("publishers", &Publishers::KEYS)];
    let of_tables = tables.into_iter().flat_map(|(table, keys)| keys.iter().map(move |key| format!("{table}.{key}")));
    let of_entry = |entry: &Entry| entry.contender.settings().iter().map(|setting| format!("contender.{}.{}", entry.name, setting.name)).collect::<Vec<_>>();
    of_tables.chain(entries.iter().flat_map(of_entry)).collect()
}

/// Part of a load point: swept values that touch one of the contenders, as load points are shown.
pub(super) fn part(field: &Field<'_>, contender: &str, against: Option<&str>, sweep: &[Axis]) -> Read<String> {
    let touching = || sweep.iter().filter(|axis| axis.touches(contender) || against.is_some_and(|other| axis.touches(other)));
    let shown = |axis: &Axis, value: &String| LoadPoint(vec![(axis.path.clone(), value.clone())]).to_string();
    let known: Vec<String> = touching().flat_map(|axis| axis.values.iter().map(move |value| shown(axis, value))).collect();
    let text = field.text()?;
    match text.split(';').find(|part| !known.iter().any(|known| known == part)) {
        None => Ok(text.to_owned()),
        Some(_) if known.is_empty() => Err(field.mistake(format!("nothing is swept that touches {contender:?}")).help("take the line out")),
        Some(part) => {
            let known: Vec<&str> = known.iter().map(String::as_str).collect();
            let unknown = field.mistake(format!("{part:?} is no swept value of {contender:?}"));
            Err(unknown.allowed(format!("{}; several are separated by \";\"", known.join(", "))).near(part, &known))
        }
    }
}

/// Contender and setting of a path. The name may have dots in it, a setting has none.
fn contender_of(path: &str) -> Option<(&str, &str)> {
    path.strip_prefix("contender.")?.rsplit_once('.')
}

/// A value as TOML text in one way of writing, so that `1_000` and `1000` are the same.
fn text_of(value: &Value, source: &str) -> String {
    match value {
        Value::String(text) => Value::from(text.value().as_str()).to_string().trim().to_owned(),
        Value::Integer(number) => number.value().to_string(),
        Value::Float(number) => format!("{:?}", number.value()).replace("NaN", "nan"),
        Value::Boolean(truth) => truth.value().to_string(),
        other => other.span().and_then(|span| source.get(span)).unwrap_or_default().trim().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{REGISTRY, error_of, scenario_with};
    use super::*;

    const SWEPT: &str = "[[contender]]\nuse = \"fake-pull\"\nname = \"poll.1\"\ninterval = \"1s\"\n[sweep]\n\"workload.topics\" = [10, 2_0]\ncontender.\"poll.1\".interval = [\"1s\", \"5s\", \"9s\"]\n";

    #[test]
    fn load_points_are_the_product_of_what_touches_a_contender() {
        let scenario = scenario_with(SWEPT).unwrap();
        let shown = |name: &str| scenario.load_points_of(name).iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(shown("fake-push"), ["workload.topics=10", "workload.topics=20"]);
        assert_eq!(shown("poll.1").len(), 6);
        assert_eq!(shown("poll.1")[..2], ["workload.topics=10;contender.poll.1.interval=1s", "workload.topics=10;contender.poll.1.interval=5s"]);
        assert_eq!(scenario_with("").unwrap().load_points_of("fake-push"), [LoadPoint::default()]);
        assert_eq!(LoadPoint::default().to_string(), "");
    }

    #[test]
    fn a_scenario_at_a_load_point_has_its_values_and_keeps_the_seed() {
        let mut scenario = scenario_with(SWEPT).unwrap();
        scenario.workload.seed = 99;
        let point = &scenario.load_points_of("poll.1")[5];
        let there = scenario.at(point, REGISTRY).unwrap();
        assert_eq!((there.workload.topics, there.workload.seed), (20, 99));
        assert_eq!(there.contenders[1].values.text("interval"), "9s");
        assert_eq!((there.text, there.sweep), (scenario.text.clone(), scenario.sweep.clone()));
    }

    #[test]
    fn a_swept_seed_is_stronger_than_an_override() {
        let mut scenario = scenario_with("[sweep]\n\"workload.seed\" = [5, 6]").unwrap();
        scenario.workload.seed = 99;
        assert_eq!(scenario.at(&scenario.load_points_of("fake-push")[1], REGISTRY).unwrap().workload.seed, 6);
    }

    #[test]
    fn tables_can_be_swept_too() {
        let scenario = scenario_with("[sweep]\n\"workload.popularity\" = [\"flat\", { zipf = 1.5 }]").unwrap();
        let point = &scenario.load_points_of("fake-push")[1];
        assert_eq!(scenario.at(point, REGISTRY).unwrap().workload.popularity, super::super::Popularity::Zipf(1.5));
    }

    #[test]
    fn a_value_that_cannot_be_used_is_shown_where_it_stands() {
        let message = error_of("[sweep]\n\"workload.topics\" = [10, 20]\n\"workload.active_topics\" = [10, 15]");
        assert!(message.contains("15 active topics, but only 10 topics"), "{message}");
        assert!(message.contains("at the load point workload.topics=10;workload.active_topics=15"), "{message}");
        assert!(message.contains(":14:33"), "{message}");
        for (lines, says) in [
            ("\"workload.topic\" = [1]", "did you mean \"workload.topics\""),
            ("\"contender.fake-push.use\" = [1]", "nothing to sweep"),
            ("\"workload.topics\" = 1", "must be a list, not a whole number"),
            ("\"workload.topics\" = []", "no values"),
            ("\"workload.topics\" = [1_0, 10]", "stands twice"),
            ("\"workload.topics\" = [\"10\"]", "must be a whole number"),
            ("\"title\" = [\"10\"]", "nothing to sweep"),
        ] {
            let message = error_of(&format!("[sweep]\n{lines}"));
            assert!(message.contains(says), "{lines}: {message}");
        }
        let many: Vec<String> = (1..=40).map(|value| (value * 10).to_string()).collect();
        let values = many.join(", ");
        let message = error_of(&format!("[sweep]\n\"workload.topics\" = [{values}]\n\"workload.seed\" = [{values}]"));
        assert!(message.contains("1,600 load points"), "{message}");
    }
}
