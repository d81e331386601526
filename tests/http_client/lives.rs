//! Against our own server: what is counted, what is held, what becomes a fault.

use std::time::{Duration, Instant};

use bytes::Bytes;
use pushbench::contender::topic::Topic;
use pushbench::contender::{Fault, Limits};
use pushbench::measure::ledger::Leg;
use pushbench::measure::traffic::Traffic;
use tokio_util::sync::CancellationToken;

use super::support::{HANG, Running, on_one_thread, protocol, publisher_seat, subscriber_seat};
use super::{A, B, CLIENTS};

fn payload(text: &'static str) -> Bytes {
    Bytes::from_static(text.as_bytes())
}

fn firsts() -> Vec<(Topic, Bytes)> {
    vec![(A, payload("a0")), (B, payload("b0")), (Topic::PROBE, payload("p0"))]
}

/// Server, publisher and one subscriber through their lives; at the end all counts must agree.
/// What crossed each leg is returned.
async fn a_life(contender: &str, client: &str, connection: &str, statuses: &[(u16, u64)], payloads: &[&str]) -> [Traffic; 2] {
    let protocol = protocol(contender, &[("interval", "5s"), ("client", client), ("connection", connection)]);
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
        assert!(theirs.wire_up > theirs.bytes_up && theirs.wire_down > theirs.bytes_down, "{theirs:?}");
        if client == "library" {
            // It hides its sockets.
            (theirs.bytes_up, theirs.bytes_down) = (0, 0);
        }
        // Only the server's end asks the kernel what crossed the wire.
        (theirs.segments_up, theirs.segments_down, theirs.wire_up, theirs.wire_down) = (0, 0, 0, 0);
        assert_eq!(theirs, *own.traffic.borrow(), "{contender} {client} {connection} {leg:?}: client's count = server's count");
    }
    let expected = if connection == "per-poll" { 8 } else { 1 };
    assert_eq!(inbox.traffic.borrow().connections, expected);
    assert_eq!(puts.payloads.borrow().len(), 0);
    assert_eq!(puts.traffic.borrow().payload_bytes, 8);
    [Leg::Subscriber, Leg::Publisher].map(|leg| ledger.traffic(leg))
}

/// The same life with either client: the same counts at both ends, and the same bytes.
async fn same_lives(contender: &str, connection: &str, statuses: &[(u16, u64)], payloads: &[&str]) {
    let [library, lean] = [a_life(contender, "library", connection, statuses, payloads).await, a_life(contender, "lean", connection, statuses, payloads).await];
    assert_eq!(library, lean, "{contender} {connection}: the choice of client changes no count");
}

#[test]
fn a_plain_poll_always_carries_the_payload() {
    for connection in ["keep-alive", "per-poll"] {
        on_one_thread(same_lives("rest-poll", connection, &[(200, 8)], &["a0", "b0", "p0", "a0", "b0", "b1", "b1", "p0"]));
    }
}

#[test]
fn a_conditional_poll_carries_it_only_when_it_changed() {
    for connection in ["keep-alive", "per-poll"] {
        on_one_thread(same_lives("rest-conditional", connection, &[(200, 4), (304, 4)], &["a0", "b0", "p0", "b1"]));
    }
}

/// Polls as fast as it can over so many connections, with payloads of so many bytes.
async fn no_more_than_allowed(client: &str, connections: usize, size: usize, polls: usize) {
    let protocol = protocol("rest-poll", &[("interval", "5s"), ("client", client)]);
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
    let what = format!("{client}, {connections} connections, {size} bytes");
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
        for client in CLIENTS {
            for (connections, size, polls) in [(1, 10, 2_000), (4, 10, 2_000), (1, 300_000, 200), (4, 300_000, 200), (64, 5_000, 2_000)] {
                no_more_than_allowed(client, connections, size, polls).await;
            }
        }
    });
}

