//! `[publishers]`: who tells.

use super::Workload;
use super::fields::Fields;
use crate::mistake::Read;

/// Who tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Publishers {
    /// Connections of each process.
    pub connections: u32,
    /// Processes; topic t belongs to process t mod processes.
    pub processes: u32,
}

impl Publishers {
    /// All keys.
    pub(super) const KEYS: [&'static str; 2] = ["connections", "processes"];

    /// Reads the table; all of it may be left out.
    pub(super) fn read(fields: &Fields<'_>, workload: &Workload) -> Read<Self> {
        fields.only(&Self::KEYS)?;
        let connections = fields.optional("connections").map_or(Ok(8), |field| field.count(1..=65_535))?;
        let processes = match fields.optional("processes") {
            None => 1,
            Some(field) => {
                let processes = field.count(1..=256)?;
                if processes > workload.topics {
                    let message = format!("{processes} publisher processes for {} topics: a topic is never split", workload.topics);
                    return Err(field.mistake(message).allowed(format!("at most {}, the number of topics", workload.topics)));
                }
                processes
            }
        };
        Ok(Self { connections, processes })
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{error_of, scenario_with};
    use super::*;

    #[test]
    fn defaults_and_values() {
        assert_eq!(scenario_with("").unwrap().publishers, Publishers { connections: 8, processes: 1 });
        let read = scenario_with("[publishers]\nconnections = 2\nprocesses = 2").unwrap();
        assert_eq!(read.publishers, Publishers { connections: 2, processes: 2 });
        assert!(error_of("[publishers]\nprocesses = 11").contains("at most 10"), "more processes than topics");
        assert!(error_of("[publishers]\ncount = 2").contains("unknown key"));
    }
}
