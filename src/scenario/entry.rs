//! `[[contender]]`: who competes.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use super::fields::Fields;
use super::{Registry, Workload};
use crate::contender::Contender;
use crate::contender::settings::{AS_TOPICS, Values};
use crate::mistake::Read;
use crate::units;

/// Contenders that a scenario may have; each is looked at once for every other one.
const MOST_CONTENDERS: usize = 100;

/// A contender of the scenario.
#[derive(Clone)]
pub struct Entry {
    /// Unique; speaks in tables, budgets and `--only`.
    pub name: String,
    /// The mechanism.
    pub contender: &'static dyn Contender,
    /// Its settings, checked.
    pub values: Values,
}

impl fmt::Debug for Entry {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Entry").field("name", &self.name).field("use", &self.contender.name()).field("values", &self.values).finish()
    }
}

impl Entry {
    /// Keys that are not settings of the mechanism.
    const KEYS: [&'static str; 3] = ["use", "name", "server"];

    /// Reads all entries.
    pub(super) fn read_all(top: &Fields<'_>, workload: &Workload, registry: Registry) -> Read<Vec<Self>> {
        let tables = top.list("contender", "[[contender]]")?;
        if tables.is_empty() {
            let known = mechanisms(registry).join(", ");
            return Err(top
                .source
                .mistake(None, "no contender: there is nothing to compare")
                .help(format!("add [[contender]] with a line such as: use = one of {known}")));
        }
        if tables.len() > MOST_CONTENDERS {
            let message = format!("{} contenders: too many to be compared", tables.len());
            return Err(top.source.mistake(tables[MOST_CONTENDERS].span.clone(), message).allowed(format!("at most {MOST_CONTENDERS}")));
        }
        let mut entries: Vec<Self> = Vec::new();
        for fields in tables {
            let entry = Self::read(fields.clone(), workload, registry)?;
            if entries.iter().any(|other| other.name == entry.name) {
                let span = fields.optional("name").or(fields.optional("use")).and_then(|field| field.value().ok()?.span()).or(fields.span);
                let duplicate = top.source.mistake(span, format!("there are two contenders of the name {:?}", entry.name));
                return Err(duplicate.help(format!("give each a name of its own, such as: name = \"{}-2\"", entry.name)));
            }
            entries.push(entry);
        }
        Ok(entries)
    }

    fn read(mut fields: Fields<'_>, workload: &Workload, registry: Registry) -> Read<Self> {
        let known = mechanisms(registry);
        let used = fields.required("use", &format!("{:?}", known.first().unwrap_or(&"rest-poll")))?;
        let mechanism = used.word(&known)?;
        let Some(contender) = registry.contenders.iter().copied().find(|contender| contender.name() == mechanism) else {
            return Err(used.mistake(format!("{mechanism:?} is not known")));
        };
        let name = match fields.optional("name") {
            None => mechanism.to_owned(),
            Some(field) => {
                let name = field.text()?;
                let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
                if !name.bytes().all(plain) || name.len() > 64 {
                    return Err(field.mistake(format!("{name:?} is not a name")).allowed("up to 64 letters A-Z a-z, digits, \".\", \"_\" and \"-\""));
                }
                name.to_owned()
            }
        };
        fields.path = format!("contender.{name}");
        if let Some(server) = fields.optional("server").filter(|server| server.as_text() != Some("embedded")) {
            let problem = server.mistake("only the embedded server exists in this version");
            return Err(problem.allowed("\"embedded\"").help("take the line out, or write server = \"embedded\""));
        }
        let values = settings(&fields, contender, workload)?;
        Ok(Self { name, contender, values })
    }
}

fn settings(fields: &Fields<'_>, contender: &'static dyn Contender, workload: &Workload) -> Read<Values> {
    let names: Vec<&str> = contender.settings().iter().map(|setting| setting.name).collect();
    let known: Vec<&str> = Entry::KEYS.into_iter().chain(names.iter().copied()).collect();
    fields.only(&known)?;
    let mut given = BTreeMap::new();
    for setting in contender.settings() {
        if let Some(field) = fields.named(setting.name) {
            let text = field.scalar().map_err(|mistake| mistake.allowed(setting.kind.allowed()))?;
            given.insert(setting.name.to_owned(), text);
        } else if let (AS_TOPICS, Some(interval)) = (setting.default, workload.mean_interval()) {
            given.insert(setting.name.to_owned(), units::exact_duration(interval));
        }
    }
    let placed = |key: &str, problem: String| match names.iter().find(|name| **name == key).and_then(|name| fields.named(name)) {
        Some(field) => field.mistake(problem),
        None => fields.source.mistake(fields.span.clone(), problem),
    };
    let values = Values::new(contender.settings(), &given).map_err(|error| placed(&error.key, error.problem).allowed(error.allowed))?;
    let protocol = contender.protocol(&values).map_err(|error| placed(&error.key, error.problem).allowed(error.allowed))?;
    // The setting that says so: an interval, a pause, the longest of several.
    let key = |interval| {
        let says = |name: &&&str| values.has(name) && values.duration(name) == interval;
        names.iter().find(says).map_or("", |name| name)
    };
    match protocol.interval() {
        Some(interval) if interval > workload.span => {
            let message = format!("a poll interval of {} is longer than the span of {}", units::show_duration(interval), units::show_duration(workload.span));
            Err(placed(key(interval), message).allowed("at most the span: each topic is asked for at least once in it"))
        }
        Some(interval) if workload.compress(interval) < Duration::from_micros(1) => {
            let message = format!("a poll interval of {} is no time at all after compression by {}", units::show_duration(interval), workload.compression);
            Err(placed(key(interval), message).allowed("at least 1 µs of measured time"))
        }
        _ => Ok(values),
    }
}

fn mechanisms(registry: Registry) -> Vec<&'static str> {
    registry.contenders.iter().map(|contender| contender.name()).collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{BASE, error_of, parse, scenario_with};

