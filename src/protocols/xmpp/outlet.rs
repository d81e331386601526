//! Where a client's bytes leave, and who that client is.
//!
//! An outlet never waits: what a socket will not take is queued up to a bound, and past the bound the client is cut off,
//! so that one subscriber that does not read harms nobody else.

use std::cell::Cell;
use std::rc::Rc;

use crate::measure::ledger::Meter;

/// The way out to one client.
pub trait Outlet {
    /// Sends one whole top-level element, given in pieces that belong together.
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
    /// Counts what crosses.
    pub meter: Meter,
}

impl Peer {
    /// Sends a stanza given in pieces, with `payload` bytes of updates in it.
    pub fn send(&self, pieces: &[&[u8]], payload: usize) {
        self.meter.count(|traffic| {
            traffic.stanzas_down += 1;
            traffic.payload_bytes += payload as u64;
        });
        self.outlet.send(pieces);
    }

    /// The resource part of its address.
    pub fn resource(&self) -> &str {
        self.full.split_once('/').map_or("", |(_, resource)| resource)
    }
}
