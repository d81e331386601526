//! What a process has used: CPU by getrusage, memory from /proc; and where it may run.

use std::io;

use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::sys::resource::{Resource, UsageWho, getrlimit, getrusage, setrlimit};
use nix::sys::signal::Signal;
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};

use super::kernel;

/// CPU time used, in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cpu {
    /// In user mode.
    pub user: f64,
    /// In the kernel on behalf of the process.
    pub system: f64,
}

impl Cpu {
    /// User and system together.
    pub fn total(self) -> f64 {
        self.user + self.system
    }
}

impl std::ops::Sub for Cpu {
    type Output = Self;
    fn sub(self, earlier: Self) -> Self {
        // The kernel scales the split of user and system after the fact: either may step back by a microsecond or so.
        Self { user: (self.user - earlier.user).max(0.0), system: (self.system - earlier.system).max(0.0) }
    }
}

impl std::ops::Add for Cpu {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self { user: self.user + other.user, system: self.system + other.system }
    }
}

/// CPU time of this process so far, all threads.
pub fn cpu() -> Cpu {
    let Ok(usage) = getrusage(UsageWho::RUSAGE_SELF) else { return Cpu::default() };
    let seconds = |time: nix::sys::time::TimeVal| time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6;
    Cpu { user: seconds(usage.user_time()), system: seconds(usage.system_time()) }
}

/// Resident memory of this process in bytes: (now, peak since it began).
pub fn memory() -> (u64, u64) {
    (status("VmRSS").unwrap_or(0), status("VmHWM").unwrap_or(0))
}

/// A field of `/proc/self/status`, in bytes.
fn status(name: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    let kib: u64 = line.trim_start_matches(':').split_whitespace().next()?.parse().ok()?;
    Some(kib * 1024)
}

/// Pages that this process has had to wait for a disk for, so far.
pub fn major_faults() -> u64 {
    getrusage(UsageWho::RUSAGE_SELF).map_or(0, |usage| u64::try_from(usage.major_page_faults()).unwrap_or(0))
}

/// Memory of this process that is swapped out now, in bytes; `None` where the kernel does not tell.
pub fn swapped() -> Option<u64> {
    status("VmSwap")
}

/// Whether this process was started with a signal ignored, or ignores it since.
pub fn ignores(signal: Signal) -> bool {
    let status = kernel::text("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (signal as u32 - 1) & 1 == 1)
}

/// The cores that this process may run on, in ascending order.
pub fn allowed_cores() -> Vec<usize> {
    let Ok(set) = sched_getaffinity(Pid::from_raw(0)) else { return Vec::new() };
    (0..CpuSet::count()).filter(|core| set.is_set(*core).unwrap_or(false)).collect()
}

/// Pins this process to the given cores.
///
/// # Errors
/// A core does not exist or is not allowed.
pub fn pin(cores: &[usize]) -> io::Result<()> {
    let mut set = CpuSet::new();
    for core in cores {
        set.set(*core)?;
    }
    Ok(sched_setaffinity(Pid::from_raw(0), &set)?)
}

/// Raises the soft limit of open descriptors to the hard one; returns the limit that then holds.
pub fn raise_descriptor_limit() -> u64 {
    let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else { return 1024 };
    if soft < hard && setrlimit(Resource::RLIMIT_NOFILE, hard, hard).is_ok() { hard } else { soft }
}
