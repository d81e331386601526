//! Doubts about the harness's own share of CPU: the null trial's, which is subtracted.

use super::Grade;
use super::causes::Cause;
use super::found::Found;
use crate::measure::process::Cpu;
use crate::summary::cpu::{Baseline, mean, seconds};
use crate::summary::thresholds::NULL_SHARE;
use crate::units::significant;

pub const NO_NULL: Cause = Cause {
    name: "no-null",
    grades: &[Grade::Note],
    raised_when: || "no null trial was run with as many processes (baseline = false, or a recording of an older version)".to_owned(),
    touches: PER_UPDATE,
    remedy: "Leave baseline on.",
};
pub const NULL_SHARE_CAUSE: Cause = Cause {
    name: "null-share",
    grades: &[Grade::Note],
    raised_when: || format!("the null trial's CPU is over {} % of that of the window", significant(NULL_SHARE * 100.0, 3)),
    touches: PER_UPDATE,
    remedy: "Raise the rate of updates or polls, or add repeats.",
};

const PER_UPDATE: &[&str] = &[
    "cpu.total.per_1000_updates",
    "cpu.server.per_1000_updates",
    "cpu.subscriber.per_1000_updates",
    "cpu.publisher.per_1000_updates",
    "cpu.user.per_1000_updates",
    "cpu.system.per_1000_updates",
];

/// Those of a cell.
pub fn doubts(baseline: &Baseline<'_>, found: &mut Found<'_>) {
    let Some(trial) = found.cell.trials.first() else { return };
    // Contenders in memory have no CPU of their own, and nothing to subtract from.
    let Some(used) = seconds(trial, None, |phases| phases.window, Cpu::total) else { return };
    let Some(null) = mean(&baseline.null(trial, None, Cpu::total)) else {
        found.note(&NO_NULL, "No null trial: what the harness itself costs is in the CPU figures, and cpu.idle is not known.");
        return;
    };
    let share = null * trial.workload.window / used;
    if share > NULL_SHARE {
        let figure = format!(
            "{} % of the CPU in the window is the harness's own and is subtracted (null trial): what is left is the difference of two near numbers.",
            significant(share * 100.0, 2)
        );
        found.note(&NULL_SHARE_CAUSE, &figure);
    }
}
