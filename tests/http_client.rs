//! The polling clients against our server, and against servers that misbehave.

mod support;

use std::num::NonZeroUsize;
use std::rc::Rc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use pushbench::contender::topic::Topic;
use pushbench::contender::{Fault, Limits, ServerAddress};
use pushbench::measure::ledger::Leg;
use support::{CountingInbox, HANG, HandPacer, Running, on_one_thread, protocol, publisher_seat, subscriber_seat};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

const A: Topic = Topic(0);
const B: Topic = Topic(1);

fn payload(text: &'static str) -> Bytes {
    Bytes::from_static(text.as_bytes())
}

fn firsts() -> Vec<(Topic, Bytes)> {
    vec![(A, payload("a0")), (B, payload("b0")), (Topic::PROBE, payload("p0"))]
}

/// Server, publisher and one subscriber through their lives; at the end all counts must agree.
async fn a_life(contender: &str, connection: &str, statuses: &[(u16, u64)], payloads: &[&str]) {
    let protocol = protocol(contender, &[("interval", "5s"), ("connection", connection)]);
    assert_eq!(protocol.interval(), Some(Duration::from_secs(5)));
    let server = Running::start(protocol.clone(), Limits::default()).await;
    let (seat, puts) = publisher_seat(&server.address, 2);
    let publisher = protocol.publisher(seat).await.unwrap();
    publisher.create(firsts()).await.unwrap();

    let (seat, inbox, pacer) = subscriber_seat(&server.address, [A, B, Topic::PROBE], 1, HANG);
    let mut subscriber = protocol.subscriber(seat).await.unwrap();
    let stop = CancellationToken::new();
    let story = async {
        inbox.until(|inbox| inbox.answered() == 3).await;
        pacer.tick(A);
        pacer.tick(B);
        inbox.until(|inbox| inbox.answered() == 5).await;
        publisher.publish(B, payload("b1")).await.unwrap();
        pacer.tick(B);
        pacer.tick(B);
        pacer.tick(Topic::PROBE);
        inbox.until(|inbox| inbox.answered() == 8).await;
        stop.cancel();
    };
    let (outcome, ()) = tokio::join!(subscriber.run(stop.clone()), story);
    outcome.unwrap();
    subscriber.close().await;
    publisher.close().await;

    assert_eq!(*pacer.asked.borrow(), [(Duration::from_secs(5), vec![0, 1], u32::MAX)]);
    let mut got: Vec<String> = inbox.payloads.borrow().iter().map(|payload| String::from_utf8(payload.clone()).unwrap()).collect();
    got[..3].sort();
    assert_eq!(got, payloads);
    assert_eq!(inbox.traffic.borrow().responses.iter().map(|(status, count)| (*status, *count)).collect::<Vec<_>>(), statuses);
    assert_eq!(inbox.intended.borrow().iter().filter(|intended| intended.is_none()).count(), 3, "first fetches are set-up");
    assert_eq!((inbox.failed.get(), puts.failed.get()), (0, 0));

    let ledger = server.ledger.clone();
    server.end().await;
    assert_eq!(ledger.connections_held(), 0);
    for (leg, own) in [(Leg::Subscriber, &inbox), (Leg::Publisher, &puts)] {
        let mut theirs = ledger.traffic(leg);
        assert!(theirs.bytes_up > 0 && theirs.bytes_down > theirs.payload_bytes / 2);
        (theirs.bytes_up, theirs.bytes_down) = (0, 0);
        assert_eq!(theirs, *own.traffic.borrow(), "{contender} {connection} {leg:?}: client's count = server's count");
    }
    let expected = if connection == "per-poll" { 8 } else { 1 };
    assert_eq!(inbox.traffic.borrow().connections, expected);
    assert_eq!(puts.payloads.borrow().len(), 0);
    assert_eq!(puts.traffic.borrow().payload_bytes, 8);
}

#[test]
fn a_plain_poll_always_carries_the_payload() {
    for connection in ["keep-alive", "per-poll"] {
        on_one_thread(a_life("rest-poll", connection, &[(200, 8)], &["a0", "b0", "p0", "a0", "b0", "b1", "b1", "p0"]));
    }
}

#[test]
fn a_conditional_poll_carries_it_only_when_it_changed() {
    for connection in ["keep-alive", "per-poll"] {
        on_one_thread(a_life("rest-conditional", connection, &[(200, 4), (304, 4)], &["a0", "b0", "p0", "b1"]));
    }
}

