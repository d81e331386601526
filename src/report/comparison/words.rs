//! What became of a figure, in words: for tables, charts and the sentence above them.

use super::lines;
use crate::report::figures;
use crate::summary::comparison::change::ROUNDING;
use crate::summary::comparison::{Change, Comparison, Effect, Found, Known, Tendency, Twins};
use crate::summary::metrics::{Metric, Unit};
use crate::summary::ratios::Tie;
use crate::units::show_factor;

/// What is said of a figure beside which something else differs.
pub const MIXED: &str = "≠";

/// How changes are to be read, for the foot of every table.
pub const READING: &str = "A change is the later figure ÷ the first one (or the difference, where one of them is 0), with its 95 % interval over the repeats (Welch). An interval that \
     holds 1 (or 0) is no clear difference; where the figures are far apart all the same, repeats are too few to settle it. Of twenty figures that have not changed, one looks as if it had: look at several, and repeat what matters.";

/// `1.32 times (1.1 to 1.58)`, `no clear difference (0.9 to 1.2)`, `too few repeats to settle it (0.4 to 4)`, `not comparable`.
pub fn change(found: &Found, metric: &Metric) -> String {
    let (text, interval) = told(found, metric);
    interval.map_or_else(|| text.clone(), |interval| format!("{text} ({interval})"))
}

/// The same where there is little room: `1.32 times (1.1 to 1.58)`, `unclear (0.9 to 1.2)`.
pub fn briefly(found: &Found, metric: &Metric) -> String {
    let (text, interval) = told(found, metric);
    let shorter = [
        ("no clear difference", "unclear"),
        ("too few repeats to settle it", "too few repeats"),
        ("; one repeat: no interval", ", one repeat"),
        ("not to be trusted", "not trusted"),
    ];
    let text = shorter.into_iter().fold(text, |text, (long, short)| text.replace(long, short));
    interval.map_or_else(|| text.clone(), |interval| format!("{text} ({interval})"))
}

fn told(found: &Found, metric: &Metric) -> (String, Option<String>) {
    let mark = if found.effect == Effect::Mixed { format!(" {MIXED}") } else { String::new() };
    if found.effect == Effect::Incomparable {
        return ("not comparable".to_owned(), None);
    }
    if found.untrusted {
        return ("not to be trusted".to_owned(), None);
    }
    let Some(change) = found.change else { return ("no figure".to_owned(), None) };
    let (known, show) = scale(&change, metric.unit);
    let value = match known.value - change.unchanged() {
        apart if apart.abs() <= ROUNDING => "equal".to_owned(),
        _ if change.ratio.is_some() => format!("{} times", show_factor(known.value)),
        _ => show(known.value),
    };
    let ends = known.interval.map(|(low, high)| [show(low), show(high)]).filter(|[low, high]| low != high);
    let interval = ends.map(|[low, high]| format!("{low} to {high}"));
    match change.tendency() {
        Tendency::Same => ("the same".to_owned(), None),
        Tendency::OneRepeat => (format!("{value}{mark}; one repeat: no interval"), None),
        Tendency::Unclear if change.tie() == Tie::Unsettled => (format!("too few repeats to settle it{mark}"), interval),
        Tendency::Unclear => (format!("no clear difference{mark}"), interval),
        Tendency::Higher | Tendency::Lower => (format!("{value}{mark}"), interval),
    }
}

/// The ratio where there is one, else the difference; and how its values are written.
fn scale(change: &Change, unit: Unit) -> (Known, Box<dyn Fn(f64) -> String>) {
    match change.ratio {
        Some(ratio) => (ratio, Box::new(show_factor)),
        None => (change.difference, Box::new(move |value| signed(value, unit))),
    }
}

/// `+3 ms`, `−3 ms`.
fn signed(value: f64, unit: Unit) -> String {
    let sign = if value < 0.0 { "−" } else { "+" };
    format!("{sign}{}", unit.show(value.abs()))
}

/// One sentence or two on a run beside the first: how many of the figures in the tables have changed, and which most. What the first does not have
/// is held against another, and does not count here.
pub fn headline(comparison: &Comparison<'_>, run: usize) -> String {
    let all: Vec<(&Twins<'_>, &'static Metric, Found)> = comparison
        .twins
        .iter()
        .filter(|twins| twins.base().is_some_and(|(base, _)| base == 0))
        .flat_map(|twins| {
            lines(comparison, twins).into_iter().filter_map(move |line| Some((twins, line.metric, comparison.found(twins, line.metric.name, run)?)))
        })
        .collect();
    let count = |wanted: Tendency| all.iter().filter(|(.., found)| found.tendency() == Some(wanted)).count();
    let tied = |tie: Tie| {
        let is_tied = |found: &Found| found.tendency() == Some(Tendency::Unclear) && found.change.is_some_and(|change| change.tie() == tie);
        all.iter().filter(|(.., found)| is_tied(found)).count()
    };
    let barred = all.iter().filter(|(.., found)| found.effect == Effect::Incomparable).count();
    let untrusted = all.iter().filter(|(.., found)| found.untrusted && found.effect < Effect::Incomparable).count();
    let parts = [
        (count(Tendency::Higher), "higher"),
        (count(Tendency::Lower), "lower"),
        (tied(Tie::Close), "without a clear difference"),
        (tied(Tie::Unsettled), "with too few repeats to settle them"),
        (count(Tendency::Same), "the same"),
        (count(Tendency::OneRepeat), "of one repeat (no interval)"),
        (barred, "not comparable"),
        (untrusted, "not to be trusted"),
    ];
    let parts: Vec<String> = parts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    let name = |run: usize| comparison.runs.get(run).map_or("", |run| run.name);
    if parts.is_empty() {
        return format!("{} and {} have no figure in common.", name(run), name(0));
    }
    let clear = all.iter().filter(|(.., found)| matches!(found.tendency(), Some(Tendency::Higher | Tendency::Lower)));
    let size = |found: &Found| found.change.map_or(0.0, |change| change.size());
    let farthest = clear.max_by(|one, other| size(&one.2).total_cmp(&size(&other.2)));
    let farthest = farthest.map_or_else(String::new, |(twins, metric, found)| {
        format!(" Farthest: {} of {}, {}.", metric.name, figures::whom(Some(twins.contender), Some(twins.load_point)), change(found, metric))
    });
    format!("{} against {}, {} figures: {}.{farthest}", name(run), name(0), all.len(), parts.join(", "))
}

/// `a, b and c`
pub fn listed(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [head @ .., last] => format!("{} and {last}", head.join(", ")),
    }
}
