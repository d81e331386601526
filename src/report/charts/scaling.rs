//! What becomes of latency and of the server's CPU when there are more subscribers; the knee of each contender is a ring on its line.
//!
//! Both axes are logarithmic: what grows with the load is a line that rises by one decade in each.

use super::axis::Scale;
use super::canvas::{Align, Canvas, Hand};
use super::finding::{Figure, Order, family, firm, short};
use super::frame::{Frame, Over, Room};
use super::labels::{self, Label};
use super::layers::{self, Course};
use super::marks::{Footnotes, Mark};
use super::picture::Chart;
use super::resources::server_cpu;
use super::swept::{Axis, brief};
use super::text::{self, Weight};
use super::theme::Look;
use super::view::View;
use crate::measure::recording::Direction;
use crate::summary::Cell;
use crate::summary::crossover::Unit;
use crate::summary::knee::{self, Knee, METRIC};
use crate::units::{show_seconds, significant};

/// The swept value that this is about.
const OVER: &str = "subscribers.count";
/// What doubts are looked for on.
const METRICS: &[&str] = &[METRIC, "cpu.server.per_1000_updates"];
/// Up to so many contenders, figures stand beside the names.
const FEW: usize = 6;
const WITHOUT: &str = "the number of subscribers is not swept: it needs [sweep] \"subscribers.count\" with at least two values, and three for a knee";

/// A contender over the number of subscribers.
struct Line<'c> {
    /// At each load, ascending.
    cells: Vec<&'c Cell<'c>>,
    knee: Knee,
    /// The gravest doubt at any load.
    mark: Mark,
}

impl<'c> Line<'c> {
    fn new(view: &'c View<'c, 'c>, contender: &str) -> Option<Self> {
        let over = |part: &str| part.split_once('=').is_some_and(|(path, _)| path == OVER);
        let here = |part: &str| over(part) || view.load_point.split(';').any(|other| other == part);
        let swept = |cell: &&Cell<'_>| cell.contender.name == contender && cell.load_point.split(';').any(over) && cell.load_point.split(';').all(here);
        let mut cells: Vec<&Cell<'_>> = view.summary.cells.iter().filter(swept).filter(|cell| cell.value(METRIC).is_some()).collect();
        cells.sort_by_key(|cell| cell.workload.subscribers);
        if cells.len() < 2 {
            return None;
        }
        let points: Vec<knee::Point> = cells.iter().filter_map(|cell| knee::Point::of(view.summary, cell, load(cell))).collect();
        let mark = cells.iter().map(|cell| view.mark(cell, METRICS)).max().unwrap_or_default();
        Some(Self { knee: knee::find(&points), cells, mark })
    }

    fn name(&self) -> &'c str {
        self.cells.first().map_or("", |cell| cell.contender.name.as_str())
    }

    fn direction(&self) -> Direction {
        self.cells.first().map_or(Direction::Control, |cell| cell.direction())
    }

    /// The cell at a load.
    fn at(&self, wanted: f64) -> Option<&'c Cell<'c>> {
        self.cells.iter().copied().find(|cell| load(cell) == wanted)
    }

    /// Its own largest load, which need not be that of others.
    fn largest(&self) -> f64 {
        self.cells.last().map_or(0.0, |cell| load(cell))
    }
}

fn load(cell: &Cell<'_>) -> f64 {
    cell.workload.subscribers as f64
}

