//! XMPP over loopback: the contender `xmpp-pubsub`, and the server against raw XML.

mod clients;
mod contender;
mod protection;
mod server;
mod serving;
mod support;
