//! Freshness against cost: each contender a dot; below and left of it is better. The front joins those that no other beats in both.

use plotters::style::RGBColor;

use super::axis::Scale;
use super::canvas::{Align, Canvas, Hand};
use super::finding::{Contest, Figure, Order, Side, Words, firm};
use super::frame::{Frame, Room};
use super::picture::Chart;
use super::text::{self, Weight};
use super::view::View;
use crate::measure::recording::Direction;
use crate::summary::Cell;
use crate::units::show_seconds;

/// What the best of several pollers is called.
const BEST: &str = "cheapest";
const COST: &str = "cpu.total.per_1000_updates";
const AGE: &str = "scenario_latency.p99";

struct Dot<'c> {
    cell: &'c Cell<'c>,
    /// CPU of all sides for one update, in seconds.
    cost: f64,
    /// p99 of delivery latency in scenario time, in seconds.
    age: f64,
}

pub(super) fn prepare<'c>(view: &'c View<'c, 'c>) -> Result<Chart<'c>, &'static str> {
    let dots: Vec<Dot<'_>> = view
        .cells
        .iter()
        .filter_map(|cell| {
            let (cost, age) = (cost(cell)?.value, cell.value(AGE)?);
            (cost > 0.0 && cost.is_finite() && age > 0.0 && age.is_finite()).then_some(Dot { cell, cost, age })
        })
        .collect();
    if dots.len() < 2 {
        return Err("fewer than two contenders have both CPU and latency");
    }
    let frame = Frame {
        title: title(view).ok_or("no contender has CPU figures of all its sides")?,
        subtitle: "99th percentile of delivery latency in scenario time, against CPU of all sides per delivered update (both axes logarithmic)".to_owned(),
        over: None,
    };
    Ok(Chart { frame, fill: Box::new(move |canvas, room| fill(canvas, room, view, &dots)) })
}

fn cost(cell: &Cell<'_>) -> Option<Figure> {
    let estimate = cell.metrics.get(COST)?;
    let each = |value: Option<f64>| value.map(|value| value / 1_000.0);
    let repeats = estimate.repeats.iter().map(|(repeat, value)| (*repeat, each(*value))).collect();
    Figure::new(&crate::summary::Estimate { value: each(estimate.value), repeats })
}

/// Whether another is at least as good in both, and better in one.
fn beaten(dot: &Dot<'_>, by: &Dot<'_>) -> bool {
    by.cost <= dot.cost && by.age <= dot.age && (by.cost < dot.cost || by.age < dot.age)
}

fn title(view: &View<'_, '_>) -> Option<String> {
    let words = Words {
        say: &|name, figure| format!("{name} takes {figure} of CPU for one update"),
        briefly: &|figure| figure.to_owned(),
        topic: "CPU per update",
        best: BEST,
        show: &show_seconds,
    };
    let contest = view.contest(COST, cost);
    if let Contest::Clear(cheap, dear) = &contest
        && view.trusted(AGE, &[cheap, dear])
        && let (Some(cheap_age), Some(dear_age)) = (age(view, cheap), age(view, dear))
    {
        let show = |seconds: f64| firm(show_seconds(seconds));
        let cpu = format!("{} of CPU instead of {}", show(cheap.figure), show(dear.figure));
        let (subject, other) = (cheap.called(BEST, ","), dear.called(BEST, ""));
        let seen = format!("seen within {} instead of {}", show(cheap_age.value), show(dear_age.value));
        return Some(match cheap_age.against(&dear_age) {
            Order::Less => format!("{subject} is both fresher and cheaper than {other}: {seen}, for {cpu}"),
            Order::More => format!("{subject} is cheaper but staler than {other}: {cpu}, {seen}"),
            Order::Unclear => format!("{subject} is cheaper than {other}, with no clear difference in freshness: {cpu}"),
        });
    }
    words.title(&contest)
}

fn age(view: &View<'_, '_>, side: &Side) -> Option<Figure> {
    Figure::of_metric(side.cell(&view.cells)?, AGE)
}

