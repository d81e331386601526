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
    /// Bytes of names, filters, retained publications and wills that are held.
    stored: Cell<usize>,
}

#[derive(Default)]
struct Topic {
    retained: Option<Box<Publish>>,
    /// By the listener's number. Ordered, so that everybody is told in the same order each time.
    subscriptions: BTreeMap<u64, Subscription>,
}

#[derive(Clone)]
struct Subscription {
    listener: Rc<Listener>,
    how: How,
}

/// The filter as it is kept, where the subscription is new, and the topics whose retained values are to be sent.
pub type Subscribed = (Option<Rc<str>>, Vec<Rc<str>>);

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
    fn retain(&self, publish: &Publish) -> Result<(), Full> {
        let mut topics = self.topics.borrow_mut();
        let name: &str = &publish.topic;
        if publish.payload.is_empty() {
            if let Some(topic) = topics.get_mut(name) {
                let cleared = topic.retained.take();
                self.stored.set(self.stored.get() - cleared.map_or(0, |publish| publish.size()));
            }
            self.forget_if_unused(&mut topics, name);
            return Ok(());
        }
        let before = topics.get(name).and_then(|topic| topic.retained.as_ref()).map_or(0, |publish| publish.size());
        let new = if topics.contains_key(name) { 0 } else { name.len() };
        if self.stored.get() - before + publish.size() + new > self.limits.stored {
            return Err(Full);
        }
        let (_, topic) = self.topic(&mut topics, name)?;
        topic.retained = Some(Box::new(publish.apart()));
        self.stored.set(self.stored.get() - before + publish.size());
        Ok(())
    }

    /// Keeps a will until it is released, in memory of its own.
    ///
    /// # Errors
    /// There is no room for it.
    pub fn hold(&self, will: Publish) -> Result<Publish, Full> {
        self.take(will.size())?;
        Ok(will.apart())
    }

    /// Gives back the room of a will.
    pub fn release(&self, will: Publish) -> Publish {
        self.stored.set(self.stored.get() - will.size());
        will
    }

    /// Subscribes a listener to a topic by its name, and sends it what is retained. Gives the name as it is kept, where the subscription is new.
    ///
    /// # Errors
    /// The broker has as many topics as it may, or no room for another name.
    pub fn subscribe(&self, name: &str, listener: &Rc<Listener>, how: How) -> Result<Option<Rc<str>>, Full> {
        let mut topics = self.topics.borrow_mut();
        let (name, topic) = self.topic(&mut topics, name)?;
        let before = topic.subscriptions.insert(listener.number, Subscription { listener: Rc::clone(listener), how });
        let new = before.is_none();
        let sends = how.retained == Retained::Always || how.retained == Retained::IfNew && new;
        if let (Some(publish), true) = (&topic.retained, sends) {
            send_retained(listener, how, publish);
        }
        Ok(new.then_some(name))
    }

    /// Subscribes a listener to a filter with wildcards. The filter as it is kept, where the subscription is new, and the topics whose retained
    /// values are to be sent.
    ///
    /// # Errors
    /// The broker has as many filters as it may have topics, or no room for another one.
    pub fn subscribe_wild(&self, filter: &str, listener: &Rc<Listener>, how: How) -> Result<Subscribed, Full> {
        let mut wild = self.wild.borrow_mut();
        let kept: Rc<str> = filter.into();
        let key = (Rc::clone(&kept), listener.number);
        let new = !wild.contains_key(&key);
        if new {
            if wild.len() >= self.limits.topics {
                return Err(Full);
            }
            self.take(filter.len())?;
        }
        wild.insert(key, Subscription { listener: Rc::clone(listener), how });
        let kept = new.then_some(kept);
        if how.retained == Retained::Never || how.retained == Retained::IfNew && !new {
            return Ok((kept, Vec::new()));
        }
        let topics = self.topics.borrow();
        let retained = topics.iter().filter(|(name, topic)| topic.retained.is_some() && filter::matches(filter, name));
        let mut retained: Vec<Rc<str>> = retained.map(|(name, _)| Rc::clone(name)).collect();
        // In the same order each time.
        retained.sort_unstable();
        Ok((kept, retained))
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
            let was = self.wild.borrow_mut().remove(&(Rc::from(filter), listener)).is_some();
            if was {
                self.stored.set(self.stored.get() - filter.len());
            }
            return was;
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

    /// A name that no client has, for the one of this number: others may have chosen what it would be called.
    pub fn free_name(&self, number: u64) -> String {
        let clients = self.clients.borrow();
        let first = format!("client-{number}");
        let others = (2..=clients.len() + 1).map(|other| format!("{first}-{other}"));
        std::iter::once(first.clone()).chain(others).find(|name| !clients.contains_key(&**name)).unwrap_or(first)
    }

    /// A client has gone, if the name is still its own.
    pub fn leave(&self, client: &str, listener: u64) {
        let mut clients = self.clients.borrow_mut();
        if clients.get(client).is_some_and(|there| there.number == listener) {
            clients.remove(client);
        }
    }

    /// The topic of that name, made where there is none, and its name as it is kept.
    fn topic<'a>(&self, topics: &'a mut HashMap<Rc<str>, Topic>, name: &str) -> Result<(Rc<str>, &'a mut Topic), Full> {
        let kept = match topics.get_key_value(name) {
            Some((kept, _)) => Rc::clone(kept),
            None if topics.len() >= self.limits.topics => return Err(Full),
            None => {
                self.take(name.len())?;
                name.into()
            }
        };
        let topic = topics.entry(Rc::clone(&kept)).or_default();
        Ok((kept, topic))
    }

    /// Bytes that are held.
    #[cfg(test)]
    pub fn stored(&self) -> usize {
        self.stored.get()
    }

    fn take(&self, bytes: usize) -> Result<(), Full> {
        let stored = self.stored.get() + bytes;
        if stored > self.limits.stored {
            return Err(Full);
        }
        self.stored.set(stored);
        Ok(())
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

#[cfg(test)]
mod tests;
