//! One scheduler for all contenders: a heap per thread on a timer of its own.
//!
//! The plan is open-loop: instant = t0 + phase + k × period, with phases drawn from the seed, and never drifts. A slow
//! answer does not delay the next question: what cannot be sent in time waits in the queue, and that shows as lag.
//! Phases depend on seed, subscriber and the place of a key alone, so that every polling contender asks at the same
//! instants, and n processes together ask at the same instants as one.

use std::cell::{Cell, RefCell};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io;
use std::rc::Rc;
use std::time::Duration;

use tokio::sync::Notify;

use super::timetable::Timetable;
use crate::contender::pace::Pace;
use crate::contender::pacer::{Pacer, Tick, Ticks};
use crate::measure::clock::{Clock, Instant};
use crate::measure::recording::Phase;
use crate::random::{Purpose, Random};

/// How often a probe is asked for, measured time.
const PROBE_PERIOD: Duration = Duration::from_millis(20);

/// All plans of a side.
#[derive(Clone)]
pub struct Scheduler {
    shared: Rc<Shared>,
}

struct Shared {
    clock: Rc<dyn Clock>,
    seed: u64,
    pace: Pace,
    groups: RefCell<Vec<Group>>,
    /// What takers of ticks want again: when, which group, which key.
    again: RefCell<Vec<Entry>>,
    state: Cell<State>,
    changed: Notify,
    planned: Cell<u64>,
    /// Whether a subscriber still looks for the probe.
    looks: RefCell<Option<Looks>>,
}

/// Whether a subscriber still looks for the probe.
type Looks = Box<dyn Fn(u32) -> bool>;

#[derive(Clone, Copy)]
enum State {
    Idle,
    Probing,
    Running(Timetable),
    Over,
}

/// What one subscriber asked for.
struct Group {
    subscriber: u32,
    /// Measured time.
    period: Duration,
    /// Whether the plan prolongs itself; else who takes a tick does.
    repeats: bool,
    keys: Vec<u32>,
    probe: u32,
    ticks: Ticks,
}

/// The pacer of one subscriber.
struct SubscriberPacer {
    shared: Rc<Shared>,
    subscriber: u32,
}

impl Pacer for SubscriberPacer {
    fn every(&self, period: Duration, keys: &[u32], probe: u32) -> Ticks {
        self.plan(period, true, keys, probe, Ticks::default())
    }

    fn once(&self, period: Duration, keys: &[u32], probe: u32) -> Ticks {
        let group = self.shared.groups.borrow().len() as u32;
        // Weak: the ticks are kept by what they would keep.
        let shared = Rc::downgrade(&self.shared);
        let again = move |tick: Tick| {
            if let Some(shared) = shared.upgrade()
                && tick.key != probe
            {
                shared.again.borrow_mut().push(Reverse((tick.intended, group, tick.key)));
                shared.changed.notify_one();
            }
        };
        let ticks = Ticks::prolonged(again, Rc::clone(&self.shared.clock), self.shared.pace);
        self.plan(period, false, keys, probe, ticks)
    }
}

impl SubscriberPacer {
    fn plan(&self, period: Duration, repeats: bool, keys: &[u32], probe: u32, ticks: Ticks) -> Ticks {
        let period = self.shared.pace.measured(period);
        self.shared.changed.notify_one();
        self.shared.groups.borrow_mut().push(Group { subscriber: self.subscriber, period, repeats, keys: keys.to_vec(), probe, ticks: ticks.clone() });
        ticks
    }
}

impl Scheduler {
    /// A scheduler without plans.
    pub fn new(clock: Rc<dyn Clock>, seed: u64, compression: f64) -> Self {
        let shared = Shared {
            clock,
            seed,
            pace: Pace::new(compression),
            groups: RefCell::default(),
            again: RefCell::default(),
            state: Cell::new(State::Idle),
            changed: Notify::new(),
            planned: Cell::new(0),
            looks: RefCell::default(),
        };
        Self { shared: Rc::new(shared) }
    }

    /// The pacer for a subscriber.
    pub fn pacer(&self, subscriber: u32) -> Rc<dyn Pacer> {
        Rc::new(SubscriberPacer { shared: Rc::clone(&self.shared), subscriber })
    }

    /// Ticks for the probe from now on, for those subscribers that still look for it: who has seen it is not to add to
    /// the set-up's traffic while others wait.
    pub fn probe(&self, looks: impl Fn(u32) -> bool + 'static) {
        self.shared.looks.replace(Some(Box::new(looks)));
        self.become_(State::Probing);
    }

