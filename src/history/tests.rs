//! Files of a history in whatever state, and the index held to them.

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::*;
use crate::measure::recording::Direction;

fn run(day: u32) -> Entry {
    let figure = |contender: &str, metric: &str, trials: &[f64]| Figure {
        contender: contender.to_owned(),
        load_point: String::new(),
        metric: metric.to_owned(),
        trials: trials.to_vec(),
        untrusted: day == 3,
    };
    let contender = |name: &str, direction| Contender { name: name.to_owned(), direction };
    Entry {
        schema: SCHEMA,
        recording: format!("2026-11-{day:02}T06-30-00Z"),
        started: format!("2026-11-{day:02}T06:30:00.5Z"),
        scenario: "a scenario".to_owned(),
        scenario_digest: "5e".repeat(16),
        tool_version: "0.1.0".to_owned(),
        label: (day != 2).then(|| format!("commit {day}\n\"ä\"")),
        machine: "Imaginary 3000, 4 cores, 16 GiB, Linux 6.12.0".to_owned(),
        contenders: vec![contender("poll", Direction::Pull), contender("push", Direction::Push)],
        figures: vec![
            figure("poll", "latency.p99", &[0.1 + f64::from(day) / 3.0, 0.2]),
            figure("push", "latency.p99", &[1e-9]),
            figure("poll", "messages.per_update", &[17.8]),
        ],
    }
}

fn lines(runs: &[Entry]) -> String {
    runs.iter().map(|run| run.line().unwrap() + "\n").collect()
}

fn in_folder() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("deep/er/history.jsonl");
    (folder, file)
}

fn days(history: &History) -> Vec<&str> {
    history.entries.iter().map(|entry| &entry.recording[8..10]).collect()
}

#[test]
fn a_run_is_one_line_that_reads_back() {
    for day in [1, 2, 3] {
        let line = run(day).line().unwrap();
        assert!(!line.contains('\n'), "{line}");
        assert_eq!(Entry::read(&line), Ok(run(day)));
    }
    insta::assert_snapshot!(run(3).line().unwrap());
}

#[test]
fn the_page_has_every_field() {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/ci.md")).unwrap();
    let value = serde_json::to_value(run(3)).unwrap();
    let keys = |value: &serde_json::Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    for key in [keys(&value), keys(&value["contenders"][0]), keys(&value["figures"][0])].concat() {
        assert!(page.contains(&format!("`{key}`")), "docs/ci.md does not tell of {key}");
    }
}

#[test]
fn lines_in_whatever_order_are_runs_by_their_start_each_once() {
    let merged = [lines(&[run(2), run(9)]), "\r\n \n".to_owned(), lines(&[run(1), run(2), run(11)])].concat();
    let history = History::parse(merged.as_bytes());
    assert_eq!((days(&history), history.broken_lines), (vec!["01", "02", "09", "11"], 0));
    assert_eq!(History::parse(merged.replace('\n', "\r\n").as_bytes()), history);
    assert_eq!(History::parse(format!("\u{FEFF}{merged}").as_bytes()), history);
    // Of the same run the later line.
    let relabelled = Entry { label: Some("v2".to_owned()), ..run(1) };
    let history = History::parse(lines(&[run(1), run(2), relabelled]).as_bytes());
    assert_eq!((history.entries.len(), history.entries[0].label.as_deref()), (2, Some("v2")));
    // Runs of one second, of two scenarios or two starts, are two.
    let other = Entry { scenario: "another".to_owned(), ..run(1) };
    let later = Entry { started: run(1).started.replace(".5Z", ".6Z"), ..run(1) };
    assert_eq!(History::parse(lines(&[later, other, run(1)]).as_bytes()).entries.len(), 3);
    // An hour is an hour in whatever zone it is told.
    let elsewhere = Entry { started: "2026-11-02T07:30:00+09:00".to_owned(), recording: "elsewhere".to_owned(), ..run(1) };
    let history = History::parse(lines(&[run(2), elsewhere, run(1)]).as_bytes());
    assert_eq!(history.entries.iter().map(|entry| entry.recording.as_str()).collect::<Vec<_>>()[1], "elsewhere");
}

