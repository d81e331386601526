//! A file of lines, whatever has become of it: merged by git, torn by a crash, edited by hand.

use std::collections::HashMap;

use super::entry::Entry;

/// The runs of a file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// The runs by their start, each once.
    pub entries: Vec<Entry>,
    /// Lines that are no runs: the first of them, and the last one where it is torn.
    pub broken: Vec<Broken>,
    /// How many lines are no runs.
    pub broken_lines: usize,
}

/// So many broken lines are told by name: a file that is no history at all has as many as it has lines.
const MOST_TOLD: usize = 20;
/// Characters of a problem at most: it may quote the line.
const LONGEST_PROBLEM: usize = 300;

/// A line that is no run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Which, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub problem: String,
    /// Whether the file ends within it: whoever wrote it did not get further.
    pub torn: bool,
}

impl History {
    /// Reads a file of lines. What is no run is told and left out; of several lines of one run the last holds; in whatever order the lines are, the runs
    /// are in that of their start.
    pub fn parse(bytes: &[u8]) -> Self {
        let (mut entries, mut broken, mut broken_lines): (Vec<Entry>, Vec<Broken>, usize) = (Vec::new(), Vec::new(), 0);
        let mut places: HashMap<[String; 3], usize> = HashMap::new();
        let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        let mut lines = bytes.split(|byte| *byte == b'\n').enumerate().peekable();
        while let Some((place, line)) = lines.next() {
            if line.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            let text = std::str::from_utf8(line).map_err(|error| format!("it is not UTF-8 text from byte {} on", error.valid_up_to() + 1));
            match text.and_then(Entry::read) {
                Ok(entry) => {
                    let (recording, started, scenario) = entry.identity();
                    match places.entry([recording, started, scenario].map(str::to_owned)) {
                        std::collections::hash_map::Entry::Occupied(known) => entries[*known.get()] = entry,
                        std::collections::hash_map::Entry::Vacant(new) => {
                            new.insert(entries.len());
                            entries.push(entry);
                        }
                    }
                }
                // What comes after the last line's end is empty, unless that end is missing.
                Err(problem) => {
                    broken_lines += 1;
                    let torn = lines.peek().is_none();
                    if broken.len() < MOST_TOLD || torn {
                        broken.push(Broken { line: place + 1, problem: problem.chars().take(LONGEST_PROBLEM).collect(), torn });
                    }
                }
            }
        }
        entries.sort_by_cached_key(|entry| (entry.instant(), [entry.recording.clone(), entry.scenario.clone()]));
        Self { entries, broken, broken_lines }
    }

    /// Leaves the figures of these names.
    #[must_use]
    pub fn only(mut self, metrics: &[&str]) -> Self {
        for entry in &mut self.entries {
            entry.figures.retain(|figure| metrics.contains(&figure.metric.as_str()));
        }
        self
    }

    /// The names of all scenarios, contenders, metrics: whatever `of` takes from a run, each once, in order of appearance.
    pub fn names<'h>(&'h self, of: impl Fn(&'h Entry) -> Vec<&'h str>) -> Vec<&'h str> {
        let mut known = std::collections::HashSet::new();
        self.entries.iter().flat_map(of).filter(|name| known.insert(*name)).collect()
    }
}
