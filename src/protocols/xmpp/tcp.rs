//! XMPP over TCP: sockets, queues and the tasks that serve them.
//!
//! A notification is written straight to the subscriber's socket by whoever publishes; a subscriber's own task wakes
//! only when its socket would block, and then empties the queue. All connections share one read buffer, so that an idle
//! one costs a task, a parser at rest and the kernel's buffers.

use std::cell::{Cell, RefCell};
use std::io::{self, IoSlice};
use std::os::fd::AsRawFd as _;
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

use bytes::{Buf as _, BytesMut};
use nix::sys::socket::{Shutdown, shutdown};
use tokio::io::Interest;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::Sleep;
use tokio_util::sync::CancellationToken;

use crate::contender::socket;
use crate::measure::ledger::{Ledger, Meter};

use super::errors::StreamCondition;
use super::outlet::Outlet;
use super::server::Server;
use super::session::{Flow, Session};
use super::tls::Tls;

/// Bytes read at once: some publications, no more, since each may be as much work as there are subscribers, and nobody else has
/// a turn until all that was read is done.
const READ: usize = 16 * 1024;
/// With so much waiting for a client, its own requests are not read: answers cannot then pile up past any bound.
const HIGH_WATER: usize = 256 * 1024;
/// So many connections beyond the limit are told that the server is full; the rest are closed without a word.
const TURNED_AWAY: usize = 64;
/// How long a closed stream may take to say its last words.
const LINGER: Duration = Duration::from_secs(5);
/// How long all of them may take once the server stops, so that it is over within a second.
const GRACE: Duration = Duration::from_millis(700);

