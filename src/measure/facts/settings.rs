//! What the kernel's files say of a machine.

use nix::sys::resource::{Resource, getrlimit};

use crate::measure::kernel::{self, field};
use crate::measure::{cgroup, process};

/// Settings and states of the kernel; `None` where a file is missing or says what is not understood.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settings {
    /// Descriptors that a process may hold: as found, and as far as it may be raised.
    pub descriptors: Option<(u64, u64)>,
    /// Files that the whole system may have open.
    pub file_max: Option<u64>,
    /// First and last of the ports that the kernel gives to connections.
    pub ports: Option<(u64, u64)>,
    /// Whether ports of closed connections are reused at once: 0 never, 1 always, 2 on loopback.
    pub port_reuse: Option<u64>,
    /// Closed connections that the kernel remembers.
    pub resting_connections: Option<u64>,
    /// Connections that may wait to be accepted.
    pub accept_queue: Option<u64>,
    /// Connections that may be half open.
    pub handshake_queue: Option<u64>,
    /// Cores that are switched on.
    pub cores_online: Option<usize>,
    /// Cores that this process may use.
    pub cores_allowed: Vec<usize>,
    /// Cores' worth of CPU time that a control group's quota leaves; `Some(None)` without a quota.
    pub quota: Option<Option<f64>>,
    /// Pairs of allowed cores that are two threads of one and the same.
    pub siblings: Option<u64>,
    /// Clock sources to be had.
    pub clock_sources: Option<Vec<String>>,
    /// Frequency governors of the allowed cores, each once; `None` where the kernel shows none, as in most virtual machines.
    pub governors: Option<Vec<String>>,
    /// Whether cores may run faster than their nominal frequency for a while.
    pub boost: Option<bool>,
    /// Bytes that could be had without swapping.
    pub memory_available: Option<u64>,
    /// Bytes that are swapped out now.
    pub swapped: Option<u64>,
    /// Whether pages of 2 MiB are used unasked: `always`, `madvise` or `never`.
    pub huge_pages: Option<String>,
    /// Whether the kernel tells how long tasks wait for CPU, memory and disks (pressure stall information).
    pub pressure: bool,
    /// Whether TCP segments carry timestamps, 12 bytes each.
    pub timestamps: Option<u64>,
    /// Largest packet on loopback, in bytes.
    pub loopback_mtu: Option<u64>,
    /// Whether loopback is up.
    pub loopback_up: Option<bool>,
    /// Tasks that ran or wanted to, on average of the last minute.
    pub load_average: Option<f64>,
    /// Share of the time since boot that a hypervisor gave to others.
    pub steal_since_boot: Option<f64>,
    /// Whether a hypervisor is below us.
    pub hypervisor: Option<bool>,
}

impl Settings {
    /// Reads this machine's.
    pub fn read() -> Self {
        let limits = getrlimit(Resource::RLIMIT_NOFILE).ok();
        Self { descriptors: limits, ..Self::from_files(process::allowed_cores(), kernel::text) }
    }

