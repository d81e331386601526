//! One bound stream over a WebSocket, the client's side (RFC 7395): tokio-tungstenite for handshake and frames, the lean
//! reader for what is in them.

use std::collections::VecDeque;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use futures::{Sink, SinkExt as _, Stream as _, StreamExt as _};
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::{HeaderValue, header};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message as Frame, Utf8Bytes};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use crate::contender::Fault;
use crate::contender::counted::Counted;
use crate::contender::inbox::{Content, Inbox, Message};
use crate::protocols::xmpp::acks::{ASK, Acks};
use crate::protocols::xmpp::client::fetches::Fetches;
use crate::protocols::xmpp::client::lean::reader::{self, LARGEST};
use crate::protocols::xmpp::client::lean::stanza::{Arrival, Found};
use crate::protocols::xmpp::client::link::{Answer, Caller, GOODBYE, Link, MOST_REPLIES, Request, Step, in_time, never_sent, stream_closed, stream_error};
use crate::protocols::xmpp::client::login::{Carrier, Identity, log_in, unexpected};
use crate::protocols::xmpp::client::requests::{self, ALONE};
use crate::protocols::xmpp::namespaces as ns;
use crate::protocols::xmpp::reader::read_element;
use crate::protocols::xmpp::server::DOMAIN;
use crate::protocols::xmpp::xml::Element;

use super::{PATH, SUBPROTOCOL};

/// Memory of a stream in the client's process, in bytes: the library's buffers above all.
pub const MEMORY_PER_STREAM: u64 = 16_000;

/// Bytes read at once; each connection keeps a buffer for them.
const READ: usize = 4 * 1024;
/// Bytes of requests that leave in one piece.
const WRITE: usize = 16 * 1024;
/// Elements of a login are small: features, challenges.
const LARGEST_OF_A_LOGIN: usize = 64 * 1024;

/// A bound stream.
pub struct WebSocketLink {
    socket: WebSocketStream<Counted>,
    inbox: Rc<dyn Inbox>,
    /// Our full address, escaped.
    address: Box<str>,
    outgoing: VecDeque<Outgoing>,
    /// How many of those, at most, answer the server.
    replies: usize,
    fetches: Fetches,
    /// Whether notifications only point to their updates.
    pointers: bool,
    acks: Option<Box<Acks>>,
    unflushed: bool,
    /// Our end of the stream is closed: nothing can be sent any more.
    closed: bool,
}

/// What is to be sent, the size of the update in it, and what kind of message it is.
struct Outgoing(Utf8Bytes, usize, Message);

impl Link for WebSocketLink {
    async fn connect(caller: Caller<'_>) -> Result<Self, Fault> {
        let what = format!("login as {} at {}", caller.user, caller.server.socket);
        let step = Step::default();
        in_time(&what, caller.timeout, &step, log_in_at(&what, &step, &caller)).await
    }

    fn push(&mut self, id: u64, request: Request) {
        let mut stanza = Vec::new();
        let size = requests::request(&mut stanza, id, &request, &self.address, ALONE);
        self.queue(stanza, size);
    }

    fn poll_exchange(&mut self, context: &mut Context<'_>, take: &mut dyn FnMut(Answer)) -> Poll<Result<(), Fault>> {
        self.poll_write(context).map_err(|error| Fault::connection("sending to the XMPP server", error))?;
        if self.replies > MOST_REPLIES {
            // Woken when the socket takes more.
            return Poll::Pending;
        }
        Poll::Ready(match ready!(Pin::new(&mut self.socket).poll_next(context)) {
            Some(Ok(frame)) => self.take(frame, take),
            Some(Err(Error::ConnectionClosed)) | None => Err(stream_closed()),
            Some(Err(error @ (Error::Capacity(_) | Error::Protocol(_) | Error::Utf8(_)))) if !is_end(&error) => {
                Err(Fault::protocol("on the XMPP stream", error))
            }
            Some(Err(error)) => Err(Fault::connection("the XMPP stream", error)),
        })
    }

    async fn close(&mut self, mut take: impl FnMut(Answer)) {
        let goodbye = async {
            self.inbox.sent(Message::Handshake, 0);
            self.closed = true;
            self.outgoing.clear();
            self.socket.send(Frame::text(footer())).await?;
            // The server answers with its own end of the stream, then of the connection (RFC 7395 §3.6).
            while self.exchange(&mut take).await.is_ok() {}
            Ok::<(), Error>(())
        };
        let _ = tokio::time::timeout(GOODBYE, goodbye).await;
    }
}

