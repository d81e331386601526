//! The XMPP server against raw XML: how it protects itself, says goodbye, and turns to TLS.

use std::time::Duration;

use crate::server::{SASL, ends_with, server};
use crate::support::{HEADER, Raw, now, on_one_thread, serve};
use pushbench::contender::Limits;
use pushbench::measure::ledger::Leg;
use tokio::io::AsyncWriteExt as _;

#[test]
fn a_subscriber_that_never_reads_is_cut_off_and_harms_nobody() {
    on_one_thread(async {
        let server = serve(&[], Limits { payload: 1 << 20, ..Limits::default() }).await;
        let mut owner = Raw::bound(&server.address, "owner", "r").await;
        owner.pubsub("set", "<create node='n'/>").await;
        let mut stuck = Raw::bound(&server.address, "stuck", "r").await;
        let mut good = Raw::bound(&server.address, "good", "r").await;
        stuck.pubsub("set", "<subscribe node='n' jid='stuck@localhost/r'/>").await;
        good.pubsub("set", "<subscribe node='n' jid='good@localhost/r'/>").await;
        let held = server.ledger.connections_held();
        let large = format!("<publish node='n'><item id='1'><x xmlns='u'>{}</x></item></publish>", "x".repeat(1_000_000));
        let mut published = 0;
        while server.ledger.connections_held() == held {
            assert!(published < 100, "still there after 100 MB");
            assert!(owner.pubsub("set", &large).await.contains("type='result'"));
            assert!(good.until("</message>").await.contains("to='good@localhost/r'"));
            published += 1;
        }
        assert_eq!(server.ledger.connections_held(), held - 1);
        assert!(good.ask("<iq type='get' id='1'><ping xmlns='urn:xmpp:ping'/></iq>").await.contains("type='result'"));
        server.end().await;
    });
}

#[test]
fn who_floods_without_reading_is_not_read_either() {
    on_one_thread(async {
        let server = server().await;
        let mut raw = Raw::bound(&server.address, "a", "r").await;
        let ping = "<iq type='get' id='1'><ping xmlns='urn:xmpp:ping'/></iq>".repeat(1_000);
        // The server stops reading once answers pile up, and then this client cannot write either.
        let mut sent: u64 = 0;
        while let Ok(done) = tokio::time::timeout(Duration::from_millis(500), raw.socket.write_all(ping.as_bytes())).await {
            done.unwrap();
            sent += 1;
            assert!(sent < 10_000, "0.5 GB of requests were taken");
        }
        let answered = server.ledger.traffic(Leg::Subscriber).stanzas_down;
        assert!(answered > 0 && answered <= (sent + 1) * 1_000);
        // Once it reads, all goes on.
        raw.skip("/>", sent as usize * 1_000).await;
        server.end().await;
    });
}

#[test]
fn a_publisher_that_is_always_ahead_leaves_others_their_turn() {
    on_one_thread(async {
        let server = server().await;
        let mut owner = Raw::bound(&server.address, "owner", "r").await;
        owner.pubsub("set", "<create node='n'/>").await;
        let mut subscribers = Vec::new();
        for index in 0..50 {
            let mut subscriber = Raw::bound(&server.address, "s", &index.to_string()).await;
            subscriber.pubsub("set", &format!("<subscribe node='n' jid='s@localhost/{index}'/>")).await;
            subscribers.push(subscriber);
        }
        let mut other = Raw::bound(&server.address, "other", "r").await;
        let item = format!("<publish node='n'><item><x xmlns='u'>{}</x></item></publish>", "x".repeat(1_000));
        let publication = format!("<iq type='set' id='q' to='pubsub.localhost'><pubsub xmlns='http://jabber.org/protocol/pubsub'>{item}</pubsub></iq>");
        let before = server.ledger.traffic(Leg::Publisher).stanzas_up;
        // All of it is in the kernel's hands before the server has its turn.
        owner.send(&publication.repeat(400)).await;
        assert!(other.ask("<iq type='get' id='1'><ping xmlns='urn:xmpp:ping'/></iq>").await.contains("type='result'"));
        let served = server.ledger.traffic(Leg::Publisher).stanzas_up - before;
        assert!(served < 100, "{served} publications had to be served first");
        owner.skip("type='result'", 400).await;
        server.end().await;
    });
}

#[test]
fn goodbyes_are_answered_and_stopping_says_why() {
    on_one_thread(async {
        let server = server().await;
        let mut raw = Raw::bound(&server.address, "a", "r").await;
        raw.send("</stream:stream>").await;
        assert_eq!(raw.rest().await, "</stream:stream>");
        drop(raw);
        let (mut bound, mut fresh) = (Raw::bound(&server.address, "b", "r").await, Raw::connect(&server.address).await);
        fresh.send(HEADER).await;
        fresh.until("</stream:features>").await;
        let before = now();
        let (ledger, end) = (server.ledger.clone(), server.end());
        let ((), (), ()) = tokio::join!(end, ends_with(&mut bound, "system-shutdown"), ends_with(&mut fresh, "system-shutdown"));
        assert!(now().since(before) < Duration::from_secs(1));
        assert_eq!(ledger.connections_held(), 0);
    });
}

#[test]
fn starttls_is_offered_only_where_it_is_on() {
    on_one_thread(async {
        let server = server().await;
        let mut raw = Raw::connect(&server.address).await;
        raw.send(HEADER).await;
        assert!(!raw.until("</stream:features>").await.contains("starttls"));
        raw.send("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>").await;
        assert_eq!(raw.rest().await, "<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:stream>");
        drop(raw);
        server.end().await;
    });
}

#[test]
fn what_comes_behind_starttls_unprotected_is_void() {
    on_one_thread(async {
        let server = serve(&[("starttls", "offered")], Limits::default()).await;
        let mut raw = Raw::connect(&server.address).await;
        let login = format!("<auth xmlns='{SASL}' mechanism='PLAIN'>AGEAc2VjcmV0</auth>");
        raw.send(&format!("{HEADER}<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>{login}")).await;
        raw.until("<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>").await;
        // No TLS: the connection is over, and nothing of that was taken for XML.
        raw.send(&login).await;
        assert!(!raw.rest().await.contains("success"));
        assert_eq!(server.ledger.traffic(Leg::Subscriber).handshake_up, 2, "a header and starttls");
        drop(raw);
        assert_eq!(Raw::bound(&server.address, "b", "r").await.seen, "", "in the clear still works where TLS is only offered");
        server.end().await;
    });
}
