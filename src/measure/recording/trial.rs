//! What one trial came to: traffic, deliveries, times, the time-line, and the comparisons that must hold.

use serde::{Deserialize, Serialize};

use super::staleness::Staleness;
use crate::measure::distribution::Distribution;
use crate::measure::memory::MemoryRecord;
use crate::measure::process::Cpu;
use crate::measure::recording::SurroundingsRecord;
use crate::measure::traffic::Traffic;

/// What a trial is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TrialKind {
    /// To be measured, and shown.
    #[default]
    Measured,
    /// A contender that is connected and subscribed, with no update: what it costs when nothing changes.
    Idle,
    /// Sides that start and tick, and no contender: what the harness costs.
    Null,
}

/// One contender at one load point, once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trial {
    /// What it is for.
    #[serde(default)]
    pub kind: TrialKind,
    /// Name of the contender; empty in a null trial, which has none.
    pub contender: String,
    /// `key=value;key=value`, empty without a sweep.
    pub load_point: String,
    /// 1, 2, 3 …
    pub repeat: u32,
    /// UTC time of its start, RFC 3339.
    pub started: String,
    /// Whether the window was measured to its end. Only complete trials count in reports.
    pub complete: bool,
    /// Size and times of the workload at this load point.
    pub workload: WorkloadRecord,
    /// SHA-256 of the trace, in hexadecimal.
    pub trace_sha256: String,
    /// The processes (or, for contenders in memory, the tasks) of the trial.
    pub sides: Vec<SideRecord>,
    /// What became of the expected deliveries.
    pub deliveries: Deliveries,
    /// Subscribers' traffic by the clients' count. Requests and their responses by the intended instant,
    /// notifications by the due time of their update, all else by the instant it happened.
    pub subscriber_traffic: Phases<Traffic>,
    /// Subscribers' traffic by the server's own count, by the instant it happened; absent without a server of ours.
    pub subscriber_traffic_by_server: Option<Phases<Traffic>>,
    /// Publishers' traffic by the clients' count.
    pub publisher_traffic: Phases<Traffic>,
    /// Publishers' traffic by the server's own count.
    pub publisher_traffic_by_server: Option<Phases<Traffic>>,
    /// Traffic of observers who belong to no side, by the server's count; each has a connection of its own.
    #[serde(default)]
    pub witness_traffic: Phases<Traffic>,
    /// Exchanges of the window: a request with its response, or one message from the server unasked.
    pub exchanges: u64,
    /// Exchanges of the window that brought nothing new.
    pub wasted: u64,
    /// Requests that got no response in time, or none at all, all phases.
    pub failed_requests: u64,
    /// Requests that the plan has in the window (0 for push).
    pub requests_planned: u64,
    /// Updates of the window that were published.
    pub published: u64,
    /// Updates of the window in the trace.
    pub updates: u64,
    /// The subscribers' connections that were open at once at most within the window, by the server's count.
    pub connections_held: u64,
    /// The times.
    pub times: Times,
    /// One-second slices, from the start of the warm-up to the end of the drain.
    pub timeline: Vec<Second>,
    /// Comparisons that must hold, and whether they did.
    pub checks: Vec<Check>,
    /// What else went on on the machine within the window; absent in virtual time, and in recordings of older versions.
    #[serde(default)]
    pub surroundings: Option<SurroundingsRecord>,
    /// Where the server listened, such as `127.0.0.1:7700`; absent without a server of ours.
    #[serde(default)]
    pub server_address: Option<String>,
    /// When the window began, in nanoseconds of CLOCK_MONOTONIC (or of the virtual clock).
    #[serde(default)]
    pub window_began: Option<i64>,
}

/// Size and times of a workload.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkloadRecord {
    /// Topics that exist.
    pub topics: u64,
    /// Topics that have updates.
    pub active_topics: u64,
    /// Subscribers.
    pub subscribers: u64,
    /// (subscriber, topic) pairs.
    pub subscriptions: u64,
    /// Size of a payload in bytes.
    pub payload: u64,
    /// Warm-up in measured seconds.
    pub warm_up: f64,
    /// The window W in measured seconds.
    pub window: f64,
    /// The drain in measured seconds.
    pub drain: f64,
    /// Poll interval in measured seconds, where the contender polls.
    pub interval: Option<f64>,
}

