//! The topics of the server, and who listens to them.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use bytes::Bytes;

use super::words::{Encoding, Word};
use crate::contender::Limits;
use crate::protocols::tcp::Outlet;
use crate::protocols::websocket::deflate::deflate;
use crate::protocols::websocket::frame::{Opcode, frame};

/// Longest name of a topic, bytes.
const LONGEST_NAME: usize = 1_024;
/// Messages that are shorter are not compressed: they would grow.
const WORTH_COMPRESSING: usize = 32;

/// All topics.
pub struct Hub {
    topics: RefCell<HashMap<Rc<str>, Topic>>,
    limits: Limits,
    /// Bytes of payloads and names that are held.
    stored: Cell<usize>,
}

#[derive(Default)]
struct Topic {
    payload: Option<Bytes>,
    /// By the listener's number. Ordered, so that everybody is told in the same order each time.
    listeners: BTreeMap<u64, Rc<Listener>>,
}

/// A connection that is told.
pub struct Listener {
    /// Its own number.
    pub number: u64,
    /// The way out to it.
    pub outlet: Rc<Outlet>,
    /// How messages to it are made.
    pub form: Form,
}

/// How a message is made: those of the same form are made once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Form {
    /// JSON or bytes.
    pub encoding: Encoding,
    /// The window by which it is compressed, if it is.
    pub window: Option<u8>,
}

impl Form {
    /// A word as a frame.
    pub fn frame(self, word: &Word<'_>) -> Bytes {
        let message = word.write(self.encoding);
        let opcode = match self.encoding {
            Encoding::Json => Opcode::Text,
            Encoding::Binary => Opcode::Binary,
        };
        match self.window {
            Some(window) if message.len() >= WORTH_COMPRESSING => frame(opcode, true, &deflate(&message, window)),
            _ => frame(opcode, false, &message),
        }
    }
}

impl Listener {
    /// Sends a word with no update in it.
    pub fn say(&self, word: &Word<'_>) {
        self.send(&self.form.frame(word), 0);
    }

    fn send(&self, frame: &[u8], payload: usize) {
        // Who is cut off or has closed gets nothing, and nothing is counted.
        if self.outlet.is_open() {
            self.outlet.meter().count(|traffic| {
                traffic.events_down += 1;
                traffic.payload_bytes += payload as u64;
            });
            self.outlet.send(&[frame]);
        }
    }
}

impl Hub {
    /// Without a topic.
    pub fn new(limits: Limits) -> Self {
        Self { topics: RefCell::default(), limits, stored: Cell::new(0) }
    }

    /// Stores an update and tells everybody who listens; the frame is made once for all of the same form.
    ///
    /// # Errors
    /// A limit of the server, in words.
    pub fn publish(&self, name: &str, payload: Bytes) -> Result<(), &'static str> {
        if payload.len() > self.limits.payload {
            return Err("the payload is larger than this server takes");
        }
        let mut topics = self.topics.borrow_mut();
        let topic = self.topic(&mut topics, name)?.1;
        let stored = self.stored.get() - topic.payload.as_ref().map_or(0, Bytes::len) + payload.len();
        if stored > self.limits.stored {
            return Err("the server has no room for another payload");
        }
        self.stored.set(stored);
        let mut made: Vec<(Form, Bytes)> = Vec::new();
        for listener in topic.listeners.values() {
            let known = made.iter().find(|(form, _)| *form == listener.form);
            let frame = match known {
                Some((_, frame)) => frame.clone(),
                None => {
                    let frame = listener.form.frame(&update(name, &payload));
                    made.push((listener.form, frame.clone()));
                    frame
                }
            };
            listener.send(&frame, payload.len());
        }
        topic.payload = Some(payload);
        Ok(())
    }

    /// From now on tells this listener of a topic, beginning with what there is. Gives the topic's name as it is kept, where the listener is new to it.
    ///
    /// # Errors
    /// A limit of the server, in words.
    pub fn subscribe(&self, name: &str, listener: &Rc<Listener>) -> Result<Option<Rc<str>>, &'static str> {
        let mut topics = self.topics.borrow_mut();
        let (name, topic) = self.topic(&mut topics, name)?;
        if let Some(payload) = &topic.payload {
            listener.send(&listener.form.frame(&update(&name, payload)), payload.len());
        }
        let before = topic.listeners.insert(listener.number, Rc::clone(listener));
        Ok(before.is_none().then_some(name))
    }

    /// Tells a listener no more.
    pub fn unsubscribe(&self, name: &str, listener: u64) {
        let mut topics = self.topics.borrow_mut();
        let Some(topic) = topics.get_mut(name) else { return };
        topic.listeners.remove(&listener);
        // A topic that nobody ever published to goes with the last one who waited for it.
        if topic.payload.is_none() && topic.listeners.is_empty() {
            topics.remove(name);
            self.stored.set(self.stored.get().saturating_sub(name.len()));
        }
    }

    /// The topic of that name, made where there is none.
    fn topic<'a>(&self, topics: &'a mut HashMap<Rc<str>, Topic>, name: &str) -> Result<(Rc<str>, &'a mut Topic), &'static str> {
        let kept = match topics.get_key_value(name) {
            Some((kept, _)) => Rc::clone(kept),
            None if name.is_empty() || name.len() > LONGEST_NAME => return Err("a topic's name has 1 to 1,024 bytes"),
            None if topics.len() >= self.limits.topics => return Err("the server has as many topics as it may"),
            None if self.stored.get() + name.len() > self.limits.stored => return Err("the server has no room for another topic"),
            None => {
                self.stored.set(self.stored.get() + name.len());
                name.into()
            }
        };
        let topic = topics.entry(Rc::clone(&kept)).or_default();
        Ok((kept, topic))
    }
}

fn update<'a>(topic: &'a str, payload: &'a [u8]) -> Word<'a> {
    Word::Update { topic: Cow::Borrowed(topic), payload: Cow::Borrowed(payload) }
}
