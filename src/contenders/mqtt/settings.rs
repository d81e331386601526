//! What a scenario can set.

use std::time::Duration;

use crate::contender::pace::Pace;
use crate::contender::settings::{Kind, Setting, Values};

/// The settings, for reading, errors, lists and docs.
pub const SETTINGS: &[Setting] = &[
    Setting {
        name: "version",
        kind: Kind::Choice(&["3.1.1", "5"]),
        default: Some("5"),
        about: "The version of MQTT that publishers and subscribers speak; the broker speaks both.",
    },
    Setting {
        name: "qos",
        kind: Kind::Choice(&["0", "1"]),
        default: Some("1"),
        about: "Quality of service of publications and subscriptions: 0 sends and forgets, 1 waits for an acknowledgement of each.",
    },
    Setting {
        name: "keep_alive",
        kind: Kind::Duration,
        default: Some("60s"),
        about: "How often a client pings the broker, in scenario time; what is measured is whole seconds, at least 1 (3.1.1) or 5 (5).",
    },
];

/// Versions of MQTT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// 3.1.1, and 3.1, which differs in the name alone.
    V3,
    /// 5.
    V5,
}

/// The settings, read.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// What our clients speak.
    pub version: Version,
    /// Whether publications and notifications are acknowledged: quality of service 1.
    pub acknowledged: bool,
    /// How often clients ping, in scenario time.
    pub keep_alive: Duration,
}

impl Settings {
    /// From values that have been checked against [`SETTINGS`].
    pub fn read(values: &Values) -> Self {
        Self {
            version: if values.text("version") == "3.1.1" { Version::V3 } else { Version::V5 },
            acknowledged: values.text("qos") == "1",
            keep_alive: values.duration("keep_alive"),
        }
    }

    /// How often clients ping, measured: the protocol has whole seconds, 65,535 at most, and the library a least number of them.
    pub fn measured_keep_alive(&self, pace: Pace) -> Duration {
        let least = match self.version {
            Version::V3 => 1,
            Version::V5 => 5,
        };
        let measured = pace.measured(self.keep_alive).as_nanos().div_ceil(1_000_000_000);
        Duration::from_secs(u64::try_from(measured).unwrap_or(u64::MAX).clamp(least, u16::MAX.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keep_alive_is_whole_seconds() {
        let of = |version, seconds, pace: f64| {
            let settings = Settings { version, acknowledged: true, keep_alive: Duration::from_secs_f64(seconds) };
            settings.measured_keep_alive(Pace::new(pace)).as_secs()
        };
        assert_eq!((of(Version::V3, 60.0, 1.0), of(Version::V3, 60.0, 144.0), of(Version::V5, 60.0, 144.0)), (60, 1, 5));
        assert_eq!((of(Version::V5, 60.5, 1.0), of(Version::V5, 1e6, 1.0)), (61, 65_535));
    }
}
