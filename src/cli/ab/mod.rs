//! `pushbench ab`: two builds, or two scenarios, measured in turn and compared.

pub(super) mod turns;

use std::path::{Path, PathBuf};

use clap::Args;

use super::REGISTRY;
use super::compare::{Sides, rules_of, show, usual};
use super::exit::{Exit, Trouble};
use super::run::own_file;
use crate::measure::recording::{make_folder, try_folder};
use crate::scenario::{Compare, Scenario};
use crate::summary::gate::{Judgement, Rules, Verdict, looks};
use crate::units::show_seconds;
use turns::{Side, Turns, remove, say};

/// Pairs unless told otherwise: a change of 5 % is then seen nine times of ten at 2.5 % of noise, whatever the machine drifts by.
const PAIRS: u32 = 10;

/// Runs two builds in turn on this machine, and compares them
///
/// A pair is one repeat of the scenario by each, A B, B A, A B, …, so that what drifts hits both. A first pair warms the machine up
/// and is thrown away. A regression is measured once more before it fails (docs/ci.md).
///
/// For example: pushbench ab scenarios/ci-smoke.toml --base target/main/pushbench --new target/release/pushbench
///
/// Two scenarios, by this program: pushbench ab before.toml after.toml
#[derive(Debug, Args)]
pub struct AbArguments {
    /// The scenario, of both sides or of the base
    scenario: PathBuf,

    /// The scenario of the new side, where it is another
    new_scenario: Option<PathBuf>,

    /// The program of the base; this one unless set
    #[arg(long, value_name = "BIN")]
    base: Option<PathBuf>,

    /// The program of the new side; this one unless set
    #[arg(long, value_name = "BIN")]
    new: Option<PathBuf>,

    /// Pairs; at most, with --auto
    #[arg(long, value_name = "NUMBER", default_value_t = PAIRS, value_parser = clap::value_parser!(u32).range(6..=200))]
    pairs: u32,

    /// Pairs that are run first and thrown away
    #[arg(long, value_name = "NUMBER", default_value_t = 1, value_parser = clap::value_parser!(u32).range(0..=10))]
    warm_up: u32,

    /// Stops as soon as the verdict is settled; each look asks for more, so that all of them together err no more often than one
    #[arg(long)]
    auto: bool,

    /// Fails at the first regression, without measuring it once more
    #[arg(long)]
    no_confirmation: bool,

    /// Contenders by name, separated by commas; all without it
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    only: Option<Vec<String>>,

    /// Seed in place of the scenario's
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(..=i64::MAX as u64))]
    seed: Option<u64>,

    /// A TOML file whose [compare] holds, in place of that of the new side's scenario
    #[arg(long, value_name = "FILE")]
    rules: Option<PathBuf>,

    /// Folder for recordings and comparison, which holds none yet [default: reports/ab/SCENARIO/TIME]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Runs two sides in turn and compares them.
///
/// # Errors
/// See [`Trouble`].
pub fn ab(arguments: &AbArguments) -> Result<Exit, Trouble> {
    let new_scenario = arguments.new_scenario.as_ref().unwrap_or(&arguments.scenario);
    if arguments.base == arguments.new && *new_scenario == arguments.scenario {
        return Err(Trouble::usage("both sides are the same: give --base or --new a program, or a second scenario"));
    }
    let rules = rules(arguments, new_scenario)?;
    let program = |given: &Option<PathBuf>| given.clone().map_or_else(own_file, Ok);
    let sides =
        [Side::tried("base", program(&arguments.base)?, arguments.scenario.clone())?, Side::tried("new", program(&arguments.new)?, new_scenario.clone())?];
    let folder = new_folder("ab", arguments.out.as_ref(), new_scenario)?;
    let mut turns = Turns::new(sides, arguments.only.as_deref(), arguments.seed, arguments.pairs / 2)?;
    warm_up(&mut turns, &folder, arguments.warm_up)?;
    let looks = if arguments.auto { looks(arguments.pairs) } else { vec![arguments.pairs] };
    let rules = Rules { looks: u32::try_from(looks.len()).unwrap_or(u32::MAX), ..rules };
    let first = measure(&mut turns, &folder, &looks, &rules)?;
    if first.pairs == 0 {
        return Err(Trouble { exit: Exit::Interrupted, message: "interrupted in the first pair: there is nothing to compare".to_owned() });
    }
    let exit = read(&folder, first.pairs)?.judged(&rules, None, |mut judgement| {
        let mut whole = first.whole;
        if whole && !arguments.no_confirmation && judgement.count(Verdict::Regressed) > 0 {
            whole = confirm(&mut turns, &folder.join("confirmation"), first.pairs, &rules, &mut judgement)?;
        }
        let exit = show(&judgement, &usual(), Some(&folder))?;
        Ok(if whole { exit } else { Exit::Interrupted.or(exit) })
    })?;
    Ok(exit)
}

