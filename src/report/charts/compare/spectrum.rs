//! Delivery latency by percentile, a line for each run of each contender.

use super::super::axis::Scale;
use super::super::canvas::{Align, Canvas, Hand};
use super::super::frame::Room;
use super::super::labels::{self, Label};
use super::super::layers::{self, Course};
use super::super::marks::Mark;
use super::super::spectrum::{MARKED, points};
use super::super::text::Weight;
use super::super::theme::Look;
use super::{Chart, Runs, title};
use crate::units::{show_seconds, significant};

/// What it shows.
const METRICS: &[&str] = &["latency.p99"];

/// More lines than this cannot be told apart.
const MOST: usize = 14;

struct Series<'c> {
    contender: &'c str,
    run: usize,
    /// (share, seconds).
    points: Vec<(f64, f64)>,
    p99: f64,
    mark: Mark,
}

pub(super) fn prepare<'c>(runs: &'c Runs<'c, 'c>) -> Result<Chart<'c>, &'static str> {
    let shown = runs.most_changed("latency.p99", MOST / runs.comparison.runs.len().max(1));
    let cells = || shown.iter().flat_map(|twins| twins.cells.iter().enumerate().filter_map(move |(run, cell)| Some((*twins, run, (*cell)?))));
    let samples = cells().map(|(_, _, cell)| cell.times.latency.count()).max().unwrap_or(0);
    if samples == 0 {
        return Err("nothing was delivered that two runs have in common");
    }
    let nines = (samples as f64).log10().clamp(2.0, 6.0);
    let series = cells().filter_map(|(twins, run, cell)| {
        let latency = &cell.times.latency;
        let mark = runs.mark(twins, run, METRICS);
        Some(Series { contender: twins.contender, run, points: points(latency, nines), p99: latency.quantile(MARKED)?, mark })
    });
    let series: Vec<Series<'_>> = series.collect();
    let title = title::title(runs, "latency.p99", "p99 of latency").ok_or("no two runs have latencies of the same contender")?;
    let subtitle = format!(
        "Delivery latency, from an update’s due time until the subscriber has it, by percentile, measured time; {}{}",
        runs.legend(),
        runs.choice(shown.len())
    );
    Ok(Chart { title, subtitle, metrics: METRICS, shown, fill: Box::new(move |canvas, room, _| fill(canvas, room, runs, &series, nines)) })
}

fn fill(canvas: &mut Canvas<'_>, room: Room, runs: &Runs<'_, '_>, series: &[Series<'_>], nines: f64) {
    let palette = canvas.palette();
    let names: Vec<String> = series.iter().map(|series| format!("{} · {}", series.contender, runs.name(series.run))).collect();
    let details: Vec<String> = series.iter().map(|series| format!("p99 {}", show_seconds(series.p99))).collect();
    let (top, bottom) = (room.top + 20.0, room.bottom - 62.0);
    let marked: Vec<String> = series.iter().zip(&names).map(|(series, name)| series.mark.behind(name)).collect();
    let pairs: Vec<(&str, &str)> = marked.iter().zip(&details).map(|(name, detail)| (name.as_str(), detail.as_str())).collect();
    let setting = labels::set(&pairs, bottom - top + 40.0, 420.0, 24.0);
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
    canvas.text(plot.right, plot.bottom + 60.0, "share of updates seen within this time →", soft(Align::Right));
    let (marked, _) = place((MARKED, 1.0));
    canvas.path(&[(marked, plot.top), (marked, plot.bottom)], 1.25, palette.soft, &[5.0, 5.0]);
    let mut ends = Vec::new();
    // The last run lies on top.
    let mut order: Vec<usize> = (0..series.len()).collect();
    order.sort_by_key(|index| series[*index].run);
    let courses: Vec<Course> = order.iter().map(|index| series[*index].points.iter().map(|point| place(*point)).collect()).collect();
    let looks: Vec<Look> = order.iter().map(|index| runs.look(canvas, series[*index].contender, series[*index].run)).collect();
    layers::draw(canvas, &courses.iter().zip(looks.iter().copied()).collect::<Vec<_>>());
    for ((index, line), look) in order.into_iter().zip(&courses).zip(looks) {
        let one = &series[index];
        let dot = place((MARKED, one.p99));
        canvas.circle(dot, 8.5, palette.ground, 1.0);
        canvas.circle(dot, 6.5, look.colour, 1.0);
        let end = line.last().copied().unwrap_or(dot);
        ends.push(Label { end, name: names[index].clone(), detail: details[index].clone(), colour: runs.ink(canvas.theme, one.contender), mark: one.mark });
    }
    labels::draw(canvas, &ends, &setting, plot.right, plot.top - 20.0, plot.bottom + 20.0);
}
