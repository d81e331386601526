//! What a break-even chart has found: who is cheapest where, beyond the noise, and where that changes.

use super::super::finding::{Figure, Order, family, firm, short};
use super::super::swept::Axis;
use super::{Line, Ring};
use crate::measure::recording::Direction;
use crate::summary::Summary;
use crate::summary::crossover::{Answer, Crossover, Point};

/// Two places on the axis that are no further apart than by this factor are one, but for rounding.
const NEAR: f64 = 1.001;

/// What the title tells from.
pub(super) struct Story<'s, 'c> {
    pub(super) summary: &'s Summary<'c>,
    pub(super) metric: &'static str,
    pub(super) known: &'s [&'c Crossover<'c>],
    pub(super) lines: &'s [Line<'c>],
    pub(super) axis: &'s Axis<'c>,
    pub(super) where_: &'static str,
    /// Whether polling meets push; else all are of one side, and compete with each other.
    pub(super) mixed: bool,
    /// Whether everybody who competes has a line.
    pub(super) all_are_drawn: bool,
}

/// Who is cheapest on a stretch of the swept value, beyond the noise.
#[derive(Clone, Debug, PartialEq)]
struct Cheapest {
    /// Its name, where one alone is.
    name: Option<String>,
    /// What a change is a change of: `polling` or `push`, or among those of one side the name.
    party: String,
}

impl Cheapest {
    /// In the middle of a sentence.
    fn called(&self) -> String {
        short(self.name.as_ref().unwrap_or(&self.party))
    }
}

impl Story<'_, '_> {
    pub(super) fn title(&self, rings: &[Ring<'_>]) -> String {
        let (where_, range) = (self.where_, self.axis.range());
        let changes = self.changes(rings);
        let Some((first, _)) = changes.split_first() else { return self.without_a_change(!rings.is_empty()) };
        let ends = self.axis.ends;
        let edges: Vec<f64> = std::iter::once(ends.0).chain(changes.iter().map(|ring| ring.at)).chain([ends.1]).collect();
        let stretches: Option<Vec<Cheapest>> = edges.windows(2).map(|stretch| self.cheapest((stretch[0], stretch[1]))).collect();
        let stretches = stretches.filter(|stretches| stretches.windows(2).all(|pair| pair[0].party != pair[1].party));
        match (stretches, changes.len()) {
            (Some(stretches), 1) => {
                format!("Up to {}, {} is cheapest {where_}; beyond that, {}", self.axis.value(first.at), stretches[0].called(), stretches[1].called())
            }
            (Some(stretches), count) => {
                let what = if self.mixed { "Whether polling or push" } else { "Who" };
                let times = if count == 2 { "twice".to_owned() } else { format!("{count} times") };
                let told =
                    stretches.iter().zip(&changes).map(|(cheapest, ring)| format!("{} up to {}", short(&cheapest.party), firm(self.axis.unit.show(ring.at))));
                let told = told.collect::<Vec<_>>().join(", ");
                format!("{what} is cheapest {where_} changes {times} {range}: {told}, then {}", short(&stretches[count].party))
            }
            (None, 1) => {
                let at = self.axis.value(first.at);
                let (left, right) = (short(first.crossover.left), short(first.crossover.right));
                format!("{left} and {right} break even {where_} at {at}; who is cheapest elsewhere cannot be told")
            }
            (None, _) => {
                let whom = if self.mixed { "Polling and push" } else { "The cheapest" };
                let places: Vec<String> = changes.iter().map(|ring| firm(self.axis.unit.show(ring.at))).collect();
                format!("{whom} break even {where_} at {}, {range}; who is cheapest between cannot be told", listed(&places))
            }
        }
    }

    /// The crossings at which the cheapest change: of two that say the same, as those of twins do, the first.
    fn changes<'r, 'k>(&self, rings: &'r [Ring<'k>]) -> Vec<&'r Ring<'k>> {
        let mut changes: Vec<&Ring<'_>> = Vec::new();
        let mut now: Option<String> = None;
        for ring in rings.iter().filter(|ring| ring.main) {
            let Some((below, above)) = ring.crossover.lower() else { continue };
            if now.as_ref().is_none_or(|now| *now == self.party(below)) {
                now = Some(self.party(above));
                changes.push(ring);
            }
        }
        changes
    }

    fn direction(&self, name: &str) -> Direction {
        self.lines.iter().find(|line| line.cell.contender.name == name).map_or(Direction::Control, |line| line.cell.direction())
    }

    fn party(&self, name: &str) -> String {
        family(self.direction(name)).filter(|_| self.mixed).unwrap_or(name).to_owned()
    }

