//! `xmpp-pubsub`: XEP-0060 over TCP. The server tells; nobody asks.
//!
//! A topic is a node; an update is an item published to it; a subscriber gets it as a message. The server keeps the last
//! item of each node and sends it to whoever subscribes, so that version 0 needs no fetch.
//!
//! There are two clients: tokio-xmpp's, as an application would use it (`library`), and a lean one of our own.
//! All but the library's client is shared with the contenders that carry the same stanzas otherwise (`protocols::xmpp`).

pub(crate) mod library;
mod settings;

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
use crate::protocols::xmpp::client::lean::link::{self as lean, LeanLink};
use crate::protocols::xmpp::client::link::Caller;
use crate::protocols::xmpp::client::publisher::PubSubPublisher;
use crate::protocols::xmpp::client::subscriber::PubSubSubscriber;
use crate::protocols::xmpp::server::DOMAIN;
use crate::protocols::xmpp::{embedded, tcp, tls};
use library::link::LibraryLink;
use settings::{SETTINGS, Settings};

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
        Caller { server, user, settings: &self.settings.common, inbox, timeout, buffer: Rc::clone(&self.buffer) }
    }
}

#[async_trait(?Send)]
impl Protocol for PubSubProtocol {
    async fn serve(&self, seat: ServerSeat) -> Result<(), Fault> {
        let tls = if self.settings.starttls {
            Some(tls::self_signed(DOMAIN).map_err(|error| Fault::connection("making a certificate for STARTTLS", error))?)
        } else {
            None
        };
        let server = embedded::server(&seat.limits, &self.settings.common.password, tls, self.settings.common.acks)?;
        tcp::serve(server, seat.listener, &seat.ledger, seat.stop).await.map_err(|error| Fault::connection("the XMPP server", error))
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
        let common = &self.settings.common;
        let memory_per_stream = match self.settings.client {
            Client::Library => library::link::MEMORY_PER_STREAM,
            Client::Lean => lean::MEMORY_PER_STREAM,
        };
        Forecast {
            at_most: false,
            requests: 0,
            messages: common.messages(load),
            setup_messages: streams * common.sasl.login_messages() + common.setup_messages(load),
            server_descriptors: streams + 1,
            subscriber_descriptors: load.subscribers,
            memory: streams * memory_per_stream + embedded::memory(load),
        }
    }
}
