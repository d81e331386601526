//! Hostile peers of the XMPP server, which runs as a process of its own, and of both XMPP clients. Each case is a row of
//! docs/reliability.md: what was tried, and what was seen to happen.

mod clients;
mod floods;
#[path = "../support/page.rs"]
mod page;
mod pair;
mod sasl;
#[path = "../support/served.rs"]
mod served;
mod server;
#[path = "../xmpp/serving.rs"]
#[expect(dead_code, reason = "the tests of XMPP use more of it")]
mod serving;
mod slow;
mod streams;
#[path = "../xmpp/support.rs"]
#[expect(dead_code, unused_imports, reason = "the tests of XMPP use more of it")]
mod support;

/// Each test here loads the machine, and reads memory.
pub static ALONE: std::sync::Mutex<()> = std::sync::Mutex::new(());
