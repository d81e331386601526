//! Decks of made-up recordings of all kinds: what they say, where it stands, and whether the files hold together.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Cursor, Read as _};

use quick_xml::events::Event;

use super::deck::{Body, Deck, Tile};
use super::layout::{Element, LEADING, Medium, Text};
use super::*;
use crate::measure::distribution::Distribution;
use crate::measure::recording::{Check, Direction, Recording};
use crate::report::charts;
use crate::summary::fixture::{MadeUp, made_up};

const EVIL: &str = "</a:t><script>alert(1)</script> --> | # \"x\" & 日本 \u{0}\u{1b}\n---\n";

/// Push, copied from polling: nothing to choose between them.
fn alike() -> Recording {
    let mut recording = small().build();
    let polls: Vec<_> = recording.trials.iter().filter(|trial| trial.contender == "poll-5s").cloned().collect();
    recording.trials.retain(|trial| trial.contender == "poll-5s");
    for mut trial in polls {
        trial.contender = "xmpp-pubsub".to_owned();
        recording.trials.push(trial);
    }
    recording
}

fn small() -> MadeUp {
    made_up().scale(0.05)
}

fn untrusted() -> Recording {
    let mut recording = small().build();
    for trial in &mut recording.trials {
        trial.checks = vec![Check::equal("requests, whole trial", ("client", 5), ("server", 6))];
    }
    recording
}

fn marked_up() -> Recording {
    let mut recording = small().build();
    recording.scenario.title = EVIL.to_owned();
    recording.scenario.source = Some(EVIL.to_owned());
    recording.scenario.name = EVIL.to_owned();
    recording.machine.cpu_model = EVIL.to_owned();
    recording.id = EVIL.to_owned();
    recording.started = EVIL.to_owned();
    recording.contenders[0].name = EVIL.to_owned();
    for trial in recording.trials.iter_mut().filter(|trial| trial.contender == "poll-5s") {
        trial.contender = EVIL.to_owned();
    }
    recording
}

fn kinds() -> Vec<(&'static str, Recording)> {
    let with = |change: &dyn Fn(&mut crate::measure::recording::Trial)| {
        let mut recording = small().build();
        recording.trials.iter_mut().for_each(change);
        recording
    };
    let mut extreme = small().build();
    for (index, trial) in extreme.trials.iter_mut().enumerate() {
        trial.subscriber_traffic.window.requests = [0, u64::MAX / 64][index % 2];
        trial.times.latency.record(i64::MAX / 2);
        trial.times.scenario_latency.record(i64::MAX / 2);
    }
    let nothing = with(&|trial| {
        trial.deliveries = Default::default();
        trial.times = Default::default();
    });
    vec![
        ("wins", small().build()),
        ("loses", small().push_loses().build()),
        ("alike", alike()),
        ("untrusted", untrusted()),
        ("noise", small().noise(0.9).build()),
        ("single", small().repeats(1).build()),
        ("push", small().only(Direction::Push).build()),
        ("pull", small().only(Direction::Pull).build()),
        ("compressed", small().compression(144.0).build()),
        ("swept", small().sweep(&[0.5, 1.0, 2.0]).build()),
        ("many", made_up().scale(0.02).many_contenders().build()),
        ("markup", marked_up()),
        ("extreme", extreme),
        ("nothing delivered", nothing),
        ("no samples", with(&|trial| trial.times.latency = Distribution::default())),
        ("no processes", with(&|trial| trial.sides.iter_mut().for_each(|side| (side.cpu, side.memory_peak) = (None, None)))),
        ("no timeline", with(&|trial| trial.timeline.clear())),
        ("no trial", with(&|trial| trial.complete = false)),
    ]
}

fn deck(recording: &Recording) -> Deck {
    story::deck(&Summary::new(recording), &Theme::default())
}

