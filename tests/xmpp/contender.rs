//! The contender `xmpp-pubsub`, client against server over loopback, and client against servers that misbehave.

use std::rc::Rc;
use std::time::Duration;

use crate::support::{
    CLIENTS, Counts, HEADER, LOGIN_THEN_SILENCE, LONG, counted, for_each_client, now, on_one_thread, protocol, publisher, scripted, serve, set, subscriber,
    text,
};
use bytes::Bytes;
use pushbench::contender::topic::Topic;
use pushbench::contender::{Fault, Limits, Load, ServerAddress};
use pushbench::measure::ledger::Leg;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

const MECHANISMS: [&str; 4] = ["scram-sha-256", "scram-sha-1", "plain", "anonymous"];

#[test]
fn all_arrives_in_order_and_both_ends_count_the_same() {
    on_one_thread(async {
        for (client, sasl) in CLIENTS.into_iter().flat_map(|client| MECHANISMS.map(|sasl| (client, sasl))) {
            let protocol = protocol(&[("client", client), ("sasl", sasl)]);
            let server = serve(&[], Limits::default()).await;
            let topics = [Topic(0), Topic(1), Topic::PROBE];
            let (publishing, listening, other) = (Rc::<Counts>::default(), Rc::<Counts>::default(), Rc::<Counts>::default());
            let publisher = publisher(&*protocol, &server.address, &publishing, LONG).await.unwrap();
            publisher.create(topics.iter().map(|topic| (*topic, text(*topic, 0).into())).collect()).await.unwrap();

            let mut first = subscriber(&*protocol, &server.address, 1, &topics, &listening, LONG).await.unwrap();
            let mut second = subscriber(&*protocol, &server.address, 2, &topics[..1], &other, LONG).await.unwrap();
            let stop = CancellationToken::new();
            let work = async {
                listening.payloads(3).await;
                assert_eq!(set(&listening.payloads.borrow()), set(&topics.map(|topic| text(topic, 0))), "version 0 comes unasked");
                for version in 1..=10 {
                    for topic in &topics[..2] {
                        publisher.publish(*topic, text(*topic, version).into()).await.unwrap();
                    }
                }
                listening.payloads(23).await;
                other.payloads(11).await;
                stop.cancel();
            };
            let (one, two, ()) = tokio::join!(first.run(stop.clone()), second.run(stop.clone()), work);
            one.and(two).unwrap();
            let expected: Vec<Vec<u8>> = (1..=10).flat_map(|version| [text(Topic(0), version), text(Topic(1), version)]).collect();
            assert_eq!(listening.payloads.borrow()[3..], expected);
            assert_eq!(*other.payloads.borrow(), (0..=10).map(|version| text(Topic(0), version)).collect::<Vec<_>>());

            first.close().await;
            second.close().await;
            publisher.close().await;
            let ledger = server.ledger.clone();
            server.end().await;
            assert_eq!(counted(&ledger, Leg::Publisher), *publishing.traffic.borrow(), "{client}, {sasl}, publisher");
            assert_eq!(counted(&ledger, Leg::Subscriber), &*listening.traffic.borrow() + &*other.traffic.borrow(), "{client}, {sasl}, subscribers");
            // 12 or 10 messages of a login, and two stream footers.
            let handshake = if sasl.starts_with("scram") { 14 } else { 12 };
            let traffic = other.traffic.borrow();
            assert_eq!(traffic.handshake_up + traffic.handshake_down, handshake, "{client}, {sasl}");
            assert_eq!((traffic.stanzas_up, traffic.stanzas_down), (1, 1 + 11));
        }
    });
}

#[test]
fn the_forecast_is_what_a_setup_takes() {
    on_one_thread(async {
        for (client, sasl) in CLIENTS.into_iter().flat_map(|client| MECHANISMS.map(|sasl| (client, sasl))) {
            let protocol = protocol(&[("client", client), ("sasl", sasl), ("window", "1")]);
            let server = serve(&[], Limits::default()).await;
            let (inbox, topics) = (Rc::<Counts>::default(), [Topic(0), Topic(1), Topic(2), Topic::PROBE]);
            let publisher = publisher(&*protocol, &server.address, &inbox, LONG).await.unwrap();
            publisher.create(topics.iter().map(|topic| (*topic, text(*topic, 0).into())).collect()).await.unwrap();
            let mut subscribers = Vec::new();
            for index in 0..5 {
                let mut subscriber = subscriber(&*protocol, &server.address, index, &topics, &inbox, LONG).await.unwrap();
                let stop = CancellationToken::new();
                let wait = async {
                    inbox.payloads((index as usize + 1) * 4).await;
                    stop.cancel();
                };
                let (ran, ()) = tokio::join!(subscriber.run(stop.clone()), wait);
                ran.unwrap();
                subscribers.push(subscriber);
            }
            let load = Load {
                subscribers: 5,
                connections: 1,
                publishers: 1,
                publisher_connections: 8,
                subscriptions: 15,
                topics: 3,
                updates: 100,
                deliveries: 500,
                span: Duration::from_secs(60),
                payload: 100,
            };
            let forecast = protocol.forecast(&load);
            assert_eq!(forecast.setup_messages, inbox.traffic.borrow().messages(), "{client}, {sasl}");
            assert_eq!((forecast.requests, forecast.messages), (0, 500));
            assert_eq!(forecast.server_descriptors, server.ledger.connections_held() + 1, "and the listener");
            server.end().await;
        }
    });
}

