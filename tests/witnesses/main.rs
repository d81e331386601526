//! Figures of real runs against witnesses that share no code with what they judge: a client in Python for latency
//! (`latency`), the kernel's control groups for CPU (`cpu`), the counters of a network interface for bytes (`wire`),
//! and connections that nobody has planned for the books (`books`).
//!
//! What a witness needs and the machine lacks is said with `SKIPPED` on stderr; where the variable CI is set it is a failure.

#[path = "../support/command.rs"]
mod command;
#[path = "../support/group.rs"]
mod group;
#[path = "../support/served.rs"]
mod served;

mod books;
mod cpu;
mod latency;
mod wire;

use std::io::Write as _;
use std::sync::{Mutex, MutexGuard, PoisonError};

use pushbench::measure::recording::Trial;
use serde_json::Value;

use command::Place;
use served::skipped;

/// Tests that measure real load take turns.
fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a witness has seen, beside what the run says, for whoever reads the log.
fn tell(what: &str) {
    let _ = writeln!(std::io::stderr(), "witness: {what}");
}

/// A port on loopback that was free a moment ago.
fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// The one trial of a run, whose books balance.
fn sound_trial(place: &Place) -> Trial {
    let mut recording = place.recording();
    assert_eq!(recording.trials.len(), 1);
    let trial = recording.trials.remove(0);
    assert!(trial.complete);
    for check in &trial.checks {
        assert!(check.holds, "{check:?}");
    }
    trial
}

/// The causes and grades of all doubts of a run.
fn doubts(place: &Place) -> Vec<(String, String)> {
    let summary: Value = serde_json::from_slice(&std::fs::read(place.report().join("summary.json")).unwrap()).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    summary["doubts"].as_array().unwrap().iter().map(|doubt| (text(&doubt["cause"]), text(&doubt["grade"]))).collect()
}
