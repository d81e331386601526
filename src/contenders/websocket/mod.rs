//! `websocket`: a server of topics over WebSocket (RFC 6455). The server tells; nobody asks.
//!
//! A client subscribes to many topics with one message; an update is a message to each who listens. The value that a topic has is
//! the answer to a subscription, so that version 0 needs no fetch. A publisher speaks over the same kind of connection.

pub(crate) mod hub;
mod link;
mod publisher;
mod server;
pub(crate) mod session;
mod settings;
mod subscriber;
pub(crate) mod words;

use std::rc::Rc;

use async_trait::async_trait;

use crate::contender::settings::{Setting, SettingsError, Values};
use crate::contender::{Contender, Direction, Fault, Forecast, Load, Protocol, Publisher, PublisherSeat, ServerSeat, Subscriber, SubscriberSeat};
use publisher::WebPublisher;
use settings::{SETTINGS, Settings};
use subscriber::{TOPICS_AT_ONCE, WebSubscriber};

/// The registry's entry.
pub struct WebSocket;

impl Contender for WebSocket {
    fn name(&self) -> &'static str {
        "websocket"
    }

    fn about(&self) -> &'static str {
        "WebSocket (RFC 6455): one connection for all topics; the server sends each update to every subscriber, once, as it is published."
    }

    fn direction(&self) -> Direction {
        Direction::Push
    }

    fn settings(&self) -> &'static [Setting] {
        SETTINGS
    }

    fn invitation(&self, socket: &str) -> String {
        format!("ws://{socket}{}, subprotocol pushbench.json or pushbench.binary", session::PATH)
    }

    fn protocol(&self, values: &Values) -> Result<Rc<dyn Protocol>, SettingsError> {
        Ok(Rc::new(WebSocketProtocol { settings: Settings::read(values) }))
    }
}

struct WebSocketProtocol {
    settings: Settings,
}

#[async_trait(?Send)]
impl Protocol for WebSocketProtocol {
    async fn serve(&self, seat: ServerSeat) -> Result<(), Fault> {
        server::serve(self.settings, seat).await
    }

    async fn publisher(&self, seat: PublisherSeat) -> Result<Box<dyn Publisher>, Fault> {
        Ok(Box::new(WebPublisher::connect(self.settings, seat).await?))
    }

    async fn subscriber(&self, seat: SubscriberSeat) -> Result<Box<dyn Subscriber>, Fault> {
        Ok(Box::new(WebSubscriber::connect(self.settings, seat).await?))
    }

    fn forecast(&self, load: &Load) -> Forecast {
        // One connection each, however many they may hold: a WebSocket carries any number of topics.
        let connections = load.subscribers + load.publishers;
        let probes = load.subscribers;
        let values = load.subscriptions + probes;
        let wishes = values / load.subscribers.max(1) / TOPICS_AT_ONCE as u64 + 1;
        let heartbeats = (load.span.as_secs_f64() / self.settings.heartbeat.as_secs_f64()) as u64;
        Forecast {
            at_most: false,
            requests: 0,
            // A ping and its pong for each heartbeat.
            messages: load.deliveries + 2 * heartbeats * load.subscribers,
            // A handshake is two messages; then wishes and their answers, and the values; a topic is published to once and acknowledged.
            setup_messages: 2 * connections + 2 * wishes * load.subscribers + values + 2 * (load.topics + 1),
            server_descriptors: connections + 1,
            subscriber_descriptors: load.subscribers,
            memory: connections * (server::MEMORY_PER_CONNECTION + link::MEMORY_PER_CONNECTION)
                + load.topics * (server::MEMORY_PER_TOPIC + load.payload)
                + values * server::MEMORY_PER_SUBSCRIPTION,
        }
    }
}
