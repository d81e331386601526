//! What anybody may ask of the service (XEP-0060 §5 to §8.1): create, subscribe, publish, retract, fetch.

use std::rc::Rc;

use xmpp_parsers::jid::Jid;

use super::super::errors::{StanzaCondition, StanzaError};
use super::super::namespaces as ns;
use super::super::outlet::Peer;
use super::super::server::Server;
use super::super::stanza::{Reply, Request};
use super::super::update;
use super::super::xml::{Element, escape};
use super::events::{self, Notification};
use super::form::{Config, SendLast};
use super::node::{Item, Node, Subscriber, subscription_bytes};
use super::{LONGEST_NAME, PubSub, can_be_answered, required_node};

/// A request in the general namespace.
///
/// # Errors
/// What to answer instead of a result.
pub fn handle(server: &Server, pubsub: &mut PubSub, peer: &Rc<Peer>, request: &Request<'_>, reply: &Reply<'_>) -> Result<(), StanzaError> {
    let action = request.payload.elements().next().filter(|action| action.namespace.as_str() == ns::PUBSUB).ok_or(StanzaCondition::BadRequest)?;
    let has = |name: &str| request.payload.child(name, ns::PUBSUB).is_some();
    match (action.name.as_str(), request.set) {
        ("create", true) => create(pubsub, peer, action, request.payload, reply),
        ("subscribe", true) if has("options") => Err(StanzaError::unsupported("subscription-options")),
        ("subscribe", true) => subscribe(server, pubsub, peer, action, reply),
        ("unsubscribe", true) => unsubscribe(pubsub, peer, action, reply),
        ("publish", true) if has("publish-options") => Err(StanzaError::unsupported("publish-options")),
        ("publish", true) => publish(server, pubsub, peer, action, reply),
        ("retract", true) => retract(server, pubsub, peer, action, reply),
        ("items", false) => items(server, pubsub, action, reply),
        ("subscriptions", false) => subscriptions(server, pubsub, peer, action, reply),
        ("affiliations", false) => affiliations(server, pubsub, peer, action, reply),
        ("options", _) => Err(StanzaError::unsupported("subscription-options")),
        ("default", false) => Err(StanzaError::unsupported("retrieve-default-sub")),
        _ => Err(StanzaCondition::BadRequest.into()),
    }
}

fn create(pubsub: &mut PubSub, peer: &Peer, create: &Element, payload: &Element, reply: &Reply<'_>) -> Result<(), StanzaError> {
    peer.counter.is_publisher();
    // The kind of node is said in the form (XEP-0248 §7.1).
    if create.attribute("type").is_some_and(|kind| kind != "leaf") {
        return Err(StanzaError::unsupported("collections"));
    }
    let wanted = create.attribute("node").filter(|node| !node.is_empty());
    if wanted.is_some_and(|name| pubsub.nodes.contains_key(name)) {
        return Err(StanzaCondition::Conflict.into());
    }
    if wanted.is_some_and(|name| name.len() > LONGEST_NAME) {
        return Err(StanzaCondition::NotAcceptable.into());
    }
    if pubsub.nodes.len() >= pubsub.most_nodes {
        return Err(StanzaCondition::ResourceConstraint.into());
    }
    let form = payload.child("configure", ns::PUBSUB).and_then(|configure| configure.child("x", ns::FORMS));
    let config = form.map_or_else(|| Ok(Config::default()), |form| Config::default().changed(form))?;
    let name: Rc<str> = match wanted {
        Some(name) => name.into(),
        None => loop {
            let name = format!("instant-{}", pubsub.next_id());
            if !pubsub.nodes.contains_key(name.as_str()) {
                break name.into();
            }
        },
    };
    let collection = config.collection.clone();
    let node = Node::new(Rc::clone(&name), Rc::clone(&peer.bare), config);
    if !pubsub.has_room(node.bytes()) {
        return Err(StanzaCondition::ResourceConstraint.into());
    }
    if !collection.is_empty() {
        let parent = pubsub.node_mut(&collection)?;
        // One level deep.
        if !parent.config.is_collection || node.config.is_collection {
            return Err(StanzaCondition::NotAllowed.into());
        }
        parent.members.insert(Rc::clone(&name));
    }
    pubsub.stored += node.bytes();
    pubsub.nodes.insert(Rc::clone(&name), node);
    // Only who let the service choose has to be told the name (XEP-0060 §8.1.2).
    let body = if wanted.is_none() { format!("<pubsub xmlns='{}'><create node='{}'/></pubsub>", ns::PUBSUB, escape(&name)) } else { String::new() };
    reply.result(&body);
    Ok(())
}