#[test]
fn what_is_no_run_is_told_and_costs_no_other() {
    let whole = lines(&[run(1), run(2)]);
    let torn = run(3).line().unwrap();
    for length in [1, 20, torn.len() / 2, torn.len() - 1] {
        let history = History::parse(&[whole.as_bytes(), &torn.as_bytes()[..length]].concat());
        let told: Vec<(usize, bool)> = history.broken.iter().map(|broken| (broken.line, broken.torn)).collect();
        assert_eq!((days(&history), told), (vec!["01", "02"], vec![(3, true)]), "{length}");
    }
    // Whole but for the end of its line.
    assert_eq!(History::parse(format!("{whole}{torn}").as_bytes()).entries.len(), 3);
    let changed = |from: &str, to: &str| run(4).line().unwrap().replacen(from, to, 1);
    for (line, problem) in [
        ("<<<<<<< HEAD".to_owned(), "expected value at column 1"),
        (changed("\"schema\":1", "\"schema\":2"), "it has schema 2, written by pushbench 0.1.0, and this build reads schema 1"),
        ("{\"schema\":7,\"weather\":\"fine\"}".to_owned(), "it has schema 7, and this build reads schema 1"),
        (changed("\"recording\"", "\"weather\""), "unknown field `weather`"),
        (changed("2026-11-04T06:30:00.5Z", "yesterday"), "\"yesterday\" is not a time as RFC 3339 has it"),
        (changed("[17.8]", "[]"), "\"messages.per_update\" of \"poll\" has no trial"),
        (changed("\"push\",\"load", "\"poll\",\"load"), "\"latency.p99\" of \"poll\" is there twice"),
        (changed("[17.8]", "[1e999]"), "number out of range"),
        ("\0\0\0\0".to_owned(), "expected value"),
    ] {
        let history = History::parse(format!("{}{line}\n{}", lines(&[run(1)]), lines(&[run(5)])).as_bytes());
        assert_eq!(days(&history), ["01", "05"], "{line}");
        let [Broken { line: 2, problem: told, torn: false }] = history.broken.as_slice() else { panic!("{line}: {:?}", history.broken) };
        assert!(told.starts_with(problem), "{told}");
    }
    let history = History::parse(&[lines(&[run(1)]).as_bytes(), b"{\"schema\":1,\"\xFF\n"].concat());
    assert_eq!(history.broken[0].problem, "it is not UTF-8 text from byte 14 on");
    // Not each line of what is something else altogether.
    let history = History::parse(&[b"x\n".repeat(100), b"y".to_vec()].concat());
    assert_eq!((history.broken.len(), history.broken_lines, history.broken.last().unwrap().line), (21, 101, 101));
}

#[test]
fn runs_are_added_at_the_end_and_what_is_there_stays() {
    let (_folder, file) = in_folder();
    assert_eq!(append(&file, &[run(2), run(1)]).unwrap(), Added { added: 2, runs: 2, ..Added::default() });
    assert_eq!(fs::read_to_string(&file).unwrap(), lines(&[run(2), run(1)]));
    let again = append(&file, &[run(1), run(3), run(3)]).unwrap();
    assert_eq!(again, Added { added: 1, known: 2, runs: 3, ..Added::default() });
    assert_eq!(fs::read_to_string(&file).unwrap(), lines(&[run(2), run(1), run(3)]));
    let relabelled = Entry { label: None, ..run(1) };
    assert_eq!(append(&file, std::slice::from_ref(&relabelled)).unwrap(), Added { added: 1, runs: 3, ..Added::default() });
    assert_eq!(load(&file, None).unwrap().entries[0], relabelled);
}

/// A crash while a line was written: what follows begins on a line of its own, and the torn one stays where it is.
#[test]
fn a_torn_line_survives_and_harms_nobody() {
    let (_folder, file) = in_folder();
    append(&file, &[run(1)]).unwrap();
    let half = &run(2).line().unwrap()[..100];
    fs::write(&file, lines(&[run(1)]) + half).unwrap();
    let added = append(&file, &[run(3)]).unwrap();
    assert_eq!((added.added, added.runs, added.broken.len(), added.broken[0].torn), (1, 2, 1, true));
    assert_eq!(fs::read_to_string(&file).unwrap(), format!("{}{half}\n{}", lines(&[run(1)]), lines(&[run(3)])));
    let history = load(&file, None).unwrap();
    assert_eq!((days(&history), history.broken_lines, history.broken[0].torn), (vec!["01", "03"], 1, false));
}

#[test]
fn who_adds_at_the_same_time_takes_turns() {
    let (_folder, file) = in_folder();
    std::thread::scope(|scope| {
        for day in 1..=8 {
            let file = &file;
            scope.spawn(move || append(file, &[run(day)]).unwrap());
        }
    });
    let history = load(&file, None).unwrap();
    assert_eq!((history.entries.len(), history.broken_lines), (8, 0));
}

fn index_of(file: &Path) -> PathBuf {
    let index = path_of(file);
    assert_eq!(index.file_name().unwrap(), "history.jsonl.index.sqlite");
    index
}

#[test]
fn the_index_says_what_the_lines_say() {
    let (_folder, file) = in_folder();
    append(&file, &[run(3), run(1), run(2)]).unwrap();
    let text = format!("{}no run\n{{", fs::read_to_string(&file).unwrap());
    fs::write(&file, &text).unwrap();
    let parsed = History::parse(text.as_bytes());
    for metrics in [None, Some(&["latency.p99"][..]), Some(&["messages.per_update", "latency.p99"]), Some(&["no such figure"]), Some(&[])] {
        let expected = metrics.map_or_else(|| parsed.clone(), |metrics| parsed.clone().only(metrics));
        let _ = fs::remove_file(index_of(&file));
        assert_eq!(load(&file, metrics).unwrap(), expected, "from the lines");
        assert!(index_of(&file).exists());
        assert_eq!(load(&file, metrics).unwrap(), expected, "from the index");
    }
}

