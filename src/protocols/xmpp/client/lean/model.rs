//! The lean reader beside the server's own, which builds trees: what a stream says must not hang on who reads it.

use std::borrow::Cow;

use super::reader::{Broken, Reader};
use super::stanza::{Arrival, Found};
use crate::protocols::xmpp::reader::{Event, StreamReader};
use crate::protocols::xmpp::server::PUBSUB_SERVICE;
use crate::protocols::xmpp::xml::Element;
use crate::protocols::xmpp::{namespaces as ns, update};

/// What the lean reader makes of a stream that comes in these pieces.
pub fn read(pieces: &[&[u8]]) -> Result<Vec<Arrival<'static>>, Broken> {
    let mut reader = Reader::default();
    let mut arrivals = Vec::new();
    for piece in pieces {
        reader.feed(piece, |arrival| arrivals.push(owned(arrival)))?;
    }
    Ok(arrivals)
}

/// An arrival that borrows nothing.
pub fn owned(arrival: Arrival<'_>) -> Arrival<'static> {
    match arrival {
        Arrival::Message(update) => Arrival::Message(update.map(|update| Cow::Owned(update.into_owned()))),
        Arrival::Pointer(node, item) => Arrival::Pointer(node, item),
        Arrival::Found(id, Found::Update(update)) => Arrival::Found(id, Found::Update(Cow::Owned(update.into_owned()))),
        Arrival::Found(id, Found::Count(count)) => Arrival::Found(id, Found::Count(count)),
        Arrival::AckRequest => Arrival::AckRequest,
        Arrival::Ack(handled) => Arrival::Ack(handled),
        Arrival::Presence => Arrival::Presence,
        Arrival::Answer(id, refusal) => Arrival::Answer(id, refusal),
        Arrival::Request { id, from, is_ping } => Arrival::Request { id, from, is_ping },
        Arrival::StreamError(condition) => Arrival::StreamError(condition),
        Arrival::Footer => Arrival::Footer,
    }
}

/// What an element says to us, worked out from its tree; `None` where no client could act on it.
pub fn model(element: &Element) -> Option<Arrival<'static>> {
    let condition = |error: &Element, space: &str| {
        let found = error.elements().find(|element| element.namespace.as_str() == space && element.name.as_str() != "text");
        found.map_or("undefined-condition", |condition| condition.name.as_str()).to_owned()
    };
    if element.is("presence", ns::CLIENT) {
        Some(Arrival::Presence)
    } else if element.is("error", ns::STREAM) {
        Some(Arrival::StreamError(condition(element, ns::STREAM_ERRORS)))
    } else if element.is("message", ns::CLIENT) {
        let found = element
            .child("event", ns::PUBSUB_EVENT)
            .and_then(|event| event.child("items", ns::PUBSUB_EVENT)?.child("item", ns::PUBSUB_EVENT)?.child("update", ns::UPDATE));
        let update = found.and_then(|found| update::decode(found.text().into_owned(), found.attribute("encoding")));
        Some(Arrival::Message(update.map(Cow::Owned)))
    } else if element.is("iq", ns::CLIENT) {
        let id = element.attribute("id")?;
        // Nobody else may answer in the service's place (RFC 6120 §8.1.3).
        let from_service = element.attribute("from").is_none_or(|from| from == PUBSUB_SERVICE);
        let ours = || id.parse().ok().filter(|_| from_service);
        match element.attribute("type")? {
            "result" => {
                let found = element
                    .child("pubsub", ns::PUBSUB)
                    .and_then(|pubsub| pubsub.child("items", ns::PUBSUB)?.child("item", ns::PUBSUB)?.child("update", ns::UPDATE))
                    .and_then(|found| update::decode(found.text().into_owned(), found.attribute("encoding")));
                // Of the elements that may hold a number, the first one that holds one: were there several, it would be anybody's guess.
                let counts: Vec<&Element> =
                    element.elements().flat_map(Element::elements).flat_map(Element::elements).filter(|child| child.is("count", ns::RSM)).collect();
                match (found, counts.as_slice()) {
                    (Some(update), _) => Some(Arrival::Found(ours(), Found::Update(Cow::Owned(update)))),
                    (None, []) => Some(Arrival::Answer(ours(), None)),
                    (None, [count]) if count.children.len() == 1 && count.elements().count() == 0 => {
                        // A number, all of it in one piece.
                        let count = count.text().parse().ok()?;
                        Some(Arrival::Found(ours(), Found::Count(count)))
                    }
                    _ => None,
                }
            }
            // Of several errors the last one with a condition, were there any: a stanza has one.
            "error" if element.elements().filter(|child| child.is("error", ns::CLIENT)).count() < 2 => {
                let refusal = element.child("error", ns::CLIENT).map_or_else(|| "undefined-condition".to_owned(), |error| condition(error, ns::STANZA_ERRORS));
                Some(Arrival::Answer(ours(), Some(refusal)))
            }
            "get" | "set" => {
                let is_ping = element.elements().next().is_some_and(|child| child.is("ping", ns::PING));
                Some(Arrival::Request { id: id.to_owned(), from: element.attribute("from").map(str::to_owned), is_ping })
            }
            _ => None,
        }
    } else {
        None
    }
}

/// What the server's reader makes of a stream; `None` where it refuses it, or no client could act on it.
pub fn strictly(bytes: &[u8]) -> Option<Vec<Arrival<'static>>> {
    let (mut reader, mut input, mut arrivals) = (StreamReader::new(usize::MAX), bytes, Vec::new());
    loop {
        match reader.next(&mut input).ok()? {
            Some(Event::Open(root)) if !root.is("stream", ns::STREAM) => return None,
            Some(Event::Open(_)) => {}
            Some(Event::Element(element)) => arrivals.push(model(&element)?),
            Some(Event::Close) => {
                arrivals.push(Arrival::Footer);
                return Some(arrivals);
            }
            None => return Some(arrivals),
        }
    }
}
