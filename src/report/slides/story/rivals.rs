//! Who meets whom, and how they stand: the best push and the best polling in a figure of which less is better, as the verdicts have it.

use super::Talk;
use crate::measure::recording::Direction;
use crate::summary::Cell;
use crate::summary::metrics::Metric;
use crate::summary::ratios::{self, Ratio, compare};
use crate::summary::thresholds::FACTOR_WITHOUT_INTERVAL;
use crate::summary::verdict::Winner;
use crate::units::{show_number, significant};

/// What is to be said of a figure.
pub(super) enum Meeting<'s, 'r> {
    /// Nobody has it.
    Nobody,
    /// Only one of the families has it: its best.
    Alone(&'s Cell<'r>),
    /// Both have it.
    Duel(Duel<'s, 'r>),
}

/// The best of both families.
pub(super) struct Duel<'s, 'r> {
    pub push: &'s Cell<'r>,
    pub pull: &'s Cell<'r>,
    /// Push ÷ pull, taken within each repeat.
    pub ratio: Option<Ratio>,
    pub winner: Winner,
}

impl Duel<'_, '_> {
    /// Far apart, and yet within the noise: that says more of the number of repeats than of the contenders.
    pub fn is_unsettled(&self) -> bool {
        let far = |ratio: &Ratio| ratio.interval.is_some() && !(1.0 / FACTOR_WITHOUT_INTERVAL..=FACTOR_WITHOUT_INTERVAL).contains(&ratio.value);
        self.winner == Winner::NoClearDifference && self.ratio.as_ref().is_some_and(far)
    }

    /// How many times as much the loser has; `None` where that is no number, or nobody has won.
    pub fn factor(&self) -> Option<f64> {
        let factor = match (self.winner, self.ratio?.value) {
            (Winner::Push, value) => 1.0 / value,
            (Winner::Pull, value) => value,
            _ => return None,
        };
        factor.is_finite().then_some(factor)
    }
}

impl<'s, 'r> Talk<'s, 'r> {
    /// How the families stand in a metric of which less is better.
    pub(super) fn meet(&self, metric: &str) -> Meeting<'s, 'r> {
        let (push, pull) = match (self.best(Direction::Push, metric), self.best(Direction::Pull, metric)) {
            (Some(push), Some(pull)) => (push, pull),
            (Some(only), None) | (None, Some(only)) => return Meeting::Alone(only),
            (None, None) => return Meeting::Nobody,
        };
        let compared = Metric::named(metric).and_then(|metric| compare(self.summary, metric, push, pull));
        let trusted = [push, pull].iter().all(|cell| self.trusts(metric, cell));
        let winner = match compared.map(|compared| compared.verdict) {
            _ if !trusted => Winner::NotTrustworthy,
            None => Winner::NoComparison,
            Some(ratios::Verdict::LeftBetter) => Winner::Push,
            Some(ratios::Verdict::RightBetter) => Winner::Pull,
            Some(ratios::Verdict::NoClearDifference) => Winner::NoClearDifference,
            Some(ratios::Verdict::NotTrustworthy) => Winner::NotTrustworthy,
        };
        Meeting::Duel(Duel { push, pull, ratio: compared.map(|compared| compared.ratio), winner })
    }

    /// Who of a family has the least of a metric; of equals, the scenario's order decides.
    pub(super) fn best(&self, direction: Direction, metric: &str) -> Option<&'s Cell<'r>> {
        let known = self.cells.iter().copied().filter(|cell| cell.direction() == direction).filter_map(|cell| Some((cell, cell.value(metric)?)));
        known.min_by(|one, other| one.1.total_cmp(&other.1)).map(|(cell, _)| cell)
    }

    /// How many of a family there are.
    pub(super) fn family(&self, direction: Direction) -> usize {
        self.cells.iter().filter(|cell| cell.direction() == direction).count()
    }

    /// `xmpp-pubsub against poll-1s, the best of 3 pollers`.
    pub(super) fn who(&self, duel: &Duel<'_, '_>) -> String {
        let best = |direction, family: &str| match self.family(direction) {
            0 | 1 => String::new(),
            several => format!(", the best of {several} {family}"),
        };
        let (push, pull) = (&duel.push.contender.name, &duel.pull.contender.name);
        let between = if self.family(Direction::Push) > 1 { "," } else { "" };
        format!("{push}{}{between} against {pull}{}", best(Direction::Push, "pushers"), best(Direction::Pull, "pollers"))
    }
}

/// A figure for people: `6.7 ms`.
pub(super) fn shown(metric: &str, cell: &Cell<'_>) -> String {
    match (Metric::named(metric), cell.value(metric)) {
        (Some(metric), Some(value)) => metric.unit.show(value),
        _ => "no figure".to_owned(),
    }
}

/// A factor as large as it may stand on a slide: two digits of it, thousands whole, and never a lead that reads as "1".
pub(super) fn factor(factor: f64) -> String {
    match factor {
        small if small < 1.1 => format!("{small:.3}"),
        large if large >= 1_000.0 => show_number(large),
        between => significant(between, 2),
    }
}
