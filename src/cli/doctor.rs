//! `pushbench doctor`.

use std::fmt::Write as _;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use super::exit::{Exit, Trouble};
use crate::doctor::{self, Finding, PROGRAMS, Verdict};
use crate::measure::facts::{Facts, Program};
use crate::measure::machine::Machine;
use crate::units::{show_bytes, show_count};

/// Raised where a key of the JSON is renamed or goes.
const SCHEMA: u32 = 1;
/// Columns that every terminal has.
const WIDTH: usize = 80;
/// Columns of verdicts and names.
const NAMES: usize = 40;
/// Of what is said about a finding: as wide as its verdict.
const INDENT: &str = "        ";

/// Tells what on this machine would spoil a measurement, and what mends it
///
/// Looks at processor, clock, memory, network, limits and installed programs, and tries timers and pinning for a second;
/// nothing is changed. Ends with 3 where something is bad, as could not run does; notes are fine.
///
/// For example: pushbench doctor --json
#[derive(Debug, Args)]
pub struct DoctorArguments {
    /// Prints JSON for programs, its keys as in docs/doctor.md
    #[arg(long)]
    json: bool,
}

/// Tells what on this machine would spoil a measurement.
///
/// # Errors
/// None: what cannot be found out is said to be unknown.
pub fn doctor(arguments: &DoctorArguments) -> Result<Exit, Trouble> {
    let facts = Facts::find();
    let examination = Examination::of(&facts, programs());
    let text = if arguments.json {
        serde_json::to_string_pretty(&examination).map_err(Trouble::cannot_run)? + "\n"
    } else {
        let colour = io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        examination.shown(colour)
    };
    // A reader that has gone away wants no more; that is no error.
    let _ = io::stdout().write_all(text.as_bytes());
    Ok(if examination.verdict == Verdict::Bad { Exit::CannotRun } else { Exit::Fine })
}

/// All there is to say; the keys of the JSON.
#[derive(Serialize)]
struct Examination {
    schema: u32,
    version: &'static str,
    verdict: Verdict,
    machine: Machine,
    findings: Vec<Finding>,
    programs: Vec<Installed>,
}

/// A program, what it is for, and how it is installed.
#[derive(Serialize)]
struct Installed {
    name: &'static str,
    path: Option<PathBuf>,
    version: Option<String>,
    purpose: &'static str,
    install: &'static str,
}

/// Looks for all programs at once: some take their time to say their version.
fn programs() -> Vec<Program> {
    let python = std::env::var_os("PUSHBENCH_PYTHON").map(PathBuf::from);
    let python = python.unwrap_or_else(|| Some(Path::new(".venv/bin/python")).filter(|path| path.exists()).unwrap_or(Path::new("python3")).to_owned());
    std::thread::scope(|scope| {
        let find = |of: &'static doctor::Use| {
            let python = &python;
            scope.spawn(move || if of.program == "slixmpp" { Program::within(of.program, python, of.version) } else { Program::find(of.program, of.version) })
        };
        let asked: Vec<_> = PROGRAMS.iter().map(find).collect();
        asked.into_iter().map(|program| program.join().unwrap_or_default()).collect()
    })
}

impl Examination {
    fn of(facts: &Facts, programs: Vec<Program>) -> Self {
        let findings = doctor::findings(facts);
        let worst = findings.iter().map(|finding| finding.verdict).max().unwrap_or(Verdict::Unknown);
        let installed = |(found, of): (Program, &doctor::Use)| Installed {
            name: of.program,
            path: found.path,
            version: found.version,
            purpose: of.purpose,
            install: of.install,
        };
        Self {
            schema: SCHEMA,
            version: env!("CARGO_PKG_VERSION"),
            // What is unknown has not been found wanting.
            verdict: if worst == Verdict::Unknown { Verdict::Good } else { worst },
            machine: facts.machine.clone(),
            findings,
            programs: programs.into_iter().zip(PROGRAMS).map(installed).collect(),
        }
    }

