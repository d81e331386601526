//! Charts of several runs side by side: each contender's twins lie beside each other, in its colour, from pale (the first run) to strong (the last).
//!
//! Titles are computed: the largest change that is beyond the noise, or that there is none, or why nothing can be said.

mod bars;
mod spectrum;
#[cfg(test)]
mod tests;
mod title;

use plotters::style::RGBColor;

use super::canvas::{self, Canvas};
use super::frame::{self, FootLine, Room};
use super::marks::Mark;
use super::picture::{Drawn, LeftOut, Picture};
use super::theme::{self, Look, Theme};
use crate::measure::recording::ContenderRecord;
use crate::summary::comparison::{Comparison, Effect, Run, Twins};

/// How pale the first of several runs is.
const PALEST: f64 = 0.42;

/// What the charts of a load point are drawn from.
struct Runs<'c, 's> {
    comparison: &'c Comparison<'s>,
    load_point: &'c str,
    /// The contenders there that have a twin.
    twins: Vec<&'c Twins<'s>>,
    /// All contenders of all runs, in order of appearance: what colours depend on.
    contenders: Vec<ContenderRecord>,
}

/// A chart ready to be drawn.
struct Chart<'c> {
    title: String,
    subtitle: String,
    /// Metrics that it shows: what is to be known of them stands in the foot.
    metrics: &'static [&'static str],
    fill: Box<dyn FnOnce(&mut Canvas<'_>, Room) + 'c>,
}

type Prepare = for<'c> fn(&'c Runs<'c, 'c>) -> Result<Chart<'c>, &'static str>;

/// In the order in which they are shown.
const CHARTS: [(&str, Prepare); 3] = [("compare-per-update", bars::per_update), ("compare-latency", spectrum::prepare), ("compare-resources", bars::resources)];

/// Names of all charts of several runs.
pub const NAMES: [&str; CHARTS.len()] = ["compare-per-update", "compare-latency", "compare-resources"];

/// The charts of the load point at which there are most twins (the first of equals), for one theme.
pub fn all(comparison: &Comparison<'_>, theme: Theme) -> Vec<Picture> {
    let mut best = "";
    let mut most = 0;
    for point in comparison.load_points() {
        let count = comparison.twins.iter().filter(|twins| twins.load_point == point).count();
        if count > most {
            (best, most) = (point, count);
        }
    }
    draw(comparison, best, theme).pictures
}

/// The charts of a load point, and which are left out for want of data.
pub fn draw(comparison: &Comparison<'_>, load_point: &str, theme: Theme) -> Drawn {
    let runs = Runs::new(comparison, load_point);
    let mut drawn = Drawn::default();
    for (name, prepare) in CHARTS {
        match prepare(&runs) {
            Ok(Chart { title, subtitle, metrics, fill }) => {
                let svg = canvas::picture(theme, &format!("{title}. {subtitle}"), |canvas| {
                    let room = frame::around(canvas, &title, &subtitle, &runs.foot(metrics));
                    fill(canvas, room);
                });
                drawn.pictures.push(Picture { name, theme, title, svg });
            }
            Err(reason) => drawn.left_out.push(LeftOut { name, reason }),
        }
    }
    drawn
}

impl<'c, 's> Runs<'c, 's> {
    fn new(comparison: &'c Comparison<'s>, load_point: &'c str) -> Self {
        let twins = comparison.twins.iter().filter(|twins| twins.load_point == load_point).collect();
        let mut contenders: Vec<ContenderRecord> = Vec::new();
        for contender in comparison.runs.iter().flat_map(|run| &run.summary.recording.contenders) {
            if !contenders.iter().any(|known| known.name == contender.name) {
                contenders.push(contender.clone());
            }
        }
        Self { comparison, load_point, twins, contenders }
    }

