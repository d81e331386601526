//! `[[budget]]`: limits on metrics.

use super::fields::{Field, Fields};
use super::{Axis, Entry, Registry, sweep};
use crate::measure::recording::Severity;
use crate::mistake::Read;
use crate::units;

/// Budgets that a scenario may have: more are not read by anybody.
const MOST_BUDGETS: usize = 200;
/// Samples that a budget may ask for: a week of a hundred thousand a minute.
const MOST_SAMPLES: u32 = 1_000_000_000;

/// A limit on a metric.
#[derive(Clone, Debug, PartialEq)]
pub struct Budget {
    /// Name of the contender.
    pub contender: String,
    /// Name of the metric.
    pub metric: String,
    /// Name of another contender, whose figure the limits are multiples of.
    pub relative_to: Option<String>,
    /// Upper limit, in the metric's unit or as a multiple.
    pub at_most: Option<f64>,
    /// Lower limit, likewise.
    pub at_least: Option<f64>,
    /// Swept values as load points are shown, `key=value;key=value`; `None`: at all load points.
    pub at: Option<String>,
    /// What becomes of a run that breaks it.
    pub severity: Severity,
    /// Samples without which a figure is none.
    pub minimum_samples: Option<u32>,
}

impl Budget {
    /// All keys.
    const KEYS: [&'static str; 8] = ["contender", "metric", "relative_to", "at_most", "at_least", "at", "severity", "minimum_samples"];

    /// Reads all budgets.
    pub(super) fn read_all(top: &Fields<'_>, entries: &[Entry], sweep: &[Axis], registry: Registry) -> Read<Vec<Self>> {
        let tables = top.list("budget", "[[budget]]")?;
        if tables.len() > MOST_BUDGETS {
            let span = tables[MOST_BUDGETS].span.clone();
            return Err(top.source.mistake(span, format!("{} budgets: too many", tables.len())).allowed(format!("at most {MOST_BUDGETS}")));
        }
        tables.iter().map(|fields| Self::read(fields, entries, sweep, registry)).collect()
    }

    fn read(fields: &Fields<'_>, entries: &[Entry], sweep: &[Axis], registry: Registry) -> Read<Self> {
        fields.only(&Self::KEYS)?;
        let names: Vec<&str> = entries.iter().map(|entry| entry.name.as_str()).collect();
        let contender = fields.required("contender", &format!("{:?}", names.first().unwrap_or(&"")))?.word(&names)?.to_owned();
        let metric = fields.required("metric", "\"latency.p99\"")?.word(registry.metrics)?.to_owned();
        let relative_to = fields.optional("relative_to").map(|field| other(&field, &names, &contender)).transpose()?;
        let limit = |field: Field<'_>| match &relative_to {
            Some(other) => field.number(&format!("a number, at least 0: how many times the figure of {other:?}"), |number| number >= 0.0),
            None => limit(&field, &metric),
        };
        let at_most = fields.optional("at_most").map(limit).transpose()?;
        let at_least = fields.optional("at_least").map(limit).transpose()?;
        match (at_most, at_least) {
            (None, None) => return Err(fields.source.mistake(fields.span.clone(), "a budget without a limit").help("add a line such as: at_most = 100")),
            (Some(most), Some(least)) if least > most => {
                let span = fields.optional("at_least").and_then(|field| field.value().ok()?.span());
                let both = fields.source.mistake(span, format!("nothing is at least {least} and at most {most}"));
                return Err(both.help("lower at_least, or raise at_most"));
            }
            _ => {}
        }
        let at = fields.optional("at").map(|field| sweep::part(&field, &contender, relative_to.as_deref(), sweep)).transpose()?;
        let severity = match fields.optional("severity").map(|field| field.word(&["fail", "warn"])).transpose()? {
            Some("warn") => Severity::Warn,
            _ => Severity::Fail,
        };
        let minimum_samples = fields.optional("minimum_samples").map(|field| field.count(1..=MOST_SAMPLES)).transpose()?;
        Ok(Self { contender, metric, relative_to, at_most, at_least, at, severity, minimum_samples })
    }
}

/// The contender that a budget is held against.
fn other(field: &Field<'_>, names: &[&str], contender: &str) -> Read<String> {
    let name = field.word(names)?;
    if name == contender {
        let itself = field.mistake(format!("{name:?} is once itself, whatever it does"));
        return Err(itself.help("name another contender, or take the line out"));
    }
    Ok(name.to_owned())
}

/// What a metric's limit may be written as, beside a number.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Unit {
    Duration,
    Size,
    None,
}

fn unit(metric: &str) -> Unit {
    let has = |words: &[&str]| metric.split('.').any(|part| words.contains(&part));
    // A ratio such as `bytes.ratio` or a share of time has no unit, whatever else it is called.
    if has(&["ratio", "share", "fidelity"]) {
        Unit::None
    } else if has(&["latency", "scenario_latency", "wait", "transit", "staleness", "time_to_current", "lag", "publish_lag", "service", "response"]) {
        Unit::Duration
    } else if has(&["bytes", "memory"]) {
        Unit::Size
    } else {
        Unit::None
    }
}

