//! The harness's own lateness: the thread is held up, or publications take their time, for a set number of milliseconds.
//!
//! Thresholds are shares of a latency. With long poll intervals latencies are long, so that thresholds are tens and hundreds of
//! milliseconds: runs stay at half of one or less, or go to twice of it or more, and the few milliseconds that a busy machine
//! adds turn nothing.

use pushbench::measure::recording::Recording;
use pushbench::summary::Grade;

use crate::load::{Setting, alone, contender, grade, setting};

const POLL: &str = "interval = \"2s\"";

/// 200 topics, each polled every 2 s: 100 polls a second. Every tenth answer with news holds the thread up.
fn polled(faults: &str) -> Recording {
    let setting = setting().with("topics", "200").with("span", "\"2s\"").with("warm_up", "\"500ms\"").with("updates_per_active_topic", "6");
    setting.and("[subscribers]\ncount = 1\nconnections = 4\n").and(&contender("faulty-poll", POLL, faults)).run()
}

/// Thresholds: 1 % and 10 % of a median near 1 s, 10 ms and 100 ms. Held up for d every tenth answer, at 100 answers a second,
/// a share of 10 d of the polls is late by up to d: p99 is 0.9 d and more from d = 10 ms on.
#[test]
fn lag() {
    let _alone = alone();
    for (faults, expected) in [("block=2ms every=10", None), ("block=25ms every=10", Some(Grade::Note)), ("block=250ms every=40", Some(Grade::Untrusted))] {
        let recording = polled(faults);
        assert_eq!(grade(&recording, "lag"), expected, "{faults}: p99 of lag {:?}", recording.trials[0].times.lag.quantile(0.99));
    }
}

/// In memory transit is twice the delay and the lag. Held up for 25 ms ten times a second, a quarter of the polls is late, p99 by
/// over 20 ms: much beside a transit of 4 ms, little beside one of 200 ms.
#[test]
fn lag_beside_transit() {
    let _alone = alone();
    for (delay, expected) in [("2ms", Some(Grade::Note)), ("100ms", None)] {
        let setting = setting().with("span", "\"2s\"").with("warm_up", "\"500ms\"").with("updates_per_active_topic", "6");
        let settings = format!("mode = \"poll\"\ninterval = \"500ms\"\ndelay = \"{delay}\"");
        let recording = setting.and("[subscribers]\ncount = 1\nconnections = 20\n").and(&contender("faulty-memory", &settings, "block=25ms every=4")).run();
        let times = &recording.trials[0].times;
        assert_eq!(grade(&recording, "transit-lag"), expected, "{delay}: lag {:?}, transit {:?}", times.lag.quantile(0.99), times.transit.quantile(0.99));
    }
}

/// Pairs of updates at one instant, over one connection: the second waits for as long as the first takes. Polled once a second,
/// the p99 of latency is near 1 s: thresholds are 100 ms and 500 ms, later updates counted in.
#[test]
fn publish_lag() {
    let _alone = alone();
    for (faults, expected) in [("publish=20ms", None), ("publish=300ms", Some(Grade::Note)), ("publish=1600ms", Some(Grade::Untrusted))] {
        // One pair alone where a publication takes longer than the window: else a third would wait for two.
        let pairs = if expected == Some(Grade::Untrusted) { 1 } else { 2 };
        let updates = (0..pairs).flat_map(|pair| [0, 1].map(|topic| (f64::from(pair) * 0.65 + 0.05, topic + 2 * pair as u32)));
        let setting = setting().with("span", "\"1500ms\"").with("warm_up", "\"0s\"").updates(updates);
        let recording = setting.and("[publishers]\nconnections = 1\n").and(&contender("faulty-poll", "interval = \"1s\"", faults)).run();
        let times = &recording.trials[0].times;
        let (late, latency) = (times.publish_lag.quantile(0.99), times.latency.quantile(0.99));
        assert_eq!(grade(&recording, "publish-lag"), expected, "{faults}: publish lag {late:?}, latency {latency:?}");
    }
}

/// Told after 200 ms in memory, 20 ms before each full second, when the beats are due; each update then holds the thread up, so
/// that the beat comes late by 20 ms less.
fn beaten(faults: &str) -> Recording {
    let updates = (0..2_u32).map(|second| (f64::from(second) + 0.78, second));
    let setting: Setting = setting().with("span", "\"2s\"").with("warm_up", "\"0s\"").updates(updates);
    setting.and(&contender("faulty-memory", "delay = \"200ms\"", faults)).run()
}

/// The latency is 200 ms. Every beat late by more than a tenth of it is untrusted, one beat late by more than half of it a note.
#[test]
fn beats_that_come_late() {
    let _alone = alone();
    for (faults, expected) in
        [("block=28ms", None), ("block=65ms", Some(Grade::Untrusted)), ("block=65ms times=1", None), ("block=220ms times=1", Some(Grade::Note))]
    {
        let recording = beaten(faults);
        let late: Vec<Option<f64>> = recording.trials[0].sides.iter().map(|side| side.beat_lag.as_ref()?.max()).collect();
        assert_eq!(grade(&recording, "beat-lag"), expected, "{faults}: {late:?}");
    }
}

/// The last beat of the window of 2 s is its edge; the threshold is 20 ms.
#[test]
fn edges_that_come_late() {
    let _alone = alone();
    for (faults, expected) in [("block=28ms", None), ("block=65ms", Some(Grade::Note))] {
        let recording = beaten(faults);
        let late: Vec<Option<f64>> = recording.trials[0].sides.iter().map(|side| side.edge_lag).collect();
        assert_eq!(grade(&recording, "edge-lag"), expected, "{faults}: {late:?}");
    }
}

#[test]
fn a_warm_up_shorter_than_the_interval() {
    let _alone = alone();
    for (warm_up, expected) in [("\"190ms\"", Some(Grade::Note)), ("\"200ms\"", None)] {
        let recording = setting().with("warm_up", warm_up).and(&contender("faulty-poll", "interval = \"200ms\"", "")).run();
        assert_eq!(grade(&recording, "short-warm-up"), expected, "{warm_up}");
    }
}
