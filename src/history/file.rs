//! The file of a history: read whole in bounded memory, appended to a line at a time.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::entry::Entry;
use super::index::{self, Built};
use super::lines::{Broken, History};
use crate::measure::recording::{make_folder, sync_folder};
use crate::measure::text_file;

/// Bytes of a history's file at most: some thousands of runs.
pub const LARGEST_FILE: u64 = 128 << 20;

/// Why a history cannot be read or added to.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// The file cannot be read.
    #[error("cannot read the history {path}: {error}\n  = help: name its file with --file; `pushbench history add RECORDING` begins one")]
    Read {
        /// The file.
        path: String,
        /// What the system says.
        error: io::Error,
    },
    /// There is no run in it.
    #[error("the history {path} has no run{told}\n  = help: add one with `pushbench history add RECORDING`, or name another file with --file")]
    Empty {
        /// The file.
        path: String,
        /// What there is instead.
        told: String,
    },
    /// The file cannot be written.
    #[error("cannot add to the history {path}: {error}; what was in it is as it was")]
    Write {
        /// The file.
        path: String,
        /// What the system says.
        error: io::Error,
    },
    /// Its index cannot be written.
    #[error("cannot write the index {path}: {problem}\n  = help: it is not needed, and everything works without it; make room, or allow writing in its folder")]
    Index {
        /// The file.
        path: String,
        /// What SQLite says.
        problem: String,
    },
}

/// What became of runs that were to be added.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Added {
    /// How many are new, or have another label or other figures than before.
    pub added: usize,
    /// How many were there already, and the same.
    pub known: usize,
    /// How many runs there are now.
    pub runs: usize,
    /// Lines that are no runs: the first of them, and the last one where it is torn.
    pub broken: Vec<Broken>,
    /// How many lines are no runs.
    pub broken_lines: usize,
}

/// Adds runs at the end of a file, which is made where there is none. What is there is never changed, a torn last line neither: the new ones begin on a
/// line of their own. When this returns, they are on the disk; where it fails, the file is as long as it was. Whoever adds at the same time has to wait.
///
/// # Errors
/// The file cannot be read, or the system refuses to write.
pub fn append(path: &Path, entries: &[Entry]) -> Result<Added, HistoryError> {
    let refused = |error: io::Error| HistoryError::Write { path: path.display().to_string(), error };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    make_folder(folder).map_err(refused)?;
    // A pipe would wait for whoever reads it, a device has no end.
    if fs::metadata(path).is_ok_and(|about| !about.is_file()) {
        return Err(refused(io::Error::new(io::ErrorKind::InvalidInput, "it is not a file")));
    }
    let mut file = File::options().read(true).append(true).create(true).open(path).map_err(refused)?;
    lock(&file).map_err(refused)?;
    let bytes = read_all(&mut file).map_err(refused)?;
    let before = History::parse(&bytes);
    let known: HashSet<String> = before.entries.iter().filter_map(|entry| entry.line().ok()).collect();
    let mut all: HashSet<(&str, &str, &str)> = before.entries.iter().map(Entry::identity).collect();
    let mut added = Added { broken: before.broken.clone(), broken_lines: before.broken_lines, ..Added::default() };
    let mut text = String::new();
    for entry in entries {
        let line = entry.line().map_err(|error| refused(error.into()))?;
        if known.contains(&line) || text.lines().any(|new| new == line) {
            added.known += 1;
            continue;
        }
        if text.is_empty() && bytes.last().is_some_and(|last| *last != b'\n') {
            text.push('\n');
        }
        text.push_str(&line);
        text.push('\n');
        all.insert(entry.identity());
        added.added += 1;
    }
    added.runs = all.len();
    let length = bytes.len() as u64;
    if length + text.len() as u64 > LARGEST_FILE {
        return Err(refused(too_large()));
    }
    // In one call, so that a reader sees all of it or, after a crash, a torn end.
    let write = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    if let Err(error) = write {
        // What cannot be taken back is a torn line, which is survived.
        let _ = file.set_len(length);
        return Err(refused(error));
    }
    if length == 0 {
        sync_folder(folder).map_err(refused)?;
    }
    Ok(added)
}

/// Reads a history, all figures or those of these names: by its index where that is of this very file, else from the lines, and the index is made anew.
/// Without one, or where none can be written, all is the same but slower.
///
/// # Errors
/// The file cannot be read, or has no run.
pub fn load(path: &Path, metrics: Option<&[&str]>) -> Result<History, HistoryError> {
    let bytes = read(path)?;
    let digest = digest(&bytes);
    let index = index::path_of(path);
    if let Some(history) = index::read(&index, &digest, metrics) {
        return Ok(history);
    }
    let history = parsed(path, &bytes)?;
    let _ = index::build(&index, &digest, &history);
    Ok(match metrics {
        Some(metrics) => history.only(metrics),
        None => history,
    })
}

/// Makes the index anew, whatever there is.
///
/// # Errors
/// The file cannot be read or has no run, or the index cannot be written.
pub fn rebuild(path: &Path) -> Result<(History, Built), HistoryError> {
    let bytes = read(path)?;
    let history = parsed(path, &bytes)?;
    let index = index::path_of(path);
    match index::build(&index, &digest(&bytes), &history) {
        Ok(built) => Ok((history, built)),
        Err(problem) => Err(HistoryError::Index { path: index.display().to_string(), problem }),
    }
}

fn read(path: &Path) -> Result<Vec<u8>, HistoryError> {
    text_file::bytes(path, LARGEST_FILE).map_err(|error| HistoryError::Read { path: path.display().to_string(), error })
}

fn parsed(path: &Path, bytes: &[u8]) -> Result<History, HistoryError> {
    let history = History::parse(bytes);
    if !history.entries.is_empty() {
        return Ok(history);
    }
    let told = match history.broken.first() {
        Some(first) => format!(": line {} is no run of a history, {}", first.line, first.problem),
        None => String::new(),
    };
    Err(HistoryError::Empty { path: path.display().to_string(), told })
}

fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Waits until nobody else adds. Not every file system can tell.
fn lock(file: &File) -> io::Result<()> {
    match file.lock() {
        Err(error) if matches!(error.kind(), io::ErrorKind::Unsupported | io::ErrorKind::InvalidInput) => Ok(()),
        other => other,
    }
}

fn read_all(file: &mut File) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(LARGEST_FILE + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST_FILE { Err(too_large()) } else { Ok(bytes) }
}

fn too_large() -> io::Error {
    io::Error::new(io::ErrorKind::FileTooLarge, format!("it would be larger than {LARGEST_FILE} bytes, the most that is read: begin another with --file"))
}
