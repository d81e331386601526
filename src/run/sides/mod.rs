//! What each side of a trial does, from its assignment to its report.
//!
//! All three follow the same course: hello, prepare, ready, probe, start, a beat per second, done. They run as tasks
//! on one thread; `run` is what a child process does, and what a task does for a contender in memory.

mod again;
mod null;
mod publisher;
mod server;
mod subscriber;
mod usage;

use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};

use super::link::Link;
use super::message::{Assignment, FromSide, Passed, SideReport, ToSide, VERSION};
use super::network::{self, NamespaceError};
use super::timetable::Timetable;
use crate::contender::pace::Pace;
use crate::contender::{Fault, Protocol};
use crate::measure::clock::{Clock, Instant};
use crate::measure::handicap::Brake;
use crate::measure::process;
use crate::measure::recording::{Phase, Role, TrialKind};
use crate::plan::baseline;
use crate::scenario::{Registry, Scenario};
use crate::trace::Trace;
use usage::Usage;

/// The side's end of the link.
pub type SideLink = Link<FromSide, ToSide>;

/// Why a side cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum SideError {
    /// The harness is gone: there is nobody to tell.
    #[error("the harness is gone")]
    Orphaned,
    /// The harness said something out of turn.
    #[error("out of turn: {0}")]
    OutOfTurn(String),
    /// The assignment cannot be read.
    #[error("the assignment cannot be carried out: {0}")]
    Assignment(String),
    /// A contender's half failed.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The server's address is taken, or not this machine's.
    #[error("cannot listen on {address}: {error}; name an address of this machine that is free, or port 0 for any")]
    Bind {
        /// The address.
        address: std::net::SocketAddr,
        /// What the system says.
        error: std::io::Error,
    },
    /// The network namespace cannot be entered.
    #[error(transparent)]
    Namespace(#[from] NamespaceError),
    /// The system refused.
    #[error("{what}: {error}")]
    System {
        /// What was being done.
        what: &'static str,
        /// What the system says.
        error: std::io::Error,
    },
}

/// How a side's surroundings differ between a process of its own and a task.
pub struct Surroundings {
    /// The clock.
    pub clock: Rc<dyn Clock>,
    /// Contenders and metrics.
    pub registry: Registry,
    /// Shared by all sides of a trial that lives in one process; `None` where each makes its own.
    pub protocol: Option<Rc<dyn Protocol>>,
    /// Whether CPU and memory of this process are this side's own.
    pub own_process: bool,
    /// What slows a server down where that is asked for; this thread has it whenever it rests.
    pub brake: Option<Arc<Brake>>,
}

/// Runs a side from its first word to its last.
pub async fn run(link: SideLink, surroundings: Surroundings) {
    let (say, mut hear) = link.split();
    let _ = say.send(FromSide::Hello { version: VERSION });
    let last = match course(&say, &mut hear, surroundings).await {
        Ok(report) => FromSide::Done(Box::new(report)),
        Err(error) => FromSide::Fail { why: error.to_string() },
    };
    let _ = say.send(last);
}

async fn course(say: &UnboundedSender<FromSide>, hear: &mut UnboundedReceiver<ToSide>, surroundings: Surroundings) -> Result<SideReport, SideError> {
    let assignment = match hear.recv().await {
        Some(ToSide::Prepare(assignment)) => *assignment,
        Some(ToSide::Stop) => return Ok(SideReport::default()),
        Some(other) => return Err(SideError::OutOfTurn(format!("{other:?} before the assignment"))),
        None => return Err(SideError::Orphaned),
    };
    let side = Rc::new(Side::new(assignment, surroundings, say.clone())?);
    // Silence means death: while a side prepares, it says once a second that it lives.
    let pulse = tokio::task::spawn_local(pulse(Rc::clone(&side)));
    let report = match side.assignment.role {
        _ if side.assignment.kind == TrialKind::Null => null::run(&side, hear).await,
        Role::Server => server::run(&side, hear).await,
        Role::Publisher => publisher::run(&side, hear).await,
        Role::Subscriber => subscriber::run(&side, hear).await,
    };
    pulse.abort();
    report
}

async fn pulse(side: Rc<Side>) {
    let Ok(mut timer) = side.clock.timer() else { return };
    let mut next = side.clock.now();
    loop {
        next = next.after(std::time::Duration::from_secs(1));
        timer.until(next).await;
        if side.say.send(FromSide::Tick(None)).is_err() {
            return;
        }
    }
}

/// What all roles have in common.
struct Side {
    assignment: Assignment,
    scenario: Scenario,
    trace: Trace,
    protocol: Rc<dyn Protocol>,
    clock: Rc<dyn Clock>,
    say: UnboundedSender<FromSide>,
    usage: Usage,
    brake: Option<Arc<Brake>>,
}

