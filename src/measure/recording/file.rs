//! Reading and saving recordings: whole or not at all.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::weight::{self, Weight};
use super::{Recording, SCHEMA};
use crate::measure::text_file;

/// What a recording is called in the folder of a run.
pub const FILE_NAME: &str = "recording.json";
/// A recording that is not whole yet. One that a killed process left is written over by the next that is saved there.
const DRAFT: &str = ".recording.json.draft";

/// Why a recording cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file cannot be read.
    #[error("cannot read {path}: {error}\n  = help: give a recording.json, or the folder of a run")]
    File {
        /// The file.
        path: String,
        /// What the system says.
        error: io::Error,
    },
    /// The file is no recording.
    #[error("{path} is not a recording of pushbench: {problem}\n  = help: give a recording.json as `pushbench run` wrote it, whole and unchanged")]
    Format {
        /// The file.
        path: String,
        /// Line, column and cause.
        problem: String,
    },
    /// Another version of the schema.
    #[error("{path} has schema {found}, this build reads schema {SCHEMA}; use the version of pushbench that wrote it ({tool})")]
    Schema {
        /// The file.
        path: String,
        /// The schema it has.
        found: u64,
        /// The version that wrote it, as far as known.
        tool: String,
    },
    /// Numbers that no run can have come to: reports would overflow, or take all memory.
    #[error("{path} is not a recording that can be used: {problem}\n  = allowed: {allowed}")]
    Bounds {
        /// The file.
        path: String,
        /// What it has.
        problem: String,
        /// What it may have.
        allowed: String,
    },
}

/// Bytes of a recording's file at most: packed, a day of seconds takes 40 MB.
pub const LARGEST_FILE: u64 = 256 << 20;

impl Recording {
    /// The file that is read: the path itself, or within it where it is the folder of a run.
    pub fn file(path: &Path) -> PathBuf {
        if path.is_dir() { path.join(FILE_NAME) } else { path.to_owned() }
    }

    /// Reads a recording from a file, or from the folder of a run.
    ///
    /// # Errors
    /// Says which file, and where in it.
    pub fn read(path: &Path) -> Result<Self, ReadError> {
        let file = Self::file(path);
        let shown = file.display().to_string();
        let text = text_file::read(&file, LARGEST_FILE).map_err(|error| ReadError::File { path: shown.clone(), error })?;
        Self::parse(&text, &shown)
    }

    /// Reads a recording from its text; `path` is for messages only.
    ///
    /// # Errors
    /// Says where in the text.
    pub fn parse(text: &str, path: &str) -> Result<Self, ReadError> {
        let problem = |error: serde_json::Error| ReadError::Format { path: path.to_owned(), problem: error.to_string() };
        // The schema is looked at first: a recording of another version must not fail over a field. Its trials are weighed
        // before anything of them is kept.
        #[derive(Deserialize)]
        struct Head {
            schema: u64,
            tool_version: Option<String>,
            #[serde(default)]
            trials_planned: Weight,
            #[serde(default)]
            machine: Weight,
            #[serde(default)]
            trials: Weight,
            #[serde(default)]
            baselines: Weight,
        }
        let head: Head = serde_json::from_str(text).map_err(problem)?;
        if head.schema != u64::from(SCHEMA) {
            return Err(ReadError::Schema { path: path.to_owned(), found: head.schema, tool: head.tool_version.unwrap_or_else(|| "unknown".to_owned()) });
        }
        let refused = |(problem, allowed)| ReadError::Bounds { path: path.to_owned(), problem, allowed };
        let all = head.trials.and(head.baselines).and(head.machine).and(head.trials_planned);
        all.problem().map_or(Ok(()), |found| Err(refused(found)))?;
        let recording = serde_json::from_str(text).map_err(problem)?;
        weight::problem(&recording).map_or(Ok(recording), |found| Err(refused(found)))
    }

    /// Writes `recording.json` into a folder: whole, or not at all. A folder that has gone is made again. When this returns, the
    /// file is on the disk, and so is its name: neither a crash nor a loss of power takes it back.
    ///
    /// # Errors
    /// What the system says; the file that was there before is then untouched.
    pub fn save(&self, folder: &Path) -> io::Result<()> {
        let mut text = serde_json::to_vec(self)?;
        text.push(b'\n');
        make_folder(folder)?;
        let draft = folder.join(DRAFT);
        let write = || {
            let mut file = File::create(&draft)?;
            file.write_all(&text)?;
            file.sync_all()?;
            fs::rename(&draft, folder.join(FILE_NAME))?;
            sync_folder(folder)
        };
        write().inspect_err(|_| {
            let _ = fs::remove_file(&draft);
        })
    }
}

/// Makes a folder and those above it where they are missing, and sees to it that their names are on the disk.
///
/// # Errors
/// What the system says.
pub fn make_folder(folder: &Path) -> io::Result<()> {
    let missing: Vec<&Path> = folder.ancestors().take_while(|above| !above.as_os_str().is_empty() && !above.exists()).collect();
    fs::create_dir_all(folder)?;
    for made in missing {
        let above = made.parent().filter(|above| !above.as_os_str().is_empty()).unwrap_or(Path::new("."));
        sync_folder(above)?;
    }
    Ok(())
}

/// Tries whether a recording could be saved in a folder, before there is one to lose.
///
/// # Errors
/// What the system says.
pub fn try_folder(folder: &Path) -> io::Result<()> {
    let draft = folder.join(DRAFT);
    File::create(&draft)?;
    fs::remove_file(&draft)
}

/// Sees to it that the names in a folder are on the disk.
///
/// # Errors
/// What the system says.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    match File::open(folder)?.sync_all() {
        // Not every file system can: what it holds is there, and as safe as it gets.
        Err(error) if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) => Ok(()),
        other => other,
    }
}
