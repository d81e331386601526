//! The one clock: CLOCK_MONOTONIC in nanoseconds, the same for every process of a machine.
//!
//! Everything that waits for an instant goes through a [`Timer`], which is a timerfd armed for an
//! absolute instant: tokio's own timer rounds up to the next millisecond, so that a request of
//! 80 µs would read as one of more than 1 ms. Behind the [`Clock`] trait stands either the real
//! clock or a virtual one (`virtual_clock`), in which a day passes in milliseconds.

use std::io;
use std::os::fd::AsFd;
use std::time::Duration;

use futures::future::LocalBoxFuture;
use nix::sys::time::TimeSpec;
use nix::sys::timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags};
use nix::time::{ClockId as Clocks, clock_gettime};
use serde::{Deserialize, Serialize};
use tokio::io::unix::AsyncFd;

/// An instant: nanoseconds of CLOCK_MONOTONIC (or of a virtual clock).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Instant(pub i64);

impl Instant {
    /// This instant and so much time.
    pub fn after(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)))
    }

    /// This instant less so much time.
    pub fn before(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)))
    }

    /// Nanoseconds since `earlier`; negative where this instant is the earlier one.
    pub fn nanos_since(self, earlier: Self) -> i64 {
        self.0 - earlier.0
    }

    /// Time since `earlier`, zero where this instant is the earlier one.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.nanos_since(earlier).max(0) as u64)
    }
}

/// A source of time.
pub trait Clock {
    /// The present instant.
    fn now(&self) -> Instant;

    /// A timer of its own for a loop that waits again and again.
    ///
    /// # Errors
    /// The system has no descriptor left.
    fn timer(&self) -> io::Result<Box<dyn Timer>>;

    /// Whether it is the machine's own: what the kernel counts happens in its time.
    fn is_real(&self) -> bool {
        false
    }
}

/// Waits for instants, one after the other.
pub trait Timer {
    /// Returns at `at`, or at once where that has passed. Cancel-safe.
    fn until(&mut self, at: Instant) -> LocalBoxFuture<'_, ()>;
}

/// Waits once.
///
/// # Errors
/// The system has no descriptor left.
pub async fn sleep_until(clock: &dyn Clock, at: Instant) -> io::Result<()> {
    clock.timer()?.until(at).await;
    Ok(())
}

/// CLOCK_MONOTONIC.
#[derive(Clone, Copy, Debug, Default)]
pub struct RealClock;

impl Clock for RealClock {
    fn now(&self) -> Instant {
        // CLOCK_MONOTONIC exists on every Linux; a failure here would be a broken kernel.
        let now = clock_gettime(Clocks::CLOCK_MONOTONIC).unwrap_or(TimeSpec::new(0, 0));
        Instant(now.tv_sec() * 1_000_000_000 + now.tv_nsec())
    }

    fn timer(&self) -> io::Result<Box<dyn Timer>> {
        let descriptor = TimerFd::new(ClockId::CLOCK_MONOTONIC, TimerFlags::TFD_NONBLOCK | TimerFlags::TFD_CLOEXEC)?;
        #[expect(deprecated, reason = "its successor is unsafe; here the descriptor is owned, lives in the AsyncFd and is never exchanged")]
        let descriptor = AsyncFd::new(AsTimer(descriptor))?;
        Ok(Box::new(RealTimer { descriptor, armed_for: None }))
    }

    fn is_real(&self) -> bool {
        true
    }
}

/// `AsyncFd` asks for `AsRawFd`, `TimerFd` offers `AsFd`: the bridge.
struct AsTimer(TimerFd);

impl std::os::fd::AsRawFd for AsTimer {
    fn as_raw_fd(&self) -> std::os::fd::RawFd {
        std::os::fd::AsRawFd::as_raw_fd(&self.0.as_fd())
    }
}

struct RealTimer {
    descriptor: AsyncFd<AsTimer>,
    /// Arming is a system call: it is done once per due time, not once per wait.
    armed_for: Option<Instant>,
}

impl Timer for RealTimer {
    fn until(&mut self, at: Instant) -> LocalBoxFuture<'_, ()> {
        Box::pin(async move {
            loop {
                if RealClock.now() >= at {
                    return;
                }
                if self.armed_for != Some(at) {
                    let when = TimeSpec::new(at.0 / 1_000_000_000, at.0 % 1_000_000_000);
                    let armed = self.descriptor.get_ref().0.set(Expiration::OneShot(when), TimerSetTimeFlags::TFD_TIMER_ABSTIME);
                    if armed.is_err() {
                        // Only an instant before the clock's own beginning is refused: it has passed.
                        return;
                    }
                    self.armed_for = Some(at);
                }
                let Ok(mut ready) = self.descriptor.readable().await else { return };
                // The count of expirations is of no interest, but must be read to become unreadable again.
                let mut count = [0_u8; 8];
                let _ = nix::unistd::read(ready.get_inner().0.as_fd(), &mut count);
                ready.clear_ready();
                self.armed_for = None;
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "current_thread")]
    async fn timer_is_never_early_and_is_reused() {
        let mut timer = RealClock.timer().unwrap();
        for _ in 0..5 {
            let due = RealClock.now().after(Duration::from_millis(3));
            timer.until(due).await;
            assert!(RealClock.now() >= due);
        }
        let passed = RealClock.now().before(Duration::from_secs(1));
        timer.until(passed).await;
    }
}
