//! An XMPP server core (RFC 6120, RFC 6121, XEP-0060), small enough to embed and strict enough for other people's clients.
//!
//! `reader` turns bytes into elements, `session` takes one client from its header to its footer, `server` knows who is
//! connected and routes, `pubsub` holds the nodes. None of them touches a socket: elements leave through an
//! [`outlet::Outlet`] so that TCP (`tcp`) and whatever else carries elements share all of it.
//! `framing` and `counter` know how these differ. `client` is the other half.
//! What is missing of a whole server is what a benchmark has no use for: accounts, rosters, offline storage, other servers.

pub mod acks;
pub mod client;
pub mod connection;
pub mod counter;
pub mod embedded;
pub mod errors;
pub mod framing;
pub mod namespaces;
pub mod outlet;
pub mod pubsub;
pub mod reader;
pub mod sasl;
pub mod scram;
pub mod server;
pub mod session;
pub mod stanza;
pub mod stream;
pub mod tcp;
pub mod tls;
pub mod update;

pub mod xml;
