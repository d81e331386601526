//! The client's half of XMPP PubSub: what publishes and what listens, over any `link`.
//!
//! `link` says what a bound stream can do; `publisher` and `subscriber` know no more of it, so that all clients ask and
//! count alike. `login` gets from a connection to a bound resource over any carrier, careful about what a server may ask
//! (`authentication`). `lean` is our own client, over TCP.

pub mod authentication;
pub mod fetches;
pub mod lean;
pub mod link;
pub mod login;
pub mod publisher;
pub mod requests;
pub mod settings;
pub mod subscriber;
