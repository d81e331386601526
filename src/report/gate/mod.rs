//! A judgement of two sets of recordings: terminal, `compare.md`, `compare.json`, and what pipelines read (`ci`).

mod data;
mod markdown;
pub mod noise;
pub mod terminal;
#[cfg(test)]
mod tests;
pub mod words;

use std::path::{Path, PathBuf};

use super::ci::{self, Feed};
use super::{File, ReportError};
use crate::summary::gate::Judgement;

/// A kind of file that a judgement can be written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// `compare.md`.
    Markdown,
    /// `compare.json`.
    Json,
    /// For pipelines: `junit.xml` and others.
    Pipeline(Feed),
}

/// A judgement as files of a kind.
///
/// # Errors
/// The format cannot hold it.
pub fn files(judgement: &Judgement<'_>, output: Output) -> Result<Vec<File>, ReportError> {
    match output {
        Output::Markdown => Ok(vec![File::new("compare.md", markdown::page(judgement))]),
        Output::Json => {
            let refused = |error: serde_json::Error| ReportError::Make { name: "compare.json".to_owned(), problem: error.to_string() };
            Ok(vec![File::new("compare.json", data::json(judgement).map_err(refused)?)])
        }
        Output::Pipeline(feed) => ci::of_judgement(judgement, feed),
    }
}

/// Writes a judgement into a folder, which is created; tells what was written.
///
/// # Errors
/// The system refuses; names the file.
pub fn write_all(judgement: &Judgement<'_>, folder: &Path, outputs: &[Output]) -> Result<Vec<PathBuf>, ReportError> {
    let mut written = Vec::new();
    for output in outputs {
        for file in files(judgement, *output)? {
            written.push(super::write(folder, &file)?);
        }
    }
    Ok(written)
}
