//! HTTP, WebSocket and XMPP as we speak them: servers, clients and their plumbing, shared by contenders.
//!
//! A contender is a way of getting updates across; several of them use the same protocol. What they share lives
//! here and knows nothing of any of them.

pub mod http;
pub mod tcp;
pub mod websocket;
pub mod xmpp;
