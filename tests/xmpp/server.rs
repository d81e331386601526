//! The XMPP server against raw XML: what it offers, and every error it gives.

use std::time::Duration;

use crate::support::{HEADER, LONG, Raw, Running, now, on_one_thread, serve};
use pushbench::contender::Limits;
use pushbench::measure::ledger::Leg;
use tokio::io::AsyncWriteExt as _;

pub const SASL: &str = "urn:ietf:params:xml:ns:xmpp-sasl";

pub async fn server() -> Running {
    serve(&[], Limits::default()).await
}

/// What ends a stream, in the words of RFC 6120 §4.9.3.
pub async fn ends_with(raw: &mut Raw, condition: &str) {
    let rest = raw.rest().await;
    let expected = format!("<stream:error><{condition} xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>");
    assert!(rest.ends_with(&expected), "{condition}: {rest}");
}

/// A stanza error with its type, condition and detail.
fn is_error(answer: &str, kind: &str, condition: &str, detail: &str) {
    let condition = format!("<error type='{kind}'><{condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>");
    assert!(answer.contains(" type='error'") && answer.contains(&condition), "{condition} in {answer}");
    if detail.is_empty() {
        assert!(!answer.contains("pubsub#errors"), "{answer}");
    } else {
        let detail = match detail.split_once(' ') {
            Some((name, feature)) => format!("<{name} xmlns='http://jabber.org/protocol/pubsub#errors' feature='{feature}'/>"),
            None => format!("<{detail} xmlns='http://jabber.org/protocol/pubsub#errors'/>"),
        };
        assert!(answer.contains(&detail), "{detail} in {answer}");
    }
}

#[test]
fn streams_that_are_none_end_with_the_right_error() {
    on_one_thread(async {
        let server = server().await;
        let header = |namespace: &str, to: &str, version: &str| format!("<stream:stream xmlns='jabber:client' xmlns:stream='{namespace}' to='{to}' {version}>");
        let streams = "http://etherx.jabber.org/streams";
        for (text, condition) in [
            (header("urn:other", "localhost", "version='1.0'"), "invalid-namespace"),
            (header(streams, "example.org", "version='1.0'"), "host-unknown"),
            (header(streams, "localhost", ""), "unsupported-version"),
            (header(streams, "localhost", "version='0.9'"), "unsupported-version"),
            ("<html>".to_owned(), "invalid-namespace"),
            (format!("<stream:other xmlns:stream='{streams}'>"), "bad-format"),
            ("GET / HTTP/1.1\r\n\r\n".to_owned(), "not-well-formed"),
            ("<!DOCTYPE x [<!ENTITY y 'z'>]>".to_owned(), "restricted-xml"),
            (format!("{HEADER}<message>&bomb;</message>"), "restricted-xml"),
            (format!("{HEADER}<!-- x -->"), "restricted-xml"),
            (format!("{HEADER}<a></b>"), "not-well-formed"),
            (format!("{HEADER}text"), "bad-format"),
            (format!("{HEADER}{}", "<a>".repeat(100)), "policy-violation"),
            (format!("{HEADER}<message/>"), "not-authorized"),
            (format!("{HEADER}<iq type='set' id='1'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>"), "not-authorized"),
            (format!("{HEADER}<message xmlns='jabber:server'/>"), "invalid-namespace"),
            (format!("{HEADER}<x xmlns='urn:other'/>"), "unsupported-stanza-type"),
        ] {
            let mut raw = Raw::connect(&server.address).await;
            raw.send(&text).await;
            let rest = raw.rest().await;
            assert!(rest.starts_with("<?xml version='1.0'?><stream:stream "), "{text}: {rest}");
            assert!(rest.ends_with(&format!("<{condition} xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>")), "{text}: {rest}");
        }
        let mut raw = Raw::connect(&server.address).await;
        raw.send(HEADER).await;
        raw.socket.write_all(b"<message>\xff</message>").await.unwrap();
        ends_with(&mut raw, "unsupported-encoding").await;
        server.end().await;
    });
}

#[test]
fn streams_end_with_the_right_error_after_binding_too() {
    on_one_thread(async {
        let server = server().await;
        for (text, condition) in [
            ("<message from='somebody@else'/>", "invalid-from"),
            ("<other/>", "unsupported-stanza-type"),
            ("<message xmlns='jabber:server'/>", "invalid-namespace"),
            ("<message>", "not-well-formed"),
        ] {
            let mut raw = Raw::bound(&server.address, "a", "r").await;
            raw.send(text).await;
            raw.send("</stream:stream>").await;
            ends_with(&mut raw, condition).await;
        }
        server.end().await;
    });
}

