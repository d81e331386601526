//! Live progress on stderr: drawn on a thread of its own, at most four times a second, from a snapshot, so that drawing
//! does not disturb what is measured.

use std::io::{self, IsTerminal as _, Write as _};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::measure::recording::{Role, Second};
use crate::run::campaign::Progress;
use crate::run::trial::Event;
use crate::units;

/// How progress is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Ui {
    /// Drawn on a terminal, plain elsewhere
    Auto,
    /// A line every few seconds, without escape codes
    Plain,
    /// A JSON object a second, one a line
    Json,
}

/// What is going on, as far as it is shown.
#[derive(Clone, Default)]
struct Status {
    trial: usize,
    trials: usize,
    name: String,
    step: Step,
    /// The latest second that all sides have finished, as far as known.
    second: Option<Second>,
    open: Option<Second>,
    /// Counts seconds, so that a watcher knows a new one.
    seconds: u64,
    /// Counts steps: whoever reads JSON is told each at once.
    steps: u64,
    over: bool,
}

#[derive(Clone, Default)]
enum Step {
    #[default]
    Starting,
    Preparing(Role),
    Probing,
    Saving,
    Running {
        since: Option<Instant>,
        warm_up: f64,
        window: f64,
        drain: f64,
    },
}

/// The thread that draws; ends when dropped.
pub struct Painter {
    shared: Arc<(Mutex<Status>, Condvar)>,
    thread: Option<JoinHandle<()>>,
}

impl Painter {
    /// Starts to draw.
    pub fn start(ui: Ui) -> Self {
        let shared = Arc::new((Mutex::new(Status::default()), Condvar::new()));
        let seen = Arc::clone(&shared);
        let drawn = ui == Ui::Auto && io::stderr().is_terminal();
        // Where the system has no thread left, the run goes on unwatched.
        let thread = std::thread::Builder::new().name("progress".to_owned()).spawn(move || match (ui, drawn) {
            (Ui::Json, _) => lines(&seen, Duration::from_secs(1), true, json),
            (_, true) => draw(&seen),
            (_, false) => lines(&seen, Duration::from_secs(5), false, plain),
        });
        Self { shared, thread: thread.ok() }
    }

    /// Notes what happens. Cheap: the lock is held for moments only, by this and by the painter.
    #[expect(clippy::disallowed_methods, reason = "for the bar on the screen alone: no figure comes from it")]
    pub fn note(&self, progress: &Progress<'_>) {
        let mut status = lock(&self.shared.0);
        match progress {
            Progress::Trial { number, of, planned } => {
                *status = Status { trial: *number, trials: *of, name: planned.shown(), steps: status.steps, ..Status::default() };
            }
            Progress::Event(Event::Preparing(role)) => status.step = Step::Preparing(*role),
            Progress::Event(Event::Probing) => status.step = Step::Probing,
            Progress::Saving => status.step = Step::Saving,
            Progress::Event(Event::Started { warm_up, window, drain }) => {
                status.step = Step::Running { since: Some(Instant::now()), warm_up: *warm_up, window: *window, drain: *drain };
            }
            Progress::Event(Event::Second(second)) => {
                let status = &mut *status;
                match &mut status.open {
                    Some(open) if open.second == second.second => open.merge(second),
                    open => {
                        if let Some(closed) = open.replace((**second).clone()) {
                            status.second = Some(closed);
                            status.seconds += 1;
                        }
                    }
                }
                return;
            }
        }
        status.steps += 1;
        drop(status);
        self.shared.1.notify_all();
    }
}

