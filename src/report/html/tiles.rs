//! Ratio tiles: one contender against another by one metric, in a number and a word; one of the four is what push costs.
//!
//! All their words are made here, also those of the pairs that a reader may choose: the page's script only puts them in.

use serde::Serialize;

use crate::measure::recording::Direction;
use crate::report::figures;
use crate::summary::metrics::Metric;
use crate::summary::ratios::{Ratio, Tie, Verdict, compare};
use crate::summary::{Cell, Grade, Summary};
use crate::units::show_factor;

/// A metric in words.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// Its name.
    pub metric: &'static str,
    /// What its tile is about; of a cost that depends on who is better.
    topic: Option<&'static str>,
    /// Of whoever has less.
    better: &'static str,
    /// Of whoever has more.
    worse: &'static str,
    /// What it is.
    noun: &'static str,
}

const fn main(topic: &'static str, metric: &'static str, better: &'static str, worse: &'static str, noun: &'static str) -> Kind {
    Kind { metric, topic: Some(topic), better, worse, noun }
}

const fn cost(metric: &'static str, better: &'static str, worse: &'static str, noun: &'static str) -> Kind {
    Kind { metric, topic: None, better, worse, noun }
}

/// What is asked first; less of each is better.
pub static MAIN: [Kind; 3] = [
    main("Freshness", "scenario_latency.p99", "fresher at p99", "staler at p99", "freshness at p99"),
    main("Work", "messages.per_update", "fewer messages per update", "more messages per update", "messages per update"),
    main("CPU", "cpu.total.per_1000_updates", "less CPU per update", "more CPU per update", "CPU per update"),
];

/// Where push may cost more; the first in which it does is shown.
pub static COSTS: [Kind; 6] = [
    cost("memory.server.peak", "less server memory", "more server memory", "server memory"),
    cost("messages.setup", "fewer messages to set up", "more messages to set up", "messages to set up"),
    cost("connections.held", "fewer connections held", "more connections held", "connections held"),
    cost("bytes.setup", "fewer bytes to set up", "more bytes to set up", "bytes to set up"),
    cost("cpu.total.setup", "less CPU to set up", "more CPU to set up", "CPU to set up"),
    cost("cpu.idle.total", "less CPU while nothing changes", "more CPU while nothing changes", "CPU while nothing changes"),
];

/// How the left one stands to the right one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stand {
    /// It has less, beyond the noise.
    Better,
    /// It has more, beyond the noise.
    Worse,
    /// The lead lies within the noise.
    Unclear,
    /// One of the figures is not to be trusted.
    Untrusted,
    /// There is no ratio: both have nothing, or one a figure below 0.
    NoRatio,
}

/// Which of the costs is shown, if there are several kinds: what costs more; what might; what does not.
const TELLING: [Stand; 5] = [Stand::Worse, Stand::Untrusted, Stand::Unclear, Stand::Better, Stand::NoRatio];

/// A tile.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Tile {
    /// Name of the metric.
    pub metric: &'static str,
    /// What it is about: `Freshness`, `Work`, `CPU`; of a cost what became of it: `What push costs`, `No cost found`.
    pub topic: String,
    /// What stands large: `148×`; the left one's figure where the other has nothing; `≈` where there is no clear difference, `?` where repeats are too
    /// few to settle it or a figure is not to be trusted; empty where there is no ratio.
    pub factor: String,
    /// What it is a factor of: `fresher at p99`.
    pub words: String,
    /// Name of the left contender.
    pub left: String,
    /// Name of the right contender.
    pub right: String,
    /// The left one's figure, with the mark of its doubts.
    pub left_figure: String,
    /// The right one's figure, with the mark of its doubts.
    pub right_figure: String,
    /// How well it is known: `95 % interval 140 to 156`, `alike in all repeats`; empty where a figure is not to be trusted, and without a ratio.
    pub interval: String,
    /// How the left one stands to the right one: `better`, `worse`, `unclear`, `untrusted` or `no-ratio`.
    pub stand: Stand,
    /// Name of the colour variable of whoever is better: `push-1`, `pull-1`, or within a family the contender's own; `warning` or `soft` where nobody is.
    pub colour: String,
    /// Whether it is the tile of what push costs.
    pub is_cost: bool,
}