    /// From the kernel's texts.
    fn from_files(cores_allowed: Vec<usize>, text: impl Fn(&str) -> Option<String>) -> Self {
        let word = |path: &str| text(path).map(|text| text.trim().to_owned());
        let number = |path: &str| word(path)?.parse::<u64>().ok();
        let system = |name: &str| number(&format!("/proc/sys/{name}"));
        let memory = text("/proc/meminfo");
        let bytes = |name: &str| field(memory.as_deref()?, name).map(|kib| kib * 1024);
        let groups = text("/proc/self/cgroup");
        let of_cores = |name: &str| -> Vec<String> {
            let mut all: Vec<String> = cores_allowed.iter().filter_map(|core| word(&format!("/sys/devices/system/cpu/cpu{core}/{name}"))).collect();
            all.sort_unstable();
            all
        };
        let mut governors = of_cores("cpufreq/scaling_governor");
        governors.dedup();
        // Cores whose list of threads is the same are threads of one core.
        let threads = of_cores("topology/thread_siblings_list");
        let siblings = threads.windows(2).filter(|pair| pair[0] == pair[1]).count() as u64;
        let boost = number("/sys/devices/system/cpu/intel_pstate/no_turbo").map(|off| off == 0);
        Self {
            descriptors: None,
            file_max: system("fs/file-max"),
            ports: word("/proc/sys/net/ipv4/ip_local_port_range").and_then(|range| {
                let ends: Vec<u64> = range.split_whitespace().filter_map(|end| end.parse().ok()).collect();
                if let [first, last] = ends[..] { (first <= last).then_some((first, last)) } else { None }
            }),
            port_reuse: system("net/ipv4/tcp_tw_reuse"),
            resting_connections: system("net/ipv4/tcp_max_tw_buckets"),
            accept_queue: system("net/core/somaxconn"),
            handshake_queue: system("net/ipv4/tcp_max_syn_backlog"),
            cores_online: word("/sys/devices/system/cpu/online").and_then(|list| count_of(&list)),
            quota: groups.map(|groups| cgroup::cpu_quota(&groups, &text)),
            siblings: (!threads.is_empty()).then_some(siblings),
            clock_sources: word("/sys/devices/system/clocksource/clocksource0/available_clocksource")
                .map(|list| list.split_whitespace().map(str::to_owned).collect()),
            governors: (!governors.is_empty()).then_some(governors),
            boost: boost.or_else(|| number("/sys/devices/system/cpu/cpufreq/boost").map(|on| on == 1)),
            memory_available: bytes("MemAvailable:"),
            swapped: bytes("SwapTotal:").zip(bytes("SwapFree:")).map(|(total, free)| total.saturating_sub(free)),
            huge_pages: word("/sys/kernel/mm/transparent_hugepage/enabled").and_then(|all| Some(all.split_once('[')?.1.split_once(']')?.0.to_owned())),
            pressure: text("/proc/pressure/cpu").is_some_and(|text| text.starts_with("some")),
            timestamps: system("net/ipv4/tcp_timestamps"),
            loopback_mtu: number("/sys/class/net/lo/mtu"),
            // IFF_UP, netdevice(7).
            loopback_up: word("/sys/class/net/lo/flags")
                .and_then(|flags| u64::from_str_radix(flags.trim_start_matches("0x"), 16).ok())
                .map(|flags| flags & 1 == 1),
            load_average: text("/proc/loadavg").and_then(|text| text.split_whitespace().next()?.parse().ok()),
            steal_since_boot: text("/proc/stat").and_then(|text| steal_share(&text)),
            hypervisor: text("/proc/cpuinfo")
                .filter(|text| !text.is_empty())
                .map(|text| text.lines().any(|line| line.starts_with("flags") && line.contains(" hypervisor"))),
            cores_allowed,
        }
    }
}

/// How many a list such as `0-3,8` names.
fn count_of(list: &str) -> Option<usize> {
    let range = |part: &str| match part.split_once('-') {
        Some((first, last)) => last.parse::<usize>().ok()?.checked_sub(first.parse().ok()?)?.checked_add(1),
        None => part.parse::<usize>().ok().map(|_| 1),
    };
    list.split(',').map(range).sum()
}

