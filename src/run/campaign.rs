//! All the trials of a plan, one after the other, into a recording that is saved after each.

use std::io;
use std::path::Path;
use std::rc::Rc;

use tokio_util::sync::CancellationToken;

use super::launch::Launcher;
use super::network::Network;
use super::trial::{self, Event, Order, TrialError};
use crate::contender::settings::SettingsError;
use crate::measure::clock::Clock;
use crate::measure::handicap::Handicap;
use crate::measure::machine::Machine;
use crate::measure::recording::{BudgetRecord, ContenderRecord, PublishedRecord, Recording, SCHEMA, ScenarioRecord, State, Trial, TrialKind};
use crate::plan::{Plan, PlannedTrial, baseline};
use crate::scenario::{Registry, Scenario, ScenarioError};
use crate::trace::TraceError;

/// What a campaign needs besides its plan.
pub struct Surroundings<'a> {
    /// Contenders and metrics.
    pub registry: Registry,
    /// Where sides with sockets run; contenders in memory always run in this process.
    pub launcher: Launcher,
    /// The clock.
    pub clock: Rc<dyn Clock>,
    /// The machine, as it was before anything was pinned.
    pub machine: Machine,
    /// Cores to spread sides over.
    pub cores: &'a [usize],
    /// Where sides with sockets meet.
    pub network: &'a Network,
    /// What the trials are made worse by on purpose.
    pub handicap: Handicap,
    /// Set when the user wants to end.
    pub interrupt: CancellationToken,
    /// The folder in which the recording is saved; none to keep it in memory only.
    pub folder: Option<&'a Path>,
}

/// What happens during a campaign, for those who watch.
#[derive(Clone, Debug)]
pub enum Progress<'a> {
    /// A trial begins.
    Trial {
        /// Which, from 1.
        number: usize,
        /// Of how many.
        of: usize,
        /// The trial.
        planned: &'a PlannedTrial,
    },
    /// Something happened in it.
    Event(Event),
    /// It has ended, and the recording is saved; what it came to, where its window began.
    Saving(Option<&'a Trial>),
}

/// Why a campaign ended early. The recording holds all trials before.
#[derive(Debug, thiserror::Error)]
pub enum CampaignError {
    /// A trial could not be run.
    #[error("{trial}: {error}")]
    Trial {
        /// Which one, for people.
        trial: String,
        /// What happened.
        error: Box<TrialError>,
    },
    /// The scenario does not hold at a load point.
    #[error(transparent)]
    Scenario(#[from] ScenarioError),
    /// The trace cannot be made.
    #[error(transparent)]
    Trace(#[from] TraceError),
    /// The contender refuses its settings at a load point.
    #[error("{0}; allowed: {allowed}", allowed = .0.allowed)]
    Settings(#[from] SettingsError),
    /// The recording cannot be saved.
    #[error(
        "cannot save the recording in {folder}: {error}; what was saved before is untouched. Make room there, or name another folder with --out, and run again"
    )]
    Save {
        /// The folder.
        folder: String,
        /// What the system says.
        error: io::Error,
    },
}

/// Runs all trials of a plan. The recording is complete, interrupted or failed, and holds what was measured, in every case.
pub async fn run(scenario: &Scenario, plan: &Plan, surroundings: &Surroundings<'_>, watch: &dyn Fn(Progress<'_>)) -> (Recording, Result<(), CampaignError>) {
    let mut recording = begin(scenario, plan, surroundings);
    let result = play(scenario, plan, surroundings, &mut recording, watch).await;
    recording.state = match &result {
        Ok(()) if recording.completed() < plan.trials.len() => State::Interrupted,
        Ok(()) => State::Complete,
        Err(error) => State::Failed(error.to_string()),
    };
    let saved = save(&mut recording, surroundings);
    (recording, result.and(saved))
}

