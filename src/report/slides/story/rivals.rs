//! Who meets whom, and how they stand: the best push and the best polling in a figure of which less is better, as the verdicts have it.

use super::Talk;
use crate::measure::recording::Direction;
use crate::report::charts::finding::short;
use crate::summary::Cell;
use crate::summary::metrics::Metric;
use crate::summary::ratios::{self, Ratio, Tie, compare, leads_all};
use crate::summary::verdict::Winner;
use crate::units::show_factor;

/// What is to be said of a figure.
pub(super) enum Meeting<'s, 'r> {
    /// Nobody has it.
    Nobody,
    /// Only one of the families has it: its best.
    Alone(&'s Cell<'r>),
    /// Both have it.
    Duel(Duel<'s, 'r>),
}

/// How well a factor is known that no repeat changes.
const SAME: &str = "the same in each repeat";

/// The best of both families.
pub(super) struct Duel<'s, 'r> {
    pub push: &'s Cell<'r>,
    pub pull: &'s Cell<'r>,
    /// Push ÷ pull, taken within each repeat.
    pub ratio: Option<Ratio>,
    pub winner: Winner,
}

impl Duel<'_, '_> {
    /// Why nobody leads, where nobody does.
    pub fn tie(&self) -> Tie {
        self.ratio.map_or(Tie::Close, |ratio| ratio.tie())
    }

    /// How well the factor is known (who has won), or the ratio (where nobody has): `95 % interval 22.9 to 27.1`. Empty where nothing may be said.
    pub fn certainty(&self) -> String {
        let Some(ratio) = self.ratio.filter(|_| self.winner != Winner::NotTrustworthy) else { return String::new() };
        let Some((low, high)) = ratio.interval else {
            return if ratio.pairs == 1 { "one repeat: the noise is unknown" } else { SAME }.to_owned();
        };
        let (low, high) = if self.winner == Winner::Push { (1.0 / high, 1.0 / low) } else { (low, high) };
        let (low, high) = (show_factor(low), show_factor(high));
        match self.winner {
            _ if low == high => SAME.to_owned(),
            Winner::Push | Winner::Pull => format!("95 % interval {low} to {high}"),
            _ => format!("push ÷ polling {}, 95 % interval {low} to {high}", show_factor(ratio.value)),
        }
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

    /// How the families stand in what they take, as part of a title: `rest-poll takes 3.29 times the CPU of xmpp-pubsub`. `None` where nobody has the figure.
    /// `each`: what stands behind a figure that only one has.
    pub(super) fn taken(&self, metric: &str, what: &str, each: &str) -> Option<String> {
        let duel = match self.meet(metric) {
            Meeting::Nobody => return None,
            Meeting::Alone(only) if !self.trusts(metric, only) => return Some(format!("not to be trusted: {what}")),
            Meeting::Alone(only) => return Some(format!("{} takes {} {each}", short(&only.contender.name), shown(metric, only))),
            Meeting::Duel(duel) => duel,
        };
        let (push, pull) = (short(&duel.push.contender.name), short(&duel.pull.contender.name));
        let (of_push, of_pull) = (shown(metric, duel.push), shown(metric, duel.pull));
        Some(match (duel.winner, duel.factor()) {
            (Winner::Push, Some(times)) => format!("{pull} takes {} times the {what} of {push}", show_factor(times)),
            (Winner::Pull, Some(times)) => format!("{push} takes {} times the {what} of {pull}", show_factor(times)),
            (Winner::Push | Winner::Pull | Winner::NoComparison, _) => format!("{push} takes {of_push} of {what}, {pull} {of_pull}"),
            (Winner::NoClearDifference, _) => duel.tie().about(what),
            (Winner::NotTrustworthy, _) => format!("not to be trusted: {what}"),
        })
    }

    /// Who of a family has the least of a metric; of equals, the scenario's order decides.
    pub(super) fn best(&self, direction: Direction, metric: &str) -> Option<&'s Cell<'r>> {
        let known = self.cells.iter().copied().filter(|cell| cell.direction() == direction).filter_map(|cell| Some((cell, cell.value(metric)?)));
        known.min_by(|one, other| one.1.total_cmp(&other.1)).map(|(cell, _)| cell)
    }

    /// Whether it has the least of a metric alone: all others of its family have clearly more, and none of their figures is in doubt.
    pub(super) fn leads_alone(&self, metric: &str, best: &Cell<'_>) -> bool {
        let family = self.cells.iter().copied().filter(|cell| cell.direction() == best.direction());
        Metric::named(metric).is_some_and(|metric| leads_all(self.summary, metric, best, family))
    }

    /// Whether anybody asks or is told: controls alone compare nothing.
    pub(super) fn competes(&self) -> bool {
        self.family(Direction::Push) + self.family(Direction::Pull) > 0
    }

    /// How many of a family there are.
    pub(super) fn family(&self, direction: Direction) -> usize {
        self.cells.iter().filter(|cell| cell.direction() == direction).count()
    }

    /// `xmpp-pubsub against poll-1s, the best of 3 pollers`.
    pub(super) fn who(&self, metric: &str, duel: &Duel<'_, '_>) -> String {
        let best = |direction, family: &str| {
            let cell = if direction == Direction::Push { duel.push } else { duel.pull };
            let which = if self.leads_alone(metric, cell) { "the best" } else { "among the best" };
            match self.family(direction) {
                0 | 1 => String::new(),
                several => format!(", {which} of {several} {family}"),
            }
        };
        let (push, pull) = (short(&duel.push.contender.name), short(&duel.pull.contender.name));
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
