//! What tests of the command line share: the binary, a scenario of seconds, a run whose progress and processes can be watched.

#![allow(dead_code, reason = "each test file is a crate of its own and uses a part of this")]

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use pushbench::measure::recording::Recording;
use serde_json::Value;
use tempfile::TempDir;

/// Nothing in these tests takes so long, even on a busy machine; only a hang does.
pub const HANG: Duration = Duration::from_secs(60);

/// Doubts that a busy machine raises about any measurement, however right the program is.
const OF_A_BUSY_MACHINE: [&str; 7] = ["lag", "publish-lag", "beat-lag", "generator-busy", "foreign-load", "steal", "memory-pressure"];

/// Two pollers, a pusher and the control.
pub const ALL_FOUR: &str = "
    [[contender]]\nuse = \"rest-poll\"\ninterval = \"200ms\"
    [[contender]]\nuse = \"rest-conditional\"\ninterval = \"200ms\"
    [[contender]]\nuse = \"xmpp-pubsub\"
    [[contender]]\nuse = \"loopback\"\n";

/// A scenario of about a second for each trial. `changes` are keys of `[workload]` with other values.
pub fn tiny(rest: &str, changes: &[(&str, &str)]) -> String {
    let mut workload = vec![
        ("topology", "\"fan-in\""),
        ("topics", "20"),
        ("updates_per_active_topic", "2"),
        ("span", "\"1s\""),
        ("warm_up", "\"100ms\""),
        ("payload", "\"256 B\""),
        ("timeout", "\"500ms\""),
        ("seed", "7"),
    ];
    for (key, value) in changes {
        match workload.iter_mut().find(|(there, _)| there == key) {
            Some(there) => there.1 = value,
            None => workload.push((key, value)),
        }
    }
    let workload: String = workload.iter().map(|(key, value)| format!("{key} = {value}\n")).collect();
    format!("title = \"Tiny\"\nrepeats = 1\nbaseline = false\n[workload]\n{workload}{rest}")
}

/// The binary, in surroundings that the tests decide.
pub fn pushbench() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pushbench"));
    command.env_remove("NO_COLOR").env("RUST_BACKTRACE", "0").stdin(Stdio::null());
    command
}

/// Measures until nobody has spoilt it: a busy machine may do so, and not three times running. What is asked of the last is asked in full.
pub fn undisturbed<T>(measure: impl Fn() -> T, is_spoilt: impl Fn(&T) -> bool) -> T {
    let measured = measure();
    if !is_spoilt(&measured) {
        return measured;
    }
    let again = measure();
    if is_spoilt(&again) { measure() } else { again }
}

/// A command that has ended.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

