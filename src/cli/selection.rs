//! What `run` and `check` have in common: which scenario, and which part of it.

use std::num::NonZeroU32;
use std::path::PathBuf;

use clap::Args;

use super::exit::Trouble;
use crate::plan::Plan;
use crate::scenario::{Registry, Scenario};

/// A scenario, and what of it.
#[derive(Debug, Args)]
pub struct Selection {
    /// The scenario's file
    pub scenario: PathBuf,

    /// Seed in place of the scenario's
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(..=i64::MAX as u64))]
    pub seed: Option<u64>,

    /// Contenders by name, separated by commas; all without it
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub only: Option<Vec<String>>,

    /// Repeats in place of the scenario's; even numbers cancel drift
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..=100))]
    pub repeats: Option<u32>,
}

impl Selection {
    /// Reads the scenario, puts the seed in, and plans.
    ///
    /// # Errors
    /// The scenario has a mistake, or `--only` names what it does not have.
    pub fn read(&self, registry: Registry) -> Result<(Scenario, Plan), Trouble> {
        let mut scenario = Scenario::read(&self.scenario, registry).map_err(Trouble::usage)?;
        if let Some(seed) = self.seed {
            scenario.workload.seed = seed;
        }
        let plan = Plan::new(&scenario, self.only.as_deref(), self.repeats.and_then(NonZeroU32::new)).map_err(Trouble::usage)?;
        Ok((scenario, plan))
    }
}
