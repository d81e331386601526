//! What a comparison can be decided by, what each figure hangs on, and how much it may change.

use crate::summary::doubts::touches;
use crate::summary::fits::{QUANTITIES, Quantity};
use crate::summary::metrics::{Better, METRICS, Metric, Unit};

/// A figure that a comparison can be decided by.
#[derive(Clone, Copy, Debug)]
pub struct Subject {
    /// Its name: that of a metric, or of a slope.
    pub name: &'static str,
    /// Unit of its values.
    pub unit: Unit,
    /// Which way is better; never [`Better::Neither`].
    pub better: Better,
    /// What it hangs on.
    pub nature: Nature,
    /// Where it comes from.
    pub source: Source,
}

/// Where the figure of a subject comes from.
#[derive(Clone, Copy, Debug)]
pub enum Source {
    /// A metric of each trial.
    Metric(&'static Metric),
    /// A slope over the load points of each repeat.
    Slope(&'static Quantity),
}

/// What a figure hangs on besides what is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nature {
    /// On the updates alone: requests, messages, bytes in a protocol, deliveries. It hardly varies, here or elsewhere.
    Counted,
    /// On kernel and network as well: segments, acknowledgements, and what they weigh.
    OnWire,
    /// On kernel and allocator as well.
    Memory,
    /// On everything, and never the same twice: times and CPU.
    Timed,
}

impl Nature {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Counted, Self::OnWire, Self::Memory, Self::Timed];

    /// As `[compare.margin]` and reports have it: API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Counted => "counted",
            Self::OnWire => "on-wire",
            Self::Memory => "memory",
            Self::Timed => "timed",
        }
    }

    /// The margin unless one is set, as a share: what it must change by to count as changed.
    ///
    /// Counts of 28 cells of two repeats each differed by 0.9 % at most, most of them by nothing; bytes on the wire by 0.6 %, segments by 2.2 %;
    /// resident memory by 3.1 %. Times and CPU differ by more than any margin that is of use: there the interval decides, and 5 % is what is worth
    /// an alarm.
    pub const fn margin(self) -> f64 {
        match self {
            Self::Counted => 0.01,
            Self::OnWire => 0.03,
            Self::Memory | Self::Timed => 0.05,
        }
    }

    /// The conditions that must be the same on both sides, by their names in `comparison::conditions`.
    pub const fn needs(self) -> &'static [&'static str] {
        match self {
            Self::Counted => &["updates"],
            Self::OnWire => &["updates", "system", "network"],
            Self::Memory => &["updates", "system"],
            Self::Timed => &["updates", "machine", "system", "cores", "network"],
        }
    }

    /// Trials a side without which nothing is said. Of counts one is enough: it is taken at its word. With fewer than six pairs of times, hardly
    /// any change that is not plain to see could be told from chance.
    pub const fn fewest_trials(self) -> usize {
        match self {
            Self::Counted => 1,
            Self::OnWire | Self::Memory => 2,
            Self::Timed => 6,
        }
    }

    /// That of a metric or slope.
    fn of(name: &str) -> Self {
        const TIMED: &[&str] =
            &["latency.", "scenario_latency.", "staleness.", "fidelity.", "time_to_current.", "lag.", "publish_lag.", "service.", "response.", "cpu."];
        const ON_WIRE: &[&str] = &["bytes.wire.", "segments."];
        match name {
            name if touches(TIMED, name) => Self::Timed,
            name if touches(ON_WIRE, name) => Self::OnWire,
            name if touches(&["memory."], name) => Self::Memory,
            _ => Self::Counted,
        }
    }
}

/// What is gated unless a scenario says otherwise, of what a contender has.
pub const GATED: &[&str] = &[
    "requests.per_update",
    "stanzas.total",
    "messages.per_update",
    "messages.setup",
    "lost",
    "duplicated",
    "reordered",
    "reach",
    "bytes.payload.per_update",
    "bytes.protocol.per_update",
    "bytes.setup",
    "connections.held",
    "bytes.wire.per_update",
    "memory.server.peak",
    "memory.subscriber.peak",
    "memory.server.per_subscriber",
    "memory.subscriber.per_subscriber",
    "latency.p50",
    "latency.p99",
    "cpu.total.per_1000_updates",
];

