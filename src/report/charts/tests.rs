//! All charts over made-up recordings: boxes, well-formedness, doubts, and what is missing or extreme. Their words are in `titles`.

use std::path::Path;

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use resvg::usvg::{Group, Node};

use super::*;
use crate::measure::recording::{Direction, Recording, Role, Trial};
use crate::summary::fixture::made_up;
use crate::summary::{Cell, Grade, Summary};
use recordings::{crowd, drawn_of, growing, kinds, marked_up, small, stretched, untrusted};

mod break_evens;
mod claims;
mod recordings;
mod titles;

/// Charts of a recording in which nothing is swept.
const WITHOUT_A_SWEEP: usize = NAMES.len() - NEED_A_SWEEP.len();

fn everything(recording: &Recording, theme: Theme) -> Vec<Picture> {
    all(&Summary::new(recording), theme)
}

fn named<'p>(pictures: &'p [Picture], name: &str) -> &'p Picture {
    pictures.iter().find(|picture| picture.name == name).unwrap()
}

/// All texts of a picture with their outlines: (text, left, top, right, bottom), in pixels.
pub(super) fn texts(svg: &str) -> Vec<(String, [f64; 4])> {
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

/// No text touches another or leaves the picture, and the font has all of it.
pub(super) fn assert_tidy(kind: &str, picture: &Picture) {
    let (name, texts) = (picture.name, texts(&picture.svg));
    assert!(texts.len() > 5, "{kind}, {name}");
    for (place, (text, [left, top, right, bottom])) in texts.iter().enumerate() {
        assert_eq!(text::clean(text), *text, "{kind}, {name}: a character is not in the font");
        assert!(*left >= 20.0 && *top >= 10.0 && *right <= 1_585.0 && *bottom <= 890.0, "{kind}, {name}: {text:?} is at {left} {top} {right} {bottom}");
        for (other, [other_left, other_top, other_right, other_bottom]) in &texts[place + 1..] {
            let apart = right <= other_left || other_right <= left || bottom <= other_top || other_bottom <= top;
            assert!(apart, "{kind}, {name}: {text:?} and {other:?} touch");
        }
    }
}

#[test]
fn every_kind_of_recording_gives_tidy_pictures() {
    for (kind, recording) in kinds() {
        let pictures = everything(&recording, Theme::Light);
        // What is not drawn cannot touch anything.
        let names: Vec<&str> = pictures.iter().map(|picture| picture.name).collect();
        assert_eq!(names, NAMES.into_iter().filter(|name| drawn_of(kind, name)).collect::<Vec<_>>(), "{kind}");
        for picture in pictures {
            assert_tidy(kind, &picture);
        }
    }
}

/// So many powers of ten up or down, for each contender.
fn changed(base: &Recording, names: &[String], powers: &[f64]) -> Recording {
    let mut recording = crowd(base, names.len());
    for (contender, (name, power)) in recording.contenders.iter_mut().zip(names.iter().zip(powers)) {
        let factor = 10_f64.powf(*power);
        for trial in recording.trials.iter_mut().filter(|trial| trial.contender == contender.name) {
            change(trial, factor);
            trial.contender.clone_from(name);
        }
        contender.name.clone_from(name);
    }
    recording
}

fn change(trial: &mut Trial, factor: f64) {
    let times = |count: u64| (count as f64 * factor) as u64;
    for traffic in [&mut trial.subscriber_traffic.window, &mut trial.subscriber_traffic_by_server.as_mut().unwrap().window] {
        traffic.requests = times(traffic.requests);
        traffic.stanzas_down = times(traffic.stanzas_down);
        traffic.bytes_down = times(traffic.bytes_down);
        traffic.wire_down = times(traffic.wire_down);
    }
    trial.exchanges = times(trial.exchanges).max(1);
    trial.wasted = (trial.wasted as f64 / factor.max(1.0)) as u64;
    trial.wasted = trial.wasted.min(trial.exchanges);
    for distribution in [&mut trial.times.latency, &mut trial.times.scenario_latency] {
        *distribution = stretched(distribution, factor);
    }
    for side in &mut trial.sides {
        if let Some(cpu) = &mut side.cpu {
            cpu.window.user *= factor;
        }
    }
    for second in &mut trial.timeline {
        second.messages = times(second.messages);
        second.bytes = times(second.bytes);
        second.connections = second.connections.map(times);
        second.cpu.server *= factor;
        second.memory.server = times(second.memory.server);
        second.memory.subscriber = times(second.memory.subscriber);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10, rng_seed: RngSeed::Fixed(6), ..ProptestConfig::default() })]

    /// From two to twelve contenders of any name, figures over eight powers of ten, with and without a sweep, some not to be trusted.
    #[test]
    fn labels_touch_nothing_and_stay_inside(
        contenders in prop::collection::vec(("[a-zA-Z0-9 ._-]{1,70}", -4.0..4.0_f64), 2..=12),
        sweeps in any::<bool>(),
        doubtful in 0_usize..12,
    ) {
        let base = if sweeps { growing(&[50.0, 100.0, 400.0], |name| name == "xmpp-pubsub") } else { small() };
        // A contender's name is its own.
        let names: Vec<String> = contenders.iter().enumerate().map(|(place, (name, _))| format!("{name}{place}")).collect();
        let powers: Vec<f64> = contenders.iter().map(|(_, power)| *power).collect();
        let mut recording = changed(&base, &names, &powers);
        for trial in recording.trials.iter_mut().filter(|trial| names.get(doubtful) == Some(&trial.contender)) {
            trial.deliveries.corrupt = 1;
        }
        let case = format!("{names:?} {powers:?} {sweeps} {doubtful}");
        let pictures = everything(&recording, Theme::Dark);
        let drawn: Vec<&str> = pictures.iter().map(|picture| picture.name).collect();
        let kind = if sweeps { "growing" } else { "crowd" };
        let summary = Summary::new(&recording);
        // Two contenders that are to be compared need figures at two load points each.
        let comparable = |name: &str| match name {
            "break-even-bytes" => compared(&summary, "bytes.wire.per_update"),
            "break-even-cpu" => compared(&summary, "cpu.total.per_1000_updates"),
            _ => true,
        };
        prop_assert_eq!(drawn, NAMES.into_iter().filter(|name| drawn_of(kind, name) && comparable(name)).collect::<Vec<_>>(), "{}", case);
        for picture in pictures {
            assert_tidy(&case, &picture);
        }
    }
}

