//! `/streams`.

use std::rc::Rc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use pushbench::contender::topic::Topic;
use pushbench::contender::{Limits, ServerAddress};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use crate::raw::{Peer, ask, put};
use crate::support::{HANG, Running, on_one_thread, protocol, subscriber_seat};

async fn start(settings: &[(&str, &str)]) -> Running {
    Running::start(protocol("sse", settings), Limits::default()).await
}

/// Makes a stream.
async fn made(server: &Running, topics: &str) -> String {
    let made = ask(server, "POST", "/streams", topics).await;
    assert_eq!(made.status, 201);
    let path = made.field("location").unwrap().to_owned();
    assert_eq!(made.text(), path);
    path
}

/// Opens it, behind an event; it begins with how soon to come again.
async fn open(server: &Running, path: &str, last: Option<&str>) -> Peer {
    let mut peer = Peer::new(server).await;
    let fields = last.map(|id| format!("Last-Event-ID: {id}\r\n")).unwrap_or_default();
    peer.send("GET", path, &fields, b"").await;
    let head = peer.head().await;
    assert_eq!((head.status, head.field("content-type"), head.field("cache-control")), (200, Some("text/event-stream"), Some("no-store")));
    assert_eq!(head.field("transfer-encoding"), Some("chunked"));
    assert_eq!(peer.chunk().await, "retry: 3000\n\n");
    peer
}

/// The id of the last event of a chunk.
fn last_id(chunk: &str) -> String {
    chunk.lines().filter_map(|line| line.strip_prefix("id: ")).next_back().unwrap().to_owned()
}

/// A chunk without its ids.
fn without_ids(chunk: &str) -> String {
    chunk.lines().filter(|line| !line.starts_with("id: ")).map(|line| format!("{line}\n")).collect()
}

#[test]
fn a_stream_tells_from_the_beginning_or_from_where_one_was() {
    on_one_thread(async {
        let server = start(&[("replay", "3")]).await;
        put(&server, "a", "a0").await;
        put(&server, "b", "two\nlines").await;
        let path = made(&server, "b\na").await;
        let mut first = open(&server, &path, None).await;
        let chunk = first.chunk().await;
        assert_eq!(without_ids(&chunk), "event: a\ndata: a0\n\nevent: b\ndata: two\ndata: lines\n\n");
        let id = last_id(&chunk);
        put(&server, "a", "carriage\rreturn").await;
        let chunk = first.chunk().await;
        assert_eq!(without_ids(&chunk), "event: a;base64\ndata: Y2FycmlhZ2UNcmV0dXJu\n\n");

        // Another opens it: the one before ends.
        let mut second = open(&server, &path, Some(&id)).await;
        assert_eq!(first.chunk().await, "", "one at a time");
        assert_eq!(second.chunk().await, chunk, "what came behind that event comes again");
        put(&server, "a", "a2").await;
        assert_eq!(without_ids(&second.chunk().await), "event: a\ndata: a2\n\n");
        drop(second);

        // Nobody listens meanwhile.
        put(&server, "a", "a3").await;
        let mut third = open(&server, &path, Some(&last_id(&chunk))).await;
        assert_eq!(without_ids(&third.chunk().await), "event: a\ndata: a2\n\nevent: a\ndata: a3\n\n");
        drop(third);
        for payload in ["a4", "a5", "a6", "a7"] {
            put(&server, "a", payload).await;
        }
        let mut late = open(&server, &path, Some(&id)).await;
        assert_eq!(without_ids(&late.chunk().await), "event: a\ndata: a7\n\nevent: b\ndata: two\ndata: lines\n\n", "too far behind: what is now");

        assert_eq!(ask(&server, "DELETE", &path, "").await.status, 204);
        assert_eq!(late.chunk().await, "");
        assert_eq!(ask(&server, "GET", &path, "").await.status, 404);
        server.end().await;
    });
}

#[test]
fn silence_is_filled_with_comments() {
    on_one_thread(async {
        let server = start(&[("heartbeat", "100ms")]).await;
        put(&server, "a", "a0").await;
        let path = made(&server, "a").await;
        let mut peer = open(&server, &path, Some("")).await;
        assert_eq!(without_ids(&peer.chunk().await), "event: a\ndata: a0\n\n", "an empty id is none");
        for _ in 0..3 {
            assert_eq!(peer.chunk().await, ":\n\n");
        }
        assert!(server.end().await < Duration::from_secs(1), "a stream is no reason to stay");
    });
}

