//! `pushbench history show`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::super::exit::{Exit, Trouble};
use super::super::report::{print, style};
use super::{Filter, How, Place, known, written};
use crate::report::history::{Output, terminal};

/// Shows a figure over the runs, and where it changed
///
/// For example: pushbench history show messages.per_update --only rest-poll --out trend
#[derive(Debug, Args)]
pub struct ShowArguments {
    /// A metric that knows better from worse, or a slope (docs/metrics.md)
    metric: String,

    #[command(flatten)]
    place: Place,

    #[command(flatten)]
    filter: Filter,

    #[command(flatten)]
    how: How,

    /// Runs in each table on the terminal, the latest; charts and files have all
    #[arg(long, value_name = "RUNS", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    newest: u32,

    /// Folder for the files; without it the runs are printed, and nothing is written
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,

    /// What to make, separated by commas; all unless set. `terminal` is printed, all others are files in --out
    #[arg(long = "format", value_enum, value_delimiter = ',', value_name = "FORMAT")]
    formats: Vec<Wanted>,
}

/// A format on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Wanted {
    /// The runs and changes, on standard output
    Terminal,
    /// history.csv: a row for each run
    Csv,
    /// history.json
    Json,
    /// trend-….svg, light and dark: a chart for each scenario and load point
    Svg,
    /// trend-….png, 3200 × 1800, light and dark
    Png,
}

impl Wanted {
    fn output(self) -> Option<Output> {
        match self {
            Self::Terminal => None,
            Self::Csv => Some(Output::Csv),
            Self::Json => Some(Output::Json),
            Self::Svg => Some(Output::Svg),
            Self::Png => Some(Output::Png),
        }
    }
}

/// Shows a figure.
///
/// # Errors
/// See [`Trouble`].
pub fn show(arguments: &ShowArguments) -> Result<Exit, Trouble> {
    let wanted = if arguments.formats.is_empty() { Wanted::value_variants().to_vec() } else { arguments.formats.clone() };
    let file = arguments.formats.iter().find(|format| format.output().is_some());
    if let (Some(file), None) = (file.and_then(ValueEnum::to_possible_value), &arguments.out) {
        return Err(Trouble::usage(format!("--format {} is a file: say with --out in which folder", file.get_name())));
    }
    let metric = known(&arguments.metric)?;
    let history = arguments.place.read(Some(&[metric]))?;
    let shown = arguments.filter.shown(&history, arguments.how.search(), Some(metric))?;
    if wanted.contains(&Wanted::Terminal) {
        print(&terminal::runs(&shown, arguments.newest as usize, style()));
    }
    let outputs: Vec<Output> = wanted.iter().filter_map(|wanted| wanted.output()).collect();
    written(&shown, arguments.out.as_deref(), &outputs)?;
    Ok(Exit::Fine)
}
