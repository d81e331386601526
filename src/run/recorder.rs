//! What came of it: the inbox of all subscribers of a side. Counts, stamps, looks into payloads, keeps the books.
//!
//! Requests and their responses belong to the phase of their intended instant, notifications to the phase of their
//! update's due time, all else to the phase in which it happens. An expected delivery ends as delivered, coalesced or
//! lost, and nothing else: see `finish`.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use tokio::sync::Notify;

use super::message::{Live, Passed};
use super::record::{Arrival, Books, Holdings};
use super::timetable::Timetable;
use crate::contender::inbox::{Content, Inbox, Message, Request};
use crate::contender::pacer::Tick;
use crate::contender::topic::Topic;
use crate::measure::clock::{Clock, Instant};
use crate::measure::distribution::{Distribution, Precision};
use crate::measure::recording::{Deliveries, Phase, Phases, Second, Times};
use crate::measure::stamp::Stamp;
use crate::measure::traffic::Traffic;
use crate::trace::Trace;

/// The books of a side's subscribers; clones share them.
#[derive(Clone)]
pub struct Recorder {
    shared: Rc<Shared>,
}

struct Shared {
    clock: Rc<dyn Clock>,
    compression: f64,
    times: Cell<Option<Timetable>>,
    state: RefCell<State>,
    /// Something that readiness waits for has happened.
    progress: Notify,
}

struct State {
    books: Books,
    traffic: Phases<Traffic>,
    deliveries: Deliveries,
    distributions: Times,
    exchanges: u64,
    wasted: u64,
    failed: u64,
    /// Which subscribers have seen the probe's first update.
    probed: Vec<bool>,
    second: Second,
    second_latency: Distribution,
    /// How late the latest request of the second left, in nanoseconds.
    second_lag: Option<i64>,
}

/// What a subscriber side has measured.
pub struct Record {
    /// Traffic by phase.
    pub traffic: Phases<Traffic>,
    /// What became of the expected deliveries.
    pub deliveries: Deliveries,
    /// Times of the window.
    pub times: Times,
    /// Exchanges of the window.
    pub exchanges: u64,
    /// Exchanges of the window that brought nothing new.
    pub wasted: u64,
    /// Requests without a response.
    pub failed: u64,
}

impl Recorder {
    /// Books for so many subscribers, each with its topics (without the probe).
    pub fn new(clock: Rc<dyn Clock>, compression: f64, trace: &Trace, topics: u32, holdings: Vec<Holdings>) -> Self {
        let state = State {
            probed: vec![false; holdings.len()],
            books: Books::new(trace, topics, compression, holdings),
            traffic: Phases::default(),
            deliveries: Deliveries::default(),
            distributions: Times::default(),
            exchanges: 0,
            wasted: 0,
            failed: 0,
            second: Second::default(),
            second_latency: Distribution::new(Precision::Coarse),
            second_lag: None,
        };
        Self { shared: Rc::new(Shared { clock, compression, times: Cell::new(None), state: RefCell::new(state), progress: Notify::new() }) }
    }

    /// The inbox of one subscriber: the place of its holdings in the list given to `new`.
    pub fn inbox(&self, subscriber: usize) -> Rc<dyn Inbox> {
        let began = self.shared.clock.now();
        Rc::new(SubscriberInbox { shared: Rc::clone(&self.shared), subscriber, began })
    }

    /// From now on instants belong to the phases of this timetable.
    pub fn start(&self, times: Timetable) {
        self.shared.times.set(Some(times));
        self.shared.state.borrow_mut().books.start(times.drain.nanos_since(times.window));
    }

    /// Returns when every subscriber has a first value of each of its topics.
    pub async fn current(&self) {
        self.until(|state| state.books.not_current() == 0).await;
    }

    /// Returns when every subscriber has seen the probe.
    pub async fn probed(&self) {
        self.until(|state| !state.probed.contains(&false)).await;
    }

