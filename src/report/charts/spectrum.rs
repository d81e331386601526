//! Delivery latency by percentile: each nine as wide as the one before, time on a logarithmic axis.

use super::axis::Scale;
use super::canvas::{Align, Canvas, Hand};
use super::finding::{Contest, Figure, Side, Words, firm};
use super::frame::{Frame, Room};
use super::labels::{self, Label};
use super::layers::{self, Course};
use super::marks::Mark;
use super::picture::Chart;
use super::text::{self, Weight};
use super::theme::Look;
use super::view::View;
use crate::measure::distribution::Distribution;
use crate::summary::Cell;
use crate::units::{show_number, show_seconds, significant};

/// What doubts are looked for on.
const METRICS: &[&str] = &["latency.p50", "latency.p90", "latency.p99", "latency.p99.9", "latency.max"];
/// Steps of a line for each nine.
const STEPS: f64 = 60.0;
/// The percentile that is marked.
pub(super) const MARKED: f64 = 0.99;

struct Series<'c> {
    cell: &'c Cell<'c>,
    /// (share, seconds).
    points: Vec<(f64, f64)>,
    p99: f64,
    lost: u64,
    mark: Mark,
}

pub(super) fn prepare<'c>(view: &'c View<'c, 'c>) -> Result<Chart<'c>, &'static str> {
    let samples = view.cells.iter().map(|cell| cell.times.latency.count()).max().unwrap_or(0);
    if samples == 0 {
        return Err("nothing was delivered: it needs one delivery at least");
    }
    // As many nines as the samples bear out, and two at least, so that p99 is on the axis.
    let nines = (samples as f64).log10().clamp(2.0, 6.0);
    let series: Vec<Series<'_>> = view.cells.iter().filter_map(|cell| Series::new(cell, nines, view.mark(cell, METRICS))).collect();
    let contest = view.contest("latency.p99", |cell| Figure::of_metric(cell, "latency.p99"));
    let updates = updates(view, &contest);
    let words = Words {
        say: &|name, figure| format!("{name} shows 99\u{a0}% of {updates} within {figure}"),
        briefly: &|figure| format!("within {figure}"),
        topic: &format!("the time until 99\u{a0}% of {updates} are seen"),
        best: "freshest",
        show: &show_seconds,
    };
    let title = words.title(&contest).ok_or("nothing was delivered: it needs one delivery at least")?;
    let silent = view.cells.iter().filter(|cell| cell.times.latency.count() == 0);
    let footnotes = view.footnotes(METRICS).not_drawn(silent.map(|cell| (cell.contender.name.as_str(), "nothing delivered")));
    let frame = Frame { title, subtitle: subtitle(view, &contest), over: None, footnotes };
    Ok(Chart { frame, fill: Box::new(move |canvas, room| fill(canvas, room, view, &series, nines)) })
}

/// What a percentile is one of: a loss has no latency, so that the sentence must not include it.
pub(super) fn updates(view: &View<'_, '_>, contest: &Contest) -> &'static str {
    let lossy = |cell: &Cell<'_>| contest.is_about(cell) && cell.trials.iter().any(|trial| trial.deliveries.lost > 0);
    if view.cells.iter().any(|cell| lossy(cell)) { "the updates that arrive" } else { "updates" }
}

/// In a title stands measured time; where it is compressed, the scenario's time of the same contenders stands below.
fn subtitle(view: &View<'_, '_>, contest: &Contest) -> String {
    let compression = view.summary.recording.scenario.compression;
    let what = "Delivery latency, from an update’s due time until the subscriber has it, by percentile";
    if compression == 1.0 {
        return what.to_owned();
    }
    let figure = |side: &Side| Some(format!("{} {}", side.called("", ""), firm(show_seconds(side.cell(&view.cells)?.value("scenario_latency.p99")?))));
    let figures: Vec<String> = contest.sides().into_iter().filter_map(figure).collect();
    format!("{what}; measured time, compressed {}-fold: in scenario time p99 is {}", significant(compression, 4), figures.join(", "))
}

impl<'c> Series<'c> {
    fn new(cell: &'c Cell<'c>, nines: f64, mark: Mark) -> Option<Self> {
        let latency = &cell.times.latency;
        let p99 = latency.quantile(MARKED)?;
        Some(Self { cell, points: points(latency, nines), p99, lost: cell.trials.iter().map(|trial| trial.deliveries.lost).sum(), mark })
    }

    fn detail(&self) -> String {
        let lost = if self.lost > 0 { format!(" · {} lost", show_number(self.lost as f64)) } else { String::new() };
        format!("p99 {}{lost}", show_seconds(self.p99))
    }
}