/// Serves until stopped. All connections are gone when it returns.
///
/// # Errors
/// The listener is broken, or a connection's task has panicked.
pub async fn serve(server: Rc<Server>, listener: TcpListener, ledger: &Ledger, stop: CancellationToken) -> io::Result<()> {
    let mut connections = JoinSet::new();
    let buffer: Rc<RefCell<Box<[u8]>>> = Rc::new(RefCell::new(vec![0; READ].into()));
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            accepted = socket::accept(&listener) => {
                let (accepted, beyond) = (accepted?, connections.len().checked_sub(server.bounds().connections));
                if beyond.is_some_and(|beyond| beyond >= TURNED_AWAY) {
                    continue;
                }
                let connection = Connection::new(Rc::clone(&server), accepted, ledger.meter(), Rc::clone(&buffer));
                match beyond {
                    None => connections.spawn_local(connection.run(stop.clone())),
                    Some(_) => connections.spawn_local(connection.ends(Some(StreamCondition::ResourceConstraint))),
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
struct Connection {
    server: Rc<Server>,
    outlet: Rc<TcpOutlet>,
    session: Session,
    buffer: Rc<RefCell<Box<[u8]>>>,
    /// The element that has begun and not ended, by its number, and how long it may take. Most of the time there is none.
    unfinished: Option<(u64, Pin<Box<Sleep>>)>,
}

impl Connection {
    fn new(server: Rc<Server>, socket: TcpStream, meter: Meter, buffer: Rc<RefCell<Box<[u8]>>>) -> Self {
        let outlet = Rc::new(TcpOutlet::new(socket, meter.clone(), server.bounds().queue));
        let session = Session::new(Rc::clone(&server), Rc::clone(&outlet) as Rc<dyn Outlet>, meter);
        Self { server, outlet, session, buffer, unfinished: None }
    }

    async fn run(mut self, stop: CancellationToken) {
        let patience = self.server.bounds().patience;
        let stopped = stop.cancelled();
        tokio::pin!(stopped);
        // Boxed: only a login needs it, and the task keeps its room for as long as the connection lives.
        let login = Box::pin(tokio::time::timeout(patience, async {
            tokio::select! {
                end = self.pump(true) => end,
                () = &mut stopped => Some(StreamCondition::SystemShutdown),
            }
        }));
        let mut end = login.await.unwrap_or(Some(StreamCondition::ConnectionTimeout));
        if end.is_none() && self.session.is_bound() {
            end = tokio::select! {
                end = self.pump(false) => end,
                () = stopped => Some(StreamCondition::SystemShutdown),
            };
        }
        self.ends(end).await;
    }

    /// Ends the stream, with an error where there is one, and hears the client out.
    async fn ends(mut self, end: Option<StreamCondition>) {
        if let (Some(condition), true) = (end, self.outlet.is_open()) {
            self.session.fail(condition);
            self.outlet.close();
        }
        if self.outlet.state.get() == State::Closing {
            let _ = Box::pin(tokio::time::timeout(LINGER, self.linger())).await;
        }
    }

    /// Reads and writes until the stream is over, or bound where only a login is wanted. The condition is why we end it.
    async fn pump(&mut self, login: bool) -> Option<StreamCondition> {
        while self.outlet.is_open() && !(login && self.session.is_bound()) {
            let queued = self.outlet.queued();
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
                ready = self.outlet.socket.ready(interest) => {
                    let Ok(ready) = ready else {
                        self.outlet.breaks();
                        return None;
                    };
                    if ready.is_writable() {
                        self.outlet.flush();
                    }
                    if queued <= HIGH_WATER && (ready.is_readable() || ready.is_read_closed()) {
                        self.read();
                        self.watch_over();
                        // Tokio's budget counts calls, not work: a publisher that is always ahead would hold the thread for
                        // a hundred reads.
                        tokio::task::yield_now().await;
                    }
                }
                () = self.outlet.changed.notified() => {}
                () = late(&mut self.unfinished), if !login => return Some(StreamCondition::ConnectionTimeout),
            }
            tokio::task::consume_budget().await;
        }
        None
    }

    /// An element that comes byte by byte must come to its end too.
    fn watch_over(&mut self) {
        let under_way = self.session.under_way();
        if under_way != self.unfinished.as_ref().map(|(number, _)| *number) {
            self.unfinished = under_way.map(|number| (number, Box::pin(tokio::time::sleep(self.server.bounds().patience))));
        }
    }

    fn read(&mut self) {
        let mut buffer = self.buffer.borrow_mut();
        let read = match self.outlet.socket.try_read(&mut buffer) {
            Ok(0) => return self.outlet.breaks(),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
            Err(_) => return self.outlet.breaks(),
        };
        self.outlet.meter.count(|traffic| traffic.bytes_up += read as u64);
        // Answers to a pipelined batch leave in one piece.
        self.outlet.corked.set(true);
        let flow = self.outlet.decrypt(&buffer[..read]).map(|plain| self.session.feed(plain.as_deref().unwrap_or(&buffer[..read])));
        self.outlet.corked.set(false);
        self.outlet.flush();
        match flow {
            Ok(Flow::Continue) => {}
            Ok(Flow::Close) => self.outlet.close(),
            Ok(Flow::BeginTls) => match self.server.tls().map(|config| Tls::new(config.clone())) {
                Some(Ok(tls)) => {
                    self.outlet.tls.replace(Some(tls));
                    self.session.secured();
                }
                _ => self.outlet.breaks(),
            },
            Err(_) => self.outlet.breaks(),
        }
    }

    /// Sends what is queued and our end of the connection, and hears the client out: closing while it still sends would
    /// throw away what it has not read.
    async fn linger(&mut self) {
        self.session.ended();
        self.outlet.say_goodbye();
        let mut said = false;
        while self.outlet.state.get() == State::Closing {
            let queued = self.outlet.queued();
            if queued == 0 && !said {
                said = true;
                if shutdown(self.outlet.socket.as_raw_fd(), Shutdown::Write).is_err() {
                    return;
                }
            }
            let interest = if queued > 0 { Interest::READABLE | Interest::WRITABLE } else { Interest::READABLE };
            let Ok(ready) = self.outlet.socket.ready(interest).await else { return };
            if ready.is_writable() {
                self.outlet.flush();
            }
            if ready.is_readable() || ready.is_read_closed() {
                self.read();
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

/// The way out through a socket.
struct TcpOutlet {
    socket: TcpStream,
    meter: Meter,
    bound: usize,
    tls: RefCell<Option<Tls>>,
    queue: RefCell<BytesMut>,
    corked: Cell<bool>,
    state: Cell<State>,
    /// Wakes the connection's task: there is something to flush, or it is over.
    changed: Notify,
}

impl TcpOutlet {
    fn new(socket: TcpStream, meter: Meter, bound: usize) -> Self {
        meter.watch(&socket);
        let (corked, state) = (Cell::new(false), Cell::new(State::Open));
        Self { socket, meter, bound, tls: RefCell::default(), queue: RefCell::default(), corked, state, changed: Notify::new() }
    }

    fn is_open(&self) -> bool {
        self.state.get() == State::Open
    }

    fn queued(&self) -> usize {
        self.queue.borrow().len()
    }

    fn breaks(&self) {
        self.state.set(State::Broken);
        // Frees what would be kept until the task has run.
        self.queue.take();
        self.changed.notify_one();
    }

    /// The plain text of what came in; `None` where it is plain already. What TLS itself has to say is queued.
    fn decrypt(&self, bytes: &[u8]) -> io::Result<Option<Vec<u8>>> {
        let mut tls = self.tls.borrow_mut();
        let Some(tls) = tls.as_mut() else { return Ok(None) };
        let mut plain = Vec::new();
        tls.receive(bytes, &mut plain)?;
        let mut out = Vec::new();
        tls.send(&[], &mut out)?;
        self.queue.borrow_mut().extend_from_slice(&out);
        Ok(Some(plain))
    }

    fn say_goodbye(&self) {
        if let Some(tls) = self.tls.borrow_mut().as_mut() {
            let mut out = Vec::new();
            if tls.finish(&mut out).is_ok() {
                self.queue.borrow_mut().extend_from_slice(&out);
            }
        }
        self.flush();
    }

    fn write(&self, pieces: &[&[u8]]) {
        let mut queue = self.queue.borrow_mut();
        let mut written = 0;
        if queue.is_empty() && !self.corked.get() {
            written = match self.try_write(pieces) {
                Ok(written) => written,
                Err(_) => {
                    drop(queue);
                    return self.breaks();
                }
            };
        }
        let was_empty = queue.is_empty();
        for piece in pieces {
            let skipped = written.min(piece.len());
            written -= skipped;
            queue.extend_from_slice(&piece[skipped..]);
        }
        let (queued, corked) = (queue.len(), self.corked.get());
        drop(queue);
        if queued > self.bound {
            // A client that does not read: a word of farewell would only wait behind the rest.
            self.breaks();
        } else if was_empty && queued > 0 && !corked {
            self.changed.notify_one();
        }
    }

    /// Writes what the socket takes without waiting.
    fn try_write(&self, pieces: &[&[u8]]) -> io::Result<usize> {
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

    fn flush(&self) {
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
}

impl Drop for TcpOutlet {
    fn drop(&mut self) {
        self.meter.unwatch();
    }
}

impl Outlet for TcpOutlet {
    fn send(&self, pieces: &[&[u8]]) {
        if !self.is_open() {
            return;
        }
        let mut tls = self.tls.borrow_mut();
        let Some(tls) = tls.as_mut() else { return self.write(pieces) };
        let mut out = Vec::new();
        match tls.send(pieces, &mut out) {
            Ok(()) => self.write(&[&out]),
            Err(_) => self.breaks(),
        }
    }

    fn is_cut_off(&self) -> bool {
        self.state.get() == State::Broken
    }

    fn close(&self) {
        if self.is_open() {
            self.state.set(State::Closing);
            self.changed.notify_one();
        }
    }
}
