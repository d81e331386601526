//! How many bytes payloads may hold together, wherever they are: stored, on their way in, or in an answer that nobody takes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;

/// What is left; clones share it. Atomic because `Bytes` asks its owner for `Send`.
#[derive(Clone, Debug)]
pub(super) struct Room {
    left: Arc<AtomicUsize>,
}

impl Room {
    /// Room for so many bytes.
    pub fn new(bytes: usize) -> Self {
        Self { left: Arc::new(AtomicUsize::new(bytes)) }
    }

    /// Takes bytes for good; whether there was room.
    pub fn keep(&self, bytes: usize) -> bool {
        self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(bytes)).is_ok()
    }

    /// Takes bytes for a while; `None` where there is no room.
    pub fn take(&self, bytes: usize) -> Option<Taken> {
        self.keep(bytes).then(|| Taken { room: self.clone(), bytes })
    }
}

/// Bytes that are given back when this is dropped.
#[derive(Debug)]
pub struct Taken {
    room: Room,
    bytes: usize,
}

impl Taken {
    /// Makes it so many bytes in all; whether there was room.
    pub fn resize(&mut self, bytes: usize) -> bool {
        if bytes < self.bytes {
            self.room.left.fetch_add(self.bytes - bytes, Ordering::Relaxed);
        } else if !self.room.keep(bytes - self.bytes) {
            return false;
        }
        self.bytes = bytes;
        true
    }

    /// A body that gives its room back when its last clone is gone.
    pub fn hold(self, body: Bytes) -> Bytes {
        Bytes::from_owner(Held { body, _taken: self })
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.room.left.fetch_add(self.bytes, Ordering::Relaxed);
    }
}

struct Held {
    body: Bytes,
    _taken: Taken,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.body
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_comes_back_with_the_last_clone() {
        let room = Room::new(10);
        let left = || room.left.load(Ordering::Relaxed);
        let mut taken = room.take(4).unwrap();
        assert!(!taken.resize(11) && left() == 6, "a refusal takes nothing");
        assert!(taken.resize(9) && left() == 1);
        assert!(taken.resize(3) && left() == 7);
        let body = taken.hold(Bytes::from_static(b"abc"));
        let clone = body.slice(1..);
        drop(body);
        assert_eq!((&clone[..], left()), (&b"bc"[..], 7));
        drop(clone);
        assert!(room.keep(10) && room.take(1).is_none() && room.take(0).is_some());
    }
}
