//! The contract of a contender: one way of getting updates from publisher to subscriber. No protocol in here.
//!
//! The harness owns everything that decides who wins: the clock, the stamp inside the payload, pacing, warm-up,
//! histograms, counting, socket options, and where the server half runs. A contender moves opaque bytes.
//! It has three halves that meet only in an address: a server, a publisher and a subscriber; each may run in
//! a process of its own. Everything of a side runs on one thread, so that nothing here needs to be `Send`.

pub mod client;
pub mod counted;
pub mod inbox;
mod limits;
pub mod pace;
pub mod pacer;
pub mod settings;
pub mod socket;
pub mod topic;

use std::num::NonZeroUsize;
use std::rc::Rc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::measure::clock::Clock;
use crate::measure::ledger::Ledger;
pub use crate::measure::recording::Direction;
use inbox::Inbox;
pub use limits::Limits;
use pace::Pace;
use pacer::Pacer;
use settings::{Setting, SettingsError, Values};
use topic::Topic;

/// An entry of the registry `contenders::ALL`.
pub trait Contender: Sync {
    /// The mechanism's name: what a scenario says in `use`.
    fn name(&self) -> &'static str;

    /// One sentence for `pushbench list`.
    fn about(&self) -> &'static str;

    /// Who moves first.
    fn direction(&self) -> Direction;

    /// The settings it takes; anything else in its table is an error.
    fn settings(&self) -> &'static [Setting];

    /// How others reach its server at `socket` (`127.0.0.1:4711`), for `pushbench serve`.
    fn invitation(&self, socket: &str) -> String {
        socket.to_owned()
    }

    /// Parses the settings into the thing itself.
    ///
    /// # Errors
    /// A setting has a value that is not allowed, or two do not go together.
    fn protocol(&self, values: &Values) -> Result<Rc<dyn Protocol>, SettingsError>;
}

/// A contender with its settings.
#[async_trait(?Send)]
pub trait Protocol {
    /// Serves until stopped. Returning means that all handlers are done, within a second of `seat.stop`.
    ///
    /// # Errors
    /// The server cannot go on.
    async fn serve(&self, seat: ServerSeat) -> Result<(), Fault>;

    /// Connects a publisher.
    ///
    /// # Errors
    /// The server refuses or cannot be reached.
    async fn publisher(&self, seat: PublisherSeat) -> Result<Box<dyn Publisher>, Fault>;

    /// Connects a subscriber, subscribes it, and fetches a first value of every topic (or leaves the server to
    /// send it). Returns once no update from now on can pass it by unseen.
    ///
    /// # Errors
    /// The server refuses or cannot be reached.
    async fn subscriber(&self, seat: SubscriberSeat) -> Result<Box<dyn Subscriber>, Fault>;

    /// How long news may lie before anybody looks, in scenario time: the poll interval, or the longest one; `None` where
    /// nobody polls. The drain waits for so long.
    fn interval(&self) -> Option<Duration> {
        None
    }

    /// Whether it lives in the harness's own process, without sockets.
    fn in_memory(&self) -> bool {
        false
    }

    /// What it will send and hold under a load, for `pushbench check`.
    fn forecast(&self, load: &Load) -> Forecast;
}

/// The publishing half of a connection.
#[async_trait(?Send)]
pub trait Publisher {
    /// Makes topics exist with a first payload each. Called once for each batch, before any update.
    ///
    /// # Errors
    /// The server refuses or is gone.
    async fn create(&self, topics: Vec<(Topic, Bytes)>) -> Result<(), Fault>;

    /// Publishes an update and returns when the server has it. Calls overlap: at most [`PublisherSeat::connections`] at once per connection it holds.
    ///
    /// # Errors
    /// The server refuses or is gone.
    async fn publish(&self, topic: Topic, payload: Bytes) -> Result<(), Fault>;

    /// Says goodbye; after this the server holds nothing of it. At most a second.
    async fn close(&self);
}

/// A connected subscriber.
#[async_trait(?Send)]
pub trait Subscriber {
    /// Runs until stopped: asks when the pacer says so, or listens. Everything ends in the inbox.
    ///
    /// # Errors
    /// The server is gone or breaks the protocol.
    async fn run(&mut self, stop: CancellationToken) -> Result<(), Fault>;

    /// Says goodbye; at most a second. What is still to come in is not lost: the drain is over by then.
    async fn close(&mut self);
}

/// What a server half gets.
pub struct ServerSeat {
    /// Bound by the harness.
    pub listener: TcpListener,
    /// Set when to stop.
    pub stop: CancellationToken,
    /// Counts everything that crosses its connections.
    pub ledger: Ledger,
    /// Limits that protect the server, in bytes and numbers.
    pub limits: Limits,
    /// Turns the scenario's durations (windows, heartbeats, leases) into measured ones.
    pub pace: Pace,
}

