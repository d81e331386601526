//! Random numbers that are the same on every machine and in every version: what a seed means must never change.
//!
//! `ChaCha8` (a cipher with a fixed definition) gives the bits; everything above is our own: the key is the seed and a
//! tag, each use has a stream of its own, a number in [0, 1) is the upper 53 bits of a word, an exponential is
//! −ln(1 − u). Logarithms and powers come from `libm`, not from the C library, whose last bit differs from system to system.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

/// What randomness is for. Its number is part of what a seed means: never change one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The order of topics, from which the active ones are taken.
    Order = 1,
    /// Updates of a topic in the window.
    Window = 2,
    /// Updates of a topic in the warm-up.
    WarmUp = 3,
    /// Topics of a subscriber.
    Subscriptions = 4,
    /// Phases of a subscriber's polls.
    Phases = 5,
    /// Repeats that are drawn again, to see how well a figure is known.
    Bootstrap = 6,
    /// Changes of topics that are outside of the scenario.
    Outside = 7,
}

/// A stream of random numbers.
pub struct Random(ChaCha8Rng);

impl Random {
    /// The stream of a seed for a purpose and the number of a thing (a topic, a subscriber).
    pub fn new(seed: u64, purpose: Purpose, number: u32) -> Self {
        let mut key = [0_u8; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8..20].copy_from_slice(b"pushbench v1");
        let mut stream = ChaCha8Rng::from_seed(key);
        stream.set_stream((purpose as u64) << 32 | u64::from(number));
        Self(stream)
    }

    /// Uniform in [0, 1), a multiple of 2⁻⁵³.
    pub fn uniform(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 * (1.0 / (1_u64 << 53) as f64)
    }

    /// Exponential with mean 1, by inversion; at most 36.8.
    pub fn exponential(&mut self) -> f64 {
        -libm::log1p(-self.uniform())
    }

    /// A whole number below `limit`, all alike (Lemire's multiplication with rejection).
    pub fn below(&mut self, limit: u32) -> u32 {
        let limit = u64::from(limit.max(1));
        loop {
            let product = u64::from((self.0.next_u64() >> 32) as u32) * limit;
            // The lowest 2³² mod limit products are too many by one.
            if product & 0xFFFF_FFFF >= (1 << 32) % limit {
                return (product >> 32) as u32;
            }
        }
    }

    /// Number of trials up to and with the first success, each of probability 1 / mean: 1, 2, 3 … with that mean.
    pub fn geometric(&mut self, mean: f64) -> u32 {
        if mean <= 1.0 {
            return 1;
        }
        let failures = self.exponential() / -libm::log1p(-1.0 / mean);
        failures as u32 + 1
    }

    /// Brings a list into random order (Fisher and Yates).
    pub fn shuffle<T>(&mut self, list: &mut [T]) {
        for last in (1..list.len()).rev() {
            let other = self.below(u32::try_from(last + 1).unwrap_or(u32::MAX)) as usize;
            list.swap(last, other);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_means_for_ever_what_it_means_today() {
        let mut random = Random::new(20_080_721, Purpose::Window, 7);
        let words: Vec<u64> = (0..3).map(|_| random.0.next_u64()).collect();
        assert_eq!(words, [834_940_440_589_398_631, 4_149_296_903_000_500_208, 11_659_978_163_693_320_051]);
    }

    #[test]
    fn streams_differ_by_seed_purpose_and_number() {
        let first = |seed, purpose, number| Random::new(seed, purpose, number).0.next_u64();
        let base = first(1, Purpose::Window, 0);
        assert_eq!(base, first(1, Purpose::Window, 0));
        assert_ne!(base, first(2, Purpose::Window, 0));
        assert_ne!(base, first(1, Purpose::WarmUp, 0));
        assert_ne!(base, first(1, Purpose::Window, 1));
    }

    #[test]
    fn moments_are_as_they_should_be() {
        let mut random = Random::new(1, Purpose::Order, 0);
        let n = 200_000;
        let mean = |values: &mut dyn FnMut() -> f64| (0..n).map(|_| values()).sum::<f64>() / f64::from(n);
        // Five standard errors each: 1/√12, 1 and √90 over √n.
        assert!((mean(&mut || random.uniform()) - 0.5).abs() < 5.0 * 0.2887 / 447.0);
        assert!((mean(&mut || random.exponential()) - 1.0).abs() < 5.0 / 447.0);
        assert!((mean(&mut || f64::from(random.geometric(10.0))) - 10.0).abs() < 5.0 * 9.487 / 447.0);
        assert!((mean(&mut || f64::from(random.below(7))) - 3.0).abs() < 5.0 * 2.0 / 447.0);
        assert_eq!(random.geometric(1.0), 1);
    }

    #[test]
    fn a_shuffle_keeps_everything_and_favours_no_place() {
        let mut firsts = [0_u32; 5];
        for number in 0..10_000 {
            let mut list = [0, 1, 2, 3, 4];
            Random::new(1, Purpose::Order, number).shuffle(&mut list);
            firsts[list[0]] += 1;
            list.sort_unstable();
            assert_eq!(list, [0, 1, 2, 3, 4]);
        }
        // Five standard deviations of a binomial with n = 10,000 and p = 0.2.
        assert!(firsts.iter().all(|count| count.abs_diff(2_000) < 200), "{firsts:?}");
    }
}
