//! `docs/recording.md` names every field that a recording has.

use std::collections::BTreeSet;

use pushbench::summary::fixture::made_up;
use serde_json::Value;

fn fields(value: &Value, into: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            for (field, value) in object {
                // Keys of these are data: statuses, and the settings of a contender.
                into.insert(field.clone());
                if field != "responses" && field != "settings" {
                    fields(value, into);
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| fields(item, into)),
        _ => {}
    }
}

#[test]
fn every_field_of_a_recording_is_documented() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/recording.md")).unwrap();
    let recording = serde_json::to_value(made_up().scale(0.02).budget("xmpp-pubsub", "latency.p99", 1.0).build()).unwrap();
    let mut found = BTreeSet::new();
    fields(&recording, &mut found);
    assert!(found.len() > 80, "the walk must reach the whole tree: {found:?}");
    let missing: Vec<&String> = found.iter().filter(|field| !page.contains(&format!("`{field}`")) && !["clipped", "hdr"].contains(&field.as_str())).collect();
    assert!(missing.is_empty(), "docs/recording.md does not name {missing:?}");
}