    fn shown(&self, colour: bool) -> String {
        let machine = &self.machine;
        let model = if machine.cpu_model.is_empty() { "unknown processor" } else { &machine.cpu_model };
        let mut text = format!("What on this machine would spoil a measurement\n{model}, {}, Linux {}\n", show_bytes(machine.memory as f64), machine.kernel);
        let mut group = "";
        for finding in &self.findings {
            if finding.group != group {
                group = finding.group;
                let _ = writeln!(text, "\n{group}");
            }
            let name = format!("  {}  {}", word(finding.verdict, colour), finding.what);
            let taken = 2 + 4 + 2 + finding.what.chars().count();
            let value = wrapped(&finding.value, WIDTH - NAMES).join(&format!("\n{:NAMES$}", ""));
            let _ = writeln!(text, "{name}{:1$}{value}", "", NAMES.saturating_sub(taken).max(2));
        }
        let _ = writeln!(text, "\nPrograms (none is needed to measure)");
        for program in &self.programs {
            let version = match (&program.path, &program.version) {
                (None, _) => "missing",
                (Some(_), Some(version)) => version,
                (Some(_), None) => "there",
            };
            let _ = writeln!(text, "  {:<14}{version:<14} {}", program.name, program.purpose);
        }
        let amiss: Vec<&Finding> = self.with(Verdict::Bad).chain(self.with(Verdict::Note)).collect();
        if !amiss.is_empty() {
            let _ = writeln!(text, "\nWhat it would spoil, and what mends it");
        }
        for finding in amiss {
            let heading = wrapped(&format!("{}: {}", finding.what, finding.value), WIDTH - INDENT.len()).join(&format!("\n{INDENT}"));
            let _ = write!(text, "\n  {}  {heading}\n{}", word(finding.verdict, colour), remedy(finding));
        }
        let count = |verdict| self.with(verdict).count();
        let counts = format!("{} bad, {}, {} unknown", count(Verdict::Bad), plural(count(Verdict::Note), "note"), count(Verdict::Unknown));
        let sense = match self.verdict {
            Verdict::Bad => "What is measured here now would not be to be trusted.",
            Verdict::Note => "This machine can measure; read the figures with the notes in mind.",
            Verdict::Good | Verdict::Unknown => "This machine can measure.",
        };
        let _ = writeln!(text, "\n{counts}. {sense}");
        text
    }

    fn with(&self, verdict: Verdict) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(move |finding| finding.verdict == verdict)
    }
}

/// Four columns.
fn word(verdict: Verdict, colour: bool) -> String {
    let (word, code) = match verdict {
        Verdict::Good => ("ok  ", "32"),
        Verdict::Unknown => ("?   ", "2"),
        Verdict::Note => ("note", "33"),
        Verdict::Bad => ("BAD ", "1;31"),
    };
    if colour { format!("\u{1b}[{code}m{word}\u{1b}[0m") } else { word.to_owned() }
}

/// Why, what it touches, and the commands, which are never broken: they are there to be copied.
fn remedy(finding: &Finding) -> String {
    let names =
        |names: Vec<&str>| names.iter().map(|name| if name.ends_with('.') { format!("{name}*") } else { (*name).to_owned() }).collect::<Vec<_>>().join(", ");
    let spoils = format!("Touches {}.", names(finding.spoils.to_vec()));
    let mut text = String::new();
    for line in wrapped(&finding.why, WIDTH - INDENT.len()).into_iter().chain(wrapped(&spoils, WIDTH - INDENT.len())) {
        let _ = writeln!(text, "{INDENT}{line}");
    }
    for line in &finding.mend {
        match line.split_once('#').map(|(command, comment)| (command.trim_end(), comment.trim())) {
            Some(("", advice)) => wrapped(advice, WIDTH - INDENT.len() - 2).iter().for_each(|line| _ = writeln!(text, "{INDENT}# {line}")),
            Some((command, comment)) => _ = writeln!(text, "{INDENT}{command}\n{INDENT}    # {comment}"),
            None => _ = writeln!(text, "{INDENT}{line}"),
        }
    }
    text
}

