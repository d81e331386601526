//! What a comparison is decided by: which figures, by which margins, on which machines.

use std::collections::BTreeMap;

use super::effect::ERROR;
use super::subject::{GATED, Subject};

/// What a scenario or a file of rules says; unless it says something, nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rules {
    /// Names of what is gated; `None`: [`GATED`].
    pub gate: Option<Vec<String>>,
    /// Name of a subject or nature → share that it must change by. A subject that has one of its own is gated.
    pub margins: BTreeMap<String, f64>,
    /// Whose times may be compared.
    pub machine: Machines,
    /// What fails a comparison besides a regression.
    pub fail_on: FailOn,
    /// How often the same question is put at most, as more and more trials come in; 0 is once. The error is shared among them.
    pub looks: u32,
}

/// What fails a comparison besides a regression.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FailOn {
    /// A figure of which nothing can be said.
    pub inconclusive: bool,
    /// A figure that cannot be compared.
    pub not_comparable: bool,
}

/// Whose times may be compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Machines {
    /// Those of one machine, since it was started.
    #[default]
    Same,
    /// Those of machines that are alike: CPU, cores, memory, kernel.
    Alike,
}

impl Rules {
    /// How often a comparison may raise any false alarm: the usual error, or its share where the question is put several times. That keeps the error
    /// of all of them together (Bonferroni), whatever they have to do with each other.
    pub fn error(&self) -> f64 {
        ERROR / f64::from(self.looks.max(1))
    }

    /// Whether a subject is gated.
    pub fn gates(&self, subject: &Subject) -> bool {
        let listed = match &self.gate {
            Some(gate) => gate.iter().any(|name| name == subject.name),
            None => GATED.contains(&subject.name),
        };
        listed || self.margins.contains_key(subject.name)
    }

    /// By which share a subject must change: its own margin, that of its nature, or the usual one.
    pub fn margin(&self, subject: &Subject) -> f64 {
        let set = [subject.name, subject.nature.name()].into_iter().find_map(|name| self.margins.get(name));
        set.copied().unwrap_or_else(|| subject.margin())
    }
}

/// Numbers of pairs after which to look whether everything is settled, up to this many: seldom enough that not much of the error is spent on it.
pub fn looks(most: u32) -> Vec<u32> {
    const LOOKS: [u32; 6] = [6, 10, 20, 40, 80, 160];
    LOOKS.into_iter().filter(|look| *look < most).chain([most]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_look_is_at_the_end() {
        assert_eq!([looks(6), looks(10), looks(25)], [vec![6], vec![6, 10], vec![6, 10, 20, 25]]);
    }

    fn subject(name: &str) -> Subject {
        Subject::all().find(|subject| subject.name == name).unwrap()
    }

    #[test]
    fn the_nearest_margin_holds() {
        let margins = BTreeMap::from([("timed".to_owned(), 0.2), ("latency.p50".to_owned(), 0.3), ("waste.ratio".to_owned(), 0.0)]);
        let rules = Rules { margins, ..Rules::default() };
        let margin = |name: &str| rules.margin(&subject(name));
        assert_eq!([margin("latency.p50"), margin("latency.p99"), margin("lost"), margin("waste.ratio")], [0.3, 0.2, 0.01, 0.0]);
        let gated = |rules: &Rules, names: [&str; 3]| names.map(|name| rules.gates(&subject(name)));
        assert_eq!(gated(&rules, ["latency.p99", "waste.ratio", "lag.max"]), [true, true, false]);
        let rules = Rules { gate: Some(vec!["lag.max".to_owned()]), ..rules };
        assert_eq!(gated(&rules, ["latency.p99", "waste.ratio", "lag.max"]), [false, true, true]);
    }
}
