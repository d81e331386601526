//! The server's own count: what crossed each of its connections, filed under the leg it belongs to.
//!
//! A connection counts for the subscribers' leg until the server sees that a publisher is behind it
//! ([`Meter::is_publisher`]) or an observer from outside ([`Meter::is_witness`]); what it had counted moves over with it,
//! so that no byte is filed wrongly.
//!
//! What crosses the wire (headers, acknowledgements) is read from the kernel for each connection that is
//! [watched](Meter::watch): when the ledger is told to, at the edges of phases, and when the connection ends.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::io;
use std::os::fd::{AsRawFd as _, RawFd};
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::tcp_info::{self, Wire};
use super::traffic::Traffic;

/// Who is at the other end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leg {
    /// Subscribers read.
    Subscriber,
    /// Publishers write.
    Publisher,
    /// Observers from outside, who belong to no side of the trial.
    Witness,
}

/// All the traffic of a server; clones share it.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    legs: Rc<Legs>,
}

#[derive(Debug, Default)]
struct Legs {
    subscriber: RefCell<Traffic>,
    publisher: RefCell<Traffic>,
    witness: RefCell<Traffic>,
    held: Cell<u64>,
    most_held: Cell<u64>,
    /// Of those, the subscribers'.
    subscribers_held: Cell<u64>,
    most_subscribers_held: Cell<u64>,
    /// Connections whose wire is watched, by a number of their own.
    watched: RefCell<BTreeMap<u64, Weak<Inner>>>,
    last_number: Cell<u64>,
}

impl Ledger {
    /// What has crossed one leg so far.
    pub fn traffic(&self, leg: Leg) -> Traffic {
        self.cell(leg).borrow().clone()
    }

    /// Reads from the kernel what has crossed the wire since the last time, for all open connections: less than a microsecond each.
    pub fn read_wire(&self) {
        let open: Vec<Rc<Inner>> = self.legs.watched.borrow().values().filter_map(Weak::upgrade).collect();
        for inner in open {
            Meter { inner }.read_wire(false);
        }
    }

    /// Connections that are open now.
    pub fn connections_held(&self) -> u64 {
        self.legs.held.get()
    }

    /// The most connections that were open at once.
    pub fn most_connections_held(&self) -> u64 {
        self.legs.most_held.get()
    }

    /// Connections of subscribers that are open now; one that has not yet shown whose it is counts among them.
    pub fn subscribers_held(&self) -> u64 {
        self.legs.subscribers_held.get()
    }

    /// The most connections of subscribers that were open at once since the last call of [`Self::count_held_anew`].
    pub fn most_subscribers_held(&self) -> u64 {
        self.legs.most_subscribers_held.get()
    }

    /// Forgets the peak of the subscribers' connections: at the start of the window, so that no publisher's connection counts
    /// that had not yet shown what it is.
    pub fn count_held_anew(&self) {
        self.legs.most_subscribers_held.set(self.legs.subscribers_held.get());
    }

    /// A meter for a connection just accepted.
    pub fn meter(&self) -> Meter {
        let legs = &self.legs;
        legs.subscriber.borrow_mut().connections += 1;
        legs.held.set(legs.held.get() + 1);
        legs.most_held.set(legs.most_held.get().max(legs.held.get()));
        legs.subscribers_held.set(legs.subscribers_held.get() + 1);
        legs.most_subscribers_held.set(legs.most_subscribers_held.get().max(legs.subscribers_held.get()));
        let own = Traffic { connections: 1, ..Traffic::default() };
        Meter { inner: Rc::new(Inner { ledger: self.clone(), leg: Cell::new(Leg::Subscriber), own: RefCell::new(own), watch: Cell::new(None) }) }
    }

    fn cell(&self, leg: Leg) -> &RefCell<Traffic> {
        match leg {
            Leg::Subscriber => &self.legs.subscriber,
            Leg::Publisher => &self.legs.publisher,
            Leg::Witness => &self.legs.witness,
        }
    }
}

/// Counts for one connection; clones share it. The connection is closed when the last clone is dropped.
#[derive(Clone, Debug)]
pub struct Meter {
    inner: Rc<Inner>,
}

#[derive(Debug)]
struct Inner {
    ledger: Ledger,
    leg: Cell<Leg>,
    /// What this connection has counted, kept only until its leg is known for sure.
    own: RefCell<Traffic>,
    watch: Cell<Option<Watch>>,
}

/// How to read a connection's wire, and what was read last.
#[derive(Clone, Copy, Debug)]
struct Watch {
    number: u64,
    /// Open for as long as this watch exists: [`Meter::unwatch`] comes before the socket is closed.
    descriptor: RawFd,
    version_6: bool,
    read: Wire,
}

impl Drop for Inner {
    fn drop(&mut self) {
        let legs = &self.ledger.legs;
        legs.held.set(legs.held.get().saturating_sub(1));
        if self.leg.get() == Leg::Subscriber {
            legs.subscribers_held.set(legs.subscribers_held.get().saturating_sub(1));
        }
    }
}

impl Meter {
    /// Files this connection, and all it has counted, under the publishers' leg.
    pub fn is_publisher(&self) {
        self.file_under(Leg::Publisher);
    }

    /// Files this connection, and all it has counted, under the witnesses' leg: it must not spoil the comparison of the
    /// clients' count with the server's.
    pub fn is_witness(&self) {
        self.file_under(Leg::Witness);
    }

