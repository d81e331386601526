//! Held against scipy 1.17.1 and statsmodels 0.15.0, and against chance itself.

use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::*;
use crate::random::{Purpose, Random};

const BASE: [f64; 8] = [10.1, 9.8, 10.4, 10.0, 9.9, 10.3, 10.2, 9.7];
const NEW: [f64; 8] = [10.6, 10.1, 11.0, 10.3, 10.4, 10.9, 10.5, 10.3];

fn near(one: f64, other: f64) -> bool {
    (one - other).abs() <= 1e-8 * one.abs().max(other.abs()).max(1e-3)
}

fn of_pairs(base: &[f64], new: &[f64]) -> Effect {
    let pairs: Vec<(f64, f64)> = base.iter().copied().zip(new.iter().copied()).collect();
    Effect::new(base, new, Some(&pairs), ERROR).unwrap()
}

/// `scipy.stats.ttest_rel` and `ttest_ind(equal_var=False)` of the logarithms of new and base, with `confidence_interval(0.95)`.
#[test]
fn estimates_intervals_and_probabilities_are_those_of_scipy() {
    let cases = [
        (of_pairs(&BASE, &NEW), 0.044_876_921_742_484_865, 2.829_608_650_199_422_4e-5, (0.033_804_271_544_263_145, 0.055_949_571_940_706_586)),
        (
            Effect::new(&BASE, &NEW, None, ERROR).unwrap(),
            0.044_876_921_742_484_92,
            0.005_113_563_436_566_3,
            (0.015_917_481_791_282_835, 0.073_836_361_693_687_01),
        ),
        (
            Effect::new(&BASE, &[10.6, 10.1, 11.4, 10.3, 9.2], None, ERROR).unwrap(),
            0.024_357_411_076_152_857,
            0.530_567_960_472_125_2,
            (-0.071_073_347_572_034_93, 0.119_788_169_724_340_64),
        ),
    ];
    for (effect, estimate, probability, (low, high)) in cases {
        assert_eq!(effect.scale, Scale::Ratio);
        let interval = effect.interval().unwrap();
        assert!(near(effect.estimate, estimate) && near(interval.0, low) && near(interval.1, high), "{effect:?}: {interval:?}");
        assert!(near(effect.probability().unwrap(), probability), "{:?}", effect.probability());
    }
}

/// `scipy.stats.t.ppf([0.8, 0.975], df)` and `scipy.stats.t.cdf(-3.3, df)`.
#[test]
fn students_distribution_is_that_of_scipy() {
    for (degrees, eighty, limit, tail) in [
        (1.0, 1.376_381_920_471_173_8, 12.706_204_736_174_694, 0.093_657_770_931_879_34),
        (2.5, 1.010_163_874_722_251_2, 3.574_654_842_003_681_7, 0.029_701_064_389_722_066),
        (5.0, 0.919_543_780_240_827_1, 2.570_581_835_636_314_6, 0.010_737_750_149_998_997),
        (9.0, 0.883_403_859_685_534_6, 2.262_157_162_798_205, 0.004_614_954_159_273_509),
        (27.3, 0.854_986_484_203_985_6, 2.050_776_009_386_825, 0.001_347_934_216_643_918),
        (300.0, 0.842_821_011_161_393_6, 1.967_903_011_261_086_5, 0.000_541_722_019_546_137_6),
    ] {
        let (found, expected) = ([quantile(0.8, degrees), quantile(0.975, degrees), cumulative(-3.3, degrees)], [eighty, limit, tail]);
        // Quantiles are found by iteration.
        assert!(found.iter().zip(expected).all(|(found, expected)| (found / expected - 1.0).abs() < 1e-6), "{degrees}: {found:?}, not {expected:?}");
    }
}

