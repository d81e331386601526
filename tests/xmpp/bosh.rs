//! `xmpp-bosh` against raw requests: sessions, holding, and what a client may do wrong (XEP-0124, XEP-0206).

use std::time::Duration;

use pushbench::contender::Limits;
use pushbench::measure::ledger::Leg;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::serving::serve_as;
use crate::support::{LONG, Running, now, on_one_thread};

/// `a` with the password `secret`.
const AUTH: &str = "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>AGEAc2VjcmV0</auth>";
const BIND: &str = "<iq xmlns='jabber:client' type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>r</resource></bind></iq>";
const PING: &str = "<iq xmlns='jabber:client' type='get' id='p' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>";
/// Longer than any of these tests takes.
const FOREVER: &str = "1h";

async fn server(wait: &str, limits: Limits) -> Running {
    serve_as("xmpp-bosh", &[("wait", wait)], limits).await
}

/// A connection that makes its requests itself.
struct Requests {
    socket: TcpStream,
    unread: Vec<u8>,
}

impl Requests {
    async fn connect(server: &Running) -> Self {
        Self { socket: TcpStream::connect(&server.address.socket).await.unwrap(), unread: Vec::new() }
    }

    async fn send(&mut self, body: &str) {
        let head = format!("POST /http-bind HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n", body.len());
        self.socket.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
    }

    /// The next response: its status line and body.
    async fn response(&mut self) -> (String, String) {
        loop {
            let text = String::from_utf8_lossy(&self.unread).into_owned();
            if let Some((head, rest)) = text.split_once("\r\n\r\n") {
                let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).map_or(0, |length| length.parse().unwrap());
                if rest.len() >= length {
                    let body = rest[..length].to_owned();
                    self.unread.drain(..head.len() + 4 + length);
                    return (head.lines().next().unwrap().to_owned(), body);
                }
            }
            let mut buffer = [0; 4096];
            let read = tokio::time::timeout(LONG, self.socket.read(&mut buffer)).await.expect("a response").unwrap();
            assert!(read > 0, "closed after {text:?}");
            self.unread.extend_from_slice(&buffer[..read]);
        }
    }

    async fn body(&mut self) -> String {
        let (status, body) = self.response().await;
        assert_eq!(status, "HTTP/1.1 200 OK", "{body}");
        body
    }

    async fn ask(&mut self, body: &str) -> String {
        self.send(body).await;
        self.body().await
    }

    /// Whether nothing has come for a while.
    async fn waits(&mut self) -> bool {
        let mut byte = [0];
        self.unread.is_empty() && tokio::time::timeout(Duration::from_millis(150), self.socket.peek(&mut byte)).await.is_err()
    }
}

/// A session that is bound; its next request is number 15.
async fn bound(server: &Running) -> (Requests, String) {
    let mut requests = Requests::connect(server).await;
    let opened = requests.ask(&begin("to='localhost' wait='60' hold='1' xmpp:version='1.0'")).await;
    assert!(opened.contains("<stream:features xmlns:stream='http://etherx.jabber.org/streams'><mechanisms "), "{opened}");
    assert!(opened.contains(" requests='2' hold='1' ") && opened.contains(" xmpp:restartlogic='true'"), "{opened}");
    let sid = value(&opened, "sid");
    let success = requests.ask(&body(11, &sid, "", AUTH)).await;
    assert!(success.contains("<success "), "{success}");
    let features = requests.ask(&body(12, &sid, "xmpp:restart='true' xmlns:xmpp='urn:xmpp:xbosh'", "")).await;
    assert!(features.contains("urn:ietf:params:xml:ns:xmpp-bind"), "{features}");
    let address = requests.ask(&body(13, &sid, "", BIND)).await;
    assert!(address.contains("<iq xmlns='jabber:client' type='result' id='b'>") && address.contains("<jid>a@localhost/r</jid>"), "{address}");
    let pong = requests.ask(&body(14, &sid, "", PING)).await;
    assert!(pong.contains("type='result' id='p'"), "{pong}");
    (requests, sid)
}

fn begin(attributes: &str) -> String {
    format!("<body xmlns='http://jabber.org/protocol/httpbind' xmlns:xmpp='urn:xmpp:xbosh' rid='10' {attributes}/>")
}

