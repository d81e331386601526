//! Where a client's bytes leave, and who that client is.
//!
//! An outlet never waits: what a socket will not take is queued up to a bound, and past the bound the client is cut off,
//! so that one subscriber that does not read harms nobody else.

use std::cell::Cell;
use std::rc::Rc;

use super::acks::{ASK, Acks};
use super::counter::Counter;
use super::framing::Framing;

/// The way out to one client.
pub trait Outlet {
    /// Sends one whole top-level element, given in pieces that belong together. A stanza is of the namespace `jabber:client` and does
    /// not say so.
    fn send(&self, pieces: &[&[u8]]);

    /// Closes the connection once what is queued has left.
    fn close(&self);

    /// Whether nothing that is sent can leave any more.
    fn is_cut_off(&self) -> bool {
        false
    }
}

/// A client that has bound a resource.
pub struct Peer {
    /// `user@localhost`.
    pub bare: Rc<str>,
    /// `user@localhost/resource`.
    pub full: Rc<str>,
    /// Whether it has sent presence, and takes what is addressed to the bare JID.
    pub available: Cell<bool>,
    /// The way out.
    pub outlet: Rc<dyn Outlet>,
    /// What carries it.
    pub framing: Framing,
    /// Counts what crosses.
    pub counter: Counter,
    /// Acknowledgements, where the server offers them.
    pub acks: Option<Box<Acks>>,
}

impl Peer {
    /// Sends a stanza given in pieces, with `payload` bytes of updates in it.
    pub fn send(&self, pieces: &[&[u8]], payload: usize) {
        self.counter.stanza_down(payload);
        self.outlet.send(pieces);
        if self.acks.as_ref().is_some_and(|acks| acks.goes()) {
            self.counter.event_down();
            self.outlet.send(&[ASK.as_bytes()]);
        }
    }

    /// The resource part of its address.
    pub fn resource(&self) -> &str {
        self.full.split_once('/').map_or("", |(_, resource)| resource)
    }
}
