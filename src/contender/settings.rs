//! Settings of a contender: declared once, so that reading, errors, `pushbench list` and the docs agree.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::units;

/// The default of a setting that may be left out without anything holding in its place.
pub const OPTIONAL: Option<&'static str> = Some("");

/// The default of a duration that follows the workload: the mean time between two updates of one of the scenario's topics, at each load point
/// that of its own. Where there is no workload, or a file says when updates come, the contender decides as with [`OPTIONAL`].
pub const AS_TOPICS: Option<&'static str> = Some("as the scenario's topics");

/// A setting that a contender takes.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// Its key.
    pub name: &'static str,
    /// What it may be.
    pub kind: Kind,
    /// What holds where it is left out; `None` makes it required, [`OPTIONAL`] leaves it to the contender, [`AS_TOPICS`] to the workload.
    pub default: Option<&'static str>,
    /// One sentence.
    pub about: &'static str,
}

/// What a setting may be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// A duration in scenario time, more than zero.
    Duration,
    /// A whole number, at least 1.
    Count,
    /// A whole number, 0 or more.
    Whole,
    /// A number within these bounds, which belong to it.
    Number {
        /// The least.
        least: f64,
        /// The most.
        most: f64,
    },
    /// One of these words.
    Choice(&'static [&'static str]),
    /// Any text.
    Text,
}

impl Kind {
    /// What is allowed, for messages and docs.
    pub fn allowed(self) -> String {
        match self {
            Self::Duration => units::DURATION_FORMS.to_owned(),
            Self::Count => "a whole number, at least 1".to_owned(),
            Self::Whole => "a whole number, 0 or more".to_owned(),
            Self::Number { least, most } => format!("a number from {} to {}", units::show_number(least), units::show_number(most)),
            Self::Choice(words) => words.iter().map(|word| format!("{word:?}")).collect::<Vec<_>>().join(", "),
            Self::Text => "any text".to_owned(),
        }
    }
}

/// Why settings cannot be used; the scenario's reader adds file, line and column.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct SettingsError {
    /// The key it is about.
    pub key: String,
    /// What is wrong.
    pub problem: String,
    /// What is allowed.
    pub allowed: String,
}

/// Values of all declared settings, defaults filled in, each checked against its kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Values {
    values: BTreeMap<String, String>,
}

impl Values {
    /// Checks what was `given` (as text; numbers as their digits) against what is `declared`, and fills in defaults.
    ///
    /// # Errors
    /// An unknown key, a missing required one, or a value that its kind does not allow.
    pub fn new(declared: &[Setting], given: &BTreeMap<String, String>) -> Result<Self, SettingsError> {
        let known: Vec<&str> = declared.iter().map(|setting| setting.name).collect();
        if let Some(key) = given.keys().find(|key| !known.contains(&key.as_str())) {
            return Err(SettingsError { key: key.clone(), problem: format!("unknown setting {key:?}"), allowed: known.join(", ") });
        }
        let mut values = BTreeMap::new();
        for setting in declared {
            let error = |problem: String| SettingsError { key: setting.name.to_owned(), problem, allowed: setting.kind.allowed() };
            let value = match (given.get(setting.name), setting.default) {
                (Some(value), _) => value.clone(),
                (None, OPTIONAL | AS_TOPICS) => continue,
                (None, Some(default)) => default.to_owned(),
                (None, None) => return Err(error(format!("the setting {:?} is missing", setting.name))),
            };
            match setting.kind {
                Kind::Duration => {
                    let duration = units::read_duration(&value).map_err(&error)?;
                    if duration.is_zero() {
                        return Err(error(format!("{:?} must be more than zero", setting.name)));
                    }
                }
                Kind::Count => {
                    if !value.parse::<u32>().is_ok_and(|count| count > 0) {
                        return Err(error(format!("{value:?} is not a whole number from 1 to 4,294,967,295")));
                    }
                }
                Kind::Whole => {
                    if value.parse::<u32>().is_err() {
                        return Err(error(format!("{value:?} is not a whole number from 0 to 4,294,967,295")));
                    }
                }
                Kind::Number { least, most } => {
                    if !value.parse::<f64>().is_ok_and(|number| (least..=most).contains(&number)) {
                        return Err(error(format!("{value:?} is not such a number")));
                    }
                }
                Kind::Choice(words) => {
                    if !words.contains(&value.as_str()) {
                        return Err(error(format!("{value:?} is not a choice for {:?}", setting.name)));
                    }
                }
                Kind::Text => {}
            }
            values.insert(setting.name.to_owned(), value);
        }
        Ok(Self { values })
    }