    /// Who is cheapest at every load point of a stretch and in its middle, and clearly so; `None` where that is not one party.
    fn cheapest(&self, (from, to): (f64, f64)) -> Option<Cheapest> {
        let ends = self.axis.ends;
        let middle = if from > 0.0 { (from * to).sqrt() } else { f64::midpoint(from, to) };
        // At a crossing two are equal, and a load point may lie on one.
        let inside = |at: &f64| (*at > from * NEAR || *at == ends.0) && (*at * NEAR < to || *at == ends.1) && (from..=to).contains(at);
        let places = self.lines.iter().flat_map(|line| line.points.iter().map(|point| point.0)).filter(inside).chain([middle]);
        let mut names: Vec<&str> = Vec::new();
        for at in places {
            let figures = self.lines.iter().filter_map(|line| Some((line.cell.contender.name.as_str(), line.at(at)?)));
            let (name, _) = figures.min_by(|one, other| one.1.total_cmp(&other.1))?;
            if !names.contains(&name) {
                names.push(name);
            }
        }
        let (first, others) = names.split_first()?;
        let party = self.party(first);
        if others.iter().any(|name| self.party(name) != party) {
            return None;
        }
        let is_own = |name: &str| self.party(name) == party;
        let own: Vec<&str> = self.names().filter(|name| is_own(name)).collect();
        // Each of the others is beaten by somebody of the party.
        let clear = self.names().filter(|name| !is_own(name)).all(|other| own.iter().any(|name| self.leads(name, other, (from, to))));
        let alone = others.is_empty() && own.iter().filter(|name| *name != first).all(|other| self.leads(first, other, (from, to)));
        clear.then(|| Cheapest { name: alone.then(|| (*first).to_owned()), party })
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().map(|line| line.cell.contender.name.as_str())
    }

    /// Whether one is cheaper than another all over a stretch: as their crossing or the want of one says, or, where they have neither, at each
    /// load point of it.
    fn leads(&self, name: &str, other: &str, (from, to): (f64, f64)) -> bool {
        let of_both = |crossover: &&&Crossover<'_>| [crossover.left, crossover.right].iter().all(|side| [name, other].contains(side));
        let Some(crossover) = self.known.iter().find(of_both) else { return self.leads_everywhere(name, other) };
        let figure = |name: &str, load_point: &str| {
            let cell = self.summary.cells.iter().find(|cell| cell.contender.name == name && cell.load_point == load_point)?;
            Figure::of_metric(cell, self.metric)
        };
        let clear = |point: &Point<'_>| {
            let [left, right] = point.load_points;
            let (own, others) = if crossover.left == name { (left, right) } else { (right, left) };
            figure(name, own).zip(figure(other, others)).is_some_and(|(own, other)| own.against(&other) == Order::Less)
        };
        match (&crossover.answer, crossover.lower()) {
            (Answer::NoCrossing { .. }, Some((lower, _))) => lower == name,
            (Answer::Crossing { at, .. }, Some((below, above))) => (below == name && to <= at * NEAR) || (above == name && from * NEAR >= *at),
            _ => {
                let mut inside = crossover.points.iter().filter(|point| (from..=to).contains(&point.at)).peekable();
                inside.peek().is_some() && inside.all(clear)
            }
        }
    }

    /// The same of two that the swept value does not touch: they have a figure each, and nothing to cross.
    fn leads_everywhere(&self, name: &str, other: &str) -> bool {
        let figure = |name: &str| {
            let line = self.lines.iter().find(|line| line.cell.contender.name == name)?;
            Figure::of_metric(line.cell, self.metric)
        };
        figure(name).zip(figure(other)).is_some_and(|(own, other)| own.against(&other) == Order::Less)
    }

    /// Where the cheapest do not change, as far as can be told; `others_cross`: some who are not the cheapest do.
    fn without_a_change(&self, others_cross: bool) -> String {
        let (where_, range) = (self.where_, self.axis.range());
        match self.cheapest(self.axis.ends) {
            Some(cheapest) => {
                let others: Vec<&str> = self.names().filter(|name| self.party(name) != cheapest.party).collect();
                let is_push = cheapest.party == "push";
                let side = if is_push { "Push" } else { "Polling" };
                let subject = cheapest.name.as_ref().map_or_else(|| side.to_owned(), |name| short(name));
                let all = match others.as_slice() {
                    [other] => short(other),
                    _ if !self.mixed => "all others".to_owned(),
                    _ if is_push => "all polling".to_owned(),
                    _ => "all push".to_owned(),
                };
                let shown = if self.all_are_drawn || others.len() == 1 { "" } else { " that is shown" };
                let none = if others_cross { "" } else { ": no break-even" };
                format!("{subject} is cheaper {where_} than {all}{shown}, {range}{none}")
            }
            None if self.mixed => format!("Whether polling and push break even {where_} cannot be told, {range}"),
            None => format!("Whether the cheapest {where_} change cannot be told, {range}"),
        }
    }
}

/// `a`, `a and b`, `a, b and c`.
fn listed(items: &[String]) -> String {
    match items.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => items.concat(),
    }
}
