//! `pushbench list`.

use clap::Args;

use super::exit::{Exit, Trouble};

/// Lists contenders, scenarios and reports
#[derive(Debug, Args)]
pub struct ListArguments {}

/// Lists contenders, scenarios and reports
///
/// # Errors
/// See [`Trouble`].
pub fn list(_arguments: &ListArguments) -> Result<Exit, Trouble> {
    Err(Trouble::usage("not built yet"))
}
