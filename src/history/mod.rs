//! What is kept of many runs: JSON lines are the truth, a database beside them an index that may be thrown away.
//!
//! `entry` is a run and its line, `lines` a file of them, whatever has become of it, `file` reads and appends, `index` answers what is asked of few
//! figures of many runs sooner than the lines could. What figures mean, and where they changed, is the business of `summary::history`.

mod entry;
mod file;
mod index;
mod lines;
#[cfg(test)]
mod tests;

pub use entry::{Contender, Entry, Figure, SCHEMA};
pub use file::{Added, HistoryError, LARGEST_FILE, append, load, rebuild};
pub use index::{Built, path_of};
pub use lines::{Broken, History};