#[test]
fn a_stanza_that_is_too_large_ends_the_stream_before_it_is_whole() {
    on_one_thread(async {
        let server = serve(&[], Limits { payload: 1_000, ..Limits::default() }).await;
        let mut raw = Raw::bound(&server.address, "a", "r").await;
        raw.send(&format!("<message><body>{}", "x".repeat(40_000))).await;
        ends_with(&mut raw, "policy-violation").await;
        server.end().await;
    });
}

#[test]
fn who_does_not_log_in_is_closed() {
    on_one_thread(async {
        let patience = Duration::from_secs(1);
        let server = serve(&[], Limits { patience, ..Limits::default() }).await;
        let mut bound = Raw::bound(&server.address, "a", "r").await;
        let before = now();
        let silent = ["", HEADER, "<?xml"].map(|text| async {
            let mut raw = Raw::connect(&server.address).await;
            raw.send(text).await;
            ends_with(&mut raw, "connection-timeout").await;
            let waited = now().since(before);
            assert!(waited >= patience && waited < LONG, "{waited:?}");
        });
        futures::future::join_all(silent).await;
        // Once logged in, silence is no fault.
        assert!(bound.ask("<iq type='get' id='1'><ping xmlns='urn:xmpp:ping'/></iq>").await.contains("type='result'"));
        server.end().await;
    });
}

#[test]
fn sasl_refuses_in_the_right_words_and_gives_up_after_three() {
    on_one_thread(async {
        let server = server().await;
        // "wrong" for the password; no NULs; "!" is not base64; user "" ; authzid "b" for user "a".
        for (auth, condition) in [
            ("mechanism='PLAIN'>AGEAd3Jvbmc=", "not-authorized"),
            ("mechanism='PLAIN'>YWJj", "malformed-request"),
            ("mechanism='PLAIN'>!", "incorrect-encoding"),
            ("mechanism='PLAIN'>AABzZWNyZXQ=", "not-authorized"),
            ("mechanism='PLAIN'>YgBhAHNlY3JldA==", "invalid-authzid"),
            ("mechanism='DIGEST-MD5'>", "invalid-mechanism"),
            (">", "invalid-mechanism"),
            ("mechanism='SCRAM-SHA-1'>AAAA", "malformed-request"),
            ("mechanism='SCRAM-SHA-256'>biwsbj1hLHI9", "malformed-request"),
        ] {
            let mut raw = Raw::connect(&server.address).await;
            raw.send(HEADER).await;
            raw.until("</stream:features>").await;
            for attempt in 1..=3 {
                raw.send(&format!("<auth xmlns='{SASL}' {auth}</auth>")).await;
                assert_eq!(raw.until("</failure>").await, format!("<failure xmlns='{SASL}'><{condition}/></failure>"), "{auth}, attempt {attempt}");
            }
            ends_with(&mut raw, "policy-violation").await;
        }
        let mut raw = Raw::connect(&server.address).await;
        raw.send(&format!("{HEADER}<response xmlns='{SASL}'/>")).await;
        assert!(raw.until("</failure>").await.contains("<malformed-request/>"));
        raw.send(&format!("<auth xmlns='{SASL}' mechanism='PLAIN'/>")).await;
        assert!(raw.until("</challenge>").await.ends_with(&format!("<challenge xmlns='{SASL}'></challenge>")), "an absent message is asked for");
        raw.send(&format!("<abort xmlns='{SASL}'/>")).await;
        assert!(raw.until("</failure>").await.contains("<aborted/>"));
        raw.send(&format!("<auth xmlns='{SASL}' mechanism='PLAIN'/>")).await;
        raw.until("</challenge>").await;
        raw.send(&format!("<response xmlns='{SASL}'>AGEAc2VjcmV0</response>")).await;
        raw.until("</success>").await;
        server.end().await;
    });
}

