//! CPU of sides against the kernel's accounting by control group.

use std::fs;
use std::time::Duration;

use pushbench::measure::clock::{Clock as _, RealClock};
use pushbench::measure::recording::{Role, Trial};

use crate::command::{Run, tiny, until};
use crate::group::Group;
use crate::{alone, skipped, sound_trial, tell};

/// A reading of all groups: when it began, when it ended, CPU-seconds of each.
type Reading = (i64, i64, Vec<f64>);

/// The least and the most that a group can have used between two instants, by the readings around them.
fn between(readings: &[Reading], side: usize, from: i64, to: i64) -> (f64, f64) {
    let before = |at: i64| readings.iter().rev().find(|reading| reading.1 <= at).unwrap().2[side];
    let after = |at: i64| readings.iter().find(|reading| reading.0 >= at).unwrap().2[side];
    (before(to) - after(from), after(to) - before(from))
}

#[test]
fn control_groups_count_the_same_cpu() {
    let _turn = alone();
    let names = ["server", "publisher", "subscriber"];
    let groups: Vec<Group> = names.iter().filter_map(|name| Group::new("cpuacct", name)).collect();
    if groups.len() < names.len() {
        return skipped("no control groups that this user may make; run as root where /sys/fs/cgroup can be written");
    }
    // Two thousand polls a second, so that there is something to account for.
    let changes = [("topics", "100"), ("updates_per_active_topic", "10"), ("span", "\"4s\""), ("warm_up", "\"1s\"")];
    let mut run = Run::start(&tiny("[[contender]]\nuse = \"rest-poll\"\ninterval = \"50ms\"\n", &changes));
    for (place, group) in groups.iter().enumerate() {
        // They are started one after the other, each when the one before is ready.
        let is_side = |id: i32| fs::read(format!("/proc/{id}/cmdline")).is_ok_and(|line| line.split(|byte| *byte == 0).nth(1) == Some(b"side"));
        until("the next side", || run.sides().get(place).is_some_and(|process| is_side(process.id)));
        group.take_in(run.sides()[place].id);
    }
    let mut readings: Vec<Reading> = Vec::new();
    while run.is_running() {
        let begin = RealClock.now().0;
        let usages = groups.iter().map(Group::usage).collect();
        readings.push((begin, RealClock.now().0, usages));
        std::thread::sleep(Duration::from_millis(1));
    }
    let (status, _, err) = run.ends();
    assert_eq!(status.code(), run.place.code(0), "{err}");
    compare(&sound_trial(&run.place), &readings);
}

fn compare(trial: &Trial, readings: &[Reading]) {
    let began = trial.window_began.unwrap();
    let nanos = |seconds: f64| (seconds * 1e9) as i64;
    let (warm_up, ended) = (began - nanos(trial.workload.warm_up), began + nanos(trial.workload.window));
    let drained = ended + nanos(trial.workload.drain);
    for (place, side) in trial.sides.iter().enumerate() {
        let cpu = side.cpu.as_ref().unwrap();
        for (what, from, to, recorded) in [
            ("window", began, ended, cpu.window.total()),
            ("warm-up, window and drain", warm_up, drained, cpu.warm_up.total() + cpu.window.total() + cpu.drain.total()),
        ] {
            let (least, most) = between(readings, place, from, to);
            tell(&format!("CPU of the {}, {what}: {recorded:.6} s by pushbench, {least:.6} to {most:.6} s by the kernel", side.role.name()));
            // A side looks at itself a little after the edge, and its own thread runs on meanwhile: at most one busy core.
            let allowed = 0.005 * recorded + 0.002 + side.edge_lag.unwrap_or(0.0);
            assert!(least - allowed <= recorded && recorded <= most + allowed, "{what}: {recorded} of {least} to {most}, {allowed} allowed");
            assert!(most - least <= 0.02 * recorded + 0.01, "the kernel was not asked often enough: {least} to {most}");
        }
        assert!(side.role == Role::Publisher || cpu.window.total() > 0.05, "a side that does nothing proves nothing");
    }
}
