//! The index: the same runs in an SQLite database, so that a few figures of many runs are found without reading all lines.
//!
//! It is of one file, byte by byte: it holds the digest of what it was made from, and is not looked at where that is another. Whatever is wrong with it,
//! there is none: nothing depends on it. It is made beside its place and then moved there, so that nobody reads half of one.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags, OptionalExtension as _, Row, Transaction, params};

use super::entry::{Entry, Figure, SCHEMA};
use super::lines::{Broken, History};

/// What follows the name of the history.
const ENDING: &str = ".index.sqlite";
/// Version of the tables.
const VERSION: u32 = 1;

const TABLES: &str = "
    PRAGMA journal_mode = OFF;
    PRAGMA synchronous = OFF;
    CREATE TABLE source (version INTEGER, sha256 TEXT, broken_lines INTEGER);
    CREATE TABLE broken (line INTEGER, problem TEXT, torn INTEGER);
    CREATE TABLE run (
        id INTEGER PRIMARY KEY, recording TEXT, started TEXT, scenario TEXT, scenario_digest TEXT, tool_version TEXT, label TEXT, machine TEXT, contenders TEXT
    );
    CREATE TABLE figure (
        run INTEGER REFERENCES run (id), place INTEGER, metric TEXT, contender TEXT, load_point TEXT, mean REAL, untrusted INTEGER, trials TEXT
    );
";
/// After all rows are in: it is sooner made at once than kept up to date.
const FINDING: &str = "CREATE INDEX figure_of_metric ON figure (metric, run);";

/// An index that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Built {
    /// Its file.
    pub path: PathBuf,
    /// Bytes of its file.
    pub bytes: u64,
    /// Figures in it.
    pub figures: usize,
}

/// Where the index of a history is: beside it.
pub fn path_of(history: &Path) -> PathBuf {
    let mut name = history.file_name().unwrap_or_default().to_owned();
    name.push(ENDING);
    history.with_file_name(name)
}

/// What the index says of a history with that digest; `None` where there is no such index.
pub fn read(path: &Path, digest: &str, metrics: Option<&[&str]>) -> Option<History> {
    // A pipe or a device would be waited for.
    if !fs::metadata(path).is_ok_and(|about| about.is_file()) {
        return None;
    }
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX).ok()?;
    whole(&connection, digest, metrics).ok().flatten()
}

fn whole(connection: &Connection, digest: &str, metrics: Option<&[&str]>) -> rusqlite::Result<Option<History>> {
    let source = connection
        .query_row("SELECT version, sha256, broken_lines FROM source", [], |row| Ok((row.get::<_, u32>(0)?, row.get::<_, String>(1)?, row.get::<_, i64>(2)?)));
    let Some((version, of, broken_lines)) = source.optional()? else { return Ok(None) };
    if version != VERSION || of != digest {
        return Ok(None);
    }
    let broken = |row: &Row<'_>| Ok(Broken { line: natural(row, 0)?, problem: row.get(1)?, torn: row.get(2)? });
    let broken = connection.prepare("SELECT line, problem, torn FROM broken ORDER BY line")?.query_map([], broken)?.collect::<Result<_, _>>()?;
    let run = |row: &Row<'_>| {
        Ok(Entry {
            schema: SCHEMA,
            recording: row.get(0)?,
            started: row.get(1)?,
            scenario: row.get(2)?,
            scenario_digest: row.get(3)?,
            tool_version: row.get(4)?,
            label: row.get(5)?,
            machine: row.get(6)?,
            contenders: json(row, 7)?,
            figures: Vec::new(),
        })
    };
    let runs = "SELECT recording, started, scenario, scenario_digest, tool_version, label, machine, contenders FROM run ORDER BY id";
    let mut entries: Vec<Entry> = connection.prepare(runs)?.query_map([], run)?.collect::<Result<_, _>>()?;
    let mut figures: Vec<(usize, usize, Figure)> = Vec::new();
    let figure = |row: &Row<'_>| {
        let figure = Figure { metric: row.get(2)?, contender: row.get(3)?, load_point: row.get(4)?, untrusted: row.get(5)?, trials: json(row, 6)? };
        Ok((natural(row, 0)?, natural(row, 1)?, figure))
    };
    const FIGURES: &str = "SELECT run, place, metric, contender, load_point, untrusted, trials FROM figure";
    match metrics {
        None => {
            for row in connection.prepare(FIGURES)?.query_map([], figure)? {
                figures.push(row?);
            }
        }
        Some(metrics) => {
            let mut of_metric = connection.prepare(&format!("{FIGURES} WHERE metric = ?1"))?;
            for metric in metrics {
                for row in of_metric.query_map([metric], figure)? {
                    figures.push(row?);
                }
            }
        }
    }
    figures.sort_by_key(|(run, place, _)| (*run, *place));
    for (run, _, figure) in figures {
        // A figure of no run: somebody else has been at it.
        let Some(entry) = entries.get_mut(run) else { return Ok(None) };
        entry.figures.push(figure);
    }
    let broken_lines = usize::try_from(broken_lines).unwrap_or(0);
    Ok(Some(History { entries, broken, broken_lines }))
}

