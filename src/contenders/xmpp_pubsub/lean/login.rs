//! From a connection to a bound stream (RFC 6120 §4.2, §6, §7).
//!
//! A login happens once and has no need to be fast: it is read by the server's own reader, element by element.

use std::collections::VecDeque;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use xmpp_parsers::jid::FullJid;

use crate::contender::inbox::{Content, Message};
use crate::contender::{Fault, socket};
use crate::protocols::xmpp::namespaces as ns;
use crate::protocols::xmpp::reader::{Event, StreamReader};
use crate::protocols::xmpp::xml::{Element, escape};

use super::super::authentication::Authentication;
use super::super::link::{Caller, Step, not_offered};
use super::requests;

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

/// A login under way.
pub struct Login<'a> {
    /// For faults.
    what: &'a str,
    step: &'a Step,
    caller: Caller<'a>,
    reader: StreamReader,
    /// The current stream's beginning, as it came.
    header: Vec<u8>,
    opened: bool,
    /// Read, and not yet looked at.
    unread: VecDeque<u8>,
}

impl<'a> Login<'a> {
    /// One that has not begun.
    pub fn new(what: &'a str, step: &'a Step, caller: Caller<'a>) -> Self {
        Self { what, step, caller, reader: StreamReader::new(LARGEST), header: Vec::new(), opened: false, unread: VecDeque::new() }
    }

    /// Connects, logs in and binds.
    ///
    /// # Errors
    /// The server cannot be reached, refuses or breaks the protocol.
    pub async fn run(self) -> Result<Bound<TcpStream>, Fault> {
        let socket = TcpStream::connect(&self.caller.server.socket).await.map_err(|error| self.lost(error))?;
        socket::prepare(&socket).map_err(|error| self.lost(error))?;
        self.caller.inbox.connected();
        self.over(socket).await
    }

    /// Logs in and binds over a connection, whatever it is.
    ///
    /// # Errors
    /// As for [`Self::run`].
    pub async fn over<S: AsyncRead + AsyncWrite + Unpin>(mut self, mut socket: S) -> Result<Bound<S>, Fault> {
        self.step.is("opening the stream");
        let features = self.open(&mut socket).await?;
        self.step.is("authenticating");
        self.authenticate(&mut socket, &features).await?;
        self.step.is("opening the stream anew");
        // What the server sent before belongs to a stream that is void now (RFC 6120 §6.4.6).
        self.reader.restart();
        self.header.clear();
        self.opened = false;
        let features = self.open(&mut socket).await?;
        if features.child("bind", ns::BIND).is_none() {
            return Err(Fault::protocol(self.what, "the server offers no resource binding"));
        }
        self.step.is("binding a resource");
        let address = self.bind(&mut socket).await?;
        Ok(Bound { socket, header: self.header, address, rest: self.unread.into() })
    }

