//! Runs side by side on a terminal.

use comfy_table::{Cell as TableCell, CellAlignment, ContentArrangement, Table};

use super::{lines, words};
use crate::report::figures::{self, Line};
use crate::report::terminal::{Page, Style, clean, new_table, visible};
use crate::summary::Grade;
use crate::summary::comparison::{Comparison, Effect, Twins};

/// The whole report.
pub fn report(comparison: &Comparison<'_>, style: Style) -> String {
    let mut page = Page::new(style);
    let names: Vec<&str> = comparison.runs.iter().map(|run| run.name).collect();
    page.heading(&words::listed(&names));
    page.blank();
    for run in 1..comparison.runs.len() {
        page.paragraph("", "1", &words::headline(comparison, run));
    }
    for twins in &comparison.twins {
        page.blank();
        page.heading(&figures::whom(Some(twins.contender), Some(twins.load_point)));
        page.line(&table(comparison, twins, page.style()));
    }
    page.blank();
    page.paragraph("", "", words::READING);
    if !comparison.conditions.is_empty() {
        page.blank();
        page.heading(&format!("What differs besides  ({} may be the cause of a change)", words::MIXED));
        for condition in &comparison.conditions {
            let mark = if condition.effect == Effect::Mixed { format!(" {}", words::MIXED) } else { String::new() };
            let colour = if condition.effect == Effect::Incomparable { "31" } else { "" };
            page.paragraph("  ", colour, &format!("{}{mark}: {}. {}", condition.what, condition.values.join(" | "), condition.words));
        }
    }
    for (run, cell) in &comparison.alone {
        let whom = figures::whom(Some(&cell.contender.name), Some(cell.load_point));
        page.paragraph("  ", "", &format!("only in {}: {whom}", comparison.runs[*run].name));
    }
    let untrusted: Vec<(&str, &crate::summary::Doubt)> = comparison
        .runs
        .iter()
        .flat_map(|run| run.summary.doubts.iter().filter(|doubt| doubt.grade == Grade::Untrusted).map(move |doubt| (run.name, doubt)))
        .collect();
    if !untrusted.is_empty() {
        page.blank();
        page.heading("Doubts  (? not to be trusted; the reports of the runs have the notes)");
        for (name, doubt) in untrusted {
            let whom = figures::whom(doubt.contender.as_deref(), doubt.load_point.as_deref());
            page.paragraph("  ", "31", &format!("{name}, {whom} ({}): {}", doubt.cause, doubt.text));
        }
    }
    page.text
}

/// Label, a column for each run, a column for what became of the first; the shorter, the narrower the terminal.
fn table(comparison: &Comparison<'_>, twins: &Twins<'_>, style: Style) -> String {
    let fits = |table: &Table| table.lines().all(|line| visible(&line) <= style.width);
    let made = [(false, false), (true, false), (true, true)].map(|(short, brief)| columns(comparison, twins, style, short, brief));
    if let Some(table) = made.iter().find(|table| fits(table)) {
        return table.to_string();
    }
    let [.., mut last] = made;
    last.set_width(u16::try_from(style.width).unwrap_or(u16::MAX)).set_content_arrangement(ContentArrangement::Dynamic);
    last.to_string()
}

fn columns(comparison: &Comparison<'_>, twins: &Twins<'_>, style: Style, short: bool, brief: bool) -> Table {
    let base = twins.base().map_or(0, |(run, _)| run);
    let there: Vec<usize> = (0..comparison.runs.len()).filter(|run| twins.cells[*run].is_some()).collect();
    let others: Vec<usize> = there.iter().copied().filter(|run| *run != base).collect();
    let right = |text: String| TableCell::new(clean(&text)).set_alignment(CellAlignment::Right);
    let mut table = new_table(style);
    let mut header = vec![TableCell::new("")];
    header.extend(there.iter().map(|run| right(comparison.runs[*run].name.to_owned())));
    header.extend(others.iter().map(|run| right(if others.len() == 1 { "change".to_owned() } else { format!("change in {}", comparison.runs[*run].name) })));
    table.set_header(header);
    let label = |line: &Line| if short { line.short.replace("/ ", "/") } else { line.label.to_owned() };
    for line in lines(comparison, twins) {
        let mut row = vec![TableCell::new(label(&line))];
        let figure = |run: &usize| twins.cells[*run].map_or_else(String::new, |cell| figures::figure(comparison.runs[*run].summary, cell, line.metric));
        row.extend(there.iter().map(|run| right(figure(run))));
        row.extend(others.iter().map(|run| {
            let found = comparison.found(twins, line.metric.name, *run);
            right(found.map_or_else(|| "–".to_owned(), |found| if brief { words::briefly(&found, line.metric) } else { words::change(&found, line.metric) }))
        }));
        table.add_row(row);
    }
    table
}
