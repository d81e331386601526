//! `scripts/pipeline.sh` and the GitHub action around it.

#[path = "support/command.rs"]
mod command;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use command::{Ended, Place, ended, tiny, undisturbed};
use pushbench::measure::recording::Recording;
use pushbench::summary::{Outcome, Summary};
use serde_json::Value;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Polls of which one finds an update in half a second, with a budget on how many it takes.
fn scenario(at_most: &str) -> Place {
    let rest = format!(
        "[[contender]]\nuse = \"rest-poll\"\ninterval = \"100ms\"\n[[budget]]\ncontender = \"rest-poll\"\nmetric = \"requests.per_update\"\nat_most = {at_most}\n\
         [compare]\ngate = [\"requests.per_update\", \"messages.per_update\"]\n"
    );
    Place::with(&tiny(&rest, &[("span", "\"500ms\"")]))
}

fn pipeline(place: &Place, arguments: &[&str], variables: &[(&str, String)]) -> Ended {
    let mut command = Command::new(Path::new(ROOT).join("scripts/pipeline.sh"));
    command.arg("tiny.toml").args(["--program", env!("CARGO_BIN_EXE_pushbench")]).args(arguments).current_dir(place.path());
    command.env_remove("GITHUB_ACTIONS").env_remove("GITHUB_STEP_SUMMARY").envs(variables.iter().map(|(name, value)| (name, value)));
    ended(&mut command)
}

#[test]
fn the_gravest_code_is_that_of_the_step_that_deserves_it() {
    // The same counts again; then a base that asked half as often.
    let variables = |place: &Place| [("GITHUB_ACTIONS", "true".to_owned()), ("GITHUB_STEP_SUMMARY", place.path().join("summary.md").display().to_string())];
    let measure = || {
        let place = scenario("1000");
        let first = pipeline(&place, &["--out", "first"], &[]);
        let same = pipeline(&place, &["--base", "first/run", "--out", "same"], &variables(&place));
        (place, first, same)
    };
    let (place, first, same) = undisturbed(measure, |(place, ..)| verdicts(place, "same").contains(&"untrusted".to_owned()));
    for file in ["run/recording.json", "run/summary.md", "run/junit.xml"] {
        assert!(place.path().join("first").join(file).exists(), "{file}: {first:?}");
    }
    let told = fs::read_to_string(place.path().join("summary.md")).unwrap();
    assert!(told.contains("# Tiny") && told.contains("gated figures"), "{told}");
    assert!(same.out.contains("None of 2 gated figures regressed"), "{same:?}");
    assert_eq!(verdicts(&place, "same"), ["equivalent", "equivalent"], "{same:?}");
    // Times of half a second may be doubted; nothing else may.
    assert!(same.code == Some(0) || (same.code == Some(4) && is_doubted(&place, "same")), "{same:?}");
    let mut lighter = Recording::read(&place.path().join("same/run")).unwrap();
    for trial in &mut lighter.trials {
        trial.subscriber_traffic.window.requests /= 2;
    }
    lighter.save(&place.path().join("lighter")).unwrap();
    let measure = |attempt: &Cell<u32>| {
        attempt.set(attempt.get() + 1);
        let out = format!("worse-{}", attempt.get());
        (pipeline(&place, &["--base", "lighter", "--out", &out], &variables(&place)), out)
    };
    let attempt = Cell::new(0);
    let (worse, out) = undisturbed(|| measure(&attempt), |(_, out)| verdicts(&place, out).contains(&"untrusted".to_owned()));
    assert_eq!((worse.code, verdicts(&place, &out)), (Some(1), vec!["regressed".to_owned(); 2]), "1 comes before 4: {worse:?}");
    assert!(worse.out.contains("::error title=pushbench%3A regressed"), "{worse:?}");

    let broken = scenario("0.001");
    let ended = pipeline(&broken, &["--base", &place.path().join("first/run").display().to_string()], &[]);
    assert!(ended.code == Some(1) || (ended.code == Some(4) && is_doubted(&broken, "pushbench-report")), "of a run 4 comes before 1: {ended:?}");
    assert!(ended.out.contains("requests.per_update") && ended.out.contains("broken"), "{ended:?}");
    assert!(broken.path().join("pushbench-report/compared/compare.md").exists(), "a broken budget does not end it: {ended:?}");
}

