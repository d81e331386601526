//! `xmpp-websocket`: XMPP PubSub over WebSockets (RFC 7395), one stanza per message, against the same server core as `xmpp-pubsub`.

mod link;
pub(crate) mod server;

use std::rc::Rc;
use std::time::Duration;

use async_trait::async_trait;

use crate::contender::inbox::Inbox;
use crate::contender::settings::{Setting, SettingsError, Values};
use crate::contender::{
    Contender, Direction, Fault, Forecast, Load, Protocol, Publisher, PublisherSeat, ServerAddress, ServerSeat, Subscriber, SubscriberSeat,
};
use crate::protocols::xmpp::client::link::Caller;
use crate::protocols::xmpp::client::publisher::PubSubPublisher;
use crate::protocols::xmpp::client::settings::{ACK_EVERY, ACKS, ClientSettings, ITEMS_KEPT, LAST_ITEM, PASSWORD, PAYLOAD, SASL, SUBSCRIPTIONS, WINDOW};
use crate::protocols::xmpp::client::subscriber::PubSubSubscriber;
use crate::protocols::xmpp::embedded;
use link::WebSocketLink;

/// The WebSocket subprotocol (RFC 7395 §3.1).
const SUBPROTOCOL: &str = "xmpp";
/// What our clients ask for; the server takes any path.
const PATH: &str = "/xmpp-websocket";

/// The registry's entry.
pub struct XmppWebSocket;

impl Contender for XmppWebSocket {
    fn name(&self) -> &'static str {
        "xmpp-websocket"
    }

    fn about(&self) -> &'static str {
        "XMPP PubSub over WebSockets (RFC 7395), as browsers have it: the server sends each update to every subscriber, a frame each."
    }

    fn direction(&self) -> Direction {
        Direction::Push
    }

    fn settings(&self) -> &'static [Setting] {
        const { &[SASL, PASSWORD, WINDOW, PAYLOAD, LAST_ITEM, ITEMS_KEPT, SUBSCRIPTIONS, ACKS, ACK_EVERY] }
    }

    fn invitation(&self, socket: &str) -> String {
        format!("ws://{socket}{PATH}, subprotocol {SUBPROTOCOL}, domain localhost, service pubsub.localhost, any user, password as set or \"secret\"")
    }

    fn protocol(&self, values: &Values) -> Result<Rc<dyn Protocol>, SettingsError> {
        Ok(Rc::new(WebSocketProtocol { settings: ClientSettings::read(values) }))
    }
}

struct WebSocketProtocol {
    settings: ClientSettings,
}

impl WebSocketProtocol {
    fn caller<'a>(&'a self, server: &'a ServerAddress, user: String, inbox: Rc<dyn Inbox>, timeout: Duration) -> Caller<'a> {
        Caller { server, user, settings: &self.settings, inbox, timeout, buffer: Rc::default() }
    }
}

#[async_trait(?Send)]
impl Protocol for WebSocketProtocol {
    async fn serve(&self, seat: ServerSeat) -> Result<(), Fault> {
        server::serve(seat, &self.settings).await
    }

    async fn publisher(&self, seat: PublisherSeat) -> Result<Box<dyn Publisher>, Fault> {
        let caller = self.caller(&seat.server, format!("publisher-{:04}", seat.index), seat.inbox, seat.timeout);
        Ok(Box::new(PubSubPublisher::connect::<WebSocketLink>(caller, seat.connections.get()).await?))
    }

    async fn subscriber(&self, seat: SubscriberSeat) -> Result<Box<dyn Subscriber>, Fault> {
        let caller = self.caller(&seat.server, format!("subscriber-{:06}", seat.index), seat.inbox, seat.timeout);
        Ok(Box::new(PubSubSubscriber::<WebSocketLink>::connect(caller, &seat.topics).await?))
    }

    fn forecast(&self, load: &Load) -> Forecast {
        // One connection each, however many they may hold: a stream carries any number of topics.
        let streams = load.subscribers + load.publishers;
        Forecast {
            at_most: false,
            requests: 0,
            messages: self.settings.messages(load),
            // The upgrade and its answer come before the login.
            setup_messages: streams * (2 + self.settings.sasl.login_messages()) + self.settings.setup_messages(load),
            server_descriptors: streams + 1,
            subscriber_descriptors: load.subscribers,
            memory: streams * link::MEMORY_PER_STREAM + embedded::memory(load),
        }
    }
}
