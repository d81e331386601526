//! Two sides that run in turn: A B, B A, A B, …, each a process of its own, one repeat at a time.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::Command;
use tokio::runtime::Runtime;

use crate::cli::exit::{Exit, Trouble};
use crate::cli::run::Interrupts;
use crate::measure::clock::{Clock as _, RealClock};
use crate::measure::recording::Recording;
use crate::summary::doubts::OF_OTHERS;
use crate::summary::{Grade, Summary};

/// Lines of a run's last words that are told when it fails.
const LAST_WORDS: usize = 12;

/// What is run on a side.
#[derive(Clone, Debug)]
pub struct Side {
    /// `base` or `new`: also the folder of its recordings.
    pub name: &'static str,
    /// The program.
    pub binary: PathBuf,
    /// The scenario's file.
    pub scenario: PathBuf,
    /// What the program is told besides, where it understands it.
    quiet: Vec<&'static str>,
}

/// Both sides, and how far they are.
pub struct Turns {
    sides: [Side; 2],
    runtime: Runtime,
    interrupts: Interrupts,
    only: Option<String>,
    seed: Option<u64>,
    /// Pairs that may still be measured again because somebody else was on the machine.
    again: u32,
    /// What the slowest pair has taken.
    longest: Duration,
}

/// How a run ended that is not at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    Complete,
    Interrupted,
}

impl Side {
    /// A side whose program and scenario have been tried: the program checks the scenario.
    ///
    /// # Errors
    /// The program cannot be started, or refuses the scenario, in its words and with its exit code.
    pub fn tried(name: &'static str, binary: PathBuf, scenario: PathBuf) -> Result<Self, Trouble> {
        let ask = |arguments: &[&std::ffi::OsStr]| {
            let output = std::process::Command::new(&binary).args(arguments).stdin(Stdio::null()).output();
            output.map_err(|error| {
                Trouble::usage(format!("cannot start the program of the {name} side, {}: {error}\n  = help: give the file of a pushbench", binary.display()))
            })
        };
        let checked = ask(&["check".as_ref(), scenario.as_os_str()])?;
        if !checked.status.success() {
            let exit = if checked.status.code() == Some(3) { Exit::CannotRun } else { Exit::Usage };
            let told = String::from_utf8_lossy(&checked.stderr);
            let told = told.trim().trim_start_matches("error: ");
            return Err(Trouble { exit, message: format!("the {name} side, {}, refuses {}: {told}", binary.display(), scenario.display()) });
        }
        // Of an older build there are reports of each run as well, which take their time and spoil nothing.
        let help = String::from_utf8_lossy(&ask(&["run".as_ref(), "--help".as_ref()])?.stdout).into_owned();
        let quiet = if help.contains("--recording-only") { vec!["--recording-only"] } else { Vec::new() };
        Ok(Self { name, binary, scenario, quiet })
    }
}