impl WebSocketLink {
    fn queue(&mut self, stanza: Vec<u8>, size: usize) {
        // We write text.
        let stanza = String::from_utf8(stanza).unwrap_or_default();
        self.outgoing.push_back(Outgoing(stanza.into(), size, Message::Stanza));
        if self.acks.as_ref().is_some_and(|acks| acks.goes()) {
            self.outgoing.push_back(Outgoing(Utf8Bytes::from_static(ASK), 0, Message::Event));
        }
    }

    fn take(&mut self, frame: Frame, take: &mut dyn FnMut(Answer)) -> Result<(), Fault> {
        let text = match frame {
            Frame::Text(text) => text,
            Frame::Ping(_) => {
                // The library answers.
                self.inbox.received(Message::Event, false, Content::Nothing);
                self.inbox.sent(Message::Event, 0);
                return Ok(());
            }
            Frame::Pong(_) => {
                self.inbox.received(Message::Event, false, Content::Nothing);
                return Ok(());
            }
            Frame::Close(_) => {
                // The library answers.
                self.inbox.received(Message::Handshake, false, Content::Nothing);
                self.inbox.sent(Message::Handshake, 0);
                return if self.closed { Ok(()) } else { Err(stream_closed()) };
            }
            Frame::Binary(_) | Frame::Frame(_) => return Err(Fault::protocol("on the XMPP stream", "a message that is no text (RFC 7395 §3.2)")),
        };
        if is_footer(&text) {
            self.inbox.received(Message::Handshake, false, Content::Nothing);
            return if self.closed { Ok(()) } else { Err(stream_closed()) };
        }
        let arrival = reader::element(text.as_bytes(), self.pointers).map_err(|broken| Fault::protocol("on the XMPP stream", broken))?;
        if let (Some(acks), true) = (&self.acks, arrival.is_stanza()) {
            acks.came();
        }
        match arrival {
            Arrival::Message(update) => {
                self.inbox.received(Message::Stanza, false, update.as_deref().into());
            }
            Arrival::Pointer(node, item) => {
                self.inbox.received(Message::Stanza, false, Content::Pointer);
                if !self.closed {
                    let id = self.fetches.begin()?;
                    self.push(id, Request::Item(node, item));
                    self.replies += 1;
                }
            }
            Arrival::Found(id, Found::Update(update)) => {
                let news = self.inbox.received(Message::Stanza, true, Content::Payload(&update));
                if !self.fetches.end(id) {
                    take(Answer { id, refusal: None, count: None });
                } else if !news {
                    self.inbox.in_vain();
                }
            }
            Arrival::Found(id, Found::Count(count)) => {
                self.inbox.received(Message::Stanza, true, Content::Nothing);
                take(Answer { id, refusal: None, count: Some(count) });
            }
            Arrival::Presence => {
                self.inbox.received(Message::Stanza, false, Content::Nothing);
            }
            Arrival::Answer(id, refusal) => {
                self.inbox.received(Message::Stanza, true, Content::Nothing);
                if self.fetches.end(id) {
                    self.inbox.in_vain();
                } else {
                    take(Answer { id, refusal, count: None });
                }
            }
            Arrival::Request { id, from, is_ping } => {
                self.inbox.received(Message::Stanza, false, Content::Nothing);
                if !self.closed {
                    let mut stanza = Vec::new();
                    requests::reply(&mut stanza, &id, from.as_deref(), is_ping, ALONE);
                    self.queue(stanza, 0);
                    self.replies += 1;
                }
            }
            Arrival::AckRequest => {
                self.inbox.received(Message::Event, false, Content::Nothing);
                if let Some(acks) = self.acks.as_ref().filter(|_| !self.closed) {
                    self.outgoing.push_back(Outgoing(acks.answer().into(), 0, Message::Event));
                    self.replies += 1;
                }
            }
            Arrival::Ack(handled) => {
                self.inbox.received(Message::Event, true, Content::Nothing);
                if !self.acks.as_ref().is_some_and(|acks| acks.confirm(handled)) {
                    return Err(never_sent(handled));
                }
            }
            Arrival::StreamError(condition) => {
                self.inbox.received(Message::Handshake, false, Content::Nothing);
                return Err(stream_error(&condition));
            }
            // Only a stream that is one document ends so.
            Arrival::Footer => return Err(stream_closed()),
        }
        Ok(())
    }

    /// Sends as much as the socket takes; what is left waits for the next turn.
    fn poll_write(&mut self, context: &mut Context<'_>) -> Result<(), Error> {
        while !self.outgoing.is_empty() {
            let mut socket = Pin::new(&mut self.socket);
            match socket.as_mut().poll_ready(context) {
                Poll::Ready(ready) => ready?,
                Poll::Pending => return Ok(()),
            }
            if let Some(Outgoing(stanza, size, kind)) = self.outgoing.pop_front() {
                self.inbox.sent(kind, size);
                socket.start_send(Frame::Text(stanza))?;
                self.unflushed = true;
            }
        }
        self.replies = 0;
        if self.unflushed
            && let Poll::Ready(flushed) = Pin::new(&mut self.socket).poll_flush(context)
        {
            flushed?;
            self.unflushed = false;
        }
        Ok(())
    }
}

