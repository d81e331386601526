//! What is held, and what of it counts.

use bytes::Bytes;

use super::*;
use crate::measure::ledger::Ledger;
use crate::protocols::tcp::Outlet;

const HOW: How = How { acknowledged: false, no_local: false, as_published: false, retained: Retained::Always };

fn broker(stored: usize) -> Broker {
    Broker::new(Limits { stored, ..Limits::default() })
}

fn publication(topic: &str, payload: &[u8], properties: &[u8]) -> Publish {
    let (payload, properties) = (Bytes::copy_from_slice(payload), Bytes::copy_from_slice(properties));
    Publish { topic: topic.to_owned(), payload, retain: true, acknowledged: false, properties }
}

fn listener(number: u64) -> Rc<Listener> {
    let outlet = Rc::new(Outlet::into_queue(Ledger::default().meter(), 1_000));
    Rc::new(Listener::new(number, Version::V5, outlet, 10, 1_000, 1_000))
}

#[test]
fn all_that_is_retained_counts_and_all_of_it_comes_back() {
    // A name as the key of its topic and in its publication.
    let broker = broker(100);
    assert_eq!(broker.publish(publication("a", b"news", &[b'p'; 95]), 0), Err(Full), "properties are held as well");
    assert_eq!(broker.stored(), 0, "a refusal takes nothing");
    assert_eq!(broker.publish(publication("a", b"news", &[b'p'; 94]), 0), Ok(()));
    assert_eq!((broker.stored(), broker.publish(publication("b", b"x", b""), 0)), (100, Err(Full)));
    assert_eq!(broker.publish(publication("a", b"old", b""), 0), Ok(()));
    assert_eq!(broker.stored(), 5);
    assert_eq!(broker.publish(publication("a", b"", b""), 0), Ok(()));
    assert_eq!(broker.stored(), 0);
}

#[test]
fn names_and_filters_of_subscriptions_count() {
    let broker = broker(100);
    let listeners = [listener(1), listener(2)];
    let filter = format!("{}/#", "f".repeat(48));
    for (place, listener) in listeners.iter().enumerate() {
        assert_eq!(broker.subscribe_wild(&filter, listener, HOW).map(|(kept, _)| kept.as_deref() == Some(&*filter)), Ok(true));
        assert_eq!(broker.subscribe_wild(&filter, listener, HOW).map(|(kept, _)| kept), Ok(None), "it has it already");
        assert_eq!(broker.stored(), 50 * (place + 1));
    }
    assert_eq!(broker.subscribe_wild("+", &listeners[0], HOW), Err(Full));
    assert_eq!(broker.subscribe("a", &listeners[0], HOW), Err(Full));
    assert!(broker.unsubscribe(&filter, 1) && !broker.unsubscribe(&filter, 1));
    assert_eq!(broker.subscribe("a", &listeners[0], HOW), Ok(Some("a".into())));
    assert_eq!(broker.subscribe("a", &listeners[1], HOW), Ok(Some("a".into())));
    assert_eq!(broker.stored(), 51, "all subscriptions to a topic share its name");
    assert!(broker.unsubscribe(&filter, 2) && broker.unsubscribe("a", 1) && broker.unsubscribe("a", 2));
    assert_eq!(broker.stored(), 0);
}

#[test]
fn what_is_held_does_not_keep_alive_what_it_came_in() {
    let broker = broker(1_000);
    let came = Bytes::from(vec![b'x'; 16_384]);
    let publish = Publish { payload: came.slice(..1), properties: came.slice(..2), ..publication("a", b"", b"") };
    assert_eq!(broker.publish(publish.clone(), 0), Ok(()));
    let will = broker.hold(publish).unwrap();
    assert!(came.is_unique(), "somebody else holds a part of it, and so the whole");
    assert_eq!((broker.stored(), broker.release(will).payload.len(), broker.stored()), (1 + 4 + 4, 1, 1 + 4));
}

#[test]
fn retained_values_are_sent_in_the_same_order_each_time() {
    let broker = broker(1_000);
    let names: Vec<String> = (10..60).map(|number| format!("t{number}")).collect();
    for name in &names {
        assert_eq!(broker.publish(publication(name, b"x", b""), 0), Ok(()));
    }
    let (_, retained) = broker.subscribe_wild("#", &listener(1), HOW).unwrap();
    assert!(retained.iter().map(|name| &**name).eq(names.iter().map(String::as_str)), "{retained:?}");
}