/// Polls as fast as it can over so many connections, with payloads of so many bytes.
async fn no_more_than_allowed(connections: usize, size: usize, polls: usize) {
    let protocol = protocol("rest-poll", &[("interval", "5s")]);
    let server = Running::start(protocol.clone(), Limits::default()).await;
    let (seat, puts) = publisher_seat(&server.address, connections);
    let publisher = protocol.publisher(seat).await.unwrap();
    let topics: Vec<Topic> = (0..50).map(Topic).collect();
    let payload = Bytes::from(vec![b'x'; size]);
    publisher.create(topics.iter().map(|topic| (*topic, payload.clone())).collect()).await.unwrap();
    publisher.close().await;
    let (seat, inbox, pacer) = subscriber_seat(&server.address, topics.clone(), connections, HANG);
    let mut subscriber = protocol.subscriber(seat).await.unwrap();
    let stop = CancellationToken::new();
    let story = async {
        for topic in topics.iter().cycle().take(polls) {
            pacer.tick(*topic);
        }
        inbox.until(|inbox| inbox.answered() == (polls + topics.len()) as u64).await;
        stop.cancel();
    };
    let (outcome, ()) = tokio::join!(subscriber.run(stop.clone()), story);
    outcome.unwrap();
    subscriber.close().await;
    let what = format!("{connections} connections, {size} bytes");
    assert!(inbox.most_under_way.get() <= connections as u64, "{what}");
    for (leg, own) in [(Leg::Subscriber, &inbox), (Leg::Publisher, &puts)] {
        let opened = server.ledger.traffic(leg).connections;
        assert_eq!(own.traffic.borrow().connections, opened, "{what}, {leg:?}");
        assert!(opened <= connections as u64, "{what}, {leg:?}: {opened} were opened");
    }
    server.end().await;
}

#[test]
fn so_many_connections_and_no_more() {
    on_one_thread(async {
        for (connections, size, polls) in [(1, 10, 2_000), (4, 10, 2_000), (1, 300_000, 200), (4, 300_000, 200), (64, 5_000, 2_000)] {
            no_more_than_allowed(connections, size, polls).await;
        }
    });
}

#[test]
fn a_topic_that_does_not_exist_is_a_fault() {
    on_one_thread(async {
        let protocol = protocol("rest-poll", &[("interval", "5s")]);
        let server = Running::start(protocol.clone(), Limits::default()).await;
        let (seat, ..) = subscriber_seat(&server.address, [A], 1, HANG);
        let fault = protocol.subscriber(seat).await.err().unwrap();
        assert!(matches!(fault, Fault::Refused { .. }), "{fault}");
        assert!(fault.to_string().contains("/topics/topic-000000") && fault.to_string().contains("404"), "{fault}");
        server.end().await;
    });
}

#[test]
fn a_payload_that_is_too_large_is_a_fault_that_says_so() {
    on_one_thread(async {
        let protocol = protocol("rest-poll", &[("interval", "5s")]);
        let server = Running::start(protocol.clone(), Limits { payload: 10, topics: 1, ..Limits::default() }).await;
        let (seat, inbox) = publisher_seat(&server.address, 1);
        let publisher = protocol.publisher(seat).await.unwrap();
        let fault = publisher.create(vec![(A, payload("eleven byte"))]).await.unwrap_err();
        assert!(fault.to_string().contains("413") && fault.to_string().contains("10 bytes"), "{fault}");
        publisher.create(vec![(A, payload("ten bytes."))]).await.unwrap();
        let fault = publisher.create(vec![(B, payload("second"))]).await.unwrap_err();
        assert!(fault.to_string().contains("507"), "{fault}");
        assert_eq!(inbox.traffic.borrow().payload_bytes, 10);
        publisher.close().await;
        assert_eq!(server.ledger.traffic(Leg::Publisher).payload_bytes, 10);
        server.end().await;
    });
}

#[test]
fn a_server_that_is_gone_is_a_fault_within_a_second() {
    on_one_thread(async {
        for connection in ["keep-alive", "per-poll"] {
            let protocol = protocol("rest-poll", &[("interval", "5s"), ("connection", connection)]);
            let server = Running::start(protocol.clone(), Limits::default()).await;
            let (seat, _) = publisher_seat(&server.address, 1);
            protocol.publisher(seat).await.unwrap().create(firsts()).await.unwrap();
            let (seat, inbox, pacer) = subscriber_seat(&server.address, [A, B], 2, HANG);
            let mut subscriber = protocol.subscriber(seat).await.unwrap();
            server.end().await;
            let begin = Instant::now();
            for topic in [A, B, A, B, A] {
                pacer.tick(topic);
            }
            let fault = subscriber.run(CancellationToken::new()).await.unwrap_err();
            assert!(matches!(fault, Fault::Connection { .. }), "{fault}");
            assert!(begin.elapsed() < Duration::from_secs(2), "{:?}", begin.elapsed());
            assert_eq!(inbox.traffic.borrow().requests, inbox.failed.get() + 2, "each request that was lost is counted as failed");
            assert_eq!(inbox.under_way.get(), 0);
        }
    });
}

