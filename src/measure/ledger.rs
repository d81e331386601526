//! The server's own count: what crossed each of its connections, filed under the leg it belongs to.
//!
//! A connection counts for the subscribers' leg until the server sees that a publisher is behind it
//! ([`Meter::is_publisher`]); what it had counted moves over with it, so that no byte is filed wrongly.

use std::cell::{Cell, RefCell};
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::traffic::Traffic;

/// Who is at the other end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leg {
    /// Subscribers read.
    Subscriber,
    /// Publishers write.
    Publisher,
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
    held: Cell<u64>,
    most_held: Cell<u64>,
    /// Of those, the subscribers'.
    subscribers_held: Cell<u64>,
    most_subscribers_held: Cell<u64>,
}

impl Ledger {
    /// What has crossed one leg so far.
    pub fn traffic(&self, leg: Leg) -> Traffic {
        self.cell(leg).borrow().clone()
    }

    /// Connections that are open now.
    pub fn connections_held(&self) -> u64 {
        self.legs.held.get()
    }

    /// The most connections that were open at once.
    pub fn most_connections_held(&self) -> u64 {
        self.legs.most_held.get()
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
        Meter { inner: Rc::new(Inner { ledger: self.clone(), leg: Cell::new(Leg::Subscriber), own: RefCell::new(own) }) }
    }

    fn cell(&self, leg: Leg) -> &RefCell<Traffic> {
        match leg {
            Leg::Subscriber => &self.legs.subscriber,
            Leg::Publisher => &self.legs.publisher,
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
        if self.inner.leg.replace(Leg::Publisher) == Leg::Publisher {
            return;
        }
        let own = self.inner.own.take();
        let legs = &self.inner.ledger.legs;
        legs.subscribers_held.set(legs.subscribers_held.get().saturating_sub(1));
        let remaining = &*legs.subscriber.borrow() - &own;
        legs.subscriber.replace(remaining);
        *legs.publisher.borrow_mut() += &own;
    }

    /// Counts on this connection.
    pub fn count(&self, change: impl Fn(&mut Traffic)) {
        let leg = self.inner.leg.get();
        change(&mut self.inner.ledger.cell(leg).borrow_mut());
        if leg == Leg::Subscriber {
            change(&mut self.inner.own.borrow_mut());
        }
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
pub struct Metered<S> {
    socket: S,
    meter: Meter,
}

impl<S> Metered<S> {
    /// Counts what crosses `socket` on `meter`.
    pub fn new(socket: S, meter: Meter) -> Self {
        Self { socket, meter }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Metered<S> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let result = ready!(Pin::new(&mut self.socket).poll_read(context, buffer));
        let read = (buffer.filled().len() - before) as u64;
        self.meter.count(|traffic| traffic.bytes_up += read);
        Poll::Ready(result)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Metered<S> {
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
        drop(writer);
        assert_eq!((ledger.connections_held(), ledger.most_connections_held()), (1, 2));
    }
}