    #[test]
    fn names_default_to_the_mechanism_and_settings_to_their_defaults() {
        let scenario = scenario_with("[[contender]]\nuse = \"fake-pull\"\nname = \"pull.1-s_\"\ninterval = \"1s\"\nwindow = 3").unwrap();
        let names: Vec<&str> = scenario.contenders.iter().map(|entry| entry.name.as_str()).collect();
        assert_eq!(names, ["fake-push", "pull.1-s_"]);
        let values = &scenario.contenders[1].values;
        assert_eq!((values.text("interval"), values.text("connection"), values.count("window")), ("1s", "keep-alive", 3));
    }

    #[test]
    fn entries_may_be_written_inline() {
        let text = format!("contender = [{{ use = \"fake-pull\", interval = \"1s\" }}]\n{}", BASE.replace("[[contender]]\nuse = \"fake-push\"\n", ""));
        assert_eq!(parse(&text).unwrap().contenders[0].name, "fake-pull");
    }

    #[test]
    fn what_cannot_be_is_refused() {
        for (lines, says) in [
            ("use = \"fake-pusch\"", "did you mean \"fake-push\""),
            ("use = \"fake-push\"", "two contenders of the name"),
            ("use = \"fake-push\"\nname = \"a b\"", "is not a name"),
            ("use = \"fake-push\"\nname = \"x\"\nserver = \"prosody\"", "only the embedded server exists in this version"),
            ("use = \"fake-pull\"", "\"interval\" is missing"),
            ("use = \"fake-pull\"\nintervall = \"1s\"", "did you mean \"interval\""),
            ("use = \"fake-pull\"\ninterval = \"2h\"", "longer than the span"),
            ("use = \"fake-pull\"\ninterval = [1]", "not a list"),
            ("use = \"fake-pull\"\ninterval = \"1s\"\nconnection = \"per-poll\"\nwindow = 2", "does not go with"),
            ("name = \"x\"", "\"use\" is missing"),
        ] {
            let message = error_of(&format!("[[contender]]\n{lines}"));
            assert!(message.contains(says), "{lines}: {message}");
        }
    }
}
