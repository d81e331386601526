//! Doubts about the run as a whole: what was measured at all, and what holds for every figure.

use std::collections::{BTreeMap, BTreeSet};

use super::causes::{Cause, EVERYTHING, TIMES_AND_CPU};
use super::{Doubt, Grade};
use crate::measure::handicap::VARIABLE;
use crate::measure::recording::{Recording, State, Trial};
use crate::summary::Cell;
use crate::summary::thresholds::FAST_CLOCK_SOURCES;
use crate::units::significant;

pub const NOTHING_MEASURED: Cause = Cause {
    name: "nothing-measured",
    grades: &[Grade::Untrusted],
    raised_when: || "no trial was measured to its end".to_owned(),
    touches: EVERYTHING,
    remedy: "Run the scenario again, and let it finish.",
};
pub const INCOMPLETE: Cause = Cause {
    name: "incomplete",
    grades: &[Grade::Note],
    raised_when: || "not all planned trials were measured to the end of their window; those that were cut short count nowhere".to_owned(),
    touches: EVERYTHING,
    remedy: "Comparisons may rest on fewer repeats; run the scenario again for all.",
};
pub const HANDICAP: Cause = Cause {
    name: "handicap",
    grades: &[Grade::Untrusted],
    raised_when: || {
        format!("the run was made worse on purpose, by the environment variable `{VARIABLE}`, to see whether [a comparison finds it](ci.md#handicap)")
    },
    touches: EVERYTHING,
    remedy: "Take the variable out of the environment, and run the scenario again.",
};
pub const TRACE: Cause = Cause {
    name: "trace",
    grades: &[Grade::Untrusted],
    raised_when: || "contenders were not sent the same updates: their traces have different hashes".to_owned(),
    touches: EVERYTHING,
    remedy: "Run them together, from one scenario and seed.",
};
pub const COMPRESSION: Cause = Cause {
    name: "compression",
    grades: &[Grade::Note],
    raised_when: || "time was compressed: CPU of a fast replay is not that of the slow day".to_owned(),
    touches: &["cpu."],
    remedy: "Compare contenders with it; do not multiply it up.",
};
pub const LOOPBACK_SPLIT: Cause = Cause {
    name: "loopback-split",
    grades: &[Grade::Note],
    raised_when: || "CPU was measured per side on one machine, where the kernel bills the receiver's TCP work to the sender".to_owned(),
    touches: &[
        "cpu.server.per_1000_updates",
        "cpu.subscriber.per_1000_updates",
        "cpu.publisher.per_1000_updates",
        "cpu.server.setup",
        "cpu.subscriber.setup",
        "cpu.publisher.setup",
    ],
    remedy: "Decide by cpu.total.",
};

pub const CLOCK_SOURCE: Cause = Cause {
    name: "clock-source",
    grades: &[Grade::Note],
    raised_when: || format!("the kernel's clock source is none of those that are read without a system call: {}", FAST_CLOCK_SOURCES.join(", ")),
    touches: TIMES_AND_CPU,
    remedy: "Boot with a faster clock source where the machine has one: /sys/devices/system/clocksource/clocksource0/available_clocksource.",
};

/// Those of a recording.
pub fn doubts(recording: &Recording, cells: &[Cell<'_>]) -> Vec<Doubt> {
    if cells.is_empty() {
        return vec![Doubt::new(&NOTHING_MEASURED, Grade::Untrusted, "No trial was measured to its end.")];
    }
    let mut doubts = Vec::new();
    let complete = recording.completed();
    if complete < recording.trials_planned || recording.state != State::Complete {
        let why = match &recording.state {
            State::Running => "the run had not ended when this was saved".to_owned(),
            State::Interrupted => "the run was interrupted".to_owned(),
            State::Failed(why) => format!("the run failed: {why}"),
            State::Complete => "some were not measured to their end".to_owned(),
        };
        doubts.push(Doubt::new(&INCOMPLETE, Grade::Note, &format!("{complete} of {} planned trials count: {why}.", recording.trials_planned)));
    }
    if let Some(handicap) = &recording.handicap {
        doubts.push(Doubt::new(&HANDICAP, Grade::Untrusted, &format!("The run was made worse on purpose ({VARIABLE}: {handicap}).")));
    }
    for place in differing_traces(recording) {
        let figure = format!("The contenders were not sent the same updates{place}: their traces differ.");
        doubts.push(Doubt::new(&TRACE, Grade::Untrusted, &figure));
    }
    if recording.scenario.compression > 1.0 {
        let figure = format!(
            "Time was compressed by {}. CPU is that of the fast replay, not of the slow day: a lone request costs several times as much (4 to 8 times was measured).",
            significant(recording.scenario.compression, 6)
        );
        doubts.push(Doubt::new(&COMPRESSION, Grade::Note, &figure));
    }
    if cells.iter().any(|cell| cell.metrics.contains_key("cpu.server.per_1000_updates")) {
        let figure = "On loopback the kernel bills the receiver's TCP work to the sender: the sum of all sides is sound, the split between them is biased.";
        doubts.push(Doubt::new(&LOOPBACK_SPLIT, Grade::Note, figure));
    }
    let source = &recording.machine.clock_source;
    if !source.is_empty() && !FAST_CLOCK_SOURCES.contains(&source.as_str()) {
        let figure = format!("The kernel keeps time by {source}: each stamp costs a microsecond or more of CPU, where others cost tens of nanoseconds.");
        doubts.push(Doubt::new(&CLOCK_SOURCE, Grade::Note, &figure));
    }
    doubts
}

/// Where traces differ that should not: ` at LOAD POINT`, or nothing.
fn differing_traces(recording: &Recording) -> Vec<String> {
    // Settings of a contender leave the trace alone; everything else that is swept may change it.
    let workload = |trial: &Trial| trial.load_point.split(';').filter(|value| !value.starts_with("contender.")).collect::<Vec<_>>().join(";");
    let mut traces: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for trial in recording.trials.iter().filter(|trial| trial.complete) {
        traces.entry(workload(trial)).or_default().insert(&trial.trace_sha256);
    }
    let differing = traces.into_iter().filter(|(_, hashes)| hashes.len() > 1);
    differing.map(|(point, _)| if point.is_empty() { String::new() } else { format!(" at {point}") }).collect()
}
