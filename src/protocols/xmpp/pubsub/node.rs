//! A node: its configuration, its last items, its subscribers.

use std::collections::VecDeque;
use std::rc::Rc;

use indexmap::{IndexMap, IndexSet};

use super::form::Config;
use crate::protocols::xmpp::outlet::Peer;

/// A node.
pub struct Node {
    /// Its name.
    pub name: Rc<str>,
    /// The bare address of whoever created it.
    pub owner: Rc<str>,
    /// How it behaves.
    pub config: Config,
    /// What was published, the oldest first.
    pub items: VecDeque<Item>,
    /// By address, in the order in which they came: everybody has the same place in each fan-out.
    pub subscribers: IndexMap<Rc<str>, Subscriber>,
    /// The nodes in it, where it is a collection.
    pub members: IndexSet<Rc<str>>,
    /// Bytes that its items hold.
    item_bytes: usize,
}

/// Bytes that a node holds beside its name and title, that an item holds beside its payload and id, and that a subscription
/// holds beside its address: what the allocator gives, roughly.
const NODE: usize = 400;
const ITEM: usize = 100;
const SUBSCRIPTION: usize = 200;

/// Something published.
pub struct Item {
    /// Unique within the node.
    pub id: Rc<str>,
    /// The payload as XML that declares its own namespace; empty where there is none.
    pub payload: Rc<str>,
    /// Bytes of the update in it, as the harness counts them.
    pub update: usize,
    /// When it was published, on the wall clock: only for the time stamp of XEP-0203, never measured.
    pub published: jiff::Timestamp,
}

/// Who is told.
pub enum Subscriber {
    /// One session; gone with it.
    Session(Rc<Peer>),
    /// Whoever is at this address when something happens.
    Address,
}

impl Item {
    /// Bytes that it holds, roughly.
    pub fn bytes(&self) -> usize {
        ITEM + self.id.len() + self.payload.len()
    }
}

/// Bytes that a subscription of this address holds, roughly.
pub fn subscription_bytes(address: &str) -> usize {
    SUBSCRIPTION + address.len()
}

impl Node {
    /// A node without items and subscribers.
    pub fn new(name: Rc<str>, owner: Rc<str>, config: Config) -> Self {
        Self { name, owner, config, items: VecDeque::new(), subscribers: IndexMap::new(), members: IndexSet::new(), item_bytes: 0 }
    }

    /// Bytes that it holds, roughly, with its items and without its subscribers.
    pub fn bytes(&self) -> usize {
        NODE + self.name.len() + self.config.title.len() + self.config.collection.len() + self.item_bytes
    }

    /// Bytes that its subscribers hold, roughly.
    pub fn subscriber_bytes(&self) -> usize {
        self.subscribers.keys().map(|address| subscription_bytes(address)).sum()
    }

    /// Bytes that go when an item of this id comes.
    pub fn makes_room_for(&self, id: &str) -> usize {
        let same = self.items.iter().find(|item| *item.id == *id);
        let oldest = || self.items.front().filter(|_| self.items.len() >= self.most());
        same.or_else(oldest).map_or(0, Item::bytes)
    }

    /// Takes an item in, in place of one with the same id, and forgets the oldest past `max_items`.
    pub fn put(&mut self, item: Item) {
        if let Some(at) = self.items.iter().position(|other| other.id == item.id) {
            self.remove(at);
        }
        self.item_bytes += item.bytes();
        self.items.push_back(item);
        self.trim();
    }

    /// Forgets what the configuration does not keep. The last item stays for those who subscribe later, even where
    /// nothing is persistent (XEP-0060 §7.1.5 allows it, `send_last_published_item` needs it).
    pub fn trim(&mut self) {
        while self.items.len() > self.most() {
            self.remove(0);
        }
    }

    /// Forgets an item.
    pub fn remove(&mut self, at: usize) {
        self.item_bytes -= self.items.remove(at).map_or(0, |item| item.bytes());
    }

    /// Forgets all items.
    pub fn clear(&mut self) {
        self.items = VecDeque::new();
        self.item_bytes = 0;
    }

    fn most(&self) -> usize {
        if self.config.persist_items { self.config.max_items as usize } else { 1 }
    }
}
