//! What tiles say: of a lead, of none, of what is doubtful, and of costs that were not found.

use super::*;
use crate::measure::recording::Recording;
use crate::summary::fixture::made_up;

fn of(recording: &Recording) -> Vec<Tile> {
    tiles(&Summary::new(recording), "", |name| format!("colour-of-{name}"))
}

/// The tiles of two contenders.
fn pair(recording: &Recording, left: &str, right: &str) -> Vec<Tile> {
    let summary = Summary::new(recording);
    of_pair(&summary, summary.cell(left, "").unwrap(), summary.cell(right, "").unwrap(), |name| format!("colour-of-{name}"))
}

fn told(tile: &Tile) -> (&str, &str, &str, Stand) {
    (&tile.topic, &tile.factor, &tile.words, tile.stand)
}

/// Push has less of everything that it might cost.
fn without_costs() -> Recording {
    let mut recording = made_up().scale(0.1).build();
    let of_server = recording.trials.iter().find(|trial| trial.contender == "poll-5s").unwrap().sides[0].memory_peak;
    for trial in recording.trials.iter_mut().filter(|trial| trial.contender == "xmpp-pubsub") {
        trial.connections_held = 1;
        trial.sides[0].memory_peak = of_server.map(|bytes| bytes / 2);
        let own = &mut trial.subscriber_traffic.setup;
        (own.stanzas_up, own.stanzas_down, own.handshake_up, own.handshake_down) = (1, 1, 0, 0);
        trial.subscriber_traffic_by_server.as_mut().unwrap().setup = Default::default();
        for cpu in trial.sides.iter_mut().filter_map(|side| side.cpu.as_mut()) {
            (cpu.setup.user, cpu.setup.system) = (1e-6, 1e-6);
        }
    }
    recording
}

#[test]
fn there_are_four_and_the_last_is_what_push_costs() {
    let tiles = of(&made_up().build());
    assert_eq!(tiles.iter().map(|tile| tile.is_cost).collect::<Vec<_>>(), [false, false, false, true]);
    assert_eq!((tiles[0].topic.as_str(), tiles[0].words.as_str()), ("Freshness", "fresher at p99"));
    assert_eq!((tiles[0].left.as_str(), tiles[0].colour.as_str()), ("xmpp-pubsub", "push-1"));
    assert!(tiles[0].factor.ends_with('×') && tiles[0].interval.starts_with("95 % interval "), "{:?}", tiles[0]);
    assert_eq!((tiles[3].stand, tiles[3].topic.as_str()), (Stand::Worse, "What push costs"), "{:?}", tiles[3]);
    assert!(tiles[3].words.contains("more") || tiles[3].words.contains("against"), "{:?}", tiles[3]);
    assert_eq!(of(&made_up().scale(0.1).compression(144.0).build())[0].topic, "Freshness, scenario time");
}

#[test]
fn they_turn_round_when_polling_wins() {
    let tiles = of(&made_up().push_loses().build());
    assert_eq!((tiles[0].words.as_str(), tiles[0].stand), ("staler at p99", Stand::Worse));
    assert_eq!(tiles[0].colour, "pull-1");
    let pollers = of(&made_up().only(Direction::Pull).build());
    assert!(pollers[0].colour.starts_with("colour-of-poll") && pollers[3].topic != "What push costs", "{pollers:?}");
}

#[test]
fn what_is_doubtful_names_no_winner_no_factor_and_no_interval() {
    let mut recording = made_up().repeats(1).build();
    assert_eq!(of(&recording)[0].interval, "one repeat: noise unknown");
    for trial in &mut recording.trials {
        trial.deliveries.corrupt = 1;
    }
    for tile in of(&recording).iter().filter(|tile| !tile.is_cost) {
        assert_eq!((tile.stand, tile.factor.as_str(), tile.colour.as_str(), tile.interval.as_str()), (Stand::Untrusted, "?", "warning", ""));
        assert!(tile.words.starts_with("not to be trusted: ") && tile.left_figure.ends_with(" ?"), "the doubt travels with the figure: {tile:?}");
    }
}

