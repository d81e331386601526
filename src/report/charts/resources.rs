//! What a run takes of both sides over time: CPU and memory of the server and of the subscribers, and between them bytes and
//! connections. Small multiples, each line named in each.

use super::axis::Scale;
use super::canvas::{Align, Canvas, Hand};
use super::finding::{Contest, Figure, Order, Side, firm};
use super::frame::{Frame, Room, whole_or};
use super::labels::{self, Label};
use super::layers::{self, Course};
use super::marks::Mark;
use super::over_time;
use super::picture::Chart;
use super::text::{self, Weight};
use super::theme::Look;
use super::view::View;
use crate::measure::recording::{Role, Second, SideRecord, Trial};
use crate::summary::Cell;
use crate::summary::ratios::Tie;
use crate::units::{capital, show_bytes, show_number, significant};

/// What the best of several is called.
const BEST: &str = "cheapest";

/// What doubts are looked for on.
const METRICS: &[&str] = &[
    "cpu.server.per_1000_updates",
    "cpu.subscriber.per_1000_updates",
    "memory.server.peak",
    "memory.subscriber.peak",
    "bytes.protocol.per_update",
    "connections.held",
];

const KIBI: f64 = 1_024.0;

struct Series<'c> {
    cell: &'c Cell<'c>,
    /// (seconds into the window, value).
    points: Vec<(f64, f64)>,
}

struct Panel<'c> {
    heading: String,
    series: Vec<Series<'c>>,
    scale: Scale,
    /// What stands there in place of lines.
    without: &'static str,
}

/// Columns of two panels each.
type Grid<'c> = [[Panel<'c>; 2]; 3];

pub(super) fn prepare<'c>(view: &'c View<'c, 'c>) -> Result<Chart<'c>, &'static str> {
    let window = view.window();
    let gather = |role: Role, of: &dyn Fn(&Second) -> f64| -> Vec<Series<'c>> {
        let with_process = view.cells.iter().filter(|cell| has_process(cell, role));
        let each = with_process.map(|cell| Series { cell, points: over_time::means(cell.timeline, window, of) });
        each.filter(|series| !series.points.is_empty()).collect()
    };
    let both = [Role::Server, Role::Subscriber];
    let cpu = both.map(|role| gather(role, &|second: &Second| second.cpu.of(role) * 100.0));
    if cpu.iter().all(Vec::is_empty) {
        return Err("there is no time-line of a side with a process of its own: it needs a contender that is not in memory");
    }
    let memory = both.map(|role| gather(role, &|second: &Second| *second.memory.of(role) as f64));
    let bytes = gather(Role::Server, &|second: &Second| second.bytes as f64);
    let connections = gather(Role::Server, &|second: &Second| second.connections.map_or(f64::NAN, |count| count as f64));
    let silent = view.cells.iter().filter(|cell| !cpu.iter().flatten().any(|series| std::ptr::eq(series.cell, **cell)));
    let reason = |cell: &Cell<'_>| if both.into_iter().any(|role| has_process(cell, role)) { "no time-line" } else { "no process of its own" };
    let footnotes = view.footnotes(METRICS).not_drawn(silent.map(|cell| (cell.contender.name.as_str(), reason(cell))));
    let without = both.map(|role| if view.cells.iter().any(|cell| has_process(cell, role)) { "no figures over time" } else { "no process of its own" });
    let grid = [
        column(["Server: CPU, % of one core", "Subscribers: CPU, % of one core"].map(str::to_owned), cpu, without),
        in_bytes(memory, ["Server: memory, ", "Subscribers: memory, "], without),
        between(bytes, connections),
    ];
    let frame = Frame {
        title: title(view).ok_or("there is no side with a process of its own")?,
        subtitle: format!("Use over the window, all subscribers together; CPU and memory on the same scale above and below{}", over_time::note(window)),
        over: None,
        footnotes,
    };
    Ok(Chart { frame, fill: Box::new(move |canvas, room| draw(canvas, room, view, &grid)) })
}

