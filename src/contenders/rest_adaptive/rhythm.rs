//! The interval of a topic: longer after each poll in vain, shorter after each that found something, within bounds.
//!
//! Deolasee et al. 2001 ("Adaptive push-pull: disseminating dynamic web data", WWW10) let a client's time to refresh (TTR) follow how fast
//! a numeric value moves. Here a value is opaque, and all that a poll says is whether it is another one; what their rule comes to then is
//! that of Urgaonkar et al. 2001 ("Maintaining mutual consistency for cached web objects", ICDCS): the TTR times (1 + l) where nothing
//! changed, times m < 1 where something did, between TTR min and TTR max.
//!
//! A hit takes ln decay from the logarithm of the interval, and a miss adds ln growth. Both together stay within the bounds, so that in
//! the long run the share of polls that find something is ln growth ÷ (ln growth − ln decay), however and how often the topic changes, as
//! long as its interval touches no bound: 0.369 with the defaults.

use std::cell::Cell;
use std::time::Duration;

use super::settings::{DECAY, GROWTH, LONGEST, SHORTEST, START};
use crate::contender::pacer::{Pacer, Tick, Ticks};
use crate::contender::settings::{SettingsError, Values};
use crate::protocols::http::rhythm::{Polls, Rhythm};

/// Intervals that follow changes. Durations are scenario time.
#[derive(Clone, Copy, Debug)]
pub struct Adaptive {
    shortest: Duration,
    longest: Duration,
    start: Duration,
    growth: f64,
    decay: f64,
}

impl Adaptive {
    /// Reads the settings.
    ///
    /// # Errors
    /// The bounds are the wrong way round, or the start is not between them.
    pub fn read(values: &Values) -> Result<Self, SettingsError> {
        let (shortest, longest) = (values.duration(SHORTEST.name), values.duration(LONGEST.name));
        let wrong = |key: &str, problem: &str, allowed: &str| SettingsError { key: key.to_owned(), problem: problem.to_owned(), allowed: allowed.to_owned() };
        if shortest > longest {
            return Err(wrong(LONGEST.name, "the longest interval is shorter than the shortest", "a duration from shortest on"));
        }
        let middle = Duration::from_secs_f64((shortest.as_secs_f64() * longest.as_secs_f64()).sqrt()).clamp(shortest, longest);
        let start = if values.has(START.name) { values.duration(START.name) } else { middle };
        if start < shortest || start > longest {
            return Err(wrong(START.name, "the first interval is not between the shortest and the longest", "a duration from shortest to longest"));
        }
        Ok(Self { shortest, longest, start, growth: values.number(GROWTH.name), decay: values.number(DECAY.name) })
    }

    /// The interval after one of `last`.
    fn next(&self, last: Duration, found: bool) -> Duration {
        // Bounded before it is a duration again: growth has no room to overflow.
        let next = last.as_secs_f64() * if found { self.decay } else { self.growth };
        Duration::from_secs_f64(next.clamp(self.shortest.as_secs_f64(), self.longest.as_secs_f64())).clamp(self.shortest, self.longest)
    }
}

impl Rhythm for Adaptive {
    fn plan(&self, pacer: &dyn Pacer, keys: &[u32], probe: u32) -> Ticks {
        pacer.once(self.start, keys, probe)
    }

    fn first(&self) -> Duration {
        self.start
    }

    /// Open: a slow answer does not put off the next question by more than itself. An answer that never came says nothing of the topic.
    fn again(&self, ticks: &Ticks, tick: Tick, wait: &Cell<Duration>, found: Option<bool>) {
        if let Some(found) = found {
            wait.set(self.next(wait.get(), found));
        }
        ticks.after_due(tick, wait.get());
    }

    fn longest(&self) -> Duration {
        self.longest
    }

    fn polls(&self, span: Duration) -> Polls {
        Polls::at_most(span, self.shortest)
    }
}

#[cfg(test)]
mod tests {
    use super::super::settings::DECLARED;
    use super::*;
    use crate::random::{Purpose, Random};

    const DAY: f64 = 86_400.0;

    fn adaptive(given: &[(&str, &str)]) -> Result<Adaptive, SettingsError> {
        let bounds = [("shortest", "1s"), ("longest", "1h")].iter().filter(|(key, _)| given.iter().all(|(other, _)| key != other));
        let given = bounds.chain(given).map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        Adaptive::read(&Values::new(DECLARED, &given).unwrap())
    }

    /// Polls a topic that changes at `changes` (seconds) for so long; says when it was polled, and which polls found something.
    fn poll(adaptive: &Adaptive, changes: &[f64], span: f64) -> Vec<(f64, bool)> {
        let (mut polls, mut now, mut known, mut interval) = (Vec::new(), 0.0, 0, adaptive.first());
        while now < span {
            let there = changes.partition_point(|change| *change <= now);
            let found = there > known;
            known = there;
            polls.push((now, found));
            interval = adaptive.next(interval, found);
            now += interval.as_secs_f64();
        }
        polls
    }

