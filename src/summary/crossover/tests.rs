//! Crossings that were put in are found; so is their absence, and what cannot be told.

use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::*;
use crate::measure::recording::{Recording, Trial};
use crate::random::{Purpose, Random};
use crate::summary::fixture::made_up;

/// Left and right at each value in each repeat, logarithmic.
fn curve(values: &[f64], left: impl Fn(f64, usize) -> f64, right: impl Fn(f64, usize) -> f64, repeats: usize) -> Curve {
    let pairs: Vec<Pairs> = values.iter().map(|value| (0..repeats).map(|repeat| (left(*value, repeat), right(*value, repeat))).collect()).collect();
    Curve::new(values, &pairs, values[0] > 0.0).unwrap()
}

fn crossing(curve: &Curve) -> Vec<f64> {
    let means = curve.mean(&vec![1; curve.repeats()]);
    curve.changes(&means).iter().map(|change| curve.middle(change)).collect()
}

#[test]
fn power_laws_cross_where_they_do() {
    // 100 ÷ x falls, 2 stays: 50.
    let found = crossing(&curve(&[1.0, 10.0, 200.0], |x, _| 100.0 / x, |_, _| 2.0, 1));
    assert!((found[0] - 50.0).abs() < 1e-9 && found.len() == 1, "{found:?}");
    // With a figure of 0 there are no logarithms: straight lines over the logarithm of x. 3 − log₁₀ x and log₁₀ x.
    let found = crossing(&curve(&[1.0, 100.0, 1_000.0], |x, _| 3.0 - x.log10(), |x, _| x.log10(), 1));
    assert!((found[0] - 10_f64.powf(1.5)).abs() < 1e-9 && found.len() == 1, "{found:?}");
    // A swept value of 0: straight lines throughout. 10 − x and x.
    let found = crossing(&curve(&[0.0, 2.0, 9.0], |x, _| 10.0 - x, |x, _| x, 1));
    assert!((found[0] - 5.0).abs() < 1e-9 && found.len() == 1, "{found:?}");
}

#[test]
fn touching_is_not_crossing_and_running_together_is_a_stretch() {
    let bent = |figures: &'static [f64]| crossing(&curve(&[1.0, 2.0, 4.0, 8.0], move |x, _| figures[x.log2() as usize], |_, _| 10.0, 1));
    assert_eq!(bent(&[20.0, 10.0, 20.0, 30.0]), [] as [f64; 0], "a touch");
    assert_eq!(bent(&[10.0, 20.0, 20.0, 10.0]), [] as [f64; 0], "at the ends");
    assert_eq!(bent(&[20.0, 10.0, 5.0, 5.0]), [2.0], "at a load point");
    assert!((bent(&[20.0, 10.0, 10.0, 5.0])[0] - 8_f64.sqrt()).abs() < 1e-9, "the middle of 2 to 4");
    assert_eq!(bent(&[20.0, 5.0, 20.0, 20.0]).len(), 2);
    assert_eq!(bent(&[10.0; 4]), [] as [f64; 0]);
    assert!(Curve::new(&[1.0], &[vec![(1.0, 2.0)]], true).is_none() && Curve::new(&[1.0, 2.0], &[vec![], vec![]], true).is_none());
}

/// Normal with mean 0 and deviation 1, by the sum of twelve.
fn normal(random: &mut Random) -> f64 {
    (0..12).map(|_| random.uniform()).sum::<f64>() - 6.0
}

