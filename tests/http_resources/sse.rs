//! `/streams`.

use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use pushbench::contender::topic::Topic;
use pushbench::contender::{Limits, ServerAddress};
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

/// Opens it, behind an event.
async fn open(server: &Running, path: &str, last: Option<&str>) -> Peer {
    let mut peer = Peer::new(server).await;
    let fields = last.map(|id| format!("Last-Event-ID: {id}\r\n")).unwrap_or_default();
    peer.send("GET", path, &fields, b"").await;
    let head = peer.head().await;
    assert_eq!((head.status, head.field("content-type"), head.field("cache-control")), (200, Some("text/event-stream"), Some("no-store")));
    assert_eq!(head.field("transfer-encoding"), Some("chunked"));
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
        let server = start(&[]).await;
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