#[test]
fn ten_slides_are_told_of_any_recording() {
    for (kind, recording) in kinds() {
        let deck = deck(&recording);
        let names: Vec<&str> = deck.slides.iter().map(|slide| slide.name).collect();
        assert_eq!(
            names,
            ["title", "talk", "question", "method", "latency", "waste", "per-update", "resources", "freshness-cost", "monday"],
            "{kind}"
        );
        for slide in &deck.slides {
            assert!(!slide.title.trim().is_empty() && !slide.notes.is_empty(), "{kind}, {}", slide.name);
            assert!(!slide.title.contains("NaN") && !slide.notes.iter().any(|note| note.contains("NaN")), "{kind}, {}", slide.name);
            let told = slide.notes.iter().any(|note| note.starts_with("Conditions: ") || note.starts_with("Machine: "));
            assert!(told, "{kind}, {}: notes without the conditions of the figures", slide.name);
        }
        let files = files(&Summary::new(&recording), &Theme::default()).unwrap_or_else(|error| panic!("{kind}: {error}"));
        let parts = unpacked(&files[0].bytes);
        hold_together(kind, &parts);
        assert!(files[1].bytes.starts_with(b"%PDF-1.7") && files[1].bytes.ends_with(b"%%EOF"), "{kind}");
        assert_eq!(String::from_utf8(files[2].bytes.clone()).unwrap().matches("\n---\n").count(), 10, "{kind}: a head and nine ends of slides");
    }
}

#[test]
fn pictures_are_those_of_the_charts() {
    for recording in [small().build(), small().sweep(&[0.5, 1.0, 2.0]).build()] {
        let summary = Summary::new(&recording);
        let all = charts::all(&summary, charts::Theme::Light);
        let deck = story::deck(&summary, &Theme::default());
        let pictures: Vec<&Picture> = deck
            .slides
            .iter()
            .filter_map(|slide| match &slide.body {
                Body::Figure(figure) => figure.picture.as_ref(),
                _ => None,
            })
            .collect();
        assert!(pictures.len() >= 4);
        for picture in pictures {
            assert!(all.contains(picture), "{}", picture.name);
        }
    }
}

