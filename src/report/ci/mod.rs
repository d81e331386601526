//! What pipelines read: test reports, annotations, and figures for the services that keep them.
//!
//! `case` says what passed and what did not, of budgets and of judgements alike; `junit` and `annotations` are made of it. `point` is a figure
//! with its name; `benchmark_action`, `bencher` and `openmetrics` are made of those.

pub mod annotations;
mod bencher;
mod benchmark_action;
pub mod case;
mod junit;
mod openmetrics;
pub mod point;
#[cfg(test)]
mod tests;

use super::{File, ReportError};
use crate::summary::Summary;
use crate::summary::gate::Judgement;

/// A kind of file for a pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feed {
    /// `junit.xml`: a test case for each budget, or each judged figure.
    Junit,
    /// `benchmark-smaller.json` and `benchmark-bigger.json`, for github-action-benchmark: one file for each direction that is better.
    BenchmarkAction,
    /// `bencher.json`: Bencher Metric Format.
    Bencher,
    /// `openmetrics.txt`: OpenMetrics text.
    OpenMetrics,
}

impl Feed {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Junit, Self::BenchmarkAction, Self::Bencher, Self::OpenMetrics];

    /// Names of the files that it makes.
    pub fn names(self) -> &'static [&'static str] {
        match self {
            Self::Junit => &["junit.xml"],
            Self::BenchmarkAction => &["benchmark-smaller.json", "benchmark-bigger.json"],
            Self::Bencher => &["bencher.json"],
            Self::OpenMetrics => &["openmetrics.txt"],
        }
    }
}

/// Of a recording.
///
/// # Errors
/// The format cannot hold it.
pub fn of_recording(summary: &Summary<'_>, feed: Feed) -> Result<Vec<File>, ReportError> {
    let name = &summary.recording.scenario.name;
    let points = || point::of_summary(summary);
    match feed {
        Feed::Junit => Ok(vec![made("junit.xml", junit::document(name, &case::of_summary(summary)))?]),
        Feed::BenchmarkAction => benchmark_action(&points()),
        Feed::Bencher => Ok(vec![made("bencher.json", bencher::document(&points()))?]),
        Feed::OpenMetrics => Ok(vec![File::new("openmetrics.txt", openmetrics::of_summary(summary))]),
    }
}

/// Of a judgement: what it says of the new side.
///
/// # Errors
/// The format cannot hold it.
pub fn of_judgement(judgement: &Judgement<'_>, feed: Feed) -> Result<Vec<File>, ReportError> {
    let points = || point::of_judgement(judgement);
    match feed {
        Feed::Junit => Ok(vec![made("junit.xml", junit::document("compare", &case::of_judgement(judgement)))?]),
        Feed::BenchmarkAction => benchmark_action(&points()),
        Feed::Bencher => Ok(vec![made("bencher.json", bencher::document(&points()))?]),
        Feed::OpenMetrics => Ok(vec![File::new("openmetrics.txt", openmetrics::of_judgement(judgement))]),
    }
}

fn benchmark_action(points: &[point::Point]) -> Result<Vec<File>, ReportError> {
    benchmark_action::documents(points).into_iter().map(|(name, bytes)| made(name, bytes)).collect()
}

fn made(name: &str, made: Result<Vec<u8>, String>) -> Result<File, ReportError> {
    made.map(|bytes| File::new(name, bytes)).map_err(|problem| ReportError::Make { name: name.to_owned(), problem })
}
