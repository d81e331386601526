//! `pushbench`: parse, call, print what went wrong, exit.

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;
use pushbench::cli;

fn main() -> ExitCode {
    let arguments = match cli::Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(message) => {
            // Help and version are asked for and go to stdout with code 0; the rest is wrong usage.
            let _ = message.print();
            return if message.use_stderr() { cli::exit::Exit::Usage.into() } else { cli::exit::Exit::Fine.into() };
        }
    };
    match cli::main(arguments) {
        Ok(exit) => exit.into(),
        Err(trouble) => {
            // It may quote a file that somebody else has written: nothing of it may rewrite the screen.
            let plain = |character: char| if character.is_control() && !"\n\t".contains(character) { '\u{FFFD}' } else { character };
            let _ = writeln!(std::io::stderr(), "error: {}", trouble.message.chars().map(plain).collect::<String>());
            trouble.exit.into()
        }
    }
}
