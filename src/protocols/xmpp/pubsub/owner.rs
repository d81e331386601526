//! What a node's owner may ask (XEP-0060 §8.2 to §8.5): configure, delete, purge.

use std::rc::Rc;

use super::super::errors::{StanzaCondition, StanzaError};
use super::super::namespaces as ns;
use super::super::outlet::Peer;
use super::super::server::Server;
use super::super::stanza::{Reply, Request};
use super::super::xml::{Element, escape};
use super::events::Notification;
use super::form::Config;
use super::{PubSub, required_node};

/// A request in the owners' namespace.
///
/// # Errors
/// What to answer instead of a result.
pub fn handle(server: &Server, pubsub: &mut PubSub, peer: &Rc<Peer>, request: &Request<'_>, reply: &Reply<'_>) -> Result<(), StanzaError> {
    let action = request.payload.elements().next().filter(|action| action.namespace.as_str() == ns::PUBSUB_OWNER).ok_or(StanzaCondition::BadRequest)?;
    match (action.name.as_str(), request.set) {
        ("configure", false) => {
            let form = pubsub.owned(required_node(action)?, peer)?.config.form();
            let node = escape(required_node(action)?);
            reply.result(&format!("<pubsub xmlns='{}'><configure node='{node}'>{form}</configure></pubsub>", ns::PUBSUB_OWNER));
            Ok(())
        }
        ("configure", true) => configure(pubsub, peer, action, reply),
        ("default", false) => {
            reply.result(&format!("<pubsub xmlns='{}'><default>{}</default></pubsub>", ns::PUBSUB_OWNER, Config::default().form()));
            Ok(())
        }
        ("delete", true) => delete(server, pubsub, peer, action, reply),
        ("purge", true) => purge(server, pubsub, peer, action, reply),
        ("subscriptions", _) => Err(StanzaError::unsupported("manage-subscriptions")),
        ("affiliations", _) => Err(StanzaError::unsupported("modify-affiliations")),
        _ => Err(StanzaCondition::BadRequest.into()),
    }
}

fn configure(pubsub: &mut PubSub, peer: &Peer, configure: &Element, reply: &Reply<'_>) -> Result<(), StanzaError> {
    let name = required_node(configure)?;
    pubsub.owned(name, peer)?;
    let form = configure.child("x", ns::FORMS).ok_or(StanzaCondition::BadRequest)?;
    // A form that is cancelled changes nothing (XEP-0060 §8.2.5.1).
    match form.attribute("type") {
        Some("submit") => pubsub.change(name, peer, |node| {
            let changed = node.config.changed(form)?;
            // What a node is, and where it belongs, is said when it is created.
            if (changed.is_collection, &changed.collection) != (node.config.is_collection, &node.config.collection) {
                return Err(StanzaCondition::NotAllowed.into());
            }
            node.config = changed;
            node.trim();
            Ok(())
        })?,
        Some("cancel") => {}
        _ => return Err(StanzaCondition::BadRequest.into()),
    }
    reply.result("");
    Ok(())
}

fn delete(server: &Server, pubsub: &mut PubSub, peer: &Peer, delete: &Element, reply: &Reply<'_>) -> Result<(), StanzaError> {
    let name = required_node(delete)?;
    pubsub.owned(name, peer)?;
    let number = pubsub.next_id();
    let Some(node) = pubsub.nodes.remove(name) else { return Err(StanzaCondition::ItemNotFound.into()) };
    pubsub.stored -= node.bytes() + node.subscriber_bytes();
    for address in node.subscribers.keys() {
        if let Some(nodes) = pubsub.subscriptions.get_mut(address) {
            nodes.remove(name);
            if nodes.is_empty() {
                pubsub.subscriptions.remove(address);
            }
        }
    }
    if let Some(parent) = pubsub.nodes.get_mut(node.config.collection.as_str()) {
        parent.members.swap_remove(name);
    }
    // Its members stay, and belong to nothing.
    for member in &node.members {
        if let Some(member) = pubsub.nodes.get_mut(member) {
            pubsub.stored -= member.config.collection.len();
            member.config.collection.clear();
        }
    }
    reply.result("");
    if node.config.notify_delete {
        Notification::deleted(&node, number).to_all(server, &node);
    }
    Ok(())
}

fn purge(server: &Server, pubsub: &mut PubSub, peer: &Peer, purge: &Element, reply: &Reply<'_>) -> Result<(), StanzaError> {
    let name = required_node(purge)?;
    let number = pubsub.next_id();
    pubsub.change(name, peer, |node| {
        if !node.config.persist_items {
            return Err(StanzaError::unsupported("persistent-items"));
        }
        if node.config.is_collection {
            return Err(StanzaError::unsupported("purge-nodes"));
        }
        node.clear();
        Ok(())
    })?;
    let node = pubsub.node(name)?;
    reply.result("");
    if node.config.notify_retract {
        Notification::purged(node, number).to_all(server, node);
    }
    Ok(())
}
