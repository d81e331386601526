//! XMPP over WebSockets, the server's side (RFC 7395): one element per text message.
//!
//! The library (tungstenite) does the handshake, frames and masks. It is given the socket itself and not a task of its own, so
//! that a notification is written by whoever publishes, as over TCP.

use std::cell::{Cell, RefCell};
use std::io::{self, Read, Write};
use std::rc::Rc;

use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::handshake::HandshakeError;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::http::{HeaderValue, StatusCode, header};
use tokio_tungstenite::tungstenite::protocol::frame::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{Message, WebSocket, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, accept_hdr_with_config};

use crate::contender::{Fault, ServerSeat};
use crate::measure::ledger::Meter;
use crate::protocols::xmpp::client::settings::ClientSettings;
use crate::protocols::xmpp::connection::{self, Carriage, Wire};
use crate::protocols::xmpp::counter::Counter;
use crate::protocols::xmpp::errors::StreamCondition;
use crate::protocols::xmpp::framing::{Framing, stand_alone};
use crate::protocols::xmpp::outlet::Outlet;
use crate::protocols::xmpp::reader::{Event, read_element};
use crate::protocols::xmpp::server::Server;
use crate::protocols::xmpp::session::{Flow, Session};
use crate::protocols::xmpp::{embedded, namespaces as ns};

use super::SUBPROTOCOL;

/// Bytes read at once, which each connection keeps a buffer for.
const READ: usize = 4 * 1024;

/// Bytes of answers to what came in one read that leave in one piece.
const WRITE: usize = 16 * 1024;
/// The answer to what is no request for a WebSocket.
const NO_UPGRADE: &[u8] = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

/// Serves until stopped.
///
/// # Errors
/// The listener is broken, or the system has no random numbers.
pub async fn serve(seat: ServerSeat, settings: &ClientSettings) -> Result<(), Fault> {
    let server = embedded::server(&seat.limits, &settings.password, None, settings.acks)?;
    let carry = |socket, meter| WebSocketCarriage::new(&server, socket, meter);
    let served = connection::serve(Rc::clone(&server), seat.listener, &seat.ledger, seat.stop, carry).await;
    served.map_err(|error| Fault::connection("the XMPP server", error))
}

/// A session on its WebSocket.
struct WebSocketCarriage {
    queue: usize,
    /// Most bytes of a message.
    allowed: usize,
    outlet: Rc<WebSocketOutlet>,
    meter: Meter,
    session: Session,
    /// Messages so far.
    messages: u64,
    /// Whether bytes have come since the last of them was complete.
    begun: bool,
    /// The library has refused something, and must not be given more: what still comes is thrown away.
    deaf: bool,
}

impl WebSocketCarriage {
    fn new(server: &Rc<Server>, socket: TcpStream, meter: Meter) -> Self {
        let wire = Rc::new(Wire::new(socket, meter.clone()));
        let outlet = Rc::new(WebSocketOutlet { wire, socket: RefCell::new(None), corked: Cell::new(false), framed: Cell::new(0), blocked: Cell::new(false) });
        let session = Session::new(Rc::clone(server), Rc::clone(&outlet) as Rc<dyn Outlet>, Framing::WebSocket, Counter::Stanzas(meter.clone()));
        Self { queue: server.bounds().queue, allowed: session.largest(), outlet, meter, session, messages: 0, begun: false, deaf: false }
    }

    /// Takes a message in. What is no text, or no XML, ends the stream (RFC 7395 §3.2, §3.3.3).
    fn take(&mut self, message: Message) -> Flow {
        self.messages += 1;
        match message {
            Message::Text(text) => match element(&text) {
                Ok(event) => self.session.take(event),
                Err(condition) => self.session.fail(condition),
            },
            Message::Ping(_) => {
                // The library answers.
                self.meter.count(|traffic| {
                    traffic.events_up += 1;
                    traffic.events_down += 1;
                });
                Flow::Continue
            }
            Message::Pong(_) => {
                self.meter.count(|traffic| traffic.events_up += 1);
                Flow::Continue
            }
            Message::Close(_) => {
                self.meter.count(|traffic| traffic.handshake_up += 1);
                if self.outlet.wire.is_open() {
                    // It is the other end that begins: the library answers.
                    self.meter.count(|traffic| traffic.handshake_down += 1);
                }
                self.session.ended();
                Flow::Close
            }
            Message::Binary(_) | Message::Frame(_) => self.session.fail(StreamCondition::BadFormat),
        }
    }