async fn play(
    scenario: &Scenario,
    plan: &Plan,
    surroundings: &Surroundings<'_>,
    recording: &mut Recording,
    watch: &dyn Fn(Progress<'_>),
) -> Result<(), CampaignError> {
    for (place, planned) in plan.trials.iter().enumerate() {
        if surroundings.interrupt.is_cancelled() {
            return Ok(());
        }
        watch(Progress::Trial { number: place + 1, of: plan.trials.len(), planned });
        let there = scenario.at(&planned.load_point, surroundings.registry)?;
        let entry = &there.contenders[planned.contender];
        let protocol = entry.contender.protocol(&entry.values)?;
        let there = baseline::scenario(planned.kind, there, protocol.interval());
        let trace = baseline::trace(planned.kind, &there)?;
        let in_memory = Launcher::Tasks { clock: Rc::clone(&surroundings.clock), registry: surroundings.registry, protocol: Some(Rc::clone(&protocol)) };
        let order = Order {
            scenario: &there,
            load_point: &planned.load_point,
            contender: planned.contender,
            repeat: planned.repeat,
            kind: planned.kind,
            protocol: &*protocol,
            launcher: if protocol.in_memory() { &in_memory } else { &surroundings.launcher },
            clock: Rc::clone(&surroundings.clock),
            cores: surroundings.cores,
            network: surroundings.network,
            handicap: surroundings.handicap,
            interrupt: surroundings.interrupt.clone(),
        };
        let result = trial::run(&order, &trace, &|event| watch(Progress::Event(event))).await;
        let trial = result.map_err(|error| CampaignError::Trial { trial: planned.shown(), error: Box::new(error) })?;
        watch(Progress::Saving(trial.as_ref()));
        match planned.kind {
            TrialKind::Measured => recording.trials.extend(trial),
            TrialKind::Idle | TrialKind::Null => recording.baselines.extend(trial),
        }
        save(recording, surroundings)?;
    }
    Ok(())
}

fn begin(scenario: &Scenario, plan: &Plan, surroundings: &Surroundings<'_>) -> Recording {
    let now = jiff::Timestamp::now();
    Recording {
        schema: SCHEMA,
        id: now.strftime("%Y-%m-%dT%H-%M-%SZ").to_string(),
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        started: now.to_string(),
        saved: now.to_string(),
        state: State::Running,
        scenario: ScenarioRecord {
            name: scenario.name.clone(),
            title: scenario.title.clone(),
            source: scenario.source.clone(),
            text: scenario.text.clone(),
            seed: scenario.workload.seed,
            topology: scenario.workload.topology.name().to_owned(),
            semantics: scenario.workload.semantics.name().to_owned(),
            compression: scenario.workload.compression,
            budgets: scenario.budgets.iter().map(budget).collect(),
            published: scenario.published.iter().map(published).collect(),
        },
        machine: surroundings.machine.clone(),
        contenders: plan.contenders(scenario).into_iter().map(contender).collect(),
        trials_planned: plan.trials.len(),
        trials: Vec::new(),
        baselines: Vec::new(),
        handicap: surroundings.handicap.is_any().then_some(surroundings.handicap),
    }
}

fn budget(budget: &crate::scenario::Budget) -> BudgetRecord {
    BudgetRecord {
        contender: budget.contender.clone(),
        metric: budget.metric.clone(),
        relative_to: budget.relative_to.clone(),
        at_most: budget.at_most,
        at_least: budget.at_least,
        at: budget.at.clone(),
        severity: budget.severity,
        minimum_samples: budget.minimum_samples,
    }
}

fn published(published: &crate::scenario::Published) -> PublishedRecord {
    let ours = published.ours.as_ref();
    PublishedRecord {
        what: published.what.clone(),
        value: published.value,
        unit: published.unit.clone(),
        source: published.source.clone(),
        contender: ours.map(|ours| ours.contender.clone()),
        against: ours.and_then(|ours| ours.against.clone()),
        metric: ours.map(|ours| ours.metric.clone()),
        at: ours.and_then(|ours| ours.at.clone()),
    }
}

fn contender(entry: &crate::scenario::Entry) -> ContenderRecord {
    ContenderRecord {
        name: entry.name.clone(),
        mechanism: entry.contender.name().to_owned(),
        direction: entry.contender.direction(),
        settings: entry.values.all().clone(),
    }
}

fn save(recording: &mut Recording, surroundings: &Surroundings<'_>) -> Result<(), CampaignError> {
    let Some(folder) = surroundings.folder else { return Ok(()) };
    recording.saved = jiff::Timestamp::now().to_string();
    recording.save(folder).map_err(|error| CampaignError::Save { folder: folder.display().to_string(), error })
}
