//! A run in a history: what of its recording is kept, as one line of JSON.

use std::collections::HashSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::measure::recording::Direction;

/// Version of the lines that this build writes and reads.
pub const SCHEMA: u32 = 1;

/// A run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// [`SCHEMA`].
    pub schema: u32,
    /// Id of its recording.
    pub recording: String,
    /// UTC time of its start, RFC 3339.
    pub started: String,
    /// Name of the scenario.
    pub scenario: String,
    /// Half of the SHA-256 of the scenario's text, in hexadecimal digits: whether it was changed between two runs.
    pub scenario_digest: String,
    /// Version of pushbench that ran it.
    pub tool_version: String,
    /// What the run was of, such as a commit, where somebody said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Where it ran: CPU, cores, memory, kernel.
    pub machine: String,
    /// The contenders, in the scenario's order.
    pub contenders: Vec<Contender>,
    /// The figures.
    pub figures: Vec<Figure>,
}

/// A contender of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contender {
    /// Its name.
    pub name: String,
    /// Who moves first.
    pub direction: Direction,
}

/// A figure of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Figure {
    /// Name of the contender.
    pub contender: String,
    /// Load point: `key=value;key=value`, or empty.
    pub load_point: String,
    /// Name of the metric, or of the slope.
    pub metric: String,
    /// What each trial says, in the metric's unit; never empty.
    pub trials: Vec<f64>,
    /// Whether its run said that it is not to be trusted.
    #[serde(default, skip_serializing_if = "is_false")]
    pub untrusted: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_false(flag: &bool) -> bool {
    !flag
}

impl Entry {
    /// When its run began; `None` where nobody can tell.
    pub fn instant(&self) -> Option<Timestamp> {
        self.started.parse().ok()
    }

    /// What makes it the run that it is: an id is of a second, in which two runs may begin.
    pub fn identity(&self) -> (&str, &str, &str) {
        (&self.recording, &self.started, &self.scenario)
    }

    /// As its line has it, without the end of the line.
    ///
    /// # Errors
    /// It holds what JSON cannot.
    pub fn line(&self) -> serde_json::Result<String> {
        serde_json::to_string(self)
    }

    /// Reads a line.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn read(line: &str) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Head {
            schema: u64,
            tool_version: Option<String>,
        }
        let of_schema = |schema: u64, tool: Option<String>| {
            let tool = tool.map_or_else(String::new, |tool| format!(", written by pushbench {tool}"));
            format!("it has schema {schema}{tool}, and this build reads schema {SCHEMA}")
        };
        match serde_json::from_str::<Self>(line) {
            Ok(entry) if entry.schema != SCHEMA => Err(of_schema(u64::from(entry.schema), Some(entry.tool_version))),
            Ok(entry) => match entry.problem() {
                Some(problem) => Err(problem),
                None => Ok(entry),
            },
            // A line of another version must not fail over a field.
            Err(error) => match serde_json::from_str::<Head>(line) {
                Ok(head) if head.schema != u64::from(SCHEMA) => Err(of_schema(head.schema, head.tool_version)),
                _ => Err(error.to_string().replace(" at line 1 column ", " at column ")),
            },
        }
    }

    /// What is wrong with it beyond its form.
    fn problem(&self) -> Option<String> {
        if self.instant().is_none() {
            return Some(format!("{:?} is not a time as RFC 3339 has it", self.started));
        }
        let mut known = HashSet::new();
        for Figure { contender, load_point, metric, trials, .. } in &self.figures {
            if trials.is_empty() {
                return Some(format!("{metric:?} of {contender:?} has no trial"));
            }
            if !known.insert((contender, load_point, metric)) {
                return Some(format!("{metric:?} of {contender:?} is there twice"));
            }
        }
        None
    }
}
