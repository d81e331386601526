//! All charts over made-up recordings: words, boxes, well-formedness, and what is missing or extreme.

use std::path::Path;

use resvg::usvg::{Group, Node};

use super::*;
use crate::measure::distribution::Distribution;
use crate::measure::recording::{Check, Direction, Recording, Role};
use crate::summary::Summary;
use crate::summary::fixture::made_up;

/// Charts of a recording in which nothing is swept.
const WITHOUT_A_SWEEP: usize = 5;

/// Bytes of the polite poller rise with the topics, and cross those of push at about 106: 110, less the noise of the repeats.
fn crossing(repeats: u32) -> Recording {
    let mut recording = made_up().scale(0.05).repeats(repeats).sweep(&[0.5, 1.0, 2.0]).build();
    for trial in &mut recording.trials {
        let push = trial.contender == "xmpp-pubsub";
        let noise = 1.0 + f64::from(trial.repeat) * 0.02;
        let factor = trial.workload.topics as f64 / 110.0;
        let delivered = trial.deliveries.delivered as f64;
        let window = &mut trial.subscriber_traffic_by_server.as_mut().unwrap().window;
        window.wire_up = 0;
        window.wire_down = match trial.contender.as_str() {
            _ if push => delivered * 1_500.0,
            "conditional-5s" => delivered * 1_500.0 * factor * noise,
            _ => delivered * 9_000.0 * noise,
        } as u64;
    }
    recording
}

/// Copies of the made-up contenders with long names, so many in all, each copy dearer and slower than the one before.
fn crowd(base: &Recording, count: usize) -> Recording {
    let mut recording = base.clone();
    let (contenders, trials) = (recording.contenders.clone(), recording.trials.clone());
    recording.contenders.clear();
    recording.trials.clear();
    for index in 0..count {
        // Push is among the first two.
        let original = &contenders[[0, 3, 1, 2][index % 4]];
        let mut copy = original.clone();
        copy.name = format!("{}{}", original.name, if index < 4 { String::new() } else { format!("-through-a-proxy-in-another-country-{index}") });
        let factor = 1.7_f64.powi((index / 4) as i32);
        for trial in trials.iter().filter(|trial| trial.contender == original.name) {
            let mut trial = trial.clone();
            trial.contender.clone_from(&copy.name);
            // No chart shows it, and it takes long to copy.
            trial.timeline.iter_mut().for_each(|second| second.latency = None);
            for distribution in [&mut trial.times.latency, &mut trial.times.scenario_latency] {
                *distribution = stretched(distribution, factor);
            }
            for side in &mut trial.sides {
                if let Some(cpu) = &mut side.cpu {
                    cpu.window.user *= factor;
                }
            }
            for second in &mut trial.timeline {
                second.messages = (second.messages as f64 * factor) as u64;
                second.cpu.server *= factor;
                second.cpu.subscriber *= factor;
                second.memory.server = (second.memory.server as f64 * factor) as u64;
            }
            recording.trials.push(trial);
        }
        recording.contenders.push(copy);
    }
    recording
}

fn stretched(distribution: &Distribution, factor: f64) -> Distribution {
    let mut stretched = Distribution::default();
    for sample in 0..500 {
        let seconds = distribution.quantile((f64::from(sample) + 0.5) / 500.0).unwrap_or(0.0);
        stretched.record((seconds * factor * 1e9) as i64);
    }
    stretched
}

fn untrusted(mut recording: Recording) -> Recording {
    for trial in &mut recording.trials {
        trial.checks = vec![Check::equal("requests, whole trial", ("client", 5), ("server", 6))];
    }
    recording
}

fn small() -> Recording {
    made_up().scale(0.1).build()
}

