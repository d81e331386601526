//! A node: its configuration, its last items, its subscribers.

use std::collections::VecDeque;
use std::rc::Rc;

use indexmap::IndexMap;

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
}

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

impl Node {
    /// Takes an item in, in place of one with the same id, and forgets the oldest past `max_items`.
    pub fn put(&mut self, item: Item) {
        self.items.retain(|other| other.id != item.id);
        self.items.push_back(item);
        self.trim();
    }

    /// Forgets what the configuration does not keep. The last item stays for those who subscribe later, even where
    /// nothing is persistent (XEP-0060 §7.1.5 allows it, `send_last_published_item` needs it).
    pub fn trim(&mut self) {
        let most = if self.config.persist_items { self.config.max_items as usize } else { 1 };
        while self.items.len() > most {
            self.items.pop_front();
        }
    }
}
