//! What charts draw on: plotters' SVG backend behind pixels of a picture of 1600 × 900.
//!
//! The backend takes whole numbers only, so that everything is drawn four times as large: the file's `viewBox` is 6400 × 3600.
//! No other unit than the pixel at 1600 × 900 is known outside.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use plotters::prelude::{DrawingBackend as _, SVGBackend};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color as _, FontDesc, FontFamily, FontStyle, RGBColor, ShapeStyle, TextStyle};

use super::text::{self, Weight};
use super::theme::{Palette, Theme};

/// Width of a picture in pixels.
pub const WIDTH: f64 = 1_600.0;
/// Height of a picture in pixels.
pub const HEIGHT: f64 = 900.0;

const SCALE: f64 = 4.0;
const FAMILY: &str = "Inter, 'Helvetica Neue', Arial, sans-serif";

/// Where a text begins, ends or has its middle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// The point is its left end.
    Left,
    /// The point is its middle.
    Middle,
    /// The point is its right end.
    Right,
}

/// How a text is written.
#[derive(Clone, Copy, Debug)]
pub struct Hand {
    /// Size of the font in pixels.
    pub size: f64,
    /// Weight of the font.
    pub weight: Weight,
    /// Colour.
    pub colour: RGBColor,
    /// Which end the point is.
    pub align: Align,
}

/// A picture being drawn.
pub struct Canvas<'a> {
    backend: SVGBackend<'a>,
    /// Its theme.
    pub theme: Theme,
}

/// Draws a picture. `description` is what a screen reader says of it.
pub fn picture(theme: Theme, description: &str, draw: impl FnOnce(&mut Canvas<'_>)) -> String {
    let mut svg = String::new();
    let size = ((WIDTH * SCALE) as u32, (HEIGHT * SCALE) as u32);
    let mut canvas = Canvas { backend: SVGBackend::with_string(&mut svg, size), theme };
    canvas.rectangle(0.0, 0.0, WIDTH, HEIGHT, canvas.palette().ground);
    draw(&mut canvas);
    // Writing to a string cannot fail: here and wherever a result of the backend is dropped below.
    let _ = canvas.backend.present();
    drop(canvas);
    with_root(&svg, description)
}

/// The same picture with the font inside, for a file that looks the same wherever it is opened.
pub fn self_contained(svg: &str) -> String {
    let face = |weight: &str, data: &[u8]| {
        let data = STANDARD.encode(data);
        format!("@font-face{{font-family:Inter;font-weight:{weight};src:url(data:font/woff2;base64,{data}) format('woff2')}}\n")
    };
    let style = format!("<style>\n{}{}</style>\n", face("400", text::REGULAR_WOFF2), face("600", text::SEMI_BOLD_WOFF2));
    match svg.split_once(">\n") {
        Some((root, rest)) => format!("{root}>\n{style}{rest}"),
        None => svg.to_owned(),
    }
}

/// Puts a root of our own in place of the backend's: shown at 1600 × 900, round joints, a description, and the weight that our font has.
fn with_root(svg: &str, description: &str) -> String {
    let rest = svg.split_once(">\n").map_or(svg, |(_, rest)| rest);
    let mut label = String::new();
    for character in text::clean(description).chars() {
        match character {
            '<' => label.push_str("&lt;"),
            '>' => label.push_str("&gt;"),
            '&' => label.push_str("&amp;"),
            '"' => label.push_str("&quot;"),
            other => label.push(other),
        }
    }
    let (width, height) = (WIDTH * SCALE, HEIGHT * SCALE);
    // Quotes inside text are escaped, so that the attribute cannot be mistaken for text.
    let rest = rest.replace("font-weight=\"bold\"", "font-weight=\"600\"").replace(" opacity=\"1\"", "");
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{HEIGHT}\" viewBox=\"0 0 {width} {height}\" role=\"img\" \
         aria-label=\"{label}\" stroke-linejoin=\"round\" stroke-linecap=\"round\">\n{rest}"
    )
}