#[test]
fn binding_gives_a_resource_and_takes_over_one_that_is_taken() {
    on_one_thread(async {
        let server = server().await;
        let mut old = Raw::bound(&server.address, "a", "r").await;
        old.pubsub("set", "<create node='n'/>").await;
        old.pubsub("set", "<subscribe node='n' jid='a@localhost/r'/>").await;
        let mut new = Raw::bound(&server.address, "a", "r").await;
        ends_with(&mut old, "conflict").await;
        // What the old session had subscribed has gone with it, and the new one is not hurt by that.
        assert!(new.pubsub("get", "<subscriptions/>").await.contains("<subscriptions></subscriptions>"));
        new.pubsub("set", "<subscribe node='n' jid='a@localhost/r'/>").await;
        drop(old);
        while server.ledger.connections_held() > 1 {
            new.ask("<iq type='get' id='p'><ping xmlns='urn:xmpp:ping'/></iq>").await;
        }
        // It had created a node, so it stands on the publishers' leg: a login's six, the error, the footer.
        assert_eq!(server.ledger.traffic(Leg::Publisher).handshake_down, 8);
        assert!(new.pubsub("get", "<subscriptions/>").await.contains("jid='a@localhost/r'"), "the old session's end takes nothing along");
        // Without a wish the server chooses.
        let mut raw = Raw::connect(&server.address).await;
        raw.send(&format!("{HEADER}<auth xmlns='{SASL}' mechanism='ANONYMOUS'/>")).await;
        raw.until("</success>").await;
        raw.send(&format!("{HEADER}<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>")).await;
        let bound = raw.until("</iq>").await;
        assert!(bound.contains("@localhost/"), "{bound}");
        server.end().await;
    });
}

#[test]
fn a_bad_binding_can_be_mended() {
    on_one_thread(async {
        let server = server().await;
        let mut raw = Raw::connect(&server.address).await;
        raw.send(&format!("{HEADER}<auth xmlns='{SASL}' mechanism='ANONYMOUS'/>")).await;
        raw.until("</success>").await;
        let bind = "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>x</resource></bind>";
        raw.send(&format!("{HEADER}<iq type='get' id='b'>{bind}</iq>")).await;
        is_error(&raw.until("</iq>").await, "modify", "bad-request", "");
        raw.send(&format!("<iq type='set' id='b'>{bind}</iq>")).await;
        assert!(raw.until("</iq>").await.contains("/x</jid>"));
        server.end().await;
    });
}

#[test]
fn the_server_answers_for_itself() {
    on_one_thread(async {
        let server = server().await;
        let mut raw = Raw::bound(&server.address, "a", "r").await;
        for to in ["", "to='localhost'", "to='a@localhost'"] {
            let answer = raw.ask(&format!("<iq type='get' id='p' {to}><ping xmlns='urn:xmpp:ping'/></iq>")).await;
            let from = if to.is_empty() { String::new() } else { to.replace("to=", " from=") };
            assert_eq!(answer, format!("<iq type='result' id='p'{from} to='a@localhost/r'/>"));
        }
        let query = |kind: &str, name: &str| format!("<iq type='get' id='1' to='localhost'><query xmlns='{kind}' {name}/></iq>");
        let info = raw.ask(&query("http://jabber.org/protocol/disco#info", "")).await;
        assert!(info.contains("<identity category='server' type='im'") && info.contains("urn:xmpp:ping"), "{info}");
        assert!(raw.ask(&query("http://jabber.org/protocol/disco#items", "")).await.contains("<item jid='pubsub.localhost'"));
        assert!(raw.ask(&query("jabber:iq:roster", "")).await.contains("<query xmlns='jabber:iq:roster'/>"));
        assert!(raw.ask("<iq type='set' id='s'><session xmlns='urn:ietf:params:xml:ns:xmpp-session'/></iq>").await.contains("type='result'"));
        is_error(&raw.ask(&query("http://jabber.org/protocol/disco#info", "node='x'")).await, "cancel", "item-not-found", "");
        is_error(&raw.ask(&query("vcard-temp", "")).await, "cancel", "service-unavailable", "");
        let to = |to: &str| format!("<iq type='get' id='1' to='{to}'><ping xmlns='urn:xmpp:ping'/></iq>");
        is_error(&raw.ask(&to("nobody@localhost/x")).await, "cancel", "service-unavailable", "");
        is_error(&raw.ask(&to("a@example.org")).await, "cancel", "remote-server-not-found", "");
        is_error(&raw.ask(&to("@")).await, "modify", "jid-malformed", "");
        for bad in ["<iq type='get' id='1'/>", "<iq type='other' id='1'><x/></iq>", "<iq type='get'><x/></iq>", "<iq type='get' id='1'><x/><y/></iq>"] {
            is_error(&raw.ask(bad).await, "modify", "bad-request", "");
        }
        // Answers that nobody waits for vanish.
        raw.send("<iq type='result' id='x' to='nobody@localhost/x'/><iq type='error' id='x'/>").await;
        assert!(raw.ask("<iq type='get' id='last'><ping xmlns='urn:xmpp:ping'/></iq>").await.contains("id='last'"));
        server.end().await;
    });
}

