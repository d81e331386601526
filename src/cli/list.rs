//! `pushbench list`.

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;
use comfy_table::{ContentArrangement, Table, presets};

use super::REGISTRY;
use super::exit::{Exit, Trouble};
use crate::contender::settings::{AS_TOPICS, Kind, OPTIONAL};
use crate::contender::{Contender, Direction};
use crate::scenario::{Registry, Scenario};

/// Columns of the settings' table: what fits terminals and pages.
const WIDTH: u16 = 100;

/// Lists contenders and their settings, servers, scenarios and reports
///
/// For example: pushbench list
#[derive(Debug, Args)]
pub struct ListArguments {
    /// Prints contenders and settings as Markdown: docs/contenders.md is made from it
    #[arg(long)]
    markdown: bool,
}

/// Lists contenders and their settings, servers, scenarios and reports
///
/// # Errors
/// None: what cannot be read is listed with the reason.
pub fn list(arguments: &ListArguments) -> Result<Exit, Trouble> {
    let text = if arguments.markdown { markdown(REGISTRY) } else { plain(REGISTRY, Path::new("")) };
    // A reader that has gone away wants no more; that is no error.
    let _ = io::stdout().write_all(text.as_bytes());
    Ok(Exit::Fine)
}

fn plain(registry: Registry, folder: &Path) -> String {
    let mut text = "Contenders\n".to_owned();
    for contender in registry.contenders {
        let _ = writeln!(text, "\n  {} ({}): {}", contender.name(), direction(*contender), contender.about());
        if !contender.settings().is_empty() {
            let _ = writeln!(text, "{}", settings(*contender).trim_fmt());
        }
    }
    let _ = writeln!(text, "\nServers\n\n  embedded: built in, in a process of its own\n\nScenarios\n");
    let scenarios = scenarios(registry, &folder.join("scenarios"));
    if scenarios.is_empty() {
        let _ = writeln!(text, "  none in ./scenarios");
    }
    for (path, title) in scenarios {
        let _ = writeln!(text, "  {}: {title}", relative(&path, folder));
    }
    let _ = writeln!(text, "\nReports\n");
    let reports = recordings(&folder.join("reports"), 3);
    if reports.is_empty() {
        let _ = writeln!(text, "  none in ./reports");
    }
    for path in reports {
        let _ = writeln!(text, "  {}", relative(&path, folder));
    }
    text
}

/// One row for each setting, as wide as a page.
fn settings(contender: &dyn Contender) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic).set_width(WIDTH);
    for setting in contender.settings() {
        let default = match setting.default {
            None => "required".to_owned(),
            OPTIONAL => "optional".to_owned(),
            Some(default) => format!("default {default}"),
        };
        table.add_row([format!("   {}", setting.name), default, format!("{} Allowed: {}", sentence(setting.about), kind(setting.kind))]);
    }
    table
}

/// With a full stop at its end.
fn sentence(text: &str) -> String {
    if text.ends_with(['.', '!', '?']) { text.to_owned() } else { format!("{text}.") }
}

fn markdown(registry: Registry) -> String {
    let mut text = "| `use` | direction | what it is |\n|---|---|---|\n".to_owned();
    for contender in registry.contenders {
        let _ = writeln!(text, "| [`{0}`](#{0}) | {1} | {2} |", contender.name(), direction(*contender), cell(contender.about()));
    }
    for contender in registry.contenders {
        let _ = writeln!(text, "\n## {}\n\n{}\n", contender.name(), contender.about());
        if contender.settings().is_empty() {
            let _ = writeln!(text, "No settings.");
            continue;
        }
        let _ = writeln!(text, "| setting | default | allowed | what it does |\n|---|---|---|---|");
        for setting in contender.settings() {
            let default = match setting.default {
                None => "required".to_owned(),
                OPTIONAL => "none".to_owned(),
                AS_TOPICS => "as the scenario's topics".to_owned(),
                Some(default) => format!("`{default}`"),
            };
            let _ = writeln!(text, "| `{}` | {default} | {} | {} |", setting.name, cell(&kind(setting.kind)), cell(setting.about));
        }
    }
    text
}

/// A bar would end the cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

fn direction(contender: &dyn Contender) -> &'static str {
    match contender.direction() {
        Direction::Pull => "pull",
        Direction::Push => "push",
        Direction::Control => "control",
    }
}

fn kind(kind: Kind) -> String {
    match kind {
        Kind::Duration => "a duration of scenario time".to_owned(),
        Kind::Count | Kind::Whole | Kind::Number { .. } | Kind::Choice(_) | Kind::Text => kind.allowed(),
    }
}

/// Files with their titles, or with what is wrong with them.
fn scenarios(registry: Registry, folder: &Path) -> Vec<(PathBuf, String)> {
    // A pipe of that name would be waited for.
    let is_toml = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "toml") && path.is_file();
    let title = |path: &Path| match Scenario::read(path, registry) {
        Ok(scenario) => scenario.title,
        Err(error) => format!("cannot be used: {}", error.to_string().lines().next().unwrap_or_default()),
    };
    entries(folder).into_iter().filter(is_toml).map(|path| (path.clone(), title(&path))).collect()
}

/// Folders with a recording, at most so deep.
fn recordings(folder: &Path, depth: usize) -> Vec<PathBuf> {
    let mut found = Vec::new();
    if folder.join("recording.json").is_file() {
        found.push(folder.to_owned());
    }
    if depth > 0 {
        found.extend(entries(folder).into_iter().filter(|path| path.is_dir()).flat_map(|path| recordings(&path, depth - 1)));
    }
    found
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

fn relative(path: &Path, folder: &Path) -> String {
    path.strip_prefix(folder).unwrap_or(path).display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::testing::{BASE, REGISTRY};

    #[test]
    fn everything_is_listed() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("scenarios")).unwrap();
        fs::create_dir_all(folder.path().join("reports/a/2026-11-24T06-30-00Z")).unwrap();
        fs::create_dir_all(folder.path().join("reports/b/empty")).unwrap();
        fs::write(folder.path().join("scenarios/good.toml"), BASE).unwrap();
        fs::write(folder.path().join("scenarios/broken.toml"), "title = 5").unwrap();
        fs::write(folder.path().join("scenarios/updates.csv"), "due,topic").unwrap();
        fs::write(folder.path().join("reports/a/2026-11-24T06-30-00Z/recording.json"), "{}").unwrap();
        insta::assert_snapshot!(plain(REGISTRY, folder.path()));
    }

    #[test]
    fn empty_folders_are_said() {
        let folder = tempfile::tempdir().unwrap();
        let text = plain(REGISTRY, folder.path());
        assert!(text.contains("none in ./scenarios") && text.contains("none in ./reports"), "{text}");
    }

    #[test]
    fn markdown_has_every_setting() {
        insta::assert_snapshot!(markdown(REGISTRY));
    }
}
