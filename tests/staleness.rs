//! Staleness and fidelity a second time, in plain code: from due times and arrivals alone, looking at every view again and
//! again through the window, without ramps, histograms or books. And the closed form of polling.

mod support;

use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use pushbench::cli::REGISTRY;
use pushbench::measure::recording::{Staleness, Trial};
use pushbench::measure::stamp::Stamp;
use pushbench::random::{Purpose, Random};
use pushbench::run::record::{Books, Holdings};
use pushbench::scenario::Scenario;
use pushbench::trace::{Subscriptions, Trace, Update};
use support::crooked;
use support::trials::{in_virtual_time, in_virtual_time_with};

const MILLI: i64 = 1_000_000;

/// One subscription: due times of versions 1, 2, 3 …, and what came when. Nanoseconds from the start of the window.
#[derive(Clone, Debug, Default)]
struct View {
    due: Vec<i64>,
    arrivals: Vec<(i64, u32)>,
}

impl View {
    /// Its staleness at an instant.
    fn staleness(&self, at: i64) -> i64 {
        let held = self.arrivals.iter().filter(|(when, _)| *when <= at).map(|(_, version)| *version).max().unwrap_or(0);
        let missing = self.due.get(held as usize).filter(|due| **due <= at);
        missing.map_or(0, |due| at - due)
    }

    /// Instants between which staleness is 0 or grows steadily.
    fn edges(&self, window: i64) -> Vec<i64> {
        let all = self.due.iter().copied().chain(self.arrivals.iter().map(|(when, _)| *when));
        let mut edges: Vec<i64> = all.filter(|at| *at > 0 && *at < window).chain([0, window]).collect();
        edges.sort_unstable();
        edges.dedup();
        edges
    }
}

/// What looking comes to: each stretch of time with its staleness in the middle, in seconds.
struct Looks {
    stretches: Vec<(f64, f64)>,
    active: f64,
    all: f64,
    max: f64,
}

/// Looks at every view in the middle of each stretch between two edges, of at most `step`.
fn look(views: &[View], window: i64, step: i64) -> Looks {
    let mut looks = Looks { stretches: Vec::new(), active: 0.0, all: 0.0, max: 0.0 };
    for view in views {
        looks.all += window as f64 / 1e9;
        if view.due.is_empty() {
            continue;
        }
        looks.active += window as f64 / 1e9;
        for pair in view.edges(window).windows(2) {
            let (mut at, end) = (pair[0], pair[1]);
            while at < end {
                let next = (at + step).min(end);
                let length = (next - at) as f64 / 1e9;
                let last = view.staleness(next - 1) as f64 / 1e9;
                looks.stretches.push((length, if last > 0.0 { last - length / 2.0 } else { 0.0 }));
                looks.max = looks.max.max(last);
                at = next;
            }
        }
    }
    looks.stretches.sort_by(|one, other| one.1.total_cmp(&other.1));
    looks
}

impl Looks {
    fn stale(&self) -> f64 {
        self.stretches.iter().filter(|(_, staleness)| *staleness > 0.0).map(|(length, _)| length).sum()
    }

    fn mean(&self) -> f64 {
        self.stretches.iter().map(|(length, staleness)| length * staleness).sum::<f64>() / self.active
    }

    /// Staleness that is not exceeded for so much of the time.
    fn quantile(&self, quantile: f64) -> f64 {
        let mut left = quantile * self.active;
        for (length, staleness) in &self.stretches {
            left -= length;
            if left <= 0.0 {
                return *staleness;
            }
        }
        self.max
    }
}