fn body(rid: u64, sid: &str, attributes: &str, elements: &str) -> String {
    format!("<body xmlns='http://jabber.org/protocol/httpbind' rid='{rid}' sid='{sid}' {attributes}>{elements}</body>")
}

/// The value of an attribute of the first tag.
fn value(text: &str, name: &str) -> String {
    text.split_once(&format!(" {name}='")).unwrap().1.split_once('\'').unwrap().0.to_owned()
}

fn terminates(said: &str, condition: &str) -> bool {
    said.contains(" type='terminate'") && said.contains(&format!(" condition='{condition}'"))
}

fn pubsub(id: &str, what: &str) -> String {
    format!("<iq xmlns='jabber:client' type='set' id='{id}' to='pubsub.localhost'><pubsub xmlns='http://jabber.org/protocol/pubsub'>{what}</pubsub></iq>")
}

const EMPTY: &str = "<body xmlns='http://jabber.org/protocol/httpbind'/>";

#[test]
fn one_request_is_held_until_there_is_something_to_say() {
    on_one_thread(async {
        let server = server(FOREVER, Limits::default()).await;
        let (mut first, sid) = bound(&server).await;
        let mut second = Requests::connect(&server).await;
        first.send(&body(15, &sid, "", "")).await;
        assert!(first.waits().await, "held");
        // What is said by a second request is answered by the one that was held, and the second one is held in its place.
        second.send(&body(16, &sid, "", &pubsub("1", "<create node='n'/>"))).await;
        assert!(first.body().await.contains("type='result' id='1'"));
        assert!(second.waits().await, "held in its place");
        // A third one with nothing to say sets the second free, with nothing.
        first.send(&body(17, &sid, "", "")).await;
        assert_eq!(second.body().await, EMPTY);
        second.send(&body(18, &sid, "", &pubsub("2", "<subscribe node='n' jid='a@localhost/r'/>"))).await;
        assert!(first.body().await.contains("subscription='subscribed'"));
        // A notification and a result, to one request together.
        first
            .send(&body(19, &sid, "", &pubsub("3", "<publish node='n'><item id='i'><update xmlns='urn:pushbench:update:0'>x&amp;y</update></item></publish>")))
            .await;
        let said = second.body().await;
        assert!(
            said.contains("<message xmlns='jabber:client' from='pubsub.localhost'") && said.contains(">x&amp;y</update>") && said.contains("id='3'"),
            "{said}"
        );
        second.send(&body(20, &sid, "type='terminate'", "<presence xmlns='jabber:client' type='unavailable'/>")).await;
        for requests in [&mut first, &mut second] {
            assert_eq!(requests.body().await, EMPTY.replace("/>", " type='terminate'/>"));
        }
        let traffic = server.ledger.traffic(Leg::Publisher);
        assert_eq!((traffic.requests, traffic.responses[&200], traffic.connections), (11, 11, 2), "of both connections");
        assert_eq!((traffic.payload_bytes, traffic.stanzas(), traffic.handshake_up), (6, 0, 0), "requests are the messages");
        assert_eq!(server.ledger.traffic(Leg::Subscriber).messages(), 0);
        assert!(terminates(&second.ask(&body(21, &sid, "", "")).await, "item-not-found"), "the session is forgotten");
        server.end().await;
    });
}

#[test]
fn a_hold_runs_out_and_says_nothing() {
    on_one_thread(async {
        let server = server("1s", Limits::default()).await;
        let (mut requests, sid) = bound(&server).await;
        let before = now();
        assert_eq!(requests.ask(&body(15, &sid, "", "")).await, EMPTY);
        assert!(now().since(before) >= Duration::from_millis(900));
        // A client that wants no holding is answered at once.
        let mut polling = Requests::connect(&server).await;
        let opened = polling.ask(&begin("to='localhost' wait='60' hold='0' xmpp:version='1.0'")).await;
        assert_eq!((value(&opened, "hold"), value(&opened, "wait")), ("0".to_owned(), "1".to_owned()), "the less of both");
        let sid = value(&opened, "sid");
        let before = now();
        assert_eq!(polling.ask(&body(11, &sid, "", "")).await, EMPTY);
        assert!(now().since(before) < Duration::from_secs(1));
        server.end().await;
    });
}

