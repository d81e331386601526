//! Break-even: a figure of cost over a swept value, a line for each contender, and where the cheapest of polling and of push cross.
//!
//! Lines are straight between load points on logarithmic axes, as the crossings are; the band is the interval of a crossing over the repeats.

use super::axis::Scale;
use super::canvas::{Align, Canvas, Hand};
use super::finding::{family, firm, short};
use super::frame::{Frame, Over, Room};
use super::labels::{self, Label};
use super::marks::{Footnotes, Mark};
use super::picture::Chart;
use super::swept::{Axis, brief};
use super::text::{self, Weight};
use super::view::View;
use crate::measure::recording::Direction;
use crate::summary::Cell;
use crate::summary::crossover::{Answer, Crossover, Interval};
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
    let rings = rings(&known, &lines);
    let unit = known[0].unit;
    let ends = lines.iter().flat_map(|line| &line.points).fold((f64::INFINITY, f64::NEG_INFINITY), |ends, point| (ends.0.min(point.0), ends.1.max(point.0)));
    let words = Axis { over, unit, ends };
    let frame = Frame {
        title: title(&known, &lines, &rings, &words, subject),
        subtitle: format!(
            "{}, over {} (logarithmic axes); dots are load points, rings where a poller and a pusher break even, the band its interval over the repeats",
            subject.what,
            words.name()
        ),
        over: Some(conditions(&known, &words)),
        footnotes: Footnotes::new(view.summary, &of_all_points(view, &known), &[metric]),
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
fn rings<'c>(known: &[&'c Crossover<'c>], lines: &[Line<'_>]) -> Vec<Ring<'c>> {
    let mixed = known.iter().any(|crossover| crossover.pull_against_push);
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

fn title(known: &[&Crossover<'_>], lines: &[Line<'_>], rings: &[Ring<'_>], axis: &Axis<'_>, subject: &Subject) -> String {
    let (where_, range) = (subject.where_, axis.range());
    let main: Vec<&Ring<'_>> = rings.iter().filter(|ring| ring.main).collect();
    if main.len() > 1 {
        let places: Vec<String> = main.iter().map(|ring| firm(axis.unit.show(ring.at))).collect();
        return format!("Who is cheapest {where_} changes {} times {range}: at {}", main.len(), places.join(", "));
    }
    let cheapest = |value: f64| {
        let figures = lines.iter().filter_map(|line| Some((line, line.at(value)?)));
        figures.min_by(|one, other| one.1.total_cmp(&other.1)).map(|(line, _)| line.cell)
    };
    let (Some(first), Some(last)) = (cheapest(axis.ends.0), cheapest(axis.ends.1)) else { return format!("No figures at the ends {range}") };
    if let [ring] = main.as_slice()
        && let Some((below, above)) = ring.crossover.lower()
    {
        let at = axis.value(ring.at);
        let direction = |name: &str| lines.iter().find(|line| line.cell.contender.name == name).map(|line| line.cell.direction());
        if first.contender.name == below && last.contender.name == above {
            return format!("Up to {at} {} is cheapest {where_}; beyond that, {}", short(below), short(above));
        }
        // At the ends others of their side are cheaper still.
        if ring.crossover.pull_against_push
            && direction(below) == Some(first.direction())
            && direction(above) == Some(last.direction())
            && let (Some(first), Some(last)) = (family(first.direction()), family(last.direction()))
        {
            return format!("Up to {at} {first} is cheapest {where_}; beyond that, {last}");
        }
        return format!("{} and {} break even {where_} at {at}; who is cheapest elsewhere is within the noise", short(below), short(above));
    }
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

/// All that is drawn.
struct Curves<'c> {
    lines: Vec<Line<'c>>,
    rings: Vec<Ring<'c>>,
    axis: Axis<'c>,
    metric: &'static str,
    subject: &'static Subject,
}

impl Curves<'_> {
    fn draw(&self, canvas: &mut Canvas<'_>, room: Room, view: &View<'_, '_>) {
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
        canvas.text(plot.right, plot.bottom + 60.0, &format!("{} →", axis.name()), soft(Align::Right));
        for ring in self.rings.iter().filter(|ring| ring.main) {
            if let Some(interval) = ring.interval {
                let (low, high) = (x(interval.low.max(axis.ends.0)), x(interval.high.min(axis.ends.1)));
                let (low, high) = if high - low < 4.0 { (x(ring.at) - 2.0, x(ring.at) + 2.0) } else { (low, high) };
                canvas.polygon(&[(low, plot.top), (high, plot.top), (high, plot.bottom), (low, plot.bottom)], palette.ink, 0.1);
            }
            canvas.path(&[(x(ring.at), plot.top), (x(ring.at), plot.bottom)], 1.25, palette.soft, &[5.0, 5.0]);
        }
        for index in view.drawing_order(lines.iter().map(|line| line.cell)) {
            let look = view.look(canvas.theme, lines[index].cell);
            let points: Vec<(f64, f64)> = lines[index].points.iter().map(|point| (x(point.0), y(point.1))).collect();
            canvas.path(&points, look.width, look.colour, look.dash);
            for point in &points {
                canvas.circle(*point, look.width + 2.0, look.colour, 1.0);
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
