//! What carries XMPP beside TCP: bodies and sessions over HTTP, messages and sessions over WebSockets; and what guards the library's client.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

use futures::FutureExt as _;
use rxml::error::EndOrError;
use rxml::{Event as Token, Parse as _, Parser};
use tokio::sync::oneshot::Receiver;
use tokio::sync::oneshot::error::TryRecvError;

use super::stream::cuts;
use super::xmpp::server;
use crate::contenders::xmpp_bosh::body;
use crate::contenders::xmpp_bosh::outlet::Said;
use crate::contenders::xmpp_bosh::session::BoshSession;
use crate::contenders::xmpp_pubsub::library::guard::Guard;
use crate::contenders::xmpp_websocket::server::element;
use crate::measure::ledger::Ledger;
use crate::protocols::xmpp::client::lean::model::{model, owned};
use crate::protocols::xmpp::client::lean::reader::{self, Broken};
use crate::protocols::xmpp::client::lean::splitter::{DEEPEST, LARGEST_TAG};
use crate::protocols::xmpp::client::lean::stanza::Arrival;
use crate::protocols::xmpp::counter::Counter;
use crate::protocols::xmpp::errors::StreamCondition;
use crate::protocols::xmpp::framing::{Framing, stand_alone};
use crate::protocols::xmpp::namespaces as ns;
use crate::protocols::xmpp::outlet::Outlet;
use crate::protocols::xmpp::reader::{Event, read_element};
use crate::protocols::xmpp::session::{Flow, Session};
use crate::protocols::xmpp::xml::{Element, Node};

/// Bytes as a body: what the strict reader takes, and a client could act on, is the same to the lean one; and a body is written so that it reads the same.
pub fn bosh_bodies(bytes: &[u8]) {
    let mut arrivals = Vec::new();
    let lean = body::stanzas(bytes, false, |arrival| arrivals.push(owned(arrival)));
    let Some(tree) = body::tree(bytes) else { return };
    let own: Vec<(&str, &str)> =
        tree.attributes.iter().filter(|((space, _), _)| space.is_none()).map(|((_, name), value)| (name.as_str(), value.as_str())).collect();
    let mut elements = String::new();
    tree.elements().for_each(|element| element.write(&mut elements, ns::BOSH));
    let written = body::write(&own, elements.as_bytes());
    let again = body::tree(&written).unwrap_or_else(|| panic!("what is written is no body: {}", String::from_utf8_lossy(&written)));
    assert!(again.elements().eq(tree.elements()), "{}", String::from_utf8_lossy(&written));
    assert!(own.iter().all(|(name, value)| again.attribute(name) == Some(*value)), "{}", String::from_utf8_lossy(&written));

    // The lean reader takes no text between stanzas but plain white space; and white space in attributes it takes as it is: see its own tests.
    let has_text = tree.children.iter().any(|node| matches!(node, Node::Text(_)));
    if has_text || bytes.iter().any(|byte| b"\t\r\n".contains(byte)) {
        return;
    }
    if let Some(expected) = tree.elements().map(model).collect::<Option<Vec<Arrival<'_>>>>() {
        match lean {
            Ok(root) => assert_eq!((root.attributes, root.children, arrivals), (tree.attributes, Vec::new(), expected)),
            Err(broken) => assert!(is_twice(&broken), "{broken}, and well to the strict one"),
        }
    }
}

/// Whether a namespace is declared twice in a tag: that is no XML, but the strict reader's parser takes it.
fn is_twice(broken: &Broken) -> bool {
    matches!(broken, Broken::Parser(why) if why.contains("duplicated attribute"))
}

/// A request and what becomes of it.
enum Asked {
    /// It has come before its turn, and waits for it; or has not been looked at.
    Early(Pin<Box<dyn Future<Output = Option<Receiver<Said>>>>>),
    /// It is held until there is something to say.
    Held(Receiver<Said>),
    /// It was answered, with a body or with the end of the session.
    Answered,
}

/// Lines as the bodies of requests of a session, in the order in which they come: each is answered with a body, none with anything else; at the latest when
/// the session ends, or when its own number comes again.
pub fn bosh_session(bytes: &[u8]) {
    let (ledger, mut asked) = (Ledger::default(), Vec::<(u64, Asked)>::new());
    let mut session = None;
    for line in bytes.split(|byte| *byte == b'\n').take(64) {
        let Some(body) = body::tree(line) else { continue };
        let Some(rid) = body.attribute("rid").and_then(|rid| rid.parse::<u64>().ok()) else { continue };
        let session = session.get_or_insert_with(|| Rc::new(BoshSession::new(server(), rid, 1, Duration::from_secs(60))));
        let (asking, meter) = (Rc::clone(session), ledger.meter());
        asked.push((rid, Asked::Early(Box::pin(async move { asking.request(rid, body, &meter).await }))));
        // Whoever asks may set free those who came before their turn, in whatever order.
        for _ in 0..2 {
            asked.iter_mut().rev().for_each(|(_, asked)| asked.go_on());
        }
        let latest = asked.len() - 1;
        let replaced = asked[..latest].iter().find(|(before, asked)| *before == rid && !matches!(asked, Asked::Answered));
        assert!(replaced.is_none(), "request {rid} has come again, and the one before is not answered");
        if session.outlet().is_over() {
            break;
        }
    }
    let Some(session) = session else { return };
    session.fail(StreamCondition::SystemShutdown);
    session.ended();
    asked.iter_mut().for_each(|(_, asked)| asked.go_on());
    assert!(session.outlet().is_over());
    let waiting: Vec<u64> = asked.iter().filter(|(_, asked)| !matches!(asked, Asked::Answered)).map(|(rid, _)| *rid).collect();
    assert!(waiting.is_empty(), "requests {waiting:?} are never answered");
}

