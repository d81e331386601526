//! Load on the machine: whole runs of the binary, its sides pinned to cores, and neighbours that take what they need.
//!
//! A neighbour's load is set; that of a machine that runs tests is not. Where a run below a threshold is not clean, the test looks
//! whether others really used the cores (then it says `SKIPPED`, and fails where CI is set), or whether the alarm was false.

#[path = "../support/command.rs"]
mod command;
#[path = "../support/group.rs"]
mod group;
#[path = "../support/served.rs"]
mod served;

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use command::{Place, ended, tiny};
use group::Group;
use nix::sched::{CpuSet, sched_setaffinity};
use nix::time::{ClockId, clock_gettime};
use nix::unistd::Pid;
use pushbench::measure::process::allowed_cores;
use pushbench::measure::recording::{Recording, SideRecord};
use pushbench::run::placement;
use pushbench::summary::Grade;
use pushbench::summary::fixture::made_up;
use served::skipped;

use crate::load::{alone, contender, doubts, grade, setting};

const PUSH: &str = "[[contender]]\nuse = \"xmpp-pubsub\"\n";

/// Runs a scenario by the binary, behind `before` (such as `taskset -c 0`).
fn run(scenario: &str, before: &[&str]) -> Recording {
    let place = Place::with(scenario);
    let arguments = ["run".into(), place.scenario(), "--out".into(), place.report()];
    let binary = env!("CARGO_BIN_EXE_pushbench");
    let mut command = match before.split_first() {
        None => Command::new(binary),
        Some((program, rest)) => {
            let mut command = Command::new(program);
            command.args(rest).arg(binary);
            command
        }
    };
    let run = ended(command.args(arguments).stdin(Stdio::null()).env("RUST_BACKTRACE", "0"));
    assert!(matches!(run.code, Some(0 | 4)), "{run:?}");
    place.recording()
}

#[test]
fn cores_that_are_shared() {
    let _alone = alone();
    let scenario = tiny(PUSH, &[]);
    let cores = allowed_cores();
    let on = |count: usize| cores[..count].iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    let said = |recording: &Recording| doubts(recording, "shared-cores").first().map(|doubt| doubt.text.clone()).unwrap_or_default();
    let one = run(&scenario, &["taskset", "-c", &on(1)]);
    assert!(said(&one).contains("The server and "), "{}", said(&one));
    assert_eq!(grade(&one, "loopback-split"), Some(Grade::Note), "sides are processes");
    if cores.len() >= 2 {
        let two = run(&scenario, &["taskset", "-c", &on(2)]);
        assert!(said(&two).contains("The publisher and subscriber"), "{}", said(&two));
    }
    // Three cores, as the harness would deal them out; and where the machine has them, as it does.
    let placed = |side: &mut SideRecord| side.cores = placement::cores(&[4, 5, 6], side.role, side.index);
    let mut three = made_up().scale(0.02).build();
    three.trials.iter_mut().flat_map(|trial| &mut trial.sides).for_each(placed);
    assert_eq!(grade(&three, "shared-cores"), None);
    if cores.len() >= 3 {
        assert_eq!(grade(&run(&scenario, &["taskset", "-c", &on(3)]), "shared-cores"), None);
    } else {
        let _ = writeln!(std::io::stderr(), "doubts: three cores are tried on a made-up recording: this machine has {}", cores.len());
    }
    // Sides that are no processes have neither cores nor CPU of their own.
    let tasks = setting().and(&contender("faulty-push", "", "")).run();
    assert_eq!((grade(&tasks, "loopback-split"), grade(&tasks, "shared-cores")), (None, None));
}

/// The share of a window for which the one core of a run was busy with its sides.
fn busy(recording: &Recording) -> f64 {
    let trial = &recording.trials[0];
    trial.sides.iter().map(|side| side.cpu.as_ref().unwrap().window.total()).sum::<f64>() / trial.workload.window
}

/// On one core, more polls than it can send and answer, and a fortieth of them; the threshold is 0.8. With twenty times
/// everybody else's share of the core, where that is allowed, so that a busy machine leaves one to exhaust.
#[test]
fn generators_without_a_core_left() {
    let _alone = alone();
    let poll = "[subscribers]\ncount = 1\nconnections = 64\n[[contender]]\nuse = \"rest-poll\"\ninterval = \"50ms\"\n";
    let core = allowed_cores()[0].to_string();
    let group = Group::new("cpu", "weight").filter(|group| group.set(&[("cpu.shares", "20480"), ("cpu.weight", "2000")]));
    let shell = group.as_ref().map(|group| group.shell("exec \"$@\"")).unwrap_or_default();
    let before: Vec<&str> = shell.iter().map(String::as_str).chain(["taskset", "-c", &core]).collect();
    let above = run(&tiny(poll, &[("topics", "2000"), ("updates_per_active_topic", "0.1")]), &before);
    assert_eq!(grade(&above, "generator-busy"), Some(Grade::Untrusted), "{}", busy(&above));
    let below = run(&tiny(poll, &[("topics", "50"), ("updates_per_active_topic", "1")]), &before);
    assert_eq!(grade(&below, "generator-busy"), None, "{}", busy(&below));
}

