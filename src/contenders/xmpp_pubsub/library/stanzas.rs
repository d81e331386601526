//! Stanzas as xmpp-parsers has them: our requests, our replies, and what a notification carries.

use xmpp_parsers::data_forms::{DataForm, DataFormType, Field, FieldType};
use xmpp_parsers::iq::Iq;
use xmpp_parsers::jid::{self, Jid};
use xmpp_parsers::message::Message;
use xmpp_parsers::minidom::Element;
use xmpp_parsers::pubsub::pubsub::{Configure, Create, Item, Items, PubSub, Publish, Subscribe};
use xmpp_parsers::pubsub::{ItemId, NodeName};
use xmpp_parsers::stanza::Stanza;
use xmpp_parsers::stanza_error::{DefinedCondition, ErrorType, StanzaError};

use crate::protocols::xmpp::server::PUBSUB_SERVICE;
use crate::protocols::xmpp::{namespaces as ns, update};

use crate::protocols::xmpp::client::lean::stanza::Found;
use crate::protocols::xmpp::client::link::Request;
use crate::protocols::xmpp::client::settings::Form;

/// The service's address.
///
/// # Errors
/// It is no address.
pub fn service() -> Result<Jid, jid::Error> {
    Jid::new(PUBSUB_SERVICE)
}

/// A request; subscriptions are for `address`.
pub fn request(id: u64, request: Request, address: &Jid) -> Iq {
    let (id, is_set) = (id.to_string(), request.is_set());
    let payload = match request {
        Request::Create(node, form) => PubSub::Create { create: Create { node: Some(NodeName(node)) }, configure: Some(configuration(&form)) },
        Request::Publish(topic, payload) => {
            let item = Item { id: None, publisher: None, payload: Some(element(&payload)) };
            PubSub::Publish { publish: Publish { node: NodeName(topic.name()), items: vec![item] }, publish_options: None }
        }
        Request::Subscribe(node) => {
            let subscribe = Subscribe { jid: address.clone(), node: Some(NodeName(node)) };
            PubSub::Subscribe { subscribe: Some(subscribe), options: None }
        }
        Request::Last(topic) => PubSub::Items(Items { max_items: Some(1), ..Items::new(&topic.name()) }),
        Request::Item(node, item) => {
            let item = Item { id: Some(ItemId(item)), publisher: None, payload: None };
            PubSub::Items(Items { items: vec![item], ..Items::new(&node) })
        }
        Request::Count(node) => {
            let set = Element::builder("set", ns::RSM).append(Element::builder("max", ns::RSM).append("0"));
            let query = Element::builder("query", ns::DISCO_ITEMS).attr(rxml::xml_ncname!("node").to_owned(), node).append(set);
            return Iq::Get { from: None, to: None, id, payload: query.build() };
        }
    };
    if is_set { Iq::from_set(id, payload) } else { Iq::from_get(id, payload) }
}

/// The answer to a request of the server's: to a ping its result, to all else an error, since nobody may be left waiting.
pub fn reply(stanza: &Stanza) -> Option<Iq> {
    let (Stanza::Iq(Iq::Get { from, id, payload, .. }) | Stanza::Iq(Iq::Set { from, id, payload, .. })) = stanza else { return None };
    let answer = if payload.is("ping", ns::PING) {
        Iq::Result { from: None, to: None, id: id.clone(), payload: None }
    } else {
        Iq::from_error(id.clone(), StanzaError::new(ErrorType::Cancel, DefinedCondition::ServiceUnavailable, "en", ""))
    };
    Some(match from {
        Some(from) => answer.with_to(from.clone()),
        None => answer,
    })
}

/// The update in a notification. One stanza is one message, so of several items the first counts for it; XEP-0060 has
/// had one item per notification since version 1.13.
pub fn update(message: &Message) -> Option<Vec<u8>> {
    let event = message.payloads.iter().find(|payload| payload.is("event", ns::PUBSUB_EVENT))?;
    let item = event.get_child("items", ns::PUBSUB_EVENT)?.get_child("item", ns::PUBSUB_EVENT)?;
    let update = item.get_child("update", ns::UPDATE)?;
    update::decode(update.text(), update.attr("encoding"))
}

/// What a notification without an update points to: the names of its node and item.
pub fn pointer(message: &Message) -> Option<(String, String)> {
    let items = message.payloads.iter().find(|payload| payload.is("event", ns::PUBSUB_EVENT))?.get_child("items", ns::PUBSUB_EVENT)?;
    let item = items.get_child("item", ns::PUBSUB_EVENT)?;
    Some((items.attr("node")?.to_owned(), item.attr("id")?.to_owned()))
}

/// What an answer has in it.
pub fn found(payload: &Element) -> Option<Found<'static>> {
    if payload.is("query", ns::DISCO_ITEMS) {
        let count = payload.get_child("set", ns::RSM)?.get_child("count", ns::RSM)?;
        return count.text().parse().ok().map(Found::Count);
    }
    if !payload.is("pubsub", ns::PUBSUB) {
        return None;
    }
    let update = payload.get_child("items", ns::PUBSUB)?.get_child("item", ns::PUBSUB)?.get_child("update", ns::UPDATE)?;
    update::decode(update.text(), update.attr("encoding")).map(|update| Found::Update(update.into()))
}

fn element(payload: &[u8]) -> Element {
    let (text, in_base64) = update::encode(payload);
    let element = Element::builder("update", ns::UPDATE).append(text.into_owned());
    if in_base64 { element.attr(rxml::xml_ncname!("encoding").to_owned(), update::ENCODING).build() } else { element.build() }
}

fn configuration(form: &Form) -> Configure {
    let fields = form.iter().map(|(name, value)| Field::new(name, FieldType::TextSingle).with_value(value)).collect();
    Configure { form: Some(DataForm::new(DataFormType::Submit, ns::PUBSUB_CONFIG, fields)) }
}
