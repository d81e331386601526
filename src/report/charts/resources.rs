//! CPU and memory of all sides over time: a row for each kind of side, a column for each resource, one scale for each column.

use super::axis::Scale;
use super::canvas::{Align, Canvas, Hand};
use super::finding::{Contest, Figure, Order, Side, firm};
use super::frame::{Frame, Room};
use super::labels::{self, Label};
use super::over_time;
use super::picture::Chart;
use super::text::{self, Weight};
use super::view::View;
use crate::measure::recording::{Role, Second, SideRecord, Trial};
use crate::summary::Cell;
use crate::units::{show_bytes, show_number, significant};

/// What the best of several pollers is called.
const BEST: &str = "cheapest";

const MEBI: f64 = 1_048_576.0;

/// Up to so many contenders, publishers get a row too; with more, the rows must be higher to hold the names.
const THREE_ROWS: usize = 6;

struct Series<'c> {
    cell: &'c Cell<'c>,
    /// (seconds into the window, value).
    points: Vec<(f64, f64)>,
}

struct Grid<'c> {
    roles: Vec<Role>,
    /// For each column, for each row.
    columns: [Vec<Vec<Series<'c>>>; 2],
}

pub(super) fn prepare<'c>(view: &'c View<'c, 'c>) -> Result<Chart<'c>, &'static str> {
    let window = view.window();
    let gather = |role: Role, of: fn(&Second, Role) -> f64| -> Vec<Series<'c>> {
        let each = view
            .cells
            .iter()
            .filter(|cell| has_process(cell, role))
            .map(|cell| Series { cell, points: over_time::means(cell.timeline, window, |second| of(second, role)) });
        each.filter(|series| !series.points.is_empty()).collect()
    };
    let mut roles = vec![Role::Server, Role::Subscriber, Role::Publisher];
    if view.cells.len() > THREE_ROWS {
        roles.pop();
    }
    roles.retain(|role| !gather(*role, cpu).is_empty());
    if roles.is_empty() {
        return Err("no time-line of a side with a process of its own was recorded");
    }
    let columns = [roles.iter().map(|role| gather(*role, cpu)).collect(), roles.iter().map(|role| gather(*role, memory)).collect()];
    let left_out = if view.cells.len() > THREE_ROWS { "; publishers are left out" } else { "" };
    let frame = Frame {
        title: title(view).ok_or("no side with a process of its own was recorded")?,
        subtitle: format!("Use over the window, each kind of side added up; the same scale within a column{left_out}{}", over_time::note(window)),
        over: None,
    };
    let grid = Grid { roles, columns };
    Ok(Chart { frame, fill: Box::new(move |canvas, room| grid.draw(canvas, room, view)) })
}

/// In per cent of one core.
fn cpu(second: &Second, role: Role) -> f64 {
    second.cpu.of(role) * 100.0
}

/// In MiB.
fn memory(second: &Second, role: Role) -> f64 {
    *second.memory.of(role) as f64 / MEBI
}

/// Contenders in memory have no figures of their own; a zero would be a lie.
fn has_process(cell: &Cell<'_>, role: Role) -> bool {
    cell.trials.iter().flat_map(|trial| &trial.sides).any(|side| side.role == role && side.cpu.is_some())
}

/// CPU of the server in the window, in per cent of one core.
fn server_cpu(cell: &Cell<'_>) -> Option<Figure> {
    Figure::of_trials(cell, |trial| {
        let sides = servers(trial).map(|side| Some(side.cpu.as_ref()?.window.total()));
        let seconds = sides.sum::<Option<f64>>()?;
        (trial.workload.window > 0.0 && servers(trial).next().is_some()).then(|| seconds / trial.workload.window * 100.0)
    })
}

fn servers(trial: &Trial) -> impl Iterator<Item = &SideRecord> {
    trial.sides.iter().filter(|side| side.role == Role::Server)
}

fn title(view: &View<'_, '_>) -> Option<String> {
    let contest = view.contest("cpu.server.per_1000_updates", server_cpu);
    let memory = |side: &Side| side.cell(&view.cells).and_then(|cell| Figure::of_metric(cell, "memory.server.peak"));
    let core = |side: &Side| format!("{}\u{a0}% of a core", significant(side.figure, 2));
    let mebi = |side: &Side| memory(side).map_or_else(|| "?".to_owned(), |figure| firm(show_bytes(figure.value)));
    let both = |side: &Side| format!("{} and {}", core(side), mebi(side));
    let (one, two) = match &contest {
        Contest::Nobody => return None,
        Contest::One(one) => return Some(format!("{} costs the server {}", one.called(BEST, ","), both(one))),
        Contest::Untrusted(one, two) => {
            return Some(format!("Not to be trusted: {} costs the server {}; {} {}", one.called(BEST, ","), both(one), two.called(BEST, ","), both(two)));
        }
        Contest::Clear(one, two) | Contest::Unclear(one, two) => (one, two),
    };
    let untrusted = !view.trusted("memory.server.peak", &[one, two]);
    let order = memory(one).zip(memory(two)).filter(|_| !untrusted).map_or(Order::Unclear, |(one, two)| one.against(&two));
    let (subject, other) = (one.called(BEST, ","), two.called(BEST, ""));
    Some(match (matches!(contest, Contest::Clear(..)), order) {
        (true, Order::Less) => format!("{subject} costs the server less than {other}: {} instead of {}", both(one), both(two)),
        (true, Order::More) => format!("{subject} takes less of the server’s CPU but more memory than {other}: {} instead of {}", both(one), both(two)),
        (true, Order::Unclear) => {
            format!("{subject} takes less of the server’s CPU than {other}: {} instead of {}; no clear difference in memory", core(one), core(two))
        }
        (false, Order::Unclear) => {
            format!("No clear difference in what {} and {} cost the server: {}; {}", one.called(BEST, ","), two.called(BEST, ","), both(one), both(two))
        }
        (false, order) => {
            let (less, more) = if order == Order::Less { (one, two) } else { (two, one) };
            let (less_called, more_called) = (less.called(BEST, ","), more.called(BEST, ""));
            format!("{less_called} takes less of the server’s memory than {more_called}: {} instead of {}; no clear difference in CPU", mebi(less), mebi(more))
        }
    })
}

