//! One connection of the server: handshake, wishes, heartbeats, the end.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use super::hub::{Form, Hub, Listener};
use super::words::{Encoding, SUBPROTOCOLS, Wish, Word};
use crate::protocols::tcp::{Flow, Outlet, Session};
use crate::protocols::websocket::deflate::Inflater;
use crate::protocols::websocket::frame::{self, Closing, Opcode, Reader, Received};
use crate::protocols::websocket::handshake::{self, Offer, Outcome};

/// Where the WebSocket is.
pub const PATH: &str = "/updates";

/// What all connections share.
pub struct Server {
    /// The topics.
    pub hub: Hub,
    /// Time between two pings of a connection, measured.
    pub heartbeat: Duration,
    /// How long a client may leave pings unanswered, measured.
    pub patience: Duration,
    /// Whether compression is granted.
    pub deflate: bool,
    /// Largest message.
    pub largest: usize,
    /// The number of the last listener.
    pub listeners: Cell<u64>,
}

/// A connection.
pub struct WebSession {
    server: Rc<Server>,
    outlet: Rc<Outlet>,
    stage: Stage,
    /// Topics that it is told of, for the end.
    topics: Vec<Rc<str>>,
    /// Topics that it asked for and is not yet told of: their values may be more than a queue holds. What came behind them stays in the reader
    /// until then.
    waiting: Option<Waiting>,
    /// Frames that have been counted, and messages read.
    counted: u64,
    messages: u64,
    /// Beats without a sign of life.
    silent: u32,
}

enum Stage {
    /// What there is of the request.
    Handshake(Vec<u8>),
    Open(Reader, Rc<Listener>),
    /// Something was said last; what still comes in is counted.
    Over(Reader),
    /// Nothing can be made of what comes in.
    Deaf,
}

/// What is left of a subscription.
struct Waiting {
    names: std::vec::IntoIter<String>,
    done: u32,
}

impl WebSession {
    /// For a connection just accepted.
    pub fn new(server: Rc<Server>, outlet: Rc<Outlet>) -> Self {
        let stage = Stage::Handshake(Vec::new());
        Self { server, outlet, stage, topics: Vec::new(), waiting: None, counted: 0, messages: 0, silent: 0 }
    }

    fn shake_hands(&mut self, bytes: &[u8]) -> Flow {
        let Stage::Handshake(head) = &mut self.stage else { return Flow::Continue };
        head.extend_from_slice(bytes);
        let offer = Offer { path: PATH, subprotocols: SUBPROTOCOLS, deflate: self.server.deflate };
        match handshake::answer(head, &offer) {
            Outcome::Partial => Flow::Continue,
            Outcome::Refused { response, .. } => {
                self.count_handshake_up();
                self.say_in_http(&response);
                self.stage = Stage::Deaf;
                Flow::Close
            }
            Outcome::Accepted(accepted) => {
                let frames = head.split_off(accepted.length);
                self.count_handshake_up();
                self.say_in_http(&accepted.response);
                let encoding = if accepted.subprotocol == Some(Encoding::Binary.subprotocol()) { Encoding::Binary } else { Encoding::Json };
                let number = self.server.listeners.get() + 1;
                self.server.listeners.set(number);
                let form = Form { encoding, window: accepted.window };
                let mut reader = Reader::new(self.server.largest, accepted.window.map(|_| Inflater));
                reader.push(&frames);
                self.stage = Stage::Open(reader, Rc::new(Listener { number, outlet: Rc::clone(&self.outlet), form }));
                self.work()
            }
        }
    }

    /// Takes all frames that are there, up to a subscription: it is answered before anything else is done.
    fn work(&mut self) -> Flow {
        while self.waiting.is_none() {
            let (Stage::Open(reader, _) | Stage::Over(reader)) = &mut self.stage else { return Flow::Close };
            let received = reader.read();
            let frames = reader.frames() - self.counted;
            self.counted += frames;
            let closes = u64::from(matches!(received, Ok(Some(Received::Close(_)))));
            self.outlet.meter().count(|traffic| {
                traffic.events_up += frames - closes;
                traffic.handshake_up += closes;
            });
            match received {
                Ok(None) => return Flow::Continue,
                Err(closing) => return self.closes(closing, false),
                Ok(Some(received)) => {
                    self.silent = 0;
                    // Who was cut off amid what it said is not served to its end.
                    if self.outlet.is_open() && matches!(self.stage, Stage::Open(..)) && self.take(received) == Flow::Close {
                        return Flow::Close;
                    }
                }
            }
        }
        Flow::Continue
    }

    fn take(&mut self, received: Received) -> Flow {
        let Stage::Open(_, listener) = &self.stage else { return Flow::Close };
        let wish = match (received, listener.form.encoding) {
            (Received::Ping(payload), _) => {
                self.send_event(&frame::frame(Opcode::Pong, false, &payload));
                return Flow::Continue;
            }
            (Received::Pong, _) => return Flow::Continue,
            (Received::Close(code), _) => return self.closes(Closing { code: code.unwrap_or(frame::NORMAL), reason: "" }, true),
            (Received::Text(text), Encoding::Json) => Wish::read_json(&text),
            (Received::Binary(message), Encoding::Binary) => Wish::read_binary(message),
            (Received::Text(_), _) => return self.closes(Closing { code: frame::UNSUPPORTED, reason: "binary messages were agreed on" }, true),
            (Received::Binary(_), _) => return self.closes(Closing { code: frame::UNSUPPORTED, reason: "text messages were agreed on" }, true),
        };
        self.messages += 1;
        match wish {
            Ok(Wish::Subscribe(topics)) => {
                self.waiting = Some(Waiting { names: topics.into_iter(), done: 0 });
                Flow::Continue
            }
            Ok(Wish::Publish { topic, id, payload }) => {
                let listener = Rc::clone(listener);
                self.publish(&listener, &topic, id, payload);
                Flow::Continue
            }
            Err(why) => self.closes(Closing { code: frame::INVALID, reason: why }, true),
        }
    }

