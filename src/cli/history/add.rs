//! `pushbench history add`.

use std::path::PathBuf;

use clap::Args;

use super::super::compare::runs_in;
use super::super::exit::{Exit, Trouble};
use super::super::report::print;
use super::{Place, warn};
use crate::history::{Added, Entry, append};
use crate::measure::recording::Recording;
use crate::summary::Summary;
use crate::summary::history::entry;

/// Characters of a label at most: it stands in tables and on charts.
const LONGEST_LABEL: usize = 200;

/// Adds runs to a history
///
/// What is there is never changed: a run that is there already, and the same, is not added again; with another label it is, and the later line holds.
#[derive(Debug, Args)]
pub struct AddArguments {
    /// Recordings: recording.json, the folder of a run, or a folder of such folders
    #[arg(value_name = "RECORDING", required = true)]
    recordings: Vec<PathBuf>,

    /// What the runs were of, such as a commit
    #[arg(long, value_name = "TEXT")]
    label: Option<String>,

    #[command(flatten)]
    place: Place,
}

/// Adds runs.
///
/// # Errors
/// See [`Trouble`].
pub fn add(arguments: &AddArguments) -> Result<Exit, Trouble> {
    let label = arguments.label.as_deref().map(str::trim);
    if label.is_some_and(|label| label.is_empty() || label.chars().count() > LONGEST_LABEL || label.chars().any(char::is_control)) {
        return Err(Trouble::usage(format!("a label is 1 to {LONGEST_LABEL} characters in one line, such as a commit: leave --label out, or give one")));
    }
    let mut entries: Vec<Entry> = Vec::new();
    for path in arguments.recordings.iter().flat_map(|path| runs_in(path)) {
        // One at a time: a recording is large, and what is kept of it small.
        let recording = Recording::read(&path).map_err(Trouble::usage)?;
        let entry = entry(&Summary::new(&recording), label);
        if entry.figures.is_empty() {
            return Err(Trouble::usage(format!(
                "{} has nothing to be kept: no trial was measured to its end\n  = help: leave it out; nothing was added",
                path.display()
            )));
        }
        entries.push(entry);
    }
    let file = &arguments.place.file;
    let Added { added, known, runs, broken, broken_lines } = append(file, &entries).map_err(Trouble::cannot_run)?;
    warn(file, &broken, broken_lines);
    let many = |count: usize| format!("{count} run{}", if count == 1 { "" } else { "s" });
    let known = if known == 0 { String::new() } else { format!(", {} already there", many(known)) };
    print(&format!("{}: {} added{known}; {} in all\n", file.display(), many(added), many(runs)));
    Ok(Exit::Fine)
}
