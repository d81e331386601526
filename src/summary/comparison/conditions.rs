//! What differs between runs besides what is compared, and what can then not be said.

use std::collections::BTreeSet;

use super::Twins;
use crate::summary::{Cell, Summary};
use crate::units::{show_bytes, show_count, show_seconds, significant};

/// Something that is not the same in all runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// What it is, in a word or two: API.
    pub what: &'static str,
    /// How it is in each run.
    pub values: Vec<String>,
    /// What it does to figures.
    pub effect: Effect,
    /// Metrics to which it does so: a name, a prefix that ends with a dot, or an empty text for all.
    pub touches: &'static [&'static str],
    /// What that means, in a sentence.
    pub words: &'static str,
}

/// What a condition does to figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// Nothing: it is to be known.
    Told,
    /// A difference may be its doing.
    Mixed,
    /// The figures are of different things.
    Incomparable,
}

impl Effect {
    /// As CSV has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Told => "told",
            Self::Mixed => "mixed",
            Self::Incomparable => "incomparable",
        }
    }
}

impl Condition {
    /// Whether it touches a metric.
    pub fn touches(&self, metric: &str) -> bool {
        crate::summary::doubts::touches(self.touches, metric)
    }
}

/// What hangs on the machine.
const OF_THE_MACHINE: &[&str] =
    &["latency.", "scenario_latency.", "staleness.", "fidelity.", "time_to_current.", "lag.", "publish_lag.", "service.", "response.", "cpu.", "memory."];
/// What hangs on kernel and network.
const OF_THE_SYSTEM: &[&str] = &[
    "latency.",
    "scenario_latency.",
    "staleness.",
    "fidelity.",
    "time_to_current.",
    "lag.",
    "publish_lag.",
    "service.",
    "response.",
    "cpu.",
    "bytes.wire.",
    "segments.",
];
/// What is counted over the whole window or set-up, and grows with the load.
const TOTALS: &[&str] = &[
    "requests.total",
    "requests.planned",
    "requests.failed",
    "responses.",
    "stanzas.total",
    "messages.setup",
    "messages.publish",
    "delivered",
    "expected",
    "lost",
    "duplicated",
    "reordered",
    "coalesced",
    "bytes.setup",
    "bytes.wire.setup",
    "cpu.total.setup",
    "cpu.server.setup",
    "cpu.subscriber.setup",
    "cpu.publisher.setup",
    "connections.",
    "memory.",
];
/// Measured times, which compression makes shorter.
const MEASURED: &[&str] = &["latency.", "staleness.", "fidelity.", "cpu.idle.", "requests.planned", "requests.total"];
const ALL: &[&str] = &[""];

/// All conditions that differ, the most general first.
pub fn conditions(summaries: &[&Summary<'_>], twins: &[Twins<'_>]) -> Vec<Condition> {
    let mut found = Found { summaries, twins, all: Vec::new() };
    found.runs(
        "machine",
        Effect::Mixed,
        OF_THE_MACHINE,
        "Times, CPU and memory tell of the machines as much as of what ran on them; counts do not.",
        |summary| {
            let machine = &summary.recording.machine;
            format!("{}, {} cores, {}", machine.cpu_model, machine.cores, show_bytes(machine.memory as f64))
        },
    );
    found.runs("system", Effect::Mixed, OF_THE_SYSTEM, "Times, CPU and what is on the wire tell of the kernels as much as of what ran on them.", |summary| {
        let machine = &summary.recording.machine;
        format!("Linux {}, {}, clock {}", machine.kernel, machine.congestion_control, machine.clock_source)
    });
    found.runs("version", Effect::Mixed, OF_THE_MACHINE, "pushbench is part of what is measured: clients and embedded servers are others.", |summary| {
        format!("pushbench {}", summary.recording.tool_version)
    });
    found.runs("workload", Effect::Incomparable, ALL, "Topology or meaning of updates are others: no figure of one is a figure of the other.", |summary| {
        format!("{}, {}", summary.recording.scenario.topology, summary.recording.scenario.semantics)
    });
    found.runs(
        "compression",
        Effect::Incomparable,
        MEASURED,
        "Measured times and rates are of another pace; times of the scenario (scenario_latency) and counts per update can be compared.",
        |summary| significant(summary.recording.scenario.compression, 6),
    );
    found.cells(
        "size",
        Effect::Incomparable,
        TOTALS,
        "What is counted over the whole window grows with the load: only figures per update, shares and times can be compared.",
        |cell| {
            let load = cell.workload;
            let count = |count: u64| show_count(i64::try_from(count).unwrap_or(i64::MAX));
            format!(
                "{} topics ({} active), {} subscribers, {} subscriptions, payload {}, window {}",
                count(load.topics),
                count(load.active_topics),
                count(load.subscribers),
                count(load.subscriptions),
                show_bytes(load.payload as f64),
                show_seconds(load.window)
            )
        },
    );
    found.cells(
        "updates",
        Effect::Mixed,
        ALL,
        "The updates are others (another seed or another scenario): counts cannot be equal, and all figures have that noise besides.",
        |cell| cell.trials.first().map_or_else(String::new, |trial| format!("trace {}", trial.trace_sha256.get(..12).unwrap_or(&trial.trace_sha256))),
    );
    found.cells("cores", Effect::Mixed, OF_THE_MACHINE, "The sides shared cores in another way.", |cell| {
        let sides = cell.trials.first().map(|trial| trial.sides.iter());
        let cores = |cores: &[usize]| cores.iter().map(usize::to_string).collect::<Vec<_>>().join("+");
        sides.into_iter().flatten().map(|side| format!("{} on {}", side.role.name(), cores(&side.cores))).collect::<Vec<_>>().join(", ")
    });
    found.cells("network", Effect::Mixed, OF_THE_SYSTEM, "There was another network between the sides.", |cell| {
        let apart = cell.trials.first().is_some_and(|trial| trial.sides.iter().any(|side| side.namespace.is_some()));
        if apart { "between network namespaces".to_owned() } else { "loopback".to_owned() }
    });
    found.settings();
    found.all
}