    fn every(period: f64, span: f64) -> Vec<f64> {
        (1..(span / period) as u32).map(|change| f64::from(change) * period).collect()
    }

    fn poisson(mean: f64, span: f64, seed: u64) -> Vec<f64> {
        let mut random = Random::new(seed, Purpose::Window, 0);
        let mut changes = Vec::new();
        let mut now = random.exponential() * mean;
        while now < span {
            changes.push(now);
            now += random.exponential() * mean;
        }
        changes
    }

    fn share(polls: &[(f64, bool)]) -> f64 {
        polls.iter().filter(|(_, found)| *found).count() as f64 / polls.len() as f64
    }

    #[test]
    fn what_never_changes_comes_to_the_longest_interval_and_what_always_does_to_the_shortest() {
        let adaptive = adaptive(&[]).unwrap();
        assert_eq!(adaptive.start, Duration::from_secs(60), "the geometric mean of a second and an hour");
        let quiet = poll(&adaptive, &[], 7.0 * DAY);
        // 1.5^11 > 60: the tenth interval after the first is the last that is shorter.
        assert!(quiet.windows(2).skip(10).all(|pair| (pair[1].0 - pair[0].0 - 3_600.0).abs() < 1e-6));
        assert!(quiet.windows(2).take(9).all(|pair| pair[1].0 - pair[0].0 < 3_600.0));
        let busy = poll(&adaptive, &every(0.1, 3_600.0), 3_600.0);
        assert!(busy.windows(2).skip(8).all(|pair| (pair[1].0 - pair[0].0 - 1.0).abs() < 1e-6));
    }

    /// Whatever changes, and however, the share of polls that find something is ln growth ÷ (ln growth − ln decay): exactly, up to what the
    /// bounds leave open, which is one interval's way from the shortest to the longest over all polls.
    #[test]
    fn the_share_of_hits_is_that_of_the_factors() {
        for (growth, decay) in [(1.5_f64, 0.5_f64), (1.1, 0.3), (2.0, 0.7)] {
            let adaptive = adaptive(&[("shortest", "1ms"), ("longest", "10h"), ("growth", &growth.to_string()), ("decay", &decay.to_string())]).unwrap();
            let wanted = growth.ln() / (growth.ln() - decay.ln());
            for changes in [every(300.0, 10.0 * DAY), poisson(300.0, 10.0 * DAY, 7), poisson(120.0, 10.0 * DAY, 8)] {
                let polls = poll(&adaptive, &changes, 10.0 * DAY);
                let open = 36e6_f64.ln() / (growth.ln() - decay.ln()) / polls.len() as f64;
                let touched = polls.windows(2).any(|pair| pair[1].0 - pair[0].0 >= 36_000.0 || pair[1].0 - pair[0].0 <= 0.001);
                assert!(!touched, "the bounds were not to matter here");
                assert!((share(&polls) - wanted).abs() <= open, "{} of {} polls, {wanted} ± {open} was foretold", share(&polls), polls.len());
                assert!(open < 0.05 * wanted, "sharp: {open} of {wanted} over {} polls", polls.len());
            }
        }
    }

    /// Changes that come evenly are found one by one, so that the mean interval is the share of hits times their period.
    #[test]
    fn intervals_follow_what_comes_evenly() {
        let adaptive = adaptive(&[]).unwrap();
        let wanted = 1.5_f64.ln() / 3_f64.ln();
        for period in [60.0, 600.0] {
            let polls = poll(&adaptive, &every(period, 20.0 * DAY), 20.0 * DAY);
            let (begin, end) = (polls[20].0, polls[polls.len() - 1].0);
            let mean = (end - begin) / (polls.len() - 21) as f64;
            assert!((mean / (wanted * period) - 1.0).abs() < 0.02, "{mean} of {period}, {wanted} of it was foretold");
            let found = polls.iter().filter(|(_, found)| *found).count() as f64;
            assert!(found > 0.98 * 20.0 * DAY / period, "{found} of {}: hardly two are found together", 20.0 * DAY / period);
        }
    }

    #[test]
    fn bounds_go_together() {
        for (given, key) in [(&[("shortest", "2h")][..], "longest"), (&[("start", "2h")], "start"), (&[("start", "500ms")], "start")] {
            assert_eq!(adaptive(given).unwrap_err().key, key);
        }
        let even = adaptive(&[("shortest", "1h")]).unwrap();
        assert_eq!((even.start, even.next(even.start, true), even.next(even.start, false)), (even.longest, even.longest, even.longest));
    }
}