/// Runs pairs that are thrown away.
pub(super) fn warm_up(turns: &mut Turns, folder: &Path, pairs: u32) -> Result<(), Trouble> {
    let aside = folder.join("warm-up");
    for number in 1..=pairs {
        say(&format!("warm-up, pair {number} of {pairs}: thrown away"));
        let whole = turns.pair(&aside, number)?;
        remove(&aside)?;
        if !whole {
            return Err(Trouble { exit: Exit::Interrupted, message: "interrupted in the warm-up: there is nothing to compare".to_owned() });
        }
    }
    Ok(())
}

/// How far a measurement has come.
pub(super) struct Measured {
    /// Whole pairs.
    pub(super) pairs: u32,
    /// Whether the user let it come to its end.
    pub(super) whole: bool,
}

/// Runs pairs until the last look, or until one finds everything settled. A pair that was interrupted is removed: there is nothing to be held against.
pub(super) fn measure(turns: &mut Turns, folder: &Path, looks: &[u32], rules: &Rules) -> Result<Measured, Trouble> {
    let most = looks.last().copied().unwrap_or(0);
    let mut pairs = 0;
    for look in looks {
        while pairs < *look {
            let left = turns.longest().as_secs_f64() * f64::from(most - pairs);
            let left = if left > 0.0 { format!(", at most {} to go", show_seconds(left)) } else { String::new() };
            say(&format!("pair {} of {most}{left}", pairs + 1));
            if !turns.pair(folder, pairs + 1)? {
                turns.forget(folder, pairs + 1)?;
                return Ok(Measured { pairs, whole: false });
            }
            pairs += 1;
        }
        if *look < most && read(folder, pairs)?.judged(rules, None, |judgement| judgement.is_settled()) {
            say(&format!("settled after {pairs} pairs"));
            break;
        }
    }
    Ok(Measured { pairs, whole: true })
}

/// Measures as many pairs once more, and takes back the regressions that they do not show; `false`: the user wanted to end before.
fn confirm(turns: &mut Turns, folder: &Path, pairs: u32, rules: &Rules, judgement: &mut Judgement<'_>) -> Result<bool, Trouble> {
    say(&format!("something regressed: {pairs} pairs more, to confirm it"));
    let again = measure(turns, folder, &[pairs], rules)?;
    if !again.whole {
        return Ok(false);
    }
    let once = Rules { looks: 1, ..rules.clone() };
    read(folder, again.pairs)?.judged(&once, None, |mut second| {
        second.only_regressed_in(judgement);
        judgement.confirm_by(&second);
    });
    Ok(true)
}

/// The recordings of so many pairs.
pub(super) fn read(folder: &Path, pairs: u32) -> Result<Sides, Trouble> {
    let of = |side: &str| (1..=pairs).map(|number| turns::folder(folder, side, number)).collect::<Vec<PathBuf>>();
    Sides::read(&of("base"), &of("new"))
}

/// Those of a file, or of the new side's scenario.
fn rules(arguments: &AbArguments, new_scenario: &Path) -> Result<Rules, Trouble> {
    let compare = match &arguments.rules {
        Some(file) => Compare::read_file(file, REGISTRY).map_err(Trouble::usage)?,
        None => Scenario::read(new_scenario, REGISTRY).map_err(Trouble::usage)?.compare,
    };
    Ok(rules_of(compare))
}

/// Makes the folder: the user's, which must not hold another comparison, or a new one of ours.
pub(super) fn new_folder(command: &str, given: Option<&PathBuf>, scenario: &Path) -> Result<PathBuf, Trouble> {
    let folder = match given {
        Some(folder) if folder.join("base").exists() || folder.join("new").exists() => {
            return Err(Trouble::usage(format!("{} holds recordings of a comparison already; name another folder with --out, or remove it", folder.display())));
        }
        Some(folder) => folder.clone(),
        None => {
            let name = scenario.file_stem().unwrap_or_default();
            let time = jiff::Timestamp::now().strftime("%Y-%m-%dT%H-%M-%SZ").to_string();
            Path::new("reports").join(command).join(name).join(time)
        }
    };
    let refused = |error: std::io::Error| Trouble::cannot_run(format!("cannot write into the folder {}: {error}; name another with --out", folder.display()));
    make_folder(&folder).map_err(refused)?;
    try_folder(&folder).map_err(refused)?;
    Ok(folder)
}