#[test]
fn what_cannot_be_is_refused_in_words() {
    on_one_thread(async {
        let limits = Limits { patience: Duration::from_millis(300), ..Limits::default() };
        let server = Running::start(protocol("sse", &[]), limits).await;
        put(&server, "a", "a0").await;
        let path = made(&server, "a").await;
        for (method, path, body, status, words) in [
            ("POST", "/streams", "", 400, "one a line"),
            ("POST", "/streams", "none", 404, "\"none\""),
            ("GET", "/streams", "", 405, "POST"),
            ("GET", "/streams/1", "", 404, "no such stream"),
            ("PUT", &path, "", 405, "GET, DELETE"),
        ] {
            let refused = ask(&server, method, path, body).await;
            assert_eq!(refused.status, status, "{method} {path}: {refused:?}");
            assert!(refused.text().contains(words), "{method} {path}: {}", refused.text());
        }
        for bad in ["x", "-1", "99999999999999999999", "1, 2"] {
            let mut peer = Peer::new(&server).await;
            peer.send("GET", &path, &format!("Last-Event-ID: {bad}\r\n"), b"").await;
            assert_eq!(peer.response().await.status, 400, "{bad}");
        }
        // Nobody opens it.
        tokio::time::sleep(Duration::from_millis(1_000)).await;
        assert_eq!(ask(&server, "GET", &path, "").await.status, 404);
        server.end().await;
    });
}

/// Stands between a subscriber and its server; cuts all that is open when told to.
async fn relay(server: ServerAddress) -> (ServerAddress, Rc<tokio::sync::Notify>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = ServerAddress { socket: listener.local_addr().unwrap().to_string() };
    let cut = Rc::new(tokio::sync::Notify::new());
    let cutting = Rc::clone(&cut);
    tokio::task::spawn_local(async move {
        loop {
            let (mut near, _) = listener.accept().await.unwrap();
            let mut far = TcpStream::connect(&server.socket).await.unwrap();
            let cut = Rc::clone(&cutting);
            tokio::task::spawn_local(async move {
                tokio::select! {
                    _ = tokio::io::copy_bidirectional(&mut near, &mut far) => {}
                    () = cut.notified() => {}
                }
            });
        }
    });
    (address, cut)
}

#[test]
fn a_subscriber_whose_stream_breaks_loses_nothing() {
    on_one_thread(async {
        let server = start(&[("retry", "100ms")]).await;
        let protocol = protocol("sse", &[]);
        let topic = Topic(0).name();
        put(&server, &topic, "first").await;
        let (address, cut) = relay(server.address.clone()).await;
        let (seat, inbox, _) = subscriber_seat(&address, [Topic(0)], 1, HANG);
        let mut subscriber = protocol.subscriber(seat).await.unwrap();
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let running = tokio::task::spawn_local(async move { subscriber.run(stopped).await });
        let mut expected = vec![Bytes::from_static(b"first")];
        for round in 0..3 {
            cut.notify_waiters();
            for update in 0..5 {
                let payload = format!("{round} {update}");
                put(&server, &topic, &payload).await;
                expected.push(payload.into());
            }
            let all = inbox.until(|inbox| inbox.payloads.borrow().len() >= expected.len());
            tokio::time::timeout(HANG, all).await.expect("all come");
        }
        assert_eq!(*inbox.payloads.borrow(), expected, "each once, in order");
        stop.cancel();
        running.await.unwrap().unwrap();
        server.end().await;
    });
}

/// A server of streams by hand: its one stream says these bytes each time it is opened, and ends.
struct ByHand {
    listener: TcpListener,
    says: &'static [&'static str],
}

