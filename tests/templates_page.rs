//! `docs/templates.md` is held to the code: each kind of object that a template sees has a table of exactly its variables, and the examples render.

use std::collections::{BTreeMap, BTreeSet};

use pushbench::measure::memory::Memory;
use pushbench::measure::recording::Recording;
use pushbench::report::html;
use pushbench::summary::Summary;
use pushbench::summary::fixture::{made_up, published};
use serde_json::Value;

/// A recording of which no list of the page is empty.
fn everything() -> Recording {
    let mut recording = made_up().scale(0.02).sweep(&[1.0, 2.0, 3.0]).budget("xmpp-pubsub", "latency.p99", 1.0).build();
    recording.scenario.published = vec![published(Some("poll-5s"), None, Some("messages.per_update"), None)];
    for trial in &mut recording.trials {
        trial.load_point = trial.load_point.replace("workload.topics", "subscribers.count");
        trial.workload.subscribers = trial.load_point.split('=').nth(1).unwrap().parse().unwrap();
        (trial.workload.topics, trial.workload.active_topics) = (100, 100);
        for side in &mut trial.sides {
            let memory = side.memory.as_mut().unwrap();
            memory.window_end = Memory { resident: memory.before.resident + 10_000 * trial.workload.subscribers, ..memory.before };
        }
    }
    recording
}

type Keys = BTreeSet<String>;

/// The variables of each table of the page, by heading.
fn documented(page: &str) -> BTreeMap<String, Keys> {
    let mut tables: BTreeMap<String, Keys> = BTreeMap::new();
    let mut heading = String::new();
    for line in page.lines() {
        if let Some(text) = line.strip_prefix("## ").or_else(|| line.strip_prefix("### ")) {
            heading = text.to_owned();
        } else if let Some(row) = line.strip_prefix("| `") {
            let first = format!("`{}", row.split(" | ").next().unwrap());
            let names = first.split('`').skip(1).step_by(2).map(str::to_owned);
            tables.entry(heading.clone()).or_default().extend(names);
        }
    }
    tables
}

/// The keys of every object, each with a place where it was found.
fn found(value: &Value, place: &str, into: &mut BTreeMap<Keys, String>) {
    match value {
        Value::Object(object) => {
            into.entry(object.keys().cloned().collect()).or_insert_with(|| place.to_owned());
            object.iter().for_each(|(key, value)| found(value, &format!("{place}.{key}"), into));
        }
        Value::Array(items) => {
            assert!(
                !items.is_empty() || place.ends_with(".dash") || place.ends_with(".doubts") || place.ends_with(".left_out"),
                "{place} is empty: what is in it is not looked at"
            );
            items.iter().for_each(|item| found(item, &format!("{place}[]"), into));
        }
        _ => {}
    }
}

fn page() -> String {
    std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/templates.md")).unwrap()
}

#[test]
fn every_variable_is_documented_and_every_documented_one_is_there() {
    let recording = everything();
    let value = serde_json::to_value(html::page::Page::new(&Summary::new(&recording)).unwrap()).unwrap();
    let mut objects = BTreeMap::new();
    found(&value, "", &mut objects);
    let tables = documented(&page());
    assert!(objects.len() > 20 && tables.len() > 20, "{} kinds of object, {} tables", objects.len(), tables.len());
    for (keys, place) in &objects {
        let nearest = tables.values().min_by_key(|table| table.symmetric_difference(keys).count()).unwrap();
        let differs: Vec<&String> = nearest.symmetric_difference(keys).collect();
        assert!(differs.is_empty(), "docs/templates.md has no table of the variables of {place:?}; the nearest differs in {differs:?}");
    }
    for (heading, table) in &tables {
        assert!(objects.contains_key(table), "nothing that a template sees has the variables of {heading:?} in docs/templates.md: {table:?}");
    }
}

#[test]
fn the_examples_render() {
    let recording = everything();
    let summary = Summary::new(&recording);
    let page = page();
    let examples: Vec<&str> = page.split("```jinja\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    assert_eq!(examples.len(), 2);
    let rendered: Vec<String> = examples.iter().map(|example| html::own(&summary, "example.html", example).unwrap()).collect();
    assert!(rendered[0].starts_with("<h1>SYNTHETIC") && rendered[0].contains("<tr><th>poll-5s</th><td>"), "{}", rendered[0]);
    assert!(rendered[1].contains("House of cards") && rendered[1].contains("--link: #7a1fa2"));
}
