//! A crossover in a sentence.

use super::{Answer, Crossover, Interval};
use crate::units::show_factor;

/// Who is better, in a word that fits the metric.
fn better(metric: &str) -> &'static str {
    match metric.split('.').next() {
        Some("staleness" | "scenario_latency") => "fresher",
        Some("bytes" | "cpu") => "cheaper",
        _ => "needs fewer",
    }
}

impl Crossover<'_> {
    /// What came out, in a sentence without its subject: `cross at 12.3 (75 % interval 11.9 to 13.1): poll-5s is cheaper below, push above`.
    pub fn sentence(&self) -> String {
        let better = better(self.metric.name);
        let is = if better == "needs fewer" { "" } else { "is " };
        let show = |value: f64| self.unit.show(value);
        match (&self.answer, self.lower()) {
            (Answer::Crossing { at, interval, .. }, Some((below, above))) => {
                let known = interval.as_ref().map_or_else(|| "one repeat: noise unknown".to_owned(), |interval| self.interval(interval));
                format!("cross at {} ({known}): {below} {is}{better} below, {above} above{}", show(*at), self.but())
            }
            (Answer::NoCrossing { factors, .. }, Some((lower, _))) => {
                let [first, last] = factors.map(|factor| factor.map_or_else(|| "an unknown factor".to_owned(), factor_of));
                let (smallest, largest) = self.range();
                let factors = format!("by {first} at {} and {last} at {}", show(smallest), show(largest));
                format!("no crossing from {} to {}: {lower} {is}{better} throughout, {factors}{}", show(smallest), show(largest), self.but())
            }
            (Answer::CannotTell(why), _) => format!("cannot tell: {why}{}", self.but()),
            _ => String::new(),
        }
    }

    /// `75 % interval 11.9 to 13.1`; where the range ends before the interval, that is said.
    fn interval(&self, interval: &Interval) -> String {
        let (smallest, largest) = self.range();
        let confidence = format!("{:.0} % interval", interval.confidence * 100.0);
        let show = |value: f64| self.unit.show(value);
        match (interval.low.is_finite(), interval.high.is_finite()) {
            (true, true) => format!("{confidence} {} to {}", show(interval.low), show(interval.high)),
            (false, true) => format!("{confidence}: below {}, perhaps below {}", show(interval.high), show(smallest)),
            (true, false) => format!("{confidence}: above {}, perhaps above {}", show(interval.low), show(largest)),
            (false, false) => format!("{confidence}: perhaps outside {} to {}", show(smallest), show(largest)),
        }
    }

    /// What was left out, where that is not the answer itself.
    fn but(&self) -> String {
        if self.left_out.is_empty() || self.points.len() < 2 { String::new() } else { format!("; left out: {}", self.left_out.join(", ")) }
    }

    /// Lowest and highest swept value that was used; 0 without any.
    pub fn range(&self) -> (f64, f64) {
        let of = |point: Option<&super::Point<'_>>| point.map_or(0.0, |point| point.at);
        (of(self.points.first()), of(self.points.last()))
    }
}

fn factor_of(factor: f64) -> String {
    if factor.is_infinite() { "any factor".to_owned() } else { format!("a factor of {}", show_factor(factor)) }
}
