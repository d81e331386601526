//! The comparison for a terminal: a table for each load point, the verdict, budgets, doubts and conditions below.
//!
//! Pure: width and colour are given. Whatever a recording holds, no control character of it reaches the terminal.

use comfy_table::{Attribute, Cell as TableCell, CellAlignment, Color, ContentArrangement, Table, presets};

use super::{conditions, crossings, figures, published};
use crate::measure::recording::Direction;
use crate::summary::budgets::BudgetOutcome;
use crate::summary::fits::by_quantity;
use crate::summary::verdict::Verdict;
use crate::summary::{Cell, Grade, Summary};

/// How the terminal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Columns.
    pub width: usize,
    /// Whether colours and bold type may be used.
    pub colour: bool,
}

/// More load points than this show all statements only at the first, the last, and the one that charts are of.
const LOAD_POINTS_IN_FULL: usize = 3;
/// Narrower than this no table can be read; lines are then left to the terminal to break.
const NARROWEST: usize = 40;

/// The whole report.
pub fn report(summary: &Summary<'_>, style: Style) -> String {
    let mut page = Page::new(style);
    let style = page.style;
    page.heading(&summary.recording.scenario.title);
    let verdicts = summary.verdicts();
    let last = verdicts.len().saturating_sub(1);
    let shown = summary.shown();
    for (number, verdict) in verdicts.iter().enumerate() {
        page.blank();
        let is_shown = verdict.load_point == shown;
        if !verdict.load_point.is_empty() {
            let charts = if is_shown && last > 0 { "  (charts are of this one)" } else { "" };
            page.heading(&format!("{}{charts}", verdict.load_point));
        }
        page.line(&table(summary, &verdict.load_point, style));
        page.verdict(verdict, verdicts.len() <= LOAD_POINTS_IN_FULL || number == 0 || number == last || is_shown);
    }
    page.crossovers(summary);
    page.published(summary);
    page.fits(summary);
    page.budgets(summary);
    page.doubts(summary);
    page.blank();
    page.paragraph("", "", &conditions::short(summary));
    page.text
}

/// The comparison at a load point: contenders as columns where they fit, else as rows, with fewer figures the narrower it is.
fn table(summary: &Summary<'_>, load_point: &str, style: Style) -> String {
    const FEWEST: usize = 3;
    const MOST: usize = 8;
    let cells: Vec<&Cell<'_>> = summary.at(load_point).collect();
    let fits = |table: &Table| table.lines().all(|line| visible(&line) <= style.width);
    let upright = [false, true].into_iter().map(|short| columns(summary, &cells, load_point, style, short));
    let all = std::iter::once(figures::lines(summary, load_point));
    let few = (FEWEST..=MOST).rev().map(|most| figures::few_lines(summary, load_point, most));
    let lying = all.chain(few).map(|lines| rows(summary, &cells, load_point, style, &lines));
    if let Some(table) = upright.chain(lying).find(fits) {
        return table.to_string();
    }
    // Long names break; figures are left whole as far as there is room.
    let mut last = rows(summary, &cells, load_point, style, &figures::few_lines(summary, load_point, FEWEST));
    last.set_width(u16::try_from(style.width).unwrap_or(u16::MAX)).set_content_arrangement(ContentArrangement::Dynamic);
    last.to_string()
}

pub(super) fn new_table(style: Style) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED.with_rounded_corners()).set_content_arrangement(ContentArrangement::Disabled);
    if style.colour {
        table.enforce_styling();
    } else {
        table.force_no_tty();
    }
    table
}

fn columns(summary: &Summary<'_>, cells: &[&Cell<'_>], load_point: &str, style: Style, short: bool) -> Table {
    let mut table = new_table(style);
    let mut header = vec![TableCell::new("")];
    header.extend(cells.iter().map(|cell| name(cell, style).set_alignment(CellAlignment::Right)));
    table.set_header(header);
    for line in figures::lines(summary, load_point) {
        let label = if short { line.short.replace("/ ", "/") } else { line.label.to_owned() };
        let mut row = vec![TableCell::new(label)];
        row.extend(cells.iter().map(|cell| value(summary, load_point, cell, &line, style)));
        table.add_row(row);
    }
    table
}

fn rows(summary: &Summary<'_>, cells: &[&Cell<'_>], load_point: &str, style: Style, lines: &[figures::Line]) -> Table {
    let mut table = new_table(style);
    let mut header = vec![TableCell::new("")];
    header.extend(lines.iter().map(|line| TableCell::new(line.short.replace(' ', "\n")).set_alignment(CellAlignment::Right)));
    table.set_header(header);
    for cell in cells {
        let mut row = vec![name(cell, style)];
        row.extend(lines.iter().map(|line| value(summary, load_point, cell, line, style)));
        table.add_row(row);
    }
    table
}