/// Runs a command to its end.
pub fn ended(command: &mut Command) -> Ended {
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Ended { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

/// A folder with a scenario in it, and where its report goes.
pub struct Place {
    folder: TempDir,
}

impl Place {
    pub fn with(scenario: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("tiny.toml"), scenario).unwrap();
        Self { folder }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn scenario(&self) -> PathBuf {
        self.folder.path().join("tiny.toml")
    }

    pub fn report(&self) -> PathBuf {
        self.folder.path().join("report")
    }

    /// `pushbench run` of the scenario.
    pub fn command(&self) -> Command {
        let mut command = pushbench();
        command.arg("run").arg(self.scenario()).arg("--out").arg(self.report());
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Ended {
        ended(self.command().args(arguments))
    }

    pub fn recording(&self) -> Recording {
        Recording::read(&self.report()).unwrap()
    }

    /// The exit code that a run must have which would have this one on a calm machine.
    pub fn code(&self, calm: i32) -> Option<i32> {
        let summary: Value = serde_json::from_slice(&fs::read(self.report().join("summary.json")).unwrap()).unwrap();
        let mut untrusted = summary["doubts"].as_array().unwrap().iter().filter(|doubt| doubt["grade"] == "untrusted");
        let busy = untrusted.any(|doubt| OF_A_BUSY_MACHINE.iter().any(|cause| doubt["cause"] == *cause));
        Some(if busy { 4 } else { calm })
    }
}

/// A run under way.
pub struct Run {
    pub place: Place,
    child: Child,
    lines: Receiver<String>,
    heard: Vec<String>,
    out: Option<JoinHandle<String>>,
    seen: Vec<Process>,
}

impl Run {
    /// Starts a run whose progress is JSON.
    pub fn start(scenario: &str) -> Self {
        Self::start_with(scenario, &[])
    }

    /// The same with more arguments.
    pub fn start_with(scenario: &str, arguments: &[&str]) -> Self {
        let place = Place::with(scenario);
        let mut command = place.command();
        command.args(["--ui", "json"]).args(arguments);
        Self::of(place, command)
    }

    /// Watches a command that becomes a run with JSON progress, by `exec` where it is another at first.
    pub fn of(place: Place, mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (say, lines) = channel();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        std::thread::spawn(move || stderr.lines().map_while(Result::ok).try_for_each(|line| say.send(line)));
        let mut stdout = child.stdout.take().unwrap();
        let out = std::thread::spawn(move || {
            let mut text = String::new();
            stdout.read_to_string(&mut text).unwrap();
            text
        });
        Self { place, child, lines, heard: Vec::new(), out: Some(out), seen: Vec::new() }
    }

    /// Waits for a line of stderr.
    pub fn hears(&mut self, wanted: impl Fn(&str) -> bool) {
        let deadline = Instant::now() + HANG;
        loop {
            let line = self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now()));
            let line = line.unwrap_or_else(|_| panic!("not said: {:#?}", self.heard));
            let found = wanted(&line);
            self.heard.push(line);
            if found {
                return;
            }
        }
    }

    /// Waits until the window of a trial (from 1) is open; its sides: server, publishers, subscribers.
    pub fn under_load(&mut self, trial: u64) -> Vec<Process> {
        self.hears(|line| {
            let line: Value = serde_json::from_str(line).unwrap_or_default();
            line["trial"] == trial && line["phase"].as_str().is_some_and(|phase| phase.starts_with("window"))
        });
        self.sides()
    }

    /// Waits until a second of a trial's window is over; until then nothing of it needs to have been measured.
    pub fn a_second_into(&mut self, trial: u64) -> Vec<Process> {
        // A second is told when the next one begins: the last one of the warm-up, when the first of the window is over.
        self.hears(|line| {
            let line: Value = serde_json::from_str(line).unwrap_or_default();
            line["trial"] == trial && line["second"].is_i64()
        });
        self.sides()
    }

    /// Waits until it has so many sides.
    pub fn has_sides(&mut self, count: usize) -> Vec<Process> {
        until("sides", || self.sides().len() >= count);
        self.sides()
    }

    /// The sides that live now, in the order of their start: server, publishers, subscribers.
    pub fn sides(&mut self) -> Vec<Process> {
        let sides = children(self.child.id());
        self.seen.extend(&sides);
        sides
    }

    /// Its place, when it is over.
    pub fn into_place(mut self) -> Place {
        std::mem::replace(&mut self.place, Place::with(""))
    }

    /// The run's own process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id() as i32), signal).unwrap();
    }

    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Waits for the end; exit status, stdout, all of stderr. No side may have survived it.
    pub fn ends(&mut self) -> (ExitStatus, String, String) {
        until("end of the run", || !self.is_running());
        let status = self.child.wait().unwrap();
        until("end of all sides", || self.seen.iter().all(Process::is_gone));
        self.heard.extend(self.lines.iter());
        (status, self.out.take().unwrap().join().unwrap(), self.heard.join("\n"))
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        // A test that failed leaves nothing behind.
        self.seen.extend(children(self.child.id()));
        let _ = self.child.kill();
        let _ = self.child.wait();
        for side in self.seen.iter().filter(|side| !side.is_gone()) {
            let _ = kill(Pid::from_raw(side.id), Signal::SIGKILL);
        }
    }
}

/// A process: its id and its start, so that another one under the same id is not taken for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Process {
    pub id: i32,
    started: u64,
}

impl Process {
    pub fn signal(self, signal: Signal) {
        kill(Pid::from_raw(self.id), signal).unwrap();
    }

    /// Ended, whether or not somebody has asked how.
    pub fn is_gone(&self) -> bool {
        stat(self.id).is_none_or(|(state, _, started)| state == "Z" || state == "X" || started != self.started)
    }
}

fn children(parent: u32) -> Vec<Process> {
    let processes = fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let mut children: Vec<Process> = processes
        .filter_map(|id: i32| {
            let (state, its_parent, started) = stat(id)?;
            (its_parent == parent && state != "Z").then_some(Process { id, started })
        })
        .collect();
    children.sort_by_key(|process| (process.started, process.id));
    children
}

/// State, parent and start of a process (proc(5)).
fn stat(id: i32) -> Option<(String, u32, u64)> {
    let text = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    Some(((*fields.first()?).to_owned(), fields.get(1)?.parse().ok()?, fields.get(19)?.parse().ok()?))
}

/// Looks again and again until something holds.
pub fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + HANG;
    while !holds() {
        assert!(Instant::now() < deadline, "waited in vain for: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
