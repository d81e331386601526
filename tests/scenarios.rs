//! Scenarios that come with pushbench are read, planned and as long as they say; broken ones say what is wrong and where.

mod paper;

use std::path::{Path, PathBuf};
use std::time::Duration;

use pushbench::cli::REGISTRY;
use pushbench::measure::recording::TrialKind;
use pushbench::plan::{Estimate, Plan, estimate};
use pushbench::scenario::Scenario;
use pushbench::summary::metrics::{METRICS, Unit};
use pushbench::trace::Trace;

/// All scenarios in the repository.
fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.extension().is_some_and(|ending| ending == "toml")).collect()
}

fn read(name: &str) -> Scenario {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios").join(name);
    Scenario::read(&path, REGISTRY).unwrap_or_else(|error| panic!("{error}"))
}

fn estimates(scenario: &Scenario) -> Vec<Estimate> {
    estimate(scenario, &Plan::new(scenario, None, None).unwrap(), REGISTRY).unwrap()
}

/// That of the first trial that is neither a null nor an idle one.
fn first_measured(scenario: &Scenario) -> Estimate {
    let place = Plan::new(scenario, None, None).unwrap().trials.iter().position(|trial| trial.kind == TrialKind::Measured).unwrap();
    estimates(scenario)[place]
}

fn seconds(scenario: &Scenario) -> f64 {
    estimates(scenario).iter().map(Estimate::duration).sum::<Duration>().as_secs_f64()
}

#[test]
fn every_file_is_read_and_planned_and_comments_every_key() {
    assert!(files().len() >= 5);
    for path in files() {
        let scenario = Scenario::read(&path, REGISTRY).unwrap_or_else(|error| panic!("{error}"));
        assert!(!estimates(&scenario).is_empty(), "{}", path.display());
        // Outside of budgets and of what stands twice, a line with a key says what it is for.
        let (body, _) = scenario.text.split_once("[[contender]]").unwrap();
        for line in body.lines().filter(|line| line.contains(" = ") && !line.starts_with('#') && !line.starts_with("source")) {
            assert!(line.contains('#'), "{}: no comment on {line:?}", path.display());
        }
    }
}

/// The scenario that the README shows is one.
#[test]
fn the_readme_tells_the_truth() {
    let readme = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let (_, behind) = readme.split_once("```toml\n").unwrap();
    let (text, _) = behind.split_once("```").unwrap();
    let scenario = Scenario::parse(text, "README.md", Path::new(""), REGISTRY).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(scenario.load_points_of("rest-conditional").len(), 3);
}

#[test]
fn ten_thousand_pollers_are_ten_thousand_connections_and_a_thousand_requests_a_second() {
    let scenario = read("ten-thousand-pollers.toml");
    assert!((60.0..100.0).contains(&seconds(&scenario)), "about a minute and a half, not {}", seconds(&scenario));
    for estimate in estimates(&scenario) {
        assert_eq!(estimate.forecast.requests as f64 / estimate.window.as_secs_f64(), 1_000.0);
        assert!((10_000..10_100).contains(&estimate.server_descriptors) && estimate.subscriber_descriptors < 20_000);
    }
    assert_eq!(scenario.contenders.iter().map(|entry| entry.values.text("client")).collect::<Vec<_>>(), ["lean", "library"]);
}

#[test]
fn the_first_look_takes_two_minutes_and_shows_something() {
    let scenario = read("first-look.toml");
    assert!((90.0..125.0).contains(&seconds(&scenario)), "{}", seconds(&scenario));
    let first = first_measured(&scenario);
    assert!((300.0..1_000.0).contains(&(first.forecast.requests as f64 / first.window.as_secs_f64())));
    assert!((400..900).contains(&first.totals.deliveries), "{}", first.totals.deliveries);
}

#[test]
fn friendfeeds_day_is_that_of_the_talk() {
    let scenario = read("friendfeed-day.toml");
    let day = first_measured(&scenario);
    // 2.9 million, of which the talk gives two digits.
    assert!((2_850_000..2_950_000).contains(&day.forecast.requests), "{}", day.forecast.requests);
    assert_eq!((day.totals.subscriptions, day.window), (45_754, Duration::from_secs(300)));
    // Poisson with mean 6,721: five standard deviations.
    assert!(day.totals.updates.abs_diff(6_721) < 410, "{}", day.totals.updates);
    let trace = Trace::new(&scenario).unwrap();
    assert!(trace.active_topics().len() < 6_721, "some of those who could upload did not");
}