/// Server and subscribers on one scale.
fn column<'c>(headings: [String; 2], [upper, lower]: [Vec<Series<'c>>; 2], without: [&'static str; 2]) -> [Panel<'c>; 2] {
    let scale = Scale::linear(values(&upper).into_iter().chain(values(&lower)), 2);
    let [above, below] = headings;
    [Panel { heading: above, series: upper, scale, without: without[0] }, Panel { heading: below, series: lower, scale, without: without[1] }]
}

/// The same, in the largest unit of bytes that fits.
fn in_bytes<'c>(mut both: [Vec<Series<'c>>; 2], headings: [&str; 2], without: [&'static str; 2]) -> [Panel<'c>; 2] {
    let [upper, lower] = &mut both;
    let unit = scaled(&mut [upper, lower]);
    column(headings.map(|heading| format!("{heading}{unit}")), both, without)
}

/// What goes on between the two.
fn between<'c>(mut bytes: Vec<Series<'c>>, connections: Vec<Series<'c>>) -> [Panel<'c>; 2] {
    let unit = scaled(&mut [&mut bytes]);
    let (of_bytes, of_connections) = (Scale::linear(values(&bytes).into_iter(), 2), Scale::linear(values(&connections).into_iter(), 2));
    [
        Panel { heading: format!("Between them: {unit} a second"), series: bytes, scale: of_bytes, without: "no server of ours" },
        Panel { heading: "Connections held".to_owned(), series: connections, scale: of_connections, without: "not in this recording: run it again" },
    ]
}

