//! Made-up runs side by side, as every output shows them.

use super::*;
use crate::measure::recording::Recording;
use crate::report::terminal::Style;
use crate::summary::Summary;
use crate::summary::comparison::Run;
use crate::summary::fixture::made_up;
use crate::summary::metrics::Metric;

fn compared<T>(recordings: &[Recording], names: &[&str], check: impl FnOnce(&Comparison<'_>) -> T) -> T {
    let summaries: Vec<Summary<'_>> = recordings.iter().map(Summary::new).collect();
    check(&Comparison::new(summaries.iter().zip(names).map(|(summary, name)| Run { name, summary }).collect()))
}

/// Twice the requests of one poller, some of them without a response; another machine.
fn changed(repeats: u32) -> [Recording; 2] {
    let before = made_up().scale(0.05).repeats(repeats).build();
    let mut after = before.clone();
    after.machine.cpu_model = "Imaginary 4000 <b>".to_owned();
    for trial in after.trials.iter_mut().filter(|trial| trial.contender == "poll-5s") {
        trial.subscriber_traffic.window.requests *= 2;
        trial.failed_requests = 2 + u64::from(trial.repeat);
    }
    [before, after]
}

fn said(recordings: &[Recording], contender: &str, metric: &str) -> String {
    compared(recordings, &["before", "after"], |comparison| {
        let twins = comparison.twins.iter().find(|twins| twins.contender == contender).unwrap();
        words::change(&comparison.found(twins, metric, 1).unwrap(), Metric::named(metric).unwrap())
    })
}

#[test]
fn changes_in_words() {
    let several = changed(3);
    assert_eq!(said(&several, "poll-5s", "requests.total"), "2 times");
    assert_eq!(said(&several, "poll-1s", "requests.total"), "the same");
    assert_eq!(said(&several, "poll-1s", "lost"), "the same");
    let failed = said(&several, "poll-5s", "requests.failed");
    assert!(failed.starts_with("+4 (+1.5") && failed.ends_with(')'), "no ratio to nothing: {failed}");
    let cpu = said(&several, "poll-1s", "cpu.server.per_1000_updates");
    assert!(cpu.starts_with("no clear difference ≠ (0."), "{cpu}");
    assert_eq!(said(&changed(1), "poll-5s", "requests.total"), "2 times; one repeat: no interval");
    let mut other = several.clone();
    other[1].scenario.compression = 7.0;
    assert_eq!(said(&other, "poll-5s", "latency.p99"), "not comparable");
    let mut doubtful = several;
    doubtful[1].trials.iter_mut().for_each(|trial| trial.deliveries.corrupt = 1);
    assert_eq!(said(&doubtful, "poll-1s", "latency.p99"), "not to be trusted");
    for (ratio, text) in [(1.004, "1.004"), (1.03, "1.030"), (2.0, "2"), (0.123_456, "0.123"), (12_345.6, "12,346"), (f64::INFINITY, "∞")] {
        assert_eq!(words::factor(ratio), text);
    }
}

#[test]
fn the_terminal_as_it_was_and_within_its_width() {
    let recordings = changed(3);
    compared(&recordings, &["before", "after"], |comparison| insta::assert_snapshot!(terminal::report(comparison, Style { width: 100, colour: false })));
    let three = [recordings[0].clone(), recordings[1].clone(), made_up().scale(0.05).many_contenders().build()];
    for runs in [&recordings[..], &three[..]] {
        compared(runs, &["a-name-that-is-rather-long", "\u{1b}[2Jafter", "third"], |comparison| {
            for width in [40, 60, 80, 120] {
                for colour in [false, true] {
                    let text = terminal::report(comparison, Style { width, colour });
                    let widest = text.lines().map(crate::report::terminal::visible).max().unwrap();
                    assert!(widest <= width && !text.contains("\u{1b}[2J"), "{widest} of {width}: {text}");
                }
            }
        });
    }
}

#[test]
fn the_page_as_it_was() {
    let recordings = changed(3);
    let chart = super::super::markdown::Chart { name: "compare-latency", title: "No clear difference".to_owned(), ending: "svg" };
    compared(&recordings, &["before", "after | \"<i>\""], |comparison| insta::assert_snapshot!(markdown::page(comparison, &[chart])));
}

#[test]
fn what_is_not_the_same_everywhere_is_told() {
    let [before, mut after] = changed(2);
    after.contenders.retain(|contender| contender.name != "poll-1s");
    compared(&[before, after], &["before", "after"], |comparison| {
        for text in [terminal::report(comparison, Style { width: 120, colour: false }), markdown::page(comparison, &[])] {
            assert!(text.contains("only in before") && text.contains("poll-1s"), "{text}");
            assert!(text.contains("Times, CPU and memory tell of the"), "{text}");
        }
        let rows = String::from_utf8(data::csv(comparison).unwrap()).unwrap();
        let mut reader = ::csv::Reader::from_reader(rows.as_bytes());
        let columns = reader.headers().unwrap().clone();
        let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/reports.md")).unwrap();
        assert!(columns.iter().all(|column| page.contains(&format!("`{column}`"))), "docs/reports.md lacks a column of {columns:?}");
        let rows: Vec<::csv::StringRecord> = reader.records().map(|row| row.unwrap()).collect();
        let row = |metric: &str| rows.iter().find(|row| row[0] == *"poll-5s" && row[2] == *metric).unwrap();
        let requests = row("requests.total");
        assert_eq!((&requests[4], &requests[5], &requests[8], &requests[9]), ("before", "after", "higher", "2"));
        assert_eq!((&requests[15], &requests[16], &requests[17]), ("2", "2", ""));
        let failed = row("requests.failed");
        assert_eq!((&failed[9], failed[12].parse::<f64>().unwrap()), ("", 3.5), "no ratio, but a difference");
        assert!(row("latency.p99")[17].contains("mixed:machine"));
        assert!(rows.iter().all(|row| row[0] != *"poll-1s"));
        let value: serde_json::Value = serde_json::from_slice(&data::json(comparison).unwrap()).unwrap();
        assert_eq!(value["figures"].as_array().unwrap().len(), rows.len());
        assert_eq!((&value["only_in_one_run"][0]["contender"], &value["runs"][1]["name"]), (&"poll-1s".into(), &"after".into()));
    });
}