/// Recordings of all kinds, with what they are called.
fn kinds() -> Vec<(&'static str, Recording)> {
    let base = small();
    let crowd = |count| crowd(&base, count);
    let mut long = crowd(4);
    long.scenario.title = "A title that is much too long to stand on one line of a foot ".repeat(5);
    long.contenders[0].name = "W".repeat(200);
    for trial in &mut long.trials {
        if trial.contender == "poll-5s" {
            trial.contender = "W".repeat(200);
        }
    }
    let mut extreme = base.clone();
    for (index, trial) in extreme.trials.iter_mut().enumerate() {
        trial.subscriber_traffic.window.requests = [0, u64::MAX / 64][index % 2];
        trial.times.latency.record(i64::MAX / 2);
        trial.times.scenario_latency.record(i64::MAX / 2);
        for second in &mut trial.timeline {
            second.messages = u64::MAX / 64;
            second.cpu.server = f64::INFINITY;
            second.memory.server = u64::MAX / 64;
        }
    }
    vec![
        ("two", crowd(2)),
        ("three", crowd(3)),
        ("four", crowd(4)),
        ("seven", crowd(7)),
        ("twelve", crowd(12)),
        ("thirty", crowd(30)),
        ("compressed", made_up().scale(0.05).compression(144.0).build()),
        ("loses", made_up().scale(0.05).push_loses().build()),
        ("untrusted", untrusted(base.clone())),
        ("one", made_up().scale(0.05).only(Direction::Push).build()),
        ("pull", made_up().scale(0.05).only(Direction::Pull).build()),
        ("noise", made_up().scale(0.05).noise(0.9).build()),
        ("single", made_up().scale(0.05).repeats(1).build()),
        ("swept", made_up().scale(0.05).sweep(&[1.0, 2.0]).build()),
        ("crossing", crossing(3)),
        ("crowded", made_up().scale(0.02).many_contenders().sweep(&[0.5, 1.0, 3.0]).build()),
        ("long", long),
        ("extreme", extreme),
        ("markup", marked_up(base.clone())),
    ]
}

fn marked_up(mut recording: Recording) -> Recording {
    recording.scenario.title = "<script>alert(\"1\")</script> & ' \u{0}\u{1b} 日本".to_owned();
    recording.id = "<&\"'>".to_owned();
    recording.contenders[0].name = "</text><script>&\"".to_owned();
    for trial in recording.trials.iter_mut().filter(|trial| trial.contender == "poll-5s") {
        trial.contender = "</text><script>&\"".to_owned();
    }
    recording
}

