//! Where everything a client half sends and gets is counted and stamped: by the harness, never by the contender.
//!
//! Pull: `request` just before a request is written, then exactly one of `response` or `failed`.
//! Push: `sent` and `received`. Payloads go in as they came; the harness alone looks inside.

use crate::measure::clock::Instant;
use crate::measure::traffic::Traffic;

use super::pacer::Tick;

/// A request under way: when it was meant to be sent, and when it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// Intended instant of the first request of the chain; `None` during set-up.
    pub intended: Option<Instant>,
    /// When it was sent.
    pub sent: Instant,
}

/// Kinds of messages that are not requests or responses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message {
    /// An XMPP stanza (iq, message, presence) on a bound stream.
    Stanza,
    /// An event of a stream, such as a notification in memory.
    Event,
    /// A message of the handshake: stream headers, features, SASL, resource binding.
    Handshake,
}

impl Message {
    /// Counts one of this kind towards the server.
    pub fn count_up(self, traffic: &mut Traffic) {
        match self {
            Self::Stanza => traffic.stanzas_up += 1,
            Self::Event => traffic.events_up += 1,
            Self::Handshake => traffic.handshake_up += 1,
        }
    }

    /// Counts one of this kind towards the client.
    pub fn count_down(self, traffic: &mut Traffic) {
        match self {
            Self::Stanza => traffic.stanzas_down += 1,
            Self::Event => traffic.events_down += 1,
            Self::Handshake => traffic.handshake_down += 1,
        }
    }
}

/// Counts, stamps and takes payloads.
pub trait Inbox {
    /// A request is about to be written; `tick` is the pacer's, or `None` for requests of the set-up.
    fn request(&self, tick: Option<Tick>) -> Request;

    /// Its response is complete; `payload` where it carried one. Says whether that was news.
    fn response(&self, request: Request, status: u16, payload: Option<&[u8]>) -> bool;

    /// It will never get one.
    fn failed(&self, request: Request);

    /// The server has taken a payload that a request carried to it; `bytes` is its size.
    fn payload_sent(&self, bytes: usize);

    /// A message was written; `payload` is the size of the update inside, 0 without.
    fn sent(&self, kind: Message, payload: usize);

    /// A message came in. `asked` says whether it answers one of ours (an iq result): what comes unasked and
    /// brings nothing new is waste. `payload` where it carried an update.
    fn received(&self, kind: Message, asked: bool, payload: Option<&[u8]>);

    /// A connection was opened.
    fn connected(&self);

    /// Bytes crossed a socket that the contender itself holds: (towards the server, towards the client).
    fn bytes(&self, up: usize, down: usize);
}
