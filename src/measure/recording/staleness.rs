//! How long subscribers' views were out of date: the time-weighted distribution of staleness, without sampling it.
//!
//! While a view is out of date its staleness grows by a second a second: an *episode* is a ramp from one value to another.
//! So many ramps cross a value y as begin at or below it less those that end at or below it, and each crosses at slope 1: the
//! time spent at staleness 0 < s ≤ x is ∫₀ˣ (#from ≤ y − #until ≤ y) dy. Two samples an episode say it all, and add up over
//! sides and repeats.

use serde::{Deserialize, Serialize};

use crate::measure::distribution::Distribution;

/// Staleness within the window, over all subscriptions of a side, a trial, or several.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Staleness {
    /// Seconds of the window, added up over all subscriptions.
    pub all: f64,
    /// The same over active subscriptions: those to topics that have updates in the trace.
    pub active: f64,
    /// Of these, seconds in which the view was out of date.
    pub stale: f64,
    /// ∫ staleness dt over all subscriptions, in seconds².
    pub integral: f64,
    /// Staleness at which episodes began: 0, or more where the window began, or an old version came, late.
    pub from: Distribution,
    /// Staleness at which they ended: by an arrival, or by the end of the window.
    pub until: Distribution,
}

impl Staleness {
    /// Adds an episode: staleness grew from one value to the other, in nanoseconds.
    pub fn add(&mut self, from: i64, until: i64) {
        let (low, high) = (from as f64 / 1e9, until as f64 / 1e9);
        self.stale += high - low;
        self.integral += (high - low) * (high + low) / 2.0;
        self.from.record(from);
        self.until.record(until);
    }

    /// Adds another's.
    pub fn merge(&mut self, other: &Self) {
        self.all += other.all;
        self.active += other.active;
        self.stale += other.stale;
        self.integral += other.integral;
        self.from.merge(&other.from);
        self.until.merge(&other.until);
    }

    /// Mean over time and active subscriptions, in seconds; `None` without any.
    pub fn mean(&self) -> Option<f64> {
        (self.active > 0.0).then(|| self.integral / self.active)
    }

    /// Largest value, in seconds; `None` without active subscriptions.
    pub fn max(&self) -> Option<f64> {
        (self.active > 0.0).then(|| self.until.max().unwrap_or(0.0))
    }

    /// Share of the time with staleness 0 over active subscriptions; `None` without any.
    pub fn fidelity_active(&self) -> Option<f64> {
        (self.active > 0.0).then(|| 1.0 - self.stale / self.active)
    }

    /// The same over all subscriptions: what never changes is never out of date.
    pub fn fidelity_all(&self) -> Option<f64> {
        (self.all > 0.0).then(|| 1.0 - self.stale / self.all)
    }

    /// The value that staleness does not exceed for this share (0 to 1) of the time of active subscriptions, in seconds; exact
    /// to the resolution of a [`Distribution`]. `None` without active subscriptions.
    pub fn quantile(&self, quantile: f64) -> Option<f64> {
        if self.active <= 0.0 {
            return None;
        }
        // Time with a value above 0 that lies below the one sought.
        let fresh = self.active - self.stale;
        let mut left = (quantile * self.active - fresh).max(0.0);
        // A view that was never current has no 0 in it; rounding of sums is no time.
        if left == 0.0 && fresh > 1e-9 * self.active {
            return Some(0.0);
        }
        let mut edges: Vec<(f64, i64)> = self.from.buckets().map(|(value, count)| (value, count as i64)).collect();
        edges.extend(self.until.buckets().map(|(value, count)| (value, -(count as i64))));
        edges.sort_by(|one, other| one.0.total_cmp(&other.0));
        let (mut at, mut ramps) = (0.0, 0_i64);
        for (value, change) in edges {
            let passed = ramps as f64 * (value - at);
            if passed > 0.0 && passed >= left {
                return Some(at + left / ramps as f64);
            }
            left -= passed;
            at = value;
            ramps += change;
        }
        // What rounding to buckets left over.
        Some(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MILLI: i64 = 1_000_000;

    /// Ramps 0 → 4 s, 0 → 2 s and 3 → 5 s within 20 s: fresh for 12.
    fn three() -> Staleness {
        let mut staleness = Staleness { all: 40.0, active: 20.0, ..Staleness::default() };
        for (from, until) in [(0, 4_000), (0, 2_000), (3_000, 5_000)] {
            staleness.add(from * MILLI, until * MILLI);
        }
        staleness
    }

    #[test]
    fn by_hand() {
        let staleness = three();
        assert_eq!((staleness.stale, staleness.integral), (8.0, 8.0 + 2.0 + 8.0));
        assert_eq!((staleness.mean(), staleness.fidelity_active(), staleness.fidelity_all()), (Some(0.9), Some(0.6), Some(0.8)));
        assert!((staleness.max().unwrap() - 5.0).abs() < 0.005);
        // Time with staleness up to x: 12 fresh, + 2 per second up to 2, + 1 up to 3, + 2 up to 4, + 1 up to 5.
        for (quantile, expected) in [(0.5, 0.0), (0.6, 0.0), (0.65, 0.5), (0.8, 2.0), (0.85, 3.0), (0.9, 3.5), (0.95, 4.0), (0.975, 4.5), (1.0, 5.0)] {
            let found = staleness.quantile(quantile).unwrap();
            assert!((found - expected).abs() < 0.006, "{quantile}: {found}, expected {expected}");
        }
    }

    #[test]
    fn sides_add_up_and_nobody_active_has_no_figure() {
        let mut two = three();
        two.merge(&three());
        assert_eq!((two.mean(), two.fidelity_active()), (three().mean(), three().fidelity_active()));
        assert!((two.quantile(0.9).unwrap() - three().quantile(0.9).unwrap()).abs() < 1e-9);
        let none = Staleness { all: 3.0, ..Staleness::default() };
        assert_eq!((none.mean(), none.max(), none.quantile(0.99), none.fidelity_active(), none.fidelity_all()), (None, None, None, None, Some(1.0)));
        let fresh = Staleness { all: 3.0, active: 3.0, ..Staleness::default() };
        assert_eq!((fresh.mean(), fresh.max(), fresh.quantile(1.0)), (Some(0.0), Some(0.0), Some(0.0)));
    }
}
