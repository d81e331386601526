//! A clock that jumps from event to event: a day of polling passes in milliseconds, exactly.
//!
//! [`VirtualClock::run`] polls the tasks of a `LocalSet` until none can move, then sets the clock to the
//! earliest instant that anybody waits for. Nothing else may wake a task: no socket, no other timer.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::Future;
use std::io;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use futures::future::{LocalBoxFuture, poll_fn};
use tokio::task::LocalSet;

use super::clock::{Clock, Instant, Timer};

/// Virtual time; clones share it.
#[derive(Clone, Default)]
pub struct VirtualClock {
    state: Rc<State>,
}

#[derive(Default)]
struct State {
    now: Cell<i64>,
    tickets: Cell<u64>,
    sleepers: RefCell<BTreeMap<(Instant, u64), Waker>>,
}

impl VirtualClock {
    /// Runs `work`, and all that it spawns on the local set, to its end in virtual time.
    ///
    /// # Errors
    /// Nobody can move and nobody waits for an instant: the work would wait for ever.
    pub fn run<T>(&self, work: impl Future<Output = T>) -> io::Result<T> {
        let local = LocalSet::new();
        let woken = Arc::new(Flag(AtomicBool::new(true)));
        let waker = Waker::from(Arc::clone(&woken));
        let mut context = Context::from_waker(&waker);
        let mut all = pin!(local.run_until(work));
        loop {
            while woken.0.swap(false, Ordering::AcqRel) {
                if let Poll::Ready(value) = all.as_mut().poll(&mut context) {
                    return Ok(value);
                }
            }
            let Some(((at, _), sleeper)) = self.state.sleepers.borrow_mut().pop_first() else {
                return Err(io::Error::new(io::ErrorKind::WouldBlock, "in virtual time, nothing is left to wait for"));
            };
            self.state.now.set(self.state.now.get().max(at.0));
            sleeper.wake();
        }
    }
}

struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Release);
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Instant {
        Instant(self.state.now.get())
    }

    fn timer(&self) -> io::Result<Box<dyn Timer>> {
        Ok(Box::new(VirtualTimer(self.clone())))
    }
}

struct VirtualTimer(VirtualClock);

impl Timer for VirtualTimer {
    fn until(&mut self, at: Instant) -> LocalBoxFuture<'_, ()> {
        let state = Rc::clone(&self.0.state);
        let mut seat: Option<Seat> = None;
        Box::pin(poll_fn(move |context| {
            if state.now.get() >= at.0 {
                return Poll::Ready(());
            }
            let ticket = seat.get_or_insert_with(|| {
                state.tickets.set(state.tickets.get() + 1);
                Seat { key: (at, state.tickets.get()), state: Rc::clone(&state) }
            });
            state.sleepers.borrow_mut().insert(ticket.key, context.waker().clone());
            Poll::Pending
        }))
    }
}

/// Leaves the queue when the wait is given up.
struct Seat {
    key: (Instant, u64),
    state: Rc<State>,
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.state.sleepers.borrow_mut().remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::measure::clock::sleep_until;

    #[test]
    fn a_day_passes_at_once_and_in_order() {
        let clock = VirtualClock::default();
        let seen = Rc::new(RefCell::new(Vec::new()));
        clock
            .run(async {
                let mut tasks = Vec::new();
                for hour in [3_u64, 1, 2] {
                    let (clock, seen) = (clock.clone(), Rc::clone(&seen));
                    tasks.push(tokio::task::spawn_local(async move {
                        let due = Instant(0).after(Duration::from_secs(hour * 3_600));
                        sleep_until(&clock, due).await.unwrap();
                        assert_eq!(clock.now(), due);
                        seen.borrow_mut().push(hour);
                    }));
                }
                for task in tasks {
                    task.await.unwrap();
                }
            })
            .unwrap();
        assert_eq!(*seen.borrow(), [1, 2, 3]);
    }

    #[test]
    fn waiting_for_nothing_is_an_error_not_a_hang() {
        assert!(VirtualClock::default().run(std::future::pending::<()>()).is_err());
    }
}
