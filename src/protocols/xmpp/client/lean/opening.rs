//! The beginning of a stream over TCP: from a connection to a bound stream (RFC 6120 §4.2).
//!
//! Read by the server's own reader; what comes after the login's last element is kept for the lean one.

use std::collections::VecDeque;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::contender::inbox::{Content, Message};
use crate::contender::{Fault, socket};
use crate::protocols::xmpp::client::link::{Caller, Step};
use crate::protocols::xmpp::client::login::{Carrier, Identity, log_in, unexpected};
use crate::protocols::xmpp::client::requests;
use crate::protocols::xmpp::namespaces as ns;
use crate::protocols::xmpp::reader::{Event, StreamReader};
use crate::protocols::xmpp::xml::Element;

/// Elements of a login are small: features, challenges.
const LARGEST: usize = 64 * 1024;
const READ: usize = 4096;

/// What a login leads to.
pub struct Bound<S> {
    /// The connection.
    pub socket: S,
    /// The stream's beginning up to the end of the root's start tag, for the namespaces declared there.
    pub header: Vec<u8>,
    /// The full address that the server has given, escaped.
    pub address: Box<str>,
    /// What came after the login's last element.
    pub rest: Vec<u8>,
}

/// Connects, logs in and binds.
///
/// # Errors
/// The server cannot be reached, refuses or breaks the protocol.
pub async fn connect(what: &str, step: &Step, caller: &Caller<'_>) -> Result<Bound<TcpStream>, Fault> {
    let lost = |error| Fault::connection(what, error);
    let socket = TcpStream::connect(&caller.server.socket).await.map_err(lost)?;
    socket::prepare(&socket).map_err(lost)?;
    caller.inbox.connected();
    over(socket, what, step, caller).await
}

/// Logs in and binds over a connection, whatever it is.
///
/// # Errors
/// The server refuses or breaks the protocol.
pub async fn over<S: AsyncRead + AsyncWrite + Unpin>(socket: S, what: &str, step: &Step, caller: &Caller<'_>) -> Result<Bound<S>, Fault> {
    let reader = StreamReader::new(LARGEST);
    let mut opening = Opening { what, caller, socket, reader, header: Vec::new(), opened: false, unread: VecDeque::new() };
    let address = log_in(&mut opening, Identity { what, step, user: &caller.user, settings: caller.settings }).await?;
    Ok(Bound { socket: opening.socket, header: opening.header, address, rest: opening.unread.into() })
}

/// A stream while it is being opened.
struct Opening<'a, S> {
    /// For faults.
    what: &'a str,
    caller: &'a Caller<'a>,
    socket: S,
    reader: StreamReader,
    /// The current stream's beginning, as it came.
    header: Vec<u8>,
    opened: bool,
    /// Read, and not yet looked at.
    unread: VecDeque<u8>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Carrier for Opening<'_, S> {
    async fn open(&mut self) -> Result<Element, Fault> {
        // What the server sent before belongs to a stream that is void now (RFC 6120 §6.4.6).
        self.reader.restart();
        self.header.clear();
        self.opened = false;
        self.send(&requests::header()).await?;
        match self.event().await? {
            Event::Open(root) if root.is("stream", ns::STREAM) => {}
            Event::Open(root) | Event::Element(root) => return Err(Fault::protocol(self.what, format!("unexpected <{}>", root.name.as_str()))),
            Event::Close => return Err(self.lost("closed by the server")),
        }
        let features = self.element().await?;
        if features.is("features", ns::STREAM) { Ok(features) } else { Err(unexpected(self.what, &features)) }
    }

    async fn send(&mut self, text: &str) -> Result<(), Fault> {
        self.caller.inbox.sent(Message::Handshake, 0);
        self.socket.write_all(text.as_bytes()).await.map_err(|error| self.lost(error))?;
        self.caller.inbox.bytes(text.len(), 0);
        Ok(())
    }

    async fn element(&mut self) -> Result<Element, Fault> {
        match self.event().await? {
            Event::Element(element) => Ok(element),
            Event::Close => Err(self.lost("closed by the server")),
            Event::Open(_) => Err(Fault::protocol(self.what, "a second stream header")),
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Opening<'_, S> {
    /// The next event, counted.
    async fn event(&mut self) -> Result<Event, Fault> {
        loop {
            let bytes = self.unread.make_contiguous();
            let mut input = &*bytes;
            let found = self.reader.next(&mut input);
            let used = bytes.len() - input.len();
            if self.opened {
                self.unread.drain(..used);
            } else {
                self.header.extend(self.unread.drain(..used));
            }
            match found {
                Ok(Some(event)) => {
                    self.opened = true;
                    self.caller.inbox.received(Message::Handshake, true, Content::Nothing);
                    return Ok(event);
                }
                Ok(None) => {}
                Err(condition) => return Err(Fault::protocol(self.what, condition.name())),
            }
            let mut buffer = [0; READ];
            match self.socket.read(&mut buffer).await {
                Ok(0) => return Err(self.lost("the server closed the connection")),
                Ok(read) => {
                    self.caller.inbox.bytes(0, read);
                    self.unread.extend(&buffer[..read]);
                }
                Err(error) => return Err(self.lost(error)),
            }
        }
    }

    fn lost(&self, why: impl std::fmt::Display) -> Fault {
        Fault::connection(self.what, why)
    }
}
