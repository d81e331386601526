//! A history on a terminal: the runs of a figure, or all that changed.

use comfy_table::{Cell as TableCell, CellAlignment, ContentArrangement, Table};

use super::{Shown, words};
use crate::report::figures;
use crate::report::terminal::{Page, Style, clean, new_table, visible};
use crate::summary::history::{Change, Series, Trend};

/// The runs of each series, the latest `newest` of them, and what changed.
pub fn runs(shown: &Shown<'_>, newest: usize, style: Style) -> String {
    let mut page = Page::new(style);
    for (place, trend) in shown.trends.iter().enumerate() {
        if place > 0 {
            page.blank();
        }
        let series = &trend.series;
        page.heading(&words::figure(series));
        page.paragraph("  ", "", &format!("{}; {}; {}", words::finding(&[trend]), machines(series), words::better(series)));
        page.line(&fitted([true, false].map(|ranges| run_table(trend, newest, ranges, page.style())), page.style()));
        let earlier = series.points.len().saturating_sub(newest);
        if earlier > 0 {
            page.paragraph("  ", "", &format!("{earlier} earlier {} not shown: --newest shows more", if earlier == 1 { "run is" } else { "runs are" }));
        }
    }
    page.blank();
    page.paragraph("", "", &reading(shown));
    page.text
}

/// Everything that changed, the latest first.
pub fn changes(shown: &Shown<'_>, style: Style) -> String {
    let mut page = Page::new(style);
    let mut all: Vec<(&Series<'_>, &Change)> = shown.trends.iter().flat_map(|trend| trend.changes.iter().map(|change| (&trend.series, change))).collect();
    all.sort_by_key(|(series, change)| std::cmp::Reverse(series.points[change.place].entry.instant()));
    let worse = all.iter().filter(|(_, change)| words::is_worse(change)).count();
    let among = format!("in {} series of {} runs at most", shown.trends.len(), longest(shown));
    let headline = match all.len() {
        0 => format!("No change {among}"),
        1 => format!("1 change {among}, for the {}", if worse == 1 { "worse" } else { "better" }),
        several => format!("{several} changes {among}, {worse} of them for the worse"),
    };
    page.paragraph("", if worse > 0 { "1;31" } else { "1" }, &headline);
    if !all.is_empty() {
        page.line(&fitted([true, false].map(|before| change_table(&all, before, page.style())), page.style()));
    }
    for (series, change) in &all {
        let beside = words::beside(series, change);
        if !beside.is_empty() {
            page.paragraph("  ", "", &format!("{}, {}: {beside}", words::figure(series), words::called(series.points[change.place].entry)));
        }
    }
    if shown.doubted > 0 {
        let (doubted, series) = (shown.doubted, shown.trends.len());
        page.paragraph(
            "",
            "33",
            &format!("The latest run of {doubted} of {series} series is not to be trusted, and tells nothing: see the doubts of its recording"),
        );
    }
    page.blank();
    page.paragraph("", "", &reading(shown));
    page.text
}

fn longest(shown: &Shown<'_>) -> usize {
    shown.trends.iter().map(|trend| trend.series.points.len()).max().unwrap_or(0)
}

fn reading(shown: &Shown<'_>) -> String {
    let series: Vec<&Series<'_>> = shown.trends.iter().map(|trend| &trend.series).collect();
    format!(
        "A run is the mean of its trials. Changes: {}. Times, CPU, memory and what is on the wire are compared with runs of the same machine alone.",
        words::reading(&series, shown.search)
    )
}

/// `on one machine`, or `on 2 machines`.
fn machines(series: &Series<'_>) -> String {
    match series.machines().len() {
        1 => "on one machine".to_owned(),
        several => format!("on {several} machines"),
    }
}

fn right(text: &str) -> TableCell {
    TableCell::new(clean(text)).set_alignment(CellAlignment::Right)
}

fn run_table(trend: &Trend<'_>, newest: usize, ranges: bool, style: Style) -> Table {
    let series = &trend.series;
    let unit = series.subject.unit;
    let mut table = new_table(style);
    let mut header: Vec<TableCell> = ["run", "label"].map(TableCell::new).into();
    header.push(right("mean"));
    if ranges {
        header.push(right("trials"));
    }
    header.push(TableCell::new(""));
    table.set_header(header);
    let (machine_changes, scenario_changes) = (series.machine_changes(), series.scenario_changes());
    let first = series.points.len().saturating_sub(newest);
    for (place, point) in series.points.iter().enumerate().skip(first) {
        let mut notes = Vec::new();
        if let Some(change) = trend.changes.iter().find(|change| change.place == place) {
            let [before, after] = [change.point.before, change.point.after].map(|mean| unit.show(mean));
            notes.push(format!("{} {}: {before} → {after}", words::amount(series, change), change.tendency.name()));
        }
        if machine_changes.contains(&place) {
            notes.push(format!("machine: {}", point.entry.machine));
        }
        if scenario_changes.contains(&place) {
            notes.push("another text of the scenario".to_owned());
        }
        if !point.trusted {
            notes.push("not to be trusted, left out".to_owned());
        }
        let label = point.entry.label.as_deref().unwrap_or("–");
        let mut row = vec![TableCell::new(words::when(point.entry)), TableCell::new(clean(label)), right(&unit.show(point.value))];
        if ranges {
            let (least, most) = point.range;
            row.push(right(&match point.trials {
                1 => "1".to_owned(),
                trials => format!("{trials}: {} to {}", unit.show(least), unit.show(most)),
            }));
        }
        row.push(TableCell::new(clean(&notes.join("; "))));
        table.add_row(row);
    }
    table
}

fn change_table(all: &[(&Series<'_>, &Change)], before: bool, style: Style) -> Table {
    let mut table = new_table(style);
    let mut header: Vec<TableCell> = ["since", "figure", "of"].map(TableCell::new).into();
    if before {
        header.extend(["before", "after"].map(right));
    }
    header.push(right("change"));
    header.push(TableCell::new(""));
    header.push(right("p"));
    table.set_header(header);
    for (series, change) in all {
        let unit = series.subject.unit;
        let whom = format!("{} in {}", figures::whom(Some(series.contender), Some(series.load_point)), series.scenario);
        let mut row: Vec<TableCell> =
            [words::called(series.points[change.place].entry), series.subject.name.to_owned(), whom].iter().map(|text| TableCell::new(clean(text))).collect();
        if before {
            row.extend([change.point.before, change.point.after].map(|mean| right(&unit.show(mean))));
        }
        row.push(right(&words::amount(series, change)));
        row.push(TableCell::new(change.tendency.name()));
        row.push(right(&probability(change.point.probability)));
        table.add_row(row);
    }
    table
}

/// `4e-9`, or `0` where nothing is left to chance.
fn probability(value: f64) -> String {
    if value == 0.0 { "0".to_owned() } else { format!("{value:.0e}") }
}

/// The first that fits, else the last, broken.
fn fitted(tables: [Table; 2], style: Style) -> String {
    let fits = |table: &Table| table.lines().all(|line| visible(&line) <= style.width);
    if let Some(table) = tables.iter().find(|table| fits(table)) {
        return table.to_string();
    }
    let [_, mut last] = tables;
    last.set_width(u16::try_from(style.width).unwrap_or(u16::MAX)).set_content_arrangement(ContentArrangement::Dynamic);
    last.to_string()
}
