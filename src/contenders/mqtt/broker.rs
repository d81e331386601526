//! The broker: what is retained, who is subscribed, who is connected.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use super::filter;
use super::listener::Listener;
use super::packets::{self, How, Made, Publish, Retained};
use super::settings::Version;
use crate::contender::Limits;

/// All that connections share.
pub struct Broker {
    topics: RefCell<HashMap<Rc<str>, Topic>>,
    /// Filters with wildcards, and who has them, by filter and listener.
    wild: RefCell<BTreeMap<(Rc<str>, u64), Subscription>>,
    clients: RefCell<HashMap<Rc<str>, Rc<Listener>>>,
    limits: Limits,
    /// Bytes of payloads and names that are held.
    stored: Cell<usize>,
}

#[derive(Default)]
struct Topic {
    retained: Option<Rc<Publish>>,
    /// By the listener's number. Ordered, so that everybody is told in the same order each time.
    subscriptions: BTreeMap<u64, Subscription>,
}

#[derive(Clone)]
struct Subscription {
    listener: Rc<Listener>,
    how: How,
}

/// A limit of the broker was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

/// Publications that were made, by their form.
#[derive(Default)]
struct Press {
    made: Vec<((Version, bool, bool), Made)>,
}

impl Press {
    /// The publication in this form; made once.
    fn publication(&mut self, version: Version, acknowledged: bool, retain: bool, publish: &Publish) -> &Made {
        let form = (version, acknowledged, retain);
        let place = self.made.iter().position(|(known, _)| *known == form).unwrap_or_else(|| {
            self.made.push((form, packets::publication(version, acknowledged, retain, publish)));
            self.made.len() - 1
        });
        &self.made[place].1
    }
}

impl Broker {
    /// Without a topic.
    pub fn new(limits: Limits) -> Self {
        Self { topics: RefCell::default(), wild: RefCell::default(), clients: RefCell::default(), limits, stored: Cell::new(0) }
    }

    /// Passes a publication on to everybody whose filters match, and retains it where it says so. It is made once for all of the same form.
    ///
    /// # Errors
    /// It is too large, or there is no room to retain it; nobody is told.
    pub fn publish(&self, publish: Publish, from: u64) -> Result<(), Full> {
        if publish.payload.len() > self.limits.payload {
            return Err(Full);
        }
        let publish = Rc::new(publish);
        if publish.retain {
            self.retain(&publish)?;
        }
        let mut press = Press::default();
        // Who acknowledges what was sent without an acknowledgement would promise more than the publisher asked for.
        let tell = |press: &mut Press, subscription: &Subscription| {
            let (listener, how) = (&subscription.listener, subscription.how);
            if how.no_local && listener.number == from {
                return;
            }
            let acknowledged = how.acknowledged && publish.acknowledged;
            let made = press.publication(listener.version, acknowledged, how.as_published && publish.retain, &publish);
            listener.deliver(made, publish.payload.len());
        };
        if let Some(topic) = self.topics.borrow().get(publish.topic.as_str()) {
            topic.subscriptions.values().for_each(|subscription| tell(&mut press, subscription));
        }
        let wild = self.wild.borrow();
        let matching = wild.iter().filter(|((filter, _), _)| filter::matches(filter, &publish.topic));
        matching.for_each(|(_, subscription)| tell(&mut press, subscription));
        Ok(())
    }

    /// Keeps a publication for those who subscribe later; an empty one clears what was kept (MQTT 5 §3.3.1.3).
    fn retain(&self, publish: &Rc<Publish>) -> Result<(), Full> {
        let mut topics = self.topics.borrow_mut();
        let name: &str = &publish.topic;
        if publish.payload.is_empty() {
            if let Some(topic) = topics.get_mut(name) {
                let cleared = topic.retained.take();
                self.stored.set(self.stored.get() - cleared.map_or(0, |publish| publish.payload.len()));
            }
            self.forget_if_unused(&mut topics, name);
            return Ok(());
        }
        let before = topics.get(name).and_then(|topic| topic.retained.as_ref()).map_or(0, |publish| publish.payload.len());
        let new = if topics.contains_key(name) { 0 } else { name.len() };
        if self.stored.get() - before + publish.payload.len() + new > self.limits.stored {
            return Err(Full);
        }
        let topic = self.topic(&mut topics, name)?;
        topic.retained = Some(Rc::clone(publish));
        self.stored.set(self.stored.get() - before + publish.payload.len());
        Ok(())
    }

