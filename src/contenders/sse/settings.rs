//! What a scenario may say of `sse`, and what then is to be expected.

use std::time::Duration;

use crate::contender::client::Client;
use crate::contender::settings::{Kind, Setting, Values};
use crate::contender::{Forecast, Load};
use crate::protocols::http::caller::Carriage;
use crate::protocols::http::forecast;
use crate::protocols::http::outbox::Keep;
use crate::protocols::http::settings::{CROSS_ORIGIN, cross_origin};

const HEARTBEAT: &str = "heartbeat";
const REPLAY: &str = "replay";
const RETRY: &str = "retry";

/// All of them.
pub(super) const ALL: &[Setting] = &[
    Setting {
        name: HEARTBEAT,
        kind: Kind::Duration,
        default: Some("15s"),
        about: "After how long without an event the server sends a comment, in scenario time.",
    },
    Setting {
        name: REPLAY,
        kind: Kind::Count,
        default: Some("1000"),
        about: "Updates that the server keeps for each subscriber, sent ones too: for those who come again, and for slow ones, who are cut off beyond.",
    },
    Setting {
        name: RETRY,
        kind: Kind::Duration,
        default: Some("3s"),
        about: "How soon whoever loses the stream is to come again, in scenario time; the server says so when a stream opens.",
    },
    CROSS_ORIGIN,
];

/// The settings, read.
pub(super) struct Settings {
    /// Scenario time.
    pub heartbeat: Duration,
    pub keep: Keep,
    /// Scenario time.
    pub retry: Duration,
    /// For subscribers: their streams come through a library.
    pub carriage: Carriage,
    /// For publishers.
    pub publishing: Carriage,
    pub cross_origin: bool,
}

impl Settings {
    /// Reads [`ALL`].
    pub fn read(values: &Values) -> Self {
        Self {
            heartbeat: values.duration(HEARTBEAT),
            keep: Keep::All(values.count(REPLAY) as usize),
            retry: values.duration(RETRY),
            carriage: Carriage::new(Client::Library),
            publishing: Carriage::new(Client::Lean),
            cross_origin: cross_origin(values),
        }
    }
}

/// An event for each update, and at most a heartbeat for each of its intervals. Set-up of a subscriber: two requests, and an event for each first value.
pub(super) fn forecast(load: &Load, heartbeat: Duration) -> Forecast {
    let heartbeats = load.subscribers * (load.span.as_secs_f64() / heartbeat.as_secs_f64()).ceil() as u64;
    let setup_messages = 4 * load.subscribers + load.subscriptions + load.subscribers;
    // The second connection asks for a stream, and says goodbye.
    forecast::held(load, Forecast { at_most: true, messages: load.deliveries + heartbeats, setup_messages, ..Forecast::default() }, 2)
}
