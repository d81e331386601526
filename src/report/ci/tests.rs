//! What pipelines get, of made-up runs.

use super::*;
use crate::measure::recording::{BudgetRecord, Recording, Severity};
use crate::summary::comparison::Run;
use crate::summary::fixture::made_up;
use crate::summary::gate::Rules;

/// A budget that is kept, one that is broken, one that only warns, one of too few samples, one without, one that was not run; and a doubt.
fn recording() -> Recording {
    let limit = |contender: &str, metric: &str| BudgetRecord { contender: contender.into(), metric: metric.into(), ..BudgetRecord::default() };
    let made = made_up().scale(0.05).budget("xmpp-pubsub", "latency.p99", 0.25).budget("poll-5s", "latency.p99", 0.25);
    let made = made.limit(BudgetRecord { at_most: Some(1.0), severity: Severity::Warn, ..limit("poll-1s", "requests.per_update") });
    let made = made.limit(BudgetRecord { at_most: Some(9.0), minimum_samples: Some(1_000_000), ..limit("poll-1s", "latency.p50") });
    let made = made.budget("xmpp-pubsub", "requests.total", 1.0).budget("nobody", "reach", 1.0);
    let mut recording =
        made.limit(BudgetRecord { at_most: Some(0.1), relative_to: Some("poll-1s".into()), ..limit("xmpp-pubsub", "messages.per_update") }).build();
    recording.trials[1].deliveries.corrupt = 1;
    recording
}

fn text(files: Vec<File>) -> String {
    files.into_iter().map(|file| String::from_utf8(file.bytes).unwrap()).collect()
}

fn with_judgement<T>(check: impl FnOnce(&Judgement<'_>) -> T) -> T {
    let base = made_up().scale(0.05).noise(0.01).build();
    let mut new = base.clone();
    new.machine.boot = None;
    for trial in new.trials.iter_mut().filter(|trial| trial.contender == "poll-5s") {
        trial.subscriber_traffic.window.requests *= 2;
    }
    for trial in new.trials.iter_mut().filter(|trial| trial.contender == "poll-1s") {
        trial.subscriber_traffic.window.requests /= 2;
    }
    let summaries = [Summary::new(&base), Summary::new(&new)];
    let run = |place: usize, name: &'static str| Run { name, summary: &summaries[place] };
    let rules = Rules { gate: Some(["requests.per_update", "reach", "latency.p50"].map(str::to_owned).to_vec()), ..Rules::default() };
    check(&Judgement::new(vec![run(0, "before")], vec![run(1, "after")], &rules, |_| true))
}

#[test]
fn test_reports() {
    let recording = recording();
    insta::assert_snapshot!("junit_of_budgets", text(of_recording(&Summary::new(&recording), Feed::Junit).unwrap()));
    with_judgement(|judgement| insta::assert_snapshot!("junit_of_a_comparison", text(of_judgement(judgement, Feed::Junit).unwrap())));
    // Where nothing is doubted, that is a case as well: a report without cases is taken for one that was not made.
    let calm = made_up().scale(0.05).build();
    assert!(text(of_recording(&Summary::new(&calm), Feed::Junit).unwrap()).contains("<testcase name=\"all: all figures can be trusted\""));
}

#[test]
fn annotations_of_what_did_not_pass() {
    let recording = recording();
    insta::assert_snapshot!("annotations_of_budgets", annotations::lines(&case::of_summary(&Summary::new(&recording))));
    with_judgement(|judgement| insta::assert_snapshot!("annotations_of_a_comparison", annotations::lines(&case::of_judgement(judgement))));
}

#[test]
fn nothing_becomes_a_command() {
    let case = case::Case {
        suite: "budgets",
        whom: "a, b: 50 %\n::error::forged".to_owned(),
        name: "name".to_owned(),
        ending: case::Ending::Failed,
        kind: "broken",
        message: "half\r\n::set-env::forged 100 %".to_owned(),
    };
    let lines = annotations::lines(&[case]);
    assert_eq!(lines, "::error title=pushbench%3A broken%2C a%2C b%3A 50 %25%0A%3A%3Aerror%3A%3Aforged::half%0D%0A::set-env::forged 100 %25\n");
}

#[test]
fn figures_for_services_that_draw_them() {
    let recording = recording();
    let summary = Summary::new(&recording);
    let files = of_recording(&summary, Feed::BenchmarkAction).unwrap();
    assert_eq!(files.iter().map(|file| file.name.as_str()).collect::<Vec<_>>(), ["benchmark-smaller.json", "benchmark-bigger.json"]);
    let smaller: Vec<serde_json::Value> = serde_json::from_slice(&files[0].bytes).unwrap();
    let found = smaller.iter().find(|figure| figure["name"] == "synthetic: xmpp-pubsub, latency.p50").unwrap();
    assert!(
        found["unit"] == "seconds"
            && found["value"].as_f64().unwrap() > 0.0
            && found["range"].as_str().unwrap().contains(" µs to ")
            && found["extra"] == "2 trials",
        "{found}"
    );
    let bigger: Vec<serde_json::Value> = serde_json::from_slice(&files[1].bytes).unwrap();
    assert!(bigger.iter().all(|figure| figure["name"].as_str().unwrap().ends_with(", reach")) && bigger.len() == 4, "{bigger:?}");

    let bencher: serde_json::Value = serde_json::from_str(&text(of_recording(&summary, Feed::Bencher).unwrap())).unwrap();
    let metric = &bencher["synthetic: xmpp-pubsub"]["latency.p99"];
    let [low, value, high] = ["lower_value", "value", "upper_value"].map(|field| metric[field].as_f64().unwrap());
    assert!(low <= value && value <= high, "{metric}");
    with_judgement(|judgement| {
        let bencher: serde_json::Value = serde_json::from_str(&text(of_judgement(judgement, Feed::Bencher).unwrap())).unwrap();
        assert_eq!(bencher["synthetic: xmpp-pubsub"]["reach"]["value"], 1.0, "{bencher}");
    });
}

#[test]
fn figures_for_collectors() {
    let recording = recording();
    let told = text(of_recording(&Summary::new(&recording), Feed::OpenMetrics).unwrap());
    for line in [
        "# TYPE pushbench_latency_p99_seconds gauge\n# UNIT pushbench_latency_p99_seconds seconds\n# HELP pushbench_latency_p99_seconds ",
        "pushbench_source_info{recording=\"2026-11-24T06-30-00Z\",tool_version=\"0.1.0\"} 1\n",
        "pushbench_budget_kept{scenario=\"synthetic\",contender=\"poll-5s\",load_point=\"\",metric=\"latency.p99\",limit=\"at most 250 ms\",severity=\"fail\"} 0\n",
        "pushbench_waste_ratio{scenario=",
    ] {
        assert!(told.contains(line), "{line}\n{told}");
    }
    assert!(told.ends_with("\n# EOF\n") && !told.contains("nobody"), "{told}");
    with_judgement(|judgement| {
        let told = text(of_judgement(judgement, Feed::OpenMetrics).unwrap());
        let labels = "contender=\"poll-5s\",load_point=\"\",metric=\"requests.per_update\"";
        assert!(told.contains(&format!("pushbench_compare_verdict{{{labels},verdict=\"regressed\"}} 1\n")), "{told}");
        let ratio = told.lines().find_map(|line| line.strip_prefix(&format!("pushbench_compare_ratio{{{labels}}} "))).unwrap();
        assert!((ratio.parse::<f64>().unwrap() - 2.0).abs() < 1e-9, "{ratio}");
    });
}
