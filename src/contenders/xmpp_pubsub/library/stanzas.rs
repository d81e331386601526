//! Stanzas as xmpp-parsers has them: our requests, our replies, and what a notification carries.

use xmpp_parsers::data_forms::{DataForm, DataFormType, Field, FieldType};
use xmpp_parsers::iq::Iq;
use xmpp_parsers::jid::{self, Jid};
use xmpp_parsers::message::Message;
use xmpp_parsers::minidom::Element;
use xmpp_parsers::pubsub::NodeName;
use xmpp_parsers::pubsub::pubsub::{Configure, Create, Item, PubSub, Publish, Subscribe};
use xmpp_parsers::stanza::Stanza;
use xmpp_parsers::stanza_error::{DefinedCondition, ErrorType, StanzaError};

use crate::contender::topic::Topic;
use crate::protocols::xmpp::server::PUBSUB_SERVICE;
use crate::protocols::xmpp::{namespaces as ns, update};

use super::super::link::{CONFIGURATION, Request};

/// The service's address.
///
/// # Errors
/// It is no address.
pub fn service() -> Result<Jid, jid::Error> {
    Jid::new(PUBSUB_SERVICE)
}

/// A request; subscriptions are for `address`.
pub fn request(id: u64, request: Request, address: &Jid) -> Iq {
    let payload = match request {
        Request::Create(topic) => PubSub::Create { create: Create { node: Some(node(topic)) }, configure: Some(configuration()) },
        Request::Publish(topic, payload) => {
            let item = Item { id: None, publisher: None, payload: Some(element(&payload)) };
            PubSub::Publish { publish: Publish { node: node(topic), items: vec![item] }, publish_options: None }
        }
        Request::Subscribe(topic) => {
            let subscribe = Subscribe { jid: address.clone(), node: Some(node(topic)) };
            PubSub::Subscribe { subscribe: Some(subscribe), options: None }
        }
    };
    Iq::from_set(id.to_string(), payload)
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

fn element(payload: &[u8]) -> Element {
    let (text, in_base64) = update::encode(payload);
    let element = Element::builder("update", ns::UPDATE).append(text.into_owned());
    if in_base64 { element.attr(rxml::xml_ncname!("encoding").to_owned(), update::ENCODING).build() } else { element.build() }
}

fn node(topic: Topic) -> NodeName {
    NodeName(topic.name())
}

fn configuration() -> Configure {
    let fields = CONFIGURATION.map(|(name, value)| Field::new(name, FieldType::TextSingle).with_value(value));
    Configure { form: Some(DataForm::new(DataFormType::Submit, ns::PUBSUB_CONFIG, fields.into())) }
}
