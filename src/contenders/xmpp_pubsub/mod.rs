//! `xmpp-pubsub`: XEP-0060 over TCP. The server tells; nobody asks.
//!
//! A topic is a node; an update is an item published to it; a subscriber gets it as a message. The server keeps the last
//! item of each node and sends it to whoever subscribes, so that version 0 needs no fetch.
//!
//! The client is tokio-xmpp at the level of its `xmlstream`, not its `Client`: the halves of that share a mutex that its
//! receiver tries without leaving a waker, so that a client that sends while it receives can go deaf for good; and it
//! hides lost connections and wrong passwords behind endless retries, where a benchmark needs a fault that names them.

mod client;
mod link;
mod server;
mod settings;

use std::rc::Rc;

use async_trait::async_trait;

use crate::contender::settings::{Setting, SettingsError, Values};
use crate::contender::{Contender, Direction, Fault, Forecast, Load, Protocol, Publisher, PublisherSeat, ServerSeat, Subscriber, SubscriberSeat};
use settings::{SETTINGS, Settings};

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
        Ok(Rc::new(PubSubProtocol { settings: Settings::read(values) }))
    }
}

struct PubSubProtocol {
    settings: Settings,
}

#[async_trait(?Send)]
impl Protocol for PubSubProtocol {
    async fn serve(&self, seat: ServerSeat) -> Result<(), Fault> {
        server::serve(&self.settings, seat).await
    }

    async fn publisher(&self, seat: PublisherSeat) -> Result<Box<dyn Publisher>, Fault> {
        Ok(Box::new(client::PubSubPublisher::connect(&self.settings, seat).await?))
    }

    async fn subscriber(&self, seat: SubscriberSeat) -> Result<Box<dyn Subscriber>, Fault> {
        Ok(Box::new(client::PubSubSubscriber::connect(&self.settings, seat).await?))
    }

    fn forecast(&self, load: &Load) -> Forecast {
        // One connection each, however many they may hold: a stream carries any number of topics.
        let streams = load.subscribers + load.publishers;
        let probes = load.subscribers;
        Forecast {
            requests: 0,
            messages: load.deliveries,
            // A subscription is an iq, its result and the last item; a topic is created and published to once.
            setup_messages: streams * self.settings.sasl.login_messages() + 3 * (load.subscriptions + probes) + 4 * (load.topics + 1),
            server_descriptors: streams + 1,
            subscriber_descriptors: load.subscribers,
            memory: streams * (server::MEMORY_PER_SESSION + link::MEMORY_PER_STREAM)
                + load.topics * (server::MEMORY_PER_TOPIC + load.payload)
                + (load.subscriptions + probes) * server::MEMORY_PER_SUBSCRIPTION,
        }
    }
}