#[test]
fn any_bytes_survive() {
    for_each_client(async |client| {
        let (protocol, server, inbox) = (protocol(&[("client", client)]), serve(&[], Limits::default()).await, Rc::<Counts>::default());
        let publisher = publisher(&*protocol, &server.address, &Rc::default(), LONG).await.unwrap();
        publisher.create(vec![(Topic(0), Bytes::new())]).await.unwrap();
        let mut subscriber = subscriber(&*protocol, &server.address, 0, &[Topic(0)], &inbox, LONG).await.unwrap();
        let payloads: Vec<Vec<u8>> = [
            &b""[..],
            b" \n\t ",
            b"<update xmlns='x'>&amp;</update>]]>",
            b"\0\x01\x02\xff\xfe",
            b"line\r\nline\r",
            "ä€𝄞\u{fffe}".as_bytes(),
            b"encoding='base64'",
            &b"<".repeat(100_000),
            &(0..=255).collect::<Vec<u8>>().repeat(1_000),
        ]
        .map(<[u8]>::to_vec)
        .into();
        let stop = CancellationToken::new();
        let work = async {
            for payload in &payloads {
                publisher.publish(Topic(0), payload.clone().into()).await.unwrap();
            }
            inbox.payloads(1 + payloads.len()).await;
            stop.cancel();
        };
        let (ran, ()) = tokio::join!(subscriber.run(stop.clone()), work);
        ran.unwrap();
        assert_eq!(inbox.payloads.borrow()[1..], payloads);
        server.end().await;
    });
}

#[test]
fn publications_overlap_on_one_stream() {
    for_each_client(async |client| {
        let (protocol, server, inbox) = (protocol(&[("client", client)]), serve(&[], Limits::default()).await, Rc::<Counts>::default());
        let topics: Vec<Topic> = (0..300).map(Topic).collect();
        let publisher = publisher(&*protocol, &server.address, &Rc::default(), LONG).await.unwrap();
        publisher.create(topics.iter().map(|topic| (*topic, text(*topic, 0).into())).collect()).await.unwrap();
        let mut subscriber = subscriber(&*protocol, &server.address, 0, &topics, &inbox, LONG).await.unwrap();
        let stop = CancellationToken::new();
        let work = async {
            let all = futures::future::join_all(topics.iter().map(|topic| publisher.publish(*topic, text(*topic, 1).into()))).await;
            assert!(all.iter().all(Result::is_ok));
            inbox.payloads(600).await;
            stop.cancel();
        };
        let (ran, ()) = tokio::join!(subscriber.run(stop.clone()), work);
        ran.unwrap();
        // Creating again does no harm: the topic is there.
        publisher.create(vec![(Topic(0), Bytes::from_static(b"again"))]).await.unwrap();
        server.end().await;
    });
}

#[test]
fn a_wrong_password_is_refused_and_says_so() {
    for_each_client(async |client| {
        let server = serve(&[], Limits::default()).await;
        for sasl in ["scram-sha-256", "scram-sha-1", "plain"] {
            let wrong = protocol(&[("client", client), ("sasl", sasl), ("password", "wrong")]);
            let fault = publisher(&*wrong, &server.address, &Rc::default(), LONG).await.err().unwrap();
            assert!(matches!(&fault, Fault::Refused { what, why } if what.contains("publisher-0001") && why == "not-authorized"), "{fault}");
        }
        server.end().await;
    });
}

#[test]
fn a_topic_that_nobody_made_is_refused_by_name() {
    for_each_client(async |client| {
        let (protocol, server) = (protocol(&[("client", client)]), serve(&[], Limits::default()).await);
        let fault = subscriber(&*protocol, &server.address, 0, &[Topic(7)], &Rc::default(), LONG).await.err().unwrap();
        assert_eq!(fault.to_string(), "subscribing to topic-000007 was refused: item-not-found");
        let publisher = publisher(&*protocol, &server.address, &Rc::default(), LONG).await.unwrap();
        let fault = publisher.publish(Topic(7), Bytes::new()).await.unwrap_err();
        assert_eq!(fault.to_string(), "publishing to topic-000007 was refused: item-not-found");
        server.end().await;
    });
}

