//! Publish-subscribe (XEP-0060): nodes in memory, each with its last items and its subscribers.
//!
//! A notification is serialised once per publication; only the address differs from subscriber to subscriber. A collection
//! (XEP-0248) is a node of nodes, one level deep: who subscribes to it hears of all of them. What
//! is left out is answered as unsupported, so that no client waits: subscription options, publish
//! options, access models other than `open`, management of other people's subscriptions and affiliations.

mod events;
mod form;
mod node;
mod owner;
mod requests;

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use super::errors::{StanzaCondition, StanzaError};
use super::namespaces as ns;
use super::outlet::Peer;
use super::server::Server;
use super::stanza::{Reply, Request};
use super::xml::{Element, escape};
use form::SendLast;
use node::{Node, subscription_bytes};

/// What the service can do (XEP-0060 §16.3): what disco#info says.
const FEATURES: [&str; 21] = [
    "access-open",
    "collections",
    "config-node",
    "create-and-configure",
    "create-nodes",
    "delete-items",
    "delete-nodes",
    "instant-nodes",
    "item-ids",
    "last-published",
    "meta-data",
    "multi-items",
    "persistent-items",
    "publish",
    "purge-nodes",
    "retract-items",
    "retrieve-affiliations",
    "retrieve-default",
    "retrieve-items",
    "retrieve-subscriptions",
    "subscribe",
];

/// All the nodes of the service.
pub struct PubSub {
    nodes: HashMap<Rc<str>, Node>,
    /// The nodes that an address, bare or full, is subscribed to.
    subscriptions: HashMap<Rc<str>, HashSet<Rc<str>>>,
    most_nodes: usize,
    /// Bytes that all of this holds, roughly, and how many it may.
    stored: usize,
    most_stored: usize,
    /// Makes ids of items, notifications and instant nodes.
    count: u64,
}

impl PubSub {
    /// No nodes yet, `most_nodes` and `most_stored` bytes of everything at most.
    pub fn new(most_nodes: usize, most_stored: usize) -> Self {
        Self { nodes: HashMap::new(), subscriptions: HashMap::new(), most_nodes, stored: 0, most_stored, count: 0 }
    }

    /// A client has gone: subscriptions of its full address end with it, since nobody will ever have that session again.
    pub fn forget(&mut self, full: &str) {
        for name in self.subscriptions.remove(full).unwrap_or_default() {
            if let Some(node) = self.nodes.get_mut(&name)
                && node.subscribers.swap_remove(full).is_some()
            {
                self.stored -= subscription_bytes(full);
            }
        }
    }

    /// Changes a node of `peer`'s, and keeps count of what it holds.
    ///
    /// # Errors
    /// There is none, it is somebody else's, or `change` says so.
    fn change<T>(&mut self, name: &str, peer: &Peer, change: impl FnOnce(&mut Node) -> Result<T, StanzaError>) -> Result<T, StanzaError> {
        let node = self.owned(name, peer)?;
        let before = node.bytes();
        let changed = change(node);
        let after = node.bytes();
        self.stored = self.stored - before + after;
        changed
    }

    /// Whether so many more bytes may be kept.
    fn has_room(&self, bytes: usize) -> bool {
        self.stored.saturating_add(bytes) <= self.most_stored
    }

    fn node(&self, name: &str) -> Result<&Node, StanzaError> {
        self.nodes.get(name).ok_or_else(|| StanzaCondition::ItemNotFound.into())
    }

    fn node_mut(&mut self, name: &str) -> Result<&mut Node, StanzaError> {
        self.nodes.get_mut(name).ok_or_else(|| StanzaCondition::ItemNotFound.into())
    }

    fn owned(&mut self, name: &str, peer: &Peer) -> Result<&mut Node, StanzaError> {
        let node = self.node_mut(name)?;
        if *node.owner == *peer.bare { Ok(node) } else { Err(StanzaCondition::Forbidden.into()) }
    }

    fn next_id(&mut self) -> u64 {
        self.count += 1;
        self.count
    }
}

/// A request to the service.
///
/// # Errors
/// What to answer instead of a result.
pub fn handle(server: &Server, pubsub: &RefCell<PubSub>, peer: &Rc<Peer>, request: &Request<'_>, reply: &Reply<'_>) -> Result<(), StanzaError> {
    let pubsub = &mut *pubsub.borrow_mut();
    match (request.payload.namespace.as_str(), request.payload.name.as_str()) {
        (ns::PUBSUB, "pubsub") => requests::handle(server, pubsub, peer, request, reply),
        (ns::PUBSUB_OWNER, "pubsub") => owner::handle(server, pubsub, peer, request, reply),
        (ns::DISCO_INFO, "query") if !request.set => reply_info(pubsub, request.payload, reply),
        (ns::DISCO_ITEMS, "query") if !request.set => reply_items(server, pubsub, request.payload, reply),
        (ns::PING, "ping") if !request.set => {
            reply.result("");
            Ok(())
        }
        _ => Err(StanzaCondition::ServiceUnavailable.into()),
    }
}

