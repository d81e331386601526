//! Options of the service against raw XML: acknowledgements (XEP-0198), collections (XEP-0248), notifications without a payload.

use std::rc::Rc;

use bytes::Bytes;
use pushbench::contender::Limits;
use pushbench::contender::topic::Topic;
use pushbench::measure::ledger::Leg;

use crate::server::ends_with;
use crate::support::{Counts, HEADER, LONG, Raw, for_each_client, on_one_thread, protocol, publisher, serve, subscriber};

const SM: &str = "xmlns='urn:xmpp:sm:3'";
const STANZA_ERRORS: &str = "urn:ietf:params:xml:ns:xmpp-stanzas";

fn ping(id: &str) -> String {
    format!("<iq type='get' id='{id}' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>")
}

fn form(fields: &[(&str, &str)]) -> String {
    let fields: String = fields.iter().map(|(name, value)| format!("<field var='pubsub#{name}'><value>{value}</value></field>")).collect();
    format!("<configure><x xmlns='jabber:x:data' type='submit'>{fields}</x></configure>")
}

fn publish(node: &str, id: &str, text: &str) -> String {
    format!("<publish node='{node}'><item id='{id}'><update xmlns='urn:pushbench:update:0'>{text}</update></item></publish>")
}

#[test]
fn acknowledgements_are_offered_only_where_they_are_asked_for() {
    on_one_thread(async {
        let server = serve(&[], Limits::default()).await;
        let mut raw = Raw::bound(&server.address, "a", "r").await;
        assert!(!raw.seen.contains("urn:xmpp:sm"));
        raw.send(&format!("<enable {SM}/>")).await;
        ends_with(&mut raw, "unsupported-stanza-type").await;
        server.end().await;
    });
}

#[test]
fn both_ends_ask_and_acknowledge() {
    on_one_thread(async {
        let server = serve(&[("acks", "on"), ("ack-every", "2")], Limits::default()).await;
        let mut raw = Raw::connect(&server.address).await;
        raw.send(HEADER).await;
        assert!(!raw.until("</stream:features>").await.contains("urn:xmpp:sm"), "not before the login");
        let mut raw = Raw::bound(&server.address, "a", "r").await;
        raw.send(&format!("<r {SM}/>")).await;
        assert_eq!(raw.until("/>").await, format!("<a {SM} h='0'/>"));
        // Before it is enabled nothing is counted, and nobody is asked.
        for id in ["1", "2"] {
            raw.ask(&ping(id)).await;
        }
        raw.send(&format!("<enable {SM} resume='true'/>")).await;
        assert_eq!(raw.until("/>").await, format!("<enabled {SM}/>"), "no resumption");
        raw.ask(&ping("3")).await;
        raw.ask(&ping("4")).await;
        assert_eq!(raw.until("/>").await, format!("<r {SM}/>"), "behind the second one");
        raw.send(&format!("<a {SM} h='2'/><r {SM}/>")).await;
        assert_eq!(raw.until("/>").await, format!("<a {SM} h='2'/>"));
        raw.send(&format!("<enable {SM}/>")).await;
        assert_eq!(raw.until("</failed>").await, format!("<failed {SM}><unexpected-request xmlns='{STANZA_ERRORS}'/></failed>"));
        raw.send(&format!("<resume {SM} previd='x' h='0'/>")).await;
        assert_eq!(raw.until("</failed>").await, format!("<failed {SM}><feature-not-implemented xmlns='{STANZA_ERRORS}'/></failed>"));
        let traffic = server.ledger.traffic(Leg::Subscriber);
        assert_eq!((traffic.stanzas_up, traffic.stanzas_down), (4, 4));
        assert_eq!((traffic.events_up, traffic.events_down), (4, 4), "asked twice, acknowledged, resume; answered twice, asked, failed");
        for acknowledged in ["h='99'", "h='-1'", ""] {
            let mut raw = Raw::bound(&server.address, "a", "r").await;
            raw.send(&format!("<enable {SM}/><a {SM} {acknowledged}/>")).await;
            ends_with(&mut raw, "undefined-condition").await;
        }
        server.end().await;
    });
}