/// From the first line of `/proc/stat`: `cpu user nice system idle iowait irq softirq steal …`. Guests' time is part of user's.
fn steal_share(stat: &str) -> Option<f64> {
    let steps: Vec<f64> = stat.lines().next()?.strip_prefix("cpu ")?.split_whitespace().filter_map(|word| word.parse().ok()).take(8).collect();
    let all: f64 = steps.iter().sum();
    (steps.len() == 8 && all > 0.0).then(|| steps[7] / all)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILES: &[(&str, &str)] = &[
        ("/proc/sys/fs/file-max", "1000\n"),
        ("/proc/sys/net/ipv4/ip_local_port_range", "32768\t60999\n"),
        ("/proc/sys/net/ipv4/tcp_tw_reuse", "2\n"),
        ("/proc/sys/net/core/somaxconn", "4096\n"),
        ("/proc/self/cgroup", "0::/\n"),
        ("/sys/fs/cgroup/cpu.max", "50000 100000\n"),
        ("/sys/devices/system/cpu/online", "0-3,6\n"),
        ("/sys/devices/system/cpu/cpu0/topology/thread_siblings_list", "0-1\n"),
        ("/sys/devices/system/cpu/cpu1/topology/thread_siblings_list", "0-1\n"),
        ("/sys/devices/system/cpu/cpu6/topology/thread_siblings_list", "6\n"),
        ("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "powersave\n"),
        ("/sys/devices/system/cpu/cpu6/cpufreq/scaling_governor", "powersave\n"),
        ("/sys/devices/system/cpu/intel_pstate/no_turbo", "0\n"),
        ("/sys/devices/system/clocksource/clocksource0/available_clocksource", "tsc hpet\n"),
        ("/proc/meminfo", "MemTotal: 4 kB\nMemAvailable: 3 kB\nSwapTotal: 9 kB\nSwapFree: 7 kB\n"),
        ("/sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never\n"),
        ("/proc/pressure/cpu", "some avg10=0.00 avg60=0.00 avg300=0.00 total=1\n"),
        ("/sys/class/net/lo/flags", "0x9\n"),
        ("/proc/loadavg", "1.50 1.00 0.50 2/100 7\n"),
        ("/proc/stat", "cpu  10 0 10 70 0 0 0 10 0 0\n"),
        ("/proc/cpuinfo", "processor: 0\nflags\t\t: fpu tsc hypervisor lahf_lm\n"),
    ];

    #[test]
    fn the_kernels_texts_are_read() {
        let settings = Settings::from_files(vec![0, 1, 6], |path| FILES.iter().find(|(name, _)| *name == path).map(|(_, text)| (*text).to_owned()));
        let expected = Settings {
            file_max: Some(1_000),
            ports: Some((32_768, 60_999)),
            port_reuse: Some(2),
            accept_queue: Some(4_096),
            cores_online: Some(5),
            cores_allowed: vec![0, 1, 6],
            quota: Some(Some(0.5)),
            siblings: Some(1),
            clock_sources: Some(vec!["tsc".to_owned(), "hpet".to_owned()]),
            governors: Some(vec!["powersave".to_owned()]),
            boost: Some(true),
            memory_available: Some(3 * 1_024),
            swapped: Some(2 * 1_024),
            huge_pages: Some("madvise".to_owned()),
            pressure: true,
            loopback_up: Some(true),
            load_average: Some(1.5),
            steal_since_boot: Some(0.1),
            hypervisor: Some(true),
            ..Settings::default()
        };
        assert_eq!(settings, expected);
    }

    #[test]
    fn what_is_not_there_or_not_understood_is_not_known() {
        assert_eq!(Settings::from_files(Vec::new(), |_| None), Settings::default());
        for nonsense in ["", "\n", "what", "9-1", "0-", "[", "cpu x", "-1 -1", "18446744073709551616"] {
            let settings = Settings::from_files(vec![0], |_| Some(nonsense.to_owned()));
            assert_eq!((settings.ports, settings.cores_online, settings.steal_since_boot), (None, None, None), "{nonsense:?}");
            assert!(!settings.pressure);
        }
    }

    #[test]
    fn this_machine_has_most_of_it() {
        let settings = Settings::read();
        assert!(settings.descriptors.is_some_and(|(soft, hard)| soft <= hard && soft > 0));
        assert!(settings.cores_allowed.len() <= settings.cores_online.unwrap());
        assert!(settings.memory_available.is_some_and(|bytes| bytes > 0) && settings.ports.is_some());
    }
}
