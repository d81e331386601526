//! When to ask: the plan is the harness's, the same scheduler for every contender.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use tokio::sync::Notify;

use super::pace::Pace;
use crate::measure::clock::{Clock, Instant};

/// It is time: ask for `key`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tick {
    /// What the contender said it would ask for.
    pub key: u32,
    /// When the plan has it: t0 + phase + k × period. The past, by so much as everybody is late.
    pub intended: Instant,
}

/// Makes plans.
pub trait Pacer {
    /// Ticks for each of `keys` once per `period` (scenario time; the harness compresses it), each with a random
    /// phase from the seed. While the harness probes whether the subscriber is ready, ticks come for `probe` only.
    fn every(&self, period: Duration, keys: &[u32], probe: u32) -> Ticks;

    /// One tick for each of `keys`, at a random instant within the first `period` (scenario time). Whoever takes a tick says when the
    /// next one of its key is due: [`Ticks::after_due`], [`Ticks::after_answer`]. Probes as above.
    fn once(&self, period: Duration, keys: &[u32], probe: u32) -> Ticks;
}

/// A queue of ticks that several workers may empty. Unbounded, because the plan is: an open loop does not wait for
/// slow answers; what piles up shows as lag.
#[derive(Clone, Default)]
pub struct Ticks {
    queue: Rc<Queue>,
}

#[derive(Default)]
struct Queue {
    due: RefCell<VecDeque<Tick>>,
    news: Notify,
    over: Cell<bool>,
    again: Option<Again>,
}

/// Who plans what is to come again, and by which time.
struct Again {
    plan: Box<dyn Fn(Tick)>,
    clock: Rc<dyn Clock>,
    pace: Pace,
}

impl Ticks {
    /// Ticks that their takers prolong: `plan` is told when each next one is due.
    pub fn prolonged(plan: impl Fn(Tick) + 'static, clock: Rc<dyn Clock>, pace: Pace) -> Self {
        let again = Again { plan: Box::new(plan), clock, pace };
        Self { queue: Rc::new(Queue { again: Some(again), ..Queue::default() }) }
    }

    /// The next tick of the same key is due so long (scenario time) after this one was: an open loop, which does not drift.
    pub fn after_due(&self, tick: Tick, wait: Duration) {
        if let Some(again) = &self.queue.again {
            (again.plan)(Tick { intended: tick.intended.after(again.pace.measured(wait)), ..tick });
        }
    }

    /// The next tick of the same key is due so long (scenario time) after now: a closed loop, in which a slow answer makes for fewer questions.
    pub fn after_answer(&self, tick: Tick, pause: Duration) {
        if let Some(again) = &self.queue.again {
            (again.plan)(Tick { intended: again.clock.now().after(again.pace.measured(pause)), ..tick });
        }
    }

    /// The next tick; `None` when the plan is over. Cancel-safe.
    pub async fn next(&self) -> Option<Tick> {
        loop {
            let news = self.queue.news.notified();
            if let Some(tick) = self.queue.due.borrow_mut().pop_front() {
                return Some(tick);
            }
            if self.queue.over.get() {
                return None;
            }
            news.await;
        }
    }

    /// Adds a tick that is due.
    pub fn push(&self, tick: Tick) {
        self.queue.due.borrow_mut().push_back(tick);
        self.queue.news.notify_one();
    }

    /// Ends the plan: what is queued is still handed out.
    pub fn end(&self) {
        self.queue.over.set(true);
        self.queue.news.notify_waiters();
        // A worker between its look at the queue and its wait would miss the call above, but not a permit.
        self.queue.news.notify_one();
    }

    /// How many are due and not taken.
    pub fn waiting(&self) -> usize {
        self.queue.due.borrow().len()
    }
}
