//! Whole trials within a test's own thread: in real time over real sockets, or in virtual time in memory.

use std::path::Path;
use std::rc::Rc;

use pushbench::cli::REGISTRY;
use pushbench::measure::clock::{Clock, RealClock};
use pushbench::measure::handicap::Handicap;
use pushbench::measure::recording::{Trial, TrialKind};
use pushbench::measure::virtual_clock::VirtualClock;
use pushbench::random::{Purpose, Random};
use pushbench::run::launch::Launcher;
use pushbench::run::network::Network;
use pushbench::run::trial::{self, Order};
use pushbench::scenario::{LoadPoint, Registry, Scenario};
use pushbench::trace::Trace;
use tokio_util::sync::CancellationToken;

/// Runs the first contender of a scenario in virtual time.
pub fn in_virtual_time(text: &str) -> Trial {
    in_virtual_time_with(text, REGISTRY)
}

/// The same with contenders of one's own.
pub fn in_virtual_time_with(text: &str, registry: Registry) -> Trial {
    let clock = VirtualClock::default();
    checked(clock.run(run(text, registry, Rc::new(clock.clone()))).expect("somebody always waits for something"))
}

/// Runs the first contender of a scenario in real time.
pub async fn in_real_time(text: &str) -> Trial {
    // What a machine is too busy to publish in time says nothing of a contender: one that cannot publish cannot do it thrice.
    for _ in 0..2 {
        let trial = run(text, REGISTRY, Rc::new(RealClock)).await;
        if trial.published == trial.updates {
            return checked(trial);
        }
    }
    checked(run(text, REGISTRY, Rc::new(RealClock)).await)
}

/// A trial whose own checks hold.
fn checked(trial: Trial) -> Trial {
    for check in &trial.checks {
        assert!(check.holds, "{}: {check:?}", trial.contender);
    }
    trial
}

async fn run(text: &str, registry: Registry, clock: Rc<dyn Clock>) -> Trial {
    let scenario = Scenario::parse(text, "test.toml", Path::new(""), registry).unwrap_or_else(|error| panic!("{error}"));
    let trace = Trace::new(&scenario).expect("no file is involved");
    let entry = &scenario.contenders[0];
    let protocol = entry.contender.protocol(&entry.values).expect("settings that the scenario has checked");
    let shared = protocol.in_memory().then(|| Rc::clone(&protocol));
    let launcher = Launcher::Tasks { clock: Rc::clone(&clock), registry, protocol: shared };
    let order = Order {
        scenario: &scenario,
        load_point: &LoadPoint::default(),
        contender: 0,
        repeat: 1,
        kind: TrialKind::Measured,
        protocol: &*protocol,
        launcher: &launcher,
        clock,
        cores: &[],
        network: &Network::default(),
        handicap: Handicap::default(),
        interrupt: CancellationToken::new(),
    };
    let trial = trial::run(&order, &trace, &|_| {}).await;
    let trial = trial.unwrap_or_else(|error| panic!("{}: {error}", entry.name)).expect("nobody interrupts");
    assert!(trial.complete);
    trial
}

/// A scenario of three subscribers who ask for two topics twice a second, with the first seed by which no poll falls within 30 ms of an update: a busy machine cannot decide which comes first.
pub fn unhurried(scenario: impl Fn(u32) -> String) -> String {
    const PERIOD: i64 = 500_000_000;
    const APART: i64 = 30_000_000;
    let texts = (1..1_000).map(|seed| (seed, scenario(seed)));
    let mut clear = texts.filter(|(seed, text)| {
        let read = Scenario::parse(text, "test.toml", Path::new(""), REGISTRY).unwrap();
        let polls: Vec<Vec<i64>> = (0..3)
            .map(|subscriber| {
                let mut phases = Random::new(u64::from(*seed), Purpose::Phases, subscriber);
                (0..2).map(|_| (phases.uniform() * PERIOD as f64) as i64).collect()
            })
            .collect();
        Trace::new(&read).unwrap().updates.iter().all(|update| {
            polls.iter().all(|topics| {
                let after = (update.due - topics[update.topic as usize]).rem_euclid(PERIOD);
                after.min(PERIOD - after) > APART
            })
        })
    });
    clear.next().expect("one in a few seeds is clear").1
}
