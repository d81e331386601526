//! What harness and sides say to each other: small, typed, versioned; knows nothing of what carries it.

use std::net::SocketAddr;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::contender::ServerAddress;
use crate::measure::clock::Instant;
use crate::measure::distribution::Distribution;
use crate::measure::handicap::Handicap;
use crate::measure::memory::MemoryRecord;
use crate::measure::process::Cpu;
use crate::measure::recording::{Deliveries, Phases, Role, Second, Times, TrialKind};
use crate::measure::traffic::Traffic;
use crate::scenario::LoadPoint;

/// Version of this protocol. Both ends are the same binary; the number catches the case that they are not.
pub const VERSION: u32 = 3;

/// What a side is to do: enough to work out its slice of the plan from the seed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assignment {
    /// The scenario's text.
    pub scenario: String,
    /// Its file name, for messages.
    pub name: String,
    /// Its folder, to which paths inside are relative.
    pub folder: PathBuf,
    /// The seed in force.
    pub seed: u64,
    /// The swept values of this trial.
    pub load_point: LoadPoint,
    /// Name of the contender.
    pub contender: String,
    /// What the trial is for.
    pub kind: TrialKind,
    /// What the side is for.
    pub role: Role,
    /// Which of its kind, from 0.
    pub index: u32,
    /// How many of its kind.
    pub of: u32,
    /// Where the server is; none for the server itself.
    pub server: Option<ServerAddress>,
    /// Where the server is to listen.
    pub listen: SocketAddr,
    /// The network namespace to enter; none for the harness's own.
    pub namespace: Option<String>,
    /// Cores to run on; empty where the side is no process of its own.
    pub cores: Vec<usize>,
    /// What it is made worse by on purpose.
    pub handicap: Handicap,
}

/// Harness → side.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ToSide {
    /// Connect, create, subscribe; answer `Ready`.
    Prepare(Box<Assignment>),
    /// Publisher: publish the probe. Subscriber: look for it; answer `Probed` when all have it.
    Probe,
    /// The window begins then; all other instants follow from the plan.
    Start {
        /// Start of the window.
        window: Instant,
    },
    /// End now; answer `Done`.
    Stop,
}

/// Side → harness.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FromSide {
    /// First word.
    Hello {
        /// [`VERSION`].
        version: u32,
    },
    /// Prepared.
    Ready {
        /// The server's address, from the server.
        server: Option<ServerAddress>,
        /// Hash of the trace that the side worked out.
        trace_sha256: String,
    },
    /// All subscribers of this side have seen the probe; or the publisher has published it.
    Probed,
    /// Alive; a second of the run has passed, where one is given.
    Tick(Option<Box<Passed>>),
    /// Ended as planned or as told.
    Done(Box<SideReport>),
    /// Cannot go on.
    Fail {
        /// Why.
        why: String,
    },
}

/// A second of the run that has passed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Passed {
    /// What the recording keeps of it.
    pub second: Second,
    /// What only those who watch are told.
    pub live: Live,
}

/// How far a side has come at the end of a second, for those who watch; no recording keeps it.
///
/// It must not cost the sides anything that could be measured: two counts that they keep anyhow, and the latest of the second, which is one
/// comparison for each request or publication of the window, next to a reading of the clock and an entry in a histogram that were there before.
/// What was expected so far the harness works out by itself, before the trial.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Live {
    /// Expected deliveries of the window that were delivered or coalesced so far.
    pub settled: u64,
    /// Requests without a response so far, all phases.
    pub failed: u64,
    /// How late the latest request of the second left, in seconds; `None` without a planned request of the window.
    pub lag: Option<f64>,
    /// How late the latest update of the second was handed over, in seconds; `None` without an update of the window.
    pub publish_lag: Option<f64>,
}

impl Passed {
    /// Adds what another side tells of the same second.
    pub fn merge(&mut self, other: &Self) {
        let later = |one: Option<f64>, other: Option<f64>| one.into_iter().chain(other).reduce(f64::max);
        self.second.merge(&other.second);
        self.live = Live {
            settled: self.live.settled + other.live.settled,
            failed: self.live.failed + other.live.failed,
            lag: later(self.live.lag, other.live.lag),
            publish_lag: later(self.live.publish_lag, other.live.publish_lag),
        };
    }
}

/// All that a side has measured. Fields that its role does not fill are empty.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SideReport {
    /// CPU seconds of each phase; absent where the side is no process of its own.
    pub cpu: Option<Phases<Cpu>>,
    /// Peak resident memory in bytes; likewise.
    pub memory_peak: Option<u64>,
    /// Memory before the set-up and at the edges of the window; likewise.
    pub memory: Option<MemoryRecord>,
    /// Major page faults within the window; likewise.
    pub major_faults: Option<u64>,
    /// Bytes swapped out at the end of the window; likewise.
    pub swapped: Option<u64>,
    /// How late the beats within the window came.
    pub beat_lag: Distribution,
    /// How late the beats at the edges of the window came, the later one, in seconds.
    pub edge_lag: f64,
    /// Subscribers' traffic.
    pub subscriber_traffic: Phases<Traffic>,
    /// Publishers' traffic.
    pub publisher_traffic: Phases<Traffic>,
    /// Traffic of observers who belong to no side, by the server's count.
    pub witness_traffic: Phases<Traffic>,
    /// What became of the expected deliveries.
    pub deliveries: Deliveries,
    /// Exchanges of the window.
    pub exchanges: u64,
    /// Exchanges of the window that brought nothing new.
    pub wasted: u64,
    /// Requests without a response.
    pub failed_requests: u64,
    /// Requests that the plan has in the window.
    pub requests_planned: u64,
    /// Updates of the window that were published.
    pub published: u64,
    /// Connections of subscribers open at once at most within the window.
    pub connections_held: u64,
    /// The times.
    pub times: Times,
}

impl SideReport {
    /// Adds another side's of the same role.
    pub fn merge(&mut self, other: &Self) {
        self.subscriber_traffic.merge(&other.subscriber_traffic);
        self.publisher_traffic.merge(&other.publisher_traffic);
        self.deliveries.merge(&other.deliveries);
        self.exchanges += other.exchanges;
        self.wasted += other.wasted;
        self.failed_requests += other.failed_requests;
        self.requests_planned += other.requests_planned;
        self.published += other.published;
        self.connections_held += other.connections_held;
        self.times.merge(&other.times);
    }
}