    fn name(&self, run: usize) -> &'c str {
        self.comparison.runs.get(run).map_or("", |run| run.name)
    }

    /// How a contender is drawn in a run: paler and thinner, the earlier the run.
    fn look(&self, canvas: &Canvas<'_>, contender: &str, run: usize) -> Look {
        let look = theme::look(canvas.theme, &self.contenders, contender);
        let last = self.comparison.runs.len().saturating_sub(1).max(1);
        let strength = PALEST + (1.0 - PALEST) * run as f64 / last as f64;
        Look { colour: mixed(look.colour, canvas.palette().ground, strength), width: look.width * (0.6 + 0.4 * strength), ..look }
    }

    /// Whether figures of a twin are not to be trusted; notes are told in the reports of the runs.
    fn mark(&self, twins: &Twins<'_>, run: usize, metrics: &[&str]) -> Mark {
        let (Some(of), Some(cell)) = (self.comparison.runs.get(run), twins.cells.get(run).copied().flatten()) else { return Mark::None };
        Some(Mark::of(of.summary, cell, metrics)).filter(|mark| *mark == Mark::Untrusted).unwrap_or_default()
    }

    /// The colour of a contender's name, whatever the run: pale letters could not be read.
    fn ink(&self, theme: Theme, contender: &str) -> RGBColor {
        theme::look(theme, &self.contenders, contender).colour
    }

    /// `pale: before; strong: after`
    fn legend(&self) -> String {
        let names: Vec<&str> = self.comparison.runs.iter().map(|run| run.name).collect();
        match names.as_slice() {
            [first, second] => format!("pale: {first}, strong: {second}"),
            several => format!("from pale to strong: {}", several.join(", ")),
        }
    }

    /// What was run where, a line for each run as far as there is room; then what differs and is to be known of these metrics.
    fn foot(&self, metrics: &[&str]) -> Vec<FootLine> {
        const MOST: usize = 3;
        let place = if self.load_point.is_empty() { String::new() } else { format!(" at {}", self.load_point.replace(';', ", ")) };
        let line = |(number, run): (usize, &Run<'_>)| {
            let recording = run.summary.recording;
            let repeats: Option<usize> = self.twins.iter().filter_map(|twins| twins.cells[number].map(|cell| cell.trials.len())).min();
            let repeats = repeats.map_or_else(|| "nothing here".to_owned(), |repeats| format!("{repeats} repeat{}", if repeats == 1 { "" } else { "s" }));
            format!(
                "{}: {}{place} · {repeats} · {}, {} cores · pushbench {} · run {}",
                run.name, recording.scenario.title, recording.machine.cpu_model, recording.machine.cores, recording.tool_version, recording.id
            )
        };
        let runs = self.comparison.runs.len();
        let shown = if runs > MOST { MOST - 1 } else { runs };
        let mut lines: Vec<FootLine> = self.comparison.runs.iter().enumerate().take(shown).map(line).flat_map(|text| FootLine::fitting(&text, false)).collect();
        if runs > shown {
            lines.extend(FootLine::fitting(&format!("… and {} runs more", runs - shown), false));
        }
        let touching = self.comparison.conditions.iter().filter(|condition| condition.effect > Effect::Told);
        let touching: Vec<_> = touching.filter(|condition| metrics.iter().any(|metric| condition.touches(metric))).collect();
        if let Some((first, others)) = touching.split_first() {
            let more: Vec<&str> = others.iter().map(|condition| condition.what).collect();
            let more = if more.is_empty() { String::new() } else { format!(" Also: {}.", more.join(", ")) };
            lines.extend(FootLine::fitting(&format!("≠ Differs besides: {}. {} ({}){more}", first.what, first.words, first.values.join(" | ")), true));
        }
        let marked = |twins: &&Twins<'_>| (0..runs).any(|run| self.mark(twins, run, metrics) == Mark::Untrusted);
        let untrusted: Vec<&str> = self.twins.iter().copied().filter(marked).map(|twins| twins.contender).collect();
        if !untrusted.is_empty() {
            lines.extend(FootLine::fitting(&format!("Not to be trusted (?): {}. The reports of the runs say why.", untrusted.join(", ")), true));
        }
        lines
    }
}

/// A colour on a ground, as if it were so strong, 0 to 1.
fn mixed(colour: RGBColor, ground: RGBColor, strength: f64) -> RGBColor {
    let part = |colour: u8, ground: u8| (f64::from(colour) * strength + f64::from(ground) * (1.0 - strength)).round() as u8;
    RGBColor(part(colour.0, ground.0), part(colour.1, ground.1), part(colour.2, ground.2))
}
