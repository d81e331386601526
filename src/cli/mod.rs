//! The command line: one file per command, exit codes in one table. Everything printed is printed here.

pub mod ab;
pub mod check;
pub mod compare;
pub mod completions;
pub mod doctor;
pub mod exit;
pub mod history;
pub mod list;
pub mod noise;
mod progress;
pub mod report;
pub mod run;
pub mod selection;
pub mod serve;
mod serve_limits;
mod side_by_side;

use clap::{Parser, Subcommand};

use crate::contenders;
use crate::scenario::Registry;
use crate::summary::{gate, metrics};
use exit::{Exit, Trouble};

/// What scenarios may name: every contender and every metric that there is.
pub const REGISTRY: Registry = Registry { contenders: contenders::ALL, metrics: metrics::NAMES, gated: gate::NAMES, natures: gate::NATURES };

/// Should this system poll or push? Measurements instead of opinions.
///
/// pushbench sends one and the same workload through REST polling and XMPP PubSub, and shows what each
/// costs (requests, bytes, CPU, memory, connections) and what it gives (latency, losses), on both sides.
#[derive(Debug, Parser)]
#[command(name = "pushbench", version, propagate_version = true, after_help = AFTER_HELP)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

const AFTER_HELP: &str = "\
Start here:
  pushbench run scenarios/first-look.toml      a minute, a table, a folder of charts
  pushbench check scenarios/friendfeed-day.toml  what a run would do and need, without running it
  pushbench doctor                             what on this machine would spoil a measurement
  pushbench list                               contenders, scenarios, reports

Exit codes:
  0 fine · 1 a budget was broken, or something regressed · 2 wrong usage, scenario or recording · 3 could not run
  4 ran, but not to be trusted · 130 interrupted (what was measured is saved)";

#[derive(Debug, Subcommand)]
enum Command {
    Run(run::RunArguments),
    Check(check::CheckArguments),
    List(list::ListArguments),
    Report(report::ReportArguments),
    Compare(compare::CompareArguments),
    Ab(ab::AbArguments),
    Noise(noise::NoiseArguments),
    History(history::HistoryArguments),
    Serve(serve::ServeArguments),
    Doctor(doctor::DoctorArguments),
    Completions(completions::CompletionsArguments),
    #[command(hide = true)]
    Side(run::SideArguments),
}

/// Whether a terminal may be written to in colour: unless it knows no escape codes, or `NO_COLOR` is set and not empty (no-color.org).
fn colour_wanted() -> bool {
    !console::is_dumb() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// Runs the command; what goes wrong comes back, with the exit code it means.
///
/// # Errors
/// See [`Trouble`].
pub fn main(arguments: Arguments) -> Result<Exit, Trouble> {
    match arguments.command {
        Command::Run(arguments) => run::run(&arguments),
        Command::Check(arguments) => check::check(&arguments),
        Command::List(arguments) => list::list(&arguments),
        Command::Report(arguments) => report::report(&arguments),
        Command::Compare(arguments) => compare::compare(&arguments),
        Command::Ab(arguments) => ab::ab(&arguments),
        Command::Noise(arguments) => noise::measure_noise(&arguments),
        Command::History(arguments) => history::history(&arguments),
        Command::Doctor(arguments) => doctor::doctor(&arguments),
        Command::Serve(arguments) => serve::serve(&arguments),
        Command::Completions(arguments) => completions::completions(&arguments),
        Command::Side(arguments) => run::side(&arguments),
    }
}
