//! The command line as its users meet it: exit codes, help, what stands on stdout and what on stderr, which files are left.
//!
//! Deaths, signals and processes are in `processes.rs` and `sudden_death`; reports of made-up recordings in `report_command.rs`.

#[path = "support/command.rs"]
mod command;

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use command::{ALL_FOUR, Ended, Place, ended, pushbench, tiny};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use pushbench::contenders;
use pushbench::measure::recording::State;
use pushbench::report::charts;
use serde_json::Value;

const LOOPBACK: &str = "[[contender]]\nuse = \"loopback\"\n";
/// One poll a second: half a second of latency, beside which the delays of a busy machine are small.
const SLOW_POLL: &str = "[[contender]]\nuse = \"rest-poll\"\ninterval = \"1s\"\n";

/// A run of all four contenders with JSON progress, made once and looked at by several tests.
fn all_four() -> &'static (Place, Ended) {
    static RUN: OnceLock<(Place, Ended)> = OnceLock::new();
    RUN.get_or_init(|| {
        let place = Place::with(&tiny(ALL_FOUR, &[]));
        let run = place.run(&["--ui", "json"]);
        (place, run)
    })
}

fn scenarios() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let scenarios: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.extension().is_some_and(|ending| ending == "toml")).collect();
    assert!(scenarios.len() >= 4, "{scenarios:?}");
    scenarios
}

/// The files of a folder and those below it, by their path within it.
fn files(folder: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.insert(path.strip_prefix(folder).unwrap().to_owned());
            }
        }
    }
    found
}

#[test]
fn what_cannot_be_used_or_held_is_refused_with_its_code_and_reason() {
    let good = Place::with(&tiny(LOOPBACK, &[]));
    fs::create_dir(good.report()).unwrap();
    fs::write(good.report().join("recording.json"), "{}").unwrap();
    let slip = Place::with(&tiny(LOOPBACK, &[("paylod", "\"1 KiB\"")]));
    let crowd = "[subscribers]\ncount = 1_000_000\n[[contender]]\nuse = \"xmpp-pubsub\"\n";
    let crowd = Place::with(&tiny(crowd, &[("topology", "\"fan-out\""), ("topics", "1")]));
    let too_many = Place::with(&tiny("[subscribers]\ncount = 2_000_000\n[[contender]]\nuse = \"xmpp-pubsub\"\n", &[("topology", "\"fan-out\"")]));
    let held = TcpListener::bind("127.0.0.1:0").unwrap();
    let held = held.local_addr().unwrap().to_string();
    let text = |path: PathBuf| path.to_str().unwrap().to_owned();
    let (scenario, report, slip) = (text(good.scenario()), text(good.report()), text(slip.scenario()));
    let (crowd, too_many) = (text(crowd.scenario()), text(too_many.scenario()));
    let absent = text(good.path().join("absent.toml"));

    let table: &[(&[&str], i32, &[&str])] = &[
        (&["run", &slip], 2, &["tiny.toml:", "unknown key", "paylod", "payload"]),
        (&["check", &slip], 2, &["unknown key", "paylod"]),
        (&["run", &absent], 2, &["absent.toml", "No such file"]),
        (&["run", &scenario, "--fast"], 2, &["--fast", "Usage: pushbench run"]),
        (&["run", &scenario, "--repeats", "0"], 2, &["--repeats", "1..=100"]),
        (&["run", &scenario, "--only", "loopbak"], 2, &["loopbak", "allowed: loopback"]),
        (&["run", &scenario, "--out", &report], 2, &[&report, "holds a recording already", "--out"]),
        (&["run", &scenario, "--out", "/proc/report"], 3, &["/proc/report", "--out"]),
        (&["check", &too_many], 2, &["2000000", "from 1 to 1,000,000"]),
        (&["check", &crowd], 3, &["this machine cannot hold", "xmpp-pubsub needs", "this machine has", "help: "]),
        (&["run", &crowd], 3, &["this machine cannot hold", "xmpp-pubsub needs", "this machine has", "help: "]),
        (&["report", &report], 2, &["recording.json"]),
        (&["report", &scenario], 2, &["tiny.toml"]),
        (&["report", &absent], 2, &["absent.toml", "No such file"]),
        (&["serve", "rest-pol"], 2, &["rest-pol", "rest-poll"]),
        (&["serve", "rest-poll", "--listen", &held], 3, &[&held, "another port"]),
        (&["serve", "rest-poll", "--listen", "0.0.0.0:0"], 2, &["--expose"]),
        (&["polish"], 2, &["polish", "--help"]),
        (&["completions", "tcsh"], 2, &["tcsh", "bash"]),
    ];
    for (arguments, code, words) in table {
        let ended = ended(pushbench().args(*arguments).current_dir(good.path()));
        assert_eq!(ended.code, Some(*code), "{arguments:?}: {ended:?}");
        for word in *words {
            assert!(ended.err.contains(word), "{arguments:?} does not say {word:?}: {}", ended.err);
        }
        assert!(ended.err.starts_with("error: "), "{arguments:?}: {}", ended.err);
    }
    assert_eq!(fs::read_to_string(good.report().join("recording.json")).unwrap(), "{}", "what was there is untouched");
    assert!(!good.path().join("reports").exists(), "what is refused leaves no folder");
    assert_eq!(ended(&mut pushbench()).code, Some(2), "no command");
}

