//! The time of the scenario, as a server tells it: an hour of a day that is played at 60 times its pace takes a minute.

use std::time::{Duration, SystemTime};

use jiff::Timestamp;

use crate::contender::pace::Pace;
use crate::measure::clock::{Clock as _, Instant, RealClock};

/// Scenario time since the server began.
#[derive(Clone, Copy, Debug)]
pub struct Hours {
    began: Instant,
    /// The date of the beginning: later ones are only right where scenario time is real time.
    date: Timestamp,
    pace: Pace,
}

impl Hours {
    /// Begins now.
    #[expect(clippy::disallowed_methods, reason = "dates of a feed begin with that of the wall clock; no figure comes from it")]
    pub fn begin(pace: Pace) -> Self {
        Self { began: RealClock.now(), date: Timestamp::try_from(SystemTime::now()).unwrap_or(Timestamp::UNIX_EPOCH), pace }
    }

    /// Scenario time since the beginning.
    pub fn now(&self) -> Duration {
        self.pace.scenario(RealClock.now().since(self.began))
    }

    /// The date of an instant of scenario time. It never goes beyond what a timestamp can hold.
    pub fn date(&self, since_begin: Duration) -> Timestamp {
        self.date.checked_add(since_begin).unwrap_or(Timestamp::MAX)
    }

    /// Scenario time → measured time.
    pub fn measured(&self, scenario: Duration) -> Duration {
        self.pace.measured(scenario)
    }
}
