//! `pushbench ab` as its users meet it: two sides in turn, what is left of them, confirmation, interruption.

#[path = "support/command.rs"]
mod command;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use command::{Ended, ended, pushbench, tiny, undisturbed, until};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use pushbench::measure::recording::Recording;
use serde_json::Value;
use tempfile::TempDir;

/// Two scenarios of half a second; the second may poll more often.
fn place(interval: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let scenario = |interval: &str| {
        let rest = format!("[[contender]]\nuse = \"rest-poll\"\ninterval = \"{interval}\"\n[compare]\ngate = [\"requests.per_update\", \"reach\"]\n");
        tiny(&rest, &[("span", "\"500ms\"")])
    };
    fs::write(folder.path().join("before.toml"), scenario("100ms")).unwrap();
    fs::write(folder.path().join("after.toml"), scenario(interval)).unwrap();
    folder
}

fn ab(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = pushbench();
    command.arg("ab").args(arguments).args(["--pairs", "6", "--out", "out"]).current_dir(folder);
    command
}

fn recordings(folder: &Path, side: &str) -> Vec<Recording> {
    let mut paths: Vec<_> = fs::read_dir(folder.join("out").join(side)).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| Recording::read(path).unwrap()).collect()
}

fn verdicts(folder: &Path) -> Vec<(String, String)> {
    let told: Value = serde_json::from_slice(&fs::read(folder.join("out/compare.json")).unwrap()).unwrap();
    let text = |figure: &Value, field: &str| figure[field].as_str().unwrap().to_owned();
    told["figures"].as_array().unwrap().iter().map(|figure| (text(figure, "metric"), text(figure, "verdict"))).collect()
}

/// Measured until nobody has spoilt it.
fn trusted<T>(measure: impl Fn() -> (Ended, T)) -> (Ended, T) {
    undisturbed(measure, |(ended, _)| ended.code == Some(4))
}

/// Another file is another program, whatever is in it.
fn another_build(folder: &Path) -> String {
    let copy = folder.join("another");
    fs::copy(env!("CARGO_BIN_EXE_pushbench"), &copy).unwrap();
    copy.to_str().unwrap().to_owned()
}

#[test]
fn the_same_twice_is_equivalent_and_was_measured_in_turn() {
    let (Ended { code, out, err }, (folder, another)) = trusted(|| {
        let folder = place("100ms");
        let another = another_build(folder.path());
        (ended(&mut ab(folder.path(), &["before.toml", "--new", &another])), (folder, another))
    });
    assert_eq!(code, Some(0), "{out}{err}");
    let (base, new) = (recordings(folder.path(), "base"), recordings(folder.path(), "new"));
    assert_eq!((base.len(), new.len()), (6, 6));
    assert!(!folder.path().join("out/warm-up").exists(), "what is thrown away is gone");
    let mut began: Vec<(String, bool)> =
        base.iter().map(|run| (run.trials[0].started.clone(), false)).chain(new.iter().map(|run| (run.trials[0].started.clone(), true))).collect();
    began.sort();
    let order: Vec<bool> = began.into_iter().map(|(_, new)| new).collect();
    assert_eq!(order, [false, true, true, false, false, true, true, false, false, true, true, false], "A B, B A, A B");
    assert!(out.contains("6 pairs of trials that ran in turn"), "{out}");
    assert_eq!(
        verdicts(folder.path()),
        [("requests.per_update", "equivalent"), ("reach", "equivalent")].map(|(name, verdict)| (name.to_owned(), verdict.to_owned()))
    );
    for file in ["compare.md", "compare.json", "junit.xml"] {
        assert!(folder.path().join("out").join(file).exists(), "{file}");
    }
    assert!(err.contains("warm-up, pair 1 of 1") && err.contains("pair 6 of 6, at most "), "{err}");
    let again = ended(&mut ab(folder.path(), &["before.toml", "--new", &another]));
    assert!(again.code == Some(2) && again.err.contains("holds recordings of a comparison already"), "{}", again.err);
}