#[test]
fn a_run_within_its_budgets_is_fine_and_a_broken_one_is_not() {
    for (at_most, calm, word) in [("1000", 0, "kept"), ("0.001", 1, "broken")] {
        let budget = format!("[[budget]]\ncontender = \"rest-poll\"\nmetric = \"requests.per_update\"\nat_most = {at_most}\n");
        let place = Place::with(&tiny(&format!("{SLOW_POLL}{budget}"), &[]));
        let run = place.run(&["--ui", "plain"]);
        assert_eq!(run.code, place.code(calm), "{run:?}");
        let code = ended(pushbench().arg("report").arg(place.report()).args(["--format", "terminal"])).code;
        assert_eq!(code, run.code, "the recording says the same again");
        assert!(run.out.contains(&format!("{word}: requests.per_update of rest-poll is ")), "{}", run.out);
        assert!(!run.out.contains('\u{1b}') && !run.err.contains('\u{1b}'), "no escape codes");
    }
}

#[test]
fn nothing_delivered_is_not_to_be_trusted() {
    let place = Place::with(&tiny(LOOPBACK, &[("updates_per_active_topic", "0.000001")]));
    let run = place.run(&[]);
    assert_eq!(run.code, Some(4), "{run:?}");
    assert!(run.out.contains("No update was due in the window"), "{}", run.out);
    assert_eq!(place.recording().trials[0].updates, 0);
}

#[test]
fn help_teaches() {
    let main = ended(pushbench().arg("--help"));
    assert_eq!((main.code, main.err.as_str()), (0.into(), ""));
    for word in ["pushbench run scenarios/first-look.toml", "Exit codes", "130 interrupted"] {
        assert!(main.out.contains(word), "{word}: {}", main.out);
    }
    let listed = main.out.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let commands: Vec<&str> = listed.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help").collect();
    for known in ["run", "check", "list", "report", "serve", "completions"] {
        assert!(commands.contains(&known), "{known}: {commands:?}");
    }
    for command in commands {
        let help = ended(pushbench().args([command, "--help"]));
        assert_eq!(help.code, Some(0));
        assert!(help.out.contains(&format!("For example: pushbench {command}")), "an example of {command}: {}", help.out);
        let widest = help.out.lines().chain(main.out.lines()).map(|line| line.chars().count()).max().unwrap();
        assert!(widest <= 120, "{command}: {widest} columns");
    }
    let version = ended(pushbench().arg("--version"));
    assert_eq!((version.code, version.out.as_str()), (Some(0), concat!("pushbench ", env!("CARGO_PKG_VERSION"), "\n")));
}

