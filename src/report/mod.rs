//! [`Summary`] → bytes: one file per output, each a pure function. [`write_all`] alone writes files.

pub mod charts;
pub mod ci;
pub mod comparison;
pub mod conditions;
pub mod crossings;
pub mod csv;
pub mod figures;
pub mod gate;
pub mod history;
pub mod html;
pub mod json;
pub mod markdown;
pub mod published;
pub mod repeat;
pub mod slides;
pub mod terminal;

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use crate::measure::recording::{FILE_NAME, Recording};
use crate::summary::Summary;
use charts::{Picture, Theme};

/// A kind of report that is a file, or several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `summary.csv`, `percentiles.csv`, `fits.csv`, `crossover.csv`, `timeline.csv`.
    Csv,
    /// `summary.md`.
    Markdown,
    /// `summary.json`.
    Json,
    /// `report.html`.
    Html,
    /// `charts/NAME-THEME.svg`.
    Svg,
    /// `charts/NAME-THEME.png`, [`PNG_WIDTH`] pixels wide.
    Png,
    /// For pipelines: `junit.xml` and others.
    Pipeline(ci::Feed),
}

impl Format {
    /// What it makes within the folder of the report: names of files, or of the folder that holds them.
    pub fn names(self) -> &'static [&'static str] {
        match self {
            Self::Csv => &["summary.csv", "percentiles.csv", "fits.csv", "crossover.csv", "timeline.csv"],
            Self::Markdown => &["summary.md"],
            Self::Json => &["summary.json"],
            Self::Html => &["report.html"],
            Self::Svg | Self::Png => &["charts"],
            Self::Pipeline(feed) => feed.names(),
        }
    }
}

/// Width of PNG charts in pixels, 16:9: twice a projector's, for slides and print.
pub const PNG_WIDTH: u32 = 3_200;

/// A report, ready to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Path within the folder of the report.
    pub name: String,
    /// Content.
    pub bytes: Vec<u8>,
}

impl File {
    fn new(name: &str, bytes: impl Into<Vec<u8>>) -> Self {
        Self { name: name.to_owned(), bytes: bytes.into() }
    }
}

/// Why a report could not be made or written.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The system refuses.
    #[error("cannot write {path}: {error}; choose another folder with --out")]
    Write {
        /// Which file or folder.
        path: String,
        /// What the system says.
        error: io::Error,
    },
    /// A user's template is at fault.
    #[error(transparent)]
    Template(#[from] html::TemplateError),
    /// What a user's template makes would take the place of something else.
    #[error("{path} is {what}, and what the template makes would overwrite it; rename the template, or choose another folder with --out")]
    Overwrite {
        /// Which file.
        path: String,
        /// What it is.
        what: &'static str,
    },
    /// A format cannot hold what the recording has.
    #[error("cannot make {name}: {problem}")]
    Make {
        /// Which report.
        name: String,
        /// What is wrong.
        problem: String,
    },
}

/// The files of a format; [`write_all`] alone knows which charts lie beside `summary.md`, and shows them there.
///
/// # Errors
/// The format cannot hold what the recording has.
pub fn files(summary: &Summary<'_>, format: Format) -> Result<Vec<File>, ReportError> {
    let made = |name: &str, made: Result<Vec<u8>, String>| match made {
        Ok(bytes) => Ok(File::new(name, bytes)),
        Err(problem) => Err(ReportError::Make { name: name.to_owned(), problem }),
    };
    match format {
        Format::Csv => Ok(vec![
            made("summary.csv", csv::summary(summary).map_err(|error| error.to_string()))?,
            made("percentiles.csv", csv::percentiles(summary).map_err(|error| error.to_string()))?,
            made("fits.csv", csv::fits(summary).map_err(|error| error.to_string()))?,
            made("crossover.csv", crossings::csv(summary).map_err(|error| error.to_string()))?,
            made("timeline.csv", csv::timeline(summary).map_err(|error| error.to_string()))?,
        ]),
        Format::Markdown => Ok(vec![page(summary, &[])]),
        Format::Json => Ok(vec![made("summary.json", json::summary(summary).map_err(|error| error.to_string()))?]),
        Format::Html => Ok(vec![made("report.html", html::page(summary).map(String::into_bytes).map_err(|error| error.to_string()))?]),
        Format::Pipeline(feed) => ci::of_recording(summary, feed),
        Format::Svg => Ok(pictures(summary).map(|picture| File::new(&path(&picture, "svg"), picture.file())).collect()),
        Format::Png => pngs(&pictures(summary).collect::<Vec<Picture>>()),
    }
}

fn page(summary: &Summary<'_>, charts: &[markdown::Chart]) -> File {
    File::new("summary.md", markdown::page(summary, charts))
}

/// The charts that are in a folder, or are about to be, light and dark: as SVG, else as PNG.
fn charts_in(folder: &Path, formats: &[Format], all: impl FnOnce() -> Vec<Picture>) -> Vec<markdown::Chart> {
    let endings = [("svg", Format::Svg), ("png", Format::Png)];
    if !folder.join("charts").exists() && !endings.iter().any(|(_, format)| formats.contains(format)) {
        return Vec::new();
    }
    let there = |picture: &Picture, ending: &str| {
        let of = |theme: Theme| folder.join(path(&Picture { theme, ..picture.clone() }, ending)).exists();
        Theme::ALL.into_iter().all(of)
    };
    let shown = all().into_iter().filter_map(|picture| {
        let (ending, _) = endings.into_iter().find(|(ending, format)| formats.contains(format) || there(&picture, ending))?;
        Some(markdown::Chart { name: picture.name, title: picture.title, ending })
    });
    shown.collect()
}

