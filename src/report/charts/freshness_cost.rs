//! Freshness against cost: each contender a dot; below and left of it is better. The front joins those that no other beats in both.

use super::axis::Scale;
use super::canvas::{Align, Canvas, Hand};
use super::finding::{Figure, Words, firm};
use super::frame::{Frame, Room};
use super::picture::Chart;
use super::text::{self, Weight};
use super::view::View;
use crate::measure::recording::Direction;
use crate::summary::Cell;
use crate::units::show_seconds;

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
            let (cost, age) = (cost(cell)?.value, cell.value("scenario_latency.p99")?);
            (cost > 0.0 && cost.is_finite() && age > 0.0 && age.is_finite()).then_some(Dot { cell, cost, age })
        })
        .collect();
    if dots.len() < 2 {
        return Err("fewer than two contenders have both CPU and latency");
    }
    let frame = Frame {
        title: title(view, &dots).ok_or("no contender has CPU figures of all its sides")?,
        subtitle: "99th percentile of delivery latency in scenario time, against CPU of all sides per delivered update (both axes logarithmic)".to_owned(),
    };
    Ok(Chart { frame, fill: Box::new(move |canvas, room| fill(canvas, room, view, &dots)) })
}

fn cost(cell: &Cell<'_>) -> Option<Figure> {
    let estimate = cell.metrics.get("cpu.total.per_1000_updates")?;
    let each = |value: Option<f64>| value.map(|value| value / 1_000.0);
    let repeats = estimate.repeats.iter().map(|(repeat, value)| (*repeat, each(*value))).collect();
    Figure::new(&crate::summary::Estimate { value: each(estimate.value), repeats })
}

/// Whether another is at least as good in both, and better in one.
fn beaten(dot: &Dot<'_>, by: &Dot<'_>) -> bool {
    by.cost <= dot.cost && by.age <= dot.age && (by.cost < dot.cost || by.age < dot.age)
}

fn title(view: &View<'_, '_>, dots: &[Dot<'_>]) -> Option<String> {
    use super::finding::Contest;
    let words = Words {
        say: &|name, figure| format!("{name} takes {figure} of CPU for one update"),
        briefly: &|figure| figure.to_owned(),
        topic: "CPU per update",
        best: "cheapest",
        show: &show_seconds,
    };
    let contest = view.contest(cost);
    let find = |name: &str| dots.iter().find(|dot| super::finding::short(&dot.cell.contender.name) == name);
    if let Contest::Clear(cheap, dear) = &contest
        && let (Some(one), Some(two)) = (find(&cheap.name), find(&dear.name))
    {
        let age = |cell: &Cell<'_>| cell.metrics.get("scenario_latency.p99").and_then(Figure::new);
        let order = age(one.cell)?.against(age(two.cell)?);
        let called = |side: &super::finding::Side| if side.best_of_polling { format!("{}, the cheapest polling", side.name) } else { side.name.clone() };
        let numbers = format!(
            "{} of CPU instead of {}, {} old instead of {}",
            firm(show_seconds(one.cost)),
            firm(show_seconds(two.cost)),
            firm(show_seconds(one.age)),
            firm(show_seconds(two.age))
        );
        use super::finding::Order;
        return Some(match order {
            Order::Less => format!("{} is both fresher and cheaper than {}: {numbers}", called(cheap), called(dear)),
            Order::More => format!("{} is cheaper but staler than {}: {numbers}", called(cheap), called(dear)),
            Order::Unclear => format!("{} is cheaper than {}, with no clear difference in freshness: {numbers}", called(cheap), called(dear)),
        });
    }
    words.title(&contest)
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
    front(canvas, dots, |dot| (x(dot.cost), y(dot.age)));

    let mut taken: Vec<Room> = dots.iter().map(|dot| square(x(dot.cost), y(dot.age), 13.0)).collect();
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
    for dot in dots {
        let look = view.look(canvas.theme, dot.cell);
        let centre = (x(dot.cost), y(dot.age));
        if dot.cell.direction() == Direction::Push {
            canvas.circle(centre, 20.0, look.colour, 0.25);
        }
        canvas.circle(centre, if dot.cell.direction() == Direction::Push { 13.0 } else { 10.0 }, look.colour, 1.0);
        let detail = format!("{} · {} CPU", show_seconds(dot.age), show_seconds(dot.cost));
        name(canvas, dot.cell, look.colour, &detail, centre, size, plot, &mut taken);
    }
}

/// The front: from dot to dot among those that no other beats in both, in steps, since between two there is nothing.
fn front(canvas: &mut Canvas<'_>, dots: &[Dot<'_>], place: impl Fn(&Dot<'_>) -> (f64, f64)) {
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
    canvas.path(&line, 2.0, canvas.palette().soft, &[6.0, 6.0]);
}

/// Name and figures beside a dot, at the first of eight places that is free; figures are dropped where only the name fits.
#[expect(clippy::too_many_arguments, reason = "all of it is about one label")]
fn name(
    canvas: &mut Canvas<'_>,
    cell: &Cell<'_>,
    colour: plotters::style::RGBColor,
    detail: &str,
    dot: (f64, f64),
    size: f64,
    plot: Room,
    taken: &mut Vec<Room>,
) {
    let small = (size * 0.76).max(15.0);
    let text = text::fit(&text::clean(&cell.contender.name), size, Weight::SemiBold, 300.0);
    let palette = canvas.palette();
    for with_detail in [true, false] {
        let wide = text::width(&text, size, Weight::SemiBold).max(if with_detail { text::width(detail, small, Weight::Regular) } else { 0.0 });
        let high = size + if with_detail { small * 1.3 } else { 0.0 };
        let (x, y) = dot;
        let away = 24.0;
        let corners = [
            (x + away, y - high / 2.0),
            (x - away - wide, y - high / 2.0),
            (x - wide / 2.0, y - away - high),
            (x - wide / 2.0, y + away),
            (x + away * 0.7, y - away * 0.6 - high),
            (x - away * 0.7 - wide, y - away * 0.6 - high),
            (x + away * 0.7, y + away * 0.6),
            (x - away * 0.7 - wide, y + away * 0.6),
        ];
        // The nearest places first, then the same further up and down with a line to the dot.
        let further = (1..=8).flat_map(|step| [-1.0, 1.0].map(|way| (corners[0].0 + 16.0, corners[0].1 + way * f64::from(step) * (high + 4.0))));
        for (index, (left, top)) in corners.into_iter().chain(further).enumerate() {
            let room = Room { left: left - 3.0, top: top - 2.0, right: left + wide + 3.0, bottom: top + high + 4.0 };
            let inside = room.left > plot.left && room.right < plot.right && room.top > plot.top - 10.0 && room.bottom < plot.bottom;
            if !inside || taken.iter().any(|other| overlap(*other, room)) {
                continue;
            }
            if index >= 8 {
                canvas.path(&[dot, (left - 5.0, top + high / 2.0)], 1.0, colour, &[2.0, 3.0]);
            }
            canvas.text(left, top + size * 0.86, &text, Hand { size, weight: Weight::SemiBold, colour, align: Align::Left });
            if with_detail {
                let hand = Hand { size: small, weight: Weight::Regular, colour: palette.soft, align: Align::Left };
                canvas.text(left, top + size * 0.86 + small * 1.28, detail, hand);
            }
            taken.push(room);
            return;
        }
    }
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