pub(super) fn prepare<'c>(view: &'c View<'c, 'c>) -> Result<Chart<'c>, &'static str> {
    let lines: Vec<Line<'_>> = view.cells.iter().filter_map(|cell| Line::new(view, &cell.contender.name)).collect();
    let loads = || lines.iter().flat_map(|line| &line.cells).map(|cell| load(cell));
    let axis = Axis { over: OVER, unit: Unit::Number, ends: (loads().fold(f64::INFINITY, f64::min), loads().fold(0.0, f64::max)) };
    let all: Vec<&Cell<'_>> = lines.iter().flat_map(|line| line.cells.iter().copied()).collect();
    let elsewhere: Vec<&str> = view.load_point.split(';').filter(|part| !part.is_empty() && !part.starts_with(&format!("{OVER}="))).collect();
    let at = if elsewhere.is_empty() { String::new() } else { format!(", at {}", brief(&elsewhere.join(";"))) };
    let missing = view.cells.iter().filter(|cell| !lines.iter().any(|line| line.name() == cell.contender.name));
    let footnotes =
        Footnotes::new(view.summary, &all, METRICS).not_drawn(missing.map(|cell| (cell.contender.name.as_str(), "fewer than two loads with deliveries")));
    let frame = Frame {
        title: title(view, &lines, &axis).ok_or(WITHOUT)?,
        subtitle: "p99 of delivery latency (measured time), and CPU of the server, over the number of subscribers (log axes); a ring is the knee: \
                   beyond it, more subscribers cost more waiting than they bring deliveries"
            .to_owned(),
        over: Some(Over { path: OVER.to_owned(), words: format!("{OVER} from {} to {}{at}", axis.unit.show(axis.ends.0), axis.unit.show(axis.ends.1)) }),
        footnotes,
    };
    Ok(Chart { frame, fill: Box::new(move |canvas, room| fill(canvas, room, view, &lines, &axis)) })
}

/// The knees of the best push and the best polling.
fn title(view: &View<'_, '_>, lines: &[Line<'_>], axis: &Axis<'_>) -> Option<String> {
    let of = |direction: Direction| best(view, &lines.iter().filter(|line| line.direction() == direction).collect::<Vec<_>>());
    let mut sides: Vec<(&Line<'_>, String)> = [Direction::Push, Direction::Pull].into_iter().filter_map(of).collect();
    if sides.is_empty() {
        sides.extend(of(Direction::Control));
    }
    let p99 =
        |line: &Line<'_>, at: f64| line.at(at).and_then(|cell| cell.value(METRIC)).map_or_else(|| "unknown".to_owned(), |seconds| firm(show_seconds(seconds)));
    if sides.iter().any(|(line, _)| line.cells.iter().all(|cell| !view.trusts(METRIC, cell))) {
        let each = sides.iter().map(|(line, name)| format!("{name} p99 {} at {}", p99(line, line.largest()), axis.value(line.largest())));
        return Some(format!("Not to be trusted: {}", each.collect::<Vec<_>>().join("; ")));
    }
    let ((first, _), rest) = sides.split_first()?;
    if let Knee::NotInRange { largest } = first.knee
        && rest.iter().all(|(line, _)| line.knee == first.knee)
    {
        let each = sides.iter().map(|(line, name)| format!("{} with {}", p99(line, largest), name.trim_end_matches(',')));
        return Some(format!("No knee up to {}: p99 is then {}", axis.value(largest), each.collect::<Vec<_>>().join(", ")));
    }
    let whole = |(line, name): &(&Line<'_>, String)| match line.knee {
        Knee::At { load, .. } => format!("{name} has its knee at {}", axis.value(load)),
        Knee::NotInRange { largest } => format!("{name} has no knee up to {}", axis.value(largest)),
        Knee::AtOrBelow { smallest } => format!("{name} is past its knee from {} on", axis.value(smallest)),
        Knee::CannotTell(_) => format!("whether {name} has a knee cannot be told"),
    };
    let mut sentence = sides.iter().map(whole).collect::<Vec<_>>().join("; ");
    if sentence.starts_with("whether ") {
        sentence.replace_range(..1, "W");
    }
    Some(sentence)
}

/// Of the lines of a side, the one with the least latency at the largest load that all of them have, and what it is called: at different loads
/// latencies say nothing about who is fresher. Without such a load, the first.
fn best<'l, 'c>(view: &View<'_, '_>, side: &[&'l Line<'c>]) -> Option<(&'l Line<'c>, String)> {
    let first = *side.first()?;
    let family = family(first.direction()).filter(|_| side.len() > 1);
    let shared = first.cells.iter().rev().map(|cell| load(cell)).find(|at| side.iter().all(|line| line.at(*at).is_some()));
    let (Some(family), Some(shared)) = (family, shared) else { return Some((first, short(first.name()))) };
    let there = |line: &Line<'c>| line.at(shared).and_then(|cell| Some((cell, Figure::of_metric(cell, METRIC)?)));
    let least = |line: &&&Line<'c>| there(line).map_or(f64::INFINITY, |(_, figure)| figure.value);
    let best = *side.iter().min_by(|one, other| least(one).total_cmp(&least(other)))?;
    let (cell, figure) = there(best)?;
    let is_more = |more: &Figure| figure.against(more) == Order::Less && show_seconds(more.value) != show_seconds(figure.value);
    let behind = |line: &&Line<'c>| there(line).is_some_and(|(other, more)| view.trusts(METRIC, other) && is_more(&more));
    let alone = view.trusts(METRIC, cell) && side.iter().filter(|line| line.name() != best.name()).all(behind);
    Some((best, format!("{}, {} freshest {family},", short(best.name()), if alone { "the" } else { "among the" })))
}

/// What the label of a line says of its knee.
fn told(knee: Knee, axis: &Axis<'_>) -> String {
    match knee {
        Knee::At { load, .. } => format!("knee at {}", axis.unit.show(load)),
        Knee::NotInRange { .. } => "no knee".to_owned(),
        Knee::AtOrBelow { smallest } => format!("past its knee at {}", axis.unit.show(smallest)),
        Knee::CannotTell(_) => "knee unknown".to_owned(),
    }
}

/// One of the two plots.
struct Half<'h> {
    heading: &'static str,
    metric: &'static str,
    /// The figure of a cell.
    of: &'h dyn Fn(&Cell<'_>) -> Option<f64>,
    scale: Scale,
    ticks: Vec<(f64, String)>,
    /// Beside each name.
    details: Vec<String>,
}

