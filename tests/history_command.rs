//! `pushbench history` as its users meet it: exit codes, files, a crash while a run is added, two branches that git merges.

#[path = "support/served.rs"]
mod served;

use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::{Command, Output};

use pushbench::measure::recording::Recording;
use pushbench::summary::fixture::made_up;
use tempfile::TempDir;

struct Ended {
    code: i32,
    out: String,
    err: String,
}

/// A folder with runs and a history.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn history(&self, arguments: &[&str]) -> Ended {
        let output = Command::new(env!("CARGO_BIN_EXE_pushbench")).arg("history").args(arguments).current_dir(&self.0).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Ended { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
    }

    /// Saves the run of a day, from the sixth on with twice the requests of one contender, and adds it.
    fn add(&self, day: u32) -> Ended {
        let name = format!("runs/{day:02}");
        run(day).save(&self.path(&name)).unwrap();
        self.history(&["add", &name, "--label", &format!("commit-{day}")])
    }

    fn lines(&self) -> usize {
        fs::read_to_string(self.path("history.jsonl")).unwrap().lines().count()
    }
}

fn run(day: u32) -> Recording {
    let mut recording = made_up().scale(0.02).sweep(&[0.5, 1.0]).build();
    recording.started = format!("2026-11-{day:02}T06:30:00Z");
    recording.id = format!("2026-11-{day:02}T06-30-00Z");
    for trial in recording.trials.iter_mut().filter(|trial| day > 5 && trial.contender == "poll-5s") {
        trial.subscriber_traffic.window.requests *= 2;
    }
    recording
}

/// Ten days.
fn ten() -> Place {
    let place = Place::new();
    for day in 1..=10 {
        let ended = place.add(day);
        assert_eq!((ended.code, ended.err.as_str()), (0, ""), "{}", ended.out);
        assert_eq!(ended.out, format!("history.jsonl: 1 run added; {day} run{} in all\n", if day == 1 { "" } else { "s" }));
    }
    place
}

#[test]
fn runs_are_kept_shown_and_asked_for_changes() {
    let place = ten();
    assert_eq!(place.lines(), 10);
    // One is there and the same, one gets another label.
    let again = place.history(&["add", "runs/01", "runs/02", "--label", "commit-1"]);
    assert_eq!(again.out, "history.jsonl: 1 run added, 1 run already there; 10 runs in all\n");

    let shown = place.history(&["show", "messages.per_update", "--only", "poll-5s", "--at", "workload.topics=100"]);
    assert_eq!((shown.code, shown.err.as_str()), (0, ""));
    assert!(shown.out.starts_with("messages.per_update of poll-5s at workload.topics=100 in synthetic\n"), "{}", shown.out);
    assert!(shown.out.contains("commit-6") && shown.out.contains("worse") && !shown.out.contains('\u{1b}') && !shown.out.contains("poll-1s"), "{}", shown.out);
    assert!(place.path("history.jsonl.index.sqlite").exists());

    let changes = |more: &[&str]| place.history(&[&["changes"], more].concat());
    let all = changes(&[]);
    assert_eq!(all.code, 0, "{}", all.err);
    assert!(all.out.contains("commit-6") && !all.out.contains("poll-1s at"), "{}", all.out);
    assert_eq!(changes(&["--fail-on", "worse"]).code, 1);
    assert_eq!(changes(&["--fail-on", "worse", "--newest", "3"]).code, 0, "it began five runs ago");
    assert_eq!(changes(&["--fail-on", "worse", "--newest", "5"]).code, 1);
    assert_eq!(changes(&["--fail-on", "any", "--only", "xmpp-pubsub"]).code, 0);
    assert_eq!(changes(&["--fail-on", "any", "--metric", "reach,latency.p99"]).code, 0);
    assert_eq!(changes(&["--fail-on", "any", "--magnitude", "1", "--metric", "requests.per_update"]).code, 0, "not by more than twice");
    assert!(changes(&["--newest", "2"]).out.starts_with("No change in "));
}

#[test]
fn charts_and_files_are_made_where_it_is_said() {
    let place = ten();
    let shown = place.history(&["show", "requests.per_update", "--out", "trend"]);
    assert_eq!((shown.code, shown.err.as_str()), (0, ""));
    for point in ["workload.topics-50", "workload.topics-100"] {
        for ending in ["light.svg", "dark.svg", "light.png", "dark.png"] {
            assert!(place.path(&format!("trend/trend-requests.per_update-synthetic-{point}-{ending}")).exists(), "{point} {ending}");
        }
    }
    let csv = fs::read_to_string(place.path("trend/history.csv")).unwrap();
    assert_eq!(csv.lines().count(), 1 + 3 * 2 * 10, "three pollers, two load points");
    let json: serde_json::Value = serde_json::from_slice(&fs::read(place.path("trend/history.json")).unwrap()).unwrap();
    assert_eq!(json["series"].as_array().unwrap().len(), 6);
    let only = place.history(&["show", "reach", "--out", "only", "--format", "csv"]);
    assert_eq!(only.out, "Written to only: history.csv\n");
    fs::write(place.path("taken"), "").unwrap();
    assert_eq!(place.history(&["show", "reach", "--out", "taken", "--format", "csv"]).code, 3);
    assert_eq!(place.history(&["show", "reach", "--format", "csv"]).code, 2);
}

