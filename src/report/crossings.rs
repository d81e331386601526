//! Crossovers in every report but charts: `crossover.csv`, a part of `summary.json`, of `summary.md` and of the terminal.

use serde_json::{Value, json};

use super::csv::{finish, listed, number};
use super::markdown::{escape, fold, heading, put, unfold};
use crate::summary::Summary;
use crate::summary::crossover::{Answer, Crossover};

/// Crossings that a terminal is told one by one; `crossover.csv` has them all.
const ON_A_TERMINAL: usize = 12;

/// `crossover.csv`: a row for each swept value, pair of contenders, metric and combination of other values; else nothing but the header.
///
/// # Errors
/// None that memory could raise.
pub fn csv(summary: &Summary<'_>) -> Result<Vec<u8>, csv::Error> {
    let mut rows = csv::Writer::from_writer(Vec::new());
    rows.write_record([
        "scenario",
        "over",
        "unit",
        "load_point",
        "metric",
        "left",
        "right",
        "answer",
        "at",
        "low",
        "high",
        "confidence",
        "lower_below",
        "lower_above",
        "factor_first",
        "factor_last",
        "smallest",
        "largest",
        "points",
        "repeats",
        "left_out",
        "reason",
        "doubts",
    ])?;
    for crossover in &summary.crossovers {
        let found = Found::new(crossover);
        let (smallest, largest) = crossover.range();
        let (below, above) = crossover.lower().unwrap_or_default();
        let [points, repeats] = [crossover.points.len(), crossover.repeats].map(|count| count.to_string());
        rows.write_record([
            summary.recording.scenario.name.as_str(),
            crossover.over,
            crossover.unit.name(),
            &crossover.elsewhere,
            crossover.metric.name,
            crossover.left,
            crossover.right,
            crossover.answer.name(),
            &number(found.at),
            &number(found.low),
            &number(found.high),
            &number(found.confidence),
            below,
            above,
            &number(found.factors[0]),
            &number(found.factors[1]),
            &number((!crossover.points.is_empty()).then_some(smallest)),
            &number((!crossover.points.is_empty()).then_some(largest)),
            &points,
            &repeats,
            &crossover.left_out.join(";"),
            found.reason,
            &listed(summary.doubts_on_crossover(crossover)),
        ])?;
    }
    finish(rows)
}

/// The numbers of an answer, each where there is one.
struct Found<'c> {
    at: Option<f64>,
    low: Option<f64>,
    high: Option<f64>,
    confidence: Option<f64>,
    factors: [Option<f64>; 2],
    reason: &'c str,
}

impl<'c> Found<'c> {
    fn new(crossover: &'c Crossover<'_>) -> Self {
        let none = Self { at: None, low: None, high: None, confidence: None, factors: [None; 2], reason: "" };
        match &crossover.answer {
            Answer::Crossing { at, interval, .. } => {
                let of = |end: fn(&crate::summary::crossover::Interval) -> f64| interval.as_ref().map(end);
                Self { at: Some(*at), low: of(|found| found.low), high: of(|found| found.high), confidence: of(|found| found.confidence), ..none }
            }
            Answer::NoCrossing { factors, .. } => Self { factors: *factors, ..none },
            Answer::CannotTell(reason) => Self { reason, ..none },
        }
    }
}

/// For `summary.json`: an infinite end of an interval is a text.
pub fn json(summary: &Summary<'_>) -> Vec<Value> {
    let one = |crossover: &Crossover<'_>| {
        let found = Found::new(crossover);
        let number = |value: Option<f64>| match value {
            Some(value) if value.is_infinite() => json!(value.to_string()),
            other => json!(other),
        };
        let points = crossover.points.iter().map(|point| json!({ "at": point.at, "left": point.figures[0], "right": point.figures[1] }));
        let doubts = summary.doubts_on_crossover(crossover).map(|doubt| json!(format!("{}:{}", doubt.grade.name(), doubt.cause)));
        json!({
            "over": crossover.over, "unit": crossover.unit.name(), "load_point": crossover.elsewhere, "metric": crossover.metric.name,
            "left": crossover.left, "right": crossover.right, "answer": crossover.answer.name(), "text": crossover.sentence(),
            "at": number(found.at), "low": number(found.low), "high": number(found.high), "confidence": number(found.confidence),
            "lower_below": crossover.lower().map(|lower| lower.0), "lower_above": crossover.lower().map(|lower| lower.1),
            "factor_first": number(found.factors[0]), "factor_last": number(found.factors[1]),
            "points": points.collect::<Vec<_>>(), "repeats": crossover.repeats, "left_out": crossover.left_out,
            "doubts": doubts.collect::<Vec<_>>(),
        })
    };
    summary.crossovers.iter().map(one).collect()
}

/// For `summary.md`: where a poller and a pusher cross; other crossings folded away.
pub fn markdown(page: &mut String, summary: &Summary<'_>) {
    if summary.crossovers.is_empty() {
        return;
    }
    heading(page, 2, "Crossovers");
    let is_main = |crossover: &&Crossover<'_>| crossover.pull_against_push && matches!(crossover.answer, Answer::Crossing { .. });
    let main: Vec<&Crossover<'_>> = summary.crossovers.iter().filter(is_main).collect();
    if main.is_empty() {
        put(page, "\nNo poller and pusher cross in the range, as far as can be told.\n");
    } else {
        put(page, "\nWhere a poller and a pusher are equal, between the load points on a straight line of logarithms; the interval is over the repeats.\n");
        table(page, summary, &main);
    }
    let is_other = |crossover: &&Crossover<'_>| !crossover.pull_against_push && matches!(crossover.answer, Answer::Crossing { .. });
    let others: Vec<&Crossover<'_>> = summary.crossovers.iter().filter(is_other).collect();
    if !others.is_empty() {
        fold(page, &format!("Crossings among pollers and among pushers: {}", others.len()));
        table(page, summary, &others);
        unfold(page);
    }
    put(page, &format!("\nAll pairs: {}. `crossover.csv` has them all, with the reasons.\n", tally(&summary.crossovers)));
}

