//! Signals to the run itself: from the user, from the terminal, and those that nobody can catch.

use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};

use nix::sys::signal::Signal;
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use pushbench::measure::recording::State;

use crate::Case;
use crate::command::{Place, ended, pushbench, tiny, until};
use crate::scene::{Over, PUSH, Phase, QUICK, Scene, Seen, readable};

const KILLED: &str = "the run itself is killed (SIGKILL)";
const ONCE: &str = "Ctrl-C once (SIGINT)";
const TWICE: &str = "Ctrl-C twice";

pub fn cases() -> Vec<Case> {
    let each = |fault: &'static str, play: fn(Phase) -> Seen| Phase::ALL.map(|phase| Case::new(fault, phase.name(), move || play(phase)));
    let mut cases: Vec<Case> = Vec::new();
    cases.extend(each(KILLED, |phase| in_phase(phase, &[Signal::SIGKILL])));
    cases.push(Case::new(KILLED, "saving", killed_while_saving));
    cases.push(Case::new(KILLED, "between trials", || between(Signal::SIGKILL)));
    cases.push(Case::new(KILLED, "reports", || while_reports(Signal::SIGKILL, None)));
    cases.extend(each(ONCE, |phase| in_phase(phase, &[Signal::SIGINT])));
    cases.push(Case::new(ONCE, "between trials", || between(Signal::SIGINT)));
    cases.push(Case::new(ONCE, "reports", || while_reports(Signal::SIGINT, Some(130))));
    cases.extend(each(TWICE, |phase| in_phase(phase, &[Signal::SIGINT, Signal::SIGINT])));
    cases.push(Case::new("SIGTERM", "window", || in_phase(Phase::Window, &[Signal::SIGTERM])));
    cases.push(Case::new("SIGHUP, once or twice", "window", || in_phase(Phase::Window, &[Signal::SIGHUP])));
    cases.push(Case::new("SIGHUP, once or twice", "window", || in_phase(Phase::Window, &[Signal::SIGHUP, Signal::SIGHUP])));
    cases.push(Case::new("SIGHUP under `nohup`", "window", under_nohup));
    cases.push(Case::maybe("Ctrl-C typed at a terminal", "window", || at_a_terminal(true)));
    cases.push(Case::maybe("the terminal is closed", "window", || at_a_terminal(false)));
    cases.push(Case::new("nobody reads stdout and stderr any more", "from the beginning", readers_gone));
    cases
}

/// The first trial is over; the second one is in the phase.
fn in_phase(phase: Phase, signals: &[Signal]) -> Seen {
    let (mut scene, sides) = Scene::in_phase(phase);
    if signals == [Signal::SIGINT, Signal::SIGINT] {
        // A side that does not answer, so that there is something to end at once.
        sides[sides.len() - 1].signal(Signal::SIGSTOP);
    }
    scene.run.signal(signals[0]);
    if let [_, second] = signals {
        scene.run.hears(|line| line.contains("once more ends at once"));
        scene.run.signal(*second);
    }
    let over = scene.ends().without_draft();
    let recording = over.recording.as_ref().unwrap();
    match signals {
        [Signal::SIGKILL] => assert_eq!((over.code, &recording.state), (None, &State::Running)),
        [Signal::SIGINT, Signal::SIGINT] => {
            assert!(over.err.contains("error: ended at once; what was measured before is in") && over.code == Some(130), "{}", over.err)
        }
        _ => assert!(over.err.contains("interrupted") && over.code == Some(130), "{}", over.err),
    }
    assert!(recording.trials[0].complete);
    over.seen()
}

/// The recording cannot be written to its end, as a full pipe is in its place; what a killed run leaves does not bother the next.
fn killed_while_saving() -> Seen {
    let mut scene = Scene::start(&tiny(QUICK, &[]));
    scene.hears(1, "window");
    let draft = scene.run.place.report().join(".recording.json.draft");
    mkfifo(&draft, Mode::S_IRWXU).unwrap();
    scene.hears(1, "saving");
    scene.run.signal(Signal::SIGKILL);
    let over = scene.ends();
    assert!(over.recording.is_none() && over.code.is_none());
    fs::remove_file(&draft).unwrap();
    fs::write(&draft, "{\"schema\":").unwrap();
    let again = over.place.run(&[]);
    assert!(again.code == over.place.code(0) && !draft.exists(), "{again:?}");
    assert_eq!(readable(&over.place.report()).state, State::Complete);
    let Seen { code, .. } = over.seen();
    Seen { code, left: "`.recording.json.draft`, which the next run into that folder replaces".to_owned() }
}

