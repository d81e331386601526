//! WebSocket: the server's frames beside those of another server, the handshake at both ends, compression; and the contender's words and sessions.

use std::cell::Cell;
use std::io::{self, Read, Write};
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use flate2::read::DeflateDecoder;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocket, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};

use super::client::{Client, ROOM};
use super::http::responses;
use super::stream::cuts;
use crate::contender::Limits;
use crate::contenders::websocket::hub::Hub;
use crate::contenders::websocket::session::{PATH, Server, WebSession};
use crate::contenders::websocket::words::{Encoding, SUBPROTOCOLS, Wish, Word};
use crate::protocols::websocket::deflate::{self, Inflater, WINDOW};
use crate::protocols::websocket::frame::{self, Closing, Opcode, Reader, Received, TOO_BIG};
use crate::protocols::websocket::handshake::{self, Offer, Outcome, Request};

/// Most bytes of a message here: little enough for the bound to be met.
const LARGEST: usize = 1_000;
/// What a server offers.
const OFFER: Offer = Offer { path: PATH, subprotocols: SUBPROTOCOLS, deflate: true };

/// What the server's reader makes of frames: all that came, and what ended it.
fn frames(pieces: &[&[u8]], compressed: bool) -> (Vec<Received>, Option<Closing>) {
    let (mut reader, mut all) = (Reader::new(LARGEST, compressed.then_some(Inflater)), Vec::new());
    for piece in pieces {
        reader.push(piece);
        loop {
            match reader.read() {
                Ok(Some(received)) => all.push(received),
                Ok(None) => break,
                Err(closing) => return (all, Some(closing)),
            }
        }
    }
    (all, None)
}

/// A connection whose other end has said this, and hears whatever is answered.
struct Said<'a>(&'a [u8]);

impl Read for Said<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Write for Said<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What another implementation makes of frames, in either role: all that came, and what ended it.
fn by_another(bytes: &[u8], role: Role, largest: usize) -> (Vec<Message>, Error) {
    let config = WebSocketConfig::default().read_buffer_size(4_096).max_message_size(Some(largest)).max_frame_size(Some(largest));
    let (mut socket, mut all) = (WebSocket::from_raw_socket(Said(bytes), role, Some(config)), Vec::new());
    loop {
        match socket.read() {
            Ok(message) => all.push(message),
            Err(error) => return (all, error),
        }
    }
}

fn is_same(ours: &Received, other: &Message) -> bool {
    match (ours, other) {
        (Received::Text(text), Message::Text(other)) => text.as_str() == other.as_str(),
        (Received::Binary(bytes), Message::Binary(other)) | (Received::Ping(bytes), Message::Ping(other)) => bytes == other,
        (Received::Pong, Message::Pong(_)) | (Received::Close(None), Message::Close(None)) => true,
        // 1014 was added to the codes after the standard, and is not known to everybody.
        (Received::Close(Some(code)), Message::Close(Some(other))) => *code == u16::from(other.code) || *code == 1014,
        _ => false,
    }
}

/// Bytes as the frames of a client: the same however they are cut, compressed or not; the same that tungstenite reads, but where ours is the stricter
/// one; and what a server makes of them, tungstenite's client reads.
pub fn websocket_frames(bytes: &[u8]) {
    for compressed in [false, true] {
        let whole = frames(&[bytes], compressed);
        for pieces in cuts(bytes) {
            assert_eq!(frames(&pieces, compressed), whole, "the pieces make a difference");
        }
    }
    let (ours, closing) = frames(&[bytes], false);
    let (others, error) = by_another(bytes, Role::Server, LARGEST);
    let last = ours.iter().position(|received| matches!(received, Received::Close(_)));
    // Behind a close nothing counts.
    let ours = &ours[..last.map_or(ours.len(), |last| last + 1)];
    for (ours, other) in ours.iter().zip(&others) {
        assert!(is_same(ours, other), "{ours:?}, and {other:?} to another");
    }
    assert!(others.len() <= ours.len() || closing.is_some(), "{others:?} came, and only {ours:?} was read");
    // Tungstenite looks at each fragment of a text, ours at the whole.
    assert!(ours.len() <= others.len() || matches!(error, Error::Utf8(_)), "{ours:?} was read, and only {others:?} by another: {error}");
    let made = [
        frame::frame(Opcode::Binary, false, bytes),
        frame::frame(Opcode::Ping, false, &bytes[..bytes.len().min(125)]),
        frame::close_frame(closing.unwrap_or(Closing { code: frame::NORMAL, reason: "" })),
    ];
    let (read, _) = by_another(&made.concat(), Role::Client, bytes.len().max(125));
    let expected = [Message::Binary(Bytes::copy_from_slice(bytes)), Message::Ping(Bytes::copy_from_slice(&bytes[..bytes.len().min(125)]))];
    assert_eq!(read.get(..2), Some(&expected[..]));
    let code = closing.map_or(frame::NORMAL, |closing| closing.code);
    assert!(matches!(&read[2..], [Message::Close(Some(close))] if u16::from(close.code) == code), "{read:?}");
}

