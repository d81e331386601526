//! Latency over time as a heat map: a panel for each contender, the fuller the colour the more deliveries. What a percentile hides can be
//! seen: a pause, a fault and the way back, a queue that grows.

use super::axis::Scale;
use super::canvas::{Align, Canvas, Hand};
use super::finding::{Figure, Words, foremost};
use super::frame::{Frame, Room};
use super::marks::{self, Mark};
use super::over_time;
use super::picture::Chart;
use super::spectrum;
use super::text::{self, Weight};
use super::view::View;
use crate::measure::recording::{Second, Trial};
use crate::summary::Cell;
use crate::units::{show_count, show_seconds};

const METRIC: &str = "latency.p99";
/// What doubts are looked for on.
const METRICS: &[&str] = &[METRIC];

/// Steps of colour, from one delivery to as many as in the fullest field of the panel: equal steps of the logarithm.
const STEPS: [f64; 5] = [0.14, 0.32, 0.52, 0.75, 1.0];
/// A field is about so large, in pixels: smaller ones would only make the file larger.
const FIELD: (f64, f64) = (13.0, 11.0);
/// So many panels can still be read.
const MOST: usize = 20;

pub(super) fn prepare<'c>(view: &'c View<'c, 'c>) -> Result<Chart<'c>, &'static str> {
    let window = view.window();
    let told = |cell: &&Cell<'_>| within(cell.timeline, window).any(|second| second.latency.is_some());
    let (cells, silent): (Vec<&Cell<'_>>, Vec<&Cell<'_>>) = view.cells.iter().copied().partition(told);
    let contest = view.contest(METRIC, worst_second);
    let updates = spectrum::updates(view, &contest);
    let words = Words {
        say: &|name, figure| format!("{name} shows 99\u{a0}% of {updates} within {figure} even in the worst second of the window"),
        briefly: &|figure| format!("within {figure}"),
        topic: "the worst second of the window",
        best: "steadiest",
        show: &show_seconds,
    };
    let title = words.title(&contest).filter(|_| !cells.is_empty());
    let title = title.ok_or("there is no time-line with latencies: it needs deliveries within the window")?;
    let rest = if cells.len() > MOST { format!("; {} more are left out", cells.len() - MOST) } else { String::new() };
    let cells = foremost(cells, MOST, |cell| contest.is_about(cell));
    let measured = if view.summary.recording.scenario.compression == 1.0 { "" } else { ", measured time" };
    let frame = Frame {
        title,
        subtitle: format!("Delivery latency{measured}, by the second in which an update arrived: the fuller the colour, the more arrived (log steps){rest}"),
        over: None,
        footnotes: view.footnotes(METRICS).not_drawn(silent.iter().map(|cell| (cell.contender.name.as_str(), "nothing delivered within the window"))),
    };
    Ok(Chart { frame, fill: Box::new(move |canvas, room| fill(canvas, room, view, &cells)) })
}

/// Seconds of the window.
fn within(timeline: &[Second], window: f64) -> impl Iterator<Item = &Second> {
    let whole = window.max(1.0).floor() as i64;
    timeline.iter().filter(move |second| (0..whole).contains(&second.second))
}

/// The largest p99 of any second of the window, of whichever repeat: the drain after it has no part in it.
fn worst_second(cell: &Cell<'_>) -> Option<Figure> {
    let worst = |trial: &Trial| {
        let seconds = within(&trial.timeline, trial.workload.window).filter_map(|second| second.latency.as_ref()?.quantile(0.99));
        seconds.max_by(f64::total_cmp)
    };
    Figure::of_trials(cell, worst).map(Figure::largest)
}

/// How many deliveries fell into each field of a panel: (column, row from below) → count.
struct Fields {
    counts: Vec<Vec<u64>>,
    most: u64,
}

