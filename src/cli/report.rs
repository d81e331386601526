//! `pushbench report`.

use std::fs;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::exit::{Exit, Trouble};
use super::{colour_wanted, side_by_side};
use crate::measure::recording::Recording;
use crate::measure::text_file;
use crate::report::ci::{Feed, annotations, case};
use crate::report::terminal::{self, Style};
use crate::report::{self, Format, ReportError, Template, charts, slides};
use crate::summary::{Outcome, Summary};

/// Bytes of a theme's file at most.
const LARGEST_THEME: u64 = 1 << 20;
/// Bytes of a logo's file at most.
const LARGEST_LOGO: u64 = 8 << 20;

/// Makes reports of a recording again
///
/// For example: pushbench report reports/first-look/2026-11-24T06-30-00Z
///
/// Several recordings are set side by side: pushbench report before after
#[derive(Debug, Args)]
pub struct ReportArguments {
    /// A recording.json, or the folder of a run
    recording: PathBuf,

    /// More of them, to be held against the first
    #[arg(value_name = "RECORDING")]
    others: Vec<PathBuf>,

    /// What each of several recordings is called, in their order; as their folders unless set
    #[arg(long = "name", value_name = "NAME")]
    names: Vec<String>,

    /// Folder for the files; that of the recording unless set, or reports/side-by-side/NAMES for several
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,

    /// What to make, separated by commas; the reports of a run unless set. `terminal` prints the comparison and writes nothing
    #[arg(long = "format", value_enum, value_delimiter = ',', value_name = "FORMAT")]
    formats: Vec<Wanted>,

    /// A template of your own, rendered to a file of its name (docs/templates.md); with it, only the formats that are set are made
    #[arg(long, value_name = "FILE")]
    template: Option<PathBuf>,

    /// Makes slides.pptx with charts that can be edited, slides.pdf, slides.md for Marp, and the charts; nothing else unless --format is set
    #[arg(long)]
    slides: bool,

    /// Colours, font, logo and footer of the slides: light, dark, or a file (docs/slides.md)
    #[arg(long, value_name = "FILE", requires = "slides")]
    theme: Option<PathBuf>,
}

/// A format on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Wanted {
    /// The comparison, on standard output
    Terminal,
    /// summary.csv, percentiles.csv, fits.csv, crossover.csv, timeline.csv
    Csv,
    /// summary.md
    Md,
    /// summary.json
    Json,
    /// report.html: everything on one page, offline
    Html,
    /// Every chart as SVG, light and dark
    Svg,
    /// Every chart as PNG, 3200 × 1800, light and dark
    Png,
    /// junit.xml: a test case for each budget, and one for whether the figures can be trusted
    Junit,
    /// Annotations of GitHub, on standard output; only where it is set
    Github,
    /// benchmark-smaller.json, benchmark-bigger.json: for github-action-benchmark; only where it is set
    BenchmarkAction,
    /// bencher.json: Bencher Metric Format; only where it is set
    Bencher,
    /// openmetrics.txt: every figure and budget; only where it is set
    Openmetrics,
}

/// What there is unless something else is set.
const USUAL: [Wanted; 8] = [Wanted::Terminal, Wanted::Csv, Wanted::Md, Wanted::Json, Wanted::Html, Wanted::Svg, Wanted::Png, Wanted::Junit];

impl Wanted {
    /// As it is given to `--format`.
    pub(super) fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }

    pub(super) fn file_format(self) -> Option<Format> {
        match self {
            Self::Terminal | Self::Github => None,
            Self::Csv => Some(Format::Csv),
            Self::Md => Some(Format::Markdown),
            Self::Json => Some(Format::Json),
            Self::Html => Some(Format::Html),
            Self::Svg => Some(Format::Svg),
            Self::Png => Some(Format::Png),
            Self::Junit => Some(Format::Pipeline(Feed::Junit)),
            Self::BenchmarkAction => Some(Format::Pipeline(Feed::BenchmarkAction)),
            Self::Bencher => Some(Format::Pipeline(Feed::Bencher)),
            Self::Openmetrics => Some(Format::Pipeline(Feed::OpenMetrics)),
        }
    }
}

/// Makes reports of a recording again
///
/// # Errors
/// See [`Trouble`].
pub fn report(arguments: &ReportArguments) -> Result<Exit, Trouble> {
    if !arguments.others.is_empty() {
        if arguments.template.is_some() {
            return Err(Trouble::usage("--template is for one recording; leave it out, or the others"));
        }
        if arguments.slides {
            return Err(Trouble::usage("--slides is for one recording: give one, or leave --slides out to set them side by side"));
        }
        let paths: Vec<PathBuf> = std::iter::once(&arguments.recording).chain(&arguments.others).cloned().collect();
        return side_by_side::report(&paths, &arguments.names, arguments.out.as_deref(), &arguments.formats);
    }
    if !arguments.names.is_empty() {
        return Err(Trouble::usage("--name is for several recordings side by side; give more than one, or leave it out"));
    }
    let recording = Recording::read(&arguments.recording).map_err(Trouble::usage)?;
    let folder = match &arguments.out {
        Some(folder) => folder.clone(),
        None => folder_of(&arguments.recording),
    };
    let others = arguments.template.is_some() || arguments.slides;
    let wanted = if arguments.formats.is_empty() && !others { &USUAL[..] } else { &arguments.formats };
    let own = arguments.template.as_deref().map(template).transpose()?;
    let theme = match (arguments.slides, &arguments.theme) {
        (false, _) => None,
        (true, None) => Some(slides::Theme::default()),
        (true, Some(path)) => Some(theme(path)?),
    };
    if let Some(own) = &own {
        let source = Recording::file(&arguments.recording);
        let written = report::write_own(&recording, &source, &folder, own, &file_formats(wanted)).map_err(|error| match error {
            ReportError::Write { .. } => Trouble::cannot_run(error),
            _ => Trouble::usage(error),
        })?;
        print(&format!("Written: {}\n", written.display()));
    }
    if let Some(theme) = &theme {
        let written = report::write_slides(&recording, &folder, theme).map_err(Trouble::cannot_run)?;
        print(&format!("Slides written to {}: {}\n", folder.display(), told(&written)));
    }
    make(&recording, &folder, wanted)
}

