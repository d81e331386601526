//! What is counted of a session, which hangs on what carries it.
//!
//! *Handshake*: stream headers, features, `starttls`, `proceed`, all of SASL, the binding `iq` and its answer, stream
//! errors and stream footers; turning acknowledgements on. All `iq`, `message` and `presence` after binding are *stanzas*; asking for
//! acknowledgements and giving them (XEP-0198) are *events*. White space and the TLS
//! handshake's own records are bytes, not messages.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use crate::measure::ledger::{Leg, Meter};

/// Counts what crosses a session, at the server.
#[derive(Clone)]
pub enum Counter {
    /// Each stanza is a message of its own: a stream over TCP, or a WebSocket, one frame each.
    Stanzas(Meter),
    /// The stanzas travel in requests and responses of HTTP, which are counted where those are; what is left to count is payload, and whose
    /// connections these are.
    Exchanges(Rc<Exchanges>),
}

/// A session that is spread over requests, each of which may come by another connection.
#[derive(Default)]
pub struct Exchanges {
    /// The connections that it came by last, the latest at the end.
    meters: RefCell<Vec<Meter>>,
    leg: Cell<Option<Leg>>,
    /// Bytes of updates that no response has taken along yet.
    payload: Cell<usize>,
}

/// A session uses so many connections at once (XEP-0124 §11: `requests`).
const CONNECTIONS: usize = 2;

impl Exchanges {
    /// A request has come by this connection.
    pub fn came_by(&self, meter: &Meter) {
        let mut meters = self.meters.borrow_mut();
        meters.retain(|known| !known.is_of_same(meter));
        meters.push(meter.clone());
        if meters.len() > CONNECTIONS {
            meters.remove(0);
        }
        file(meter, self.leg.get());
    }

    /// Bytes of updates that the next response carries.
    pub fn take_payload(&self) -> usize {
        self.payload.take()
    }

    fn is_of(&self, leg: Leg) {
        if self.leg.get().is_none() {
            self.leg.set(Some(leg));
            self.meters.borrow().iter().for_each(|meter| file(meter, Some(leg)));
        }
    }
}

fn file(meter: &Meter, leg: Option<Leg>) {
    match leg {
        Some(Leg::Publisher) => meter.is_publisher(),
        Some(Leg::Witness) => meter.is_witness(),
        Some(Leg::Subscriber) | None => {}
    }
}

impl Counter {
    /// A stanza came in.
    pub fn stanza_up(&self) {
        match self {
            Self::Stanzas(meter) => meter.count(|traffic| traffic.stanzas_up += 1),
            Self::Exchanges(_) => {}
        }
    }

    /// A stanza goes out, with `payload` bytes of updates in it.
    pub fn stanza_down(&self, payload: usize) {
        match self {
            Self::Stanzas(meter) => meter.count(|traffic| {
                traffic.stanzas_down += 1;
                traffic.payload_bytes += payload as u64;
            }),
            Self::Exchanges(exchanges) => exchanges.payload.set(exchanges.payload.get() + payload),
        }
    }

    /// A message of the handshake came in.
    pub fn handshake_up(&self) {
        match self {
            Self::Stanzas(meter) => meter.count(|traffic| traffic.handshake_up += 1),
            Self::Exchanges(_) => {}
        }
    }

    /// A message of the handshake goes out.
    pub fn handshake_down(&self) {
        match self {
            Self::Stanzas(meter) => meter.count(|traffic| traffic.handshake_down += 1),
            Self::Exchanges(_) => {}
        }
    }

    /// A word of stream management came in: neither stanza nor handshake.
    pub fn event_up(&self) {
        match self {
            Self::Stanzas(meter) => meter.count(|traffic| traffic.events_up += 1),
            Self::Exchanges(_) => {}
        }
    }

    /// A word of stream management goes out.
    pub fn event_down(&self) {
        match self {
            Self::Stanzas(meter) => meter.count(|traffic| traffic.events_down += 1),
            Self::Exchanges(_) => {}
        }
    }

    /// What came in last carried so many bytes of updates.
    pub fn payload_up(&self, bytes: u64) {
        match self {
            Self::Stanzas(meter) => meter.count(|traffic| traffic.payload_bytes += bytes),
            Self::Exchanges(exchanges) => {
                if let Some(meter) = exchanges.meters.borrow().last() {
                    meter.count(|traffic| traffic.payload_bytes += bytes);
                }
            }
        }
    }

    /// The session is a publisher's.
    pub fn is_publisher(&self) {
        match self {
            Self::Stanzas(meter) => meter.is_publisher(),
            Self::Exchanges(exchanges) => exchanges.is_of(Leg::Publisher),
        }
    }

    /// The session is an observer's, who belongs to no side of a trial.
    pub fn is_witness(&self) {
        match self {
            Self::Stanzas(meter) => meter.is_witness(),
            Self::Exchanges(exchanges) => exchanges.is_of(Leg::Witness),
        }
    }
}
