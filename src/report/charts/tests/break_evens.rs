//! The titles of the break-evens: how often the cheapest change, in which direction, among whom, and where that cannot be told.

use super::recordings::{by_bytes, twin};
use super::{all_texts, everything, named};
use crate::measure::recording::{Direction, Recording};
use crate::report::charts::Theme;

/// With plain spaces; of names as short as these it stands in the picture uncut.
fn title(recording: &Recording) -> String {
    let pictures = everything(recording, Theme::Light);
    let picture = named(&pictures, "break-even-bytes");
    assert!(!all_texts(picture).contains('…'), "{}", picture.title);
    picture.title.replace('\u{a0}', " ")
}

/// Up to 800 topics. One poller rises and meets 1,500 at 70, another falls and meets it at 150; what nobody else has is out of the way.
const FACTORS: [f64; 5] = [0.5, 1.0, 2.0, 4.0, 8.0];
const FAR: f64 = 90_000.0;

fn rising(topics: f64) -> f64 {
    1_500.0 * topics / 70.0
}

fn falling(topics: f64) -> f64 {
    1_500.0 * 150.0 / topics
}

/// Only one direction, by names.
fn only(mut recording: Recording, direction: Direction) -> Recording {
    recording.contenders.retain(|contender| contender.direction == direction);
    let names: Vec<String> = recording.contenders.iter().map(|contender| contender.name.clone()).collect();
    recording.trials.retain(|trial| names.contains(&trial.contender));
    recording
}

#[test]
fn one_change_has_its_direction() {
    let up = by_bytes(&FACTORS[..3], |name, topics, _| match name {
        "poll-5s" => rising(topics),
        "xmpp-pubsub" => 1_500.0,
        _ => FAR,
    });
    assert_eq!(title(&up), "Up to 70 topics, poll-5s is cheapest on the wire; beyond that, xmpp-pubsub");
    let down = by_bytes(&FACTORS[..3], |name, topics, _| match name {
        "poll-5s" => falling(topics),
        "xmpp-pubsub" => 1_500.0,
        _ => FAR,
    });
    assert_eq!(title(&down), "Up to 150 topics, xmpp-pubsub is cheapest on the wire; beyond that, poll-5s");
}

#[test]
fn several_changes_say_who_is_cheapest_between_them() {
    let twice = by_bytes(&FACTORS[..3], |name, topics, _| match name {
        "poll-5s" => rising(topics),
        "conditional-5s" => falling(topics),
        "xmpp-pubsub" => 1_500.0,
        _ => FAR,
    });
    let said = "Whether polling or push is cheapest on the wire changes twice from 50 to 200 topics: polling up to 70, push up to 150, then polling";
    assert_eq!(title(&twice), said);
    let thrice = by_bytes(&FACTORS, |name, topics, _| match name {
        "poll-5s" => rising(topics),
        "conditional-5s" => falling(topics),
        "xmpp-pubsub" => 1_500.0,
        // Meets the falling one at 400.
        "webhook" => falling(400.0) * (400.0 / topics).powi(2),
        _ => FAR,
    });
    let said =
        "Whether polling or push is cheapest on the wire changes 3 times from 50 to 800 topics: polling up to 70, push up to 150, polling up to 400, then push";
    assert_eq!(title(&thrice), said);
}

#[test]
fn among_those_of_one_side_names_change() {
    let bytes = |name: &str, topics: f64, _: u32| match name {
        "poll-5s" => rising(topics),
        "conditional-5s" => falling(topics),
        "poll-1s" => 1_500.0,
        _ => FAR,
    };
    let pollers = only(by_bytes(&FACTORS[..3], bytes), Direction::Pull);
    let said = "Who is cheapest on the wire changes twice from 50 to 200 topics: poll-5s up to 70, poll-1s up to 150, then conditional-5s";
    assert_eq!(title(&pollers), said);
    let texts = all_texts(named(&everything(&pollers, Theme::Light), "break-even-bytes"));
    assert!(texts.contains("rings where two break even") && !texts.contains("pusher"), "{texts}");
    let pushers = only(by_bytes(&FACTORS[..3], |name, topics, _| if name == "webhook" { rising(topics) } else { 1_500.0 }), Direction::Push);
    assert_eq!(title(&pushers), "Up to 70 topics, webhook is cheapest on the wire; beyond that, xmpp-pubsub");
    let apart = only(by_bytes(&FACTORS[..3], |name, _, _| if name == "webhook" { FAR } else { 1_500.0 }), Direction::Push);
    assert_eq!(title(&apart), "xmpp-pubsub is cheaper on the wire than webhook, from 50 to 200 topics: no break-even");
}

