//! Where everything a client half sends and gets is counted and stamped: by the harness, never by the contender.
//!
//! Pull: `request` just before a request is written (`follow_up` for the next one of a chain, such as the GET of what a feed
//! says has changed), then exactly one of `response` or `failed`. A held request has no tick: nobody meant it to find something at once.
//! Push: `sent` and `received`. Payloads go in as they came; the harness alone looks inside.

use crate::measure::clock::Instant;
use crate::measure::traffic::Traffic;

use super::pacer::Tick;

/// A request under way: when it was meant to be sent, and when it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// Intended instant of the first request of the chain; `None` during set-up, and for requests that are held.
    pub intended: Option<Instant>,
    /// When it was sent.
    pub sent: Instant,
}

/// Kinds of messages that are not requests or responses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message {
    /// An XMPP stanza (iq, message, presence) on a bound stream.
    Stanza,
    /// One of another kind: an event of a stream, a frame, a packet, a callback or its answer.
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

/// What came with a response or a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content<'a> {
    /// Nothing that would be an update or tell of one.
    Nothing,
    /// An update, whole.
    Payload(&'a [u8]),
    /// Several.
    Payloads(&'a [&'a [u8]]),
    /// No update, but word that there is one that is wanted, which a request then fetches: a line of a feed, a light ping.
    Pointer,
}

impl<'a> Content<'a> {
    /// The updates.
    pub fn payloads(&self) -> &[&'a [u8]] {
        match self {
            Self::Nothing | Self::Pointer => &[],
            Self::Payload(payload) => std::slice::from_ref(payload),
            Self::Payloads(payloads) => payloads,
        }
    }

    /// Bytes of the updates.
    pub fn size(&self) -> u64 {
        self.payloads().iter().map(|payload| payload.len() as u64).sum()
    }
}

impl<'a> From<Option<&'a [u8]>> for Content<'a> {
    fn from(payload: Option<&'a [u8]>) -> Self {
        payload.map_or(Self::Nothing, Self::Payload)
    }
}

/// Counts, stamps and takes payloads.
pub trait Inbox {
    /// A request is about to be written; `tick` is the pacer's, or `None` for requests of the set-up and those that are held.
    fn request(&self, tick: Option<Tick>) -> Request;

    /// The next request of a chain is about to be written: what it brings waited for the first one, `before`.
    fn follow_up(&self, before: Request) -> Request;

    /// Its response is complete, with what it carried. Says whether any of it was a newer version: without one, and without a
    /// pointer, the request was waste.
    fn response(&self, request: Request, status: u16, content: Content<'_>) -> bool;

    /// It will never get one.
    fn failed(&self, request: Request);

    /// The server has taken a payload that a request carried to it; `bytes` is its size.
    fn payload_sent(&self, bytes: usize);

    /// A message was written; `payload` is the size of the update inside, 0 without.
    fn sent(&self, kind: Message, payload: usize);

    /// A message came in. `asked` says whether it answers one of ours (an iq result): what comes unasked and
    /// brings nothing new is waste. Says whether any of it was a newer version.
    fn received(&self, kind: Message, asked: bool, content: Content<'_>) -> bool;

    /// What came before as a pointer, unasked or asked for, led to nothing new: it was waste after all.
    fn in_vain(&self);

    /// A connection was opened.
    fn connected(&self);

    /// Bytes crossed a socket that the contender itself holds: (towards the server, towards the client).
    fn bytes(&self, up: usize, down: usize);
}
