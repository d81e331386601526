//! `pushbench compare` as its users meet it: exit codes, sides of several recordings, rules, files.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use pushbench::measure::recording::Recording;
use pushbench::summary::fixture::made_up;
use tempfile::TempDir;

struct Ended {
    code: i32,
    out: String,
    err: String,
}

fn compare(arguments: &[&str]) -> Ended {
    let output = Command::new(env!("CARGO_BIN_EXE_pushbench")).arg("compare").args(arguments).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Ended { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
}

/// A folder with runs in it.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }

    fn save(&self, name: &str, recording: &Recording) -> String {
        recording.save(Path::new(&self.path(name))).unwrap();
        self.path(name)
    }
}

/// One of two that took turns: 1 for the odd trials, 0 for the even ones.
fn half(odd: u32, change: impl Fn(&mut Recording)) -> Recording {
    let mut half = made_up().scale(0.05).noise(0.01).repeats(12).build();
    half.trials.retain(|trial| trial.repeat % 2 == odd);
    for trial in &mut half.trials {
        trial.started = format!("2026-11-24T06:{:02}:00Z", trial.repeat);
        trial.repeat = trial.repeat.div_ceil(2);
    }
    change(&mut half);
    half
}

fn more_requests(recording: &mut Recording) {
    for trial in recording.trials.iter_mut().filter(|trial| trial.contender == "poll-5s") {
        trial.subscriber_traffic.window.requests *= 2;
    }
}

#[test]
fn equivalent_is_fine_and_a_regression_is_not() {
    let place = Place::new();
    let base = place.save("before", &half(1, |_| {}));
    let (same, worse) = (place.save("same", &half(0, |_| {})), place.save("worse", &half(0, more_requests)));
    let ended = compare(&[&base, &same]);
    assert_eq!((ended.code, ended.err.as_str()), (0, ""), "{}", ended.out);
    assert!(ended.out.starts_with("same against before\n") && ended.out.contains("None of ") && ended.out.contains("6 pairs of trials"), "{}", ended.out);
    let ended = compare(&[&base, &worse]);
    assert_eq!(ended.code, 1, "{}", ended.out);
    assert!(ended.out.contains("regressed") && ended.out.contains("requests.per_update") && ended.out.contains("+100 %"), "{}", ended.out);
    assert!(!ended.out.contains('\u{1b}') && ended.out.lines().all(|line| line.chars().count() <= 120), "{}", ended.out);
    assert_eq!(compare(&[&worse, &base]).code, 0, "the way back is an improvement");
    assert_eq!(compare(&[&base, &worse, "--only", "xmpp-pubsub,poll-1s"]).code, 0);
    assert_eq!(fs::read_dir(&base).unwrap().count(), 1, "nothing is written unless asked for");
}

#[test]
fn a_side_may_be_many_recordings() {
    let place = Place::new();
    let parts = |name: &str, whole: &Recording| {
        for repeat in 1..=6 {
            let mut part = whole.clone();
            part.trials.retain(|trial| trial.repeat == repeat);
            part.trials.iter_mut().for_each(|trial| trial.repeat = 1);
            part.trials_planned = part.trials.len() + part.baselines.len();
            place.save(&format!("{name}/{repeat}"), &part);
        }
    };
    parts("before", &half(1, |_| {}));
    parts("after", &half(0, more_requests));
    let (before, after) = (place.path("before"), place.path("after"));
    let ended = compare(&[&before, &after]);
    assert_eq!(ended.code, 1, "{} {}", ended.out, ended.err);
    assert!(ended.out.starts_with("6 recordings, after/1 to after/6 against 6 recordings, before/1 to before/6"), "{}", ended.out);
    let one = |side: &str, numbers: [u32; 6]| numbers.map(|number| format!("{side}/{number}"));
    let (left, right) = (one(&before, [3, 1, 2, 6, 5, 4]), one(&after, [1, 2, 3, 4, 5, 6]));
    let mut arguments: Vec<&str> = vec!["--base"];
    arguments.extend(left[..4].iter().map(String::as_str));
    arguments.push("--new");
    arguments.extend(right.iter().map(String::as_str));
    arguments.push("--base");
    arguments.extend(left[4..].iter().map(String::as_str));
    let verdicts = |out: &str| out.lines().filter(|line| line.starts_with("│ ")).map(str::to_owned).collect::<Vec<_>>();
    let again = compare(&arguments);
    assert_eq!((again.code, verdicts(&again.out)), (1, verdicts(&ended.out)));
}