impl Fields {
    fn new(cell: &Cell<'_>, window: f64, step: usize, rows: usize, up: Scale) -> Self {
        let columns = (window.max(1.0).floor() as usize).div_ceil(step.max(1));
        let mut counts: Vec<Vec<u64>> = vec![vec![0; rows]; columns];
        for second in within(cell.timeline, window) {
            let column = second.second.unsigned_abs() as usize / step.max(1);
            for (seconds, count) in second.latency.iter().flat_map(|latency| latency.buckets()) {
                let row = ((up.place(seconds) * rows as f64) as usize).min(rows - 1);
                if let Some(field) = counts.get_mut(column).and_then(|fields| fields.get_mut(row)) {
                    *field += count;
                }
            }
        }
        let most = counts.iter().flatten().copied().max().unwrap_or(0);
        Self { counts, most }
    }

    /// Which of [`STEPS`] a field has; `None` where nothing arrived.
    fn step(&self, column: usize, row: usize) -> Option<usize> {
        let count = *self.counts.get(column)?.get(row)?;
        let share = (1.0 + count as f64).ln() / (1.0 + self.most as f64).ln();
        (count > 0).then(|| ((share * STEPS.len() as f64).ceil() as usize).clamp(1, STEPS.len()) - 1)
    }
}

fn fill(canvas: &mut Canvas<'_>, room: Room, view: &View<'_, '_>, cells: &[&Cell<'_>]) {
    let compression = view.summary.recording.scenario.compression;
    let window = view.window();
    let columns = match cells.len() {
        0..=3 => 1,
        4..=6 => 2,
        7..=12 => 3,
        _ => 4,
    };
    let rows = cells.len().div_ceil(columns);
    let up = Scale::times(cells.iter().flat_map(|cell| within(cell.timeline, window)).filter_map(|second| second.latency.as_ref()).flat_map(|latency| {
        // An axis that reached down to the very first bucket would be mostly empty.
        [latency.quantile(0.0), latency.max()].into_iter().flatten().map(|seconds| seconds.max(1e-6))
    }));
    let (left, clocks) = (room.left + 96.0, if compression == 1.0 { 30.0 } else { 54.0 });
    let (across, down) = ((room.right - left + GAPS.0) / columns as f64, (room.bottom - clocks - room.top + GAPS.1 - NAME) / rows as f64);
    for (place, cell) in cells.iter().enumerate() {
        let (column, row) = (place % columns, place / columns);
        let plot = Room {
            left: left + across * column as f64,
            top: room.top + NAME + down * row as f64,
            right: left + across * (column + 1) as f64 - GAPS.0,
            bottom: room.top + NAME + down * (row + 1) as f64 - GAPS.1,
        };
        panel(canvas, plot, view, cell, up, column == 0);
        // Below the lowest panel of each column.
        if place + columns >= cells.len() {
            over_time::clock(canvas, Room { bottom: plot.bottom + 2.0, ..plot }, window, compression, 16.0, column == 0);
        }
    }
}

/// Room between two panels; that below holds the name of the next.
const GAPS: (f64, f64) = (30.0, 42.0);
/// Room for the names above the first row.
const NAME: f64 = 30.0;