#[test]
fn completions_are_scripts() {
    for shell in ["bash", "zsh", "fish"] {
        let script = ended(pushbench().args(["completions", shell]));
        assert_eq!((script.code, script.err.as_str()), (Some(0), ""));
        for command in ["run", "check", "report"] {
            assert!(script.out.contains(command), "{shell}: {command}");
        }
        assert!(!script.out.contains('\u{1b}'));
        if shell == "bash" {
            let mut bash = Command::new("bash").arg("-n").stdin(Stdio::piped()).spawn().unwrap();
            bash.stdin.take().unwrap().write_all(script.out.as_bytes()).unwrap();
            assert!(bash.wait().unwrap().success(), "bash cannot read it");
        }
    }
}

#[test]
fn list_names_all_there_is() {
    let list = ended(pushbench().arg("list").current_dir(env!("CARGO_MANIFEST_DIR")));
    assert_eq!((list.code, list.err.as_str()), (Some(0), ""));
    for contender in contenders::ALL {
        assert!(list.out.contains(&format!("  {} (", contender.name())), "{}: {}", contender.name(), list.out);
        assert!(contender.settings().iter().all(|setting| list.out.contains(setting.name)), "{}", contender.name());
    }
    for scenario in scenarios() {
        assert!(list.out.contains(scenario.file_name().unwrap().to_str().unwrap()), "{scenario:?}: {}", list.out);
    }
}

#[test]
fn every_scenario_here_can_be_checked() {
    for scenario in scenarios() {
        let check = ended(pushbench().arg("check").arg(&scenario));
        assert_eq!((check.code, check.err.as_str()), (Some(0), ""), "{scenario:?}");
        for word in ["trials", "requests", "deliveries", "descriptors", "memory", "This machine can hold this scenario."] {
            assert!(check.out.contains(word), "{scenario:?} without {word}: {}", check.out);
        }
    }
}

#[test]
fn progress_is_json_lines_on_stderr_and_the_comparison_is_on_stdout() {
    let (_, run) = all_four();
    let lines: Vec<Value> = run.err.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect();
    assert!(!lines.is_empty());
    for line in &lines {
        for key in ["trial", "trials", "name", "phase", "share", "second", "messages", "requests", "deliveries", "latency_p99_seconds", "cpu_seconds"] {
            assert!(line.get(key).is_some(), "{key}: {line}");
        }
        for key in ["bytes", "latency_p50_seconds", "expected", "settled", "outstanding", "lost", "failed_requests", "lag_seconds", "memory_bytes"] {
            assert!(line.get(key).is_some(), "{key}: {line}");
        }
        assert_eq!(line["trials"], 4);
        assert!((0.0..=1.0).contains(&line["share"].as_f64().unwrap()), "{line}");
        assert!((0.0..=1.0).contains(&line["run_share"].as_f64().unwrap()), "{line}");
        assert!(line["seconds_left"].as_f64().unwrap() >= 0.0, "{line}");
    }
    // The sides told of it while they ran: what was due in the window, how much of it was there, and how late their requests left.
    let of = |trial: u64| lines.iter().filter(move |line| line["trial"] == trial && line["second"].as_i64().is_some_and(|second| second >= 0));
    assert!(
        of(1).any(|line| line["expected"].as_u64() > Some(10) && line["lag_seconds"].is_f64() && line["memory_bytes"]["server"].as_u64() > Some(0)),
        "{lines:#?}"
    );
    assert!(of(3).any(|line| line["settled"].as_u64() > Some(10) && line["lag_seconds"].is_null() && line["publish_lag_seconds"].is_f64()), "{lines:#?}");
    // Every step is told, the last one of each trial as well.
    let lost: Vec<&Value> = lines.iter().filter(|line| line["phase"] == "saving").map(|line| &line["lost"]).collect();
    assert_eq!(lost, [0, 0, 0, 0], "{lost:?}");
    assert!(lines.is_sorted_by_key(|line| line["trial"].as_u64()), "trials come in their order");
    assert!(run.out.starts_with("Tiny\n") && run.out.contains("Messages per update") && run.out.contains("Written to"), "{}", run.out);
    assert!(!run.out.contains("\"trial\"") && !run.out.contains('\u{1b}'), "{}", run.out);
}