impl Grid<'_> {
    fn draw(&self, canvas: &mut Canvas<'_>, room: Room, view: &View<'_, '_>) {
        let palette = canvas.palette();
        let compression = view.summary.recording.scenario.compression;
        let rows = self.roles.len() as f64;
        let (top, bottom) = (room.top + 40.0, room.bottom - if compression == 1.0 { 26.0 } else { 50.0 });
        let gap = if rows > 2.0 { 34.0 } else { 44.0 };
        let height = (bottom - top - gap * (rows - 1.0)) / rows;
        let names: Vec<(&str, &str)> = view.cells.iter().map(|cell| (cell.contender.name.as_str(), "")).collect();
        let setting = labels::set(&names, height + gap * 0.7, 190.0, 20.0);
        let row_names = 132.0;
        let column_gap = 34.0;
        let column = (room.right - room.left - row_names - column_gap) / 2.0;
        let ticks = 58.0;
        for (index, (heading, series)) in ["CPU, % of one core", "Memory, MiB"].iter().zip(&self.columns).enumerate() {
            let left = room.left + row_names + index as f64 * (column + column_gap) + ticks;
            let right = left + column - ticks - setting.width - labels::GAP;
            canvas.text(left, room.top + 14.0, heading, Hand { size: 22.0, weight: Weight::SemiBold, colour: palette.ink, align: Align::Left });
            let values = series.iter().flatten().flat_map(|series| series.points.iter().map(|point| point.1));
            let scale = Scale::linear(values, 2);
            for (row, series) in series.iter().enumerate() {
                let upper = top + row as f64 * (height + gap);
                let plot = Room { left, top: upper, right, bottom: upper + height };
                panel(canvas, plot, view, series, scale, &setting, gap);
            }
            over_time::clock(canvas, Room { left, top, right, bottom: bottom - 4.0 }, view.window(), compression, 17.0, index == 0);
        }
        for (row, role) in self.roles.iter().enumerate() {
            let middle = top + row as f64 * (height + gap) + height / 2.0;
            let (name, many) = match role {
                Role::Server => ("Server", false),
                Role::Subscriber => ("Subscribers", true),
                Role::Publisher => ("Publishers", true),
            };
            canvas.text(room.left, middle + 4.0, name, Hand { size: 22.0, weight: Weight::SemiBold, colour: palette.ink, align: Align::Left });
            if many {
                canvas.text(room.left, middle + 26.0, "all together", Hand { size: 16.0, weight: Weight::Regular, colour: palette.soft, align: Align::Left });
            }
        }
    }
}

fn panel(canvas: &mut Canvas<'_>, plot: Room, view: &View<'_, '_>, series: &[Series<'_>], scale: Scale, setting: &labels::Setting, gap: f64) {
    let palette = canvas.palette();
    let height = |value: f64| plot.bottom - (plot.bottom - plot.top) * scale.place(value);
    let hand = Hand { size: 17.0, weight: Weight::Regular, colour: palette.soft, align: Align::Right };
    for tick in &scale.ticks() {
        canvas.line((plot.left, height(*tick)), (plot.right, height(*tick)), 1.25, palette.grid);
        canvas.text(plot.left - 12.0, height(*tick) + 6.0, &text::fit(&show_number(*tick), 17.0, Weight::Regular, 46.0), hand);
    }
    let window = view.window().max(1.0);
    let mut ends = Vec::new();
    for index in view.drawing_order(series.iter().map(|series| series.cell)) {
        let series = &series[index];
        let look = view.look(canvas.theme, series.cell);
        let place = |point: &(f64, f64)| (plot.left + (plot.right - plot.left) * (point.0 / window).clamp(0.0, 1.0), height(point.1));
        let points: Vec<(f64, f64)> = series.points.iter().map(place).collect();
        canvas.path(&points, look.width * 0.75, look.colour, look.dash);
        let end = points.last().copied().unwrap_or((plot.right, plot.bottom));
        if points.len() == 1 {
            canvas.circle(end, 4.0, look.colour, 1.0);
        }
        ends.push(Label { end, name: series.cell.contender.name.clone(), detail: String::new(), colour: look.colour });
    }
    labels::draw(canvas, &ends, setting, plot.right, plot.top - gap * 0.35, plot.bottom + gap * 0.35);
}
