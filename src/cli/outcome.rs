//! What `run` leaves behind and prints when its trials are over.

use std::path::Path;

use super::exit::{Exit, Trouble};
use crate::measure::recording::Recording;

/// Writes the report and prints the comparison.
pub fn report(_recording: &Recording, _folder: &Path) -> Result<Exit, Trouble> {
    Ok(Exit::Fine)
}
