//! A figure over the runs of a history: a panel for each contender, with its levels, its changes, and where it was measured on another machine.

mod axis;
mod panel;
#[cfg(test)]
mod tests;

use super::canvas;
use super::finding::foremost;
use super::frame::{self, FootLine, Room};
use super::picture::Picture;
use super::text::{self, Weight};
use super::theme::Theme;
use crate::history::{Contender, Entry};
use crate::measure::recording::ContenderRecord;
use crate::report::history::words;
use crate::summary::history::{Search, Trend};
use panel::Panel;

/// So many panels can still be read.
const MOST: usize = 12;
/// Characters of a file's name at most, without theme and ending.
const LONGEST_NAME: usize = 120;

/// A chart, and what its file is called without theme and ending.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drawn {
    /// `trend-FIGURE-SCENARIO`, with the load point where there is one.
    pub name: String,
    /// The chart.
    pub picture: Picture,
}

/// A chart for each figure, scenario and load point: of series that stand one after the other.
pub fn all(trends: &[Trend<'_>], search: Search, theme: Theme) -> Vec<Drawn> {
    let mut groups: Vec<Vec<&Trend<'_>>> = Vec::new();
    for trend in trends {
        match groups.iter_mut().find(|group| group.iter().all(|other| other.series.is_beside(&trend.series))) {
            Some(group) => group.push(trend),
            None => groups.push(vec![trend]),
        }
    }
    let mut drawn: Vec<Drawn> = Vec::new();
    for group in groups {
        let mut name = name(group[0]);
        // Names that differ only in what a file's name cannot hold.
        while drawn.iter().any(|other| other.name == name) {
            name.push('-');
        }
        drawn.push(Drawn { name, picture: draw(&group, search, theme) });
    }
    drawn
}

/// A file's name of plain letters.
fn name(trend: &Trend<'_>) -> String {
    let series = &trend.series;
    let point = if series.load_point.is_empty() { String::new() } else { format!("-{}", series.load_point) };
    let plain = |letter: char| if letter.is_ascii_alphanumeric() || "._-".contains(letter) { letter } else { '-' };
    format!("trend-{}-{}{point}", series.subject.name, series.scenario).chars().map(plain).take(LONGEST_NAME).collect()
}

/// One chart of series that belong together; there is at least one.
pub fn draw(group: &[&Trend<'_>], search: Search, theme: Theme) -> Picture {
    let title = frame::whole_or(words::finding(group), || words::finding(&group[..1]));
    // What the title tells of must be in the picture.
    let told = words::latest(group).map(|(trend, _)| std::ptr::from_ref(trend));
    let shown = foremost(group.to_vec(), MOST, |trend| told == Some(std::ptr::from_ref(*trend)));
    let runs = runs(&shown);
    let subtitle = subtitle(&shown, group.len());
    let foot = foot(&shown, &runs, search);
    let svg = canvas::picture(theme, &format!("{title}. {subtitle}"), |canvas| {
        let room = frame::around(canvas, &title, &subtitle, &foot);
        let contenders = contenders(&runs);
        for (room, trend, is_lowest) in places(room, &shown) {
            Panel { trend, runs: &runs, contenders: &contenders }.draw(canvas, room, is_lowest);
        }
    });
    Picture { name: "trend", theme, title, svg }
}

/// All runs that any of these series has, by their start.
fn runs<'h>(trends: &[&Trend<'h>]) -> Vec<&'h Entry> {
    let mut runs: Vec<&Entry> = trends.iter().flat_map(|trend| trend.series.points.iter().map(|point| point.entry)).collect();
    runs.sort_by_cached_key(|entry| (entry.instant(), entry.recording.clone(), entry.scenario.clone()));
    runs.dedup_by(|one, other| std::ptr::eq(*one, *other));
    runs
}

/// All contenders of all runs, as the latest has them, then those that only earlier ones have: what colours depend on.
fn contenders(runs: &[&Entry]) -> Vec<ContenderRecord> {
    let mut all: Vec<ContenderRecord> = Vec::new();
    for Contender { name, direction } in runs.iter().rev().flat_map(|entry| &entry.contenders) {
        if !all.iter().any(|known| known.name == *name) {
            all.push(ContenderRecord { name: name.clone(), mechanism: String::new(), direction: *direction, settings: Default::default() });
        }
    }
    all
}