fn between(signal: Signal) -> Seen {
    let scene = Scene::start(&tiny(&format!("{QUICK}{PUSH}"), &[]));
    let recording = scene.run.place.report().join("recording.json");
    until("the first trial's recording", || recording.exists());
    scene.run.signal(signal);
    let over = scene.ends().without_draft();
    assert_eq!(over.code, (signal == Signal::SIGINT).then_some(130), "{}", over.err);
    over.seen()
}

/// The first file of the report cannot be written to its end.
fn while_reports(signal: Signal, code: Option<i32>) -> Seen {
    let mut scene = Scene::start(&tiny(QUICK, &[]));
    scene.hears(1, "window");
    mkfifo(&scene.run.place.report().join("summary.csv"), Mode::S_IRWXU).unwrap();
    complete(&scene);
    scene.run.signal(signal);
    let over = scene.ends().without_draft();
    assert_eq!(over.code, code, "{}", over.err);
    if code.is_some() {
        assert!(over.err.contains("ended while reports were made; the recording is saved: `pushbench report"), "{}", over.err);
    }
    over.seen()
}

/// Waits until all is measured and saved.
fn complete(scene: &Scene) {
    until("a complete recording", || {
        let report = scene.run.place.report();
        report.join("recording.json").exists() && scene.run.place.recording().state == State::Complete
    });
}

fn under_nohup() -> Seen {
    let mut scene = Scene::start_with(Place::with(&tiny(QUICK, &[])), &["sh", "-c", "trap '' HUP; exec \"$@\"", "sh"], &[]);
    scene.hears(1, "window");
    scene.run.signal(Signal::SIGHUP);
    scene.ends().without_draft().finished()
}

/// `script` gives the run a terminal of its own; what it reads is typed there, and its end closes the terminal.
fn at_a_terminal(typed: bool) -> Option<Seen> {
    if Command::new("script").arg("--version").stdout(Stdio::null()).status().is_err() {
        crate::served::skipped("`script` of util-linux is missing");
        return None;
    }
    let place = Place::with(&tiny(&format!("{QUICK}{PUSH}"), &[("span", "\"2s\"")]));
    let (code, binary) = (place.path().join("code"), env!("CARGO_BIN_EXE_pushbench"));
    // A shell of a user hands a hang-up on to what runs in it. Its first wait ends with the signal, its second with the run.
    let line = format!(
        "trap : INT; trap 'kill -HUP $run' HUP; '{binary}' run '{}' --out '{}' & run=$!; wait $run; wait $run; echo $? > '{}'",
        place.scenario().display(),
        place.report().display(),
        code.display()
    );
    let mut script =
        Command::new("script").args(["-qec", &line, "/dev/null"]).env("SHELL", "/bin/sh").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let recording = place.report().join("recording.json");
    until("the first trial", || recording.exists());
    // The second one's load.
    std::thread::sleep(std::time::Duration::from_millis(1500));
    let mut keyboard = script.stdin.take().unwrap();
    if typed {
        keyboard.write_all(b"\x03").unwrap();
    } else {
        script.kill().unwrap();
    }
    until("the exit code", || fs::read_to_string(&code).is_ok_and(|text| text.ends_with('\n')));
    drop(keyboard);
    let output = script.wait_with_output().unwrap();
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(!shown.contains("panicked"), "{shown}");
    let code = fs::read_to_string(&code).unwrap().trim().parse().unwrap();
    let recording = Some(readable(&place.report()));
    Some(Over { place, code: Some(code), out: shown, err: String::new(), recording }.without_draft().expect(130, &[]).seen())
}

fn readers_gone() -> Seen {
    let place = Place::with(&tiny("[[contender]]\nuse = \"rest-poll\"\ninterval = \"200ms\"\n", &[]));
    let mut run = place.command().args(["--ui", "json"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // As `2>&1 | head -0` does: pipes whose readers are gone before the first word.
    drop(run.stdout.take());
    drop(run.stderr.take());
    let code = run.wait().unwrap().code();
    // No streams at all.
    let line = format!("exec '{}' report '{}' >&- 2>&-", env!("CARGO_BIN_EXE_pushbench"), place.report().display());
    assert_eq!(Command::new("sh").args(["-c", &line]).status().unwrap().code(), place.code(0));
    let recording = Some(readable(&place.report()));
    assert_eq!(ended(pushbench().arg("report").arg(place.report())).code, place.code(0));
    Over { place, code, out: String::new(), err: String::new(), recording }.finished()
}
