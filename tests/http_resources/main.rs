//! What contenders add to the HTTP server of topics, byte by byte: resources that are held, streamed, called back.

mod longpoll;
mod raw;
mod sse;
#[path = "../support/mod.rs"]
mod support;
