//! Doubts about cores: generators that have none left, and sides that take time from each other.

use super::Grade;
use super::causes::{Cause, EVERYTHING, TIMES_AND_CPU};
use super::found::Found;
use crate::measure::recording::{Role, SideRecord, Trial};
use crate::summary::thresholds::GENERATOR_BUSY;
use crate::units::significant;

pub const GENERATOR: Cause = Cause {
    name: "generator-busy",
    grades: &[Grade::Untrusted],
    raised_when: || format!("a core with a publisher or subscriber process is over {} % busy in the window", significant(GENERATOR_BUSY * 100.0, 3)),
    touches: EVERYTHING,
    remedy: "Lower the load, or add processes and cores.",
};
pub const SHARED_CORES: Cause = Cause {
    name: "shared-cores",
    grades: &[Grade::Note],
    raised_when: || "the server shares a core with another side, or publishers with subscribers".to_owned(),
    touches: TIMES_AND_CPU,
    remedy: "A machine with more cores keeps them apart.",
};

/// Those of a cell.
pub fn doubts(found: &mut Found<'_>) {
    let busiest = found.cell.trials.iter().filter_map(|trial| busiest_generator(trial)).max_by(|one, other| one.1.total_cmp(&other.1));
    if let Some((side, share)) = busiest.filter(|(_, share)| *share > GENERATOR_BUSY) {
        let figure = format!(
            "The core of the {} process was {} % busy: the generator is the bottleneck, not the server.",
            side.role.name(),
            significant(share * 100.0, 3)
        );
        found.untrusted(&GENERATOR, &figure);
    }
    if let Some((one, other, core)) = found.cell.trials.iter().find_map(|trial| sharing(trial)) {
        let figure = format!("The {one} and {} processes share core {core}: they take time from each other, and latencies contain that.", other.name());
        found.note(&SHARED_CORES, &figure);
    }
}

/// Who shares a core with whom, and which.
fn sharing(trial: &Trial) -> Option<(&'static str, Role, usize)> {
    let clients = trial.sides.iter().filter(|side| side.role != Role::Server);
    let core = |side: &SideRecord, other: &SideRecord| side.cores.iter().copied().find(|core| other.cores.contains(core));
    let servers = || trial.sides.iter().filter(|side| side.role == Role::Server);
    let with_server = clients.clone().find_map(|client| servers().find_map(|server| core(client, server)).map(|at| ("server", client.role, at)));
    with_server.or_else(|| {
        let publisher = clients.clone().find(|side| side.role == Role::Publisher)?;
        let subscriber = clients.clone().find(|side| side.role == Role::Subscriber)?;
        core(publisher, subscriber).map(|at| ("publisher", Role::Subscriber, at))
    })
}

/// The generator whose core is busiest in the window, and that core's load; a side is one thread.
fn busiest_generator(trial: &Trial) -> Option<(&SideRecord, f64)> {
    let load = |side: &SideRecord| side.cpu.as_ref().map_or(0.0, |cpu| cpu.window.total());
    let on_core = |side: &SideRecord| match side.cores.as_slice() {
        [_] => trial.sides.iter().filter(|other| other.cores == side.cores).map(load).sum(),
        _ => load(side),
    };
    let generators = trial.sides.iter().filter(|side| side.role != Role::Server);
    (trial.workload.window > 0.0)
        .then(|| generators.map(|side| (side, on_core(side) / trial.workload.window)).max_by(|one, other| one.1.total_cmp(&other.1)))?
}
