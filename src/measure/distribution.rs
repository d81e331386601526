//! Distributions of times: HDR histograms in microseconds that can be merged and saved.
//!
//! Percentiles are never averaged: the histograms of sides and repeats are merged first. In a recording a
//! distribution is the V2 deflate format of HdrHistogram, in base64, which every HdrHistogram tool reads.

mod saved;

use std::time::Duration;

use hdrhistogram::Histogram;
use serde::de::Error as _;
use serde::ser::Error as _;

/// The longest time that fits, in microseconds: 31 days. What is longer is kept as this, and counted as clipped.
pub const LONGEST: u64 = 31 * 86_400 * 1_000_000;

/// How finely values are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// Three significant digits: an error of at most 0.1 %.
    Fine,
    /// Two significant digits: an error of at most 1 %, for the one-second slices of a time-line.
    Coarse,
}

/// A distribution of times, in microseconds.
#[derive(Clone, Debug, PartialEq)]
pub struct Distribution {
    histogram: Histogram<u64>,
    clipped: u64,
    negative: u64,
}

impl Distribution {
    /// An empty one.
    pub fn new(precision: Precision) -> Self {
        let digits = match precision {
            Precision::Fine => 3,
            Precision::Coarse => 2,
        };
        // The bounds are constants that the library accepts; the test below holds them to it.
        let histogram = Histogram::new_with_bounds(1, LONGEST, digits).unwrap_or_else(|_| unreachable!("constant bounds"));
        Self { histogram, clipped: 0, negative: 0 }
    }

    /// Records one time, in nanoseconds. A negative one, which no clock that goes forwards can give, is recorded as zero and
    /// counted as negative.
    pub fn record(&mut self, nanos: i64) {
        self.negative += u64::from(nanos < 0);
        // Rounded to the nearest microsecond, so that no bias is added.
        let micros = (nanos.max(0) as u64 + 500) / 1_000;
        if micros > LONGEST {
            self.clipped += 1;
        }
        self.histogram.saturating_record(micros);
    }

    /// Adds all samples of the other.
    pub fn merge(&mut self, other: &Self) {
        self.clipped += other.clipped;
        self.negative += other.negative;
        // Bounds are the same for all distributions, so that adding cannot fail.
        let added = self.histogram.add(&other.histogram);
        debug_assert!(added.is_ok());
    }

    /// Forgets all samples, keeps the memory.
    pub fn clear(&mut self) {
        self.histogram.reset();
        self.clipped = 0;
        self.negative = 0;
    }

    /// Number of samples.
    pub fn count(&self) -> u64 {
        self.histogram.len()
    }

    /// Whether it has two significant digits only.
    pub fn is_coarse(&self) -> bool {
        self.histogram.sigfig() < 3
    }

    /// What it takes in memory, in bytes.
    pub fn unpacked(&self) -> u64 {
        (self.histogram.distinct_values() * size_of::<u64>()) as u64
    }

    /// Number of samples that were longer than [`LONGEST`].
    pub fn clipped(&self) -> u64 {
        self.clipped
    }

    /// Number of samples that were less than nothing, recorded as zero.
    pub fn negative(&self) -> u64 {
        self.negative
    }

    /// The value at a quantile from 0 to 1, in seconds; `None` where there are no samples.
    pub fn quantile(&self, quantile: f64) -> Option<f64> {
        (!self.histogram.is_empty()).then(|| self.histogram.value_at_quantile(quantile) as f64 / 1e6)
    }

    /// The quantile of a larger population in which so many more samples are infinite; infinity where it falls among them.
    pub fn quantile_with_infinite(&self, quantile: f64, infinite: u64) -> Option<f64> {
        let all = self.count() + infinite;
        if all == 0 {
            return None;
        }
        let rank = (quantile * all as f64).ceil().max(1.0);
        // The middle of the rank: rank ÷ count × count may be a hair more than rank, and the library would go one further.
        if rank > self.count() as f64 { Some(f64::INFINITY) } else { self.quantile((rank - 0.5) / self.count() as f64) }
    }

    /// Mean in seconds; `None` where there are no samples.
    pub fn mean(&self) -> Option<f64> {
        (!self.histogram.is_empty()).then(|| self.histogram.mean() / 1e6)
    }

    /// Largest value in seconds; `None` where there are no samples.
    pub fn max(&self) -> Option<f64> {
        (!self.histogram.is_empty()).then(|| self.histogram.max() as f64 / 1e6)
    }

    /// The values that occur, ascending, each as the middle of its bucket in seconds, with its number of samples.
    pub fn buckets(&self) -> impl Iterator<Item = (f64, u64)> {
        let middle = |value| self.histogram.median_equivalent(value) as f64 / 1e6;
        self.histogram.iter_recorded().map(move |bucket| (middle(bucket.value_iterated_to()), bucket.count_at_value()))
    }

    /// As base64 of the V2 deflate format.
    ///
    /// # Errors
    /// The library refuses; cannot happen with our bounds.
    pub fn encode(&self) -> Result<String, String> {
        saved::encode(&self.histogram)
    }

