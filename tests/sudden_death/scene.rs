//! A run to which something happens, and what must hold afterwards whatever it was.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use nix::sys::signal::Signal;
use pushbench::measure::recording::{Recording, State};
use serde_json::Value;
use tempfile::TempDir;

use crate::command::{Place, Process, Run, ended, pushbench, tiny, until};

/// Where a run is when something happens to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    Server,
    Publisher,
    Subscriber,
    Probe,
    WarmUp,
    Window,
    Drain,
}

impl Phase {
    pub const ALL: [Self; 7] = [Self::Server, Self::Publisher, Self::Subscriber, Self::Probe, Self::WarmUp, Self::Window, Self::Drain];

    /// For the table.
    pub fn name(self) -> &'static str {
        match self {
            Self::Server => "server set up",
            Self::Publisher => "publishers set up",
            Self::Subscriber => "subscribers set up",
            Self::Probe => "probe",
            Self::WarmUp => "warm-up",
            Self::Window => "window",
            Self::Drain => "drain",
        }
    }

    /// What progress says of it.
    fn progress(self) -> &'static str {
        match self {
            Self::Server => "starting the server",
            Self::Publisher => "creating topics",
            Self::Subscriber => "connecting subscribers",
            Self::Probe => "probing",
            other => other.name(),
        }
    }

    /// What errors say of it.
    pub fn told(self) -> &'static str {
        match self {
            Self::Server => "while the server was set up",
            Self::Publisher => "while topics were created",
            Self::Subscriber => "while subscribers were set up",
            Self::Probe => "while the probe update was under way",
            _ => "while the load ran",
        }
    }

    /// How many sides there are: the server, the publisher, the subscriber.
    pub fn sides(self) -> usize {
        match self {
            Self::Server => 1,
            Self::Publisher => 2,
            _ => 3,
        }
    }
}

/// What a case saw, for the table.
pub struct Seen {
    pub code: String,
    pub left: String,
}

/// A run to which something happens.
pub struct Scene {
    pub run: Run,
    mark: String,
    temporary: TempDir,
}

/// A scene that is over.
pub struct Over {
    pub place: Place,
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
    pub recording: Option<Recording>,
}

/// A trial without sides, of a second; and one of a server, a publisher and a subscriber.
pub const QUICK: &str = "[[contender]]\nuse = \"loopback\"\n";
pub const PUSH: &str = "[[contender]]\nuse = \"xmpp-pubsub\"\n";

/// A scenario of both, in which this phase is long enough to be seen.
fn roomy(phase: Phase) -> String {
    let changes: &[_] = match phase {
        Phase::WarmUp => &[("warm_up", "\"1500ms\"")],
        Phase::Window => &[("span", "\"2s\"")],
        Phase::Drain => &[("timeout", "\"1800ms\"")],
        _ => &[],
    };
    tiny(&format!("{QUICK}{PUSH}"), changes)
}

impl Scene {
    pub fn start(scenario: &str) -> Self {
        Self::start_with(Place::with(scenario), &[], &[])
    }

    /// `before` are the words of a command that becomes the run.
    pub fn start_with(place: Place, before: &[&str], arguments: &[&str]) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let mark = format!("{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let temporary = tempfile::tempdir().unwrap();
        let run = place.command();
        let mut words = before.iter().map(|word| (*word).to_owned().into()).chain([run.get_program().to_owned()]);
        let mut command = Command::new(words.next().unwrap());
        command.args(words).args(run.get_args()).args(["--ui", "json"]).args(arguments);
        command.env("RUST_BACKTRACE", "0").env("SUDDEN_DEATH", &mark).env("TMPDIR", temporary.path()).stdin(std::process::Stdio::null());
        Self { run: Run::of(place, command), mark, temporary }
    }

    /// Waits until progress says so of a trial (from 1).
    pub fn hears(&mut self, trial: u64, phase: &str) {
        self.run.hears(|line| {
            let line: Value = serde_json::from_str(line).unwrap_or_default();
            line["trial"] == trial && line["phase"].as_str().is_some_and(|told| told.starts_with(phase))
        });
    }

    /// A run whose second trial is in a phase, and its sides. Where a side was faster than could be looked, another try.
    pub fn in_phase(phase: Phase) -> (Self, Vec<Process>) {
        for _ in 0..5 {
            let mut scene = Self::start(&roomy(phase));
            let sides = scene.reaches(2, phase);
            if sides.len() == phase.sides() {
                return (scene, sides);
            }
        }
        panic!("{phase:?} was over each time before it could be held");
    }