impl Side {
    fn new(assignment: Assignment, surroundings: Surroundings, say: UnboundedSender<FromSide>) -> Result<Self, SideError> {
        if surroundings.own_process && !assignment.cores.is_empty() {
            process::pin(&assignment.cores).map_err(|error| SideError::System { what: "pinning to a core", error })?;
        }
        if let (true, Some(name)) = (surroundings.own_process, &assignment.namespace) {
            // Before the first socket: a socket stays where it was made.
            network::enter(name)?;
        }
        let problem = |error: &dyn std::fmt::Display| SideError::Assignment(error.to_string());
        let scenario = Scenario::parse(&assignment.scenario, &assignment.name, Path::new(&assignment.folder), surroundings.registry)
            .and_then(|mut scenario| {
                scenario.workload.seed = assignment.seed;
                scenario.at(&assignment.load_point, surroundings.registry)
            })
            .map_err(|error| problem(&error))?;
        let protocol = match surroundings.protocol {
            Some(protocol) => protocol,
            None => {
                let entry = scenario.contenders.iter().find(|entry| entry.name == assignment.contender);
                let entry = entry.ok_or_else(|| SideError::Assignment(format!("no contender {:?}", assignment.contender)))?;
                entry.contender.protocol(&entry.values).map_err(|error| problem(&error))?
            }
        };
        let scenario = baseline::scenario(assignment.kind, scenario, protocol.interval());
        let trace = baseline::trace(assignment.kind, &scenario).map_err(|error| problem(&error))?;
        let usage = Usage::new(surroundings.own_process);
        Ok(Self { assignment, scenario, trace, protocol, clock: surroundings.clock, say, usage, brake: surroundings.brake })
    }

    fn ready(&self, server: Option<crate::contender::ServerAddress>) {
        let _ = self.say.send(FromSide::Ready { server, trace_sha256: self.trace.sha256.clone() });
    }

    fn timetable(&self, window: Instant) -> Timetable {
        Timetable::new(&self.scenario.workload, baseline::drain_interval(self.assignment.kind, self.protocol.interval()), window)
    }

    /// How long the contender's halves wait for an answer, measured time.
    fn pace(&self) -> Pace {
        Pace::new(self.scenario.workload.compression)
    }

    fn timeout(&self) -> std::time::Duration {
        self.scenario.workload.compress(self.scenario.workload.timeout)
    }

    fn server(&self) -> Result<crate::contender::ServerAddress, SideError> {
        self.assignment.server.clone().ok_or_else(|| SideError::Assignment("no server's address".to_owned()))
    }

    /// Notes seconds and edges until the timetable is over. `second` fills in what the role knows of an ended second;
    /// `edge` is told each phase that ends.
    async fn beats(&self, times: Timetable, mut second: impl FnMut(i64) -> Passed, mut edge: impl FnMut(Phase)) -> Result<(), SideError> {
        let mut timer = self.clock.timer().map_err(|error| SideError::System { what: "a timer", error })?;
        // From the beginning, however late the order to start came: a beat that has passed is made up for at once. One left
        // out would book the set-up's work to the window.
        let mut at = times.warm_up.before(std::time::Duration::from_nanos(1));
        while let Some(beat) = times.next_beat(at) {
            timer.until(beat).await;
            self.usage.beat(&times, beat, self.clock.now());
            for (instant, ended) in [(times.warm_up, Phase::Setup), (times.window, Phase::WarmUp), (times.drain, Phase::Window), (times.end, Phase::Drain)] {
                if instant == beat {
                    // What the snapshot itself takes (reading each connection's counters) belongs to neither: at the window's
                    // beginning it is over before the CPU of the window starts, at its end it comes behind.
                    let first = ended == Phase::WarmUp;
                    if first {
                        edge(ended);
                    }
                    self.usage.end(ended);
                    if !first {
                        edge(ended);
                    }
                }
            }
            let full_second = beat.nanos_since(times.window).rem_euclid(1_000_000_000) == 0;
            if beat != times.warm_up && (full_second || beat == times.end) {
                let number = times.second(Instant(beat.0 - 1));
                let mut ended = second(number);
                ended.second.second = number;
                let (cpu, memory) = self.usage.second();
                *ended.second.cpu.of_mut(self.assignment.role) = cpu;
                *ended.second.memory.of_mut(self.assignment.role) = memory;
                let _ = self.say.send(FromSide::Tick(Some(Box::new(ended))));
            } else if beat == times.warm_up {
                // The first second begins here: what the set-up used is not its own.
                let _ = self.usage.second();
                let _ = second(0);
            }
            at = beat;
        }
        Ok(())
    }

    fn report(&self) -> SideReport {
        self.usage.finish()
    }
}

/// The next message that matters to a waiting side; `Stop` and the harness's end are the same to it.
async fn next(hear: &mut UnboundedReceiver<ToSide>) -> Result<ToSide, SideError> {
    hear.recv().await.ok_or(SideError::Orphaned)
}