#[test]
fn messages_presence_and_requests_reach_other_users() {
    on_one_thread(async {
        let server = server().await;
        let (mut a, mut b) = (Raw::bound(&server.address, "a", "r").await, Raw::bound(&server.address, "b", "r").await);
        a.send("<message to='b@localhost/r' type='chat'><body>&lt;hello&gt;</body></message>").await;
        let message = b.until("</message>").await;
        assert!(message.contains("from='a@localhost/r'") && message.contains("&lt;hello&gt;"), "{message}");
        // A bare address is for those who are available.
        is_error(&a.ask("<message to='b@localhost' id='m'><body>x</body></message>").await, "cancel", "service-unavailable", "");
        b.send("<presence/>").await;
        assert!(b.until("/>").await.contains("from='b@localhost/r'"));
        a.send("<message to='b@localhost'><body>now</body></message>").await;
        assert!(b.until("</message>").await.contains("now"));
        a.send("<message to='nobody@localhost' type='headline'/><message to='nobody@localhost' type='error'/>").await;
        is_error(&a.ask("<message to='nobody@localhost' id='m2'/>").await, "cancel", "service-unavailable", "");
        // A request of one user to another, and the answer.
        a.send("<iq type='get' id='v' to='b@localhost/r'><query xmlns='jabber:iq:version'/></iq>").await;
        assert!(b.until("</iq>").await.contains("from='a@localhost/r'"));
        b.send("<iq type='result' id='v' to='a@localhost/r'/>").await;
        assert!(a.until("/>").await.contains("from='b@localhost/r'"));
        server.end().await;
    });
}

