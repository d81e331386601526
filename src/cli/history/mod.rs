//! `pushbench history`: what figures were over many runs, and where they changed.

mod add;
mod changes;
mod index;
mod show;

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::exit::{Exit, Trouble};
use super::report::{print, told};
use crate::history::{Broken, Entry, Figure, History, load};
use crate::report::history::{Output, Shown, write_all};
use crate::report::terminal::clean;
use crate::summary::gate;
use crate::summary::history::{Search, at};

/// Keeps figures of many runs in a file, and shows where they changed
///
/// The file has a line of JSON for each run: it can be committed, and merged by git (docs/ci.md#history).
///
/// For example: pushbench history add reports/ci-smoke/2026-11-24T06-30-00Z --label "$(git rev-parse --short HEAD)"
#[derive(Debug, Args)]
pub struct HistoryArguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Add(add::AddArguments),
    Show(show::ShowArguments),
    Changes(changes::ChangesArguments),
    Index(index::IndexArguments),
}

/// Which file.
#[derive(Debug, Args)]
struct Place {
    /// The file of the history
    #[arg(long, value_name = "FILE", default_value = "history.jsonl")]
    file: PathBuf,
}

/// Which runs and figures.
#[derive(Debug, Args)]
struct Filter {
    /// Contenders by name, separated by commas; all without it
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    only: Option<Vec<String>>,

    /// Scenarios by name, separated by commas; all without it
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    scenario: Option<Vec<String>>,

    /// Load point: swept values such as workload.topics=100, with semicolons between several; all without it
    #[arg(long, value_name = "VALUES")]
    at: Option<String>,
}

/// What counts as a change.
#[derive(Debug, Args)]
struct How {
    /// How probable a difference may be without a change: below this it is one
    #[arg(long, value_name = "SHARE", default_value_t = 0.001, value_parser = share)]
    error: f64,

    /// By which share a figure must change; as `pushbench compare` has it unless set: 1 % of counts, 5 % of times, 10 % of tails
    #[arg(long, value_name = "SHARE", value_parser = share)]
    magnitude: Option<f64>,

    /// Runs that are looked at together
    #[arg(long, value_name = "RUNS", default_value_t = 50, value_parser = clap::value_parser!(u32).range(2..=1_000))]
    window: u32,
}

/// Runs `pushbench history`.
///
/// # Errors
/// See [`Trouble`].
pub fn history(arguments: &HistoryArguments) -> Result<Exit, Trouble> {
    match &arguments.command {
        Command::Add(arguments) => add::add(arguments),
        Command::Show(arguments) => show::show(arguments),
        Command::Changes(arguments) => changes::changes(arguments),
        Command::Index(arguments) => index::index(arguments),
    }
}

/// A number from 0 to 1.
fn share(text: &str) -> Result<f64, String> {
    let share = text.parse::<f64>().ok().filter(|share| (0.0..=1.0).contains(share));
    share.ok_or_else(|| "allowed: a number from 0 to 1, such as 0.05 for 5 %".to_owned())
}

impl How {
    fn search(&self) -> Search {
        Search { window: self.window as usize, error: self.error, magnitude: self.magnitude }
    }
}

impl Place {
    /// Reads the history, all figures or those of these names; what of it cannot be read is told.
    fn read(&self, metrics: Option<&[&str]>) -> Result<History, Trouble> {
        let history = load(&self.file, metrics).map_err(Trouble::usage)?;
        warn(&self.file, &history.broken, history.broken_lines);
        Ok(history)
    }
}

impl Filter {
    /// Whether a figure of a run is asked for.
    fn wants(&self, entry: &Entry, figure: &Figure) -> bool {
        let is_among = |names: &Option<Vec<String>>, name: &str| names.as_ref().is_none_or(|names| names.iter().any(|wanted| wanted == name));
        is_among(&self.only, &figure.contender)
            && is_among(&self.scenario, &entry.scenario)
            && self.at.as_ref().is_none_or(|point| at(&figure.load_point, point))
    }

    /// What the history has of what is asked for.
    ///
    /// # Errors
    /// The history does not know a name, or has none of it.
    fn shown<'h>(&self, history: &'h History, search: Search, metric: Option<&str>) -> Result<Shown<'h>, Trouble> {
        self.refuse_unknown(history)?;
        let is_metric = |figure: &Figure| metric.is_none_or(|metric| metric == figure.metric);
        let shown = Shown::new(history, search, |entry, figure| is_metric(figure) && self.wants(entry, figure));
        if !shown.trends.is_empty() {
            return Ok(shown);
        }
        let what = metric.map_or_else(String::new, |metric| format!("{metric:?} of "));
        Err(Trouble::usage(format!("no run of the history has {what}what is asked for\n  = help: ask for another, or leave out --only, --scenario and --at")))
    }

    fn refuse_unknown(&self, history: &History) -> Result<(), Trouble> {
        let refuse = |what: &str, wanted: &Option<Vec<String>>, known: Vec<&str>| {
            let unknown = wanted.iter().flatten().find(|name| !known.contains(&name.as_str()));
            unknown.map_or(Ok(()), |name| Err(Trouble::usage(format!("the history has no {what} {name:?}\n  = allowed: {}", known.join(", ")))))
        };
        refuse("contender", &self.only, history.names(|entry| entry.contenders.iter().map(|contender| contender.name.as_str()).collect()))?;
        refuse("scenario", &self.scenario, history.names(|entry| vec![entry.scenario.as_str()]))?;
        let points = history.names(|entry| entry.figures.iter().map(|figure| figure.load_point.as_str()).filter(|point| !point.is_empty()).collect());
        match &self.at {
            Some(wanted) if !points.iter().any(|point| at(point, wanted)) => {
                let allowed = if points.is_empty() { "none: nothing is swept".to_owned() } else { points.join(", ") };
                Err(Trouble::usage(format!("the history has no load point {wanted:?}\n  = allowed: {allowed}")))
            }
            _ => Ok(()),
        }
    }
}

/// Whether this version knows a figure that can be better or worse.
///
/// # Errors
/// It does not; lists those that there are.
fn known(metric: &str) -> Result<&'static str, Trouble> {
    let found = gate::NAMES.iter().copied().find(|name| *name == metric);
    found.ok_or_else(|| Trouble::usage(format!("{metric:?} is not a figure that a history has\n  = allowed: {}", gate::NAMES.join(", "))))
}

/// Warns of what in a file is no run.
fn warn(file: &Path, lines: &[Broken], all: usize) {
    let file = file.display();
    let one = |Broken { line, problem, torn }: &Broken| {
        let what = if *torn { "is torn: whoever wrote it did not get further" } else { "is no run of a history" };
        format!("{file}, line {line} {what}, and left out ({problem})")
    };
    let rest = all.saturating_sub(lines.len());
    let rest = (rest > 0).then(|| format!("{file}: {rest} more lines are no runs, and left out"));
    for told in lines.iter().map(one).chain(rest) {
        // Where nobody reads stderr any more, that is no reason to end.
        let _ = writeln!(io::stderr(), "warning: {}", clean(&told));
    }
}

/// Writes what is asked for into a folder, and tells.
///
/// # Errors
/// A file cannot be written.
fn written(shown: &Shown<'_>, folder: Option<&Path>, outputs: &[Output]) -> Result<(), Trouble> {
    let Some(folder) = folder.filter(|_| !outputs.is_empty()) else { return Ok(()) };
    let written = write_all(shown, folder, outputs).map_err(Trouble::cannot_run)?;
    print(&format!("Written to {}: {}\n", folder.display(), told(&written)));
    Ok(())
}
