//! One series of a trend: its runs in turn, the levels between changes, and marks where something was another.

use plotters::style::RGBColor;

use super::axis::Around;
use super::fitting;
use crate::history::Entry;
use crate::measure::recording::ContenderRecord;
use crate::report::charts::beside::{extent, overlap};
use crate::report::charts::canvas::{Align, Canvas, Hand};
use crate::report::charts::frame::Room;
use crate::report::charts::text::{self, Weight};
use crate::report::charts::theme;
use crate::report::history::words;
use crate::summary::history::{Change, Series, Trend};

/// Band at the top of the plot in which marks are named, in pixels.
const BAND: f64 = 24.0;
/// Runs nearer to each other than this have no dots, in pixels.
const CROWDED: f64 = 5.0;
/// More turns than this are told by ticks alone: lines would hide the runs.
const MOST_LINES: usize = 8;
/// Size of the names of marks, their distance from the axis, and the most room that they may take.
const MARK: f64 = 16.0;
const AWAY: f64 = 10.0;
const WIDEST: f64 = 160.0;
const DASHED: &[f64] = &[9.0, 6.0];
const DOTTED: &[f64] = &[2.0, 5.0];

/// A series to be drawn.
pub struct Panel<'p, 'h> {
    pub trend: &'p Trend<'h>,
    /// All runs of the chart, by their start.
    pub runs: &'p [&'h Entry],
    /// All contenders of the chart.
    pub contenders: &'p [ContenderRecord],
}

/// Where values and runs of a panel are.
struct Plot<'p> {
    room: Room,
    up: Around,
    /// Of each run of the series, its place among all runs of the chart.
    columns: &'p [usize],
    pitch: f64,
}

impl Plot<'_> {
    fn x(&self, place: usize) -> f64 {
        self.room.left + self.pitch * (self.columns[place] as f64 + 0.5)
    }

    /// Between a run and the one before.
    fn x_before(&self, place: usize) -> f64 {
        self.x(place) - self.pitch / 2.0
    }

    fn y(&self, value: f64) -> f64 {
        let (top, bottom) = (self.room.top + BAND, self.room.bottom);
        bottom - (bottom - top) * self.up.place(value)
    }
}

impl Panel<'_, '_> {
    /// Draws it; the lowest of a column has the days below it.
    pub fn draw(&self, canvas: &mut Canvas<'_>, room: Room, is_lowest: bool) {
        let series = &self.trend.series;
        let columns: Vec<usize> =
            series.points.iter().map(|point| self.runs.iter().position(|run| std::ptr::eq(*run, point.entry)).unwrap_or_default()).collect();
        let up = around(series);
        let plot = Plot { room, up, columns: &columns, pitch: (room.right - room.left) / self.runs.len().max(1) as f64 };
        let palette = canvas.palette();
        for (value, name) in up.marks(series.subject.unit) {
            let y = plot.y(value);
            canvas.line((room.left, y), (room.right, y), 1.25, palette.grid);
            let hand = Hand { size: MARK, weight: Weight::Regular, colour: palette.soft, align: Align::Right };
            canvas.text(room.left - AWAY, y + 6.0, &fitting(&name, MARK, Weight::Regular, gutter(&[self.trend]) - AWAY), hand);
        }
        canvas.line((room.left, room.bottom), (room.right, room.bottom), 1.5, palette.soft);
        let look = theme::look(canvas.theme, self.contenders, series.contender);
        turns(canvas, &plot, &series.machine_changes(), DASHED);
        turns(canvas, &plot, &series.scenario_changes(), DOTTED);
        self.strands(canvas, &plot, look.colour);
        self.changes(canvas, &plot);
        self.heading(canvas, room, look.colour);
        if is_lowest {
            self.days(canvas, &plot);
        }
    }

