//! `[[budget]]`: limits on metrics.

use super::fields::{Field, Fields};
use super::{Entry, Registry};
use crate::mistake::Read;
use crate::units;

/// Budgets that a scenario may have; they are read once for each load point.
const MOST_BUDGETS: usize = 200;

/// A limit on a metric.
#[derive(Clone, Debug, PartialEq)]
pub struct Budget {
    /// Name of the contender.
    pub contender: String,
    /// Name of the metric.
    pub metric: String,
    /// Upper limit in the metric's unit.
    pub at_most: Option<f64>,
    /// Lower limit in the metric's unit.
    pub at_least: Option<f64>,
}

impl Budget {
    /// All keys.
    const KEYS: [&'static str; 4] = ["contender", "metric", "at_most", "at_least"];

    /// Reads all budgets.
    pub(super) fn read_all(top: &Fields<'_>, entries: &[Entry], registry: Registry) -> Read<Vec<Self>> {
        let tables = top.list("budget", "[[budget]]")?;
        if tables.len() > MOST_BUDGETS {
            let span = tables[MOST_BUDGETS].span.clone();
            return Err(top.source.mistake(span, format!("{} budgets: too many", tables.len())).allowed(format!("at most {MOST_BUDGETS}")));
        }
        tables.iter().map(|fields| Self::read(fields, entries, registry)).collect()
    }

    fn read(fields: &Fields<'_>, entries: &[Entry], registry: Registry) -> Read<Self> {
        fields.only(&Self::KEYS)?;
        let names: Vec<&str> = entries.iter().map(|entry| entry.name.as_str()).collect();
        let contender = fields.required("contender", &format!("{:?}", names.first().unwrap_or(&"")))?.word(&names)?.to_owned();
        let metric = fields.required("metric", "\"latency.p99\"")?.word(registry.metrics)?.to_owned();
        let limit = |field: Field<'_>| limit(&field, &metric);
        let at_most = fields.optional("at_most").map(limit).transpose()?;
        let at_least = fields.optional("at_least").map(limit).transpose()?;
        match (at_most, at_least) {
            (None, None) => Err(fields.source.mistake(fields.span.clone(), "a budget without a limit").help("add a line such as: at_most = 100")),
            (Some(most), Some(least)) if least > most => {
                let span = fields.optional("at_least").and_then(|field| field.value().ok()?.span());
                let both = fields.source.mistake(span, format!("nothing is at least {least} and at most {most}"));
                Err(both.help("lower at_least, or raise at_most"))
            }
            _ => Ok(Self { contender, metric, at_most, at_least }),
        }
    }
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
        let budget = |metric: &str, at_most, at_least| Budget { contender: "fake-push".into(), metric: metric.into(), at_most, at_least };
        let push = "contender = \"fake-push\"\n";
        assert_eq!(read(&format!("{push}metric = \"latency.p99\"\nat_most = \"250ms\"")), budget("latency.p99", Some(0.25), None));
        assert_eq!(read(&format!("{push}metric = \"latency.p99\"\nat_most = 2")), budget("latency.p99", Some(2.0), None));
        assert_eq!(read(&format!("{push}metric = \"bytes.per_update\"\nat_most = \"2 KiB\"")), budget("bytes.per_update", Some(2048.0), None));
        assert_eq!(read(&format!("{push}metric = \"reach\"\nat_most = 1\nat_least = 0.99")), budget("reach", Some(1.0), Some(0.99)));
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
