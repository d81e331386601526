//! Break-even: a figure of cost over a swept value, a line for each contender, and where the cheapest of polling and of push cross.
//!
//! Lines are straight between load points on logarithmic axes, as the crossings are; the band is the interval of a crossing over the repeats.

use super::axis::Scale;
use super::canvas::{Align, Canvas, Hand};
use super::finding::{firm, short};
use super::frame::{Frame, Over, Room};
use super::labels::{self, Label};
use super::picture::Chart;
use super::text::{self, Weight};
use super::view::View;
use crate::measure::recording::Direction;
use crate::summary::crossover::{Answer, Crossover, Interval};
use crate::summary::{Cell, Doubt, Grade};
use crate::units::{show_bytes, show_seconds};

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
struct Mark<'c> {
    at: f64,
    height: f64,
    interval: Option<Interval>,
    crossover: &'c Crossover<'c>,
    /// Whether nobody of either side is cheaper there.
    main: bool,
}

fn prepare<'c>(view: &'c View<'c, 'c>, subject: &'static Subject) -> Result<Chart<'c>, &'static str> {
    let here = |crossover: &&Crossover<'_>| crossover.elsewhere.split(';').all(|part| part.is_empty() || view.load_point.split(';').any(|value| value == part));
    let metric = subject.metrics.iter().find(|metric| view.summary.crossovers.iter().any(|crossover| crossover.metric.name == **metric));
    let metric = metric.ok_or("no number is swept, or nobody has the figure")?;
    let known: Vec<&Crossover<'_>> = view.summary.crossovers.iter().filter(|crossover| crossover.metric.name == *metric).filter(here).collect();
    // The axis with most load points; the first of equals.
    let most = known.iter().map(|crossover| crossover.points.len()).max().unwrap_or(0);
    let over = known.iter().find(|crossover| crossover.points.len() == most).map(|crossover| crossover.over).ok_or("no number is swept")?;
    let known: Vec<&Crossover<'_>> = known.into_iter().filter(|crossover| crossover.over == over).collect();
    let lines: Vec<Line<'_>> = view.cells.iter().filter_map(|cell| line(cell, &known, subject.factor)).collect();
    if lines.len() < 2 {
        return Err("fewer than two contenders have figures at two load points");
    }
    let marks = marks(&known, &lines);
    let unit = known[0].unit;
    let ends = lines.iter().flat_map(|line| &line.points).fold((f64::INFINITY, f64::NEG_INFINITY), |ends, point| (ends.0.min(point.0), ends.1.max(point.0)));
    let words = Axis { over, unit, ends };
    let frame = Frame {
        title: title(&known, &lines, &marks, &words, subject),
        subtitle: format!(
            "{}, over {} (logarithmic axes); dots are load points, rings where a poller and a pusher break even, the band its interval over the repeats",
            subject.what,
            words.name()
        ),
        over: Some(conditions(view, &known, &words)),
    };
    Ok(Chart { frame, fill: Box::new(move |canvas, room| fill(canvas, room, view, &lines, &marks, &words, subject)) })
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
fn marks<'c>(known: &[&'c Crossover<'c>], lines: &[Line<'_>]) -> Vec<Mark<'c>> {
    let mixed = known.iter().any(|crossover| crossover.pull_against_push);
    let mark = |crossover: &&'c Crossover<'c>| {
        let Answer::Crossing { at, interval, .. } = crossover.answer else { return None };
        let height = lines.iter().find(|line| line.cell.contender.name == crossover.left)?.at(at)?;
        let cheaper = lines.iter().filter_map(|line| line.at(at)).any(|other| other < height * 0.999);
        Some(Mark { at, height, interval, crossover, main: !cheaper })
    };
    let mut marks: Vec<Mark<'c>> = known.iter().filter(|crossover| crossover.pull_against_push == mixed).filter_map(mark).collect();
    marks.sort_by(|one, other| one.at.total_cmp(&other.at));
    marks
}

/// The swept value in words.
struct Axis<'c> {
    over: &'c str,
    unit: crate::summary::crossover::Unit,
    ends: (f64, f64),
}

