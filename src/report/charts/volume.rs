//! Messages on the subscribers' leg over time, one line for each contender.

use super::axis::Scale;
use super::canvas::{Align, Canvas, Hand};
use super::finding::{self, Figure, Words};
use super::frame::{Frame, Room};
use super::labels::{self, Label};
use super::layers::{self, Course};
use super::marks::Mark;
use super::over_time;
use super::picture::Chart;
use super::text::{self, Weight};
use super::theme::Look;
use super::view::View;
use crate::summary::Cell;
use crate::units::show_number;

/// What doubts are looked for on.
const METRICS: &[&str] = &["messages.per_update"];

/// Where the largest line lies so many times above the smallest, the axis is logarithmic.
const SPREAD: f64 = 25.0;

struct Series<'c> {
    cell: &'c Cell<'c>,
    points: Vec<(f64, f64)>,
    mean: f64,
    mark: Mark,
}

pub(super) fn prepare<'c>(view: &'c View<'c, 'c>) -> Result<Chart<'c>, &'static str> {
    let window = view.window();
    let series: Vec<Series<'_>> = view
        .cells
        .iter()
        .filter_map(|cell| {
            let points = over_time::means(cell.timeline, window, |second| second.messages as f64);
            let mean = per_second(cell)?.value;
            (!points.is_empty()).then_some(Series { cell, points, mean, mark: view.mark(cell, METRICS) })
        })
        .collect();
    let second = if view.summary.recording.scenario.compression == 1.0 { "second" } else { "measured second" };
    let words = Words {
        say: &|name, figure| format!("{name} exchanges {} a {second}", finding::count(figure, "message")),
        briefly: &|figure| figure.to_owned(),
        topic: &format!("messages a {second}"),
        best: "quietest",
        show: &show_number,
    };
    let title = words
        .title(&view.contest(METRICS[0], per_second))
        .filter(|_| !series.is_empty())
        .ok_or("there is no time-line: it needs a trial whose window was at least a second")?;
    let values = || series.iter().flat_map(|series| series.points.iter().map(|point| point.1));
    let means = || series.iter().map(|series| series.mean).filter(|mean| *mean > 0.0);
    let spread = means().fold(0.0, f64::max) / means().fold(f64::INFINITY, f64::min);
    let logarithmic = spread > SPREAD;
    let scale = if logarithmic { Scale::decades(values()) } else { Scale::linear(values(), 5) };
    let zero = logarithmic && values().any(|value| value <= 0.0);
    let axis = match (logarithmic, zero) {
        (false, _) => "",
        (true, false) => " (log scale)",
        (true, true) => " (log scale; nothing at all lies on the lowest line)",
    };
    let silent = view.cells.iter().filter(|cell| !series.iter().any(|series| std::ptr::eq(series.cell, **cell)));
    let footnotes = view.footnotes(METRICS).not_drawn(silent.map(|cell| (cell.contender.name.as_str(), "no time-line")));
    let frame = Frame {
        title,
        subtitle: format!("Messages per {second} on the subscribers’ leg, requests and responses, both ways{axis}{}", over_time::note(window)),
        over: None,
        footnotes,
    };
    let fill = move |canvas: &mut Canvas<'_>, room: Room| fill(canvas, room, view, &series, scale, zero);
    Ok(Chart { frame, fill: Box::new(fill) })
}

/// Messages of the window on the subscribers' leg, per second of it.
fn per_second(cell: &Cell<'_>) -> Option<Figure> {
    Figure::of_trials(cell, |trial| {
        let window = trial.workload.window;
        (window > 0.0).then(|| trial.subscriber_traffic.window.messages() as f64 / window)
    })
}

fn fill(canvas: &mut Canvas<'_>, room: Room, view: &View<'_, '_>, series: &[Series<'_>], scale: Scale, zero: bool) {
    let palette = canvas.palette();
    let compression = view.summary.recording.scenario.compression;
    let window = view.window();
    let details: Vec<String> = series.iter().map(|series| format!("{} /s", show_number(series.mean))).collect();
    let names: Vec<String> = series.iter().map(|series| series.mark.behind(&series.cell.contender.name)).collect();
    let entries: Vec<(&str, &str)> = names.iter().zip(&details).map(|(name, detail)| (name.as_str(), detail.as_str())).collect();
    let (top, bottom) = (room.top + 20.0, room.bottom - if compression == 1.0 { 34.0 } else { 62.0 });
    let setting = labels::set(&entries, bottom - top + 40.0, 340.0, 26.0);
    let ticks: Vec<(f64, String)> = scale.ticks().into_iter().map(|tick| (tick, show_number(tick))).collect();
    let widest = ticks.iter().map(|(_, text)| text::width(text, 20.0, Weight::Regular)).fold(if compression == 1.0 { 0.0 } else { 94.0 }, f64::max);
    let plot = Room { left: room.left + widest + 16.0, top, right: room.right - setting.width - labels::GAP, bottom };
    let height = |value: f64| plot.bottom - (plot.bottom - plot.top) * scale.place(value);
    let hand = Hand { size: 20.0, weight: Weight::Regular, colour: palette.soft, align: Align::Right };
    for (index, (tick, text)) in ticks.iter().enumerate() {
        canvas.line((plot.left, height(*tick)), (plot.right, height(*tick)), 1.25, palette.grid);
        let text = if zero && index == 0 { "0" } else { text.as_str() };
        canvas.text(plot.left - 16.0, height(*tick) + 7.0, text, hand);
    }
    over_time::clock(canvas, plot, window, compression, 20.0, true);
    let place = |point: &(f64, f64)| (plot.left + (plot.right - plot.left) * (point.0 / window.max(1.0)).clamp(0.0, 1.0), height(point.1));
    let mut ends = Vec::new();
    let order = view.drawing_order(series.iter().map(|series| series.cell));
    let courses: Vec<Course> = order.iter().map(|index| series[*index].points.iter().map(place).collect()).collect();
    let drawn: Vec<(&Course, Look)> = courses.iter().zip(&order).map(|(course, index)| (course, view.look(canvas.theme, series[*index].cell))).collect();
    layers::draw(canvas, &drawn);
    for (index, points) in order.into_iter().zip(&courses) {
        let (series, detail) = (&series[index], details[index].clone());
        let look = view.look(canvas.theme, series.cell);
        let end = points.last().copied().unwrap_or((plot.right, plot.bottom));
        // A single second is a dot.
        if points.len() == 1 {
            canvas.circle(end, 6.0, look.colour, 1.0);
        }
        ends.push(Label { end, name: series.cell.contender.name.clone(), detail, colour: look.colour, mark: series.mark });
    }
    labels::draw(canvas, &ends, &setting, plot.right, plot.top - 20.0, plot.bottom + 20.0);
}