fn limit(field: &Field<'_>, metric: &str) -> Read<f64> {
    let unit = unit(metric);
    match unit {
        Unit::Duration if field.as_text().is_some() => field.duration(true).map(|duration| duration.as_secs_f64()),
        Unit::Size if field.as_text().is_some() => field.size(0..=1 << 53).map(|size| size as f64),
        _ => {
            let allowed = match unit {
                Unit::Duration => format!("seconds, or {}", units::DURATION_FORMS),
                Unit::Size => units::SIZE_FORMS.to_owned(),
                Unit::None => "a number, at least 0".to_owned(),
            };
            field.number(&allowed, |number| number >= 0.0)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{error_of, scenario_with};
    use super::*;

    fn read(lines: &str) -> Budget {
        scenario_with(&format!("[[budget]]\n{lines}")).unwrap().budgets.remove(0)
    }

    #[test]
    fn limits_are_numbers_durations_or_sizes() {
        let budget = |metric: &str, at_most, at_least| Budget {
            contender: "fake-push".into(),
            metric: metric.into(),
            relative_to: None,
            at_most,
            at_least,
            at: None,
            severity: Severity::Fail,
            minimum_samples: None,
        };
        let push = "contender = \"fake-push\"\n";
        assert_eq!(read(&format!("{push}metric = \"latency.p99\"\nat_most = \"250ms\"")), budget("latency.p99", Some(0.25), None));
        assert_eq!(read(&format!("{push}metric = \"latency.p99\"\nat_most = 2")), budget("latency.p99", Some(2.0), None));
        assert_eq!(read(&format!("{push}metric = \"bytes.per_update\"\nat_most = \"2 KiB\"")), budget("bytes.per_update", Some(2048.0), None));
        assert_eq!(read(&format!("{push}metric = \"reach\"\nat_most = 1\nat_least = 0.99")), budget("reach", Some(1.0), Some(0.99)));
    }

    const TWO: &str = "[[contender]]\nuse = \"fake-pull\"\nname = \"poll\"\ninterval = \"1s\"\n[sweep]\n\"workload.topics\" = [10, 20]\n\"contender.poll.interval\" = [\"1s\", \"5s\"]\n";

    #[test]
    fn limits_may_be_multiples_at_a_load_point_of_enough_samples_and_only_warn() {
        let lines =
            "relative_to = \"poll\"\nat_most = 0.1\nat = \"contender.poll.interval=5s;workload.topics=20\"\nseverity = \"warn\"\nminimum_samples = 1_000";
        let scenario = scenario_with(&format!("{TWO}[[budget]]\ncontender = \"fake-push\"\nmetric = \"latency.p99\"\n{lines}")).unwrap();
        let budget = Budget {
            contender: "fake-push".into(),
            metric: "latency.p99".into(),
            relative_to: Some("poll".into()),
            at_most: Some(0.1),
            at_least: None,
            at: Some("contender.poll.interval=5s;workload.topics=20".into()),
            severity: Severity::Warn,
            minimum_samples: Some(1_000),
        };
        assert_eq!(scenario.budgets, std::slice::from_ref(&budget));
        let there = scenario.at(&scenario.load_points_of("poll")[0], super::super::testing::REGISTRY).unwrap();
        assert_eq!(there.budgets, [budget], "at a load point they are the same");
    }

    #[test]
    fn what_cannot_be_multiplied_or_is_not_there_is_refused() {
        for (lines, says) in [
            ("relative_to = \"pol\"\nat_most = 1", "did you mean \"poll\""),
            ("relative_to = \"fake-push\"\nat_most = 1", "\"fake-push\" is once itself"),
            ("relative_to = \"poll\"\nat_most = \"5s\"", "how many times the figure of \"poll\""),
            ("at_most = 1\nat = \"workload.topics=30\"", "no swept value of \"fake-push\""),
            // Nothing that touches the contender of the budget.
            ("at_most = 1\nat = \"contender.poll.interval=1s\"", "no swept value of \"fake-push\""),
            ("at_most = 1\nat = 20", "must be a text"),
            ("at_most = 1\nseverity = \"error\"", "is not a choice for \"severity\""),
            ("at_most = 1\nminimum_samples = 0", "out of range for \"minimum_samples\""),
        ] {
            let message = error_of(&format!("{TWO}[[budget]]\ncontender = \"fake-push\"\nmetric = \"latency.p99\"\n{lines}"));
            assert!(message.contains(says), "{lines}: {message}");
        }
    }

    #[test]
    fn what_cannot_be_is_refused() {
        for (lines, says) in [
            ("contender = \"fake-pull\"\nmetric = \"reach\"\nat_most = 1", "did you mean \"fake-push\""),
            ("contender = \"fake-push\"\nmetric = \"latency.p98\"\nat_most = 1", "did you mean \"latency.p99\""),
            ("contender = \"fake-push\"\nmetric = \"reach\"", "without a limit"),
            ("contender = \"fake-push\"\nmetric = \"reach\"\nat_most = \"5s\"", "must be a number"),
            ("contender = \"fake-push\"\nmetric = \"reach\"\nat_most = 0.5\nat_least = 0.6", "nothing is at least 0.6"),
            ("contender = \"fake-push\"\nmetric = \"latency.p99\"\nat_most = \"5\"", "has no unit"),
            ("contender = \"fake-push\"\nmetric = \"latency.p99\"\nat_most = true", "must be a number, not true or false"),
        ] {
            let message = error_of(&format!("[[budget]]\n{lines}"));
            assert!(message.contains(says), "{lines}: {message}");
        }
    }
}
