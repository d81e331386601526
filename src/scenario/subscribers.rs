//! `[subscribers]`: who wants to know.

use super::fields::Fields;
use crate::mistake::Read;

/// Who wants to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subscribers {
    /// How many.
    pub count: u32,
    /// Connections that each may hold.
    pub connections: u32,
    /// Processes that they are spread over.
    pub processes: u32,
}

impl Subscribers {
    /// All keys.
    pub(super) const KEYS: [&'static str; 3] = ["count", "connections", "processes"];

    /// Reads the table; all of it may be left out.
    pub(super) fn read(fields: &Fields<'_>) -> Read<Self> {
        fields.only(&Self::KEYS)?;
        let count = fields.optional("count").map_or(Ok(1), |field| field.count(1..=1_000_000))?;
        let connections = fields.optional("connections").map_or(Ok(1), |field| field.count(1..=65_535))?;
        let processes = match fields.optional("processes") {
            None => 1,
            Some(field) => {
                let processes = field.count(1..=256)?;
                if processes > count {
                    let message = format!("{processes} processes for {count} subscribers: a subscriber is never split");
                    return Err(field.mistake(message).allowed(format!("at most {count}, the number of subscribers")));
                }
                processes
            }
        };
        Ok(Self { count, connections, processes })
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{error_of, scenario_with};
    use super::*;

    #[test]
    fn defaults_and_values() {
        assert_eq!(scenario_with("").unwrap().subscribers, Subscribers { count: 1, connections: 1, processes: 1 });
        let read = scenario_with("[subscribers]\ncount = 4\nconnections = 64\nprocesses = 2").unwrap();
        assert_eq!(read.subscribers, Subscribers { count: 4, connections: 64, processes: 2 });
    }

    #[test]
    fn a_subscriber_is_never_split() {
        assert!(error_of("[subscribers]\ncount = 2\nprocesses = 3").contains("at most 2"));
        assert!(error_of("[subscribers]\ncount = 0").contains("from 1 to"));
    }
}
