//! Doubts about what else went on on the machine: foreign load, steal time, quotas, memory, clocks.
//!
//! The worst repeat speaks for all. What a recording does not hold is no reason for a doubt, nor against one.

use std::collections::BTreeMap;

use super::Grade;
use super::causes::{Cause, EVERYTHING, TIMES, TIMES_AND_CPU};
use super::found::{Found, show};
use crate::measure::recording::{Clocks, CoreUse, SurroundingsRecord, Trial};
use crate::summary::thresholds::{
    CLOCK_STEP_NOTE, FOREIGN_NOTE, FOREIGN_UNTRUSTED, MAJOR_FAULTS_NOTE, MAJOR_FAULTS_UNTRUSTED, MEMORY_LEFT_NOTE, MEMORY_STALL_NOTE, MEMORY_STALL_UNTRUSTED,
    SLEW_NOTE, STEAL_NOTE, STEAL_UNTRUSTED, SUSPENDED_UNTRUSTED, THROTTLED_NOTE, THROTTLED_UNTRUSTED,
};
use crate::units::{show_bytes, show_seconds, significant};

pub const FOREIGN_LOAD: Cause = Cause {
    name: "foreign-load",
    grades: &[Grade::Note, Grade::Untrusted],
    raised_when: || {
        let (note, untrusted) = (percent(FOREIGN_NOTE), percent(FOREIGN_UNTRUSTED));
        format!("other processes used over {note} (untrusted: {untrusted}) of a core that a side runs on")
    },
    touches: TIMES_AND_CPU,
    remedy: "Stop what else runs on this machine, or keep it off these cores.",
};
pub const STEAL: Cause = Cause {
    name: "steal",
    grades: &[Grade::Note, Grade::Untrusted],
    raised_when: || {
        let (note, untrusted) = (percent(STEAL_NOTE), percent(STEAL_UNTRUSTED));
        format!("the hypervisor took over {note} (untrusted: {untrusted}) of a core that a side runs on")
    },
    touches: TIMES_AND_CPU,
    remedy: "Use a machine of your own, or one with dedicated cores.",
};
pub const THROTTLED: Cause = Cause {
    name: "throttled",
    grades: &[Grade::Note, Grade::Untrusted],
    raised_when: || {
        let (note, untrusted) = (percent(THROTTLED_NOTE), percent(THROTTLED_UNTRUSTED));
        format!("a CPU quota of the control group stopped its processes for over {note} (untrusted: {untrusted}) of the window")
    },
    touches: TIMES_AND_CPU,
    remedy: "Give the container whole cores (a cpuset) instead of a quota.",
};
pub const MEMORY_PRESSURE: Cause = Cause {
    name: "memory-pressure",
    grades: &[Grade::Note, Grade::Untrusted],
    raised_when: || {
        format!(
            "tasks of the machine waited for memory for over {} (untrusted: {}) of the window, a side read over {} pages (untrusted: {} a second) from a disk, \
             a side was swapped out, or under {} of the memory was left",
            percent(MEMORY_STALL_NOTE),
            percent(MEMORY_STALL_UNTRUSTED),
            MAJOR_FAULTS_NOTE,
            MAJOR_FAULTS_UNTRUSTED,
            percent(MEMORY_LEFT_NOTE)
        )
    },
    touches: &["latency.", "scenario_latency.", "staleness.", "fidelity.", "cpu.", "memory.", "lag.", "publish_lag.", "service.", "response."],
    remedy: "Free memory, raise the limit of the control group, or lower the load.",
};
pub const CLOCK_SLEW: Cause = Cause {
    name: "clock-slew",
    grades: &[Grade::Note],
    raised_when: || format!("the clock was slewed by over {} ppm beside the undisciplined one", significant(SLEW_NOTE * 1e6, 3)),
    touches: TIMES,
    remedy: "Wait until the time daemon has settled, or stop it during the run.",
};
pub const CLOCK_STEP: Cause = Cause {
    name: "clock-step",
    grades: &[Grade::Note],
    raised_when: || format!("the time of day was set by over {} within the window", show_seconds(CLOCK_STEP_NOTE)),
    touches: &["latency.", "scenario_latency."],
    remedy: "Stamps are of a clock that cannot be set, but logs of other programs do not fit them; stop the time daemon during the run.",
};
pub const SUSPENDED: Cause = Cause {
    name: "suspended",
    grades: &[Grade::Untrusted],
    raised_when: || "the machine slept within the window".to_owned(),
    touches: EVERYTHING,
    remedy: "Keep it awake, and run again.",
};

