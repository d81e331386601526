//! `pushbench history index`.

use clap::Args;

use super::super::exit::{Exit, Trouble};
use super::super::report::print;
use super::{Place, warn};
use crate::history::{HistoryError, rebuild};
use crate::units::{show_bytes, show_count};

/// Makes the index of a history anew
///
/// An SQLite database beside the file, from which other commands read a few figures of many runs sooner than from the lines. They make it themselves
/// where it is missing, of another state of the file, or broken; it may be deleted at any time.
#[derive(Debug, Args)]
pub struct IndexArguments {
    #[command(flatten)]
    place: Place,
}

/// Makes it.
///
/// # Errors
/// See [`Trouble`].
pub fn index(arguments: &IndexArguments) -> Result<Exit, Trouble> {
    let file = &arguments.place.file;
    let (history, built) = rebuild(file).map_err(|error| match error {
        HistoryError::Index { .. } => Trouble::cannot_run(error),
        _ => Trouble::usage(error),
    })?;
    warn(file, &history.broken, history.broken_lines);
    let count = |count: usize| show_count(i64::try_from(count).unwrap_or(i64::MAX));
    let (runs, figures) = (count(history.entries.len()), count(built.figures));
    print(&format!("{}: {runs} runs, {figures} figures, {}\n", built.path.display(), show_bytes(built.bytes as f64)));
    Ok(Exit::Fine)
}