    /// The runs of each machine joined, or all of them where the machine is no matter; those of earlier machines are pale.
    fn strands(&self, canvas: &mut Canvas<'_>, plot: &Plot<'_>, colour: RGBColor) {
        let series = &self.trend.series;
        let palette = canvas.palette();
        let strands = series.strands();
        let latest = strands.iter().filter_map(|strand| strand.last()).max().copied();
        for strand in &strands {
            let is_latest = strand.last().copied() == latest;
            let colour = if is_latest { colour } else { palette.control };
            let trusted: Vec<usize> = strand.iter().copied().filter(|place| series.points[*place].trusted).collect();
            for place in &trusted {
                let (least, most) = series.points[*place].range;
                if series.points[*place].trials > 1 {
                    canvas.line((plot.x(*place), plot.y(least)), (plot.x(*place), plot.y(most)), 1.5, colour);
                }
            }
            for level in levels(&self.trend.changes, &trusted) {
                let points: Vec<(f64, f64)> = level.iter().map(|place| (plot.x(*place), plot.y(series.points[*place].value))).collect();
                canvas.path(&points, 1.5, colour, &[]);
                if plot.pitch > CROWDED {
                    points.iter().for_each(|point| canvas.circle(*point, (plot.pitch / 3.0).clamp(2.0, 4.5), colour, 1.0));
                }
                let (Some(first), Some(last)) = (level.first(), level.last()) else { continue };
                let y = plot.y(level.iter().map(|place| series.points[*place].value).sum::<f64>() / level.len() as f64);
                canvas.line((plot.x_before(*first), y), (plot.x(*last) + plot.pitch / 2.0, y), 4.0, colour);
            }
            for place in strand.iter().filter(|place| !series.points[**place].trusted) {
                let hand = Hand { size: 18.0, weight: Weight::SemiBold, colour: palette.warning, align: Align::Middle };
                canvas.text(plot.x(*place), plot.y(series.points[*place].value) + 6.0, "?", hand);
            }
        }
    }

    /// A line before the first run at each new level, and by how much it changed; the latest is named first. Where there is no room without crossing
    /// another line, it is named in fewer words or not at all.
    fn changes(&self, canvas: &mut Canvas<'_>, plot: &Plot<'_>) {
        const SIZE: f64 = 17.0;
        let series = &self.trend.series;
        let palette = canvas.palette();
        let turns = [series.machine_changes(), series.scenario_changes()].into_iter().filter(|turns| turns.len() <= MOST_LINES).flatten();
        let lines: Vec<f64> = self.trend.changes.iter().map(|change| change.place).chain(turns).map(|place| plot.x_before(place)).collect();
        let mut taken: Vec<Room> = Vec::new();
        for change in self.trend.changes.iter().rev() {
            let x = plot.x_before(change.place);
            let colour = if words::is_worse(change) { palette.warning } else { palette.ink };
            canvas.line((x, plot.room.top), (x, plot.room.bottom), 2.0, colour);
            let called: String = words::called(series.points[change.place].entry).chars().take(12).collect();
            let amount = words::amount(series, change);
            let tendency = format!("{amount}, {}", change.tendency.name());
            let whole = format!("{tendency} · {called}");
            let choices = [whole, tendency, amount].into_iter().flat_map(|told| [(told.clone(), Align::Left), (told, Align::Right)]);
            for (told, align) in choices {
                let told = text::clean(&told);
                let hand = Hand { size: SIZE, weight: Weight::SemiBold, colour, align };
                let at = (if align == Align::Left { x + 7.0 } else { x - 7.0 }, plot.room.top + SIZE);
                let room = extent(&told, hand, at);
                let is_inside = room.left >= plot.room.left && room.right <= plot.room.right;
                let is_crossed = lines.iter().any(|line| (room.left - 3.0..=room.right + 3.0).contains(line));
                if is_inside && !is_crossed && !taken.iter().any(|other| overlap(*other, room)) {
                    canvas.text(at.0, at.1, &told, hand);
                    taken.push(Room { left: room.left - 8.0, right: room.right + 8.0, ..room });
                    break;
                }
            }
        }
    }

    /// The name, the level now, and how many changes there were.
    fn heading(&self, canvas: &mut Canvas<'_>, room: Room, colour: RGBColor) {
        let series = &self.trend.series;
        let palette = canvas.palette();
        let wide = room.right - room.left;
        let size = if wide > 600.0 { 22.0 } else { 18.0 };
        let baseline = room.top - 11.0;
        let name = text::fit_name(&text::clean(series.contender), size, Weight::SemiBold, wide * 0.6);
        canvas.text(room.left, baseline, &name, Hand { size, weight: Weight::SemiBold, colour, align: Align::Left });
        let last = series.points.iter().rev().find(|point| point.trusted).map(|point| format!("last {}", series.subject.unit.show(point.value)));
        let count = match self.trend.changes.len() {
            _ if !series.can_tell() => "too few runs to tell".to_owned(),
            0 => "no change".to_owned(),
            1 => "1 change".to_owned(),
            several => format!("{several} changes"),
        };
        let detail = last.into_iter().chain([count]).collect::<Vec<_>>().join(" · ");
        let left = text::width(&name, size, Weight::SemiBold) + 14.0;
        let small = size - 4.0;
        let hand = Hand { size: small, weight: Weight::Regular, colour: palette.soft, align: Align::Left };
        canvas.text(room.left + left, baseline, &fitting(&detail, small, Weight::Regular, wide - left), hand);
    }

