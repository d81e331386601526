//! What polling will send and hold: arithmetic for `pushbench check`.

use super::rhythm::Polls;
use crate::contender::{Forecast, Load};

/// Bytes per open connection, both ends and the kernel: hyper's server 12 kB, reqwest's share 22 kB, sockets 7.5 kB (measured).
const CONNECTION: u64 = 42_000;
/// Bytes per (subscriber, topic) pair: a URL, an entity tag, their allocations.
const SUBSCRIPTION: u64 = 400;
/// Bytes per topic on the server beside its payload: name, entity tag, dates, a place in the table.
const TOPIC: u64 = 500;
/// Descriptors of a process beside its connections: standard streams, listener, epoll, timers, the harness's pipe.
const SPARE: u64 = 16;

/// The forecast of a contender that asks for every topic so often. Set-up is one PUT for each topic
/// and one GET for each subscription, the probe topic included; polls of the probe phase are not foreseen.
pub fn polling(load: &Load, polls: Polls) -> Forecast {
    let requests = (load.subscriptions as f64 * polls.count).round() as u64;
    let subscriber_connections = load.subscribers * load.connections;
    let publisher_connections = load.publishers * load.publisher_connections;
    let first_fetches = load.subscriptions + load.subscribers;
    let topics = load.topics + 1;
    Forecast {
        at_most: polls.at_most,
        requests,
        messages: 2 * requests,
        setup_messages: 2 * (first_fetches + topics),
        server_descriptors: subscriber_connections + publisher_connections + SPARE,
        subscriber_descriptors: subscriber_connections + SPARE,
        memory: (subscriber_connections + publisher_connections) * CONNECTION + first_fetches * SUBSCRIPTION + topics * (TOPIC + load.payload),
    }
}

/// The forecast of a contender whose subscribers hold `connections` each, and keep something on the server for each of their topics.
/// `own` is what its subscribers send and get; added are one PUT for each topic, the probe included, descriptors and memory.
pub fn held(load: &Load, own: Forecast, connections: u64) -> Forecast {
    let subscriber_connections = load.subscribers * connections;
    let publisher_connections = load.publishers * load.publisher_connections;
    let topics = load.topics + 1;
    Forecast {
        setup_messages: own.setup_messages + 2 * topics,
        server_descriptors: subscriber_connections + publisher_connections + SPARE,
        subscriber_descriptors: subscriber_connections + SPARE,
        memory: (subscriber_connections + publisher_connections) * CONNECTION
            + (load.subscriptions + load.subscribers) * SUBSCRIPTION
            + topics * (TOPIC + load.payload),
        ..own
    }
}

/// The forecast of a contender whose subscribers each poll a shared resource so often, and then ask for what it has named: for each
/// update at most once, and for each topic at most once after each poll. Set-up is as above, with the shared resource asked for once by each.
pub fn named(load: &Load, polls: f64) -> Forecast {
    let shared = (load.subscribers as f64 * polls).ceil() as u64;
    let topics = load.deliveries.min((load.subscriptions as f64 * polls).ceil() as u64);
    let base = polling(load, Polls { count: 0.0, at_most: true });
    let requests = shared + topics;
    Forecast { requests, messages: 2 * requests, setup_messages: base.setup_messages + 2 * load.subscribers, ..base }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::rhythm::{Open, Rhythm as _};
    use super::*;

    #[test]
    fn friendfeed_asks_2_9_million_times_a_day() {
        let load = Load {
            subscribers: 1,
            connections: 64,
            publishers: 1,
            publisher_connections: 8,
            subscriptions: 45_754,
            topics: 45_754,
            updates: 6_721,
            deliveries: 6_721,
            span: Duration::from_secs(86_400),
            payload: 1_024,
        };
        let forecast = polling(&load, Open { interval: Duration::from_secs(22 * 60 + 42) }.polls(load.span));
        assert_eq!(forecast.requests, 2_902_456);
        assert_eq!(forecast.messages, 2 * 2_902_456);
        assert_eq!(forecast.setup_messages, 2 * (45_755 + 45_755));
        assert_eq!(forecast.server_descriptors, 64 + 8 + 16);
    }
}
