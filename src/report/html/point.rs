//! A load point of the page: verdict, tiles, tables, pictures.

use serde::Serialize;

use super::facts::Contender;
use super::pictures::{Findings, Picture};
use super::tables::{self, COST, FRESHNESS, Group, RESOURCES, TROUBLE, Table, WORK, place};
use super::tiles::{Tile, tiles};
use crate::summary::verdict::{Verdict, Winner};
use crate::summary::{Cell, Summary};
use crate::units::{show_bytes, show_count, show_seconds, significant};

/// A load point.
#[derive(Clone, Debug, Serialize)]
pub struct Point {
    /// `key=value;key=value`; empty without a sweep.
    pub name: String,
    /// For people: `key = value, key = value`; `all` without a sweep.
    pub label: String,
    /// Sizes, times and repeats in a line.
    pub sizes: String,
    /// The verdict in a sentence.
    pub headline: String,
    /// The answers to single questions.
    pub statements: Vec<Statement>,
    /// Ratios: three and what push costs.
    pub tiles: Vec<Tile>,
    /// Who is compared in them: `the best push with the best polling, in each`, or two names.
    pub compared: String,
    /// Places in `contenders` of those that have figures here.
    pub here: Vec<usize>,
    /// How fresh what subscribers see is.
    pub freshness: Table,
    /// What it takes to bring an update.
    pub work: Table,
    /// What both sides use.
    pub resources: Table,
    /// What freshness costs.
    pub cost: Table,
    /// What went wrong.
    pub trouble: Table,
    /// What was lost, came twice or out of order, and which requests failed, in a sentence or two.
    pub losses: String,
    /// Every metric.
    pub numbers: Vec<Group>,
    /// Findings of the charts that the page draws itself.
    pub findings: Findings,
    /// Pictures of this load point.
    pub pictures: Vec<Picture>,
}

/// The answer to a question.
#[derive(Clone, Debug, Serialize)]
pub struct Statement {
    /// What it is about: the text reads on from it.
    pub label: &'static str,
    /// In words.
    pub text: String,
    /// `push`, `pull`, `unclear`, `untrusted` or `none`.
    pub winner: &'static str,
}

impl Point {
    /// A load point and its verdict.
    pub fn new(summary: &Summary<'_>, verdict: &Verdict, contenders: &[Contender], (pictures, findings): (Vec<Picture>, Findings)) -> Self {
        let name = verdict.load_point.as_str();
        let table = |columns| Table::new(summary, name, columns);
        let tiles = tiles(summary, name, |of| colour_of(contenders, of));
        let statement = |statement: &crate::summary::verdict::Statement| Statement {
            label: statement.question.label(),
            text: statement.text.clone(),
            winner: match statement.winner {
                Winner::Push => "push",
                Winner::Pull => "pull",
                Winner::NoClearDifference => "unclear",
                Winner::NotTrustworthy => "untrusted",
                Winner::NoComparison => "none",
            },
        };
        Self {
            name: name.to_owned(),
            label: label(name),
            sizes: sizes(summary, name),
            headline: verdict.headline.clone(),
            statements: verdict.statements.iter().map(statement).collect(),
            compared: compared(&tiles),
            tiles,
            here: summary.at(name).map(|cell| place(summary, cell)).collect(),
            freshness: table(FRESHNESS),
            work: table(WORK),
            resources: table(RESOURCES),
            cost: table(COST),
            trouble: table(TROUBLE),
            losses: losses(summary, name),
            numbers: tables::numbers(summary, name),
            findings,
            pictures,
        }
    }
}

/// Name of a contender's colour variable.
pub fn colour_of(contenders: &[Contender], name: &str) -> String {
    contenders.iter().find(|contender| contender.name == name).map_or_else(|| "soft".to_owned(), |found| found.colour.clone())
}

/// Who meets in the tiles: the same two in each, or the best of both families.
fn compared(tiles: &[Tile]) -> String {
    let mut pairs: Vec<(&str, &str)> = tiles.iter().map(|tile| (tile.left.as_str(), tile.right.as_str())).collect();
    pairs.dedup();
    match pairs.as_slice() {
        [] => String::new(),
        [(left, right)] => format!("{left} with {right}"),
        _ => "the best push with the best polling, in each".to_owned(),
    }
}

