//! Doubts about the harness's own share of CPU: the null trial's, which is subtracted.

use super::Grade;
use super::causes::Cause;
use super::found::Found;
use crate::measure::process::Cpu;
use crate::measure::recording::Role;
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
    raised_when: || format!("the null trial's CPU is over {} % of that of the window, in all or of one kind of side", significant(NULL_SHARE * 100.0, 3)),
    touches: PER_UPDATE,
    remedy: "Raise the rate of updates or polls, or add repeats.",
};

pub const IDLE_TRIAL: Cause = Cause {
    name: "idle-trial",
    grades: &[Grade::Note],
    raised_when: || "requests failed in the idle trial, or a comparison that must hold in it does not".to_owned(),
    touches: &["cpu.idle."],
    remedy: "Run the scenario again; look for errors of the server.",
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
    if seconds(trial, None, |phases| phases.window, Cpu::total).is_none() {
        return;
    }
    if baseline.null(trial, None, Cpu::total).is_empty() {
        found.note(&NO_NULL, "No null trial: what the harness itself costs is in the CPU figures, and cpu.idle is not known.");
        return;
    }
    let shares: Vec<(&'static str, f64)> = PARTS
        .iter()
        .filter_map(|(metric, role, part)| {
            let used = seconds(trial, *role, |phases| phases.window, *part)?;
            Some((*metric, mean(&baseline.null(trial, *role, *part))? * trial.workload.window / used))
        })
        .filter(|(_, share)| share.is_finite() && *share > NULL_SHARE)
        .collect();
    if let Some(largest) = shares.iter().map(|(_, share)| *share).max_by(f64::total_cmp) {
        let figure = format!(
            "Up to {} % of the CPU in the window is the harness's own and is subtracted (null trial): what is left is the difference of two near numbers.",
            significant(largest * 100.0, 2)
        );
        found.note_on(&NULL_SHARE_CAUSE, shares.into_iter().map(|(metric, _)| metric).collect(), &figure);
    }
    idle(baseline, found);
}

/// What an idle trial itself says against it: `cpu.idle` rests on nothing else.
fn idle(baseline: &Baseline<'_>, found: &mut Found<'_>) {
    let Some(trial) = found.cell.trials.first() else { return };
    let wrong = baseline.idle_trials(trial).find_map(|idle| {
        let check = idle.checks.iter().find(|check| !check.holds).map(|check| format!("its books do not balance: {}", check.what));
        check.or_else(|| (idle.failed_requests > 0).then(|| format!("{} of its requests got no response", idle.failed_requests)))
    });
    if let Some(wrong) = wrong {
        found.note(&IDLE_TRIAL, &format!("The idle trial went wrong: {wrong}."));
    }
}

/// Which part of the CPU each metric is of.
type Part = (&'static str, Option<Role>, fn(Cpu) -> f64);
const PARTS: [Part; 6] = [
    ("cpu.total.per_1000_updates", None, Cpu::total),
    ("cpu.server.per_1000_updates", Some(Role::Server), Cpu::total),
    ("cpu.subscriber.per_1000_updates", Some(Role::Subscriber), Cpu::total),
    ("cpu.publisher.per_1000_updates", Some(Role::Publisher), Cpu::total),
    ("cpu.user.per_1000_updates", None, |cpu| cpu.user),
    ("cpu.system.per_1000_updates", None, |cpu| cpu.system),
];
