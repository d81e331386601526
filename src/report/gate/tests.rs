//! Judgements as people and programs get them.

use super::*;
use crate::measure::recording::Recording;
use crate::report::terminal::Style;
use crate::summary::Summary;
use crate::summary::comparison::Run;
use crate::summary::fixture::made_up;
use crate::summary::gate::{Rules, Verdict};

/// Eight pairs: push takes a quarter more CPU, one poller asks more often, another less; and times have much noise.
fn recordings() -> [Recording; 2] {
    let whole = made_up().scale(0.05).noise(0.04).repeats(16).build();
    let [base, mut new] = [1, 0].map(|odd| {
        let mut half = whole.clone();
        half.trials.retain(|trial| trial.repeat % 2 == odd);
        for trial in &mut half.trials {
            trial.started = format!("2026-11-24T06:{:02}:00Z", trial.repeat);
            trial.repeat = trial.repeat.div_ceil(2);
        }
        half
    });
    for trial in &mut new.trials {
        let requests = trial.subscriber_traffic.window.requests;
        match trial.contender.as_str() {
            "poll-5s" => trial.subscriber_traffic.window.requests = requests * 5 / 4,
            "conditional-5s" => trial.subscriber_traffic.window.requests = requests * 3 / 4,
            "xmpp-pubsub" => trial.sides.iter_mut().filter_map(|side| side.cpu.as_mut()).for_each(|cpu| cpu.window.user *= 2.0),
            _ => trial.subscriber_traffic_by_server = None,
        }
    }
    [base, new]
}

fn judged<T>(recordings: &[Recording; 2], check: impl FnOnce(&Judgement<'_>) -> T) -> T {
    let summaries: Vec<Summary<'_>> = recordings.iter().map(Summary::new).collect();
    let run = |place: usize, name: &'static str| Run { name, summary: &summaries[place] };
    check(&Judgement::new(vec![run(0, "before")], vec![run(1, "after")], &Rules::default(), |_| true))
}

fn text(judgement: &Judgement<'_>, output: Output) -> String {
    files(judgement, output).unwrap().into_iter().map(|file| String::from_utf8(file.bytes).unwrap()).collect()
}

#[test]
fn on_a_terminal() {
    judged(&recordings(), |judgement| {
        insta::assert_snapshot!(terminal::report(judgement, Style { width: 120, colour: false }));
        for width in [40, 60, 80, 160] {
            let told = terminal::report(judgement, Style { width, colour: true });
            let widest = told.lines().map(crate::report::terminal::visible).max().unwrap();
            assert!(widest <= width, "{width}: {widest}\n{told}");
        }
    });
}

#[test]
fn on_a_page() {
    judged(&recordings(), |judgement| insta::assert_snapshot!(text(judgement, Output::Markdown)));
}

#[test]
fn for_programs() {
    judged(&recordings(), |judgement| {
        let value: serde_json::Value = serde_json::from_str(&text(judgement, Output::Json)).unwrap();
        let figures = value["figures"].as_array().unwrap();
        assert_eq!(figures.len(), judgement.judged.len());
        let found = figures.iter().find(|figure| figure["contender"] == "poll-5s" && figure["metric"] == "requests.per_update").unwrap();
        assert_eq!((found["verdict"].as_str(), found["nature"].as_str(), found["margin"].as_f64()), (Some("regressed"), Some("counted"), Some(0.01)));
        assert!((found["change"].as_f64().unwrap() - 1.25_f64.ln()).abs() < 1e-3 && found["base_trials"] == 8, "{found}");
        assert_eq!((value["base"][0]["name"].as_str(), value["new"][0]["name"].as_str()), (Some("before"), Some("after")));
    });
}

/// The same recordings, the same bytes.
#[test]
fn nothing_is_left_to_chance() {
    let outputs = [Output::Markdown, Output::Json, Output::Pipeline(Feed::Junit), Output::Pipeline(Feed::OpenMetrics)];
    let all = || judged(&recordings(), |judgement| outputs.map(|output| text(judgement, output)));
    assert_eq!(all(), all());
}

#[test]
fn other_machines_and_few_trials_are_told_with_their_remedy() {
    let mut recordings = recordings();
    recordings[1].machine.boot = None;
    judged(&recordings, |judgement| {
        let told = terminal::report(judgement, Style { width: 200, colour: false }).split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(
            told.contains(" of xmpp-pubsub: made on another machine")
                && told.matches("made on another machine").count() == 1
                && told.contains("machine = \"alike\""),
            "{told}"
        );
    });
    let few = recordings.map(|mut recording| {
        recording.trials.retain(|trial| trial.repeat < 4);
        recording.machine.boot = Some("one".to_owned());
        recording
    });
    judged(&few, |judgement| {
        let cpu = judgement.judged.iter().find(|judged| judged.subject.name == "cpu.total.per_1000_updates").unwrap();
        assert_eq!(cpu.verdict, Verdict::Inconclusive);
        let detail = words::detail(cpu);
        assert!(detail.starts_with("fewer than 6 trials a side") && detail.contains("for 5 % it takes ") && detail.contains(" pairs"), "{detail}");
    });
}

#[test]
fn nothing_to_compare_is_said_first() {
    let [base, _] = recordings();
    let mut recordings = [base.clone(), base];
    recordings[1].trials.iter_mut().for_each(|trial| trial.trace_sha256 = "7".repeat(64));
    judged(&recordings, |judgement| {
        assert_eq!(words::warnings(judgement), ["Nothing could be compared: nothing has passed."]);
        assert!(text(judgement, Output::Markdown).starts_with("## ⚠️ SYNTHETIC"));
        assert!(words::detail(&judgement.judged[0]).starts_with("updates not the same on both sides: "), "{}", words::detail(&judgement.judged[0]));
    });
}

/// Nothing that a recording holds may become markup, or break a table.
#[test]
fn names_are_text() {
    let mut recordings = recordings();
    for recording in &mut recordings {
        recording.scenario.title = "<b>bold</b> @somebody".to_owned();
        recording.contenders[0].name = "a|b`c\n#d".to_owned();
        recording.trials.iter_mut().filter(|trial| trial.contender == "poll-5s").for_each(|trial| trial.contender = "a|b`c\n#d".to_owned());
    }
    judged(&recordings, |judgement| {
        let page = text(judgement, Output::Markdown);
        assert!(!page.contains("<b>") && !page.contains("@somebody") && !page.contains("a|b"), "{page}");
        assert!(page.lines().filter(|line| line.starts_with("| **")).all(|line| line.replace("\\|", "").matches('|').count() == 9), "{page}");
        assert!(!terminal::report(judgement, Style { width: 120, colour: false }).contains("c\n#d"));
    });
}
