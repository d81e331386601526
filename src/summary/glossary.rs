//! `docs/metrics.md`, made from the list of metrics so that the two cannot disagree.

use std::fmt::Write as _;

use super::fits::{OVER, QUANTITIES};
use super::metrics::METRICS;
use super::thresholds::{EXTRAPOLATION, UNEVEN_FIT};

/// The page in Markdown.
pub fn page() -> String {
    let mut page = String::from(
        "# Metrics\n\n\
         This page is made from `src/summary/metrics.rs` (`UPDATE_DOCS=1 cargo test --lib glossary`); a test keeps it so. The names are API: CSV files, \
         budgets and reports use them, and they change only with a new major version.\n\n\
         - *Per update* always means per **delivered** (update, subscriber) pair.\n\
         - Times are merged over repeats as histograms, never averaged as percentiles; all other metrics are means over the repeats.\n\
         - A metric that does not apply (requests of a contender that never asks) has no row. Where nothing was delivered, \
         the value is empty. A loss makes `latency.expected.*` infinite, written `inf`.\n\
         - The window is the span of the scenario: warm-up, set-up and drain are counted apart.\n\n\
         | metric | unit | better | meaning |\n|---|---|---|---|\n",
    );
    for metric in METRICS {
        // Writing to a string cannot fail.
        let _ = writeln!(page, "| `{}` | {} | {} | {} |", metric.name, metric.unit.name(), metric.better.name(), metric.meaning);
    }
    let _ = write!(
        page,
        "\n## Slopes\n\n\
         Where a scenario sweeps `{OVER}` over at least three values, reports and `fits.csv` have the slope of a straight line through all trials of a contender (least squares), all other swept values equal: \
         bytes for each subscriber more, with its 95 % interval (Student's t, two degrees of freedom less than points) and the largest residual. With fewer sizes there is no slope, and never a figure ÷ the number of subscribers. A line that \
         misses a point by over {} % of its whole rise is noted as not straight; a slope holds up to {EXTRAPOLATION} times the largest number measured.\n\n\
         | slope | unit | meaning |\n|---|---|---|\n",
        UNEVEN_FIT * 100.0
    );
    for quantity in QUANTITIES {
        let _ = writeln!(page, "| `{}` | bytes | {} |", quantity.name, quantity.meaning);
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_that_of_the_list() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/metrics.md");
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(path, page()).unwrap();
        }
        let found = std::fs::read_to_string(path).unwrap_or_default();
        assert!(found == page(), "docs/metrics.md is not that of the list; UPDATE_DOCS=1 cargo test --lib glossary mends it");
    }
}
