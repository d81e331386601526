//! What harness and sides say to each other: small, typed, versioned; knows nothing of what carries it.

use std::net::SocketAddr;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::contender::ServerAddress;
use crate::measure::clock::Instant;
use crate::measure::distribution::Distribution;
use crate::measure::memory::MemoryRecord;
use crate::measure::process::Cpu;
use crate::measure::recording::{Deliveries, Phases, Role, Second, Times, TrialKind};
use crate::measure::traffic::Traffic;
use crate::scenario::LoadPoint;

/// Version of this protocol. Both ends are the same binary; the number catches the case that they are not.
pub const VERSION: u32 = 1;

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
    Tick(Option<Box<Second>>),
    /// Ended as planned or as told.
    Done(Box<SideReport>),
    /// Cannot go on.
    Fail {
        /// Why.
        why: String,
    },
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
