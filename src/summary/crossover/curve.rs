//! The difference of two contenders over a swept value: where it changes its sign, and whether noise could have done it.
//!
//! A difference is known at the load points alone; between them it is taken as straight. On logarithmic axes (difference of the
//! logarithms over the logarithm of the swept value) that is exact for every power law, and such are the closed forms: messages per update of a
//! poller fall as one over rate and interval, those of push stay the same.

use std::ops::RangeInclusive;

use super::super::ratios::student_t;
use super::super::thresholds::{FACTOR_WITHOUT_INTERVAL, REPEATS_FOR_AN_INTERVAL};

/// Who has the lower figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The left one.
    Left,
    /// The right one.
    Right,
}

impl Side {
    /// Who is lower, where left less right is this; nobody where it is 0.
    fn of(difference: f64) -> Option<Self> {
        if difference < 0.0 { Some(Self::Left) } else { (difference > 0.0).then_some(Self::Right) }
    }
}

/// Figures of left and right in every repeat.
pub type Pairs = Vec<(f64, f64)>;

/// Left less right over the swept value.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    /// The swept values, ascending; their logarithms where that is possible.
    places: Vec<f64>,
    /// Whether they are logarithms.
    logarithmic_places: bool,
    /// Whether differences are those of logarithms.
    logarithmic: bool,
    /// For each place, for each repeat.
    differences: Vec<Vec<f64>>,
    /// Means of left and right at the first and the last place.
    ends: [(f64, f64); 2],
}

impl Curve {
    /// Of these swept values, ascending, and at each the figures of the same repeats, all finite. `None` with fewer than two of
    /// the first or without any of the second.
    pub fn new(values: &[f64], pairs: &[Pairs], logarithmic_places: bool) -> Option<Self> {
        let repeats = pairs.first()?.len();
        if values.len() < 2 || values.len() != pairs.len() || repeats == 0 || pairs.iter().any(|pairs| pairs.len() != repeats) {
            return None;
        }
        let logarithmic = pairs.iter().flatten().all(|(left, right)| *left > 0.0 && *right > 0.0);
        let difference = |(left, right): &(f64, f64)| if logarithmic { left.ln() - right.ln() } else { left - right };
        let mean = |pairs: &Pairs| {
            let sum = pairs.iter().fold((0.0, 0.0), |sum, pair| (sum.0 + pair.0, sum.1 + pair.1));
            (sum.0 / repeats as f64, sum.1 / repeats as f64)
        };
        Some(Self {
            places: values.iter().map(|value| if logarithmic_places { value.ln() } else { *value }).collect(),
            logarithmic_places,
            logarithmic,
            differences: pairs.iter().map(|pairs| pairs.iter().map(difference).collect()).collect(),
            ends: [mean(&pairs[0]), mean(&pairs[pairs.len() - 1])],
        })
    }

    /// How many repeats.
    pub fn repeats(&self) -> usize {
        self.differences[0].len()
    }

    /// Mean difference at each place, each repeat counted so many times.
    pub fn mean(&self, times: &[u32]) -> Vec<f64> {
        let all: u32 = times.iter().sum();
        let weighted = |repeats: &Vec<f64>| repeats.iter().zip(times).map(|(difference, times)| difference * f64::from(*times)).sum::<f64>();
        self.differences.iter().map(|repeats| weighted(repeats) / f64::from(all)).collect()
    }

    /// Who is lower beyond the noise, at each place: by Student's t interval at 95 %; with one repeat by a factor.
    pub fn clear(&self) -> Vec<Option<Side>> {
        (0..self.places.len()).map(|place| self.clear_at(place)).collect()
    }

    fn clear_at(&self, place: usize) -> Option<Side> {
        let repeats = &self.differences[place];
        let count = repeats.len() as f64;
        let mean = repeats.iter().sum::<f64>() / count;
        let half = if repeats.len() >= REPEATS_FOR_AN_INTERVAL {
            let variance = repeats.iter().map(|difference| (difference - mean).powi(2)).sum::<f64>() / (count - 1.0);
            student_t(repeats.len() - 1) * (variance / count).sqrt()
        } else if self.logarithmic {
            FACTOR_WITHOUT_INTERVAL.ln()
        } else {
            // Differences of figures that have no ratio: of a single one nothing is known.
            f64::INFINITY
        };
        Side::of(mean).filter(|_| mean.abs() > half)
    }

    /// Where such means change their sign, ascending: from where to where, in the swept value's own unit; both are the same but where means are 0
    /// at several places in a row. Touching zero is no change.
    pub fn changes(&self, means: &[f64]) -> Vec<RangeInclusive<f64>> {
        let mut changes = Vec::new();
        // The last place at which somebody was lower.
        let mut last: Option<usize> = None;
        for (place, mean) in means.iter().enumerate() {
            let Some(side) = Side::of(*mean) else { continue };
            if let Some(before) = last.filter(|before| Side::of(means[*before]) != Some(side)) {
                changes.push(if before + 1 == place {
                    let share = means[before] / (means[before] - mean);
                    let at = self.value(self.places[before] + share * (self.places[place] - self.places[before]));
                    at..=at
                } else {
                    self.value(self.places[before + 1])..=self.value(self.places[place - 1])
                });
            }
            last = Some(place);
        }
        changes
    }

    /// The middle of a stretch, as the axis has it.
    pub fn middle(&self, stretch: &RangeInclusive<f64>) -> f64 {
        let (low, high) = (*stretch.start(), *stretch.end());
        if low == high {
            low
        } else if self.logarithmic_places {
            (low * high).sqrt()
        } else {
            f64::midpoint(low, high)
        }
    }

    /// How many times as much the higher one has at the first and at the last place; `None` where a figure is below 0, or both are 0.
    pub fn factors(&self) -> [Option<f64>; 2] {
        self.ends.map(|(left, right)| {
            let (low, high) = (left.min(right), left.max(right));
            (low >= 0.0 && high > 0.0).then(|| high / low)
        })
    }

    fn value(&self, place: f64) -> f64 {
        if self.logarithmic_places { place.exp() } else { place }
    }
}

/// Who is lower at the first place where anybody is.
pub fn first_side(means: &[f64]) -> Option<Side> {
    means.iter().find_map(|mean| Side::of(*mean))
}