/// Two contenders by a metric, judged.
struct Judged {
    stand: Stand,
    /// Left ÷ right, turned so that who is better leads; `None` where there is none.
    ratio: Option<Ratio>,
}

impl Judged {
    fn new(summary: &Summary<'_>, metric: &Metric, left: &Cell<'_>, right: &Cell<'_>) -> Self {
        let grave = |cell: &Cell<'_>| summary.doubts_on(cell, metric.name).any(|doubt| doubt.grade == Grade::Untrusted);
        // Before everything else: what is not to be trusted has no winner, no lead, and no noise.
        if grave(left) || grave(right) {
            return Self { stand: Stand::Untrusted, ratio: None };
        }
        let Some(compared) = compare(summary, metric, left, right) else { return Self { stand: Stand::NoRatio, ratio: None } };
        let stand = match compared.verdict {
            Verdict::LeftBetter => Stand::Better,
            Verdict::RightBetter => Stand::Worse,
            Verdict::NoClearDifference => Stand::Unclear,
            Verdict::NotTrustworthy => Stand::Untrusted,
        };
        Self { stand, ratio: Some(turned(compared.ratio, stand == Stand::Better)) }
    }

    /// Whether the left figure itself has to stand large: nothing against something is no factor.
    fn is_bare(&self) -> bool {
        self.ratio.is_some_and(|ratio| ratio.value == 0.0 || ratio.value.is_infinite())
    }

    fn interval(&self) -> String {
        let Some(ratio) = self.ratio else { return String::new() };
        let known = match ratio.interval {
            None if ratio.pairs < 2 => "one repeat: noise unknown".to_owned(),
            Some((low, high)) if show_factor(low) != show_factor(high) => format!("95 % interval {} to {}", show_factor(low), show_factor(high)),
            Some(_) => "alike in all repeats".to_owned(),
            None => String::new(),
        };
        // Where no factor stands large, the ratio is told with its noise.
        if self.stand == Stand::Unclear { format!("ratio {}, {known}", show_factor(ratio.value)) } else { known }
    }
}

/// The other way round, so that who is better has a factor above 1.
fn turned(ratio: Ratio, turn: bool) -> Ratio {
    if turn { Ratio { value: 1.0 / ratio.value, interval: ratio.interval.map(|(low, high)| (1.0 / high, 1.0 / low)), ..ratio } } else { ratio }
}

impl Tile {
    /// `None` where one of them has no figure.
    fn new(summary: &Summary<'_>, kind: &Kind, left: &Cell<'_>, right: &Cell<'_>, colour: impl Fn(&str) -> String) -> Option<Self> {
        let metric = Metric::named(kind.metric)?;
        left.value(kind.metric).zip(right.value(kind.metric))?;
        let judged = Judged::new(summary, metric, left, right);
        let stand = judged.stand;
        let figure = |cell: &Cell<'_>| figures::figure(summary, cell, metric);
        let (factor, words) = match (stand, judged.ratio) {
            (Stand::Untrusted, _) => ("?".to_owned(), format!("not to be trusted: {}", kind.noun)),
            (Stand::NoRatio, _) | (_, None) => (String::new(), format!("no ratio: {}", kind.noun)),
            (Stand::Unclear, Some(ratio)) => {
                let sign = if ratio.tie() == Tie::Unsettled { "?" } else { "≈" };
                (sign.to_owned(), ratio.tie().about(kind.noun))
            }
            (Stand::Better | Stand::Worse, _) if judged.is_bare() => (figure(left), format!("{}, against {}", kind.noun, figure(right))),
            (Stand::Better, Some(ratio)) => (format!("{}×", show_factor(ratio.value)), kind.better.to_owned()),
            (Stand::Worse, Some(ratio)) => (format!("{}×", show_factor(ratio.value)), kind.worse.to_owned()),
        };
        // Push is blue, whichever it is; within a family each has its own colour.
        let colour_of = |winner: &Cell<'_>, loser: &Cell<'_>| match winner.direction() {
            direction if direction == loser.direction() => colour(&winner.contender.name),
            Direction::Push => "push-1".to_owned(),
            Direction::Pull => "pull-1".to_owned(),
            Direction::Control => "control".to_owned(),
        };
        let stretched = kind.metric.starts_with("scenario_") && summary.recording.scenario.compression > 1.0;
        Some(Self {
            metric: kind.metric,
            topic: match kind.topic {
                None => cost_topic(stand, left.direction(), right.direction()).to_owned(),
                Some(topic) if stretched => format!("{topic}, scenario time"),
                Some(topic) => topic.to_owned(),
            },
            factor,
            words,
            left: left.contender.name.clone(),
            right: right.contender.name.clone(),
            left_figure: figure(left),
            right_figure: figure(right),
            interval: judged.interval(),
            stand,
            colour: match stand {
                Stand::Better => colour_of(left, right),
                Stand::Worse => colour_of(right, left),
                Stand::Untrusted => "warning".to_owned(),
                Stand::Unclear | Stand::NoRatio => "soft".to_owned(),
            },
            is_cost: kind.topic.is_none(),
        })
    }
}