/// `grain`: how far apart two looks are, in seconds: no quantile of looks is finer.
fn compare(measured: &Staleness, looks: &Looks, grain: f64) -> Result<(), TestCaseError> {
    let close = |left: f64, right: f64, error: f64| (left - right).abs() <= error;
    prop_assert!(close(measured.all, looks.all, 1e-6) && close(measured.active, looks.active, 1e-6), "{measured:?}");
    prop_assert!(close(measured.stale, looks.stale(), 1e-6), "stale {} and {}", measured.stale, looks.stale());
    let Some(mean) = measured.mean() else {
        prop_assert!(looks.active == 0.0 && measured.max().is_none() && measured.quantile(0.5).is_none());
        return Ok(());
    };
    prop_assert!(close(mean, looks.mean(), 1e-9 + 1e-6 * looks.mean()), "mean {mean} and {}", looks.mean());
    let resolution = |value: f64| 1e-6 + 0.001 * value;
    let max = measured.max().unwrap();
    prop_assert!(close(max, looks.max, resolution(looks.max)), "max {max} and {}", looks.max);
    for quantile in [0.0, 0.1, 0.5, 0.9, 0.99] {
        let (found, expected) = (measured.quantile(quantile).unwrap(), looks.quantile(quantile));
        // Where a whole stretch of staleness has no time in it, both ends of the gap are right to a hair of the quantile.
        let around = [quantile - 1e-4, quantile + 1e-4].map(|nearby| looks.quantile(nearby));
        let (low, high) = (around[0] - grain - resolution(around[0]), around[1] + grain + resolution(around[1]));
        prop_assert!(found >= low && found <= high, "p{quantile}: {found} and {expected}");
    }
    Ok(())
}

/// The books of one subscriber with a topic for each view.
fn books(views: &[View], window: i64) -> Staleness {
    let mut updates: Vec<Update> = Vec::new();
    let mut arrivals: Vec<(i64, Stamp)> = Vec::new();
    for (topic, view) in views.iter().enumerate() {
        let topic = topic as u32;
        let dues = view.due.iter().zip(1..);
        updates.extend(dues.map(|(due, version)| Update { due: *due, topic, version }));
        arrivals.extend(view.arrivals.iter().map(|(when, version)| (*when, Stamp { topic, version: *version, due: view.due[*version as usize - 1] })));
    }
    updates.sort_by_key(|update| (update.due, update.topic));
    arrivals.sort_by_key(|(when, _)| *when);
    let trace = Trace { updates, sha256: String::new() };
    let topics: Rc<[u32]> = (0..views.len() as u32).collect();
    let mut books = Books::new(&trace, views.len() as u32, 1.0, vec![Holdings::new(topics)]);
    for topic in 0..views.len() as u32 {
        books.enter(0, Stamp { topic, version: 0, due: 0 }, 0);
    }
    books.start(window);
    for (when, stamp) in arrivals {
        books.enter(0, stamp, when);
    }
    books.staleness().unwrap()
}

/// Updates from 300 ms before the window to its end; each arrives 0 to 400 ms later, or never: late, in any order, or after the window.
fn views() -> impl Strategy<Value = Vec<View>> {
    let update = (-300_i64..1_000, prop::option::weighted(0.8, 1_i64..400));
    let view = prop::collection::vec(update, 0..12).prop_map(|mut updates| {
        updates.sort_by_key(|(due, _)| *due);
        updates.dedup_by_key(|(due, _)| *due);
        let arrivals = updates.iter().zip(1..).filter_map(|((due, delay), version)| Some(((due + (*delay)?) * MILLI, version))).collect();
        View { due: updates.iter().map(|(due, _)| due * MILLI).collect(), arrivals }
    });
    prop::collection::vec(view, 1..5)
}

proptest! {
    #![proptest_config(ProptestConfig { rng_seed: RngSeed::Fixed(3), cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn books_and_looks_agree(views in views()) {
        let window = 1_000 * MILLI;
        compare(&books(&views, window), &look(&views, window, MILLI), 0.001)?;
    }
}

fn parse(text: &str, registry: pushbench::scenario::Registry) -> Scenario {
    Scenario::parse(text, "test.toml", Path::new(""), registry).unwrap()
}