pub const WITNESS: Cause = Cause {
    name: "witness",
    grades: &[Grade::Note],
    raised_when: || "the server also served an observer from outside, who belongs to no side".to_owned(),
    touches: &[
        "latency.",
        "scenario_latency.",
        "staleness.",
        "fidelity.",
        "cpu.server.",
        "cpu.total.",
        "memory.server.",
        "connections.",
        "service.",
        "response.",
    ],
    remedy: "Observe another run than the one whose figures you use.",
};

fn percent(share: f64) -> String {
    format!("{} %", significant(share * 100.0, 3))
}

/// Those of a cell, on a machine with so many bytes of memory.
pub fn doubts(memory: u64, found: &mut Found<'_>) {
    cores(found);
    shortage(memory, found);
    clocks(found);
    witnesses(found);
}

/// What was served beside the load: it is in the server's CPU and memory, and everybody else waited for it.
fn witnesses(found: &mut Found<'_>) {
    let served: Vec<_> = found.cell.trials.iter().map(|trial| trial.witness_traffic.total()).collect();
    let connections: u64 = served.iter().map(|traffic| traffic.connections).sum();
    if connections > 0 {
        let messages: u64 = served.iter().map(|traffic| traffic.messages()).sum();
        let figure = format!("The server also served witnesses: {} connections, {} messages, counted apart.", show(connections), show(messages));
        found.note(&WITNESS, &figure);
    }
}

/// The largest of what repeats say, with what it is about.
fn worst<T>(found: &Found<'_>, of: impl Fn(&Trial, &SurroundingsRecord) -> Option<(f64, T)>) -> Option<(f64, T)> {
    let all = found.cell.trials.iter().filter_map(|trial| of(trial, trial.surroundings.as_ref().filter(|around| around.elapsed > 0.0)?));
    all.max_by(|one, other| one.0.total_cmp(&other.0))
}

fn cores(found: &mut Found<'_>) {
    if let Some((share, place)) = worst(found, foreign_load)
        && let Some(grade) = Grade::of(share, FOREIGN_NOTE, FOREIGN_UNTRUSTED)
    {
        let figure = format!("Other processes used {} of {place} within the window: sides waited for it.", percent(share));
        found.raise(&FOREIGN_LOAD, grade, &figure);
    }
    let stolen = |trial: &Trial, around: &SurroundingsRecord| {
        let of_sides = ours(trial, around).into_keys().flatten();
        let cores = of_sides.filter_map(|core| around.cores.iter().find(|other| other.core == *core));
        cores.map(|core| (core.steal / around.elapsed, core.core)).max_by(|one, other| one.0.total_cmp(&other.0))
    };
    if let Some((share, core)) = worst(found, stolen)
        && let Some(grade) = Grade::of(share, STEAL_NOTE, STEAL_UNTRUSTED)
    {
        let figure = format!("The hypervisor took {} of core {core} while there was work: what waited for it looks slow.", percent(share));
        found.raise(&STEAL, grade, &figure);
    }
    let throttled = |_: &Trial, around: &SurroundingsRecord| Some((around.throttled? / around.elapsed, around.throttled?));
    if let Some((share, seconds)) = worst(found, throttled)
        && let Some(grade) = Grade::of(share, THROTTLED_NOTE, THROTTLED_UNTRUSTED)
    {
        let figure =
            format!("A CPU quota of the control group stopped its processes for {} within the window, {} of it.", show_seconds(seconds), percent(share));
        found.raise(&THROTTLED, grade, &figure);
    }
}

/// CPU seconds that were ours, by the cores that they were spent on: of each side, and of the harness itself.
fn ours<'t>(trial: &'t Trial, around: &'t SurroundingsRecord) -> BTreeMap<&'t [usize], f64> {
    let mut ours: BTreeMap<&[usize], f64> = BTreeMap::new();
    let sides = trial.sides.iter().filter_map(|side| Some((side.cores.as_slice(), side.cpu.as_ref()?.window.total())));
    for (cores, seconds) in sides.chain([(around.harness_cores.as_slice(), around.harness_cpu)]) {
        *ours.entry(cores).or_default() += seconds;
    }
    ours.retain(|cores, _| !cores.is_empty());
    ours
}