fn fill(canvas: &mut Canvas<'_>, room: Room, view: &View<'_, '_>, lines: &[Line<'_>], axis: &Axis<'_>) {
    let cells = || lines.iter().flat_map(|line| line.cells.iter().copied());
    let latency = |cell: &Cell<'_>| cell.value(METRIC).filter(|seconds| seconds.is_finite());
    let cpu = |cell: &Cell<'_>| server_cpu(cell).map(|figure| figure.value).filter(|share| *share > 0.0);
    let times = Scale::times(cells().filter_map(latency));
    let shares = Scale::decades(cells().filter_map(cpu));
    let last = |of: &dyn Fn(&Cell<'_>) -> Option<f64>, line: &Line<'_>| line.cells.last().and_then(|cell| of(cell));
    // Many names need the room; the rings tell as well.
    let few = |detail: String| if lines.len() <= FEW { detail } else { String::new() };
    let halves = [
        Half {
            heading: "p99 of delivery latency",
            metric: METRIC,
            of: &latency,
            scale: times,
            ticks: times.time_ticks().into_iter().map(|(seconds, name)| (seconds, name.to_owned())).collect(),
            details: lines.iter().map(|line| few(told(line.knee, axis))).collect(),
        },
        Half {
            heading: "Server: CPU, % of one core",
            metric: METRICS[1],
            of: &cpu,
            scale: shares,
            ticks: shares.ticks().into_iter().map(|share| (share, format!("{} %", significant(share, 3)))).collect(),
            details: lines.iter().map(|line| few(last(&cpu, line).map_or_else(String::new, |share| format!("{} %", significant(share, 2))))).collect(),
        },
    ];
    // Contenders in memory have no CPU of their own.
    let shown = if cells().any(|cell| cpu(cell).is_some()) { 2 } else { 1 };
    let wide = (room.right - room.left + BETWEEN) / shown as f64;
    for (place, half) in halves.iter().take(shown).enumerate() {
        let left = room.left + wide * place as f64;
        half.draw(canvas, Room { left, right: left + wide - BETWEEN, ..room }, view, lines, axis);
    }
}

