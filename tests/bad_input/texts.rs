//! Mistakes in the text of a scenario: each a change of a good one.

use std::path::Path;

use pushbench::cli::REGISTRY;
use pushbench::scenario::Scenario;
use pushbench::summary::metrics::{METRICS, Unit};

use crate::paper;

/// What is wrong, and what is said of it.
pub fn messages() -> Vec<(&'static str, String)> {
    let one = |(what, from, to): &(&'static str, &str, &str)| {
        assert!(GOOD.contains(from), "{what}: the good scenario has no {from:?}");
        match Scenario::parse(&GOOD.replacen(from, to, 1), "broken.toml", Path::new(""), paper::REGISTRY) {
            Ok(_) => panic!("{what}: was read"),
            Err(error) => (*what, error.to_string()),
        }
    };
    MISTAKES.iter().map(one).collect()
}

#[test]
fn every_mistake_says_what_is_wrong_where_and_what_is_allowed() {
    let all: String = messages().into_iter().map(|(what, message)| format!("### {what}\nerror: {message}\n\n")).collect();
    insta::assert_snapshot!(all);
}

/// Nobody should have to look for the place, or to guess what would be right.
#[test]
fn every_mistake_has_a_place_and_what_is_allowed_or_helps() {
    for (what, message) in messages() {
        assert!(message.contains("--> broken.toml"), "{what}: no place\n{message}");
        // What TOML allows is for its own parser to say.
        let remedy = message.contains("= allowed: ") || message.contains("= help: ") || message.starts_with("this is not TOML");
        assert!(remedy, "{what}: neither what is allowed nor what helps\n{message}");
    }
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

[compare]
gate = ["latency.p99", "reach"]
machine = "alike"
fail_on = ["inconclusive"]

[compare.margin]
timed = 0.1
"requests.per_update" = 0.02
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
    ("wrong type: table for a number", "topics = 100\n", "topics.all = 100\n"),
    ("wrong type: number for a truth value", "repeats = 2", "repeats = 2\nbaseline = 1"),
    ("repeats out of range", "repeats = 2", "repeats = 101"),
    ("wrong type: a list for a size", "payload = \"1 KiB\"", "payload = [1]"),
    ("size that is negative", "payload = \"1 KiB\"", "payload = -1"),
    ("size that is no number", "payload = \"1 KiB\"", "payload = \"many\""),
    ("size that is no whole number", "payload = \"1 KiB\"", "payload = \"64.5 B\""),
    ("size out of range", "payload = \"1 KiB\"", "payload = \"2 MiB\""),
    ("duration that is empty", "span = \"1h\"", "span = \"\""),
    ("duration that is no number", "span = \"1h\"", "span = \"long\""),
    ("duration of more than a century", "span = \"1h\"", "span = \"40000d\""),
    ("wrong type: a text for a number with decimals", "compression = 60", "compression = \"60\""),
    ("wrong type: a date for a seed", "seed = 1", "seed = 1979-05-27"),
    ("more updates than memory", "updates_per_active_topic = 2.5", "updates_per_active_topic = 1_000_000"),
    ("timeout that compression makes too short", "timeout = \"2m\"", "timeout = \"9s\""),
    ("popularity that does not exist", "{ zipf = 1.0 }", "\"flatt\""),
    ("interval that compression makes nothing", "interval = \"1m\"", "interval = \"1ns\""),
    ("setting with a duration of zero", "interval = \"1m\"", "interval = \"0s\""),
    ("setting with a duration that is none", "interval = \"1m\"", "interval = \"1\""),
    ("budget of a ratio with a duration", "\"latency.p99\"\nat_most = \"2s\"", "\"reach\"\nat_most = \"2s\""),
    ("budget of a negative number", "at_most = \"2s\"", "at_most = -1"),
    ("comparison by what does not exist", "gate = [\"latency.p99\"", "gate = [\"latency.p98\""),
    ("comparison by no name", "gate = [\"latency.p99\"", "gate = [99"),
    ("comparison by nothing", "gate = [\"latency.p99\", \"reach\"]", "gate = []"),
    ("comparison by one name that is no list", "gate = [\"latency.p99\", \"reach\"]", "gate = \"reach\""),
    ("comparison that fails on what does not exist", "[\"inconclusive\"]", "[\"unclear\"]"),
    ("comparison on any machine", "machine = \"alike\"", "machine = \"any\""),
    ("comparison with an unknown key", "machine = \"alike\"", "machines = \"alike\""),
    ("margin of what does not exist", "timed = 0.1", "times = 0.1"),
    ("margin in per cent", "timed = 0.1", "timed = 15"),
    ("margin that is a text", "timed = 0.1", "timed = \"10 %\""),
    ("margin for everything", "\n[compare.margin]\ntimed = 0.1\n\"requests.per_update\" = 0.02\n", "margin = 0.1\n"),
    ("budget that is a multiple of itself", "metric = \"latency.p99\"\n", "metric = \"latency.p99\"\nrelative_to = \"poll\"\n"),
    ("budget that is a multiple of nobody's figure", "metric = \"latency.p99\"\n", "metric = \"latency.p99\"\nrelative_to = \"push\"\n"),
    ("budget that is a multiple with a duration", "metric = \"latency.p99\"\n", "metric = \"latency.p99\"\nrelative_to = \"xmpp-pubsub\"\n"),
    ("budget at a value that is not swept", "at_most = \"2s\"\n", "at_most = \"2s\"\nat = \"workload.topics=101\"\n"),
    ("budget of a severity that does not exist", "at_most = \"2s\"\n", "at_most = \"2s\"\nseverity = \"error\"\n"),
    ("budget that asks for no samples", "at_most = \"2s\"\n", "at_most = \"2s\"\nminimum_samples = 0\n"),
    (
        "no contender",
        "[[contender]]\nuse = \"rest-poll\"\nname = \"poll\"\ninterval = \"1m\"\nconnection = \"keep-alive\"\n\n[[contender]]\nuse = \"xmpp-pubsub\"\nserver = \"embedded\"\n",
        "",
    ),
    ("sweep of a value that does not fit, without a sweep of anything else", "[100, 200]", "[100, 0]"),
    ("wrong type: number for a list of tables", "[[budget]]\ncontender = \"poll\"\nmetric = \"latency.p99\"\nat_most = \"2s\"\n", "[budget]\n"),
    ("wrong type: list for a table", "[publishers]\nconnections = 4\nprocesses = 1\n", "[[publishers]]\n"),
    (
        "published figure with a metric of nobody",
        "at_most = \"2s\"\n",
        "at_most = \"2s\"\n[[published]]\nwhat = \"w\"\nvalue = 7\nunit = \"times\"\nsource = \"s\"\nmetric = \"reach\"\n",
    ),
    (
        "published figure without a metric of its contender",
        "at_most = \"2s\"\n",
        "at_most = \"2s\"\n[[published]]\nwhat = \"w\"\nvalue = 7\nunit = \"times\"\nsource = \"s\"\ncontender = \"poll\"\n",
    ),
    (
        "published figure at a value that is not swept",
        "at_most = \"2s\"\n",
        "at_most = \"2s\"\n[[published]]\nwhat = \"w\"\nvalue = 7\nunit = \"times\"\nsource = \"s\"\ncontender = \"poll\"\nmetric = \"reach\"\nat = \"workload.topics=101\"\n",
    ),
    (
        "published figure at a load point where nothing is swept",
        "[sweep]\n\"workload.topics\" = [100, 200]\n\"contender.poll.interval\" = [\"30s\", \"1m\"]\n",
        "[[published]]\nwhat = \"w\"\nvalue = 7\nunit = \"times\"\nsource = \"s\"\ncontender = \"poll\"\nmetric = \"reach\"\nat = \"workload.topics=100\"\n",
    ),
    (
        "no workload",
        "[workload]\ntopology = \"mesh\"\ntopics_per_subscriber = 10\ntopics = 100\nactive_topics = 50\nupdates_per_active_topic = 2.5\nspan = \"1h\"\nwarm_up = \"1m\"\ncompression = 60\npayload = \"1 KiB\"\narrivals = \"poisson\"\npopularity = { zipf = 1.0 }\nsemantics = \"state\"\ntimeout = \"2m\"\nseed = 1\n",
        "",
    ),
];