fn plural(count: usize, thing: &str) -> String {
    format!("{} {thing}{}", show_count(count as i64), if count == 1 { "" } else { "s" })
}

/// In lines of so many columns at most, but for single words that are longer.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let Some(line) = lines.last_mut() else { break };
        if line.is_empty() {
            *line = word.to_owned();
        } else if line.chars().count() + 1 + word.chars().count() <= width {
            *line = format!("{line} {word}");
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::facts::{Ability, Settings, Tried};
    use crate::summary::doubts::causes::CAUSES;
    use crate::summary::metrics::METRICS;

    /// A machine with all kinds of findings.
    fn examined() -> Examination {
        let tried = Tried {
            clock_cost: 30e-9,
            timer_lateness: Some(0.007),
            pinning: Ability::Unable("EPERM: Operation not permitted".to_owned()),
            foreign: Some(0.0),
            steal: Some(0.03),
            namespaces: Ability::NotRoot,
            netem: Ability::Unable("Error: Specified qdisc kind is unknown, and a long story beside it.".to_owned()),
        };
        let settings = Settings { cores_allowed: vec![0, 1], cores_online: Some(8), huge_pages: Some("always".to_owned()), ..Settings::default() };
        let machine =
            Machine { cpu_model: "Test CPU".to_owned(), memory: 8 << 30, kernel: "6.12.0".to_owned(), clock_source: "tsc".to_owned(), ..Machine::default() };
        let programs = PROGRAMS.iter().map(|of| Program { name: of.program, ..Program::default() });
        let there = Program { name: "python3", path: Some("/usr/bin/python3".into()), version: Some("3.13.5".to_owned()) };
        Examination::of(&Facts { machine, settings, tried: Some(tried) }, [there].into_iter().chain(programs.skip(1)).collect())
    }

    #[test]
    fn the_table_as_it_was() {
        let text = examined().shown(false);
        insta::assert_snapshot!(text);
        let (table, mends) = text.split_once("What it would spoil").unwrap();
        assert!(table.lines().all(|line| line.chars().count() <= WIDTH), "{text}");
        assert!(mends.lines().all(|line| line.chars().count() <= 100), "{text}");
        let colour = examined().shown(true);
        assert!(colour.contains("\u{1b}[1;31mBAD \u{1b}[0m") && !text.contains('\u{1b}'));
    }

    #[test]
    fn the_keys_as_they_were() {
        insta::assert_snapshot!(serde_json::to_string_pretty(&Examination { version: "of this program", ..examined() }).unwrap());
    }

    #[test]
    fn what_it_touches_exists() {
        for finding in examined().findings {
            assert!(!finding.spoils.is_empty(), "{}", finding.name);
            for name in finding.spoils {
                let metric = METRICS.iter().any(|metric| metric.name == *name || (name.ends_with('.') && metric.name.starts_with(name)));
                assert!(metric || CAUSES.iter().any(|cause| cause.name == *name), "{}: neither metric nor doubt: {name}", finding.name);
            }
        }
    }

    #[test]
    fn unknown_alone_is_no_fault() {
        let mut examination = examined();
        examination.findings.retain(|finding| finding.verdict <= Verdict::Unknown);
        assert!(!examination.findings.is_empty());
        let nothing_known = Examination::of(&Facts::default(), Vec::new());
        assert!(nothing_known.findings.iter().any(|finding| finding.verdict == Verdict::Unknown));
        assert!(nothing_known.verdict <= Verdict::Note, "{}", nothing_known.shown(false));
    }

    #[test]
    fn lines_are_wrapped_at_words() {
        assert_eq!(wrapped("one two three", 7), ["one two", "three"]);
        assert_eq!(wrapped("unbreakable", 4), ["unbreakable"]);
    }
}
