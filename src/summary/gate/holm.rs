//! Many questions at once: Holm's step-down adjustment.
//!
//! Of twenty figures that have not changed, one looks as if it had, five times of a hundred each. S. Holm, "A simple sequentially rejective
//! multiple test procedure", Scandinavian Journal of Statistics 6, 1979: the chance of any false alarm among all stays at that of one, whatever
//! the figures have to do with each other.

/// Each probability as it would have to stand alone, in the order in which they were given: one at or below 0.05 is significant among all of them.
pub fn adjusted(probabilities: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..probabilities.len()).collect();
    order.sort_by(|one, other| probabilities[*one].total_cmp(&probabilities[*other]));
    let mut adjusted = vec![0.0; probabilities.len()];
    let mut most: f64 = 0.0;
    for (rank, place) in order.into_iter().enumerate() {
        most = most.max((probabilities[place] * (probabilities.len() - rank) as f64).min(1.0));
        adjusted[place] = most;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    use super::*;

    /// `statsmodels.stats.multitest.multipletests([0.01, 0.04, 0.03, 0.005, 0.2, 0.04], method="holm")[1]`, statsmodels 0.15.0.
    #[test]
    fn they_are_those_of_statsmodels() {
        let found = adjusted(&[0.01, 0.04, 0.03, 0.005, 0.2, 0.04]);
        let expected = [0.05, 0.12, 0.12, 0.03, 0.2, 0.12];
        assert!(found.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-12), "{found:?}");
        assert_eq!(adjusted(&[]), Vec::<f64>::new());
        assert_eq!(adjusted(&[0.04]), [0.04], "one question is as it was");
    }

    proptest! {
        #![proptest_config(ProptestConfig { rng_seed: RngSeed::Fixed(1), ..ProptestConfig::default() })]

        #[test]
        fn none_becomes_smaller_and_the_order_stays(probabilities in prop::collection::vec(0.0..=1.0_f64, 0..40)) {
            let found = adjusted(&probabilities);
            for (one, raw) in found.iter().zip(&probabilities) {
                prop_assert!(one >= raw && *one <= 1.0);
                for (other, other_raw) in found.iter().zip(&probabilities) {
                    prop_assert!(raw > other_raw || one <= other);
                }
            }
            // Never milder than Bonferroni's for the smallest, never harder for any.
            let count = probabilities.len() as f64;
            prop_assert!(found.iter().zip(&probabilities).all(|(one, raw)| *one <= (raw * count).min(1.0) + 1e-12));
        }
    }
}