/// Bytes as either end of a handshake, and as an offer of extensions: the same however they are cut; who is accepted is answered as the standard says, who is
/// refused in words of HTTP; and nothing is agreed on that was not offered.
pub fn websocket_handshake(bytes: &[u8]) {
    let whole = handshake::answer(bytes, &OFFER);
    for pieces in cuts(bytes) {
        let mut come = 0;
        let mut outcomes = pieces.iter().map(|piece| {
            come += piece.len();
            handshake::answer(&bytes[..come], &OFFER)
        });
        assert_eq!(outcomes.find(|outcome| *outcome != Outcome::Partial).unwrap_or(Outcome::Partial), whole, "the pieces make a difference");
    }
    match whole {
        Outcome::Partial => {}
        Outcome::Refused { status, response } => {
            let read = responses(response.as_bytes());
            assert!(matches!(&read[..], [(read, _, body, _)] if *read == status && !body.is_empty()), "{response}");
        }
        Outcome::Accepted(accepted) => {
            let fields = fields(&bytes[..accepted.length]);
            let key = values(&fields, "sec-websocket-key").next().expect("who is accepted has a key");
            let right = format!("\r\nSec-WebSocket-Accept: {}\r\n", derive_accept_key(key.trim().as_bytes()));
            assert!(accepted.response.starts_with("HTTP/1.1 101 ") && accepted.response.contains(&right), "{}", accepted.response);
            let asked = |name: &str, what: &str| values(&fields, name).any(|value| value.contains(what));
            assert!(accepted.subprotocol.is_none_or(|agreed| asked("sec-websocket-protocol", agreed)));
            assert!(accepted.window.is_none_or(|window| (9..=15).contains(&window) && asked("sec-websocket-extensions", "permessage-deflate")));
        }
    }
    server_says(bytes);
    if let Some((answer, window)) = std::str::from_utf8(bytes).ok().and_then(deflate::accept) {
        assert!((9..=15).contains(&window) && answer.starts_with("permessage-deflate; "), "{answer}");
        assert_eq!(deflate::accept(&answer).map(|(_, window)| window), Some(window), "what is answered could have been offered: {answer}");
    }
}

/// Bytes as what a server answers, as they are and with the right key in the place of `KEY`.
fn server_says(bytes: &[u8]) {
    let request = Request::new("localhost", PATH, [7; 16], SUBPROTOCOLS[0], true);
    let Outcome::Accepted(accepted) = handshake::answer(request.text.as_bytes(), &OFFER) else { panic!("our own request is refused") };
    assert!(matches!(request.read(accepted.response.as_bytes()), Ok(Some(agreed)) if agreed.length == accepted.response.len()));
    let key = accepted.response.split("Accept: ").nth(1).and_then(|rest| rest.split("\r\n").next()).unwrap_or_default();
    let said = match std::str::from_utf8(bytes) {
        Ok(text) => text.replace("KEY", key).into_bytes(),
        Err(_) => bytes.to_vec(),
    };
    match request.read(&said) {
        Ok(None) => {}
        Err(why) => assert!(!why.is_empty()),
        Ok(Some(agreed)) => {
            let fields = fields(&said[..agreed.length]);
            assert!(fields.iter().any(|(name, value)| name == "sec-websocket-accept" && value.trim() == key), "taken without the key");
            let only = |name: &str, asked: &str| {
                values(&fields, name).flat_map(|value| value.split(',')).all(|one| one.trim().starts_with(asked) || one.trim().is_empty())
            };
            // What is no text is no value of ours, but one here.
            let is_text = std::str::from_utf8(&said).is_ok();
            assert!(!is_text || only("sec-websocket-protocol", SUBPROTOCOLS[0]) && only("sec-websocket-extensions", "permessage-deflate"), "not asked for");
            for cut in [0, agreed.length / 2, agreed.length - 1] {
                assert_eq!(request.read(&said[..cut]), Ok(None), "taken before its end");
            }
        }
    }
}

/// The fields of a head, names in lower case, values as they stand.
fn fields(head: &[u8]) -> Vec<(String, String)> {
    let text = String::from_utf8_lossy(head);
    text.lines().skip(1).filter_map(|line| line.split_once(':')).map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect()
}

/// The values of all fields of this name.
fn values<'a>(fields: &'a [(String, String)], name: &'a str) -> impl Iterator<Item = &'a str> {
    fields.iter().filter(move |(field, _)| field == name).map(|(_, value)| value.as_str())
}

