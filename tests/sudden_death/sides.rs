//! A side that dies or falls silent, in each phase of a trial.

use nix::sys::signal::Signal;

use crate::Case;
use crate::command::tiny;
use crate::scene::{PUSH, Phase, Scene, Seen};

const NAMES: [&str; 3] = ["server side 0", "publisher side 0", "subscriber side 0"];
const KILLED: [&str; 3] = ["the server side is killed (SIGKILL)", "a publisher side is killed", "a subscriber side is killed"];
const STOPPED: [&str; 3] = ["the server side is stopped (SIGSTOP)", "a publisher side is stopped", "a subscriber side is stopped"];

pub fn cases() -> Vec<Case> {
    let killed = (0..3).flat_map(|place| {
        Phase::ALL.into_iter().filter(move |phase| place < phase.sides()).map(move |phase| Case::new(KILLED[place], phase.name(), move || kill(place, phase)))
    });
    let stopped = (0..3).map(|place| Case::new(STOPPED[place], "window", move || stop(place)));
    killed.chain(stopped).collect()
}

/// The first trial is over, the second one's side dies.
fn kill(place: usize, phase: Phase) -> Seen {
    let (scene, sides) = Scene::in_phase(phase);
    sides[place].signal(Signal::SIGKILL);
    let named = format!("error: xmpp-pubsub, repeat 1: the {} died {} (signal: 9 (SIGKILL))", NAMES[place], phase.told());
    scene.ends().without_draft().expect(3, &[&named]).seen()
}

fn stop(place: usize) -> Seen {
    // The window is open for longer, and others wait for an answer for longer, than silence is borne.
    let mut scene = Scene::start(&tiny(PUSH, &[("span", "\"10s\""), ("timeout", "\"10s\"")]));
    scene.reaches(1, Phase::Window)[place].signal(Signal::SIGSTOP);
    let named = format!("the {} did not answer while the load ran within 3 s", NAMES[place]);
    scene.ends().without_draft().expect(3, &[&named]).seen()
}