#[test]
fn intervals_contain_the_crossing_as_often_as_they_say() {
    for (repeats, stated) in [(2, 0.5), (3, 0.75), (5, 0.9375), (8, 0.95), (12, 0.95)] {
        let rounds = if repeats > 7 { 300 } else { 1_000 };
        let mut inside = 0;
        for round in 0..rounds {
            let mut random = Random::new(7, Purpose::Bootstrap, round);
            let mut noise = || (0.1 * normal(&mut random)).exp();
            // 100 ÷ x against 2: 50. Each figure has a noise of its own of 10 %.
            let values = [1.0, 10.0, 100.0, 1_000.0];
            let pairs: Vec<Pairs> = values.iter().map(|x| (0..repeats).map(|_| (100.0 / x * noise(), 2.0 * noise())).collect()).collect();
            let curve = Curve::new(&values, &pairs, true).unwrap();
            let found = bootstrap::interval(&curve, Side::Right, u64::from(round)).unwrap();
            assert_eq!(found.confidence, stated);
            inside += u32::from((found.low..=found.high).contains(&50.0));
        }
        let share = f64::from(inside) / f64::from(rounds);
        // Three standard errors, and what the widening of few repeats is off.
        let tolerance = 3.0 * (stated * (1.0 - stated) / f64::from(rounds)).sqrt() + 0.015;
        assert!((share - stated).abs() < tolerance, "{repeats} repeats: {share}, stated {stated}");
    }
}

#[test]
fn an_interval_may_reach_beyond_the_range() {
    // The second repeat crosses at 200, beyond the range.
    let curve = curve(&[1.0, 10.0, 100.0], |x, repeat| [100.0, 400.0][repeat] / x, |_, _| 2.0, 2);
    let found = bootstrap::interval(&curve, Side::Right, 1).unwrap();
    assert!((found.low - 50.0).abs() < 1e-9 && found.high == f64::INFINITY, "{found:?}");
    let other_way = super::tests::curve(&[100.0, 1_000.0], |x, repeat| [100.0, 400.0][repeat] / x, |_, _| 2.0, 2);
    assert_eq!(bootstrap::interval(&other_way, Side::Right, 1).unwrap().low, f64::NEG_INFINITY);
}

const FACTORS: [f64; 4] = [0.5, 1.0, 2.0, 4.0];

/// A recording with a sweep whose requests are set by hand: messages are twice as many as requests, one update is delivered.
fn recording(repeats: u32, requests: impl Fn(&str, f64, u32) -> u64) -> Recording {
    let mut recording = made_up().scale(0.02).repeats(repeats).sweep(&FACTORS).build();
    recording.contenders.retain(|contender| contender.name.starts_with("poll"));
    recording.trials.retain(|trial| trial.contender.starts_with("poll"));
    for trial in &mut recording.trials {
        set(trial, &requests);
    }
    recording
}

fn set(trial: &mut Trial, requests: &impl Fn(&str, f64, u32) -> u64) {
    let topics: f64 = trial.load_point.split('=').nth(1).unwrap().parse().unwrap();
    trial.subscriber_traffic.window = crate::measure::traffic::Traffic { requests: requests(&trial.contender, topics, trial.repeat), ..Default::default() };
    trial.deliveries.expected = trial.deliveries.expected - trial.deliveries.delivered + 1;
    trial.deliveries.delivered = 1;
    trial.requests_planned = 0;
    trial.checks.clear();
}

fn requests<'a>(recording: &'a Recording) -> Crossover<'a> {
    let crossover = Summary::new(recording).crossovers.into_iter().find(|crossover| crossover.metric.name == "requests.per_update");
    crossover.unwrap()
}

/// Falls as 100,000 ÷ topics against 500: they cross at 200 topics.
fn falling(contender: &str, topics: f64, repeat: u32) -> u64 {
    let noise = f64::from(repeat) * 4.0;
    if contender == "poll-5s" { (100_000.0 / topics + noise) as u64 } else { 500 }
}

#[test]
fn a_crossing_that_was_put_in_stands_in_the_summary() {
    let recording = recording(3, |contender, topics, repeat| if contender == "poll-5s" { falling(contender, topics, repeat) } else { 707 });
    let found = requests(&recording);
    assert_eq!((found.left, found.right, found.over, found.repeats, found.points.len()), ("poll-5s", "poll-1s", "workload.topics", 3, 4));
    let Answer::Crossing { at, interval: Some(interval), below: Side::Right } = found.answer else { panic!("{:?}", found.answer) };
    // 100,000 ÷ 141.44, on a straight line of logarithms from 100 to 200 topics.
    assert!((at - 142.3).abs() < 1.0 && interval.low < at && at < interval.high && interval.confidence == 0.75, "{at} {interval:?}");
    assert!(found.sentence().contains("(75 % interval 142 to 144): poll-1s needs fewer below, poll-5s above"), "{}", found.sentence());
}

