//! Time that stands still, and clocks that jump.

use std::fs;
use std::process::{Command, Stdio};
use std::time::Duration;

use nix::sys::signal::Signal;
use pushbench::measure::recording::State;
use pushbench::summary::Summary;

use crate::Case;
use crate::command::{Place, tiny};
use crate::scene::{Over, PUSH, Phase, QUICK, Scene, Seen};
use crate::served::skipped;

pub fn cases() -> Vec<Case> {
    vec![
        Case::new("the run itself stands still for 4 s (SIGSTOP, SIGCONT)", "window", || stands_still(false)),
        Case::new("the whole run stands still for 4 s, sides and all", "window", || stands_still(true)),
        Case::maybe("the clock on the wall is set by an hour, as after a sleep of the machine", "window", jumps),
    ]
}

/// Longer than a side may be silent.
const STILL: Duration = Duration::from_secs(4);

fn stands_still(all: bool) -> Seen {
    // Nobody's patience is shorter than that: a publisher's timeout would end the run with 3.
    let timeout = if all { "\"6s\"" } else { "\"500ms\"" };
    let mut scene = Scene::start(&tiny(PUSH, &[("span", "\"6s\""), ("updates_per_active_topic", "12"), ("timeout", timeout)]));
    let sides = scene.reaches(1, Phase::Window);
    let signal = |scene: &Scene, signal: Signal| {
        scene.run.signal(signal);
        sides.iter().filter(|_| all).for_each(|side| side.signal(signal));
    };
    signal(&scene, Signal::SIGSTOP);
    std::thread::sleep(STILL);
    signal(&scene, Signal::SIGCONT);
    let over = scene.ends().without_draft();
    assert_eq!(over.recording.as_ref().unwrap().state, State::Complete);
    if !all {
        // The sides went on: nothing that was measured has suffered.
        return over.finished();
    }
    let causes = causes(&over);
    assert!(causes.iter().any(|cause| ["lag", "publish-lag", "beat-lag"].contains(&cause.as_str())), "{causes:?}");
    let Seen { code, left } = over.expect(4, &[]).seen();
    Seen { code, left: left + "; lag and late beats told as doubts" }
}

fn causes(over: &Over) -> Vec<String> {
    Summary::new(over.recording.as_ref().unwrap()).doubts.iter().map(|doubt| doubt.cause.to_string()).collect()
}

/// Stands between the run and the clocks of the kernel: two of them are an hour ahead while a file exists.
const AHEAD: &str = r#"
#define _GNU_SOURCE
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include <sys/syscall.h>
int clock_gettime(clockid_t clock, struct timespec *time) {
    int result = syscall(SYS_clock_gettime, clock, time);
    const char *file = getenv("AN_HOUR_AHEAD");
    if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_BOOTTIME) && file && access(file, F_OK) == 0)
        time->tv_sec += 3600;
    return result;
}
"#;

fn jumps() -> Option<Seen> {
    let place = Place::with(&tiny(&format!("{QUICK}{PUSH}"), &[]));
    let (source, library, file) = (place.path().join("ahead.c"), place.path().join("ahead.so"), place.path().join("ahead"));
    fs::write(&source, AHEAD).unwrap();
    let made = Command::new("cc").args(["-shared", "-fPIC", "-o"]).args([&library, &source]).stdin(Stdio::null()).status();
    if !made.is_ok_and(|status| status.success()) {
        skipped("a C compiler is needed to set a clock for one process alone");
        return None;
    }
    let preload = format!("LD_PRELOAD={}", library.display());
    let ahead = format!("AN_HOUR_AHEAD={}", file.display());
    let mut scene = Scene::start_with(place, &["env", &preload, &ahead], &[]);
    scene.reaches(2, Phase::Window);
    fs::write(&file, "").unwrap();
    let over = scene.ends().without_draft();
    let recording = over.recording.as_ref().unwrap();
    let [before, jumped] = &recording.trials[..] else { panic!("two trials") };
    let clocks = |trial: &pushbench::measure::recording::Trial| trial.surroundings.as_ref().unwrap().clocks.unwrap();
    assert!(clocks(before).real.abs() < 1.0 && (clocks(jumped).real - 3600.0).abs() < 1.0 && (clocks(jumped).boot - 3600.0).abs() < 1.0);
    // All latencies are of a moment, none of an hour or less than nothing.
    assert_eq!((jumped.deliveries.lost, jumped.deliveries.delivered + jumped.deliveries.coalesced), (0, jumped.deliveries.expected));
    assert!(jumped.times.latency.quantile(1.0).is_some_and(|longest| longest < 10.0));
    let causes = causes(&over);
    assert!(["clock-step", "suspended"].iter().all(|cause| causes.iter().any(|told| told == cause)), "{causes:?}");
    let Seen { code, left } = over.expect(4, &[]).seen();
    Some(Seen { code, left: left + "; figures unharmed, the doubts `clock-step` and `suspended` told" })
}
