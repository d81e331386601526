//! Handicaps: what a run is made worse by on purpose, to see whether a comparison finds it.
//!
//! They are asked for in the environment variable [`VARIABLE`], and by nothing else. A run that has one says so in its recording, and none of its
//! figures is to be trusted. All of them only make worse, so that none can hide anything that it is the new side of.

use std::fmt;
use std::str::FromStr;
use std::sync::atomic::{AtomicI64, AtomicU32, AtomicU64, Ordering};

use nix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};

/// Name of the environment variable: `server-cpu=0.1 payload=0.05 requests=1`, of which each may be left out.
pub const VARIABLE: &str = "PUSHBENCH_HANDICAP";

/// By how much a run is made worse.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Handicap {
    /// Share by which all that a server process does takes more CPU, 0 to 10. Not of contenders in memory.
    pub server_cpu: f64,
    /// Share by which payloads are longer than the scenario says, 0 to 10.
    pub payload: f64,
    /// Requests that a poller at a fixed interval sends besides, after each answer that brought news; 0 or 1.
    pub requests: u32,
}

/// A handicap that is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{found:?} is no handicap; allowed: server-cpu=SHARE, payload=SHARE (0 to 10, such as 0.05), requests=0 or 1, separated by blanks")]
pub struct HandicapError {
    /// What was found.
    pub found: String,
}

impl FromStr for Handicap {
    type Err = HandicapError;

    fn from_str(text: &str) -> Result<Self, HandicapError> {
        let mut handicap = Self::default();
        for word in text.split_whitespace() {
            let refused = || HandicapError { found: word.to_owned() };
            let (name, value) = word.split_once('=').ok_or_else(refused)?;
            let share = || value.parse::<f64>().ok().filter(|share| (0.0..=10.0).contains(share)).ok_or_else(refused);
            match name {
                "server-cpu" => handicap.server_cpu = share()?,
                "payload" => handicap.payload = share()?,
                "requests" => handicap.requests = value.parse::<u32>().ok().filter(|requests| *requests <= 1).ok_or_else(refused)?,
                _ => return Err(refused()),
            }
        }
        Ok(handicap)
    }
}

/// As it is asked for: `server-cpu=0.1 requests=1`; empty without any.
impl fmt::Display for Handicap {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shares = [("server-cpu", self.server_cpu), ("payload", self.payload), ("requests", f64::from(self.requests))];
        let there: Vec<String> = shares.iter().filter(|(_, share)| *share > 0.0).map(|(name, share)| format!("{name}={share}")).collect();
        out.write_str(&there.join(" "))
    }
}

impl Handicap {
    /// Whether there is any.
    pub fn is_any(&self) -> bool {
        *self != Self::default()
    }

    /// Bytes of a payload that the scenario wants to have so many.
    pub fn payload_of(&self, bytes: u64) -> usize {
        (bytes as f64 * (1.0 + self.payload)).round() as usize
    }
}

/// Reading the clock of a thread takes a microsecond on a virtual machine, which is as much as a short burst of work should be made longer by: only one
/// rest of so many pays, for all of them.
const RESTS: u32 = 2;

/// Makes whatever a thread does take more of its CPU: before the thread rests, it burns a share of what it has worked.
#[derive(Debug, Default)]
pub struct Brake {
    /// The bits of the share.
    share: AtomicU64,
    /// CPU of the thread when the share was set, nanoseconds.
    origin: AtomicI64,
    /// What was burnt since, nanoseconds.
    burnt: AtomicI64,
    /// How often the thread has rested since.
    rests: AtomicU32,
}

impl Brake {
    /// From now on so much more; called by the thread itself.
    pub fn set(&self, share: f64) {
        self.origin.store(thread_cpu(), Ordering::Relaxed);
        self.burnt.store(0, Ordering::Relaxed);
        self.share.store(share.to_bits(), Ordering::Relaxed);
    }

    /// Called by the thread itself whenever it has nothing to do.
    pub fn pay(&self) {
        let share = f64::from_bits(self.share.load(Ordering::Relaxed));
        if share <= 0.0 || !(self.rests.fetch_add(1, Ordering::Relaxed) + 1).is_multiple_of(RESTS) {
            return;
        }
        // Of all that was worked, so that a reading of the clock that took too long once makes the next burning shorter.
        let (begun, burnt) = (thread_cpu(), self.burnt.load(Ordering::Relaxed));
        let worked = begun - self.origin.load(Ordering::Relaxed) - burnt;
        let until = begun + (worked as f64 * share) as i64 - burnt;
        let mut now = begun;
        while now < until {
            now = thread_cpu();
        }
        self.burnt.store(burnt + now - begun, Ordering::Relaxed);
    }
}

/// CPU that this thread has used, nanoseconds.
fn thread_cpu() -> i64 {
    // The clock of the calling thread exists on every Linux; a failure here would be a broken kernel, and burns nothing.
    clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).map_or(0, |time| time.tv_sec() * 1_000_000_000 + time.tv_nsec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_is_read_and_shown_again() {
        let read = |text: &str| text.parse::<Handicap>();
        assert_eq!(read(" server-cpu=0.1  payload=0.05 requests=1 "), Ok(Handicap { server_cpu: 0.1, payload: 0.05, requests: 1 }));
        for text in ["", "server-cpu=0.1", "payload=0.05 requests=1"] {
            assert_eq!(read(text).unwrap().to_string(), text);
        }
        assert!(!read("payload=0").unwrap().is_any() && read("requests=1").unwrap().is_any());
        for bad in ["server-cpu", "server-cpu=-1", "payload=11", "payload=NaN", "requests=2", "requests=0.5", "bytes=1", "0.1"] {
            let message = read(&format!("payload=0.05 {bad}")).unwrap_err().to_string();
            assert!(message.starts_with(&format!("{bad:?} is no handicap; allowed: server-cpu=SHARE")), "{message}");
        }
        assert_eq!([256, 1_000].map(|bytes| Handicap { payload: 0.05, ..Handicap::default() }.payload_of(bytes)), [269, 1_050]);
    }

    #[test]
    fn a_brake_burns_its_share_of_what_was_used() {
        let work = |nanos: i64| {
            let until = thread_cpu() + nanos;
            while thread_cpu() < until {}
        };
        let once = |share: f64, burst: i64| {
            let brake = Brake::default();
            brake.set(share);
            let before = thread_cpu();
            for _ in 0..10_000_000 / burst {
                work(burst);
                brake.pay();
            }
            (thread_cpu() - before) as f64
        };
        // CPU of ten milliseconds of work, in bursts of so many nanoseconds: the least of five, since a busy machine only adds to it.
        let took = |share: f64, burst: i64| (0..5).map(|_| once(share, burst)).fold(f64::INFINITY, f64::min);
        for (share, burst) in [(0.5, 500_000), (0.1, 50_000)] {
            let (without, with) = (took(0.0, burst), took(share, burst));
            let longer = with / without - 1.0;
            assert!((0.99..1.2).contains(&(without / 1e7)), "{without}");
            assert!((0.9 * share..1.4 * share).contains(&longer), "{share} of bursts of {burst} ns: {longer}");
        }
    }
}