#[test]
fn each_error_of_pubsub() {
    on_one_thread(async {
        let server = serve(&[], Limits { topics: 3, payload: 1_000, ..Limits::default() }).await;
        let (mut owner, mut other) = (Raw::bound(&server.address, "owner", "r").await, Raw::bound(&server.address, "other", "r").await);
        let form = |fields: &str| format!("<x xmlns='jabber:x:data' type='submit'>{fields}</x>");
        let field = |var: &str, value: &str| format!("<field var='{var}'><value>{value}</value></field>");
        assert!(owner.pubsub("set", "<create node='n'/>").await.contains("type='result'"));
        let transient = form(&field("pubsub#persist_items", "0"));
        assert!(owner.pubsub("set", &format!("<create node='t'/><configure>{transient}</configure>")).await.contains("type='result'"));
        let instant = owner.pubsub("set", "<create/>").await;
        assert!(instant.contains("<create node='instant-"), "{instant}");

        let item = |body: &str| format!("<publish node='n'>{body}</publish>");
        let whitelist = form(&field("pubsub#access_model", "whitelist"));
        for (kind, body, type_, condition, detail) in [
            ("set", "<create node='n'/>".to_owned(), "cancel", "conflict", ""),
            ("set", "<create node='more'/>".to_owned(), "wait", "resource-constraint", ""),
            ("set", "<create node='c' type='collection'/>".to_owned(), "cancel", "feature-not-implemented", "unsupported collections"),
            ("set", "<subscribe jid='owner@localhost'/>".to_owned(), "modify", "bad-request", "nodeid-required"),
            ("set", "<subscribe node='n'/>".to_owned(), "modify", "bad-request", "jid-required"),
            ("set", "<subscribe node='n' jid='@'/>".to_owned(), "modify", "jid-malformed", ""),
            ("set", "<subscribe node='n' jid='other@localhost'/>".to_owned(), "modify", "bad-request", "invalid-jid"),
            ("set", "<subscribe node='none' jid='owner@localhost'/>".to_owned(), "cancel", "item-not-found", ""),
            (
                "set",
                "<subscribe node='n' jid='owner@localhost'/><options/>".to_owned(),
                "cancel",
                "feature-not-implemented",
                "unsupported subscription-options",
            ),
            ("set", "<unsubscribe node='n' jid='owner@localhost'/>".to_owned(), "cancel", "unexpected-request", "not-subscribed"),
            ("set", "<unsubscribe node='none' jid='owner@localhost'/>".to_owned(), "cancel", "item-not-found", ""),
            ("set", "<unsubscribe node='n' jid='other@localhost'/>".to_owned(), "auth", "forbidden", ""),
            ("set", "<unsubscribe node='n' jid='owner@localhost' subid='1'/>".to_owned(), "modify", "not-acceptable", "invalid-subid"),
            ("set", "<publish node='none'><item><x xmlns='u'/></item></publish>".to_owned(), "cancel", "item-not-found", ""),
            ("set", item(""), "modify", "bad-request", "item-required"),
            ("set", item("<item/>"), "modify", "bad-request", "payload-required"),
            ("set", item("<item><x xmlns='u'/><y xmlns='u'/></item>"), "modify", "bad-request", "invalid-payload"),
            ("set", item("<item><x xmlns='u'/></item><item><x xmlns='u'/></item>"), "modify", "bad-request", ""),
            ("set", item(&format!("<item><x xmlns='u'>{}</x></item>", "x".repeat(1_000))), "modify", "not-acceptable", "payload-too-big"),
            (
                "set",
                item(&format!("<item><update xmlns='urn:pushbench:update:0'>{}</update></item>", "x".repeat(1_001))),
                "modify",
                "not-acceptable",
                "payload-too-big",
            ),
            ("set", format!("{}<publish-options/>", item("<item><x xmlns='u'/></item>")), "cancel", "feature-not-implemented", "unsupported publish-options"),
            ("set", "<retract node='n'><item id='none'/></retract>".to_owned(), "cancel", "item-not-found", ""),
            ("set", "<retract node='none'><item id='none'/></retract>".to_owned(), "cancel", "item-not-found", ""),
            ("set", "<retract node='n'><item/></retract>".to_owned(), "modify", "bad-request", "item-required"),
            ("set", "<retract node='n'/>".to_owned(), "modify", "bad-request", "item-required"),
            ("set", "<retract node='t'><item id='1'/></retract>".to_owned(), "cancel", "feature-not-implemented", "unsupported persistent-items"),
            ("get", "<items node='none'/>".to_owned(), "cancel", "item-not-found", ""),
            ("get", "<items node='t'/>".to_owned(), "cancel", "feature-not-implemented", "unsupported persistent-items"),
            ("get", "<items node='n' max_items='x'/>".to_owned(), "modify", "bad-request", ""),
            ("get", "<items node='n' subid='1'/>".to_owned(), "modify", "not-acceptable", "invalid-subid"),
            ("get", "<subscriptions node='none'/>".to_owned(), "cancel", "item-not-found", ""),
            ("get", "<affiliations node='none'/>".to_owned(), "cancel", "item-not-found", ""),
            ("get", "<options node='n' jid='owner@localhost'/>".to_owned(), "cancel", "feature-not-implemented", "unsupported subscription-options"),
            ("get", "<default/>".to_owned(), "cancel", "feature-not-implemented", "unsupported retrieve-default-sub"),
            ("get", "<publish node='n'/>".to_owned(), "modify", "bad-request", ""),
            ("set", "<items node='n'/>".to_owned(), "modify", "bad-request", ""),
            ("set", String::new(), "modify", "bad-request", ""),
        ] {
            is_error(&owner.pubsub(kind, &body).await, type_, condition, detail);
        }
        for (kind, body, type_, condition, detail) in [
            ("get", "<configure node='none'/>".to_owned(), "cancel", "item-not-found", ""),
            ("get", "<configure/>".to_owned(), "modify", "bad-request", "nodeid-required"),
            ("set", "<configure node='n'/>".to_owned(), "modify", "bad-request", ""),
            ("set", format!("<configure node='n'>{whitelist}</configure>"), "modify", "not-acceptable", ""),
            ("set", "<delete node='none'/>".to_owned(), "cancel", "item-not-found", ""),
            ("set", "<purge node='none'/>".to_owned(), "cancel", "item-not-found", ""),
            ("set", "<purge node='t'/>".to_owned(), "cancel", "feature-not-implemented", "unsupported persistent-items"),
            ("get", "<subscriptions node='n'/>".to_owned(), "cancel", "feature-not-implemented", "unsupported manage-subscriptions"),
            ("get", "<affiliations node='n'/>".to_owned(), "cancel", "feature-not-implemented", "unsupported modify-affiliations"),
            ("set", "<other/>".to_owned(), "modify", "bad-request", ""),
        ] {
            is_error(&owner.owner(kind, &body).await, type_, condition, detail);
        }
        for body in ["<configure node='n'><x xmlns='jabber:x:data' type='submit'/></configure>", "<delete node='n'/>", "<purge node='n'/>"] {
            is_error(&other.owner("set", body).await, "auth", "forbidden", "");
        }
        is_error(&other.pubsub("set", &item("<item><x xmlns='u'/></item>")).await, "auth", "forbidden", "");
        is_error(&other.pubsub("set", "<retract node='n'><item id='1'/></retract>").await, "auth", "forbidden", "");
        let ping = other.ask("<iq type='get' id='q' to='pubsub.localhost'><query xmlns='jabber:iq:version'/></iq>").await;
        is_error(&ping, "cancel", "service-unavailable", "");
        server.end().await;
    });
}