    /// Waits until a trial is in a phase, and sees to it that it stays there until something is done about it; its sides.
    pub fn reaches(&mut self, trial: u64, phase: Phase) -> Vec<Process> {
        match phase {
            // A side that does not get ready.
            Phase::Server | Phase::Publisher | Phase::Subscriber => {
                self.has(phase.sides())[phase.sides() - 1].signal(Signal::SIGSTOP);
            }
            // A probe that is not sent: the publisher is ready when the subscriber starts.
            Phase::Probe => self.has(3)[1].signal(Signal::SIGSTOP),
            _ => {}
        }
        self.hears(trial, phase.progress());
        self.run.sides()
    }

    /// Waits for so many sides, as closely as can be. A process that was forked and is not a side yet must not be stopped: who forked
    /// it waits for it. Nor one that has not told the kernel yet to end it with the run, which it does just before it takes its name
    /// (as /proc/self/exe it is called "exe" until then): stopped, it could neither tell nor see the end of its pipe.
    fn has(&mut self, sides: usize) -> Vec<Process> {
        let mut found = Vec::new();
        until("sides", || {
            found = self.run.sides();
            let last = found.get(sides - 1).and_then(|side| fs::read(format!("/proc/{}/cmdline", side.id)).ok());
            let named = found.get(sides - 1).and_then(|side| fs::read(format!("/proc/{}/comm", side.id)).ok());
            last.is_some_and(|words| words.starts_with(b"pushbench\0side\0")) && named.is_some_and(|name| name == b"pushbench\n")
        });
        found
    }

    /// Waits for the end, and holds what was left to what is promised.
    pub fn ends(mut self) -> Over {
        let (status, out, err) = self.run.ends();
        until("the end of every process of the run", || !self.any_process());
        assert!(!err.contains("panicked") && !err.contains("RUST_BACKTRACE"), "{err}");
        let left: Vec<_> = fs::read_dir(self.temporary.path()).unwrap().collect();
        assert!(left.is_empty(), "temporary files: {left:?}");
        let report = self.run.place.report();
        let recording = report.join("recording.json").exists().then(|| readable(&report));
        Over { place: self.run.into_place(), code: status.code(), out, err, recording }
    }

    /// Whether any process, zombies apart, still has this run's mark in its environment.
    fn any_process(&self) -> bool {
        let mark = format!("SUDDEN_DEATH={}", self.mark);
        let processes = fs::read_dir("/proc").unwrap().filter_map(|entry| fs::read(entry.ok()?.path().join("environ")).ok());
        processes.into_iter().any(|environment| environment.split(|byte| *byte == 0).any(|entry| entry == mark.as_bytes()))
    }
}

/// The recording in a folder, which `pushbench report` must read as well.
pub fn readable(folder: &Path) -> Recording {
    let recording = Recording::read(folder).unwrap();
    let shown = ended(pushbench().arg("report").arg(folder).args(["--format", "terminal"]));
    assert!(matches!(shown.code, Some(0 | 1 | 4)), "{shown:?}");
    recording
}

impl Over {
    /// No half-written recording beside the whole one.
    #[track_caller]
    pub fn without_draft(self) -> Self {
        assert!(!self.place.report().join(".recording.json.draft").exists());
        self
    }

    /// The exit code, and words that standard error must have.
    #[track_caller]
    pub fn expect(self, code: i32, words: &[&str]) -> Self {
        assert_eq!(self.code, Some(code), "{}", self.err);
        for word in words {
            assert!(self.err.contains(word), "no {word:?} in {}", self.err);
        }
        self
    }

    /// Fine, or no finer than the machine allowed.
    #[track_caller]
    pub fn finished(self) -> Seen {
        assert_eq!(self.code, self.place.code(0), "{}", self.err);
        let left = self.left();
        Seen { code: "as the figures deserve".to_owned(), left }
    }

    /// For the table.
    #[track_caller]
    pub fn seen(self) -> Seen {
        Seen { code: self.code.map_or("none: killed".to_owned(), |code| code.to_string()), left: self.left() }
    }

    fn left(&self) -> String {
        let Some(recording) = &self.recording else { return "no recording".to_owned() };
        let state = match &recording.state {
            State::Running => "not ended",
            State::Complete => "complete",
            State::Interrupted => "interrupted",
            State::Failed(_) => "failed",
        };
        let complete = recording.trials.iter().filter(|trial| trial.complete).count();
        let cut = if complete < recording.trials.len() { ", and the cut one, marked" } else { "" };
        format!("recording, {state}: {complete} of {} trials{cut}", recording.trials_planned)
    }
}