impl Axis<'_> {
    fn name(&self) -> String {
        match self.over {
            "subscribers.count" => "the number of subscribers".to_owned(),
            "workload.topics" => "the number of topics".to_owned(),
            "workload.active_topics" => "the number of active topics".to_owned(),
            "workload.updates_per_active_topic" => "the updates of an active topic".to_owned(),
            "workload.payload" => "the payload".to_owned(),
            other => text::clean(other),
        }
    }

    /// `12 subscribers`.
    fn value(&self, value: f64) -> String {
        let shown = firm(self.unit.show(value));
        match self.over {
            "subscribers.count" => format!("{shown}\u{a0}subscribers"),
            "workload.topics" => format!("{shown}\u{a0}topics"),
            "workload.active_topics" => format!("{shown} active topics"),
            "workload.updates_per_active_topic" => format!("{shown} updates of an active topic"),
            "workload.payload" => format!("a payload of {shown}"),
            other => match other.rsplit_once('.') {
                Some((_, setting)) => format!("{} = {shown}", text::clean(setting)),
                None => shown,
            },
        }
    }
}

fn title(known: &[&Crossover<'_>], lines: &[Line<'_>], marks: &[Mark<'_>], axis: &Axis<'_>, subject: &Subject) -> String {
    let where_ = subject.where_;
    let range = format!("from {} to {}", firm(axis.unit.show(axis.ends.0)), axis.value(axis.ends.1));
    let main: Vec<&Mark<'_>> = marks.iter().filter(|mark| mark.main).collect();
    if let [mark] = main.as_slice()
        && let Some((below, above)) = mark.crossover.lower()
    {
        return format!("Up to {} {} is cheapest {where_}, beyond that {}", axis.value(mark.at), short(below), short(above));
    }
    if main.len() > 1 {
        let places: Vec<String> = main.iter().map(|mark| firm(axis.unit.show(mark.at))).collect();
        return format!("Who is cheapest {where_} changes {} times {range}: at {}", main.len(), places.join(", "));
    }
    let cheapest = |value: f64| {
        let figures = lines.iter().filter_map(|line| Some((line, line.at(value)?)));
        figures.min_by(|one, other| one.1.total_cmp(&other.1)).map(|(line, _)| line.cell)
    };
    let (Some(first), Some(last)) = (cheapest(axis.ends.0), cheapest(axis.ends.1)) else { return format!("No figures at the ends {range}") };
    let mixed = known.iter().any(|crossover| crossover.pull_against_push);
    // Those that it is compared with: of the other direction, or all where there is none.
    let of = |cell: &Cell<'_>| {
        let name = cell.contender.name.clone();
        known.iter().filter(move |crossover| crossover.pull_against_push == mixed && (crossover.left == name || crossover.right == name))
    };
    let leads = |cell: &Cell<'_>| of(cell).all(|crossover| crossover.lower() == Some((cell.contender.name.as_str(), cell.contender.name.as_str())));
    let others = if !mixed {
        "all others"
    } else if first.direction() == Direction::Push {
        "all polling"
    } else {
        "all push"
    };
    if first.contender.name == last.contender.name && leads(first) {
        format!("{} is cheaper {where_} than {others}, {range}: no break-even", short(&first.contender.name))
    } else if first.direction() == last.direction() && mixed && leads(first) && leads(last) {
        let family = if first.direction() == Direction::Push { "Push" } else { "Polling" };
        format!("{family} is cheaper {where_} than {others}, {range}: no break-even")
    } else {
        format!("No break-even {where_} that is beyond the noise, {range}")
    }
}

