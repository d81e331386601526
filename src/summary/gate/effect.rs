//! What became of a figure between two sets of trials, and how well that is known. Pure.
//!
//! The unit is the trial. Where the two were run in turn, each trial of the one has a partner of the other, and the differences within pairs are
//! looked at: what drifts with the time hits both, and drops out. Else it is Welch's unpaired comparison, in which that drift is noise. Either way
//! the interval is Student's t (not a bootstrap of percentiles, which at five pairs gives a false alarm two to four times as often as it says).
//!
//! Figures are looked at as logarithms, so that a change is a ratio; where one is not above 0, as differences in shares of the base's mean.

use statrs::distribution::{ContinuousCDF as _, StudentsT};

/// The usual error: an interval that holds the truth in 95 of 100 cases; a test that errs in 5.
pub const ERROR: f64 = 0.05;
/// An effect "could have been seen" where eight of ten such comparisons would see it.
const POWER: f64 = 0.8;
/// Trials beyond which nobody runs so many: the question is then not to be settled this way.
const MOST_TRIALS: usize = 10_000;

/// How two sets of trials are held against each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Design {
    /// Trial by trial, as they ran in turn.
    Paired,
    /// Mean by mean.
    Unpaired,
}

/// What an estimate is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// The logarithm of new ÷ base.
    Ratio,
    /// New − base, as a share of the base's mean: not all figures are above 0.
    Share,
    /// New − base, in the figure's unit: the base's mean is 0.
    Absolute,
}

/// What became of a figure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Effect {
    /// What `estimate` is.
    pub scale: Scale,
    /// How it came about.
    pub design: Design,
    /// Trials of base and new.
    pub trials: [usize; 2],
    /// Means of base and new in the figure's unit: geometric ones on the scale of ratios.
    pub means: [f64; 2],
    /// The best guess.
    pub estimate: f64,
    /// How well it is known; `None` with one trial on either side.
    pub noise: Option<Noise>,
    /// How often its interval may err.
    pub error: f64,
    /// How many figures were asked at once: whichever has changed alone must be clear at that part of the error (Holm). 1 until they are settled.
    pub asked: usize,
    /// What lies between the trials of base and those of new, signed as `estimate`; 0 where it is no more than the trials of a side lie apart.
    pub gap: f64,
}

/// How well an estimate is known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Noise {
    /// Standard error; 0 where all trials of a side say the same.
    error: f64,
    /// Degrees of freedom.
    degrees: f64,
    /// Variances of a trial on either side; of pairs, that of their differences and 0.
    variances: [f64; 2],
}

impl Effect {
    /// From figures of trials; `pairs` where each base has a partner; `error` is how often the interval may err. `None` where a side has none, or one
    /// that is no finite number.
    pub fn new(base: &[f64], new: &[f64], pairs: Option<&[(f64, f64)]>, error: f64) -> Option<Self> {
        let all = || base.iter().chain(new);
        if base.is_empty() || new.is_empty() || all().any(|value| !value.is_finite()) {
            return None;
        }
        let centre = mean(base);
        let scale = match centre {
            _ if all().all(|value| *value > 0.0) => Scale::Ratio,
            0.0 => Scale::Absolute,
            _ => Scale::Share,
        };
        let on_scale = |value: f64| match scale {
            Scale::Ratio => value.ln(),
            Scale::Share => value / centre.abs(),
            Scale::Absolute => value,
        };
        let scaled = |values: &[f64]| values.iter().map(|value| on_scale(*value)).collect::<Vec<f64>>();
        let (left, right) = (scaled(base), scaled(new));
        let (design, estimate, noise) = match pairs {
            Some(pairs) => {
                let differences: Vec<f64> = pairs.iter().map(|(base, new)| on_scale(*new) - on_scale(*base)).collect();
                (Design::Paired, mean(&differences), paired(&differences))
            }
            None => (Design::Unpaired, mean(&right) - mean(&left), unpaired(&left, &right)),
        };
        let means = match scale {
            Scale::Ratio => [mean(&left).exp(), mean(&right).exp()],
            _ => [centre, mean(new)],
        };
        // Equal values have means that are equal up to the last digit.
        let (estimate, noise) = (tidy(estimate, estimate), noise.map(|noise| Noise { error: tidy(noise.error, estimate), ..noise }));
        let gap = gap(&left, &right);
        Some(Self { scale, design, trials: [base.len(), new.len()], means, estimate, noise, error, asked: 1, gap })
    }

    /// Whether no trial differs from the others of its side (of pairs: no difference from the others): nothing is left to chance.
    pub fn is_exact(&self) -> bool {
        self.noise.is_some_and(|noise| noise.error == 0.0)
    }

    /// Interval of the estimate, of 95 % at the usual error.
    pub fn interval(&self) -> Option<(f64, f64)> {
        let noise = self.noise?;
        let half = if noise.error == 0.0 { 0.0 } else { self.line(noise.degrees) * noise.error };
        Some((self.estimate - half, self.estimate + half))
    }

    /// How probable an estimate so far from none is where nothing has changed (two-sided).
    pub fn probability(&self) -> Option<f64> {
        let noise = self.noise?;
        Some(match noise.error {
            0.0 if self.estimate == 0.0 => 1.0,
            0.0 => 0.0,
            error => 2.0 * cumulative(-(self.estimate / error).abs(), noise.degrees),
        })
    }

    /// A margin (0.05: five per cent, either way) on this scale. None is small enough for what was not there before.
    pub fn limit(&self, margin: f64) -> f64 {
        match self.scale {
            Scale::Ratio => margin.ln_1p(),
            Scale::Share => margin,
            Scale::Absolute => 0.0,
        }
    }

