//! What cannot be provoked from inside a machine, or not on every one: made-up surroundings, just above and just below each
//! threshold.

use pushbench::measure::process::Cpu;
use pushbench::measure::recording::{Check, CoreUse, Pressure, Recording, SideRecord, SurroundingsRecord, Trial, TrialKind};
use pushbench::summary::Grade;
use pushbench::summary::fixture::made_up;

use crate::load::{doubts, grade};

fn changed(change: impl Fn(&mut SurroundingsRecord)) -> Recording {
    let mut recording = made_up().scale(0.02).build();
    for trial in &mut recording.trials {
        change(trial.surroundings.as_mut().unwrap());
    }
    recording
}

fn sides(change: impl Fn(&mut SideRecord)) -> Recording {
    let mut recording = made_up().scale(0.02).build();
    recording.trials.iter_mut().flat_map(|trial| &mut trial.sides).for_each(change);
    recording
}

/// A cause that depends on a share: clean, note, untrusted. The window of the fixture is 60 s; its sides use far less than 1 %.
fn shares(cause: &str, values: [(f64, Option<Grade>); 3], change: impl Fn(&mut SurroundingsRecord, f64)) {
    for (value, expected) in values {
        assert_eq!(grade(&changed(|around| change(around, value)), cause), expected, "{cause} at {value}");
    }
}

#[test]
fn runs_without_null_trials() {
    let mut recording = made_up().scale(0.02).build();
    assert_eq!(grade(&recording, "no-null"), None);
    recording.baselines.retain(|trial| trial.kind != TrialKind::Null);
    assert_eq!(grade(&recording, "no-null"), Some(Grade::Note));
}

/// Under real load as well, in tests/handicap.rs.
#[test]
fn runs_that_are_made_worse() {
    let mut recording = made_up().scale(0.02).build();
    assert_eq!(grade(&recording, "handicap"), None);
    recording.handicap = Some("requests=1".parse().unwrap());
    let doubts = doubts(&recording, "handicap");
    assert!(doubts.len() == 1 && doubts[0].grade == Grade::Untrusted && doubts[0].touches("reach"), "{doubts:?}");
    assert!(doubts[0].text.starts_with("The run was made worse on purpose (PUSHBENCH_HANDICAP: requests=1)."), "{}", doubts[0].text);
}

#[test]
fn idle_trials_that_go_wrong() {
    let idles = |change: fn(&mut Trial)| {
        let mut recording = made_up().scale(0.02).build();
        recording.baselines.iter_mut().filter(|trial| trial.kind == TrialKind::Idle).for_each(change);
        recording
    };
    assert_eq!(grade(&idles(|_| ()), "idle-trial"), None);
    assert_eq!(grade(&idles(|trial| trial.failed_requests = 1), "idle-trial"), Some(Grade::Note));
    let unequal = |trial: &mut Trial| trial.checks.push(Check::equal("requests", ("clients", 1), ("server", 2)));
    assert_eq!(grade(&idles(unequal), "idle-trial"), Some(Grade::Note));
}

#[test]
fn windows_that_are_mostly_the_harness() {
    // Every side a CPU-second in each window of 60 s; in null trials of 5 s this share of it.
    for (share, expected) in [(0.49, None), (0.51, Some(Grade::Note))] {
        let mut recording = sides(|side| side.cpu.as_mut().unwrap().window = Cpu { user: 0.5, system: 0.5 });
        let nulls = recording.baselines.iter_mut().filter(|trial| trial.kind == TrialKind::Null);
        for side in nulls.flat_map(|trial| &mut trial.sides) {
            side.cpu.as_mut().unwrap().window = Cpu { user: share * 2.5 / 60.0, system: share * 2.5 / 60.0 };
        }
        assert_eq!(grade(&recording, "null-share"), expected, "{share}");
    }
}

#[test]
fn steal_time() {
    let on = |core: usize| move |around: &mut SurroundingsRecord, share: f64| around.cores[core].steal = share * around.elapsed;
    shares("steal", [(0.019, None), (0.021, Some(Grade::Note)), (0.11, Some(Grade::Untrusted))], on(3));
}

#[test]
fn foreign_load_by_the_core() {
    // The subscribers have core 3; what of its work is theirs is a few milliseconds.
    let on = |core: usize| move |around: &mut SurroundingsRecord, share: f64| around.cores[core].busy = share * around.elapsed;
    shares("foreign-load", [(0.045, None), (0.06, Some(Grade::Note)), (0.26, Some(Grade::Untrusted))], on(3));
    // Work on a core that nobody of ours uses is nobody's business.
    let elsewhere = changed(|around| around.cores.push(CoreUse { core: 9, busy: around.elapsed, ..CoreUse::default() }));
    assert_eq!(grade(&elsewhere, "foreign-load"), None);
    // What our own sides use is not foreign.
    let mut ours = changed(|around| around.cores[3].busy = 0.6 * around.elapsed);
    for side in ours.trials.iter_mut().flat_map(|trial| &mut trial.sides).filter(|side| side.cores == [3]) {
        side.cpu.as_mut().unwrap().window.user = 0.58 * 60.0;
    }
    assert_eq!(grade(&ours, "foreign-load"), None);
}

