//! Runs under real load in a test's own thread: the harness's campaign, over real sockets, with contenders that can be faulty.

use std::path::Path;
use std::rc::Rc;
use std::sync::{Mutex, MutexGuard, PoisonError};

use pushbench::measure::clock::{Clock, RealClock};
use pushbench::measure::handicap::Handicap;
use pushbench::measure::machine::Machine;
use pushbench::measure::process;
use pushbench::measure::recording::Recording;
use pushbench::plan::Plan;
use pushbench::run::campaign::{self, Progress, Surroundings};
use pushbench::run::launch::Launcher;
use pushbench::run::network::Network;
use pushbench::run::trial::Event;
use pushbench::scenario::Scenario;
use pushbench::summary::{Doubt, Grade, Summary};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::faulty::registry;

static ALONE: Mutex<()> = Mutex::new(());

/// Load is not measured beside other load.
pub fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A scenario of seconds, and the files beside it.
pub struct Setting {
    workload: Vec<(&'static str, String)>,
    rest: String,
    folder: TempDir,
}

/// 20 topics, two updates of each within 600 ms.
pub fn setting() -> Setting {
    let workload = [
        ("topology", "\"fan-in\""),
        ("topics", "20"),
        ("updates_per_active_topic", "2"),
        ("span", "\"600ms\""),
        ("warm_up", "\"50ms\""),
        ("payload", "\"128 B\""),
        ("timeout", "\"500ms\""),
        ("seed", "7"),
    ];
    Setting { workload: workload.map(|(key, value)| (key, value.to_owned())).to_vec(), rest: String::new(), folder: tempfile::tempdir().unwrap() }
}

impl Setting {
    /// Sets a key of `[workload]`.
    #[must_use]
    pub fn with(mut self, key: &'static str, value: &str) -> Self {
        self.workload.retain(|(there, _)| *there != key);
        self.workload.push((key, value.to_owned()));
        self
    }

    /// Updates at these instants (seconds from the start of the window) of these topics, instead of random ones.
    #[must_use]
    pub fn updates(mut self, updates: impl IntoIterator<Item = (f64, u32)>) -> Self {
        let lines: String = updates.into_iter().map(|(due, topic)| format!("{due:.6},{topic}\n")).collect();
        std::fs::write(self.folder.path().join("updates.csv"), format!("due,topic\n{lines}")).unwrap();
        self.workload.retain(|(there, _)| *there != "updates_per_active_topic");
        self.with("arrivals", "{ csv = \"updates.csv\" }")
    }

    /// Adds tables.
    #[must_use]
    pub fn and(mut self, rest: &str) -> Self {
        self.rest.push_str(rest);
        self
    }

    fn text(&self, repeats: u32) -> String {
        let workload: String = self.workload.iter().map(|(key, value)| format!("{key} = {value}\n")).collect();
        format!("title = \"Doubts\"\nrepeats = {repeats}\nbaseline = false\n[workload]\n{workload}{}", self.rest)
    }

    /// Runs it once, in real time.
    pub fn run(&self) -> Recording {
        self.run_by(Rc::new(RealClock), 1, None)
    }

    /// Runs it by a clock, so often; ends it a second into the window of the trial `interrupted` (from 1).
    pub fn run_by(&self, clock: Rc<dyn Clock>, repeats: u32, interrupted: Option<usize>) -> Recording {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        tokio::task::LocalSet::new().block_on(&runtime, self.campaign(clock, repeats, interrupted))
    }

    /// The campaign itself, for whoever drives it.
    pub async fn campaign(&self, clock: Rc<dyn Clock>, repeats: u32, interrupted: Option<usize>) -> Recording {
        let folder: &Path = self.folder.path();
        let scenario = Scenario::parse(&self.text(repeats), "doubts.toml", folder, registry()).unwrap_or_else(|error| panic!("{error}"));
        let plan = Plan::new(&scenario, None, None).unwrap();
        let interrupt = CancellationToken::new();
        let surroundings = Surroundings {
            registry: registry(),
            launcher: Launcher::Tasks { clock: Rc::clone(&clock), registry: registry(), protocol: None },
            clock,
            machine: Machine::read(),
            cores: &process::allowed_cores(),
            network: &Network::default(),
            handicap: Handicap::default(),
            interrupt: interrupt.clone(),
            folder: None,
        };
        let trial = std::cell::Cell::new(0);
        let watch = |progress: Progress<'_>| match progress {
            Progress::Trial { number, .. } => trial.set(number),
            Progress::Event(Event::Second(passed)) if Some(trial.get()) == interrupted && passed.second.second >= 0 => interrupt.cancel(),
            Progress::Event(_) | Progress::Saving(_) => {}
        };
        let (recording, result) = campaign::run(&scenario, &plan, &surroundings, &watch).await;
        result.unwrap_or_else(|error| panic!("{error}"));
        recording
    }
}

/// One contender with faults.
pub fn contender(name: &str, settings: &str, faults: &str) -> String {
    format!("[[contender]]\nuse = \"{name}\"\n{settings}\nfaults = \"{faults}\"\n")
}

/// The doubts of a cause.
pub fn doubts(recording: &Recording, cause: &str) -> Vec<Doubt> {
    Summary::new(recording).doubts.into_iter().filter(|doubt| doubt.cause == cause).collect()
}

/// The gravest doubt of a cause, if there is one.
pub fn grade(recording: &Recording, cause: &str) -> Option<Grade> {
    doubts(recording, cause).into_iter().map(|doubt| doubt.grade).max()
}

/// One recording of two, whose trials count as repeats of the first's.
pub fn together(mut one: Recording, other: Recording) -> Recording {
    let repeats = one.trials.iter().map(|trial| trial.repeat).max().unwrap_or(0);
    one.trials_planned += other.trials_planned;
    one.trials.extend(other.trials.into_iter().map(|mut trial| {
        trial.repeat += repeats;
        trial
    }));
    one
}