impl Canvas<'_> {
    /// The colours of its theme.
    pub fn palette(&self) -> &'static Palette {
        self.theme.palette()
    }

    /// Writes a text with its baseline at `y`.
    pub fn text(&mut self, x: f64, y: f64, text: &str, hand: Hand) {
        let text = text::clean(text);
        if text.trim().is_empty() {
            return;
        }
        let horizontal = match hand.align {
            Align::Left => HPos::Left,
            Align::Middle => HPos::Center,
            Align::Right => HPos::Right,
        };
        let weight = match hand.weight {
            Weight::Regular => FontStyle::Normal,
            Weight::SemiBold => FontStyle::Bold,
        };
        // The backend divides sizes by 1.24, and puts the baseline 0.76 em below what it calls the top.
        let size = hand.size * SCALE;
        let style = TextStyle::from(FontDesc::new(FontFamily::Name(FAMILY), size * 1.24, weight)).color(&hand.colour).pos(Pos::new(horizontal, VPos::Top));
        let _ = self.backend.draw_text(&text, &style, at(x, y - hand.size * 0.76));
    }

    /// Draws a straight line.
    pub fn line(&mut self, from: (f64, f64), to: (f64, f64), width: f64, colour: RGBColor) {
        let _ = self.backend.draw_line(at(from.0, from.1), at(to.0, to.1), &stroke(width, colour));
    }

    /// Draws a line through points, solid or in dashes.
    pub fn path(&mut self, points: &[(f64, f64)], width: f64, colour: RGBColor, dash: &[f64]) {
        for piece in dashes(points, dash) {
            let _ = self.backend.draw_path(piece.iter().map(|point| at(point.0, point.1)), &stroke(width, colour));
        }
    }

    /// Fills a polygon; `opacity` from 0 to 1.
    pub fn polygon(&mut self, points: &[(f64, f64)], colour: RGBColor, opacity: f64) {
        let _ = self.backend.fill_polygon(points.iter().map(|point| at(point.0, point.1)), &colour.mix(opacity));
    }

    /// Fills a rectangle.
    pub fn rectangle(&mut self, left: f64, top: f64, right: f64, bottom: f64, colour: RGBColor) {
        let _ = self.backend.draw_rect(at(left, top), at(right, bottom), &ShapeStyle::from(&colour).filled(), true);
    }

    /// Fills a circle; `opacity` from 0 to 1.
    pub fn circle(&mut self, centre: (f64, f64), radius: f64, colour: RGBColor, opacity: f64) {
        let _ = self.backend.draw_circle(at(centre.0, centre.1), (radius * SCALE) as u32, &colour.mix(opacity), true);
    }

    /// Fills a bar from `base` to `end` (either way) whose end is rounded.
    pub fn bar(&mut self, base: f64, end: f64, top: f64, bottom: f64, colour: RGBColor) {
        let radius = (end - base).abs().min(6.0).min((bottom - top) / 2.0);
        let towards = if end >= base { 1.0 } else { -1.0 };
        let corner = |step: usize| {
            let angle = std::f64::consts::FRAC_PI_2 * step as f64 / 6.0;
            (end - towards * radius * (1.0 - angle.sin()), radius * (1.0 - angle.cos()))
        };
        let mut points = vec![(base, bottom), (base, top)];
        points.extend((0..=6).map(|step| (corner(step).0, top + corner(step).1)));
        points.extend((0..=6).rev().map(|step| (corner(step).0, bottom - corner(step).1)));
        self.polygon(&points, colour, 1.0);
    }
}

fn at(x: f64, y: f64) -> (i32, i32) {
    // `as` saturates, and a value that is no number becomes 0: nothing can overflow here.
    ((x * SCALE).round() as i32, (y * SCALE).round() as i32)
}

fn stroke(width: f64, colour: RGBColor) -> ShapeStyle {
    ShapeStyle::from(&colour).stroke_width((width * SCALE).round() as u32)
}

/// The pieces of a line that are drawn: all of it, or its dashes. The backend knows no dashes of its own.
fn dashes(points: &[(f64, f64)], pattern: &[f64]) -> Vec<Vec<(f64, f64)>> {
    if pattern.is_empty() || pattern.iter().any(|length| *length <= 0.0) {
        return if points.len() > 1 { vec![points.to_vec()] } else { Vec::new() };
    }
    let mut pieces = Vec::new();
    let (mut turn, mut left) = (0_usize, pattern[0]);
    let mut piece: Vec<(f64, f64)> = points.first().copied().into_iter().collect();
    for pair in points.windows(2) {
        let (mut from, to) = (pair[0], pair[1]);
        loop {
            let length = (to.0 - from.0).hypot(to.1 - from.1);
            if length <= left || !length.is_finite() {
                left -= if length.is_finite() { length } else { 0.0 };
                if turn % 2 == 0 {
                    piece.push(to);
                }
                break;
            }
            let share = left / length;
            from = (from.0 + (to.0 - from.0) * share, from.1 + (to.1 - from.1) * share);
            if turn % 2 == 0 {
                piece.push(from);
                pieces.push(std::mem::take(&mut piece));
            } else {
                piece = vec![from];
            }
            turn = (turn + 1) % pattern.len();
            left = pattern[turn];
        }
    }
    if turn % 2 == 0 && piece.len() > 1 {
        pieces.push(piece);
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dashes_cover_their_share_of_the_line() {
        let line = [(0.0, 0.0), (30.0, 0.0), (30.0, 70.0)];
        let pieces = dashes(&line, &[6.0, 4.0]);
        let length = |piece: &Vec<(f64, f64)>| piece.windows(2).map(|pair| (pair[1].0 - pair[0].0).hypot(pair[1].1 - pair[0].1)).sum::<f64>();
        assert_eq!(pieces.len(), 10);
        assert!((pieces.iter().map(length).sum::<f64>() - 60.0).abs() < 1e-9);
        assert_eq!(dashes(&line, &[]).len(), 1);
        assert!(dashes(&[], &[6.0, 4.0]).is_empty());
    }

    #[test]
    fn text_and_description_are_escaped() {
        let svg = picture(Theme::Light, "<b>\"&\u{1}", |canvas| {
            let hand = Hand { size: 20.0, weight: Weight::SemiBold, colour: canvas.palette().ink, align: Align::Left };
            canvas.text(10.0, 50.0, "<script>&\"'\u{0}", hand);
        });
        assert!(svg.contains("aria-label=\"&lt;b&gt;&quot;&amp; \""));
        assert!(svg.contains("&lt;script&gt;&amp;&quot;&apos; "));
        assert!(!svg.contains("<script>"));
    }
}
