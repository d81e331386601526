//! `pushbench compare`.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::REGISTRY;
use super::exit::{Exit, Trouble};
use super::report::{of_outcome, print, style, told};
use super::side_by_side::{by_folder, has};
use crate::measure::recording::Recording;
use crate::report::ci::{Feed, annotations, case};
use crate::report::gate::{Output, terminal, write_all};
use crate::scenario::Compare;
use crate::summary::Summary;
use crate::summary::comparison::Run;
use crate::summary::gate::{FailOn, Judgement, Machines, Rules};

/// Recordings of a side at most: each is held whole.
const MOST_RECORDINGS: usize = 200;

/// Compares recordings of before and after, and fails on a regression
///
/// A side is one recording or several: a recording.json, the folder of a run, or a folder of such folders. Which figures
/// are gated, and by which margins, stands in [compare] of the scenario of the new side (docs/ci.md).
///
/// For example: pushbench compare before after
///
/// Several recordings of each: pushbench compare --base before-1 before-2 --new after-1 after-2
#[derive(Debug, Args)]
pub struct CompareArguments {
    /// What was before
    #[arg(value_name = "BASE", required_unless_present = "base_recordings", requires = "after", conflicts_with = "base_recordings")]
    before: Option<PathBuf>,

    /// What is new
    #[arg(value_name = "NEW")]
    after: Option<PathBuf>,

    /// Recordings of before, in place of BASE; may be given again
    #[arg(long = "base", value_name = "RECORDING", num_args = 1.., requires = "new_recordings")]
    base_recordings: Vec<PathBuf>,

    /// New recordings, in place of NEW; may be given again
    #[arg(long = "new", value_name = "RECORDING", num_args = 1.., requires = "base_recordings")]
    new_recordings: Vec<PathBuf>,

    /// Contenders by name, separated by commas; all without it
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    only: Option<Vec<String>>,

    /// A TOML file whose [compare] holds, in place of that of the new recording's scenario
    #[arg(long, value_name = "FILE")]
    rules: Option<PathBuf>,

    /// What fails besides a regression, separated by commas
    #[arg(long, value_enum, value_delimiter = ',', value_name = "VERDICT")]
    fail_on: Vec<Failing>,

    /// Folder for the files; without it the comparison is printed, and nothing is written
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,

    /// What to make, separated by commas; all but `github` unless set. `terminal` and `github` are printed, all others are files in --out
    #[arg(long = "format", value_enum, value_delimiter = ',', value_name = "FORMAT")]
    formats: Vec<Wanted>,
}

/// What fails a comparison besides a regression.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Failing {
    /// Neither a change nor its absence can be told
    Inconclusive,
    /// The two are of different things, or of different machines
    NotComparable,
}

/// A format on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Wanted {
    /// The verdicts, on standard output
    Terminal,
    /// compare.md, for a pull request or $GITHUB_STEP_SUMMARY
    Md,
    /// compare.json
    Json,
    /// junit.xml: a test case for each figure
    Junit,
    /// Annotations of GitHub, on standard output
    Github,
    /// benchmark-smaller.json, benchmark-bigger.json: for github-action-benchmark
    BenchmarkAction,
    /// bencher.json: Bencher Metric Format
    Bencher,
    /// openmetrics.txt
    Openmetrics,
}

impl Wanted {
    fn output(self) -> Option<Output> {
        match self {
            Self::Terminal | Self::Github => None,
            Self::Md => Some(Output::Markdown),
            Self::Json => Some(Output::Json),
            Self::Junit => Some(Output::Pipeline(Feed::Junit)),
            Self::BenchmarkAction => Some(Output::Pipeline(Feed::BenchmarkAction)),
            Self::Bencher => Some(Output::Pipeline(Feed::Bencher)),
            Self::Openmetrics => Some(Output::Pipeline(Feed::OpenMetrics)),
        }
    }
}

/// Compares recordings.
///
/// # Errors
/// See [`Trouble`].
pub fn compare(arguments: &CompareArguments) -> Result<Exit, Trouble> {
    let wanted = wanted(arguments)?;
    let base = expanded(&arguments.before, &arguments.base_recordings)?;
    let new = expanded(&arguments.after, &arguments.new_recordings)?;
    let sides = Sides::read(&base, &new)?;
    let rules = rules(arguments, &sides)?;
    let only = arguments.only.as_deref();
    if let Some(only) = only {
        sides.refuse_unknown(only)?;
    }
    sides.judged(&rules, only, |judgement| {
        if judgement.judged.is_empty() {
            return Err(Trouble::usage(format!(
                "there is nothing to compare: no contender has a gated figure at the same load point on both sides\n{}\n  = help: give runs of the same scenario, or give contenders the same names",
                judgement.comparison.runs.iter().map(has).collect::<Vec<_>>().join("\n")
            )));
        }
        show(&judgement, &wanted, arguments.out.as_deref())
    })
}

/// Recordings of two sides.
pub(super) struct Sides {
    recordings: Vec<Recording>,
    names: Vec<String>,
    /// How many of them are of the base.
    base: usize,
}

impl Sides {
    /// Reads them.
    ///
    /// # Errors
    /// One of them cannot be read.
    pub(super) fn read(base: &[PathBuf], new: &[PathBuf]) -> Result<Self, Trouble> {
        let paths: Vec<PathBuf> = base.iter().chain(new).cloned().collect();
        let recordings = paths.iter().map(|path| Recording::read(path)).collect::<Result<Vec<_>, _>>().map_err(Trouble::usage)?;
        Ok(Self { recordings, names: by_folder(&paths), base: base.len() })
    }