/// What became of each figure that was compared.
fn verdicts(place: &Place, out: &str) -> Vec<String> {
    let told: Value = serde_json::from_slice(&fs::read(place.path().join(out).join("compared/compare.json")).unwrap()).unwrap();
    told["figures"].as_array().unwrap().iter().map(|figure| figure["verdict"].as_str().unwrap().to_owned()).collect()
}

/// Whether the run itself says that something is not to be trusted.
fn is_doubted(place: &Place, out: &str) -> bool {
    let recording = Recording::read(&place.path().join(out).join("run")).unwrap();
    Summary::new(&recording).outcome() == Outcome::Untrusted
}

#[test]
fn wrong_usage_is_told_and_makes_nothing() {
    let place = scenario("1000");
    fs::create_dir(place.path().join("there")).unwrap();
    for (arguments, word) in [
        (&["--out", "there"][..], "there is there already"),
        (&["--base"], "--base wants a value"),
        (&["--fast"], "unknown option '--fast'"),
        (&["other.toml"], "one scenario at a time"),
    ] {
        let ended = pipeline(&place, arguments, &[]);
        assert!(ended.code == Some(2) && ended.err.contains(word), "{arguments:?}: {ended:?}");
    }
    // A scenario with a mistake has no recording: what would follow is left out.
    fs::write(place.scenario(), "title = 1\n").unwrap();
    let ended = pipeline(&place, &["--base", "nowhere"], &[]);
    assert!(ended.code == Some(2) && ended.err.contains("tiny.toml:1:9") && !ended.out.contains("Compared"), "{ended:?}");
}

/// Every input reaches the script, through the environment and not through its text.
#[test]
fn the_action_hands_every_input_on() {
    let action = fs::read_to_string(Path::new(ROOT).join("action.yml")).unwrap();
    let inputs: Vec<&str> = action
        .split("\ninputs:\n")
        .nth(1)
        .unwrap()
        .split("\nruns:")
        .next()
        .unwrap()
        .lines()
        .filter_map(|line| line.strip_prefix("  ").filter(|line| !line.starts_with(' '))?.strip_suffix(':'))
        .collect();
    assert_eq!(inputs, ["scenario", "program", "base", "base-program", "pairs", "out"]);
    let (environment, script) = action.split_once("      env:\n").unwrap().1.split_once("      run: |\n").unwrap();
    assert!(!script.contains("${{"), "{script}");
    let variables: BTreeMap<&str, &str> = environment.lines().filter_map(|line| line.trim().split_once(": ")).collect();
    for input in inputs {
        let name = variables.iter().find(|(_, value)| **value == format!("${{{{ inputs.{input} }}}}")).map(|(name, _)| *name);
        let name = name.unwrap_or_else(|| panic!("{input} is not handed on: {environment}"));
        assert!(script.contains(&format!("${name}")), "{name} is not used: {script}");
    }
    // And the script is one that this shell can run, with the inputs' defaults.
    let place = scenario("1000");
    let lines: String = script.lines().map(|line| format!("{}\n", line.trim_start())).collect();
    let mut command = Command::new("bash");
    command.args(["-c", &lines]).current_dir(place.path()).env("GITHUB_ACTION_PATH", ROOT).env_remove("GITHUB_ACTIONS").env_remove("GITHUB_STEP_SUMMARY");
    command.envs([
        ("SCENARIO", "tiny.toml"),
        ("PROGRAM", env!("CARGO_BIN_EXE_pushbench")),
        ("BASE", ""),
        ("BASE_PROGRAM", ""),
        ("PAIRS", "10"),
        ("OUT", "out"),
    ]);
    let ended = ended(&mut command);
    assert!(ended.code == Some(0) || (ended.code == Some(4) && is_doubted(&place, "out")), "{ended:?}");
    assert!(place.path().join("out/run/junit.xml").exists());
}