/// Titles, tiles and lists where push wins, where it loses, where there is no clear difference, and where figures are not to be trusted.
#[test]
fn sentences_turn_with_the_numbers() {
    let mut told = String::new();
    for (kind, recording) in [("wins", small().build()), ("loses", small().push_loses().build()), ("alike", alike()), ("untrusted", untrusted())] {
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
    let column = |column: &deck::Column| {
        let items = column.items.iter().map(|item| format!("{}{}", if item.warning { "! " } else { "- " }, item.text.replace('\u{a0}', " ")));
        std::iter::once(column.heading.clone()).chain(items).collect::<Vec<String>>()
    };
    match body {
        Body::Opening(lines) => lines.clone(),
        Body::Tiles(tiles) => tiles.iter().map(|tile| format!("{} {}, {} ({})", tile.figure, tile.label, tile.detail, tile.who)).collect(),
        Body::Question(both) => both.iter().flat_map(|exchange| exchange.captions.clone()).collect(),
        Body::Columns(both) => both.iter().flat_map(column).collect(),
        Body::Figure(figure) => figure.words.iter().cloned().chain(figure.aside.iter().flat_map(column)).collect(),
    }
}

/// (kind of recording, what the three tiles begin with, the last one being what push costs).
#[test]
fn tiles_say_which_way_and_by_how_much() {
    let tiles = |recording: &Recording| match &deck(recording).slides[1].body {
        Body::Tiles(tiles) => tiles.clone(),
        _ => Vec::new(),
    };
    let labels = |tiles: &[Tile]| tiles.iter().map(|tile| tile.label.clone()).collect::<Vec<String>>();
    let wins = tiles(&small().build());
    assert_eq!(labels(&wins), ["fresher at p99", "fewer messages", "more server memory"]);
    assert!(wins.iter().all(|tile| tile.figure.ends_with('×') && tile.detail.contains(" instead of ")), "{wins:?}");
    let loses = tiles(&small().push_loses().build());
    assert_eq!((loses[0].label.as_str(), loses[2].label.as_str()), ("staler at p99", "more server memory"));
    assert!(tiles(&alike()).iter().all(|tile| tile.figure == "≈" && tile.label.starts_with("no clear difference in ")));
    assert!(tiles(&untrusted()).iter().all(|tile| tile.figure == "?" && tile.label.starts_with("not to be trusted: ")));
    let alone = tiles(&small().only(Direction::Pull).build());
    assert!(alone.iter().all(|tile| tile.detail == "nobody here pushes" && tile.who.starts_with("poll-")), "{alone:?}");
}

/// No words leave the page or their place, and none lie over others.
#[test]
fn words_keep_to_their_place() {
    for (kind, recording) in kinds() {
        let deck = deck(&recording);
        for medium in [Medium::Native, Medium::Pictures] {
            for slide in &deck.slides {
                let page = layout::page(slide, medium);
                let texts: Vec<&Text> = page.iter().filter_map(|element| if let Element::Text(text) = element { Some(text) } else { None }).collect();
                let taken = |text: &Text| {
                    let lines = text.lines().iter().map(Vec::len).sum::<usize>() as f64;
                    let points = text.paragraphs.iter().filter(|paragraph| paragraph.point).count() as f64;
                    (lines * LEADING + points * layout::BETWEEN) * text.size
                };
                for (place, text) in texts.iter().enumerate() {
                    let (area, height) = (text.area, taken(text));
                    let what = format!("{kind}, {}, {medium:?}: {} {:?}", slide.name, text.name, text.paragraphs.first().map(|paragraph| &paragraph.text));
                    assert!(height <= area.height + 0.5, "{what} takes {height} of {}", area.height);
                    assert!(area.left >= 0.0 && area.top >= 0.0 && area.left + area.width <= 1_600.0 && area.top + height <= 900.0, "{what} leaves the page");
                    for other in &texts[place + 1..] {
                        let (there, below) = (other.area, taken(other));
                        let apart = area.left + area.width <= there.left + 0.5
                            || there.left + there.width <= area.left + 0.5
                            || area.top + height <= there.top + 0.5
                            || there.top + below <= area.top + 0.5;
                        assert!(apart, "{what} and {} touch", other.name);
                    }
                }
                for element in &page {
                    if let Element::Chart { area, told, .. } = element {
                        assert!(area.width > 300.0 && area.height > 250.0 && !told.trim().is_empty(), "{kind}, {}: {area:?}", slide.name);
                    }
                }
            }
        }
    }
}

#[test]
fn the_same_recording_gives_the_same_bytes() {
    let recording = small().build();
    let theme = Theme::read("footer = \"A\"\nlogo = \"a.svg\"", "", |_| {
        Ok(b"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"40\" height=\"20\"><rect width=\"40\" height=\"20\"/></svg>".to_vec())
    })
    .unwrap();
    let once = files(&Summary::new(&recording), &theme).unwrap();
    assert_eq!(once, files(&Summary::new(&recording), &theme).unwrap());
    assert_eq!(once.iter().map(|file| file.name.as_str()).collect::<Vec<_>>(), ["slides.pptx", "slides.pdf", "slides.md", "slides-logo.png"]);
    hold_together("with a logo", &unpacked(&once[0].bytes));
}

#[test]
fn a_theme_reaches_every_file() {
    let recording = small().build();
    let theme = Theme::read("font = \"Source Sans 3\"\nfooter = \"A & B\"\nlink = \"https://example.org/x\"\n[colours]\npush = [\"#123456\"]", "", |_| Ok(Vec::new())).unwrap();
    let files = files(&Summary::new(&recording), &theme).unwrap();
    let parts = unpacked(&files[0].bytes);
    let whole: String = parts.values().map(|bytes| String::from_utf8_lossy(bytes)).collect();
    for part in ["typeface=\"Source Sans 3\"", "A &amp; B", "https://example.org/x", "srgbClr val=\"123456\""] {
        assert!(whole.contains(part), "{part}");
    }
    let old = &charts::theme::hex(theme.palette().push[0])[1..];
    assert!(!whole.contains(old), "the old colour is nowhere left");
    let markdown = String::from_utf8(files[2].bytes.clone()).unwrap();
    assert!(markdown.contains("\"Source Sans 3\"") && markdown.contains("A &amp; B") && markdown.contains("#123456"), "{markdown}");
}

#[test]
fn markup_is_text_everywhere() {
    let recording = marked_up();
    let files = files(&Summary::new(&recording), &Theme::default()).unwrap();
    let parts = unpacked(&files[0].bytes);
    let texts: String = parts.iter().filter(|(name, _)| name.ends_with(".xml")).map(|(_, bytes)| texts(&String::from_utf8_lossy(bytes))).collect();
    assert!(texts.contains("</a:t><script>alert(1)</script> --> | # \"x\" & 日本"), "nothing is lost, and nothing is markup");
    let markdown = String::from_utf8(files[2].bytes.clone()).unwrap();
    assert!(!markdown.contains("<script"));
    assert_eq!(markdown.matches("<!--").count(), markdown.matches("-->").count());
}

/// Path of each part → its bytes.
fn unpacked(bytes: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut parts = BTreeMap::new();
    for index in 0..archive.len() {
        let mut file = archive.by_index(index).unwrap();
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).unwrap();
        let name = file.name().unwrap().into_owned();
        assert!(parts.insert(name.clone(), bytes).is_none(), "{name} is there twice");
    }
    parts
}