/// The line of a distribution: (share, seconds), as far as its samples bear it out.
pub(super) fn points(latency: &Distribution, nines: f64) -> Vec<(f64, f64)> {
    // A line ends where its samples do: beyond 1 − 1/n there is only the largest.
    let end = (latency.count() as f64).log10().min(nines);
    let steps = (end * STEPS).floor() as usize;
    let places = (0..=steps).map(|step| step as f64 / STEPS).chain([end]);
    let points = places.filter_map(|place| {
        let share = 1.0 - 10_f64.powf(-place);
        Some((share, latency.quantile(share)?.max(1e-6)))
    });
    points.collect()
}

fn fill(canvas: &mut Canvas<'_>, room: Room, view: &View<'_, '_>, series: &[Series<'_>], nines: f64) {
    let palette = canvas.palette();
    let details: Vec<String> = series.iter().map(Series::detail).collect();
    let names: Vec<String> = series.iter().map(|series| series.mark.behind(&series.cell.contender.name)).collect();
    let entries: Vec<(&str, &str)> = names.iter().zip(&details).map(|(name, detail)| (name.as_str(), detail.as_str())).collect();
    let (top, bottom) = (room.top + 20.0, room.bottom - 62.0);
    let setting = labels::set(&entries, bottom - top + 40.0, 350.0, 26.0);
    let plot = Room { left: room.left + 86.0, top, right: room.right - setting.width - labels::GAP, bottom };
    let across = Scale::Nines(nines);
    let up = Scale::times(series.iter().flat_map(|series| series.points.iter().map(|point| point.1)));
    let place =
        |(share, seconds): (f64, f64)| (plot.left + (plot.right - plot.left) * across.place(share), plot.bottom - (plot.bottom - plot.top) * up.place(seconds));
    let soft = |align| Hand { size: 20.0, weight: Weight::Regular, colour: palette.soft, align };
    for (seconds, name) in up.time_ticks() {
        let (_, y) = place((0.0, seconds));
        canvas.line((plot.left, y), (plot.right, y), 1.25, palette.grid);
        canvas.text(plot.left - 16.0, y + 7.0, name, soft(Align::Right));
    }
    for share in across.ticks() {
        let (x, _) = place((share, 1.0));
        canvas.line((x, plot.bottom), (x, plot.bottom + 6.0), 1.25, palette.grid);
        canvas.text(x, plot.bottom + 30.0, &format!("{} %", significant(share * 100.0, 8)), soft(Align::Middle));
    }
    let of = if series.iter().any(|series| series.lost > 0) { "the updates that arrive" } else { "updates" };
    canvas.text(plot.right, plot.bottom + 60.0, &format!("share of {of} seen within this time →"), soft(Align::Right));
    let (marked, _) = place((MARKED, 1.0));
    canvas.path(&[(marked, plot.top), (marked, plot.bottom)], 1.25, palette.soft, &[5.0, 5.0]);
    let lines: Vec<Course> = series.iter().map(|series| series.points.iter().map(|point| place(*point)).collect()).collect();
    let mut ends = Vec::new();
    let order = view.drawing_order(series.iter().map(|series| series.cell));
    let drawn: Vec<(&Course, Look)> = order.iter().map(|index| (&lines[*index], view.look(canvas.theme, series[*index].cell))).collect();
    layers::draw(canvas, &drawn);
    for ((series, line), detail) in series.iter().zip(&lines).zip(details) {
        let look = view.look(canvas.theme, series.cell);
        let dot = place((MARKED, series.p99));
        canvas.circle(dot, 8.5, palette.ground, 1.0);
        canvas.circle(dot, 6.5, look.colour, 1.0);
        let end = line.last().copied().unwrap_or(dot);
        ends.push(Label { end, name: series.cell.contender.name.clone(), detail, colour: look.colour, mark: series.mark });
    }
    callouts(canvas, view, series, &lines, marked, |seconds| place((MARKED, seconds)).1);
    labels::draw(canvas, &ends, &setting, plot.right, plot.top - 20.0, plot.bottom + 20.0);
}

/// The marked percentile's figure beside its dot, where no line and no other figure is in the way.
fn callouts(canvas: &mut Canvas<'_>, view: &View<'_, '_>, series: &[Series<'_>], lines: &[Vec<(f64, f64)>], x: f64, height: impl Fn(f64) -> f64) {
    let size = 20.0;
    let mut taken: Vec<(f64, f64)> = Vec::new();
    for one in series {
        let text = show_seconds(one.p99);
        let dot = height(one.p99);
        let (upper, lower) = (dot - 34.0, dot - 9.0);
        let (from, to) = (x - 18.0 - text::width(&text, size, Weight::SemiBold), x - 8.0);
        let crossed = lines.iter().flatten().any(|point| (from..=to).contains(&point.0) && (upper..=lower).contains(&point.1));
        let free = !taken.iter().any(|(top, bottom)| upper < *bottom && *top < lower);
        if free && !crossed {
            let colour = view.look(canvas.theme, one.cell).colour;
            canvas.text(x - 14.0, dot - 14.0, &text, Hand { size, weight: Weight::SemiBold, colour, align: Align::Right });
            taken.push((upper, lower));
        }
    }
}
