//! The choice of client: a library that people use, or a lean one of our own.
//!
//! A load generator should cost little beside what it measures; a user's program pays for its library. Both are
//! legitimate questions, so each contender with sockets has both clients and counts alike with either.

use super::settings::{Kind, Setting, Values};

/// Which client the publishers and subscribers use.
pub const CLIENT: Setting = Setting {
    name: "client",
    kind: Kind::Choice(&["lean", "library"]),
    // Measured (docs/performance.md): with the libraries, most of a poll's or a delivery's CPU is the client's, so that the
    // comparison would be one of libraries.
    default: Some("lean"),
    about: "The client of publishers and subscribers: a lean one of our own that leaves more of the machine to the server, or a library that people use.",
};

/// The choice, read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Client {
    /// What people use: reqwest, tokio-xmpp.
    Library,
    /// Our own connections: as little between the harness and the socket as the protocol allows.
    Lean,
}

impl Client {
    /// Reads the setting [`CLIENT`].
    pub fn read(values: &Values) -> Self {
        if values.text(CLIENT.name) == "lean" { Self::Lean } else { Self::Library }
    }
}
