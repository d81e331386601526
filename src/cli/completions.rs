//! `pushbench completions SHELL`.

use std::io::{self, Write as _};

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use super::exit::{Exit, Trouble};

/// Prints a completion script for a shell
///
/// For example: pushbench completions bash > ~/.local/share/bash-completion/completions/pushbench
#[derive(Debug, Args)]
pub struct CompletionsArguments {
    /// The shell
    shell: Shell,
}

/// Prints a completion script.
///
/// # Errors
/// None.
pub fn completions(arguments: &CompletionsArguments) -> Result<Exit, Trouble> {
    // Into memory first: the generator panics where its output cannot be written.
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut super::Arguments::command(), "pushbench", &mut script);
    let _ = io::stdout().write_all(&script);
    Ok(Exit::Fine)
}
