//! `pushbench history changes`.

use clap::{Args, ValueEnum};

use super::super::exit::{Exit, Trouble};
use super::super::report::{print, style};
use super::{Filter, How, Place, known};
use crate::report::history::terminal;
use crate::summary::history::{Tendency, Trend, newest as latest};

/// Shows everything that changed, the latest first
///
/// For example: pushbench history changes --newest 5 --fail-on worse
#[derive(Debug, Args)]
pub struct ChangesArguments {
    #[command(flatten)]
    place: Place,

    #[command(flatten)]
    filter: Filter,

    /// Figures by name, separated by commas; all without it
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    metric: Vec<String>,

    #[command(flatten)]
    how: How,

    /// Only changes that began with one of so many latest runs of a scenario
    #[arg(long, value_name = "RUNS", value_parser = clap::value_parser!(u32).range(1..))]
    newest: Option<u32>,

    /// What makes the exit code 1, of the changes that are shown; 4 where a latest run is not to be trusted. Nothing unless set
    #[arg(long, value_enum, value_name = "TENDENCY")]
    fail_on: Option<Failing>,
}

/// What fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Failing {
    /// A change for the worse
    Worse,
    /// Any change
    Any,
}

/// Shows changes.
///
/// # Errors
/// See [`Trouble`].
pub fn changes(arguments: &ChangesArguments) -> Result<Exit, Trouble> {
    let metrics = arguments.metric.iter().map(|metric| known(metric)).collect::<Result<Vec<_>, _>>()?;
    let history = arguments.place.read((!metrics.is_empty()).then_some(metrics.as_slice()))?;
    let mut shown = arguments.filter.shown(&history, arguments.how.search(), None)?;
    if let Some(newest) = arguments.newest {
        let since = latest(&history, newest as usize);
        for Trend { series, changes } in &mut shown.trends {
            changes.retain(|change| since.get(series.scenario).is_none_or(|since| series.points[change.place].entry.instant() >= *since));
        }
    }
    print(&terminal::changes(&shown, style()));
    let fails = |tendency: Tendency| match arguments.fail_on {
        None => false,
        Some(Failing::Worse) => tendency == Tendency::Worse,
        Some(Failing::Any) => true,
    };
    let failed = shown.trends.iter().flat_map(|trend| &trend.changes).any(|change| fails(change.tendency));
    // Who asks whether something is worse now is not answered by runs before.
    let doubted = arguments.fail_on.is_some() && shown.doubted > 0;
    let code = |holds: bool, exit: Exit| if holds { exit } else { Exit::Fine };
    Ok(code(failed, Exit::Broken).or(code(doubted, Exit::Untrusted)))
}