    /// Subscribes a listener to a topic by its name, and sends it what is retained. Whether the subscription is new.
    ///
    /// # Errors
    /// The broker has as many topics as it may.
    pub fn subscribe(&self, name: &str, listener: &Rc<Listener>, how: How) -> Result<bool, Full> {
        let mut topics = self.topics.borrow_mut();
        let topic = self.topic(&mut topics, name)?;
        let before = topic.subscriptions.insert(listener.number, Subscription { listener: Rc::clone(listener), how });
        let new = before.is_none();
        let sends = how.retained == Retained::Always || how.retained == Retained::IfNew && new;
        if let (Some(publish), true) = (&topic.retained, sends) {
            send_retained(listener, how, publish);
        }
        Ok(new)
    }

    /// Subscribes a listener to a filter with wildcards. Whether the subscription is new, and the topics whose retained values are to be sent.
    ///
    /// # Errors
    /// The broker has as many filters as it may have topics.
    pub fn subscribe_wild(&self, filter: &str, listener: &Rc<Listener>, how: How) -> Result<(bool, Vec<Rc<str>>), Full> {
        let mut wild = self.wild.borrow_mut();
        let key = (Rc::from(filter), listener.number);
        if wild.len() >= self.limits.topics && !wild.contains_key(&key) {
            return Err(Full);
        }
        let new = wild.insert(key, Subscription { listener: Rc::clone(listener), how }).is_none();
        if how.retained == Retained::Never || how.retained == Retained::IfNew && !new {
            return Ok((new, Vec::new()));
        }
        let topics = self.topics.borrow();
        let retained = topics.iter().filter(|(name, topic)| topic.retained.is_some() && filter::matches(filter, name));
        Ok((new, retained.map(|(name, _)| Rc::clone(name)).collect()))
    }

    /// Sends what is retained of a topic, if anything is.
    pub fn send_retained(&self, name: &str, listener: &Listener, how: How) {
        if let Some(publish) = self.topics.borrow().get(name).and_then(|topic| topic.retained.as_ref()) {
            send_retained(listener, how, publish);
        }
    }

    /// Ends a subscription; whether there was one.
    pub fn unsubscribe(&self, filter: &str, listener: u64) -> bool {
        if filter::is_wild(filter) {
            return self.wild.borrow_mut().remove(&(Rc::from(filter), listener)).is_some();
        }
        let mut topics = self.topics.borrow_mut();
        let was = topics.get_mut(filter).is_some_and(|topic| topic.subscriptions.remove(&listener).is_some());
        self.forget_if_unused(&mut topics, filter);
        was
    }

    /// A client has connected under this name; whoever had it must go.
    pub fn enter(&self, client: &Rc<str>, listener: &Rc<Listener>) -> Option<Rc<Listener>> {
        self.clients.borrow_mut().insert(Rc::clone(client), Rc::clone(listener))
    }

    /// A client has gone, if the name is still its own.
    pub fn leave(&self, client: &str, listener: u64) {
        let mut clients = self.clients.borrow_mut();
        if clients.get(client).is_some_and(|there| there.number == listener) {
            clients.remove(client);
        }
    }

    fn topic<'a>(&self, topics: &'a mut HashMap<Rc<str>, Topic>, name: &str) -> Result<&'a mut Topic, Full> {
        if !topics.contains_key(name) {
            if topics.len() >= self.limits.topics || self.stored.get() + name.len() > self.limits.stored {
                return Err(Full);
            }
            self.stored.set(self.stored.get() + name.len());
        }
        Ok(topics.entry(name.into()).or_default())
    }

    fn forget_if_unused(&self, topics: &mut HashMap<Rc<str>, Topic>, name: &str) {
        if topics.get(name).is_some_and(|topic| topic.retained.is_none() && topic.subscriptions.is_empty()) {
            topics.remove(name);
            self.stored.set(self.stored.get().saturating_sub(name.len()));
        }
    }
}

fn send_retained(listener: &Listener, how: How, publish: &Publish) {
    let acknowledged = how.acknowledged && publish.acknowledged;
    listener.deliver(&packets::publication(listener.version, acknowledged, true, publish), publish.payload.len());
}