/// The index is made where it is asked for, and wherever it is not there, or no good.
#[test]
fn the_index_comes_and_goes() {
    let place = ten();
    let index = place.path("history.jsonl.index.sqlite");
    assert!(!index.exists(), "adding leaves it alone");
    let show = || place.history(&["show", "reach"]).out;
    let without = show();
    let made = place.history(&["index"]);
    assert!(made.code == 0 && made.out.starts_with("history.jsonl.index.sqlite: 10 runs, "), "{}", made.out);
    assert_eq!(show(), without);
    fs::write(&index, "not a database").unwrap();
    assert_eq!(show(), without);
    fs::remove_file(&index).unwrap();
    fs::create_dir(&index).unwrap();
    assert_eq!(show(), without);
    assert_eq!(place.history(&["index"]).code, 3);
}

/// The system ends it in the middle of a line: no run before is lost, the torn line is told, and the next run is added behind it.
#[test]
fn a_crash_while_a_run_is_added_costs_that_run() {
    let place = Place::new();
    place.add(1);
    let length = fs::metadata(place.path("history.jsonl")).unwrap().len();
    run(2).save(&place.path("runs/02")).unwrap();
    // In blocks of 512 bytes: some hundred bytes more than there are, of a line of some thousand.
    let limited = format!("ulimit -c 0; ulimit -f {}; exec \"$0\" history add runs/02", length.div_ceil(512) + 1);
    let died: Output = Command::new("sh").args(["-c", &limited, env!("CARGO_BIN_EXE_pushbench")]).current_dir(&place.0).output().unwrap();
    assert_eq!(died.status.signal(), Some(nix::sys::signal::Signal::SIGXFSZ as i32), "{died:?}");
    let torn = fs::read_to_string(place.path("history.jsonl")).unwrap();
    assert!(torn.len() as u64 > length && !torn.ends_with('\n'), "it did die within the line");
    let shown = place.history(&["show", "reach", "--only", "poll-5s"]);
    assert!(shown.code == 0 && shown.out.contains("commit-1"), "{}", shown.out);
    assert!(shown.err.starts_with("warning: history.jsonl, line 2 is torn: "), "{}", shown.err);
    let ended = place.add(2);
    assert_eq!(ended.out, "history.jsonl: 1 run added; 2 runs in all\n");
    assert!(fs::read_to_string(place.path("history.jsonl")).unwrap().starts_with(&(torn + "\n{")), "what was there is untouched");
    assert!(place.history(&["show", "reach"]).err.starts_with("warning: history.jsonl, line 2 is no run of a history, and left out ("));
}

/// Two branches add runs of their own; git puts the lines of both into one file without asking anybody.
#[test]
fn branches_are_merged_by_git() {
    let place = Place::new();
    let git = |arguments: &[&str]| {
        let identity = ["-c", "user.name=Nobody", "-c", "user.email=nobody@example.org", "-c", "init.defaultBranch=main", "-c", "commit.gpgsign=false"];
        let folder = ["-C", place.0.path().to_str().unwrap()];
        served::run("git", &[&folder[..], &identity, arguments].concat())
    };
    // Whether it is there at all.
    let done = |arguments: &[&str]| {
        let output = git(arguments);
        assert!(output.as_ref().is_none_or(|output| output.status.success()), "{output:?}");
        output.is_some()
    };
    if !done(&["init", "--quiet"]) {
        return;
    }
    fs::write(place.path(".gitattributes"), "history.jsonl merge=union\n").unwrap();
    fs::write(place.path(".gitignore"), "*.index.sqlite\nruns\n").unwrap();
    let commit = |day: u32| {
        place.add(day);
        done(&["add", "--all"]);
        done(&["commit", "--quiet", "--message", &format!("run {day}")]);
    };
    commit(2);
    done(&["checkout", "--quiet", "-b", "branch"]);
    commit(1);
    commit(6);
    done(&["checkout", "--quiet", "main"]);
    commit(5);
    done(&["merge", "--quiet", "--no-edit", "branch"]);
    let merged = fs::read_to_string(place.path("history.jsonl")).unwrap();
    assert_eq!(merged.lines().count(), 4, "{merged}");
    let shown = place.history(&["show", "requests.per_update", "--only", "poll-5s", "--at", "workload.topics=50"]);
    // The last mention of each: the heading names what changed.
    let places: Vec<Option<usize>> = [1, 2, 5, 6].iter().map(|day| shown.out.rfind(&format!("commit-{day}"))).collect();
    assert!(places.iter().all(Option::is_some) && places.is_sorted() && shown.err.is_empty(), "{}", shown.out);
}
