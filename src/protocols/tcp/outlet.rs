//! The way out to one client.
//!
//! It never waits: what the socket will not take is queued up to a bound, and past the bound the client is cut off, so that
//! one subscriber that does not read harms nobody else. A notification is written by whoever publishes; the client's own
//! task wakes only where its socket would block.

use std::cell::{Cell, RefCell};
use std::io::{self, IoSlice};

use bytes::{Buf as _, BytesMut};
use tokio::net::TcpStream;
use tokio::sync::Notify;

use crate::measure::ledger::Meter;

/// Pieces that may be written at once.
const PIECES: usize = 4;

/// A socket's way out, with its queue.
pub struct Outlet {
    /// `None` in tests and for the fuzzer: then all that is sent stays in the queue.
    socket: Option<TcpStream>,
    meter: Meter,
    bound: usize,
    queue: RefCell<BytesMut>,
    corked: Cell<bool>,
    state: Cell<State>,
    /// Whether the socket has taken anything since it was last asked.
    moved: Cell<bool>,
    /// Wakes the connection's task: there is something to flush, or it is over.
    changed: Notify,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Open,
    /// Nothing new is said; what is queued still leaves.
    Closing,
    /// Nothing more can be done for it.
    Broken,
}

impl Outlet {
    /// Through a socket, counted on `meter`; with more than `bound` bytes waiting its client is cut off.
    pub(super) fn new(socket: TcpStream, meter: Meter, bound: usize) -> Self {
        meter.watch(&socket);
        let mut outlet = Self::into_queue(meter, bound);
        outlet.socket = Some(socket);
        outlet
    }

    /// Into a queue that [`Self::take`] empties: for those who feed a session by hand.
    pub fn into_queue(meter: Meter, bound: usize) -> Self {
        let (corked, state) = (Cell::new(false), Cell::new(State::Open));
        Self { socket: None, meter, bound, queue: RefCell::default(), corked, state, moved: Cell::new(false), changed: Notify::new() }
    }

    /// Counts what crosses.
    pub fn meter(&self) -> &Meter {
        &self.meter
    }

    /// Sends bytes given in at most four pieces that belong together.
    pub fn send(&self, pieces: &[&[u8]]) {
        if !self.is_open() {
            return;
        }
        let mut queue = self.queue.borrow_mut();
        let was_empty = queue.is_empty();
        let mut written = 0;
        if was_empty && !self.corked.get() {
            match self.try_write(pieces) {
                Ok(bytes) => written = bytes,
                Err(_) => {
                    drop(queue);
                    return self.breaks();
                }
            }
        }
        for piece in pieces {
            let skipped = written.min(piece.len());
            written -= skipped;
            queue.extend_from_slice(&piece[skipped..]);
        }
        let queued = queue.len();
        drop(queue);
        if queued > self.bound {
            // A client that does not read: a word of farewell would only wait behind the rest.
            self.breaks();
        } else if was_empty && queued > 0 && !self.corked.get() {
            self.changed.notify_one();
        }
    }

    /// Says nothing more; what is queued still leaves.
    pub fn close(&self) {
        if self.is_open() {
            self.state.set(State::Closing);
            self.changed.notify_one();
        }
    }

    /// Whether anything that is sent may still arrive.
    pub fn is_open(&self) -> bool {
        self.state.get() == State::Open
    }

    /// Bytes that wait to leave.
    pub fn queued(&self) -> usize {
        self.queue.borrow().len()
    }

    /// What waits to leave, where there is no socket.
    pub fn take(&self) -> BytesMut {
        self.queue.take()
    }

    /// Cuts the client off.
    pub fn breaks(&self) {
        self.state.set(State::Broken);
        // Frees what would be kept until the task has run.
        self.queue.take();
        self.changed.notify_one();
    }

    pub(super) fn state(&self) -> State {
        self.state.get()
    }

    pub(super) fn socket(&self) -> Option<&TcpStream> {
        self.socket.as_ref()
    }

    /// Whether anything has left since this was last asked.
    pub(super) fn has_moved(&self) -> bool {
        self.moved.take()
    }

    /// While corked, what is sent waits, so that answers to several requests leave in one piece.
    pub(super) fn cork(&self, corked: bool) {
        self.corked.set(corked);
        if !corked {
            self.flush();
        }
    }

    pub(super) async fn changed(&self) {
        self.changed.notified().await;
    }

    pub(super) fn flush(&self) {
        loop {
            let mut queue = self.queue.borrow_mut();
            if queue.is_empty() {
                // An idle connection keeps no buffer.
                *queue = BytesMut::new();
                return;
            }
            match self.try_write(&[&queue[..]]) {
                Ok(0) => return,
                Ok(written) => queue.advance(written),
                Err(_) => {
                    drop(queue);
                    return self.breaks();
                }
            }
        }
    }

    /// Writes what the socket takes without waiting.
    fn try_write(&self, pieces: &[&[u8]]) -> io::Result<usize> {
        let Some(socket) = &self.socket else { return Ok(0) };
        let mut slices = [IoSlice::new(&[]); PIECES];
        for (slice, piece) in slices.iter_mut().zip(pieces) {
            *slice = IoSlice::new(piece);
        }
        let written = match socket.try_write_vectored(&slices[..pieces.len().min(PIECES)]) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => 0,
            other => other?,
        };
        self.meter.count(|traffic| traffic.bytes_down += written as u64);
        self.moved.set(self.moved.get() || written > 0);
        Ok(written)
    }
}

impl Drop for Outlet {
    fn drop(&mut self) {
        self.meter.unwatch();
    }
}