fn values(series: &[Series<'_>]) -> Vec<f64> {
    series.iter().flat_map(|series| series.points.iter().map(|point| point.1)).collect()
}

/// Divides bytes by the largest unit that leaves numbers above 1, and names it.
fn scaled(all: &mut [&mut Vec<Series<'_>>]) -> &'static str {
    let most = all.iter().flat_map(|series| values(series)).fold(0.0, f64::max);
    let steps = ["B", "KiB", "MiB", "GiB", "TiB"];
    let step = (0..steps.len()).rev().find(|step| most >= 2.0 * KIBI.powi(*step as i32)).unwrap_or(0);
    for point in all.iter_mut().flat_map(|series| series.iter_mut()).flat_map(|series| &mut series.points) {
        point.1 /= KIBI.powi(step as i32);
    }
    steps[step]
}

/// Contenders in memory have no figures of their own; a zero would be a lie.
fn has_process(cell: &Cell<'_>, role: Role) -> bool {
    cell.trials.iter().flat_map(|trial| &trial.sides).any(|side| side.role == role && side.cpu.is_some())
}

/// CPU of the server in the window, in per cent of one core.
pub(super) fn server_cpu(cell: &Cell<'_>) -> Option<Figure> {
    Figure::of_trials(cell, |trial| {
        let sides = servers(trial).map(|side| Some(side.cpu.as_ref()?.window.total()));
        let seconds = sides.sum::<Option<f64>>()?;
        (trial.workload.window > 0.0 && servers(trial).next().is_some()).then(|| seconds / trial.workload.window * 100.0)
    })
}

fn servers(trial: &Trial) -> impl Iterator<Item = &SideRecord> {
    trial.sides.iter().filter(|side| side.role == Role::Server)
}

/// Per cent, as a title has it.
fn share(per_cent: f64) -> String {
    format!("{}\u{a0}%", significant(per_cent, 2))
}

/// CPU first; memory where both have a figure of it.
fn title(view: &View<'_, '_>) -> Option<String> {
    let contest = view.contest("cpu.server.per_1000_updates", server_cpu).as_shown(share);
    let whole = sentence(view, &contest, BEST)?;
    Some(whole_or(whole, || sentence(view, &contest, "").unwrap_or_default()))
}

/// `best`: what the best of several is called; empty where names leave no room for that.
fn sentence(view: &View<'_, '_>, contest: &Contest, best: &str) -> Option<String> {
    let memory = |side: &Side| side.cell(&view.cells).and_then(|cell| Figure::of_metric(cell, "memory.server.peak"));
    let core = |side: &Side| format!("{} of a core", share(side.figure));
    let mebi = |side: &Side| memory(side).map(|figure| firm(show_bytes(figure.value)));
    let both = |side: &Side| mebi(side).map_or_else(|| core(side), |mebi| format!("{} and {mebi}", core(side)));
    let (one, two, tie) = match contest {
        Contest::Nobody => return None,
        Contest::One(one) if !view.trusted("memory.server.peak", &[one]) => {
            return Some(format!("{} costs the server {}; memory is not to be trusted", one.called(best, ","), core(one)));
        }
        Contest::One(one) => return Some(format!("{} costs the server {}", one.called(best, ","), both(one))),
        Contest::Untrusted(one, None) => return Some(format!("Not to be trusted: {} costs the server {}", one.called(best, ","), both(one))),
        Contest::Untrusted(one, Some(two)) => {
            return Some(format!("Not to be trusted: {} costs the server {}; {} {}", one.called(best, ","), both(one), two.called(best, ","), both(two)));
        }
        Contest::Clear(one, two) => (one, two, None),
        Contest::Unclear(one, two, tie) => (one, two, Some(*tie)),
    };
    // How they stand in memory, or why nothing can be said of it.
    let in_memory = match memory(one).zip(memory(two)) {
        None => Err("memory is not known of both"),
        Some(_) if !view.trusted("memory.server.peak", &[one, two]) => Err("memory is not to be trusted"),
        // What reads the same is no difference.
        Some(_) if mebi(one) == mebi(two) => Ok(Order::Unclear(Tie::Close)),
        Some((one, two)) => Ok(one.against(&two)),
    };
    let but = match in_memory {
        Ok(Order::Unclear(tie)) => tie.about("memory"),
        Ok(_) => String::new(),
        Err(why) => why.to_owned(),
    };
    let (subject, other) = (one.called(best, ","), two.called(best, ""));
    Some(match (tie, in_memory) {
        (None, Ok(Order::Less)) => format!("{subject} costs the server less than {other}: {} instead of {}", both(one), both(two)),
        (None, Ok(Order::More)) => format!("{subject} takes less of the server’s CPU but more memory than {other}: {} instead of {}", both(one), both(two)),
        (None, _) => format!("{subject} takes less of the server’s CPU than {other}: {} instead of {}; {but}", core(one), core(two)),
        (Some(tie), Ok(Order::Unclear(same))) if tie == same => {
            let what = format!("what {subject} and {} cost the server", two.called(best, ","));
            format!("{}: {}; {}", capital(&tie.about(&what)), both(one), both(two))
        }
        (Some(tie), Err(_) | Ok(Order::Unclear(_))) => {
            let what = capital(&tie.about("the CPU of the server"));
            format!("{what}: {subject} {}; {} {}; {but}", core(one), two.called(best, ","), core(two))
        }
        (Some(tie), Ok(order @ (Order::Less | Order::More))) => {
            let (less, more) = if order == Order::Less { (one, two) } else { (two, one) };
            let figures = mebi(less).zip(mebi(more)).map_or_else(String::new, |(less, more)| format!(": {less} instead of {more}"));
            let (less, more) = (less.called(best, ","), more.called(best, ""));
            format!("{less} takes less of the server’s memory than {more}{figures}; {}", tie.about("CPU"))
        }
    })
}

/// Room between two panels.
const GAPS: (f64, f64) = (26.0, 52.0);
/// Room for the marks of an axis.
const TICKS: f64 = 62.0;
/// Room for the names of the two clocks, where time is compressed.
const CLOCKS: f64 = 96.0;

fn draw(canvas: &mut Canvas<'_>, room: Room, view: &View<'_, '_>, grid: &Grid<'_>) {
    let palette = canvas.palette();
    let compression = view.summary.recording.scenario.compression;
    let (top, bottom) = (room.top + 34.0, room.bottom - if compression == 1.0 { 26.0 } else { 50.0 });
    let height = (bottom - top - GAPS.1) / 2.0;
    let signs: Vec<Mark> = view.cells.iter().map(|cell| view.mark(cell, METRICS)).collect();
    let names: Vec<String> = view.cells.iter().zip(&signs).map(|(cell, sign)| sign.behind(&cell.contender.name)).collect();
    let entries: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "")).collect();
    // Names may reach a little above and below their panel, where nothing else stands.
    let setting = labels::set(&entries, height + 22.0, 164.0, 18.0);
    // All panels are equally wide; the first has more at its left where there are two clocks.
    let first = if compression == 1.0 { TICKS } else { CLOCKS };
    let beside = setting.width + labels::GAP;
    let wide = (room.right - room.left - first - 2.0 * TICKS - 2.0 * GAPS.0 - 3.0 * beside) / 3.0;
    let mut left = room.left + first;
    for (column, panels) in grid.iter().enumerate() {
        for (row, panel) in panels.iter().enumerate() {
            let upper = top + row as f64 * (height + GAPS.1);
            let plot = Room { left, top: upper, right: left + wide, bottom: upper + height };
            let heading = text::fit(&panel.heading, 19.0, Weight::SemiBold, wide + beside);
            canvas.text(left, upper - 20.0, &heading, Hand { size: 19.0, weight: Weight::SemiBold, colour: palette.ink, align: Align::Left });
            panel.draw(canvas, plot, view, &signs, &setting);
        }
        over_time::clock(canvas, Room { left, top, right: left + wide, bottom: bottom - 4.0 }, view.window(), compression, 16.0, column == 0);
        left += wide + beside + GAPS.0 + TICKS;
    }
}

impl Panel<'_> {
    fn draw(&self, canvas: &mut Canvas<'_>, plot: Room, view: &View<'_, '_>, signs: &[Mark], setting: &labels::Setting) {
        let palette = canvas.palette();
        let height = |value: f64| plot.bottom - (plot.bottom - plot.top) * self.scale.place(value);
        let hand = Hand { size: 16.0, weight: Weight::Regular, colour: palette.soft, align: Align::Right };
        if self.series.is_empty() {
            // No names stand beside it.
            let without = text::fit(self.without, 16.0, Weight::Regular, plot.right + setting.width - plot.left);
            canvas.text(plot.left, (plot.top + plot.bottom) / 2.0, &without, Hand { align: Align::Left, ..hand });
            return;
        }
        for tick in &self.scale.ticks() {
            canvas.line((plot.left, height(*tick)), (plot.right, height(*tick)), 1.25, palette.grid);
            canvas.text(plot.left - 10.0, height(*tick) + 6.0, &text::fit(&show_number(*tick), 16.0, Weight::Regular, TICKS - 12.0), hand);
        }
        let window = view.window().max(1.0);
        let mut ends = Vec::new();
        let place = |point: &(f64, f64)| (plot.left + (plot.right - plot.left) * (point.0 / window).clamp(0.0, 1.0), height(point.1));
        let order = view.drawing_order(self.series.iter().map(|series| series.cell));
        let courses: Vec<Course> = order.iter().map(|index| self.series[*index].points.iter().map(place).collect()).collect();
        let looks: Vec<Look> = order.iter().map(|index| view.look(canvas.theme, self.series[*index].cell)).collect();
        let thin = looks.iter().map(|look| Look { width: look.width * 0.7, ..*look });
        layers::draw(canvas, &courses.iter().zip(thin).collect::<Vec<_>>());
        for ((index, points), look) in order.into_iter().zip(&courses).zip(looks) {
            let series = &self.series[index];
            let end = points.last().copied().unwrap_or((plot.right, plot.bottom));
            if points.len() == 1 {
                canvas.circle(end, 4.0, look.colour, 1.0);
            }
            let sign = view.cells.iter().position(|cell| cell.contender.name == series.cell.contender.name).and_then(|place| signs.get(place));
            let mark = sign.copied().unwrap_or_default();
            ends.push(Label { end, name: series.cell.contender.name.clone(), detail: String::new(), colour: look.colour, mark });
        }
        labels::draw(canvas, &ends, setting, plot.right, plot.top - 11.0, plot.bottom + 11.0);
    }
}