#[test]
fn a_regression_is_measured_once_more_before_it_fails() {
    let (Ended { code, out, err }, folder) = trusted(|| {
        let folder = place("50ms");
        (ended(&mut ab(folder.path(), &["before.toml", "after.toml", "--warm-up", "0"])), folder)
    });
    assert_eq!(code, Some(1), "{out}{err}");
    assert!(verdicts(folder.path()).contains(&("requests.per_update".to_owned(), "regressed".to_owned())), "{out}");
    assert!(out.contains("measured once more, and confirmed") && err.contains("6 pairs more, to confirm it"), "{out}{err}");
    assert_eq!(fs::read_dir(folder.path().join("out/confirmation/new")).unwrap().count(), 6);
}

#[test]
fn an_interrupt_ends_it_with_what_there_is() {
    let folder = place("100ms");
    let another = another_build(folder.path());
    let mut child = ab(folder.path(), &["before.toml", "--new", &another, "--warm-up", "0"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    until("second pair", || folder.path().join("out/new/002/recording.json").exists());
    kill(Pid::from_raw(child.id() as i32), Signal::SIGINT).unwrap();
    until("end", || child.try_wait().unwrap().is_some());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", String::from_utf8_lossy(&output.stderr));
    let (base, new) = (recordings(folder.path(), "base"), recordings(folder.path(), "new"));
    assert!(base.len() == new.len() && (1..6).contains(&base.len()), "whole pairs alone: {} and {}", base.len(), new.len());
    assert!(folder.path().join("out/compare.json").exists());
}

#[test]
fn what_cannot_be_run_is_refused_before_anything_runs() {
    let folder = place("100ms");
    fs::write(folder.path().join("slip.toml"), "title = 1\n").unwrap();
    for (arguments, words) in [
        (&["before.toml"][..], &["both sides are the same", "--base"][..]),
        (&["before.toml", "--new", "./nowhere"], &["cannot start the program of the new side, ./nowhere", "help: "]),
        (&["before.toml", "slip.toml"], &["slip.toml:1:9"]),
        (&["before.toml", "--new", "/bin/false"], &["the new side, /bin/false, refuses before.toml"]),
        (&["before.toml", "--new", "/bin/false", "--rules", "slip.toml"], &["no [compare] in it"]),
    ] {
        let ended = ended(&mut ab(folder.path(), arguments));
        assert_eq!(ended.code, Some(2), "{arguments:?}: {}", ended.err);
        for word in words {
            assert!(ended.err.contains(word), "{arguments:?} does not say {word:?}: {}", ended.err);
        }
        assert!(!folder.path().join("out").exists(), "{arguments:?}");
    }
    let few = ended(pushbench().args(["ab", "before.toml", "after.toml", "--pairs", "5"]).current_dir(folder.path()));
    assert!(few.code == Some(2) && few.err.contains("6..=200"), "{}", few.err);
}

#[test]
fn noise_suggests_a_table_that_can_be_read() {
    let (compared, table) = trusted(|| {
        let folder = place("100ms");
        let mut command = pushbench();
        command.args(["noise", "before.toml", "--pairs", "6", "--for-pairs", "20", "--out", "out"]).current_dir(folder.path());
        let Ended { code, out, err } = ended(&mut command);
        assert_eq!(code, Some(0), "{out}{err}");
        assert!(out.contains("requests.per_update") && out.contains("pairs for 5 %") && out.contains("seen with 20 pairs"), "{out}");
        let table: String = out
            .lines()
            .skip_while(|line| *line != "[compare]")
            .take_while(|line| !["Frequency", "Recordings are in"].iter().any(|end| line.starts_with(end)))
            .map(|line| format!("{line}\n"))
            .collect();
        fs::write(folder.path().join("rules.toml"), &table).unwrap();
        (ended(pushbench().args(["compare", "out/base", "out/new", "--rules", "rules.toml"]).current_dir(folder.path())), table)
    });
    assert_eq!(compared.code, Some(0), "{table}\n{compared:?}");
    assert!(table.starts_with("[compare]\ngate = [\n"), "{table}");
}
