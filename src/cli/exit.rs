//! Exit codes: API, in one table.

use std::process::ExitCode;

/// How a command ended. Where several hold, the one that comes first in [`Exit::PRECEDENCE`] is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// All is well.
    Fine,
    /// A budget was broken, or a figure regressed.
    Broken,
    /// Wrong usage, scenario or recording.
    Usage,
    /// Could not run: this machine cannot hold it, or a side died.
    CannotRun,
    /// Ran, but the figures are not to be trusted.
    Untrusted,
    /// The user ended it; what was measured is saved.
    Interrupted,
}

impl Exit {
    /// From the gravest to the mildest.
    pub const PRECEDENCE: [Self; 6] = [Self::Interrupted, Self::CannotRun, Self::Usage, Self::Untrusted, Self::Broken, Self::Fine];

    /// The process's exit code.
    pub fn code(self) -> u8 {
        match self {
            Self::Fine => 0,
            Self::Broken => 1,
            Self::Usage => 2,
            Self::CannotRun => 3,
            Self::Untrusted => 4,
            Self::Interrupted => 130,
        }
    }

    /// The graver of two.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        if Self::PRECEDENCE.iter().position(|exit| *exit == self) <= Self::PRECEDENCE.iter().position(|exit| *exit == other) { self } else { other }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// An error on its way to the user: what to print, and the exit code it means.
#[derive(Debug)]
pub struct Trouble {
    /// What it means for the exit code.
    pub exit: Exit,
    /// What to print: names the thing, the place and the remedy.
    pub message: String,
}

impl Trouble {
    /// Wrong usage, scenario or recording.
    pub fn usage(message: impl std::fmt::Display) -> Self {
        Self { exit: Exit::Usage, message: message.to_string() }
    }

    /// Could not run.
    pub fn cannot_run(message: impl std::fmt::Display) -> Self {
        Self { exit: Exit::CannotRun, message: message.to_string() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_precedence_are_as_documented() {
        let codes = Exit::PRECEDENCE.map(Exit::code);
        assert_eq!(codes, [130, 3, 2, 4, 1, 0]);
        assert_eq!(Exit::Broken.or(Exit::Untrusted), Exit::Untrusted);
        assert_eq!(Exit::Fine.or(Exit::Broken), Exit::Broken);
        assert_eq!(Exit::Interrupted.or(Exit::CannotRun), Exit::Interrupted);
    }
}
