//! Notifications (XEP-0060 §7.1.2, §7.2.2, §8.4.2): serialised once, whoever is told.

use std::rc::Rc;

use super::super::namespaces as ns;
use super::super::outlet::Peer;
use super::super::server::{PUBSUB_SERVICE, Server};
use super::super::xml::escape;
use super::node::{Item, Node, Subscriber};

/// A notification but for the address that it goes to.
pub struct Notification {
    head: String,
    tail: String,
    /// Bytes of updates in it.
    update: usize,
}

impl Notification {
    /// An item was published.
    pub fn published(node: &Node, item: &Item, number: u64) -> Self {
        Self::new(number, &item_event(node, item), if node.config.deliver_payloads { item.update } else { 0 })
    }

    /// The same for the subscribers of the collection that the node is in: they are told which (XEP-0248 §5.1.2).
    pub fn through(self, collection: &str) -> Self {
        let event = self.tail.trim_end_matches("</message>");
        let headers = format!("<headers xmlns='{}'><header name='Collection'>{}</header></headers>", ns::SHIM, escape(collection));
        Self { tail: format!("{event}{headers}</message>"), ..self }
    }

    /// An item was retracted.
    pub fn retracted(node: &Node, id: &str, number: u64) -> Self {
        Self::new(number, &format!("<items node='{}'><retract id='{}'/></items>", escape(&node.name), escape(id)), 0)
    }

    /// All items are gone.
    pub fn purged(node: &Node, number: u64) -> Self {
        Self::new(number, &format!("<purge node='{}'/>", escape(&node.name)), 0)
    }

    /// The node is gone.
    pub fn deleted(node: &Node, number: u64) -> Self {
        Self::new(number, &format!("<delete node='{}'/>", escape(&node.name)), 0)
    }

    fn new(number: u64, event: &str, update: usize) -> Self {
        Self {
            head: format!("<message from='{PUBSUB_SERVICE}' type='headline' id='n{number}' to='"),
            tail: format!("'><event xmlns='{}'>{event}</event></message>", ns::PUBSUB_EVENT),
            update,
        }
    }

    /// Tells every subscriber that is there.
    pub fn to_all(&self, server: &Server, node: &Node) {
        for (address, subscriber) in &node.subscribers {
            match subscriber {
                Subscriber::Session(peer) => self.to(peer),
                Subscriber::Address => self.to_address(server, address),
            }
        }
    }

    fn to_address(&self, server: &Server, address: &str) {
        for peer in at(server, address) {
            self.to(&peer);
        }
    }

    fn to(&self, peer: &Peer) {
        peer.send(&[self.head.as_bytes(), escape(&peer.full).as_bytes(), self.tail.as_bytes()], self.update);
    }
}

/// Sends the last item to one address, with the time at which it was published (XEP-0203).
pub fn send_last(server: &Server, node: &Node, address: &str) {
    let Some(item) = node.items.back() else { return };
    let delay = format!("<delay xmlns='{}' stamp='{:.3}'/>", ns::DELAY, item.published);
    let event = format!("<event xmlns='{}'>{}</event>", ns::PUBSUB_EVENT, item_event(node, item));
    let update = if node.config.deliver_payloads { item.update } else { 0 };
    for peer in at(server, address) {
        let head = format!("<message from='{PUBSUB_SERVICE}' type='headline' to='{}'>", escape(&peer.full));
        peer.send(&[head.as_bytes(), event.as_bytes(), delay.as_bytes(), b"</message>"], update);
    }
}

fn item_event(node: &Node, item: &Item) -> String {
    format!("<items node='{}'>{}</items>", escape(&node.name), item_xml(item, node.config.deliver_payloads))
}

/// `<item/>` in whatever namespace is in force.
pub fn item_xml(item: &Item, with_payload: bool) -> String {
    let id = escape(&item.id);
    if with_payload && !item.payload.is_empty() { format!("<item id='{id}'>{}</item>", item.payload) } else { format!("<item id='{id}'/>") }
}

/// Who is at an address: a full one's session, a bare one's available sessions.
fn at(server: &Server, address: &str) -> Vec<Rc<Peer>> {
    if address.contains('/') { server.find(address).into_iter().collect() } else { server.available(address) }
}