#[test]
fn stopping_takes_no_longer_than_a_second_and_loses_no_count() {
    on_one_thread(async {
        // A server that answers the first fetches, then swallows requests for ever.
        let (address, _server) = hostile(2, Mischief::Hang).await;
        let protocol = protocol("rest-poll", &[("interval", "5s")]);
        let (seat, inbox, pacer) = subscriber_seat(&address, [A, B], 2, HANG);
        let mut subscriber = protocol.subscriber(seat).await.unwrap();
        let stop = CancellationToken::new();
        let begin = Instant::now();
        let story = async {
            pacer.tick(A);
            inbox.until(|inbox| inbox.under_way.get() == 1 || inbox.traffic.borrow().requests == 3).await;
            stop.cancel();
        };
        let (outcome, ()) = tokio::join!(subscriber.run(stop.clone()), story);
        outcome.unwrap();
        subscriber.close().await;
        assert!(begin.elapsed() < Duration::from_secs(2));
        assert_eq!((inbox.traffic.borrow().requests, inbox.answered(), inbox.failed.get()), (3, 2, 1));
    });
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Mischief {
    Hang,
    Close,
    CloseInBody,
    Garbage,
    NotHttp,
    ErrorStatus,
    Redirect,
    Endless,
}

/// Answers so many requests well, then does mischief to each request on its own connection, or to every second of them.
async fn hostile(good: usize, mischief: Mischief) -> (ServerAddress, tokio::task::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = ServerAddress { socket: listener.local_addr().unwrap().to_string() };
    let served = Rc::new(std::cell::Cell::new(0));
    let task = tokio::task::spawn_local(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let served = served.clone();
            tokio::task::spawn_local(async move {
                let _ = misbehave(socket, &served, good, mischief).await;
            });
        }
    });
    (address, task)
}

async fn misbehave(mut socket: TcpStream, served: &std::cell::Cell<usize>, good: usize, mischief: Mischief) -> std::io::Result<()> {
    let mut head = Vec::new();
    loop {
        while !head.ends_with(b"\r\n\r\n") {
            head.push(socket.read_u8().await?);
        }
        head.clear();
        served.set(served.get() + 1);
        if served.get() <= good || served.get().is_multiple_of(2) {
            socket.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await?;
            continue;
        }
        match mischief {
            Mischief::Hang => std::future::pending().await,
            Mischief::Close => return Ok(()),
            Mischief::CloseInBody => return socket.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 200\r\n\r\nhalf").await,
            Mischief::Garbage => return socket.write_all(&[0xff, 0, 13, 10, 7, 13, 10, 13, 10]).await,
            Mischief::NotHttp => return socket.write_all(b"220 mail ESMTP\r\n").await,
            Mischief::ErrorStatus => socket.write_all(b"HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy").await?,
            Mischief::Redirect => socket.write_all(b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n").await?,
            Mischief::Endless => {
                socket.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").await?;
                let chunk = [b"100000\r\n".as_slice(), &vec![b'x'; 1 << 20], b"\r\n"].concat();
                loop {
                    socket.write_all(&chunk).await?;
                }
            }
        }
    }
}

async fn survive(mischief: Mischief) -> (Rc<CountingInbox>, Rc<HandPacer>) {
    let (address, _server) = hostile(2, mischief).await;
    let protocol = protocol("rest-conditional", &[("interval", "5s")]);
    let timeout = if mischief == Mischief::Hang { Duration::from_millis(200) } else { HANG };
    let (seat, inbox, pacer) = subscriber_seat(&address, [A, B], 1, timeout);
    assert_eq!(seat.connections, NonZeroUsize::MIN);
    let mut subscriber = protocol.subscriber(seat).await.unwrap();
    let stop = CancellationToken::new();
    let story = async {
        for topic in [A, B, A, B] {
            pacer.tick(topic);
        }
        inbox.until(|inbox| inbox.answered() + inbox.failed.get() == 6).await;
        stop.cancel();
    };
    let (outcome, ()) = tokio::join!(subscriber.run(stop.clone()), story);
    outcome.unwrap_or_else(|fault| panic!("{mischief:?}: {fault}"));
    (inbox, pacer)
}

#[test]
fn what_a_bad_server_does_is_counted_and_polling_goes_on() {
    on_one_thread(async {
        for mischief in [Mischief::Hang, Mischief::Close, Mischief::CloseInBody, Mischief::Garbage, Mischief::NotHttp, Mischief::Endless] {
            let (inbox, _) = survive(mischief).await;
            assert_eq!((inbox.failed.get(), inbox.answered()), (2, 4), "{mischief:?}");
            assert!(inbox.payloads.borrow().iter().all(|payload| payload == b"ok"), "{mischief:?}: half a body is no payload");
        }
        for (mischief, status) in [(Mischief::ErrorStatus, 503), (Mischief::Redirect, 302)] {
            let (inbox, _) = survive(mischief).await;
            assert_eq!((inbox.failed.get(), inbox.traffic.borrow().responses.get(&status)), (0, Some(&2)), "{mischief:?}");
            assert_eq!(inbox.payloads.borrow().len(), 4);
        }
    });
}