/// A thread of this process that uses a share of a core, in turns of 20 ms, until it is dropped.
struct Spinner {
    stop: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Spinner {
    fn on(core: usize, share: f64) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let mut set = CpuSet::new();
            set.set(core).unwrap();
            sched_setaffinity(Pid::from_raw(0), &set).unwrap();
            let used = || Duration::from(clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).unwrap());
            let turn = Duration::from_millis(20);
            while !told.load(Ordering::Relaxed) {
                let until = used() + turn.mul_f64(share);
                while used() < until {
                    std::hint::spin_loop();
                }
                std::thread::sleep(turn.mul_f64(1.0 - share));
            }
        });
        Self { stop, thread: Some(thread) }
    }
}

impl Drop for Spinner {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.take().unwrap().join().unwrap();
    }
}

/// CPU seconds that each thread of the machine has used (schedstat), all processes.
fn threads() -> std::collections::BTreeMap<PathBuf, f64> {
    let entries = |path: &Path| fs::read_dir(path).into_iter().flatten().flatten().map(|entry| entry.path()).collect::<Vec<_>>();
    let processes = entries(Path::new("/proc")).into_iter().filter(|path| path.file_name().is_some_and(|name| name.as_encoded_bytes()[0].is_ascii_digit()));
    let used = |thread: PathBuf| {
        let nanos: f64 = fs::read_to_string(thread.join("schedstat")).ok()?.split_whitespace().next()?.parse().ok()?;
        Some((thread, nanos / 1e9))
    };
    processes.flat_map(|process| entries(&process.join("task"))).filter_map(used).collect()
}

/// Cores' worth of work on the machine at this moment, by another count than the one that is tested.
fn others() -> f64 {
    let (before, then) = (threads(), std::time::Instant::now());
    std::thread::sleep(Duration::from_secs(2));
    let used: f64 = threads().into_iter().map(|(thread, seconds)| seconds - before.get(&thread).copied().unwrap_or(0.0)).sum();
    used / then.elapsed().as_secs_f64()
}

/// Thresholds are 5 % and 25 % of a core.
#[test]
fn load_of_others() {
    let _alone = alone();
    let core = *allowed_cores().last().unwrap();
    let spun = |share: f64| {
        let _spinner = (share > 0.0).then(|| Spinner::on(core, share));
        run(&tiny(PUSH, &[("span", "\"2s\"")]), &[])
    };
    let above = spun(0.5);
    let found = doubts(&above, "foreign-load");
    assert!(found.iter().any(|doubt| doubt.grade == Grade::Untrusted), "{found:?}: {:?}", above.trials[0].surroundings);
    // Some runs: whatever a machine does by itself, it does not do it all the time.
    let calm = |share: f64, expected: Option<Grade>| (0..3).any(|_| grade(&spun(share), "foreign-load") == expected);
    if !(calm(0.0, None) && calm(0.025, None) && calm(0.12, Some(Grade::Note))) {
        let others = others();
        assert!(others > 0.025, "an alarm on a machine whose processes use {others} of a core");
        skipped(&format!("the machine is not calm enough for a run without foreign load: other processes use {others:.2} of a core"));
    }
}

/// A quota of a quarter of a core is too little for the sides of this run, of two cores more than enough. A stop of one period in
/// a thousand is the first threshold.
#[test]
fn a_cpu_quota() {
    let _alone = alone();
    let poll = "[subscribers]\ncount = 1\nconnections = 8\n[[contender]]\nuse = \"rest-poll\"\ninterval = \"200ms\"\n";
    for (quota, raised) in [("25000", true), ("200000", false)] {
        let Some(group) = Group::new("cpu", "quota") else { return skipped("control groups need root") };
        if !group.set(&[("cpu.cfs_quota_us", quota), ("cpu.max", &format!("{quota} 100000"))]) {
            return skipped("the kernel has no CPU quota");
        }
        let shell = group.shell("exec \"$@\"");
        let before: Vec<&str> = shell.iter().map(String::as_str).collect();
        let recording = run(&tiny(poll, &[("topics", "1000"), ("updates_per_active_topic", "0.1"), ("timeout", "\"2s\"")]), &before);
        let throttled = recording.trials[0].surroundings.as_ref().unwrap().throttled;
        assert_eq!(grade(&recording, "throttled").is_some(), raised, "{quota}: {throttled:?}");
    }
}

/// A neighbour in a control group of 4 MiB, which writes a file of 20 MiB again and again, until it is dropped.
struct Neighbour(Child);

impl Drop for Neighbour {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A neighbour that waits for memory nearly all the time, and none. The threshold is half a hundredth of the window.
#[test]
fn a_memory_limit() {
    let _alone = alone();
    if !Path::new("/proc/pressure/memory").exists() {
        return skipped("the kernel does not count pressure stalls; boot it with psi=1");
    }
    let scenario = tiny(PUSH, &[]);
    assert_eq!(grade(&run(&scenario, &[]), "memory-pressure"), None, "without a neighbour");
    let Some(group) = Group::new("memory", "memory") else { return skipped("control groups need root") };
    if !group.set(&[("memory.limit_in_bytes", "4194304"), ("memory.max", "4194304")]) {
        return skipped("the kernel has no memory limits");
    }
    let folder = tempfile::tempdir().unwrap();
    let shell = group.shell(&format!("cd '{}' && while [ -d . ]; do head -c 20971520 /dev/zero > file; done", folder.path().display()));
    let neighbour = Neighbour(Command::new(&shell[0]).args(&shell[1..]).stdin(Stdio::null()).spawn().unwrap());
    let recording = run(&scenario, &[]);
    drop(neighbour);
    assert!(grade(&recording, "memory-pressure").is_some(), "{:?}", recording.trials[0].surroundings);
}
