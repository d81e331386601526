//! One session, from its header to its footer (RFC 6120 §4 to §7), element by element, whatever carries it.
//!
//! Bytes are the transport's affair: [`super::stream`] reads those of TCP. Elements leave through an outlet.

use std::rc::Rc;

use super::acks::Acks;
use super::counter::Counter;
use super::errors::{StanzaCondition, StreamCondition};
use super::framing::Framing;
use super::namespaces as ns;
use super::outlet::{Outlet, Peer};
use super::reader::Event;
use super::sasl::{Exchange, MECHANISMS, SaslFault, Step, nonce};
use super::server::Server;
use super::xml::{Element, escape};

/// After so many failures the stream is ended (RFC 6120 §6.4.5 suggests two to five).
const MOST_FAILURES: u32 = 3;
/// Most bytes of an element before a resource is bound. RFC 6120 §13.12 asks for 10,000 at least; a login needs 2,000.
const LARGEST_OF_A_LOGIN: usize = 16 * 1024;
/// A user whose name begins so is an observer, who belongs to no side of a trial.
const WITNESS: &str = "witness-";

/// What the transport has to do after an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// Bring more.
    Continue,
    /// The stream is void, the next one begins with a header of its own (RFC 6120 §6.4.6).
    Restart,
    /// Begin TLS; bytes that came behind the request for it are void (they were not protected).
    BeginTls,
    /// Send what is queued, then close.
    Close,
}

/// A client's session.
pub struct Session {
    server: Rc<Server>,
    outlet: Rc<dyn Outlet>,
    framing: Framing,
    counter: Counter,
    stage: Stage,
    /// Whether the present stream's header has been sent.
    opened: bool,
    secured: bool,
    user: Option<String>,
    failures: u32,
}

enum Stage {
    /// Waits for a stream header.
    Header,
    /// Features are out; SASL may be under way.
    Negotiation(Option<Exchange>),
    /// A resource is bound.
    Bound(Rc<Peer>),
    /// Our footer is out; the peer is kept so that what still comes is counted right.
    Closed(Option<Rc<Peer>>),
}

impl Session {
    /// For a connection just opened.
    pub fn new(server: Rc<Server>, outlet: Rc<dyn Outlet>, framing: Framing, counter: Counter) -> Self {
        Self { server, outlet, framing, counter, stage: Stage::Header, opened: false, secured: false, user: None, failures: 0 }
    }

    /// Takes an event in; everything that follows from it has been done or queued when it returns.
    pub fn take(&mut self, event: Event) -> Flow {
        self.follow(event).unwrap_or_else(|condition| self.fail(condition))
    }

    /// Most bytes that the next element may have.
    pub fn largest(&self) -> usize {
        let stanza = self.server.bounds().stanza;
        if self.is_bound() { stanza } else { LARGEST_OF_A_LOGIN.min(stanza) }
    }

    /// Whether a resource is bound.
    pub fn is_bound(&self) -> bool {
        matches!(self.stage, Stage::Bound(_))
    }

    /// The layer below is TLS now.
    pub fn secured(&mut self) {
        self.secured = true;
        self.restart();
    }

    /// Ends the stream with an error; nothing where it has ended.
    pub fn fail(&mut self, condition: StreamCondition) -> Flow {
        if !matches!(self.stage, Stage::Closed(_)) {
            if !self.opened {
                self.send_header();
            }
            self.handshake(&self.framing.error(condition));
            self.close();
        }
        Flow::Close
    }

    /// Ends the stream with our footer; nothing where it has ended.
    pub fn close(&mut self) {
        if !matches!(self.stage, Stage::Closed(_)) {
            self.ended();
            if let (true, Some(footer)) = (self.opened, self.framing.footer()) {
                self.handshake(&footer);
            }
        }
    }

    /// The stream has been ended, by us or from outside ([`Peer::end`]): nothing more is said, and the server forgets it.
    pub fn ended(&mut self) {
        self.stage = match std::mem::replace(&mut self.stage, Stage::Closed(None)) {
            Stage::Bound(peer) => {
                self.server.leave(&peer);
                Stage::Closed(Some(peer))
            }
            Stage::Closed(peer) => Stage::Closed(peer),
            Stage::Header | Stage::Negotiation(_) => Stage::Closed(None),
        };
    }

