//! `xmpp-pubsub`: XEP-0060 over TCP. The server tells; nobody asks.
//!
//! A topic is a node; an update is an item published to it; a subscriber gets it as a message. The server keeps the last
//! item of each node and sends it to whoever subscribes, so that version 0 needs no fetch.
//!
//! There are two clients: tokio-xmpp's, as an application would use it (`library`), and a lean one of our own (`lean`).
//! What they have in common (`publisher`, `subscriber`) knows a stream as a `link` only: both count alike.

pub(crate) mod authentication;
pub(crate) mod lean;
mod library;
pub(crate) mod link;
mod publisher;
mod server;
pub(crate) mod settings;
mod subscriber;

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use async_trait::async_trait;

use crate::contender::client::Client;
use crate::contender::inbox::Inbox;
use crate::contender::settings::{Setting, SettingsError, Values};
use crate::contender::{
    Contender, Direction, Fault, Forecast, Load, Protocol, Publisher, PublisherSeat, ServerAddress, ServerSeat, Subscriber, SubscriberSeat,
};
use lean::link::LeanLink;
use library::link::LibraryLink;
use link::Caller;
use publisher::PubSubPublisher;
use settings::{SETTINGS, Settings};
use subscriber::PubSubSubscriber;

/// Bytes that the lean client reads at once.
const READ: usize = 64 * 1024;

/// The registry's entry.
pub struct XmppPubSub;

impl Contender for XmppPubSub {
    fn name(&self) -> &'static str {
        "xmpp-pubsub"
    }

    fn about(&self) -> &'static str {
        "XMPP PubSub (XEP-0060) over TCP: the server sends each update to every subscriber, once, as it is published."
    }

    fn direction(&self) -> Direction {
        Direction::Push
    }

    fn settings(&self) -> &'static [Setting] {
        SETTINGS
    }

    fn invitation(&self, socket: &str) -> String {
        format!("{socket}, domain localhost, service pubsub.localhost, any user, password as set or \"secret\"")
    }

    fn protocol(&self, values: &Values) -> Result<Rc<dyn Protocol>, SettingsError> {
        let settings = Settings::read(values);
        let read = if settings.client == Client::Lean { READ } else { 0 };
        Ok(Rc::new(PubSubProtocol { settings, buffer: Rc::new(RefCell::new(vec![0; read].into())) }))
    }
}

struct PubSubProtocol {
    settings: Settings,
    /// The lean client's read buffer: one for all connections.
    buffer: Rc<RefCell<Box<[u8]>>>,
}

impl PubSubProtocol {
    fn caller<'a>(&'a self, server: &'a ServerAddress, user: String, inbox: Rc<dyn Inbox>, timeout: Duration) -> Caller<'a> {
        Caller { server, user, settings: &self.settings, inbox, timeout, buffer: Rc::clone(&self.buffer) }
    }
}

#[async_trait(?Send)]
impl Protocol for PubSubProtocol {
    async fn serve(&self, seat: ServerSeat) -> Result<(), Fault> {
        server::serve(&self.settings, seat).await
    }

    async fn publisher(&self, seat: PublisherSeat) -> Result<Box<dyn Publisher>, Fault> {
        let caller = self.caller(&seat.server, format!("publisher-{:04}", seat.index), seat.inbox, seat.timeout);
        let overlap = seat.connections.get();
        Ok(Box::new(match self.settings.client {
            Client::Library => PubSubPublisher::connect::<LibraryLink>(caller, overlap).await?,
            Client::Lean => PubSubPublisher::connect::<LeanLink>(caller, overlap).await?,
        }))
    }

    async fn subscriber(&self, seat: SubscriberSeat) -> Result<Box<dyn Subscriber>, Fault> {
        let caller = self.caller(&seat.server, format!("subscriber-{:06}", seat.index), seat.inbox, seat.timeout);
        Ok(match self.settings.client {
            Client::Library => Box::new(PubSubSubscriber::<LibraryLink>::connect(caller, &seat.topics).await?),
            Client::Lean => Box::new(PubSubSubscriber::<LeanLink>::connect(caller, &seat.topics).await?),
        })
    }

    fn forecast(&self, load: &Load) -> Forecast {
        // One connection each, however many they may hold: a stream carries any number of topics.
        let streams = load.subscribers + load.publishers;
        let probes = load.subscribers;
        let memory_per_stream = match self.settings.client {
            Client::Library => library::link::MEMORY_PER_STREAM,
            Client::Lean => lean::link::MEMORY_PER_STREAM,
        };
        Forecast {
            at_most: false,
            requests: 0,
            messages: load.deliveries,
            // A subscription is an iq, its result and the last item; a topic is created and published to once.
            setup_messages: streams * self.settings.sasl.login_messages() + 3 * (load.subscriptions + probes) + 4 * (load.topics + 1),
            server_descriptors: streams + 1,
            subscriber_descriptors: load.subscribers,
            memory: streams * (server::MEMORY_PER_SESSION + memory_per_stream)
                + load.topics * (server::MEMORY_PER_TOPIC + load.payload)
                + (load.subscriptions + probes) * server::MEMORY_PER_SUBSCRIPTION,
        }
    }
}
