//! Handicaps: what a run is made worse by on purpose, to see whether a comparison finds it.
//!
//! They are asked for in the environment variable [`VARIABLE`], and by nothing else. A run that has one says so in its recording, and none of its
//! figures is to be trusted. All of them only make worse, so that none can hide anything that it is the new side of.

use std::fmt;
use std::str::FromStr;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

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

/// Makes whatever a thread does take more of its CPU: before the thread rests, it burns a share of what it has used since it rested last.
#[derive(Debug, Default)]
pub struct Brake {
    /// The bits of the share.
    share: AtomicU64,
    /// CPU of the thread up to which it has paid, nanoseconds.
    paid: AtomicI64,
}

impl Brake {
    /// From now on so much more; called by the thread itself.
    pub fn set(&self, share: f64) {
        self.paid.store(thread_cpu(), Ordering::Relaxed);
        self.share.store(share.to_bits(), Ordering::Relaxed);
    }

    /// Called by the thread itself whenever it has nothing to do.
    pub fn pay(&self) {
        let share = f64::from_bits(self.share.load(Ordering::Relaxed));
        if share <= 0.0 {
            return;
        }
        let mut now = thread_cpu();
        let until = now + ((now - self.paid.load(Ordering::Relaxed)) as f64 * share) as i64;
        while now < until {
            now = thread_cpu();
        }
        self.paid.store(now, Ordering::Relaxed);
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
        let took = |share: f64| {
            let brake = Brake::default();
            brake.set(share);
            let before = thread_cpu();
            for _ in 0..20 {
                work(500_000);
                brake.pay();
            }
            (thread_cpu() - before) as f64 / 1e7
        };
        let (without, half) = (took(0.0), took(0.5));
        assert!((0.99..1.2).contains(&without) && (1.45..1.7).contains(&half), "{without} {half}");
    }
}