#[test]
fn no_crossing_names_who_and_by_how_much() {
    let recording = recording(2, |contender, topics, _| if contender == "poll-5s" { (topics * 10.0) as u64 } else { 100 });
    let found = requests(&recording);
    assert_eq!(found.answer, Answer::NoCrossing { lower: Side::Right, factors: [Some(5.0), Some(40.0)] });
    assert_eq!(found.sentence(), "no crossing from 50 to 400: poll-1s needs fewer throughout, by a factor of 5 at 50 and a factor of 40 at 400");
    assert_eq!(found.lower(), Some(("poll-1s", "poll-1s")));
}

#[test]
fn what_cannot_be_told_says_why() {
    let says = |recording: &Recording, words: &str| {
        let found = requests(recording);
        assert!(matches!(found.answer, Answer::CannotTell(_)) && found.sentence().contains(words), "{words}: {}", found.sentence());
        assert_eq!(found.lower(), None);
    };
    says(&recording(2, |_, _, _| 100), "both have the same figures everywhere");
    says(
        &recording(2, |contender, topics, _| if contender == "poll-5s" && topics == 100.0 { 5 } else { 100 * u64::from(contender == "poll-5s") + 50 }),
        "more than one crossing",
    );
    let noisy = |contender: &str, topics: f64, repeat: u32| if contender == "poll-5s" { 100_000 / topics as u64 * u64::from(repeat) } else { 700 };
    says(&recording(2, noisy), "within the noise");
    says(&recording(1, |contender, topics, _| 100 + if contender == "poll-5s" { topics as u64 / 40 } else { 5 }), "one repeat");
    // Two load points are not to be trusted, one contender was never run at a third.
    let mut doubtful = recording(2, falling);
    doubtful.trials.retain(|trial| trial.contender != "poll-5s" || trial.load_point != "workload.topics=50");
    for trial in doubtful.trials.iter_mut().filter(|trial| trial.load_point == "workload.topics=100" || trial.load_point == "workload.topics=400") {
        trial.deliveries.corrupt = 1;
    }
    says(&doubtful, "fewer than two load points can be used: 50 (poll-5s was not run), 100 (poll-5s not to be trusted");
}

#[test]
fn untrusted_points_are_left_out_and_notes_travel() {
    let mut recording = recording(2, |contender, topics, repeat| if contender == "poll-5s" { falling(contender, topics, repeat) } else { 707 });
    for trial in recording.trials.iter_mut().filter(|trial| trial.load_point == "workload.topics=400") {
        trial.deliveries.corrupt = 1;
    }
    let summary = Summary::new(&recording);
    let found = requests(&recording);
    assert!(matches!(found.answer, Answer::Crossing { .. }), "{:?}", found.answer);
    assert!(found.sentence().contains("left out: 400 (poll-5s not to be trusted: corrupt"), "{}", found.sentence());
    assert!(summary.doubts_on_crossover(&found).all(|doubt| doubt.grade == Grade::Note));
}

#[test]
fn a_contender_that_is_not_touched_is_a_horizontal_line() {
    let mut recording = recording(2, falling);
    for trial in &mut recording.trials {
        trial.load_point = trial.load_point.replace("workload.topics", "contender.poll-5s.interval");
        if trial.load_point.ends_with('0') && trial.contender == "poll-5s" {
            trial.load_point.push('s');
        }
    }
    recording.trials.retain(|trial| trial.contender == "poll-5s" || trial.load_point.ends_with("=50"));
    recording.trials.iter_mut().filter(|trial| trial.contender == "poll-1s").for_each(|trial| trial.load_point.clear());
    let found = requests(&recording);
    assert_eq!((found.over, found.unit, found.points[3].load_points), ("contender.poll-5s.interval", Unit::Seconds, ["contender.poll-5s.interval=400s", ""]));
    assert!(found.sentence().contains("cross at 3.3"), "{}", found.sentence());
}

