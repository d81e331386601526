//! A trial's life: launch, prepare, probe, start, measure, drain, stop.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio_util::sync::CancellationToken;

use super::due;
use super::launch::{Handle, Launcher};
use super::message::{Assignment, FromSide, Passed, SideReport, ToSide, VERSION};
use super::network::Network;
use super::timetable::Timetable;
pub use super::trial_error::TrialError;
use super::trial_record::Reported;
use super::{placement, trial_record};
use crate::contender::{Protocol, ServerAddress};
use crate::measure::clock::{Clock, Instant};
use crate::measure::handicap::Handicap;
use crate::measure::recording::{Role, Second, SurroundingsRecord, Trial, TrialKind};
use crate::measure::surroundings::Snapshot;
use crate::plan::baseline;
use crate::scenario::{LoadPoint, Scenario};
use crate::trace::Trace;

/// A side that says nothing for so long is lost.
const SILENCE: Duration = Duration::from_secs(3);
/// How long connecting, creating and subscribing may take in all. Far more than any scenario that this machine holds needs.
const PREPARATION: Duration = Duration::from_secs(600);
/// How long a probe update may take, beyond the scenario's own timeout.
const PROBE: Duration = Duration::from_secs(10);
/// Between the order to start and the start of the warm-up: time for the order to reach all sides.
const LEAD: Duration = Duration::from_millis(200);
/// How long a side may take to say goodbye.
const GOODBYE: Duration = Duration::from_secs(5);
/// A harness that wakes so much too late was stopped itself, and has not heard what was said meanwhile.
const HELD_UP: Duration = Duration::from_secs(1);

/// What is to be run.
pub struct Order<'a> {
    /// The scenario at the trial's load point.
    pub scenario: &'a Scenario,
    /// The load point.
    pub load_point: &'a LoadPoint,
    /// Place of the contender in the scenario.
    pub contender: usize,
    /// Which repeat, from 1.
    pub repeat: u32,
    /// What the trial is for; scenario and trace are those of such a trial.
    pub kind: TrialKind,
    /// The contender with its settings, for its interval.
    pub protocol: &'a dyn Protocol,
    /// Where sides run.
    pub launcher: &'a Launcher,
    /// The clock.
    pub clock: Rc<dyn Clock>,
    /// Cores to spread sides over.
    pub cores: &'a [usize],
    /// Where the sides meet.
    pub network: &'a Network,
    /// What the trial is made worse by on purpose.
    pub handicap: Handicap,
    /// Set when the user wants to end.
    pub interrupt: CancellationToken,
}

impl Order<'_> {
    /// The timetable of a window that starts then.
    pub fn timetable(&self, window: Instant) -> Timetable {
        Timetable::new(&self.scenario.workload, baseline::drain_interval(self.kind, self.protocol.interval()), window)
    }
}

/// What happens during a trial, for those who watch.
#[derive(Clone, Debug)]
pub enum Event {
    /// Sides connect, create, subscribe.
    Preparing(Role),
    /// An update goes the whole way before anything counts.
    Probing,
    /// The clock of the run has started; measured seconds of warm-up, window and drain.
    Started {
        /// Seconds.
        warm_up: f64,
        /// Seconds.
        window: f64,
        /// Seconds.
        drain: f64,
        /// Expected deliveries that are due until the end of each second of the window, counted up.
        due: Rc<[u64]>,
    },
    /// A side has finished a second.
    Second(Box<Passed>),
}

/// A side as the harness sees it.
struct Party {
    role: Role,
    index: u32,
    cores: Vec<usize>,
    namespace: Option<String>,
    handle: Handle,
    heard: Instant,
    /// It has said once that it lives: from then on, silence means death. Before, it works out its plan, and cannot.
    speaks: bool,
    ready: bool,
    report: Option<SideReport>,
}

impl Party {
    fn reported(self) -> Reported {
        Reported { role: self.role, index: self.index, cores: self.cores, namespace: self.namespace, report: self.report.unwrap_or_default() }
    }

    fn name(&self) -> String {
        format!("{} side {}", self.role.name(), self.index)
    }
}

/// Which party, and what it said; `None` when it is gone.
type Heard = (usize, Option<FromSide>);

struct Stage<'a> {
    order: &'a Order<'a>,
    trace: &'a Trace,
    due: Rc<[u64]>,
    parties: Vec<Party>,
    heard: (UnboundedSender<Heard>, UnboundedReceiver<Heard>),
    when: &'static str,
    /// The user wants to end, and the sides have been told.
    winding_up: bool,
    /// For how long the harness itself was stopped, in all: deadlines move by as much.
    held_up: Duration,
    seconds: BTreeMap<i64, Second>,
    surroundings: Option<SurroundingsRecord>,
    server: Option<ServerAddress>,
    window: Option<Instant>,
    watch: &'a dyn Fn(Event),
}

