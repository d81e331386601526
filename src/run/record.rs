//! The books: which version of which topic each subscriber holds, and what that makes of the next payload.
//!
//! Pure. A version is newer, the same, older, or impossible; a newer one settles all versions between it and what
//! was held. Skipped versions are coalesced; versions never reached when the books are closed are lost. A view is out of
//! date from the due time of the first version that it lacks until that one, or a later one, is there: see [`Staleness`].

use std::rc::Rc;

use crate::measure::recording::Staleness;
use crate::measure::stamp::Stamp;
use crate::trace::Trace;

/// A first value has not come yet.
const NOTHING: i32 = -1;
/// Before any window.
const LONG_AGO: i64 = i64::MIN;

/// What one subscriber holds.
#[derive(Clone, Debug)]
pub struct Holdings {
    /// Its topics, ascending; shared by subscribers that want the same.
    pub topics: Rc<[u32]>,
    held: Vec<i32>,
    /// When it came: measured nanoseconds from the start of the window, or [`LONG_AGO`].
    since: Vec<i64>,
    /// Topics without a first value.
    missing: usize,
}

impl Holdings {
    /// Nothing yet, of these topics (ascending).
    pub fn new(topics: Rc<[u32]>) -> Self {
        Self { held: vec![NOTHING; topics.len()], since: vec![LONG_AGO; topics.len()], missing: topics.len(), topics }
    }
}

/// What a payload turned out to be.
#[derive(Debug, PartialEq, Eq)]
pub enum Arrival {
    /// Of no topic of this subscriber, or of a version that was never published, or due at another time.
    Corrupt,
    /// The first value of a topic.
    First {
        /// Whether the subscriber now has one of each of its topics.
        current: bool,
    },
    /// Newer than what was held.
    Newer {
        /// Due times of all versions it settles, the arrived one last: measured nanoseconds from the start of the window.
        skipped: Vec<i64>,
    },
    /// What was held already.
    Same,
    /// Older than what was held.
    Older,
}

/// The books of all subscribers of a side.
pub struct Books {
    /// `due[first[topic]..first[topic + 1]]`: due times of versions 1, 2, 3 …
    first: Vec<u32>,
    due: Vec<i64>,
    holdings: Vec<Holdings>,
    not_current: usize,
    /// Length of the window in measured nanoseconds, once it is known when it is.
    window: Option<i64>,
    staleness: Staleness,
}

impl Books {
    /// Books for a trace over so many topics.
    pub fn new(trace: &Trace, topics: u32, compression: f64, holdings: Vec<Holdings>) -> Self {
        let mut first = vec![0_u32; topics as usize + 1];
        for update in &trace.updates {
            first[update.topic as usize + 1] += 1;
        }
        for topic in 0..topics as usize {
            first[topic + 1] += first[topic];
        }
        let mut due = vec![0; trace.updates.len()];
        for update in &trace.updates {
            due[first[update.topic as usize] as usize + update.version as usize - 1] = measured(update.due, compression);
        }
        let not_current = holdings.iter().filter(|holding| holding.missing > 0).count();
        Self { first, due, holdings, not_current, window: None, staleness: Staleness::default() }
    }

    /// From now on arrivals have an instant; the window is so long, in measured nanoseconds.
    pub fn start(&mut self, window: i64) {
        self.window = Some(window);
    }

    /// Enters a payload that came `at`: measured nanoseconds from the start of the window, of no account before [`Self::start`].
    pub fn enter(&mut self, subscriber: usize, stamp: Stamp, at: i64) -> Arrival {
        let Some(dues) = self.dues(stamp.topic) else { return Arrival::Corrupt };
        let (begin, end) = dues;
        let version = stamp.version as usize;
        if version > end - begin || (version > 0 && self.due[begin + version - 1] != stamp.due) {
            return Arrival::Corrupt;
        }
        let holdings = &mut self.holdings[subscriber];
        // Where all topics are wanted, a topic's place is its number.
        let place = match holdings.topics.get(stamp.topic as usize) {
            Some(topic) if *topic == stamp.topic => Ok(stamp.topic as usize),
            _ => holdings.topics.binary_search(&stamp.topic),
        };
        let Ok(place) = place else { return Arrival::Corrupt };
        let held = holdings.held[place];
        let version = stamp.version as i32;
        if held == NOTHING {
            holdings.held[place] = version;
            holdings.missing -= 1;
            let current = holdings.missing == 0;
            self.not_current -= usize::from(current);
            return Arrival::First { current };
        }
        if version == held {
            return Arrival::Same;
        }
        if version < held {
            return Arrival::Older;
        }
        if let Some(window) = self.window {
            let since = std::mem::replace(&mut holdings.since[place], at);
            episode(&mut self.staleness, self.due[begin + held as usize], since, at, window);
        }
        holdings.held[place] = version;
        Arrival::Newer { skipped: self.due[begin + held as usize..begin + version as usize].to_vec() }
    }