#[test]
fn the_smoke_test_takes_seconds() {
    assert!(seconds(&read("ci-smoke.toml")) < 40.0);
}

#[test]
fn every_mistake_says_what_is_wrong_where_and_what_is_allowed() {
    let mut all = String::new();
    for (what, from, to) in MISTAKES {
        assert!(GOOD.contains(from), "{what}: the good scenario has no {from:?}");
        let text = GOOD.replacen(from, to, 1);
        let message = match Scenario::parse(&text, "broken.toml", Path::new(""), paper::REGISTRY) {
            Ok(_) => panic!("{what}: was read"),
            Err(error) => error.to_string(),
        };
        all.push_str(&format!("### {what}\nerror: {message}\n\n"));
    }
    insta::assert_snapshot!(all);
}

#[test]
fn the_good_scenario_is_good() {
    Scenario::parse(GOOD, "good.toml", Path::new(""), paper::REGISTRY).unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn limits_may_be_written_in_the_units_of_their_metrics() {
    for metric in METRICS {
        for (limit, fits) in
            [("1", true), ("\"1s\"", matches!(metric.unit, Unit::Seconds | Unit::ScenarioSeconds)), ("\"1 KiB\"", matches!(metric.unit, Unit::Bytes))]
        {
            let text = format!("{GOOD}[[budget]]\ncontender = \"poll\"\nmetric = \"{}\"\nat_most = {limit}\n", metric.name);
            let read = Scenario::parse(&text, "good.toml", Path::new(""), REGISTRY);
            assert_eq!(read.is_ok(), fits, "{} with {limit}: {:?}", metric.name, read.err().map(|error| error.to_string()));
        }
    }
}

#[test]
fn wrong_usage_is_exit_code_2_and_says_so_on_stderr() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("broken.toml");
    std::fs::write(&path, "title = \"x\"\n[workloads]\n").unwrap();
    let output = assert_cmd::Command::new(env!("CARGO_BIN_EXE_pushbench")).arg("check").arg(&path).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.starts_with("error: unknown key \"workloads\" in the scenario\n"), "{stderr}");
    assert!(stderr.contains("broken.toml:2:2") && stderr.contains("did you mean \"workload\"?"), "{stderr}");
    assert!(output.stdout.is_empty());
}

const GOOD: &str = r#"title = "Zürich 🚆"
source = "a test"
repeats = 2

[workload]
topology = "mesh"
topics_per_subscriber = 10
topics = 100
active_topics = 50
updates_per_active_topic = 2.5
span = "1h"
warm_up = "1m"
compression = 60
payload = "1 KiB"
arrivals = "poisson"
popularity = { zipf = 1.0 }
semantics = "state"
timeout = "2m"
seed = 1

[subscribers]
count = 20
connections = 2
processes = 2

[publishers]
connections = 4
processes = 1

[[contender]]
use = "rest-poll"
name = "poll"
interval = "1m"
connection = "keep-alive"

[[contender]]
use = "xmpp-pubsub"
server = "embedded"

[sweep]
"workload.topics" = [100, 200]
"contender.poll.interval" = ["30s", "1m"]

[[budget]]
contender = "poll"
metric = "latency.p99"
at_most = "2s"
"#;