#[test]
fn rules_are_those_of_the_new_scenario_or_of_a_file() {
    let place = Place::new();
    let table = "title = \"SYNTHETIC\"\n[compare.margin]\n\"requests.per_update\" = 2\n\"messages.per_update\" = 2\n";
    let base = place.save("before", &half(1, |_| {}));
    let lenient = place.save(
        "after",
        &half(0, |recording| {
            more_requests(recording);
            recording.scenario.text = table.to_owned();
        }),
    );
    assert_eq!(compare(&[&base, &lenient]).code, 0, "twice is within 200 %");
    let strict = place.path("strict.toml");
    fs::write(&strict, "[compare]\ngate = [\"requests.per_update\"]\n").unwrap();
    let ended = compare(&[&base, &lenient, "--rules", &strict]);
    assert_eq!(ended.code, 1, "{}", ended.out);
    assert!(ended.out.contains("1 of 3 gated figures regressed"), "{}", ended.out);
}

#[test]
fn another_machine_is_no_failure_unless_asked_and_files_are_written_where_asked() {
    let place = Place::new();
    let base = place.save("before", &half(1, |_| {}));
    let other = place.save("after", &half(0, |recording| recording.machine.cpu_model = "Imaginary 4000".to_owned()));
    let out = place.path("gate/files");
    let ended = compare(&[&base, &other, "--out", &out, "--format", "terminal,md,json"]);
    assert_eq!(ended.code, 0, "{}", ended.out);
    assert!(
        ended.out.contains("machine not the same on both sides") && ended.out.contains("Imaginary 4000") && ended.out.contains("compare.md, compare.json"),
        "{}",
        ended.out
    );
    let page = fs::read_to_string(PathBuf::from(&out).join("compare.md")).unwrap();
    assert!(page.starts_with("## ⚠️ SYNTHETIC") && page.contains("not-comparable"), "{page}");
    assert_eq!(compare(&[&base, &other, "--fail-on", "not-comparable"]).code, 1);
    assert_eq!(compare(&[&base, &other, "--fail-on", "inconclusive"]).code, 0);
    let untrusted = place.save("doubted", &half(0, |recording| recording.trials[0].deliveries.corrupt = 1));
    assert_eq!(compare(&[&base, &untrusted]).code, 4);
}

#[test]
fn what_cannot_be_compared_is_refused_with_its_reason() {
    let place = Place::new();
    let base = place.save("before", &half(1, |_| {}));
    let stranger = place.save(
        "stranger",
        &half(0, |recording| {
            recording.contenders.iter_mut().for_each(|contender| contender.name.push_str("-other"));
            recording.trials.iter_mut().for_each(|trial| trial.contender.push_str("-other"));
        }),
    );
    let bare = place.path("bare.toml");
    fs::write(&bare, "title = \"no table\"\n").unwrap();
    let slip = place.path("slip.toml");
    fs::write(&slip, "[compare]\nmachine = \"any\"\n").unwrap();
    fs::create_dir(place.path("empty")).unwrap();
    let (absent, empty) = (place.path("absent"), place.path("empty"));
    for (arguments, words) in [
        (&[base.as_str(), &stranger][..], &["there is nothing to compare", "poll-5s-other", "help: "][..]),
        (&[&base, &absent], &["absent", "No such file"]),
        (&[&base, &empty], &["empty", "recording.json"]),
        (&[&base], &["NEW"]),
        (&[], &["BASE"]),
        (&["--base", &base], &["--new"]),
        (&[&base, &base, "--base", &base], &["--base"]),
        (&["--base", &base, "--new", &base, &base], &["is given twice for one side"]),
        (&[&base, &base, "--only", "poll"], &["no recording has a contender \"poll\"", "poll-5s"]),
        (&[&base, &base, "--rules", &bare], &["no [compare] in it", "bare.toml", "help: "]),
        (&[&base, &base, "--rules", &slip], &["slip.toml:2:11", "\"same\", \"alike\""]),
        (&[&base, &base, "--format", "md"], &["--format md is a file", "--out"]),
        (&[&base, &base, "--fail-on", "regressed"], &["--fail-on"]),
    ] {
        let ended = compare(arguments);
        assert_eq!(ended.code, 2, "{arguments:?}: {}", ended.err);
        for word in words {
            assert!(ended.err.contains(word), "{arguments:?} does not say {word:?}: {}", ended.err);
        }
    }
    let ended = compare(&[&base, &base, "--out", "/proc/nowhere"]);
    assert!(ended.code == 3 && ended.err.contains("cannot write") && ended.out.contains("None of "), "{}", ended.err);
}
