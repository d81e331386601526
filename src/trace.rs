//! The exact updates of a scenario, from its seed: the same for every contender, machine and version.
//!
//! Each topic has a stream of random numbers of its own for the window and one for the warm-up, so that a change of
//! one topic, or of the warm-up's length, moves nothing else. The hash of a trace stands in every recording.

mod arrivals;
pub(crate) mod file;
mod subscriptions;

use std::path::PathBuf;

use sha2::{Digest as _, Sha256};

pub use subscriptions::Subscriptions;

use crate::random::{Purpose, Random};
use crate::scenario::{Arrivals, Popularity, Scenario, Workload};

/// One change of one topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Update {
    /// When it is due: scenario nanoseconds from the start of the window; negative in the warm-up.
    pub due: i64,
    /// Which topic.
    pub topic: u32,
    /// Its version of the topic: 1, 2, 3 …, counted through warm-up and window.
    pub version: u32,
}

/// All updates of warm-up and window, by due time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// By due time, then topic.
    pub updates: Vec<Update>,
    /// SHA-256 of all of them, in hexadecimal: 16 bytes each, due, topic and version, little-endian.
    pub sha256: String,
}

/// Why there is no trace: the file of updates that a scenario names cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TraceError {
    /// The file cannot be read.
    #[error("the updates in {} cannot be read: {why}\n  = help: the path in arrivals = {{ csv = … }} is relative to the folder of the scenario", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        why: std::io::Error,
    },
    /// A line says what cannot be.
    #[error("{problem}\n --> {}:{line}\n  = allowed: {allowed}", path.display())]
    Line {
        /// Which file.
        path: PathBuf,
        /// From 1.
        line: u64,
        /// What is wrong.
        problem: String,
        /// What is allowed.
        allowed: String,
    },
}

impl Trace {
    /// Makes the trace of a scenario.
    ///
    /// # Errors
    /// Only where updates come from a file: it cannot be read, or a line of it cannot be used.
    pub fn new(scenario: &Scenario) -> Result<Self, TraceError> {
        let workload = &scenario.workload;
        let due_and_topic = match &workload.arrivals {
            Arrivals::Csv(path) => file::read(&scenario.folder.join(path), workload)?,
            _ => arrivals::draw(workload),
        };
        Ok(Self::from_arrivals(due_and_topic, workload.topics))
    }

    /// No updates at all.
    pub fn none() -> Self {
        Self::from_arrivals(Vec::new(), 0)
    }

    /// Sorts, counts versions, hashes.
    fn from_arrivals(mut due_and_topic: Vec<(i64, u32)>, topics: u32) -> Self {
        due_and_topic.sort_unstable();
        let mut versions = vec![0_u32; topics as usize];
        let mut hash = Sha256::new();
        let mut number = |(due, topic): (i64, u32)| {
            let version = versions.get_mut(topic as usize)?;
            *version += 1;
            let update = Update { due, topic, version: *version };
            hash.update(update.due.to_le_bytes());
            hash.update(update.topic.to_le_bytes());
            hash.update(update.version.to_le_bytes());
            Some(update)
        };
        let updates = due_and_topic.into_iter().filter_map(&mut number).collect();
        Self { updates, sha256: hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect() }
    }

    /// The updates of the window.
    pub fn window(&self) -> &[Update] {
        &self.updates[self.updates.partition_point(|update| update.due < 0)..]
    }

    /// The updates of the warm-up.
    pub fn warm_up(&self) -> &[Update] {
        &self.updates[..self.updates.partition_point(|update| update.due < 0)]
    }

    /// Expected deliveries: updates of the window times the subscribers of their topics.
    pub fn expected(&self, subscriptions: &Subscriptions) -> u64 {
        let subscribers = subscriptions.subscribers_by_topic();
        self.window().iter().map(|update| u64::from(subscribers.get(update.topic as usize).copied().unwrap_or(0))).sum()
    }

