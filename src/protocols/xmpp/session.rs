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
/// Most bytes of an element before a resource is bound. RFC 6120 §13.12 asks for 10,000 at least; a login needs 2,000.
const LARGEST_OF_A_LOGIN: usize = 16 * 1024;
/// A user whose name begins so is an observer, who belongs to no side of a trial.
const WITNESS: &str = "witness-";

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
        let reader = StreamReader::new(LARGEST_OF_A_LOGIN.min(server.bounds().stanza));
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
                // Who has been cut off is not served any more, whatever else it has sent.
                Ok(Flow::Continue) if self.outlet.is_cut_off() => break Flow::Continue,
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

    /// Which of the client's elements has begun and not ended, by its number.
    pub fn under_way(&self) -> Option<u64> {
        self.reader.under_way()
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
        if !matches!(self.stage, Stage::Closed(_)) {
            self.ended();
            if self.opened {
                self.handshake("</stream:stream>");
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
                if user.starts_with(WITNESS) {
                    self.meter.is_witness();
                }
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
        self.reader.allow(self.server.bounds().stanza);
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

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::time::Duration;

    use proptest::prelude::*;

    use super::super::server::Bounds;
    use super::*;
    use crate::measure::ledger::{Ledger, Leg};

    const HEADER: &str = "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='localhost' version='1.0'>";
    const LOGIN: &str = "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>AGEAc2VjcmV0</auth>";
    const BIND: &str = "<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>r</resource></bind></iq>";
    const WORK: &str = "<iq type='set' id='1' to='pubsub.localhost'><pubsub xmlns='http://jabber.org/protocol/pubsub'><create node='n'/></pubsub></iq>\
                        <iq type='set' id='2' to='pubsub.localhost'><pubsub xmlns='http://jabber.org/protocol/pubsub'><subscribe node='n' jid='a@localhost/r'/></pubsub></iq>\
                        <iq type='set' id='3' to='pubsub.localhost'><pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='n'><item id='i'>\
                        <update xmlns='urn:pushbench:update:0'>x&amp;y</update></item></publish></pubsub></iq>\
                        <presence/><message to='a@localhost'><body>hi</body></message></stream:stream>";

    #[derive(Default)]
    struct Written(RefCell<String>);

    impl Outlet for Written {
        fn send(&self, pieces: &[&[u8]]) {
            pieces.iter().for_each(|piece| self.0.borrow_mut().push_str(std::str::from_utf8(piece).unwrap()));
        }

        fn close(&self) {}
    }

    /// What a session says to some bytes, from the binding on: before that are nonces.
    fn answers(server: &Rc<Server>, pieces: &[&[u8]]) -> (Flow, String, Ledger) {
        let (outlet, ledger) = (Rc::new(Written::default()), Ledger::default());
        let mut session = Session::new(Rc::clone(server), Rc::clone(&outlet) as Rc<dyn Outlet>, ledger.meter());
        let mut flow = Flow::Continue;
        for piece in pieces {
            flow = session.feed(piece);
            if flow != Flow::Continue {
                break;
            }
        }
        let written = outlet.0.borrow().rsplit("</stream:features>").next().unwrap_or_default().to_owned();
        (flow, written, ledger)
    }

    fn server() -> Rc<Server> {
        let bounds = Bounds { stanza: 2_000, payload: 1_000, queue: 10_000, nodes: 10, stored: 100_000, connections: 10, patience: Duration::ZERO };
        Rc::new(Server::new(bounds, "secret", None).unwrap())
    }

    #[test]
    fn a_whole_session_however_the_bytes_are_cut() {
        let text = [HEADER, LOGIN, HEADER, BIND, WORK].concat();
        let (flow, whole, ledger) = answers(&server(), &[text.as_bytes()]);
        assert_eq!(flow, Flow::Close);
        assert!(whole.starts_with("<iq type='result' id='b'>") && whole.ends_with("</message></stream:stream>"), "{whole}");
        assert!(whole.contains(">x&amp;y</update>"), "{whole}");
        let traffic = ledger.traffic(Leg::Publisher);
        assert_eq!((traffic.handshake_up, traffic.handshake_down), (5, 7), "header, auth, header, bind, footer; and with features twice and success");
        assert_eq!((traffic.stanzas_up, traffic.stanzas_down), (5, 6), "three results, a notification, a presence, a message");
        assert_eq!(traffic.payload_bytes, 6, "three bytes up, three down");
        // One server for all cuts, since making one is slow. From now on the node exists, and its last item comes on subscribing.
        let server = server();
        answers(&server, &[text.as_bytes()]);
        let without_stamp =
            |text: String| text.split(" stamp='").map(|part| part.trim_start_matches(|letter| "0123456789-:.TZ".contains(letter))).collect::<String>();
        let without_number =
            |text: String| text.split(" id='n").map(|part| part.trim_start_matches(|letter: char| letter.is_ascii_digit())).collect::<String>();
        let again = without_number(without_stamp(answers(&server, &[text.as_bytes()]).1));
        assert!(again.contains("<conflict ") && again.contains("<delay "), "{again}");
        for cut in 0..text.len() {
            let (one, two) = text.as_bytes().split_at(cut);
            let (flow, parts, ledger) = answers(&server, &[one, two]);
            assert_eq!((flow, without_number(without_stamp(parts))), (Flow::Close, again.clone()), "cut at {cut}");
            let traffic = ledger.traffic(Leg::Publisher);
            assert_eq!((traffic.handshake_up, traffic.handshake_down, traffic.stanzas_up), (5, 7, 5), "cut at {cut}");
        }
    }

    proptest! {
        // Each case derives two keys from the password, which is meant to be slow.
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn damaged_requests_never_panic(at in 0..WORK.len(), with in proptest::collection::vec(any::<u8>(), 0..4), length in 0..4_usize) {
            let mut work = WORK.as_bytes().to_vec();
            work.splice(at..(at + length).min(WORK.len()), with);
            let text = [HEADER, LOGIN, HEADER, BIND].concat();
            answers(&server(), &[text.as_bytes(), &work]);
        }

        #[test]
        fn sasl_takes_any_bytes(mechanism in 0..MECHANISMS.len(), text in "[A-Za-z0-9+/=]{0,40}", response in "[A-Za-z0-9+/=]{0,40}") {
            let auth = format!("{HEADER}<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='{}'>{text}</auth>", MECHANISMS[mechanism]);
            answers(&server(), &[auth.as_bytes(), format!("<response xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>{response}</response>").as_bytes()]);
        }
    }
}