impl Turns {
    /// Two sides, of which these contenders are run, with this seed where it is set; so many pairs may be measured again.
    ///
    /// # Errors
    /// The system refuses a runtime or signals.
    pub fn new(sides: [Side; 2], only: Option<&[String]>, seed: Option<u64>, again: u32) -> Result<Self, Trouble> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| Trouble::cannot_run(format!("cannot start: {error}")))?;
        let interrupts = runtime.block_on(async { Interrupts::listen() })?;
        Ok(Self { sides, runtime, interrupts, only: only.map(|names| names.join(",")), seed, again, longest: Duration::ZERO })
    }

    /// What the slowest pair has taken so far.
    pub fn longest(&self) -> Duration {
        self.longest
    }

    /// Runs a pair into `folder/base/NAME` and `folder/new/NAME`; odd numbers begin with the base. A pair that somebody else has disturbed is
    /// measured again, so often. `false`: the user wants to end.
    ///
    /// # Errors
    /// A run failed; in its words.
    pub fn pair(&mut self, folder: &Path, number: u32) -> Result<bool, Trouble> {
        loop {
            let began = RealClock.now();
            let order = if number % 2 == 1 { [0, 1] } else { [1, 0] };
            for side in order {
                let side = self.sides[side].clone();
                let target = self::folder(folder, side.name, number);
                if self.once(&side, &target)? == Ended::Interrupted {
                    return Ok(false);
                }
            }
            self.longest = self.longest.max(RealClock.now().since(began));
            let Some(cause) = self.disturbed(folder, number)? else { return Ok(true) };
            if self.again == 0 {
                say(&format!("pair {number} was disturbed ({cause}), and stays: enough have been measured again"));
                return Ok(true);
            }
            self.again -= 1;
            say(&format!("pair {number} was disturbed ({cause}): once more"));
            self.forget(folder, number)?;
        }
    }

    /// Removes what there is of a pair.
    ///
    /// # Errors
    /// The system refuses.
    pub fn forget(&self, folder: &Path, number: u32) -> Result<(), Trouble> {
        self.sides.iter().try_for_each(|side| remove(&self::folder(folder, side.name, number)))
    }

    /// The cause, where others have spoilt one of the two: what is measured has no part in it, so that measuring again favours nobody.
    fn disturbed(&self, folder: &Path, number: u32) -> Result<Option<&'static str>, Trouble> {
        for side in &self.sides {
            let recording = Recording::read(&self::folder(folder, side.name, number)).map_err(Trouble::cannot_run)?;
            let doubts = Summary::new(&recording).doubts;
            if let Some(doubt) = doubts.iter().find(|doubt| doubt.grade == Grade::Untrusted && OF_OTHERS.contains(&doubt.cause)) {
                return Ok(Some(doubt.cause));
            }
        }
        Ok(None)
    }

    /// One run of one side.
    fn once(&mut self, side: &Side, folder: &Path) -> Result<Ended, Trouble> {
        let mut command = Command::new(&side.binary);
        command.arg("run").arg(&side.scenario).args(["--repeats", "1", "--ui", "plain", "--out"]).arg(folder).args(&side.quiet);
        if let Some(only) = &self.only {
            command.args(["--only", only]);
        }
        if let Some(seed) = self.seed {
            command.args(["--seed", &seed.to_string()]);
        }
        // A group of its own: an interrupt reaches this process alone, which hands it on once.
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).process_group(0).kill_on_drop(true);
        let interrupts = &mut self.interrupts;
        let (code, words, interrupted) = self.runtime.block_on(async {
            let mut child = command.spawn().map_err(|error| Trouble::cannot_run(format!("cannot start {}: {error}", side.binary.display())))?;
            let id = child.id();
            let mut words = std::pin::pin!(last_words(child.stderr.take()));
            let mut told = None;
            let mut interrupted = false;
            loop {
                tokio::select! {
                    lines = &mut words, if told.is_none() => told = Some(lines),
                    status = child.wait() => {
                        let status = status.map_err(|error| Trouble::cannot_run(format!("cannot wait for {}: {error}", side.binary.display())))?;
                        let told = match told {
                            Some(lines) => lines,
                            None => words.await,
                        };
                        return Ok::<_, Trouble>((status.code(), told, interrupted));
                    }
                    () = interrupts.next() => {
                        interrupted = true;
                        if let Some(id) = id.and_then(|id| i32::try_from(id).ok()) {
                            let _ = kill(Pid::from_raw(id), Signal::SIGINT);
                        }
                    }
                }
            }
        })?;
        let failed = |exit| {
            let words = words.join("\n");
            Err(Trouble { exit, message: format!("a run of the {} side failed: {}", side.name, words.trim_start_matches("error: ")) })
        };
        match code {
            _ if interrupted => Ok(Ended::Interrupted),
            // Budgets and doubts are told when all is over.
            Some(0 | 1 | 4) => Ok(Ended::Complete),
            Some(130) => Ok(Ended::Interrupted),
            Some(2) => failed(Exit::Usage),
            _ => failed(Exit::CannotRun),
        }
    }
}

/// Where a side's recording of a pair is.
pub fn folder(folder: &Path, side: &str, number: u32) -> PathBuf {
    folder.join(side).join(format!("{number:03}"))
}

/// The last lines that are said.
async fn last_words(from: Option<impl AsyncRead + Unpin>) -> Vec<String> {
    let mut last = std::collections::VecDeque::new();
    let Some(from) = from else { return Vec::new() };
    let mut lines = BufReader::new(from).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        if last.len() == LAST_WORDS {
            last.pop_front();
        }
        last.push_back(line);
    }
    last.into()
}

/// A line of progress.
pub fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Removes a folder of ours; one that is not there is none the worse.
///
/// # Errors
/// The system refuses.
pub fn remove(folder: &Path) -> Result<(), Trouble> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Trouble::cannot_run(format!("cannot remove {}: {error}", folder.display()))),
        _ => Ok(()),
    }
}