/// What the foot says instead of one load point.
fn conditions(view: &View<'_, '_>, known: &[&Crossover<'_>], axis: &Axis<'_>) -> Over {
    let metric = known[0].metric.name;
    let points: Vec<[&str; 2]> = known.iter().flat_map(|crossover| crossover.points.iter().map(|point| point.load_points)).collect();
    let names: Vec<&str> = known.iter().flat_map(|crossover| [crossover.left, crossover.right]).collect();
    let concerns = |doubt: &&&Doubt| doubt.touches(metric) && names.iter().any(|name| doubt.contender.as_deref().is_none_or(|whom| whom == *name));
    // What was left out is not in the picture, but it is the reason for what is not.
    let all = || view.summary.doubts.iter().collect::<Vec<_>>();
    let untrusted = all().iter().filter(|doubt| doubt.grade == Grade::Untrusted).filter(concerns).map(|doubt| doubt.text.clone()).collect();
    let used = |doubt: &&&Doubt| doubt.load_point.as_deref().is_none_or(|place| points.iter().flatten().any(|point| *point == place));
    let notes = all().iter().filter(|doubt| doubt.grade == Grade::Note).filter(concerns).filter(used).count();
    let elsewhere = known.iter().map(|crossover| crossover.elsewhere.as_str()).max_by_key(|place| place.len()).unwrap_or("");
    let at = if elsewhere.is_empty() { String::new() } else { format!(", at {}", elsewhere.replace(';', ", ")) };
    let words = format!("{} from {} to {}{at}", axis.over, axis.unit.show(axis.ends.0), axis.unit.show(axis.ends.1));
    Over { path: axis.over.to_owned(), words, untrusted, notes }
}

fn fill(canvas: &mut Canvas<'_>, room: Room, view: &View<'_, '_>, lines: &[Line<'_>], marks: &[Mark<'_>], axis: &Axis<'_>, subject: &Subject) {
    let palette = canvas.palette();
    let details: Vec<String> = lines.iter().map(|line| line.points.last().map_or_else(String::new, |point| (subject.show)(point.1))).collect();
    let names: Vec<(&str, &str)> = lines.iter().zip(&details).map(|(line, detail)| (line.cell.contender.name.as_str(), detail.as_str())).collect();
    let (top, bottom) = (room.top + 34.0, room.bottom - 62.0);
    let setting = labels::set(&names, bottom - top + 40.0, 350.0, 26.0);
    let figures: Vec<f64> = lines.iter().flat_map(|line| &line.points).map(|point| point.1).collect();
    let (up, ticks) = (subject.ticks)(&figures);
    let tick_room = ticks.iter().map(|(_, name)| text::width(name, 20.0, Weight::Regular)).fold(60.0, f64::max);
    let plot = Room { left: room.left + tick_room + 20.0, top, right: room.right - setting.width - labels::GAP, bottom };
    let (first, last) = axis.ends;
    let across = if first > 0.0 { Scale::Log(first, last) } else { Scale::Linear(last, last) };
    // A little in from the edges, so that no dot sits on one.
    let (from, to) = (plot.left + 18.0, plot.right - 18.0);
    let x = |value: f64| from + (to - from) * across.place(value);
    let y = |figure: f64| plot.bottom - (plot.bottom - plot.top) * up.place(figure);
    let soft = |align| Hand { size: 20.0, weight: Weight::Regular, colour: palette.soft, align };
    for (figure, name) in &ticks {
        canvas.line((plot.left, y(*figure)), (plot.right, y(*figure)), 1.25, palette.grid);
        canvas.text(plot.left - 16.0, y(*figure) + 7.0, name, soft(Align::Right));
    }
    values(canvas, plot, lines, axis, x);
    canvas.text(plot.right, plot.bottom + 60.0, &format!("{} →", axis.name()), soft(Align::Right));
    for mark in marks.iter().filter(|mark| mark.main) {
        if let Some(interval) = mark.interval {
            let (low, high) = (x(interval.low.max(first)), x(interval.high.min(last)));
            let (low, high) = if high - low < 4.0 { (x(mark.at) - 2.0, x(mark.at) + 2.0) } else { (low, high) };
            canvas.polygon(&[(low, plot.top), (high, plot.top), (high, plot.bottom), (low, plot.bottom)], palette.ink, 0.1);
        }
        canvas.path(&[(x(mark.at), plot.top), (x(mark.at), plot.bottom)], 1.25, palette.soft, &[5.0, 5.0]);
    }
    let mut ends = Vec::new();
    for index in view.drawing_order(lines.iter().map(|line| line.cell)) {
        let look = view.look(canvas.theme, lines[index].cell);
        let points: Vec<(f64, f64)> = lines[index].points.iter().map(|point| (x(point.0), y(point.1))).collect();
        canvas.path(&points, look.width, look.colour, look.dash);
        for point in &points {
            canvas.circle(*point, look.width + 2.0, look.colour, 1.0);
        }
    }
    for (line, detail) in lines.iter().zip(details) {
        let look = view.look(canvas.theme, line.cell);
        let end = line.points.last().map_or((plot.right, plot.bottom), |point| (x(point.0), y(point.1)));
        ends.push(Label { end, name: line.cell.contender.name.clone(), detail, colour: look.colour });
    }
    for mark in marks {
        let (radius, centre) = (if mark.main { 11.0 } else { 7.0 }, (x(mark.at), y(mark.height)));
        canvas.circle(centre, radius, palette.ink, 1.0);
        canvas.circle(centre, radius - 3.5, palette.ground, 1.0);
    }
    captions(canvas, plot, marks, axis, x);
    labels::draw(canvas, &ends, &setting, plot.right, plot.top - 20.0, plot.bottom + 20.0);
}

/// The swept values below the plot, as far as there is room; a small mark for each.
fn values(canvas: &mut Canvas<'_>, plot: Room, lines: &[Line<'_>], axis: &Axis<'_>, x: impl Fn(f64) -> f64) {
    let palette = canvas.palette();
    let mut swept: Vec<f64> = lines.iter().flat_map(|line| &line.points).map(|point| point.0).collect();
    swept.sort_by(f64::total_cmp);
    swept.dedup();
    let mut free = f64::NEG_INFINITY;
    for value in swept {
        canvas.line((x(value), plot.bottom), (x(value), plot.bottom + 6.0), 1.25, palette.grid);
        let name = axis.unit.show(value);
        let half = text::width(&name, 20.0, Weight::Regular) / 2.0;
        if x(value) - half >= free {
            canvas.text(x(value), plot.bottom + 30.0, &name, Hand { size: 20.0, weight: Weight::Regular, colour: palette.soft, align: Align::Middle });
            free = x(value) + half + 14.0;
        }
    }
}

