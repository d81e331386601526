//! Lines over the swept value, each named where it ends, rings where two of them cross, and how well that is known.

use super::super::canvas::{Align, Canvas, Hand};
use super::super::frame::Room;
use super::super::labels::{self, Label};
use super::super::layers::{self, Course};
use super::super::marks::Mark;
use super::super::swept::Axis;
use super::super::text::{self, Weight};
use super::super::theme::Look;
use super::super::view::View;
use super::{Line, Ring, Subject};
use crate::summary::crossover::Interval;

/// All that is drawn.
pub(super) struct Curves<'c> {
    pub(super) lines: Vec<Line<'c>>,
    pub(super) rings: Vec<Ring<'c>>,
    pub(super) axis: Axis<'c>,
    pub(super) metric: &'static str,
    pub(super) subject: &'static Subject,
}

impl Curves<'_> {
    pub(super) fn draw(&self, canvas: &mut Canvas<'_>, room: Room, view: &View<'_, '_>) {
        let palette = canvas.palette();
        let (lines, axis) = (&self.lines, &self.axis);
        let details: Vec<String> = lines.iter().map(|line| line.points.last().map_or_else(String::new, |point| (self.subject.show)(point.1))).collect();
        let signs: Vec<Mark> = lines.iter().map(|line| self.sign(view, line)).collect();
        let names: Vec<String> = lines.iter().zip(&signs).map(|(line, sign)| sign.behind(&line.cell.contender.name)).collect();
        let entries: Vec<(&str, &str)> = names.iter().zip(&details).map(|(name, detail)| (name.as_str(), detail.as_str())).collect();
        let (top, bottom) = (room.top + 34.0, room.bottom - 62.0);
        let setting = labels::set(&entries, bottom - top + 40.0, 350.0, 26.0);
        let figures: Vec<f64> = lines.iter().flat_map(|line| &line.points).map(|point| point.1).collect();
        let (up, ticks) = (self.subject.ticks)(&figures);
        let tick_room = ticks.iter().map(|(_, name)| text::width(name, 20.0, Weight::Regular)).fold(60.0, f64::max);
        let plot = Room { left: room.left + tick_room + 20.0, top, right: room.right - setting.width - labels::GAP, bottom };
        let across = axis.scale();
        // A little in from the edges, so that no dot sits on one.
        let (from, to) = (plot.left + 18.0, plot.right - 18.0);
        let x = |value: f64| from + (to - from) * across.place(value);
        let y = |figure: f64| plot.bottom - (plot.bottom - plot.top) * up.place(figure);
        let soft = |align| Hand { size: 20.0, weight: Weight::Regular, colour: palette.soft, align };
        for (figure, name) in &ticks {
            canvas.line((plot.left, y(*figure)), (plot.right, y(*figure)), 1.25, palette.grid);
            canvas.text(plot.left - 16.0, y(*figure) + 7.0, name, soft(Align::Right));
        }
        axis.marks(canvas, plot, lines.iter().flat_map(|line| &line.points).map(|point| point.0), x);
        canvas.text(plot.right, plot.bottom + 60.0, &format!("{} →", axis.name().trim_start_matches("the ")), soft(Align::Right));
        for ring in self.rings.iter().filter(|ring| ring.main) {
            if let Some(interval) = ring.interval {
                let (low, high) = (x(interval.low.max(axis.ends.0)), x(interval.high.min(axis.ends.1)));
                let (low, high) = if high - low < 4.0 { (x(ring.at) - 2.0, x(ring.at) + 2.0) } else { (low, high) };
                canvas.polygon(&[(low, plot.top), (high, plot.top), (high, plot.bottom), (low, plot.bottom)], palette.ink, 0.1);
            }
            canvas.path(&[(x(ring.at), plot.top), (x(ring.at), plot.bottom)], 1.25, palette.soft, &[5.0, 5.0]);
        }
        let order = view.drawing_order(lines.iter().map(|line| line.cell));
        let courses: Vec<Course> = order.iter().map(|index| lines[*index].points.iter().map(|point| (x(point.0), y(point.1))).collect()).collect();
        let looks: Vec<Look> = order.iter().map(|index| view.look(canvas.theme, lines[*index].cell)).collect();
        let widths = layers::draw(canvas, &courses.iter().zip(looks.iter().copied()).collect::<Vec<_>>());
        for ((course, look), width) in courses.iter().zip(looks).zip(widths) {
            for point in course {
                canvas.circle(*point, width + 2.0, look.colour, 1.0);
            }
        }
        let mut ends = Vec::new();
        for ((line, detail), mark) in lines.iter().zip(details).zip(signs) {
            let look = view.look(canvas.theme, line.cell);
            let end = line.points.last().map_or((plot.right, plot.bottom), |point| (x(point.0), y(point.1)));
            ends.push(Label { end, name: line.cell.contender.name.clone(), detail, colour: look.colour, mark });
        }
        for ring in &self.rings {
            let (radius, centre) = (if ring.main { 11.0 } else { 7.0 }, (x(ring.at), y(ring.height)));
            canvas.circle(centre, radius, palette.ink, 1.0);
            canvas.circle(centre, radius - 3.5, palette.ground, 1.0);
        }
        self.captions(canvas, plot, x);
        labels::draw(canvas, &ends, &setting, plot.right, plot.top - 20.0, plot.bottom + 20.0);
    }

    /// The gravest doubt about any load point of a line.
    fn sign(&self, view: &View<'_, '_>, line: &Line<'_>) -> Mark {
        let own = view.summary.cells.iter().filter(|cell| cell.contender.name == line.cell.contender.name);
        own.map(|cell| view.mark(cell, &[self.metric])).max().unwrap_or_default()
    }

    /// Above the plot: where the main crossings are, and how well that is known.
    fn captions(&self, canvas: &mut Canvas<'_>, plot: Room, x: impl Fn(f64) -> f64) {
        let palette = canvas.palette();
        let mut free = plot.left;
        for ring in self.rings.iter().filter(|ring| ring.main) {
            let bold = self.axis.unit.show(ring.at);
            let small = ring.interval.map_or_else(|| "(one repeat)".to_owned(), |interval| format!("({})", self.known(&interval)));
            let (bold_width, small_width) = (text::width(&bold, 22.0, Weight::SemiBold), text::width(&small, 18.0, Weight::Regular));
            let wide = bold_width + 8.0 + small_width;
            let left = (x(ring.at) - bold_width / 2.0).clamp(plot.left, (plot.right - wide).max(plot.left));
            if left < free {
                continue;
            }
            canvas.text(left, plot.top - 12.0, &bold, Hand { size: 22.0, weight: Weight::SemiBold, colour: palette.ink, align: Align::Left });
            canvas.text(
                left + bold_width + 8.0,
                plot.top - 12.0,
                &small,
                Hand { size: 18.0, weight: Weight::Regular, colour: palette.soft, align: Align::Left },
            );
            free = left + wide + 20.0;
        }
    }

    /// `75 %: 95 to 110`; an end that may lie beyond the range is said to.
    fn known(&self, interval: &Interval) -> String {
        let show = |value: f64| self.axis.unit.show(value);
        let low = if interval.low.is_finite() { show(interval.low) } else { format!("below {}", show(self.axis.ends.0)) };
        let high = if interval.high.is_finite() { show(interval.high) } else { format!("above {}", show(self.axis.ends.1)) };
        format!("{:.0} %: {low} to {high}", interval.confidence * 100.0)
    }
}
