//! Sockets and the tasks that serve them. All connections share one read buffer, so that an idle one costs a task, a session
//! at rest and the kernel's buffers.

use std::cell::RefCell;
use std::io;
use std::os::fd::AsRawFd as _;
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

use nix::sys::socket::{Shutdown, shutdown};
use tokio::io::Interest;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::Sleep;
use tokio_util::sync::CancellationToken;

use super::outlet::{Outlet, State};
use crate::contender::{Limits, socket};
use crate::measure::ledger::Ledger;

/// Bytes read at once: some publications, no more, since each may be as much work as there are subscribers, and nobody else has
/// a turn until all that was read is done.
const READ: usize = 16 * 1024;
/// With so much waiting for a client, its own requests are not read and no more is poured: answers cannot then pile up past any bound.
const HIGH_WATER: usize = 256 * 1024;
/// So many connections beyond the limit are told that the server is full; the rest are closed without a word.
const TURNED_AWAY: usize = 64;
/// How long a connection that has ended may take for its last words.
const LINGER: Duration = Duration::from_secs(5);
/// How long all of them may take once the server stops, so that it is over within a second.
const GRACE: Duration = Duration::from_millis(700);

/// Whether a connection goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// It does.
    Continue,
    /// It ends once what was said has left.
    Close,
}

/// What a server says and does on one connection.
pub trait Session {
    /// Takes what has come in. After the end of a conversation it is still fed, so that everything is counted.
    fn feed(&mut self, bytes: &[u8]) -> Flow;

    /// Says more of what is to be said at length, about as much as `room` bytes; whether there is still more. Nothing is read meanwhile.
    fn pour(&mut self, room: usize) -> bool {
        let _ = room;
        false
    }

    /// The number of what has begun and not ended (the handshake, a message), which may take as long as the limits' patience.
    fn under_way(&self) -> Option<u64>;

    /// How often [`Self::beat`] is to be called; `None` for never.
    fn rhythm(&self) -> Option<Duration>;

    /// A beat of the rhythm: time for a heartbeat, or to see that the client is gone.
    fn beat(&mut self) -> Flow;

    /// What has begun took too long; says so.
    fn late(&mut self);

    /// The server stops; says so.
    fn stop(&mut self);

    /// The server is full; says so.
    fn turn_away(&mut self);

    /// The connection is over: from now on nothing is sent to it.
    fn ended(&mut self);
}

/// What protects the server.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Connections at once.
    pub connections: usize,
    /// Bytes that may wait for a client.
    pub queue: usize,
    /// How long what has begun may take.
    pub patience: Duration,
}

impl Bounds {
    /// From a seat's limits, with room for a client to be so many bytes behind.
    pub fn new(limits: &Limits, queue: usize) -> Self {
        Self { connections: limits.connections, queue, patience: limits.patience }
    }
}

