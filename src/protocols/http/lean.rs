//! Requests over connections of our own: a socket, a parser, and as little as possible between them and the harness.
//!
//! A load generator should cost little beside what it measures. An idle connection here is a socket and its
//! registration with the reactor; buffers are shared by all callers of a side, because one thread reads one response
//! at a time. What is sent is byte for byte what reqwest sends, so that the choice of client changes no count.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::io::{self, Write as _};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper::StatusCode;
use hyper::header::HeaderValue;
use tokio::io::{AsyncRead as _, AsyncWrite as _, ReadBuf};
use tokio::net::TcpStream;

use super::caller::{Ask, CallError, Pending, Place, Reply};
use super::response::{Progress, Reader, Response};
use super::settings::Connection;
use crate::contender::inbox::Inbox;
use crate::contender::{ServerAddress, socket};

/// How much is read at once, bytes: a head and a payload of usual size in one call.
const READ: usize = 64 << 10;
/// A buffer for requests that has grown beyond this is given back.
const ROOMY: usize = 256 << 10;

/// What all lean callers of a side share: used within one poll, never across a wait.
#[derive(Debug, Default)]
pub(super) struct Buffers {
    read: RefCell<Vec<u8>>,
    write: RefCell<Vec<u8>>,
}

/// The connections of one caller.
pub(super) struct Lean {
    socket: String,
    connection: Connection,
    inbox: Rc<dyn Inbox>,
    buffers: Rc<Buffers>,
    /// The latest used is the next to be used. As many as there were requests at the same time.
    idle: RefCell<Vec<TcpStream>>,
    closed: Cell<bool>,
}

/// Why an exchange failed.
enum Failure {
    /// The connection ended, and nothing of the response had come: the peer had closed it before it saw the request.
    Unseen(String),
    /// Anything else.
    Call(CallError),
}

impl From<Failure> for CallError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Unseen(why) => Self::Broken(format!("the connection ended before the response: {why}")),
            Failure::Call(error) => error,
        }
    }
}

impl Lean {
    /// Connections are opened as they are needed.
    pub fn new(server: &ServerAddress, connection: Connection, inbox: Rc<dyn Inbox>, buffers: Rc<Buffers>) -> Self {
        Self { socket: server.socket.clone(), connection, inbox, buffers, idle: RefCell::default(), closed: Cell::new(false) }
    }

    /// Sends a request and reads the whole response.
    ///
    /// # Errors
    /// No complete response came in time.
    pub async fn call(&self, place: Place<'_>, ask: Ask<'_>, asked: &mut Pending<'_>, timeout: Duration) -> Result<Reply, CallError> {
        if self.closed.get() {
            return Err(CallError::Closed);
        }
        tokio::time::timeout(timeout, self.attempt(place, &ask, asked)).await.unwrap_or(Err(CallError::Timeout))
    }

    /// Uses an idle connection if there is one that lives. Where the peer closed it at the very moment at which it was used
    /// again, the request is sent once more, on a fresh one: what is not idempotent is not sent twice (RFC 9110 §9.2.2, RFC 9112 §9.3.1).
    async fn attempt(&self, place: Place<'_>, ask: &Ask<'_>, asked: &mut Pending<'_>) -> Result<Reply, CallError> {
        if let Some(idle) = self.idle() {
            match self.exchange(idle, place, ask, asked, true).await {
                Err(Failure::Unseen(_)) if !matches!(ask, Ask::Post { .. }) => {}
                outcome => return Ok(outcome?),
            }
        }
        let fresh = self.connect().await?;
        Ok(self.exchange(fresh, place, ask, asked, false).await?)
    }

    async fn connect(&self) -> Result<TcpStream, CallError> {
        let stream = TcpStream::connect(self.socket.as_str()).await.map_err(|error| CallError::Refused(error.to_string()))?;
        self.inbox.connected();
        socket::prepare(&stream).map_err(|error| CallError::Broken(error.to_string()))?;
        Ok(stream)
    }