/// Whether two contenders have a figure that can be trusted at the same two load points.
fn compared(summary: &Summary<'_>, metric: &str) -> bool {
    let trusted =
        |cell: &Cell<'_>| cell.value(metric).is_some_and(|value| value > 0.0) && summary.doubts_on(cell, metric).all(|doubt| doubt.grade != Grade::Untrusted);
    let both = |point: &&str| summary.at(point).filter(|cell| trusted(cell)).count() >= 2;
    summary.load_points().iter().filter(|point| both(point)).count() >= 2
}

#[test]
fn each_of_twelve_contenders_is_named_on_every_picture() {
    for base in [small(), growing(&[50.0, 100.0, 400.0], |_| false)] {
        let recording = crowd(&base, 12);
        for picture in everything(&recording, Theme::Light) {
            let texts = texts(&picture.svg);
            // Only who asks can ask in vain.
            for contender in recording.contenders.iter().filter(|contender| picture.name != "waste" || contender.direction == Direction::Pull) {
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
        assert!(drawn.left_out.iter().all(|left_out| left_out.reason.contains("need") || left_out.reason.contains("there is no ")), "{:?}", drawn.left_out);
        let names: Vec<&str> = drawn.left_out.iter().map(|left_out| left_out.name).collect();
        assert!(NEED_A_SWEEP.iter().all(|name| names.contains(name)), "nothing is swept");
        names.into_iter().filter(|name| !NEED_A_SWEEP.contains(name)).collect::<Vec<_>>()
    };
    let with = |change: &dyn Fn(&mut Trial)| {
        let mut recording = small();
        recording.trials.iter_mut().for_each(change);
        recording
    };
    assert!(left_out(&small()).is_empty());
    assert_eq!(left_out(&with(&|trial| trial.timeline.clear())), ["volume", "latency-over-time", "resources"]);
    assert_eq!(left_out(&with(&|trial| trial.complete = false)), NAMES[..WITHOUT_A_SWEEP]);
    assert_eq!(left_out(&with(&|trial| trial.sides.iter_mut().for_each(|side| side.cpu = None))), ["resources", "freshness-cost"]);
    assert_eq!(left_out(&with(&|trial| trial.sides.retain(|side| side.role != Role::Server))), ["resources", "freshness-cost"]);
    let nothing = with(&|trial| {
        trial.deliveries = Default::default();
        trial.times = Default::default();
    });
    assert_eq!(left_out(&nothing), ["per-update", "latency", "freshness-cost"]);
    assert_eq!(left_out(&made_up().scale(0.05).only(Direction::Push).build()), ["waste", "freshness-cost"]);
}

#[test]
fn a_recording_of_before_connections_were_counted_says_so() {
    let mut recording = small();
    recording.trials.iter_mut().flat_map(|trial| &mut trial.timeline).for_each(|second| second.connections = None);
    let pictures = everything(&recording, Theme::Light);
    assert!(named(&pictures, "resources").svg.contains("not in this recording"));
    assert!(!named(&everything(&small(), Theme::Light), "resources").svg.contains("not in this recording"));
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
    assert!(named(&pictures, "per-update").svg.contains("nothing delivered"));
}

/// The set of charts is of the scenario's own load point, and the foot says which.
#[test]
fn a_set_of_charts_is_of_the_load_point_that_is_shown() {
    let mut recording = made_up().scale(0.05).sweep(&[0.5, 1.0, 2.0, 4.0]).build();
    for (text, topics) in [("[workload]\ntopics = 200", 200), ("[workload]\ntopics = 50", 50), ("", 100)] {
        recording.scenario.text = text.to_owned();
        let summary = Summary::new(&recording);
        assert_eq!(shown(&summary), format!("workload.topics={topics}"));
        let pictures = all(&summary, Theme::Light);
        assert_eq!(pictures, draw(&summary, shown(&summary), Theme::Light).pictures);
        let texts = all_texts(named(&pictures, "per-update"));
        assert!(texts.contains(&format!("at workload.topics={topics} ")) && texts.contains(&format!("× {topics} topics")), "{texts}");
    }
}

fn all_texts(picture: &Picture) -> String {
    texts(&picture.svg).into_iter().map(|(text, _)| text).collect::<Vec<_>>().join("\n")
}

#[test]
fn doubts_and_conditions_stand_on_every_picture() {
    let recording = untrusted(made_up().scale(0.05).compression(144.0).build());
    for picture in everything(&recording, Theme::Dark) {
        let all = all_texts(&picture);
        for part in [
            "SYNTHETIC",
            "fan-out",
            "50 subscribers × 100 topics",
            "1 KiB payload",
            "compression 144",
            "4 cores",
            "2 repeats",
            "run 2026-",
            "Not to be trusted (?): all. ",
        ] {
            assert!(all.contains(part), "{}: {part:?} is not in {all}", picture.name);
        }
    }
}

/// A mark behind the name of whom it concerns, and of nobody else; who it is and why in the foot.
#[test]
fn a_doubt_is_marked_where_it_stands() {
    for base in [small(), growing(&[50.0, 100.0, 200.0], |_| false)] {
        let marks = |recording: &Recording| {
            let pictures = everything(recording, Theme::Light);
            pictures.into_iter().map(|picture| (picture.name, texts(&picture.svg).iter().filter(|(text, _)| text == "?").count(), picture)).collect::<Vec<_>>()
        };
        assert!(marks(&base).iter().all(|(_, count, _)| *count == 0));
        let mut recording = base;
        recording.trials.iter_mut().filter(|trial| trial.contender == "poll-1s").for_each(|trial| trial.deliveries.corrupt = 2);
        let all = marks(&recording);
        assert!(all.len() >= WITHOUT_A_SWEEP);
        for (name, count, picture) in all {
            let panels = match name {
                "resources" => 6,
                "scaling" => 2,
                // What is not to be trusted has no place on its lines.
                name if name.starts_with("break-even") => 0,
                _ => 1,
            };
            assert_eq!(count, panels, "{name}");
            assert!(all_texts(&picture).contains("Not to be trusted (?): poll-1s. "), "{name}");
        }
    }
}

/// `docs/charts.md` tells of each chart how it is made, `docs/gallery.md` shows it.
#[test]
fn the_pages_have_every_chart_and_no_other() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for page in ["docs/charts.md", "docs/gallery.md"] {
        let text = std::fs::read_to_string(root.join(page)).unwrap();
        let headings = text.lines().filter(|line| line.starts_with("## `"));
        let names: Vec<&str> = headings.flat_map(|line| line.split(':').next().unwrap_or(line).split('`').skip(1).step_by(2)).collect();
        assert_eq!(names, NAMES, "{page}");
        // Those of several runs stand below a heading of their own.
        let several = text.lines().filter_map(|line| line.strip_prefix("### `")?.split('`').next());
        assert_eq!(several.collect::<Vec<&str>>(), compare::NAMES, "{page}");
        for image in text.split(['(', '"']).filter_map(|part| part.split([')', '"']).next()).filter(|part| part.ends_with(".png")) {
            assert!(root.join("docs").join(image).exists(), "{page} shows {image}, which is not there");
        }
    }
}

/// Pictures to look at: `CHARTS_FOLDER=/somewhere cargo test --release --lib charts::tests::pictures`.
#[test]
fn pictures_are_drawn_in_both_themes() {
    let folder = std::env::var_os("CHARTS_FOLDER");
    // One, or recordings of your own: CHARTS_RECORDINGS, with colons between.
    let own = std::env::var("CHARTS_RECORDINGS").unwrap_or_default();
    let own = own.split(':').filter(|path| !path.is_empty()).map(|path| {
        let path = Path::new(path);
        let name = path.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy().into_owned();
        (name, Recording::parse(&std::fs::read_to_string(path).unwrap(), "recording").unwrap())
    });
    let mut drawn: Vec<(String, Recording)> = own.collect();
    let made = drawn.is_empty();
    if made {
        let kinds = if folder.is_some() { kinds() } else { vec![("small", small())] };
        drawn.extend(kinds.into_iter().map(|(kind, recording)| (kind.to_owned(), recording)));
    }
    for (kind, recording) in drawn {
        for theme in Theme::ALL {
            let pictures = everything(&recording, theme);
            let names: Vec<&str> = pictures.iter().map(|picture| picture.name).collect();
            assert!(!names.is_empty(), "{kind}");
            if made {
                assert_eq!(names, NAMES.into_iter().filter(|name| drawn_of(&kind, name)).collect::<Vec<_>>(), "{kind}");
            }
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
