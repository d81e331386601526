//! The instants of a trial: warm-up, window W, drain.

use std::time::Duration;

use crate::measure::clock::Instant;
use crate::measure::recording::Phase;
use crate::scenario::Workload;

/// When each phase begins and ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timetable {
    /// Start of the warm-up.
    pub warm_up: Instant,
    /// Start of the window.
    pub window: Instant,
    /// End of the window, start of the drain.
    pub drain: Instant,
    /// No poll is planned from here on: one poll interval and half the timeout after the window. Without the half, an update
    /// that was due as the window ended, and reached the server late, could come after the last poll of all and count as lost.
    pub last_poll: Instant,
    /// End of the drain: the other half of the timeout later.
    pub end: Instant,
}

impl Timetable {
    /// The timetable of a workload whose window starts then; `interval` is the contender's poll interval in scenario time.
    pub fn new(workload: &Workload, interval: Option<Duration>, window: Instant) -> Self {
        let drain = window.after(workload.compress(workload.span));
        let timeout = workload.compress(workload.timeout);
        let last_poll = drain.after(workload.compress(interval.unwrap_or_default()) + timeout / 2);
        Self { warm_up: window.before(workload.compress(workload.warm_up)), window, drain, last_poll, end: last_poll.after(timeout - timeout / 2) }
    }

    /// The phase of an instant.
    pub fn phase(&self, at: Instant) -> Phase {
        if at < self.warm_up {
            Phase::Setup
        } else if at < self.window {
            Phase::WarmUp
        } else if at < self.drain {
            Phase::Window
        } else {
            Phase::Drain
        }
    }

    /// Which second of the run an instant falls in, counted from the start of the window.
    pub fn second(&self, at: Instant) -> i64 {
        at.nanos_since(self.window).div_euclid(1_000_000_000)
    }

    /// The next instant after `at` at which a side has something to note: a full second, or the edge of a phase.
    pub fn next_beat(&self, at: Instant) -> Option<Instant> {
        if at >= self.end {
            return None;
        }
        let second = Instant(self.window.0 + (self.second(at) + 1) * 1_000_000_000);
        let edges = [self.warm_up, self.window, self.drain, self.end];
        let edge = edges.into_iter().filter(|edge| *edge > at).min();
        // Before the warm-up there are no seconds, only its beginning.
        if at < self.warm_up { Some(self.warm_up) } else { edge.map(|edge| edge.min(second)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_topic_is_asked_for_once_more_than_an_interval_after_the_window() {
        let text = "topology = \"fan-in\"\ntopics = 1\nupdates_per_active_topic = 1\nspan = \"100s\"\nwarm_up = \"20s\"\ntimeout = \"9s\"\ncompression = 10";
        let scenario = crate::scenario::testing::parse(&crate::scenario::testing::workload(text)).unwrap();
        let times = Timetable::new(&scenario.workload, Some(Duration::from_secs(30)), Instant(0));
        let after_the_window = [times.last_poll, times.end].map(|at| at.nanos_since(times.drain));
        assert_eq!(after_the_window, [3_450_000_000, 3_900_000_000], "an interval and half the timeout; an interval and the timeout");
    }

    #[test]
    fn beats_are_edges_and_full_seconds() {
        let seconds = |seconds: f64| Instant((seconds * 1e9) as i64);
        let times = Timetable { warm_up: seconds(8.5), window: seconds(10.0), drain: seconds(11.5), last_poll: seconds(11.7), end: seconds(12.2) };
        let mut at = seconds(1.0);
        let mut beats = Vec::new();
        while let Some(next) = times.next_beat(at) {
            beats.push(next);
            at = next;
        }
        assert_eq!(beats, [8.5, 9.0, 10.0, 11.0, 11.5, 12.0, 12.2].map(seconds));
        assert_eq!(times.second(seconds(9.999)), -1);
        assert_eq!(times.phase(seconds(11.5)), Phase::Drain);
        assert_eq!(times.phase(seconds(10.0)), Phase::Window);
    }
}
