//! Break-even: a figure of cost over a swept value, a line for each contender, and where the cheapest of polling and of push cross.
//!
//! Lines are straight between load points on logarithmic axes, as the crossings are; the band is the interval of a crossing over the repeats.

use super::axis::Scale;
use super::canvas::{Align, Canvas, Hand};
use super::finding::{Figure, Order, family, firm, short};
use super::frame::{Frame, Over, Room};
use super::labels::{self, Label};
use super::marks::{Footnotes, Mark};
use super::picture::Chart;
use super::swept::{Axis, brief};
use super::text::{self, Weight};
use super::view::View;
use crate::measure::recording::Direction;
use crate::summary::crossover::{Answer, Crossover, Interval, Point};
use crate::summary::{Cell, Summary};
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

/// Two places on the axis that are no further apart than by this factor are one, but for rounding.
const NEAR: f64 = 1.001;

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

/// What the title tells from.
struct Story<'s, 'c> {
    summary: &'s Summary<'c>,
    metric: &'static str,
    known: &'s [&'c Crossover<'c>],
    lines: &'s [Line<'c>],
    axis: &'s Axis<'c>,
    where_: &'static str,
    /// Whether polling meets push; else all are of one side, and compete with each other.
    mixed: bool,
    /// Whether everybody who competes has a line.
    all_are_drawn: bool,
}

/// Who is cheapest on a stretch of the swept value, beyond the noise.
#[derive(Clone, Debug, PartialEq)]
struct Cheapest {
    /// Its name, where one alone is.
    name: Option<String>,
    /// What a change is a change of: `polling` or `push`, or among those of one side the name.
    party: String,
}

impl Cheapest {
    /// In the middle of a sentence.
    fn called(&self) -> String {
        short(self.name.as_ref().unwrap_or(&self.party))
    }
}

impl Story<'_, '_> {
    fn title(&self, rings: &[Ring<'_>]) -> String {
        let (where_, range) = (self.where_, self.axis.range());
        let changes = self.changes(rings);
        let Some((first, _)) = changes.split_first() else { return self.without_a_change(!rings.is_empty()) };
        let ends = self.axis.ends;
        let edges: Vec<f64> = std::iter::once(ends.0).chain(changes.iter().map(|ring| ring.at)).chain([ends.1]).collect();
        let stretches: Option<Vec<Cheapest>> = edges.windows(2).map(|stretch| self.cheapest((stretch[0], stretch[1]))).collect();
        let stretches = stretches.filter(|stretches| stretches.windows(2).all(|pair| pair[0].party != pair[1].party));
        match (stretches, changes.len()) {
            (Some(stretches), 1) => {
                format!("Up to {}, {} is cheapest {where_}; beyond that, {}", self.axis.value(first.at), stretches[0].called(), stretches[1].called())
            }
            (Some(stretches), count) => {
                let what = if self.mixed { "Whether polling or push" } else { "Who" };
                let times = if count == 2 { "twice".to_owned() } else { format!("{count} times") };
                let told =
                    stretches.iter().zip(&changes).map(|(cheapest, ring)| format!("{} up to {}", short(&cheapest.party), firm(self.axis.unit.show(ring.at))));
                let told = told.collect::<Vec<_>>().join(", ");
                format!("{what} is cheapest {where_} changes {times} {range}: {told}, then {}", short(&stretches[count].party))
            }
            (None, 1) => {
                let at = self.axis.value(first.at);
                let (left, right) = (short(first.crossover.left), short(first.crossover.right));
                format!("{left} and {right} break even {where_} at {at}; who is cheapest elsewhere cannot be told")
            }
            (None, _) => {
                let whom = if self.mixed { "Polling and push" } else { "The cheapest" };
                let places: Vec<String> = changes.iter().map(|ring| firm(self.axis.unit.show(ring.at))).collect();
                format!("{whom} break even {where_} at {}, {range}; who is cheapest between cannot be told", listed(&places))
            }
        }
    }

    /// The crossings at which the cheapest change: of two that say the same, as those of twins do, the first.
    fn changes<'r, 'k>(&self, rings: &'r [Ring<'k>]) -> Vec<&'r Ring<'k>> {
        let mut changes: Vec<&Ring<'_>> = Vec::new();
        let mut now: Option<String> = None;
        for ring in rings.iter().filter(|ring| ring.main) {
            let Some((below, above)) = ring.crossover.lower() else { continue };
            if now.as_ref().is_none_or(|now| *now == self.party(below)) {
                now = Some(self.party(above));
                changes.push(ring);
            }
        }
        changes
    }

    fn direction(&self, name: &str) -> Direction {
        self.lines.iter().find(|line| line.cell.contender.name == name).map_or(Direction::Control, |line| line.cell.direction())
    }

