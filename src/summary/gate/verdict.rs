//! What an effect means: the words that decide.

use super::subject::{Nature, Subject};
use super::{Effect, Judged, holm};
use crate::summary::metrics::Better;

/// What became of a figure; the gravest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// Worse: beyond the noise, and by more than the margin.
    Regressed,
    /// One of the trials is not to be trusted.
    Untrusted,
    /// There is nothing to be compared on one of the sides.
    NoFigure,
    /// Neither a change nor its absence can be told.
    Inconclusive,
    /// The two are of different things, or of different machines.
    NotComparable,
    /// Better, likewise.
    Improved,
    /// The whole interval lies within the margin.
    Equivalent,
}

impl Verdict {
    /// All of them, the gravest first.
    pub const ALL: [Self; 7] = [Self::Regressed, Self::Untrusted, Self::NoFigure, Self::Inconclusive, Self::NotComparable, Self::Improved, Self::Equivalent];

    /// As reports have it: API.
    pub fn name(self) -> &'static str {
        match self {
            Self::Regressed => "regressed",
            Self::Untrusted => "untrusted",
            Self::NoFigure => "no-figure",
            Self::Inconclusive => "inconclusive",
            Self::NotComparable => "not-comparable",
            Self::Improved => "improved",
            Self::Equivalent => "equivalent",
        }
    }
}

/// What is to be known of a verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// These conditions differ.
    Differs(Vec<&'static str>),
    /// The machine is another one, or was started anew, or nobody can tell.
    AnotherMachine,
    /// The new side does not have it.
    OnlyBase,
    /// The base does not have it.
    OnlyNew,
    /// A trial has none: nothing was delivered in it.
    Lacking,
    /// One side is infinite, by losses.
    Infinite,
    /// Fewer trials a side than it takes: so many.
    FewTrials(usize),
    /// A count of one trial on either side, taken at its word.
    AtItsWord,
    /// No trial of the one side is near any of the other, too few as they are for a test.
    Apart,
    /// By itself it would be a change; among so many figures it may be chance.
    AmongMany,
    /// It was measured once more, and was there again.
    Confirmed,
    /// It was measured once more, and was not there again.
    NotConfirmed,
    /// It was measured once more, and that could not be judged.
    NotAskedAgain,
}

