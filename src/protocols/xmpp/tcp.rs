//! XMPP over TCP (RFC 6120): the bytes of a stream, in the clear or in TLS.
//!
//! All connections share one read buffer, so that an idle one costs a task, a parser at rest and the kernel's buffers.

use std::cell::{Cell, RefCell};
use std::io;
use std::rc::Rc;

use bytes::{Buf as _, BytesMut};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use crate::measure::ledger::{Ledger, Meter};

use super::connection::{self, Carriage, Wire};
use super::outlet::Outlet;
use super::server::Server;
use super::session::{Flow, Session};
use super::stream::Stream;
use super::tls::Tls;

/// Bytes read at once.
const READ: usize = 16 * 1024;

/// Serves until stopped. All connections are gone when it returns.
///
/// # Errors
/// The listener is broken, or a connection's task has panicked.
pub async fn serve(server: Rc<Server>, listener: TcpListener, ledger: &Ledger, stop: CancellationToken) -> io::Result<()> {
    let buffer: Rc<RefCell<Box<[u8]>>> = Rc::new(RefCell::new(vec![0; READ].into()));
    let carry = |socket, meter| TcpCarriage::new(Rc::clone(&server), socket, meter, Rc::clone(&buffer));
    connection::serve(Rc::clone(&server), listener, ledger, stop, carry).await
}

/// A stream on its connection.
struct TcpCarriage {
    server: Rc<Server>,
    outlet: Rc<TcpOutlet>,
    stream: Stream,
    buffer: Rc<RefCell<Box<[u8]>>>,
}

impl TcpCarriage {
    fn new(server: Rc<Server>, socket: TcpStream, meter: Meter, buffer: Rc<RefCell<Box<[u8]>>>) -> Self {
        let outlet = Rc::new(TcpOutlet::new(Wire::new(socket, meter.clone()), server.bounds().queue));
        let stream = Stream::new(Rc::clone(&server), Rc::clone(&outlet) as Rc<dyn Outlet>, meter);
        Self { server, outlet, stream, buffer }
    }
}

impl Carriage for TcpCarriage {
    fn wire(&self) -> &Wire {
        &self.outlet.wire
    }

    fn session(&mut self) -> &mut Session {
        &mut self.stream.session
    }

    fn queued(&self) -> usize {
        self.outlet.queued()
    }

    fn flush(&self) {
        self.outlet.flush();
    }

    fn under_way(&self) -> Option<u64> {
        self.stream.under_way()
    }

    fn read(&mut self) {
        let mut buffer = self.buffer.borrow_mut();
        let read = match self.outlet.wire.read(&mut buffer) {
            Ok(0) => return self.outlet.breaks(),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
            Err(_) => return self.outlet.breaks(),
        };
        // Answers to a pipelined batch leave in one piece.
        self.outlet.corked.set(true);
        let flow = self.outlet.decrypt(&buffer[..read]).map(|plain| self.stream.feed(plain.as_deref().unwrap_or(&buffer[..read])));
        self.outlet.corked.set(false);
        self.outlet.flush();
        match flow {
            Ok(Flow::Continue | Flow::Restart) => {}
            Ok(Flow::Close) => self.outlet.close(),
            Ok(Flow::BeginTls) => match self.server.tls().map(|config| Tls::new(config.clone())) {
                Some(Ok(tls)) => {
                    self.outlet.tls.replace(Some(tls));
                    self.stream.secured();
                }
                _ => self.outlet.breaks(),
            },
            Err(_) => self.outlet.breaks(),
        }
    }

    fn say_goodbye(&mut self) {
        self.outlet.say_goodbye();
    }
}

/// The way out through a socket.
struct TcpOutlet {
    wire: Wire,
    bound: usize,
    tls: RefCell<Option<Tls>>,
    queue: RefCell<BytesMut>,
    corked: Cell<bool>,
}

impl TcpOutlet {
    fn new(wire: Wire, bound: usize) -> Self {
        Self { wire, bound, tls: RefCell::default(), queue: RefCell::default(), corked: Cell::new(false) }
    }

    fn queued(&self) -> usize {
        self.queue.borrow().len()
    }

    fn breaks(&self) {
        // Frees what would be kept until the task has run.
        self.queue.take();
        self.wire.breaks();
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
            written = match self.wire.write(pieces) {
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
            self.wire.wake();
        }
    }

    fn flush(&self) {
        loop {
            let mut queue = self.queue.borrow_mut();
            if queue.is_empty() {
                // An idle connection keeps no buffer.
                *queue = BytesMut::new();
                return;
            }
            match self.wire.write(&[&queue[..]]) {
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

impl Outlet for TcpOutlet {
    fn send(&self, pieces: &[&[u8]]) {
        if !self.wire.is_open() {
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
        self.wire.is_broken()
    }

    fn close(&self) {
        self.wire.close();
    }
}
