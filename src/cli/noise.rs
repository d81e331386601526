//! `pushbench noise`: a scenario against itself.

use std::path::PathBuf;

use clap::Args;

use super::REGISTRY;
use super::ab::turns::{Side, Turns, say};
use super::ab::{measure, new_folder, read, warm_up};
use super::compare::rules_of;
use super::exit::{Exit, Trouble};
use super::report::{print, style};
use super::run::own_file;
use crate::doctor::{self, Verdict};
use crate::measure::facts::Facts;
use crate::report::gate::noise::report;
use crate::scenario::Scenario;
use crate::summary::gate::noise::noise;

/// What sets how fast cores run, by the names of `doctor`: told whether or not it is bad.
const FREQUENCY: [&str; 2] = ["governor", "boost"];

/// Measures how much each figure varies on this machine, and what can be gated on
///
/// Runs a scenario against itself in turn, as `pushbench ab` would: what differs is noise. Tells for each figure by how much a trial varies,
/// which change could be seen, how many pairs a change of 5 % takes, and a table for the scenario to paste (docs/ci.md).
///
/// For example: pushbench noise scenarios/ci-smoke.toml
#[derive(Debug, Args)]
pub struct NoiseArguments {
    /// The scenario
    scenario: PathBuf,

    /// Pairs of runs
    #[arg(long, value_name = "NUMBER", default_value_t = 10, value_parser = clap::value_parser!(u32).range(6..=200))]
    pairs: u32,

    /// Pairs of the comparisons to come; as many as are run here unless set
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(6..=10_000))]
    for_pairs: Option<u32>,

    /// Contenders by name, separated by commas; all without it
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    only: Option<Vec<String>>,

    /// Folder for the recordings, which holds none yet [default: reports/noise/SCENARIO/TIME]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Measures the noise.
///
/// # Errors
/// See [`Trouble`].
pub fn measure_noise(arguments: &NoiseArguments) -> Result<Exit, Trouble> {
    let rules = rules_of(Scenario::read(&arguments.scenario, REGISTRY).map_err(Trouble::usage)?.compare);
    let side = |name| Side::tried(name, own_file()?, arguments.scenario.clone());
    let sides = [side("base")?, side("new")?];
    let folder = new_folder("noise", arguments.out.as_ref(), &arguments.scenario)?;
    let mut turns = Turns::new(sides, arguments.only.as_deref(), None, arguments.pairs / 2)?;
    warm_up(&mut turns, &folder, 1)?;
    let measured = measure(&mut turns, &folder, &[arguments.pairs], &rules)?;
    if measured.pairs < 2 {
        return Err(Trouble { exit: Exit::Interrupted, message: "interrupted: one pair tells nothing of the noise".to_owned() });
    }
    let pairs = arguments.for_pairs.unwrap_or(arguments.pairs) as usize;
    print(&read(&folder, measured.pairs)?.judged(&rules, None, |judgement| report(&judgement, &noise(&judgement, pairs), pairs, style())));
    for finding in doctor::findings(&Facts::read()) {
        if finding.verdict == Verdict::Bad {
            say(&format!("{}: {}. {} (`pushbench doctor` says what mends it)", finding.what, finding.value, finding.why));
        } else if FREQUENCY.contains(&finding.name) {
            print(&format!("{}: {}. {}\n", finding.what, finding.value, finding.why));
        }
    }
    print(&format!("Recordings are in {}\n", folder.display()));
    Ok(if measured.whole { Exit::Fine } else { Exit::Interrupted })
}
