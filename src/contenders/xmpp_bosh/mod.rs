//! `xmpp-bosh`: XMPP PubSub over HTTP (XEP-0124, XEP-0206): a request is held until the server has something to say.
//!
//! The connection manager (`manager`) is a resource of the embedded HTTP server; its sessions (`session`, `outlet`) are those of
//! the same XMPP server core as `xmpp-pubsub`.

pub(crate) mod body;
mod exchange;
mod link;
mod manager;
pub(crate) mod outlet;
pub(crate) mod session;

use std::rc::Rc;
use std::time::Duration;

use async_trait::async_trait;

use crate::contender::inbox::Inbox;
use crate::contender::settings::{Kind, Setting, SettingsError, Values};
use crate::contender::{
    Contender, Direction, Fault, Forecast, Load, Protocol, Publisher, PublisherSeat, ServerAddress, ServerSeat, Subscriber, SubscriberSeat,
};
use crate::protocols::http::server::{self, Options};
use crate::protocols::http::settings::{CROSS_ORIGIN, cross_origin};
use crate::protocols::xmpp::client::link::Caller;
use crate::protocols::xmpp::client::publisher::PubSubPublisher;
use crate::protocols::xmpp::client::settings::{ClientSettings, ITEMS_KEPT, LAST_ITEM, PASSWORD, PAYLOAD, SASL, SUBSCRIPTIONS, Sasl, WINDOW};
use crate::protocols::xmpp::client::subscriber::PubSubSubscriber;
use crate::protocols::xmpp::embedded;
use link::BoshLink;
use manager::Manager;

/// The connection manager's resource.
const PATH: &str = "/http-bind";
/// Requests of a session at once: one that is held, one that says something (XEP-0124 §11).
const REQUESTS: usize = 2;
/// What clients ask for, in seconds: as long as the server likes, within a day.
const LONGEST_WAIT: &str = "86400";

/// How long requests are held.
const WAIT: Setting = Setting {
    name: "wait",
    kind: Kind::Duration,
    default: Some("60s"),
    about: "The longest that a request is held before it is answered with nothing, in scenario time.",
};

/// The registry's entry.
pub struct XmppBosh;

impl Contender for XmppBosh {
    fn name(&self) -> &'static str {
        "xmpp-bosh"
    }

    fn about(&self) -> &'static str {
        "XMPP PubSub over HTTP (BOSH, XEP-0124): each subscriber holds out a request, which the server answers as soon as there is news."
    }

    fn direction(&self) -> Direction {
        Direction::Push
    }

    fn settings(&self) -> &'static [Setting] {
        const { &[WAIT, SASL, PASSWORD, WINDOW, PAYLOAD, LAST_ITEM, ITEMS_KEPT, SUBSCRIPTIONS, CROSS_ORIGIN] }
    }

    fn invitation(&self, socket: &str) -> String {
        format!("http://{socket}{PATH}, domain localhost, service pubsub.localhost, any user, password as set or \"secret\"")
    }

    fn protocol(&self, values: &Values) -> Result<Rc<dyn Protocol>, SettingsError> {
        let (wait, settings) = (values.duration(WAIT.name), ClientSettings::read(values));
        Ok(Rc::new(BoshProtocol { wait, settings, cross_origin: cross_origin(values) }))
    }
}

struct BoshProtocol {
    wait: Duration,
    settings: ClientSettings,
    cross_origin: bool,
}

impl BoshProtocol {
    fn caller<'a>(&'a self, server: &'a ServerAddress, user: String, inbox: Rc<dyn Inbox>, timeout: Duration) -> Caller<'a> {
        Caller { server, user, settings: &self.settings, inbox, timeout, buffer: Rc::default() }
    }

    /// Requests of a login: the session, what SASL says, the restart, the binding.
    fn login_requests(&self) -> u64 {
        match self.settings.sasl {
            Sasl::ScramSha256 | Sasl::ScramSha1 => 5,
            Sasl::Plain | Sasl::Anonymous => 4,
        }
    }
}

#[async_trait(?Send)]
impl Protocol for BoshProtocol {
    async fn serve(&self, seat: ServerSeat) -> Result<(), Fault> {
        let xmpp = embedded::server(&seat.limits, &self.settings.password, None, None)?;
        let manager = Manager::new(xmpp, self.wait, seat.pace, self.cross_origin);
        server::serve(seat, Options { cross_origin: self.cross_origin, extension: Some(Rc::new(manager)) }).await
    }

    async fn publisher(&self, seat: PublisherSeat) -> Result<Box<dyn Publisher>, Fault> {
        let caller = self.caller(&seat.server, format!("publisher-{:04}", seat.index), seat.inbox, seat.timeout);
        Ok(Box::new(PubSubPublisher::connect::<BoshLink>(caller, seat.connections.get()).await?))
    }

    async fn subscriber(&self, seat: SubscriberSeat) -> Result<Box<dyn Subscriber>, Fault> {
        let caller = self.caller(&seat.server, format!("subscriber-{:06}", seat.index), seat.inbox, seat.timeout);
        Ok(Box::new(PubSubSubscriber::<BoshLink>::connect(caller, &seat.topics).await?))
    }

    fn forecast(&self, load: &Load) -> Forecast {
        let sessions = load.subscribers + load.publishers;
        // News that come close together share a response; without any, a request lasts as long as the server holds it.
        let empty = (load.span.as_secs_f64() / self.wait.as_secs_f64()).ceil() as u64 * load.subscribers;
        // A fetch is a request of its own.
        let requests = load.deliveries * if self.settings.with_payload { 1 } else { 2 } + empty;
        Forecast {
            at_most: true,
            requests,
            messages: 2 * requests,
            // Stanzas share requests: at most as many as there are stanzas.
            setup_messages: 2 * sessions * self.login_requests() + 2 * self.settings.setup_messages(load),
            server_descriptors: REQUESTS as u64 * sessions + 1,
            subscriber_descriptors: REQUESTS as u64 * load.subscribers,
            memory: sessions * link::MEMORY_PER_STREAM + embedded::memory(load),
        }
    }
}