/// Where a server is to be found, and as whom.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerAddress {
    /// `127.0.0.1:4711`; empty for contenders in memory.
    pub socket: String,
}

/// What a publisher half gets.
pub struct PublisherSeat {
    /// The server.
    pub server: ServerAddress,
    /// Which publisher, from 0.
    pub index: u32,
    /// How many connections it may hold, and how many publications may be under way at once.
    pub connections: NonZeroUsize,
    /// Counts what it sends and gets; payloads are none of its business.
    pub inbox: Rc<dyn Inbox>,
    /// How long to wait for an answer, in measured time.
    pub timeout: Duration,
    /// For delays that belong to the mechanism; never for stamps.
    pub clock: Rc<dyn Clock>,
    /// Turns the scenario's durations (heartbeats, leases) into measured ones.
    pub pace: Pace,
}

/// What a subscriber half gets.
pub struct SubscriberSeat {
    /// The server.
    pub server: ServerAddress,
    /// Which subscriber, from 0.
    pub index: u32,
    /// What it wants; [`Topic::PROBE`] is among them.
    pub topics: Rc<[Topic]>,
    /// How many connections it may hold.
    pub connections: NonZeroUsize,
    /// Where everything ends: payloads and counts.
    pub inbox: Rc<dyn Inbox>,
    /// Says when to ask.
    pub pacer: Rc<dyn Pacer>,
    /// How long to wait for an answer, in measured time.
    pub timeout: Duration,
    /// For delays that belong to the mechanism; never for stamps.
    pub clock: Rc<dyn Clock>,
    /// Turns the scenario's durations (heartbeats, leases) into measured ones.
    pub pace: Pace,
}

/// A load, in numbers, for a forecast. Scenario figures of the window.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// Subscribers.
    pub subscribers: u64,
    /// Connections that each subscriber may hold.
    pub connections: u64,
    /// Publishers, and connections of each.
    pub publishers: u64,
    /// Connections of each publisher.
    pub publisher_connections: u64,
    /// (subscriber, topic) pairs.
    pub subscriptions: u64,
    /// Topics.
    pub topics: u64,
    /// Updates of the window.
    pub updates: u64,
    /// Updates times their subscribers.
    pub deliveries: u64,
    /// The window in scenario time.
    pub span: Duration,
    /// Payload in bytes.
    pub payload: u64,
}

/// What a contender will send and hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Forecast {
    /// Whether requests and messages are the most there can be, because how many there will be depends on what happens.
    pub at_most: bool,
    /// Requests of the subscribers within the window.
    pub requests: u64,
    /// Messages of all kinds on the subscribers' side within the window, responses included.
    pub messages: u64,
    /// Messages of the set-up, subscribers' and publishers' leg.
    pub setup_messages: u64,
    /// Descriptors that the server must hold.
    pub server_descriptors: u64,
    /// Descriptors that all subscribers together must hold.
    pub subscriber_descriptors: u64,
    /// Memory of all sides together in bytes, a rough upper bound.
    pub memory: u64,
}

/// Why a half cannot go on.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Fault {
    /// The connection failed or ended.
    #[error("{what}: {why}")]
    Connection {
        /// What was being done.
        what: String,
        /// What the system or library says.
        why: String,
    },
    /// The peer refused.
    #[error("{what} was refused: {why}")]
    Refused {
        /// What was asked.
        what: String,
        /// The peer's reason.
        why: String,
    },
    /// The peer broke the protocol.
    #[error("{what}: the peer broke the protocol: {why}")]
    Protocol {
        /// What was being done.
        what: String,
        /// How.
        why: String,
    },
    /// No answer in time.
    #[error("{what}: no answer within {seconds} s")]
    Timeout {
        /// What was being done.
        what: String,
        /// How long was waited, seconds.
        seconds: f64,
    },
}

impl Fault {
    /// A connection that failed.
    pub fn connection(what: impl Into<String>, why: impl std::fmt::Display) -> Self {
        Self::Connection { what: what.into(), why: why.to_string() }
    }

    /// A refusal.
    pub fn refused(what: impl Into<String>, why: impl std::fmt::Display) -> Self {
        Self::Refused { what: what.into(), why: why.to_string() }
    }

    /// A breach of protocol.
    pub fn protocol(what: impl Into<String>, why: impl std::fmt::Display) -> Self {
        Self::Protocol { what: what.into(), why: why.to_string() }
    }

    /// A deadline missed.
    pub fn timeout(what: impl Into<String>, after: Duration) -> Self {
        Self::Timeout { what: what.into(), seconds: after.as_secs_f64() }
    }
}
