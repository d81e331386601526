//! What the tests of XMPP share: an inbox that counts, a client that speaks raw XML.

use std::cell::RefCell;
use std::collections::HashSet;
use std::num::NonZeroUsize;
use std::rc::Rc;
use std::time::Duration;

use pushbench::contender::inbox::{Content, Inbox, Message, Request};
use pushbench::contender::pace::Pace;
use pushbench::contender::pacer::{Pacer, Tick, Ticks};
use pushbench::contender::topic::Topic;
use pushbench::contender::{Fault, Protocol, Publisher, PublisherSeat, ServerAddress, Subscriber, SubscriberSeat};
use pushbench::measure::clock::{Clock, Instant, RealClock};
use pushbench::measure::ledger::{Ledger, Leg};
use pushbench::measure::traffic::Traffic;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

pub use super::serving::{LONG, Running, on_one_thread, protocol, serve};

/// The choices of the setting `client`.
pub const CLIENTS: [&str; 2] = ["library", "lean"];

/// Runs a test once for each client.
#[expect(clippy::print_stdout, reason = "a failure is to say which client it was")]
pub fn for_each_client(test: impl AsyncFn(&'static str)) {
    for client in CLIENTS {
        println!("client = {client}");
        on_one_thread(test(client));
    }
}

/// An inbox that counts as the harness does, and keeps what was carried.
#[derive(Default)]
pub struct Counts {
    pub traffic: RefCell<Traffic>,
    pub payloads: RefCell<Vec<Vec<u8>>>,
    pub unasked: RefCell<u64>,
    changed: Notify,
}

impl Counts {
    /// Waits for so many payloads.
    pub async fn payloads(&self, count: usize) {
        let all = async {
            loop {
                let changed = self.changed.notified();
                if self.payloads.borrow().len() >= count {
                    return;
                }
                changed.await;
            }
        };
        let waited = tokio::time::timeout(LONG, all).await;
        assert!(waited.is_ok(), "{} of {count} payloads came", self.payloads.borrow().len());
    }
}

impl Inbox for Counts {
    fn request(&self, _: Option<Tick>) -> Request {
        unreachable!("XMPP makes no HTTP requests")
    }

    fn follow_up(&self, _: Request) -> Request {
        unreachable!("XMPP makes no HTTP requests")
    }

    fn response(&self, _: Request, _: u16, _: Content<'_>) -> bool {
        unreachable!("XMPP makes no HTTP requests")
    }

    fn failed(&self, _: Request) {
        unreachable!("XMPP makes no HTTP requests")
    }

    fn payload_sent(&self, bytes: usize) {
        self.traffic.borrow_mut().payload_bytes += bytes as u64;
    }

    fn sent(&self, kind: Message, payload: usize) {
        let mut traffic = self.traffic.borrow_mut();
        kind.count_up(&mut traffic);
        traffic.payload_bytes += payload as u64;
    }

    fn received(&self, kind: Message, asked: bool, content: Content<'_>) -> bool {
        let mut traffic = self.traffic.borrow_mut();
        kind.count_down(&mut traffic);
        *self.unasked.borrow_mut() += u64::from(!asked);
        for payload in content.payloads() {
            traffic.payload_bytes += payload.len() as u64;
            self.payloads.borrow_mut().push(payload.to_vec());
            self.changed.notify_one();
        }
        content.size() > 0
    }

    fn in_vain(&self) {}

    fn connected(&self) {
        self.traffic.borrow_mut().connections += 1;
    }

    fn bytes(&self, up: usize, down: usize) {
        let mut traffic = self.traffic.borrow_mut();
        traffic.bytes_up += up as u64;
        traffic.bytes_down += down as u64;
    }
}

struct NoPacer;

impl Pacer for NoPacer {
    fn every(&self, _: Duration, _: &[u32], _: u32) -> Ticks {
        unreachable!("push has no plan of its own")
    }

    fn once(&self, _: Duration, _: &[u32], _: u32) -> Ticks {
        unreachable!("push has no plan of its own")
    }
}

pub async fn publisher(protocol: &dyn Protocol, server: &ServerAddress, inbox: &Rc<Counts>, timeout: Duration) -> Result<Box<dyn Publisher>, Fault> {
    let seat = PublisherSeat {
        server: server.clone(),
        index: 1,
        connections: NonZeroUsize::new(8).unwrap(),
        inbox: Rc::clone(inbox) as Rc<dyn Inbox>,
        timeout,
        clock: Rc::new(RealClock),
        pace: Pace::REAL,
    };
    protocol.publisher(seat).await
}

pub async fn subscriber(
    protocol: &dyn Protocol,
    server: &ServerAddress,
    index: u32,
    topics: &[Topic],
    inbox: &Rc<Counts>,
    timeout: Duration,
) -> Result<Box<dyn Subscriber>, Fault> {
    let seat = SubscriberSeat {
        server: server.clone(),
        index,
        topics: topics.into(),
        connections: NonZeroUsize::MIN,
        inbox: Rc::clone(inbox) as Rc<dyn Inbox>,
        pacer: Rc::new(NoPacer),
        timeout,
        clock: Rc::new(RealClock),
        pace: Pace::REAL,
    };
    protocol.subscriber(seat).await
}

/// Now, for limits on how long something may take.
pub fn now() -> Instant {
    RealClock.now()
}

/// A client that speaks raw XML.
pub struct Raw {
    pub socket: TcpStream,
    /// What has come and was not yet looked at.
    pub seen: String,
}

pub const HEADER: &str =
    "<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='localhost' version='1.0'>";

impl Raw {
    pub async fn connect(server: &ServerAddress) -> Self {
        let socket = TcpStream::connect(&server.socket).await.unwrap();
        Self { socket, seen: String::new() }
    }

    /// Logged in with PLAIN and bound.
    pub async fn bound(server: &ServerAddress, user: &str, resource: &str) -> Self {
        use base64::Engine as _;
        let mut raw = Self::connect(server).await;
        raw.send(HEADER).await;
        raw.until("</stream:features>").await;
        let message = base64::engine::general_purpose::STANDARD.encode(format!("\0{user}\0secret"));
        raw.send(&format!("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{message}</auth>")).await;
        raw.until("<success").await;
        raw.until(">").await;
        raw.send(HEADER).await;
        raw.until("</stream:features>").await;
        raw.send(&format!("<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>{resource}</resource></bind></iq>")).await;
        assert!(raw.until("</iq>").await.contains(&format!("<jid>{user}@localhost/{resource}</jid>")));
        raw
    }

    pub async fn send(&mut self, text: &str) {
        self.socket.write_all(text.as_bytes()).await.unwrap();
    }

    /// Everything up to and with `end`.
    pub async fn until(&mut self, end: &str) -> String {
        loop {
            if let Some(at) = self.seen.find(end) {
                let rest = self.seen.split_off(at + end.len());
                return std::mem::replace(&mut self.seen, rest);
            }
            assert!(self.read().await, "closed before {end:?}, after {:?}", self.seen);
        }
    }

    /// Everything up to the end of the connection.
    pub async fn rest(&mut self) -> String {
        while self.read().await {}
        std::mem::take(&mut self.seen)
    }

    /// Reads on until `what` has come so many times, and forgets all of it.
    pub async fn skip(&mut self, what: &str, times: usize) {
        let mut found = 0;
        loop {
            found += self.seen.matches(what).count();
            if found >= times {
                return;
            }
            // A match may be cut in two by the end of what has come.
            self.seen.drain(..self.seen.len().saturating_sub(what.len() - 1));
            assert!(self.read().await, "closed after {found} of {times}");
        }
    }

    /// Sends a request and returns its answer: the next `iq`, or `message` of type error.
    pub async fn ask(&mut self, stanza: &str) -> String {
        self.send(stanza).await;
        let start = loop {
            match ["<iq", "<message type='error'"].iter().filter_map(|start| self.seen.find(start)).min() {
                Some(at) => break at,
                None => assert!(self.read().await, "closed without an answer to {stanza}, after {:?}", self.seen),
            }
        };
        self.seen.drain(..start);
        let whole = if self.seen.starts_with("<iq") { "</iq>" } else { "</message>" };
        let open = self.until(">").await;
        // An answer without content closes itself.
        if open.ends_with("/>") { open } else { open + &self.until(whole).await }
    }

    /// An `iq` to the PubSub service.
    pub async fn pubsub(&mut self, kind: &str, body: &str) -> String {
        self.ask(&format!("<iq type='{kind}' id='q' to='pubsub.localhost'><pubsub xmlns='http://jabber.org/protocol/pubsub'>{body}</pubsub></iq>")).await
    }

    /// An `iq` to the PubSub service in its owners' namespace.
    pub async fn owner(&mut self, kind: &str, body: &str) -> String {
        self.ask(&format!("<iq type='{kind}' id='q' to='pubsub.localhost'><pubsub xmlns='http://jabber.org/protocol/pubsub#owner'>{body}</pubsub></iq>")).await
    }

    async fn read(&mut self) -> bool {
        let mut buffer = vec![0; 65_536];
        let read = tokio::time::timeout(LONG, self.socket.read(&mut buffer)).await.unwrap_or_else(|_| panic!("silence after {:?}", self.seen));
        let read = read.unwrap_or(0);
        self.seen.push_str(&String::from_utf8_lossy(&buffer[..read]));
        read > 0
    }
}

/// What crossed a leg by the server's count, without the kernel's part, which clients in these tests do not count.
pub fn counted(ledger: &Ledger, leg: Leg) -> Traffic {
    Traffic { segments_up: 0, segments_down: 0, wire_up: 0, wire_down: 0, ..ledger.traffic(leg) }
}

/// A payload that tells which one it is.
pub fn text(topic: Topic, version: u32) -> Vec<u8> {
    format!("{} version {version}", topic.name()).into_bytes()
}

/// What came, as a set.
pub fn set(payloads: &[Vec<u8>]) -> HashSet<Vec<u8>> {
    payloads.iter().cloned().collect()
}

/// A server that says `lines`, one for each read of something, and then hangs or hangs up.
pub async fn scripted(lines: &'static [&'static str], then_close: bool) -> ServerAddress {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = ServerAddress { socket: listener.local_addr().unwrap().to_string() };
    tokio::task::spawn_local(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut buffer = [0; 4096];
        for line in lines {
            let _ = socket.read(&mut buffer).await;
            socket.write_all(line.as_bytes()).await.unwrap();
        }
        if !then_close {
            while socket.read(&mut buffer).await.is_ok_and(|read| read > 0) {}
        }
    });
    address
}

/// A whole login with ANONYMOUS, and then silence.
pub const LOGIN_THEN_SILENCE: &[&str] = &[
    "<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' id='1' version='1.0'>\
     <stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>ANONYMOUS</mechanism></mechanisms></stream:features>",
    "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>",
    "<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' id='2' version='1.0'>\
     <stream:features><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></stream:features>",
    "<iq type='result' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>a@localhost/b</jid></bind></iq>",
];