    /// Whether it was given, or has a default.
    pub fn has(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    /// A setting as text. Empty where it is optional and was not given, or was never declared (a slip that the contract test finds).
    pub fn text(&self, name: &str) -> &str {
        self.values.get(name).map_or("", String::as_str)
    }

    /// A setting of kind [`Kind::Duration`].
    pub fn duration(&self, name: &str) -> Duration {
        units::read_duration(self.text(name)).unwrap_or_default()
    }

    /// A setting of kind [`Kind::Count`].
    pub fn count(&self, name: &str) -> u32 {
        self.text(name).parse().unwrap_or(1)
    }

    /// A setting of kind [`Kind::Whole`].
    pub fn whole(&self, name: &str) -> u32 {
        self.text(name).parse().unwrap_or(0)
    }

    /// A setting of kind [`Kind::Number`].
    pub fn number(&self, name: &str) -> f64 {
        self.text(name).parse().unwrap_or(0.0)
    }

    /// All of them, for the recording.
    pub fn all(&self) -> &BTreeMap<String, String> {
        &self.values
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DECLARED: &[Setting] = &[
        Setting { name: "interval", kind: Kind::Duration, default: None, about: "" },
        Setting { name: "connection", kind: Kind::Choice(&["keep-alive", "per-poll"]), default: Some("keep-alive"), about: "" },
        Setting { name: "window", kind: Kind::Count, default: Some("64"), about: "" },
        Setting { name: "outside", kind: Kind::Whole, default: Some("0"), about: "" },
        Setting { name: "pause", kind: Kind::Duration, default: OPTIONAL, about: "" },
        Setting { name: "growth", kind: Kind::Number { least: 1.0, most: 10.0 }, default: Some("1.5"), about: "" },
    ];

    fn read(given: &[(&str, &str)]) -> Result<Values, SettingsError> {
        Values::new(DECLARED, &given.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn defaults_are_filled_in_and_slips_named() {
        let values = read(&[("interval", "5s")]).unwrap();
        assert_eq!((values.duration("interval"), values.text("connection"), values.count("window")), (Duration::from_secs(5), "keep-alive", 64));
        assert_eq!((values.whole("outside"), values.number("growth")), (0, 1.5));
        assert_eq!((values.has("growth"), values.has("pause"), values.text("pause")), (true, false, ""));
        assert!(!values.all().contains_key("pause"), "a recording does not name what does not hold");
        assert!(read(&[("interval", "5s"), ("pause", "1s")]).unwrap().has("pause"));
        for (given, key) in [
            (&[][..], "interval"),
            (&[("interval", "5s"), ("outside", "-1")], "outside"),
            (&[("interval", "5s"), ("growth", "0.9")], "growth"),
            (&[("interval", "5s"), ("growth", "NaN")], "growth"),
            (&[("interval", "0s")], "interval"),
            (&[("interval", "5s"), ("pause", "")], "pause"),
            (&[("interval", "5")], "interval"),
            (&[("interval", "5s"), ("connection", "none")], "connection"),
            (&[("interval", "5s"), ("window", "0")], "window"),
            (&[("interval", "5s"), ("intervall", "5s")], "intervall"),
        ] {
            let error = read(given).unwrap_err();
            assert_eq!(error.key, key);
            assert!(!error.allowed.is_empty());
        }
    }
}
