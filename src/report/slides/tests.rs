//! Decks of made-up recordings of all kinds: what they say, where it stands, and whether the files hold together.

mod package;
mod recordings;
mod sentences;

use self::package::{hold_together, texts, unpacked};
use self::recordings::{kinds, marked_up, small};
use super::deck::{Body, Deck};
use super::layout::{Area, Element, LEADING, Medium, Text};
use super::*;
use crate::measure::recording::Recording;
use crate::report::charts;

fn deck(recording: &Recording) -> Deck {
    story::deck(&Summary::new(recording), &Theme::default())
}

#[test]
fn ten_slides_are_told_of_any_recording() {
    for (kind, recording) in kinds() {
        let deck = deck(&recording);
        let names: Vec<&str> = deck.slides.iter().map(|slide| slide.name).collect();
        assert_eq!(names, ["title", "talk", "question", "method", "latency", "waste", "per-update", "resources", "freshness-cost", "monday"], "{kind}");
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

/// No words leave the page or their place, and none lie over others, a chart or a picture.
#[test]
fn words_keep_to_their_place() {
    let theme = theme_with_all();
    for (kind, recording) in kinds() {
        let deck = deck(&recording);
        for medium in [Medium::Native, Medium::Pictures] {
            for (index, slide) in deck.slides.iter().enumerate() {
                let mut page = layout::page(slide, medium);
                page.extend(layout::on_every_slide(&theme, index + 1));
                let what = format!("{kind}, {}, {medium:?}", slide.name);
                let mut taken: Vec<(String, Area)> = vec![("the logo".to_owned(), layout::logo_area(theme.logo.as_ref().unwrap()))];
                for element in &page {
                    match element {
                        Element::Text(text) => {
                            let (area, height) = (text.area, height(text));
                            let words = format!("{} {:?}", text.name, text.paragraphs.first().map(|paragraph| &paragraph.text));
                            assert!(height <= area.height + 0.5, "{what}: {words} takes {height} of {}", area.height);
                            assert!(text.size >= SMALLEST, "{what}: {words} is too small to be read: {}", text.size);
                            taken.push((words, Area { height, ..area }));
                        }
                        Element::Chart { area, told, .. } => {
                            assert!(area.width > 600.0 && area.height > 300.0 && !told.trim().is_empty(), "{what}: {area:?}");
                            taken.push(("a chart".to_owned(), *area));
                        }
                        Element::Bare { area, .. } => taken.push(("a chart".to_owned(), *area)),
                        // Its own ground is part of it.
                        Element::Picture { left, top, scale, .. } => {
                            taken.push(("a picture".to_owned(), Area { left: left.max(0.0), top: *top, width: 1_472.0 * scale, height: 880.0 * scale }));
                        }
                        Element::Label { area, word, .. } => taken.push(((*word).to_owned(), *area)),
                        // Lines cross lines, and words stand on them.
                        Element::Line { from, to, .. } => assert!([from.0, to.0].iter().all(|x| (0.0..=1_600.0).contains(x)), "{what}"),
                    }
                }
                for (place, (words, area)) in taken.iter().enumerate() {
                    let inside = area.left >= 0.0 && area.top >= 0.0 && area.left + area.width <= 1_600.0 && area.top + area.height <= 900.0;
                    assert!(inside, "{what}: {words} leaves the page: {area:?}");
                    for (others, other) in &taken[place + 1..] {
                        let apart = area.left + area.width <= other.left + 0.5
                            || other.left + other.width <= area.left + 0.5
                            || area.top + area.height <= other.top + 0.5
                            || other.top + other.height <= area.top + 0.5;
                        assert!(apart, "{what}: {words} and {others} touch: {area:?} {other:?}");
                    }
                }
            }
        }
    }
}

/// Pixels of 1600 × 900 below which nobody reads text: 8 points on a slide of 13⅓ inches, as feet of charts have it.
const SMALLEST: f64 = 14.0;

fn height(text: &Text) -> f64 {
    let lines = text.lines().iter().map(Vec::len).sum::<usize>() as f64;
    let points = text.paragraphs.iter().skip(1).filter(|paragraph| paragraph.point).count() as f64;
    (lines * LEADING + points * layout::BETWEEN) * text.size
}

/// What is cut has a mark of it: nothing ends as if it were whole.
#[test]
fn what_is_cut_says_so() {
    for (kind, recording) in kinds() {
        let deck = deck(&recording);
        for slide in &deck.slides {
            for element in layout::page(slide, Medium::Native) {
                let Element::Text(text) = element else { continue };
                if text.name == "Title" && !text.paragraphs[0].text.ends_with('…') {
                    let (shown, whole) = (crate::report::charts::text::clean(&text.paragraphs[0].text), crate::report::charts::text::clean(&slide.title));
                    assert_eq!(shown, whole, "{kind}, {}", slide.name);
                }
            }
        }
    }
}

fn theme_with_all() -> Theme {
    let logo = b"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"40\" height=\"20\"><rect width=\"40\" height=\"20\"/></svg>".to_vec();
    let footer = "W".repeat(120);
    Theme::read(&format!("footer = \"{footer}\"\nlogo = \"a.svg\""), "", |_| Ok(logo.clone())).unwrap()
}

#[test]
fn the_same_recording_gives_the_same_bytes() {
    let recording = small().build();
    let theme = theme_with_all();
    let once = files(&Summary::new(&recording), &theme).unwrap();
    assert_eq!(once, files(&Summary::new(&recording), &theme).unwrap());
    assert_eq!(once.iter().map(|file| file.name.as_str()).collect::<Vec<_>>(), ["slides.pptx", "slides.pdf", "slides.md", "slides-logo.png"]);
    hold_together("with a logo", &unpacked(&once[0].bytes));
}

#[test]
fn a_theme_reaches_every_file() {
    let recording = small().build();
    let theme =
        Theme::read("font = \"Source Sans 3\"\nfooter = \"A & B\"\nlink = \"https://example.org/x\"\n[colours]\npush = [\"#123456\"]", "", |_| Ok(Vec::new()))
            .unwrap();
    let files = files(&Summary::new(&recording), &theme).unwrap();
    let parts = unpacked(&files[0].bytes);
    // Notes are printed: their master stays as it is.
    let whole: String =
        parts.iter().filter(|(name, _)| *name != "ppt/theme/theme2.xml").map(|(_, bytes)| bytes).map(|bytes| String::from_utf8_lossy(bytes)).collect();
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

/// The check of packages must be able to fail.
#[test]
#[should_panic(expected = "leads to ppt/slides/slide3.xml, which is not there")]
fn a_relation_that_leads_nowhere_is_found() {
    let mut parts = unpacked(&files(&Summary::new(&small().build()), &Theme::default()).unwrap()[0].bytes);
    parts.remove("ppt/slides/slide3.xml");
    hold_together("broken", &parts);
}

/// Files to look at: `SLIDES_FOLDER=/somewhere cargo test --lib slides::tests::decks`. Without a folder two of them are made, and thrown away.
#[test]
fn decks_are_made_on_both_grounds() {
    let wanted = std::env::var_os("SLIDES_FOLDER").map(std::path::PathBuf::from);
    let made = tempfile::tempdir().unwrap();
    let root = wanted.clone().unwrap_or_else(|| made.path().to_owned());
    for (kind, recording) in kinds().into_iter().take(if wanted.is_some() { usize::MAX } else { 2 }) {
        for ground in charts::Theme::ALL {
            let folder = root.join(format!("{kind}-{}", ground.name()).replace(' ', "-"));
            std::fs::create_dir_all(&folder).unwrap();
            for file in files(&Summary::new(&recording), &Theme::plain(ground)).unwrap() {
                assert!(file.bytes.len() > 1_000, "{kind}: {} is empty", file.name);
                std::fs::write(folder.join(file.name), file.bytes).unwrap();
            }
        }
    }
}
