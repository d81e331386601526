//! What pipelines read, read by those who read it: junitparser, the parser of prometheus_client, and schemas written from what the services document.
//!
//! The programs need a Python that has them: `PUSHBENCH_PYTHON`, else `.venv/bin/python` in the repository. Where a module is missing, the test says
//! `SKIPPED`; with the environment variable `CI` set it fails instead.

#[path = "../support/served.rs"]
mod served;

use std::path::Path;
use std::process::Command;

use pushbench::measure::recording::Recording;
use pushbench::summary::fixture::made_up;
use serde_json::Value;

/// Names that every format must hold as they are.
const HOSTILE: &str = "a|b`c\n\"d\" <e> & 'f' \\ {g} \u{1b}[31m é";

/// Two runs, the later with twice the requests of one contender, and budgets of which one is broken; written as everything there is.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut base = made_up().scale(0.05).sweep(&[0.5, 1.0]).budget("poll-5s", "latency.p99", 0.25).budget("poll-1s", "latency.p99", 9.0).build();
    rename(&mut base);
    let mut new = base.clone();
    for trial in new.trials.iter_mut().filter(|trial| trial.contender == HOSTILE) {
        trial.subscriber_traffic.window.requests *= 2;
    }
    base.save(&folder.path().join("base")).unwrap();
    new.save(&folder.path().join("new")).unwrap();
    let formats = "junit,benchmark-action,bencher,openmetrics";
    for (arguments, code) in
        [(&["report", "new", "--out", "of-run", "--format", formats][..], 1), (&["compare", "base", "new", "--out", "of-comparison", "--format", formats], 1)]
    {
        let output = Command::new(env!("CARGO_BIN_EXE_pushbench")).args(arguments).current_dir(folder.path()).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {output:?}");
    }
    folder
}

fn rename(recording: &mut Recording) {
    recording.contenders.iter_mut().filter(|contender| contender.name == "poll-5s").for_each(|contender| contender.name = HOSTILE.to_owned());
    recording
        .trials
        .iter_mut()
        .chain(&mut recording.baselines)
        .filter(|trial| trial.contender == "poll-5s")
        .for_each(|trial| trial.contender = HOSTILE.to_owned());
    recording.scenario.budgets.iter_mut().filter(|budget| budget.contender == "poll-5s").for_each(|budget| budget.contender = HOSTILE.to_owned());
}

/// What a script of `tests/ci_outputs` says of a file, as JSON; `None` where Python lacks the module.
fn read_by(module: &str, script: &str, file: &Path) -> Option<Value> {
    let python = served::python(module)?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ci_outputs").join(script);
    let output = Command::new(python).arg(script).arg(file).output().unwrap();
    assert!(output.status.success(), "{}: {}", file.display(), String::from_utf8_lossy(&output.stderr));
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

#[test]
fn junitparser_reads_every_case_with_its_ending() {
    let folder = folder();
    for (name, failed, suite) in [("of-run", 2, "synthetic.budgets"), ("of-comparison", 4, "compare.compare")] {
        let Some(read) = read_by("junitparser", "junit.py", &folder.path().join(name).join("junit.xml")) else { return };
        assert_eq!((read["failures"].as_u64(), read["errors"].as_u64()), (Some(failed), Some(0)), "{name}: {read}");
        assert_eq!(read["suites"][0]["name"], suite);
        let cases = read["suites"][0]["cases"].as_array().unwrap();
        let broken: Vec<&Value> = cases.iter().filter(|case| case["result"] == "Failure").collect();
        assert_eq!(broken.len() as u64, failed);
        // Without what XML cannot hold.
        let whom = HOSTILE.replace("\u{1b}[31m", "");
        for case in broken {
            assert!(
                case["name"].as_str().unwrap().replace(' ', "").contains(&whom.replace([' ', '\n'], "")) || case["name"].as_str().unwrap().contains("a|b`c"),
                "{case}"
            );
            assert!(case["message"].as_str().unwrap().len() > 40 && case["classname"] == suite, "{case}");
        }
        assert!(cases.iter().any(|case| case["result"] == "passed"), "{read}");
    }
}

#[test]
fn the_parser_of_prometheus_reads_every_sample() {
    let folder = folder();
    for (name, family, samples) in [("of-run", "pushbench_latency_p99_seconds", 8), ("of-comparison", "pushbench_compare_verdict", 1)] {
        let Some(read) = read_by("prometheus_client", "openmetrics.py", &folder.path().join(name).join("openmetrics.txt")) else { return };
        let found = &read[family];
        assert!(found["type"] == "gauge" && found["samples"].as_array().unwrap().len() >= samples, "{name}: {read}");
        let contenders: Vec<&str> = found["samples"].as_array().unwrap().iter().filter_map(|sample| sample["labels"]["contender"].as_str()).collect();
        assert!(contenders.contains(&HOSTILE.replace('\u{1b}', "\u{fffd}").as_str()), "{contenders:?}");
    }
}

/// `customSmallerIsBetter` and `customBiggerIsBetter`: a list of objects with `name`, `unit` (text) and `value` (a number); `range` and `extra` are texts.
/// Bencher Metric Format: benchmark → measure → `value`, `lower_value`, `upper_value`, all numbers.
#[test]
fn services_that_draw_figures_get_what_they_document() {
    let folder = folder();
    for name in ["of-run", "of-comparison"] {
        let read = |file: &str| -> Value { serde_json::from_slice(&std::fs::read(folder.path().join(name).join(file)).unwrap()).unwrap() };
        for file in ["benchmark-smaller.json", "benchmark-bigger.json"] {
            let list = read(file);
            let figures = list.as_array().unwrap();
            assert!(figures.len() > 4, "{name}: {list}");
            let mut names: Vec<&str> = figures.iter().map(|figure| figure["name"].as_str().unwrap()).collect();
            let count = names.len();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), count, "each has a name of its own");
            for figure in figures {
                assert!(figure["unit"].is_string() && figure["value"].is_number() && figure["extra"].is_string(), "{figure}");
                assert!(figure.get("range").is_none_or(Value::is_string), "{figure}");
            }
        }
        let benchmarks = read("bencher.json");
        assert!(benchmarks.as_object().unwrap().len() >= 8, "four contenders at two load points: {benchmarks}");
        for metric in benchmarks.as_object().unwrap().values().flat_map(|measures| measures.as_object().unwrap().values()) {
            assert!(metric["value"].is_number() && metric.as_object().unwrap().values().all(Value::is_number), "{metric}");
        }
    }
}
