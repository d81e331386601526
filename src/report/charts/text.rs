//! Text as wide as it will be drawn: the committed font, measuring, cutting, breaking, cleaning.
//!
//! Every label passes through [`clean`], since a character that the font lacks would vanish without a word, and one that XML
//! forbids would spoil the file.

use ttf_parser::Face;

/// Weight of the font.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// 400.
    Regular,
    /// 600.
    SemiBold,
}

/// Inter, regular, TrueType: `assets/fonts/README.md`.
pub static REGULAR: &[u8] = include_bytes!("../../../assets/fonts/Inter-Regular.ttf");
/// Inter, semibold, TrueType.
pub static SEMI_BOLD: &[u8] = include_bytes!("../../../assets/fonts/Inter-SemiBold.ttf");
/// Inter, regular, WOFF2, for SVG files and pages.
pub static REGULAR_WOFF2: &[u8] = include_bytes!("../../../assets/fonts/Inter-Regular.woff2");
/// Inter, semibold, WOFF2.
pub static SEMI_BOLD_WOFF2: &[u8] = include_bytes!("../../../assets/fonts/Inter-SemiBold.woff2");

/// Stands for a character that the font lacks.
const UNKNOWN: char = '□';

impl Weight {
    fn face(self) -> Option<Face<'static>> {
        let data = match self {
            Self::Regular => REGULAR,
            Self::SemiBold => SEMI_BOLD,
        };
        // The tests below parse both, so that this cannot fail later.
        Face::parse(data, 0).ok()
    }
}

/// Width of a text in the unit of its size. Kerning, which mostly takes away, is left out.
pub fn width(text: &str, size: f64, weight: Weight) -> f64 {
    let Some(face) = weight.face() else { return text.chars().count() as f64 * size * 0.6 };
    let advance = |character: char| face.glyph_index(character).and_then(|glyph| face.glyph_hor_advance(glyph)).map_or(1_400.0, f64::from);
    text.chars().map(advance).sum::<f64>() * size / f64::from(face.units_per_em())
}

/// One line of characters that the font has and XML allows; what is neither becomes a box, what is blank a space.
pub fn clean(text: &str) -> String {
    let Some(face) = Weight::Regular.face() else { return text.to_owned() };
    let kept = |character: char| match character {
        character if character.is_control() || character == '\u{2028}' || character == '\u{2029}' => ' ',
        character if face.glyph_index(character).is_some() => character,
        _ => UNKNOWN,
    };
    text.chars().map(kept).collect()
}

/// The text, or as much of it as fits, with `…` at its end.
pub fn fit(text: &str, size: f64, weight: Weight, room: f64) -> String {
    if width(text, size, weight) <= room {
        return text.to_owned();
    }
    let mut left = room - width("…", size, weight);
    let fitting = text.chars().take_while(|character| {
        left -= width(character.encode_utf8(&mut [0; 4]), size, weight);
        left >= 0.0
    });
    let head: String = fitting.collect();
    format!("{}…", head.trim_end())
}

/// Items with ` · ` between them, or as many as fit, and `…` for the others.
pub fn fit_items(text: &str, size: f64, weight: Weight, room: f64) -> String {
    let items: Vec<&str> = text.split(" · ").collect();
    let of = |count: usize| if count == items.len() { text.to_owned() } else { format!("{} · …", items[..count].join(" · ")) };
    let fitting = (1..=items.len()).rev().map(of).find(|text| width(text, size, weight) <= room);
    fitting.unwrap_or_else(|| fit(text, size, weight, room))
}

/// A name, or as much of its beginning and end as fits, with `…` between: names that begin alike mostly differ at the end.
pub fn fit_name(name: &str, size: f64, weight: Weight, room: f64) -> String {
    if width(name, size, weight) <= room {
        return name.to_owned();
    }
    let head = fit(name, size, weight, room * 0.62);
    let mut left = room - width(&head, size, weight);
    let fitting = name.chars().rev().take_while(|character| {
        left -= width(character.encode_utf8(&mut [0; 4]), size, weight);
        left >= 0.0
    });
    let tail: Vec<char> = fitting.collect();
    head + &tail.into_iter().rev().collect::<String>()
}

/// Breaks a text into at most so many lines; `None` where it does not fit. A semicolon or colon in a title of two lines is where it breaks, if it can.
pub fn wrap(text: &str, size: f64, weight: Weight, room: f64, lines: usize) -> Option<Vec<String>> {
    let fits = |line: &str| width(line, size, weight) <= room;
    if fits(text) {
        return Some(vec![text.to_owned()]);
    }
    if lines >= 2 {
        for mark in ["; ", ": "] {
            if let Some((head, tail)) = text.split_once(mark)
                && fits(&format!("{head};"))
                && fits(tail)
                // A first line of a word or two looks like an accident.
                && width(head, size, weight) > room * 0.3
            {
                return Some(vec![format!("{head}{}", mark.trim_end()), tail.to_owned()]);
            }
        }
    }
    let mut broken = vec![String::new()];
    for word in text.split(' ') {
        let line = broken.last_mut()?;
        let longer = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
        if fits(&longer) {
            *line = longer;
        } else if line.is_empty() || !fits(word) || broken.len() == lines {
            return None;
        } else {
            broken.push(word.to_owned());
        }
    }
    // Bold texts are titles, headings and warnings: what flows is not broken anew.
    let is_bold = weight == Weight::SemiBold;
    Some(balanced(&broken, fits).filter(|_| is_bold).unwrap_or(broken))
}