fn pngs(pictures: &[Picture]) -> Result<Vec<File>, ReportError> {
    let svgs: Vec<&str> = pictures.iter().map(|picture| picture.svg.as_str()).collect();
    let refused = |error: charts::RasterError| ReportError::Make { name: "charts as PNG".to_owned(), problem: error.to_string() };
    let pngs = charts::pngs(&svgs, PNG_WIDTH).map_err(refused)?;
    Ok(pictures.iter().zip(pngs).map(|(picture, png)| File::new(&path(picture, "png"), png)).collect())
}

fn pictures(summary: &Summary<'_>) -> impl Iterator<Item = Picture> {
    Theme::ALL.into_iter().flat_map(|theme| charts::all(summary, theme))
}

fn path(picture: &Picture, ending: &str) -> String {
    format!("charts/{}-{}.{ending}", picture.name, picture.theme.name())
}

/// A user's template: renders to a file of the same name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// Its path, as the user has it.
    pub path: PathBuf,
    /// Its text.
    pub text: String,
}

impl Template {
    /// The file that it makes.
    ///
    /// # Errors
    /// Names file, line, fault and remedy.
    pub fn file(&self, summary: &Summary<'_>) -> Result<File, ReportError> {
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        Ok(File::new(&name, html::own(summary, &self.path.to_string_lossy(), &self.text)?))
    }
}

/// Makes reports of a recording and writes them into a folder, which is created; tells what was written.
///
/// # Errors
/// The system refuses; names the file.
pub fn write_all(recording: &Recording, folder: &Path, formats: &[Format]) -> Result<Vec<PathBuf>, ReportError> {
    let summary = Summary::new(recording);
    create(folder)?;
    let mut written = Vec::new();
    for format in formats {
        let made = match format {
            Format::Markdown => vec![page(&summary, &charts_in(folder, formats, || charts::all(&summary, Theme::Light)))],
            format => files(&summary, *format)?,
        };
        for file in made {
            written.push(write(folder, &file)?);
        }
    }
    Ok(written)
}

/// Renders a user's template into a folder, which is created; tells what was written. `source` is the recording's file, `formats` is what else is
/// made in the folder.
///
/// # Errors
/// The template is at fault, what it makes would overwrite something, or the system refuses.
pub fn write_own(recording: &Recording, source: &Path, folder: &Path, template: &Template, formats: &[Format]) -> Result<PathBuf, ReportError> {
    let path = folder.join(template.path.file_name().unwrap_or_default());
    if let Some(what) = taken(&path, source, template, formats) {
        return Err(ReportError::Overwrite { path: path.display().to_string(), what });
    }
    let file = template.file(&Summary::new(recording))?;
    create(folder)?;
    write(folder, &file)
}

/// What is at a path, or will be, that must not be overwritten.
fn taken(path: &Path, source: &Path, template: &Template, formats: &[Format]) -> Option<&'static str> {
    let is_named = |name: &str| path.file_name().is_some_and(|own| own == name);
    if is_same(path, &template.path) {
        Some("the template itself")
    } else if is_same(path, source) {
        Some("the recording itself")
    } else if is_named(FILE_NAME) {
        Some("where a recording is kept")
    } else if formats.iter().flat_map(|format| format.names()).any(|name| is_named(name)) {
        Some("made by a format that is asked for")
    } else {
        None
    }
}

/// Whether both exist and are one, by whatever links they are reached.
fn is_same(one: &Path, other: &Path) -> bool {
    let number = |path: &Path| fs::metadata(path).map(|about| (about.dev(), about.ino())).ok();
    number(one).is_some_and(|found| number(other) == Some(found))
}

/// Makes the slides of a recording, and the figures that go with them, and writes them into a folder, which is created; tells what was written.
///
/// # Errors
/// A format cannot hold what the recording has, or the system refuses; names the file.
pub fn write_slides(recording: &Recording, folder: &Path, theme: &slides::Theme) -> Result<Vec<PathBuf>, ReportError> {
    let summary = Summary::new(recording);
    let mut files = slides::files(&summary, theme)?;
    files.extend(slides::figures(&summary, theme)?);
    files.iter().map(|file| write(folder, file)).collect()
}

fn write(folder: &Path, file: &File) -> Result<PathBuf, ReportError> {
    let path = folder.join(&file.name);
    // A chart has a folder of its own within the report's.
    create(path.parent().unwrap_or(folder))?;
    fs::write(&path, &file.bytes).map_err(refused(&path))?;
    Ok(path)
}

fn create(folder: &Path) -> Result<(), ReportError> {
    fs::create_dir_all(folder).map_err(refused(folder))
}

fn refused(path: &Path) -> impl FnOnce(io::Error) -> ReportError {
    let path = path.display().to_string();
    move |error| ReportError::Write { path, error }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::summary::fixture::made_up;

    #[test]
    fn a_format_makes_what_it_says() {
        let recording = made_up().scale(0.02).build();
        let summary = Summary::new(&recording);
        let pipelines = ci::Feed::ALL.map(Format::Pipeline);
        for format in [Format::Csv, Format::Markdown, Format::Json, Format::Html, Format::Svg, Format::Png].into_iter().chain(pipelines) {
            let files = files(&summary, format).unwrap();
            let mut names: Vec<&str> = files.iter().filter_map(|file| file.name.split('/').next()).collect();
            names.dedup();
            assert_eq!(names, format.names());
        }
    }
}