    /// No ticks from now on, until the start.
    pub fn rest(&self) {
        self.become_(State::Idle);
    }

    /// Runs the plan.
    pub fn start(&self, times: Timetable) {
        self.become_(State::Running(times));
    }

    /// Ends all plans at once.
    pub fn end(&self) {
        self.become_(State::Over);
    }

    /// Requests that the plan had in the window so far.
    pub fn planned(&self) -> u64 {
        self.shared.planned.get()
    }

    fn become_(&self, state: State) {
        self.shared.state.set(state);
        self.shared.changed.notify_one();
    }

    /// Hands out ticks until the plan is over.
    ///
    /// # Errors
    /// The system has no descriptor for a timer.
    pub async fn run(&self) -> io::Result<()> {
        let shared = &self.shared;
        let mut timer = shared.clock.timer()?;
        loop {
            match shared.state.get() {
                State::Idle => shared.changed.notified().await,
                State::Probing => {
                    let now = shared.clock.now();
                    shared.ask_for_probe(now);
                    tokio::select! {
                        () = timer.until(now.after(PROBE_PERIOD)) => {}
                        () = shared.changed.notified() => {}
                    }
                }
                State::Running(times) => {
                    let mut heap = BinaryHeap::new();
                    let mut known = 0;
                    shared.again.borrow_mut().clear();
                    loop {
                        // Who asks late (a subscriber that joins) is added to the plan that runs.
                        if known < shared.groups.borrow().len() {
                            heap.extend(shared.plan(&times, known));
                            known = shared.groups.borrow().len();
                        }
                        heap.extend(shared.again.borrow_mut().drain(..).filter(|Reverse((due, _, _))| *due < times.last_poll));
                        let next = heap.peek().copied();
                        let due = next.map_or(times.last_poll, |Reverse((due, _, _))| due);
                        if due > shared.clock.now() {
                            tokio::select! {
                                () = timer.until(due) => {}
                                () = shared.changed.notified() => {}
                            }
                            // A notice may be an old one, of the very change that started this plan.
                            if matches!(shared.state.get(), State::Over) {
                                break;
                            }
                            continue;
                        }
                        let Some(Reverse((due, group, key))) = next else { break };
                        heap.pop();
                        let groups = shared.groups.borrow();
                        let group_of = &groups[group as usize];
                        group_of.ticks.push(Tick { key, intended: due });
                        if times.phase(due) == Phase::Window {
                            shared.planned.set(shared.planned.get() + 1);
                        }
                        let next = due.after(group_of.period);
                        if group_of.repeats && next < times.last_poll {
                            heap.push(Reverse((next, group, key)));
                        }
                    }
                    shared.state.set(State::Over);
                }
                State::Over => {
                    for group in shared.groups.borrow().iter() {
                        group.ticks.end();
                    }
                    return Ok(());
                }
            }
        }
    }
}

/// When, which group, which key.
type Entry = Reverse<(Instant, u32, u32)>;

impl Shared {
    fn ask_for_probe(&self, now: Instant) {
        let looks = self.looks.borrow();
        let looking = |group: &&Group| looks.as_ref().is_none_or(|looks| looks(group.subscriber));
        for group in self.groups.borrow().iter().filter(looking) {
            // A slow answer must not let probes pile up: they are no part of the plan.
            if group.ticks.waiting() == 0 {
                group.ticks.push(Tick { key: group.probe, intended: now });
            }
        }
    }