    /// Whether a subscriber (its place in the list given to `new`) has not seen the probe yet.
    pub fn looks_for_probe(&self, subscriber: usize) -> bool {
        self.shared.state.borrow().probed.get(subscriber) == Some(&false)
    }

    /// Ends a second of the time-line and returns it.
    pub fn end_second(&self, second: i64) -> Passed {
        let state = &mut *self.shared.state.borrow_mut();
        let mut ended = std::mem::take(&mut state.second);
        ended.second = second;
        if state.second_latency.count() > 0 {
            ended.latency = Some(state.second_latency.clone());
            state.second_latency.clear();
        }
        let live = Live {
            settled: state.deliveries.delivered + state.deliveries.coalesced,
            failed: state.failed,
            lag: state.second_lag.take().map(|nanos| nanos as f64 / 1e9),
            publish_lag: None,
        };
        Passed { second: ended, live }
    }

    /// Closes the books.
    pub fn finish(&self) -> Record {
        let state = &mut *self.shared.state.borrow_mut();
        let mut deliveries = state.deliveries;
        deliveries.expected = state.books.expected();
        deliveries.lost = state.books.lost();
        let times = Times { staleness: state.books.staleness().unwrap_or_default(), ..state.distributions.clone() };
        Record { traffic: state.traffic.clone(), deliveries, times, exchanges: state.exchanges, wasted: state.wasted, failed: state.failed }
    }

    async fn until(&self, done: impl Fn(&State) -> bool) {
        loop {
            let progress = self.shared.progress.notified();
            if done(&self.shared.state.borrow()) {
                return;
            }
            progress.await;
        }
    }
}

struct SubscriberInbox {
    shared: Rc<Shared>,
    subscriber: usize,
    began: Instant,
}

/// How a payload got here.
enum Carrier {
    /// By a request that was meant to be sent then; `None` in the set-up.
    Asked(Option<Instant>),
    /// Unasked.
    Told,
}

impl Shared {
    fn phase(&self, at: Instant) -> Phase {
        self.times.get().map_or(Phase::Setup, |times| times.phase(at))
    }
}

impl SubscriberInbox {
    /// Enters a payload in the books; returns whether it was news, and the phase of its update.
    fn take(&self, state: &mut State, payload: &[u8], carrier: &Carrier) -> (bool, Option<Phase>) {
        let now = self.shared.clock.now();
        let times = self.shared.times.get();
        let Some(stamp) = Stamp::read(payload) else {
            state.deliveries.corrupt += 1;
            return (false, None);
        };
        if stamp.topic == Topic::PROBE.0 {
            if stamp.version > 0 && !std::mem::replace(&mut state.probed[self.subscriber], true) {
                self.shared.progress.notify_waiters();
            }
            return (true, None);
        }
        let window = times.map_or(Instant(0), |times| times.window);
        // The trace holds warm-up and window, nothing else: the sign of the due time tells which.
        let due_phase = |due: i64| match (times, due < 0) {
            (None, _) => Phase::Setup,
            (Some(_), true) => Phase::WarmUp,
            (Some(_), false) => Phase::Window,
        };
        let phase = (stamp.version > 0).then(|| due_phase(stamp.due));
        match state.books.enter(self.subscriber, stamp, now.nanos_since(window)) {
            Arrival::Corrupt => state.deliveries.corrupt += 1,
            Arrival::First { current } => {
                state.deliveries.catch_up += 1;
                if current {
                    state.distributions.time_to_current.record(now.nanos_since(self.began));
                    self.shared.progress.notify_waiters();
                }
                return (true, phase);
            }
            Arrival::Newer { skipped } => {
                let mut count = 0;
                for due in skipped {
                    count += 1;
                    if due_phase(due) != Phase::Window {
                        continue;
                    }
                    // The last of the row is the one that arrived; those before it were overtaken.
                    let latency = now.nanos_since(Instant(window.0 + due));
                    let wait = match carrier {
                        Carrier::Asked(Some(intended)) => intended.nanos_since(Instant(window.0 + due)).max(0),
                        Carrier::Asked(None) | Carrier::Told => 0,
                    };
                    let distributions = &mut state.distributions;
                    distributions.latency.record(latency);
                    distributions.wait.record(wait);
                    distributions.transit.record(latency - wait);
                    distributions.scenario_latency.record((wait as f64 * self.shared.compression) as i64 + latency - wait);
                    state.second_latency.record(latency);
                    state.deliveries.coalesced += 1;
                }
                // The version that arrived was counted with those it overtook.
                if count > 0 && phase == Some(Phase::Window) {
                    state.deliveries.coalesced -= 1;
                    state.deliveries.delivered += 1;
                }
                state.second.deliveries += 1;
                return (true, phase);
            }
            Arrival::Same => {
                if matches!(carrier, Carrier::Told) && phase == Some(Phase::Window) {
                    state.deliveries.duplicated += 1;
                }
            }
            Arrival::Older => {
                if phase == Some(Phase::Window) {
                    state.deliveries.reordered += 1;
                }
            }
        }
        (false, phase)
    }