    fn party(&self, name: &str) -> String {
        family(self.direction(name)).filter(|_| self.mixed).unwrap_or(name).to_owned()
    }

    /// Who is cheapest at every load point of a stretch and in its middle, and clearly so; `None` where that is not one party.
    fn cheapest(&self, (from, to): (f64, f64)) -> Option<Cheapest> {
        let ends = self.axis.ends;
        let middle = if from > 0.0 { (from * to).sqrt() } else { f64::midpoint(from, to) };
        // At a crossing two are equal, and a load point may lie on one.
        let inside = |at: &f64| (*at > from * NEAR || *at == ends.0) && (*at * NEAR < to || *at == ends.1) && (from..=to).contains(at);
        let places = self.lines.iter().flat_map(|line| line.points.iter().map(|point| point.0)).filter(inside).chain([middle]);
        let mut names: Vec<&str> = Vec::new();
        for at in places {
            let figures = self.lines.iter().filter_map(|line| Some((line.cell.contender.name.as_str(), line.at(at)?)));
            let (name, _) = figures.min_by(|one, other| one.1.total_cmp(&other.1))?;
            if !names.contains(&name) {
                names.push(name);
            }
        }
        let (first, others) = names.split_first()?;
        let party = self.party(first);
        if others.iter().any(|name| self.party(name) != party) {
            return None;
        }
        let is_own = |name: &str| self.party(name) == party;
        let own: Vec<&str> = self.names().filter(|name| is_own(name)).collect();
        // Each of the others is beaten by somebody of the party.
        let clear = self.names().filter(|name| !is_own(name)).all(|other| own.iter().any(|name| self.leads(name, other, (from, to))));
        let alone = others.is_empty() && own.iter().filter(|name| *name != first).all(|other| self.leads(first, other, (from, to)));
        clear.then(|| Cheapest { name: alone.then(|| (*first).to_owned()), party })
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().map(|line| line.cell.contender.name.as_str())
    }

    /// Whether one is cheaper than another all over a stretch: as their crossing or the want of one says, or, where they have neither, at each
    /// load point of it.
    fn leads(&self, name: &str, other: &str, (from, to): (f64, f64)) -> bool {
        let of_both = |crossover: &&&Crossover<'_>| [crossover.left, crossover.right].iter().all(|side| [name, other].contains(side));
        let Some(crossover) = self.known.iter().find(of_both) else { return false };
        let figure = |name: &str, load_point: &str| {
            let cell = self.summary.cells.iter().find(|cell| cell.contender.name == name && cell.load_point == load_point)?;
            Figure::of_metric(cell, self.metric)
        };
        let clear = |point: &Point<'_>| {
            let [left, right] = point.load_points;
            let (own, others) = if crossover.left == name { (left, right) } else { (right, left) };
            figure(name, own).zip(figure(other, others)).is_some_and(|(own, other)| own.against(&other) == Order::Less)
        };
        match (&crossover.answer, crossover.lower()) {
            (Answer::NoCrossing { .. }, Some((lower, _))) => lower == name,
            (Answer::Crossing { at, .. }, Some((below, above))) => (below == name && to <= at * NEAR) || (above == name && from * NEAR >= *at),
            _ => {
                let mut inside = crossover.points.iter().filter(|point| (from..=to).contains(&point.at)).peekable();
                inside.peek().is_some() && inside.all(clear)
            }
        }
    }

    /// Where the cheapest do not change, as far as can be told; `others_cross`: some who are not the cheapest do.
    fn without_a_change(&self, others_cross: bool) -> String {
        let (where_, range) = (self.where_, self.axis.range());
        match self.cheapest(self.axis.ends) {
            Some(cheapest) => {
                let others: Vec<&str> = self.names().filter(|name| self.party(name) != cheapest.party).collect();
                let is_push = cheapest.party == "push";
                let side = if is_push { "Push" } else { "Polling" };
                let subject = cheapest.name.as_ref().map_or_else(|| side.to_owned(), |name| short(name));
                let all = match others.as_slice() {
                    [other] => short(other),
                    _ if !self.mixed => "all others".to_owned(),
                    _ if is_push => "all polling".to_owned(),
                    _ => "all push".to_owned(),
                };
                let shown = if self.all_are_drawn || others.len() == 1 { "" } else { " that is shown" };
                let none = if others_cross { "" } else { ": no break-even" };
                format!("{subject} is cheaper {where_} than {all}{shown}, {range}{none}")
            }
            None if self.mixed => format!("Whether polling and push break even {where_} cannot be told, {range}"),
            None => format!("Whether the cheapest {where_} change cannot be told, {range}"),
        }
    }
}

/// `a`, `a and b`, `a, b and c`.
fn listed(items: &[String]) -> String {
    match items.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => items.concat(),
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