    /// Judges the new ones by the base, of all contenders or only of these, and has that looked at.
    pub(super) fn judged<T>(&self, rules: &Rules, only: Option<&[String]>, look: impl FnOnce(Judgement<'_>) -> T) -> T {
        let summaries: Vec<Summary<'_>> = self.recordings.iter().map(Summary::new).collect();
        let mut runs: Vec<Run<'_>> = summaries.iter().zip(&self.names).map(|(summary, name)| Run { name, summary }).collect();
        let new = runs.split_off(self.base);
        let wanted = |name: &str| only.is_none_or(|only| only.iter().any(|wanted| wanted == name));
        look(Judgement::new(runs, new, rules, wanted))
    }

    fn refuse_unknown(&self, only: &[String]) -> Result<(), Trouble> {
        let mut known: Vec<&str> = self.recordings.iter().flat_map(|recording| &recording.contenders).map(|contender| contender.name.as_str()).collect();
        known.sort_unstable();
        known.dedup();
        match only.iter().find(|name| !known.contains(&name.as_str())) {
            Some(name) => Err(Trouble::usage(format!("no recording has a contender {name:?}\n  = allowed: {}", known.join(", ")))),
            None => Ok(()),
        }
    }
}

/// Prints and writes a judgement.
pub(super) fn show(judgement: &Judgement<'_>, wanted: &[Wanted], out: Option<&Path>) -> Result<Exit, Trouble> {
    let outputs: Vec<Output> = wanted.iter().filter_map(|wanted| wanted.output()).collect();
    // Where files cannot be written, the comparison is still told.
    let written = match out {
        Some(folder) => write_all(judgement, folder, &outputs),
        None => Ok(Vec::new()),
    };
    if wanted.contains(&Wanted::Terminal) {
        print(&terminal::report(judgement, style()));
    }
    if wanted.contains(&Wanted::Github) {
        print(&annotations::lines(&case::of_judgement(judgement)));
    }
    let written = written.map_err(Trouble::cannot_run)?;
    if let Some(folder) = out.filter(|_| !written.is_empty()) {
        print(&format!("Written to {}: {}\n", folder.display(), told(&written)));
    }
    Ok(of_outcome(judgement.outcome()))
}

/// What there is unless something else is set: annotations are for one reader alone.
pub(super) fn usual() -> Vec<Wanted> {
    Wanted::value_variants().iter().copied().filter(|wanted| *wanted != Wanted::Github).collect()
}

/// What to make: what is asked for, or all there is room for.
fn wanted(arguments: &CompareArguments) -> Result<Vec<Wanted>, Trouble> {
    if arguments.formats.is_empty() {
        return Ok(usual());
    }
    match arguments.formats.iter().find(|format| format.output().is_some()) {
        Some(file) if arguments.out.is_none() => {
            let name = file.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned());
            Err(Trouble::usage(format!("--format {name} is a file: say with --out in which folder")))
        }
        _ => Ok(arguments.formats.clone()),
    }
}

/// The recordings of a side; a folder that is no run's stands for the runs in it, by name.
fn expanded(one: &Option<PathBuf>, several: &[PathBuf]) -> Result<Vec<PathBuf>, Trouble> {
    let given: Vec<&PathBuf> = one.iter().chain(several).collect();
    let all: Vec<PathBuf> = given.into_iter().flat_map(|path| runs_in(path)).collect();
    let mut known = HashSet::new();
    let file = |path: &PathBuf| fs::canonicalize(Recording::file(path)).unwrap_or_else(|_| path.clone());
    if let Some(twice) = all.iter().find(|path| !known.insert(file(path))) {
        return Err(Trouble::usage(format!("{} is given twice for one side: its trials would count as more than they are", twice.display())));
    }
    if all.len() > MOST_RECORDINGS {
        return Err(Trouble::usage(format!("{} recordings of one side are too many: give at most {MOST_RECORDINGS}", all.len())));
    }
    Ok(all)
}

/// The recordings in a folder that is no run's, by name; else the path itself.
pub(super) fn runs_in(path: &Path) -> Vec<PathBuf> {
    let is_run = |path: &Path| path.join("recording.json").exists();
    if !path.is_dir() || is_run(path) {
        return vec![path.to_owned()];
    }
    let entries = fs::read_dir(path).into_iter().flatten().filter_map(Result::ok);
    let mut inside: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(|path| is_run(path)).collect();
    inside.sort();
    // Without any, reading the folder itself says what is wrong.
    if inside.is_empty() { vec![path.to_owned()] } else { inside }
}

/// The rules of a file, or of the first new recording's scenario, and what the command line adds.
fn rules(arguments: &CompareArguments, sides: &Sides) -> Result<Rules, Trouble> {
    let compare = match (&arguments.rules, sides.recordings.get(sides.base)) {
        (Some(file), _) => Compare::read_file(file, REGISTRY).map_err(Trouble::usage)?,
        (None, Some(recording)) => {
            let file = format!("{}.toml, as it was run", recording.scenario.name);
            Compare::parse(&recording.scenario.text, &file, REGISTRY).map_err(Trouble::usage)?.unwrap_or_default()
        }
        (None, None) => Compare::default(),
    };
    let mut rules = rules_of(compare);
    rules.fail_on.inconclusive |= arguments.fail_on.contains(&Failing::Inconclusive);
    rules.fail_on.not_comparable |= arguments.fail_on.contains(&Failing::NotComparable);
    Ok(rules)
}

/// What a `[compare]` table means.
pub(super) fn rules_of(compare: Compare) -> Rules {
    let machine = if compare.alike { Machines::Alike } else { Machines::Same };
    let fail_on = FailOn { inconclusive: compare.fail_on_inconclusive, not_comparable: compare.fail_on_not_comparable };
    Rules { gate: compare.gate, margins: compare.margins, machine, fail_on, looks: 1 }
}
