//! CSV: one figure a row, so that any tool can filter and pivot. Seconds, bytes, CPU-seconds, counts.
//!
//! Infinity is `inf`; a metric that does not apply has no row; nothing delivered gives an empty value.

use csv::Writer;

use crate::measure::distribution::Distribution;
use crate::measure::recording::{Role, Times};
use crate::summary::fits::OVER;
use crate::summary::metrics::{METRICS, NAMES};
use crate::summary::{Cell, Doubt, Summary};

/// Percentiles of `percentiles.csv`.
pub(super) const PERCENTILES: [f64; 18] = [0.0, 1.0, 5.0, 10.0, 20.0, 25.0, 50.0, 75.0, 80.0, 90.0, 95.0, 98.0, 99.0, 99.5, 99.9, 99.95, 99.99, 100.0];

/// `summary.csv`: every metric of every contender at every load point, a row for each repeat and one for all.
///
/// # Errors
/// None that memory could raise.
pub fn summary(summary: &Summary<'_>) -> Result<Vec<u8>, csv::Error> {
    let mut rows = Writer::from_writer(Vec::new());
    rows.write_record(["scenario", "contender", "load_point", "repeat", "metric", "unit", "value", "doubts"])?;
    for cell in &summary.cells {
        for metric in METRICS {
            let Some(estimate) = cell.metrics.get(metric.name) else { continue };
            let doubts = listed(summary.doubts_on(cell, metric.name));
            let each = estimate.repeats.iter().map(|(repeat, value)| (repeat.to_string(), *value));
            for (repeat, value) in each.chain([("all".to_owned(), estimate.value)]) {
                let [scenario, contender, point] = place(summary, cell);
                rows.write_record([scenario, contender, point, &repeat, metric.name, metric.unit.name(), &number(value), &doubts])?;
            }
        }
    }
    finish(rows)
}

/// `percentiles.csv`: the distributions of times, all repeats merged. `scenario_latency` is in seconds of scenario time, all else as measured;
/// `staleness` is weighted by time over active subscriptions, its samples are the episodes in which a view was out of date.
///
/// # Errors
/// None that memory could raise.
pub fn percentiles(summary: &Summary<'_>) -> Result<Vec<u8>, csv::Error> {
    let mut rows = Writer::from_writer(Vec::new());
    rows.write_record(["scenario", "contender", "load_point", "distribution", "percentile", "seconds", "samples", "doubts"])?;
    for cell in &summary.cells {
        for (name, distribution) in distributions(&cell.times) {
            let doubts = on_distribution(summary, cell, name);
            for percentile in PERCENTILES {
                // Without samples there is no row: the distribution does not apply, or nothing was delivered.
                let Some(seconds) = distribution.quantile(percentile / 100.0) else { continue };
                let [scenario, contender, point] = place(summary, cell);
                let [percentile, seconds, samples] = [percentile.to_string(), seconds.to_string(), distribution.count().to_string()];
                rows.write_record([scenario, contender, point, name, &percentile, &seconds, &samples, &doubts])?;
            }
        }
        let (staleness, doubts) = (&cell.times.staleness, on_distribution(summary, cell, "staleness"));
        for percentile in PERCENTILES {
            let Some(seconds) = staleness.quantile(percentile / 100.0) else { continue };
            let [scenario, contender, point] = place(summary, cell);
            let [percentile, seconds, episodes] = [percentile.to_string(), seconds.to_string(), staleness.until.count().to_string()];
            rows.write_record([scenario, contender, point, "staleness", &percentile, &seconds, &episodes, &doubts])?;
        }
    }
    finish(rows)
}

/// `fits.csv`: what a figure rises by for each subscriber, where their number is swept over at least three values; else nothing but the header.
///
/// # Errors
/// None that memory could raise.
pub fn fits(summary: &Summary<'_>) -> Result<Vec<u8>, csv::Error> {
    let mut rows = Writer::from_writer(Vec::new());
    rows.write_record([
        "scenario",
        "contender",
        "load_point",
        "metric",
        "over",
        "unit",
        "slope",
        "low",
        "high",
        "points",
        "smallest",
        "largest",
        "largest_residual",
        "limit",
        "note",
        "doubts",
    ])?;
    for fit in &summary.fits {
        let line = &fit.line;
        let numbers = [line.slope, line.interval.0, line.interval.1, line.points as f64, line.range.0, line.range.1, line.largest_residual, fit.limit()];
        let mut row = vec![summary.recording.scenario.name.clone(), fit.contender.to_owned(), fit.elsewhere.clone(), fit.quantity.name.to_owned()];
        row.extend([OVER.to_owned(), "bytes".to_owned()]);
        row.extend(numbers.map(|number| number.to_string()));
        row.push(fit.note().unwrap_or_default());
        row.push(listed(summary.doubts_on_fit(fit)));
        rows.write_record(&row)?;
    }
    finish(rows)
}