/// Every subscription of a scenario with its due times, measured, and nothing arrived yet.
fn subscriptions(scenario: &Scenario) -> Vec<(u32, u32, View)> {
    let mut due: Vec<Vec<i64>> = vec![Vec::new(); scenario.workload.topics as usize];
    for update in Trace::new(scenario).unwrap().updates {
        due[update.topic as usize].push((update.due as f64 / scenario.workload.compression).round() as i64);
    }
    let subscriptions = Subscriptions::new(scenario);
    let of = |subscriber: u32| subscriptions.of(subscriber).into_iter().map(move |topic| (subscriber, topic)).collect::<Vec<_>>();
    let pairs = (0..scenario.subscribers.count).flat_map(of);
    pairs.map(|(subscriber, topic)| (subscriber, topic, View { due: due[topic as usize].clone(), arrivals: Vec::new() })).collect()
}

fn window(scenario: &Scenario) -> i64 {
    scenario.workload.compress(scenario.workload.span).as_nanos() as i64
}

fn agree(trial: &Trial, scenario: &Scenario, views: &[View]) {
    let step = window(scenario) / 500;
    let looks = look(views, window(scenario), step);
    compare(&trial.times.staleness, &looks, step as f64 / 1e9).unwrap_or_else(|error| panic!("{error}"));
    assert!(looks.stale() > 0.0 && looks.stale() < looks.active);
}

fn text(contender: &str) -> String {
    format!(
        r#"
        title = "staleness"
        [workload]
        topology = "mesh"
        topics_per_subscriber = 12
        topics = 30
        active_topics = 20
        updates_per_active_topic = 12
        span = "2h"
        warm_up = "20m"
        compression = 144
        payload = "64 B"
        seed = 5
        [subscribers]
        count = 4
        connections = 1000
        processes = 2
        [[contender]]
        {contender}
        "#
    )
}

#[test]
fn polled() {
    let text = text("use = \"loopback\"\nmode = \"poll\"\ndelay = \"3ms\"\ninterval = \"7m\"");
    let scenario = parse(&text, REGISTRY);
    let (compress, delay) = (|seconds: u64| scenario.workload.compress(Duration::from_secs(seconds)).as_nanos() as i64, 3 * MILLI);
    let (period, warm_up) = (compress(7 * 60), compress(20 * 60));
    let mut phases: Vec<Random> = (0..4).map(|subscriber| Random::new(5, Purpose::Phases, subscriber)).collect();
    let mut all = subscriptions(&scenario);
    for (subscriber, _, view) in &mut all {
        let phase = (phases[*subscriber as usize].uniform() * period as f64) as i64;
        let first = phase - (phase + warm_up).div_euclid(period) * period;
        let mut asked = first;
        while asked < window(&scenario) + period {
            let there = view.due.iter().filter(|due| **due <= asked + delay).count() as u32;
            if there > 0 {
                view.arrivals.push((asked + 2 * delay, there));
            }
            asked += period;
        }
    }
    let views: Vec<View> = all.into_iter().map(|(_, _, view)| view).collect();
    agree(&in_virtual_time(&text), &scenario, &views);
}

#[test]
fn pushed() {
    let text = text("use = \"loopback\"\nmode = \"push\"\ndelay = \"900ms\"");
    let scenario = parse(&text, REGISTRY);
    let mut all = subscriptions(&scenario);
    for (_, _, view) in &mut all {
        view.arrivals = view.due.iter().zip(1..).map(|(due, version)| (due + 900 * MILLI, version)).collect();
    }
    let views: Vec<View> = all.into_iter().map(|(_, _, view)| view).collect();
    let trial = in_virtual_time(&text);
    agree(&trial, &scenario, &views);
    assert_eq!(trial.deliveries.lost, 0);
}

