//! Who is connected, and what becomes of their stanzas (RFC 6120 §10, RFC 6121 §8).

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use tokio_rustls::rustls::ServerConfig;
use xmpp_parsers::jid::Jid;

use super::errors::{StanzaCondition, StanzaError, StreamCondition};
use super::namespaces as ns;
use super::outlet::Peer;
use super::pubsub::{self, PubSub};
use super::sasl::{Credentials, SaslFault};
use super::stanza::{self, Reply, Request};
use super::xml::Element;

/// The one domain that we serve.
pub const DOMAIN: &str = "localhost";
/// The publish-subscribe service in it.
pub const PUBSUB_SERVICE: &str = "pubsub.localhost";

/// What protects the server.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Largest stanza, in bytes.
    pub stanza: usize,
    /// Largest payload of an item, in bytes.
    pub payload: usize,
    /// Most bytes that wait for one client; past that it is cut off.
    pub queue: usize,
    /// Most nodes.
    pub nodes: usize,
    /// Most bytes of all that is kept of nodes, items and subscriptions.
    pub stored: usize,
    /// Most connections at once.
    pub connections: usize,
    /// Time for a login, and for a stanza from its first byte to its last.
    pub patience: std::time::Duration,
}

/// A server: everything that its streams share.
pub struct Server {
    bounds: Bounds,
    credentials: Rc<Credentials>,
    tls: Option<Arc<ServerConfig>>,
    /// After how many stanzas acknowledgements are asked for, where they are on offer.
    acks: Option<u32>,
    /// By bare address.
    peers: RefCell<HashMap<Rc<str>, Vec<Rc<Peer>>>>,
    pubsub: RefCell<PubSub>,
}

impl Server {
    /// A server with no nodes; `tls` where STARTTLS is on offer.
    ///
    /// # Errors
    /// The system has no random numbers.
    pub fn new(bounds: Bounds, password: &str, tls: Option<Arc<ServerConfig>>) -> Result<Self, SaslFault> {
        Ok(Self::with(bounds, Rc::new(Credentials::new(password)?), tls))
    }

    /// A server with no nodes that checks logins against what others check as well: making that is slow on purpose.
    pub fn with(bounds: Bounds, credentials: Rc<Credentials>, tls: Option<Arc<ServerConfig>>) -> Self {
        Self { bounds, credentials, tls, acks: None, peers: RefCell::default(), pubsub: RefCell::new(PubSub::new(bounds.nodes, bounds.stored)) }
    }

    /// Offers acknowledgements (XEP-0198), and asks for them after so many stanzas; `None` offers none.
    pub fn with_acks(self, every: Option<u32>) -> Self {
        Self { acks: every, ..self }
    }

    /// After how many stanzas acknowledgements are asked for, where they are on offer.
    pub fn acks(&self) -> Option<u32> {
        self.acks
    }

    /// What protects it.
    pub fn bounds(&self) -> Bounds {
        self.bounds
    }

