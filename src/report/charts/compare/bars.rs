//! Two panels of bars that share their rows: for each contender a bar for each run, with the range of its repeats, and what became of the first.

use super::super::axis::Scale;
use super::super::canvas::{Align, Canvas, Hand};
use super::super::frame::Room;
use super::super::text::{self, Weight};
use super::{Chart, Runs, title};
use crate::report::comparison::words;
use crate::summary::comparison::Twins;
use crate::summary::metrics::{Metric, Unit};
use crate::units::show_bytes;

/// Height of the heading of a panel.
const HEADER: f64 = 44.0;
/// Between the panels.
const BETWEEN: f64 = 48.0;
/// Room for what became of it, at most.
const CHANGE: f64 = 300.0;
/// Between two contenders, in rows.
const GAP: f64 = 0.5;
/// More rows than this, with what lies between, would be too small to be read.
const MOST: f64 = 18.0;

/// One metric.
struct Panel {
    heading: String,
    metric: &'static Metric,
    /// Where bars begin: what an update takes at best; `None`: at nothing, on a linear scale.
    base: Option<f64>,
}

/// A bar.
struct Row<'c> {
    twins: &'c Twins<'c>,
    run: usize,
    /// Whether it is the first of its contender.
    is_first: bool,
    /// Its middle, from the top of all rows, in rows.
    middle: f64,
}

pub(super) fn per_update<'c>(runs: &'c Runs<'c, 'c>) -> Result<Chart<'c>, &'static str> {
    let cells = runs.twins.iter().flat_map(|twins| twins.cells.iter().flatten());
    let payload = cells.map(|cell| cell.workload.payload).max().unwrap_or(0).max(1) as f64;
    let title = title::title(runs, "messages.per_update", "messages per update").ok_or("no two runs have deliveries of the same contender")?;
    let panels = [
        panel("messages.per_update", "Messages per update, from 1", Some(1.0)),
        panel("bytes.protocol.per_update", &format!("Bytes per update, from {}, the payload", show_bytes(payload)), Some(payload)),
    ];
    let subtitle = "Per delivered update, on the subscribers’ leg, both ways, without TCP/IP headers (log scale)";
    Ok(chart(runs, title, subtitle, &["messages.per_update", "bytes.protocol.per_update"], panels))
}

pub(super) fn resources<'c>(runs: &'c Runs<'c, 'c>) -> Result<Chart<'c>, &'static str> {
    let title = title::title(runs, "cpu.total.per_1000_updates", "CPU per 1,000 updates")
        .ok_or("no two runs have sides of the same contender with processes of their own")?;
    let panels = [panel("cpu.total.per_1000_updates", "CPU per 1,000 updates, all sides", None), panel("memory.server.peak", "Server memory, peak", None)];
    Ok(chart(runs, title, "What was used, CPU less what the harness alone uses", &["cpu.total.per_1000_updates", "memory.server.peak"], panels))
}

fn panel(metric: &str, heading: &str, base: Option<f64>) -> Option<Panel> {
    Metric::named(metric).map(|metric| Panel { heading: heading.to_owned(), metric, base })
}

fn chart<'c>(runs: &'c Runs<'c, 'c>, title: String, what: &str, metrics: &'static [&'static str], panels: [Option<Panel>; 2]) -> Chart<'c> {
    let most = (MOST + GAP) / (runs.comparison.runs.len() as f64 + GAP);
    let shown = runs.most_changed(metrics[0], most as usize);
    let subtitle = format!("{what}; thin lines: from the lowest to the highest repeat; {}{}", runs.legend(), runs.choice(shown.len()));
    let panels: Vec<Panel> = panels.into_iter().flatten().collect();
    Chart { title, subtitle, metrics, shown, fill: Box::new(move |canvas, room, shown| fill(canvas, room, runs, shown, &panels)) }
}

/// A row for each run that has the contender; half a row between contenders.
fn rows<'c>(shown: &[&'c Twins<'c>]) -> (Vec<Row<'c>>, f64) {
    let (mut rows, mut next) = (Vec::new(), 0.0);
    for twins in shown {
        for (place, run) in (0..twins.cells.len()).filter(|run| twins.cells[*run].is_some()).enumerate() {
            rows.push(Row { twins, run, is_first: place == 0, middle: next + 0.5 });
            next += 1.0;
        }
        next += GAP;
    }
    (rows, next - GAP)
}