    /// Whether both count for the same connection.
    pub fn is_of_same(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.inner, &other.inner)
    }

    /// Who has once shown what it is stays that.
    fn file_under(&self, leg: Leg) {
        if self.inner.leg.get() != Leg::Subscriber {
            return;
        }
        self.inner.leg.set(leg);
        let own = self.inner.own.take();
        let legs = &self.inner.ledger.legs;
        legs.subscribers_held.set(legs.subscribers_held.get().saturating_sub(1));
        let remaining = &*legs.subscriber.borrow() - &own;
        legs.subscriber.replace(remaining);
        *self.inner.ledger.cell(leg).borrow_mut() += &own;
    }

    /// Counts on this connection.
    pub fn count(&self, change: impl Fn(&mut Traffic)) {
        let leg = self.inner.leg.get();
        change(&mut self.inner.ledger.cell(leg).borrow_mut());
        if leg == Leg::Subscriber {
            change(&mut self.inner.own.borrow_mut());
        }
    }

    /// From now on the wire of this socket is counted. Whoever owns the socket calls [`Self::unwatch`] before it is closed.
    pub fn watch(&self, socket: &TcpStream) {
        let legs = &self.inner.ledger.legs;
        let number = legs.last_number.get() + 1;
        legs.last_number.set(number);
        let version_6 = socket.local_addr().is_ok_and(|address| address.is_ipv6());
        self.inner.watch.set(Some(Watch { number, descriptor: socket.as_raw_fd(), version_6, read: Wire::default() }));
        legs.watched.borrow_mut().insert(number, Rc::downgrade(&self.inner));
    }

    /// Reads the wire for the last time.
    pub fn unwatch(&self) {
        self.read_wire(true);
        if let Some(watch) = self.inner.watch.take() {
            self.inner.ledger.legs.watched.borrow_mut().remove(&watch.number);
        }
    }

    fn read_wire(&self, last: bool) {
        let Some(watch) = self.inner.watch.get() else { return };
        let Some(now) = tcp_info::read_descriptor(watch.descriptor, watch.version_6) else { return };
        let now = if last { now.with_goodbye() } else { now };
        let before = watch.read;
        self.count(|traffic| {
            traffic.segments_up += now.segments_in.saturating_sub(before.segments_in);
            traffic.segments_down += now.segments_out.saturating_sub(before.segments_out);
            traffic.wire_up += now.bytes_in.saturating_sub(before.bytes_in);
            traffic.wire_down += now.bytes_out.saturating_sub(before.bytes_out);
        });
        self.inner.watch.set(Some(Watch { read: now, ..watch }));
    }

    /// Counts a request.
    pub fn request(&self) {
        self.count(|traffic| traffic.requests += 1);
    }

    /// Counts a response.
    pub fn response(&self, status: u16, payload: usize) {
        self.count(|traffic| {
            *traffic.responses.entry(status).or_default() += 1;
            traffic.payload_bytes += payload as u64;
        });
    }
}

/// A socket whose bytes are counted on a meter.
#[derive(Debug)]
pub struct Metered {
    socket: TcpStream,
    meter: Meter,
}

impl Metered {
    /// Counts what crosses `socket`, and its wire, on `meter`.
    pub fn new(socket: TcpStream, meter: Meter) -> Self {
        meter.watch(&socket);
        Self { socket, meter }
    }
}

impl Drop for Metered {
    fn drop(&mut self) {
        self.meter.unwatch();
    }
}

impl AsyncRead for Metered {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let result = ready!(Pin::new(&mut self.socket).poll_read(context, buffer));
        let read = (buffer.filled().len() - before) as u64;
        self.meter.count(|traffic| traffic.bytes_up += read);
        Poll::Ready(result)
    }
}

impl AsyncWrite for Metered {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.socket).poll_write(context, bytes))?;
        self.meter.count(|traffic| traffic.bytes_down += written as u64);
        Poll::Ready(Ok(written))
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, context: &mut Context<'_>, slices: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.socket).poll_write_vectored(context, slices))?;
        self.meter.count(|traffic| traffic.bytes_down += written as u64);
        Poll::Ready(Ok(written))
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_publisher_takes_its_past_along() {
        let ledger = Ledger::default();
        let (reader, writer) = (ledger.meter(), ledger.meter());
        reader.request();
        writer.count(|traffic| traffic.bytes_up += 100);
        writer.is_publisher();
        writer.request();
        writer.is_publisher();
        assert_eq!(ledger.traffic(Leg::Subscriber), Traffic { requests: 1, connections: 1, ..Traffic::default() });
        assert_eq!(ledger.traffic(Leg::Publisher), Traffic { requests: 1, connections: 1, bytes_up: 100, ..Traffic::default() });
        assert_eq!(ledger.connections_held(), 2);
        ledger.count_held_anew();
        assert_eq!(ledger.most_subscribers_held(), 1, "the publisher's connection is none of the subscribers'");
        assert_eq!(ledger.subscribers_held(), 1);
        drop(writer);
        assert_eq!((ledger.connections_held(), ledger.most_connections_held()), (1, 2));
    }

    #[test]
    fn a_witness_is_in_nobodys_way() {
        let ledger = Ledger::default();
        let witness = ledger.meter();
        witness.count(|traffic| traffic.bytes_up += 100);
        witness.is_witness();
        witness.is_publisher();
        witness.request();
        assert_eq!(ledger.traffic(Leg::Subscriber), Traffic::default());
        assert_eq!(ledger.traffic(Leg::Publisher), Traffic::default(), "a witness that writes is still a witness");
        assert_eq!(ledger.traffic(Leg::Witness), Traffic { requests: 1, connections: 1, bytes_up: 100, ..Traffic::default() });
    }
}
