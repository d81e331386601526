//! `pushbench doctor` on the machine at hand, and what `check` and `run` tell of the same facts.

#[path = "support/command.rs"]
mod command;

use std::process::Command;

use command::{Ended, Place, ended, pushbench, tiny};
use serde_json::Value;

const LOOPBACK: &str = "[[contender]]\nuse = \"loopback\"\n";

fn page() -> String {
    std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/doctor.md")).unwrap()
}

/// With a limit of 128 descriptors, which is bad on any machine.
fn with_few_descriptors(arguments: &str) -> Ended {
    let line = format!("ulimit -n 128; exec '{}' {arguments}", env!("CARGO_BIN_EXE_pushbench"));
    ended(Command::new("sh").args(["-c", &line]).env_remove("NO_COLOR"))
}

#[test]
fn it_tells_of_everything_in_plain_words() {
    let told = ended(pushbench().arg("doctor"));
    let bad = told.out.lines().any(|line| line.starts_with("  BAD "));
    assert_eq!((told.code, told.err.as_str()), (Some(if bad { 3 } else { 0 }), ""), "{told:?}");
    assert!(!told.out.contains('\u{1b}'), "it is no terminal");
    for part in ["\nProcessor\n", "\nClock\n", "\nMemory\n", "\nNetwork\n", "\nLimits\n", "\nPrograms"] {
        assert!(told.out.contains(part), "{part}: {}", told.out);
    }
    let table = told.out.lines().take_while(|line| !line.starts_with("What it would spoil"));
    assert!(table.skip(2).all(|line| line.chars().count() <= 80), "{}", told.out);
}

#[test]
fn json_has_the_keys_and_names_that_are_documented() {
    let told = ended(pushbench().args(["doctor", "--json"]));
    let json: Value = serde_json::from_str(&told.out).unwrap_or_else(|error| panic!("{error}: {told:?}"));
    assert_eq!(told.code, Some(if json["verdict"] == "bad" { 3 } else { 0 }), "{told:?}");
    let page = page();
    let documented = |name: &str| assert!(page.contains(&format!("`{name}`")), "docs/doctor.md does not tell of `{name}`");
    json.as_object().unwrap().keys().for_each(|key| documented(key));
    let (findings, programs) = (json["findings"].as_array().unwrap(), json["programs"].as_array().unwrap());
    assert!(findings.len() > 25 && programs.len() > 8);
    for item in findings.iter().chain(programs) {
        item.as_object().unwrap().keys().for_each(|key| documented(key));
        documented(item["name"].as_str().unwrap());
    }
    for finding in findings {
        let verdict = finding["verdict"].as_str().unwrap();
        assert!(["good", "unknown", "note", "bad"].contains(&verdict), "{finding}");
        assert_eq!(["note", "bad"].contains(&verdict), !finding["mend"].as_array().unwrap().is_empty() && verdict != "unknown", "{finding}");
    }
    // What is unknown spoils nothing by itself.
    let worst = ["bad", "note"].into_iter().find(|verdict| findings.iter().any(|finding| finding["verdict"] == *verdict)).unwrap_or("good");
    assert_eq!(json["verdict"], worst);
    let curl = programs.iter().find(|program| program["name"] == "curl").unwrap();
    assert_eq!(curl["path"].is_null(), Command::new("curl").arg("--version").output().is_err(), "{curl}");
    // And the other way round: nothing is documented that is not there.
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`')).map(|(name, _)| name);
    let known: Vec<&str> = findings.iter().chain(programs).filter_map(|item| item["name"].as_str()).collect();
    let keys: Vec<&String> =
        json.as_object().unwrap().keys().chain(findings[0].as_object().unwrap().keys()).chain(programs[0].as_object().unwrap().keys()).collect();
    for row in rows {
        assert!(
            ["good", "unknown", "note", "bad"].contains(&row) || known.contains(&row) || keys.iter().any(|key| *key == row),
            "docs/doctor.md tells of `{row}`, which is not there"
        );
    }
}

#[test]
fn a_limit_that_is_too_low_is_found_by_all_three() {
    let told = with_few_descriptors("doctor --json");
    assert_eq!(told.code, Some(3), "{told:?}");
    let json: Value = serde_json::from_str(&told.out).unwrap();
    let found = json["findings"].as_array().unwrap().iter().find(|finding| finding["name"] == "descriptors").unwrap().clone();
    assert_eq!((found["verdict"].as_str(), found["value"].as_str()), (Some("bad"), Some("128")), "{found}");
    let place = Place::with(&tiny(LOOPBACK, &[]));
    let check = with_few_descriptors(&format!("check '{}'", place.scenario().display()));
    assert!(check.out.contains("  bad: Descriptors of a process: 128."), "{check:?}");
    let run = |ui: &str, folder: &str| {
        with_few_descriptors(&format!("run '{}' --out '{}' --ui {ui}", place.scenario().display(), place.path().join(folder).display()))
    };
    let plain = run("plain", "plain");
    assert!(plain.err.contains("warning: Descriptors of a process: 128.") && plain.err.contains("`pushbench doctor`"), "{plain:?}");
    let json = run("json", "json");
    assert!(json.err.lines().all(|line| line.starts_with('{')), "who reads JSON gets nothing else: {json:?}");
}
