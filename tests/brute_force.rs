//! Polling a second time, in plain code: from the trace and the phases alone, without scheduler, recorder or books.
//! What a whole trial in virtual time counts and stamps must equal it to the last delivery and the last nanosecond.

mod support;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use pushbench::cli::REGISTRY;
use pushbench::measure::distribution::Distribution;
use pushbench::measure::recording::{Deliveries, Times, Trial};
use pushbench::random::{Purpose, Random};
use pushbench::scenario::Scenario;
use pushbench::trace::{Subscriptions, Trace};
use support::trials::in_virtual_time;

const SECOND: i64 = 1_000_000_000;
/// Of loopback, one way, measured time.
const DELAY: i64 = 3_000_000;

fn scenario(workload: &str, subscribers: u32, interval: &str) -> String {
    format!(
        r#"
        title = "brute force"
        [workload]
        {workload}
        compression = 144
        payload = "64 B"
        seed = 11
        [subscribers]
        count = {subscribers}
        connections = 1000
        processes = {}
        [publishers]
        processes = 2
        [[contender]]
        use = "loopback"
        mode = "poll"
        delay = "3ms"
        interval = "{interval}"
        "#,
        subscribers.min(3)
    )
}

/// What the plain code comes to.
#[derive(Default)]
struct Model {
    deliveries: Deliveries,
    times: Times,
    exchanges: u64,
    wasted: u64,
    /// Requests of warm-up, window and drain.
    requests: (u64, u64, u64),
    /// Requests and deliveries by second.
    seconds: BTreeMap<i64, (u64, u64)>,
}

fn model(text: &str, interval: Duration) -> Model {
    let scenario = Scenario::parse(text, "test.toml", Path::new(""), REGISTRY).unwrap();
    let workload = &scenario.workload;
    let measured = |nanos: f64| (nanos / workload.compression).round() as i64;
    let compressed = |duration: Duration| measured(duration.as_nanos() as f64);
    let (warm_up, window, period) = (compressed(workload.warm_up), compressed(workload.span), compressed(interval));
    let mut dues: Vec<Vec<i64>> = vec![Vec::new(); workload.topics as usize];
    for update in Trace::new(&scenario).unwrap().updates {
        dues[update.topic as usize].push(measured(update.due as f64));
    }

    let mut model = Model::default();
    let subscriptions = Subscriptions::new(&scenario);
    for subscriber in 0..scenario.subscribers.count {
        let mut phases = Random::new(workload.seed, Purpose::Phases, subscriber);
        for topic in subscriptions.of(subscriber) {
            let due = &dues[topic as usize];
            model.deliveries.catch_up += 1;
            model.deliveries.expected += due.iter().filter(|due| **due >= 0).count() as u64;
            let mut asked = (phases.uniform() * period as f64) as i64;
            while asked - period >= -warm_up {
                asked -= period;
            }
            while asked < -warm_up {
                asked += period;
            }
            let mut held = 0;
            while asked < window + period {
                let there = due.iter().filter(|due| **due <= asked + DELAY).count();
                assert!(due.iter().all(|due| *due != asked + DELAY), "a tie: who comes first is not defined");
                let arrived = asked + 2 * DELAY;
                model.poll(asked, arrived, window, &due[held..there], workload.compression);
                held = there;
                asked += period;
            }
            model.deliveries.lost += due[held..].iter().filter(|due| **due >= 0).count() as u64;
        }
    }
    model
}