/// What is wrong, and the change of the good scenario that makes it so.
const MISTAKES: &[(&str, &str, &str)] = &[
    ("no TOML: a bracket is missing", "[workload]", "[workload"),
    ("no TOML: the same key twice", "topics = 100\n", "topics = 100\ntopics = 200\n"),
    ("no TOML: something behind characters of several bytes", "\"Zürich 🚆\"", "\"Zürich 🚆\" x"),
    ("unknown table", "[subscribers]", "[subscriber]"),
    ("unknown key at the top", "repeats = 2", "repeat = 2"),
    ("unknown key, nothing near", "seed = 1", "weather = 1"),
    ("title missing", "title = \"Zürich 🚆\"\n", ""),
    ("title empty", "\"Zürich 🚆\"", "\" \""),
    ("wrong type: text for a number", "topics = 100", "topics = \"100\""),
    ("wrong type: number for a duration", "span = \"1h\"", "span = 3600"),
    ("wrong type: number for a word or table", "popularity = { zipf = 1.0 }", "popularity = 1.0"),
    ("wrong type: table for a list of tables", "[[budget]]", "[budget]"),
    ("required key missing", "topology = \"mesh\"\n", ""),
    ("duration without unit", "span = \"1h\"", "span = \"1\""),
    ("duration with an unknown unit", "warm_up = \"1m\"", "warm_up = \"1 parsec\""),
    ("duration of zero", "timeout = \"2m\"", "timeout = \"0s\""),
    ("size with an unknown unit", "payload = \"1 KiB\"", "payload = \"1 kib\""),
    ("payload too small for a stamp", "payload = \"1 KiB\"", "payload = 10"),
    ("topology that does not exist", "\"mesh\"", "\"fan_in\""),
    ("more active topics than topics", "active_topics = 50", "active_topics = 101"),
    ("no topics", "topics = 100", "topics = 0"),
    ("negative updates", "updates_per_active_topic = 2.5", "updates_per_active_topic = -1"),
    ("updates that are no number", "updates_per_active_topic = 2.5", "updates_per_active_topic = nan"),
    ("fan-in with more subscribers than topics", "\"mesh\"\ntopics_per_subscriber = 10\ntopics = 100\nactive_topics = 50", "\"fan-in\"\ntopics = 10"),
    ("fan-out with more topics than subscribers", "\"mesh\"\ntopics_per_subscriber = 10\n", "\"fan-out\"\n"),
    ("fan-out with topics_per_subscriber", "\"mesh\"", "\"fan-out\""),
    ("mesh without topics_per_subscriber", "topics_per_subscriber = 10\n", ""),
    ("mesh with more topics per subscriber than topics", "topics_per_subscriber = 10", "topics_per_subscriber = 101"),
    ("compression below real time", "compression = 60", "compression = 0.5"),
    ("window too short", "compression = 60", "compression = 100_000"),
    ("arrivals that do not exist", "arrivals = \"poisson\"", "arrivals = \"poison\""),
    ("arrivals from a file, and a mean", "arrivals = \"poisson\"", "arrivals = { csv = \"updates.csv\" }"),
    ("Zipf exponent of zero", "zipf = 1.0", "zipf = 0.0"),
    ("semantics that do not exist", "\"state\"", "\"stately\""),
    ("negative seed", "seed = 1", "seed = -1"),
    ("no subscribers", "count = 20", "count = 0"),
    ("more processes than subscribers", "processes = 2", "processes = 21"),
    ("more publisher processes than topics", "connections = 4\nprocesses = 1", "connections = 4\nprocesses = 101"),
    ("mechanism that does not exist", "\"xmpp-pubsub\"", "\"xmpp-pubsup\""),
    ("use missing", "use = \"xmpp-pubsub\"\n", ""),
    ("name that is no name", "name = \"poll\"", "name = \"poll 1s\""),
    ("name that stands twice", "name = \"poll\"", "name = \"xmpp-pubsub\""),
    ("server that does not exist yet", "\"embedded\"", "\"prosody\""),
    ("setting that does not exist", "connection = \"keep-alive\"", "conection = \"keep-alive\""),
    ("setting missing", "interval = \"1m\"\n", ""),
    ("setting with a value that is no choice", "\"keep-alive\"", "\"close\""),
    ("setting that is a list", "interval = \"1m\"", "interval = [\"1m\"]"),
    ("poll interval longer than the span", "interval = \"1m\"", "interval = \"2h\""),
    ("sweep of what does not exist", "\"workload.topics\" =", "\"workload.topic\" ="),
    ("sweep of a contender that does not exist", "\"contender.poll.interval\" =", "\"contender.pol.interval\" ="),
    ("sweep of one value", "[100, 200]", "100"),
    ("sweep of no values", "[100, 200]", "[]"),
    ("sweep of a value that stands twice", "[100, 200]", "[100, 1_00]"),
    ("sweep of a value of the wrong type", "[100, 200]", "[100, \"200\"]"),
    ("sweep of a value that does not fit the rest", "[100, 200]", "[100, 40]"),
    ("sweep of a setting's value that does not fit", "[\"30s\", \"1m\"]", "[\"30s\", \"90m\"]"),
    ("budget of a contender that does not exist", "contender = \"poll\"", "contender = \"rest-poll\""),
    ("budget on a metric that does not exist", "latency.p99", "latency.p98"),
    ("budget without a limit", "at_most = \"2s\"\n", ""),
    ("budget with a duration that is none", "at_most = \"2s\"", "at_most = \"2 KiB\""),
    ("budget that nothing can keep", "at_most = \"2s\"", "at_most = \"2s\"\nat_least = \"3s\""),
];