    /// What to say to an error, and the end of the connection.
    fn refuse(&mut self, error: &Error) {
        self.deaf = true;
        match error {
            Error::Capacity(_) => _ = self.session.fail(StreamCondition::PolicyViolation),
            Error::Utf8(_) => _ = self.session.fail(StreamCondition::UnsupportedEncoding),
            // Gone without a word.
            Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => return self.outlet.wire.breaks(),
            Error::Protocol(_) if self.outlet.wire.is_open() => self.outlet.end(CloseCode::Protocol),
            _ => return self.outlet.wire.breaks(),
        }
        self.outlet.wire.close();
    }
}

/// An element that stands alone; `<open/>` and `<close/>` are the beginning and end of a stream.
pub fn element(text: &str) -> Result<Event, StreamCondition> {
    // RFC 7395 §3.3.3: the first character is that of a tag.
    if !text.starts_with('<') {
        return Err(StreamCondition::BadFormat);
    }
    let element = read_element(text.as_bytes())?;
    Ok(match (element.namespace.as_str(), element.name.as_str()) {
        (ns::FRAMING, "open") => Event::Open(element),
        (ns::FRAMING, "close") => Event::Close,
        _ => Event::Element(element),
    })
}

impl Carriage for WebSocketCarriage {
    fn wire(&self) -> &Wire {
        &self.outlet.wire
    }

    fn session(&mut self) -> &mut Session {
        &mut self.session
    }

    async fn prepare(&mut self) -> bool {
        let config = WebSocketConfig::default()
            .read_buffer_size(READ)
            .write_buffer_size(WRITE)
            .max_write_buffer_size(self.queue)
            .max_message_size(Some(self.allowed))
            .max_frame_size(Some(self.allowed));
        let wire = &self.outlet.wire;
        let mut shaken = accept_hdr_with_config(Socket { wire: Rc::clone(wire), turn: Rc::default() }, upgrade, Some(config));
        loop {
            let under_way = match shaken {
                Ok(socket) => {
                    self.outlet.socket.replace(Some(socket));
                    break;
                }
                Err(HandshakeError::Interrupted(under_way)) => under_way,
                Err(HandshakeError::Failure(error)) => {
                    match error {
                        // The library has answered.
                        Error::Http(_) => {}
                        Error::Io(_) | Error::Protocol(ProtocolError::HandshakeIncomplete) => return false,
                        // Nobody can be told more than that.
                        _ => _ = wire.write(&[NO_UPGRADE]),
                    }
                    self.shaken();
                    return false;
                }
            };
            // The answer is small: the socket takes it at once, so that what is waited for is the request.
            if wire.readable().await.is_err() {
                return false;
            }
            under_way.get_ref().get_ref().turn.set(false);
            shaken = under_way.handshake();
        }
        self.shaken();
        true
    }

    fn queued(&self) -> usize {
        if self.outlet.blocked.get() { self.outlet.framed.get().max(1) } else { 0 }
    }

    fn flush(&self) {
        self.outlet.flush();
    }

    fn read(&mut self) {
        if self.deaf {
            match self.outlet.wire.read(&mut [0; READ]) {
                Ok(1..) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Ok(0) | Err(_) => self.outlet.wire.breaks(),
            }
            return;
        }
        self.outlet.corked.set(true);
        let before = self.messages;
        let more = loop {
            let read = self.outlet.socket.borrow_mut().as_mut().map(WebSocket::read);
            match read {
                Some(Ok(message)) => match self.take(message) {
                    Flow::Continue | Flow::Restart if !self.outlet.is_cut_off() => self.allow(),
                    Flow::Continue | Flow::Restart | Flow::BeginTls => break false,
                    Flow::Close => {
                        self.outlet.wire.close();
                        break false;
                    }
                },
                Some(Err(Error::Io(error))) if error.kind() == io::ErrorKind::WouldBlock => break self.outlet.turn(),
                Some(Err(error)) => {
                    self.refuse(&error);
                    break false;
                }
                None => break false,
            }
        };
        self.outlet.corked.set(false);
        self.outlet.flush();
        // What the last read brought may have been the end of a message and the beginning of the next: that is noticed at the next
        // read. One that brings nothing changes nothing.
        self.begun = self.messages == before && (self.begun || more);
    }

    fn under_way(&self) -> Option<u64> {
        self.begun.then_some(self.messages)
    }

    fn say_goodbye(&mut self) {
        self.outlet.end(CloseCode::Normal);
    }
}

impl WebSocketCarriage {
    /// Allows larger messages once a resource is bound: the library makes room for a whole one as soon as it says how large it is.
    fn allow(&mut self) {
        let largest = self.session.largest();
        if let (true, Some(socket)) = (largest != self.allowed, self.outlet.socket.borrow_mut().as_mut()) {
            socket.set_config(|config| (config.max_message_size, config.max_frame_size) = (Some(largest), Some(largest)));
            self.allowed = largest;
        }
    }