#[test]
fn all_four_contenders_pass_all_checks() {
    let (place, run) = all_four();
    assert_eq!(run.code, place.code(0), "{run:?}");
    let recording = place.recording();
    assert_eq!(recording.state, State::Complete);
    let names: Vec<&str> = recording.trials.iter().map(|trial| trial.contender.as_str()).collect();
    assert_eq!(names, ["rest-poll", "rest-conditional", "xmpp-pubsub", "loopback"]);
    for trial in &recording.trials {
        assert!(trial.complete && !trial.checks.is_empty());
        assert!(trial.checks.iter().all(|check| check.holds), "{}: {:?}", trial.contender, trial.checks);
        assert_eq!(trial.trace_sha256, recording.trials[0].trace_sha256);
        assert_eq!((trial.deliveries.expected, trial.deliveries.lost), (trial.updates, 0), "{}", trial.contender);
        assert!(trial.updates > 10, "a trace with something in it");
    }
    assert!(recording.trials[0].checks.iter().any(|check| check.what == "subscribers: requests"), "both ends have counted");
}

#[test]
fn the_report_folder_is_whole_and_a_recording_makes_it_again() {
    let (place, _) = all_four();
    let made = files(&place.report());
    let mut wanted: BTreeSet<PathBuf> = ["recording.json", "summary.csv", "percentiles.csv", "timeline.csv", "summary.md", "summary.json", "report.html"]
        .into_iter()
        .map(PathBuf::from)
        .collect();
    // Nothing is swept.
    for name in charts::NAMES.into_iter().filter(|name| !charts::NEED_A_SWEEP.contains(name)) {
        wanted.extend(["light.svg", "dark.svg", "light.png", "dark.png"].map(|ending| PathBuf::from(format!("charts/{name}-{ending}"))));
    }
    let missing: Vec<_> = wanted.difference(&made).collect();
    assert!(missing.is_empty(), "{missing:?}");
    assert!(!made.iter().any(|file| file.to_string_lossy().contains("draft")), "{made:?}");

    let other = tempfile::tempdir().unwrap();
    fs::copy(place.report().join("recording.json"), other.path().join("recording.json")).unwrap();
    let again = ended(pushbench().arg("report").arg(other.path().join("recording.json")));
    assert_eq!(again.code, place.code(0), "{again:?}");
    assert_eq!(files(other.path()), made);
    for file in &made {
        assert!(fs::read(place.report().join(file)).unwrap() == fs::read(other.path().join(file)).unwrap(), "{} differs", file.display());
    }
}

#[test]
fn the_summary_is_for_machines() {
    let (place, _) = all_four();
    let mut rows = csv::Reader::from_path(place.report().join("summary.csv")).unwrap();
    assert_eq!(rows.headers().unwrap(), vec!["scenario", "contender", "load_point", "repeat", "metric", "unit", "value", "doubts"]);
    let mut count = 0;
    for row in rows.records() {
        let row = row.unwrap();
        assert_eq!((&row[0], &row[2]), ("tiny", ""));
        assert!(["rest-poll", "rest-conditional", "xmpp-pubsub", "loopback"].contains(&&row[1]), "{row:?}");
        assert!(row[3] == *"all" || row[3] == *"1", "{row:?}");
        assert!(!row[4].is_empty() && !row[5].is_empty(), "{row:?}");
        let value: f64 = row[6].parse().unwrap_or_else(|_| panic!("no number: {row:?}"));
        assert!(!value.is_nan(), "{row:?}");
        count += 1;
    }
    assert!(count > 100, "{count} rows");
}