    /// The first tick of each key within the timetable and not yet past, for the groups from the `known`-th on.
    fn plan(&self, times: &Timetable, known: usize) -> Vec<Entry> {
        let mut entries = Vec::new();
        let begin = if known == 0 { times.warm_up } else { times.warm_up.max(self.clock.now()) };
        for (index, group) in self.groups.borrow().iter().enumerate().skip(known) {
            let period = group.period.as_nanos() as i64;
            // One stream for each subscriber: the phase of a key depends on its place in what was asked for.
            let mut phases = Random::new(self.seed, Purpose::Phases, group.subscriber);
            for key in &group.keys {
                let origin = times.window.0 + (phases.uniform() * period as f64) as i64;
                // The first k for which origin + k × period is not before the beginning.
                let periods = (begin.0 - origin).div_euclid(period) + i64::from((begin.0 - origin).rem_euclid(period) > 0);
                let first = Instant(origin + periods * period);
                if first < times.last_poll {
                    entries.push(Reverse((first, index as u32, *key)));
                }
            }
        }
        entries
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::virtual_clock::VirtualClock;

    #[test]
    fn the_plan_never_drifts_and_covers_warm_up_window_and_one_interval_more() {
        let clock = VirtualClock::default();
        let scheduler = Scheduler::new(Rc::new(clock.clone()), 7, 10.0);
        let ticks = scheduler.pacer(3).every(Duration::from_secs(20), &[5, 6], 99);
        let seconds = |seconds: i64| Instant(seconds * 1_000_000_000);
        // Compressed by ten the period is two seconds.
        let times = Timetable { warm_up: seconds(100), window: seconds(105), drain: seconds(125), last_poll: seconds(127), end: seconds(128) };
        let got = clock
            .run(async {
                let running = scheduler.clone();
                let loop_ = tokio::task::spawn_local(async move { running.run().await });
                scheduler.probe(|subscriber| subscriber == 3);
                assert_eq!(ticks.next().await.unwrap().key, 99);
                scheduler.rest();
                scheduler.start(times);
                let mut got = Vec::new();
                while let Some(tick) = ticks.next().await {
                    assert_eq!(clock.now(), tick.intended, "in virtual time nobody is late");
                    got.push(tick);
                }
                loop_.await.unwrap().unwrap();
                got
            })
            .unwrap();
        for key in [5, 6] {
            let instants: Vec<Instant> = got.iter().filter(|tick| tick.key == key).map(|tick| tick.intended).collect();
            assert!(instants[0] >= times.warm_up && instants[0] < times.warm_up.after(Duration::from_secs(2)));
            assert!(*instants.last().unwrap() < times.last_poll);
            assert!(instants.windows(2).all(|pair| pair[1].nanos_since(pair[0]) == 2_000_000_000));
            assert!(instants.last().unwrap().after(Duration::from_secs(2)) >= times.last_poll);
        }
        assert_eq!(scheduler.planned(), 20);
    }

    #[test]
    fn what_is_prolonged_comes_when_its_taker_says_and_not_beyond_the_plan() {
        let clock = VirtualClock::default();
        let scheduler = Scheduler::new(Rc::new(clock.clone()), 7, 10.0);
        let (open, closed) = (scheduler.pacer(0).once(Duration::from_secs(20), &[5], 99), scheduler.pacer(1).once(Duration::from_secs(20), &[6], 99));
        let seconds = |seconds: i64| Instant(seconds * 1_000_000_000);
        let times = Timetable { warm_up: seconds(100), window: seconds(105), drain: seconds(125), last_poll: seconds(127), end: seconds(128) };
        let answer_takes = Duration::from_millis(300);
        let (open, closed) = clock
            .run(async {
                let running = scheduler.clone();
                let loop_ = tokio::task::spawn_local(async move { running.run().await });
                scheduler.probe(|_| true);
                let probe = open.next().await.unwrap();
                assert_eq!(probe.key, 99);
                // A probe is never prolonged: it is no part of the plan.
                open.after_due(probe, Duration::from_secs(1));
                scheduler.rest();
                scheduler.start(times);
                let take = |ticks: Ticks, is_open: bool| {
                    let clock = clock.clone();
                    async move {
                        let mut due = Vec::new();
                        while let Some(tick) = ticks.next().await {
                            if tick.key == 99 {
                                continue;
                            }
                            due.push(tick.intended);
                            crate::measure::clock::sleep_until(&clock, clock.now().after(answer_takes)).await.unwrap();
                            if is_open { ticks.after_due(tick, Duration::from_secs(20)) } else { ticks.after_answer(tick, Duration::from_secs(20)) }
                        }
                        due
                    }
                };
                let (open, closed) = tokio::join!(take(open.clone(), true), take(closed.clone(), false));
                loop_.await.unwrap().unwrap();
                (open, closed)
            })
            .unwrap();
        for (due, period) in [(&open, 2_000_000_000), (&closed, 2_300_000_000)] {
            assert!(due[0] >= times.warm_up && due[0] < times.warm_up.after(Duration::from_secs(2)));
            assert!(due.windows(2).all(|pair| pair[1].nanos_since(pair[0]) == period), "{due:?}");
            let last = *due.last().unwrap();
            assert!(last < times.last_poll && last.0 + period >= times.last_poll.0);
        }
        let in_window = |due: &[Instant]| due.iter().filter(|due| **due >= times.window && **due < times.drain).count() as u64;
        assert_eq!(scheduler.planned(), in_window(&open) + in_window(&closed));
    }
}
