//! What a server over bare TCP needs, whatever it speaks: an accept loop, bounded ways out, patience, an orderly end.
//!
//! A protocol is a [`Session`]: it is fed the bytes that came in and says through its [`Outlet`] what is to go out. It owns no
//! socket and never waits, so that tests and fuzzers can feed one by hand.

pub mod outlet;
mod serve;

pub use outlet::Outlet;
pub use serve::{Bounds, Flow, Session, serve};