    fn exchange(state: &mut State, phase: Phase, news: bool) {
        if phase == Phase::Window {
            state.exchanges += 1;
            state.wasted += u64::from(!news);
        }
    }
}

impl Inbox for SubscriberInbox {
    fn request(&self, tick: Option<Tick>) -> Request {
        let sent = self.shared.clock.now();
        let intended = tick.map(|tick| tick.intended);
        let phase = self.shared.phase(intended.unwrap_or(sent));
        let state = &mut *self.shared.state.borrow_mut();
        state.traffic.of_mut(phase).requests += 1;
        state.second.messages += 1;
        state.second.requests += 1;
        if let (Phase::Window, Some(intended)) = (phase, intended) {
            let lag = sent.nanos_since(intended);
            state.distributions.lag.record(lag);
            state.second_lag = state.second_lag.max(Some(lag));
        }
        Request { intended, sent }
    }

    fn follow_up(&self, before: Request) -> Request {
        let sent = self.shared.clock.now();
        let phase = self.shared.phase(before.intended.unwrap_or(sent));
        let state = &mut *self.shared.state.borrow_mut();
        state.traffic.of_mut(phase).requests += 1;
        state.second.messages += 1;
        state.second.requests += 1;
        // No lag: it was not in the plan, the first one was.
        Request { intended: before.intended, sent }
    }

    fn response(&self, request: Request, status: u16, content: Content<'_>) -> bool {
        let now = self.shared.clock.now();
        let state = &mut *self.shared.state.borrow_mut();
        let (mut news, mut due) = (false, None);
        for payload in content.payloads() {
            let (newer, phase) = self.take(state, payload, &Carrier::Asked(request.intended));
            (news, due) = (news | newer, due.or(phase));
        }
        // A request that was held for news was meant for no instant: it is judged as what comes unasked is.
        let phase = match request.intended {
            Some(intended) => self.shared.phase(intended),
            None => due.unwrap_or_else(|| self.shared.phase(now)),
        };
        let traffic = state.traffic.of_mut(phase);
        *traffic.responses.entry(status).or_default() += 1;
        traffic.payload_bytes += content.size();
        state.second.messages += 1;
        if let (Phase::Window, Some(intended)) = (phase, request.intended) {
            state.distributions.service.record(now.nanos_since(request.sent));
            state.distributions.response.record(now.nanos_since(intended));
        }
        Self::exchange(state, phase, news || content == Content::Pointer);
        news
    }

    fn failed(&self, request: Request) {
        let phase = self.shared.phase(request.intended.unwrap_or_else(|| self.shared.clock.now()));
        let state = &mut *self.shared.state.borrow_mut();
        state.failed += 1;
        Self::exchange(state, phase, false);
    }

    fn payload_sent(&self, bytes: usize) {
        let phase = self.shared.phase(self.shared.clock.now());
        self.shared.state.borrow_mut().traffic.of_mut(phase).payload_bytes += bytes as u64;
    }

