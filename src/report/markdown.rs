//! `summary.md`: the comparison as GitHub shows it: verdict, budgets, doubts, tables, charts, conditions; what is long is folded away.
//!
//! Every string that a scenario or a machine gave is escaped: it can neither break a table nor bring HTML in.

use std::fmt::Write as _;

use super::{conditions, crossings, figures, published};
use crate::summary::budgets::BudgetOutcome;
use crate::summary::fits::by_quantity;
use crate::summary::metrics::METRICS;
use crate::summary::verdict::{Verdict, Winner};
use crate::summary::{Cell, Doubt, Grade, Summary};

/// With more contenders than this they are rows, not columns.
const COLUMNS: usize = 6;
/// More notes than this are folded away.
const NOTES: usize = 4;

/// A chart that lies beside the page, light and dark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chart {
    /// Its name, as in `charts/NAME-light.svg`.
    pub name: &'static str,
    /// The finding that stands above it.
    pub title: String,
    /// `svg` or `png`.
    pub ending: &'static str,
}

/// The page; it shows those charts, in their order.
pub fn page(summary: &Summary<'_>, charts: &[Chart]) -> String {
    let mut page = format!("# {}\n", escape(&summary.recording.scenario.title));
    let verdicts = summary.verdicts();
    match verdicts.as_slice() {
        [verdict] => {
            put(&mut page, &format!("\n**{}**\n\n", at(&verdict.load_point, &verdict.headline)));
            statements(&mut page, verdict);
        }
        [] => put(&mut page, "\nNo trial was measured to its end.\n"),
        several => {
            put(&mut page, "\n| load point | verdict |\n|---|---|\n");
            for verdict in several {
                put(&mut page, &format!("| {} | **{}** |\n", escape(&verdict.load_point), escape(&verdict.headline)));
            }
        }
    }
    budgets(&mut page, summary);
    doubts(&mut page, summary);
    heading(&mut page, 2, "Figures");
    match verdicts.as_slice() {
        [verdict] => {
            put(&mut page, "\n");
            table(&mut page, summary, &verdict.load_point);
        }
        several => {
            // The one that the charts are of is not folded.
            let shown = summary.shown();
            for verdict in several.iter().filter(|verdict| verdict.load_point == shown) {
                heading(&mut page, 3, &format!("At {}", escape(shown)));
                put(&mut page, "\n");
                statements(&mut page, verdict);
                put(&mut page, "\n");
                table(&mut page, summary, shown);
            }
            for verdict in several.iter().filter(|verdict| verdict.load_point != shown) {
                fold(&mut page, &verdict.load_point);
                statements(&mut page, verdict);
                put(&mut page, "\n");
                table(&mut page, summary, &verdict.load_point);
                unfold(&mut page);
            }
        }
    }
    pictures(&mut page, charts);
    crossings::markdown(&mut page, summary);
    published::markdown(&mut page, summary);
    fits(&mut page, summary);
    heading(&mut page, 2, "Conditions");
    put(&mut page, "\n| condition | how it was |\n|---|---|\n");
    for (what, how) in conditions::conditions(summary) {
        put(&mut page, &format!("| {what} | {} |\n", escape(&how)));
    }
    contenders(&mut page, summary);
    full(&mut page, summary);
    page
}

/// `workload.topics=100: Push is better in …`
fn at(load_point: &str, headline: &str) -> String {
    if load_point.is_empty() { escape(headline) } else { format!("{}: {}", escape(load_point), escape(headline)) }
}

fn statements(page: &mut String, verdict: &Verdict) {
    for statement in &verdict.statements {
        let mark = if statement.winner == Winner::NotTrustworthy { "⚠️ " } else { "" };
        put(page, &format!("- {mark}**{}:** {}\n", statement.question.label(), escape(&statement.text)));
    }
}

/// The first chart, and the others folded away. GitHub takes the one of the reader's theme.
pub(super) fn pictures(page: &mut String, charts: &[Chart]) {
    let Some((first, others)) = charts.split_first() else { return };
    heading(page, 2, "Charts");
    picture(page, first);
    if !others.is_empty() {
        fold(page, &format!("{} more: {}", others.len(), others.iter().map(|chart| chart.name).collect::<Vec<_>>().join(", ")));
        others.iter().for_each(|chart| picture(page, chart));
        unfold(page);
    }
}