/// Until when something is waited for, and how long that was.
#[derive(Clone, Copy)]
struct Deadline {
    at: Instant,
    allowed: Duration,
    /// What the harness had been held up when it was set.
    held_up: Duration,
}

/// What a wait ended with.
enum Waited {
    /// All have answered.
    Answered,
    /// The user wants to end.
    Interrupted,
}

/// Runs a trial. After an interrupt it comes back with what there is, marked as not complete; before its start, with nothing.
///
/// # Errors
/// See [`TrialError`]. All sides have then ended.
pub async fn run(order: &Order<'_>, trace: &Trace, watch: &dyn Fn(Event)) -> Result<Option<Trial>, TrialError> {
    let started = jiff::Timestamp::now().to_string();
    // Before there is a side that would have to wait for it.
    let due = due::by_second(order.scenario, trace);
    let expected = due.last().copied().unwrap_or(0);
    let mut stage = Stage {
        order,
        trace,
        due,
        parties: Vec::new(),
        heard: mpsc::unbounded_channel(),
        when: "",
        winding_up: false,
        held_up: Duration::ZERO,
        seconds: BTreeMap::new(),
        surroundings: None,
        server: None,
        window: None,
        watch,
    };
    let result = stage.play().await;
    for party in &mut stage.parties {
        // A side that has gone does not listen; one that has not gets its order to stop.
        let _ = party.handle.say.send(ToSide::Stop);
    }
    for party in &mut stage.parties {
        party.handle.reap().await;
    }
    let Some(complete) = result? else { return Ok(None) };
    let seconds = std::mem::take(&mut stage.seconds).into_values().collect();
    let surroundings = stage.surroundings.take();
    let server_address = stage.server.take().map(|server| server.socket);
    let window_began = stage.window.map(|window| window.0);
    let sides = stage.parties.into_iter().map(Party::reported).collect();
    Ok(Some(Trial { surroundings, server_address, window_began, ..trial_record::compile(order, trace, expected, started, complete, sides, seconds) }))
}

/// What goes on on the machine within the window; nothing in virtual time.
async fn look_around(clock: Rc<dyn Clock>, times: Timetable) -> Option<SurroundingsRecord> {
    if !clock.is_real() {
        return None;
    }
    let mut timer = clock.timer().ok()?;
    timer.until(times.window).await;
    let before = Snapshot::take();
    timer.until(times.drain).await;
    Some(before.until(&Snapshot::take()))
}

