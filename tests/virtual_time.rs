//! Closed forms through `loopback` in virtual time, where nothing but what is drawn is left to chance. Push is exact;
//! for polling see `brute_force.rs` too, where each count and each nanosecond is compared with the drawn trace.

#[path = "support/forms.rs"]
mod forms;
mod support;

use forms::{Form, assert_form, within};
use pushbench::measure::recording::Trial;
use support::trials::in_virtual_time as run;

/// Seconds of scenario time.
const DAY: f64 = 86_400.0;
/// Of each topic, by FriendFeed.
const POLLS_A_DAY: f64 = 63.4;
/// Relative error of a value that a histogram of three digits keeps.
const OF_A_HISTOGRAM: f64 = 0.001;

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

/// A day polled 63.4 times for each topic; `tardy` stretches the interval.
fn polled(topics: u32, active: u32, rate: f64, tardy: f64) -> Trial {
    let interval = DAY / POLLS_A_DAY * tardy;
    let text = workload("fan-in", topics, rate, 1, &format!("mode = \"poll\"\ndelay = \"10us\"\ninterval = \"{interval}s\""));
    run(&text.replace("updates_per", &format!("active_topics = {active}\nupdates_per")))
}

fn found(trial: &Trial) -> f64 {
    (trial.exchanges - trial.wasted) as f64 / trial.exchanges as f64
}

/// Share of polls that find something, and delivered ÷ expected: 1 − e^(−λT) and (1 − e^(−λT)) ÷ λT. 126,800 polls: a standard
/// error of 0.46 %, and of 0.19 % for the share that is delivered.
#[test]
fn polling_finds_what_the_closed_forms_say() {
    const TOPICS: f64 = 2_000.0;
    for rate in [20.0, 63.4] {
        let trial = polled(TOPICS as u32, TOPICS as u32, rate, 1.0);
        let at = (rate / DAY, DAY / POLLS_A_DAY);
        let polls = TOPICS * POLLS_A_DAY;
        assert_form("hit ratio", found(&trial), at, 0.0, |rate, interval| forms::hits(rate * interval, polls));
        if rate > 60.0 {
            // At a third of an update for each interval, nearly all are delivered whatever the interval is: no test could be sharp.
            let reached = trial.deliveries.delivered as f64 / trial.deliveries.expected as f64;
            assert_form("delivered ÷ expected", reached, at, 0.0, |rate, interval| forms::reach(rate * interval, TOPICS, DAY / interval));
        }
        assert_eq!(trial.deliveries.lost, 0);
        assert_eq!(trial.requests_planned, trial.subscriber_traffic.window.requests);
        assert!(within(trial.requests_planned as f64, polls, 0.005));
    }
}

/// Not only the comparison: where the harness itself polls at another interval, or publishes at another rate, it is seen.
#[test]
fn a_harness_that_is_five_per_cent_off_is_found_out() {
    let right = forms::hits(20.0 / POLLS_A_DAY, 2_000.0 * POLLS_A_DAY);
    for (rate, tardy) in [(20.0, 1.05), (20.0, 0.95), (21.0, 1.0), (19.0, 1.0)] {
        let trial = polled(2_000, 2_000, rate, tardy);
        assert!(!within(found(&trial), right.value, right.tolerance()), "λ = {rate} a day, T × {tardy}: {} passes for {}", found(&trial), right.value);
    }
    let interval = 10.0;
    let tardy = run(&workload("fan-in", 20_000, 0.5, 1, "mode = \"poll\"\ndelay = \"10us\"\ninterval = \"25m12s\"")).times.wait;
    let updates = tardy.count() as f64;
    for (measured, form) in [(tardy.mean().unwrap(), forms::mean_wait(interval, updates)), (tardy.quantile(0.99).unwrap(), forms::p99_wait(interval, updates))]
    {
        assert!(!within(measured, form.value, form.tolerance() + OF_A_HISTOGRAM), "{measured} passes for {}", form.value);
    }
}

/// Waste = 1 − A (1 − e^(−λT)) ÷ N, by its complement, in the shape of FriendFeed's day and a quarter of its size; λ is that of
/// the drawn updates: a standard error of 0.37 % at one upload of each active user, of 0.20 % at twenty.
#[test]
fn waste_of_friendfeeds_day() {
    const TOPICS: f64 = 11_438.0;
    const ACTIVE: f64 = 1_680.0;
    for uploads in [1.0, 20.0] {
        let trial = polled(TOPICS as u32, ACTIVE as u32, uploads, 1.0);
        let drawn = trial.updates as f64 / ACTIVE / DAY;
        let form = |rate: f64, interval: f64| {
            let form = forms::hits_of_the_drawn(rate * interval, ACTIVE * DAY / interval, DAY / interval);
            Form { value: form.value * ACTIVE / TOPICS, ..form }
        };
        assert_form(&format!("1 − waste at u = {uploads}"), found(&trial), (drawn, DAY / POLLS_A_DAY), 0.0, form);
    }
}

/// The wait of an update is uniform over the interval: mean T/2 and p99 0.99 T.
#[test]
fn the_wait_is_uniform_over_the_interval() {
    let trial = run(&workload("fan-in", 20_000, 0.5, 1, "mode = \"poll\"\ndelay = \"10us\"\ninterval = \"24m\""));
    let at = (0.5 / 600.0, 10.0);
    let wait = &trial.times.wait;
    let updates = wait.count() as f64;
    let (mean, p99) = (wait.mean().unwrap(), wait.quantile(0.99).unwrap());
    assert_form("mean wait", mean, at, OF_A_HISTOGRAM, |_, interval| forms::mean_wait(interval, updates));
    assert_form("p99 of the wait", p99, at, OF_A_HISTOGRAM, |_, interval| forms::p99_wait(interval, updates));
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