#[test]
fn a_topic_that_does_not_exist_is_a_fault() {
    for client in CLIENTS {
        on_one_thread(async {
            let protocol = protocol("rest-poll", &[("interval", "5s"), ("client", client)]);
            let server = Running::start(protocol.clone(), Limits::default()).await;
            let (seat, ..) = subscriber_seat(&server.address, [A], 1, HANG);
            let fault = protocol.subscriber(seat).await.err().unwrap();
            assert!(matches!(fault, Fault::Refused { .. }), "{fault}");
            assert!(fault.to_string().contains("/topics/topic-000000") && fault.to_string().contains("404"), "{fault}");
            server.end().await;
        });
    }
}

#[test]
fn a_payload_that_is_too_large_is_a_fault_that_says_so() {
    for client in CLIENTS {
        on_one_thread(async {
            let protocol = protocol("rest-poll", &[("interval", "5s"), ("client", client)]);
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
}

#[test]
fn a_server_that_is_gone_is_a_fault_within_a_second() {
    for client in CLIENTS {
        on_one_thread(async {
            for connection in ["keep-alive", "per-poll"] {
                let protocol = protocol("rest-poll", &[("interval", "5s"), ("client", client), ("connection", connection)]);
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
}

/// A pooled client is not N users: each subscriber has connections of its own, whatever others do.
async fn each_has_its_own(client: &str, subscribers: u32, polls: u32) {
    let protocol = protocol("rest-poll", &[("interval", "5s"), ("client", client)]);
    let server = Running::start(protocol.clone(), Limits::default()).await;
    let publisher = protocol.publisher(publisher_seat(&server.address, 1).0).await.unwrap();
    publisher.create(firsts()).await.unwrap();
    publisher.close().await;
    let mut all = Vec::new();
    for _ in 0..subscribers {
        let (seat, inbox, pacer) = subscriber_seat(&server.address, [A, B], 1, HANG);
        all.push((protocol.subscriber(seat).await.unwrap(), inbox, pacer));
    }
    let stop = CancellationToken::new();
    let mut lives = futures::stream::FuturesUnordered::new();
    let mut inboxes = Vec::new();
    for (mut subscriber, inbox, pacer) in all {
        for poll in 0..polls {
            pacer.tick([A, B][(poll % 2) as usize]);
        }
        inboxes.push(inbox);
        let stop = stop.clone();
        lives.push(async move {
            let outcome = subscriber.run(stop).await;
            subscriber.close().await;
            outcome
        });
    }
    let story = async {
        for inbox in &inboxes {
            inbox.until(|inbox| inbox.answered() == u64::from(2 + polls)).await;
        }
        assert_eq!(server.ledger.traffic(Leg::Subscriber).connections, u64::from(subscribers), "{client}");
        assert_eq!(server.ledger.connections_held(), u64::from(subscribers), "{client}: each keeps to its own");
        stop.cancel();
    };
    let all_lives = async {
        while let Some(outcome) = futures::StreamExt::next(&mut lives).await {
            outcome.unwrap();
        }
    };
    tokio::join!(all_lives, story);
    assert!(inboxes.iter().all(|inbox| inbox.traffic.borrow().connections == 1), "{client}");
    server.end().await;
}

#[test]
fn n_subscribers_open_exactly_n_connections() {
    for client in CLIENTS {
        on_one_thread(each_has_its_own(client, 200, 20));
    }
}

/// A refusal of a body that is still being sent reaches the publisher, although the server closes behind it.
#[test]
fn a_refusal_before_the_end_of_the_body_is_read() {
    on_one_thread(async {
        for client in CLIENTS {
            let protocol = protocol("rest-poll", &[("interval", "5s"), ("client", client)]);
            let server = Running::start(protocol.clone(), Limits { payload: 4 << 20, ..Limits::default() }).await;
            let publisher = protocol.publisher(publisher_seat(&server.address, 1).0).await.unwrap();
            let fault = publisher.create(vec![(A, Bytes::from(vec![b'x'; 7 << 20]))]).await.unwrap_err();
            assert!(fault.to_string().contains("413"), "{client}: {fault}");
            // One that fits takes more room than the kernel has at once.
            publisher.publish(A, Bytes::from(vec![b'x'; 4 << 20])).await.unwrap();
            publisher.close().await;
            server.end().await;
        }
    });
}