fn name(cell: &Cell<'_>, style: Style) -> TableCell {
    let name = TableCell::new(clean(&cell.contender.name));
    match cell.direction() {
        Direction::Push if style.colour => name.fg(Color::Blue).add_attribute(Attribute::Bold),
        _ => name,
    }
}

fn value(summary: &Summary<'_>, load_point: &str, cell: &Cell<'_>, line: &figures::Line, style: Style) -> TableCell {
    let shown = TableCell::new(figures::figure(summary, cell, line.metric)).set_alignment(CellAlignment::Right);
    if style.colour && figures::is_best(summary, load_point, cell, line.metric) { shown.add_attribute(Attribute::Bold) } else { shown }
}

/// A text in the making, as wide as the terminal at most.
pub(super) struct Page {
    pub text: String,
    style: Style,
}

impl Page {
    pub fn new(style: Style) -> Self {
        Self { text: String::new(), style: Style { width: style.width.max(NARROWEST), ..style } }
    }

    pub fn style(&self) -> Style {
        self.style
    }

    pub fn blank(&mut self) {
        self.text.push('\n');
    }

    pub fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    pub fn heading(&mut self, heading: &str) {
        self.paragraph("", "1", heading);
    }

    fn verdict(&mut self, verdict: &Verdict, in_full: bool) {
        self.paragraph("", "1", &verdict.headline);
        if in_full {
            for statement in &verdict.statements {
                self.paragraph("  ", "", &format!("{}: {}", statement.question.label(), statement.text));
            }
        }
    }

    fn crossovers(&mut self, summary: &Summary<'_>) {
        if summary.crossovers.is_empty() {
            return;
        }
        self.blank();
        self.heading("Crossovers of pollers and pushers");
        for line in crossings::lines(summary) {
            self.paragraph("  ", "", &line);
        }
    }

    fn published(&mut self, summary: &Summary<'_>) {
        let lines = published::lines(summary);
        if lines.is_empty() {
            return;
        }
        self.blank();
        self.heading("Published figures");
        self.paragraph("  ", "", published::WORDS);
        for line in lines {
            self.paragraph("  ", "", &line);
        }
    }

    fn fits(&mut self, summary: &Summary<'_>) {
        for (quantity, fits) in by_quantity(&summary.fits) {
            self.blank();
            self.heading(&format!("{quantity} (slope of a straight line)"));
            for fit in fits {
                let (figure, details) = figures::slope(summary, fit);
                self.paragraph("  ", "", &format!("{}: {figure}; {details}", figures::whom(Some(fit.contender), Some(&fit.elsewhere))));
            }
        }
    }

    fn budgets(&mut self, summary: &Summary<'_>) {
        if summary.budgets.is_empty() {
            return;
        }
        self.blank();
        self.heading("Budgets");
        for result in &summary.budgets {
            let budget = result.budget;
            let colour = match result.outcome {
                BudgetOutcome::Kept => "32",
                BudgetOutcome::Warning => "33",
                BudgetOutcome::Broken | BudgetOutcome::TooFewSamples | BudgetOutcome::NoSamples => "31",
                BudgetOutcome::NotRun => "",
            };
            let text = format!(
                "{}: {} of {} is {}; limit {}",
                result.outcome.name(),
                budget.metric,
                figures::whom(Some(&budget.contender), Some(result.load_point)),
                figures::measured(result),
                figures::limit(budget)
            );
            self.paragraph("  ", colour, &text);
        }
    }

    fn doubts(&mut self, summary: &Summary<'_>) {
        if summary.doubts.is_empty() {
            return;
        }
        self.blank();
        self.heading("Doubts  (? not to be trusted, * see the note)");
        for doubt in &summary.doubts {
            let whom = figures::whom(doubt.contender.as_deref(), doubt.load_point.as_deref());
            let colour = if doubt.grade == Grade::Untrusted { "31" } else { "" };
            self.paragraph("  ", colour, &format!("{}, {whom} ({}): {}", doubt.grade.name(), doubt.cause, doubt.text));
        }
    }

    /// Breaks a text at spaces; what follows the first line hangs two columns further in. `code` is that of an escape sequence.
    pub fn paragraph(&mut self, indent: &str, code: &str, text: &str) {
        let text = clean(text);
        let mut lines = vec![String::from(indent)];
        let mut used = indent.chars().count();
        for word in text.split(' ') {
            let long = word.chars().count();
            if used > indent.chars().count() && used + 1 + long > self.style.width {
                lines.push(format!("{indent}  {word}"));
                used = indent.chars().count() + 2 + long;
            } else {
                let gap = if used > indent.chars().count() { " " } else { "" };
                if let Some(line) = lines.last_mut() {
                    line.push_str(gap);
                    line.push_str(word);
                }
                used += gap.len() + long;
            }
        }
        let Style { width, colour } = self.style;
        for line in lines.into_iter().flat_map(|line| broken(line, indent, width)) {
            let coloured = colour && !code.is_empty();
            self.line(&if coloured { format!("\u{1b}[{code}m{line}\u{1b}[0m") } else { line });
        }
    }
}