/// `Nothing was lost, came twice or out of order, and no request failed.` Or who had what.
fn losses(summary: &Summary<'_>, name: &str) -> String {
    const KINDS: [(&str, &str); 4] =
        [("lost", "lost"), ("duplicated", "delivered twice"), ("reordered", "out of order"), ("requests.failed", "requests failed")];
    let of = |cell: &Cell<'_>| {
        let counted = |(metric, words): &(&str, &str)| {
            cell.value(metric).filter(|count| *count > 0.0).map(|count| format!("{} {words}", crate::units::show_number(count)))
        };
        let found: Vec<String> = KINDS.iter().filter_map(counted).collect();
        (!found.is_empty()).then(|| format!("{}: {}", cell.contender.name, found.join(", ")))
    };
    let found: Vec<String> = summary.at(name).filter_map(of).collect();
    if found.is_empty() {
        return "Nothing was lost, came twice or out of order, and no request failed.".to_owned();
    }
    format!("On average of the repeats: {}.", found.join("; "))
}

fn label(name: &str) -> String {
    if name.is_empty() { "all".to_owned() } else { name.replace(';', ", ").replace('=', " = ") }
}

/// `fan-in · 1 subscriber × 45,754 topics (6,721 active) · 1 KiB payload · 5 min measured for 24 h of scenario time · 2 cores · 2 repeats`
fn sizes(summary: &Summary<'_>, name: &str) -> String {
    let recording = summary.recording;
    let scenario = &recording.scenario;
    let many = |count: u64, one: &str| format!("{} {one}{}", show_count(i64::try_from(count).unwrap_or(i64::MAX)), if count == 1 { "" } else { "s" });
    let mut words = vec![scenario.topology.clone()];
    if let Some(load) = summary.at(name).next().map(|cell| cell.workload) {
        let active = if load.active_topics == load.topics { String::new() } else { format!(" ({} active)", show_count(load.active_topics as i64)) };
        words.push(format!("{} × {}{active}", many(load.subscribers, "subscriber"), many(load.topics, "topic")));
        words.push(format!("{} payload", show_bytes(load.payload as f64)));
        let measured = format!("{} measured", show_seconds(load.window));
        words.push(if scenario.compression > 1.0 {
            let span = show_seconds(load.window * scenario.compression);
            format!("{measured} for {span} of scenario time (compressed {}-fold)", significant(scenario.compression, 4))
        } else {
            measured
        });
    }
    words.push(many(recording.machine.cores as u64, "core"));
    let repeats = || summary.at(name).map(|cell| cell.trials.len() as u64);
    let (fewest, most) = (repeats().min().unwrap_or(0), repeats().max().unwrap_or(0));
    words.push(if fewest == most { many(most, "repeat") } else { format!("{fewest} to {}", many(most, "repeat")) });
    words.join(" · ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::summary::fixture::made_up;

    #[test]
    fn losses_are_told_by_name() {
        let mut recording = made_up().scale(0.02).build();
        assert!(losses(&Summary::new(&recording), "").starts_with("Nothing was lost"));
        for trial in recording.trials.iter_mut().filter(|trial| trial.contender == "xmpp-pubsub") {
            trial.deliveries.lost = 3;
            trial.deliveries.duplicated = 1;
        }
        assert_eq!(losses(&Summary::new(&recording), ""), "On average of the repeats: xmpp-pubsub: 3 lost, 1 delivered twice.");
    }

    #[test]
    fn who_is_compared_is_told() {
        let of = |recording: &crate::measure::recording::Recording| compared(&tiles(&Summary::new(recording), "", |_| String::new()));
        assert_eq!(of(&made_up().build()), "the best push with the best polling, in each");
        assert_eq!(of(&made_up().only(crate::measure::recording::Direction::Pull).build()), "poll-5s with poll-1s");
        assert_eq!(compared(&[]), "");
    }

    #[test]
    fn sizes_are_told_in_a_line() {
        let recording = made_up().scale(0.02).compression(144.0).build();
        let sizes = sizes(&Summary::new(&recording), "");
        assert_eq!(
            sizes,
            "fan-out · 50 subscribers × 100 topics · 1 KiB payload · 60 s measured for 2.4 h of scenario time (compressed 144-fold) · 4 cores · 2 repeats"
        );
        assert_eq!((label(""), label("a.b=1;c=2")), ("all".to_owned(), "a.b = 1, c = 2".to_owned()));
    }
}