fn table(page: &mut String, summary: &Summary<'_>, crossovers: &[&Crossover<'_>]) {
    put(page, "\n| over | metric | contenders | |\n|---|---|---|---|\n");
    for crossover in crossovers {
        let over =
            if crossover.elsewhere.is_empty() { escape(crossover.over) } else { format!("{} at {}", escape(crossover.over), escape(&crossover.elsewhere)) };
        put(
            page,
            &format!(
                "| {over} | `{}` | {}, {} | {}{} |\n",
                crossover.metric.name,
                escape(crossover.left),
                escape(crossover.right),
                escape(&crossover.sentence()),
                mark(summary, crossover)
            ),
        );
    }
}

/// For a terminal: a paragraph for each crossing of a poller and a pusher, and what became of all other pairs.
pub fn lines(summary: &Summary<'_>) -> Vec<String> {
    let is_main = |crossover: &&Crossover<'_>| crossover.pull_against_push && matches!(crossover.answer, Answer::Crossing { .. });
    let main: Vec<&Crossover<'_>> = summary.crossovers.iter().filter(is_main).collect();
    let line = |crossover: &&Crossover<'_>| {
        let whereabouts = if crossover.elsewhere.is_empty() { String::new() } else { format!(" at {}", crossover.elsewhere) };
        format!(
            "{} over {}{whereabouts}: {} and {} {}{}",
            crossover.metric.name,
            crossover.over,
            crossover.left,
            crossover.right,
            crossover.sentence(),
            mark(summary, crossover)
        )
    };
    let mut lines: Vec<String> = main.iter().take(ON_A_TERMINAL).map(line).collect();
    if main.len() > ON_A_TERMINAL {
        lines.push(format!("… and {} more of a poller and a pusher", main.len() - ON_A_TERMINAL));
    }
    lines.push(format!("all pairs: {} (crossover.csv)", tally(&summary.crossovers)));
    lines
}

/// A note of its own.
pub(super) fn mark(summary: &Summary<'_>, crossover: &Crossover<'_>) -> &'static str {
    if summary.doubts_on_crossover(crossover).any(|doubt| doubt.contender.is_some()) { " *" } else { "" }
}

/// `3 cross, 10 do not in the range, 2 cannot be told`.
fn tally(crossovers: &[Crossover<'_>]) -> String {
    let count = |name: &str| crossovers.iter().filter(|crossover| crossover.answer.name() == name).count();
    let verb = |count: usize, one: &str, many: &str| format!("{count} {}", if count == 1 { one } else { many });
    format!(
        "{}, {} in the range, {} be told",
        verb(count("crossing"), "crosses", "cross"),
        verb(count("no-crossing"), "does not", "do not"),
        verb(count("cannot-tell"), "cannot", "cannot")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::recording::Recording;
    use crate::summary::fixture::made_up;

    /// Messages of the poller of one second fall with the topics, and cross those of push at 90.
    fn crossing() -> Recording {
        let mut recording = made_up().scale(0.05).sweep(&[0.5, 1.0, 2.0]).repeats(3).build();
        for trial in recording.trials.iter_mut().filter(|trial| trial.contender == "poll-1s") {
            let topics = trial.workload.topics;
            trial.subscriber_traffic.window.requests = trial.deliveries.delivered * 90 / topics + u64::from(trial.repeat);
            trial.subscriber_traffic.window.responses.clear();
            trial.checks.clear();
        }
        recording
    }

    #[test]
    fn rows_as_they_were() {
        let recording = crossing();
        let summary = Summary::new(&recording);
        let text = String::from_utf8(csv(&summary).unwrap()).unwrap();
        let shown = |line: &&str| line.contains("messages.per_update") || line.contains("cpu.total") || line.starts_with("scenario,");
        insta::assert_snapshot!(text.lines().filter(shown).collect::<Vec<_>>().join("\n"));
    }

    #[test]
    fn every_report_tells_of_it() {
        let recording = crossing();
        let summary = Summary::new(&recording);
        let sentence = "poll-1s and xmpp-pubsub cross at";
        assert!(lines(&summary).iter().any(|line| line.contains(sentence)), "{:?}", lines(&summary));
        assert!(lines(&summary).last().unwrap().starts_with("all pairs: "));
        let mut page = String::new();
        markdown(&mut page, &summary);
        assert!(page.contains("| poll-1s, xmpp-pubsub | cross at") && page.contains("All pairs: "), "{page}");
        let values = json(&summary);
        let found = values.iter().find(|value| value["answer"] == "crossing" && value["left"] == "poll-1s").unwrap();
        assert!(found["low"].as_f64() <= found["at"].as_f64() && found["points"].as_array().unwrap().len() == 3, "{found}");
        let mut none = String::new();
        let without = made_up().scale(0.02).build();
        markdown(&mut none, &Summary::new(&without));
        assert_eq!(none, "");
    }
}
