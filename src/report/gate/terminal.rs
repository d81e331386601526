//! A judgement on a terminal.

use comfy_table::{Cell as TableCell, CellAlignment, ContentArrangement, Table};

use super::words;
use crate::report::terminal::{Page, Style, clean, new_table, visible};
use crate::summary::gate::{Judged, Judgement, Verdict};

/// The whole report: headline, the figures that are not equivalent, those that are in few words, what differs besides.
pub fn report(judgement: &Judgement<'_>, style: Style) -> String {
    let mut page = Page::new(style);
    page.heading(&format!("{} against {}", words::side(judgement, false), words::side(judgement, true)));
    page.blank();
    let colour = if judgement.count(Verdict::Regressed) > 0 { "1;31" } else { "1" };
    page.paragraph("", colour, &words::headline(judgement));
    for warning in words::warnings(judgement) {
        page.paragraph("", "33", &warning);
    }
    let told = by_gravity(judgement, |verdict| verdict != Verdict::Equivalent);
    if !told.is_empty() {
        page.blank();
        page.line(&table(&told, page.style()));
        for (detail, figures) in by_detail(&told) {
            let figures: Vec<String> = by_whom(&figures).into_iter().map(|(whom, names)| format!("{} of {whom}", names.join(", "))).collect();
            page.paragraph("  ", "", &format!("{}: {detail}", figures.join("; ")));
        }
    }
    let equivalent = by_gravity(judgement, |verdict| verdict == Verdict::Equivalent);
    if !equivalent.is_empty() {
        page.blank();
        page.heading("Equivalent");
        for (whom, names) in by_whom(&equivalent) {
            page.paragraph("  ", "", &format!("{whom}: {}", names.join(", ")));
        }
    }
    page.blank();
    for sentence in words::design(judgement) {
        page.paragraph("", "", &sentence);
    }
    page.paragraph("", "", &words::reading(judgement));
    let conditions = &judgement.comparison.conditions;
    if !conditions.is_empty() {
        page.blank();
        page.heading("What differs besides");
        for condition in conditions {
            page.paragraph("  ", "", &format!("{}: {}. {}", condition.what, condition.values.join(" | "), condition.words));
        }
    }
    page.text
}

/// Those of which something holds, the gravest first, else in their order.
pub(super) fn by_gravity<'j, 's>(judgement: &'j Judgement<'s>, wanted: impl Fn(Verdict) -> bool) -> Vec<&'j Judged<'s>> {
    let mut all: Vec<&Judged<'s>> = judgement.judged.iter().filter(|judged| wanted(judged.verdict)).collect();
    all.sort_by_key(|judged| judged.verdict);
    all
}

/// Names of figures by whose they are.
pub(super) fn by_whom(all: &[&Judged<'_>]) -> Vec<(String, Vec<&'static str>)> {
    let mut groups: Vec<(String, Vec<&'static str>)> = Vec::new();
    for judged in all {
        let whom = words::whom(judged);
        match groups.iter_mut().find(|(known, _)| *known == whom) {
            Some((_, names)) => names.push(judged.subject.name),
            None => groups.push((whom, vec![judged.subject.name])),
        }
    }
    groups
}

/// Those of which something is to be known, by what that is: often it is the same of many.
fn by_detail<'j, 's>(all: &[&'j Judged<'s>]) -> Vec<(String, Vec<&'j Judged<'s>>)> {
    let mut groups: Vec<(String, Vec<&'j Judged<'s>>)> = Vec::new();
    for judged in all {
        let detail = words::detail(judged);
        match groups.iter_mut().find(|(known, _)| *known == detail) {
            _ if detail.is_empty() => {}
            Some((_, group)) => group.push(judged),
            None => groups.push((detail, vec![judged])),
        }
    }
    groups
}

/// With all columns where they fit, else without the margin, else broken.
fn table(all: &[&Judged<'_>], style: Style) -> String {
    let fits = |table: &Table| table.lines().all(|line| visible(&line) <= style.width);
    let made = [true, false].map(|margin| rows(all, style, margin));
    if let Some(table) = made.iter().find(|table| fits(table)) {
        return table.to_string();
    }
    let [.., mut last] = made;
    last.set_width(u16::try_from(style.width).unwrap_or(u16::MAX)).set_content_arrangement(ContentArrangement::Dynamic);
    last.to_string()
}

fn rows(all: &[&Judged<'_>], style: Style, margin: bool) -> Table {
    let right = |text: &str| TableCell::new(clean(text)).set_alignment(CellAlignment::Right);
    let mut table = new_table(style);
    let mut header: Vec<TableCell> = ["", "figure", "of"].iter().map(|name| TableCell::new(*name)).collect();
    header.extend(["base", "new", "change"].map(right));
    if margin {
        header.push(right("margin"));
    }
    table.set_header(header);
    for judged in all {
        let mut row: Vec<TableCell> =
            [judged.verdict.name(), judged.subject.name, &words::whom(judged)].iter().map(|text| TableCell::new(clean(text))).collect();
        row.extend(words::means(judged).iter().map(|mean| right(mean)));
        row.push(right(&words::change(judged)));
        if margin {
            row.push(right(&words::margin(judged)));
        }
        table.add_row(row);
    }
    table
}
