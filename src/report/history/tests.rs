//! A made-up history on a terminal and in files.

use super::*;
use crate::history::{Entry, History};
use crate::report::terminal::Style;
use crate::summary::Summary;
use crate::summary::fixture::made_up;
use crate::summary::history::entry;

/// Eight runs of two contenders; from the sixth on `poll-5s` asks more often, the seventh is of another machine, the third is not to be trusted.
fn history() -> History {
    let of_day = |day: u32| -> Entry {
        let mut recording = made_up().scale(0.02).build();
        recording.contenders.retain(|contender| ["poll-5s", "xmpp-pubsub"].contains(&contender.name.as_str()));
        recording.trials.retain(|trial| ["poll-5s", "xmpp-pubsub"].contains(&trial.contender.as_str()));
        recording.started = format!("2026-11-{day:02}T06:30:00Z");
        recording.id = format!("2026-11-{day:02}T06-30-00Z");
        for trial in &mut recording.trials {
            if day > 5 && trial.contender == "poll-5s" {
                trial.subscriber_traffic.window.requests *= 2;
            }
            if day == 3 {
                trial.deliveries.corrupt = 1;
            }
        }
        if day == 7 {
            recording.machine.kernel = "6.13.0".to_owned();
        }
        entry(&Summary::new(&recording), (day != 2).then(|| format!("commit\u{1b}[31m-{day}")).as_deref())
    };
    History { entries: (1..=8).map(of_day).collect(), ..History::default() }
}

fn shown<'h>(history: &'h History, metrics: &[&str]) -> Shown<'h> {
    Shown::new(history, Search::default(), |_, figure| metrics.contains(&figure.metric.as_str()))
}

#[test]
fn runs_and_changes_are_told_on_a_terminal() {
    let history = history();
    let shown = shown(&history, &["messages.per_update", "latency.p99", "reach"]);
    let style = |width| Style { width, colour: false };
    for width in [140, 80] {
        let text = terminal::runs(&shown, 6, style(width)) + "\n\n" + &terminal::changes(&shown, style(width));
        assert!(text.lines().all(|line| line.chars().count() <= width), "{text}");
        assert!(!text.contains('\u{1b}'), "a label must not be able to rewrite the screen");
        insta::assert_snapshot!(format!("terminal_{width}"), text);
    }
    let colourful = terminal::changes(&shown, Style { width: 100, colour: true });
    assert!(colourful.contains("\u{1b}[1;31m1 change in "), "{colourful}");
}

#[test]
fn files_hold_every_run() {
    let history = history();
    let shown = shown(&history, &["messages.per_update"]);
    let csv = String::from_utf8(files(&shown, Output::Csv).unwrap()[0].bytes.clone()).unwrap();
    assert_eq!(csv.lines().count(), 1 + 2 * 8);
    assert_eq!(csv.lines().filter(|line| line.ends_with(",worse")).count(), 1, "{csv}");
    let json: serde_json::Value = serde_json::from_slice(&files(&shown, Output::Json).unwrap()[0].bytes).unwrap();
    let [one, other] = json["series"].as_array().unwrap().as_slice() else { panic!("{json}") };
    assert_eq!((one["runs"].as_array().unwrap().len(), one["changes"].as_array().unwrap().len()), (8, 1));
    assert_eq!((&one["changes"][0]["since"], &one["runs"][2]["trusted"], &one["machine_changes"]), (&5.into(), &false.into(), &serde_json::json!([6, 7])));
    assert!(other["changes"].as_array().unwrap().is_empty());
    for (output, ending) in [(Output::Svg, "svg"), (Output::Png, "png")] {
        let names: Vec<String> = files(&shown, output).unwrap().into_iter().map(|file| file.name).collect();
        assert_eq!(names, ["light", "dark"].map(|theme| format!("trend-messages.per_update-synthetic-{theme}.{ending}")));
    }
}

#[test]
fn a_finding_is_of_the_latest_change_or_says_why_there_is_none() {
    let history = history();
    let finding = |history: &History, metric: &str| {
        let shown = shown(history, &[metric]);
        words::finding(&shown.trends.iter().collect::<Vec<_>>())
    };
    let told = finding(&history, "messages.per_update");
    assert!(told.starts_with("poll-5s: messages.per_update rose from ") && told.ends_with(", worse) with commit\u{1b}[31m-6"), "{told}");
    assert_eq!(finding(&history, "bytes.payload.per_update"), "No change of bytes.payload.per_update in 8 runs of synthetic");
    let few = History { entries: history.entries[..4].to_vec(), ..History::default() };
    assert_eq!(finding(&few, "latency.p99"), "Too few runs to tell whether latency.p99 changed: it takes 6 of one machine that can be trusted");
    assert_eq!(finding(&few, "no.such"), "There is nothing in the history");
}
