//! `[[published]]`: figures of others, to stand beside ours in the report.

use super::fields::Fields;
use super::{Axis, Entry, Registry, sweep};
use crate::mistake::Read;

/// Published figures that a scenario may have: more are not read by anybody.
const MOST_PUBLISHED: usize = 100;

/// A figure that somebody published.
#[derive(Clone, Debug, PartialEq)]
pub struct Published {
    /// What it is a figure of, in words.
    pub what: String,
    /// The figure.
    pub value: f64,
    /// Its unit, in words.
    pub unit: String,
    /// Where it stands.
    pub source: String,
    /// What of ours stands beside it.
    pub ours: Option<Ours>,
}

/// A figure of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ours {
    /// Name of the contender.
    pub contender: String,
    /// Name of another one by whose figure it is divided.
    pub against: Option<String>,
    /// Name of the metric.
    pub metric: String,
    /// Swept values as load points are shown, `key=value;key=value`; `None`: at all load points.
    pub at: Option<String>,
}

impl Published {
    /// All keys.
    const KEYS: [&'static str; 8] = ["what", "value", "unit", "source", "contender", "against", "metric", "at"];

    /// Reads all published figures.
    pub(super) fn read_all(top: &Fields<'_>, entries: &[Entry], sweep: &[Axis], registry: Registry) -> Read<Vec<Self>> {
        let tables = top.list("published", "[[published]]")?;
        if tables.len() > MOST_PUBLISHED {
            let span = tables[MOST_PUBLISHED].span.clone();
            return Err(top.source.mistake(span, format!("{} published figures: too many", tables.len())).allowed(format!("at most {MOST_PUBLISHED}")));
        }
        tables.iter().map(|fields| Self::read(fields, entries, sweep, registry)).collect()
    }

    fn read(fields: &Fields<'_>, entries: &[Entry], sweep: &[Axis], registry: Registry) -> Read<Self> {
        fields.only(&Self::KEYS)?;
        Ok(Self {
            what: fields.required("what", "\"Requests in a day\"")?.text()?.to_owned(),
            value: fields.required("value", "2_900_000")?.number("a finite number", |_| true)?,
            unit: fields.required("unit", "\"requests\"")?.text()?.to_owned(),
            source: fields.required("source", "\"OSCON 2008, slide 15\"")?.text()?.to_owned(),
            ours: Ours::read(fields, entries, sweep, registry)?,
        })
    }
}

impl Ours {
    fn read(fields: &Fields<'_>, entries: &[Entry], sweep: &[Axis], registry: Registry) -> Read<Option<Self>> {
        let Some(contender) = fields.optional("contender") else {
            return match ["against", "metric", "at"].into_iter().find_map(|key| fields.optional(key)) {
                Some(field) => Err(field.mistake("a figure of nobody: \"contender\" is missing").help("add a line such as: contender = \"rest-poll\"")),
                None => Ok(None),
            };
        };
        let names: Vec<&str> = entries.iter().map(|entry| entry.name.as_str()).collect();
        let metric = fields.required("metric", "\"messages.per_update\"")?.word(registry.metrics)?.to_owned();
        let name = contender.word(&names)?.to_owned();
        let against = fields.optional("against").map(|field| field.word(&names)).transpose()?.map(str::to_owned);
        let at = fields.optional("at").map(|field| sweep::part(&field, &name, against.as_deref(), sweep)).transpose()?;
        Ok(Some(Self { contender: name, against, metric, at }))
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{error_of, scenario_with};
    use super::*;

    const WORDS: &str = "what = \"a\"\nvalue = 2_900_000\nunit = \"requests\"\nsource = \"a talk\"\n";

    #[test]
    fn figures_are_read_with_what_stands_beside_them() {
        let sweep = "[sweep]\n\"workload.topics\" = [10, 20]\n";
        let ours = "contender = \"fake-push\"\nmetric = \"reach\"\nat = \"workload.topics=20\"\nagainst = \"fake-push\"\n";
        let scenario = scenario_with(&format!("{sweep}[[published]]\n{WORDS}{ours}[[published]]\n{}", WORDS.replace("2_900_000", "-0.5"))).unwrap();
        let words = |value, ours| Published { what: "a".into(), value, unit: "requests".into(), source: "a talk".into(), ours };
        let beside = Ours { contender: "fake-push".into(), against: Some("fake-push".into()), metric: "reach".into(), at: Some("workload.topics=20".into()) };
        assert_eq!(scenario.published, [words(2_900_000.0, Some(beside)), words(-0.5, None)]);
        let point = &scenario.load_points_of("fake-push")[1];
        assert_eq!(scenario.at(point, super::super::testing::REGISTRY).unwrap().published, scenario.published);
    }

    #[test]
    fn what_cannot_be_is_refused() {
        for (lines, says) in [
            ("metric = \"reach\"", "a figure of nobody"),
            ("at = \"workload.topics=1\"", "a figure of nobody"),
            ("contender = \"fake-push\"", "\"metric\" is missing"),
            ("contender = \"fake-pusch\"\nmetric = \"reach\"", "did you mean \"fake-push\""),
            ("contender = \"fake-push\"\nmetric = \"reech\"", "did you mean \"reach\""),
            ("contender = \"fake-push\"\nmetric = \"reach\"\nagainst = \"x\"", "is not a choice for \"against\""),
            ("contender = \"fake-push\"\nmetric = \"reach\"\nat = \"workload.topics=10\"", "nothing is swept that touches"),
            ("contender = \"fake-push\"\nmetric = \"reach\"\nat = \"workload.topics=11\"\n[sweep]\n\"workload.topics\" = [10, 20]", "did you mean"),
            ("colour = \"green\"", "unknown key \"colour\""),
        ] {
            let message = error_of(&format!("[[published]]\n{WORDS}{lines}"));
            assert!(message.contains(says), "{lines}: {message}");
        }
        for (key, says) in
            [("what", "\"what\" is missing"), ("value", "\"value\" is missing"), ("unit", "\"unit\" is missing"), ("source", "\"source\" is missing")]
        {
            let lines: String = WORDS.lines().filter(|line| !line.starts_with(key)).map(|line| format!("{line}\n")).collect();
            assert!(error_of(&format!("[[published]]\n{lines}")).contains(says));
        }
        assert!(error_of(&format!("[[published]]\n{}", WORDS.replace("2_900_000", "inf"))).contains("out of range"));
        assert!(error_of(&format!("[[published]]\n{WORDS}").repeat(101)).contains("101 published figures"));
    }
}