#[test]
fn a_doubt_comes_before_a_ratio_that_is_none_and_before_nothing_against_something() {
    let mut recording = made_up().scale(0.1).build();
    for trial in &mut recording.trials {
        trial.deliveries.corrupt = 1;
        if trial.contender != "xmpp-pubsub" {
            trial.subscriber_traffic.window = Default::default();
        }
    }
    let work = pair(&recording, "xmpp-pubsub", "poll-1s").remove(1);
    assert_eq!(told(&work), ("Work", "?", "not to be trusted: messages per update", Stand::Untrusted));
    let none = pair(&recording, "poll-5s", "poll-1s").remove(1);
    assert_eq!(told(&none), ("Work", "?", "not to be trusted: messages per update", Stand::Untrusted));
}

#[test]
fn no_cost_is_found_only_where_nothing_that_push_might_cost_is_in_doubt_or_in_the_noise() {
    let mut recording = without_costs();
    let cost = of(&recording).pop().unwrap();
    assert_eq!((cost.topic.as_str(), cost.stand), ("No cost found", Stand::Better), "{cost:?}");

    // Messages to set up: within the noise.
    let ours = recording.trials.iter().find(|trial| trial.contender == "poll-5s").unwrap().subscriber_traffic.setup.messages();
    for trial in recording.trials.iter_mut().filter(|trial| trial.contender == "xmpp-pubsub") {
        trial.subscriber_traffic.setup.stanzas_up = if trial.repeat == 1 { ours - 20 } else { ours + 20 };
    }
    let cost = of(&recording).pop().unwrap();
    assert_eq!(told(&cost), ("No clear cost", "≈", "no clear difference in messages to set up", Stand::Unclear));
    assert!(cost.interval.starts_with("ratio ") && cost.interval.contains("95 % interval "), "{cost:?}");
    for trial in recording.trials.iter_mut().filter(|trial| trial.contender == "xmpp-pubsub") {
        trial.subscriber_traffic.setup.stanzas_up = if trial.repeat == 1 { ours / 8 } else { ours * 2 };
    }
    let cost = of(&recording).pop().unwrap();
    assert_eq!(told(&cost), ("No clear cost", "?", "too few repeats to settle messages to set up", Stand::Unclear));

    // Not to be trusted at all, and no cost clear.
    let mut doubtful = without_costs();
    for trial in doubtful.trials.iter_mut().filter(|trial| trial.contender == "xmpp-pubsub") {
        trial.checks[0].holds = false;
    }
    let cost = of(&doubtful).pop().unwrap();
    assert_eq!((cost.topic.as_str(), cost.factor.as_str(), cost.stand), ("Cost not known", "?", Stand::Untrusted), "{cost:?}");
}

#[test]
fn nothing_against_something_is_no_factor() {
    let mut recording = made_up().scale(0.1).build();
    for trial in recording.trials.iter_mut().filter(|trial| trial.contender != "xmpp-pubsub") {
        trial.subscriber_traffic.setup = Default::default();
        trial.publisher_traffic.setup = Default::default();
        // Whatever else push might cost more comes first.
        trial.sides[0].memory_peak = Some(1 << 30);
    }
    let cost = of(&recording).pop().unwrap();
    assert_eq!((cost.metric, cost.stand, cost.topic.as_str()), ("messages.setup", Stand::Worse, "What push costs"));
    assert_eq!((cost.factor.as_str(), cost.words.as_str()), (cost.left_figure.as_str(), "messages to set up, against 0"));
    let summary = Summary::new(&recording);
    let (poll, metric) = (summary.cell("poll-1s", "").unwrap(), Metric::named("messages.setup").unwrap());
    assert_eq!(Judged::new(&summary, metric, poll, poll).stand, Stand::NoRatio);
    assert_eq!(cost_topic(Stand::NoRatio, Direction::Push, Direction::Pull), "Cost without a ratio");
}

#[test]
fn a_pair_is_told_from_either_side() {
    let recording = made_up().compression(600.0).build();
    let name = &recording.contenders[0].name;
    let (there, back) = (pair(&recording, "xmpp-pubsub", name), pair(&recording, name, "xmpp-pubsub"));
    assert_eq!((there[0].words.as_str(), back[0].words.as_str()), ("fresher at p99", "staler at p99"));
    assert_eq!((&there[0].factor, &there[0].colour), (&back[0].factor, &back[0].colour), "the lead is the same");
    assert!(there[0].factor.chars().filter(|character| character.is_ascii_digit()).skip(3).all(|digit| digit == '0'), "three digits: {}", there[0].factor);
    assert_eq!(there[3].topic, "What push costs");
}
