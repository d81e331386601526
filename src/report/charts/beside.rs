//! Names beside dots: at the first place that is free, where lines and other names leave room.

use plotters::style::RGBColor;

use super::canvas::{Align, Canvas, Hand};
use super::frame::Room;
use super::marks::{self, Mark};
use super::text::{self, Weight};

/// Name and figures of a dot.
pub struct Name {
    /// Whose it is.
    pub text: String,
    /// The figures.
    pub detail: String,
    /// Of the name.
    pub colour: RGBColor,
    /// Of the name's font, in pixels.
    pub size: f64,
    /// Of the doubts about it.
    pub mark: Mark,
}

/// What room is taken.
#[derive(Default)]
pub struct Taken {
    /// By dots and lines.
    pub shapes: Vec<Room>,
    /// By words.
    pub words: Vec<Room>,
}

impl Taken {
    /// Whether nothing stands there.
    pub fn leaves(&self, room: Room) -> bool {
        !self.shapes.iter().chain(&self.words).any(|other| overlap(*other, room))
    }
}

/// What a line to a name may cross.
#[derive(Clone, Copy, PartialEq, Eq)]
enum May {
    Nothing,
    Shapes,
    Anything,
}

/// Distance of a name from its dot.
const AWAY: f64 = 24.0;

impl Name {
    /// Writes it at the first place that is free: beside the dot, else further away with a line to it. Where that fails, the line may cross others,
    /// figures are dropped, then it may cross names: what has no name at all could not be told.
    pub fn write(&self, canvas: &mut Canvas<'_>, dot: (f64, f64), plot: Room, taken: &mut Taken) {
        let small = (self.size * 0.76).max(15.0);
        let palette = canvas.palette();
        for (with_detail, may) in [(true, May::Nothing), (true, May::Shapes), (false, May::Nothing), (false, May::Shapes), (false, May::Anything)] {
            let detail_width = if with_detail { text::width(&self.detail, small, Weight::Regular) } else { 0.0 };
            let wide = text::width(&self.mark.behind(&self.text), self.size, Weight::SemiBold).max(detail_width);
            let high = self.size + if with_detail { small * 1.3 } else { 0.0 };
            for (left, top, align, far) in places(dot, wide, high, plot) {
                let room = Room { left: left - 3.0, top: top - 2.0, right: left + wide + 3.0, bottom: top + high + 4.0 };
                let inside = room.left > plot.left && room.right < plot.right && room.top > plot.top + 2.0 && room.bottom < plot.bottom - 2.0;
                let line = if far { leader(dot, (if align == Align::Right { room.right } else { room.left }, top + high / 2.0)) } else { Vec::new() };
                let crosses = |others: &[Room]| line.iter().any(|mine| others.iter().any(|other| overlap(*other, *mine)));
                let is_crossing = (may == May::Nothing && crosses(&taken.shapes)) || (may != May::Anything && crosses(&taken.words));
                if !inside || is_crossing || !taken.leaves(room) {
                    continue;
                }
                if let Some(last) = line.last() {
                    // From the rim of the dot: for what is checked, the whole of a twin beside it is left out.
                    let share = 16.0 / (last.left - dot.0).hypot(last.top - dot.1).max(16.0);
                    let rim = (dot.0 + (last.left - dot.0) * share, dot.1 + (last.top - dot.1) * share);
                    canvas.path(&[rim, (last.left, last.top)], 1.0, self.colour, &[2.0, 3.0]);
                }
                let edge = match align {
                    Align::Left => left,
                    Align::Middle => left + wide / 2.0,
                    Align::Right => left + wide,
                };
                let baseline = top + self.size * 0.86;
                let hand = Hand { size: self.size, weight: Weight::SemiBold, colour: self.colour, align };
                marks::write(canvas, (edge, baseline), &self.text, self.mark, wide + 1.0, hand);
                if with_detail {
                    canvas.text(edge, baseline + small * 1.28, &self.detail, Hand { size: small, weight: Weight::Regular, colour: palette.soft, align });
                }
                taken.words.push(room);
                taken.shapes.extend(line);
                return;
            }
        }
    }
}

/// Where a name of this size may stand: (left, top, alignment, whether it needs a line), the nearest first.
fn places((x, y): (f64, f64), wide: f64, high: f64, plot: Room) -> Vec<(f64, f64, Align, bool)> {
    let (right, left) = (x + AWAY, x - AWAY - wide);
    let (above, below) = (y - AWAY * 0.6 - high, y + AWAY * 0.6);
    let mut places = vec![
        (right, y - high / 2.0, Align::Left, false),
        (left, y - high / 2.0, Align::Right, false),
        (x - wide / 2.0, y - AWAY - high, Align::Middle, false),
        (x - wide / 2.0, y + AWAY, Align::Middle, false),
        (x + AWAY * 0.7, above, Align::Left, false),
        (x - AWAY * 0.7 - wide, above, Align::Right, false),
        (x + AWAY * 0.7, below, Align::Left, false),
        (x - AWAY * 0.7 - wide, below, Align::Right, false),
    ];
    for step in 1..=14 {
        for way in [-1.0, 1.0] {
            let top = y - high / 2.0 + way * f64::from(step) * 22.0;
            places.push((right + 16.0, top, Align::Left, true));
            places.push((left - 16.0, top, Align::Right, true));
        }
    }
    // In a crowd, along the edges.
    let rows = ((plot.bottom - plot.top) / 22.0).max(0.0) as u32;
    for row in 0..rows {
        let top = plot.top + 6.0 + f64::from(row) * 22.0;
        places.push((plot.right - wide - 8.0, top, Align::Left, true));
        places.push((plot.left + 8.0, top, Align::Right, true));
    }
    places
}

/// The line from a dot to its name as small squares, to be kept free of texts; without the part inside the dot.
fn leader(from: (f64, f64), to: (f64, f64)) -> Vec<Room> {
    along(from, to, 29.0)
}

/// A line as small squares, to be kept free of texts; without so much of its beginning, and a little of its end.
pub fn along(from: (f64, f64), to: (f64, f64), beginning: f64) -> Vec<Room> {
    let length = (to.0 - from.0).hypot(to.1 - from.1);
    let steps = (length / 4.0) as usize;
    let along = (0..=steps).map(|step| step as f64 / steps.max(1) as f64).filter(|share| share * length > beginning && (1.0 - share) * length > 4.0);
    along.map(|share| square(from.0 + (to.0 - from.0) * share, from.1 + (to.1 - from.1) * share, 0.5)).collect()
}

/// A square around a point, so far to each side.
pub fn square(x: f64, y: f64, half: f64) -> Room {
    Room { left: x - half, top: y - half, right: x + half, bottom: y + half }
}

/// What a text takes that is written there.
pub fn extent(text: &str, hand: Hand, at: (f64, f64)) -> Room {
    let width = text::width(text, hand.size, hand.weight);
    let left = if hand.align == Align::Right { at.0 - width } else { at.0 };
    Room { left, top: at.1 - hand.size * 0.8, right: left + width, bottom: at.1 + hand.size * 0.25 }
}

/// Whether two have anything in common.
pub fn overlap(one: Room, two: Room) -> bool {
    one.left < two.right && two.left < one.right && one.top < two.bottom && two.top < one.bottom
}