/// The address to subscribe, which must be one of the asker's own.
fn own_address(element: &Element, peer: &Peer, otherwise: StanzaError) -> Result<Rc<str>, StanzaError> {
    let text = element.attribute("jid").ok_or_else(|| StanzaCondition::BadRequest.because("jid-required"))?;
    if *text == *peer.full {
        return Ok(Rc::clone(&peer.full));
    }
    if *text == *peer.bare {
        return Ok(Rc::clone(&peer.bare));
    }
    let address = Jid::new(text).map_err(|_| StanzaError::from(StanzaCondition::JidMalformed))?;
    if *address.to_bare().as_str() == *peer.bare { Ok(address.as_str().into()) } else { Err(otherwise) }
}

/// We give out no subscription identifiers, so that none can be right (XEP-0060 §6.2.3.5). An empty one is none: Tsung cannot leave it out.
fn no_subid(element: &Element) -> Result<(), StanzaError> {
    if element.attribute("subid").is_some_and(|subid| !subid.is_empty()) { Err(StanzaCondition::NotAcceptable.because("invalid-subid")) } else { Ok(()) }
}

fn subscribe(server: &Server, pubsub: &mut PubSub, peer: &Rc<Peer>, subscribe: &Element, reply: &Reply<'_>) -> Result<(), StanzaError> {
    let name = required_node(subscribe)?;
    let address = own_address(subscribe, peer, StanzaCondition::BadRequest.because("invalid-jid"))?;
    let bytes = subscription_bytes(&address);
    let is_new = !pubsub.node(name)?.subscribers.contains_key(&address);
    if is_new && !pubsub.has_room(bytes) {
        return Err(StanzaCondition::PolicyViolation.because("too-many-subscriptions"));
    }
    pubsub.stored += if is_new { bytes } else { 0 };
    let node = pubsub.node_mut(name)?;
    let subscriber = if Rc::ptr_eq(&address, &peer.full) { Subscriber::Session(Rc::clone(peer)) } else { Subscriber::Address };
    node.subscribers.insert(Rc::clone(&address), subscriber);
    let node_name = Rc::clone(&node.name);
    pubsub.subscriptions.entry(Rc::clone(&address)).or_default().insert(node_name);
    reply.result(&format!(
        "<pubsub xmlns='{}'><subscription node='{}' jid='{}' subscription='subscribed'/></pubsub>",
        ns::PUBSUB,
        escape(name),
        escape(&address)
    ));
    let node = pubsub.node(name)?;
    if node.config.send_last != SendLast::Never {
        events::send_last(server, node, &address);
    }
    Ok(())
}

fn unsubscribe(pubsub: &mut PubSub, peer: &Peer, unsubscribe: &Element, reply: &Reply<'_>) -> Result<(), StanzaError> {
    let name = required_node(unsubscribe)?;
    let address = own_address(unsubscribe, peer, StanzaCondition::Forbidden.into())?;
    let node = pubsub.node_mut(name)?;
    no_subid(unsubscribe)?;
    if node.subscribers.swap_remove(&address).is_none() {
        return Err(StanzaCondition::UnexpectedRequest.because("not-subscribed"));
    }
    pubsub.stored -= subscription_bytes(&address);
    if let Some(nodes) = pubsub.subscriptions.get_mut(&address) {
        nodes.remove(name);
        if nodes.is_empty() {
            pubsub.subscriptions.remove(&address);
        }
    }
    reply.result("");
    Ok(())
}

