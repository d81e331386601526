//! HTTP/1.1: the embedded server of topics, and the client half of everything that polls it.
//!
//! The server is one thread on hyper: `server` accepts and ends connections, `busy` turns away those that are too many, `watch`
//! closes those that dawdle, `answer` turns requests into responses, `conditions` judges If-Match and its kin (RFC 9110 §13),
//! `store` keeps the topics, `room` counts the bytes of their payloads, `extension` is what a contender adds, `outbox` what servers that hold
//! requests or streams keep per subscriber. In the client `caller` counts, and sends through `library` (reqwest) or `lean` (ours, with
//! `response` and `chunks` as its parser); `poller` is a subscriber that asks, by the plan of a `rhythm`, `publisher` puts; `polling` is all
//! of it as a contender's protocol.

mod answer;
mod busy;
pub mod caller;
pub mod changes;
mod chunks;
mod conditions;
pub mod extension;
pub mod forecast;
mod lean;
mod library;
pub mod outbox;
mod page;
pub mod poller;
pub mod polling;
pub mod publisher;
pub(crate) mod response;
pub mod rhythm;
mod room;
pub mod server;
pub mod settings;
mod store;
mod watch;
