//! Should this system poll or push? `pushbench` answers with measurements.
//!
//! The map of the house, in reading order. Data flows one way:
//! `scenario` (text → typed) → `plan` (trials) → `run` (a recording) → `summary` (metrics, doubts, verdicts) → `report` (bytes).
//! Only `run` and the contenders touch the network and the clock; `ARCHITECTURE.md` tells why.

pub mod cli;
pub mod contender;
pub mod contenders;
pub mod measure;
pub mod plan;
pub mod protocols;
pub mod random;
pub mod report;
pub mod run;
pub mod scenario;
pub mod summary;
pub mod trace;
pub mod units;