fn fill(canvas: &mut Canvas<'_>, room: Room, view: &View<'_, '_>, dots: &[Dot<'_>]) {
    let palette = canvas.palette();
    let plot = Room { left: room.left + 86.0, top: room.top + 16.0, right: room.right - 8.0, bottom: room.bottom - 36.0 };
    // A tenth of a decade around the outermost dots, so that none sits on an edge.
    let widened = |values: Vec<f64>| values.into_iter().flat_map(|value| [value / 1.3, value * 1.3]).collect::<Vec<f64>>();
    let across = Scale::times(widened(dots.iter().map(|dot| dot.cost).collect()).into_iter());
    let up = Scale::times(widened(dots.iter().map(|dot| dot.age).collect()).into_iter());
    let x = |cost: f64| plot.left + (plot.right - plot.left) * across.place(cost);
    let y = |age: f64| plot.bottom - (plot.bottom - plot.top) * up.place(age);
    let soft = |align| Hand { size: 20.0, weight: Weight::Regular, colour: palette.soft, align };
    for (cost, name) in across.time_ticks() {
        canvas.line((x(cost), plot.top), (x(cost), plot.bottom), 1.25, palette.grid);
        let align = if x(cost) > plot.right - 20.0 { Align::Right } else { Align::Middle };
        canvas.text(x(cost), plot.bottom + 32.0, name, soft(align));
    }
    for (age, name) in up.time_ticks() {
        canvas.line((plot.left, y(age)), (plot.right, y(age)), 1.25, palette.grid);
        canvas.text(plot.left - 16.0, y(age) + 7.0, name, soft(Align::Right));
    }
    let front = front(dots, |dot| (x(dot.cost), y(dot.age)));
    canvas.path(&front, 2.0, palette.soft, &[6.0, 6.0]);
    let mut taken: Vec<Room> = dots.iter().map(|dot| square(x(dot.cost), y(dot.age), 14.0)).collect();
    taken.extend(front.windows(2).map(|pair| Room {
        left: pair[0].0.min(pair[1].0),
        top: pair[0].1.min(pair[1].1),
        right: pair[0].0.max(pair[1].0),
        bottom: pair[0].1.max(pair[1].1),
    }));
    let better = "↙ fresher and cheaper";
    let costlier = "CPU per update →";
    let older = "↑ p99 of latency";
    let bold = Hand { size: 20.0, weight: Weight::SemiBold, colour: palette.ink, align: Align::Left };
    for (text, hand, corner) in [
        (better, bold, (plot.left + 16.0, plot.bottom - 18.0)),
        (older, soft(Align::Left), (plot.left + 16.0, plot.top + 24.0)),
        (costlier, soft(Align::Right), (plot.right - 12.0, plot.bottom - 18.0)),
    ] {
        let box_ = extent(text, hand, corner);
        if !taken.iter().any(|other| overlap(*other, box_)) {
            canvas.text(corner.0, corner.1, text, hand);
            taken.push(box_);
        }
    }
    let size = if dots.len() <= 6 { 24.0 } else { 18.0 };
    let order = view.drawing_order(dots.iter().map(|dot| dot.cell));
    for index in &order {
        let dot = &dots[*index];
        let colour = view.look(canvas.theme, dot.cell).colour;
        let centre = (x(dot.cost), y(dot.age));
        if dot.cell.direction() == Direction::Push {
            canvas.circle(centre, 20.0, colour, 0.25);
        }
        canvas.circle(centre, if dot.cell.direction() == Direction::Push { 13.0 } else { 10.0 }, colour, 1.0);
    }
    // Push is drawn last, so that it lies on top, and named first, so that it gets the best place.
    for index in order.into_iter().rev() {
        let dot = &dots[index];
        let name = Name {
            text: text::fit_name(&text::clean(&dot.cell.contender.name), size, Weight::SemiBold, 300.0),
            detail: format!("{} · {} CPU", show_seconds(dot.age), show_seconds(dot.cost)),
            colour: view.look(canvas.theme, dot.cell).colour,
            size,
        };
        name.write(canvas, (x(dot.cost), y(dot.age)), plot, &mut taken);
    }
}