fn picture(page: &mut String, chart: &Chart) {
    let Chart { name, title, ending } = chart;
    let title = escape_html(title);
    put(
        page,
        &format!(
            "\n<picture>\n<source media=\"(prefers-color-scheme: dark)\" srcset=\"charts/{name}-dark.{ending}\">\n\
             <img src=\"charts/{name}-light.{ending}\" alt=\"{title}\" width=\"800\">\n</picture>\n"
        ),
    );
}

fn table(page: &mut String, summary: &Summary<'_>, load_point: &str) {
    let cells: Vec<&Cell<'_>> = summary.at(load_point).collect();
    let lines = figures::lines(summary, load_point);
    let figure = |cell: &Cell<'_>, line: &figures::Line| {
        let shown = escape(&figures::figure(summary, cell, line.metric));
        if figures::is_best(summary, load_point, cell, line.metric) { format!("**{shown}**") } else { shown }
    };
    if cells.len() <= COLUMNS {
        row(page, "", cells.iter().map(|cell| escape(&cell.contender.name)));
        rule(page, cells.len());
        for line in &lines {
            row(page, line.label, cells.iter().map(|cell| figure(cell, line)));
        }
    } else {
        row(page, "", lines.iter().map(|line| line.label.to_owned()));
        rule(page, lines.len());
        for cell in &cells {
            row(page, &escape(&cell.contender.name), lines.iter().map(|line| figure(cell, line)));
        }
    }
}

fn fits(page: &mut String, summary: &Summary<'_>) {
    if summary.fits.is_empty() {
        return;
    }
    heading(page, 2, "Slopes");
    put(
        page,
        "\nWhat one subscriber more takes: a straight line through all trials of a contender.\n\n| slope | contender | bytes for each subscriber | |\n|---|---|--:|---|\n",
    );
    for (quantity, fits) in by_quantity(&summary.fits) {
        for fit in fits {
            let (figure, details) = figures::slope(summary, fit);
            let whom = figures::whom(Some(fit.contender), Some(&fit.elsewhere));
            put(page, &format!("| `{quantity}` | {} | {} | {} |\n", escape(&whom), escape(&figure), escape(&details)));
        }
    }
}

fn budgets(page: &mut String, summary: &Summary<'_>) {
    if summary.budgets.is_empty() {
        return;
    }
    heading(page, 2, "Budgets");
    put(page, "\n| | contender | metric | measured | limit |\n|---|---|---|--:|--:|\n");
    for result in &summary.budgets {
        let whom = figures::whom(Some(&result.budget.contender), Some(result.load_point));
        let (measured, limit) = (figures::measured(result), figures::limit(result.budget));
        let mark = match result.outcome {
            BudgetOutcome::Kept => "✅ ",
            BudgetOutcome::Warning => "⚠️ ",
            BudgetOutcome::Broken | BudgetOutcome::TooFewSamples | BudgetOutcome::NoSamples => "❌ ",
            BudgetOutcome::NotRun => "",
        };
        put(
            page,
            &format!(
                "| {mark}**{}** | {} | {} | {} | {} |\n",
                result.outcome.name(),
                escape(&whom),
                escape(&result.budget.metric),
                escape(&measured),
                escape(&limit)
            ),
        );
    }
}

fn doubts(page: &mut String, summary: &Summary<'_>) {
    if summary.doubts.is_empty() {
        return;
    }
    heading(page, 2, "Doubts");
    put(page, "\nIn the tables `?` marks a figure that is not to be trusted, `*` one with a note of its own, **bold** the best of its line.\n\n");
    let (untrusted, notes): (Vec<&Doubt>, Vec<&Doubt>) = summary.doubts.iter().partition(|doubt| doubt.grade == Grade::Untrusted);
    untrusted.iter().for_each(|doubt| item(page, "⚠️ **untrusted**", doubt));
    if notes.len() > NOTES {
        fold(page, &format!("{} notes", notes.len()));
        notes.iter().for_each(|doubt| item(page, "note", doubt));
        unfold(page);
    } else {
        notes.iter().for_each(|doubt| item(page, "note", doubt));
    }
}