    /// An idle connection on which nothing has happened since: neither its end nor a word that nobody asked for.
    fn idle(&self) -> Option<TcpStream> {
        loop {
            let stream = self.idle.borrow_mut().pop()?;
            // No system call unless the reactor has heard of something.
            if matches!(stream.try_read(&mut [0]), Err(error) if error.kind() == io::ErrorKind::WouldBlock) {
                return Some(stream);
            }
        }
    }

    async fn exchange(&self, mut stream: TcpStream, place: Place<'_>, ask: &Ask<'_>, asked: &mut Pending<'_>, reused: bool) -> Result<Reply, Failure> {
        let mut crossed = Crossed { inbox: &*self.inbox, up: 0, down: 0 };
        let outcome = match self.send(&stream, place, ask, &mut crossed) {
            Ok(unsent) => {
                let mut unsent = Unsent { bytes: unsent, written: 0, broken: None };
                let mut reader = Reader::default();
                poll_fn(|context| self.converse(&mut stream, context, &mut unsent, &mut reader, &mut crossed, asked)).await
            }
            Err(error) => Err(Failure::Unseen(error.to_string())),
        };
        match outcome {
            Ok((reply, reusable)) => {
                if reusable && self.connection == Connection::KeepAlive && !self.closed.get() {
                    self.idle.borrow_mut().push(stream);
                }
                Ok(reply)
            }
            Err(failure) => {
                // It will be sent again, and is then counted as what the server saw: one request.
                if reused && matches!(failure, Failure::Unseen(_)) {
                    crossed.up = 0;
                }
                Err(failure)
            }
        }
    }

    /// Writes a request; returns what the kernel had no room for, which is nothing unless there is a large body.
    fn send(&self, stream: &TcpStream, place: Place<'_>, ask: &Ask<'_>, crossed: &mut Crossed<'_>) -> io::Result<Vec<u8>> {
        let request = &mut *self.buffers.write.borrow_mut();
        request.clear();
        request.shrink_to(ROOMY);
        self.write(request, place, ask)?;
        let written = match stream.try_write(request) {
            Ok(written) => written,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => 0,
            Err(error) => return Err(error),
        };
        crossed.up += written;
        Ok(request[written..].to_vec())
    }

    fn write(&self, request: &mut Vec<u8>, place: Place<'_>, ask: &Ask<'_>) -> io::Result<()> {
        let method = match ask {
            Ask::Get { .. } | Ask::GetWith { .. } => "GET",
            Ask::Post { .. } => "POST",
            Ask::Delete => "DELETE",
            Ask::Put { .. } => "PUT",
        };
        write!(request, "{method} {place} HTTP/1.1\r\nhost: ")?;
        request.extend_from_slice(self.socket.as_bytes());
        request.extend_from_slice(b"\r\naccept: */*\r\n");
        if self.connection == Connection::PerPoll {
            request.extend_from_slice(b"connection: close\r\n");
        }
        match ask {
            Ask::Get { tag } => {
                condition(request, *tag);
                request.extend_from_slice(b"\r\n");
            }
            Ask::GetWith { tag, fields } => {
                condition(request, *tag);
                for (name, value) in *fields {
                    write!(request, "{name}: {value}\r\n")?;
                }
                request.extend_from_slice(b"\r\n");
            }
            Ask::Delete => request.extend_from_slice(b"\r\n"),
            Ask::Post { body, kind } => {
                write!(request, "content-type: {kind}\r\ncontent-length: {}\r\n\r\n", body.len())?;
                request.extend_from_slice(body);
            }
            Ask::Put { body } => {
                write!(request, "content-length: {}\r\n\r\n", body.len())?;
                request.extend_from_slice(body);
            }
        }
        Ok(())
    }

