//! Closed forms on the real stack: processes, sockets, servers and clients as `pushbench run` uses them, against theory.
//!
//! Counts and waits hang on intended instants, not on how fast the machine is: these tests hold on a busy one. What is drawn
//! comes from a seed; how near a sample must come follows from its variance, see `support/forms.rs`.

#[path = "support/command.rs"]
mod command;
#[path = "support/forms.rs"]
mod forms;

use std::path::Path;
use std::sync::Mutex;

use command::Place;
use forms::{assert_form, hits, hits_of_the_drawn, mean_wait, p99_wait, reach};
use pushbench::cli::REGISTRY;
use pushbench::measure::recording::Trial;
use pushbench::plan::{Plan, estimate};
use pushbench::scenario::Scenario;

/// Each test is a load of its own.
static ALONE: Mutex<()> = Mutex::new(());

/// Runs all trials of a scenario in processes of their own; what both ends counted must agree, whatever the machine.
fn run(scenario: &str) -> Vec<Trial> {
    let _alone = ALONE.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let place = Place::with(scenario);
    let ended = place.run(&["--ui", "plain"]);
    assert_eq!(ended.code, place.code(0), "{ended:?}");
    let trials = place.recording().trials;
    for trial in &trials {
        assert!(trial.complete && trial.checks.iter().all(|check| check.holds), "{}: {:?}", trial.contender, trial.checks);
        let deliveries = trial.deliveries;
        assert_eq!(deliveries.expected, deliveries.delivered + deliveries.coalesced + deliveries.lost, "{}", trial.contender);
        assert_eq!((deliveries.lost, deliveries.reordered, deliveries.corrupt, trial.failed_requests), (0, 0, 0, 0), "{}", trial.contender);
    }
    trials
}

/// Hit ratio, delivered ÷ expected and wait at λT = 1.25, where the first two tell 5 % equally well: 4,000 topics polled five
/// times each are 20,000 polls and about 25,000 updates. Standard errors: 0.45 % of the hits and of the share delivered, 0.37 % of
/// the mean wait, 0.06 % of its p99.
#[test]
fn polling_finds_waits_and_misses_what_theory_says() {
    const TOPICS: f64 = 4_000.0;
    const INTERVAL: f64 = 3.0;
    const INTERVALS: f64 = 5.0;
    const RATE: f64 = 1.25 / INTERVAL;
    let trials = run(&format!(
        "title = \"Closed forms of polling\"\nrepeats = 1\nbaseline = false
        [workload]\ntopology = \"fan-in\"\ntopics = {TOPICS}\nupdates_per_active_topic = {}
        span = \"15s\"\nwarm_up = \"3s\"\ntimeout = \"3s\"\npayload = \"64 B\"\nseed = 20080721
        [subscribers]\ncount = 1\nconnections = 64
        [publishers]\nconnections = 32
        [[contender]]\nuse = \"rest-poll\"\ninterval = \"{INTERVAL}s\"
        [[contender]]\nuse = \"rest-conditional\"\ninterval = \"{INTERVAL}s\"\n",
        RATE * INTERVALS * INTERVAL
    ));
    assert_eq!(trials.len(), 2);
    for trial in &trials {
        let name = &trial.contender;
        let polls = TOPICS * INTERVALS;
        assert_eq!((trial.requests_planned as f64, trial.exchanges as f64), (polls, polls), "{name}: every phase has as many polls as intervals");
        let found = (trial.exchanges - trial.wasted) as f64 / trial.exchanges as f64;
        let at = (RATE, INTERVAL);
        assert_form(&format!("{name}: hit ratio"), found, at, 0.0, |rate, interval| hits(rate * interval, polls));
        let reached = trial.deliveries.delivered as f64 / trial.deliveries.expected as f64;
        // The window is 15 s, whatever the interval is taken for.
        let expected = |rate: f64, interval: f64| reach(rate * interval, TOPICS, INTERVALS * INTERVAL / interval);
        assert_form(&format!("{name}: delivered ÷ expected"), reached, at, 0.0, expected);
        let responses = &trial.subscriber_traffic.window.responses;
        let of = |status| responses.get(&status).copied().unwrap_or(0);
        if name == "rest-conditional" {
            assert_eq!((of(200), of(304)), (trial.exchanges - trial.wasted, trial.wasted), "a body where there is news, and only there");
        } else {
            assert_eq!((of(200), of(304)), (trial.exchanges, 0), "a body always");
        }
        // Every update waits for the next poll, alone in its interval or not; those that are overtaken are among them. Poisson
        // arrivals know nothing of phases, so that the wait is uniform over the interval. An update that is published late
        // can miss the poll that it was due for: 15 ms of lateness on average are one per cent of the mean.
        let wait = &trial.times.wait;
        assert_eq!(wait.count(), trial.updates, "{name}: each update has waited");
        let updates = wait.count() as f64;
        assert_form(&format!("{name}: mean wait"), wait.mean().unwrap(), at, 0.01, |_, interval| mean_wait(interval, updates));
        assert_form(&format!("{name}: p99 of the wait"), wait.quantile(0.99).unwrap(), at, 0.01, |_, interval| p99_wait(interval, updates));
    }
}