#[test]
fn a_server_that_stops_gives_a_fault_to_all() {
    for_each_client(async |client| {
        let (protocol, server) = (protocol(&[("client", client)]), serve(&[], Limits::default()).await);
        let publisher = publisher(&*protocol, &server.address, &Rc::default(), LONG).await.unwrap();
        publisher.create(vec![(Topic(0), Bytes::new())]).await.unwrap();
        let mut subscriber = subscriber(&*protocol, &server.address, 0, &[Topic(0)], &Rc::default(), LONG).await.unwrap();
        let (ran, ()) = tokio::join!(subscriber.run(CancellationToken::new()), server.end());
        assert_eq!(ran.unwrap_err().to_string(), "the XMPP stream was ended by the server: system-shutdown");
        assert!(publisher.publish(Topic(0), Bytes::new()).await.is_err());
        publisher.close().await;
        subscriber.close().await;
    });
}

const FEATURES: &str = "<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' id='1' version='1.0'>\
                        <stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>SCRAM-SHA-256</mechanism></mechanisms></stream:features>";

const FULL: &str = "<stream:error><resource-constraint xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>";

#[test]
fn servers_that_misbehave_give_a_fault_in_time() {
    for_each_client(async |client| {
        let protocol = protocol(&[("client", client)]);
        let login = async |lines, then_close, timeout| publisher(&*protocol, &scripted(lines, then_close).await, &Rc::default(), timeout).await.err().unwrap();
        let short = Duration::from_millis(200);
        assert!(matches!(login(&[], false, short).await, Fault::Timeout { .. }));
        assert!(matches!(login(&[FEATURES], false, short).await, Fault::Timeout { .. }));
        assert!(matches!(login(&[HEADER], true, LONG).await, Fault::Connection { .. }));
        assert!(matches!(login(&[FEATURES, ""], true, LONG).await, Fault::Connection { .. }));
        assert!(matches!(login(&["HTTP/1.1 400 Bad Request\r\n\r\n"], true, LONG).await, Fault::Connection { .. } | Fault::Protocol { .. }));
        // One that claims success without knowing the password.
        let forged = login(&[FEATURES, "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>dj1mb3JnZWQ=</success>"], false, LONG).await;
        assert!(matches!(forged, Fault::Protocol { .. }), "{forged}");
        let failed = login(&[FEATURES, "<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><account-disabled/></failure>"], false, LONG).await;
        assert!(failed.to_string().ends_with("was refused: account-disabled"), "{failed}");
        let refused = login(&[FEATURES, FULL], true, LONG).await;
        assert!(refused.to_string().ends_with("was refused: resource-constraint"), "{refused}");
        // Nobody listens.
        let address = { ServerAddress { socket: TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().to_string() } };
        assert!(matches!(publisher(&*protocol, &address, &Rc::default(), short).await, Err(Fault::Connection { .. })));
    });
}

#[test]
fn a_mechanism_that_is_not_offered_lists_those_that_are() {
    for_each_client(async |client| {
        let plain = protocol(&[("client", client), ("sasl", "plain")]);
        let fault = publisher(&*plain, &scripted(&[FEATURES], false).await, &Rc::default(), LONG).await.err().unwrap();
        assert!(fault.to_string().contains("does not offer PLAIN, but SCRAM-SHA-256"), "{fault}");
    });
}

#[test]
fn a_server_that_falls_silent_after_login_gives_a_timeout() {
    for_each_client(async |client| {
        let (anonymous, short) = (protocol(&[("client", client), ("sasl", "anonymous")]), Duration::from_secs(1));
        let publisher = publisher(&*anonymous, &scripted(LOGIN_THEN_SILENCE, false).await, &Rc::default(), short).await.unwrap();
        assert!(matches!(publisher.publish(Topic(0), Bytes::new()).await, Err(Fault::Timeout { .. })));
        let before = now();
        publisher.close().await;
        assert!(now().since(before) < Duration::from_secs(2), "a goodbye takes a second at most");
        let fault = subscriber(&*anonymous, &scripted(LOGIN_THEN_SILENCE, false).await, 0, &[Topic(0)], &Rc::default(), short).await.err().unwrap();
        assert!(matches!(&fault, Fault::Timeout { what, .. } if what == "subscribing to 1 topics (0 done)"), "{fault}");
    });
}