/// Two who are alike cross at the same place: that is one change, and neither is the cheapest alone.
#[test]
fn twins_are_no_second_change() {
    let mut recording = by_bytes(&FACTORS[..3], |name, topics, _| match name {
        "poll-5s" => falling(topics),
        "xmpp-pubsub" => 1_500.0,
        _ => FAR,
    });
    twin(&mut recording, "poll-5s", "poll-5s-too");
    assert_eq!(title(&recording), "Up to 150 topics, xmpp-pubsub is cheapest on the wire; beyond that, polling");
}

/// A second push within the noise of the cheapest poller: who is cheapest there is not known, though two others cross.
#[test]
fn what_is_within_the_noise_is_not_said_to_be_cheapest() {
    let noise = |repeat: u32| [0.8, 1.3, 1.0][repeat as usize - 1];
    let once = by_bytes(&FACTORS[..3], |name, topics, repeat| match name {
        "poll-5s" => rising(topics),
        "webhook" => rising(topics) * 1.05 * noise(repeat),
        "xmpp-pubsub" => 1_500.0,
        _ => FAR,
    });
    assert_eq!(title(&once), "poll-5s and xmpp-pubsub break even on the wire at 70 topics; who is cheapest elsewhere cannot be told");
    let twice = by_bytes(&FACTORS[..3], |name, topics, repeat| match name {
        "poll-5s" => rising(topics),
        "webhook" => rising(topics) * 1.05 * noise(repeat),
        "conditional-5s" => falling(topics),
        "xmpp-pubsub" => 1_500.0,
        _ => FAR,
    });
    assert_eq!(title(&twice), "Polling and push break even on the wire at 70 and 150, from 50 to 200 topics; who is cheapest between cannot be told");
}

/// Those who cross may both be dearer than a third: there is a crossing, and yet no change of who is cheapest.
#[test]
fn a_crossing_above_the_cheapest_is_no_break_even_of_the_title() {
    let recording = by_bytes(&FACTORS[..3], |name, topics, _| match name {
        "poll-5s" => rising(topics),
        "xmpp-pubsub" => 1_500.0,
        "webhook" => 10.0,
        _ => FAR,
    });
    assert_eq!(title(&recording), "webhook is cheaper on the wire than all polling, from 50 to 200 topics");
}

/// A side none of whose figures can be trusted has no line: then the others compete with each other, and nothing is said of that side.
#[test]
fn of_a_side_without_a_line_nothing_is_said() {
    let mut recording = by_bytes(&FACTORS[..3], |name, topics, _| if name == "poll-5s" { rising(topics) } else { 1_500.0 });
    recording.trials.iter_mut().filter(|trial| ["xmpp-pubsub", "webhook"].contains(&trial.contender.as_str())).for_each(|trial| trial.deliveries.corrupt = 1);
    for trial in recording.trials.iter_mut().filter(|trial| trial.contender == "conditional-5s") {
        trial.subscriber_traffic_by_server.as_mut().unwrap().window.wire_down *= 40;
    }
    assert_eq!(title(&recording), "Up to 70 topics, poll-5s is cheapest on the wire; beyond that, poll-1s");
    let texts = all_texts(named(&everything(&recording, Theme::Light), "break-even-bytes"));
    assert!(texts.contains("Not drawn: xmpp-pubsub, webhook (") && !texts.contains("pusher"), "{texts}");
}

/// Who has no bytes has no line: nothing is said of all.
#[test]
fn who_is_not_drawn_is_named_and_not_beaten() {
    let mut recording = by_bytes(&FACTORS[..3], |name, _, _| if name == "xmpp-pubsub" { 1_500.0 } else { FAR });
    for trial in recording.trials.iter_mut().filter(|trial| trial.contender == "poll-1s") {
        trial.subscriber_traffic_by_server = None;
    }
    assert_eq!(title(&recording), "xmpp-pubsub is cheaper on the wire than all polling that is shown, from 50 to 200 topics: no break-even");
    let texts = all_texts(named(&everything(&recording, Theme::Light), "break-even-bytes"));
    assert!(texts.contains("Not drawn: poll-1s (no figures at two load points that can be trusted)"), "{texts}");
}
