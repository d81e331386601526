//! What differs between runs besides what is compared, and what can then not be said.

use std::collections::BTreeSet;

use super::Twins;
use crate::summary::doubts::touches;
use crate::summary::{Cell, Summary};
use crate::units::{show_bytes, show_count, show_seconds, significant};

/// Something that is not the same in all runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// What it is, in a word or two: API.
    pub what: &'static str,
    /// How it is in each run.
    pub values: Vec<String>,
    /// What it does to figures at worst.
    pub effect: Effect,
    /// Metrics to which it does so: a name, a prefix that ends with a dot, or an empty text for all.
    pub touches: &'static [&'static str],
    /// Others, whose differences may be its doing.
    pub mixes: &'static [&'static str],
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
    /// What it does to a metric; `None` where that does not hang on it.
    pub fn effect_on(&self, metric: &str) -> Option<Effect> {
        if touches(self.touches, metric) {
            return Some(self.effect);
        }
        touches(self.mixes, metric).then_some(Effect::Mixed)
    }
}

/// A thing that may differ between runs, and what follows.
struct Kind {
    what: &'static str,
    effect: Effect,
    touches: &'static [&'static str],
    mixes: &'static [&'static str],
    words: &'static str,
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
/// Measured times and rates, of which compression makes others.
const MEASURED: &[&str] = &["latency.", "staleness.", "fidelity.", "cpu.idle."];
/// What hangs on how fast one thing follows another.
const OF_THE_PACE: &[&str] = &[
    "scenario_latency.",
    "lag.",
    "publish_lag.",
    "service.",
    "response.",
    "cpu.total.per_1000_updates",
    "cpu.server.per_1000_updates",
    "cpu.subscriber.per_1000_updates",
    "cpu.publisher.per_1000_updates",
    "cpu.user.per_1000_updates",
    "cpu.system.per_1000_updates",
    "memory.",
    "bytes.wire.per_update",
    "segments.per_update",
];
const ALL: &[&str] = &[""];

const MACHINE: Kind = Kind {
    what: "machine",
    effect: Effect::Mixed,
    touches: OF_THE_MACHINE,
    mixes: &[],
    words: "Times, CPU and memory tell of the machines as much as of what ran on them; counts do not.",
};
const SYSTEM: Kind = Kind {
    what: "system",
    effect: Effect::Mixed,
    touches: OF_THE_SYSTEM,
    mixes: &[],
    words: "Times, CPU and what is on the wire tell of the kernels as much as of what ran on them.",
};
const VERSION: Kind = Kind {
    what: "version",
    effect: Effect::Mixed,
    touches: OF_THE_MACHINE,
    mixes: &[],
    words: "pushbench is part of what is measured: clients and embedded servers are others.",
};
const HANDICAP: Kind = Kind {
    what: "handicap",
    effect: Effect::Mixed,
    touches: ALL,
    mixes: &[],
    words: "A run was made worse on purpose, to see whether that is found: its figures are of nothing else.",
};
const WORKLOAD: Kind = Kind {
    what: "workload",
    effect: Effect::Incomparable,
    touches: ALL,
    mixes: &[],
    words: "Topology or meaning of updates are others: no figure of one is a figure of the other.",
};
const COMPRESSION: Kind = Kind {
    what: "compression",
    effect: Effect::Incomparable,
    touches: MEASURED,
    mixes: OF_THE_PACE,
    words: "Measured times and rates are of another pace, and a lone request takes several times the CPU of one among many. Counts can be compared.",
};
const SIZE: Kind = Kind {
    what: "size",
    effect: Effect::Incomparable,
    touches: TOTALS,
    mixes: ALL,
    words: "What is counted over the whole window grows with the load. Figures per update, shares and times can be compared, and differ with the load as well.",
};
const UPDATES: Kind = Kind {
    what: "updates",
    effect: Effect::Mixed,
    touches: ALL,
    mixes: &[],
    words: "The updates are others (another seed or another scenario): counts cannot be equal, and all figures have that noise besides.",
};
const CORES: Kind = Kind { what: "cores", effect: Effect::Mixed, touches: OF_THE_MACHINE, mixes: &[], words: "The sides shared cores in another way." };
const NETWORK: Kind =
    Kind { what: "network", effect: Effect::Mixed, touches: OF_THE_SYSTEM, mixes: &[], words: "There was another network between the sides." };
const SETTINGS: Kind = Kind {
    what: "settings",
    effect: Effect::Told,
    touches: &[],
    mixes: &[],
    words: "Contenders were set otherwise: where nothing else differs, differences are of that.",
};