impl Asked {
    /// Goes on as far as it can, and holds what was said to what a client can read.
    fn go_on(&mut self) {
        if let Self::Early(request) = self
            && let Some(comes) = request.as_mut().now_or_never()
        {
            // A request that cannot be one of this session ends it, and is told so by the connection manager.
            *self = comes.map_or(Self::Answered, Self::Held);
        }
        if let Self::Held(told) = self {
            match told.try_recv() {
                Ok((said, _)) => {
                    let body = body::tree(&said).unwrap_or_else(|| panic!("the server said {}", String::from_utf8_lossy(&said)));
                    assert!(body.children.iter().all(|node| matches!(node, Node::Element(_))), "text between elements");
                    *self = Self::Answered;
                }
                Err(TryRecvError::Empty) => {}
                Err(TryRecvError::Closed) => panic!("a request that was held is forgotten"),
            }
        }
    }
}

/// How a client logs in over a WebSocket, a message a line.
const LOGIN: &str = "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='localhost' version='1.0'/>\n\
    <auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>AGEAc2VjcmV0</auth>\n\
    <open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='localhost' version='1.0'/>\n\
    <iq xmlns='jabber:client' type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>r</resource></bind></iq>\n";

/// What a server says over a WebSocket: whole messages.
#[derive(Default)]
struct Messages(RefCell<Vec<Vec<u8>>>);

impl Outlet for Messages {
    fn send(&self, pieces: &[&[u8]]) {
        self.0.borrow_mut().push(stand_alone(pieces));
    }

    fn close(&self) {}
}

/// Lines as messages over a WebSocket, as they are and after a login: what the strict reader takes, and a client could act on, is the same to the lean one; a
/// stanza stands alone as it stood in a stream; and each message of the server's is an element that a client can read.
pub fn xmpp_websocket_session(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    for said in [text, &[LOGIN, text].concat()] {
        let (outlet, ledger, server) = (Rc::new(Messages::default()), Ledger::default(), server());
        let counter = Counter::Stanzas(ledger.meter());
        let mut session = Session::new(Rc::clone(&server), Rc::clone(&outlet) as Rc<dyn Outlet>, Framing::WebSocket, counter);
        for line in said.split('\n').filter(|line| !line.is_empty()).take(64) {
            let flow = match element(line) {
                Ok(event) => {
                    if let Event::Element(element) = &event {
                        is_the_same(line, element);
                    }
                    session.take(event)
                }
                Err(condition) => session.fail(condition),
            };
            if flow == Flow::Close {
                break;
            }
        }
        session.ended();
        drop(session);
        assert!(server.available("a@localhost").is_empty(), "a session that is gone is still there");
        for message in outlet.0.take() {
            let shown = String::from_utf8_lossy(&message);
            assert!(message.starts_with(b"<") && read_element(&message).is_ok(), "the server said {shown}");
        }
    }
}

/// Holds the lean reader to what the strict one has read of a message, and writing to both.
fn is_the_same(text: &str, element: &Element) {
    // Of an XML declaration, and of white space in attributes, the lean reader thinks otherwise.
    if let Some(expected) = model(element).filter(|_| !text.starts_with("<?") && !text.contains(['\t', '\r'])) {
        match reader::element(text.as_bytes(), false) {
            Ok(arrival) => assert_eq!(arrival, expected, "{text}"),
            Err(broken) => assert!(is_twice(&broken), "{broken}, and well to the strict one: {text}"),
        }
    }
    if element.namespace.as_str() == ns::CLIENT && matches!(element.name.as_str(), "iq" | "message" | "presence") {
        let mut inside = String::new();
        element.write(&mut inside, ns::CLIENT);
        let alone = stand_alone(&[inside.as_bytes()]);
        assert_eq!(read_element(&alone).as_ref(), Ok(element), "{inside}");
    }
}

/// Bytes as a stream on its way to the library's client: the same end however they are cut; what is nested too deep does not pass, and all else that is XML
/// does.
pub fn xmpp_library_guard(bytes: &[u8]) {
    let look = |pieces: &[&[u8]]| {
        let mut guard = Guard::new();
        pieces.iter().try_for_each(|piece| guard.look(piece))
    };
    let whole = look(&[bytes]);
    for pieces in cuts(bytes) {
        assert_eq!(look(&pieces), whole, "the pieces make a difference");
    }
    let (deepest, is_xml) = nesting(bytes);
    // The stream, a stanza with all that may be open in it, and an element without content, which opens nothing.
    let most = 1 + usize::try_from(DEEPEST).unwrap_or(usize::MAX);
    assert!(deepest <= most + 1 || whole.is_err(), "{deepest} elements in each other pass");
    // Other bounds are larger than what comes here.
    assert!(whole.is_ok() || deepest > most || !is_xml || bytes.len() > LARGEST_TAG, "{whole:?}, at a depth of {deepest}");
}

/// How deep elements are nested, by the parser of our own server; and whether that has found nothing wrong.
fn nesting(mut bytes: &[u8]) -> (usize, bool) {
    let (mut parser, mut depth, mut deepest) = (Parser::new(), 0_usize, 0);
    loop {
        match parser.parse(&mut bytes, false) {
            Ok(Some(Token::StartElement(..))) => depth += 1,
            Ok(Some(Token::EndElement(..))) => depth = depth.saturating_sub(1),
            Ok(Some(_)) => {}
            Ok(None) | Err(EndOrError::NeedMoreData) => return (deepest, true),
            Err(EndOrError::Error(_)) => return (deepest, false),
        }
        deepest = deepest.max(depth);
    }
}
