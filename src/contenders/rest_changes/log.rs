//! Which topics have changed, and when: what the feed is made from.

use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::time::Duration;

/// The last change of each topic.
#[derive(Debug, Default)]
pub struct Log {
    topics: RefCell<Topics>,
}

#[derive(Debug, Default)]
struct Topics {
    numbers: HashMap<Box<str>, u32>,
    /// By number.
    last: Vec<Change>,
    /// In order of time; those that are no longer the last of their topic are passed over, and thrown away now and then.
    order: VecDeque<Change>,
    /// Changes before this instant may be missing.
    complete_since: Duration,
}

/// A change of a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// Scenario time since the server began.
    pub at: Duration,
    /// The topic's number.
    pub topic: u32,
    /// Larger than that of each change of the topic before it.
    pub update: u64,
}

impl Log {
    /// The number of a topic; a topic that is new gets the next.
    pub fn number(&self, name: &str) -> u32 {
        let topics = &mut *self.topics.borrow_mut();
        if let Some(number) = topics.numbers.get(name) {
            return *number;
        }
        let number = topics.last.len() as u32;
        topics.numbers.insert(name.into(), number);
        topics.last.push(Change { at: Duration::ZERO, topic: number, update: 0 });
        number
    }

    /// A topic has changed. What is older than `kept` is forgotten.
    pub fn changed(&self, name: &str, at: Duration, kept: Duration) {
        let topic = self.number(name);
        let topics = &mut *self.topics.borrow_mut();
        let last = &mut topics.last[topic as usize];
        // Milliseconds, as long as they tell two changes of a topic apart.
        let update = (last.update + 1).max(at.as_millis() as u64);
        *last = Change { at, topic, update };
        topics.order.push_back(*last);
        topics.forget(at.saturating_sub(kept));
    }

    /// Calls `each` with the last change of every topic that has changed at or after `since`, in order of time. Returns since when all of them are there.
    pub fn since(&self, since: Duration, mut each: impl FnMut(Change)) -> Duration {
        let topics = &*self.topics.borrow();
        let begin = topics.order.partition_point(|change| change.at < since);
        topics.order.range(begin..).filter(|change| topics.last[change.topic as usize] == **change).for_each(|change| each(*change));
        topics.complete_since.max(since)
    }
}

impl Topics {
    fn forget(&mut self, before: Duration) {
        while self.order.front().is_some_and(|change| change.at < before) {
            self.order.pop_front();
        }
        self.complete_since = self.complete_since.max(before);
        // At most twice as many as there are topics: each is looked at once for each change on average.
        if self.order.len() > 2 * self.last.len() + 64 {
            let last = &self.last;
            self.order.retain(|change| last[change.topic as usize] == *change);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn since(log: &Log, seconds: u64) -> (Vec<(u32, u64)>, u64) {
        let mut all = Vec::new();
        let complete = log.since(Duration::from_secs(seconds), |change| all.push((change.topic, change.update)));
        (all, complete.as_secs())
    }

    #[test]
    fn the_last_change_of_each_topic_is_there_once() {
        let log = Log::default();
        let kept = Duration::from_secs(100);
        for (name, at) in [("a", 1), ("b", 2), ("a", 3), ("a", 3), ("c", 50)] {
            log.changed(name, Duration::from_secs(at), kept);
        }
        assert_eq!(since(&log, 0), (vec![(1, 2_000), (0, 3_001), (2, 50_000)], 0));
        assert_eq!(since(&log, 3), (vec![(0, 3_001), (2, 50_000)], 3));
        assert_eq!(since(&log, 51), (vec![], 51));
        log.changed("b", Duration::from_secs(140), kept);
        assert_eq!(since(&log, 0), (vec![(2, 50_000), (1, 140_000)], 40), "what is older is forgotten, and said to be");
    }

    #[test]
    fn a_topic_that_changes_all_the_time_takes_no_more_room() {
        let log = Log::default();
        for change in 0..100_000_u64 {
            log.changed(if change % 1_000 == 0 { "slow" } else { "fast" }, Duration::from_micros(change), Duration::from_secs(3_600));
            assert!(log.topics.borrow().order.len() <= 2 * 2 + 64);
        }
        assert_eq!(since(&log, 0).0.len(), 2);
    }
}