/// A client has become available: nodes that say so send their last item (XEP-0060 §6.1, `on_sub_and_presence`).
pub fn came(server: &Server, pubsub: &PubSub, peer: &Rc<Peer>) {
    for name in pubsub.subscriptions.get(&peer.bare).into_iter().flatten() {
        if let Some(node) = pubsub.nodes.get(name).filter(|node| node.config.send_last == SendLast::OnSubAndPresence) {
            events::send_last(server, node, &peer.full);
        }
    }
}

/// Longest name of a node or an item, in bytes: what one part of an address may have (RFC 7622 §3).
const LONGEST_NAME: usize = 1023;
/// Bytes of markup around each entry of a list.
const ENTRY: usize = 100;

/// The name of the node that a request is about.
fn required_node(element: &Element) -> Result<&str, StanzaError> {
    element.attribute("node").filter(|node| !node.is_empty()).ok_or_else(|| StanzaCondition::BadRequest.because("nodeid-required"))
}

/// Whether a list of such parts can be answered: one that fills a client's whole queue would never reach it.
///
/// # Errors
/// It cannot: who asks has to ask for less.
fn can_be_answered(server: &Server, parts: impl Iterator<Item = usize>) -> Result<(), StanzaError> {
    let most = server.bounds().queue / 2;
    let bytes = parts.fold(0_usize, |sum, part| sum.saturating_add(part + ENTRY));
    if bytes <= most { Ok(()) } else { Err(StanzaCondition::ResourceConstraint.into()) }
}

fn reply_info(pubsub: &PubSub, query: &Element, reply: &Reply<'_>) -> Result<(), StanzaError> {
    let body = match query.attribute("node") {
        None => {
            let features: String = FEATURES.iter().map(|feature| format!("<feature var='{}#{feature}'/>", ns::PUBSUB)).collect();
            let others: String = [ns::DISCO_INFO, ns::DISCO_ITEMS, ns::PING, ns::PUBSUB].iter().map(|var| format!("<feature var='{var}'/>")).collect();
            format!("<query xmlns='{}'><identity category='pubsub' type='service' name='pushbench'/>{others}{features}</query>", ns::DISCO_INFO)
        }
        Some(name) => {
            let node = pubsub.node(name)?;
            format!(
                "<query xmlns='{}' node='{}'><identity category='pubsub' type='{}'/><feature var='{}'/>{}</query>",
                ns::DISCO_INFO,
                escape(name),
                node.config.node_type(),
                ns::PUBSUB,
                node.config.metadata(&node.owner)
            )
        }
    };
    reply.result(&body);
    Ok(())
}

fn reply_items(server: &Server, pubsub: &PubSub, query: &Element, reply: &Reply<'_>) -> Result<(), StanzaError> {
    let service = super::server::PUBSUB_SERVICE;
    let body = match query.attribute("node") {
        None => {
            can_be_answered(server, pubsub.nodes.keys().map(|name| name.len()))?;
            let mut names: Vec<&Rc<str>> = pubsub.nodes.keys().collect();
            names.sort_unstable();
            let items: String = names.into_iter().map(|name| format!("<item jid='{service}' node='{}'/>", escape(name))).collect();
            format!("<query xmlns='{}'>{items}</query>", ns::DISCO_ITEMS)
        }
        Some(name) if pubsub.node(name)?.config.is_collection => {
            let members = &pubsub.node(name)?.members;
            // Who wants none of them wants to know how many there are (XEP-0059 §2.7).
            let limit = query.child("set", ns::RSM).and_then(|set| set.child("max", ns::RSM)).map(|max| max.text().into_owned());
            let content = if limit.as_deref() == Some("0") {
                format!("<set xmlns='{}'><count>{}</count></set>", ns::RSM, members.len())
            } else {
                can_be_answered(server, members.iter().map(|name| name.len()))?;
                members.iter().map(|name| format!("<item jid='{service}' node='{}'/>", escape(name))).collect()
            };
            format!("<query xmlns='{}' node='{}'>{content}</query>", ns::DISCO_ITEMS, escape(name))
        }
        Some(name) => {
            let node = pubsub.node(name)?;
            can_be_answered(server, node.items.iter().map(|item| item.id.len()))?;
            let items: String = node.items.iter().map(|item| format!("<item jid='{service}' name='{}'/>", escape(&item.id))).collect();
            format!("<query xmlns='{}' node='{}'>{items}</query>", ns::DISCO_ITEMS, escape(name))
        }
    };
    reply.result(&body);
    Ok(())
}
