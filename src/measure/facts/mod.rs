//! The facts of a machine that figures hang on: `pushbench doctor` and `check` judge them, `run` refuses by them.
//!
//! Three kinds by their price: settings, which are read from the kernel's files in a millisecond; what has to be tried
//! and takes about two seconds; programs, which are looked for. A fact that cannot be had is `None`, never a guess.

mod programs;
mod settings;
mod tried;

pub use programs::Program;
pub use settings::Settings;
pub use tried::{Ability, Tried};

use super::machine::Machine;

/// What of a machine figures hang on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    /// As it stands in recordings.
    pub machine: Machine,
    /// What the kernel's files say.
    pub settings: Settings,
    /// What was tried; `None` where only the cheap facts were asked for.
    pub tried: Option<Tried>,
}

impl Facts {
    /// Reads what is cheap to know. The descriptor limit is raised to the hard one on the way, as every command does.
    pub fn read() -> Self {
        // Settings first: they tell of the limit as it was found.
        let settings = Settings::read();
        Self { machine: Machine::read(), settings, tried: None }
    }

    /// Reads all, and tries what has to be tried: about two seconds.
    pub fn find() -> Self {
        let facts = Self::read();
        Self { tried: Some(Tried::now()), ..facts }
    }
}
