//! The talk on one slide: freshness, volume, and what push costs, each as one figure with its direction.

use super::Talk;
use super::rivals::{Duel, Meeting, shown};
use crate::measure::recording::Direction;
use crate::report::charts::finding::short;
use crate::report::slides::deck::{Body, Colour, Slide, Tile};
use crate::summary::ratios::Tie;
use crate::summary::verdict::Winner;
use crate::summary::{Cell, Grade};
use crate::units::show_factor;

/// A figure of which less is better, and its words.
pub(super) struct Subject {
    pub metric: &'static str,
    /// Where push has less of it: `fewer messages`.
    pub less: &'static str,
    /// Where push has more of it.
    pub more: &'static str,
    /// In the middle of a sentence: `messages per update`.
    pub noun: &'static str,
    /// Behind a figure: ` per update`.
    pub each: &'static str,
}

pub(super) const FRESHNESS: Subject =
    Subject { metric: "scenario_latency.p99", less: "fresher at p99", more: "staler at p99", noun: "time until seen (p99)", each: "" };
pub(super) const VOLUME: Subject =
    Subject { metric: "messages.per_update", less: "fewer messages", more: "more messages", noun: "messages per update", each: " per update" };
pub(super) const CPU: Subject =
    Subject { metric: "cpu.total.per_1000_updates", less: "less CPU", more: "more CPU", noun: "CPU per 1,000 updates", each: " per 1,000 updates" };
pub(super) const MEMORY: Subject =
    Subject { metric: "memory.server.peak", less: "less server memory", more: "more server memory", noun: "server memory", each: "" };
pub(super) const SET_UP: Subject =
    Subject { metric: "messages.setup", less: "fewer messages to set up", more: "more messages to set up", noun: "messages to set up", each: "" };

/// What push may cost, in the order in which it is asked after.
const COSTS: &[Subject] = &[MEMORY, CPU, SET_UP];

/// Large numbers as they stand on posters: `1.69M`.
fn brief(factor: f64) -> String {
    let large = [(1e12, "T"), (1e9, "B"), (1e6, "M")].into_iter().find(|(size, _)| factor >= size * 0.999_5);
    large.map_or_else(|| show_factor(factor), |(size, letter)| format!("{}{letter}", show_factor(factor / size)))
}

impl Talk<'_, '_> {
    pub(super) fn tiles(&self) -> Slide {
        let tiles = vec![self.tile(&FRESHNESS), self.tile(&VOLUME), self.cost()];
        let metrics = [FRESHNESS, VOLUME, MEMORY, CPU, SET_UP].map(|subject| subject.metric);
        self.slide("talk", "The whole talk on one slide".to_owned(), Body::Tiles(tiles), &metrics)
    }

    /// The first thing that push needs more of beyond the noise; where there is none, how the first stands.
    fn cost(&self) -> Tile {
        let dear = COSTS.iter().find(|subject| matches!(self.meet(subject.metric), Meeting::Duel(Duel { winner: Winner::Pull, .. })));
        self.tile(dear.unwrap_or(&MEMORY))
    }

    pub(super) fn tile(&self, subject: &Subject) -> Tile {
        let Subject { metric, noun, each, .. } = *subject;
        let plain = |figure: &str, label: String, detail: String, colour| Tile {
            figure: figure.to_owned(),
            label,
            detail,
            certainty: String::new(),
            who: String::new(),
            colour,
        };
        let scenario_time = if metric.starts_with("scenario_") && self.summary.recording.scenario.compression > 1.0 { ", scenario time" } else { "" };
        let duel = match self.meet(metric) {
            Meeting::Nobody => {
                let why = if self.competes() { "nobody has the figure" } else { "nobody here asks or is told" };
                return plain("–", noun.to_owned(), why.to_owned(), Colour::Soft);
            }
            Meeting::Alone(only) => return self.alone(subject, only, scenario_time),
            Meeting::Duel(duel) => duel,
        };
        let (push, pull) = (shown(metric, duel.push), shown(metric, duel.pull));
        let (instead, both) = (format!("{push} instead of {pull}{each}{scenario_time}"), format!("{push} and {pull}{each}{scenario_time}"));
        let won = |words: &str, cell| match duel.factor() {
            Some(times) => plain(&format!("{}×", brief(times)), words.to_owned(), instead.clone(), Colour::Of(self.colour(cell))),
            // Against nothing there is no factor.
            None => plain(&push, noun.to_owned(), instead.clone(), Colour::Of(self.colour(cell))),
        };
        let tile = match duel.winner {
            Winner::Push => won(subject.less, duel.push),
            Winner::Pull => won(subject.more, duel.pull),
            Winner::NoClearDifference => plain(if duel.tie() == Tie::Unsettled { "?" } else { "≈" }, duel.tie().about(noun), both, Colour::Soft),
            Winner::NotTrustworthy => plain("?", format!("not to be trusted: {noun}"), self.causes(metric, &duel), Colour::Warning),
            Winner::NoComparison => plain("–", format!("no ratio of {noun}"), both, Colour::Soft),
        };
        Tile { certainty: duel.certainty(), who: self.who(metric, &duel), ..tile }
    }

    /// A figure that only one of the families has.
    fn alone(&self, subject: &Subject, only: &Cell<'_>, scenario_time: &str) -> Tile {
        let absent = if only.direction() == Direction::Push { Direction::Pull } else { Direction::Push };
        let why = match (self.family(absent), absent) {
            (0, Direction::Pull) => "nobody here polls",
            (0, _) => "nobody here pushes",
            _ => "the other side has no figure",
        };
        let figure = shown(subject.metric, only);
        let (figure, colour) =
            if self.trusts(subject.metric, only) { (figure, Colour::Of(self.colour(only))) } else { (format!("{figure} ?"), Colour::Warning) };
        let label = format!("{}{scenario_time}", subject.noun);
        Tile { figure, label, detail: why.to_owned(), certainty: String::new(), who: short(&only.contender.name), colour }
    }

    /// `see the doubts: lag, lost`.
    fn causes(&self, metric: &str, duel: &Duel<'_, '_>) -> String {
        let mut causes: Vec<&str> = Vec::new();
        for cell in [duel.push, duel.pull] {
            for doubt in self.summary.doubts_on(cell, metric).filter(|doubt| doubt.grade == Grade::Untrusted) {
                if !causes.contains(&doubt.cause) {
                    causes.push(doubt.cause);
                }
            }
        }
        format!("see the doubts: {}", causes.join(", "))
    }
}