fn publish(server: &Server, pubsub: &mut PubSub, peer: &Peer, publish: &Element, reply: &Reply<'_>) -> Result<(), StanzaError> {
    peer.counter.is_publisher();
    let given: Vec<&Element> = publish.elements().filter(|element| element.is("item", ns::PUBSUB)).collect();
    let updates = |item: &Element| item.elements().map(update::size).sum::<usize>();
    let update = given.iter().map(|item| updates(item)).sum::<usize>() as u64;
    peer.counter.payload_up(update);
    let name = required_node(publish)?;
    let number = pubsub.next_id();
    let (stored, most_stored) = (pubsub.stored, pubsub.most_stored);
    let node = pubsub.node_mut(name)?;
    if !node.config.open_to_publishers && *node.owner != *peer.bare {
        return Err(StanzaCondition::Forbidden.into());
    }
    if node.config.is_collection {
        return Err(StanzaError::unsupported("publish"));
    }
    let [item] = given[..] else {
        // One item at a time, as the XEP has it since version 1.13.
        return Err(if given.is_empty() { StanzaCondition::BadRequest.because("item-required") } else { StanzaCondition::BadRequest.into() });
    };
    let mut payloads = item.elements();
    let (Some(payload), None) = (payloads.next(), payloads.next()) else {
        let is_empty = item.elements().next().is_none();
        return Err(if is_empty { StanzaCondition::BadRequest.because("payload-required") } else { StanzaCondition::BadRequest.because("invalid-payload") });
    };
    if payload.namespace.is_none() {
        return Err(StanzaCondition::BadRequest.because("invalid-payload"));
    }
    // It will stand in other stanzas, so it declares its own namespace.
    let mut xml = String::new();
    payload.write(&mut xml, "");
    let most = server.bounds().payload;
    if update as usize > most || (update == 0 && xml.len() > most) {
        return Err(StanzaCondition::NotAcceptable.because("payload-too-big"));
    }
    let id: Rc<str> = item.attribute("id").filter(|id| !id.is_empty()).map_or_else(|| format!("i{number}").into(), Into::into);
    if id.len() > LONGEST_NAME {
        return Err(StanzaCondition::NotAcceptable.into());
    }
    let item = Item { id: Rc::clone(&id), payload: xml.into(), update: updates(item), published: jiff::Timestamp::now() };
    let after = (stored + item.bytes()).saturating_sub(node.makes_room_for(&id));
    if after > most_stored {
        return Err(StanzaCondition::ResourceConstraint.into());
    }
    Notification::published(node, &item, number).to_all(server, node);
    if !node.config.collection.is_empty() {
        let node = pubsub.node(name)?;
        let parent = pubsub.nodes.get(node.config.collection.as_str()).filter(|parent| !parent.subscribers.is_empty());
        if let Some(parent) = parent {
            Notification::published(node, &item, number).through(&parent.name).to_all(server, parent);
        }
    }
    let node = pubsub.node_mut(name)?;
    let before = node.bytes();
    node.put(item);
    let after = node.bytes();
    pubsub.stored = stored - before + after;
    reply.result(&format!("<pubsub xmlns='{}'><publish node='{}'><item id='{}'/></publish></pubsub>", ns::PUBSUB, escape(name), escape(&id)));
    Ok(())
}

fn retract(server: &Server, pubsub: &mut PubSub, peer: &Peer, retract: &Element, reply: &Reply<'_>) -> Result<(), StanzaError> {
    let name = required_node(retract)?;
    let number = pubsub.next_id();
    let node = pubsub.node_mut(name)?;
    if !node.config.open_to_publishers && *node.owner != *peer.bare {
        return Err(StanzaCondition::Forbidden.into());
    }
    if !node.config.persist_items {
        return Err(StanzaError::unsupported("persistent-items"));
    }
    let item = retract.child("item", ns::PUBSUB).ok_or_else(|| StanzaCondition::BadRequest.because("item-required"))?;
    let id = item.attribute("id").filter(|id| !id.is_empty()).ok_or_else(|| StanzaCondition::BadRequest.because("item-required"))?;
    let at = node.items.iter().position(|item| *item.id == *id).ok_or(StanzaCondition::ItemNotFound)?;
    let before = node.bytes();
    node.remove(at);
    let gone = before - node.bytes();
    reply.result("");
    // The publisher's wish counts, else the node's configuration (XEP-0060 §7.2.2.1).
    let notify = retract.attribute("notify").map_or(node.config.notify_retract, |notify| matches!(notify, "1" | "true"));
    if notify {
        Notification::retracted(node, id, number).to_all(server, node);
    }
    pubsub.stored -= gone;
    Ok(())
}