/// Two sides with a standard deviation of 1 within each (of pairs: of the differences), in the figure's unit: effects are then in deviations.
fn of_noise(trials: usize, design: Design) -> Effect {
    let half = (trials as f64 - 1.0).sqrt() / (trials as f64).sqrt();
    let values: Vec<f64> = (0..trials).map(|trial| if trial % 2 == 0 { half } else { -half }).collect();
    match design {
        Design::Paired => of_pairs(&vec![0.0; trials], &values),
        Design::Unpaired => Effect::new(&values, &values, None, ERROR).unwrap(),
    }
}

/// `statsmodels.stats.power.TTestPower().power(d, n, 0.05)` and `TTestIndPower()`, which take the non-central t.
#[test]
fn power_is_close_to_the_exact_one() {
    for (trials, effect, paired, unpaired) in [
        (6, 0.5, 0.170_71, 0.123_10),
        (6, 1.0, 0.506_84, 0.347_35),
        (6, 1.5, 0.832_53, 0.649_58),
        (10, 0.5, 0.293_18, 0.185_10),
        (10, 1.0, 0.803_10, 0.562_01),
        (10, 1.5, 0.987_28, 0.886_97),
        (20, 0.5, 0.564_50, 0.337_94),
        (20, 1.0, 0.988_59, 0.868_95),
    ] {
        for (design, expected) in [(Design::Paired, paired), (Design::Unpaired, unpaired)] {
            let found = of_noise(trials, design).power(effect).unwrap();
            assert!((found - expected).abs() < 0.06, "{trials} {design:?}, {effect} deviations: {found}, exactly {expected}");
        }
    }
}

/// `TTestPower().solve_power(d, alpha=0.05, power=0.8)`, rounded up: 89.1, 33.4, 9.9, 4.2; `TTestIndPower()`: 175.4, 63.8, 16.7, 5.1.
#[test]
fn so_many_trials_are_needed() {
    for (effect, paired, unpaired) in [(0.3, 90, 176), (0.5, 34, 64), (1.0, 10, 17), (2.0, 5, 6)] {
        for (design, expected) in [(Design::Paired, paired), (Design::Unpaired, unpaired)] {
            let found = of_noise(8, design).trials_needed(effect).unwrap();
            assert!(found.abs_diff(expected) <= 1, "{design:?}, {effect} deviations: {found}, exactly {expected}");
        }
    }
    let effect = of_noise(8, Design::Paired);
    assert_eq!((effect.trials_needed(0.0), effect.trials_needed(1e-9)), (None, None));
    // What would just be seen is what so many trials are needed for.
    let detectable = effect.detectable().unwrap();
    assert_eq!(effect.trials_needed(detectable * (1.0 + 1e-9)), Some(8));
    assert!((effect.power(detectable).unwrap() - POWER).abs() < 1e-3);
}

#[test]
fn without_noise_nothing_is_left_to_chance() {
    let same = Effect::new(&[0.1, 0.1, 0.1], &[0.1, 0.1], None, ERROR).unwrap();
    assert!(same.is_exact() && same.estimate == 0.0 && same.probability() == Some(1.0) && same.interval() == Some((0.0, 0.0)));
    let more = Effect::new(&[5_261.0, 5_261.0], &[5_262.0, 5_262.0], None, ERROR).unwrap();
    assert!(more.is_exact() && more.estimate > 0.0 && more.probability() == Some(0.0));
    assert_eq!((more.detectable(), more.power(0.01), more.trials_needed(0.01)), (Some(0.0), Some(1.0), Some(2)));
    // In pairs, noise that both have drops out.
    assert!(of_pairs(&[1.0, 2.0, 4.0], &[1.5, 3.0, 6.0]).is_exact());
    let one = Effect::new(&[5.0], &[6.0, 7.0], None, ERROR).unwrap();
    assert_eq!((one.noise, one.interval(), one.probability(), one.is_exact()), (None, None, None, false));
}

