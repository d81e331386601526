//! What crossed between a side and the server, counted alike at both ends.
//!
//! The fields do not depend on who counts, so that *client's count = server's count* is a plain comparison.
//! "Up" is towards the server, "down" away from it.

use std::collections::BTreeMap;
use std::ops::{Add, AddAssign, Sub};

use serde::{Deserialize, Serialize};

/// Counters of one leg (subscriber's or publisher's). All grow from the start of a trial.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Traffic {
    /// Requests sent.
    pub requests: u64,
    /// Responses by status code.
    pub responses: BTreeMap<u16, u64>,
    /// Stanzas towards the server (iq, message, presence), after the stream is bound.
    pub stanzas_up: u64,
    /// Stanzas towards the client, after the stream is bound.
    pub stanzas_down: u64,
    /// Events of a stream towards the server that are neither request, response nor stanza.
    pub events_up: u64,
    /// Events of a stream towards the client: the notifications of mechanisms without stanzas.
    pub events_down: u64,
    /// Messages of the handshake towards the server: stream headers, SASL, resource binding.
    pub handshake_up: u64,
    /// Messages of the handshake towards the client.
    pub handshake_down: u64,
    /// Connections opened.
    pub connections: u64,
    /// Bytes that crossed the socket towards the server, without TCP/IP headers. Zero where this end cannot see them.
    pub bytes_up: u64,
    /// Bytes that crossed the socket towards the client.
    pub bytes_down: u64,
    /// Payload bytes of updates (version 0 included), both ways.
    pub payload_bytes: u64,
    /// TCP segments towards the server, acknowledgements included. Zero where this end cannot see them, as for all that follow.
    #[serde(default)]
    pub segments_up: u64,
    /// TCP segments towards the client.
    #[serde(default)]
    pub segments_down: u64,
    /// Bytes on the wire towards the server: with headers of Ethernet, IP and TCP.
    #[serde(default)]
    pub wire_up: u64,
    /// Bytes on the wire towards the client.
    #[serde(default)]
    pub wire_down: u64,
}

impl Traffic {
    /// All messages both ways.
    pub fn messages(&self) -> u64 {
        self.requests + self.responses_total() + self.stanzas() + self.events_up + self.events_down + self.handshake_up + self.handshake_down
    }

    /// All responses.
    pub fn responses_total(&self) -> u64 {
        self.responses.values().sum()
    }

    /// Stanzas both ways.
    pub fn stanzas(&self) -> u64 {
        self.stanzas_up + self.stanzas_down
    }

    /// Bytes both ways.
    pub fn bytes(&self) -> u64 {
        self.bytes_up + self.bytes_down
    }

    /// TCP segments both ways.
    pub fn segments(&self) -> u64 {
        self.segments_up + self.segments_down
    }

    /// Bytes on the wire both ways.
    pub fn wire(&self) -> u64 {
        self.wire_up + self.wire_down
    }

    fn each(&self, other: &Self, with: impl Fn(u64, u64) -> u64) -> Self {
        let statuses = self.responses.keys().chain(other.responses.keys());
        let of = |traffic: &Self, status: &u16| traffic.responses.get(status).copied().unwrap_or(0);
        Self {
            requests: with(self.requests, other.requests),
            responses: statuses.map(|status| (*status, with(of(self, status), of(other, status)))).filter(|(_, count)| *count > 0).collect(),
            stanzas_up: with(self.stanzas_up, other.stanzas_up),
            stanzas_down: with(self.stanzas_down, other.stanzas_down),
            events_up: with(self.events_up, other.events_up),
            events_down: with(self.events_down, other.events_down),
            handshake_up: with(self.handshake_up, other.handshake_up),
            handshake_down: with(self.handshake_down, other.handshake_down),
            connections: with(self.connections, other.connections),
            bytes_up: with(self.bytes_up, other.bytes_up),
            bytes_down: with(self.bytes_down, other.bytes_down),
            payload_bytes: with(self.payload_bytes, other.payload_bytes),
            segments_up: with(self.segments_up, other.segments_up),
            segments_down: with(self.segments_down, other.segments_down),
            wire_up: with(self.wire_up, other.wire_up),
            wire_down: with(self.wire_down, other.wire_down),
        }
    }
}

impl Add for &Traffic {
    type Output = Traffic;
    fn add(self, other: Self) -> Traffic {
        self.each(other, |a, b| a + b)
    }
}

impl AddAssign<&Traffic> for Traffic {
    fn add_assign(&mut self, other: &Traffic) {
        *self = &*self + other;
    }
}

/// The difference of two snapshots; counters never run backwards.
impl Sub for &Traffic {
    type Output = Traffic;
    fn sub(self, earlier: Self) -> Traffic {
        self.each(earlier, u64::saturating_sub)
    }
}