    fn follow(&mut self, event: Event) -> Result<Flow, StreamCondition> {
        let after_binding = matches!(self.stage, Stage::Bound(_) | Stage::Closed(Some(_)));
        match &event {
            Event::Element(word) if after_binding && word.is("enable", ns::SM) => self.counter.handshake_up(),
            Event::Element(word) if after_binding && word.namespace.as_str() == ns::SM => self.counter.event_up(),
            Event::Element(_) if after_binding => self.counter.stanza_up(),
            _ => self.counter.handshake_up(),
        }
        match (event, &self.stage) {
            (Event::Close, _) => {
                self.close();
                Ok(Flow::Close)
            }
            (_, Stage::Closed(_)) => Ok(Flow::Continue),
            (Event::Open(header), Stage::Header) => self.open(&header),
            // Only where each element stands alone can a header come in the midst of a stream, or an element before it.
            (Event::Open(_), _) | (Event::Element(_), Stage::Header) => Err(StreamCondition::BadFormat),
            (Event::Element(element), Stage::Bound(peer)) => {
                let peer = Rc::clone(peer);
                match element.namespace.as_str() {
                    ns::CLIENT => {
                        if let Some(acks) = &peer.acks {
                            acks.came();
                        }
                        self.server.stanza(&peer, &element).map(|()| Flow::Continue)
                    }
                    ns::SM => self.manage(&peer, &element).map(|()| Flow::Continue),
                    other => Err(foreign(other)),
                }
            }
            (Event::Element(element), _) => self.negotiate(&element),
        }
    }

    fn open(&mut self, header: &Element) -> Result<Flow, StreamCondition> {
        self.framing.check_header(header)?;
        self.send_header();
        if header.attribute("to").is_some_and(|to| to != self.server.domain()) {
            return Err(StreamCondition::HostUnknown);
        }
        let major = header.attribute("version").and_then(|version| version.split('.').next()).and_then(|major| major.parse::<u32>().ok());
        if major.is_none_or(|major| major < 1) {
            return Err(StreamCondition::UnsupportedVersion);
        }
        let features = self.features();
        self.handshake(&features);
        self.stage = Stage::Negotiation(None);
        Ok(Flow::Continue)
    }

    fn features(&self) -> String {
        if self.user.is_some() {
            let acks = if self.server.acks().is_some() { format!("<sm xmlns='{}'/>", ns::SM) } else { String::new() };
            return self.framing.features(&format!("<bind xmlns='{}'/><session xmlns='{}'><optional/></session>{acks}", ns::BIND, ns::SESSION));
        }
        let starttls = if self.can_begin_tls() { format!("<starttls xmlns='{}'/>", ns::TLS) } else { String::new() };
        let mechanisms: String = MECHANISMS.iter().map(|name| format!("<mechanism>{name}</mechanism>")).collect();
        self.framing.features(&format!("{starttls}<mechanisms xmlns='{}'>{mechanisms}</mechanisms>", ns::SASL))
    }

    /// STARTTLS is a matter of streams over TCP: what HTTP carries is protected by HTTPS (RFC 7395 §3.9).
    fn can_begin_tls(&self) -> bool {
        self.framing == Framing::Stream && self.server.tls().is_some() && !self.secured
    }

    fn negotiate(&mut self, element: &Element) -> Result<Flow, StreamCondition> {
        match (element.namespace.as_str(), element.name.as_str()) {
            (ns::TLS, "starttls") if self.user.is_none() && !self.secured => Ok(self.begin_tls()),
            (ns::SASL, _) if self.user.is_none() => self.authenticate(element),
            (ns::CLIENT, "iq") if self.user.is_some() => self.bind(element),
            (ns::CLIENT, "iq" | "message" | "presence") | (ns::SASL | ns::TLS, _) => Err(StreamCondition::NotAuthorized),
            (other, _) => Err(foreign(other)),
        }
    }

    fn begin_tls(&mut self) -> Flow {
        if !self.can_begin_tls() {
            // RFC 6120 §5.4.2.2: the failure, then the stream ends.
            self.handshake(&format!("<failure xmlns='{}'/>", ns::TLS));
            self.close();
            return Flow::Close;
        }
        self.handshake(&format!("<proceed xmlns='{}'/>", ns::TLS));
        Flow::BeginTls
    }

    fn authenticate(&mut self, element: &Element) -> Result<Flow, StreamCondition> {
        let under_way = match &mut self.stage {
            Stage::Negotiation(exchange) => exchange.take(),
            _ => None,
        };
        let credentials = self.server.credentials();
        let text = element.text();
        let step = match (element.name.as_str(), under_way) {
            ("auth", _) => credentials.begin(element.attribute("mechanism").unwrap_or_default(), text.trim()),
            ("response", Some(exchange)) => credentials.proceed(exchange, text.trim()),
            ("abort", _) => Err(SaslFault::Aborted),
            _ => Err(SaslFault::MalformedRequest),
        };
        match step {
            Ok(Step::Challenge(exchange, text)) => {
                self.handshake(&format!("<challenge xmlns='{}'>{text}</challenge>", ns::SASL));
                self.stage = Stage::Negotiation(Some(exchange));
            }
            Ok(Step::Success(user, text)) => {
                self.handshake(&format!("<success xmlns='{}'>{text}</success>", ns::SASL));
                if user.starts_with(WITNESS) {
                    self.counter.is_witness();
                }
                self.user = Some(user);
                self.restart();
                return Ok(Flow::Restart);
            }
            Err(fault) => {
                self.handshake(&format!("<failure xmlns='{}'><{}/></failure>", ns::SASL, fault.name()));
                self.failures += 1;
                if self.failures >= MOST_FAILURES {
                    return Err(StreamCondition::PolicyViolation);
                }
            }
        }
        Ok(Flow::Continue)
    }

