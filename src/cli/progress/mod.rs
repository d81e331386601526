//! What is seen of a run while it goes on, on stderr: drawn on a thread of its own, at most four times a second, from a snapshot, so that
//! drawing does not disturb what is measured.
//!
//! `status` keeps what is heard of the run, `view` makes text of it, `screen` puts that on a terminal; all three are pure. The thread stays on the
//! harness's core, off the server's. What it shows of a second, the sides tell at its end anyhow, save two counts: see [`crate::run::message::Live`].

mod screen;
mod status;
mod view;

use std::io::{self, IsTerminal as _, Write as _};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use clap::ValueEnum;

use super::colour_wanted;
use crate::run::campaign::Progress;
use screen::Screen;
use status::{Status, View};

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

/// Between two pictures on a terminal.
const FRAME: Duration = Duration::from_millis(250);
/// Between two plain lines.
const PLAIN: Duration = Duration::from_secs(5);
/// Between two JSON objects, unless a step is told.
const JSON: Duration = Duration::from_secs(1);

/// The thread that draws; ends when dropped, and leaves nothing of what it has drawn.
pub struct Painter {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
    drawn: bool,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    began: Instant,
}

struct State {
    status: Status,
    /// What is to be said above the picture.
    said: Vec<String>,
    over: bool,
}

impl Painter {
    /// Starts to draw. `estimates`: what each trial is thought to take, in seconds, in their order.
    #[expect(clippy::disallowed_methods, reason = "for the picture alone: no figure comes from it")]
    pub fn start(ui: Ui, estimates: Vec<f64>) -> Self {
        let state = State { status: Status::new(estimates), said: Vec::new(), over: false };
        let shared = Arc::new(Shared { state: Mutex::new(state), changed: Condvar::new(), began: Instant::now() });
        let seen = Arc::clone(&shared);
        // A terminal that knows no escape codes is written to as a file is.
        let drawn = ui == Ui::Auto && io::stderr().is_terminal() && !console::is_dumb();
        // Where the system has no thread left, the run goes on unwatched.
        let thread = std::thread::Builder::new().name("progress".to_owned()).spawn(move || match (ui, drawn) {
            (Ui::Json, _) => lines(&seen, JSON, true, view::json),
            (_, true) => draw(&seen),
            (_, false) => lines(&seen, PLAIN, false, view::plain),
        });
        let thread = thread.ok();
        Self { shared, drawn: drawn && thread.is_some(), thread }
    }

    /// Notes what happens. Cheap: the lock is held for moments only, by this and by the painter.
    pub fn note(&self, progress: &Progress<'_>) {
        let now = self.shared.now();
        let is_step = self.shared.lock().status.note(progress, now);
        if is_step {
            self.shared.changed.notify_all();
        }
    }

    /// Says something to the user, so that no picture lies over it.
    pub fn say(&self, words: &str) {
        if self.drawn {
            self.shared.lock().said.push(words.to_owned());
        } else {
            // Behind the `^C` that a terminal has put there.
            let gap = if io::stderr().is_terminal() { "\n" } else { "" };
            write(&format!("{gap}{words}\n"));
        }
    }
}

impl Drop for Painter {
    fn drop(&mut self) {
        self.shared.lock().over = true;
        self.shared.changed.notify_all();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for `period`, a step beyond the last that was told, or the end.
    fn wait(&self, period: Duration, told: u64) -> MutexGuard<'_, State> {
        let waited = self.changed.wait_timeout_while(self.lock(), period, |state| !state.over && state.status.steps() <= told);
        waited.unwrap_or_else(PoisonError::into_inner).0
    }

    /// Seconds since the beginning.
    fn now(&self) -> f64 {
        self.began.elapsed().as_secs_f64()
    }
}

/// Writes in one piece. Where nobody reads stderr any more, that is no reason to end a measurement.
fn write(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

fn lines(shared: &Shared, period: Duration, each_step: bool, line: fn(&View) -> String) {
    let mut told = if each_step { 0 } else { u64::MAX };
    loop {
        let state = shared.wait(period, told);
        if state.over {
            return;
        }
        told = told.max(state.status.steps());
        let view = state.status.look(shared.now());
        drop(state);
        write(&format!("{}\n", line(&view)));
    }
}

fn draw(shared: &Shared) {
    let mut screen = Screen::default();
    let colour = colour_wanted();
    loop {
        let mut state = shared.wait(FRAME, u64::MAX);
        let (over, said, view) = (state.over, std::mem::take(&mut state.said), state.status.look(shared.now()));
        drop(state);
        let (rows, columns) = console::Term::stderr().size_checked().unwrap_or((24, 80));
        let mut picture = if over { Vec::new() } else { view::picture(&view, columns.into(), colour) };
        // What is higher than the terminal could not be drawn over.
        picture.truncate(usize::from(rows).saturating_sub(1));
        write(&screen.show(&said, &picture));
        if over {
            return;
        }
    }
}
