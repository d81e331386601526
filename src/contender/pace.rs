//! How fast a trial plays its scenario: what a contender needs to know of time compression.

use std::time::Duration;

/// The factor by which every interval of a scenario is divided.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pace {
    compression: f64,
}

impl Pace {
    /// Scenario time is measured time.
    pub const REAL: Self = Self { compression: 1.0 };

    /// A compression, 1 or more.
    pub fn new(compression: f64) -> Self {
        Self { compression: compression.max(1.0) }
    }

    /// Scenario time → measured time; never quite nothing, so that what repeats by it comes to rest in between.
    pub fn measured(self, scenario: Duration) -> Duration {
        Duration::from_nanos(((scenario.as_nanos() as f64 / self.compression).round() as u64).max(1))
    }

    /// Measured time → scenario time, for what is written on the wire in scenario time.
    pub fn scenario(self, measured: Duration) -> Duration {
        Duration::from_nanos((measured.as_nanos() as f64 * self.compression).round() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_of_a_day_in_a_minute_is_42_milliseconds() {
        let pace = Pace::new(1440.0);
        assert_eq!(pace.measured(Duration::from_secs(60)), Duration::from_nanos(41_666_667));
        assert_eq!(pace.measured(Duration::from_nanos(1)), Duration::from_nanos(1));
        assert_eq!(pace.scenario(Duration::from_millis(1)), Duration::from_millis(1440));
        assert_eq!(Pace::new(0.5), Pace::REAL);
    }
}
