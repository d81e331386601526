//! What has to be tried to be known: timers, the clock's price, pinning, network namespaces, who else is at work.

use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use nix::sched::{CloneFlags, sched_getcpu, unshare};

use crate::measure::clock::{Clock, RealClock};
use crate::measure::distribution::{Distribution, Precision};
use crate::measure::process;
use crate::measure::surroundings::Snapshot;

/// A timer is asked so often how late it comes: what a p99 needs.
const TIMERS: u32 = 1_000;
/// Between two of them.
const PERIOD: Duration = Duration::from_millis(1);
/// Readings of the clock in a row, and rows: the fastest row counts, others were interrupted.
const READINGS: u32 = 10_000;
const ROWS: u32 = 10;

/// What trying has shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Tried {
    /// Seconds that one look at the clock takes.
    pub clock_cost: f64,
    /// Seconds by which timers came late, 99 of 100 of them at most; `None` where there is no timer.
    pub timer_lateness: Option<f64>,
    /// Whether a process can be bound to a core.
    pub pinning: Ability,
    /// Share of the allowed cores that others used, for a second.
    pub foreign: Option<f64>,
    /// Share of the allowed cores that a hypervisor gave to others, in the same second.
    pub steal: Option<f64>,
    /// Whether network namespaces with a pair of virtual devices can be made.
    pub namespaces: Ability,
    /// Whether the kernel can delay and drop packets between them (netem).
    pub netem: Ability,
}

/// Whether something can be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ability {
    /// It was done.
    Able,
    /// It was tried and failed for this reason.
    Unable(String),
    /// It was not tried, because it takes root.
    NotRoot,
}

impl Tried {
    /// Tries. Takes a second and a half; what it makes is gone when it returns.
    pub fn now() -> Self {
        let cores = process::allowed_cores();
        let pinning = pinning(&cores);
        let clock_cost = clock_cost();
        let before = Snapshot::take();
        let timer_lateness = timer_lateness().ok().flatten();
        let around = before.until(&Snapshot::take());
        let there = around.elapsed * cores.len() as f64;
        let of_allowed = |use_of: fn(f64, f64) -> f64| -> Option<f64> {
            let mine = around.cores.iter().filter(|core| cores.contains(&core.core));
            (there > 0.0 && !around.cores.is_empty()).then(|| mine.map(|core| use_of(core.busy, core.steal)).sum::<f64>() / there)
        };
        let foreign = of_allowed(|busy, _| busy).map(|busy| (busy - around.harness_cpu / there).clamp(0.0, 1.0));
        let (namespaces, netem) = in_a_namespace_of_its_own();
        Self { clock_cost, timer_lateness, pinning, foreign, steal: of_allowed(|_, steal| steal), namespaces, netem }
    }
}

/// Binds this thread to each allowed core in turn, looks where it runs, and frees it again.
fn pinning(cores: &[usize]) -> Ability {
    let bound = cores.iter().try_for_each(|core| {
        process::pin(&[*core])?;
        let here = sched_getcpu()?;
        if here == *core { Ok(()) } else { Err(io::Error::other(format!("bound to core {core}, it runs on {here}"))) }
    });
    // With all cores that it had before, nothing can be refused.
    let _ = process::pin(cores);
    match bound {
        Ok(()) if cores.is_empty() => Ability::Unable("the kernel does not say which cores there are".to_owned()),
        Ok(()) => Ability::Able,
        Err(error) => Ability::Unable(error.to_string()),
    }
}

fn clock_cost() -> f64 {
    let row = || {
        let begin = RealClock.now();
        for _ in 0..READINGS {
            std::hint::black_box(RealClock.now());
        }
        RealClock.now().nanos_since(begin) as f64 / f64::from(READINGS) / 1e9
    };
    (0..ROWS).map(|_| row()).fold(f64::INFINITY, f64::min)
}

fn timer_lateness() -> io::Result<Option<f64>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    runtime.block_on(async {
        let mut timer = RealClock.timer()?;
        let mut lateness = Distribution::new(Precision::Fine);
        let mut due = RealClock.now();
        for _ in 0..TIMERS {
            // From now, not from the last due time: one long delay is one, and not many.
            due = RealClock.now().max(due).after(PERIOD);
            timer.until(due).await;
            lateness.record(RealClock.now().nanos_since(due));
        }
        Ok(lateness.quantile(0.99))
    })
}

/// A pair of virtual devices, and a delay on one of them. In a thread that has a network of its own: nothing of it
/// touches the machine's, and all of it goes with the thread.
fn in_a_namespace_of_its_own() -> (Ability, Ability) {
    // The owner of a process is its effective user (proc(5)).
    if std::fs::metadata("/proc/self").map_or(true, |itself| itself.uid() != 0) {
        return (Ability::NotRoot, Ability::NotRoot);
    }
    let tried = std::thread::spawn(|| {
        if let Err(error) = unshare(CloneFlags::CLONE_NEWNET) {
            return (Ability::Unable(error.desc().to_owned()), Ability::Unable("without a network namespace it was not tried".to_owned()));
        }
        let pair = can("ip", "link add pushbench0 type veth peer name pushbench1");
        let delay = match pair {
            Ability::Able => can("tc", "qdisc add dev pushbench0 root netem delay 1ms"),
            _ => can("tc", "qdisc add dev lo root netem delay 1ms"),
        };
        (pair, delay)
    });
    tried.join().unwrap_or_else(|_| (Ability::Unable("broke off".to_owned()), Ability::Unable("broke off".to_owned())))
}

fn can(program: &str, arguments: &str) -> Ability {
    let output = Command::new(program).args(arguments.split(' ')).stdin(Stdio::null()).output();
    match output {
        Ok(output) if output.status.success() => Ability::Able,
        Ok(output) => Ability::Unable(String::from_utf8_lossy(&output.stderr).lines().next().unwrap_or("it failed").trim().to_owned()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ability::Unable(format!("the program {program} is missing")),
        Err(error) => Ability::Unable(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trying_finds_something_and_leaves_nothing_behind() {
        let cores = process::allowed_cores();
        let tried = Tried::now();
        assert_eq!(process::allowed_cores(), cores);
        assert!((1e-9..1e-4).contains(&tried.clock_cost), "{tried:?}");
        assert!(tried.timer_lateness.is_some_and(|seconds| seconds > 0.0), "{tried:?}");
        assert!(tried.foreign.is_some_and(|share| (0.0..=1.0).contains(&share)), "{tried:?}");
        assert!(!std::path::Path::new("/sys/class/net/pushbench0").exists());
    }

    #[test]
    fn what_fails_says_why() {
        assert_eq!(can("sh", "-c exit"), Ability::Able);
        assert_eq!(can("no-such-program", "now"), Ability::Unable("the program no-such-program is missing".to_owned()));
        let Ability::Unable(why) = can("ls", "/no/such/folder") else { panic!("there is none") };
        assert!(why.contains("/no/such/folder"), "{why}");
        assert_eq!(pinning(&[]), Ability::Unable("the kernel does not say which cores there are".to_owned()));
    }
}