#[test]
fn a_nodes_life() {
    on_one_thread(async {
        let server = server().await;
        let (mut owner, mut reader) = (Raw::bound(&server.address, "owner", "r").await, Raw::bound(&server.address, "reader", "r").await);
        let form = "<x xmlns='jabber:x:data' type='submit'><field var='pubsub#max_items'><value>2</value></field>\
                    <field var='pubsub#title'><value>&lt;t&gt;</value></field></x>";
        owner.pubsub("set", &format!("<create node='n &amp; m'/><configure>{form}</configure>")).await;
        let info = owner.ask("<iq type='get' id='1' to='pubsub.localhost'><query xmlns='http://jabber.org/protocol/disco#info' node='n &amp; m'/></iq>").await;
        assert!(info.contains("<identity category='pubsub' type='leaf'/>") && info.contains("&lt;t&gt;"), "{info}");
        let items = owner.ask("<iq type='get' id='1' to='pubsub.localhost'><query xmlns='http://jabber.org/protocol/disco#items'/></iq>").await;
        assert!(items.contains("node='n &amp; m'"), "{items}");
        let publish = |id: &str, body: &str| format!("<publish node='n &amp; m'><item {id}>{body}</item></publish>");
        let first = owner.pubsub("set", &publish("id='one'", "<p:x xmlns:p='u' p:a='1' b='2'><p:y/>text</p:x>")).await;
        assert!(first.contains("<publish node='n &amp; m'><item id='one'/></publish>"), "{first}");

        let subscribed = reader.pubsub("set", "<subscribe node='n &amp; m' jid='reader@localhost/r'/>").await;
        assert!(subscribed.contains("<subscription node='n &amp; m' jid='reader@localhost/r' subscription='subscribed'/>"), "{subscribed}");
        let last = reader.until("</message>").await;
        assert!(last.contains("<item id='one'><x xmlns='u'") && last.contains("<y/>text</x></item>"), "{last}");
        let stamp = last.split_once("<delay xmlns='urn:xmpp:delay' stamp='").and_then(|(_, rest)| rest.split_once('\'')).unwrap().0;
        assert!(stamp.parse::<jiff::Timestamp>().is_ok() && stamp.ends_with('Z'), "{stamp}");

        owner.pubsub("set", &publish("", "<x xmlns='v'/>")).await;
        let told = reader.until("</message>").await;
        assert!(told.starts_with("<message from='pubsub.localhost' type='headline' id='") && told.contains(" to='reader@localhost/r'>"), "{told}");
        assert!(told.contains("<event xmlns='http://jabber.org/protocol/pubsub#event'><items node='n &amp; m'><item id='i"), "{told}");
        assert!(!told.contains("delay"), "{told}");
        owner.pubsub("set", &publish("id='three'", "<x xmlns='w'/>")).await;
        reader.until("</message>").await;

        let kept = reader.pubsub("get", "<items node='n &amp; m'/>").await;
        assert!(!kept.contains("'one'") && kept.contains("<x xmlns='v'/>") && kept.contains("<item id='three'>"), "two are kept: {kept}");
        let newest = reader.pubsub("get", "<items node='n &amp; m' max_items='1'/>").await;
        assert!(!newest.contains("<x xmlns='v'/>") && newest.contains("'three'"), "{newest}");
        let by_id = reader.pubsub("get", "<items node='n &amp; m'><item id='three'/><item id='none'/></items>").await;
        assert!(by_id.contains("'three'") && !by_id.contains("<x xmlns='v'/>"), "{by_id}");

        owner.pubsub("set", "<retract node='n &amp; m' notify='1'><item id='three'/></retract>").await;
        assert!(reader.until("</message>").await.contains("<retract id='three'/>"));
        owner.owner("set", "<purge node='n &amp; m'/>").await;
        assert!(reader.until("</message>").await.contains("<purge node='n &amp; m'/>"));
        assert!(reader.pubsub("get", "<items node='n &amp; m'/>").await.contains("<items node='n &amp; m'></items>"));

        let form = owner.owner("get", "<configure node='n &amp; m'/>").await;
        assert!(form.contains("<field var='pubsub#max_items' type='text-single'><value>2</value></field>"), "{form}");
        owner.owner("set", "<configure node='n &amp; m'><x xmlns='jabber:x:data' type='submit'><field var='pubsub#deliver_payloads'><value>0</value></field></x></configure>").await;
        owner.owner("set", "<configure node='n &amp; m'><x xmlns='jabber:x:data' type='cancel'/></configure>").await;
        owner.pubsub("set", &publish("id='four'", "<x xmlns='w'/>")).await;
        assert!(reader.until("</message>").await.contains("<item id='four'/>"), "payloads are off");
        assert!(owner.owner("get", "<default/>").await.contains("pubsub#node_config"));

        assert!(reader.pubsub("get", "<subscriptions/>").await.contains("node='n &amp; m'"));
        assert!(owner.pubsub("get", "<affiliations/>").await.contains("<affiliation node='n &amp; m' affiliation='owner'/>"));
        reader.pubsub("set", "<unsubscribe node='n &amp; m' jid='reader@localhost/r'/>").await;
        owner.pubsub("set", &publish("id='five'", "<x xmlns='w'/>")).await;
        assert!(reader.pubsub("get", "<subscriptions/>").await.contains("<subscriptions></subscriptions>"));
        assert_eq!(reader.seen, "", "nothing comes after unsubscribing");
        reader.pubsub("set", "<subscribe node='n &amp; m' jid='reader@localhost/r'/>").await;
        reader.until("</message>").await;
        owner.owner("set", "<delete node='n &amp; m'/>").await;
        assert!(reader.until("</message>").await.contains("<delete node='n &amp; m'/>"));
        is_error(&reader.pubsub("get", "<items node='n &amp; m'/>").await, "cancel", "item-not-found", "");
        assert!(reader.pubsub("get", "<subscriptions/>").await.contains("<subscriptions></subscriptions>"));
        server.end().await;
    });
}

