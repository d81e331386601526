//! Looks at what else goes on on the machine: two snapshots, and what happened between them.
//!
//! Taken by the harness at the edges of a window only, so that looking does not disturb what is looked at: a snapshot
//! reads five small files and costs about 0.2 ms of CPU. What a kernel does not tell is absent.

use std::collections::BTreeMap;

use nix::time::{ClockId, clock_gettime};

use super::kernel::{self, field};
use super::recording::{Clocks, CoreUse, Pressure, SurroundingsRecord};
use super::{cgroup, process};

/// Steps in which `/proc/stat` counts, per second: USER_HZ, part of the kernel's interface (proc(5)).
const STEPS: f64 = 100.0;
/// Clocks are read again when it took longer than this, in nanoseconds: somebody else had the core in between.
const READ_AT_ONCE: i64 = 5_000;
/// How often at most.
const READINGS: usize = 10;

/// The machine at an instant.
#[derive(Clone, Debug)]
pub struct Snapshot {
    clocks: Option<Readings>,
    cores: BTreeMap<usize, Counters>,
    harness: f64,
    pressure: Option<Pressure>,
    swapped_in: Option<u64>,
    memory_available: Option<u64>,
    throttled: Option<f64>,
}

/// Nanoseconds of each clock, read at once.
#[derive(Clone, Copy, Debug)]
struct Readings {
    monotonic: i64,
    raw: i64,
    real: i64,
    boot: i64,
}

/// Seconds that a core has spent so far.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Counters {
    idle: f64,
    iowait: f64,
    steal: f64,
}

impl Snapshot {
    /// Looks.
    pub fn take() -> Self {
        let text = kernel::text;
        Self {
            clocks: Readings::take(),
            cores: cores(&text("/proc/stat").unwrap_or_default()),
            harness: process::cpu().total(),
            pressure: pressure(|resource| text(&format!("/proc/pressure/{resource}"))),
            // Pages are counted; a page is 4 KiB on every machine that a benchmark is likely to meet, and 0 is 0 on all.
            swapped_in: text("/proc/vmstat").and_then(|all| field(&all, "pswpin")).map(|pages| pages * 4_096),
            memory_available: text("/proc/meminfo").and_then(|all| field(&all, "MemAvailable:")).map(|kib| kib * 1_024),
            throttled: throttled(&text("/proc/self/cgroup").unwrap_or_default(), text),
        }
    }

    /// What happened from this snapshot to a later one.
    pub fn until(&self, later: &Self) -> SurroundingsRecord {
        let clocks = self.clocks.zip(later.clocks);
        let elapsed = clocks.map_or(0.0, |(from, to)| (to.monotonic - from.monotonic) as f64 / 1e9);
        let cores = self.cores.iter().filter_map(|(core, from)| Some((*core, *from, *later.cores.get(core)?)));
        SurroundingsRecord {
            elapsed,
            cores: cores.map(|(core, from, to)| from.until(to, core, elapsed)).collect(),
            harness_cpu: later.harness - self.harness,
            harness_cores: process::allowed_cores(),
            pressure: self.pressure.zip(later.pressure).map(|(from, to)| Pressure {
                cpu: to.cpu - from.cpu,
                memory: to.memory - from.memory,
                memory_full: to.memory_full - from.memory_full,
                io: to.io - from.io,
            }),
            swapped_in: self.swapped_in.zip(later.swapped_in).map(|(from, to)| to.saturating_sub(from)),
            memory_available: later.memory_available,
            throttled: self.throttled.zip(later.throttled).map(|(from, to)| (to - from).max(0.0)),
            clocks: clocks.map(|(from, to)| from.until(to)),
        }
    }
}

impl Readings {
    /// `None` where a clock does not exist.
    fn take() -> Option<Self> {
        let read = |clock| clock_gettime(clock).ok().map(|time| time.tv_sec() * 1_000_000_000 + time.tv_nsec());
        let mut best: Option<(i64, Self)> = None;
        for _ in 0..READINGS {
            let before = read(ClockId::CLOCK_MONOTONIC)?;
            let (raw, real, boot) = (read(ClockId::CLOCK_MONOTONIC_RAW)?, read(ClockId::CLOCK_REALTIME)?, read(ClockId::CLOCK_BOOTTIME)?);
            let took = read(ClockId::CLOCK_MONOTONIC)? - before;
            if best.is_none_or(|(least, _)| took < least) {
                best = Some((took, Self { monotonic: before + took / 2, raw, real, boot }));
            }
            if took < READ_AT_ONCE {
                break;
            }
        }
        best.map(|(_, readings)| readings)
    }

    fn until(self, later: Self) -> Clocks {
        let elapsed = later.monotonic - self.monotonic;
        let ahead = |from: i64, to: i64| (to - from - elapsed) as f64 / 1e9;
        Clocks { raw: ahead(self.raw, later.raw), real: ahead(self.real, later.real), boot: ahead(self.boot, later.boot) }
    }
}

impl Counters {
    /// Busy is what is left: the kernel's own columns of work are sampled at its tick where idle time is exact, and leave
    /// out most of what is done in bursts of less than a tick.
    fn until(self, later: Self, core: usize, elapsed: f64) -> CoreUse {
        let [idle, iowait, steal] = [(self.idle, later.idle), (self.iowait, later.iowait), (self.steal, later.steal)].map(|(from, to)| (to - from).max(0.0));
        CoreUse { core, busy: (elapsed - idle - iowait - steal).max(0.0), iowait, steal }
    }
}