/// One value for each phase of a trial.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Phases<T> {
    /// Connect, authenticate, create, subscribe, first fetch, probe.
    pub setup: T,
    /// Load like the window's, not measured.
    pub warm_up: T,
    /// The window W.
    pub window: T,
    /// After W: what was due in it may still arrive.
    pub drain: T,
}

/// Which phase of a trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// Before the warm-up.
    Setup,
    /// Before the window.
    WarmUp,
    /// The window W.
    Window,
    /// After the window.
    Drain,
}

impl<T> Phases<T> {
    /// The value of a phase.
    pub fn of(&self, phase: Phase) -> &T {
        match phase {
            Phase::Setup => &self.setup,
            Phase::WarmUp => &self.warm_up,
            Phase::Window => &self.window,
            Phase::Drain => &self.drain,
        }
    }

    /// The value of a phase, to be changed.
    pub fn of_mut(&mut self, phase: Phase) -> &mut T {
        match phase {
            Phase::Setup => &mut self.setup,
            Phase::WarmUp => &mut self.warm_up,
            Phase::Window => &mut self.window,
            Phase::Drain => &mut self.drain,
        }
    }
}

impl Phases<Traffic> {
    /// Adds another's, phase by phase.
    pub fn merge(&mut self, other: &Self) {
        for phase in [Phase::Setup, Phase::WarmUp, Phase::Window, Phase::Drain] {
            *self.of_mut(phase) += other.of(phase);
        }
    }

    /// All phases together.
    pub fn total(&self) -> Traffic {
        &(&self.setup + &self.warm_up) + &(&self.window + &self.drain)
    }
}

/// What a side is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Serves.
    Server,
    /// Makes updates.
    Publisher,
    /// Wants updates.
    Subscriber,
}

impl Role {
    /// `server`, `publisher`, `subscriber`: as metric names have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Publisher => "publisher",
            Self::Subscriber => "subscriber",
        }
    }
}

/// One side of a trial and what it used.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SideRecord {
    /// What it is for.
    pub role: Role,
    /// Which of its kind, from 0.
    pub index: u32,
    /// Cores it was pinned to.
    pub cores: Vec<usize>,
    /// The network namespace it was in; absent where that was the harness's own.
    #[serde(default)]
    pub namespace: Option<String>,
    /// CPU seconds; absent where the side is no process of its own.
    pub cpu: Option<Phases<Cpu>>,
    /// Peak resident memory in bytes, the trial over; absent where the side is no process of its own.
    pub memory_peak: Option<u64>,
    /// Memory before the set-up and at the edges of the window; absent where the side is no process of its own.
    #[serde(default)]
    pub memory: Option<MemoryRecord>,
    /// Pages that had to be read from a disk within the window; absent where the side is no process of its own.
    #[serde(default)]
    pub major_faults: Option<u64>,
    /// Memory of it that was swapped out at the end of the window, in bytes; likewise.
    #[serde(default)]
    pub swapped: Option<u64>,
    /// How late a timer of its thread came, once a second within the window: what held up the timer held up everything.
    #[serde(default)]
    pub beat_lag: Option<Distribution>,
    /// How late the snapshots at the edges of the window were taken, the later one, in seconds.
    #[serde(default)]
    pub edge_lag: Option<f64>,
}

/// What became of the expected deliveries of the window: (update, subscription) pairs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deliveries {
    /// Updates of the window times subscriptions to their topics.
    pub expected: u64,
    /// Arrived, as a version newer than what was held.
    pub delivered: u64,
    /// A later version came first or instead.
    pub coalesced: u64,
    /// Neither.
    pub lost: u64,
    /// Arrived again, unasked.
    pub duplicated: u64,
    /// Arrived after a later version of their topic.
    pub reordered: u64,
    /// First values: version 0, last item on subscribe.
    pub catch_up: u64,
    /// Payloads that nobody could have sent: unknown topic, version never published, broken stamp.
    pub corrupt: u64,
}

impl Deliveries {
    /// Adds another's.
    pub fn merge(&mut self, other: &Self) {
        self.expected += other.expected;
        self.delivered += other.delivered;
        self.coalesced += other.coalesced;
        self.lost += other.lost;
        self.duplicated += other.duplicated;
        self.reordered += other.reordered;
        self.catch_up += other.catch_up;
        self.corrupt += other.corrupt;
    }
}