#[test]
fn quotas() {
    shares("throttled", [(0.0009, None), (0.0011, Some(Grade::Note)), (0.051, Some(Grade::Untrusted))], |around, share| {
        around.throttled = Some(share * around.elapsed);
    });
}

#[test]
fn waits_for_memory() {
    shares("memory-pressure", [(0.0049, None), (0.0051, Some(Grade::Note)), (0.051, Some(Grade::Untrusted))], |around, share| {
        around.pressure = Some(Pressure { memory: share * around.elapsed, ..Pressure::default() });
    });
}

#[test]
fn pages_from_a_disk() {
    for (faults, expected) in [(10, None), (11, Some(Grade::Note)), (5_900, Some(Grade::Note)), (6_100, Some(Grade::Untrusted))] {
        assert_eq!(grade(&sides(|side| side.major_faults = Some(faults)), "memory-pressure"), expected, "{faults}");
    }
    for (swapped, expected) in [(0, None), (4_096, Some(Grade::Note))] {
        assert_eq!(grade(&sides(|side| side.swapped = Some(swapped)), "memory-pressure"), expected, "{swapped}");
    }
}

#[test]
fn memory_that_is_left() {
    // Of 16 GiB.
    for (share, expected) in [(0.031, None), (0.029, Some(Grade::Note))] {
        let recording = changed(|around| around.memory_available = Some((share * (16_u64 << 30) as f64) as u64));
        assert_eq!(grade(&recording, "memory-pressure"), expected, "{share}");
    }
}

#[test]
fn clocks_that_are_slewed() {
    for (ppm, expected) in [(490.0, None), (-510.0, Some(Grade::Note))] {
        let recording = changed(|around| around.clocks.as_mut().unwrap().raw = ppm * 1e-6 * around.elapsed);
        assert_eq!(grade(&recording, "clock-slew"), expected, "{ppm}");
    }
}

#[test]
fn clocks_that_are_set() {
    for (seconds, expected) in [(0.0009, None), (-0.0011, Some(Grade::Note))] {
        let recording = changed(|around| around.clocks.as_mut().unwrap().real = seconds);
        assert_eq!(grade(&recording, "clock-step"), expected, "{seconds}");
    }
}

#[test]
fn machines_that_sleep() {
    for (seconds, expected) in [(0.0009, None), (0.0011, Some(Grade::Untrusted))] {
        let recording = changed(|around| around.clocks.as_mut().unwrap().boot = seconds);
        assert_eq!(grade(&recording, "suspended"), expected, "{seconds}");
    }
}

#[test]
fn observers_from_outside() {
    for (connections, expected) in [(0, None), (1, Some(Grade::Note))] {
        let mut recording = made_up().scale(0.02).build();
        for trial in &mut recording.trials {
            trial.witness_traffic.setup.connections = connections;
        }
        assert_eq!(grade(&recording, "witness"), expected, "{connections}");
    }
}

#[test]
fn slow_clock_sources() {
    for (source, expected) in [("hpet", Some(Grade::Note)), ("acpi_pm", Some(Grade::Note)), ("tsc", None), ("kvm-clock", None), ("", None)] {
        let mut recording = made_up().scale(0.02).build();
        recording.machine.clock_source = source.to_owned();
        assert_eq!(grade(&recording, "clock-source"), expected, "{source:?}");
    }
}

/// A recording of before: nothing is known of its surroundings, so nothing is said.
#[test]
fn what_is_not_recorded_is_not_judged() {
    let mut value = serde_json::to_value(made_up().scale(0.02).build()).unwrap();
    for trial in value["trials"].as_array_mut().unwrap() {
        trial.as_object_mut().unwrap().remove("surroundings");
        for side in trial["sides"].as_array_mut().unwrap() {
            for field in ["major_faults", "swapped", "beat_lag", "edge_lag"] {
                side.as_object_mut().unwrap().remove(field).unwrap();
            }
        }
    }
    let old = Recording::parse(&value.to_string(), "old").unwrap();
    let known = doubts(&made_up().scale(0.02).build(), "samples").len();
    assert_eq!(doubts(&old, "samples").len(), known);
    for cause in ["foreign-load", "steal", "throttled", "memory-pressure", "clock-slew", "clock-step", "suspended", "beat-lag", "edge-lag", "negative"] {
        assert_eq!(grade(&old, cause), None, "{cause}");
    }
}