fn fill(canvas: &mut Canvas<'_>, room: Room, runs: &Runs<'_, '_>, shown: &[&Twins<'_>], panels: &[Panel]) {
    let palette = canvas.palette();
    let (rows, height) = rows(shown);
    let bottom = room.bottom - 34.0;
    let pitch = ((bottom - room.top - HEADER) / height.max(1.0)).min(76.0);
    let top = room.top + (bottom - room.top - HEADER - pitch * height) * 0.3;
    let size = (pitch * 0.52).clamp(8.0, 24.0);
    let widest = |texts: &mut dyn Iterator<Item = String>, weight| texts.map(|text| text::width(&text::clean(&text), size, weight)).fold(0.0, f64::max);
    let run_room = widest(&mut runs.comparison.runs.iter().map(|run| run.name.to_owned()), Weight::Regular).min(150.0);
    let name_room = widest(&mut shown.iter().map(|twins| twins.contender.to_owned()), Weight::SemiBold).min(230.0);
    for row in &rows {
        let twins = row.twins;
        let baseline = top + HEADER + pitch * row.middle + size * 0.36;
        let hand = |weight, colour| Hand { size, weight, colour, align: Align::Right };
        if row.is_first {
            let name = text::fit_name(&text::clean(twins.contender), size, Weight::SemiBold, name_room + 1.0);
            canvas.text(room.left + name_room, baseline, &name, hand(Weight::SemiBold, runs.ink(canvas.theme, twins.contender)));
        }
        let name = text::fit_name(&text::clean(runs.name(row.run)), size, Weight::Regular, run_room + 1.0);
        canvas.text(room.left + name_room + 16.0 + run_room, baseline, &name, hand(Weight::Regular, palette.soft));
    }
    let first = room.left + name_room + run_room + 34.0;
    let width = (room.right - first - BETWEEN) / 2.0;
    for (index, panel) in panels.iter().enumerate() {
        let left = first + index as f64 * (width + BETWEEN);
        let room = Room { left, top, right: left + width, bottom: top + HEADER + pitch * height };
        panel.draw(canvas, room, runs, &rows, pitch, size);
    }
}

impl Panel {
    fn draw(&self, canvas: &mut Canvas<'_>, room: Room, runs: &Runs<'_, '_>, rows: &[Row<'_>], pitch: f64, size: f64) {
        let palette = canvas.palette();
        let value = |row: &Row<'_>| row.twins.cells[row.run].and_then(|cell| cell.value(self.metric.name)).filter(|value| value.is_finite());
        let range = |row: &Row<'_>| {
            let estimate = row.twins.cells[row.run].and_then(|cell| cell.metrics.get(self.metric.name));
            let repeats =
                || estimate.into_iter().flat_map(|estimate| estimate.repeats.iter().filter_map(|(_, value)| *value)).filter(|value| value.is_finite());
            (repeats().count() > 1).then(|| (repeats().fold(f64::INFINITY, f64::min), repeats().fold(f64::NEG_INFINITY, f64::max)))
        };
        let shown = |row: &Row<'_>| {
            let text = value(row).map_or_else(|| "no figure".to_owned(), |value| self.metric.unit.show(value));
            runs.mark(row.twins, row.run, &[self.metric.name]).behind(&text)
        };
        let texts: Vec<String> = rows.iter().map(shown).collect();
        let value_room = texts.iter().map(|text| text::width(text, size, Weight::SemiBold)).fold(0.0, f64::max);
        let small = (size * 0.8).max(8.0);
        let change = |row: &Row<'_>| {
            let found = runs.comparison.found(row.twins, self.metric.name, row.run)?;
            Some(text::fit(&text::clean(&words::briefly(&found, self.metric)), small, Weight::Regular, CHANGE))
        };
        let changes: Vec<Option<String>> = rows.iter().map(change).collect();
        let change_room = changes.iter().flatten().map(|text| text::width(text, small, Weight::Regular)).fold(0.0, f64::max);
        let right = (room.right - change_room - value_room - 30.0).max(room.left + 60.0);
        let scale = self.scale(rows.iter().filter_map(&value).chain(rows.iter().filter_map(&range).map(|(_, high)| high)));
        let place = |value: f64| room.left + (right - room.left) * scale.place(value);
        let base = place(self.base.unwrap_or(0.0));
        let soft = |size, align| Hand { size, weight: Weight::Regular, colour: palette.soft, align };
        let heading = text::fit(&self.heading, 22.0, Weight::SemiBold, room.right - room.left);
        canvas.text(room.left, room.top + 18.0, &heading, Hand { size: 22.0, weight: Weight::SemiBold, colour: palette.ink, align: Align::Left });
        let ticks: Vec<(f64, String)> = self.ticks(scale).into_iter().map(|tick| (place(tick), self.metric.unit.show(tick))).collect();
        for (x, _) in &ticks {
            canvas.line((*x, room.top + HEADER - 6.0), (*x, room.bottom + 6.0), 1.25, palette.grid);
        }
        for (x, text) in named(&ticks, matches!(scale, Scale::Linear(..))) {
            canvas.text(*x, room.bottom + 28.0, text, soft(16.0, Align::Middle));
        }
        for ((row, text), change) in rows.iter().zip(&texts).zip(&changes) {
            let twins = row.twins;
            let middle = room.top + HEADER + pitch * row.middle;
            let (half, baseline) = ((pitch * 0.36).min(26.0), middle + size * 0.36);
            let mut end = base;
            if let Some(value) = value(row) {
                let tip = place(value);
                // What costs no more than the least there can be is still to be seen.
                let shown = if (tip - base).abs() < 4.0 { base + 4.0 } else { tip };
                let look = runs.look(canvas, twins.contender, row.run);
                canvas.bar(base, shown, middle - half, middle + half, look.colour);
                end = end.max(shown);
            }
            if let Some((low, high)) = range(row) {
                canvas.line((place(low), middle), (place(high), middle), 2.0, palette.ink);
                end = end.max(place(high));
            }
            let hand = Hand { size, weight: Weight::SemiBold, colour: palette.ink, align: Align::Left };
            canvas.text(end + 10.0, baseline, text, if value(row).is_some() { hand } else { soft(size, Align::Left) });
            if let Some(change) = change {
                canvas.text(room.right, baseline, change, soft(small, Align::Right));
            }
        }
        canvas.line((base, room.top + HEADER - 8.0), (base, room.bottom + 6.0), 2.5, palette.ink);
    }

    fn scale(&self, values: impl Iterator<Item = f64>) -> Scale {
        let Some(base) = self.base else { return linear(&values.collect::<Vec<f64>>(), self.metric.unit) };
        let values: Vec<f64> = values.filter(|value| *value > 0.0).collect();
        let most = values.iter().copied().fold(base * 2.0, f64::max);
        let least = values.iter().copied().fold(base, f64::min);
        // A value of exactly the base must not stretch the axis downwards.
        Scale::Log(if least < base * 0.999 { base * 10_f64.powf((least / base).log10().floor()) } else { base }, most)
    }

    fn ticks(&self, scale: Scale) -> Vec<f64> {
        match (scale, self.base) {
            (Scale::Log(from, to), Some(base)) => Scale::Log(from / base, to / base).ticks().into_iter().map(|tick| tick * base).collect(),
            _ => scale.ticks(),
        }
    }
}