/// All conditions that differ, the most general first.
pub fn conditions(summaries: &[&Summary<'_>], twins: &[Twins<'_>]) -> Vec<Condition> {
    let mut found = Found { summaries, twins, all: Vec::new() };
    found.runs(&MACHINE, |summary| {
        let machine = &summary.recording.machine;
        format!("{}, {} cores, {}", machine.cpu_model, machine.cores, show_bytes(machine.memory as f64))
    });
    found.runs(&SYSTEM, |summary| {
        let machine = &summary.recording.machine;
        format!("Linux {}, {}, clock {}", machine.kernel, machine.congestion_control, machine.clock_source)
    });
    found.runs(&VERSION, |summary| format!("pushbench {}", summary.recording.tool_version));
    found.runs(&HANDICAP, |summary| summary.recording.handicap.map_or_else(|| "none".to_owned(), |handicap| handicap.to_string()));
    found.runs(&WORKLOAD, |summary| format!("{}, {}", summary.recording.scenario.topology, summary.recording.scenario.semantics));
    found.runs(&COMPRESSION, |summary| significant(summary.recording.scenario.compression, 6));
    found.cells(&SIZE, size);
    found.cells(&UPDATES, |_, cell| {
        cell.trials.first().map_or_else(String::new, |trial| format!("trace {}", trial.trace_sha256.get(..12).unwrap_or(&trial.trace_sha256)))
    });
    found.cells(&CORES, |_, cell| {
        let sides = cell.trials.first().map(|trial| trial.sides.iter());
        let cores = |cores: &[usize]| cores.iter().map(usize::to_string).collect::<Vec<_>>().join("+");
        sides.into_iter().flatten().map(|side| format!("{} on {}", side.role.name(), cores(&side.cores))).collect::<Vec<_>>().join(", ")
    });
    found.cells(&NETWORK, |_, cell| {
        let apart = cell.trials.first().is_some_and(|trial| trial.sides.iter().any(|side| side.namespace.is_some()));
        if apart { "between network namespaces".to_owned() } else { "loopback".to_owned() }
    });
    found.settings();
    found.all
}

/// How much there was to do. The span is in scenario time: compression by itself changes no count.
fn size(summary: &Summary<'_>, cell: &Cell<'_>) -> String {
    let load = cell.workload;
    let count = |count: u64| show_count(i64::try_from(count).unwrap_or(i64::MAX));
    format!(
        "{} topics ({} active), {} subscribers, {} subscriptions, payload {}, span {}",
        count(load.topics),
        count(load.active_topics),
        count(load.subscribers),
        count(load.subscriptions),
        show_bytes(load.payload as f64),
        show_seconds(load.window * summary.recording.scenario.compression)
    )
}

struct Found<'f, 's> {
    summaries: &'f [&'f Summary<'s>],
    twins: &'f [Twins<'s>],
    all: Vec<Condition>,
}

impl Found<'_, '_> {
    fn add(&mut self, kind: &Kind, values: Vec<String>) {
        let Kind { what, effect, touches, mixes, words } = *kind;
        self.all.push(Condition { what, values, effect, touches, mixes, words });
    }

    /// Of whole runs.
    fn runs(&mut self, kind: &Kind, of: impl Fn(&Summary<'_>) -> String) {
        let values: Vec<String> = self.summaries.iter().map(|summary| of(summary)).collect();
        if differ(&values) {
            self.add(kind, values);
        }
    }

    /// Of the first twins that differ in it; a run that has no such twin stands as `–`.
    fn cells(&mut self, kind: &Kind, of: impl Fn(&Summary<'_>, &Cell<'_>) -> String) {
        for twins in self.twins {
            let values: Vec<Option<String>> = self.summaries.iter().zip(&twins.cells).map(|(summary, cell)| Some(of(summary, (*cell)?))).collect();
            let there: Vec<&String> = values.iter().flatten().collect();
            if differ(&there) {
                return self.add(kind, values.into_iter().map(|value| value.unwrap_or_else(|| "–".to_owned())).collect());
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
                let here: Vec<String> = there.iter().map(|cell| of(cell)).collect();
                if !differ(&here) || told.contains(&(twins.contender, key.to_owned())) {
                    continue;
                }
                told.push((twins.contender, key.to_owned()));
                for (values, cell) in values.iter_mut().zip(&twins.cells) {
                    values.push(format!("{}: {key} = {}", twins.contender, cell.map_or_else(|| "–".to_owned(), of)));
                }
            }
        }
        if !told.is_empty() {
            self.add(&SETTINGS, values.iter().map(|settings| settings.join("; ")).collect());
        }
    }
}

fn differ<T: PartialEq>(values: &[T]) -> bool {
    values.windows(2).any(|pair| pair[0] != pair[1])
}