    /// Sends our header, and takes the server's with its features.
    async fn open(&mut self, socket: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> Result<Element, Fault> {
        self.send(socket, &requests::header()).await?;
        match self.event(socket).await? {
            Event::Open(root) if root.is("stream", ns::STREAM) => {}
            Event::Open(root) | Event::Element(root) => return Err(Fault::protocol(self.what, format!("unexpected <{}>", root.name.as_str()))),
            Event::Close => return Err(self.lost("closed by the server")),
        }
        let features = self.element(socket).await?;
        if features.is("features", ns::STREAM) { Ok(features) } else { Err(self.unexpected(&features)) }
    }

    async fn authenticate(&mut self, socket: &mut (impl AsyncRead + AsyncWrite + Unpin), features: &Element) -> Result<(), Fault> {
        let (what, sasl) = (self.what, self.caller.settings.sasl);
        let broken = |error: String| Fault::protocol(what, error);
        let offered: Vec<_> = features.child("mechanisms", ns::SASL).into_iter().flat_map(Element::elements).map(Element::text).collect();
        if !offered.iter().any(|offer| offer == sasl.name()) {
            return Err(not_offered(what, sasl, &offered.iter().map(AsRef::as_ref).collect::<Vec<_>>()));
        }
        let mut authentication = Authentication::new(&self.caller.user, self.caller.settings).map_err(broken)?;
        let initial = encode(&authentication.initial());
        self.send(socket, &requests::sasl("auth", Some(sasl.name()), &initial)).await?;
        loop {
            let element = self.element(socket).await?;
            if element.namespace.as_str() != ns::SASL {
                return Err(self.unexpected(&element));
            }
            match element.name.as_str() {
                "challenge" => {
                    let answer = authentication.response(&decode(&element).map_err(broken)?).map_err(broken)?;
                    self.send(socket, &requests::sasl("response", None, &encode(&answer))).await?;
                }
                "success" => return authentication.success(&decode(&element).map_err(broken)?).map_err(broken),
                "failure" => return Err(Fault::refused(what, condition(&element, ns::SASL))),
                _ => return Err(self.unexpected(&element)),
            }
        }
    }

    async fn bind(&mut self, socket: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> Result<Box<str>, Fault> {
        self.send(socket, &requests::bind()).await?;
        let iq = self.element(socket).await?;
        if !iq.is("iq", ns::CLIENT) || iq.attribute("id") != Some("bind") {
            return Err(self.unexpected(&iq));
        }
        if let Some(error) = iq.child("error", ns::CLIENT) {
            return Err(Fault::refused(self.what, condition(error, ns::STANZA_ERRORS)));
        }
        let jid = iq.child("bind", ns::BIND).and_then(|bind| bind.child("jid", ns::BIND));
        let jid = jid.ok_or_else(|| Fault::protocol(self.what, "the server's answer to binding has no address"))?;
        let address = FullJid::new(&jid.text()).map_err(|error| Fault::protocol(self.what, format!("the address that the server gives: {error}")))?;
        Ok(escape(address.as_str()).into())
    }

    async fn send(&mut self, socket: &mut (impl AsyncRead + AsyncWrite + Unpin), text: &str) -> Result<(), Fault> {
        self.caller.inbox.sent(Message::Handshake, 0);
        socket.write_all(text.as_bytes()).await.map_err(|error| self.lost(error))?;
        self.caller.inbox.bytes(text.len(), 0);
        Ok(())
    }

    /// The next element, which must come.
    async fn element(&mut self, socket: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> Result<Element, Fault> {
        match self.event(socket).await? {
            Event::Element(element) => Ok(element),
            Event::Close => Err(self.lost("closed by the server")),
            Event::Open(_) => Err(Fault::protocol(self.what, "a second stream header")),
        }
    }

    /// The next event, counted.
    async fn event(&mut self, socket: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> Result<Event, Fault> {
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
            match socket.read(&mut buffer).await {
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

    fn unexpected(&self, element: &Element) -> Fault {
        if element.is("error", ns::STREAM) {
            return Fault::refused(self.what, condition(element, ns::STREAM_ERRORS));
        }
        Fault::protocol(self.what, format!("unexpected <{}>", element.name.as_str()))
    }
}

/// The condition in an error: the first element of its namespace that is no explanation.
fn condition(error: &Element, namespace: &str) -> String {
    let condition = error.elements().find(|element| element.namespace.as_str() == namespace && element.name.as_str() != "text");
    condition.map_or("undefined-condition", |condition| condition.name.as_str()).to_owned()
}

/// Data as it stands in an element: `=` means that there is some, of no bytes (RFC 6120 §6.4.2).
fn encode(data: &[u8]) -> String {
    if data.is_empty() { "=".to_owned() } else { BASE64.encode(data) }
}

fn decode(element: &Element) -> Result<Vec<u8>, String> {
    let text = element.text();
    if text == "=" { Ok(Vec::new()) } else { BASE64.decode(text.trim()).map_err(|error| error.to_string()) }
}
