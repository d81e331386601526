//! What a scenario may say of `webhook`, and what then is to be expected.

use std::time::Duration;

use crate::contender::client::Client;
use crate::contender::settings::{Kind, Setting, Values};
use crate::contender::{Forecast, Load};
use crate::protocols::http::caller::Carriage;
use crate::protocols::http::forecast;
use crate::protocols::http::settings::{CROSS_ORIGIN, cross_origin};

const PING: &str = "ping";
const SIGNATURE: &str = "signature";
const LEASE: &str = "lease";
const CONNECTIONS: &str = "connections";
const QUEUE: &str = "queue";
const CALLBACKS: &str = "callbacks";

/// All of them.
pub(super) const ALL: &[Setting] = &[
    Setting {
        name: PING,
        kind: Kind::Choice(&["fat", "light"]),
        default: Some("fat"),
        about: "What a callback carries: the payload, or only word that the topic has changed, which a conditional GET follows.",
    },
    Setting {
        name: SIGNATURE,
        kind: Kind::Choice(&["sha256", "none"]),
        default: Some("sha256"),
        about: "Whether subscribers give the hub a secret, with which it signs each callback and they check it (HMAC).",
    },
    Setting {
        name: LEASE,
        kind: Kind::Duration,
        default: Some("24h"),
        about: "How long a subscription lasts, in scenario time; it is renewed once in each half of that, not all at the same instant.",
    },
    Setting {
        name: CONNECTIONS,
        kind: Kind::Count,
        default: Some("1"),
        about: "Connections that the hub holds to each subscriber, and so callbacks under way to it at once; those of a topic never overtake each other.",
    },
    Setting {
        name: QUEUE,
        kind: Kind::Count,
        default: Some("1000"),
        about: "Callbacks that wait for each of these connections at most; beyond, the oldest are given up.",
    },
    Setting {
        name: CALLBACKS,
        kind: Kind::Choice(&["own-address", "any"]),
        default: Some("own-address"),
        about: "Where the hub may call: only the address that subscribes, or any that it names (others could then make the hub call whom they like).",
    },
    CROSS_ORIGIN,
];

/// The settings, read.
#[derive(Clone)]
pub(super) struct Settings {
    pub light: bool,
    pub signed: bool,
    /// Scenario time.
    pub lease: Duration,
    pub connections: usize,
    pub queue: usize,
    pub own_address: bool,
    pub carriage: Carriage,
    pub cross_origin: bool,
}

impl Settings {
    /// Reads [`ALL`].
    pub fn read(values: &Values) -> Self {
        Self {
            light: values.text(PING) == "light",
            signed: values.text(SIGNATURE) == "sha256",
            lease: values.duration(LEASE),
            connections: values.count(CONNECTIONS) as usize,
            queue: values.count(QUEUE) as usize,
            own_address: values.text(CALLBACKS) == "own-address",
            carriage: Carriage::new(Client::Lean),
            cross_origin: cross_origin(values),
        }
    }
}

/// A callback and its answer for each update, with light pings a GET and its answer as well; for each renewal a request, a verification and their answers.
/// Set-up is the same for each subscription, and a GET.
pub(super) fn forecast(load: &Load, settings: &Settings) -> Forecast {
    let renewals = (load.subscriptions + load.subscribers) * (2.0 * load.span.as_secs_f64() / settings.lease.as_secs_f64()).ceil() as u64;
    let fetches = if settings.light { load.deliveries } else { 0 };
    let own = Forecast {
        at_most: true,
        requests: fetches + renewals,
        messages: 2 * load.deliveries + 2 * fetches + 4 * renewals,
        setup_messages: 6 * (load.subscriptions + load.subscribers),
        ..Forecast::default()
    };
    // Those of its own, those that the hub opens, and a listener.
    forecast::held(load, own, load.connections + settings.connections as u64 + 1)
}