fn everything(recording: &Recording, theme: Theme) -> Vec<Picture> {
    all(&Summary::new(recording), theme)
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

#[test]
fn every_character_is_in_the_font_and_no_text_touches_another_or_leaves_the_picture() {
    for (kind, recording) in kinds() {
        for picture in everything(&recording, Theme::Light) {
            let texts = texts(&picture.svg);
            assert!(texts.len() > 5);
            for (text, _) in &texts {
                assert_eq!(text::clean(text), *text, "a character is not in the font");
            }
            for (place, (text, [left, top, right, bottom])) in texts.iter().enumerate() {
                let name = picture.name;
                assert!(*left >= 20.0 && *top >= 10.0 && *right <= 1_585.0 && *bottom <= 890.0, "{kind}, {name}: {text:?} is at {left} {top} {right} {bottom}");
                for (other, [other_left, other_top, other_right, other_bottom]) in &texts[place + 1..] {
                    let apart = right <= other_left || other_right <= left || bottom <= other_top || other_bottom <= top;
                    assert!(apart, "{kind}, {name}: {text:?} and {other:?} touch");
                }
            }
        }
    }
}

#[test]
fn each_of_twelve_contenders_is_named_on_every_picture() {
    let recording = crowd(&small(), 12);
    for picture in everything(&recording, Theme::Light) {
        let texts = texts(&picture.svg);
        for contender in &recording.contenders {
            let (head, tail) = (&contender.name[..6], &contender.name[contender.name.len() - 2..]);
            assert!(
                texts.iter().any(|(text, _)| text.starts_with(head) && text.ends_with(tail) && !text.contains(' ')),
                "{}: {}",
                picture.name,
                contender.name
            );
        }
    }
}

#[test]
fn text_is_as_wide_as_was_reckoned() {
    let svg = canvas::picture(Theme::Light, "", |canvas| {
        for (row, weight) in [text::Weight::Regular, text::Weight::SemiBold].into_iter().enumerate() {
            let hand = canvas::Hand { size: 40.0, weight, colour: canvas.palette().ink, align: canvas::Align::Left };
            canvas.text(100.0, 100.0 + 100.0 * row as f64, "AVATAR To 1,337.5 MiB · rest-poll-22m42s W11T7 → 99.9 %", hand);
        }
    });
    for ((text, [left, _, right, _]), weight) in texts(&svg).into_iter().zip([text::Weight::Regular, text::Weight::SemiBold]) {
        let (drawn, reckoned) = (right - left, text::width(&text, 40.0, weight));
        assert!((0.95..=1.005).contains(&(drawn / reckoned)), "{drawn} is drawn, {reckoned} was reckoned");
    }
}

#[test]
fn markup_in_names_is_text() {
    let pictures = everything(&marked_up(small()), Theme::Light);
    assert_eq!(pictures.len(), WITHOUT_A_SWEEP);
    for picture in pictures {
        assert!(!picture.svg.contains("<script"));
        let file = picture.file();
        let mut reader = quick_xml::Reader::from_str(&file);
        reader.config_mut().check_end_names = true;
        let mut texts = String::new();
        loop {
            match reader.read_event().unwrap() {
                quick_xml::events::Event::Eof => break,
                quick_xml::events::Event::Start(tag) => assert_ne!(tag.name().as_ref(), "script"),
                quick_xml::events::Event::Text(text) => texts.push_str(&text),
                quick_xml::events::Event::GeneralRef(entity) => texts.push_str(&format!("&{};", &*entity)),
                _ => {}
            }
        }
        assert!(texts.contains("&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; &apos;    □□"), "{}: {texts}", picture.name);
    }
}

#[test]
fn the_same_recording_gives_the_same_bytes() {
    let recording = small();
    for theme in Theme::ALL {
        assert_eq!(everything(&recording, theme), everything(&recording, theme));
    }
    let picture = &everything(&recording, Theme::Light)[0];
    assert_eq!(png(&picture.svg, 400).unwrap(), png(&picture.svg, 400).unwrap());
    assert_eq!(png(&picture.svg, 200).unwrap(), png(&picture.file(), 200).unwrap(), "the font inside changes nothing");
}

#[test]
fn what_is_missing_is_left_out_with_a_reason() {
    let left_out = |recording: &Recording| {
        let drawn = draw(&Summary::new(recording), "", Theme::Light);
        assert_eq!(drawn.pictures.len() + drawn.left_out.len(), NAMES.len());
        // Nothing is swept: no break-even.
        assert!(
            drawn.left_out.len() >= NAMES.len() - WITHOUT_A_SWEEP
                && drawn.left_out.iter().rev().take(2).all(|left_out| left_out.name.starts_with("break-even"))
        );
        drawn.left_out.into_iter().map(|left_out| left_out.name).filter(|name| !name.starts_with("break-even")).collect::<Vec<_>>()
    };
    let with = |change: &dyn Fn(&mut crate::measure::recording::Trial)| {
        let mut recording = small();
        recording.trials.iter_mut().for_each(change);
        recording
    };
    assert!(left_out(&small()).is_empty());
    assert_eq!(left_out(&with(&|trial| trial.timeline.clear())), ["volume", "resources"]);
    assert_eq!(left_out(&with(&|trial| trial.complete = false)), NAMES[..WITHOUT_A_SWEEP]);
    assert_eq!(left_out(&with(&|trial| trial.sides.iter_mut().for_each(|side| side.cpu = None))), ["resources", "freshness-cost"]);
    assert_eq!(left_out(&with(&|trial| trial.sides.retain(|side| side.role != Role::Server))), ["resources", "freshness-cost"]);
    let nothing = with(&|trial| {
        trial.deliveries = Default::default();
        trial.times = Default::default();
    });
    assert_eq!(left_out(&nothing), ["per-update", "latency", "freshness-cost"]);
    assert_eq!(left_out(&made_up().scale(0.05).only(Direction::Push).build()), ["freshness-cost"]);
}

#[test]
fn a_contender_with_nothing_delivered_is_said_to_have_none() {
    let mut recording = small();
    for trial in recording.trials.iter_mut().filter(|trial| trial.contender == "poll-1s") {
        trial.deliveries = Default::default();
        trial.times = Default::default();
    }
    let pictures = everything(&recording, Theme::Light);
    assert_eq!(pictures.len(), WITHOUT_A_SWEEP);
    assert!(pictures[1].svg.contains("nothing delivered"));
}

/// Of each chart: what its title is where push wins, where it loses, within the noise, and where the figures cannot be trusted.
#[test]
fn titles_turn_with_the_numbers() {
    let titles =
        |recording: &Recording| everything(recording, Theme::Light).into_iter().map(|picture| picture.title.replace('\u{a0}', " ")).collect::<Vec<_>>();
    let wins = titles(&small());
    let loses = titles(&made_up().scale(0.1).push_loses().build());
    let doubtful = titles(&untrusted(small()));
    insta::assert_snapshot!(format!("wins\n{}\n\nloses\n{}\n\nnot to be trusted\n{}\n", wins.join("\n"), loses.join("\n"), doubtful.join("\n")));
    for title in &wins {
        assert!(title.starts_with("xmpp-pubsub"), "{title}");
    }
    for title in loses.iter().skip(2) {
        assert!(!title.starts_with("xmpp-pubsub"), "{title}");
    }
    for title in &doubtful {
        assert!(title.starts_with("Not to be trusted: "), "{title}");
    }
    // Push, copied from polling: nothing to choose between them.
    let mut alike = small();
    let polls: Vec<_> = alike.trials.iter().filter(|trial| trial.contender == "poll-5s").cloned().collect();
    alike.trials.retain(|trial| trial.contender == "poll-5s");
    for mut trial in polls {
        trial.contender = "xmpp-pubsub".to_owned();
        alike.trials.push(trial);
    }
    for title in titles(&alike) {
        assert!(title.starts_with("No clear difference in "), "{title}");
    }
}

#[test]
fn doubts_and_conditions_stand_on_every_picture() {
    let recording = untrusted(made_up().scale(0.05).compression(144.0).build());
    for picture in everything(&recording, Theme::Dark) {
        let all = texts(&picture.svg).into_iter().map(|(text, _)| text).collect::<Vec<_>>().join("\n");
        for part in [
            "SYNTHETIC",
            "fan-out",
            "50 subscribers × 100 topics",
            "1 KiB payload",
            "compression 144",
            "4 cores",
            "2 repeats",
            "run 2026-",
            "Not to be trusted. ",
        ] {
            assert!(all.contains(part), "{}: {part:?} is not in {all}", picture.name);
        }
    }
}

/// Whether a recording of this kind has the figures of a chart.
fn drawn_of(kind: &str, name: &str) -> bool {
    match name {
        "freshness-cost" => kind != "one",
        name if name.starts_with("break-even") => ["swept", "crossing", "crowded"].contains(&kind),
        _ => true,
    }
}

/// Where the cheapest change, and where they do not.
#[test]
fn break_even_says_who_is_cheaper_where() {
    let titles = |recording: &Recording| {
        let pictures = everything(recording, Theme::Light).into_iter().filter(|picture| picture.name.starts_with("break-even"));
        pictures.map(|picture| picture.title.replace('\u{a0}', " ")).collect::<Vec<_>>()
    };
    let bytes = |recording: &Recording| titles(recording).remove(0);
    assert_eq!(bytes(&crossing(3)), "Up to 106 topics conditional-5s is cheapest on the wire, beyond that xmpp-pubsub");
    let swept = made_up().scale(0.05).sweep(&[1.0, 2.0, 4.0]);
    assert_eq!(bytes(&swept.build()), "xmpp-pubsub is cheaper on the wire than all polling, from 100 to 400 topics: no break-even");
    let cpu = titles(&swept.clone().noise(0.95).build()).remove(1);
    assert_eq!(cpu, "No break-even in CPU that is beyond the noise, from 100 to 400 topics");
    let doubtful = everything(&untrusted(crossing(3)), Theme::Light);
    assert!(doubtful.iter().all(|picture| !picture.name.starts_with("break-even")), "no figure is left to be drawn");
    let texts = |recording: &Recording| texts(&everything(recording, Theme::Dark)[5].svg).into_iter().map(|(text, _)| text).collect::<Vec<_>>().join("\n");
    let all = texts(&crossing(3));
    for part in ["workload.topics from 50 to 200", "50 subscribers · 1 KiB payload", "(75 %: ", "3 repeats", "the number of topics →"] {
        assert!(all.contains(part), "{part:?} is not in {all}");
    }
}

/// Pictures to look at: `CHARTS_FOLDER=/somewhere cargo test --release --lib charts::tests::pictures`.
#[test]
fn pictures_are_drawn_in_both_themes() {
    let folder = std::env::var_os("CHARTS_FOLDER");
    for (kind, recording) in if folder.is_some() { kinds() } else { vec![("small", small())] } {
        for theme in Theme::ALL {
            let pictures = everything(&recording, theme);
            assert!(pictures.iter().map(|picture| picture.name).eq(NAMES.into_iter().filter(|name| drawn_of(kind, name))), "{kind}");
            for picture in pictures {
                let png = png(&picture.svg, if folder.is_some() { 1_600 } else { 320 }).unwrap();
                assert_eq!(&png[1..4], b"PNG");
                if let Some(folder) = &folder {
                    let file = Path::new(folder).join(format!("{kind}-{}-{}", picture.name, theme.name()));
                    std::fs::write(file.with_extension("svg"), picture.file()).unwrap();
                    std::fs::write(file.with_extension("png"), png).unwrap();
                }
            }
        }
    }
}
