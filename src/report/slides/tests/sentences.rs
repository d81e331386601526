//! What slides say, held against the figures.

use super::recordings::kinds;
use super::*;
use crate::measure::recording::Direction;
use crate::report::slides::chart::{Chart, Points};
use crate::report::slides::deck::{Column, Tile};
use crate::summary::{Cell, Grade};

/// Titles, tiles and lists where push wins, where it loses, where there is no clear difference, and where figures are not to be trusted.
#[test]
fn sentences_turn_with_the_numbers() {
    let mut told = String::new();
    let told_of =
        ["wins", "loses", "depends", "alike", "untrusted", "noise", "single", "push", "compressed", "swept", "controls", "nothing delivered", "no trial"];
    for (kind, recording) in kinds().into_iter().filter(|(kind, _)| told_of.contains(kind)) {
        told += &format!("== {kind}\n");
        for slide in deck(&recording).slides {
            told += &format!("{}: {}\n", slide.name, slide.title.replace('\u{a0}', " "));
            for line in lines(&slide.body) {
                told += &format!("  {line}\n");
            }
        }
        told += "\n";
    }
    insta::assert_snapshot!(told);
}

fn lines(body: &Body) -> Vec<String> {
    let column = |column: &Column| {
        let items = column.items.iter().map(|item| format!("{}{}", if item.warning { "! " } else { "- " }, item.text.replace('\u{a0}', " ")));
        std::iter::once(column.heading.clone()).chain(items).collect::<Vec<String>>()
    };
    match body {
        Body::Opening(lines) => lines.clone(),
        Body::Tiles(tiles) => tiles.iter().map(|tile| format!("{} {}, {} ({})", tile.figure, tile.label, tile.detail, tile.who)).collect(),
        Body::Question(both) => both.iter().flat_map(|exchange| exchange.captions.clone()).collect(),
        Body::Columns(both) => both.iter().flatten().flat_map(column).collect(),
        Body::Figure(figure) => figure.words.iter().cloned().chain(figure.aside.iter().flat_map(column)).collect(),
    }
}

/// What the three tiles begin with, the last one being what push costs.
#[test]
fn tiles_say_which_way_and_by_how_much() {
    let tiles = |wanted: &str| {
        let (_, recording) = kinds().into_iter().find(|(kind, _)| *kind == wanted).unwrap();
        match &deck(&recording).slides[1].body {
            Body::Tiles(tiles) => tiles.clone(),
            _ => Vec::new(),
        }
    };
    let labels = |tiles: &[Tile]| tiles.iter().map(|tile| tile.label.clone()).collect::<Vec<String>>();
    let wins = tiles("wins");
    assert_eq!(labels(&wins), ["fresher at p99", "fewer messages", "more server memory"]);
    assert!(wins.iter().all(|tile| tile.figure.ends_with('×') && tile.detail.contains(" instead of ")), "{wins:?}");
    assert_eq!(labels(&tiles("depends")), ["staler at p99", "fewer messages", "more server memory"]);
    assert_eq!(labels(&tiles("loses")), ["staler at p99", "more messages", "more server memory"]);
    assert!(tiles("alike").iter().all(|tile| tile.figure == "≈" && tile.label.starts_with("no clear difference in ")));
    assert!(tiles("untrusted").iter().all(|tile| tile.figure == "?" && tile.label.starts_with("not to be trusted: ")));
    let alone = tiles("pull");
    assert!(alone.iter().all(|tile| tile.detail == "nobody here pushes" && tile.who.starts_with("poll-")), "{alone:?}");
}

/// A metric, and the words for less and for more of it.
const SUBJECTS: [(&str, &str, &str); 5] = [
    ("scenario_latency.p99", "fresher at p99", "staler at p99"),
    ("messages.per_update", "fewer messages", "more messages"),
    ("memory.server.peak", "less server memory", "more server memory"),
    ("cpu.total.per_1000_updates", "less CPU", "more CPU"),
    ("messages.setup", "fewer messages to set up", "more messages to set up"),
];