    /// Topics that are updated in the window, in ascending order.
    pub fn active_topics(&self) -> Vec<u32> {
        let mut topics: Vec<u32> = self.window().iter().map(|update| update.topic).collect();
        topics.sort_unstable();
        topics.dedup();
        topics
    }
}

/// All topics, the most popular first; the first `active_topics` of them have updates.
fn order(workload: &Workload) -> Vec<u32> {
    let mut topics: Vec<u32> = (0..workload.topics).collect();
    Random::new(workload.seed, Purpose::Order, 0).shuffle(&mut topics);
    topics
}

/// The weight of the topic at a place of the order, from 0.
fn weight(popularity: Popularity, place: usize) -> f64 {
    match popularity {
        Popularity::Flat => 1.0,
        Popularity::Zipf(exponent) => libm::pow((place + 1) as f64, -exponent),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::testing::parse;

    /// A fan-in of an hour with these lines in its workload.
    pub(super) fn scenario(lines: &str) -> Scenario {
        parse(&crate::scenario::testing::workload(&format!("topology = \"fan-in\"\nspan = \"1h\"\n{lines}"))).unwrap()
    }

    /// A mesh of two updates per topic.
    pub(super) fn mesh(subscribers: u32, topics: u32, each: u32, popularity: &str) -> Scenario {
        let workload = format!(
            "topology = \"mesh\"\nspan = \"1h\"\nupdates_per_active_topic = 2\ntopics = {topics}\ntopics_per_subscriber = {each}\npopularity = {popularity}\n[subscribers]\ncount = {subscribers}"
        );
        parse(&crate::scenario::testing::workload(&workload)).unwrap()
    }

    #[test]
    fn a_trace_is_for_ever_what_it_is_today() {
        let hash = |lines: &str| Trace::new(&scenario(lines)).unwrap().sha256;
        let base = "topics = 50\nactive_topics = 20\nupdates_per_active_topic = 2.5\nseed = 20080721\n";
        let hashes = ["", "arrivals = \"uniform\"", "arrivals = \"bursty\"", "popularity = { zipf = 1.1 }"].map(|line| hash(&format!("{base}{line}")));
        let expected = [
            "f8504414dc57ae2027e4674cade80d8de22423efe09d6d77949b543d45f67bd0",
            "ca0f51181e9af755867241226b8fea3d6db50f5f38930d448784f25f35e783b4",
            "7dec9ef3e2b95ca8038a5a29132e82befce2138f51b4fd589aedbeb736f6c755",
            "5f5598d64fc8f951868799edbc9fd42553ea3794f6c848bbaacad9f0a9407df5",
        ];
        assert_eq!(hashes, expected);
    }

    #[test]
    fn the_hash_is_of_little_endian_records() {
        let trace = Trace::from_arrivals(vec![(2, 1), (-1, 0), (2, 0)], 2);
        let mut bytes = Vec::new();
        for (due, topic, version) in [(-1_i64, 0_u32, 1_u32), (2, 0, 2), (2, 1, 1)] {
            bytes.extend(due.to_le_bytes());
            bytes.extend(topic.to_le_bytes());
            bytes.extend(version.to_le_bytes());
        }
        let expected: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(trace.sha256, expected);
        assert_eq!((trace.warm_up().len(), trace.window().len()), (1, 2));
    }

    #[test]
    fn another_seed_makes_another_trace() {
        let trace = |seed: u32| Trace::new(&scenario(&format!("topics = 50\nupdates_per_active_topic = 2\nseed = {seed}"))).unwrap();
        assert_ne!(trace(1).sha256, trace(2).sha256);
        assert_ne!(
            order(&scenario("topics = 50\nupdates_per_active_topic = 2\nseed = 1").workload)[..5],
            order(&scenario("topics = 50\nupdates_per_active_topic = 2\nseed = 2").workload)[..5]
        );
    }
}