#[test]
fn each_combination_of_other_values_is_a_question_of_its_own() {
    let mut recording = made_up().scale(0.02).sweep(&FACTORS).build();
    recording.trials.extend(recording.trials.clone());
    let half = recording.trials.len() / 2;
    for (number, trial) in recording.trials.iter_mut().enumerate() {
        trial.load_point = format!("workload.payload={};{}", if number < half { "1 KiB" } else { "2 KiB" }, trial.load_point);
    }
    let summary = Summary::new(&recording);
    let of =
        |over: &str| summary.crossovers.iter().filter(|crossover| crossover.over == over && crossover.metric.name == "messages.per_update").collect::<Vec<_>>();
    // Six pairs at each of two payloads, and at each of four numbers of topics.
    assert_eq!((of("workload.topics").len(), of("workload.payload").len()), (12, 24));
    assert_eq!(of("workload.topics")[0].elsewhere, "workload.payload=1 KiB");
    let order: Vec<bool> = of("workload.topics").iter().map(|crossover| crossover.pull_against_push).collect();
    assert!(order.is_sorted_by(|one, other| one >= other) && order.iter().filter(|first| **first).count() == 6, "{order:?}");
    assert!(of("workload.topics").iter().filter(|crossover| crossover.pull_against_push).all(|crossover| crossover.right == "xmpp-pubsub"));
}

#[test]
fn without_a_sweep_there_is_none() {
    assert!(Summary::new(&made_up().scale(0.02).build()).crossovers.is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig { rng_seed: RngSeed::Fixed(1), ..ProptestConfig::default() })]

    #[test]
    fn power_laws_are_found_exactly(at in 1.5..900.0_f64, steep in 0.1..3.0_f64, level in 1e-6..1e6_f64, cuts in prop::collection::btree_set(2_u32..1_000, 0..6)) {
        let values: Vec<f64> = [1.0].into_iter().chain(cuts.into_iter().map(f64::from)).chain([1_000.0]).collect();
        let curve = curve(&values, |x, _| level * (at / x).powf(steep), |_, _| level, 3);
        let found = crossing(&curve);
        prop_assert!(found.len() == 1 && (found[0] / at - 1.0).abs() < 1e-6, "{found:?}");
        let interval = bootstrap::interval(&curve, Side::Right, 1).unwrap();
        prop_assert!((interval.low / at - 1.0).abs() < 1e-6 && (interval.high / at - 1.0).abs() < 1e-6);
    }

    #[test]
    fn no_figures_make_it_panic(
        pairs in prop::collection::vec(prop::collection::vec((figure(), figure()), 2..10), 2..6),
        seed in any::<u64>(), start in prop::sample::select(vec![0.0, 1.0]),
    ) {
        let repeats = pairs.iter().map(Vec::len).min().unwrap();
        let pairs: Vec<Pairs> = pairs.into_iter().map(|mut pairs| { pairs.truncate(repeats); pairs }).collect();
        let values: Vec<f64> = (0..pairs.len()).map(|place| start + place as f64).collect();
        let curve = Curve::new(&values, &pairs, start > 0.0).unwrap();
        let means = curve.mean(&vec![1; repeats]);
        let (first, last) = (values[0], values[values.len() - 1]);
        for change in curve.changes(&means) {
            prop_assert!(*change.start() >= first * 0.999_999 && *change.end() <= last * 1.000_001 && change.start() <= change.end());
        }
        let found = bootstrap::interval(&curve, Side::Left, seed).unwrap();
        prop_assert!(!found.low.is_nan() && !found.high.is_nan() && found.low <= found.high, "{found:?}");
        // Left and right changed: the same places, the other side.
        let mirrored: Vec<Pairs> = pairs.iter().map(|pairs| pairs.iter().map(|(left, right)| (*right, *left)).collect()).collect();
        let other = Curve::new(&values, &mirrored, start > 0.0).unwrap();
        prop_assert_eq!(crossing(&other).len(), crossing(&curve).len());
        prop_assert_eq!(curve.clear().iter().filter(|side| side.is_some()).count(), other.clear().iter().filter(|side| side.is_some()).count());
    }
}

fn figure() -> impl Strategy<Value = f64> {
    prop_oneof![Just(0.0), Just(1.0), Just(-1e-3), 1e-9..1e9_f64, -1.0..1.0_f64]
}