#[test]
fn a_bare_subscription_goes_to_who_is_available() {
    on_one_thread(async {
        let server = server().await;
        let (mut one, mut two) = (Raw::bound(&server.address, "a", "one").await, Raw::bound(&server.address, "a", "two").await);
        let form = "<x xmlns='jabber:x:data' type='submit'><field var='pubsub#send_last_published_item'><value>on_sub_and_presence</value></field></x>";
        one.pubsub("set", &format!("<create node='n'/><configure>{form}</configure>")).await;
        one.pubsub("set", "<subscribe node='n' jid='a@localhost'/>").await;
        one.pubsub("set", "<publish node='n'><item id='1'><x xmlns='u'/></item></publish>").await;
        two.send("<presence/>").await;
        assert!(two.until("</message>").await.contains("<item id='1'>"), "the last item comes with presence");
        one.pubsub("set", "<publish node='n'><item id='2'><x xmlns='u'/></item></publish>").await;
        assert!(two.until("</message>").await.contains("to='a@localhost/two'"));
        two.send("<presence type='unavailable'/>").await;
        two.until("type='unavailable'").await;
        one.pubsub("set", "<publish node='n'><item id='3'><x xmlns='u'/></item></publish>").await;
        assert!(two.ask("<iq type='get' id='1'><ping xmlns='urn:xmpp:ping'/></iq>").await.contains("type='result'"));
        assert!(!one.seen.contains("<message") && !two.seen.contains("<message"));
        server.end().await;
    });
}
