//! Everybody else: topics that nobody in the scenario wants or publishes, and that a resource for all carries all the same.
//!
//! Each changes at random, as a Poisson process. Nothing is stored: a stretch of scenario time is drawn anew whenever somebody asks for it, from a
//! seed and its number alone, so that it is the same each time.

use std::ops::Range;
use std::time::Duration;

use crate::contender::settings::{AS_TOPICS, Kind, Setting, SettingsError, Values};
use crate::random::{Purpose, Random};

/// How many topics there are beside the scenario's own.
pub const OUTSIDE: Setting = Setting {
    name: "outside",
    kind: Kind::Whole,
    default: Some("0"),
    about: "How many topics the shared resource carries beside the scenario's own: those of everybody else.",
};

/// How often each of them changes.
pub const OUTSIDE_INTERVAL: Setting = Setting {
    name: "outside_interval",
    kind: Kind::Duration,
    default: AS_TOPICS,
    about: "Mean time between two changes of one of the topics outside, in scenario time.",
};

/// How often a topic outside changes where no workload says it: of `pushbench serve`, and of a trace from a file.
const DAY: Duration = Duration::from_secs(86_400);
/// More would make a window of more than a megabyte.
const MOST: u32 = 10_000_000;
/// Changes that one stretch may have: beyond, the server would do nothing but draw.
const MOST_CHANGES: f64 = 5_000_000.0;
/// All trials have the same crowd.
const SEED: u64 = 2008;

/// Topics outside of the scenario.
#[derive(Clone, Copy, Debug)]
pub struct Crowd {
    /// How many.
    pub count: u32,
    /// Mean time between two changes of one, scenario time.
    interval: Duration,
    /// Length of the stretches in which changes are drawn, scenario time.
    stretch: Duration,
}

impl Crowd {
    /// Reads [`OUTSIDE`] and [`OUTSIDE_INTERVAL`]. Changes are drawn in stretches of so much scenario time.
    ///
    /// # Errors
    /// There are too many, or they change too often.
    pub fn read(values: &Values, stretch: Duration) -> Result<Self, SettingsError> {
        let interval = if values.has(OUTSIDE_INTERVAL.name) { values.duration(OUTSIDE_INTERVAL.name) } else { DAY };
        let crowd = Self { count: values.whole(OUTSIDE.name), interval, stretch };
        if crowd.count > MOST {
            let problem = format!("{} topics outside are more than the server can carry", crowd.count);
            return Err(SettingsError { key: OUTSIDE.name.to_owned(), problem, allowed: format!("a whole number from 0 to {MOST}") });
        }
        if crowd.changes_in(stretch) > MOST_CHANGES {
            let problem = format!("{} topics outside come to more than {MOST_CHANGES} changes for each document", crowd.count);
            return Err(SettingsError { key: OUTSIDE_INTERVAL.name.to_owned(), problem, allowed: "a longer interval, or fewer topics outside".to_owned() });
        }
        Ok(crowd)
    }

    /// How many changes a span of scenario time has on average.
    pub fn changes_in(&self, span: Duration) -> f64 {
        f64::from(self.count) * span.as_secs_f64() / self.interval.as_secs_f64()
    }

    /// Calls `change` with each change within a span of scenario time since the server began, in order: when, and which topic.
    pub fn changes(&self, within: &Range<Duration>, mut change: impl FnMut(Duration, u32)) {
        if self.count == 0 || within.is_empty() {
            return;
        }
        let length = self.stretch.as_nanos().max(1);
        let (first, last) = (within.start.as_nanos() / length, (within.end.as_nanos() - 1) / length);
        for stretch in first..=last {
            self.stretch(stretch, |offset, topic| {
                let at = Duration::from_nanos_u128(stretch * length + u128::from(offset));
                if within.contains(&at) {
                    change(at, topic);
                }
            });
        }
    }

    /// The changes of one stretch: nanoseconds since it began, and which topic.
    pub fn stretch(&self, number: u128, mut change: impl FnMut(u64, u32)) {
        if self.count == 0 {
            return;
        }
        let mean = self.interval.as_nanos() as f64 / f64::from(self.count);
        let length = self.stretch.as_nanos() as f64;
        let mut random = Random::new(SEED, Purpose::Outside, number as u32);
        let mut at = random.exponential() * mean;
        while at < length {
            change(at as u64, random.below(self.count));
            at += random.exponential() * mean;
        }
    }
}

/// Members of a crowd drawn one after the other, the same in all trials.
pub struct Draws(Random);

impl Default for Draws {
    fn default() -> Self {
        Self(Random::new(SEED, Purpose::Outside, u32::MAX))
    }
}

impl Draws {
    /// One of so many, at least one.
    pub fn member(&mut self, count: u32) -> u32 {
        self.0.below(count)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn crowd(count: &str, interval: &str) -> Result<Crowd, SettingsError> {
        let given = BTreeMap::from([("outside".to_owned(), count.to_owned()), ("outside_interval".to_owned(), interval.to_owned())]);
        Crowd::read(&Values::new(&[OUTSIDE, OUTSIDE_INTERVAL], &given).unwrap(), Duration::from_secs(60))
    }

    fn all(crowd: &Crowd, from: u64, to: u64) -> Vec<(Duration, u32)> {
        let mut all = Vec::new();
        crowd.changes(&(Duration::from_secs(from)..Duration::from_secs(to)), |at, topic| all.push((at, topic)));
        all
    }

    /// A day of Flickr: 1,000,000 users at a change a day are as many changes, a standard deviation of 1,000.
    #[test]
    fn changes_are_poisson_and_the_same_whoever_asks_for_whatever_part() {
        let crowd = crowd("1000000", "1d").unwrap();
        let day = all(&crowd, 0, 86_400);
        assert!(day.len().abs_diff(1_000_000) < 3_000, "{}", day.len());
        assert!(day.is_sorted_by_key(|(at, _)| *at));
        let mut again = all(&crowd, 0, 1_234);
        again.extend(all(&crowd, 1_234, 86_400));
        assert!(again == day);
        let changed: std::collections::HashSet<u32> = day.iter().map(|(_, topic)| *topic).collect();
        // Each has changed with the probability 1 − 1/e.
        assert!(changed.len().abs_diff(632_121) < 2_000 && changed.iter().all(|topic| *topic < 1_000_000), "{}", changed.len());
        assert!((crowd.changes_in(Duration::from_secs(60)) - 694.4).abs() < 0.1);
    }

    #[test]
    fn there_may_be_nobody_and_not_too_many() {
        assert!(all(&crowd("0", "1ns").unwrap(), 0, 86_400).is_empty());
        assert_eq!(crowd("10000001", "1d").unwrap_err().key, "outside");
        assert_eq!(crowd("10000000", "1s").unwrap_err().key, "outside_interval");
    }
}
