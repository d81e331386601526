//! `pushbench serve`.

use clap::Args;

use super::exit::{Exit, Trouble};

/// Serves one embedded server alone, for other clients
#[derive(Debug, Args)]
pub struct ServeArguments {}

/// Serves one embedded server alone, for other clients
///
/// # Errors
/// See [`Trouble`].
pub fn serve(_arguments: &ServeArguments) -> Result<Exit, Trouble> {
    Err(Trouble::usage("not built yet"))
}