fn items(server: &Server, pubsub: &PubSub, items: &Element, reply: &Reply<'_>) -> Result<(), StanzaError> {
    let name = required_node(items)?;
    let node = pubsub.node(name)?;
    no_subid(items)?;
    if node.config.is_collection {
        return Err(StanzaError::unsupported("retrieve-items"));
    }
    if !node.config.persist_items {
        return Err(StanzaError::unsupported("persistent-items"));
    }
    let most = match items.attribute("max_items") {
        None => usize::MAX,
        Some(count) => count.parse().map_err(|_| StanzaError::from(StanzaCondition::BadRequest))?,
    };
    let wanted: Vec<&str> = items.elements().filter(|element| element.is("item", ns::PUBSUB)).filter_map(|item| item.attribute("id")).collect();
    let found = node.items.iter().filter(|item| wanted.is_empty() || wanted.contains(&&*item.id));
    let skipped = found.clone().count().saturating_sub(most);
    let wanted = found.skip(skipped);
    can_be_answered(server, wanted.clone().map(Item::bytes))?;
    let payload = wanted.clone().map(|item| item.update).sum();
    let body: String = wanted.map(|item| events::item_xml(item, true)).collect();
    reply.updates(&format!("<pubsub xmlns='{}'><items node='{}'>{body}</items></pubsub>", ns::PUBSUB, escape(name)), payload);
    Ok(())
}

/// One's own subscriptions, all of them or those to one node (XEP-0060 §5.6).
fn subscriptions(server: &Server, pubsub: &PubSub, peer: &Peer, asked: &Element, reply: &Reply<'_>) -> Result<(), StanzaError> {
    let only = asked.attribute("node");
    if let Some(name) = only {
        pubsub.node(name)?;
    }
    let mut found: Vec<(&str, &str)> = [&peer.bare, &peer.full]
        .into_iter()
        .flat_map(|address| pubsub.subscriptions.get(address).into_iter().flatten().map(|node| (&**node, &**address)))
        .filter(|(node, _)| only.is_none_or(|only| only == *node))
        .collect();
    can_be_answered(server, found.iter().map(|(node, address)| node.len() + address.len()))?;
    found.sort_unstable();
    let body: String = found
        .into_iter()
        .map(|(node, address)| format!("<subscription node='{}' jid='{}' subscription='subscribed'/>", escape(node), escape(address)))
        .collect();
    let node = only.map(|only| format!(" node='{}'", escape(only))).unwrap_or_default();
    reply.result(&format!("<pubsub xmlns='{}'><subscriptions{node}>{body}</subscriptions></pubsub>", ns::PUBSUB));
    Ok(())
}

/// One's own affiliations, which are the nodes one has created (XEP-0060 §5.7).
fn affiliations(server: &Server, pubsub: &PubSub, peer: &Peer, asked: &Element, reply: &Reply<'_>) -> Result<(), StanzaError> {
    let only = asked.attribute("node");
    if let Some(name) = only {
        pubsub.node(name)?;
    }
    let mut found: Vec<&str> = pubsub.nodes.values().filter(|node| *node.owner == *peer.bare).map(|node| &*node.name).collect();
    found.retain(|node| only.is_none_or(|only| only == *node));
    can_be_answered(server, found.iter().map(|node| node.len()))?;
    found.sort_unstable();
    let body: String = found.into_iter().map(|node| format!("<affiliation node='{}' affiliation='owner'/>", escape(node))).collect();
    let node = only.map(|only| format!(" node='{}'", escape(only))).unwrap_or_default();
    reply.result(&format!("<pubsub xmlns='{}'><affiliations{node}>{body}</affiliations></pubsub>", ns::PUBSUB));
    Ok(())
}