/// (tag, attributes) of everything in a part, with what is nested in it as a depth.
fn tags(xml: &str) -> Vec<(usize, String, BTreeMap<String, String>)> {
    let mut reader = quick_xml::Reader::from_str(xml);
    reader.config_mut().check_end_names = true;
    let (mut depth, mut tags) = (0, Vec::new());
    let attributes = |tag: &quick_xml::events::BytesStart<'_>| {
        tag.attributes().map(|attribute| attribute.unwrap()).map(|attribute| (attribute.key.0.to_owned(), attribute.normalized_value(quick_xml::XmlVersion::Implicit1_0).unwrap().into_owned())).collect()
    };
    loop {
        match reader.read_event().unwrap() {
            Event::Eof => return tags,
            Event::Start(tag) => {
                tags.push((depth, tag.name().0.to_owned(), attributes(&tag)));
                depth += 1;
            }
            Event::Empty(tag) => tags.push((depth, tag.name().0.to_owned(), attributes(&tag))),
            Event::End(_) => depth -= 1,
            _ => {}
        }
    }
}

fn texts(xml: &str) -> String {
    let mut reader = quick_xml::Reader::from_str(xml);
    let mut texts = String::new();
    loop {
        match reader.read_event().unwrap() {
            Event::Eof => return texts,
            Event::Text(text) => texts.push_str(&text),
            Event::GeneralRef(entity) => texts.push_str(match &*entity {
                "lt" => "<",
                "gt" => ">",
                "amp" => "&",
                "quot" => "\"",
                "apos" => "'",
                other => panic!("{other}"),
            }),
            _ => {}
        }
    }
}