    /// Days of some runs, each under its own: the first, the last, and what has room between.
    fn days(&self, canvas: &mut Canvas<'_>, plot: &Plot<'_>) {
        const SIZE: f64 = 16.0;
        let colour = canvas.palette().soft;
        let hand = |align| Hand { size: SIZE, weight: Weight::Regular, colour, align };
        let days: Vec<String> = self.runs.iter().map(|run| text::clean(&words::day(run))).collect();
        let Some(last) = days.len().checked_sub(1) else { return };
        let x = |run: usize| plot.room.left + plot.pitch * (run as f64 + 0.5);
        let widest = days.iter().map(|day| text::width(day, SIZE, Weight::Regular)).fold(0.0, f64::max);
        let room = ((plot.room.right - plot.room.left) / (widest + 40.0)).floor().clamp(1.0, 8.0) as usize;
        let wanted = room.min(days.len());
        let baseline = plot.room.bottom + 24.0;
        let mut free = f64::NEG_INFINITY;
        let mut before = "";
        let right_edge = plot.room.right - text::width(&days[last], SIZE, Weight::Regular) - 20.0;
        for step in 0..wanted {
            let run = if wanted == 1 { last } else { step * last / (wanted - 1) };
            let (align, left) = match run {
                run if run == last && last > 0 => (Align::Right, f64::INFINITY),
                0 => (Align::Left, plot.room.left),
                run => (Align::Middle, x(run) - text::width(&days[run], SIZE, Weight::Regular) / 2.0),
            };
            let at = match align {
                Align::Left => plot.room.left,
                Align::Middle => x(run),
                Align::Right => plot.room.right,
            };
            let right = left + text::width(&days[run], SIZE, Weight::Regular);
            let fits = run == last || (left >= free && right <= right_edge);
            if fits && days[run] != before {
                canvas.text(at, baseline, &days[run], hand(align));
                before = &days[run];
                free = right + 20.0;
            }
        }
    }
}

/// The axis of a series.
pub fn around(series: &Series<'_>) -> Around {
    Around::new(series.points.iter().map(|point| point.value))
}

/// The room that the names of marks take at the left of panels.
pub fn gutter(trends: &[&Trend<'_>]) -> f64 {
    let marks = trends.iter().flat_map(|trend| around(&trend.series).marks(trend.series.subject.unit));
    let widest = marks.map(|(_, name)| text::width(&text::clean(&name), MARK, Weight::Regular)).fold(0.0, f64::max);
    (widest + AWAY + 2.0).min(WIDEST)
}

/// Lines where something was another than in the run before, or ticks where there are many.
fn turns(canvas: &mut Canvas<'_>, plot: &Plot<'_>, places: &[usize], dash: &[f64]) {
    let colour = canvas.palette().soft;
    for place in places {
        let x = plot.x_before(*place);
        if places.len() > MOST_LINES {
            canvas.line((x, plot.room.bottom - 8.0), (x, plot.room.bottom), 2.0, colour);
        } else {
            canvas.path(&[(x, plot.room.top), (x, plot.room.bottom)], 2.0, colour, dash);
        }
    }
}

/// The runs that are gone by, in order, parted where a level begins. Nothing is drawn from one level to the next: there is nothing between them.
fn levels(changes: &[Change], trusted: &[usize]) -> Vec<Vec<usize>> {
    let begins = |place: &usize| changes.iter().any(|change| change.place == *place);
    let mut levels: Vec<Vec<usize>> = Vec::new();
    for place in trusted {
        match levels.last_mut() {
            Some(level) if !begins(place) => level.push(*place),
            _ => levels.push(vec![*place]),
        }
    }
    levels
}