/// The front: from dot to dot among those that no other beats in both, in steps, since between two there is nothing.
fn front(dots: &[Dot<'_>], place: impl Fn(&Dot<'_>) -> (f64, f64)) -> Vec<(f64, f64)> {
    let mut best: Vec<&Dot<'_>> = dots.iter().filter(|dot| !dots.iter().any(|other| beaten(dot, other))).collect();
    best.sort_by(|one, two| one.cost.total_cmp(&two.cost));
    let mut line: Vec<(f64, f64)> = Vec::new();
    for dot in best {
        let (x, y) = place(dot);
        if let Some(last) = line.last().copied() {
            line.push((x, last.1));
        }
        line.push((x, y));
    }
    line
}

/// Name and figures of a dot.
struct Name {
    text: String,
    detail: String,
    colour: RGBColor,
    size: f64,
}

/// Distance of a name from its dot.
const AWAY: f64 = 24.0;

impl Name {
    /// Writes it at the first place that is free: beside the dot, else further away with a line to it. Where that fails, figures are
    /// dropped, then the line may cross other names: what has no name at all could not be told.
    fn write(&self, canvas: &mut Canvas<'_>, dot: (f64, f64), plot: Room, taken: &mut Vec<Room>) {
        let small = (self.size * 0.76).max(15.0);
        let palette = canvas.palette();
        for (with_detail, strict) in [(true, true), (false, true), (false, false)] {
            let detail_width = if with_detail { text::width(&self.detail, small, Weight::Regular) } else { 0.0 };
            let wide = text::width(&self.text, self.size, Weight::SemiBold).max(detail_width);
            let high = self.size + if with_detail { small * 1.3 } else { 0.0 };
            for (left, top, align, far) in places(dot, wide, high) {
                let room = Room { left: left - 3.0, top: top - 2.0, right: left + wide + 3.0, bottom: top + high + 4.0 };
                let inside = room.left > plot.left && room.right < plot.right && room.top > plot.top + 2.0 && room.bottom < plot.bottom - 2.0;
                let line = if far { leader(dot, (if align == Align::Right { room.right } else { room.left }, top + high / 2.0)) } else { Vec::new() };
                if !inside || line.iter().filter(|_| strict).chain([&room]).any(|mine| taken.iter().any(|other| overlap(*other, *mine))) {
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
                canvas.text(edge, baseline, &self.text, Hand { size: self.size, weight: Weight::SemiBold, colour: self.colour, align });
                if with_detail {
                    canvas.text(edge, baseline + small * 1.28, &self.detail, Hand { size: small, weight: Weight::Regular, colour: palette.soft, align });
                }
                taken.push(room);
                taken.extend(line);
                return;
            }
        }
    }
}

/// Where a name of this size may stand: (left, top, alignment, whether it needs a line), the nearest first.
fn places((x, y): (f64, f64), wide: f64, high: f64) -> Vec<(f64, f64, Align, bool)> {
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
    places
}

/// The line from a dot to its name as small squares, to be kept free of texts; without the part inside the dot.
fn leader(from: (f64, f64), to: (f64, f64)) -> Vec<Room> {
    let length = (to.0 - from.0).hypot(to.1 - from.1);
    let steps = (length / 4.0) as usize;
    let along = (0..=steps).map(|step| step as f64 / steps.max(1) as f64).filter(|share| share * length > 29.0 && (1.0 - share) * length > 4.0);
    along.map(|share| square(from.0 + (to.0 - from.0) * share, from.1 + (to.1 - from.1) * share, 0.5)).collect()
}

fn square(x: f64, y: f64, half: f64) -> Room {
    Room { left: x - half, top: y - half, right: x + half, bottom: y + half }
}

fn extent(text: &str, hand: Hand, at: (f64, f64)) -> Room {
    let width = text::width(text, hand.size, hand.weight);
    let left = if hand.align == Align::Right { at.0 - width } else { at.0 };
    Room { left, top: at.1 - hand.size * 0.8, right: left + width, bottom: at.1 + hand.size * 0.25 }
}

fn overlap(one: Room, two: Room) -> bool {
    one.left < two.right && two.left < one.right && one.top < two.bottom && two.top < one.bottom
}