/// What became of the question what the left one costs.
fn cost_topic(stand: Stand, left: Direction, right: Direction) -> &'static str {
    match (stand, left, right) {
        (Stand::Untrusted, ..) => "Cost not known",
        (Stand::NoRatio, ..) => "Cost without a ratio",
        (Stand::Unclear, ..) => "No clear cost",
        (Stand::Worse, Direction::Push, Direction::Pull) => "What push costs",
        (Stand::Worse, Direction::Pull, Direction::Push) => "What polling costs",
        (Stand::Better, Direction::Push, Direction::Pull) | (Stand::Better, Direction::Pull, Direction::Push) => "No cost found",
        (Stand::Better | Stand::Worse, ..) => "Cost",
    }
}

/// Three and a cost.
fn gathered(make: impl Fn(&Kind) -> Option<Tile>) -> Vec<Tile> {
    let costs: Vec<Tile> = COSTS.iter().filter_map(&make).collect();
    let cost = TELLING.iter().find_map(|stand| costs.iter().find(|tile| tile.stand == *stand));
    MAIN.iter().filter_map(&make).chain(cost.cloned()).collect()
}

/// The tiles of a load point: the best push against the best polling in each; where only one direction competes, its first two.
pub fn tiles(summary: &Summary<'_>, load_point: &str, colour: impl Fn(&str) -> String + Copy) -> Vec<Tile> {
    gathered(|kind| {
        let (left, right) = rivals(summary, load_point, kind.metric)?;
        Tile::new(summary, kind, left, right, colour)
    })
}

/// The tiles of two contenders: those of which both have figures.
pub fn of_pair(summary: &Summary<'_>, left: &Cell<'_>, right: &Cell<'_>, colour: impl Fn(&str) -> String + Copy) -> Vec<Tile> {
    gathered(|kind| Tile::new(summary, kind, left, right, colour))
}

/// Who is compared by a metric of which less is better.
fn rivals<'s, 'a>(summary: &'s Summary<'a>, load_point: &'s str, metric: &str) -> Option<(&'s Cell<'a>, &'s Cell<'a>)> {
    let best = |direction: Direction| {
        let of = summary.at(load_point).filter(|cell| cell.direction() == direction);
        let known = of.filter_map(|cell| cell.value(metric).map(|value| (cell, value)));
        known.min_by(|one, other| one.1.total_cmp(&other.1)).map(|(cell, _)| cell)
    };
    match (best(Direction::Push), best(Direction::Pull)) {
        (Some(push), Some(pull)) => Some((push, pull)),
        _ => {
            let mut rest = summary.at(load_point).filter(|cell| cell.direction() != Direction::Control && cell.value(metric).is_some());
            rest.next().zip(rest.next())
        }
    }
}

#[cfg(test)]
mod tests;
