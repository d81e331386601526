//! One stream, from its header to its footer (RFC 6120 §4 to §7), without a socket.
//!
//! What counts as a message of the *handshake*: stream headers, features, `starttls`, `proceed`, all of SASL, the
//! binding `iq` and its answer, stream errors and stream footers. All `iq`, `message` and `presence` after binding are
//! *stanzas*. White space and the TLS handshake's own records are bytes, not messages.

use std::rc::Rc;

use crate::measure::ledger::Meter;

use super::errors::{StanzaCondition, StreamCondition};
use super::namespaces as ns;
use super::outlet::{Outlet, Peer};
use super::reader::{Event, StreamReader};
use super::sasl::{Exchange, MECHANISMS, SaslFault, Step, nonce};
use super::server::Server;
use super::xml::{Element, escape};

/// After so many failures the stream is ended (RFC 6120 §6.4.5 suggests two to five).
const MOST_FAILURES: u32 = 3;

/// What the transport has to do after some bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// Bring more bytes.
    Continue,
    /// Begin TLS; bytes that came behind the request for it are void (they were not protected).
    BeginTls,
    /// Send what is queued, then close.
    Close,
}

/// A client's stream.
pub struct Session {
    server: Rc<Server>,
    outlet: Rc<dyn Outlet>,
    meter: Meter,
    reader: StreamReader,
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
    pub fn new(server: Rc<Server>, outlet: Rc<dyn Outlet>, meter: Meter) -> Self {
        let reader = StreamReader::new(server.bounds().stanza);
        Self { server, outlet, meter, reader, stage: Stage::Header, opened: false, secured: false, user: None, failures: 0 }
    }

    /// Takes bytes in; everything that follows from them has been done or queued when it returns.
    pub fn feed(&mut self, mut input: &[u8]) -> Flow {
        let flow = loop {
            let event = match self.reader.next(&mut input) {
                Ok(Some(event)) => event,
                Ok(None) => break Flow::Continue,
                Err(condition) => break self.fail(condition),
            };
            match self.take(event) {
                Ok(Flow::Continue) => {}
                Ok(flow) => break flow,
                Err(condition) => break self.fail(condition),
            }
        };
        self.reader.rest();
        flow
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
            self.handshake(&condition.xml());
            self.close();
        }
        Flow::Close
    }

    /// Ends the stream with our footer; nothing where it has ended.
    pub fn close(&mut self) {
        let peer = match std::mem::replace(&mut self.stage, Stage::Closed(None)) {
            Stage::Bound(peer) => {
                self.server.leave(&peer);
                Some(peer)
            }
            Stage::Closed(peer) => {
                self.stage = Stage::Closed(peer);
                return;
            }
            Stage::Header | Stage::Negotiation(_) => None,
        };
        self.stage = Stage::Closed(peer);
        if self.opened {
            self.handshake("</stream:stream>");
        }
    }

    fn take(&mut self, event: Event) -> Result<Flow, StreamCondition> {
        let after_binding = matches!(self.stage, Stage::Bound(_) | Stage::Closed(Some(_)));
        self.meter.count(|traffic| match event {
            Event::Element(_) if after_binding => traffic.stanzas_up += 1,
            _ => traffic.handshake_up += 1,
        });
        match (event, &self.stage) {
            (Event::Close, _) => {
                self.close();
                Ok(Flow::Close)
            }
            (_, Stage::Closed(_)) => Ok(Flow::Continue),
            (Event::Open(header), _) => self.open(&header),
            (Event::Element(element), Stage::Bound(peer)) => {
                let peer = Rc::clone(peer);
                match element.namespace.as_str() {
                    ns::CLIENT => self.server.stanza(&peer, &element).map(|()| Flow::Continue),
                    other => Err(foreign(other)),
                }
            }
            (Event::Element(element), _) => self.negotiate(&element),
        }
    }

    fn open(&mut self, header: &Element) -> Result<Flow, StreamCondition> {
        if header.namespace.as_str() != ns::STREAM {
            return Err(StreamCondition::InvalidNamespace);
        }
        if header.name.as_str() != "stream" {
            return Err(StreamCondition::BadFormat);
        }
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
            return format!("<stream:features><bind xmlns='{}'/><session xmlns='{}'><optional/></session></stream:features>", ns::BIND, ns::SESSION);
        }
        let starttls = if self.server.tls().is_some() && !self.secured { format!("<starttls xmlns='{}'/>", ns::TLS) } else { String::new() };
        let mechanisms: String = MECHANISMS.iter().map(|name| format!("<mechanism>{name}</mechanism>")).collect();
        format!("<stream:features>{starttls}<mechanisms xmlns='{}'>{mechanisms}</mechanisms></stream:features>", ns::SASL)
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
        if self.server.tls().is_none() {
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
                self.user = Some(user);
                self.restart();
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
        let peer = Rc::new(Peer { bare: bare.into(), full: full.into(), available: false.into(), outlet: Rc::clone(&self.outlet), meter: self.meter.clone() });
        self.server.join(&peer);
        self.stage = Stage::Bound(peer);
        Ok(Flow::Continue)
    }

    fn restart(&mut self) {
        self.reader.restart();
        self.opened = false;
        self.stage = Stage::Header;
    }

    fn send_header(&mut self) {
        self.opened = true;
        // A stream's id must not be guessed (RFC 6120 §4.7.3); without random numbers none is better than a poor one.
        let id = nonce().unwrap_or_default();
        let header = format!(
            "<?xml version='1.0'?><stream:stream xmlns='{}' xmlns:stream='{}' id='{id}' from='{}' version='1.0' xml:lang='en'>",
            ns::CLIENT,
            ns::STREAM,
            self.server.domain()
        );
        self.handshake(&header);
    }

    fn handshake(&self, xml: &str) {
        self.meter.count(|traffic| traffic.handshake_down += 1);
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

fn foreign(namespace: &str) -> StreamCondition {
    if namespace == ns::SERVER { StreamCondition::InvalidNamespace } else { StreamCondition::UnsupportedStanzaType }
}
