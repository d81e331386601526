//! `pushbench check`.

use clap::Args;

use super::exit::{Exit, Trouble};

/// Validates a scenario and tells what a run of it would do and need
#[derive(Debug, Args)]
pub struct CheckArguments {}

/// Validates a scenario and tells what a run of it would do and need
///
/// # Errors
/// See [`Trouble`].
pub fn check(_arguments: &CheckArguments) -> Result<Exit, Trouble> {
    Err(Trouble::usage("not built yet"))
}
