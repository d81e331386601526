//! When a subscriber asks again: the models of polling that all pollers share.
//!
//! An open loop keeps to a plan, whatever the answers do: it never drifts, and what is late shows as lag. A closed loop pauses after each
//! answer, as the clients of published studies do: a slow server is then asked less often, and its slowness hides in the fewer questions.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use super::settings::{INTERVAL, MODEL, PAUSE};
use crate::contender::pacer::{Pacer, Tick, Ticks};
use crate::contender::settings::{Kind, SettingsError, Values};

/// Decides when each of a poller's keys is asked for again.
pub trait Rhythm {
    /// Ticks for the first time, and for those to come where they need no word of [`Rhythm::again`].
    fn plan(&self, pacer: &dyn Pacer, keys: &[u32], probe: u32) -> Ticks;

    /// The wait of a key that nothing is known of yet, scenario time.
    fn first(&self) -> Duration;

    /// `tick` has had its answer: plans the next one of its key. `found` says whether the answer brought another version than the last, and is
    /// `None` where there was no answer; `wait` is the key's own, and may change.
    fn again(&self, ticks: &Ticks, tick: Tick, wait: &Cell<Duration>, found: Option<bool>);

    /// How long news may lie before anybody looks, scenario time.
    fn longest(&self) -> Duration;

    /// How often one key is asked for within a span of scenario time.
    fn polls(&self, span: Duration) -> Polls;
}

/// How often one key is asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Polls {
    /// The number, on average.
    pub count: f64,
    /// Whether that is the most there can be, because it depends on the answers.
    pub at_most: bool,
}

impl Polls {
    /// The most that have room in `span` where at least `apart` lies between two.
    pub fn at_most(span: Duration, apart: Duration) -> Self {
        Self { count: (span.as_secs_f64() / apart.as_secs_f64()).floor() + 1.0, at_most: true }
    }
}

/// Reads the settings [`MODEL`], [`INTERVAL`] and [`PAUSE`].
///
/// # Errors
/// The one that the model needs is missing, or the other one is there.
pub fn read(values: &Values) -> Result<Rc<dyn Rhythm>, SettingsError> {
    let model = values.text(MODEL.name);
    let (needed, other) = if model == "closed" { (PAUSE, INTERVAL) } else { (INTERVAL, PAUSE) };
    if values.has(other.name) {
        return Err(SettingsError {
            key: other.name.to_owned(),
            problem: format!("{:?} does not go with model = {model:?}", other.name),
            allowed: "interval for model = \"open\", pause for model = \"closed\"".to_owned(),
        });
    }
    if !values.has(needed.name) {
        return Err(SettingsError {
            key: needed.name.to_owned(),
            problem: format!("the setting {:?} is missing, and model = {model:?} needs it", needed.name),
            allowed: Kind::Duration.allowed(),
        });
    }
    let time = values.duration(needed.name);
    Ok(if model == "closed" { Rc::new(Closed { pause: time }) } else { Rc::new(Open { interval: time }) })
}

/// Each key once per interval.
#[derive(Clone, Copy, Debug)]
pub struct Open {
    /// Scenario time.
    pub interval: Duration,
}

impl Rhythm for Open {
    fn plan(&self, pacer: &dyn Pacer, keys: &[u32], probe: u32) -> Ticks {
        pacer.every(self.interval, keys, probe)
    }

    fn first(&self) -> Duration {
        self.interval
    }

    fn again(&self, _: &Ticks, _: Tick, _: &Cell<Duration>, _: Option<bool>) {}

    fn longest(&self) -> Duration {
        self.interval
    }

    fn polls(&self, span: Duration) -> Polls {
        Polls { count: span.as_secs_f64() / self.interval.as_secs_f64(), at_most: false }
    }
}

/// Each key so long after its last answer, or after it was clear that there would be none.
#[derive(Clone, Copy, Debug)]
pub struct Closed {
    /// Scenario time.
    pub pause: Duration,
}

impl Rhythm for Closed {
    fn plan(&self, pacer: &dyn Pacer, keys: &[u32], probe: u32) -> Ticks {
        pacer.once(self.pause, keys, probe)
    }

    fn first(&self) -> Duration {
        self.pause
    }

    fn again(&self, ticks: &Ticks, tick: Tick, _: &Cell<Duration>, _: Option<bool>) {
        ticks.after_answer(tick, self.pause);
    }

    /// The time that an answer takes comes on top; it is no scenario's, and the timeout bounds it.
    fn longest(&self) -> Duration {
        self.pause
    }

    fn polls(&self, span: Duration) -> Polls {
        Polls::at_most(span, self.pause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_of(given: &[(&str, &str)]) -> Result<Rc<dyn Rhythm>, SettingsError> {
        let given = given.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        read(&Values::new(&[MODEL, INTERVAL, PAUSE], &given).unwrap())
    }

    #[test]
    fn each_model_has_a_time_of_its_own() {
        let span = Duration::from_secs(60);
        let open = read_of(&[("interval", "7s")]).unwrap();
        assert_eq!((open.longest(), open.polls(span)), (Duration::from_secs(7), Polls { count: 60.0 / 7.0, at_most: false }));
        let closed = read_of(&[("model", "closed"), ("pause", "500ms")]).unwrap();
        assert_eq!((closed.longest(), closed.polls(span)), (Duration::from_millis(500), Polls { count: 121.0, at_most: true }));
        for (given, key, says) in [
            (&[][..], "interval", "\"interval\" is missing, and model = \"open\" needs it"),
            (&[("model", "closed")], "pause", "\"pause\" is missing, and model = \"closed\" needs it"),
            (&[("interval", "1s"), ("pause", "1s")], "pause", "\"pause\" does not go with model = \"open\""),
            (&[("model", "closed"), ("interval", "1s"), ("pause", "1s")], "interval", "\"interval\" does not go with model = \"closed\""),
        ] {
            let error = read_of(given).err().unwrap();
            assert_eq!(error.key, key);
            assert!(error.problem.contains(says), "{error}");
        }
    }
}