/// The share of a core, or of a set of cores, that was neither idle nor ours. What the kernel spends on interrupts and on
/// switching between our processes is in it.
fn foreign_load(trial: &Trial, around: &SurroundingsRecord) -> Option<(f64, String)> {
    let ours = ours(trial, around);
    let shares = ours.keys().filter_map(|cores| {
        // Sets may overlap where the harness was not pinned: what could have run here may be ours.
        let mine: f64 = ours.iter().filter(|(other, _)| other.iter().any(|core| cores.contains(core))).map(|(_, seconds)| seconds).sum();
        let used: Vec<&CoreUse> = around.cores.iter().filter(|core| cores.contains(&core.core)).collect();
        let busy: f64 = used.iter().map(|core| core.busy).sum();
        let share = (busy - mine).max(0.0) / (around.elapsed * used.len() as f64);
        let names: Vec<String> = cores.iter().map(ToString::to_string).collect();
        (!used.is_empty()).then(|| (share, format!("{} {}", if used.len() == 1 { "core" } else { "cores" }, names.join(", "))))
    });
    shares.max_by(|one, other| one.0.total_cmp(&other.0))
}

fn shortage(memory: u64, found: &mut Found<'_>) {
    let mut grade = None;
    let mut figures = Vec::new();
    let mut tell = |by: Option<Grade>, figure: String| {
        if by.is_some() {
            grade = grade.max(by);
            figures.push(figure);
        }
    };
    if let Some((share, seconds)) = worst(found, |_, around| around.pressure.map(|pressure| (pressure.memory / around.elapsed, pressure.memory))) {
        tell(Grade::of(share, MEMORY_STALL_NOTE, MEMORY_STALL_UNTRUSTED), format!("tasks waited {} for memory", show_seconds(seconds)));
    }
    // Sides tell of their own, whether or not the harness looked around.
    let sides = || found.cell.trials.iter().flat_map(|trial| trial.sides.iter().map(move |side| (side, trial.workload.window)));
    let faults = sides().filter_map(|(side, window)| Some((side.major_faults?, window, side.role))).max_by_key(|(faults, ..)| *faults);
    if let Some((faults, window, role)) = faults {
        let by_count = (faults as f64 > MAJOR_FAULTS_NOTE).then_some(Grade::Note);
        let by_rate = (faults as f64 / window > MAJOR_FAULTS_UNTRUSTED).then_some(Grade::Untrusted);
        tell(by_count.max(by_rate), format!("a {} process waited for {} pages from a disk", role.name(), show(faults)));
    }
    if let Some((bytes, role)) = sides().filter_map(|(side, _)| Some((side.swapped?, side.role))).max_by_key(|(bytes, _)| *bytes) {
        tell((bytes > 0).then_some(Grade::Note), format!("{} of a {} process were swapped out", show_bytes(bytes as f64), role.name()));
    }
    if let Some((_, left)) = worst(found, |_, around| around.memory_available.map(|left| (-(left as f64), left as f64))) {
        tell((left < MEMORY_LEFT_NOTE * memory as f64).then_some(Grade::Note), format!("{} of memory were left", show_bytes(left)));
    }
    if let Some(grade) = grade {
        let figure = format!("Memory was short within the window: {}.", figures.join(", "));
        found.raise(&MEMORY_PRESSURE, grade, &figure);
    }
}

fn clocks(found: &mut Found<'_>) {
    let clocks = |of: fn(&Clocks, f64) -> f64| worst(found, |_, around| Some((of(&around.clocks?, around.elapsed).abs(), ()))).map_or(0.0, |(worst, ())| worst);
    let (slew, step, slept) = (clocks(|clocks, elapsed| clocks.raw / elapsed), clocks(|clocks, _| clocks.real), clocks(|clocks, _| clocks.boot));
    if slew > SLEW_NOTE {
        let figure = format!("The clock was slewed by {} ppm: times are longer or shorter by so much.", significant(slew * 1e6, 3));
        found.note(&CLOCK_SLEW, &figure);
    }
    if step > CLOCK_STEP_NOTE {
        found.note(&CLOCK_STEP, &format!("The time of day was set by {} within the window.", show_seconds(step)));
    }
    if slept > SUSPENDED_UNTRUSTED {
        found.untrusted(&SUSPENDED, &format!("The machine slept for {} within the window.", show_seconds(slept)));
    }
}
