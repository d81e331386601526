//! Hostile peers of the embedded HTTP server and of both HTTP clients. What was seen stands in docs/reliability.md.
//!
//! The server is a process of its own, `pushbench serve`, so that its memory and CPU can be read; in every case a client
//! that does everything right goes on beside the hostile one.

mod clients;
mod floods;
mod framing;
mod limits;
mod mischief;
#[path = "../support/page.rs"]
mod page;
mod peer;
mod process;
#[path = "../support/served.rs"]
mod served;
mod slow;
#[path = "../support/mod.rs"]
mod support;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// One after the other: memory is read, and time matters.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A row of the table.
fn row(tried: &str, happened: impl Into<String>, others: &str) -> Vec<String> {
    vec![tried.to_owned(), happened.into(), others.to_owned()]
}

#[test]
fn the_server_stands_hostile_clients() {
    let _alone = alone();
    let rows = [framing::rows(), slow::rows(), floods::rows(), limits::rows()].concat();
    page::hold("reliability.md", "hostile-http-server", &["a client", "the server", "others harmed?"], &rows);
}

#[test]
fn both_clients_stand_hostile_servers() {
    let _alone = alone();
    let header = ["a server's answers", "`lean`", "`library`", "the client's memory", "polling of other topics"];
    page::hold("reliability.md", "hostile-http-clients", &header, &clients::rows());
}

#[test]
fn a_server_says_aloud_what_it_opens() {
    use nix::sys::signal::Signal;
    let told = |arguments: &[&str]| served::Served::start(arguments).end(Signal::SIGTERM).1;
    let inside = told(&["rest-poll", "--max-connections", "7", "--max-payload", "2KiB", "--max-topics", "3", "--max-stored", "1MiB", "--patience", "5s"]);
    assert!(inside.contains("limits: 7 connections at once, 2 KiB a payload, 3 topics, 1 MiB stored, 5s of patience\n"), "{inside}");
    assert!(!inside.contains("exposed"), "{inside}");
    let outside = told(&["rest-poll", "--listen", "0.0.0.0:0", "--expose"]);
    assert!(outside.contains("exposed: anyone who reaches 0.0.0.0:"), "{outside}");
    let short = served::Served::with_descriptors(100, &["rest-poll", "--max-connections", "5000"]).end(Signal::SIGTERM).1;
    assert!(short.contains("may open 100 descriptors, fewer than 5,000 connections need"), "{short}");
}