#[test]
fn requests_have_an_order_and_may_come_again() {
    on_one_thread(async {
        let server = server(FOREVER, Limits::default()).await;
        let (mut first, sid) = bound(&server).await;
        let mut second = Requests::connect(&server).await;
        // Before its turn: it waits for the one that is missing.
        let ping = |id: &str| PING.replace("'p'", &format!("'{id}'"));
        second.send(&body(16, &sid, "", &ping("two"))).await;
        assert!(second.waits().await);
        assert!(first.ask(&body(15, &sid, "", &ping("one"))).await.contains("id='one'"));
        assert!(second.body().await.contains("id='two'"));
        // Before its turn and then again, by another connection: the one before is answered with nothing, and the session goes on.
        let mut again = Requests::connect(&server).await;
        second.send(&body(18, &sid, "", &ping("four"))).await;
        assert!(second.waits().await);
        again.send(&body(18, &sid, "", &ping("four"))).await;
        assert_eq!(second.body().await, EMPTY);
        assert!(first.ask(&body(17, &sid, "", &ping("three"))).await.contains("id='three'"));
        assert!(again.body().await.contains("id='four'"));
        drop(again);
        // Answered already: the same answer, and nothing is done twice.
        let created = first.ask(&body(19, &sid, "", &pubsub("1", "<create node='n'/>"))).await;
        assert!(created.contains("type='result' id='1'"));
        assert_eq!(first.ask(&body(19, &sid, "", &pubsub("1", "<create node='n'/>"))).await, created);
        // A connection that breaks while its request is held: the client sends it again.
        first.send(&body(20, &sid, "", "")).await;
        assert!(first.waits().await);
        drop(first);
        second.send(&body(20, &sid, "", "")).await;
        assert!(second.waits().await);
        let mut third = Requests::connect(&server).await;
        third.send(&body(21, &sid, "", &ping("five"))).await;
        assert!(second.body().await.contains("id='five'"), "what is said goes to the new connection");
        // Out of the window.
        assert!(terminates(&second.ask(&body(99, &sid, "", "")).await, "item-not-found"));
        assert!(terminates(&third.body().await, "item-not-found"), "the held one is told too");
        server.end().await;
    });
}

#[test]
fn acknowledgements_are_said_to_who_asks() {
    on_one_thread(async {
        let server = server(FOREVER, Limits::default()).await;
        let (mut first, mut second) = (Requests::connect(&server).await, Requests::connect(&server).await);
        let opened = first.ask(&begin("to='localhost' wait='60' hold='1' ack='1' xmpp:version='1.0'")).await;
        let sid = value(&opened, "sid");
        assert_eq!(value(&opened, "ack"), "10");
        first.send(&body(11, &sid, "", "")).await;
        assert!(first.waits().await);
        second.send(&body(12, &sid, "", "")).await;
        assert_eq!(first.body().await, EMPTY.replace("/>", " ack='12'/>"), "later requests have come than the one that is answered");
        server.end().await;
    });
}

#[test]
fn what_is_no_session_is_refused() {
    on_one_thread(async {
        let server = server(FOREVER, Limits { connections: 5, ..Limits::default() }).await;
        let mut requests = Requests::connect(&server).await;
        for (said, condition) in [
            ("", "bad-request"),
            ("<body", "bad-request"),
            ("<body rid='1' to='localhost'/>", "bad-request"),
            ("<body xmlns='http://jabber.org/protocol/httpbind' to='localhost'/>", "bad-request"),
            ("<body xmlns='http://jabber.org/protocol/httpbind' rid='-1' to='localhost'/>", "bad-request"),
            ("<body xmlns='http://jabber.org/protocol/httpbind' rid='9007199254740992' to='localhost'/>", "bad-request"),
            ("<body xmlns='http://jabber.org/protocol/httpbind' rid='1'/>", "improper-addressing"),
            ("<body xmlns='http://jabber.org/protocol/httpbind' rid='1' to='example.org'/>", "host-unknown"),
            ("<body xmlns='http://jabber.org/protocol/httpbind' rid='1' sid='none'/>", "item-not-found"),
        ] {
            let answer = requests.ask(said).await;
            assert!(terminates(&answer, condition), "{said}: {answer}");
        }
        requests.socket.write_all(b"POST /http-bind HTTP/1.1\r\nhost: x\r\ncontent-length: 7000000\r\n\r\n").await.unwrap();
        assert_eq!(requests.response().await.0, "HTTP/1.1 413 Payload Too Large");
        for (method, status) in [("GET", "HTTP/1.1 405 Method Not Allowed"), ("OPTIONS", "HTTP/1.1 204 No Content")] {
            let mut requests = Requests::connect(&server).await;
            requests.socket.write_all(format!("{method} /http-bind HTTP/1.1\r\nhost: x\r\n\r\n").as_bytes()).await.unwrap();
            assert_eq!(requests.response().await.0, status);
        }
        // More sessions than connections are allowed.
        let mut requests = Requests::connect(&server).await;
        for _ in 0..5 {
            assert!(requests.ask(&begin("to='localhost' hold='1'")).await.contains(" sid='"));
        }
        assert!(terminates(&requests.ask(&begin("to='localhost' hold='1'")).await, "policy-violation"));
        server.end().await;
    });
}