/// Bytes as a compressed message: bounded, and what another loop around the same library makes of them; and as a message, which comes back as it was.
pub fn websocket_deflate(bytes: &[u8]) {
    const MOST: usize = 10_000;
    let stream = [bytes, &[0x00, 0x00, 0xFF, 0xFF]].concat();
    let mut other = Vec::new();
    // What was read before something is wrong stays there.
    let _ = DeflateDecoder::new(&stream[..]).take(MOST as u64 + 1).read_to_end(&mut other);
    match Inflater.inflate(bytes, MOST) {
        Ok(message) => assert_eq!(&message[..], &other[..]),
        Err(closing) => assert!(closing.code != TOO_BIG || other.len() > MOST, "{} bytes are none too many", other.len()),
    }
    let window = WINDOW - (bytes.len() % 7) as u8;
    let packed = deflate::deflate(bytes, window);
    assert_eq!(Inflater.inflate(&packed, bytes.len()).as_deref(), Ok(bytes));
    if !bytes.is_empty() {
        assert_eq!(Inflater.inflate(&packed, bytes.len() - 1).map_err(|closing| closing.code), Err(TOO_BIG));
    }
}

const ENCODINGS: [Encoding; 2] = [Encoding::Json, Encoding::Binary];

fn wish(encoding: Encoding, message: &[u8]) -> Option<Wish> {
    match encoding {
        Encoding::Json => Wish::read_json(std::str::from_utf8(message).ok()?).ok(),
        Encoding::Binary => Wish::read_binary(Bytes::copy_from_slice(message)).ok(),
    }
}

/// Bytes as a message of either end in either encoding: what is read can be said in both, and then reads the same.
pub fn websocket_words(bytes: &[u8]) {
    for encoding in ENCODINGS {
        if let Some(read) = wish(encoding, bytes) {
            for other in ENCODINGS {
                assert_eq!(wish(other, &read.write(other)).as_ref(), Some(&read));
            }
        }
        if let Ok(word) = Word::read(encoding, bytes) {
            for other in ENCODINGS {
                assert_eq!(Word::read(other, &word.write(other)).as_ref(), Ok(&word));
            }
        }
    }
}

fn server() -> Rc<Server> {
    let limits = Limits { payload: 500, topics: 4, stored: 2_000, ..Limits::default() };
    let (heartbeat, patience) = (Duration::from_secs(30), Duration::from_secs(30));
    Rc::new(Server { hub: Hub::new(limits), heartbeat, patience, deflate: true, largest: LARGEST, listeners: Cell::new(0) })
}

fn client(server: &Rc<Server>) -> Client<WebSession> {
    Client::new(|outlet| WebSession::new(Rc::clone(server), outlet))
}

/// A request for a WebSocket with this subprotocol, uncompressed.
fn request(encoding: Encoding) -> Vec<u8> {
    Request::new("localhost", PATH, [7; 16], encoding.subprotocol(), false).text.into_bytes()
}

/// Bytes as all that a client says, and as what it says behind a handshake, in either encoding: whatever the server says to it, and to another who is
/// subscribed to the topic `a`, tungstenite's client reads, and our own reads the words; and where the bytes are cut changes nothing of what either is told.
pub fn websocket_session(bytes: &[u8]) {
    let behind = ENCODINGS.map(|encoding| [&request(encoding)[..], bytes].concat());
    for said in [bytes, &behind[0], &behind[1]] {
        let [single, cut] = cuts(said);
        let [whole, single, cut] = [vec![said], single, cut].map(|pieces| {
            let server = server();
            let (mut listener, mut client) = (client(&server), client(&server));
            // Subscribes to `a`: a binary message under a mask of zeros.
            listener.say(&[&request(Encoding::Binary), &[0x82, 0x84, 0, 0, 0, 0, 1, 0, 1, b'a']]);
            client.say(&pieces);
            [client.leave(), listener.leave()]
        });
        for (heard, _) in &whole {
            is_readable(heard);
        }
        assert!(whole[1].1, "somebody else's end");
        for parts in [single, cut] {
            assert_eq!(parts, whole, "the pieces make a difference");
        }
    }
}

/// Holds what a server said to what clients can read.
fn is_readable(said: &[u8]) {
    let head = said.windows(4).position(|four| four == b"\r\n\r\n").map_or(0, |end| end + 4);
    let (head, frames) = said.split_at(head);
    let text = std::str::from_utf8(head).expect("a head is text");
    if !text.starts_with("HTTP/1.1 101 ") {
        // Nothing at all where it was never asked whole.
        assert!(said.is_empty() || responses(said).len() == 1, "{text}");
        return;
    }
    // Tungstenite knows no compression.
    if text.contains("permessage-deflate") {
        return;
    }
    let (messages, error) = by_another(frames, Role::Client, ROOM);
    let ended = matches!(error, Error::ConnectionClosed | Error::Protocol(ProtocolError::ResetWithoutClosingHandshake));
    assert!(ended, "the server said what is no frame: {error}");
    for message in messages {
        match message {
            Message::Text(text) => assert!(Word::read(Encoding::Json, text.as_bytes()).is_ok(), "{text}"),
            Message::Binary(message) => assert!(Word::read(Encoding::Binary, &message).is_ok(), "{message:?}"),
            _ => {}
        }
    }
}