/// A line that a word makes too long (a load point of several values has no space), in as many as it takes.
fn broken(line: String, indent: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut rest = line;
    while rest.chars().count() > width {
        let end = rest.char_indices().nth(width).map_or(rest.len(), |(end, _)| end);
        let tail = rest.split_off(end);
        lines.push(std::mem::replace(&mut rest, format!("{indent}  {tail}")));
    }
    lines.push(rest);
    lines
}

/// Without control characters: a title must not be able to rewrite the screen.
pub fn clean(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { '\u{fffd}' } else { letter }).collect()
}

/// Columns that a line takes, escape sequences left out.
pub(super) fn visible(line: &str) -> usize {
    let mut columns = 0;
    let mut inside = false;
    for letter in line.chars() {
        match letter {
            '\u{1b}' => inside = true,
            'm' if inside => inside = false,
            _ if inside => {}
            _ => columns += 1,
        }
    }
    columns
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::summary::fixture::made_up;

    const WIDE: Style = Style { width: 120, colour: false };
    const NARROW: Style = Style { width: 80, colour: false };

    fn widest(text: &str) -> usize {
        text.lines().map(visible).max().unwrap_or(0)
    }

    #[test]
    fn plain_as_it_was() {
        let recording = made_up().budget("xmpp-pubsub", "latency.p99", 0.25).budget("poll-5s", "latency.p99", 0.25).build();
        insta::assert_snapshot!(report(&Summary::new(&recording), WIDE));
    }

    #[test]
    fn many_contenders_as_they_were() {
        let recording = made_up().scale(0.2).many_contenders().build();
        let text = report(&Summary::new(&recording), WIDE);
        assert!(widest(&text) <= WIDE.width, "{text}");
        insta::assert_snapshot!(text);
    }

    #[test]
    fn a_sweep_on_a_narrow_terminal_as_it_was() {
        let recording = made_up().scale(0.2).sweep(&[0.5, 1.0, 2.0, 4.0]).compression(144.0).repeats(1).build();
        let text = report(&Summary::new(&recording), NARROW);
        assert!(widest(&text) <= NARROW.width, "{text}");
        insta::assert_snapshot!(text);
    }

    #[test]
    fn percentiles_and_verdict_fit_for_two_to_twelve_contenders() {
        for count in 2..=12 {
            let made = made_up().scale(0.02).many_contenders().sweep(&[1.0]).budget("xmpp-pubsub|over <b>WebSocket</b>", "latency.p99", 1e-9);
            let mut recording = made.build();
            // A poller and a pusher at least.
            let skipped = (recording.contenders.len() - count).min(8);
            recording.contenders.drain(..skipped);
            recording.contenders.truncate(count);
            for (place, trial) in recording.trials.iter_mut().enumerate() {
                trial.load_point = format!("{};contender.{}.interval=5s", trial.load_point, "a-name-of-its-own-".repeat(3));
                if place == count {
                    trial.subscriber_traffic.window.requests = 1_000_000_000_000_000;
                    trial.deliveries.lost = trial.deliveries.expected;
                }
            }
            let summary = Summary::new(&recording);
            for width in [40, 60, 80, 100, 120, 250] {
                for colour in [false, true] {
                    let text = report(&summary, Style { width, colour });
                    assert!(widest(&text) <= width, "{count} contenders, {width} columns: {text}");
                    let (table, verdict) = text.split_once("Messages per update:").unwrap_or_else(|| panic!("no verdict: {text}"));
                    assert!((width < 60 || table.contains("p99")) && verdict.contains("Freshness, 99 % of"), "{text}");
                }
            }
        }
    }

    #[test]
    fn doubtful_figures_are_marked() {
        let mut recording = made_up().scale(0.2).push_loses().build();
        recording.trials[3].deliveries.lost = 7;
        recording.trials[0].failed_requests = 3;
        insta::assert_snapshot!(report(&Summary::new(&recording), WIDE));
    }

    #[test]
    fn colour_is_used_only_when_asked_for_and_strings_are_clean() {
        let mut recording = made_up().scale(0.02).build();
        recording.scenario.title = "SYNTHETIC \u{1b}[2Jgone\u{7}".to_owned();
        recording.contenders[0].name = "poll-5s".to_owned();
        let summary = Summary::new(&recording);
        let plain = report(&summary, WIDE);
        assert!(!plain.contains('\u{1b}') && !plain.contains('\u{7}'));
        let coloured = report(&summary, Style { colour: true, ..WIDE });
        assert!(coloured.contains("\u{1b}[") && !coloured.contains("\u{1b}[2J"));
    }
}
