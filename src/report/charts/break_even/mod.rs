//! Break-even: a figure of cost over a swept value, a line for each contender, and where the cheapest of polling and of push cross.
//!
//! Lines are straight between load points on logarithmic axes, as the crossings are; the band is the interval of a crossing over the repeats.
//! `story` makes the title, `curves` the drawing.

mod curves;
mod story;

use super::axis::Scale;
use super::frame::{Frame, Over};
use super::marks::Footnotes;
use super::picture::Chart;
use super::swept::{Axis, brief};
use super::view::View;
use crate::measure::recording::Direction;
use crate::summary::Cell;
use crate::summary::crossover::{Answer, Crossover, Interval};
use crate::units::{show_bytes, show_seconds};
use curves::Curves;
use story::Story;

/// A scale, and what is marked on it.
type Marked = (Scale, Vec<(f64, String)>);

/// What is drawn: metrics, the first that is known counts, and how people say it.
struct Subject {
    metrics: &'static [&'static str],
    /// `cheaper on the wire`.
    where_: &'static str,
    /// What is shown.
    what: &'static str,
    show: fn(f64) -> String,
    ticks: fn(&[f64]) -> Marked,
    /// From the metric's unit to what is shown.
    factor: f64,
}

const BYTES: Subject = Subject {
    metrics: &["bytes.wire.per_update", "bytes.protocol.per_update"],
    where_: "on the wire",
    what: "Bytes per delivered update, both ways",
    show: show_bytes,
    ticks: byte_ticks,
    factor: 1.0,
};

const CPU: Subject = Subject {
    metrics: &["cpu.total.per_1000_updates"],
    where_: "in CPU",
    what: "CPU of all sides per delivered update",
    show: show_seconds,
    ticks: time_ticks,
    factor: 1e-3,
};

pub(super) fn prepare_bytes<'c>(view: &'c View<'c, 'c>) -> Result<Chart<'c>, &'static str> {
    prepare(view, &BYTES)
}

pub(super) fn prepare_cpu<'c>(view: &'c View<'c, 'c>) -> Result<Chart<'c>, &'static str> {
    prepare(view, &CPU)
}

/// A contender over the swept value.
struct Line<'c> {
    cell: &'c Cell<'c>,
    /// (swept value, figure as it is shown), ascending.
    points: Vec<(f64, f64)>,
}

impl Line<'_> {
    /// Its figure at a swept value, on a straight line of logarithms.
    fn at(&self, value: f64) -> Option<f64> {
        let after = self.points.iter().position(|(at, _)| *at >= value)?;
        let (right, above) = self.points[after];
        if right == value || after == 0 {
            return (right == value).then_some(above);
        }
        let (left, below) = self.points[after - 1];
        let place = |at: f64| if left > 0.0 { at.ln() } else { at };
        let share = (place(value) - place(left)) / (place(right) - place(left));
        Some((below.ln() + share * (above.ln() - below.ln())).exp())
    }
}

/// A crossing as it is drawn.
struct Ring<'c> {
    at: f64,
    height: f64,
    interval: Option<Interval>,
    crossover: &'c Crossover<'c>,
    /// Whether nobody of either side is cheaper there.
    main: bool,
}

fn prepare<'c>(view: &'c View<'c, 'c>, subject: &'static Subject) -> Result<Chart<'c>, &'static str> {
    let here = |crossover: &&Crossover<'_>| crossover.elsewhere.split(';').all(|part| part.is_empty() || view.load_point.split(';').any(|value| value == part));
    let metric = subject.metrics.iter().copied().find(|metric| view.summary.crossovers.iter().any(|crossover| crossover.metric.name == *metric));
    let metric = metric.ok_or("no number, duration or size is swept, or nobody has the figure: it needs a [sweep] with at least two values")?;
    let known: Vec<&Crossover<'_>> = view.summary.crossovers.iter().filter(|crossover| crossover.metric.name == metric).filter(here).collect();
    // The axis with most load points; the first of equals.
    let most = known.iter().map(|crossover| crossover.points.len()).max().unwrap_or(0);
    let over = known.iter().find(|crossover| crossover.points.len() == most).map(|crossover| crossover.over);
    let over = over.ok_or("no number, duration or size is swept at this load point")?;
    let known: Vec<&Crossover<'_>> = known.into_iter().filter(|crossover| crossover.over == over).collect();
    let lines: Vec<Line<'_>> = view.cells.iter().filter_map(|cell| line(cell, &known, subject.factor)).collect();
    if lines.len() < 2 {
        return Err("fewer than two contenders have figures at two load points that can be trusted");
    }
    // Of a side without a line nothing can be said.
    let drawn = |direction: Direction| lines.iter().any(|line| line.cell.direction() == direction);
    let mixed = drawn(Direction::Pull) && drawn(Direction::Push);
    let rings = rings(&known, &lines, mixed);
    let unit = known[0].unit;
    let ends = lines.iter().flat_map(|line| &line.points).fold((f64::INFINITY, f64::NEG_INFINITY), |ends, point| (ends.0.min(point.0), ends.1.max(point.0)));
    let words = Axis { over, unit, ends };
    let missing = view.cells.iter().filter(|cell| cell.direction() != Direction::Control && !lines.iter().any(|line| std::ptr::eq(line.cell, **cell)));
    let missing: Vec<(&str, &str)> = missing.map(|cell| (cell.contender.name.as_str(), "no figures at two load points that can be trusted")).collect();
    let story =
        Story { summary: view.summary, metric, known: &known, lines: &lines, axis: &words, where_: subject.where_, mixed, all_are_drawn: missing.is_empty() };
    let frame = Frame {
        title: story.title(&rings),
        subtitle: format!(
            "{}, over {} (logarithmic axes); dots are load points, rings where {} break even, the band its interval over the repeats",
            subject.what,
            words.name(),
            if mixed { "a poller and a pusher" } else { "two" }
        ),
        over: Some(conditions(&known, &words)),
        footnotes: Footnotes::new(view.summary, &of_all_points(view, &known), &[metric]).not_drawn(missing),
    };
    let curves = Curves { lines, rings, axis: words, metric, subject };
    Ok(Chart { frame, fill: Box::new(move |canvas, room| curves.draw(canvas, room, view)) })
}