/// From `/proc/stat`: `cpu3 user nice system idle iowait irq softirq steal …`.
fn cores(stat: &str) -> BTreeMap<usize, Counters> {
    let core = |line: &str| {
        let mut words = line.split_whitespace();
        let core = words.next()?.strip_prefix("cpu")?.parse().ok()?;
        let steps: Vec<f64> = words.filter_map(|word| word.parse().ok()).collect();
        let seconds = |place: usize| steps.get(place).map_or(0.0, |steps| steps / STEPS);
        Some((core, Counters { idle: *steps.get(3)? / STEPS, iowait: seconds(4), steal: seconds(7) }))
    };
    stat.lines().filter_map(core).collect()
}

/// From `/proc/pressure/RESOURCE`: `some avg10=… total=MICROSECONDS`.
fn pressure(text: impl Fn(&str) -> Option<String>) -> Option<Pressure> {
    let total = |resource: &str, kind: &str| {
        let text = text(resource)?;
        let line = text.lines().find(|line| line.starts_with(kind))?;
        let micros: u64 = line.split_once("total=")?.1.trim().parse().ok()?;
        Some(micros as f64 / 1e6)
    };
    Some(Pressure { cpu: total("cpu", "some")?, memory: total("memory", "some")?, memory_full: total("memory", "full")?, io: total("io", "some")? })
}

/// Seconds for which a CPU quota has stopped this control group or one that it is in, from their `cpu.stat`: the largest, since a
/// quota higher up stops what is below, and is counted there. `None` where nobody counts. `groups` is `/proc/self/cgroup`.
fn throttled(groups: &str, text: impl Fn(&str) -> Option<String>) -> Option<f64> {
    let counted = |folder: String| {
        let stat = text(&format!("{folder}/cpu.stat"))?;
        let nanos = field(&stat, "throttled_time").map(|nanos| nanos as f64 / 1e9);
        nanos.or_else(|| field(&stat, "throttled_usec").map(|micros| micros as f64 / 1e6))
    };
    cgroup::folders(groups, "cpu").into_iter().filter_map(counted).max_by(f64::total_cmp)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_kernel_writes_is_read() {
        let stat = "cpu  30 0 10 900 5 1 1 7 0 0\ncpu0 20 0 5 400 5 1 1 7 0 0\ncpu12 10 0 5 500\nintr 7 0\n";
        let read = cores(stat);
        assert_eq!(read, BTreeMap::from([(0, Counters { idle: 4.0, iowait: 0.05, steal: 0.07 }), (12, Counters { idle: 5.0, ..Counters::default() })]));
        let psi = |resource: &str| (resource != "cpu").then(|| "some avg10=0.00 total=2500000\nfull avg10=0.00 total=500000\n".to_owned());
        assert_eq!(pressure(psi), None, "a part that is missing is no zero");
        let psi = |_: &str| Some("some avg10=0.00 total=2500000\nfull avg10=0.00 total=500000\n".to_owned());
        assert_eq!(pressure(psi), Some(Pressure { cpu: 2.5, memory: 2.5, memory_full: 0.5, io: 2.5 }));
        let v1 = |path: &str| (path == "/sys/fs/cgroup/cpu/here/cpu.stat").then(|| "nr_periods 7\nnr_throttled 2\nthrottled_time 1500000000\n".to_owned());
        assert_eq!(throttled("9:memory:/x\n1:cpu,cpuacct:/here\n0::/\n", v1), Some(1.5));
        let above = |path: &str| match path {
            "/sys/fs/cgroup/slice/scope/cpu.stat" => Some("throttled_usec 0\n".to_owned()),
            "/sys/fs/cgroup/slice/cpu.stat" => Some("throttled_usec 750000\n".to_owned()),
            _ => None,
        };
        assert_eq!(throttled("0::/slice/scope\n", above), Some(0.75), "a quota on a group further up");
        let v2 = |path: &str| (path == "/sys/fs/cgroup/cpu.stat").then(|| "usage_usec 9\nthrottled_usec 250000\n".to_owned());
        assert_eq!(throttled("0::/of/the/host\n", v2), Some(0.25));
        assert_eq!(throttled("0::/\n", |_| Some("usage_usec 9\n".to_owned())), None);
    }

    #[test]
    fn differences_are_of_work_steal_and_clocks() {
        let counters = Counters { idle: 10.0, iowait: 1.0, steal: 2.0 };
        let used = counters.until(Counters { idle: 11.0, iowait: 0.9, steal: 2.25 }, 3, 2.0);
        assert_eq!(used, CoreUse { core: 3, busy: 0.75, iowait: 0.0, steal: 0.25 }, "a counter that steps back has not gone on");
        let from = Readings { monotonic: 0, raw: 10, real: 20, boot: 30 };
        let to = Readings { monotonic: 2_000_000_000, raw: 2_001_000_010, real: 1_500_000_020, boot: 2_000_000_030 };
        assert_eq!(from.until(to), Clocks { raw: 0.001, real: -0.5, boot: 0.0 });
    }

    /// Work of this very thread is found among what the harness used, and the machine was at least as busy.
    #[test]
    fn work_is_seen() {
        let before = Snapshot::take();
        let mut work = 0_u64;
        while process::cpu().total() - before.harness < 0.2 {
            work = std::hint::black_box(work.wrapping_add(1));
        }
        let found = before.until(&Snapshot::take());
        assert!(found.harness_cpu >= 0.2 && found.elapsed > 0.0, "{found:?}");
        let busy: f64 = found.cores.iter().map(|core| core.busy).sum();
        // Steps of 10 ms, at both ends, in each of three columns of each core.
        let slack = 0.06 * found.cores.len() as f64;
        assert!(busy >= 0.2 - slack, "{busy} of {found:?}");
        assert!(found.memory_available.is_some_and(|bytes| bytes > 0));
        let clocks = found.clocks.unwrap();
        assert!(clocks.raw.abs() < 0.01 * found.elapsed + 0.001 && clocks.boot.abs() < 0.001, "{clocks:?}");
    }
}
