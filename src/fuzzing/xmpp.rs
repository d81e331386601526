//! XMPP: the server's reader, sessions and SASL; the lean client's reader and login.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use super::stream::{Spoken, cuts, wait};
use crate::contender::ServerAddress;
use crate::contender::inbox::{Content, Inbox, Message, Request};
use crate::contender::pacer::Tick;
use crate::measure::clock::Instant;
use crate::measure::ledger::Ledger;
use crate::protocols::xmpp::client::authentication::Authentication;
use crate::protocols::xmpp::client::lean::model::{read, strictly};
use crate::protocols::xmpp::client::lean::opening;
use crate::protocols::xmpp::client::lean::stanza::Arrival;
use crate::protocols::xmpp::client::link::{Caller, Step};
use crate::protocols::xmpp::client::settings::{ClientSettings, Sasl};
use crate::protocols::xmpp::errors::StreamCondition;
use crate::protocols::xmpp::outlet::Outlet;
use crate::protocols::xmpp::reader::{Event, StreamReader, read_element};
use crate::protocols::xmpp::sasl::{self, Credentials, MECHANISMS};
use crate::protocols::xmpp::server::{Bounds, Server};
use crate::protocols::xmpp::session::Flow;
use crate::protocols::xmpp::stream::Stream;

/// How both sides of the protocol begin a stream.
const HEADER: &[u8] = b"<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='localhost' version='1.0'>";
/// A whole login as `a` with the password `secret`.
const LOGIN: &[u8] = b"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>AGEAc2VjcmV0</auth>\
    <stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='localhost' version='1.0'>\
    <iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>r</resource></bind></iq>";
/// Enough for every seed, little enough for the bound itself to be met.
const LARGEST: usize = 2_000;

fn events(pieces: &[&[u8]]) -> (Vec<Event>, Option<StreamCondition>) {
    let (mut reader, mut events) = (StreamReader::new(LARGEST), Vec::new());
    for piece in pieces {
        let mut input = *piece;
        loop {
            match reader.next(&mut input) {
                Ok(Some(event)) => events.push(event),
                Ok(None) => break,
                Err(condition) => return (events, Some(condition)),
            }
        }
        assert!(input.is_empty(), "bytes were left behind");
        reader.rest();
    }
    (events, None)
}

/// Bytes as a client's stream: the same events and the same end however they are cut; what was read is written so that it reads the same.
pub fn xmpp_server_reader(bytes: &[u8]) {
    let whole = events(&[bytes]);
    for pieces in cuts(bytes) {
        let (parts, end) = events(&pieces);
        assert_eq!(parts, whole.0);
        // Which of several mistakes is seen first may hang on the cut; and text that stands outside of any tag is looked at when it ends.
        assert!(end.is_some() == whole.1.is_some() || !bytes.contains(&b'<'), "{end:?} or {:?}", whole.1);
    }
    for event in &whole.0 {
        if let Event::Element(element) = event {
            let mut written = String::new();
            element.write(&mut written, "");
            assert_eq!(read_element(written.as_bytes()).as_ref(), Ok(element), "{written}");
        }
    }
}

#[derive(Default)]
struct Written(RefCell<Vec<u8>>);

impl Outlet for Written {
    fn send(&self, pieces: &[&[u8]]) {
        pieces.iter().for_each(|piece| self.0.borrow_mut().extend_from_slice(piece));
    }

    fn close(&self) {}
}

/// Made once: the keys of SCRAM take thousands of rounds.
fn credentials() -> Rc<Credentials> {
    thread_local! {
        static CREDENTIALS: Rc<Credentials> = Rc::new(Credentials::new("secret").expect("random numbers"));
    }
    CREDENTIALS.with(Rc::clone)
}

/// One with bounds that an input can meet.
pub(super) fn server() -> Rc<Server> {
    let bounds = Bounds { stanza: LARGEST, payload: 500, queue: 10_000, nodes: 4, stored: 20_000, connections: 1, patience: Duration::ZERO };
    Rc::new(Server::with(bounds, credentials(), None))
}