    /// From base64 of the V2 deflate format.
    ///
    /// # Errors
    /// Not base64, not a histogram, not one with our bounds, or one with more samples than any run has.
    pub fn decode(text: &str) -> Result<Self, String> {
        let histogram = saved::decode(text)?;
        Ok(Self { histogram, clipped: 0, negative: 0 })
    }
}

impl Default for Distribution {
    fn default() -> Self {
        Self::new(Precision::Fine)
    }
}

/// Adds nanoseconds given as a duration.
impl Extend<Duration> for Distribution {
    fn extend<T: IntoIterator<Item = Duration>>(&mut self, durations: T) {
        for duration in durations {
            self.record(duration.as_nanos() as i64);
        }
    }
}

/// Saved as `{"clipped": n, "negative": n, "hdr": "base64"}`.
#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Saved {
    clipped: u64,
    #[serde(default)]
    negative: u64,
    hdr: String,
}

impl serde::Serialize for Distribution {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Saved { clipped: self.clipped, negative: self.negative, hdr: self.encode().map_err(S::Error::custom)? }.serialize(serializer)
    }
}

impl<'de> serde::Deserialize<'de> for Distribution {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let saved = Saved::deserialize(deserializer)?;
        let mut distribution = Self::decode(&saved.hdr).map_err(D::Error::custom)?;
        distribution.clipped = saved.clipped;
        distribution.negative = saved.negative;
        Ok(distribution)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    use super::*;

    #[test]
    fn survives_saving_and_merging() {
        for precision in [Precision::Fine, Precision::Coarse] {
            let mut one = Distribution::new(precision);
            one.extend([Duration::from_millis(5), Duration::from_secs(1_362)]);
            let mut two: Distribution = serde_json::from_str(&serde_json::to_string(&one).unwrap()).unwrap();
            assert_eq!(one, two);
            two.merge(&one);
            assert_eq!(two.count(), 4);
            assert!((two.quantile(0.5).unwrap() - 0.005).abs() < 0.000_05);
        }
        assert!(Distribution::decode("no").is_err());
        assert!(Distribution::decode("AAAA").is_err());
    }

    #[test]
    fn too_long_and_too_short_are_kept_and_counted() {
        let mut one = Distribution::default();
        one.record(i64::MAX / 2);
        one.record(-5);
        assert_eq!((one.clipped(), one.negative(), one.count()), (1, 1, 2));
        let mut two: Distribution = serde_json::from_str(&serde_json::to_string(&one).unwrap()).unwrap();
        two.merge(&one);
        assert_eq!((two.clipped(), two.negative(), two.count()), (2, 2, 4));
        two.clear();
        assert_eq!((two.clipped(), two.negative(), two.count()), (0, 0, 0));
    }

    #[test]
    fn a_loss_is_infinite() {
        let mut one = Distribution::default();
        one.extend((1..=90).map(Duration::from_millis));
        assert_eq!(one.quantile_with_infinite(0.95, 10), Some(f64::INFINITY));
        assert!(one.quantile_with_infinite(0.90, 10).unwrap() < 0.0901);
        for count in 1..200 {
            let mut one = Distribution::default();
            one.extend((1..=count).map(Duration::from_millis));
            for rank in 1..=count {
                let quantile = (rank as f64 - 0.25) / count as f64;
                assert_eq!(one.quantile_with_infinite(quantile, 0), one.quantile(quantile), "{rank} of {count}");
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, rng_seed: RngSeed::Fixed(1), ..ProptestConfig::default() })]

        #[test]
        fn merging_is_recording_both(one in times(), other in times(), fine in any::<bool>()) {
            let of = |lists: &[&Vec<i64>]| {
                let mut all = Distribution::new(if fine { Precision::Fine } else { Precision::Coarse });
                lists.iter().flat_map(|list| list.iter()).for_each(|nanos| all.record(*nanos));
                all
            };
            let mut merged = of(&[&one]);
            merged.merge(&of(&[&other]));
            prop_assert_eq!(&merged, &of(&[&one, &other]));
            let mut reversed = of(&[&other]);
            reversed.merge(&of(&[&one]));
            prop_assert_eq!(merged, reversed);
        }

        #[test]
        fn quantiles_rise(times in times(), infinite in 0_u64..50, mut asked in prop::collection::vec(0.0..=1.0_f64, 2..20)) {
            let mut all = Distribution::default();
            times.iter().for_each(|nanos| all.record(*nanos));
            asked.sort_by(f64::total_cmp);
            let rises = |found: Vec<Option<f64>>| found.windows(2).all(|pair| pair[0] <= pair[1]);
            prop_assert!(rises(asked.iter().map(|quantile| all.quantile(*quantile)).collect()));
            prop_assert!(rises(asked.iter().map(|quantile| all.quantile_with_infinite(*quantile, infinite)).collect()));
            prop_assert!(all.quantile(1.0) <= all.max() && all.buckets().map(|(_, count)| count).sum::<u64>() == all.count());
            prop_assert_eq!(all.quantile_with_infinite(1.0, infinite), if infinite > 0 { Some(f64::INFINITY) } else { all.quantile(1.0) });
        }
    }

    fn times() -> impl Strategy<Value = Vec<i64>> {
        prop::collection::vec(prop_oneof![0..5_000_000_000_i64, -10..10_i64, 0..4_000_000_000_000_000_i64], 0..100)
    }
}
