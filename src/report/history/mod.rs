//! The history of figures: terminal, `history.csv`, `history.json`, and the charts `trend-…`.

mod data;
pub mod terminal;
#[cfg(test)]
mod tests;
pub mod words;

use std::path::{Path, PathBuf};

use super::charts::{self, Theme, trend};
use super::{File, PNG_WIDTH, ReportError};
use crate::history::{Entry, Figure, History};
use crate::summary::history::{Search, Trend, doubted, trends};

/// A kind of file that a history can be written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// `history.csv`: a row for each run of each series.
    Csv,
    /// `history.json`: the series, and where each changed.
    Json,
    /// `trend-NAME-THEME.svg`.
    Svg,
    /// `trend-NAME-THEME.png`, [`PNG_WIDTH`] pixels wide.
    Png,
}

/// What is shown: series, and how changes were looked for.
pub struct Shown<'h> {
    /// The series, those that stand on one chart one after the other.
    pub trends: Vec<Trend<'h>>,
    /// How changes were looked for.
    pub search: Search,
    /// How many series have nothing to say of the latest run, as it is not to be trusted.
    pub doubted: usize,
}

impl<'h> Shown<'h> {
    /// What of a history is wanted, and where it changed.
    pub fn new(history: &'h History, search: Search, wanted: impl Fn(&'h Entry, &'h Figure) -> bool) -> Self {
        let trends = trends(history, search, wanted);
        Self { doubted: doubted(history, &trends), trends, search }
    }
}

/// A history as files of a kind.
///
/// # Errors
/// The format cannot hold it.
pub fn files(shown: &Shown<'_>, output: Output) -> Result<Vec<File>, ReportError> {
    let made = |name: &str, made: Result<Vec<u8>, String>| match made {
        Ok(bytes) => Ok(File::new(name, bytes)),
        Err(problem) => Err(ReportError::Make { name: name.to_owned(), problem }),
    };
    match output {
        Output::Csv => Ok(vec![made("history.csv", data::csv(shown).map_err(|error| error.to_string()))?]),
        Output::Json => Ok(vec![made("history.json", data::json(shown).map_err(|error| error.to_string()))?]),
        Output::Svg => Ok(pictures(shown).into_iter().map(|drawn| File::new(&path(&drawn, "svg"), drawn.picture.file())).collect()),
        Output::Png => {
            let drawn = pictures(shown);
            let svgs: Vec<&str> = drawn.iter().map(|drawn| drawn.picture.svg.as_str()).collect();
            let refused = |error: charts::RasterError| ReportError::Make { name: "charts as PNG".to_owned(), problem: error.to_string() };
            let pngs = charts::pngs(&svgs, PNG_WIDTH).map_err(refused)?;
            Ok(drawn.iter().zip(pngs).map(|(drawn, png)| File::new(&path(drawn, "png"), png)).collect())
        }
    }
}

/// Writes a history into a folder, which is created; tells what was written.
///
/// # Errors
/// The system refuses; names the file.
pub fn write_all(shown: &Shown<'_>, folder: &Path, outputs: &[Output]) -> Result<Vec<PathBuf>, ReportError> {
    let mut written = Vec::new();
    for output in outputs {
        for file in files(shown, *output)? {
            written.push(super::write(folder, &file)?);
        }
    }
    Ok(written)
}

fn pictures(shown: &Shown<'_>) -> Vec<trend::Drawn> {
    Theme::ALL.into_iter().flat_map(|theme| trend::all(&shown.trends, shown.search, theme)).collect()
}

fn path(drawn: &trend::Drawn, ending: &str) -> String {
    format!("{}-{}.{ending}", drawn.name, drawn.picture.theme.name())
}