/// Room between the two plots.
const BETWEEN: f64 = 36.0;

impl Half<'_> {
    fn draw(&self, canvas: &mut Canvas<'_>, room: Room, view: &View<'_, '_>, lines: &[Line<'_>], axis: &Axis<'_>) {
        let palette = canvas.palette();
        let names: Vec<String> = lines.iter().map(|line| line.mark.behind(line.name())).collect();
        let entries: Vec<(&str, &str)> = names.iter().zip(&self.details).map(|(name, detail)| (name.as_str(), detail.as_str())).collect();
        let (top, bottom) = (room.top + 44.0, room.bottom - 62.0);
        let setting = labels::set(&entries, bottom - top + 40.0, 220.0, 24.0);
        let tick_room = self.ticks.iter().map(|(_, name)| text::width(name, 20.0, Weight::Regular)).fold(40.0, f64::max);
        let plot = Room { left: room.left + tick_room + 18.0, top, right: room.right - setting.width - labels::GAP, bottom };
        let across = axis.scale();
        let (from, to) = (plot.left + 16.0, plot.right - 16.0);
        let x = |load: f64| from + (to - from) * across.place(load);
        let y = |figure: f64| plot.bottom - (plot.bottom - plot.top) * self.scale.place(figure);
        let soft = |align| Hand { size: 20.0, weight: Weight::Regular, colour: palette.soft, align };
        canvas.text(plot.left, room.top + 14.0, self.heading, Hand { size: 22.0, weight: Weight::SemiBold, colour: palette.ink, align: Align::Left });
        for (figure, name) in &self.ticks {
            canvas.line((plot.left, y(*figure)), (plot.right, y(*figure)), 1.25, palette.grid);
            canvas.text(plot.left - 14.0, y(*figure) + 7.0, name, soft(Align::Right));
        }
        axis.marks(canvas, plot, lines.iter().flat_map(|line| &line.cells).map(|cell| load(cell)), x);
        canvas.text(plot.right, plot.bottom + 60.0, "subscribers →", soft(Align::Right));
        let mut ends = Vec::new();
        let order = view.drawing_order(lines.iter().filter_map(|line| line.cells.first().copied()));
        let drawn = order.into_iter().filter_map(|index| {
            let known: Vec<(&Cell<'_>, (f64, f64))> =
                lines[index].cells.iter().filter_map(|cell| Some((*cell, (x(load(cell)), y((self.of)(cell)?))))).collect();
            let look = view.look(canvas.theme, known.first()?.0);
            Some((index, look, known))
        });
        let drawn: Vec<(usize, Look, Vec<_>)> = drawn.collect();
        let courses: Vec<Course> = drawn.iter().map(|(.., known)| known.iter().map(|(_, at)| *at).collect()).collect();
        let widths = layers::draw(canvas, &courses.iter().zip(drawn.iter().map(|(_, look, _)| *look)).collect::<Vec<_>>());
        for ((index, look, known), width) in drawn.iter().zip(widths) {
            let (line, Some((_, end))) = (&lines[*index], known.last()) else { continue };
            for (cell, at) in known {
                canvas.circle(*at, width + 2.0, look.colour, 1.0);
                // What is not to be trusted is hollow.
                if !view.trusts(self.metric, cell) {
                    canvas.circle(*at, width, palette.ground, 1.0);
                }
                if matches!(line.knee, Knee::At { load: knee, .. } if knee == load(cell)) {
                    canvas.circle(*at, 12.0, palette.ink, 1.0);
                    canvas.circle(*at, 8.5, look.colour, 1.0);
                }
            }
            ends.push(Label { end: *end, name: line.name().to_owned(), detail: self.details[*index].clone(), colour: look.colour, mark: line.mark });
        }
        labels::draw(canvas, &ends, &setting, plot.right, plot.top - 20.0, plot.bottom + 20.0);
    }
}