/// Of how much a tail must change: its noise is a multiple of a median's.
const TAIL: f64 = 0.1;

impl Subject {
    /// All of them: metrics in their order, then slopes.
    pub fn all() -> impl Iterator<Item = Self> {
        let metrics = METRICS.iter().filter(|metric| metric.better != Better::Neither).map(|metric| Self {
            name: metric.name,
            unit: metric.unit,
            better: metric.better,
            nature: Nature::of(metric.name),
            source: Source::Metric(metric),
        });
        let slopes = QUANTITIES.iter().map(|quantity| Self {
            name: quantity.name,
            unit: Unit::Bytes,
            better: Better::Lower,
            nature: Nature::of(quantity.name),
            source: Source::Slope(quantity),
        });
        metrics.chain(slopes)
    }

    /// Its margin where neither it nor its nature has one set.
    pub fn margin(&self) -> f64 {
        let is_tail = self.nature == Nature::Timed && [".p99", ".p99.9", ".max"].iter().any(|end| self.name.ends_with(end));
        if is_tail { TAIL } else { self.nature.margin() }
    }
}

/// The names of all subjects, for those who must know them beforehand: the reader of `[compare]`.
pub const NAMES: &[&str] = &{
    let mut names = [""; COUNT];
    let (mut metric, mut place) = (0, 0);
    while metric < METRICS.len() {
        if !matches!(METRICS[metric].better, Better::Neither) {
            names[place] = METRICS[metric].name;
            place += 1;
        }
        metric += 1;
    }
    let mut slope = 0;
    while slope < QUANTITIES.len() {
        names[place + slope] = QUANTITIES[slope].name;
        slope += 1;
    }
    names
};

const COUNT: usize = {
    let (mut metric, mut count) = (0, QUANTITIES.len());
    while metric < METRICS.len() {
        if !matches!(METRICS[metric].better, Better::Neither) {
            count += 1;
        }
        metric += 1;
    }
    count
};

/// The names of all natures, likewise.
pub const NATURES: &[&str] = &[Nature::Counted.name(), Nature::OnWire.name(), Nature::Memory.name(), Nature::Timed.name()];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_subjects() {
        assert!(Subject::all().map(|subject| subject.name).eq(NAMES.iter().copied()));
        assert!(Nature::ALL.iter().map(|nature| nature.name()).eq(NATURES.iter().copied()));
        assert!(GATED.iter().all(|name| NAMES.contains(name)), "{GATED:?}");
        assert!(!NAMES.contains(&"expected") && NAMES.contains(&"memory.server.per_subscriber"));
    }

    /// A unit says what a figure hangs on: what is in seconds, or a share of time, hangs on the machine.
    #[test]
    fn whatever_is_a_time_is_timed() {
        for subject in Subject::all() {
            let is_time =
                matches!(subject.unit, Unit::Seconds | Unit::ScenarioSeconds | Unit::CpuSeconds | Unit::Cores) || subject.name.starts_with("fidelity.");
            assert_eq!(subject.nature == Nature::Timed, is_time, "{}", subject.name);
        }
        for (name, nature) in [
            ("bytes.wire.setup", Nature::OnWire),
            ("segments.per_update", Nature::OnWire),
            ("bytes.setup", Nature::Counted),
            ("memory.server.per_subscriber", Nature::Memory),
            ("waste.ratio", Nature::Counted),
        ] {
            assert_eq!(Nature::of(name), nature, "{name}");
        }
    }

    #[test]
    fn margins_are_tight_for_counts_and_wide_for_tails() {
        let margin = |name: &str| Subject::all().find(|subject| subject.name == name).unwrap().margin();
        assert_eq!([margin("messages.per_update"), margin("latency.p50"), margin("latency.p99"), margin("lag.max")], [0.01, 0.05, 0.1, 0.1]);
    }

    /// A misspelt condition would compare what cannot be compared.
    #[test]
    fn what_is_needed_is_looked_at() {
        let looked_at = include_str!("../comparison/conditions.rs");
        for need in Nature::ALL.iter().flat_map(|nature| nature.needs()) {
            assert!(looked_at.contains(&format!("\"{need}\"")), "{need}");
        }
    }
}