    /// Subscribers without a first value of each of their topics.
    pub fn not_current(&self) -> usize {
        self.not_current
    }

    /// Expected deliveries of the window: updates due at 0 or later, times subscriptions.
    pub fn expected(&self) -> u64 {
        self.sum(|_| 0)
    }

    /// Expected deliveries whose version, or a later one, never came.
    pub fn lost(&self) -> u64 {
        self.sum(|held| held.max(0) as usize)
    }

    /// How long views were out of date in the window; `None` where it never began.
    pub fn staleness(&self) -> Option<Staleness> {
        let window = self.window?;
        let mut staleness = self.staleness.clone();
        for holdings in &self.holdings {
            for ((topic, held), since) in holdings.topics.iter().zip(&holdings.held).zip(&holdings.since) {
                let Some((begin, end)) = self.dues(*topic) else { continue };
                let seconds = window as f64 / 1e9;
                staleness.all += seconds;
                if begin < end {
                    staleness.active += seconds;
                }
                // What never came is missing to the end.
                if let Some(due) = self.due[begin..end].get((*held).max(0) as usize) {
                    episode(&mut staleness, *due, *since, window, window);
                }
            }
        }
        Some(staleness)
    }

    /// Updates of the window beyond the `from`-th version of each subscription.
    fn sum(&self, from: impl Fn(i32) -> usize) -> u64 {
        let mut total = 0;
        for holdings in &self.holdings {
            for (topic, held) in holdings.topics.iter().zip(&holdings.held) {
                if let Some((begin, end)) = self.dues(*topic) {
                    let from = (begin + from(*held)).min(end);
                    // Due times ascend, so that the window's are at the end.
                    total += (end - from - self.due[from..end].partition_point(|due| *due < 0)) as u64;
                }
            }
        }
        total
    }

    fn dues(&self, topic: u32) -> Option<(usize, usize)> {
        let begin = *self.first.get(topic as usize)? as usize;
        let end = *self.first.get(topic as usize + 1)? as usize;
        Some((begin, end))
    }
}

/// A view lacked a version that was due at `due`, from `since` (when it came to hold what it held) until `until`: the part of that within the window.
fn episode(staleness: &mut Staleness, due: i64, since: i64, until: i64, window: i64) {
    let (begin, end) = (due.max(since).max(0), until.min(window));
    if begin < end {
        staleness.add(begin - due, end - due);
    }
}

/// Scenario nanoseconds → measured nanoseconds.
pub fn measured(scenario: i64, compression: f64) -> i64 {
    (scenario as f64 / compression).round() as i64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::Update;

    fn books() -> Books {
        let updates = [(-50, 1, 1), (10, 1, 2), (20, 1, 3), (30, 2, 1), (40, 1, 4)];
        let updates = updates.iter().map(|(due, topic, version)| Update { due: *due, topic: *topic, version: *version }).collect();
        let trace = Trace { updates, sha256: String::new() };
        Books::new(&trace, 3, 10.0, vec![Holdings::new(Rc::from([0, 1, 2])), Holdings::new(Rc::from([1]))])
    }

    fn enter(books: &mut Books, subscriber: usize, topic: u32, version: u32, due: i64) -> Arrival {
        books.enter(subscriber, Stamp { topic, version, due }, 0)
    }

    #[test]
    fn versions_are_settled_once() {
        let mut books = books();
        assert_eq!(books.expected(), 4 + 3);
        assert_eq!(books.not_current(), 2);
        assert_eq!(enter(&mut books, 1, 1, 0, 0), Arrival::First { current: true });
        assert_eq!(books.not_current(), 1);
        assert_eq!(enter(&mut books, 1, 1, 3, 2), Arrival::Newer { skipped: vec![-5, 1, 2] });
        assert_eq!(enter(&mut books, 1, 1, 2, 1), Arrival::Older);
        assert_eq!(enter(&mut books, 1, 1, 3, 2), Arrival::Same);
        assert_eq!(books.lost(), 4 + 1);
        assert_eq!(enter(&mut books, 1, 1, 4, 4), Arrival::Newer { skipped: vec![4] });
        assert_eq!(books.lost(), 4);
    }

    #[test]
    fn what_nobody_published_is_corrupt() {
        let mut books = books();
        for (topic, version, due) in [(1, 5, 4), (1, 2, 2), (3, 0, 0), (u32::MAX - 1, 0, 0), (1, u32::MAX, 0)] {
            assert_eq!(enter(&mut books, 0, topic, version, due), Arrival::Corrupt);
        }
        assert_eq!(enter(&mut books, 1, 2, 0, 0), Arrival::Corrupt, "not subscribed");
    }
}
