//! `[compare]`: what decides `pushbench compare`, and by which margins. It stands in a scenario, or alone in a file of rules.

use std::collections::BTreeMap;
use std::path::Path;

use super::fields::{Field, Fields, Overlay, kind};
use super::mistake::ScenarioError;
use super::{LARGEST_FILE, Registry, parse_toml};
use crate::measure::text_file;
use crate::mistake::{Read, Source};

/// What decides a comparison; unless it says something, the usual.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Compare {
    /// Names of what is gated.
    pub gate: Option<Vec<String>>,
    /// Name of a figure or of a nature → share that it must change by.
    pub margins: BTreeMap<String, f64>,
    /// Whether times of machines that are alike may be compared, and not only those of one and the same.
    pub alike: bool,
    /// Whether a figure of which nothing can be said fails the comparison.
    pub fail_on_inconclusive: bool,
    /// Whether a figure that cannot be compared does.
    pub fail_on_not_comparable: bool,
}

/// What may fail a comparison besides a regression.
const FAILING: [&str; 2] = ["inconclusive", "not-comparable"];

impl Compare {
    /// All keys.
    const KEYS: [&'static str; 4] = ["gate", "machine", "fail_on", "margin"];

    /// Reads the `[compare]` table of a file, whatever else stands in it.
    ///
    /// # Errors
    /// The file cannot be read, has no such table, or one with a mistake: shown with line, column and what is allowed.
    pub fn read_file(path: &Path, registry: Registry) -> Result<Self, ScenarioError> {
        let text = text_file::read(path, LARGEST_FILE).map_err(|why| ScenarioError::File { path: path.to_owned(), why })?;
        let file = path.display().to_string();
        match Self::parse(&text, &file, registry)? {
            Some(compare) => Ok(compare),
            None => {
                let none = Source { file: &file, text: &text }.mistake(None, "there is no [compare] in it");
                Err(none.help("give a scenario that has it, or a file with lines such as: [compare.margin] and timed = 0.1").into())
            }
        }
    }

    /// Reads the `[compare]` table of a text, where it has one. `file` is what messages call it.
    ///
    /// # Errors
    /// The table has a mistake.
    pub fn parse(text: &str, file: &str, registry: Registry) -> Result<Option<Self>, ScenarioError> {
        let source = Source { file, text };
        let document = parse_toml(source)?;
        let none = Overlay::new();
        let table = Fields::top(source, &none, document.as_table()).table("compare", "[compare]")?;
        Ok(if table.is_there() { Some(Self::read(&table, registry)?) } else { None })
    }

    /// Reads the table; the usual where it is absent.
    pub(super) fn read(fields: &Fields<'_>, registry: Registry) -> Read<Self> {
        fields.only(&Self::KEYS)?;
        const GATED: &str = "[\"messages.per_update\", \"latency.p99\"]";
        let gate = fields.optional("gate").map(|field| names(fields, &field, registry.gated, GATED)).transpose()?;
        let failing = fields.optional("fail_on").map_or(Ok(Vec::new()), |field| names(fields, &field, &FAILING, "[\"inconclusive\"]"))?;
        let [fail_on_inconclusive, fail_on_not_comparable] = FAILING.map(|name| failing.iter().any(|failing| failing == name));
        let alike = fields.optional("machine").map_or(Ok("same"), |field| field.word(&["same", "alike"]))? == "alike";
        let margins = fields.optional("margin").map_or(Ok(BTreeMap::new()), |field| margins(fields, &field, registry))?;
        Ok(Self { gate, margins, alike, fail_on_inconclusive, fail_on_not_comparable })
    }
}

/// A list of some of these names.
fn names(fields: &Fields<'_>, field: &Field<'_>, known: &[&str], example: &str) -> Read<Vec<String>> {
    let example = format!("write names in brackets: {example}");
    let Some(array) = field.item().as_array() else {
        return Err(field.mistake(format!("{:?} must be a list of names, not {}", field.key, kind(field.item()))).help(example));
    };
    if array.is_empty() {
        return Err(field.mistake(format!("no names for {:?}", field.key)).help(format!("{example}, or take the line out")));
    }
    let one = |value: &toml_edit::Value| match value.as_str() {
        Some(name) if known.contains(&name) => Ok(name.to_owned()),
        Some(name) => {
            let unknown = fields.source.mistake(value.span(), format!("{name:?} is not a choice for {:?}", field.key));
            Err(unknown.allowed(known.join(", ")).near(name, known))
        }
        None => Err(fields.source.mistake(value.span(), format!("{:?} has something in it that is no name", field.key)).help(&example)),
    };
    array.iter().map(one).collect()
}

/// A table of margins. Names have dots in them: with or without quotes they are the same.
fn margins(fields: &Fields<'_>, field: &Field<'_>, registry: Registry) -> Read<BTreeMap<String, f64>> {
    let Some(table) = fields.nested(field, "[compare.margin]") else {
        return Err(field
            .mistake(format!("\"margin\" must be a table, not {}", kind(field.item())))
            .help("write [compare.margin] above lines such as: timed = 0.1"));
    };
    let known: Vec<&str> = registry.natures.iter().chain(registry.gated).copied().collect();
    let one = |(name, field): (String, Field<'_>)| {
        if !known.contains(&name.as_str()) {
            let unknown = fields.source.mistake(field.key_span.clone(), format!("{name:?} is no figure that a comparison can be decided by"));
            return Err(unknown.allowed(known.join(", ")).near(&name, &known));
        }
        let margin = field.number("a share from 0 to 10, such as 0.05 for five per cent", |number| (0.0..=10.0).contains(&number))?;
        Ok((name, margin))
    };
    table.leaves()?.into_iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{REGISTRY, error_of, scenario_with};
    use super::*;

    #[test]
    fn gate_machine_and_margins_are_read() {
        let lines = "[compare]\ngate = [\"reach\"]\nmachine = \"alike\"\nfail_on = [\"inconclusive\"]\n[compare.margin]\ntimed = 0.2\n\"latency.p99\" = 1\nbytes.per_update = 0\n";
        let found = scenario_with(lines).unwrap().compare;
        let margins = [("bytes.per_update", 0.0), ("latency.p99", 1.0), ("timed", 0.2)].map(|(name, margin)| (name.to_owned(), margin));
        let expected = Compare {
            gate: Some(vec!["reach".to_owned()]),
            margins: BTreeMap::from(margins),
            alike: true,
            fail_on_inconclusive: true,
            fail_on_not_comparable: false,
        };
        assert_eq!(found, expected);
        assert_eq!(scenario_with("").unwrap().compare, Compare::default());
        assert_eq!(Compare::parse(&format!("nothing = \"of ours\"\n{lines}"), "rules.toml", REGISTRY).unwrap(), Some(found));
        assert_eq!(Compare::parse("nothing = \"of ours\"\n", "rules.toml", REGISTRY).unwrap(), None);
    }

    #[test]
    fn what_cannot_be_is_refused() {
        for (lines, says) in [
            ("gates = [\"reach\"]", "did you mean \"gate\""),
            ("gate = \"reach\"", "must be a list of names, not a text"),
            ("gate = []", "no names for \"gate\""),
            ("fail_on = [\"inconclusiv\"]", "did you mean \"inconclusive\""),
            ("gate = [\"reach\", 5]", "something in it that is no name"),
            ("gate = [\"latency.p98\"]", "did you mean \"latency.p99\""),
            ("machine = \"any\"", "is not a choice for \"machine\""),
            ("margin = 0.05", "must be a table, not a number"),
            ("margin.latency.p98 = 0.05", "did you mean \"latency.p99\""),
            ("margin.timed = \"5 %\"", "a share from 0 to 10"),
            ("margin.timed = -0.05", "out of range"),
        ] {
            let message = error_of(&format!("[compare]\n{lines}"));
            assert!(message.contains(says), "{lines}: {message}");
        }
    }
}