    /// The smallest effect that eight of ten such comparisons would call clear if no other figure had changed, on this scale.
    pub fn detectable(&self) -> Option<f64> {
        let noise = self.noise?;
        Some(if noise.error == 0.0 { 0.0 } else { self.reach(noise.degrees) * noise.error })
    }

    /// How probable it was that an effect of this size (on this scale) would be clear, if no other figure had changed.
    pub fn power(&self, limit: f64) -> Option<f64> {
        let noise = self.noise?;
        if noise.error == 0.0 {
            return Some(1.0);
        }
        let (line, shift) = (self.line_among_all(noise.degrees), limit.abs() / noise.error);
        // Of a t that is shifted: within 0.06 of the non-central one from six pairs on, as a test holds.
        Some(cumulative(shift - line, noise.degrees) + cumulative(-shift - line, noise.degrees))
    }

    /// Pairs, or trials a side, with which an effect of this size would be seen eight times of ten, at such a noise; `None`: more than 10,000.
    pub fn trials_needed(&self, limit: f64) -> Option<usize> {
        let noise = self.noise?;
        let [one, other] = noise.variances;
        let sum = one + other;
        if sum <= 0.0 || noise.error == 0.0 {
            return Some(2);
        }
        let sees = |trials: usize| self.detectable_with(trials).is_some_and(|least| least <= limit);
        // More trials always see more: halve what is left.
        let (mut low, mut high) = (2, MOST_TRIALS);
        if limit <= 0.0 || !sees(high) {
            return None;
        }
        while low < high {
            let middle = low.midpoint(high);
            if sees(middle) { high = middle } else { low = middle + 1 }
        }
        Some(high)
    }

    /// Standard deviation of a trial, on this scale: of pairs, that of their differences over √2.
    pub fn spread(&self) -> Option<f64> {
        let [one, other] = self.noise?.variances;
        Some(((one + other) / 2.0).sqrt())
    }

    /// The smallest effect that eight of ten comparisons of so many pairs (or trials a side) would see at such a noise, on this scale.
    pub fn detectable_with(&self, trials: usize) -> Option<f64> {
        let noise = self.noise?;
        let [one, other] = noise.variances;
        let sum = one + other;
        if sum <= 0.0 || noise.error == 0.0 {
            return Some(0.0);
        }
        let freedom = trials.saturating_sub(1).max(1) as f64 * sum.powi(2) / (one.powi(2) + other.powi(2));
        Some(self.reach(freedom) * (sum / trials.max(1) as f64).sqrt())
    }

    /// Standard errors beyond which an estimate is clear.
    fn line(&self, degrees: f64) -> f64 {
        quantile(1.0 - self.error / 2.0, degrees)
    }

    /// The same for the one figure that has changed, among all that were asked.
    fn line_among_all(&self, degrees: f64) -> f64 {
        quantile(1.0 - self.error / (2.0 * self.asked as f64), degrees)
    }

    /// Standard errors at which an effect is seen with [`POWER`].
    fn reach(&self, degrees: f64) -> f64 {
        self.line_among_all(degrees) + quantile(POWER, degrees)
    }
}

fn paired(differences: &[f64]) -> Option<Noise> {
    let count = differences.len();
    (count > 1).then(|| {
        let variance = variance(differences);
        Noise { error: (variance / count as f64).sqrt(), degrees: (count - 1) as f64, variances: [variance, 0.0] }
    })
}

/// B. L. Welch, "The generalization of 'Student's' problem when several different population variances are involved", Biometrika 34, 1947.
fn unpaired(base: &[f64], new: &[f64]) -> Option<Noise> {
    (base.len() > 1 && new.len() > 1).then(|| {
        let variances = [variance(base), variance(new)];
        let [one, other] = [variances[0] / base.len() as f64, variances[1] / new.len() as f64];
        let weights = one.powi(2) / (base.len() - 1) as f64 + other.powi(2) / (new.len() - 1) as f64;
        let degrees = if weights > 0.0 { (one + other).powi(2) / weights } else { (base.len() + new.len() - 2) as f64 };
        Noise { error: (one + other).sqrt(), degrees, variances }
    })
}

/// From the trials of one side to those of the other, where that is farther than the trials of either lie apart.
fn gap(base: &[f64], new: &[f64]) -> f64 {
    let ends = |values: &[f64]| values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(*value), high.max(*value)));
    let ((base_low, base_high), (new_low, new_high)) = (ends(base), ends(new));
    let (up, down) = (new_low - base_high, base_low - new_high);
    let apart = (base_high - base_low).max(new_high - new_low);
    match up.max(down) {
        between if between <= apart => 0.0,
        between if up > 0.0 => between,
        between => -between,
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn variance(values: &[f64]) -> f64 {
    let mean = mean(values);
    values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (values.len() - 1) as f64
}

/// 0 where it is rounding beside what it belongs to.
fn tidy(value: f64, beside: f64) -> f64 {
    if value.abs() <= 1e-12 * (1.0 + beside.abs()) { 0.0 } else { value }
}

fn students(degrees: f64) -> Option<StudentsT> {
    StudentsT::new(0.0, 1.0, degrees).ok()
}

fn cumulative(value: f64, degrees: f64) -> f64 {
    students(degrees).map_or(f64::NAN, |students| students.cdf(value))
}

fn quantile(share: f64, degrees: f64) -> f64 {
    students(degrees).map_or(f64::NAN, |students| students.inverse_cdf(share))
}

#[cfg(test)]
mod tests;