    fn publish(&self, listener: &Listener, topic: &str, id: u32, payload: bytes::Bytes) {
        // From here on this connection is the publishers' leg.
        self.outlet.meter().is_publisher();
        let size = payload.len() as u64;
        self.outlet.meter().count(|traffic| traffic.payload_bytes += size);
        listener.say(&match self.server.hub.publish(topic, payload) {
            Ok(()) => Word::Acknowledged(id),
            Err(why) => Word::Refused { id, why: why.into() },
        });
    }

    /// Says goodbye; `hears` says whether what still comes in can be counted.
    fn closes(&mut self, closing: Closing, hears: bool) -> Flow {
        self.leave();
        self.stage = match std::mem::replace(&mut self.stage, Stage::Deaf) {
            Stage::Open(reader, _) => {
                self.outlet.meter().count(|traffic| traffic.handshake_down += 1);
                self.outlet.send(&[&frame::close_frame(closing)]);
                if hears { Stage::Over(reader) } else { Stage::Deaf }
            }
            Stage::Over(reader) if hears => Stage::Over(reader),
            _ => Stage::Deaf,
        };
        Flow::Close
    }

    fn leave(&mut self) {
        self.waiting = None;
        if let Stage::Open(_, listener) = &self.stage {
            for topic in self.topics.drain(..) {
                self.server.hub.unsubscribe(&topic, listener.number);
            }
        }
    }

    fn count_handshake_up(&self) {
        self.outlet.meter().count(|traffic| traffic.handshake_up += 1);
    }

    fn say_in_http(&self, response: &str) {
        self.outlet.meter().count(|traffic| traffic.handshake_down += 1);
        self.outlet.send(&[response.as_bytes()]);
    }

    fn send_event(&self, frame: &[u8]) {
        self.outlet.meter().count(|traffic| traffic.events_down += 1);
        self.outlet.send(&[frame]);
    }
}

impl Session for WebSession {
    fn feed(&mut self, bytes: &[u8]) -> Flow {
        match &mut self.stage {
            Stage::Handshake(_) => self.shake_hands(bytes),
            Stage::Open(reader, _) | Stage::Over(reader) => {
                reader.push(bytes);
                self.work()
            }
            Stage::Deaf => Flow::Close,
        }
    }

    fn pour(&mut self, room: usize) -> bool {
        while self.outlet.is_open() && self.outlet.queued() < room {
            let Stage::Open(_, listener) = &self.stage else { return false };
            let Some(waiting) = &mut self.waiting else { return false };
            let word = match waiting.names.next() {
                None => Word::Subscribed(waiting.done),
                Some(name) => match self.server.hub.subscribe(&name, listener) {
                    Ok(new) => {
                        waiting.done += 1;
                        self.topics.extend(new);
                        continue;
                    }
                    Err(why) => Word::Refused { id: 0, why: why.into() },
                },
            };
            // All of it is done, or the rest is given up.
            listener.say(&word);
            self.waiting = None;
            if self.work() == Flow::Close {
                self.outlet.close();
            }
        }
        self.waiting.is_some()
    }

    fn under_way(&self) -> Option<u64> {
        match &self.stage {
            Stage::Handshake(_) => Some(0),
            Stage::Open(reader, _) if reader.is_amid() => Some(self.messages + 1),
            _ => None,
        }
    }

    fn rhythm(&self) -> Option<Duration> {
        matches!(self.stage, Stage::Open(..)).then_some(self.server.heartbeat)
    }

    fn beat(&mut self) -> Flow {
        if self.server.heartbeat.saturating_mul(self.silent) >= self.server.patience.max(self.server.heartbeat.saturating_mul(2)) {
            return self.closes(Closing { code: frame::POLICY, reason: "pings were not answered" }, true);
        }
        self.silent += 1;
        self.send_event(&frame::frame(Opcode::Ping, false, b""));
        Flow::Continue
    }

    fn late(&mut self) {
        match self.stage {
            Stage::Handshake(_) => self.say_in_http(&handshake::too_slow()),
            _ => _ = self.closes(Closing { code: frame::POLICY, reason: "a message took too long" }, false),
        }
        self.stage = Stage::Deaf;
    }

    fn stop(&mut self) {
        if matches!(self.stage, Stage::Open(..)) {
            self.closes(Closing { code: frame::GOING_AWAY, reason: "the server stops" }, true);
        }
    }

    fn turn_away(&mut self) {
        self.say_in_http(&handshake::busy());
        self.stage = Stage::Deaf;
    }

    fn ended(&mut self) {
        self.leave();
        self.stage = match std::mem::replace(&mut self.stage, Stage::Deaf) {
            // Where nobody said goodbye the connection broke, and nobody would hear one.
            Stage::Open(reader, _) | Stage::Over(reader) => Stage::Over(reader),
            Stage::Handshake(_) | Stage::Deaf => Stage::Deaf,
        };
        // What a subscription held up is counted, and nothing else.
        self.work();
    }
}
