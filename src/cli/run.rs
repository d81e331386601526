//! `pushbench run`.

use clap::Args;

use super::exit::{Exit, Trouble};

/// Runs a scenario
#[derive(Debug, Args)]
pub struct RunArguments {}

/// Runs a scenario
///
/// # Errors
/// See [`Trouble`].
pub fn run(_arguments: &RunArguments) -> Result<Exit, Trouble> {
    Err(Trouble::usage("not built yet"))
}

/// One side of a trial, started by the harness.
#[derive(Debug, Args)]
pub struct SideArguments {}

/// One side of a trial.
///
/// # Errors
/// See [`Trouble`].
pub fn side(_arguments: &SideArguments) -> Result<Exit, Trouble> {
    Err(Trouble::usage("not built yet"))
}