#[test]
fn a_collection_tells_of_all_that_is_in_it() {
    on_one_thread(async {
        let server = serve(&[], Limits::default()).await;
        let mut raw = Raw::bound(&server.address, "a", "r").await;
        assert!(raw.pubsub("set", &format!("<create node='all'/>{}", form(&[("node_type", "collection")]))).await.contains("type='result'"));
        for node in ["one", "two"] {
            let made = raw.pubsub("set", &format!("<create node='{node}'/>{}", form(&[("collection", "all")]))).await;
            assert!(made.contains("type='result'"), "{made}");
        }
        let info = raw.ask("<iq type='get' id='i' to='pubsub.localhost'><query xmlns='http://jabber.org/protocol/disco#info' node='all'/></iq>").await;
        assert!(info.contains("category='pubsub' type='collection'"), "{info}");
        let items = |within: &str| {
            format!("<iq type='get' id='i' to='pubsub.localhost'><query xmlns='http://jabber.org/protocol/disco#items' node='all'>{within}</query></iq>")
        };
        let members = raw.ask(&items("")).await;
        assert!(members.contains("node='one'/>") && members.contains("node='two'/>"), "{members}");
        let count = raw.ask(&items("<set xmlns='http://jabber.org/protocol/rsm'><max>0</max></set>")).await;
        assert!(count.contains("<set xmlns='http://jabber.org/protocol/rsm'><count>2</count></set>") && !count.contains("<item"), "{count}");
        assert!(raw.pubsub("set", "<subscribe node='all' jid='a@localhost/r'/>").await.contains("subscription='subscribed'"));
        raw.send(&format!(
            "<iq type='set' id='q' to='pubsub.localhost'><pubsub xmlns='http://jabber.org/protocol/pubsub'>{}</pubsub></iq>",
            publish("two", "i", "x")
        ))
        .await;
        let told = raw.until("</message>").await;
        assert!(told.contains("<items node='two'><item id='i'>"), "{told}");
        assert!(
            told.ends_with("</event><headers xmlns='http://jabber.org/protocol/shim'><header name='Collection'>all</header></headers></message>"),
            "{told}"
        );
        raw.until("</iq>").await;
        for (kind, action, error) in [
            ("set", publish("all", "i", "x"), "unsupported' "),
            ("get", "<items node='all'/>".to_owned(), "retrieve-items"),
            ("set", format!("<create node='inner'/>{}", form(&[("node_type", "collection"), ("collection", "all")])), "not-allowed"),
            ("set", format!("<create node='three'/>{}", form(&[("collection", "one")])), "not-allowed"),
            ("set", format!("<create node='three'/>{}", form(&[("collection", "none")])), "item-not-found"),
            ("set", format!("<create node='three'/>{}", form(&[("node_type", "twig")])), "not-acceptable"),
        ] {
            let answer = raw.pubsub(kind, &action).await;
            assert!(answer.contains("type='error'") && answer.contains(error.trim_end_matches("' ")), "{action}: {answer}");
        }
        // A node that is deleted is no member any more; members of a collection that is deleted stay.
        assert!(raw.owner("set", "<delete node='one'/>").await.contains("type='result'"));
        assert!(raw.ask(&items("<set xmlns='http://jabber.org/protocol/rsm'><max>0</max></set>")).await.contains("<count>1</count>"));
        assert!(raw.owner("set", "<delete node='all'/>").await.contains("type='result'"));
        raw.skip("<delete node='all'/>", 1).await;
        assert!(raw.pubsub("set", &publish("two", "j", "y")).await.contains("type='result'"));
        server.end().await;
    });
}

#[test]
fn what_a_notification_does_not_carry_can_be_fetched() {
    on_one_thread(async {
        let server = serve(&[], Limits::default()).await;
        let mut raw = Raw::bound(&server.address, "a", "r").await;
        let fields = [("deliver_payloads", "0"), ("send_last_published_item", "never"), ("max_items", "2")];
        raw.pubsub("set", &format!("<create node='n'/>{}", form(&fields))).await;
        raw.pubsub("set", &publish("n", "first", "abc")).await;
        raw.pubsub("set", "<subscribe node='n' jid='a@localhost/r'/>").await;
        raw.send(&format!(
            "<iq type='set' id='q' to='pubsub.localhost'><pubsub xmlns='http://jabber.org/protocol/pubsub'>{}</pubsub></iq>",
            publish("n", "second", "defgh")
        ))
        .await;
        let told = raw.until("</message>").await;
        assert!(told.contains("<item id='second'/>") && !told.contains("first") && !told.contains("defgh"), "{told}");
        raw.until("</iq>").await;
        let before = server.ledger.traffic(Leg::Publisher).payload_bytes;
        assert!(raw.pubsub("get", "<items node='n'><item id='first'/></items>").await.contains(">abc</update>"));
        assert!(raw.pubsub("get", "<items node='n' max_items='1'/>").await.contains(">defgh</update>"));
        assert!(!raw.pubsub("get", "<items node='n'><item id='gone'/></items>").await.contains("<update"));
        assert_eq!(server.ledger.traffic(Leg::Publisher).payload_bytes - before, 8, "what is fetched counts as what is told does");
        server.end().await;
    });
}

#[test]
fn who_wants_all_topics_subscribes_once_and_who_wants_some_to_each() {
    for_each_client(async |client| {
        let settings = [("client", client), ("subscriptions", "collection")];
        let server = serve(&settings, Limits::default()).await;
        let protocol = protocol(&settings);
        let all = [Topic(0), Topic(1), Topic(2)];
        let publishing = publisher(&*protocol, &server.address, &Rc::default(), LONG).await.unwrap();
        publishing.create(all.iter().map(|topic| (*topic, Bytes::from_static(b"first"))).collect()).await.unwrap();
        // Each asks how many there are. Who wants all of them subscribes once and fetches each; who wants two, twice.
        for (index, topics, stanzas) in [(1, &all[..], 1 + 1 + 3), (2, &all[..2], 1 + 2)] {
            let inbox = Rc::<Counts>::default();
            let mut listening = subscriber(&*protocol, &server.address, index, topics, &inbox, LONG).await.unwrap();
            assert_eq!(inbox.traffic.borrow().stanzas_up, stanzas, "{client}");
            listening.close().await;
        }
        publishing.close().await;
        server.end().await;
    });
}