    /// Counts the request for the upgrade and its answer.
    fn shaken(&self) {
        self.meter.count(|traffic| {
            traffic.handshake_up += 1;
            traffic.handshake_down += 1;
        });
    }
}

/// Agrees on the subprotocol (RFC 7395 §3.1).
#[expect(clippy::result_large_err, reason = "the library's signature")]
fn upgrade(request: &Request, mut response: Response) -> Result<Response, ErrorResponse> {
    let offers = request.headers().get_all(header::SEC_WEBSOCKET_PROTOCOL).iter().filter_map(|value| value.to_str().ok());
    if offers.flat_map(|value| value.split(',')).any(|offer| offer.trim() == SUBPROTOCOL) {
        response.headers_mut().insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(SUBPROTOCOL));
        return Ok(response);
    }
    let mut refusal = ErrorResponse::new(Some(format!("this server speaks the subprotocol {SUBPROTOCOL:?} (RFC 7395)\n")));
    *refusal.status_mut() = StatusCode::BAD_REQUEST;
    Err(refusal)
}

/// The way out through a WebSocket.
struct WebSocketOutlet {
    wire: Rc<Wire>,
    /// None until the handshake is done.
    socket: RefCell<Option<WebSocket<Socket>>>,
    corked: Cell<bool>,
    /// Bytes of messages since all of it had left, roughly.
    framed: Cell<usize>,
    /// Whether some of it waits for the socket.
    blocked: Cell<bool>,
}

impl WebSocketOutlet {
    /// Ends a turn of reading; whether anything was read in it.
    fn turn(&self) -> bool {
        self.socket.borrow().as_ref().is_some_and(|socket| socket.get_ref().turn.replace(false))
    }

    fn flush(&self) {
        let flushed = self.socket.borrow_mut().as_mut().map(WebSocket::flush);
        self.written(flushed);
    }

    /// Ends the connection from our side (RFC 6455 §7.1.2), unless it has been ended.
    fn end(&self, code: CloseCode) {
        let can_write = self.socket.borrow().as_ref().is_some_and(WebSocket::can_write);
        if can_write {
            self.wire.count(|traffic| traffic.handshake_down += 1);
            let closed = self.socket.borrow_mut().as_mut().map(|socket| socket.close(Some(CloseFrame { code, reason: "".into() })));
            self.written(closed);
        }
    }

    fn written(&self, outcome: Option<Result<(), Error>>) {
        match outcome {
            Some(Ok(())) => {
                self.blocked.set(false);
                self.framed.set(0);
            }
            Some(Err(Error::Io(error))) if error.kind() == io::ErrorKind::WouldBlock => {
                self.blocked.set(true);
                self.wire.wake();
            }
            // After the end of the connection nothing is left to be written.
            Some(Err(Error::ConnectionClosed | Error::AlreadyClosed)) => self.blocked.set(false),
            // A client that does not read among them: a word of farewell would only wait behind the rest.
            Some(Err(_)) => self.wire.breaks(),
            None => {}
        }
    }
}

impl Outlet for WebSocketOutlet {
    fn send(&self, pieces: &[&[u8]]) {
        if !self.wire.is_open() {
            return;
        }
        // What a server says is made of text.
        let Ok(text) = String::from_utf8(stand_alone(pieces)) else { return self.wire.breaks() };
        self.framed.set(self.framed.get() + text.len());
        let mut socket = self.socket.borrow_mut();
        let Some(socket) = socket.as_mut() else { return };
        let written = socket.write(Message::text(text));
        let outcome = if written.is_ok() && !self.corked.get() { socket.flush() } else { written };
        if self.corked.get() && outcome.is_ok() {
            return;
        }
        self.written(Some(outcome));
    }

    fn close(&self) {
        self.wire.close();
    }

    fn is_cut_off(&self) -> bool {
        self.wire.is_broken()
    }
}

/// The socket as the library sees it: one that never waits, and gives bytes once a turn, so that all that came with them is
/// done before more is taken in.
struct Socket {
    wire: Rc<Wire>,
    turn: Rc<Cell<bool>>,
}

impl Read for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.turn.get() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let read = self.wire.read(buffer)?;
        self.turn.set(read > 0);
        Ok(read)
    }
}

impl Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.wire.write(&[bytes])? {
            0 if !bytes.is_empty() => Err(io::ErrorKind::WouldBlock.into()),
            written => Ok(written),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