    fn sent(&self, kind: Message, payload: usize) {
        let phase = self.shared.phase(self.shared.clock.now());
        let state = &mut *self.shared.state.borrow_mut();
        state.second.messages += 1;
        let traffic = state.traffic.of_mut(phase);
        traffic.payload_bytes += payload as u64;
        kind.count_up(traffic);
    }

    fn received(&self, kind: Message, asked: bool, content: Content<'_>) -> bool {
        let now = self.shared.phase(self.shared.clock.now());
        let state = &mut *self.shared.state.borrow_mut();
        state.second.messages += 1;
        let (mut news, mut due) = (false, None);
        for payload in content.payloads() {
            let (newer, phase) = self.take(state, payload, &Carrier::Told);
            (news, due) = (news | newer, due.or(phase));
        }
        let phase = due.unwrap_or(now);
        let traffic = state.traffic.of_mut(phase);
        traffic.payload_bytes += content.size();
        kind.count_down(traffic);
        if !asked {
            Self::exchange(state, phase, news || content == Content::Pointer);
        }
        news
    }

    fn in_vain(&self) {
        if self.shared.phase(self.shared.clock.now()) == Phase::Window {
            self.shared.state.borrow_mut().wasted += 1;
        }
    }

    fn connected(&self) {
        let phase = self.shared.phase(self.shared.clock.now());
        self.shared.state.borrow_mut().traffic.of_mut(phase).connections += 1;
    }

    fn bytes(&self, up: usize, down: usize) {
        let phase = self.shared.phase(self.shared.clock.now());
        let state = &mut *self.shared.state.borrow_mut();
        let traffic = state.traffic.of_mut(phase);
        traffic.bytes_up += up as u64;
        traffic.bytes_down += down as u64;
    }
}

/// The inbox of a publisher: counts only, by the instant at which things happen.
pub struct PublisherInbox {
    clock: Rc<dyn Clock>,
    times: Rc<Cell<Option<Timetable>>>,
    traffic: Rc<RefCell<Phases<Traffic>>>,
}

impl PublisherInbox {
    /// Counts into `traffic`; `times` is set when the plan starts.
    pub fn new(clock: Rc<dyn Clock>, times: Rc<Cell<Option<Timetable>>>, traffic: Rc<RefCell<Phases<Traffic>>>) -> Self {
        Self { clock, times, traffic }
    }

    fn count(&self, change: impl Fn(&mut Traffic)) {
        let now = self.clock.now();
        let phase = self.times.get().map_or(Phase::Setup, |times| times.phase(now));
        change(self.traffic.borrow_mut().of_mut(phase));
    }
}

impl Inbox for PublisherInbox {
    fn request(&self, tick: Option<Tick>) -> Request {
        self.count(|traffic| traffic.requests += 1);
        Request { intended: tick.map(|tick| tick.intended), sent: self.clock.now() }
    }

    fn follow_up(&self, before: Request) -> Request {
        Request { intended: before.intended, ..self.request(None) }
    }

    fn response(&self, _request: Request, status: u16, content: Content<'_>) -> bool {
        self.count(|traffic| {
            *traffic.responses.entry(status).or_default() += 1;
            traffic.payload_bytes += content.size();
        });
        false
    }

    fn failed(&self, _request: Request) {}

    fn payload_sent(&self, bytes: usize) {
        self.count(|traffic| traffic.payload_bytes += bytes as u64);
    }

    fn sent(&self, kind: Message, payload: usize) {
        self.count(|traffic| {
            traffic.payload_bytes += payload as u64;
            kind.count_up(traffic);
        });
    }

    fn received(&self, kind: Message, _asked: bool, content: Content<'_>) -> bool {
        self.count(|traffic| {
            traffic.payload_bytes += content.size();
            kind.count_down(traffic);
        });
        false
    }

    fn in_vain(&self) {}

    fn connected(&self) {
        self.count(|traffic| traffic.connections += 1);
    }

    fn bytes(&self, up: usize, down: usize) {
        self.count(|traffic| {
            traffic.bytes_up += up as u64;
            traffic.bytes_down += down as u64;
        });
    }
}