    /// Resource binding (RFC 6120 §7). Who binds a resource that is taken takes it over, as with most servers: the old
    /// connection is likely dead.
    fn bind(&mut self, iq: &Element) -> Result<Flow, StreamCondition> {
        let (Some(user), Some(bind)) = (&self.user, iq.child("bind", ns::BIND)) else { return Err(StreamCondition::NotAuthorized) };
        let id = escape(iq.attribute("id").unwrap_or_default()).into_owned();
        let wanted = bind.child("resource", ns::BIND).map(|resource| resource.text().into_owned()).filter(|resource| !resource.is_empty());
        let is_set = iq.attribute("type") == Some("set") && !id.is_empty();
        let resource = match wanted {
            Some(wanted) => xmpp_parsers::jid::ResourcePart::new(&wanted).ok().map(|resource| resource.as_str().to_owned()),
            None => nonce().ok(),
        };
        let Some(resource) = resource.filter(|_| is_set) else {
            let error = super::errors::StanzaError::from(StanzaCondition::BadRequest).xml();
            self.handshake(&format!("<iq type='error' id='{id}'>{error}</iq>"));
            return Ok(Flow::Continue);
        };
        let bare = format!("{user}@{}", self.server.domain());
        let full = format!("{bare}/{resource}");
        self.handshake(&format!("<iq type='result' id='{id}'><bind xmlns='{}'><jid>{}</jid></bind></iq>", ns::BIND, escape(&full)));
        let (outlet, counter) = (Rc::clone(&self.outlet), self.counter.clone());
        let acks = self.server.acks().filter(|_| self.framing != Framing::Bosh).map(|every| Box::new(Acks::new(every)));
        let peer = Rc::new(Peer { bare: bare.into(), full: full.into(), available: false.into(), outlet, framing: self.framing, counter, acks });
        self.server.join(&peer);
        self.stage = Stage::Bound(peer);
        Ok(Flow::Continue)
    }

    /// Stream management (XEP-0198), as far as it is on offer: acknowledgements, no resumption.
    fn manage(&self, peer: &Peer, word: &Element) -> Result<(), StreamCondition> {
        let Some(acks) = &peer.acks else { return Err(foreign(ns::SM)) };
        match word.name.as_str() {
            "enable" if acks.enable() => self.handshake(&format!("<enabled xmlns='{}'/>", ns::SM)),
            "enable" => self.handshake(&not_managed("unexpected-request")),
            "r" => {
                self.counter.event_down();
                self.outlet.send(&[acks.answer().as_bytes()]);
            }
            "a" => {
                let handled = word.attribute("h").and_then(|handled| handled.parse().ok());
                if !handled.is_some_and(|handled| acks.confirm(handled)) {
                    // More than were sent (§4).
                    return Err(StreamCondition::UndefinedCondition);
                }
            }
            // A session that is to be resumed among them: none is kept.
            _ => {
                self.counter.event_down();
                self.outlet.send(&[not_managed("feature-not-implemented").as_bytes()]);
            }
        }
        Ok(())
    }

    fn restart(&mut self) {
        self.opened = false;
        self.stage = Stage::Header;
    }

    fn send_header(&mut self) {
        self.opened = true;
        // A stream's id must not be guessed (RFC 6120 §4.7.3); without random numbers none is better than a poor one.
        let id = nonce().unwrap_or_default();
        if let Some(header) = self.framing.header(&id, self.server.domain()) {
            self.handshake(&header);
        }
    }

    fn handshake(&self, xml: &str) {
        self.counter.handshake_down();
        self.outlet.send(&[xml.as_bytes()]);
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if let Stage::Bound(peer) = &self.stage {
            self.server.leave(peer);
        }
    }
}

fn not_managed(condition: &str) -> String {
    format!("<failed xmlns='{}'><{} xmlns='{}'/></failed>", ns::SM, condition, ns::STANZA_ERRORS)
}

fn foreign(namespace: &str) -> StreamCondition {
    if namespace == ns::SERVER { StreamCondition::InvalidNamespace } else { StreamCondition::UnsupportedStanzaType }
}