/// Waste = 1 − A (1 − e^(−λT)) ÷ N in the shape of FriendFeed's day, 6,721 of 45,754 topics active and 63.4 polls a day, for
/// one upload and for twenty of each active user. Its complement is compared, the share of polls that are of use: of a waste
/// of 0.998 an error of 2 % could not be seen at all. λ is that of the drawn updates. 441 of 3,000 topics in 63.4 intervals
/// are 27,959 polls of active topics: a standard error of 0.73 % at one upload; at twenty, a third of a day does: 0.74 %.
#[test]
fn waste_of_friendfeeds_day() {
    const POLLS_A_DAY: f64 = 63.4;
    const TOPICS: f64 = 3_000.0;
    const ACTIVE: f64 = 441.0;
    const DAY: f64 = 86_400.0;
    let interval = DAY / POLLS_A_DAY;
    for (uploads, days) in [(1.0, 1.0), (20.0, 1.0 / 3.0)] {
        let trials = run(&format!(
            "title = \"Waste of FriendFeed's day\"\nrepeats = 1\nbaseline = false
            [workload]\ntopology = \"fan-in\"\ntopics = {TOPICS}\nactive_topics = {ACTIVE}\nupdates_per_active_topic = {}
            span = \"{}h\"\nwarm_up = \"30m\"\ntimeout = \"1h\"\ncompression = 2400\npayload = \"64 B\"\nseed = 20080721
            [subscribers]\ncount = 1\nconnections = 64
            [[contender]]\nuse = \"rest-conditional\"\ninterval = \"{interval}s\"\n",
            uploads * days,
            24.0 * days,
        ));
        let [trial] = &trials[..] else { panic!("one trial") };
        let polls = TOPICS * POLLS_A_DAY * days;
        assert!((trial.exchanges as f64 / polls - 1.0).abs() < 0.002, "{} of {polls} polls", trial.exchanges);
        let drawn = trial.updates as f64 / ACTIVE / (days * DAY);
        let of_use = 1.0 - trial.wasted as f64 / trial.exchanges as f64;
        let form = |rate: f64, interval: f64| {
            let intervals = days * DAY / interval;
            let form = hits_of_the_drawn(rate * interval, ACTIVE * intervals, intervals);
            forms::Form { value: form.value * ACTIVE / TOPICS, ..form }
        };
        assert_form(&format!("1 − waste at u = {uploads}"), of_use, (drawn, interval), 0.0, form);
    }
}

/// Push: notifications = updates × subscribers, none lost, doubled or out of order. Exact: one more or less fails.
#[test]
fn push_tells_each_subscriber_of_each_update_once() {
    const SUBSCRIBERS: u64 = 40;
    let trials = run(&format!(
        "title = \"Closed form of push\"\nrepeats = 1\nbaseline = false
        [workload]\ntopology = \"fan-out\"\ntopics = 20\nupdates_per_active_topic = 10
        span = \"4s\"\nwarm_up = \"500ms\"\ntimeout = \"2s\"\npayload = \"64 B\"\nseed = 20080721
        [subscribers]\ncount = {SUBSCRIBERS}\nconnections = 64\nprocesses = 2
        [publishers]\nprocesses = 2
        [[contender]]\nuse = \"xmpp-pubsub\"\n"
    ));
    let [trial] = &trials[..] else { panic!("one trial") };
    // Poisson with mean 200: five standard deviations.
    assert!(trial.updates.abs_diff(200) < 71, "{}", trial.updates);
    let deliveries = trial.deliveries;
    let expected = trial.updates * SUBSCRIBERS;
    assert_eq!((trial.published, deliveries.expected, deliveries.delivered), (trial.updates, expected, expected));
    assert_eq!((deliveries.coalesced, deliveries.duplicated), (0, 0));
    assert_eq!((trial.subscriber_traffic.window.stanzas_down, trial.exchanges, trial.wasted), (expected, expected, 0));
    assert_eq!(trial.times.wait.max(), Some(0.0), "nobody had to ask");
    let (clients, server) = (trial.subscriber_traffic.total(), trial.subscriber_traffic_by_server.as_ref().unwrap().total());
    assert_eq!(clients.stanzas_down, server.stanzas_down, "as many as the server says it has sent");
}

/// The arithmetic of the talk (slides 15 and 16), and that the scenario that bears its name plans it.
#[test]
fn friendfeeds_arithmetic() {
    let rounded = |value: f64, digits: i32| (value * 10_f64.powi(digits)).round() / 10_f64.powi(digits);
    let polls_a_day = 2.9e6 / 45_754.0;
    assert_eq!((rounded(2.9e6 / 86_400.0, 1), rounded(polls_a_day, 1), rounded(24.0 * 60.0 / polls_a_day, 1)), (33.6, 63.4, 22.7));
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/friendfeed-day.toml");
    let scenario = Scenario::read(&path, REGISTRY).unwrap_or_else(|error| panic!("{error}"));
    let plan = Plan::new(&scenario, None, None).unwrap();
    let day = plan.trials.iter().zip(estimate(&scenario, &plan, REGISTRY).unwrap()).find(|(trial, _)| trial.name == "rest-poll").unwrap().1;
    assert_eq!(day.forecast.requests, 2_902_456);
    let each_second = day.forecast.requests as f64 / scenario.workload.span.as_secs_f64();
    assert_eq!(rounded(each_second, 1), 33.6);
    assert_eq!((scenario.workload.topics, scenario.workload.active_topics), (45_754, 6_721));
}
