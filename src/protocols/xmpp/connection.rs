//! A client's connection at the server, whatever stands on it: it waits for its socket, watches over time, and ends in order.
//!
//! A notification is written straight to the subscriber's socket by whoever publishes; a subscriber's own task wakes
//! only when its socket would block, and then empties the queue.

use std::cell::Cell;
use std::io::{self, IoSlice};
use std::os::fd::AsRawFd as _;
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

use nix::sys::socket::{Shutdown, shutdown};
use tokio::io::Interest;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::Sleep;
use tokio_util::sync::CancellationToken;

use crate::contender::socket;
use crate::measure::ledger::{Ledger, Meter};
use crate::measure::traffic::Traffic;

use super::errors::StreamCondition;
use super::server::{Bounds, Server};
use super::session::Session;

/// With so much waiting for a client, its own requests are not read: answers cannot then pile up past any bound.
const HIGH_WATER: usize = 256 * 1024;
/// So many connections beyond the limit are told that the server is full; the rest are closed without a word.
const TURNED_AWAY: usize = 64;
/// How long a closed stream may take to say its last words.
const LINGER: Duration = Duration::from_secs(5);
/// How long all of them may take once the server stops, so that it is over within a second.
const GRACE: Duration = Duration::from_millis(700);

/// What stands on a connection: it turns bytes into elements for its session.
#[expect(async_fn_in_trait, reason = "all of a side is one thread: nothing needs to be `Send`")]
pub trait Carriage: 'static {
    /// The connection.
    fn wire(&self) -> &Wire;

    /// The session.
    fn session(&mut self) -> &mut Session;

    /// What must happen on the connection before there can be a session; `false` where it has failed, and all is said.
    async fn prepare(&mut self) -> bool {
        true
    }

    /// Bytes that wait for the socket.
    fn queued(&self) -> usize;

    /// Writes what the socket takes.
    fn flush(&self);

    /// Reads once, at most some publications' worth, since each may be as much work as there are subscribers, and nobody else has
    /// a turn until all that was read is done. Everything that follows from it has been done or queued when it returns.
    fn read(&mut self);

    /// Which of the client's elements has begun and not ended, by its number.
    fn under_way(&self) -> Option<u64>;

    /// Says what is said at the end of the connection, below the stream's own end.
    fn say_goodbye(&mut self);
}

/// Serves until stopped. All connections are gone when it returns.
///
/// # Errors
/// The listener is broken, or a connection's task has panicked.
pub async fn serve<C: Carriage>(
    server: Rc<Server>,
    listener: TcpListener,
    ledger: &Ledger,
    stop: CancellationToken,
    carry: impl Fn(TcpStream, Meter) -> C,
) -> io::Result<()> {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            accepted = socket::accept(&listener) => {
                let (accepted, beyond) = (accepted?, connections.len().checked_sub(server.bounds().connections));
                if beyond.is_some_and(|beyond| beyond >= TURNED_AWAY) {
                    continue;
                }
                let connection = Connection { carriage: carry(accepted, ledger.meter()), bounds: server.bounds(), unfinished: None };
                connections.spawn_local(connection.run(stop.clone(), beyond.is_some()));
            }
            Some(ended) = connections.join_next() => ended.map_err(io::Error::other)?,
        }
    }
    drop(listener);
    let all = async { while connections.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(GRACE, all).await;
    connections.shutdown().await;
    Ok(())
}

/// One connection.
struct Connection<C> {
    carriage: C,
    bounds: Bounds,
    /// The element that has begun and not ended, by its number, and how long it may take. Most of the time there is none.
    unfinished: Option<(u64, Pin<Box<Sleep>>)>,
}

impl<C: Carriage> Connection<C> {
    /// From its beginning to its end; `beyond` all that the server may hold it is only told so.
    async fn run(mut self, stop: CancellationToken, beyond: bool) {
        let stopped = stop.cancelled();
        tokio::pin!(stopped);
        // Boxed: only a login needs it, and the task keeps its room for as long as the connection lives.
        let login = Box::pin(tokio::time::timeout(self.bounds.patience, async {
            tokio::select! {
                end = self.log_in(beyond) => end,
                () = &mut stopped => Some(StreamCondition::SystemShutdown),
            }
        }));
        let mut end = login.await.unwrap_or(Some(StreamCondition::ConnectionTimeout));
        if end.is_none() && self.carriage.session().is_bound() {
            end = tokio::select! {
                end = self.pump(false) => end,
                () = stopped => Some(StreamCondition::SystemShutdown),
            };
        }
        self.ends(end).await;
    }

    async fn log_in(&mut self, beyond: bool) -> Option<StreamCondition> {
        if !self.carriage.prepare().await {
            self.carriage.wire().breaks();
            return None;
        }
        if beyond { Some(StreamCondition::ResourceConstraint) } else { self.pump(true).await }
    }

    /// Ends the stream, with an error where there is one, and hears the client out.
    async fn ends(mut self, end: Option<StreamCondition>) {
        if let (Some(condition), true) = (end, self.carriage.wire().is_open()) {
            self.carriage.session().fail(condition);
            self.carriage.wire().close();
        }
        if self.carriage.wire().is_closing() {
            let _ = Box::pin(tokio::time::timeout(LINGER, self.linger())).await;
        }
    }