    /// Writes what is unsent and reads what comes, both as far as the socket allows: a server may refuse a body before it
    /// has read it all. Done once the response is complete; says whether the connection may be used again.
    fn converse(
        &self,
        stream: &mut TcpStream,
        context: &mut Context<'_>,
        unsent: &mut Unsent,
        reader: &mut Reader,
        crossed: &mut Crossed<'_>,
        asked: &mut Pending<'_>,
    ) -> Poll<Result<(Reply, bool), Failure>> {
        unsent.write(stream, context, crossed);
        let buffer = &mut *self.buffers.read.borrow_mut();
        buffer.resize(READ, 0);
        loop {
            let mut window = ReadBuf::new(buffer);
            let outcome = ready!(Pin::new(&mut *stream).poll_read(context, &mut window));
            let came = window.filled();
            crossed.down += came.len();
            let (response, reusable) = match outcome {
                Err(error) => return Poll::Ready(Err(unsent.lost(reader, &error.to_string()))),
                Ok(()) if came.is_empty() && reader.is_untouched() => return Poll::Ready(Err(unsent.lost(reader, "closed by the peer"))),
                Ok(()) if came.is_empty() => (reader.end().map_err(|malformed| Failure::Call(malformed.into()))?, false),
                Ok(()) => match reader.read(came).map_err(|malformed| Failure::Call(malformed.into()))? {
                    Progress::More => continue,
                    // Bytes behind the response answer no question: that connection is not used again.
                    Progress::Whole { response, used } => {
                        let reusable = response.reusable && used == came.len() && unsent.is_empty();
                        (response, reusable)
                    }
                },
            };
            crossed.report();
            return Poll::Ready(Ok((reply(&response, asked), reusable)));
        }
    }

    /// Gives up all connections that are not in use; the others end with their responses.
    pub fn close(&self) {
        self.closed.set(true);
        self.idle.borrow_mut().clear();
    }
}

/// The field that makes a GET conditional.
fn condition(request: &mut Vec<u8>, tag: Option<&HeaderValue>) {
    if let Some(tag) = tag {
        request.extend_from_slice(b"if-none-match: ");
        request.extend_from_slice(tag.as_bytes());
        request.extend_from_slice(b"\r\n");
    }
}

fn reply(response: &Response<'_>, asked: &mut Pending<'_>) -> Reply {
    // The reader lets no status below 200 through, and three digits are at most 999.
    let status = StatusCode::from_u16(response.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let tag = response.tag.and_then(|tag| HeaderValue::from_bytes(tag).ok());
    asked.answered(status, tag, || response.fields(), response.body)
}

/// What of a request is still to be written.
struct Unsent {
    bytes: Vec<u8>,
    written: usize,
    /// Why no more can be written. The response may still come: a refusal that closed the connection behind it.
    broken: Option<String>,
}

impl Unsent {
    fn is_empty(&self) -> bool {
        self.written == self.bytes.len()
    }

    fn write(&mut self, stream: &mut TcpStream, context: &mut Context<'_>, crossed: &mut Crossed<'_>) {
        while !self.is_empty() && self.broken.is_none() {
            match Pin::new(&mut *stream).poll_write(context, &self.bytes[self.written..]) {
                Poll::Ready(Ok(written)) => {
                    crossed.up += written;
                    self.written += written;
                }
                Poll::Ready(Err(error)) => self.broken = Some(error.to_string()),
                Poll::Pending => return,
            }
        }
    }

    /// The connection has ended.
    fn lost(&self, reader: &Reader, why: &str) -> Failure {
        let why = self.broken.as_deref().unwrap_or(why).to_owned();
        if reader.is_untouched() { Failure::Unseen(why) } else { Failure::Call(CallError::Broken(format!("the connection ended within the response: {why}"))) }
    }
}

/// Bytes of an exchange that have crossed the socket; told to the inbox at its end, however it ends.
struct Crossed<'a> {
    inbox: &'a dyn Inbox,
    up: usize,
    down: usize,
}

impl Crossed<'_> {
    fn report(&mut self) {
        if (self.up, self.down) != (0, 0) {
            self.inbox.bytes(self.up, self.down);
        }
        (self.up, self.down) = (0, 0);
    }
}

impl Drop for Crossed<'_> {
    fn drop(&mut self) {
        self.report();
    }
}