#[test]
fn an_index_is_used_only_where_it_is_of_this_very_file() {
    let (_folder, file) = in_folder();
    append(&file, &[run(1), run(2)]).unwrap();
    load(&file, None).unwrap();
    let index = index_of(&file);
    let change = |sql: &str| rusqlite::Connection::open(&index).unwrap().execute_batch(sql).unwrap();
    let labels = || load(&file, None).unwrap().entries.iter().map(|entry| entry.label.clone()).collect::<Vec<_>>();
    let from_lines = labels();
    // It is what is read, as long as nothing speaks against it.
    change("UPDATE run SET label = 'from the index'");
    assert_eq!(labels(), vec![Some("from the index".to_owned()); 2]);
    // Stale: the file has another line, or one letter that is another.
    append(&file, &[run(3)]).unwrap();
    assert_eq!(labels()[..2], from_lines);
    assert_eq!(labels().len(), 3);
    for broken in [
        "UPDATE source SET version = 99",
        "DELETE FROM source",
        "DROP TABLE figure",
        "UPDATE figure SET trials = 'none'",
        "PRAGMA foreign_keys = OFF; UPDATE figure SET run = 99",
        "UPDATE run SET started = NULL",
    ] {
        change(broken);
        assert_eq!(labels().len(), 3, "{broken}");
        assert_eq!(labels()[..2], from_lines, "{broken}");
    }
    for bytes in [&b""[..], b"no database at all", &fs::read(&index).unwrap()[..5_000]] {
        fs::write(&index, bytes).unwrap();
        assert_eq!(labels()[..2], from_lines);
        assert!(fs::metadata(&index).unwrap().len() > 8_000, "it is made anew");
    }
}

/// Where there can be none, everything works without.
#[test]
fn an_index_is_never_needed() {
    let (_folder, file) = in_folder();
    append(&file, &[run(1)]).unwrap();
    fs::create_dir(index_of(&file)).unwrap();
    assert_eq!(load(&file, None).unwrap().entries, [run(1)]);
    let refused = rebuild(&file).unwrap_err();
    assert!(matches!(refused, HistoryError::Index { .. }) && refused.to_string().contains("it is not needed"), "{refused}");
    fs::remove_dir(index_of(&file)).unwrap();
    let (history, built) = rebuild(&file).unwrap();
    assert_eq!((history.entries.len(), built.figures, built.path), (1, 3, index_of(&file)));
    let left: Vec<_> = fs::read_dir(file.parent().unwrap()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "no draft is left behind: {left:?}");
}

#[test]
fn a_history_without_a_run_says_what_there_is() {
    let (folder, file) = in_folder();
    let told = |file: &Path| load(file, None).unwrap_err().to_string();
    assert!(told(&file).starts_with("cannot read the history ") && told(&file).contains("pushbench history add"));
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(&file, "\n").unwrap();
    assert!(told(&file).contains("has no run\n"), "{}", told(&file));
    fs::write(&file, "title = \"x\"\n").unwrap();
    assert!(told(&file).contains("has no run: line 1 is no run of a history, expected"), "{}", told(&file));
    let refused = append(folder.path(), &[run(1)]).unwrap_err().to_string();
    assert!(refused.contains("it is not a file"), "{refused}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, rng_seed: RngSeed::Fixed(7), ..ProptestConfig::default() })]

    /// However lines of two branches are mixed, as git's union merge mixes them, the history is the same.
    #[test]
    fn the_order_of_lines_is_no_matter(order in Just((1..=9_u32).collect::<Vec<_>>()).prop_shuffle(), twice in prop::collection::vec(1..=9_u32, 0..5)) {
        let mixed: Vec<Entry> = order.iter().chain(&twice).map(|day| run(*day)).collect();
        let sorted: Vec<Entry> = (1..=9).map(run).collect();
        prop_assert_eq!(History::parse(lines(&mixed).as_bytes()).entries, sorted);
    }

    /// Wherever a file was cut off, no whole line is lost.
    #[test]
    fn a_cut_costs_the_line_that_is_cut(cut in 0.0..1.0_f64) {
        let text = lines(&(1..=5).map(run).collect::<Vec<_>>());
        let bytes = &text.as_bytes()[..(text.len() as f64 * cut) as usize];
        let whole = bytes.iter().filter(|byte| **byte == b'\n').count();
        let history = History::parse(bytes);
        prop_assert!(history.entries.len() == whole || history.broken.is_empty());
        prop_assert_eq!(history.entries.len() + history.broken_lines, whole + usize::from(bytes.last().is_some_and(|last| *last != b'\n')));
    }
}
