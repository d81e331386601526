//! When to ask: the plan is the harness's, the same scheduler for every contender.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use tokio::sync::Notify;

use crate::measure::clock::Instant;

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
}

impl Ticks {
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
