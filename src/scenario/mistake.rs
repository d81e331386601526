//! Why there is no scenario: its file cannot be read, or its text has a mistake.

use std::path::PathBuf;

use crate::mistake::Mistake;

/// Why there is no scenario.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    /// The file cannot be read.
    #[error("the scenario {} cannot be read: {why}\n  = help: give the file of a scenario; `pushbench list` shows those in ./scenarios", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        why: std::io::Error,
    },
    /// The text does not say what can be run.
    #[error(transparent)]
    Text(#[from] Box<Mistake>),
}