impl Stage<'_> {
    /// Whether the window was measured to its end; `None` where it never began.
    async fn play(&mut self) -> Result<Option<bool>, TrialError> {
        let address = if self.order.protocol.in_memory() {
            ServerAddress { socket: String::new() }
        } else {
            self.when = "while the server was set up";
            (self.watch)(Event::Preparing(Role::Server));
            let mut address = None;
            self.launch(Role::Server, 1, None)?;
            if let Waited::Interrupted = self.ready(&mut address).await? {
                return Ok(None);
            }
            address.ok_or_else(|| TrialError::OutOfTurn { side: "server side 0".to_owned(), when: self.when, what: "ready, but no address".to_owned() })?
        };
        self.server = (!self.order.protocol.in_memory()).then(|| address.clone());
        for (role, of, when) in [
            (Role::Publisher, self.order.scenario.publishers.processes, "while topics were created"),
            (Role::Subscriber, self.order.scenario.subscribers.processes, "while subscribers were set up"),
        ] {
            self.when = when;
            (self.watch)(Event::Preparing(role));
            self.launch(role, of, Some(&address))?;
            if let Waited::Interrupted = self.ready(&mut None).await? {
                return Ok(None);
            }
        }
        // Without a contender there is nobody who could take an update anywhere.
        if self.order.kind != TrialKind::Null {
            self.when = "while the probe update was under way";
            (self.watch)(Event::Probing);
            if let Waited::Interrupted = self.probe().await? {
                return Ok(None);
            }
        }
        self.measure().await
    }

    fn launch(&mut self, role: Role, of: u32, server: Option<&ServerAddress>) -> Result<(), TrialError> {
        let scenario = self.order.scenario;
        for index in 0..of {
            let (handle, mut hear) = self.order.launcher.start().map_err(|error| TrialError::Launch {
                binary: match self.order.launcher {
                    Launcher::Processes { binary } => binary.display().to_string(),
                    Launcher::Tasks { .. } => String::new(),
                },
                error,
            })?;
            let cores = match self.order.launcher {
                Launcher::Processes { .. } => placement::cores(self.order.cores, role, index),
                Launcher::Tasks { .. } => Vec::new(),
            };
            let namespace = match self.order.launcher {
                Launcher::Processes { .. } => self.order.network.namespace(role).map(str::to_owned),
                Launcher::Tasks { .. } => None,
            };
            let assignment = Assignment {
                scenario: scenario.text.clone(),
                name: format!("{}.toml", scenario.name),
                folder: PathBuf::from(&scenario.folder),
                seed: scenario.workload.seed,
                load_point: self.order.load_point.clone(),
                contender: scenario.contenders[self.order.contender].name.clone(),
                kind: self.order.kind,
                role,
                index,
                of,
                server: server.cloned(),
                listen: self.order.network.listen,
                namespace: namespace.clone(),
                cores: cores.clone(),
                handicap: self.order.handicap,
            };
            let _ = handle.say.send(ToSide::Prepare(Box::new(assignment)));
            let place = self.parties.len();
            let heard = self.heard.0.clone();
            tokio::task::spawn_local(async move {
                while let Some(message) = hear.recv().await {
                    if heard.send((place, Some(message))).is_err() {
                        return;
                    }
                }
                let _ = heard.send((place, None));
            });
            self.parties.push(Party { role, index, cores, namespace, handle, heard: self.order.clock.now(), speaks: false, ready: false, report: None });
        }
        Ok(())
    }

    /// Waits until all sides launched so far are ready.
    async fn ready(&mut self, address: &mut Option<ServerAddress>) -> Result<Waited, TrialError> {
        let deadline = self.within(PREPARATION);
        loop {
            if self.parties.iter().all(|party| party.ready) {
                return Ok(Waited::Answered);
            }
            match self.hear(deadline).await? {
                None => return Ok(Waited::Interrupted),
                Some((place, FromSide::Ready { server, trace_sha256 })) => {
                    self.parties[place].ready = true;
                    if trace_sha256 != self.trace.sha256 {
                        let side = self.parties[place].name();
                        return Err(TrialError::Trace { side, theirs: trace_sha256, ours: self.trace.sha256.clone() });
                    }
                    if server.is_some() {
                        *address = server;
                    }
                }
                Some((place, other)) => return Err(self.out_of_turn(place, &other)),
            }
        }
    }

    /// One update goes the whole way, from the first publisher to every subscriber.
    async fn probe(&mut self) -> Result<Waited, TrialError> {
        let takes_part = |party: &Party| party.role == Role::Subscriber || (party.role == Role::Publisher && party.index == 0);
        let mut missing: Vec<bool> = self.parties.iter().map(takes_part).collect();
        for party in self.parties.iter().filter(|party| takes_part(party)) {
            let _ = party.handle.say.send(ToSide::Probe);
        }
        let workload = &self.order.scenario.workload;
        let deadline = self.within(PROBE + workload.compress(workload.timeout));
        while missing.contains(&true) {
            match self.hear(deadline).await? {
                None => return Ok(Waited::Interrupted),
                Some((place, FromSide::Probed)) => missing[place] = false,
                Some((place, other)) => return Err(self.out_of_turn(place, &other)),
            }
        }
        Ok(Waited::Answered)
    }

    async fn measure(&mut self) -> Result<Option<bool>, TrialError> {
        let workload = &self.order.scenario.workload;
        let window = self.order.clock.now().after(LEAD + workload.compress(workload.warm_up));
        let times = self.order.timetable(window);
        self.window = Some(window);
        self.when = "while the load ran";
        let seconds = |from: Instant, to: Instant| to.since(from).as_secs_f64();
        (self.watch)(Event::Started {
            warm_up: seconds(times.warm_up, times.window),
            window: seconds(times.window, times.drain),
            drain: seconds(times.drain, times.end),
            due: Rc::clone(&self.due),
        });
        for party in &self.parties {
            let _ = party.handle.say.send(ToSide::Start { window });
        }
        let looking = tokio::task::spawn_local(look_around(Rc::clone(&self.order.clock), times));
        let mut complete = true;
        let mut deadline = self.within(times.end.since(self.order.clock.now()) + GOODBYE);
        for roles in [&[Role::Publisher, Role::Subscriber][..], &[Role::Server][..]] {
            if roles == [Role::Server] {
                self.when = "while the server was stopped";
                self.stop(roles);
                deadline = self.within(GOODBYE);
            }
            while self.parties.iter().any(|party| roles.contains(&party.role) && party.report.is_none()) {
                match self.hear(deadline).await? {
                    // A second interrupt drops this whole future; the first lets the sides tell what they have.
                    None => {
                        complete = false;
                        self.winding_up = true;
                        self.when = "while an interrupted run was wound up";
                        self.stop(&[Role::Publisher, Role::Subscriber]);
                        deadline = self.within(GOODBYE);
                    }
                    Some((place, FromSide::Done(report))) => self.parties[place].report = Some(*report),
                    Some((place, other)) => return Err(self.out_of_turn(place, &other)),
                }
            }
        }
        if complete {
            // The window has ended long since.
            self.surroundings = looking.await.ok().flatten();
        } else {
            looking.abort();
        }
        Ok(Some(complete || self.order.clock.now() >= times.end))
    }

    fn stop(&self, roles: &[Role]) {
        for party in self.parties.iter().filter(|party| roles.contains(&party.role)) {
            let _ = party.handle.say.send(ToSide::Stop);
        }
    }

    fn within(&self, allowed: Duration) -> Deadline {
        Deadline { at: self.order.clock.now().after(allowed), allowed, held_up: self.held_up }
    }

    /// The next message that is not just a sign of life; `None` at the user's interrupt (told once).
    async fn hear(&mut self, deadline: Deadline) -> Result<Option<(usize, FromSide)>, TrialError> {
        let clock = Rc::clone(&self.order.clock);
        let mut timer = clock.timer().map_err(|error| TrialError::Launch { binary: "a timer".to_owned(), error })?;
        loop {
            let silent = self.parties.iter().filter(|party| party.speaks && party.report.is_none()).map(|party| party.heard.after(SILENCE)).min();
            let at = deadline.at.after(self.held_up.saturating_sub(deadline.held_up));
            let limit = silent.map_or(at, |silent| silent.min(at));
            let asleep = clock.now();
            let message = tokio::select! {
                biased;
                message = self.heard.1.recv() => message,
                () = self.order.interrupt.cancelled(), if !self.winding_up => return Ok(None),
                () = timer.until(limit) => {
                    let late = clock.now().since(limit.max(asleep));
                    if late < HELD_UP {
                        return Err(self.silent(deadline));
                    }
                    // Stopped, or the whole machine was: whoever lives is heard within the next seconds. What it did to the figures, the
                    // sides' own lag tells.
                    self.held_up += late;
                    self.parties.iter_mut().for_each(|party| party.heard = clock.now());
                    continue;
                }
            };
            // The stage itself holds a sender, so that the channel never ends.
            let Some((place, message)) = message else { continue };
            self.parties[place].heard = clock.now();
            self.parties[place].speaks |= matches!(message, Some(FromSide::Tick(_)));
            let when = self.when;
            match message {
                None if self.parties[place].report.is_some() => {}
                None => {
                    let party = &mut self.parties[place];
                    let how = party.handle.ending().await.map_or_else(String::new, |status| format!(" ({status})"));
                    let words = party.handle.last_words();
                    let words = if words.is_empty() { String::new() } else { format!("; its last words: {words}") };
                    return Err(TrialError::Died { side: party.name(), when, how, words });
                }
                Some(FromSide::Tick(None)) => {}
                Some(FromSide::Tick(Some(passed))) => {
                    let second = &passed.second;
                    self.seconds.entry(second.second).and_modify(|merged| merged.merge(second)).or_insert_with(|| second.clone());
                    (self.watch)(Event::Second(passed));
                }
                Some(FromSide::Hello { version: VERSION }) => {}
                Some(FromSide::Fail { why }) => return Err(TrialError::Failed { side: self.parties[place].name(), when, why }),
                Some(other) => return Ok(Some((place, other))),
            }
        }
    }

    fn silent(&self, deadline: Deadline) -> TrialError {
        let now = self.order.clock.now();
        let mut unheard = self.parties.iter().filter(|party| party.report.is_none());
        let lost = unheard.clone().find(|party| party.speaks && now >= party.heard.after(SILENCE));
        // Without a silent side, it is the deadline that has passed: for those that are not ready, or not done.
        let waited = unheard.clone().find(|party| !party.ready).or_else(|| unheard.next());
        let side = lost.or(waited).map_or_else(|| "side".to_owned(), Party::name);
        let seconds = if lost.is_some() { SILENCE } else { deadline.allowed }.as_secs();
        TrialError::Silent { side, when: self.when, seconds }
    }

    fn out_of_turn(&self, place: usize, message: &FromSide) -> TrialError {
        TrialError::OutOfTurn { side: self.parties[place].name(), when: self.when, what: format!("{message:?}") }
    }
}