impl ByHand {
    async fn new(says: &'static [&'static str]) -> Self {
        Self { listener: TcpListener::bind("127.0.0.1:0").await.unwrap(), says }
    }

    fn address(&self) -> ServerAddress {
        ServerAddress { socket: self.listener.local_addr().unwrap().to_string() }
    }

    /// Serves one request per connection; when the stream was opened, and behind which event.
    async fn serve(self) -> Vec<(Instant, Option<String>)> {
        let (mut opened, mut said) = (Vec::new(), self.says.iter());
        loop {
            let (mut socket, _) = self.listener.accept().await.unwrap();
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                request.push(socket.read_u8().await.unwrap());
            }
            let request = String::from_utf8(request).unwrap().to_lowercase();
            let length = request.lines().find_map(|line| line.strip_prefix("content-length: ")).map_or(0, |length| length.parse().unwrap());
            socket.read_exact(&mut vec![0; length]).await.unwrap();
            let answer = if request.starts_with("post /streams ") {
                "HTTP/1.1 201 Created\r\nLocation: /streams/1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_owned()
            } else {
                opened.push((Instant::now(), request.lines().find_map(|line| line.strip_prefix("last-event-id: ")).map(str::to_owned)));
                let Some(text) = said.next() else { return opened };
                format!("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{text}", text.len())
            };
            socket.write_all(answer.as_bytes()).await.unwrap();
        }
    }
}

#[test]
fn a_subscriber_comes_again_when_it_was_told_to() {
    on_one_thread(async {
        // It holds until another is told; what is no number of milliseconds is passed over.
        // And an id without an event is told back like any other.
        let says = &["retry: 600\n\nid: 7\ndata: first\n\n", "retry: soon\n\n", "retry: 50\nid: 8\ndata: second\n\n", ":\n\n", "id: 9\n\n", ":\n\n"];
        let by_hand = ByHand::new(says).await;
        let (seat, inbox, _) = subscriber_seat(&by_hand.address(), [Topic(0)], 1, HANG);
        let served = tokio::task::spawn_local(by_hand.serve());
        let mut subscriber = protocol("sse", &[]).subscriber(seat).await.unwrap();
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let running = tokio::task::spawn_local(async move { subscriber.run(stopped).await });
        let opened = served.await.unwrap();
        let behind: Vec<Option<&str>> = opened.iter().map(|(_, last)| last.as_deref()).collect();
        assert_eq!(behind, [None, Some("7"), Some("7"), Some("8"), Some("8"), Some("9"), Some("9")]);
        let pauses: Vec<Duration> = opened.windows(2).map(|two| two[1].0 - two[0].0).collect();
        let millis = Duration::from_millis;
        for (pause, (least, most)) in pauses.iter().zip([(600, 2_500), (600, 2_500), (50, 550), (50, 550)]) {
            assert!((millis(least)..millis(most)).contains(pause), "{pauses:?}");
        }
        assert_eq!(*inbox.payloads.borrow(), [b"first".to_vec(), b"second".to_vec()]);
        // The server is gone: the subscriber notices, and says so.
        assert!(running.await.unwrap().is_err());
    });
}

#[test]
fn who_is_told_to_come_again_later_still_leaves_at_once() {
    on_one_thread(async {
        let by_hand = ByHand::new(&["retry: 3600000\n\ndata: first\n\n"]).await;
        let (seat, _, _) = subscriber_seat(&by_hand.address(), [Topic(0)], 1, HANG);
        let served = tokio::task::spawn_local(by_hand.serve());
        let mut subscriber = protocol("sse", &[]).subscriber(seat).await.unwrap();
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let running = tokio::task::spawn_local(async move { subscriber.run(stopped).await });
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert!(!served.is_finished(), "it waits");
        let begin = Instant::now();
        stop.cancel();
        running.await.unwrap().unwrap();
        assert!(begin.elapsed() < Duration::from_secs(1), "{:?}", begin.elapsed());
        served.abort();
    });
}

#[test]
fn the_server_says_what_the_scenario_says() {
    on_one_thread(async {
        let server = start(&[("retry", "1500ms")]).await;
        put(&server, "a", "a0").await;
        let path = made(&server, "a").await;
        let mut peer = Peer::new(&server).await;
        peer.send("GET", &path, "", b"").await;
        assert_eq!(peer.head().await.status, 200);
        assert_eq!(peer.chunk().await, "retry: 1500\n\n");
        assert_eq!(without_ids(&peer.chunk().await), "event: a\ndata: a0\n\n");
        server.end().await;
    });
}
