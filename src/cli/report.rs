//! `pushbench report`.

use clap::Args;

use super::exit::{Exit, Trouble};

/// Makes reports of a recording again
#[derive(Debug, Args)]
pub struct ReportArguments {}

/// Makes reports of a recording again
///
/// # Errors
/// See [`Trouble`].
pub fn report(_arguments: &ReportArguments) -> Result<Exit, Trouble> {
    Err(Trouble::usage("not built yet"))
}
