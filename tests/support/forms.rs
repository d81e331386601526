//! Closed forms, each with the error that a sample of it has: what a measurement must come to, and how near.
//!
//! Updates of a topic are Poisson at rate λ, polls of it have the interval T and a random phase; x = λT is the mean number
//! of updates in an interval, and p = 1 − e^(−x) the share of intervals that have any.

#![allow(dead_code, reason = "each test file is a crate of its own and uses a part of this")]

use std::io::{self, Write as _};

/// Standard errors within which a sample of the right quantity lies in 99 of 100 cases (normal distribution, both sides).
pub const CONFIDENCE: f64 = 2.576;
/// The most that a test may tolerate.
pub const TOLERANCE: f64 = 0.02;

/// What theory says a quantity is.
#[derive(Clone, Copy, Debug)]
pub struct Form {
    pub value: f64,
    /// Relative standard error of a sample.
    pub error: f64,
}

impl Form {
    /// What a sample may differ by, relative to the value.
    pub fn tolerance(&self) -> f64 {
        CONFIDENCE * self.error
    }
}

/// Whether a measurement is what is expected of it, within a relative tolerance.
pub fn within(measured: f64, expected: f64, tolerance: f64) -> bool {
    (measured / expected - 1.0).abs() <= tolerance
}

/// Holds a measurement to its closed form, and the test to its claim: the samples are enough for an error of at most 2 % at
/// 99 %, and the same comparison fails where λ or T is 5 % off, either way.
///
/// `slack` is a relative error beside that of sampling, such as of the lateness of a busy machine.
pub fn assert_form(what: &str, measured: f64, (lambda, interval): (f64, f64), slack: f64, form: impl Fn(f64, f64) -> Form) {
    let right = form(lambda, interval);
    let tolerance = right.tolerance() + slack;
    assert!(tolerance <= TOLERANCE, "{what}: samples for an error of {tolerance:.4} only");
    let off = (measured / right.value - 1.0) * 100.0;
    // The logs of CI hold the errors found.
    let _ = writeln!(io::stderr(), "{what}: measured {measured:.6}, closed form {:.6}, off by {off:+.3} %, tolerated {:.2} %", right.value, tolerance * 100.0);
    assert!(within(measured, right.value, tolerance), "{what}: measured {measured}, expected {} within {tolerance:.4}", right.value);
    for (parameter, wrong) in [
        ("λ + 5 %", form(lambda * 1.05, interval)),
        ("λ − 5 %", form(lambda * 0.95, interval)),
        ("T + 5 %", form(lambda, interval * 1.05)),
        ("T − 5 %", form(lambda, interval * 0.95)),
    ] {
        // A form that one of the two does not enter says the same as the right one.
        let enters = (wrong.value / right.value - 1.0).abs() > 1e-9;
        assert!(!enters || !within(measured, wrong.value, tolerance), "{what}: {parameter} goes unseen: measured {measured}, wrong form {}", wrong.value);
    }
}

fn share_with_any(x: f64) -> f64 {
    -f64::exp_m1(-x)
}

/// Share of polls that find something: p. A poll is a trial of its own: variance p (1 − p) ÷ polls.
pub fn hits(x: f64, polls: f64) -> Form {
    let p = share_with_any(x);
    Form { value: p, error: ((1.0 - p) / p / polls).sqrt() }
}

/// The same where λ is that of the drawn updates, which leaves less to chance: hits less e^(−x) × updates varies by
/// polls × e^(−x) (p − x e^(−x)). The polls of a window do not see its very updates: those of the last interval are seen after it, and
/// those of an interval before it are seen in it, which makes T ÷ window of the updates others than were counted.
pub fn hits_of_the_drawn(x: f64, polls: f64, intervals: f64) -> Form {
    let (p, none) = (share_with_any(x), f64::exp(-x));
    let chance = none * (p - x * none) / (p * p * polls);
    let edges = (x * none / p).powi(2) / (intervals * x * polls);
    Form { value: p, error: (chance + edges).sqrt() }
}

/// Delivered ÷ expected in a window of so many intervals: p ÷ x, but that a window cuts its first and its last interval,
/// of which a part delivers 1 − p ÷ x on average. Numerator D and denominator C of an interval have the variances p (1 − p) and
/// x and the covariance x (1 − p), so that the ratio varies by (1 ÷ x − (1 − p) ÷ p) ÷ number of intervals.
pub fn reach(x: f64, topics: f64, intervals: f64) -> Form {
    let p = share_with_any(x);
    let delivered = (intervals - 1.0) * p + 2.0 * (1.0 - p / x);
    Form { value: delivered / (intervals * x), error: ((1.0 / x - (1.0 - p) / p) / (topics * intervals)).sqrt() }
}

/// Mean of the wait for the next poll: uniform over T, so T ÷ 2 with a standard deviation of T ÷ √12.
pub fn mean_wait(interval: f64, updates: f64) -> Form {
    Form { value: interval / 2.0, error: 1.0 / (3.0 * updates).sqrt() }
}

/// Its 99th percentile: 0.99 T; an order statistic of a uniform sample varies by q (1 − q) ÷ updates.
pub fn p99_wait(interval: f64, updates: f64) -> Form {
    Form { value: 0.99 * interval, error: (0.99 * 0.01 / updates).sqrt() / 0.99 }
}
