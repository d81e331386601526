//! XMPP over loopback: the contender `xmpp-pubsub`, and the server against raw XML, raw frames and raw requests.

mod bosh;
mod clients;
mod contender;
mod options;
mod protection;
mod server;
mod serving;
mod support;
mod websocket;