#[test]
fn what_ends_a_stream_ends_the_session() {
    on_one_thread(async {
        let server = server(FOREVER, Limits::default()).await;
        for (elements, condition) in [("<presence xmlns='jabber:client'/>", "not-authorized"), ("<presence/>", "unsupported-stanza-type")] {
            let mut requests = Requests::connect(&server).await;
            let sid = value(&requests.ask(&begin("to='localhost' hold='1' xmpp:version='1.0'")).await, "sid");
            let said = requests.ask(&body(11, &sid, "", elements)).await;
            let error = format!(
                "<stream:error xmlns:stream='http://etherx.jabber.org/streams'><{condition} xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>"
            );
            assert!(terminates(&said, "remote-stream-error") && said.contains(&error), "{elements}: {said}");
            assert!(terminates(&requests.ask(&body(12, &sid, "", "")).await, "item-not-found"));
        }
        // A resource that somebody else takes over.
        let (mut requests, sid) = bound(&server).await;
        requests.send(&body(15, &sid, "", "")).await;
        assert!(requests.waits().await);
        let _other = bound(&server).await;
        let said = requests.body().await;
        assert!(terminates(&said, "remote-stream-error") && said.contains("<conflict "), "{said}");
        // The server stops.
        let (mut requests, sid) = bound(&server).await;
        requests.send(&body(15, &sid, "", "")).await;
        assert!(requests.waits().await);
        server.end().await;
        let said = requests.body().await;
        assert!(terminates(&said, "remote-stream-error") && said.contains("<system-shutdown "), "{said}");
    });
}

#[test]
fn sessions_that_nobody_asks_for_lapse() {
    on_one_thread(async {
        let patience = Duration::from_millis(500);
        let server = server(FOREVER, Limits { patience, ..Limits::default() }).await;
        let mut lonely = Requests::connect(&server).await;
        let sid = value(&lonely.ask(&begin("to='localhost' hold='1' xmpp:version='1.0'")).await, "sid");
        // Held, but no login comes.
        lonely.send(&body(11, &sid, "", "")).await;
        let said = lonely.body().await;
        assert!(terminates(&said, "remote-stream-error") && said.contains("<connection-timeout "), "{said}");
        // Bound, and a request is held: it lasts.
        let (mut kept, kept_sid) = bound(&server).await;
        kept.send(&body(15, &kept_sid, "", "")).await;
        tokio::time::sleep(patience * 3).await;
        assert!(kept.waits().await, "a held request is no fault, however long");
        // Once nobody holds one, it lapses.
        drop(kept);
        tokio::time::sleep(patience * 4).await;
        let mut late = Requests::connect(&server).await;
        assert!(terminates(&late.ask(&body(16, &kept_sid, "", PING)).await, "item-not-found"));
        // A body that comes byte by byte is HTTP's affair: the connection is closed.
        let mut slow = Requests::connect(&server).await;
        slow.socket.write_all(b"POST /http-bind HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n<").await.unwrap();
        let mut rest = Vec::new();
        let _ = tokio::time::timeout(LONG, slow.socket.read_to_end(&mut rest)).await.expect("the end of the connection");
        server.end().await;
    });
}
