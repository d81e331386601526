//! What kind of machine this is, as far as it matters to a measurement.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::kernel::{self, field};
use super::{cgroup, process};

/// The machine that a recording was made on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Machine {
    /// CPU model as the kernel names it.
    pub cpu_model: String,
    /// Cores that the harness may use.
    pub cores: usize,
    /// Memory in bytes.
    pub memory: u64,
    /// Memory limit of the control group in bytes, where there is one.
    pub memory_limit: Option<u64>,
    /// Kernel release.
    pub kernel: String,
    /// Descriptors that one process may hold.
    pub descriptors: u64,
    /// TCP congestion control that new sockets get.
    pub congestion_control: String,
    /// Clock source of the kernel.
    pub clock_source: String,
    /// Which start of which machine this is: the first half of the SHA-256 of the kernel's boot id. Two recordings that have the same were made
    /// on one machine; containers of a machine have the same.
    #[serde(default)]
    pub boot: Option<String>,
}

impl Machine {
    /// Reads the present machine. What cannot be read is empty or zero.
    pub fn read() -> Self {
        let line = |path: &str| kernel::text(path).unwrap_or_default().trim().to_owned();
        let cpu = kernel::text("/proc/cpuinfo").unwrap_or_default();
        let cpu_model = cpu.lines().find(|line| line.starts_with("model name")).and_then(|line| line.split(':').nth(1)).unwrap_or("").trim().to_owned();
        let memory = kernel::text("/proc/meminfo").and_then(|all| field(&all, "MemTotal:")).unwrap_or(0) * 1024;
        let memory_limit = cgroup::memory_limit(&line("/proc/self/cgroup"), kernel::text).filter(|limit| *limit < memory);
        Self {
            cpu_model,
            cores: process::allowed_cores().len(),
            memory,
            memory_limit,
            kernel: line("/proc/sys/kernel/osrelease"),
            descriptors: process::raise_descriptor_limit(),
            congestion_control: line("/proc/sys/net/ipv4/tcp_congestion_control"),
            clock_source: line("/sys/devices/system/clocksource/clocksource0/current_clocksource"),
            boot: kernel::text("/proc/sys/kernel/random/boot_id").map(|id| digest(id.trim())),
        }
    }
}

/// Half of a SHA-256: enough to be told apart by, and the id itself stays on the machine.
fn digest(id: &str) -> String {
    Sha256::digest(id.as_bytes()).iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_of_a_machine_is_known_again_and_not_given_away() {
        // printf abc | sha256sum
        assert_eq!(digest("abc"), "ba7816bf8f01cfea414140de5dae2223");
        let (one, other) = (Machine::read(), Machine::read());
        assert_eq!(one, other);
        assert!(one.boot.is_none_or(|boot| boot.len() == 32));
    }
}
