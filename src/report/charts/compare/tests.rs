//! Charts of several made-up runs: titles in every case, boxes, well-formedness.

use resvg::usvg::{Group, Node};

use super::super::{raster, text};
use super::*;
use crate::measure::recording::Recording;
use crate::summary::Summary;
use crate::summary::fixture::made_up;

fn compared<T>(recordings: &[Recording], names: &[&str], check: impl FnOnce(&Comparison<'_>) -> T) -> T {
    let summaries: Vec<Summary<'_>> = recordings.iter().map(Summary::new).collect();
    check(&Comparison::new(summaries.iter().zip(names).map(|(summary, name)| Run { name, summary }).collect()))
}

fn title_of(recordings: &[Recording], chart: &str) -> String {
    let names = ["before", "after", "later"];
    compared(recordings, &names, |comparison| draw(comparison, "", Theme::Light).pictures.into_iter().find(|picture| picture.name == chart).unwrap().title)
}

fn base(repeats: u32) -> Recording {
    made_up().scale(0.05).repeats(repeats).build()
}

/// Requests of some pollers multiplied.
fn with_requests(recording: &Recording, names: &[&str], factor: f64) -> Recording {
    let mut recording = recording.clone();
    for trial in recording.trials.iter_mut().filter(|trial| names.contains(&trial.contender.as_str())) {
        let traffic = &mut trial.subscriber_traffic.window;
        traffic.requests = (traffic.requests as f64 * factor).round() as u64;
        traffic.responses.clear();
        trial.requests_planned = 0;
    }
    recording
}

#[test]
fn titles_say_what_changed_and_how_well_it_is_known() {
    let base_of = |repeats| with_requests(&base(repeats), &["poll-5s", "poll-1s"], 1.0);
    let of = |before: &Recording, after: &Recording| title_of(&[before.clone(), after.clone()], "compare-per-update");
    let before = base_of(3);
    let more = with_requests(&before, &["poll-5s"], 2.0);
    let less = with_requests(&before, &["poll-5s"], 0.5);
    let two = with_requests(&with_requests(&before, &["poll-5s"], 2.0), &["poll-1s"], 4.0);
    assert_eq!(of(&before, &before), "The same messages per update in before and after");
    assert!(of(&before, &more).starts_with("poll-5s: messages per update ") && of(&before, &more).ends_with(" (2 times)"), "{}", of(&before, &more));
    assert!(of(&before, &less).ends_with(" (0.5 times)"), "{}", of(&before, &less));
    assert!(of(&before, &two).starts_with("The largest of 2 changes: poll-1s: "), "{}", of(&before, &two));
    let single = of(&base_of(1), &with_requests(&base_of(1), &["poll-5s"], 2.0));
    assert!(single.starts_with("One repeat, so that the noise is unknown: poll-5s: "), "{single}");
    // Repeats that differ more than the runs do.
    let mut noisy = before.clone();
    for trial in noisy.trials.iter_mut().filter(|trial| trial.contender == "poll-5s") {
        trial.subscriber_traffic.window.requests += 40 * u64::from(trial.repeat) * u64::from(trial.repeat);
    }
    assert_eq!(of(&noisy, &with_requests(&noisy, &["poll-5s"], 1.001)), "No clear difference in messages per update between before and after");
    let mut machine = more.clone();
    machine.trials.iter_mut().for_each(|trial| trial.trace_sha256 = "7".repeat(64));
    assert!(of(&before, &machine).ends_with(" (2 times); differs besides: updates"), "{}", of(&before, &machine));
    let mut events = more.clone();
    events.scenario.semantics = "events".to_owned();
    assert_eq!(of(&before, &events), "Not comparable between before and after: messages per update; differs besides: workload");
    let mut doubtful = more;
    doubtful.trials.iter_mut().for_each(|trial| trial.deliveries.corrupt = 1);
    assert_eq!(of(&before, &doubtful), "Not to be trusted: messages per update in before and after");
}

#[test]
fn all_charts_are_drawn_and_well_formed() {
    let crowd = made_up().scale(0.05).many_contenders().build();
    let mut dearer = crowd.clone();
    for trial in &mut dearer.trials {
        trial.times.latency.record(9_000_000_000_000);
        for cpu in trial.sides.iter_mut().filter_map(|side| side.cpu.as_mut()) {
            cpu.window.user *= 50.0;
        }
    }
    let mut elsewhere = base(1);
    elsewhere.machine.cores = 128;
    elsewhere.scenario.title = "A title that is much too long to stand on one line of a foot ".repeat(4);
    let empty = {
        let mut recording = base(2);
        recording.trials.iter_mut().for_each(|trial| trial.times.latency = crate::measure::distribution::Distribution::default());
        recording
    };
    let names = ["before", "a-name-that-is-much-too-long-for-the-room-that-there-is-at-the-left", "<b>&\u{1}"];
    for (what, runs) in [
        ("two", vec![base(2), base(3)]),
        ("elsewhere", vec![base(2), elsewhere]),
        ("a crowd", vec![crowd.clone(), dearer.clone()]),
        ("three crowds", vec![crowd.clone(), dearer, crowd]),
        ("nothing delivered", vec![base(2), empty]),
    ] {
        compared(&runs, &names, |comparison| {
            for theme in Theme::ALL {
                let drawn = draw(comparison, "", theme);
                assert_eq!(drawn.pictures.len() + drawn.left_out.len(), NAMES.len(), "{what}");
                assert!(drawn.left_out.is_empty() || what == "nothing delivered", "{what}: {:?}", drawn.left_out);
                for picture in drawn.pictures {
                    let texts = texts(&picture.svg);
                    assert!(texts.len() > 10, "{what}, {}", picture.name);
                    for (place, (text, [left, top, right, bottom])) in texts.iter().enumerate() {
                        let name = picture.name;
                        assert_eq!(text::clean(text), *text, "a character is not in the font");
                        assert!(
                            *left >= 20.0 && *top >= 10.0 && *right <= 1_585.0 && *bottom <= 890.0,
                            "{what}, {name}: {text:?} is at {left} {top} {right} {bottom}"
                        );
                        for (other, [other_left, other_top, other_right, other_bottom]) in &texts[place + 1..] {
                            let apart = right <= other_left || other_right <= left || bottom <= other_top || other_bottom <= top;
                            assert!(apart, "{what}, {name}: {text:?} and {other:?} touch");
                        }
                    }
                }
            }
        });
    }
}

/// All texts of a picture with their outlines: (text, left, top, right, bottom), in pixels.
fn texts(svg: &str) -> Vec<(String, [f64; 4])> {
    fn gather(group: &Group, found: &mut Vec<(String, [f64; 4])>) {
        for node in group.children() {
            match node {
                Node::Group(group) => gather(group, found),
                Node::Text(text) => {
                    let outline = text.flattened().abs_bounding_box();
                    let edges = [outline.left(), outline.top(), outline.right(), outline.bottom()].map(f64::from);
                    found.push((text.chunks().iter().map(|chunk| chunk.text()).collect(), edges));
                }
                Node::Path(_) | Node::Image(_) => {}
            }
        }
    }
    let mut found = Vec::new();
    gather(raster::tree(svg).unwrap().root(), &mut found);
    found
}