/// Every tile of every kind of recording, worked out once more from the repeats: the direction, the factor, and that no winner is named within the noise or
/// by what cannot be trusted.
#[test]
fn tiles_are_what_the_repeats_say() {
    let mut seen = [0; 4];
    for (kind, recording) in kinds() {
        let summary = Summary::new(&recording);
        let cells: Vec<&Cell<'_>> = summary.at(charts::shown(&summary)).collect();
        let Body::Tiles(tiles) = &deck(&recording).slides[1].body else { panic!("{kind}: the second slide has tiles") };
        for tile in tiles {
            let named = SUBJECTS.iter().find(|(_, less, more)| tile.label == *less || tile.label == *more);
            let Some((metric, less, _)) = named else {
                assert!(!tile.figure.ends_with('×'), "{kind}: a factor without a direction, {tile:?}");
                seen[0] += 1;
                continue;
            };
            let best = |direction: Direction| {
                let of = cells.iter().filter(|cell| cell.direction() == direction && cell.value(metric).is_some());
                *of.min_by(|one, other| one.value(metric).unwrap().total_cmp(&other.value(metric).unwrap())).unwrap_or_else(|| panic!("{kind}: {tile:?}"))
            };
            let (push, pull) = (best(Direction::Push), best(Direction::Pull));
            let grave = |cell: &Cell<'_>| summary.doubts_on(cell, metric).any(|doubt| doubt.grade == Grade::Untrusted);
            assert!(!grave(push) && !grave(pull), "{kind}: a winner by what cannot be trusted, {tile:?}");
            let repeats = |cell: &Cell<'_>| cell.metrics[metric].repeats.iter().map(|(_, value)| value.unwrap()).collect::<Vec<f64>>();
            let logs: Vec<f64> = repeats(push).iter().zip(repeats(pull)).map(|(push, pull)| (push / pull).ln()).collect();
            let push_has_less = logs.iter().sum::<f64>() < 0.0;
            assert_eq!(tile.label == *less, push_has_less, "{kind}: {tile:?}, and push has {:?}, polling {:?}", repeats(push), repeats(pull));
            assert!(logs.iter().all(|log| (*log < 0.0) == push_has_less), "{kind}: repeats that contradict each other settle nothing, {tile:?}");
            if let Some(shown) = tile.figure.strip_suffix('×') {
                let (number, scale) = shown.strip_suffix('M').map_or((shown, 1.0), |number| (number, 1e6));
                let shown: f64 = number.replace(',', "").parse::<f64>().unwrap() * scale;
                let factor = (logs.iter().sum::<f64>() / logs.len() as f64).abs().exp();
                assert!((shown / factor - 1.0).abs() < 0.006 && shown > 1.0, "{kind}: {tile:?}, and the factor is {factor}");
                assert!(number.chars().filter(char::is_ascii_digit).collect::<String>().trim_matches('0').len() <= 4, "{kind}: {tile:?} is over-precise");
                assert_eq!(tile.certainty.contains("unknown"), recording.trials.iter().all(|trial| trial.repeat == 1), "{kind}: {tile:?}");
                seen[1] += 1;
            }
            seen[if push_has_less { 2 } else { 3 }] += 1;
        }
    }
    assert!(seen.iter().all(|count| *count > 3), "all ways must be tried: {seen:?}");
}

/// The advice follows the tiles that decide: whoever leads nowhere is not recommended.
#[test]
fn advice_is_what_the_tiles_say() {
    for (kind, recording) in kinds() {
        let deck = deck(&recording);
        let Body::Tiles(tiles) = &deck.slides[1].body else { panic!("{kind}") };
        let advice = &deck.slides[9].title;
        let two = &tiles[..2];
        if two.iter().all(|tile| tile.label.starts_with("fewer ") || tile.label.starts_with("fresher ")) {
            assert!(advice.contains("push, for traffic") || advice.contains("decide what matters") || advice.contains("run it again"), "{kind}: {advice}");
            assert!(!advice.contains("keep polling"), "{kind}: {advice}");
        }
        if two.iter().all(|tile| tile.label.starts_with("more ") || tile.label.starts_with("staler ")) {
            assert!(!advice.contains("push, for traffic"), "{kind}: {advice}");
        }
        if two.iter().any(|tile| tile.label.starts_with("not to be trusted")) {
            assert!(advice.contains("run it again") || advice.contains("run it to its end"), "{kind}: {advice}");
        }
    }
}

/// Slides draw the front of the pictures: what is not to be trusted has no part in it.
#[test]
fn what_is_not_to_be_trusted_is_hollow_and_not_in_the_front() {
    let points = |recording: &Recording| {
        let slide = deck(recording).slides.swap_remove(8);
        let Body::Figure(figure) = slide.body else { panic!("{} has a chart", slide.name) };
        match figure.charts.into_iter().next() {
            Some(Chart::Points(points)) => (points, slide.subtitle),
            other => panic!("{other:?}"),
        }
    };
    let place = |points: &Points, name: &str| points.series.iter().find(|series| series.name == name).map(|series| (series.points[0], series.trusted));
    let mut recording = small().push_loses().build();
    let (sound, subtitle) = points(&recording);
    let (freshest, trusted) = place(&sound, "poll-1s").unwrap();
    assert!(sound.front.contains(&freshest) && trusted && !subtitle.contains("hollow"), "{sound:?}");
    recording.trials.iter_mut().filter(|trial| trial.contender == "poll-1s").for_each(|trial| trial.deliveries.corrupt = 1);
    let (doubtful, subtitle) = points(&recording);
    assert_eq!(place(&doubtful, "poll-1s"), Some((freshest, false)));
    assert!(!doubtful.front.contains(&freshest) && subtitle.ends_with("; hollow: not to be trusted"), "{doubtful:?}");
}

/// Nothing stands twice on a slide.
#[test]
fn nothing_is_said_twice() {
    for (kind, recording) in kinds() {
        for slide in deck(&recording).slides {
            let plain = |text: &str| text.replace('\u{a0}', " ").trim_end_matches('.').to_lowercase();
            let mut said: Vec<String> = vec![plain(&slide.title), plain(&slide.subtitle)];
            let column = |column: &Column| column.items.iter().map(|item| plain(&item.text)).collect::<Vec<String>>();
            match &slide.body {
                Body::Columns(both) => said.extend(both.iter().flatten().flat_map(column)),
                Body::Figure(figure) => said.extend(figure.aside.iter().flat_map(column)),
                Body::Question(both) => {
                    said.extend(both.iter().map(|exchange| exchange.captions.iter().map(|caption| plain(caption)).collect::<Vec<_>>().join(" ")))
                }
                Body::Tiles(tiles) => said.extend(tiles.iter().map(|tile| plain(&tile.label))),
                Body::Opening(lines) => said.extend(lines.iter().map(|line| plain(line))),
            }
            said.retain(|text| !text.is_empty() && !["not in this run", "delivered nothing"].contains(&text.as_str()));
            let mut once = said.clone();
            once.sort();
            once.dedup();
            assert_eq!(once.len(), said.len(), "{kind}, {}: {said:?}", slide.name);
        }
    }
}
