//! HTTP/1.1: the embedded server of topics, and the client half of everything that polls it.
//!
//! The server is one thread on hyper: `server` accepts and ends connections, `watch` closes those that
//! dawdle, `answer` turns requests into responses, `conditions` judges If-Match and its kin (RFC 9110 §13),
//! `store` keeps the topics. In the client `caller` counts, and sends through `library` (reqwest) or
//! `lean` (ours, with `response` and `chunks` as its parser); `poller` is a subscriber that asks, `publisher` puts; `polling`
//! is all of it as a contender's protocol.

mod answer;
pub mod caller;
mod chunks;
mod conditions;
pub mod forecast;
mod lean;
mod library;
mod page;
pub mod poller;
pub mod polling;
pub mod publisher;
mod response;
pub mod server;
pub mod settings;
mod store;
mod watch;
