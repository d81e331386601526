//! The topics of an HTTP server, each with its current representation, ready to be sent.

use std::cell::RefCell;
use std::collections::HashMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use hyper::header::HeaderValue;

use super::room::Room;

/// What a topic is now. Header values are made once, when it changes: cloning them copies no text.
#[derive(Clone, Debug)]
pub(super) struct Representation {
    /// The payload.
    pub body: Bytes,
    /// Strong entity tag (RFC 9110 §8.8.3), quotes included.
    pub tag: HeaderValue,
    /// When it was stored, whole seconds (RFC 9110 §8.8.2).
    pub modified: SystemTime,
    /// The same as an HTTP date.
    pub modified_text: HeaderValue,
    /// How many it has had, this one included.
    pub revision: u64,
}

/// All topics by name.
#[derive(Debug)]
pub(super) struct Store {
    topics: RefCell<HashMap<Box<str>, Representation>>,
    limit: usize,
    room: Room,
    /// Differs from server to server, so that no tag of an earlier life matches by chance.
    life: u32,
}

/// What became of a payload.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Stored {
    /// The topic is new.
    Created(HeaderValue),
    /// The topic existed.
    Updated(HeaderValue),
    /// The precondition did not hold.
    Refused,
    /// No room for another topic.
    Full,
}

impl Store {
    /// An empty store for `limit` topics, whose names are taken from `room`; bodies bring their own.
    #[expect(clippy::disallowed_methods, reason = "what makes entity tags differ from server to server; no figure comes from it")]
    pub fn new(limit: usize, room: Room) -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        // The low bits of the microsecond: two servers would have to start 2^32 µs apart to the microsecond to agree.
        Self { topics: RefCell::default(), limit, room, life: since.as_micros() as u32 }
    }

    /// A topic's current representation.
    pub fn find(&self, name: &str) -> Option<Representation> {
        self.topics.borrow().get(name).cloned()
    }

    /// Stores a payload, if `allowed` says so of what is there now.
    pub fn store(&self, name: &str, body: Bytes, allowed: impl FnOnce(Option<&Representation>) -> bool) -> Stored {
        let mut topics = self.topics.borrow_mut();
        let current = topics.get_mut(name);
        if !allowed(current.as_deref()) {
            return Stored::Refused;
        }
        if let Some(current) = current {
            *current = self.represent(body, current.revision + 1);
            return Stored::Updated(current.tag.clone());
        }
        if topics.len() >= self.limit || !self.room.keep(name.len()) {
            return Stored::Full;
        }
        let new = self.represent(body, 1);
        let tag = new.tag.clone();
        topics.insert(name.into(), new);
        Stored::Created(tag)
    }

    /// How many topics there are.
    pub fn count(&self) -> usize {
        self.topics.borrow().len()
    }

    /// The first `most` names in alphabetical order.
    pub fn first_names(&self, most: usize) -> Vec<String> {
        let topics = self.topics.borrow();
        let mut names: Vec<&str> = topics.keys().map(AsRef::as_ref).collect();
        if names.len() > most {
            names.select_nth_unstable(most);
            names.truncate(most);
        }
        names.sort_unstable();
        names.into_iter().map(str::to_owned).collect()
    }

    #[expect(clippy::disallowed_methods, reason = "Last-Modified is a date of the wall clock (RFC 9110 §8.8.2); no figure comes from it")]
    fn represent(&self, body: Bytes, revision: u64) -> Representation {
        let seconds = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let modified = UNIX_EPOCH + Duration::from_secs(seconds);
        let text = |text: String| HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("\"\""));
        Representation {
            body,
            tag: text(format!("\"{:x}-{revision}\"", self.life)),
            modified,
            modified_text: text(httpdate::fmt_http_date(modified)),
            revision,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_change_has_a_tag_of_its_own_and_the_limit_holds() {
        let store = Store::new(2, Room::new(2));
        let put = |name: &str| store.store(name, Bytes::from_static(b"x"), |_| true);
        let Stored::Created(first) = put("a") else { panic!("a is new") };
        let Stored::Updated(second) = put("a") else { panic!("a exists") };
        assert_ne!(first, second);
        assert_eq!(store.find("a").unwrap().tag, second);
        assert!(matches!(put("b"), Stored::Created(_)));
        assert_eq!(put("c"), Stored::Full);
        assert!(matches!(put("b"), Stored::Updated(_)), "a full store still takes changes");
        assert_eq!(store.store("a", Bytes::new(), |current| current.is_none()), Stored::Refused);
        let tight = Store::new(9, Room::new(3));
        assert_eq!(tight.store("long", Bytes::new(), |_| true), Stored::Full, "no room for the name");
        assert_eq!((store.count(), store.first_names(1)), (2, vec!["a".to_owned()]));
    }
}