struct Found<'f, 's> {
    summaries: &'f [&'f Summary<'s>],
    twins: &'f [Twins<'s>],
    all: Vec<Condition>,
}

impl Found<'_, '_> {
    fn differ(&mut self, what: &'static str, effect: Effect, touches: &'static [&'static str], words: &'static str, values: Vec<String>) {
        if values.windows(2).any(|pair| pair[0] != pair[1]) {
            self.all.push(Condition { what, values, effect, touches, words });
        }
    }

    /// Of whole runs.
    fn runs(&mut self, what: &'static str, effect: Effect, touches: &'static [&'static str], words: &'static str, of: impl Fn(&Summary<'_>) -> String) {
        let values = self.summaries.iter().map(|summary| of(summary)).collect();
        self.differ(what, effect, touches, words, values);
    }

    /// Of the first twins that differ in it; a run that has no such twin stands as `–`.
    fn cells(&mut self, what: &'static str, effect: Effect, touches: &'static [&'static str], words: &'static str, of: impl Fn(&Cell<'_>) -> String) {
        for twins in self.twins {
            let there: Vec<String> = twins.cells.iter().flatten().map(|cell| of(cell)).collect();
            if there.windows(2).any(|pair| pair[0] != pair[1]) {
                let values = twins.cells.iter().map(|cell| cell.map_or_else(|| "–".to_owned(), &of)).collect();
                self.all.push(Condition { what, values, effect, touches, words });
                return;
            }
        }
    }

    /// Mechanism and settings of contenders: mostly what the runs were made to compare.
    fn settings(&mut self) {
        let mut values = vec![Vec::new(); self.summaries.len()];
        let mut told: Vec<(&str, String)> = Vec::new();
        for twins in self.twins {
            let there: Vec<&Cell<'_>> = twins.cells.iter().flatten().copied().collect();
            let keys = there.iter().flat_map(|cell| cell.contender.settings.keys().map(String::as_str));
            let keys: BTreeSet<&str> = keys.chain(["use"]).collect();
            for key in keys {
                let of = |cell: &Cell<'_>| match key {
                    "use" => cell.contender.mechanism.clone(),
                    key => cell.contender.settings.get(key).map_or("none", String::as_str).to_owned(),
                };
                let differs = there.windows(2).any(|pair| of(pair[0]) != of(pair[1]));
                if !differs || told.contains(&(twins.contender, key.to_owned())) {
                    continue;
                }
                told.push((twins.contender, key.to_owned()));
                for (values, cell) in values.iter_mut().zip(&twins.cells) {
                    values.push(format!("{}: {key} = {}", twins.contender, cell.map_or_else(|| "–".to_owned(), of)));
                }
            }
        }
        let values = values.into_iter().map(|settings: Vec<String>| settings.join("; ")).collect();
        self.differ("settings", Effect::Told, &[], "Contenders were set otherwise: where nothing else differs, differences are of that.", values);
    }
}