/// `timeline.csv`: a row for each second of each trial, from the warm-up (negative seconds) to the end of the drain.
///
/// # Errors
/// None that memory could raise.
pub fn timeline(summary: &Summary<'_>) -> Result<Vec<u8>, csv::Error> {
    let mut rows = Writer::from_writer(Vec::new());
    rows.write_record([
        "scenario",
        "contender",
        "load_point",
        "repeat",
        "second",
        "messages",
        "requests",
        "deliveries",
        "bytes",
        "cpu_server",
        "cpu_publisher",
        "cpu_subscriber",
        "memory_server",
        "memory_publisher",
        "memory_subscriber",
        "latency_p50",
        "latency_p99",
        "latency_max",
        "connections",
        "doubts",
    ])?;
    for cell in &summary.cells {
        // A second has figures of all kinds: what concerns any of them stands beside it.
        let doubts = listed(summary.doubts.iter().filter(|doubt| doubt.concerns(&cell.contender.name, cell.load_point)));
        for trial in &cell.trials {
            for second in &trial.timeline {
                let mut row: Vec<String> = place(summary, cell).map(str::to_owned).to_vec();
                row.push(trial.repeat.to_string());
                row.push(second.second.to_string());
                row.extend([second.messages, second.requests, second.deliveries, second.bytes].map(|count| count.to_string()));
                row.extend([Role::Server, Role::Publisher, Role::Subscriber].map(|role| second.cpu.of(role).to_string()));
                row.extend([Role::Server, Role::Publisher, Role::Subscriber].map(|role| second.memory.of(role).to_string()));
                let latency = |of: fn(&Distribution) -> Option<f64>| number(second.latency.as_ref().and_then(of));
                row.extend([latency(|latency| latency.quantile(0.5)), latency(|latency| latency.quantile(0.99)), latency(Distribution::max)]);
                row.push(second.connections.map_or_else(String::new, |connections| connections.to_string()));
                row.push(doubts.clone());
                rows.write_record(&row)?;
            }
        }
    }
    finish(rows)
}

/// `grade:cause`, separated by semicolons.
pub(super) fn listed<'d>(doubts: impl Iterator<Item = &'d Doubt>) -> String {
    doubts.map(|doubt| format!("{}:{}", doubt.grade.name(), doubt.cause)).collect::<Vec<_>>().join(";")
}

/// The doubts that touch any metric of a distribution.
fn on_distribution(summary: &Summary<'_>, cell: &Cell<'_>, name: &str) -> String {
    let prefix = if matches!(name, "wait" | "transit") { format!("latency.{name}.") } else { format!("{name}.") };
    let of_it = |metric: &&&str| {
        metric.starts_with(&prefix) && (name != "latency" || !["latency.wait.", "latency.transit."].iter().any(|part| metric.starts_with(part)))
    };
    let metrics: Vec<&&str> = NAMES.iter().filter(of_it).collect();
    let concerns = |doubt: &&Doubt| doubt.concerns(&cell.contender.name, cell.load_point) && metrics.iter().any(|metric| doubt.touches(metric));
    listed(summary.doubts.iter().filter(concerns))
}

fn place<'s>(summary: &'s Summary<'_>, cell: &'s Cell<'_>) -> [&'s str; 3] {
    [&summary.recording.scenario.name, &cell.contender.name, cell.load_point]
}

pub(super) fn number(value: Option<f64>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}

fn distributions(times: &Times) -> [(&'static str, &Distribution); 9] {
    [
        ("latency", &times.latency),
        ("wait", &times.wait),
        ("transit", &times.transit),
        ("scenario_latency", &times.scenario_latency),
        ("lag", &times.lag),
        ("publish_lag", &times.publish_lag),
        ("service", &times.service),
        ("response", &times.response),
        ("time_to_current", &times.time_to_current),
    ]
}

pub(super) fn finish(rows: Writer<Vec<u8>>) -> Result<Vec<u8>, csv::Error> {
    rows.into_inner().map_err(|error| csv::Error::from(std::io::Error::other(error.to_string())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::recording::Times;
    use crate::summary::fixture::made_up;

    fn text(bytes: Result<Vec<u8>, csv::Error>) -> String {
        String::from_utf8(bytes.unwrap()).unwrap()
    }

    #[test]
    fn summary_csv_as_it_was() {
        let mut recording = made_up().scale(0.1).build();
        recording.contenders.retain(|contender| contender.name != "poll-1s");
        insta::assert_snapshot!(text(summary(&Summary::new(&recording))));
    }

    #[test]
    fn percentiles_csv_as_it_was() {
        let mut recording = made_up().scale(0.1).build();
        recording.contenders.retain(|contender| contender.name == "poll-5s");
        insta::assert_snapshot!(text(percentiles(&Summary::new(&recording))));
    }

    #[test]
    fn timeline_csv_as_it_was() {
        let mut recording = made_up().scale(0.1).build();
        recording.contenders.retain(|contender| contender.name == "xmpp-pubsub");
        insta::assert_snapshot!(text(timeline(&Summary::new(&recording))));
    }

    #[test]
    fn infinity_emptiness_and_quotes_are_written_as_promised() {
        let mut recording = made_up().scale(0.02).repeats(1).many_contenders().build();
        for trial in recording.trials.iter_mut().filter(|trial| trial.contender.contains("bosh")) {
            trial.times = Times::default();
            trial.deliveries.lost = trial.deliveries.expected;
            trial.deliveries.delivered = 0;
        }
        let csv = text(summary(&Summary::new(&recording)));
        let mut reader = csv::Reader::from_reader(csv.as_bytes());
        let rows: Vec<csv::StringRecord> = reader.records().map(|row| row.unwrap()).collect();
        let value = |metric: &str| {
            rows.iter().find(|row| row[1] == *"xmpp-pubsub, \"bosh\" & `ticks`" && row[3] == *"all" && row[4] == *metric).map(|row| row[6].to_owned())
        };
        assert_eq!(value("latency.expected.p99").as_deref(), Some("inf"));
        assert_eq!(value("latency.p99").as_deref(), Some(""));
        assert_eq!(value("requests.total"), None);
        assert!(rows.iter().any(|row| row[7].contains("untrusted:nothing-delivered")));
    }
}