fn subtitle(shown: &[&Trend<'_>], all: usize) -> String {
    let first = &shown[0].series;
    let rest = if all > shown.len() { format!("; {} more contenders are left out", all - shown.len()) } else { String::new() };
    let turns = |of: &dyn Fn(&Trend<'_>) -> bool| shown.iter().any(|trend| of(trend));
    let mut told =
        vec![format!("{} of each run in turn, {}: mean of its trials, thin lines from the least to the largest", first.subject.name, words::better(first))];
    told.push("thick: levels between changes".to_owned());
    if turns(&|trend| !trend.series.machine_changes().is_empty()) {
        let grey = if turns(&|trend| trend.series.strands().len() > 1) { ", grey where it is not the latest" } else { "" };
        told.push(format!("dashed: another machine{grey}"));
    }
    if turns(&|trend| !trend.series.scenario_changes().is_empty()) {
        told.push("dotted: another text of the scenario".to_owned());
    }
    if turns(&|trend| panel::around(&trend.series).is_cut()) {
        told.push("axes do not begin at 0".to_owned());
    }
    format!("{}{rest}", told.join("; "))
}

/// Which runs, of what, where; how changes were looked for; what was left out.
fn foot(shown: &[&Trend<'_>], runs: &[&Entry], search: Search) -> Vec<FootLine> {
    let first = &shown[0].series;
    let point = if first.load_point.is_empty() { String::new() } else { format!(" at {}", first.load_point.replace(';', ", ")) };
    let days = match runs {
        [] => String::new(),
        [only] => format!(", {}", words::day(only)),
        [first, .., last] => format!(" from {} to {}", words::day(first), words::day(last)),
    };
    let version = runs.last().map_or(String::new(), |entry| format!(" · pushbench {}", entry.tool_version));
    let count = runs.len();
    let mut lines = FootLine::fitting(&format!("{}{point} · {count} run{}{days}{version}", first.scenario, if count == 1 { "" } else { "s" }), false);
    let series: Vec<_> = shown.iter().map(|trend| &trend.series).collect();
    lines.extend(FootLine::fitting(&format!("Changes: {}", words::reading(&series, search)), false));
    let mut machines: Vec<(&str, usize)> = Vec::new();
    for entry in runs {
        match machines.iter_mut().find(|(machine, _)| *machine == entry.machine) {
            Some((_, count)) => *count += 1,
            None => machines.push((&entry.machine, 1)),
        }
    }
    machines.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let names: Vec<String> = machines.iter().map(|(machine, count)| format!("{machine} ({count})")).collect();
    lines.extend(FootLine::fitting(&format!("Measured on {}", names.join(" | ")), false));
    let left_out: usize = shown.iter().map(|trend| trend.series.points.iter().filter(|point| !point.trusted).count()).sum();
    if left_out > 0 {
        let figures = if left_out == 1 { "1 figure".to_owned() } else { format!("{left_out} figures") };
        lines.extend(FootLine::fitting(&format!("Not to be trusted (?), and left out of levels and changes: {figures}"), true));
    }
    lines
}

/// Room above a panel for its name.
const NAME: f64 = 34.0;
/// Room below the lowest panels for days.
const DAYS: f64 = 30.0;
/// Between two panels, beside each other and above each other.
const GAPS: (f64, f64) = (26.0, 16.0);

/// Where each panel stands, and whether none is below it: down one column, then the next.
fn places<'t, 'h>(room: Room, shown: &[&'t Trend<'h>]) -> Vec<(Room, &'t Trend<'h>, bool)> {
    let gutter = panel::gutter(shown);
    let columns = shown.len().div_ceil(4).max(1);
    let rows = shown.len().div_ceil(columns).max(1);
    let (wide, high) = ((room.right - room.left + GAPS.0) / columns as f64, (room.bottom - DAYS - room.top + GAPS.1) / rows as f64);
    let one = |(place, trend): (usize, &&'t Trend<'h>)| {
        let (column, row) = (place / rows, place % rows);
        let plot = Room {
            left: room.left + wide * column as f64 + gutter,
            top: room.top + high * row as f64 + NAME,
            right: room.left + wide * (column + 1) as f64 - GAPS.0,
            bottom: room.top + high * (row + 1) as f64 - GAPS.1,
        };
        (plot, *trend, row + 1 == rows || place + 1 == shown.len())
    };
    shown.iter().enumerate().map(one).collect()
}

/// A text as wide as it may be.
fn fitting(text: &str, size: f64, weight: Weight, room: f64) -> String {
    text::fit(&text::clean(text), size, weight, room)
}
