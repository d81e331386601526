//! What else went on on the machine within the window of a trial.
//!
//! A field that the kernel does not tell is absent, and a recording of an older version has no record of it at all: from
//! neither does it follow that nothing went on.

use serde::{Deserialize, Serialize};

/// Differences of two snapshots that the harness took at the edges of the window.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SurroundingsRecord {
    /// Seconds between the two snapshots.
    pub elapsed: f64,
    /// Each core of the machine.
    pub cores: Vec<CoreUse>,
    /// CPU seconds of the harness's own process; sides that run as its tasks are in it.
    pub harness_cpu: f64,
    /// Cores that the harness's own process may use.
    pub harness_cores: Vec<usize>,
    /// How long tasks of the machine waited for something; absent where the kernel does not count it.
    pub pressure: Option<Pressure>,
    /// Bytes that the machine read back from swap.
    pub swapped_in: Option<u64>,
    /// Memory that was to be had at the end, in bytes.
    pub memory_available: Option<u64>,
    /// Seconds for which a CPU quota of the control group stopped its processes, added up over cores.
    pub throttled: Option<f64>,
    /// How the kernel's other clocks went beside CLOCK_MONOTONIC.
    pub clocks: Option<Clocks>,
}

/// What a core did between the snapshots, in seconds. The kernel counts in steps of 10 ms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CoreUse {
    /// Which core.
    pub core: usize,
    /// Neither idle nor stolen: processes and the kernel itself, interrupts included.
    pub busy: f64,
    /// Idle, while something of it waited for a disk.
    pub iowait: f64,
    /// Taken by the hypervisor while there was work.
    pub steal: f64,
}

/// Pressure stall information: seconds in which some task (or all that could run) waited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pressure {
    /// Some task waited for a core.
    pub cpu: f64,
    /// Some task waited for memory: reclaim, pages that had to be read again, swap.
    pub memory: f64,
    /// All tasks waited for memory.
    pub memory_full: f64,
    /// Some task waited for a disk.
    pub io: f64,
}

/// By how many seconds more than CLOCK_MONOTONIC other clocks advanced; negative: by how many less.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clocks {
    /// CLOCK_MONOTONIC_RAW, which nobody disciplines.
    pub raw: f64,
    /// CLOCK_REALTIME, which can be set.
    pub real: f64,
    /// CLOCK_BOOTTIME, which goes on while the machine sleeps.
    pub boot: f64,
}
