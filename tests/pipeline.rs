//! `scripts/pipeline.sh` and the GitHub action around it.

#[path = "support/command.rs"]
mod command;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use command::{Ended, Place, ended, tiny};
use pushbench::measure::recording::Recording;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Polls of which one finds an update in half a second, with a budget on how many it takes.
fn scenario(at_most: &str) -> Place {
    let rest = format!(
        "[[contender]]\nuse = \"rest-poll\"\ninterval = \"100ms\"\n[[budget]]\ncontender = \"rest-poll\"\nmetric = \"requests.per_update\"\nat_most = {at_most}\n\
         [compare]\ngate = [\"requests.per_update\", \"messages.per_update\"]\n"
    );
    Place::with(&tiny(&rest, &[("span", "\"500ms\"")]))
}

fn pipeline(place: &Place, arguments: &[&str], variables: &[(&str, &str)]) -> Ended {
    let mut command = Command::new(Path::new(ROOT).join("scripts/pipeline.sh"));
    command.arg("tiny.toml").args(["--program", env!("CARGO_BIN_EXE_pushbench")]).args(arguments).current_dir(place.path());
    command.env_remove("GITHUB_ACTIONS").env_remove("GITHUB_STEP_SUMMARY").envs(variables.iter().copied());
    ended(&mut command)
}

#[test]
fn the_gravest_code_is_that_of_the_step_that_deserves_it() {
    let place = scenario("1000");
    let first = pipeline(&place, &["--out", "first"], &[]);
    let recording = Recording::read(&place.path().join("first/run")).unwrap();
    for file in ["run/recording.json", "run/summary.md", "run/junit.xml"] {
        assert!(place.path().join("first").join(file).exists(), "{file}: {first:?}");
    }
    // The same counts again; then a base that asked half as often.
    let summary = place.path().join("summary.md");
    let variables = [("GITHUB_ACTIONS", "true"), ("GITHUB_STEP_SUMMARY", summary.to_str().unwrap())];
    let same = pipeline(&place, &["--base", "first/run", "--out", "same"], &variables);
    let told = fs::read_to_string(&summary).unwrap();
    assert!(told.contains("# Tiny") && told.contains("gated figures"), "{told}");
    assert!(same.out.contains("None of 2 gated figures regressed") || same.code == Some(4), "{same:?}");
    let mut lighter = recording;
    for trial in &mut lighter.trials {
        trial.subscriber_traffic.window.requests /= 2;
    }
    lighter.save(&place.path().join("lighter")).unwrap();
    let worse = pipeline(&place, &["--base", "lighter", "--out", "worse"], &variables);
    assert!(worse.code == Some(1) || worse.code == Some(4), "{worse:?}");
    assert!(worse.code == Some(4) || worse.out.contains("::error title=pushbench%3A regressed"), "{worse:?}");

    let broken = scenario("0.001");
    let ended = pipeline(&broken, &["--base", &place.path().join("first/run").display().to_string()], &[]);
    assert!(ended.code == Some(1) || ended.code == Some(4), "{ended:?}");
    assert!(broken.path().join("pushbench-report/compared/compare.md").exists(), "a broken budget does not end it: {ended:?}");
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
    assert!(ended.code == Some(0) || ended.code == Some(4), "{ended:?}");
    assert!(place.path().join("out/run/junit.xml").exists());
}