/// A third is lost, others overtake each other: the last of a topic may never come.
#[test]
fn lost_and_out_of_order() {
    let text = text("use = \"crooked\"");
    let scenario = parse(&text, crooked::REGISTRY);
    let mut all = subscriptions(&scenario);
    for (subscriber, topic, view) in &mut all {
        let delayed = view.due.iter().zip(1..).filter_map(|(due, version)| Some((due + crooked::delay(*subscriber, *topic, version)?, version)));
        view.arrivals = delayed.collect();
    }
    let views: Vec<View> = all.into_iter().map(|(_, _, view)| view).collect();
    let trial = in_virtual_time_with(&text, crooked::REGISTRY);
    assert!(trial.deliveries.lost > 10 && trial.deliveries.reordered > 10, "{:?}", trial.deliveries);
    agree(&trial, &scenario, &views);
}

/// Poisson updates at rate λ, polled each T, the answer at once. Let a poll be at 0. At t < T the view is out of date since the
/// first update after 0, which came at X, exponential with rate λ: staleness is (t − X)⁺. Its mean is
///   ∫₀ᵗ (t − x) λ e^(−λx) dx = t − (1 − e^(−λt)) / λ,
/// and over a t that is uniform in the interval
///   (1/T) ∫₀ᵀ (t − (1 − e^(−λt)) / λ) dt = T/2 − 1/λ + (1 − e^(−λT)) / (λ² T).
/// The view is current while X > t: fidelity = (1/T) ∫₀ᵀ e^(−λt) dt = (1 − e^(−λT)) / (λT).
/// Staleness exceeds s where X < t − s: P(S > s) = (1/T) ∫ₛᵀ (1 − e^(−λ(t − s))) dt = (T − s − (1 − e^(−λ(T − s))) / λ) / T.
#[test]
fn the_closed_form_of_polling() {
    let mean = |rate: f64, period: f64| period / 2.0 - 1.0 / rate + (1.0 - (-rate * period).exp()) / (rate * rate * period);
    let fidelity = |rate: f64, period: f64| (1.0 - (-rate * period).exp()) / (rate * period);
    let beyond = |rate: f64, period: f64, s: f64| (period - s - (1.0 - (-rate * (period - s)).exp()) / rate) / period;
    let close = |found: f64, expected: f64| (found / expected - 1.0).abs() < 0.02;
    // 24 updates of each topic in a day that takes 600 s, polled every 10 s: λT = 0.4.
    for (updates, interval, right) in [(24.0, 24.0, true), (24.0 * 1.05, 24.0, false), (24.0, 24.0 * 1.05, false)] {
        let text = format!(
            r#"
            title = "closed form"
            [workload]
            topology = "fan-in"
            topics = 3_000
            updates_per_active_topic = {updates}
            span = "24h"
            warm_up = "1h"
            compression = 144
            payload = "64 B"
            seed = 7
            [subscribers]
            connections = 1000
            [[contender]]
            use = "loopback"
            mode = "poll"
            delay = "1us"
            interval = "{interval}m"
            "#
        );
        let staleness = in_virtual_time(&text).times.staleness;
        let found = staleness.mean().unwrap();
        // Off by 5 %, in rate or interval, the same comparison fails: else it would prove nothing.
        assert_eq!(close(found, mean(24.0 / 600.0, 10.0)), right, "mean {found}, expected {}", mean(24.0 / 600.0, 10.0));
        if right {
            let (rate, period) = (24.0 / 600.0, 10.0);
            assert!(close(1.0 - staleness.fidelity_active().unwrap(), 1.0 - fidelity(rate, period)), "{:?}", staleness.fidelity_active());
            for quantile in [0.9, 0.99] {
                let found = beyond(rate, period, staleness.quantile(quantile).unwrap());
                assert!((found - (1.0 - quantile)).abs() < 0.02 * (1.0 - quantile), "p{quantile}: P(S > it) = {found}");
            }
            assert_eq!(staleness.quantile(0.5), Some(0.0), "views are current for more than half of the time");
        }
    }
}
