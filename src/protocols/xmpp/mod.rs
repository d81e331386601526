//! An XMPP server core (RFC 6120, RFC 6121, XEP-0060), small enough to embed and strict enough for other people's clients.
//!
//! `reader` turns bytes into elements, `session` takes one stream from its header to its footer, `server` knows who is
//! connected and routes, `pubsub` holds the nodes. None of them touches a socket: bytes leave through an
//! [`outlet::Outlet`], so that TCP (`tcp`), another transport, share everything else.
//! What is missing of a whole server is what a benchmark has no use for: accounts, rosters, offline storage, other servers.

pub mod errors;
pub mod namespaces;
pub mod outlet;
pub mod pubsub;
pub mod reader;
pub mod sasl;
pub mod scram;
pub mod server;
pub mod session;
pub mod stanza;
pub mod tcp;
pub mod tls;
pub mod update;
pub mod xml;
