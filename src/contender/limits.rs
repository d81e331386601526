//! What protects an embedded server from its clients: options of `pushbench serve`, the same for every server.

use std::time::Duration;

/// Most connections at once unless somebody says otherwise: ten thousand idle ones, and a whole day of FriendFeed's pollers.
const CONNECTIONS: usize = 100_000;
/// As many topics as a scenario may have, and the probe.
const TOPICS: usize = 2_000_001;
/// Of payloads that are held, in bytes.
const STORED: usize = 1 << 30;

/// What protects a server from its clients. Each server refuses what goes beyond in the words of its own protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Most connections at once; the next is told so and closed.
    pub connections: usize,
    /// Largest payload, in bytes.
    pub payload: usize,
    /// Largest number of topics.
    pub topics: usize,
    /// Most bytes that the payloads and names of all topics may hold together.
    pub stored: usize,
    /// A connection that has begun something (request, login) and does not end it within this time is closed.
    pub patience: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { connections: CONNECTIONS, payload: 1 << 20, topics: TOPICS, stored: STORED, patience: Duration::from_secs(30) }
    }
}

impl Limits {
    /// Those of a trial: the plan knows its connections and its memory, and has refused what this machine cannot hold.
    pub fn of_a_trial() -> Self {
        Self { connections: usize::MAX, stored: usize::MAX, ..Self::default() }
    }
}
