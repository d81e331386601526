//! How much a figure rests on: counts of samples and updates are exact, delays are set.

use std::cell::Cell;
use std::io;
use std::rc::Rc;

use pushbench::measure::clock::{Clock, Instant, RealClock, Timer};
use pushbench::measure::recording::Recording;
use pushbench::measure::virtual_clock::VirtualClock;
use pushbench::summary::Grade;

use crate::load::{alone, contender, doubts, grade, setting, together};

const MEMORY: &str = "faulty-memory";

#[test]
fn one_repeat() {
    let _alone = alone();
    for (repeats, expected) in [(1, Some(Grade::Note)), (2, None)] {
        let recording = setting().with("span", "\"200ms\"").and(&contender(MEMORY, "", "")).run_by(Rc::new(RealClock), repeats, None);
        assert_eq!(grade(&recording, "one-repeat"), expected, "{repeats}");
    }
}

/// Two repeats whose latency differs by a set amount: twice as long, and a fifth longer. The threshold is 1.5.
#[test]
fn repeats_that_differ() {
    let _alone = alone();
    let run = |delay: &str| setting().and(&contender(MEMORY, &format!("delay = \"{delay}\""), "")).run();
    let first = run("100ms");
    let noisy = doubts(&together(first.clone(), run("200ms")), "noisy-repeats");
    assert_eq!(noisy.len(), 1, "{noisy:?}");
    assert!(noisy[0].touches("latency.p99") && !noisy[0].touches("messages.per_update"), "only what differs: {noisy:?}");
    let alike = together(first, run("120ms"));
    assert!(!doubts(&alike, "noisy-repeats").iter().any(|doubt| doubt.touches("latency.p99")));
}

/// So many updates of as many topics, to so many subscribers, within a second.
fn updates(count: u32, subscribers: u32) -> Recording {
    let updates = (0..count).map(|update| (f64::from(update) / f64::from(count), update % 100));
    let setting = setting().with("topics", "100").with("span", "\"1s\"").with("warm_up", "\"0s\"").updates(updates);
    let recording = setting.and(&format!("[subscribers]\ncount = {subscribers}\n")).and(&contender(MEMORY, "", "")).run();
    assert_eq!(recording.trials[0].times.latency.count(), u64::from(count * subscribers));
    recording
}

/// A p99 needs 1,000 samples.
#[test]
fn too_few_samples() {
    let _alone = alone();
    let touched = |recording: &Recording| doubts(recording, "samples").iter().any(|doubt| doubt.touches("latency.p99"));
    assert!(touched(&updates(999, 1)));
    assert!(!touched(&updates(1_000, 1)));
}

/// 2,000 samples of 999 updates are not enough, of 1,000 they are.
#[test]
fn too_few_updates() {
    let _alone = alone();
    let touched = |recording: &Recording| doubts(recording, "few-updates").iter().any(|doubt| doubt.touches("latency.p99"));
    assert!(touched(&updates(999, 2)));
    assert!(!touched(&updates(1_000, 2)));
}

/// In virtual time, polling every 40 days; and every 30.
#[test]
fn times_beyond_a_month() {
    for (days, expected) in [(40, Some(Grade::Note)), (30, None)] {
        let span = format!("\"{days}d\"");
        let setting = setting().with("span", &span).with("warm_up", &span).with("compression", "1000").with("timeout", "\"1h\"");
        let setting = setting.with("updates_per_active_topic", "50").and(&contender(MEMORY, &format!("mode = \"poll\"\ninterval = {span}"), ""));
        let clock = VirtualClock::default();
        let recording = clock.run(setting.campaign(Rc::new(clock.clone()), 1, None)).unwrap();
        assert_eq!(grade(&recording, "clipped"), expected, "{days} days: {:?}", recording.trials[0].times.scenario_latency.max());
        assert_eq!(recording.trials[0].surroundings, None, "virtual time passes nowhere");
    }
}

/// A clock that is set back once, in the middle of the run; timers stay with the real one.
struct Stepping {
    back: i64,
    from: Instant,
    stepped: Cell<bool>,
}

impl Clock for Stepping {
    fn now(&self) -> Instant {
        let now = RealClock.now();
        self.stepped.set(self.stepped.get() || now >= self.from);
        if self.stepped.get() { Instant(now.0 - self.back) } else { now }
    }

    fn timer(&self) -> io::Result<Box<dyn Timer>> {
        RealClock.timer()
    }
}

#[test]
fn a_clock_that_goes_backwards() {
    let _alone = alone();
    for (millis, expected) in [(20, Some(Grade::Untrusted)), (0, None)] {
        let clock = Stepping { back: millis * 1_000_000, from: RealClock.now().after(std::time::Duration::from_millis(1_200)), stepped: Cell::new(false) };
        let recording = setting().with("span", "\"2s\"").with("updates_per_active_topic", "20").and(&contender(MEMORY, "", "")).run_by(Rc::new(clock), 1, None);
        assert_eq!(grade(&recording, "negative"), expected, "{millis} ms back: {}", recording.trials[0].times.latency.negative());
    }
}
