//! Ratio tiles: one contender against another by one metric, in a number and a word; one of the four is what push costs.

use serde::Serialize;

use crate::measure::recording::Direction;
use crate::summary::metrics::Metric;
use crate::summary::ratios::{Ratio, Verdict, compare};
use crate::summary::{Cell, Summary};
use crate::units::show_number;

/// A metric in words.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Kind {
    /// Its name.
    pub metric: &'static str,
    /// What its tile is about; empty where that depends on who is better.
    pub topic: &'static str,
    /// Of whoever has less.
    pub better: &'static str,
    /// Of whoever has more.
    pub worse: &'static str,
    /// What it is.
    pub noun: &'static str,
}

const fn kind(topic: &'static str, metric: &'static str, better: &'static str, worse: &'static str, noun: &'static str) -> Kind {
    Kind { topic, metric, better, worse, noun }
}

/// What is asked first; less of each is better.
pub static MAIN: [Kind; 3] = [
    kind("Freshness", "scenario_latency.p99", "fresher at p99", "staler at p99", "freshness at p99"),
    kind("Work", "messages.per_update", "fewer messages per update", "more messages per update", "messages per update"),
    kind("CPU", "cpu.total.per_1000_updates", "less CPU per update", "more CPU per update", "CPU per update"),
];