/// Distributions of times of a trial's window (`time_to_current`: of its set-up).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Times {
    /// Due until the subscriber had it, or a later one: delivered and coalesced.
    pub latency: Distribution,
    /// Due until the intended instant of the request that carried it.
    pub wait: Distribution,
    /// Latency less wait.
    pub transit: Distribution,
    /// Wait × compression + transit.
    pub scenario_latency: Distribution,
    /// Requests: intended until sent.
    pub lag: Distribution,
    /// Updates: due until handed to the publisher's connection.
    pub publish_lag: Distribution,
    /// Requests: sent until the response was complete.
    pub service: Distribution,
    /// Requests: intended until the response was complete.
    pub response: Distribution,
    /// From nothing to a first value of every topic: one sample per subscriber.
    pub time_to_current: Distribution,
    /// How long views were out of date.
    #[serde(default)]
    pub staleness: Staleness,
}

impl Times {
    /// Adds another's samples.
    pub fn merge(&mut self, other: &Self) {
        self.latency.merge(&other.latency);
        self.wait.merge(&other.wait);
        self.transit.merge(&other.transit);
        self.scenario_latency.merge(&other.scenario_latency);
        self.lag.merge(&other.lag);
        self.publish_lag.merge(&other.publish_lag);
        self.service.merge(&other.service);
        self.response.merge(&other.response);
        self.time_to_current.merge(&other.time_to_current);
        self.staleness.merge(&other.staleness);
    }
}

/// What happened within one second, all sides together.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Second {
    /// Which second, counted from the start of the window; negative in the warm-up.
    pub second: i64,
    /// Messages on the subscribers' leg, both ways, by the clients' count.
    pub messages: u64,
    /// Requests among them.
    pub requests: u64,
    /// Deliveries (any due time).
    pub deliveries: u64,
    /// Bytes on the subscribers' leg, both ways, by the server's count.
    pub bytes: u64,
    /// CPU seconds of each kind of side.
    pub cpu: PerRole<f64>,
    /// Resident memory of each kind of side at the end of the second, bytes.
    pub memory: PerRole<u64>,
    /// Latency of what was delivered in this second; absent where nothing was.
    pub latency: Option<Distribution>,
    /// Connections of subscribers that were open at the end of the second, by the server's count; absent without a server of ours, and in
    /// recordings of older versions.
    #[serde(default)]
    pub connections: Option<u64>,
}

/// One value for each kind of side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PerRole<T> {
    /// Server.
    pub server: T,
    /// All publishers.
    pub publisher: T,
    /// All subscribers.
    pub subscriber: T,
}

impl<T> PerRole<T> {
    /// The value of a role.
    pub fn of(&self, role: Role) -> &T {
        match role {
            Role::Server => &self.server,
            Role::Publisher => &self.publisher,
            Role::Subscriber => &self.subscriber,
        }
    }

    /// The value of a role, to be changed.
    pub fn of_mut(&mut self, role: Role) -> &mut T {
        match role {
            Role::Server => &mut self.server,
            Role::Publisher => &mut self.publisher,
            Role::Subscriber => &mut self.subscriber,
        }
    }
}

impl Second {
    /// Adds what another side did in the same second.
    pub fn merge(&mut self, other: &Self) {
        self.messages += other.messages;
        self.requests += other.requests;
        self.deliveries += other.deliveries;
        self.bytes += other.bytes;
        for role in [Role::Server, Role::Publisher, Role::Subscriber] {
            *self.cpu.of_mut(role) += other.cpu.of(role);
            *self.memory.of_mut(role) += other.memory.of(role);
        }
        match (&mut self.latency, &other.latency) {
            (Some(mine), Some(theirs)) => mine.merge(theirs),
            (mine @ None, theirs) => mine.clone_from(theirs),
            (Some(_), None) => {}
        }
        // Only the server tells.
        self.connections = self.connections.or(other.connections);
    }
}

/// A comparison that must hold in every trial.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// What is compared, such as `requests, whole trial`.
    pub what: String,
    /// One count, and whose it is.
    pub left: (String, u64),
    /// The other count, and whose it is.
    pub right: (String, u64),
    /// Whether they are equal.
    pub holds: bool,
}

impl Check {
    /// Compares two counts.
    pub fn equal(what: &str, left: (&str, u64), right: (&str, u64)) -> Self {
        Self { what: what.to_owned(), left: (left.0.to_owned(), left.1), right: (right.0.to_owned(), right.1), holds: left.1 == right.1 }
    }
}
