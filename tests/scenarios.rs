//! Scenarios that come with pushbench are read, planned and as long as they say.

use std::path::{Path, PathBuf};
use std::time::Duration;

use pushbench::cli::REGISTRY;
use pushbench::measure::recording::TrialKind;
use pushbench::plan::{Estimate, Plan, estimate};
use pushbench::scenario::Scenario;
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

/// Everybody else uploads as often as those who are followed, at each load point: 4,575 users, of whom 672 upload so often in a day.
#[test]
fn the_crowd_behind_the_bitmap_follows_the_sweep() {
    let scenario = read("debate-2008.toml");
    for contender in ["rest-bitmap", "rest-changes"] {
        let mut seen = Vec::new();
        for load_point in scenario.load_points_of(contender) {
            let there = scenario.at(&load_point, REGISTRY).unwrap();
            let entry = there.contenders.iter().find(|entry| entry.name == contender).unwrap();
            seen.push((there.workload.updates_per_active_topic, entry.values.duration("outside_interval").as_secs()));
        }
        assert_eq!(seen, [(0.2, 2_941_071), (1.0, 588_214), (5.0, 117_643), (20.0, 29_411)]);
    }
}
