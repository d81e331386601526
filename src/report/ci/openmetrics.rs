//! OpenMetrics text: every figure of a recording and its budgets, or every judged figure with its verdict, as gauges.
//!
//! The form is that of the OpenMetrics specification 1.0.0: families with HELP, TYPE and UNIT before their samples, a name that ends in its unit,
//! `# EOF` at the end.

use std::fmt::Write as _;

use crate::summary::Summary;
use crate::summary::budgets::BudgetOutcome;
use crate::summary::gate::{Judgement, Scale, Verdict};
use crate::summary::metrics::{METRICS, Unit};

/// Name and value of each label.
type Labels = Vec<(&'static str, String)>;

/// A family of samples.
struct Family {
    name: String,
    unit: &'static str,
    help: String,
    kind: &'static str,
    /// End of the name, labels, value.
    samples: Vec<(&'static str, Labels, f64)>,
}

impl Family {
    fn gauge(name: &str, unit: &'static str, help: &str) -> Self {
        let plain: String = name.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '_' }).collect();
        let end = if unit.is_empty() || plain.ends_with(&format!("_{unit}")) { String::new() } else { format!("_{unit}") };
        Self { name: format!("pushbench_{plain}{end}"), unit, help: help.to_owned(), kind: "gauge", samples: Vec::new() }
    }

    fn add(&mut self, labels: Labels, value: f64) {
        self.samples.push(("", labels, value));
    }
}

/// Every metric of every contender, and what became of the budgets.
pub fn of_summary(summary: &Summary<'_>) -> String {
    let recording = summary.recording;
    let of = |contender: &str, load_point: &str| {
        vec![("scenario", recording.scenario.name.clone()), ("contender", contender.to_owned()), ("load_point", load_point.to_owned())]
    };
    let mut families = vec![about([("recording", recording.id.clone()), ("tool_version", recording.tool_version.clone())])];
    for metric in METRICS {
        let mut family = Family::gauge(metric.name, unit(metric.unit), metric.meaning);
        for cell in &summary.cells {
            if let Some(value) = cell.value(metric.name) {
                family.add(of(&cell.contender.name, cell.load_point), value);
            }
        }
        families.push(family);
    }
    let mut kept = Family::gauge("budget.kept", "", "1 where a budget is kept, 0 where it is not, or cannot be checked.");
    for result in summary.budgets.iter().filter(|result| result.outcome != BudgetOutcome::NotRun) {
        let mut labels = of(&result.budget.contender, result.load_point);
        let limit = crate::report::figures::limit(result.budget);
        labels.extend([("metric", result.budget.metric.clone()), ("limit", limit), ("severity", result.budget.severity.name().to_owned())]);
        // Two budgets of the same words are one.
        if !kept.samples.iter().any(|(_, known, _)| *known == labels) {
            kept.add(labels, f64::from(u8::from(result.outcome == BudgetOutcome::Kept)));
        }
    }
    families.push(kept);
    text(&families)
}

/// Every judged figure: base, new, their ratio, and the verdict.
pub fn of_judgement(judgement: &Judgement<'_>) -> String {
    let names = |base: bool| judgement.runs(base).iter().map(|run| run.summary.recording.id.as_str()).collect::<Vec<_>>().join(" ");
    let mut ratio = Family::gauge("compare.ratio", "ratio", "New over base.");
    let mut low = Family::gauge("compare.low", "ratio", "Lower end of its 95 % interval.");
    let mut high = Family::gauge("compare.high", "ratio", "Upper end of its 95 % interval.");
    let mut verdict = Family::gauge("compare.verdict", "", "1 for the verdict on a figure, 0 for all others.");
    for judged in &judgement.judged {
        let labels = vec![("contender", judged.contender.to_owned()), ("load_point", judged.load_point.clone()), ("metric", judged.subject.name.to_owned())];
        if let Some(effect) = judged.effect.filter(|effect| effect.scale == Scale::Ratio) {
            ratio.add(labels.clone(), effect.estimate.exp());
            if let Some((least, most)) = effect.interval() {
                low.add(labels.clone(), least.exp());
                high.add(labels.clone(), most.exp());
            }
        }
        for one in Verdict::ALL {
            let labels = labels.iter().cloned().chain([("verdict", one.name().to_owned())]).collect();
            verdict.add(labels, f64::from(u8::from(one == judged.verdict)));
        }
    }
    text(&[about([("base", names(true)), ("new", names(false))]), ratio, low, high, verdict])
}

/// Where the figures come from.
fn about<const COUNT: usize>(labels: [(&'static str, String); COUNT]) -> Family {
    let samples = vec![("_info", labels.into_iter().collect(), 1.0)];
    Family { name: "pushbench_source".to_owned(), unit: "", help: "What the figures are of.".to_owned(), kind: "info", samples }
}

fn unit(unit: Unit) -> &'static str {
    match unit {
        Unit::Count => "",
        Unit::Seconds | Unit::ScenarioSeconds | Unit::CpuSeconds => "seconds",
        Unit::Bytes => "bytes",
        Unit::Cores => "cores",
        Unit::Ratio => "ratio",
    }
}

fn text(families: &[Family]) -> String {
    let mut out = String::new();
    for family in families.iter().filter(|family| !family.samples.is_empty()) {
        let Family { name, unit, help, kind, .. } = family;
        // Writing to a string cannot fail.
        let _ = writeln!(out, "# TYPE {name} {kind}");
        if !unit.is_empty() {
            let _ = writeln!(out, "# UNIT {name} {unit}");
        }
        let _ = writeln!(out, "# HELP {name} {}", escaped(help));
        for (end, labels, value) in &family.samples {
            let labels: Vec<String> = labels.iter().map(|(label, text)| format!("{label}=\"{}\"", escaped(text))).collect();
            let _ = writeln!(out, "{name}{end}{{{}}} {}", labels.join(","), number(*value));
        }
    }
    out.push_str("# EOF\n");
    out
}

fn number(value: f64) -> String {
    match value {
        f64::INFINITY => "+Inf".to_owned(),
        f64::NEG_INFINITY => "-Inf".to_owned(),
        value => value.to_string(),
    }
}

fn escaped(text: &str) -> String {
    let plain = |letter: char| if letter.is_control() && letter != '\n' { '\u{fffd}' } else { letter };
    let text: String = text.chars().map(plain).collect();
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