/// Asks all figures that have an effect at once, and settles their verdicts; how many had noise, so that chance could have a part in them.
pub(super) fn settle(judged: &mut [Judged<'_>], error: f64) -> usize {
    let has_noise = |effect: &Effect| effect.noise.is_some() && !effect.is_exact();
    let enough = |judged: &Judged<'_>, effect: &Effect| effect.trials.iter().all(|trials| *trials >= judged.subject.nature.fewest_trials());
    let family: Vec<usize> =
        (0..judged.len()).filter(|place| judged[*place].effect.is_some_and(|effect| has_noise(&effect) && enough(&judged[*place], &effect))).collect();
    let probabilities: Vec<f64> = family.iter().filter_map(|place| judged[*place].effect?.probability()).collect();
    for (place, adjusted) in family.iter().zip(holm::adjusted(&probabilities)) {
        judged[*place].adjusted = Some(adjusted);
    }
    for effect in judged.iter_mut().filter_map(|judged| judged.effect.as_mut()) {
        effect.asked = family.len().max(1);
    }
    for judged in judged.iter_mut() {
        let Some(effect) = judged.effect else { continue };
        (judged.verdict, judged.reason) = if enough(judged, &effect) {
            decide(&judged.subject, &effect, judged.margin, judged.adjusted, error)
        } else {
            (Verdict::Inconclusive, Some(Reason::FewTrials(judged.subject.nature.fewest_trials())))
        };
    }
    family.len()
}

/// The verdict on a figure of enough trials.
fn decide(subject: &Subject, effect: &Effect, margin: f64, adjusted: Option<f64>, error: f64) -> (Verdict, Option<Reason>) {
    let limit = effect.limit(margin);
    let at_its_word = effect.noise.is_none() && subject.nature == Nature::Counted;
    // Without noise the estimate is the whole interval.
    let (low, high) = effect.interval().unwrap_or((effect.estimate, effect.estimate));
    let word = at_its_word.then_some(Reason::AtItsWord);
    let is_clear = match adjusted {
        Some(probability) => probability <= error,
        None => (effect.is_exact() || at_its_word) && effect.estimate != 0.0,
    };
    if is_clear && effect.estimate.abs() > limit {
        (changed(subject, effect.estimate > 0.0), word)
    } else if subject.nature != Nature::Timed && effect.gap.abs() > limit {
        // What one trial a side is taken at its word for, more of them that agree must not take back.
        (changed(subject, effect.gap > 0.0), Some(Reason::Apart))
    } else if low >= -limit && high <= limit {
        (Verdict::Equivalent, word)
    } else {
        let by_itself = effect.estimate.abs() > limit && effect.probability().is_some_and(|probability| probability <= error);
        (Verdict::Inconclusive, by_itself.then_some(Reason::AmongMany))
    }
}

/// For better or worse.
fn changed(subject: &Subject, up: bool) -> Verdict {
    if up == (subject.better == Better::Lower) { Verdict::Regressed } else { Verdict::Improved }
}

/// Of figures of which some are infinite: a median of which half is lost has no noise that could excuse it.
pub(super) fn of_infinite(subject: &Subject, base: &[f64], new: &[f64]) -> (Verdict, Reason) {
    let infinite = |values: &[f64]| values.iter().any(|value| !value.is_finite());
    let verdict = match (infinite(base), infinite(new)) {
        (false, true) => changed(subject, true),
        (true, false) => changed(subject, false),
        _ => Verdict::NoFigure,
    };
    (verdict, Reason::Infinite)
}

#[cfg(test)]
mod tests {
    use super::super::effect::ERROR;
    use super::*;

    fn subject(name: &str) -> Subject {
        Subject::all().find(|subject| subject.name == name).unwrap()
    }

    fn judged(name: &'static str, base: &[f64], new: &[f64]) -> Judged<'static> {
        let (subject, effect) = (subject(name), Effect::new(base, new, None, ERROR));
        let margin = subject.margin();
        Judged { contender: "push", load_point: String::new(), subject, margin, effect, adjusted: None, verdict: Verdict::Inconclusive, reason: None }
    }

    fn verdict(name: &'static str, base: &[f64], new: &[f64]) -> (Verdict, Option<Reason>) {
        let mut all = [judged(name, base, new)];
        settle(&mut all, ERROR);
        (all[0].verdict, all[0].reason.clone())
    }

    /// Six trials around a centre, 1 % to either side.
    fn around(centre: f64) -> [f64; 6] {
        [0.99, 1.01, 0.995, 1.005, 1.01, 0.99].map(|factor| factor * centre)
    }

    #[test]
    fn noise_margin_and_direction_decide() {
        let base = around(100.0);
        for (name, new, expected) in [
            ("latency.p50", around(110.0), Verdict::Regressed),
            ("latency.p50", around(90.0), Verdict::Improved),
            ("latency.p50", around(100.5), Verdict::Equivalent),
            // Clear, and not worth an alarm: its interval lies within the margin.
            ("latency.p50", around(103.0), Verdict::Equivalent),
            // At the edge of the margin, on either side of it.
            ("latency.p50", around(104.9), Verdict::Inconclusive),
            ("fidelity.active", around(90.0), Verdict::Regressed),
            ("fidelity.active", around(110.0), Verdict::Improved),
            // The same change is beyond the margin of a count.
            ("messages.per_update", around(103.0), Verdict::Regressed),
        ] {
            assert_eq!(verdict(name, &base, &new).0, expected, "{name} {new:?}");
        }
        // A change of a third within noise of as much.
        assert_eq!(verdict("latency.p50", &[60.0, 140.0, 90.0, 120.0, 80.0, 110.0], &[80.0, 190.0, 120.0, 160.0, 100.0, 150.0]), (Verdict::Inconclusive, None));
    }

    #[test]
    fn counts_without_noise_are_judged_by_their_margin_alone() {
        for (base, new, expected) in [
            (&[17.8, 17.8][..], &[17.8, 17.8][..], Verdict::Equivalent),
            (&[17.8, 17.8], &[17.9, 17.9], Verdict::Equivalent),
            (&[17.8, 17.8], &[18.1, 18.1], Verdict::Regressed),
            (&[17.8, 17.8], &[17.0, 17.0], Verdict::Improved),
        ] {
            assert_eq!(verdict("messages.per_update", base, new), (expected, None), "{base:?} {new:?}");
        }
        // Nothing was lost before: whatever is lost now is more.
        assert_eq!(verdict("lost", &[0.0, 0.0], &[1.0, 1.0]).0, Verdict::Regressed);
        assert_eq!(verdict("lost", &[0.0, 0.0], &[0.0, 0.0]).0, Verdict::Equivalent);
        // In one trial of three: that may be chance, and is no proof of innocence.
        assert_eq!(verdict("lost", &[0.0; 3], &[0.0, 0.0, 1.0]).0, Verdict::Inconclusive);
    }

    #[test]
    fn one_trial_is_enough_for_a_count_and_for_nothing_else() {
        assert_eq!(verdict("messages.per_update", &[10.0], &[10.5]), (Verdict::Regressed, Some(Reason::AtItsWord)));
        assert_eq!(verdict("messages.per_update", &[10.0, 10.0], &[10.0]), (Verdict::Equivalent, Some(Reason::AtItsWord)));
        assert_eq!(verdict("memory.server.peak", &[10.0], &[50.0]), (Verdict::Inconclusive, Some(Reason::FewTrials(2))));
        assert_eq!(verdict("latency.p50", &around(1.0)[..5], &around(9.0)), (Verdict::Inconclusive, Some(Reason::FewTrials(6))));
        assert_eq!(verdict("latency.p50", &around(1.0), &around(9.0)).0, Verdict::Regressed);
    }

    #[test]
    fn more_trials_that_agree_say_no_less_than_one_that_is_taken_at_its_word() {
        // Five requests more or less a hundred, as a run of two seconds has them: with two trials a side no test calls anything clear among many.
        let noisy = [60.0, 140.0, 90.0, 120.0, 80.0, 110.0];
        let among = |name: &'static str, base: &[f64], new: &[f64]| {
            let mut all: Vec<Judged<'_>> = (0..29).map(|_| judged("latency.p50", &noisy, &noisy)).collect();
            all.push(judged(name, base, new));
            settle(&mut all, ERROR);
            (all[29].verdict, all[29].reason.clone())
        };
        let base = [5.0, 5.06];
        assert_eq!(among("requests.per_update", &base, &[6.0, 6.03]), (Verdict::Regressed, Some(Reason::Apart)));
        assert_eq!(among("requests.per_update", &[6.0, 6.03], &base), (Verdict::Improved, Some(Reason::Apart)));
        assert_eq!(among("memory.server.peak", &base, &[6.0, 6.03]), (Verdict::Regressed, Some(Reason::Apart)));
        // As near as they are to each other, and a time.
        assert_eq!(among("requests.per_update", &base, &[5.12, 5.18]), (Verdict::Inconclusive, None));
        assert_eq!(among("latency.p50", &base, &[6.0, 6.03]), (Verdict::Inconclusive, Some(Reason::FewTrials(6))));
        // What was never lost, and is lost in all trials, however often.
        assert_eq!(among("lost", &[0.0; 2], &[3.0, 4.0]), (Verdict::Regressed, Some(Reason::Apart)));
    }

    #[test]
    fn what_is_infinite_is_worse_than_anything() {
        let infinite = [1.0, f64::INFINITY];
        let of = |base: &[f64], new: &[f64]| of_infinite(&subject("latency.expected.p99"), base, new).0;
        assert_eq!([of(&[1.0], &infinite), of(&infinite, &[1.0]), of(&infinite, &infinite)], [Verdict::Regressed, Verdict::Improved, Verdict::NoFigure]);
    }

    #[test]
    fn among_many_figures_more_is_asked_of_each() {
        let (base, new) = ([100.0, 104.0, 96.0, 101.0, 99.0, 100.0], [106.0, 111.0, 104.0, 108.0, 103.0, 104.0]);
        assert_eq!(verdict("latency.p50", &base, &new).0, Verdict::Regressed, "alone");
        let noisy = [60.0, 140.0, 90.0, 120.0, 80.0, 110.0];
        let mut all: Vec<Judged<'_>> = (0..29).map(|_| judged("latency.p50", &noisy, &noisy)).collect();
        // What has no noise is no question.
        all.extend((0..100).map(|_| judged("messages.per_update", &[1.0; 6], &[1.0; 6])));
        all.push(judged("latency.p50", &base, &new));
        assert_eq!(settle(&mut all, ERROR), 30);
        let last = all.last().unwrap();
        assert_eq!((last.verdict, &last.reason), (Verdict::Inconclusive, &Some(Reason::AmongMany)), "{last:?}");
        // So far out that thirty questions cannot explain it.
        all.push(judged("latency.p50", &around(100.0), &around(120.0)));
        settle(&mut all, ERROR);
        assert_eq!(all.last().unwrap().verdict, Verdict::Regressed);
    }
}
