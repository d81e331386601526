//! Several runs side by side: terminal, `comparison.csv`, `comparison.md`, `comparison.json`, and the charts `compare-…`.

mod data;
mod markdown;
pub mod terminal;
#[cfg(test)]
mod tests;
pub mod words;

use std::path::{Path, PathBuf};

use super::charts::{self, Picture, Theme, compare};
use super::figures::{self, Line};
use super::{File, Format, PNG_WIDTH, ReportError};
use crate::summary::comparison::{Comparison, Twins};

/// Makes the files of a comparison in these formats and writes them into a folder, which is created; tells what was written.
///
/// # Errors
/// The system refuses; names the file.
pub fn write_all(comparison: &Comparison<'_>, folder: &Path, formats: &[Format]) -> Result<Vec<PathBuf>, ReportError> {
    let mut written = Vec::new();
    for format in formats {
        let files = match format {
            Format::Markdown => vec![page(comparison, &super::charts_in(folder, formats, || compare::all(comparison, Theme::Light)))],
            format => files(comparison, *format)?,
        };
        for file in files {
            written.push(super::write(folder, &file)?);
        }
    }
    Ok(written)
}

/// The files of a format; the page shows no charts, which [`write_all`] alone knows to be beside it.
///
/// # Errors
/// The format cannot hold what the recordings have.
pub fn files(comparison: &Comparison<'_>, format: Format) -> Result<Vec<File>, ReportError> {
    let made = |name: &str, made: Result<Vec<u8>, String>| match made {
        Ok(bytes) => Ok(File::new(name, bytes)),
        Err(problem) => Err(ReportError::Make { name: name.to_owned(), problem }),
    };
    match format {
        Format::Csv => Ok(vec![made("comparison.csv", data::csv(comparison).map_err(|error| error.to_string()))?]),
        Format::Markdown => Ok(vec![page(comparison, &[])]),
        Format::Json => Ok(vec![made("comparison.json", data::json(comparison).map_err(|error| error.to_string()))?]),
        Format::Svg => Ok(pictures(comparison).map(|picture| File::new(&super::path(&picture, "svg"), picture.file())).collect()),
        Format::Png => {
            let pictures: Vec<Picture> = pictures(comparison).collect();
            let svgs: Vec<&str> = pictures.iter().map(|picture| picture.svg.as_str()).collect();
            let refused = |error: charts::RasterError| ReportError::Make { name: "charts as PNG".to_owned(), problem: error.to_string() };
            let pngs = charts::pngs(&svgs, PNG_WIDTH).map_err(refused)?;
            Ok(pictures.iter().zip(pngs).map(|(picture, png)| File::new(&super::path(picture, "png"), png)).collect())
        }
        // The page is of one run, and so is what passes.
        Format::Html | Format::Pipeline(_) => Ok(Vec::new()),
    }
}

fn page(comparison: &Comparison<'_>, charts: &[super::markdown::Chart]) -> File {
    File::new("comparison.md", markdown::page(comparison, charts))
}

fn pictures(comparison: &Comparison<'_>) -> impl Iterator<Item = Picture> {
    Theme::ALL.into_iter().flat_map(|theme| compare::all(comparison, theme))
}

/// The lines of a twin's table: those that any of its runs has.
fn lines(comparison: &Comparison<'_>, twins: &Twins<'_>) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for (run, cell) in comparison.runs.iter().zip(&twins.cells) {
        let Some(cell) = cell else { continue };
        let own = figures::lines(run.summary, cell.load_point).into_iter().filter(|line| cell.metrics.contains_key(line.metric.name));
        for line in own {
            if !lines.iter().any(|known| known.metric.name == line.metric.name) {
                lines.push(line);
            }
        }
    }
    lines
}