fn line<'c>(cell: &'c Cell<'c>, known: &[&Crossover<'_>], factor: f64) -> Option<Line<'c>> {
    let name = cell.contender.name.as_str();
    let mut points: Vec<(f64, f64)> = known
        .iter()
        .flat_map(|crossover| [(crossover.left, 0), (crossover.right, 1)].into_iter().map(move |(name, side)| (crossover, name, side)))
        .filter(|(_, other, _)| *other == name)
        .flat_map(|(crossover, _, side)| crossover.points.iter().map(move |point| (point.at, point.figures[side] * factor)))
        .filter(|(_, figure)| *figure > 0.0)
        .collect();
    points.sort_by(|one, other| one.0.total_cmp(&other.0));
    points.dedup_by(|one, other| one.0 == other.0);
    (points.len() > 1).then_some(Line { cell, points })
}

/// Crossings of a poller and a pusher, or of any two where only one direction competes.
fn rings<'c>(known: &[&'c Crossover<'c>], lines: &[Line<'_>], mixed: bool) -> Vec<Ring<'c>> {
    let ring = |crossover: &&'c Crossover<'c>| {
        let Answer::Crossing { at, interval, .. } = crossover.answer else { return None };
        let height = lines.iter().find(|line| line.cell.contender.name == crossover.left)?.at(at)?;
        let cheaper = lines.iter().filter_map(|line| line.at(at)).any(|other| other < height * 0.999);
        Some(Ring { at, height, interval, crossover, main: !cheaper })
    };
    let mut rings: Vec<Ring<'c>> = known.iter().filter(|crossover| crossover.pull_against_push == mixed).filter_map(ring).collect();
    rings.sort_by(|one, other| one.at.total_cmp(&other.at));
    rings
}

/// All load points of those that are shown: what was left out is not in the picture, but it is the reason for what is not.
fn of_all_points<'v, 'r>(view: &View<'v, 'r>, known: &[&Crossover<'_>]) -> Vec<&'v Cell<'r>> {
    let shown = |cell: &&Cell<'_>| known.iter().any(|crossover| [crossover.left, crossover.right].contains(&cell.contender.name.as_str()));
    view.summary.cells.iter().filter(shown).collect()
}

/// What the foot says instead of one load point.
fn conditions(known: &[&Crossover<'_>], axis: &Axis<'_>) -> Over {
    let elsewhere = known.iter().map(|crossover| crossover.elsewhere.as_str()).max_by_key(|place| place.len()).unwrap_or("");
    let at = if elsewhere.is_empty() { String::new() } else { format!(", at {}", brief(elsewhere)) };
    let words = format!("{} from {} to {}{at}", axis.over, axis.unit.show(axis.ends.0), axis.unit.show(axis.ends.1));
    Over { path: axis.over.to_owned(), words }
}

/// Sizes in steps of four or more from a power of four to one.
fn byte_ticks(values: &[f64]) -> Marked {
    let (least, most) = values.iter().fold((f64::INFINITY, 1.0_f64), |ends, value| (ends.0.min(*value), ends.1.max(*value)));
    let power = |value: f64| value.max(1.0).log2() / 2.0;
    let from = power(least.min(most)).floor() as i32;
    let to = (power(most).floor() as i32).max(from + 1);
    let every = ((to - from) as usize).div_ceil(8).max(1);
    let ticks = (from..=to).step_by(every).map(|step| 4_f64.powi(step)).map(|size| (size, show_bytes(size)));
    // A little above the largest, instead of at the next power.
    (Scale::Log(4_f64.powi(from), 4_f64.powi(to).max(most * 1.1)), ticks.collect())
}

fn time_ticks(values: &[f64]) -> Marked {
    let scale = Scale::times(values.iter().copied());
    (scale, scale.time_ticks().into_iter().map(|(time, name)| (time, name.to_owned())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_marked_in_powers_of_four() {
        let (scale, ticks) = byte_ticks(&[1_000.0, 70_000.0]);
        assert_eq!(scale, Scale::Log(256.0, 70_000.0 * 1.1));
        assert_eq!(ticks.iter().map(|(_, name)| name.as_str()).collect::<Vec<_>>(), ["256 B", "1 KiB", "4 KiB", "16 KiB", "64 KiB"]);
        assert!(byte_ticks(&[1.0, 1e15]).1.len() <= 9 && byte_ticks(&[]).1.len() > 1);
    }
}