/// Serves until stopped. All connections are gone when it returns.
///
/// # Errors
/// The listener is broken, or a connection's task has panicked.
pub async fn serve<S: Session + 'static>(
    listener: TcpListener,
    ledger: &Ledger,
    stop: CancellationToken,
    bounds: Bounds,
    session: impl Fn(Rc<Outlet>) -> S,
) -> io::Result<()> {
    let mut connections = JoinSet::new();
    let buffer: Rc<RefCell<Box<[u8]>>> = Rc::new(RefCell::new(vec![0; READ].into()));
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            accepted = socket::accept(&listener) => {
                let (accepted, beyond) = (accepted?, connections.len().checked_sub(bounds.connections));
                if beyond.is_some_and(|beyond| beyond >= TURNED_AWAY) {
                    continue;
                }
                let outlet = Rc::new(Outlet::new(accepted, ledger.meter(), bounds.queue));
                let session = session(Rc::clone(&outlet));
                let (buffer, patience) = (Rc::clone(&buffer), bounds.patience);
                let connection = Connection { outlet, session, buffer, patience, unfinished: None, beats: None, stalled: None };
                match beyond {
                    None => connections.spawn_local(connection.run(stop.clone())),
                    Some(_) => connections.spawn_local(connection.turned_away()),
                };
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
struct Connection<S> {
    outlet: Rc<Outlet>,
    session: S,
    buffer: Rc<RefCell<Box<[u8]>>>,
    patience: Duration,
    /// What has begun and not ended, by its number, and how long it may take.
    unfinished: Option<(u64, Pin<Box<Sleep>>)>,
    /// The next beat, and the rhythm that it is part of.
    beats: Option<(Duration, Pin<Box<Sleep>>)>,
    /// While nothing is read, how long the client may still take nothing of what waits for it.
    stalled: Option<((), Pin<Box<Sleep>>)>,
}

impl<S: Session> Connection<S> {
    async fn run(mut self, stop: CancellationToken) {
        tokio::select! {
            () = self.pump() => {}
            () = stop.cancelled() => self.session.stop(),
        }
        self.ends().await;
    }

    async fn turned_away(mut self) {
        self.session.turn_away();
        self.ends().await;
    }

    /// Ends the connection and hears the client out.
    async fn ends(mut self) {
        self.outlet.close();
        self.session.ended();
        if self.outlet.state() == State::Closing {
            let _ = Box::pin(tokio::time::timeout(LINGER, self.linger())).await;
        }
    }

    /// Reads and writes until the conversation is over.
    async fn pump(&mut self) {
        while self.outlet.is_open() {
            let queued = self.outlet.queued();
            let more = queued <= HIGH_WATER && self.session.pour(HIGH_WATER);
            let queued = self.outlet.queued();
            let reads = !more && queued <= HIGH_WATER;
            self.keep_time(reads);
            let interest = match (reads, queued) {
                (true, 0) => Interest::READABLE,
                (true, _) => Interest::READABLE | Interest::WRITABLE,
                (false, _) => Interest::WRITABLE,
            };
            let Some(socket) = self.outlet.socket() else { return };
            tokio::select! {
                ready = socket.ready(interest) => {
                    let Ok(ready) = ready else { return self.outlet.breaks() };
                    if ready.is_writable() {
                        self.outlet.flush();
                    }
                    if reads && (ready.is_readable() || ready.is_read_closed()) {
                        self.read();
                    }
                    if more || ready.is_readable() {
                        // Tokio's budget counts calls, not work: a client that is always ahead would hold the thread for a hundred reads.
                        tokio::task::yield_now().await;
                    }
                }
                () = self.outlet.changed() => {}
                () = over(&mut self.unfinished) => {
                    self.session.late();
                    return;
                }
                () = over(&mut self.beats) => {
                    if self.session.beat() == Flow::Close {
                        return;
                    }
                    self.beats = None;
                }
                () = over(&mut self.stalled) => return self.outlet.breaks(),
            }
            tokio::task::consume_budget().await;
        }
    }

    /// What comes byte by byte must come to its end too, and beats keep their rhythm. While we do not read, neither what has not ended nor silence is
    /// a fault of the client's; but it has to take something of what waits for it.
    fn keep_time(&mut self, reads: bool) {
        if !reads {
            (self.unfinished, self.beats) = (None, None);
            if self.outlet.has_moved() || self.stalled.is_none() {
                self.stalled = Some(((), Box::pin(tokio::time::sleep(self.patience))));
            }
            return;
        }
        self.stalled = None;
        let under_way = self.session.under_way();
        if under_way != self.unfinished.as_ref().map(|(number, _)| *number) {
            self.unfinished = under_way.map(|number| (number, Box::pin(tokio::time::sleep(self.patience))));
        }
        let rhythm = self.session.rhythm();
        if rhythm != self.beats.as_ref().map(|(rhythm, _)| *rhythm) {
            self.beats = rhythm.map(|rhythm| (rhythm, Box::pin(tokio::time::sleep(rhythm))));
        }
    }

    fn read(&mut self) {
        let mut buffer = self.buffer.borrow_mut();
        let Some(socket) = self.outlet.socket() else { return };
        let read = match socket.try_read(&mut buffer) {
            Ok(0) => return self.outlet.breaks(),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
            Err(_) => return self.outlet.breaks(),
        };
        self.outlet.meter().count(|traffic| traffic.bytes_up += read as u64);
        self.outlet.cork(true);
        let flow = self.session.feed(&buffer[..read]);
        self.outlet.cork(false);
        if flow == Flow::Close {
            self.outlet.close();
        }
    }

    /// Sends what is queued and our end of the connection, and hears the client out: closing while it still sends would
    /// throw away what it has not read.
    async fn linger(&mut self) {
        let mut said = false;
        while self.outlet.state() == State::Closing {
            self.outlet.flush();
            let Some(socket) = self.outlet.socket() else { return };
            let queued = self.outlet.queued();
            if queued == 0 && !said {
                said = true;
                if shutdown(socket.as_raw_fd(), Shutdown::Write).is_err() {
                    return;
                }
            }
            let interest = if queued > 0 { Interest::READABLE | Interest::WRITABLE } else { Interest::READABLE };
            let Ok(ready) = socket.ready(interest).await else { return };
            if ready.is_readable() || ready.is_read_closed() {
                self.read();
            }
            tokio::task::consume_budget().await;
        }
    }
}

/// Ends when the time is over; never where there is none.
async fn over<T>(time: &mut Option<(T, Pin<Box<Sleep>>)>) {
    match time {
        Some((_, time)) => time.as_mut().await,
        None => std::future::pending().await,
    }
}