/// The marks that there is room to name: at even distances, where the axis is even.
fn named(ticks: &[(f64, String)], is_even: bool) -> Vec<&(f64, String)> {
    const APART: f64 = 12.0;
    let room = |(x, text): &(f64, String)| {
        let half = text::width(text, 16.0, Weight::Regular) / 2.0;
        (x - half, x + half + APART)
    };
    if is_even {
        let every = |every: usize| ticks.iter().step_by(every).collect::<Vec<_>>();
        let fits = |some: &Vec<&(f64, String)>| some.windows(2).all(|pair| room(pair[0]).1 <= room(pair[1]).0);
        return (1..=ticks.len()).map(every).find(fits).unwrap_or_default();
    }
    let mut free = f64::NEG_INFINITY;
    let mut fits = |tick: &&(f64, String)| {
        let (from, to) = room(tick);
        let has_room = from >= free;
        if has_room {
            free = to;
        }
        has_room
    };
    ticks.iter().filter(|tick| fits(tick)).collect()
}

/// From nothing, in steps that are round in the unit that is shown: of bytes, a power of 1,024.
fn linear(values: &[f64], unit: Unit) -> Scale {
    const PARTS: u32 = 4;
    let most = values.iter().copied().fold(1.0, f64::max);
    let unit = if unit == Unit::Bytes { 1_024_f64.powf(most.log(1_024.0).floor()) } else { 1.0 };
    match Scale::linear(values.iter().map(|value| value / unit), PARTS) {
        Scale::Linear(to, step) => Scale::Linear(to * unit, step * unit),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_an_even_axis_are_at_even_distances() {
        let ticks = |apart: f64| (0..5).map(|step| (f64::from(step) * apart, format!("{} MiB", 5 * step))).collect::<Vec<_>>();
        let names = |apart, is_even| named(&ticks(apart), is_even).into_iter().map(|(_, name)| name.clone()).collect::<Vec<_>>();
        assert_eq!(names(100.0, true).len(), 5);
        assert_eq!(names(50.0, true), ["0 MiB", "10 MiB", "20 MiB"]);
        assert_eq!(names(1.0, true), ["0 MiB"]);
        assert_eq!(names(50.0, false), ["0 MiB", "10 MiB", "20 MiB"]);
        assert!(named(&[], true).is_empty());
    }

    #[test]
    fn steps_of_bytes_are_round_in_the_unit_that_is_shown() {
        let mib = f64::from(1 << 20);
        assert_eq!(linear(&[23.2 * mib, 11.0 * mib], Unit::Bytes), Scale::Linear(24.0 * mib, 6.0 * mib));
        assert_eq!(linear(&[900.0], Unit::Bytes), Scale::Linear(1_000.0, 250.0));
        assert_eq!(linear(&[3.4], Unit::CpuSeconds), Scale::linear([3.4].into_iter(), 4));
        assert_eq!(linear(&[], Unit::Bytes), Scale::linear([1.0].into_iter(), 4));
    }
}