    /// Reads and writes until the stream is over, or bound where only a login is wanted. The condition is why we end it.
    async fn pump(&mut self, login: bool) -> Option<StreamCondition> {
        while self.carriage.wire().is_open() && !(login && self.carriage.session().is_bound()) {
            let queued = self.carriage.queued();
            let interest = match queued {
                0 => Interest::READABLE,
                1..=HIGH_WATER => Interest::READABLE | Interest::WRITABLE,
                _ => {
                    // It is we who do not read: that is no fault of the client's.
                    self.unfinished = None;
                    Interest::WRITABLE
                }
            };
            tokio::select! {
                ready = self.carriage.wire().socket.ready(interest) => {
                    let Ok(ready) = ready else {
                        self.carriage.wire().breaks();
                        return None;
                    };
                    if ready.is_writable() {
                        self.carriage.flush();
                    }
                    if queued <= HIGH_WATER && (ready.is_readable() || ready.is_read_closed()) {
                        self.carriage.read();
                        self.watch_over();
                        // Tokio's budget counts calls, not work: a publisher that is always ahead would hold the thread for
                        // a hundred reads.
                        tokio::task::yield_now().await;
                    }
                }
                () = self.carriage.wire().changed.notified() => {}
                () = late(&mut self.unfinished), if !login => return Some(StreamCondition::ConnectionTimeout),
            }
            tokio::task::consume_budget().await;
        }
        None
    }

    /// An element that comes byte by byte must come to its end too.
    fn watch_over(&mut self) {
        let under_way = self.carriage.under_way();
        if under_way != self.unfinished.as_ref().map(|(number, _)| *number) {
            self.unfinished = under_way.map(|number| (number, Box::pin(tokio::time::sleep(self.bounds.patience))));
        }
    }

    /// Sends what is queued and our end of the connection, and hears the client out: closing while it still sends would
    /// throw away what it has not read.
    async fn linger(&mut self) {
        self.carriage.session().ended();
        self.carriage.say_goodbye();
        let mut said = false;
        while self.carriage.wire().is_closing() {
            let queued = self.carriage.queued();
            let socket = &self.carriage.wire().socket;
            if queued == 0 && !said {
                said = true;
                if shutdown(socket.as_raw_fd(), Shutdown::Write).is_err() {
                    return;
                }
            }
            let interest = if queued > 0 { Interest::READABLE | Interest::WRITABLE } else { Interest::READABLE };
            let Ok(ready) = socket.ready(interest).await else { return };
            if ready.is_writable() {
                self.carriage.flush();
            }
            if ready.is_readable() || ready.is_read_closed() {
                self.carriage.read();
            }
            tokio::task::consume_budget().await;
        }
    }
}

/// Ends when the time of what has begun is over; never where nothing has.
async fn late(unfinished: &mut Option<(u64, Pin<Box<Sleep>>)>) {
    match unfinished {
        Some((_, time)) => time.as_mut().await,
        None => std::future::pending().await,
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Open,
    /// The stream has ended; what is queued still leaves.
    Closing,
    /// Nothing more can be done for it.
    Broken,
}

/// A socket whose bytes are counted, and how far it has come.
pub struct Wire {
    socket: TcpStream,
    meter: Meter,
    state: Cell<State>,
    /// Wakes the connection's task: there is something to flush, or it is over.
    changed: Notify,
}

impl Wire {
    /// An open one.
    pub fn new(socket: TcpStream, meter: Meter) -> Self {
        meter.watch(&socket);
        Self { socket, meter, state: Cell::new(State::Open), changed: Notify::new() }
    }

    /// Whether the stream goes on.
    pub fn is_open(&self) -> bool {
        self.state.get() == State::Open
    }

    /// Whether the stream has ended, and the connection not.
    pub fn is_closing(&self) -> bool {
        self.state.get() == State::Closing
    }

    /// Whether nothing that is sent can leave any more.
    pub fn is_broken(&self) -> bool {
        self.state.get() == State::Broken
    }

    /// Nothing more can be done for it.
    pub fn breaks(&self) {
        self.state.set(State::Broken);
        self.changed.notify_one();
    }

    /// Closes once what is queued has left.
    pub fn close(&self) {
        if self.is_open() {
            self.state.set(State::Closing);
            self.changed.notify_one();
        }
    }

    /// Counts on it.
    pub fn count(&self, change: impl Fn(&mut Traffic)) {
        self.meter.count(change);
    }

    /// There is something to flush.
    pub fn wake(&self) {
        self.changed.notify_one();
    }

    /// Waits until there is something to read, or the connection is over.
    pub async fn readable(&self) -> io::Result<()> {
        self.socket.readable().await
    }

    /// Reads what is there; 0 at the end.
    ///
    /// # Errors
    /// `WouldBlock` where nothing is; or the connection is broken.
    pub fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.socket.try_read(buffer)?;
        self.meter.count(|traffic| traffic.bytes_up += read as u64);
        Ok(read)
    }

    /// Writes what the socket takes without waiting, 0 where it takes nothing.
    ///
    /// # Errors
    /// The connection is broken.
    pub fn write(&self, pieces: &[&[u8]]) -> io::Result<usize> {
        let mut slices = [IoSlice::new(&[]); 4];
        for (slice, piece) in slices.iter_mut().zip(pieces) {
            *slice = IoSlice::new(piece);
        }
        let written = match self.socket.try_write_vectored(&slices[..pieces.len().min(4)]) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => 0,
            other => other?,
        };
        self.meter.count(|traffic| traffic.bytes_down += written as u64);
        Ok(written)
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.meter.unwatch();
    }
}