    /// The domain that it serves.
    pub fn domain(&self) -> &'static str {
        DOMAIN
    }

    /// What logins are checked against.
    pub fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// What STARTTLS needs, where it is on offer.
    pub fn tls(&self) -> Option<&Arc<ServerConfig>> {
        self.tls.as_ref()
    }

    /// A resource is bound. One of the same name is told so, and goes.
    pub fn join(&self, peer: &Rc<Peer>) {
        if let Some(old) = self.find(&peer.full) {
            self.leave(&old);
            old.end(StreamCondition::Conflict);
        }
        self.peers.borrow_mut().entry(Rc::clone(&peer.bare)).or_default().push(Rc::clone(peer));
    }

    /// A stream has ended: nothing is kept of it.
    pub fn leave(&self, peer: &Rc<Peer>) {
        let mut peers = self.peers.borrow_mut();
        let Some(same) = peers.get_mut(&peer.bare) else { return };
        let before = same.len();
        same.retain(|other| !Rc::ptr_eq(other, peer));
        let was_there = same.len() < before;
        if same.is_empty() {
            peers.remove(&peer.bare);
        }
        drop(peers);
        // One that was replaced has left already, and must not take its successor's subscriptions along.
        if was_there {
            self.pubsub.borrow_mut().forget(&peer.full);
        }
    }

    /// The client at a full address.
    pub fn find(&self, full: &str) -> Option<Rc<Peer>> {
        let (bare, _) = full.split_once('/')?;
        self.peers.borrow().get(bare)?.iter().find(|peer| &*peer.full == full).cloned()
    }

    /// The clients that take what is addressed to a bare address.
    pub fn available(&self, bare: &str) -> Vec<Rc<Peer>> {
        self.peers.borrow().get(bare).map(|peers| peers.iter().filter(|peer| peer.available.get()).cloned().collect()).unwrap_or_default()
    }

    /// Does what a stanza asks for.
    ///
    /// # Errors
    /// The stream must end.
    pub fn stanza(&self, peer: &Rc<Peer>, stanza: &Element) -> Result<(), StreamCondition> {
        if stanza.attribute("from").is_some_and(|from| from != &*peer.full && from != &*peer.bare) {
            return Err(StreamCondition::InvalidFrom);
        }
        match stanza.name.as_str() {
            "iq" => self.iq(peer, stanza),
            "message" => self.message(peer, stanza),
            "presence" => self.presence(peer, stanza),
            _ => return Err(StreamCondition::UnsupportedStanzaType),
        }
        Ok(())
    }

    fn iq(&self, peer: &Rc<Peer>, stanza: &Element) {
        let reply = Reply::new(peer, stanza);
        let request = match stanza::request(stanza) {
            Ok(Some(request)) => request,
            Ok(None) => return self.relay(stanza, peer),
            Err(error) => return reply.error(error),
        };
        let done = match stanza.attribute("to") {
            Some(PUBSUB_SERVICE) => pubsub::handle(self, &self.pubsub, peer, &request, &reply),
            None | Some(DOMAIN) => self.about_the_server(&request, &reply),
            Some(bare) if *bare == *peer.bare => self.about_the_server(&request, &reply),
            Some(to) => match place(to) {
                Ok(()) if self.find(to).is_some() => {
                    self.relay(stanza, peer);
                    Ok(())
                }
                Ok(()) => Err(StanzaCondition::ServiceUnavailable.into()),
                Err(error) => Err(error),
            },
        };
        if let Err(error) = done {
            reply.error(error);
        }
    }

    fn about_the_server(&self, request: &Request<'_>, reply: &Reply<'_>) -> Result<(), StanzaError> {
        let payload = request.payload;
        let unknown_node = || payload.attribute("node").is_some_and(|node| !node.is_empty());
        match (payload.namespace.as_str(), payload.name.as_str(), request.set) {
            (ns::PING, "ping", false) | (ns::SESSION, "session", true) => reply.result(""),
            (ns::ROSTER, "query", false) => reply.result(&format!("<query xmlns='{}'/>", ns::ROSTER)),
            (ns::DISCO_INFO | ns::DISCO_ITEMS, "query", false) if unknown_node() => return Err(StanzaCondition::ItemNotFound.into()),
            (ns::DISCO_INFO, "query", false) => {
                let features: String = [ns::DISCO_INFO, ns::DISCO_ITEMS, ns::PING, ns::ROSTER].iter().map(|var| format!("<feature var='{var}'/>")).collect();
                reply.result(&format!("<query xmlns='{}'><identity category='server' type='im' name='pushbench'/>{features}</query>", ns::DISCO_INFO));
            }
            (ns::DISCO_ITEMS, "query", false) => {
                reply.result(&format!("<query xmlns='{}'><item jid='{PUBSUB_SERVICE}' name='PubSub'/></query>", ns::DISCO_ITEMS));
            }
            _ => return Err(StanzaCondition::ServiceUnavailable.into()),
        }
        Ok(())
    }

    fn message(&self, peer: &Rc<Peer>, stanza: &Element) {
        let to = stanza.attribute("to").unwrap_or(&peer.bare);
        let result = place(to).and_then(|()| if self.deliver(to, stanza, peer) { Ok(()) } else { Err(StanzaCondition::ServiceUnavailable.into()) });
        // An error is never answered with an error, and a headline that nobody takes is dropped (RFC 6121 §8.5).
        if let (Err(error), false) = (result, matches!(stanza.attribute("type"), Some("error" | "headline"))) {
            Reply::new(peer, stanza).stanza_error("message", error);
        }
    }

    /// Presence without an address says whether we take what is addressed to the bare address; all resources of the
    /// user hear of it (RFC 6121 §4.2.2). There is no roster, so nobody else does.
    fn presence(&self, peer: &Rc<Peer>, stanza: &Element) {
        if let Some(to) = stanza.attribute("to") {
            if place(to).is_ok() {
                self.deliver(to, stanza, peer);
            }
            return;
        }
        match stanza.attribute("type") {
            None => {
                let is_new = !peer.available.replace(true);
                self.deliver(&peer.bare, stanza, peer);
                if is_new {
                    pubsub::came(self, &self.pubsub.borrow(), peer);
                }
            }
            Some("unavailable") => {
                self.deliver(&peer.bare, stanza, peer);
                peer.available.set(false);
            }
            Some(_) => {}
        }
    }

    /// An answer to somebody's request, or a request to somebody: passed on where that client is there, else dropped.
    fn relay(&self, stanza: &Element, from: &Peer) {
        if let Some(to) = stanza.attribute("to").and_then(|to| self.find(to)) {
            pass(stanza, from, &to);
        }
    }

    fn deliver(&self, to: &str, stanza: &Element, from: &Peer) -> bool {
        let takers = if to.contains('/') { self.find(to).into_iter().collect() } else { self.available(to) };
        for taker in &takers {
            pass(stanza, from, taker);
        }
        !takers.is_empty()
    }
}

impl Peer {
    /// Ends its stream with an error, from outside.
    pub fn end(&self, condition: StreamCondition) {
        for element in [Some(self.framing.error(condition)), self.framing.footer()].into_iter().flatten() {
            self.counter.handshake_down();
            self.outlet.send(&[element.as_bytes()]);
        }
        self.outlet.close();
    }
}

/// Passes a stanza on with the true sender on it (RFC 6120 §8.1.2.1).
fn pass(stanza: &Element, from: &Peer, to: &Peer) {
    let mut stamped = stanza.clone();
    let (none, from_name) = (rxml::Namespace::NONE, rxml::xml_ncname!("from"));
    stamped.attributes.insert(none, from_name.to_owned(), from.full.to_string());
    let mut xml = String::new();
    stamped.write(&mut xml, ns::CLIENT);
    to.send(&[xml.as_bytes()], 0);
}

/// Whether we serve an address.
fn place(to: &str) -> Result<(), StanzaError> {
    let address = Jid::new(to).map_err(|_| StanzaError::from(StanzaCondition::JidMalformed))?;
    if matches!(address.domain().as_str(), DOMAIN | PUBSUB_SERVICE) { Ok(()) } else { Err(StanzaCondition::RemoteServerNotFound.into()) }
}