/// `scipy.stats.t.ppf(1 - 0.05 / 40, 7) + scipy.stats.t.ppf(0.8, 7)`, over √8: the most that Holm asks of one of twenty.
#[test]
fn among_many_figures_only_larger_effects_are_seen() {
    let alone = of_noise(8, Design::Paired);
    let among = Effect { asked: 20, ..alone };
    assert_eq!(alone.interval(), among.interval());
    let standard_error = alone.interval().map(|(low, high)| (high - low) / 2.0 / 2.364_624_251_592_785).unwrap();
    assert!((among.detectable().unwrap() / standard_error - 5.490_67).abs() < 1e-3, "{}", among.detectable().unwrap() / standard_error);
    assert!(among.power(1.0).unwrap() < alone.power(1.0).unwrap() && among.trials_needed(1.0) > alone.trials_needed(1.0));
}

#[test]
fn sides_have_a_gap_where_it_is_wider_than_either() {
    for (base, new, expected) in [
        (&[5.0, 5.125][..], &[6.0, 6.25][..], 0.875),
        (&[6.0, 6.25], &[5.0, 5.125], -0.875),
        (&[5.0], &[6.0], 1.0),
        (&[5.0, 5.75], &[6.0, 6.125], 0.0),
        (&[5.0, 7.0], &[6.0, 6.0], 0.0),
        (&[5.0, 5.0], &[5.0], 0.0),
    ] {
        assert_eq!(gap(base, new), expected, "{base:?} {new:?}");
    }
}

#[test]
fn figures_that_have_no_ratio_are_looked_at_as_differences() {
    let share = Effect::new(&[0.0, 4.0], &[3.0, 3.0], None, ERROR).unwrap();
    assert_eq!((share.scale, share.estimate, share.means), (Scale::Share, 0.5, [2.0, 3.0]));
    assert_eq!(share.limit(0.05), 0.05);
    // CPU less the null trial's may be below 0: up is up all the same.
    assert!(Effect::new(&[-2.0, -2.0], &[-1.0, -1.0], None, ERROR).unwrap().estimate > 0.0);
    let from_nothing = Effect::new(&[0.0, 0.0], &[2.0, 2.0], None, ERROR).unwrap();
    assert_eq!((from_nothing.scale, from_nothing.estimate, from_nothing.limit(0.05)), (Scale::Absolute, 2.0, 0.0));
    assert!((Effect::new(&BASE, &NEW, None, ERROR).unwrap().limit(0.05) - 1.05_f64.ln()).abs() < 1e-15);
    assert_eq!(Effect::new(&[], &[1.0], None, ERROR), None);
    assert_eq!(Effect::new(&[1.0], &[f64::INFINITY], None, ERROR), None);
}

/// A sum of twelve uniforms has a variance of one.
fn normal(random: &mut Random, deviation: f64) -> f64 {
    deviation * ((0..12).map(|_| random.uniform()).sum::<f64>() - 6.0)
}

/// Calm most of the time, three times as noisy once in ten: what shared machines are like.
fn gusty(random: &mut Random, deviation: f64) -> f64 {
    let gust = if random.uniform() < 0.1 { 3.0 } else { 1.0 };
    normal(random, deviation * gust)
}

/// Shares of comparisons that call a change one: without any, and with one of 5 %. Each trial has noise of its own and the drift that its pair shares.
fn alarms(trials: usize, noise: f64, drift: f64, of: fn(&mut Random, f64) -> f64) -> [[f64; 2]; 2] {
    const DRAWS: usize = 4_000;
    let mut random = Random::new(20_080_721, Purpose::Bootstrap, trials as u32);
    let mut counts = [[0_usize; 2]; 2];
    for _ in 0..DRAWS {
        let drifts: Vec<f64> = (0..trials).map(|_| normal(&mut random, drift)).collect();
        let mut side = |factor: f64| drifts.iter().map(|drift| factor * (drift + of(&mut random, noise)).exp()).collect::<Vec<f64>>();
        let (base, same, dearer) = (side(1.0), side(1.0), side(1.05));
        for (place, new) in [same, dearer].iter().enumerate() {
            let effects = [of_pairs(&base, new), Effect::new(&base, new, None, ERROR).unwrap()];
            for (design, effect) in effects.iter().enumerate() {
                counts[place][design] += usize::from(effect.probability().unwrap() <= ERROR);
            }
        }
    }
    counts.map(|of_change| of_change.map(|count| count as f64 / DRAWS as f64))
}