/// Every relation leads to a part, every part has a type and is led to, numbers are unique, and no text is without a paragraph.
fn hold_together(kind: &str, parts: &BTreeMap<String, Vec<u8>>) {
    let text = |name: &str| String::from_utf8(parts.get(name).unwrap_or_else(|| panic!("{kind}: {name} is missing")).clone()).unwrap();
    let types = tags(&text("[Content_Types].xml"));
    let of = |tag: &str, key: &str| types.iter().filter(|(_, name, _)| name == tag).map(|(.., attributes)| attributes[key].clone()).collect::<BTreeSet<String>>();
    let overridden = of("Override", "PartName");
    assert_eq!(of("Default", "Extension"), BTreeSet::from(["rels".to_owned(), "xml".to_owned()]));
    let mut led_to = BTreeSet::new();
    for name in parts.keys() {
        if let Some((folder, file)) = name.rsplit_once("/_rels/").or_else(|| name.strip_prefix("_rels/").map(|file| ("", file))) {
            let from = [folder, file.trim_end_matches(".rels")].join("/");
            assert!(file == ".rels" || parts.contains_key(from.as_str()), "{kind}: relations of {from}, which is not there");
            let mut ids = BTreeSet::new();
            for (_, _, attributes) in tags(&text(name)).into_iter().filter(|(_, tag, _)| tag == "Relationship") {
                let mut path: Vec<&str> = folder.split('/').filter(|step| !step.is_empty()).collect();
                for step in attributes["Target"].split('/') {
                    if step == ".." { _ = path.pop() } else { path.push(step) }
                }
                let target = path.join("/");
                assert!(parts.contains_key(&target), "{kind}: {name} leads to {target}, which is not there");
                assert!(ids.insert(attributes["Id"].clone()), "{kind}: {name} has {} twice", attributes["Id"]);
                led_to.insert(target);
            }
            if file != ".rels" {
                let used: BTreeSet<String> = tags(&text(&from)).into_iter().flat_map(|(.., all)| all).filter(|(key, _)| key.starts_with("r:")).map(|(_, id)| id).collect();
                assert!(used.is_subset(&ids), "{kind}: {from} uses {used:?} of {ids:?}");
            }
        } else if name != "[Content_Types].xml" {
            assert!(overridden.contains(&format!("/{name}")), "{kind}: {name} has no type");
        }
    }
    assert!(overridden.iter().all(|name| led_to.contains(&name[1..])), "{kind}: a part that nothing leads to");
    for name in parts.keys().filter(|name| name.ends_with(".xml")) {
        let all = tags(&text(name));
        let numbers: Vec<&String> = all.iter().filter(|(_, tag, _)| tag == "p:cNvPr").map(|(.., attributes)| &attributes["id"]).collect();
        assert_eq!(numbers.iter().collect::<BTreeSet<_>>().len(), numbers.len(), "{kind}: {name} has a number twice");
        for (place, (depth, tag, _)) in all.iter().enumerate() {
            if ["p:txBody", "c:rich", "c:txPr"].contains(&tag.as_str()) {
                let inside = all[place + 1..].iter().take_while(|(inner, ..)| inner > depth);
                assert!(inside.clone().any(|(_, tag, _)| tag == "a:p"), "{kind}: {name} has a {tag} without a paragraph");
            }
        }
        assert!(!text(name).contains("NaN") && !text(name).contains(">inf<"), "{kind}: {name} has a number that is none");
    }
    let slides = parts.keys().filter(|name| name.starts_with("ppt/slides/slide")).count();
    let notes = parts.keys().filter(|name| name.starts_with("ppt/notesSlides/notesSlide")).count();
    assert_eq!((slides, notes), (10, 10), "{kind}");
}

/// The check of packages must be able to fail.
#[test]
#[should_panic(expected = "leads to ppt/slides/slide3.xml, which is not there")]
fn a_relation_that_leads_nowhere_is_found() {
    let mut parts = unpacked(&files(&Summary::new(&small().build()), &Theme::default()).unwrap()[0].bytes);
    parts.remove("ppt/slides/slide3.xml");
    hold_together("broken", &parts);
}

/// Files to look at: `SLIDES_FOLDER=/somewhere cargo test --lib slides::tests::decks_to_look_at`.
#[test]
fn decks_to_look_at() {
    let Some(folder) = std::env::var_os("SLIDES_FOLDER") else { return };
    for (kind, recording) in kinds() {
        for ground in charts::Theme::ALL {
            let folder = std::path::Path::new(&folder).join(format!("{kind}-{}", ground.name()).replace(' ', "-"));
            std::fs::create_dir_all(&folder).unwrap();
            for file in files(&Summary::new(&recording), &Theme::plain(ground)).unwrap() {
                std::fs::write(folder.join(file.name), file.bytes).unwrap();
            }
        }
    }
}