/// What a fresh server says to a client who says this; and to another client who has subscribed, if a message came.
fn converse(pieces: &[&[u8]]) -> (Flow, Vec<u8>) {
    let (server, outlet, ledger) = (server(), Rc::new(Written::default()), Ledger::default());
    let mut session = Stream::new(Rc::clone(&server), Rc::clone(&outlet) as Rc<dyn Outlet>, ledger.meter());
    let mut flow = Flow::Continue;
    for piece in pieces {
        flow = session.feed(piece);
        if flow != Flow::Continue {
            break;
        }
    }
    drop(session);
    assert!(server.available("a@localhost").is_empty(), "a session that is gone is still there");
    let said = outlet.0.take();
    (flow, said)
}

/// Bytes as what a client says, as they are and after a login: no answer is anything but streams of XML that a client can read, and where
/// the bytes are cut changes nothing about the end.
pub fn xmpp_server_session(bytes: &[u8]) {
    let after_login = [HEADER, LOGIN, bytes].concat();
    for said in [bytes, &after_login] {
        let (flow, answer) = converse(&[said]);
        is_readable(&answer);
        let [_, pieces] = cuts(said);
        let (again, parts) = converse(&pieces);
        is_readable(&parts);
        assert_eq!(again, flow, "the pieces make a difference");
    }
}

/// Holds what a server said to what its own reader and the lean client's take.
fn is_readable(answer: &[u8]) {
    let answer = std::str::from_utf8(answer).expect("the server says UTF-8");
    // Nobody can make it say this in another place: what clients send is escaped.
    for stream in answer.split("<?xml version='1.0'?>").filter(|stream| !stream.is_empty()) {
        let (mut reader, mut input) = (StreamReader::new(usize::MAX), stream.as_bytes());
        loop {
            match reader.next(&mut input) {
                Ok(Some(_)) => {}
                Ok(None) => break,
                Err(condition) => panic!("the server said what is {}: {stream}", condition.name()),
            }
        }
    }
}

/// Bytes as what a server sends on a bound stream: the same however they are cut; and what the strict reader takes means the same to the lean one.
pub fn xmpp_client_stream(bytes: &[u8]) {
    for header in [HEADER, b""] {
        let said = [header, bytes].concat();
        let whole = read(&[&said]);
        for pieces in cuts(&said) {
            let parts = read(&pieces);
            assert_eq!(parts.is_ok(), whole.is_ok(), "{parts:?} or {whole:?}");
            if whole.is_ok() {
                assert_eq!(parts, whole);
            }
        }
        // Closed, so that a strict reader has looked at everything. White space in attributes: see its own test.
        if bytes.iter().any(|byte| b"\t\r\n".contains(byte)) {
            continue;
        }
        if let Some(expected) = strictly(&said).filter(|arrivals| arrivals.last() == Some(&Arrival::Footer)) {
            assert_eq!(whole, Ok(expected));
        }
    }
}

/// An inbox that nobody opens.
struct Nobody;

impl Inbox for Nobody {
    fn request(&self, _: Option<Tick>) -> Request {
        Request { intended: None, sent: Instant::default() }
    }

    fn follow_up(&self, before: Request) -> Request {
        before
    }

    fn response(&self, _: Request, _: u16, _: Content<'_>) -> bool {
        false
    }

    fn failed(&self, _: Request) {}

    fn payload_sent(&self, _: usize) {}

    fn sent(&self, _: Message, _: usize) {}

    fn received(&self, _: Message, _: bool, _: Content<'_>) -> bool {
        false
    }

    fn in_vain(&self) {}

    fn connected(&self) {}

    fn bytes(&self, _: usize, _: usize) {}
}

fn settings(sasl: Sasl) -> ClientSettings {
    ClientSettings { sasl, password: "secret".to_owned(), window: 1, with_payload: true, last_item: true, items_kept: 1, collection: false, acks: None }
}

