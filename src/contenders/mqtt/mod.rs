//! `mqtt`: MQTT 3.1.1 and 5, quality of service 0 and 1. The broker tells; nobody asks.
//!
//! A topic is an MQTT topic, its latest value is retained, so that version 0 needs no fetch. The clients are the library rumqttc's, the
//! broker is our own.

pub(crate) mod broker;
pub(crate) mod filter;
mod link;
mod listener;
pub(crate) mod packets;
mod publisher;
mod server;
pub(crate) mod session;
pub(crate) mod settings;
mod subscriber;
pub(crate) mod wire;

use std::rc::Rc;
use std::time::Duration;

use async_trait::async_trait;

use crate::contender::inbox::Inbox;
use crate::contender::pace::Pace;
use crate::contender::settings::{Setting, SettingsError, Values};
use crate::contender::{
    Contender, Direction, Fault, Forecast, Load, Protocol, Publisher, PublisherSeat, ServerAddress, ServerSeat, Subscriber, SubscriberSeat,
};
use link::Caller;
use publisher::MqttPublisher;
use settings::{SETTINGS, Settings};
use subscriber::{MqttSubscriber, TOPICS_AT_ONCE};

/// The registry's entry.
pub struct Mqtt;

impl Contender for Mqtt {
    fn name(&self) -> &'static str {
        "mqtt"
    }

    fn about(&self) -> &'static str {
        "MQTT (3.1.1 or 5): the broker sends each update to every subscriber, once, and may have each acknowledged."
    }

    fn direction(&self) -> Direction {
        Direction::Push
    }

    fn settings(&self) -> &'static [Setting] {
        SETTINGS
    }

    fn invitation(&self, socket: &str) -> String {
        format!("mqtt://{socket}, MQTT 3.1.1 and 5, no login")
    }

    fn protocol(&self, values: &Values) -> Result<Rc<dyn Protocol>, SettingsError> {
        Ok(Rc::new(MqttProtocol { settings: Settings::read(values) }))
    }
}

struct MqttProtocol {
    settings: Settings,
}

impl MqttProtocol {
    fn caller(&self, server: &ServerAddress, client: String, inbox: Rc<dyn Inbox>, timeout: Duration, pace: Pace) -> Caller {
        Caller { server: server.socket.clone(), client, settings: self.settings, inbox, timeout, pace }
    }
}

#[async_trait(?Send)]
impl Protocol for MqttProtocol {
    async fn serve(&self, seat: ServerSeat) -> Result<(), Fault> {
        server::serve(seat).await
    }

    async fn publisher(&self, seat: PublisherSeat) -> Result<Box<dyn Publisher>, Fault> {
        let caller = self.caller(&seat.server, format!("publisher-{:04}", seat.index), seat.inbox, seat.timeout, seat.pace);
        Ok(Box::new(MqttPublisher::connect(caller).await?))
    }

    async fn subscriber(&self, seat: SubscriberSeat) -> Result<Box<dyn Subscriber>, Fault> {
        let caller = self.caller(&seat.server, format!("subscriber-{:06}", seat.index), seat.inbox, seat.timeout, seat.pace);
        Ok(Box::new(MqttSubscriber::connect(caller, &seat.topics).await?))
    }

    fn forecast(&self, load: &Load) -> Forecast {
        // One connection each, however many they may hold: it carries any number of topics.
        let connections = load.subscribers + load.publishers;
        let values = load.subscriptions + load.subscribers;
        let wishes = values / load.subscribers.max(1) / TOPICS_AT_ONCE as u64 + 1;
        let per_update = if self.settings.acknowledged { 2 } else { 1 };
        // A ping and its answer. With compression the library pings less often than the scenario says.
        let pings = (load.span.as_secs_f64() / self.settings.keep_alive.as_secs_f64()) as u64;
        Forecast {
            at_most: pings > 0,
            requests: 0,
            messages: per_update * load.deliveries + 2 * pings * load.subscribers,
            setup_messages: 2 * connections + 2 * wishes * load.subscribers + per_update * values + 2 * (load.topics + 1),
            server_descriptors: connections + 1,
            subscriber_descriptors: load.subscribers,
            memory: connections * (server::MEMORY_PER_CONNECTION + link::MEMORY_PER_CONNECTION)
                + load.topics * (server::MEMORY_PER_TOPIC + load.payload)
                + values * server::MEMORY_PER_SUBSCRIPTION,
        }
    }
}
