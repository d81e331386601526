//! Closed forms, exactly: whole trials through `loopback` in virtual time.

mod support;

use support::trials::in_virtual_time as run;

fn workload(topology: &str, topics: u32, rate: f64, subscribers: u32, contender: &str) -> String {
    format!(
        r#"
        title = "closed forms"
        [workload]
        topology = "{topology}"
        topics = {topics}
        updates_per_active_topic = {rate}
        span = "24h"
        warm_up = "1h"
        compression = 144
        payload = "64 B"
        seed = 7
        [subscribers]
        count = {subscribers}
        connections = 1000
        [[contender]]
        use = "loopback"
        {contender}
        "#
    )
}

#[test]
fn push_delivers_every_update_exactly_once_after_the_delay() {
    let trial = run(&workload("fan-out", 20, 50.0, 30, "mode = \"push\"\ndelay = \"3ms\""));
    let deliveries = trial.deliveries;
    assert_eq!(deliveries.expected, trial.updates * 30);
    assert_eq!((deliveries.delivered, deliveries.coalesced, deliveries.lost), (deliveries.expected, 0, 0));
    assert_eq!((deliveries.duplicated, deliveries.reordered, deliveries.corrupt), (0, 0, 0));
    assert_eq!(trial.subscriber_traffic.window.events_down, deliveries.expected, "one notification for each delivery");
    assert_eq!(trial.wasted, 0);
    let latency = &trial.times.latency;
    assert_eq!((latency.quantile(0.0).map(millis), latency.max().map(millis)), (Some(3.0), Some(3.0)));
    assert_eq!(trial.times.wait.max(), Some(0.0));
}

fn millis(seconds: f64) -> f64 {
    (seconds * 1e4).round() / 10.0
}

/// Share of polls that find something, and delivered ÷ expected: 1 − e^(−λT) and (1 − e^(−λT)) ÷ λT.
#[test]
fn polling_finds_what_the_closed_forms_say() {
    for (rate, sharp) in [(20.0, 0.0), (20.0, 0.05)] {
        let interval = 86_400.0 / 63.4;
        let trial = run(&workload("fan-in", 2_000, rate * (1.0 + sharp), 1, &format!("mode = \"poll\"\ndelay = \"10us\"\ninterval = \"{interval}s\"")));
        let lambda_t: f64 = rate / 63.4;
        let found = 1.0 - f64::exp(-lambda_t);
        let hits = 1.0 - trial.wasted as f64 / trial.exchanges as f64;
        let reach = trial.deliveries.delivered as f64 / trial.deliveries.expected as f64;
        let close = |left: f64, right: f64| (left / right - 1.0).abs() < 0.02;
        // With a rate that is 5 % off, the same comparison must fail: else it would prove nothing.
        assert_eq!(close(hits, found), sharp == 0.0, "hits {hits}, expected {found}");
        let measured_lambda_t = trial.updates as f64 / 2_000.0 / 63.4;
        let reach_expected = (1.0 - (-measured_lambda_t).exp()) / measured_lambda_t;
        assert!((reach / reach_expected - 1.0).abs() < 0.005, "reach {reach}, expected {reach_expected}");
        assert_eq!(trial.deliveries.lost, 0);
        assert_eq!(trial.requests_planned, trial.subscriber_traffic.window.requests);
        assert!((trial.requests_planned as f64 / (2_000.0 * 63.4) - 1.0).abs() < 0.005);
    }
}

/// The wait of an update that is alone in its interval: uniform over it, so mean T/2 and p99 0.99 T.
#[test]
fn the_wait_is_uniform_over_the_interval() {
    let trial = run(&workload("fan-in", 20_000, 0.5, 1, "mode = \"poll\"\ndelay = \"10us\"\ninterval = \"24m\""));
    let interval = 10.0;
    let wait = &trial.times.wait;
    assert!(wait.count() > 9_000);
    let mean = wait.mean().unwrap();
    let p99 = wait.quantile(0.99).unwrap();
    assert!((mean / (interval / 2.0) - 1.0).abs() < 0.02, "mean {mean}");
    assert!((p99 / (0.99 * interval) - 1.0).abs() < 0.005, "p99 {p99}");
    // Measured wait × 144 is the scenario's; transit is twice the delay and is not stretched.
    let scenario = trial.times.scenario_latency.mean().unwrap();
    assert!((scenario / (mean * 144.0) - 1.0).abs() < 0.001);
    assert!(trial.times.transit.max().unwrap() < 0.000_03);
}

/// The sample run twice is the same to the last bit; split over processes it is the same load.
#[test]
fn runs_repeat_and_slices_add_up() {
    let text = workload("fan-out", 20, 50.0, 30, "mode = \"poll\"\ninterval = \"10m\"");
    let one = run(&text);
    let two = run(&text);
    assert_eq!(one.times, two.times);
    assert_eq!(one.deliveries, two.deliveries);
    let split = run(&text.replace("count = 30", "count = 30\nprocesses = 4").replace("[[contender]]", "[publishers]\nprocesses = 3\n[[contender]]"));
    assert_eq!(split.deliveries, one.deliveries);
    assert_eq!(split.requests_planned, one.requests_planned);
    assert_eq!(split.times.wait, one.times.wait);
    assert_eq!(split.sides.len(), 7);
}