/// Where push may cost more; the first in which it does is shown.
pub static COSTS: [Kind; 6] = [
    kind("", "memory.server.peak", "less server memory", "more server memory", "server memory"),
    kind("", "messages.setup", "fewer messages to set up", "more messages to set up", "messages to set up"),
    kind("", "connections.held", "fewer connections held", "more connections held", "connections held"),
    kind("", "bytes.setup", "fewer bytes to set up", "more bytes to set up", "bytes to set up"),
    kind("", "cpu.total.setup", "less CPU to set up", "more CPU to set up", "CPU to set up"),
    kind("", "cpu.idle.total", "less CPU while nothing changes", "more CPU while nothing changes", "CPU while nothing changes"),
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

/// A tile.
#[derive(Clone, Debug, Serialize)]
pub struct Tile {
    /// Name of the metric.
    pub metric: &'static str,
    /// What it is about: `Freshness`, `Work`, `CPU`; `What push costs`, or `No cost found` where push has not more of anything.
    pub topic: &'static str,
    /// What stands large: `148×`; the left one's figure where the other has nothing; empty where there is no ratio.
    pub factor: String,
    /// What it is a factor of: `fresher at p99`.
    pub words: String,
    /// Name of the left contender.
    pub left: String,
    /// Name of the right contender.
    pub right: String,
    /// The left one's figure.
    pub left_figure: String,
    /// The right one's figure.
    pub right_figure: String,
    /// How well it is known: `95 % interval 140 to 156`; empty where all repeats are alike.
    pub interval: String,
    /// How the left one stands to the right one: `better`, `worse`, `unclear`, `untrusted` or `no-ratio`.
    pub stand: Stand,
    /// Name of the colour variable of whoever is better: `push-1`, `pull-1`, or within a family the contender's own; `warning` or `soft` where nobody is.
    pub colour: String,
    /// Whether it is the tile of what push costs.
    pub is_cost: bool,
}

/// What a tile says of a pair, without its words.
#[derive(Clone, Debug, PartialEq)]
pub struct Said {
    /// As in [`Tile::factor`].
    pub factor: String,
    /// As in [`Tile::stand`].
    pub stand: Stand,
    /// As in [`Tile::interval`].
    pub interval: String,
}

impl Said {
    /// Of a pair; `None` where one of them has no figure.
    pub fn new(summary: &Summary<'_>, metric: &Metric, left: &Cell<'_>, right: &Cell<'_>) -> Option<Self> {
        let (own, _) = (left.value(metric.name)?, right.value(metric.name)?);
        let Some(compared) = compare(summary, metric, left, right) else {
            return Some(Self { factor: String::new(), stand: Stand::NoRatio, interval: String::new() });
        };
        let stand = match compared.verdict {
            Verdict::LeftBetter => Stand::Better,
            Verdict::RightBetter => Stand::Worse,
            Verdict::NoClearDifference => Stand::Unclear,
            Verdict::NotTrustworthy => Stand::Untrusted,
        };
        let ratio = turned(compared.ratio, stand == Stand::Better);
        // Nothing against something is no factor: the figure itself is shown.
        let factor = if ratio.value == 0.0 || ratio.value.is_infinite() { metric.unit.show(own) } else { format!("{}×", factor(ratio.value)) };
        Some(Self { factor, stand, interval: interval(&ratio) })
    }
}

/// The other way round, so that who is better has a factor above 1.
fn turned(ratio: Ratio, turn: bool) -> Ratio {
    if turn { Ratio { value: 1.0 / ratio.value, interval: ratio.interval.map(|(low, high)| (1.0 / high, 1.0 / low)), ..ratio } } else { ratio }
}

/// A lead is never shown as `1`.
fn factor(value: f64) -> String {
    if (0.9..1.1).contains(&value) { format!("{value:.3}") } else { show_number(value) }
}

fn interval(ratio: &Ratio) -> String {
    match ratio.interval {
        None if ratio.pairs < 2 => "one repeat: noise unknown".to_owned(),
        None => String::new(),
        Some((low, high)) => {
            let (low, high) = (factor(low), factor(high));
            if low == high { String::new() } else { format!("95 % interval {low} to {high}") }
        }
    }
}

impl Tile {
    fn new(summary: &Summary<'_>, kind: &Kind, left: &Cell<'_>, right: &Cell<'_>, colour: impl Fn(&str) -> String, is_cost: bool) -> Option<Self> {
        let metric = Metric::named(kind.metric)?;
        let said = Said::new(summary, metric, left, right)?;
        let figure = |cell: &Cell<'_>| cell.value(kind.metric).map_or_else(String::new, |value| metric.unit.show(value));
        let words = match said.stand {
            Stand::NoRatio => format!("no ratio: {}", kind.noun),
            // The large figure is the left one's own.
            _ if !said.factor.ends_with('×') => format!("{}, against {}", kind.noun, figure(right)),
            Stand::Better => kind.better.to_owned(),
            Stand::Worse => kind.worse.to_owned(),
            Stand::Unclear => format!("no clear difference: {}", kind.noun),
            Stand::Untrusted => format!("not to be trusted: {}", kind.noun),
        };
        // Push is blue, whichever it is; within a family each has its own colour.
        let colour_of = |winner: &Cell<'_>, loser: &Cell<'_>| match winner.direction() {
            direction if direction == loser.direction() => colour(&winner.contender.name),
            Direction::Push => "push-1".to_owned(),
            Direction::Pull => "pull-1".to_owned(),
            Direction::Control => "control".to_owned(),
        };
        let topic = match (kind.topic, said.stand, left.direction()) {
            ("", Stand::Worse, Direction::Push) => "What push costs",
            ("", _, Direction::Push) => "No cost found",
            ("", ..) => "Cost",
            (topic, ..) => topic,
        };
        Some(Self {
            metric: kind.metric,
            topic,
            words,
            left: left.contender.name.clone(),
            right: right.contender.name.clone(),
            left_figure: figure(left),
            right_figure: figure(right),
            colour: match said.stand {
                Stand::Better => colour_of(left, right),
                Stand::Worse => colour_of(right, left),
                Stand::Untrusted => "warning".to_owned(),
                Stand::Unclear | Stand::NoRatio => "soft".to_owned(),
            },
            factor: said.factor,
            interval: said.interval,
            stand: said.stand,
            is_cost,
        })
    }
}

/// The tiles of a load point: the best push against the best polling in each; where only one direction competes, its first two.
pub fn tiles(summary: &Summary<'_>, load_point: &str, colour: impl Fn(&str) -> String + Copy) -> Vec<Tile> {
    let make = |kind: &Kind, is_cost: bool| {
        let (left, right) = rivals(summary, load_point, kind.metric)?;
        Tile::new(summary, kind, left, right, colour, is_cost)
    };
    let mut tiles: Vec<Tile> = MAIN.iter().filter_map(|kind| make(kind, false)).collect();
    let costs: Vec<Tile> = COSTS.iter().filter_map(|kind| make(kind, true)).collect();
    let dearer = costs.iter().find(|tile| tile.stand == Stand::Worse);
    tiles.extend(dearer.or(costs.first()).cloned());
    tiles
}

/// Who is compared by a metric of which less is better.
pub fn rivals<'s, 'a>(summary: &'s Summary<'a>, load_point: &'s str, metric: &str) -> Option<(&'s Cell<'a>, &'s Cell<'a>)> {
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
mod tests {
    use super::*;
    use crate::measure::recording::Recording;
    use crate::summary::fixture::made_up;

    fn of(recording: &Recording) -> Vec<Tile> {
        tiles(&Summary::new(recording), "", |name| format!("colour-of-{name}"))
    }

    #[test]
    fn there_are_four_and_the_last_is_what_push_costs() {
        let tiles = of(&made_up().build());
        assert_eq!(tiles.iter().map(|tile| tile.is_cost).collect::<Vec<_>>(), [false, false, false, true]);
        assert_eq!(tiles[0].words, "fresher at p99");
        assert_eq!((tiles[0].left.as_str(), tiles[0].colour.as_str()), ("xmpp-pubsub", "push-1"));
        assert!(tiles[0].factor.ends_with('×') && tiles[0].interval.starts_with("95 % interval "), "{:?}", tiles[0]);
        assert_eq!((tiles[3].stand, tiles[3].topic), (Stand::Worse, "What push costs"), "{:?}", tiles[3]);
        assert!(tiles[3].words.contains("more") || tiles[3].words.contains("against"), "{:?}", tiles[3]);
    }

    #[test]
    fn they_turn_round_when_polling_wins() {
        let tiles = of(&made_up().push_loses().build());
        assert_eq!((tiles[0].words.as_str(), tiles[0].stand), ("staler at p99", Stand::Worse));
        assert_eq!(tiles[0].colour, "pull-1");
        let pollers = of(&made_up().only(Direction::Pull).build());
        assert!(pollers[0].colour.starts_with("colour-of-poll") && pollers[3].topic == "Cost", "{pollers:?}");
    }

    #[test]
    fn what_is_doubtful_names_no_winner_and_one_repeat_says_so() {
        let mut recording = made_up().repeats(1).build();
        let tiles = of(&recording);
        assert_eq!(tiles[0].interval, "one repeat: noise unknown");
        for trial in &mut recording.trials {
            trial.deliveries.corrupt = 1;
        }
        let tiles = of(&recording);
        assert_eq!((tiles[0].stand, tiles[0].colour.as_str()), (Stand::Untrusted, "warning"));
        assert!(tiles[0].words.starts_with("not to be trusted"));
    }

    #[test]
    fn nothing_against_something_is_no_factor() {
        let mut recording = made_up().scale(0.1).build();
        for trial in recording.trials.iter_mut().filter(|trial| trial.contender != "xmpp-pubsub") {
            trial.subscriber_traffic.setup = Default::default();
            trial.publisher_traffic.setup = Default::default();
        }
        let summary = Summary::new(&recording);
        let metric = Metric::named("messages.setup").unwrap();
        let (push, pull) = (summary.cell("xmpp-pubsub", "").unwrap(), summary.cell("poll-1s", "").unwrap());
        let said = Said::new(&summary, metric, push, pull).unwrap();
        assert_eq!((said.factor, said.stand), (metric.unit.show(push.value("messages.setup").unwrap()), Stand::Worse));
        assert_eq!(Said::new(&summary, metric, pull, pull).unwrap().stand, Stand::NoRatio);
    }

    #[test]
    fn factors_of_a_lead_are_not_one() {
        assert_eq!([factor(1.004), factor(0.95), factor(148.2), factor(2_345.6)], ["1.004", "0.950", "148", "2,346"]);
    }
}