impl Drop for Painter {
    fn drop(&mut self) {
        lock(&self.shared.0).over = true;
        self.shared.1.notify_all();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn lock(status: &Mutex<Status>) -> MutexGuard<'_, Status> {
    status.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits for `period`, a step beyond the last that was told, or the end; the status then, `None` at the end.
fn wait(shared: &(Mutex<Status>, Condvar), period: Duration, told: u64) -> Option<Status> {
    let status = shared.1.wait_timeout_while(lock(&shared.0), period, |status| !status.over && status.steps <= told);
    let (status, _) = status.unwrap_or_else(PoisonError::into_inner);
    (!status.over).then(|| status.clone())
}

fn lines(shared: &(Mutex<Status>, Condvar), period: Duration, each_step: bool, line: impl Fn(&Status) -> String) {
    let mut told = if each_step { 0 } else { u64::MAX };
    while let Some(status) = wait(shared, period, told) {
        told = told.max(status.steps);
        // Nobody reads stderr any more: that is no reason to end a measurement.
        let _ = writeln!(io::stderr(), "{}", line(&status));
    }
}

fn draw(shared: &(Mutex<Status>, Condvar)) {
    let bar = ProgressBar::with_draw_target(Some(1000), ProgressDrawTarget::stderr_with_hz(4));
    // The template is a constant; a slip in it would show in every run.
    if let Ok(style) = ProgressStyle::with_template("{prefix:.bold} {bar:24.blue/dim} {msg}") {
        bar.set_style(style.progress_chars("━╸─"));
    }
    while let Some(status) = wait(shared, Duration::from_millis(250), u64::MAX) {
        bar.set_prefix(format!("[{}/{}] {}", status.trial, status.trials, status.name));
        bar.set_position((status.share() * 1000.0) as u64);
        bar.set_message(status.what());
    }
    bar.finish_and_clear();
}

impl Status {
    fn share(&self) -> f64 {
        match self.step {
            Step::Running { since: Some(since), warm_up, window, drain } => (since.elapsed().as_secs_f64() / (warm_up + window + drain)).min(1.0),
            _ => 0.0,
        }
    }

    /// Which phase, and how far into it.
    fn phase(&self) -> String {
        match self.step {
            Step::Starting => "starting".to_owned(),
            Step::Preparing(Role::Server) => "starting the server".to_owned(),
            Step::Preparing(Role::Publisher) => "creating topics".to_owned(),
            Step::Preparing(Role::Subscriber) => "connecting subscribers".to_owned(),
            Step::Probing => "probing".to_owned(),
            Step::Saving => "saving".to_owned(),
            Step::Running { since, warm_up, window, drain } => {
                let passed = since.map_or(0.0, |since| since.elapsed().as_secs_f64());
                let (name, at, of) = if passed < warm_up {
                    ("warm-up", passed, warm_up)
                } else if passed < warm_up + window {
                    ("window", passed - warm_up, window)
                } else {
                    ("drain", (passed - warm_up - window).min(drain), drain)
                };
                format!("{name} {at:.0} of {of:.0} s")
            }
        }
    }

    fn what(&self) -> String {
        let Some(second) = &self.second else { return self.phase() };
        let latency = second.latency.as_ref().and_then(|latency| latency.quantile(0.99));
        let latency = latency.map_or_else(String::new, |seconds| format!(" · p99 {}", units::show_seconds(seconds)));
        format!(
            "{} · {} messages/s · {} deliveries/s{latency}",
            self.phase(),
            units::show_count(second.messages as i64),
            units::show_count(second.deliveries as i64)
        )
    }
}

fn plain(status: &Status) -> String {
    format!("[{}/{}] {}: {}", status.trial, status.trials, status.name, status.what())
}

fn json(status: &Status) -> String {
    let second = status.second.as_ref();
    serde_json::json!({
        "trial": status.trial,
        "trials": status.trials,
        "name": status.name,
        "phase": status.phase(),
        "share": status.share(),
        "second": second.map(|second| second.second),
        "messages": second.map(|second| second.messages),
        "requests": second.map(|second| second.requests),
        "deliveries": second.map(|second| second.deliveries),
        "latency_p99_seconds": second.and_then(|second| second.latency.as_ref()?.quantile(0.99)),
        "cpu_seconds": second.map(|second| serde_json::json!({
            "server": second.cpu.server, "publisher": second.cpu.publisher, "subscriber": second.cpu.subscriber,
        })),
    })
    .to_string()
}