fn item(page: &mut String, grade: &str, doubt: &Doubt) {
    let whom = figures::whom(doubt.contender.as_deref(), doubt.load_point.as_deref());
    put(page, &format!("- {grade}, {} (`{}`): {}\n", escape(&whom), doubt.cause, escape(&doubt.text)));
}

fn contenders(page: &mut String, summary: &Summary<'_>) {
    fold(page, "Contenders and their settings");
    put(page, "| contender | use | settings |\n|---|---|---|\n");
    for contender in &summary.recording.contenders {
        let settings: Vec<String> = contender.settings.iter().map(|(key, value)| format!("{key} = {value}")).collect();
        put(page, &format!("| {} | {} | {} |\n", escape(&contender.name), escape(&contender.mechanism), escape(&settings.join(", "))));
    }
    unfold(page);
}

/// Every metric with the smallest and the largest of the repeats.
fn full(page: &mut String, summary: &Summary<'_>) {
    for load_point in summary.load_points() {
        let cells: Vec<&Cell<'_>> = summary.at(load_point).collect();
        let at = if load_point.is_empty() { String::new() } else { format!(" at {load_point}") };
        fold(page, &format!("All metrics{at}, with the range of the repeats"));
        row(page, "metric", cells.iter().map(|cell| escape(&cell.contender.name)));
        rule(page, cells.len());
        for metric in METRICS.iter().filter(|metric| cells.iter().any(|cell| cell.metrics.contains_key(metric.name))) {
            let figures = cells.iter().map(|cell| {
                let shown = figures::figure(summary, cell, metric);
                let repeats: Vec<f64> =
                    cell.metrics.get(metric.name).map_or_else(Vec::new, |estimate| estimate.repeats.iter().filter_map(|(_, value)| *value).collect());
                let (low, high) = (repeats.iter().copied().fold(f64::INFINITY, f64::min), repeats.iter().copied().fold(f64::NEG_INFINITY, f64::max));
                let (low_text, high_text) = (metric.unit.show(low), metric.unit.show(high));
                let range = if low < high && low_text != high_text { format!("<br>{} … {}", escape(&low_text), escape(&high_text)) } else { String::new() };
                format!("{}{range}", escape(&shown))
            });
            row(page, &format!("`{}`", metric.name), figures);
        }
        unfold(page);
    }
}

/// Begins what is folded away. The empty line behind it is what makes Markdown of what follows.
pub(super) fn fold(page: &mut String, summary: &str) {
    put(page, &format!("\n<details>\n<summary>{}</summary>\n\n", escape_html(summary)));
}

pub(super) fn unfold(page: &mut String) {
    put(page, "\n</details>\n");
}

pub(super) fn heading(page: &mut String, level: usize, text: &str) {
    put(page, &format!("\n{} {text}\n", "#".repeat(level)));
}

pub(super) fn row(page: &mut String, label: &str, values: impl Iterator<Item = String>) {
    put(page, &format!("| {label} |"));
    for value in values {
        put(page, &format!(" {value} |"));
    }
    put(page, "\n");
}

pub(super) fn rule(page: &mut String, columns: usize) {
    put(page, &format!("|---|{}\n", "--:|".repeat(columns)));
}

pub(super) fn put(page: &mut String, text: &str) {
    // Writing to a string cannot fail.
    let _ = page.write_str(text);
}

/// Text as text: nothing in it is Markdown, HTML, a mention or a new line.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '@' => out.push_str("&#64;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '#' | '$' | '!' => {
                out.push('\\');
                out.push(letter);
            }
            letter if letter.is_control() => out.push(' '),
            letter => out.push(letter),
        }
    }
    out
}

