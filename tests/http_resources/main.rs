//! What contenders add to the HTTP server of topics, byte by byte: resources that are held, streamed, called back, or made once for all.

mod called;
mod changes;
mod hub;
mod longpoll;
mod raw;
mod sse;
#[path = "../support/mod.rs"]
mod support;
mod windows;
mod wire;
