//! What a recording asks for, looked through before it is believed: sums that would not fit, memory that nobody has.
//!
//! Reports add counts up, multiply times, and hold every distribution unpacked. Instead of a check at each sum there is one
//! here: all whole numbers together are so small that no sum of them can overflow.

use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use super::{Recording, Trial};

/// All counts of a recording together; a thousandth of it is more than all bytes of a 10 Gbit/s network in a week.
const MOST_COUNTED: u128 = 1 << 60;
/// Any number with decimals, either sign: squares and products of two stay finite.
const LARGEST: f64 = 1e30;
/// Memory of all distributions, unpacked, in bytes.
const MOST_MEMORY: u64 = 4 << 30;
/// Memory of a distribution with three digits, unpacked, in bytes; a test holds it to the library.
const FINE: u64 = 272 << 10;
/// The same with two digits, as those of the time-line are.
const COARSE: u64 = 36 << 10;
/// Seconds of a phase, and of the time-line: what distributions hold, a month.
const LONGEST: f64 = 31.0 * 86_400.0;

/// What a part of a recording asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Weight {
    /// Sum of all whole numbers, signs dropped.
    counted: u128,
    /// The number with decimals that is farthest from zero.
    farthest: f64,
    /// Bytes of its distributions, unpacked.
    memory: u64,
}

impl Weight {
    /// Both together.
    pub fn and(self, other: Self) -> Self {
        let memory = self.memory.saturating_add(other.memory);
        Self { counted: self.counted.saturating_add(other.counted), farthest: self.farthest.max(other.farthest), memory }
    }

    /// What is too much: what there is, and what is allowed.
    pub fn problem(self) -> Option<(String, String)> {
        if self.counted >= MOST_COUNTED {
            return Some(("its counts are larger than any run can have".to_owned(), format!("all of them together less than {MOST_COUNTED} (2^60)")));
        }
        if self.farthest > LARGEST {
            return Some((format!("it has the number {:e}", self.farthest), format!("numbers from {:e} to {LARGEST:e}", -LARGEST)));
        }
        let allowed = || format!("{} GiB; run parts of the scenario with --only", MOST_MEMORY >> 30);
        (self.memory > MOST_MEMORY).then(|| (format!("its distributions would take {} GiB of memory", self.memory.div_ceil(1 << 30)), allowed()))
    }
}

impl<'de> Deserialize<'de> for Weight {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut weight = Self::default();
        Walk { weight: &mut weight, distribution: FINE, counts: true }.deserialize(deserializer)?;
        Ok(weight)
    }
}

/// Goes through any JSON, keeps nothing of it.
struct Walk<'a> {
    weight: &'a mut Weight,
    /// What a distribution takes here.
    distribution: u64,
    /// Whether whole numbers are counts here.
    counts: bool,
}

impl Walk<'_> {
    fn count(self, number: u64) {
        if self.counts {
            self.weight.counted = self.weight.counted.saturating_add(u128::from(number));
        }
    }
}

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = ();

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("anything")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, number: u64) -> Result<(), E> {
        self.count(number);
        Ok(())
    }

    fn visit_i64<E>(self, number: i64) -> Result<(), E> {
        self.count(number.unsigned_abs());
        Ok(())
    }

    fn visit_f64<E>(self, number: f64) -> Result<(), E> {
        self.weight.farthest = self.weight.farthest.max(number.abs());
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while items.next_element_seed(Walk { weight: &mut *self.weight, ..self })?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        while let Some(key) = fields.next_key::<String>()? {
            self.weight.memory += match key.as_str() {
                "hdr" => self.distribution,
                // Two of staleness that older recordings do not have, and get.
                "times" => 2 * FINE,
                _ => 0,
            };
            let distribution = if key == "timeline" { COARSE } else { self.distribution };
            // An instant of the machine's clock is no count, and is added to nothing.
            let counts = self.counts && key != "window_began";
            fields.next_value_seed(Walk { weight: &mut *self.weight, distribution, counts })?;
        }
        Ok(())
    }
}

/// What the values of a recording cannot be, each for itself: what there is, and what is allowed.
pub(super) fn problem(recording: &Recording) -> Option<(String, String)> {
    recording.trials.iter().chain(&recording.baselines).find_map(of_trial)
}

fn of_trial(trial: &Trial) -> Option<(String, String)> {
    let shown = || format!("{} at {:?}, repeat {}", trial.contender, trial.load_point, trial.repeat);
    let workload = &trial.workload;
    for (name, seconds) in [("warm_up", workload.warm_up), ("window", workload.window), ("drain", workload.drain)] {
        if !(0.0..=LONGEST).contains(&seconds) {
            return Some((format!("the trial of {} has a {name} of {seconds} s", shown()), format!("from 0 to {LONGEST} s, 31 days")));
        }
    }
    let outside = trial.timeline.iter().find(|second| second.second.unsigned_abs() as f64 > 3.0 * LONGEST);
    if let Some(second) = outside {
        return Some((
            format!("the time-line of the trial of {} has the second {}", shown(), second.second),
            "seconds of warm-up, window and drain".to_owned(),
        ));
    }
    let fine = trial.timeline.iter().find(|second| second.latency.as_ref().is_some_and(|latency| !latency.is_coarse()));
    fine.map(|second| {
        let there = format!("the time-line of the trial of {} has a distribution of three digits in second {}", shown(), second.second);
        (there, "two significant digits in time-lines".to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weight(text: &str) -> Weight {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn all_whole_numbers_are_counted_but_instants() {
        let found = weight(r#"[{"a": 3, "b": [-4, true, null, "9"], "window_began": 9000000000000000000, "c": {"window_began": [5]}}, 1.5, -2e3, 1]"#);
        assert_eq!((found.counted, found.farthest), (8, 2_000.0));
        assert!(weight("[18446744073709551615, -9223372036854775808]").problem().unwrap().0.contains("counts"));
        assert!(weight("-2e30").problem().unwrap().0.contains("-2e30") || weight("-2e30").problem().unwrap().0.contains("2e30"));
        assert_eq!(weight("[1152921504606846975]").problem(), None);
    }

    #[test]
    fn distributions_weigh_what_they_take() {
        let found = weight(r#"{"times": {"latency": {"clipped": 0, "hdr": "x"}}, "timeline": [{"latency": {"hdr": "x"}}, {"latency": {"hdr": "x"}}]}"#);
        assert_eq!(found.memory, 3 * FINE + 2 * COARSE);
        let many = Weight { memory: MOST_MEMORY, ..Weight::default() };
        assert!(many.problem().is_none() && many.and(found).problem().unwrap().1.contains("4 GiB"));
    }

    #[test]
    fn the_memory_of_a_distribution_is_that_of_the_library() {
        use crate::measure::distribution::{Distribution, Precision};
        for (precision, weight) in [(Precision::Fine, FINE), (Precision::Coarse, COARSE)] {
            let bytes = Distribution::new(precision).unpacked();
            assert!(bytes <= weight && weight < bytes + bytes / 8, "{precision:?}: {bytes}, not {weight}");
        }
    }
}