/// Whether the server is gone without a word, which the library takes for a breach of the protocol.
fn is_end(error: &Error) -> bool {
    use tokio_tungstenite::tungstenite::error::ProtocolError;
    matches!(error, Error::Protocol(ProtocolError::ResetWithoutClosingHandshake | ProtocolError::SendAfterClosing))
}

fn footer() -> String {
    format!("<close xmlns='{}'/>", ns::FRAMING)
}

fn is_footer(text: &str) -> bool {
    text.starts_with("<close") && read_element(text.as_bytes()).is_ok_and(|element| element.is("close", ns::FRAMING))
}

async fn log_in_at(what: &str, step: &Step, caller: &Caller<'_>) -> Result<WebSocketLink, Fault> {
    let lost = |error: &dyn std::fmt::Display| Fault::connection(what, error);
    let socket = Counted::connect(&caller.server.socket, &caller.inbox).await.map_err(|error| lost(&error))?;
    step.is("asking for a WebSocket");
    let mut request = format!("ws://{}{PATH}", caller.server.socket).into_client_request().map_err(|error| lost(&error))?;
    request.headers_mut().insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(SUBPROTOCOL));
    let limits = WebSocketConfig::default().read_buffer_size(READ).write_buffer_size(WRITE).max_message_size(Some(LARGEST)).max_frame_size(Some(LARGEST));
    caller.inbox.sent(Message::Handshake, 0);
    let (socket, _) = client_async_with_config(request, socket, Some(limits)).await.map_err(|error| match error {
        Error::Http(response) => Fault::refused(what, format!("status {}", response.status())),
        Error::Protocol(error) => Fault::protocol(what, error),
        error => lost(&error),
    })?;
    caller.inbox.received(Message::Handshake, true, Content::Nothing);
    let mut opening = Opening { what, inbox: &caller.inbox, socket };
    let address = log_in(&mut opening, Identity { what, step, user: &caller.user, settings: caller.settings }).await?;
    let (socket, inbox, pointers) = (opening.socket, Rc::clone(&caller.inbox), !caller.settings.with_payload);
    Ok(WebSocketLink {
        socket,
        inbox,
        address,
        outgoing: VecDeque::new(),
        replies: 0,
        fetches: Fetches::default(),
        pointers,
        acks: caller.settings.own_acks(),
        unflushed: false,
        closed: false,
    })
}

/// A stream while it is being opened.
struct Opening<'a> {
    what: &'a str,
    inbox: &'a Rc<dyn Inbox>,
    socket: WebSocketStream<Counted>,
}

impl Carrier for Opening<'_> {
    async fn open(&mut self) -> Result<Element, Fault> {
        self.send(&format!("<open xmlns='{}' to='{DOMAIN}' version='1.0'/>", ns::FRAMING)).await?;
        let header = self.element().await?;
        if !header.is("open", ns::FRAMING) {
            return Err(unexpected(self.what, &header));
        }
        let features = self.element().await?;
        if features.is("features", ns::STREAM) { Ok(features) } else { Err(unexpected(self.what, &features)) }
    }

    async fn send(&mut self, text: &str) -> Result<(), Fault> {
        self.inbox.sent(Message::Handshake, 0);
        let text = match text.strip_prefix("<iq ") {
            Some(rest) => format!("<iq{ALONE} {rest}"),
            None => text.to_owned(),
        };
        self.socket.send(Frame::text(text)).await.map_err(|error| Fault::connection(self.what, error))
    }

    async fn element(&mut self) -> Result<Element, Fault> {
        let text = match self.socket.next().await {
            Some(Ok(Frame::Text(text))) => text,
            Some(Ok(_)) => return Err(Fault::protocol(self.what, "a message that is no text (RFC 7395 §3.2)")),
            Some(Err(error)) => return Err(Fault::connection(self.what, error)),
            None => return Err(Fault::connection(self.what, "the server closed the connection")),
        };
        self.inbox.received(Message::Handshake, true, Content::Nothing);
        if text.len() > LARGEST_OF_A_LOGIN {
            return Err(Fault::protocol(self.what, format!("a message of {} bytes in a login", text.len())));
        }
        let element = read_element(text.as_bytes()).map_err(|condition| Fault::protocol(self.what, condition.name()))?;
        if element.is("close", ns::FRAMING) { Err(Fault::connection(self.what, "closed by the server")) } else { Ok(element) }
    }
}
