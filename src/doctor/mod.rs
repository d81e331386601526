//! What a machine would spoil: facts in, findings out, each with its verdict, what it touches and the command that mends it.
//!
//! Pure: [`Facts`] are found by `measure`, printed by `cli`. `pushbench doctor` shows all findings, `check` those that
//! matter to a scenario, `run` the bad ones. The lines drawn are those of the doubts where there is a doubt of the kind.

mod clocks;
mod cores;
mod limits;
mod memory;
mod network;
mod programs;
#[cfg(test)]
mod tests;

use serde::Serialize;

use crate::measure::facts::Facts;

pub use programs::{PROGRAMS, Use};

/// What a fact means to a measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Nothing is spoilt by it.
    Good,
    /// It cannot be known.
    Unknown,
    /// Some figures are to be read with care, or large scenarios are out of reach.
    Note,
    /// Figures would not be to be trusted, or nothing can be measured at all.
    Bad,
}

/// To which scenarios a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Concern {
    /// To all.
    Every,
    /// To those with many connections at once.
    Connections,
    /// To those that open a connection for each poll.
    Reconnecting,
    /// To those that need more than the machine by itself gives: networks with delay, a witness.
    Special,
}

/// A fact with its verdict.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// Its name: API.
    pub name: &'static str,
    /// What it is about: processor, clock, memory, network, limits.
    pub group: &'static str,
    /// The same as `name`, for people.
    pub what: &'static str,
    /// What was found, with its unit.
    pub value: String,
    /// What it means.
    pub verdict: Verdict,
    /// Why, as a sentence; empty where it is good.
    pub why: String,
    /// Names of metrics (with a dot at the end: all that begin so) and of doubts that it touches where it is not good.
    pub spoils: &'static [&'static str],
    /// Commands, each of which mends it; a comment says what is no command. Empty where it is good.
    pub mend: Vec<String>,
    /// To which scenarios it matters.
    #[serde(skip)]
    pub concern: Concern,
}

/// Judges a machine. Facts that have to be tried are left out where they were not.
pub fn findings(facts: &Facts) -> Vec<Finding> {
    let mut all = cores::findings(facts);
    all.extend(clocks::findings(facts));
    all.extend(memory::findings(facts));
    all.extend(network::findings(facts));
    all.extend(limits::findings(facts));
    all
}

/// What findings of one name have in common.
struct Subject {
    name: &'static str,
    group: &'static str,
    what: &'static str,
    concern: Concern,
    spoils: &'static [&'static str],
}

impl Subject {
    fn finding(&self, verdict: Verdict, value: impl Into<String>, why: &str, mend: &[&str]) -> Finding {
        Finding {
            name: self.name,
            group: self.group,
            what: self.what,
            value: value.into(),
            verdict,
            why: why.to_owned(),
            spoils: self.spoils,
            mend: mend.iter().map(|line| (*line).to_owned()).collect(),
            concern: self.concern,
        }
    }

    fn good(&self, value: impl Into<String>) -> Finding {
        self.finding(Verdict::Good, value, "", &[])
    }

    fn note(&self, value: impl Into<String>, why: &str, mend: &[&str]) -> Finding {
        self.finding(Verdict::Note, value, why, mend)
    }

    fn bad(&self, value: impl Into<String>, why: &str, mend: &[&str]) -> Finding {
        self.finding(Verdict::Bad, value, why, mend)
    }

    /// What the kernel does not tell.
    fn unknown(&self) -> Finding {
        self.finding(Verdict::Unknown, "unknown", "The kernel does not tell.", &[])
    }

    /// By two lines: beyond the first a note, beyond the second bad.
    fn beyond(&self, (note, bad): (f64, f64), figure: f64, value: impl Into<String>, why: &str, mend: &[&str]) -> Finding {
        match figure {
            figure if figure > bad => self.bad(value, why, mend),
            figure if figure > note => self.note(value, why, mend),
            _ => self.good(value),
        }
    }
}
