//! The memory in which publishers and subscribers meet.

use std::cell::RefCell;
use std::collections::BTreeMap;

use bytes::Bytes;
use tokio::sync::mpsc;

use crate::contender::topic::Topic;
use crate::measure::clock::Instant;

/// A payload, and when it set out.
pub type News = (Instant, Bytes);

/// Latest payload and version of each topic, and who listens to it.
#[derive(Default)]
pub struct Broker {
    topics: RefCell<BTreeMap<Topic, Entry>>,
}

#[derive(Default)]
struct Entry {
    revision: u64,
    payload: Bytes,
    listeners: Vec<mpsc::UnboundedSender<News>>,
}

impl Broker {
    /// Stores a payload and tells the listeners. Unbounded: a listener that does not read has ended, and is forgotten.
    pub fn publish(&self, topic: Topic, payload: &Bytes, now: Instant) {
        let topics = &mut *self.topics.borrow_mut();
        let entry = topics.entry(topic).or_default();
        entry.revision += 1;
        entry.payload = payload.clone();
        entry.listeners.retain(|listener| listener.send((now, payload.clone())).is_ok());
    }

    /// The latest revision and payload; `None` where the topic does not exist.
    pub fn latest(&self, topic: Topic) -> Option<(u64, Bytes)> {
        self.topics.borrow().get(&topic).filter(|entry| entry.revision > 0).map(|entry| (entry.revision, entry.payload.clone()))
    }

    /// Tells `listener` the latest payload, and each one from now on.
    pub fn listen(&self, topic: Topic, listener: &mpsc::UnboundedSender<News>, now: Instant) {
        let topics = &mut *self.topics.borrow_mut();
        let entry = topics.entry(topic).or_default();
        if entry.revision > 0 {
            let _ = listener.send((now, entry.payload.clone()));
        }
        entry.listeners.push(listener.clone());
    }
}
