//! A slide drawn as charts are drawn: the words and shapes of its elements; pictures are laid over it later.

use crate::report::charts;
use crate::report::charts::canvas::{self, Align, Canvas, Hand};
use crate::report::charts::text::Weight;
use crate::report::slides::deck::Colour;
use crate::report::slides::layout::{Area, BETWEEN, Element, INDENT, LEADING, Text, weight};
use plotters::style::RGBColor;

/// From the top of a line to its baseline, in sizes of its font.
const BASELINE: f64 = 0.98;

/// The slide as SVG of 1600 × 900.
pub fn svg(elements: &[Element<'_>], ground: charts::Theme, title: &str) -> String {
    canvas::picture(ground, title, |canvas| {
        for element in elements {
            match element {
                Element::Text(text) => words(canvas, text),
                Element::Label { area, word, colour } => label(canvas, *area, word, *colour),
                Element::Line { from, to, colour, width, head } => line(canvas, *from, *to, *colour, *width, *head),
                // Charts are pictures here, and those are not part of this one.
                Element::Chart { .. } | Element::Picture { .. } | Element::Bare { .. } => {}
            }
        }
    })
}

fn words(canvas: &mut Canvas<'_>, text: &Text) {
    let mut top = text.area.top;
    let (left, right) = (text.area.left, text.area.left + text.area.width);
    for (place, (paragraph, lines)) in text.paragraphs.iter().zip(text.lines()).enumerate() {
        let hand = Hand { size: text.size, weight: weight(text.bold), colour: colour(canvas, paragraph.colour), align: text.align };
        let mut x = match text.align {
            Align::Left => left,
            Align::Middle => (left + right) / 2.0,
            Align::Right => right,
        };
        if paragraph.point {
            top += if place > 0 { BETWEEN * text.size } else { 0.0 };
            canvas.text(x, top + BASELINE * text.size, "•", Hand { weight: Weight::SemiBold, ..hand });
            x += INDENT * text.size;
        }
        for line in lines {
            canvas.text(x, top + BASELINE * text.size, &line, hand);
            top += LEADING * text.size;
        }
    }
}

fn label(canvas: &mut Canvas<'_>, area: Area, word: &str, of: Colour) {
    let (ground, ink) = (canvas.palette().ground, colour(canvas, of));
    let (right, bottom) = (area.left + area.width, area.top + area.height);
    canvas.polygon(&rounded(area.left, area.top, right, bottom, 8.0), ink, 1.0);
    canvas.polygon(&rounded(area.left + 1.5, area.top + 1.5, right - 1.5, bottom - 1.5, 6.5), ground, 1.0);
    let hand = Hand { size: 20.0, weight: Weight::SemiBold, colour: canvas.palette().ink, align: Align::Middle };
    canvas.text(area.left + area.width / 2.0, area.top + area.height / 2.0 + 7.2, word, hand);
}

/// Corners of a rectangle whose corners are round.
fn rounded(left: f64, top: f64, right: f64, bottom: f64, radius: f64) -> Vec<(f64, f64)> {
    let centres = [(right - radius, bottom - radius), (left + radius, bottom - radius), (left + radius, top + radius), (right - radius, top + radius)];
    let corner = |(quarter, (x, y)): (usize, (f64, f64))| {
        (0..=6).map(move |step| {
            let angle = std::f64::consts::FRAC_PI_2 * (quarter as f64 + f64::from(step) / 6.0);
            (x + radius * angle.cos(), y + radius * angle.sin())
        })
    };
    centres.into_iter().enumerate().flat_map(corner).collect()
}

fn line(canvas: &mut Canvas<'_>, from: (f64, f64), to: (f64, f64), of: Colour, width: f64, head: bool) {
    let ink = colour(canvas, of);
    if !head {
        canvas.line(from, to, width, ink);
        return;
    }
    let length = (to.0 - from.0).hypot(to.1 - from.1).max(1.0);
    let along = ((to.0 - from.0) / length, (to.1 - from.1) / length);
    let (long, half) = (8.0 + width * 2.0, 4.0 + width);
    let neck = (to.0 - along.0 * long, to.1 - along.1 * long);
    canvas.line(from, neck, width, ink);
    canvas.polygon(&[to, (neck.0 - along.1 * half, neck.1 + along.0 * half), (neck.0 + along.1 * half, neck.1 - along.0 * half)], ink, 1.0);
}

fn colour(canvas: &Canvas<'_>, colour: Colour) -> RGBColor {
    let palette = canvas.palette();
    match colour {
        Colour::Ink => palette.ink,
        Colour::Soft => palette.soft,
        Colour::Warning => palette.warning,
        Colour::Of(colour) => colour,
    }
}