/// The rate of false alarms is what it is said to be, in pairs and without, whatever the noise looks like; and pairs see more where drift is shared.
#[test]
fn alarms_are_as_rare_as_they_are_said_to_be_and_pairs_see_more() {
    for trials in [6, 10] {
        for of in [normal, gusty] {
            let [[false_paired, false_unpaired], _] = alarms(trials, 0.02, 0.05, of);
            // The deviation of such a share is 0.0034; noise in gusts makes t a little too cautious, never rash.
            assert!((0.02..0.06).contains(&false_paired), "{trials} pairs: {false_paired}");
            // A drift that both sides share is none of the noise that Welch allows for: it is too cautious by far.
            assert!(false_unpaired < 0.02, "{trials} trials: {false_unpaired}");
        }
    }
    let [_, [paired, unpaired]] = alarms(10, 0.025, 0.05, normal);
    assert!(paired > 0.9 && unpaired < 0.55, "a change of 5 % is seen by {paired} of pairs, {unpaired} without");
    let [[_, unpaired], _] = alarms(10, 0.05, 0.0, normal);
    assert!((0.035..0.065).contains(&unpaired), "without drift it errs as often as it says: {unpaired}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, rng_seed: RngSeed::Fixed(1), ..ProptestConfig::default() })]

    #[test]
    fn the_way_back_is_the_way_there_turned_round(base in values(), new in values()) {
        let (there, back) = (Effect::new(&base, &new, None, ERROR).unwrap(), Effect::new(&new, &base, None, ERROR).unwrap());
        prop_assert!((there.estimate + back.estimate).abs() < 1e-9);
        prop_assert_eq!(there.noise.is_some(), base.len() > 1 && new.len() > 1);
        if let (Some(one), Some(other)) = (there.probability(), back.probability()) {
            prop_assert!((one - other).abs() < 1e-9);
        }
    }

    #[test]
    fn the_unit_and_the_order_change_nothing(mut base in values(), new in values(), scale in 1e-3..1e3_f64) {
        let before = Effect::new(&base, &new, None, ERROR).unwrap();
        base.reverse();
        let scaled = |values: &[f64]| values.iter().map(|value| value * scale).collect::<Vec<f64>>();
        let after = Effect::new(&scaled(&base), &scaled(&new), None, ERROR).unwrap();
        prop_assert!((before.estimate - after.estimate).abs() < 1e-9);
    }

    /// A test and its interval are two sides of one thing.
    #[test]
    fn no_change_is_improbable_where_the_interval_leaves_it_out(base in values(), new in values(), paired in any::<bool>()) {
        let both = base.len().min(new.len());
        let effect = if paired { of_pairs(&base[..both], &new[..both]) } else { Effect::new(&base, &new, None, ERROR).unwrap() };
        if let (Some((low, high)), Some(probability)) = (effect.interval(), effect.probability()) {
            prop_assert!(low <= effect.estimate && effect.estimate <= high);
            // At the very edge rounding decides.
            if (low * high).abs() > 1e-9 {
                prop_assert_eq!(low > 0.0 || high < 0.0, probability < ERROR, "{:?} {} {}", effect, low, high);
            }
            prop_assert!(effect.detectable().unwrap() >= (high - low) / 2.0);
        }
    }
}

fn values() -> impl Strategy<Value = Vec<f64>> {
    prop::collection::vec(1e-6..1e6_f64, 1..9)
}
