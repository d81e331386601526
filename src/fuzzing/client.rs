//! A client of a session without a socket: what it says in pieces, and all that it is told.

use std::rc::Rc;

use bytes::BytesMut;

use crate::measure::ledger::Ledger;
use crate::protocols::tcp::{Flow, Outlet, Session};

/// How much may wait to leave a session.
pub const ROOM: usize = 100_000;

/// One end of a connection; the other is the session.
pub struct Client<S> {
    outlet: Rc<Outlet>,
    session: S,
    heard: BytesMut,
}

impl<S: Session> Client<S> {
    /// Has just connected.
    pub fn new(session: impl FnOnce(Rc<Outlet>) -> S) -> Self {
        let outlet = Rc::new(Outlet::into_queue(Ledger::default().meter(), ROOM));
        Self { session: session(Rc::clone(&outlet)), outlet, heard: BytesMut::new() }
    }

    /// Says it, for as long as it is heard out: what a server's loop does for a connection, in the same order.
    pub fn say(&mut self, pieces: &[&[u8]]) {
        for piece in pieces {
            if !self.outlet.is_open() {
                return;
            }
            if self.session.feed(piece) == Flow::Close {
                self.outlet.close();
            }
            while self.outlet.is_open() && self.session.pour(ROOM / 2) {
                self.hear();
            }
        }
    }

    /// Whether the connection goes on.
    pub fn is_open(&self) -> bool {
        self.outlet.is_open()
    }

    /// Takes what waits; all that was said.
    pub fn hear(&mut self) -> &BytesMut {
        self.heard.extend_from_slice(&self.outlet.take());
        &self.heard
    }

    /// Goes away; all that was said, and whether the connection would have gone on.
    pub fn leave(mut self) -> (BytesMut, bool) {
        let is_open = self.is_open();
        self.outlet.close();
        self.session.ended();
        self.hear();
        (self.heard, is_open)
    }
}
