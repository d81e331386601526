//! `pushbench report` of several recordings: what they are called, and where the files go.

use std::fs;
use std::path::{Path, PathBuf};

use super::exit::{Exit, Trouble};
use super::report::{Wanted, exit, print, style, told};
use crate::measure::recording::Recording;
use crate::report::Format;
use crate::report::comparison::{terminal, write_all};
use crate::summary::Summary;
use crate::summary::comparison::{Comparison, Run};

/// What there is of several runs.
const OF_SEVERAL: [Wanted; 6] = [Wanted::Terminal, Wanted::Csv, Wanted::Md, Wanted::Json, Wanted::Svg, Wanted::Png];

/// Characters of a folder's name at most.
const LONGEST: usize = 100;

/// Sets recordings side by side. The exit code is the gravest of those that they deserve by themselves.
pub(super) fn report(paths: &[PathBuf], names: &[String], out: Option<&Path>, wanted: &[Wanted]) -> Result<Exit, Trouble> {
    if let Some(other) = wanted.iter().find(|wanted| !OF_SEVERAL.contains(wanted)) {
        return Err(Trouble::usage(format!("--format {} is for one recording; of several there are terminal, csv, md, json, svg and png", other.name())));
    }
    let wanted = if wanted.is_empty() { &OF_SEVERAL[..] } else { wanted };
    let names = if names.is_empty() { by_folder(paths) } else { given(names, paths.len())? };
    let recordings = paths.iter().map(|path| Recording::read(path)).collect::<Result<Vec<_>, _>>().map_err(Trouble::usage)?;
    let summaries: Vec<Summary<'_>> = recordings.iter().map(Summary::new).collect();
    let runs: Vec<Run<'_>> = summaries.iter().zip(&names).map(|(summary, name)| Run { name, summary }).collect();
    let comparison = Comparison::new(runs);
    if comparison.twins.is_empty() {
        return Err(Trouble::usage(format!(
            "there is nothing to set side by side: no contender was measured at the same load point in two of the runs\n{}\n  = help: give runs of the same scenario, or give contenders the same names",
            comparison.runs.iter().map(has).collect::<Vec<_>>().join("\n")
        )));
    }
    let folder = out.map_or_else(|| PathBuf::from("reports/side-by-side").join(folder_name(&names)), Path::to_owned);
    let formats: Vec<Format> = wanted.iter().filter_map(|wanted| wanted.file_format()).collect();
    // Where files cannot be written, the comparison is still told.
    let written = write_all(&comparison, &folder, &formats);
    if wanted.contains(&Wanted::Terminal) {
        print(&terminal::report(&comparison, style()));
    }
    let written = written.map_err(Trouble::cannot_run)?;
    if !written.is_empty() {
        print(&format!("Written to {}: {}\n", folder.display(), told(&written)));
    }
    Ok(summaries.iter().map(exit).fold(Exit::Fine, Exit::or))
}

/// `  before has poll-5s at workload.topics=50, …`
pub(super) fn has(run: &Run<'_>) -> String {
    const MOST: usize = 6;
    let cells = &run.summary.cells;
    let mut all: Vec<String> = cells.iter().take(MOST).map(|cell| crate::report::figures::whom(Some(&cell.contender.name), Some(cell.load_point))).collect();
    if cells.len() > MOST {
        all.push(format!("{} more", cells.len() - MOST));
    }
    format!("  {} has {}", run.name, if all.is_empty() { "no trial that was measured to its end".to_owned() } else { all.join(", ") })
}

/// The names that were given, one for each recording, no two the same.
fn given(names: &[String], recordings: usize) -> Result<Vec<String>, Trouble> {
    if names.len() != recordings {
        return Err(Trouble::usage(format!("there are {recordings} recordings and {} names: give --name once for each, in their order", names.len())));
    }
    if names.iter().any(|name| name.trim().is_empty()) {
        return Err(Trouble::usage("a name that is given with --name is empty: give each run a name that can be told"));
    }
    match names.iter().enumerate().find(|(place, name)| names[..*place].contains(name)) {
        Some((_, name)) => Err(Trouble::usage(format!("two runs are called {name:?}: give each a name of its own with --name"))),
        None => Ok(names.to_vec()),
    }
}

/// Each by the name of its folder (a file of another name than `recording.json` by its own), with as many folders above as it takes to tell them apart.
pub(super) fn by_folder(paths: &[PathBuf]) -> Vec<String> {
    let places: Vec<Vec<String>> = paths.iter().map(|path| place(path)).collect();
    let deepest = places.iter().map(Vec::len).max().unwrap_or(0);
    let of_depth = |depth: usize| -> Vec<String> { places.iter().map(|place| place[place.len().saturating_sub(depth)..].join("/")).collect() };
    let distinct = |names: &[String]| names.iter().enumerate().all(|(place, name)| !names[..place].contains(name) && !name.is_empty());
    if let Some(names) = (1..=deepest).map(of_depth).find(|names| distinct(names)) {
        return names;
    }
    // The same recording twice: those that it concerns are told by their place.
    let names = of_depth(1);
    let is_single = |name: &String| names.iter().filter(|other| *other == name).count() == 1;
    names.iter().enumerate().map(|(place, name)| if is_single(name) { name.clone() } else { format!("{name} ({})", place + 1) }).collect()
}

/// The folders down to a recording, and what it is called itself.
fn place(path: &Path) -> Vec<String> {
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let path = if path.file_name().is_some_and(|name| name == "recording.json") { path.parent().unwrap_or(&path).to_owned() } else { path };
    let path = if path.is_dir() { path } else { path.with_extension("") };
    let names = path.components().filter_map(|part| match part {
        std::path::Component::Normal(name) => Some(name.to_string_lossy().into_owned()),
        _ => None,
    });
    names.collect()
}

/// A folder for runs of these names.
fn folder_name(names: &[String]) -> String {
    let plain = |letter: char| if letter.is_ascii_alphanumeric() || "._-".contains(letter) { letter } else { '-' };
    names.join("-and-").chars().map(plain).take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn by_folder_of(paths: &[&str]) -> Vec<String> {
        by_folder(&paths.iter().map(PathBuf::from).collect::<Vec<_>>())
    }

    #[test]
    fn names_are_those_of_folders_and_distinct() {
        assert_eq!(by_folder_of(&["/no/such/before", "/no/such/after/recording.json"]), ["before", "after"]);
        assert_eq!(by_folder_of(&["/no/a/run", "/no/b/run/recording.json", "/no/other.json"]), ["a/run", "b/run", "no/other"]);
        assert_eq!(by_folder_of(&["/no/such/first", "/no/such/run", "/no/such/run"]), ["first", "run (2)", "run (3)"]);
    }

    #[test]
    fn names_that_are_given_are_held_to_their_number() {
        let names = |names: &[&str]| given(&names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>(), 2).map_err(|trouble| trouble.message);
        assert_eq!(names(&["before", "after"]).unwrap(), ["before", "after"]);
        assert!(names(&["before"]).unwrap_err().contains("2 recordings and 1 names"));
        assert!(names(&["same", "same"]).unwrap_err().contains("two runs are called \"same\""));
        assert!(names(&["before", " "]).unwrap_err().contains("is empty"));
    }

    #[test]
    fn folders_have_plain_names() {
        assert_eq!(folder_name(&["../a b".to_owned(), "c/d".to_owned()]), "..-a-b-and-c-d");
        assert_eq!(folder_name(&["ä".repeat(200), "b".to_owned()]).len(), LONGEST);
    }
}
