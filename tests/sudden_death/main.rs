//! Whatever dies, fills up, is closed or stands still, and in whichever phase of a run: the recording on disk can be read, the exit
//! code says what happened, no process and no temporary file is left, and nothing panics. The table of it in docs/reliability.md is
//! what these cases saw.
//!
//! Phases are held open (a stopped side, a named pipe in place of a file) and never hit by chance.

#[path = "../support/command.rs"]
mod command;
#[path = "../support/group.rs"]
mod group;
#[path = "../support/page.rs"]
mod page;
#[path = "../support/served.rs"]
mod served;

mod clocks;
mod files;
mod resources;
mod scene;
mod sides;
mod signals;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use scene::Seen;

/// One fault in one phase. `None` where this machine cannot do it, which has then been said.
struct Case {
    fault: &'static str,
    phase: &'static str,
    play: Box<dyn Fn() -> Option<Seen> + Send + Sync>,
}

impl Case {
    fn new(fault: &'static str, phase: &'static str, play: impl Fn() -> Seen + Send + Sync + 'static) -> Self {
        Self { fault, phase, play: Box::new(move || Some(play())) }
    }

    fn maybe(fault: &'static str, phase: &'static str, play: impl Fn() -> Option<Seen> + Send + Sync + 'static) -> Self {
        Self { fault, phase, play: Box::new(play) }
    }
}

/// Runs at once: they mostly wait, and no case hangs on a figure.
const AT_ONCE: usize = 12;

#[test]
fn whatever_dies_what_was_measured_stays() {
    let only = std::env::var("SUDDEN_DEATH_ONLY").unwrap_or_default();
    let all = [signals::cases(), sides::cases(), files::cases(), resources::cases(), clocks::cases()];
    let cases: Vec<Case> = all.into_iter().flatten().filter(|case| format!("{}, {}", case.fault, case.phase).contains(&only)).collect();
    let next = AtomicUsize::new(0);
    let played: Mutex<Vec<(usize, Option<Option<Seen>>)>> = Mutex::default();
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some((place, case)) = {
                    let place = next.fetch_add(1, Ordering::Relaxed);
                    cases.get(place).map(|case| (place, case))
                } {
                    let seen = catch_unwind(AssertUnwindSafe(|| (case.play)()));
                    played.lock().unwrap().push((place, seen.ok()));
                }
            });
        }
    });
    let mut played = played.into_inner().unwrap();
    played.sort_by_key(|(place, _)| *place);
    let failed: Vec<String> =
        played.iter().filter(|(_, seen)| seen.is_none()).map(|(place, _)| format!("{}, {}", cases[*place].fault, cases[*place].phase)).collect();
    assert!(failed.is_empty(), "{} of {} failed, each told above: {failed:#?}", failed.len(), cases.len());
    // A row for each fault and result; its phases beside each other.
    let mut rows: Vec<Vec<String>> = Vec::new();
    let mut whole = only.is_empty();
    for (place, seen) in &played {
        let Some(Some(seen)) = seen else {
            whole = false;
            continue;
        };
        let case = &cases[*place];
        let same = rows.iter_mut().find(|row| row[0] == case.fault && row[2] == seen.code && row[3] == seen.left);
        match same {
            Some(row) if row[1].ends_with(case.phase) => {}
            Some(row) => row[1] += &format!(", {}", case.phase),
            None => rows.push(vec![case.fault.to_owned(), case.phase.to_owned(), seen.code.clone(), seen.left.clone()]),
        }
    }
    // Where a case was skipped (never in CI), the table cannot be held.
    if whole {
        page::hold("reliability.md", "sudden-death", &["fault", "when", "exit code", "what is left"], &rows);
    }
}
