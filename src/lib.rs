//! Should this system poll or push? `pushbench` answers with measurements.
//!
//! The map of the house. Data flows one way:
//! `scenario` (text → typed) → `plan` (trials) → `run` (a recording) → `summary` (metrics, doubts, verdicts) → `report` (bytes).
//! Only `run` and the contenders touch the network and the clock; `ARCHITECTURE.md` tells why,
//! and `tests/architecture` holds the rooms to it.

// Here and not in Cargo.toml: tests and benches may time themselves. What is disallowed, and why, stands in clippy.toml.
#![warn(clippy::disallowed_methods)]

pub mod cli;
pub mod contender;
pub mod contenders;
pub mod doctor;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzzing;
pub mod history;
pub mod measure;
pub mod mistake;
pub mod plan;
pub mod protocols;
pub mod random;
pub mod report;
pub mod run;
pub mod scenario;
pub mod summary;
pub mod trace;
pub mod units;