fn panel(canvas: &mut Canvas<'_>, plot: Room, view: &View<'_, '_>, cell: &Cell<'_>, up: Scale, leftmost: bool) {
    let palette = canvas.palette();
    let colour = view.look(canvas.theme, cell).colour;
    let (wide, high) = (plot.right - plot.left, plot.bottom - plot.top);
    let y = |seconds: f64| plot.bottom - high * up.place(seconds);
    let ticks = up.time_ticks();
    // Names of marks need room for each other.
    let every = ((ticks.len().saturating_sub(1)) as f64 * 24.0 / high).ceil().max(1.0) as usize;
    for (place, (seconds, name)) in ticks.iter().enumerate() {
        canvas.line((plot.left, y(*seconds)), (plot.right, y(*seconds)), 1.25, palette.grid);
        if leftmost && place % every == 0 {
            let hand = Hand { size: 16.0, weight: Weight::Regular, colour: palette.soft, align: Align::Right };
            canvas.text(plot.left - 12.0, y(*seconds) + 6.0, name, hand);
        }
    }
    let window = view.window();
    let step = over_time::seconds_of_each(window, (wide / FIELD.0).floor().max(1.0) as usize);
    let rows = (high / FIELD.1).floor().clamp(1.0, 48.0) as usize;
    let fields = Fields::new(cell, window, step, rows, up);
    let (field_wide, field_high) = (wide * step as f64 / window.max(1.0).floor(), high / rows as f64);
    for row in 0..rows {
        let mut column = 0;
        while column < fields.counts.len() {
            let Some(shade) = fields.step(column, row) else {
                column += 1;
                continue;
            };
            // Neighbours of the same shade are one rectangle.
            let end = (column..fields.counts.len()).find(|other| fields.step(*other, row) != Some(shade)).unwrap_or(fields.counts.len());
            let (from, to) = (plot.left + column as f64 * field_wide, (plot.left + end as f64 * field_wide).min(plot.right));
            let (top, bottom) = (plot.bottom - (row + 1) as f64 * field_high, plot.bottom - row as f64 * field_high);
            canvas.polygon(&[(from, top), (to, top), (to, bottom), (from, bottom)], colour, STEPS[shade]);
            column = end;
        }
    }
    heading(canvas, plot, cell, view.mark(cell, METRICS), fields.most, colour);
}

/// Name, p99, and what the fullest colour stands for.
fn heading(canvas: &mut Canvas<'_>, plot: Room, cell: &Cell<'_>, mark: Mark, most: u64, colour: plotters::style::RGBColor) {
    let palette = canvas.palette();
    let wide = plot.right - plot.left;
    let size = if wide > 400.0 { 20.0 } else { 17.0 };
    let p99 = cell.times.latency.quantile(0.99).map_or_else(String::new, |seconds| format!("p99 {}", show_seconds(seconds)));
    let fullest = format!("{p99} · fullest colour: {}", show_count(i64::try_from(most).unwrap_or(i64::MAX)));
    let small = size - 3.0;
    let hand = Hand { size, weight: Weight::SemiBold, colour, align: Align::Left };
    let name = text::clean(&cell.contender.name);
    let whole = text::width(&mark.behind(&name), size, Weight::SemiBold);
    let width = |detail: &str| text::width(detail, small, Weight::Regular) + 14.0;
    // Whole or not at all; a long name gives way to p99, but not to more.
    let detail = if whole + width(&fullest) <= wide { fullest } else { p99 };
    let room = whole.min(wide - width(&detail));
    let baseline = plot.top - 9.0;
    marks::write(canvas, (plot.left, baseline), &name, mark, room + 1.0, hand);
    let beside = Hand { size: small, weight: Weight::Regular, colour: palette.soft, align: Align::Left };
    canvas.text(plot.left + room + 14.0, baseline, &detail, beside);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::summary::Summary;
    use crate::summary::fixture::made_up;

    #[test]
    fn every_delivery_of_the_window_is_in_a_field() {
        let recording = made_up().scale(0.1).build();
        let summary = Summary::new(&recording);
        for cell in summary.at("") {
            let delivered: u64 = within(cell.timeline, 60.0).filter_map(|second| second.latency.as_ref()).map(|latency| latency.count()).sum();
            assert!(delivered > 0);
            for (step, rows) in [(1, 48), (7, 5), (60, 1)] {
                let fields = Fields::new(cell, 60.0, step, rows, Scale::Log(1e-4, 10.0));
                assert_eq!(fields.counts.iter().flatten().sum::<u64>(), delivered, "{step} {rows}");
                assert_eq!(fields.counts.len(), 60_usize.div_ceil(step));
            }
        }
    }

    #[test]
    fn one_delivery_is_seen_and_the_most_are_fullest() {
        let fields = Fields { counts: vec![vec![0, 1, 10, 10_000]], most: 10_000 };
        assert_eq!([0, 1, 2, 3].map(|row| fields.step(0, row)), [None, Some(0), Some(1), Some(4)]);
        assert_eq!(Fields { counts: vec![vec![1]], most: 1 }.step(0, 0), Some(4));
        assert_eq!(fields.step(9, 9), None);
    }
}