fn natural(row: &Row<'_>, column: usize) -> rusqlite::Result<usize> {
    let value: i64 = row.get(column)?;
    usize::try_from(value).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, value))
}

fn json<T: serde::de::DeserializeOwned>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    let text: String = row.get(column)?;
    serde_json::from_str(&text).map_err(|error| rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, Box::new(error)))
}

/// Makes the index of a history, in the place of whatever was there.
///
/// # Errors
/// What SQLite or the system says; what was there before is then untouched.
pub fn build(path: &Path, digest: &str, history: &History) -> Result<Built, String> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    // Of this process alone: somebody else may make the same at the same time.
    let draft = path.with_file_name(format!(".{name}.{}.draft", std::process::id()));
    let made = fill(&draft, digest, history).map_err(|error| error.to_string());
    let moved = made.and_then(|figures| {
        let bytes = fs::metadata(&draft).and_then(|about| fs::rename(&draft, path).map(|()| about.len())).map_err(|error| error.to_string())?;
        Ok(Built { path: path.to_owned(), bytes, figures })
    });
    if moved.is_err() {
        let _ = fs::remove_file(&draft);
    }
    moved
}

fn fill(draft: &Path, digest: &str, history: &History) -> rusqlite::Result<usize> {
    let _ = fs::remove_file(draft);
    let mut connection = Connection::open(draft)?;
    connection.execute_batch(TABLES)?;
    let transaction = connection.transaction()?;
    let figures = rows(&transaction, digest, history)?;
    transaction.execute_batch(FINDING)?;
    transaction.commit()?;
    connection.close().map_err(|(_, error)| error)?;
    Ok(figures)
}

fn rows(transaction: &Transaction<'_>, digest: &str, history: &History) -> rusqlite::Result<usize> {
    let refused = |error: serde_json::Error| rusqlite::Error::ToSqlConversionFailure(Box::new(error));
    let number = |value: usize| i64::try_from(value).unwrap_or(i64::MAX);
    transaction.execute("INSERT INTO source VALUES (?1, ?2, ?3)", params![VERSION, digest, number(history.broken_lines)])?;
    for Broken { line, problem, torn } in &history.broken {
        transaction.execute("INSERT INTO broken VALUES (?1, ?2, ?3)", params![number(*line), problem, torn])?;
    }
    let mut run = transaction.prepare("INSERT INTO run VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)")?;
    let mut figure = transaction.prepare("INSERT INTO figure VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")?;
    let mut figures = 0;
    for (place, entry) in history.entries.iter().enumerate() {
        let contenders = serde_json::to_string(&entry.contenders).map_err(refused)?;
        let Entry { recording, started, scenario, scenario_digest, tool_version, label, machine, .. } = entry;
        run.execute(params![number(place), recording, started, scenario, scenario_digest, tool_version, label, machine, contenders])?;
        for (own, Figure { contender, load_point, metric, trials, untrusted }) in entry.figures.iter().enumerate() {
            let mean = trials.iter().sum::<f64>() / trials.len() as f64;
            let trials = serde_json::to_string(trials).map_err(refused)?;
            figure.execute(params![number(place), number(own), metric, contender, load_point, mean, untrusted, trials])?;
            figures += 1;
        }
    }
    Ok(figures)
}