impl Model {
    /// A poll that brings the last of `news`.
    fn poll(&mut self, asked: i64, arrived: i64, window: i64, news: &[i64], compression: f64) {
        let phase = if asked < 0 {
            &mut self.requests.0
        } else if asked < window {
            self.exchanges += 1;
            self.wasted += u64::from(news.is_empty());
            &mut self.requests.1
        } else {
            &mut self.requests.2
        };
        *phase += 1;
        self.seconds.entry(asked.div_euclid(SECOND)).or_default().0 += 1;
        let Some((last, overtaken)) = news.split_last() else { return };
        self.seconds.entry(arrived.div_euclid(SECOND)).or_default().1 += 1;
        self.deliveries.delivered += u64::from(*last >= 0);
        self.deliveries.coalesced += overtaken.iter().filter(|due| **due >= 0).count() as u64;
        for due in news.iter().filter(|due| **due >= 0) {
            let (latency, wait) = (arrived - due, (asked - due).max(0));
            self.times.latency.record(latency);
            self.times.wait.record(wait);
            self.times.transit.record(latency - wait);
            self.times.scenario_latency.record((wait as f64 * compression) as i64 + latency - wait);
        }
    }
}

fn compare(trial: &Trial, model: &Model) {
    assert_eq!(trial.deliveries, model.deliveries);
    assert_eq!((trial.exchanges, trial.wasted), (model.exchanges, model.wasted));
    let traffic = &trial.subscriber_traffic;
    assert_eq!((traffic.warm_up.requests, traffic.window.requests, traffic.drain.requests), model.requests);
    assert_eq!(traffic.window.requests, traffic.window.responses[&200]);
    assert_eq!(trial.requests_planned, model.requests.1);
    assert_eq!(trial.failed_requests, 0);
    for (name, measured, modelled) in [
        ("latency", &trial.times.latency, &model.times.latency),
        ("wait", &trial.times.wait, &model.times.wait),
        ("transit", &trial.times.transit, &model.times.transit),
        ("scenario_latency", &trial.times.scenario_latency, &model.times.scenario_latency),
    ] {
        assert!(measured == modelled, "{name}: mean {:?} and {:?}", measured.mean(), modelled.mean());
        assert_eq!(measured.count(), model.deliveries.delivered + model.deliveries.coalesced);
    }
    assert_eq!(Distribution::max(&trial.times.lag), Some(0.0), "in virtual time nobody is late");
    let seconds: BTreeMap<i64, (u64, u64)> = trial
        .timeline
        .iter()
        .filter(|second| second.requests + second.deliveries > 0)
        .map(|second| (second.second, (second.requests, second.deliveries)))
        .collect();
    assert_eq!(seconds, model.seconds);
}

/// Few polls and many updates: most are overtaken, and some are published while a poll is under way.
#[test]
fn a_mesh_polled_rarely() {
    let workload = "topology = \"mesh\"\ntopics = 40\ntopics_per_subscriber = 7\nupdates_per_active_topic = 300\nspan = \"6h\"\nwarm_up = \"37m\"\npopularity = { zipf = 1.0 }";
    let text = scenario(workload, 13, "17m");
    let model = model(&text, Duration::from_secs(17 * 60));
    assert!(model.deliveries.coalesced > model.deliveries.delivered && model.deliveries.delivered > 1_000);
    assert_eq!(model.times.wait.quantile(0.0), Some(0.0), "some overtake the poll that brings them");
    compare(&in_virtual_time(&text), &model);
}

/// Many polls and few updates: most polls are in vain. The interval does not divide the span.
#[test]
fn a_fan_in_polled_often() {
    let workload =
        "topology = \"fan-in\"\ntopics = 300\nactive_topics = 200\nupdates_per_active_topic = 4\nspan = \"5h\"\nwarm_up = \"10m\"\narrivals = \"bursty\"";
    let text = scenario(workload, 1, "7m");
    let model = model(&text, Duration::from_secs(7 * 60));
    assert!(model.wasted * 10 > model.exchanges * 8);
    compare(&in_virtual_time(&text), &model);
}

/// No warm-up: the first poll of the window is the first of all.
#[test]
fn a_fan_out_without_warm_up() {
    let workload = "topology = \"fan-out\"\ntopics = 3\nupdates_per_active_topic = 100\nspan = \"2h\"\nwarm_up = \"0s\"";
    let text = scenario(workload, 50, "5m");
    let model = model(&text, Duration::from_secs(300));
    compare(&in_virtual_time(&text), &model);
}
