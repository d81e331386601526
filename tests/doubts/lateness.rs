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

/// Updates just before each full second, when the beats are due; each one holds the thread up.
fn beaten(faults: &str, mode: &str) -> Recording {
    let updates = (0..2_u32).map(|second| (f64::from(second) + 0.98, second));
    let setting: Setting = setting().with("span", "\"2s\"").with("warm_up", "\"0s\"").updates(updates);
    setting.and(&contender("faulty-memory", mode, faults)).run()
}

/// In memory the latency is the delay. Beats come late by 10 ms less than the thread is held up, both of them, or one; thresholds: a tenth of the median latency and half of the p99, never under 5 ms.
#[test]
fn beats_that_come_late() {
    let _alone = alone();
    assert_eq!(grade(&beaten("block=150ms", "delay = \"10ms\""), "beat-lag"), Some(Grade::Untrusted));
    // Once only: half of the beats and more are in time, but the tail has it.
    assert_eq!(grade(&beaten("block=150ms times=1", "delay = \"10ms\""), "beat-lag"), Some(Grade::Note));
    // Not held up: in time, or by less than the floor of 5 ms even beside others.
    assert_eq!(grade(&beaten("", "delay = \"10ms\""), "beat-lag"), None);
}

/// The last beat of the window of 2 s is its edge; the threshold is 20 ms, and beats come late by 10 ms less than the thread is held up.
#[test]
fn edges_that_come_late() {
    let _alone = alone();
    for (faults, expected) in [("block=60ms", Some(Grade::Note)), ("block=15ms", None)] {
        let recording = beaten(faults, "delay = \"10ms\"");
        assert_eq!(grade(&recording, "edge-lag"), expected, "{faults}: {:?}", recording.trials[0].sides.iter().map(|side| side.edge_lag).collect::<Vec<_>>());
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