/// Above the plot: where the main crossings are, and how well that is known.
fn captions(canvas: &mut Canvas<'_>, plot: Room, marks: &[Mark<'_>], axis: &Axis<'_>, x: impl Fn(f64) -> f64) {
    let palette = canvas.palette();
    let mut free = plot.left;
    for mark in marks.iter().filter(|mark| mark.main) {
        let show = |value: f64| if value.is_finite() { axis.unit.show(value) } else { "beyond".to_owned() };
        let known = mark.interval.map_or_else(
            || "one repeat".to_owned(),
            |interval| format!("{:.0} %: {} to {}", interval.confidence * 100.0, show(interval.low), show(interval.high)),
        );
        let (bold, small) = (axis.unit.show(mark.at), format!("({known})"));
        let (bold_width, small_width) = (text::width(&bold, 22.0, Weight::SemiBold), text::width(&small, 18.0, Weight::Regular));
        let wide = bold_width + 8.0 + small_width;
        let left = (x(mark.at) - bold_width / 2.0).clamp(plot.left, (plot.right - wide).max(plot.left));
        if left < free {
            continue;
        }
        canvas.text(left, plot.top - 12.0, &bold, Hand { size: 22.0, weight: Weight::SemiBold, colour: palette.ink, align: Align::Left });
        canvas.text(left + bold_width + 8.0, plot.top - 12.0, &small, Hand { size: 18.0, weight: Weight::Regular, colour: palette.soft, align: Align::Left });
        free = left + wide + 20.0;
    }
}

/// Sizes in steps of four or more from a power of four to one.
fn byte_ticks(values: &[f64]) -> Marked {
    let (least, most) = values.iter().fold((f64::INFINITY, 1.0_f64), |ends, value| (ends.0.min(*value), ends.1.max(*value)));
    let power = |value: f64| value.max(1.0).log2() / 2.0;
    let from = power(least.min(most)).floor() as i32;
    let to = (power(most).ceil() as i32).max(from + 1);
    let every = ((to - from) as usize).div_ceil(8).max(1);
    let ticks = (from..=to).step_by(every).map(|step| 4_f64.powi(step)).map(|size| (size, show_bytes(size)));
    (Scale::Log(4_f64.powi(from), 4_f64.powi(to)), ticks.collect())
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
        assert_eq!(scale, Scale::Log(256.0, 262_144.0));
        assert_eq!(ticks.iter().map(|(_, name)| name.as_str()).collect::<Vec<_>>(), ["256 B", "1 KiB", "4 KiB", "16 KiB", "64 KiB", "256 KiB"]);
        assert!(byte_ticks(&[1.0, 1e15]).1.len() <= 9 && byte_ticks(&[]).1.len() > 1);
    }
}
