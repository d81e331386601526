//! What is asked of a distribution, and what a trial can say of a metric.

use crate::measure::distribution::Distribution;

/// What is asked of a distribution.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Statistic {
    /// The value at a quantile from 0 to 1.
    Quantile(f64),
    /// The mean.
    Mean,
    /// The largest value.
    Max,
}

/// What a trial says of a metric.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Reading {
    /// It does not apply.
    Absent,
    /// It applies, but there is nothing it could be computed from.
    Empty,
    /// The value; may be infinite.
    Value(f64),
}

impl Reading {
    /// `None` where it does not apply, else the value, where there is one.
    pub fn value(self) -> Option<Option<f64>> {
        match self {
            Self::Absent => None,
            Self::Empty => Some(None),
            Self::Value(value) => Some(Some(value)),
        }
    }
}

impl Statistic {
    /// Applied to a distribution, in seconds.
    pub fn of(self, distribution: &Distribution) -> Option<f64> {
        match self {
            Self::Quantile(quantile) => distribution.quantile(quantile),
            Self::Mean => distribution.mean(),
            Self::Max => distribution.max(),
        }
    }
}