/// Text inside HTML tags and attributes, where Markdown does not reach; mentions do.
fn escape_html(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    text.replace('"', "&quot;").replace('@', "&#64;").replace(char::is_control, " ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::summary::fixture::made_up;

    #[test]
    fn page_as_it_was() {
        let recording = made_up().budget("xmpp-pubsub", "latency.p99", 0.25).budget("poll-5s", "latency.p99", 0.25).build();
        insta::assert_snapshot!(page(&Summary::new(&recording), &charts()));
    }

    fn charts() -> Vec<Chart> {
        let chart = |name, title: &str, ending| Chart { name, title: title.to_owned(), ending };
        vec![chart("volume", "Push is \"leaner\" <by far>", "svg"), chart("latency", "p99 & more", "svg"), chart("resources", "CPU", "png")]
    }

    #[test]
    fn a_sweep_of_many_as_it_was() {
        let mut recording = made_up().scale(0.2).many_contenders().sweep(&[0.5, 1.0]).compression(144.0).repeats(1).build();
        recording.trials[4].deliveries.lost = 3;
        insta::assert_snapshot!(page(&Summary::new(&recording), &[]));
    }

    /// Cells of a row: pipes that are not escaped.
    fn pipes(line: &str) -> usize {
        line.replace("\\|", "").matches('|').count()
    }

    #[test]
    fn tables_and_folds_are_what_they_seem() {
        let mut hostile = made_up().scale(0.02).many_contenders().sweep(&[0.5, 1.0]).budget("xmpp-pubsub|over <b>WebSocket</b>", "latency.p99", 1.0).build();
        hostile.scenario.source = Some("a|b\n\n</details>\n|c|".to_owned());
        for recording in [made_up().scale(0.02).build(), hostile] {
            let summary = Summary::new(&recording);
            let page = page(&summary, &charts());
            let lines: Vec<&str> = page.lines().collect();
            let mut depth = 0;
            for (place, line) in lines.iter().enumerate() {
                let (before, after) = (place.checked_sub(1).map_or("", |before| lines[before]), lines.get(place + 1).copied().unwrap_or(""));
                match *line {
                    "<details>" => depth += 1,
                    "</details>" => depth -= 1,
                    _ => {}
                }
                assert!((0..=1).contains(&depth), "{line}");
                if line.starts_with("<summary>") {
                    assert!(before == "<details>" && line.ends_with("</summary>") && after.is_empty(), "{line}");
                }
                if line.starts_with('|') {
                    if before.starts_with('|') {
                        assert_eq!(pipes(line), pipes(before), "{before}\n{line}");
                    } else {
                        assert!(before.is_empty() && after.starts_with("|---"), "{before}\n{line}\n{after}");
                    }
                }
            }
            assert_eq!(depth, 0);
            // The verdict before the doubts, and those before the figures.
            let first = |text: &str| page.find(text).unwrap_or_else(|| panic!("{text}: {page}"));
            let verdict = escape(&summary.verdicts()[0].headline);
            assert!(first(&verdict) < first("## Doubts") && first("## Doubts") < first("## Figures") && first("## Figures") < first("## Conditions"));
            assert!(page.contains("alt=\"Push is &quot;leaner&quot; &lt;by far&gt;\"") && page.contains("<summary>2 more: latency, resources</summary>"));
        }
    }

    #[test]
    fn strings_cannot_break_out() {
        let mut recording = made_up().scale(0.02).repeats(1).build();
        let evil = "x|y\n# h <script>alert(1)</script> [a](http://b) `c` @you ![i](j)";
        recording.scenario.title = evil.to_owned();
        recording.scenario.source = Some(evil.to_owned());
        recording.machine.cpu_model = evil.to_owned();
        recording.contenders[0].settings.insert(evil.to_owned(), evil.to_owned());
        recording.contenders[0].name = evil.to_owned();
        recording.trials[0].contender = evil.to_owned();
        let page = page(&Summary::new(&recording), &[]);
        for bad in ["<script", "x|y", "\n# h", "[a](", "`c`", "@you", "![i]"] {
            assert!(!page.contains(bad), "{bad:?} got through");
        }
        assert!(page.contains("&lt;script&gt;"));
    }
}