/// Which mechanism the first byte chooses.
fn chosen(bytes: &[u8]) -> (Sasl, &[u8]) {
    match bytes.split_first() {
        Some((b'1', rest)) => (Sasl::ScramSha1, rest),
        Some((b'2', rest)) => (Sasl::ScramSha256, rest),
        Some((b'a', rest)) => (Sasl::Anonymous, rest),
        Some((_, rest)) => (Sasl::Plain, rest),
        None => (Sasl::Plain, bytes),
    }
}

/// A byte that chooses the mechanism (`1`, `2`, `a`, other: PLAIN), then what a server says through a login: it ends in a bound stream or a fault,
/// whichever way the bytes are cut.
pub fn xmpp_client_login(bytes: &[u8]) {
    let (sasl, said) = chosen(bytes);
    let settings = settings(sasl);
    let login = |pieces: Vec<&[u8]>| {
        let (step, server) = (Step::default(), ServerAddress { socket: "nowhere".to_owned() });
        let buffer = Rc::new(RefCell::new(Vec::new().into()));
        let caller = Caller { server: &server, user: "a".to_owned(), settings: &settings, inbox: Rc::new(Nobody), timeout: Duration::from_secs(1), buffer };
        let bound = wait(opening::over(Spoken::new(pieces), "login", &step, &caller));
        bound.map(|bound| (bound.header, bound.address)).map_err(|fault| assert!(!fault.to_string().is_empty()))
    };
    let whole = login(vec![said]);
    let [_, pieces] = cuts(said);
    assert_eq!(login(pieces), whole, "the pieces make a difference");
}

/// A byte that chooses the mechanism, then messages of the server, a line each, in which `NONCE` stands for the client's own: answered or refused.
pub fn sasl_client(bytes: &[u8]) {
    let (sasl, messages) = chosen(bytes);
    let mut mechanism = Authentication::new("a", &settings(sasl)).expect("a name and a password that every mechanism takes");
    let initial = String::from_utf8(mechanism.initial()).expect("a first message is text");
    let nonce = initial.split_once("r=").map_or("", |(_, nonce)| nonce).to_owned();
    for message in messages.split(|byte| *byte == b'\n').take(4) {
        let message = match std::str::from_utf8(message) {
            Ok(text) => text.replace("NONCE", &nonce).into_bytes(),
            Err(_) => message.to_vec(),
        };
        match mechanism.response(&message) {
            // What a server says is sent back to it, in base64: its own nonsense too.
            Ok(answer) => assert!(answer.is_ascii() || !message.is_ascii(), "the answer is no text"),
            Err(_) => _ = mechanism.success(&message),
        }
    }
}

/// A byte that chooses the mechanism, then messages of a client, a line each, plain or in base64: nobody gets in without the password.
pub fn sasl_server(bytes: &[u8]) {
    let Some((first, messages)) = bytes.split_first() else { return };
    let mechanism = MECHANISMS[usize::from(*first) % MECHANISMS.len()];
    let credentials = credentials();
    for in_base64 in [false, true] {
        let mut exchange = None;
        for (place, message) in messages.split(|byte| *byte == b'\n').take(4).enumerate() {
            let text = if in_base64 { base64(message) } else { String::from_utf8_lossy(message).into_owned() };
            let step = match exchange.take() {
                None if place == 0 => credentials.begin(mechanism, &text),
                None => break,
                Some(exchange) => credentials.proceed(exchange, &text),
            };
            match step {
                Ok(sasl::Step::Challenge(next, _)) => exchange = Some(next),
                Ok(sasl::Step::Success(user, _)) => {
                    assert!(!user.is_empty() && !user.contains(['/', '@']), "{user:?} can be no name");
                    assert!(mechanism != "PLAIN" || !in_base64 || message.ends_with(b"\0secret"), "in without the password");
                    assert!(!mechanism.starts_with("SCRAM"), "in by a proof of a nonce that is new each time");
                }
                Err(_) => {}
            }
        }
    }
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}