fn template(path: &Path) -> Result<Template, Trouble> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| Trouble::usage(format!("cannot read the template {}: {error}; it is a text file in UTF-8", path.display())))?;
    Ok(Template { path: path.to_owned(), text })
}

/// `light`, `dark`, or what a file says.
fn theme(path: &Path) -> Result<slides::Theme, Trouble> {
    if let Some(ground) = charts::Theme::ALL.into_iter().find(|ground| path == Path::new(ground.name())) {
        return Ok(slides::Theme::plain(ground));
    }
    let text = text_file::read(path, LARGEST_THEME);
    let text = text
        .map_err(|error| Trouble::usage(format!("cannot read the theme {}: {error}; give light, dark, or a file as docs/slides.md has it", path.display())))?;
    let folder = path.parent().unwrap_or(Path::new(""));
    slides::Theme::read(&text, &path.display().to_string(), |logo| load(&folder.join(logo))).map_err(Trouble::usage)
}

/// The bytes of a logo, where it is a file of a size that a logo may have.
fn load(path: &Path) -> io::Result<Vec<u8>> {
    let about = fs::metadata(path)?;
    if !about.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a file"));
    }
    if about.len() > LARGEST_LOGO {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("it is larger than {LARGEST_LOGO} bytes, the most that is read")));
    }
    fs::read(path)
}

/// Makes every report into `folder` and prints the comparison: what `run` ends with.
///
/// # Errors
/// A file cannot be written.
pub fn make_all(recording: &Recording, folder: &Path) -> Result<Exit, Trouble> {
    make(recording, folder, &USUAL)
}

fn make(recording: &Recording, folder: &Path, wanted: &[Wanted]) -> Result<Exit, Trouble> {
    let formats = file_formats(wanted);
    // Where files cannot be written, the comparison is still told.
    let written = if formats.is_empty() { Ok(Vec::new()) } else { report::write_all(recording, folder, &formats) };
    let summary = Summary::new(recording);
    if wanted.contains(&Wanted::Terminal) {
        print(&terminal::report(&summary, style()));
    }
    if wanted.contains(&Wanted::Github) {
        print(&annotations::lines(&case::of_summary(&summary)));
    }
    let written = written.map_err(Trouble::cannot_run)?;
    if !written.is_empty() {
        print(&format!("Written to {}: {}\n", folder.display(), told(&written)));
    }
    Ok(exit(&summary))
}

fn file_formats(wanted: &[Wanted]) -> Vec<Format> {
    wanted.iter().filter_map(|wanted| wanted.file_format()).collect()
}

/// File names, with pictures only counted: `summary.csv, summary.md, 20 pictures in charts/`.
pub(super) fn told(written: &[PathBuf]) -> String {
    let is_picture = |path: &&PathBuf| {
        let in_charts = path.parent().and_then(Path::file_name).is_some_and(|folder| folder == "charts");
        in_charts && path.extension().is_some_and(|ending| ending == "svg" || ending == "png")
    };
    let (charts, files): (Vec<&PathBuf>, Vec<&PathBuf>) = written.iter().partition(is_picture);
    let mut names: Vec<String> = files.iter().filter_map(|path| path.file_name()).map(|name| name.to_string_lossy().into_owned()).collect();
    if !charts.is_empty() {
        names.push(format!("{} pictures in charts/", charts.len()));
    }
    names.join(", ")
}

/// What a summary means for the exit code of `run` and `report` alike.
pub fn exit(summary: &Summary<'_>) -> Exit {
    of_outcome(summary.outcome())
}

pub(super) fn of_outcome(outcome: Outcome) -> Exit {
    match outcome {
        Outcome::Fine => Exit::Fine,
        Outcome::Broken => Exit::Broken,
        Outcome::Untrusted => Exit::Untrusted,
    }
}

/// How standard output is: its width, and colour unless `NO_COLOR` is set (no-color.org) or it is no terminal.
pub fn style() -> Style {
    const WITHOUT_TERMINAL: usize = 120;
    let terminal = io::stdout().is_terminal();
    let colour = terminal && colour_wanted();
    let width = comfy_table::Table::new().width().filter(|_| terminal).map_or(WITHOUT_TERMINAL, usize::from);
    Style { width, colour }
}

/// Prints on standard output; a reader that has gone away is no trouble of ours.
pub fn print(text: &str) {
    let _ = io::stdout().lock().write_all(text.as_bytes());
}

fn folder_of(recording: &Path) -> PathBuf {
    if recording.is_dir() {
        return recording.to_owned();
    }
    match recording.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}