/// Two lines broken anew where they are about as long as each other, rather behind a comma than elsewhere; `None` for any other number of lines.
fn balanced(broken: &[String], fits: impl Fn(&str) -> bool) -> Option<Vec<String>> {
    /// How much longer one line may be than the other, in shares of both, before a break elsewhere than behind a comma is taken.
    const COMMA: f64 = 0.2;
    let [first, second] = broken else { return None };
    let text = format!("{first} {second}");
    let letters = text.chars().count() as f64;
    let cost = |place: usize| {
        let (head, tail) = (text[..place].chars().count() as f64, text[place + 1..].chars().count() as f64);
        (head - tail).abs() / letters + if text[..place].ends_with([',', ';', ':']) { 0.0 } else { COMMA }
    };
    let places = text.match_indices(' ').map(|(place, _)| place).filter(|place| fits(&text[..*place]) && fits(&text[place + 1..]));
    let best = places.min_by(|one, other| cost(*one).total_cmp(&cost(*other)))?;
    Some(vec![text[..best].to_owned(), text[best + 1..].to_owned()])
}

/// Like [`wrap`], but what does not fit is cut.
pub fn wrap_or_cut(text: &str, size: f64, weight: Weight, room: f64, lines: usize) -> Vec<String> {
    if let Some(broken) = wrap(text, size, weight, room, lines) {
        return broken;
    }
    let mut rest: Vec<&str> = text.split(' ').collect();
    let mut broken = Vec::new();
    while broken.len() + 1 < lines && !rest.is_empty() {
        let fitting = (1..=rest.len()).take_while(|count| width(&rest[..*count].join(" "), size, weight) <= room).count();
        if fitting == 0 {
            break;
        }
        broken.push(rest.drain(..fitting).collect::<Vec<_>>().join(" "));
    }
    if !rest.is_empty() {
        broken.push(fit(&rest.join(" "), size, weight, room));
    }
    broken
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_fonts_are_read_and_hold_the_same_characters() {
        let faces = [Weight::Regular, Weight::SemiBold].map(|weight| weight.face().unwrap());
        for character in (' '..='~').chain("→←↑↓↗↘↙µ×·…≤≥∞–—’‘“”÷%±≈−≠□°\u{a0}\u{202f}λéßŁ".chars()) {
            for face in &faces {
                assert!(face.glyph_index(character).is_some(), "{character:?} is missing");
            }
        }
    }

    #[test]
    fn what_the_font_lacks_is_seen_to_be_missing() {
        assert_eq!(clean("a\u{0}b\nc 日 <&>"), "a b c □ <&>");
    }

    #[test]
    fn long_texts_are_cut_and_broken_within_their_room() {
        for text in ["a", "a long name that does not fit", "WWWWWWWWWWWWWWWWWWWWWW", ""] {
            for room in [20.0, 60.0, 100.0] {
                let short = fit(text, 20.0, Weight::SemiBold, room);
                assert!(width(&short, 20.0, Weight::SemiBold) <= room, "{short:?} in {room}");
                let name = fit_name(text, 20.0, Weight::SemiBold, room);
                assert!(width(&name, 20.0, Weight::SemiBold) <= room, "{name:?} in {room}");
                for line in wrap_or_cut(text, 20.0, Weight::Regular, room, 2) {
                    assert!(width(&line, 20.0, Weight::Regular) <= room, "{line:?} in {room}");
                }
            }
        }
        assert_eq!(fit_items("one · two · three", 20.0, Weight::Regular, 130.0), "one · two · …");
        assert_eq!(fit_items("one · two", 20.0, Weight::Regular, 130.0), "one · two");
        assert!(fit_name("rest-poll-through-a-proxy-1", 20.0, Weight::Regular, 150.0).ends_with("-1"));
        assert_eq!(fit("short", 20.0, Weight::Regular, 500.0), "short");
        let title = "rest-poll sends 25 messages for one update; xmpp-pubsub sends 1.1";
        assert_eq!(wrap(title, 42.0, Weight::SemiBold, 1_000.0, 2).unwrap()[1], "xmpp-pubsub sends 1.1");
        assert_eq!(wrap("far too long for it", 42.0, Weight::SemiBold, 100.0, 2), None);
        let broken = |text: &str, weight| wrap(text, 42.0, weight, 1_000.0, 2).unwrap();
        let listed = "push is cheapest up to 5 topics, polling beyond, up to 20 of them";
        assert_eq!(broken(listed, Weight::SemiBold)[0], "push is cheapest up to 5 topics,", "rather behind a comma");
        assert!(broken(listed, Weight::Regular)[0].len() > 40, "what flows fills its line");
        assert_eq!(broken("whether they break even in CPU cannot be told here", Weight::SemiBold)[0], "whether they break even", "about as long as each other");
    }
}