#[test]
fn selection_of_contenders_repeats_and_seed_is_heeded() {
    let (of_seven, _) = all_four();
    let of_seven = of_seven.recording();
    let run = |seed: &str| {
        let place = Place::with(&tiny(ALL_FOUR, &[("seed", "1"), ("span", "\"500ms\"")]));
        let run = place.run(&["--only", "loopback", "--repeats", "2", "--seed", seed]);
        assert_eq!(run.code, place.code(0), "{run:?}");
        let recording = place.recording();
        assert_eq!(recording.scenario.seed.to_string(), seed);
        assert_eq!((recording.contenders.len(), recording.trials_planned), (1, 2));
        let trials: Vec<(&str, u32)> = recording.trials.iter().map(|trial| (trial.contender.as_str(), trial.repeat)).collect();
        assert_eq!(trials, [("loopback", 1), ("loopback", 2)]);
        assert_eq!(recording.trials[0].trace_sha256, recording.trials[1].trace_sha256);
        recording.trials[0].trace_sha256.clone()
    };
    let (seven, eight) = (run("7"), run("8"));
    assert_ne!(seven, eight, "another seed, another trace");
    assert_eq!(seven, run("7"), "the same seed, the same trace");
    assert_ne!(seven, of_seven.trials[0].trace_sha256, "another span, another trace");
}

#[test]
fn a_sweep_runs_at_all_its_load_points() {
    let sweep = "[sweep]\n\"contender.loopback.delay\" = [\"1ms\", \"20ms\"]\n";
    let place = Place::with(&tiny(&format!("{LOOPBACK}{sweep}"), &[]));
    let run = place.run(&[]);
    assert_eq!(run.code, place.code(0), "{run:?}");
    let points = ["contender.loopback.delay=1ms", "contender.loopback.delay=20ms"];
    let recording = place.recording();
    let ran: Vec<&str> = recording.trials.iter().map(|trial| trial.load_point.as_str()).collect();
    assert_eq!(ran, points);
    let csv = fs::read_to_string(place.report().join("summary.csv")).unwrap();
    for point in points {
        assert!(csv.contains(&format!("tiny,loopback,{point},all,")), "{point}");
    }
    let median = |trial: usize| recording.trials[trial].times.latency.quantile(0.5).unwrap();
    assert!(median(1) > 0.02 && median(0) < median(1), "the swept value is in force: {} and {}", median(0), median(1));
    let check = ended(pushbench().arg("check").arg(place.scenario()));
    assert!(points.iter().all(|point| check.out.contains(point)), "{}", check.out);
}

#[test]
fn colour_is_for_terminals_and_not_where_it_is_not_wanted() {
    let (place, _) = all_four();
    let line = format!("'{}' report '{}' --format terminal", env!("CARGO_BIN_EXE_pushbench"), place.report().display());
    // script(1), part of every Debian, gives it a terminal.
    let shown = |no_colour: Option<&str>| {
        let mut script = Command::new("script");
        script.args(["-qec", &line, "/dev/null"]).env("TERM", "xterm-256color").env_remove("NO_COLOR").stdin(Stdio::null());
        if let Some(value) = no_colour {
            script.env("NO_COLOR", value);
        }
        ended(&mut script).out
    };
    let (colour, plain) = (shown(None), shown(Some("1")));
    assert!(colour.contains("Tiny") && colour.contains("\u{1b}["), "{colour:?}");
    assert!(plain.contains("Tiny") && !plain.contains("\u{1b}["), "{plain:?}");
}

#[test]
fn a_server_alone_says_where_it_is_and_ends_when_told() {
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        let mut serve = pushbench().args(["serve", "rest-poll"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(serve.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let address = line.strip_prefix("listening on ").and_then(|rest| rest.split_whitespace().next()).unwrap_or_else(|| panic!("{line}"));
        let mut client = std::net::TcpStream::connect(address).unwrap();
        client.write_all(b"GET /topics/none HTTP/1.1\r\nhost: here\r\n\r\n").unwrap();
        let mut answer = String::new();
        BufReader::new(client).read_line(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
        kill(Pid::from_raw(serve.id() as i32), signal).unwrap();
        let ended = serve.wait_with_output().unwrap();
        assert_eq!(ended.status.code(), Some(0));
        assert!(String::from_utf8_lossy(&ended.stderr).contains("subscribers: 1 connections, 1 requests"), "{ended:?}");
    }
}
