//! The house rules that a machine can check: which room may use which, and what must stand nowhere.
//!
//! `house` follows paths from module to module, `paths` finds them in the code; both work on syntax trees, so that a group in
//! `use`, a `super::`, a rename, a re-export or an argument of a macro is seen for what it is. The rules stand in [`RULES`], and
//! `ARCHITECTURE.md` tells the same to people: the two are compared.

mod house;
mod paths;
mod rules;
mod self_test;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use house::{End, House};
use proc_macro2::{TokenStream, TokenTree};
use rules::{NOWHERE, RULES};

/// Longest source file, in lines.
const LONGEST: usize = 500;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All Rust files below a folder of the repository.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let Ok(entries) = std::fs::read_dir(folder) else { return files };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

fn shown(file: &Path) -> String {
    file.strip_prefix(root()).unwrap_or(file).display().to_string()
}

/// Names in backquotes.
fn quoted(text: &str) -> BTreeSet<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

#[test]
fn rooms_use_only_what_they_may() {
    let house = House::read(&root().join("src"));
    let mut used = BTreeSet::new();
    let breaches = rules::breaches(&house, &mut used);
    assert!(breaches.is_empty(), "\n{}\n", breaches.join("\n"));
    // A rule that nobody needs would let something in unseen.
    let needless: Vec<String> = RULES
        .iter()
        .flat_map(|rule| rule.uses.iter().map(|to| (rule.room, *to)))
        .filter(|arrow| !used.contains(arrow))
        .map(|(from, to)| format!("{from} ▸ {to}"))
        .collect();
    assert!(needless.is_empty(), "these arrows are allowed, but not there (any more): {needless:?}");
}

#[test]
fn every_file_belongs_to_the_house() {
    let house = House::read(&root().join("src"));
    let mut reached: BTreeSet<PathBuf> = house.modules.values().map(|module| module.file.clone()).collect();
    reached.extend(house.test_files.iter().cloned());
    // Below a test module, files are for tests as well.
    let test_folders: Vec<PathBuf> = house.test_files.iter().map(|file| file.with_extension("")).collect();
    let strays: Vec<String> = sources(&root().join("src"))
        .iter()
        .filter(|file| !reached.contains(*file) && !test_folders.iter().any(|folder| file.starts_with(folder)))
        .map(|file| shown(file))
        .collect();
    assert!(strays.is_empty(), "no `mod` leads to {strays:?}");
    assert!(house.modules.len() > 80, "the walk must reach the whole house");
}

#[test]
fn what_must_stand_nowhere_stands_nowhere() {
    let house = House::read(&root().join("src"));
    let mut found = Vec::new();
    for (place, module) in &house.modules {
        for written in paths::written(module) {
            for end in house.follow(place, &written.path) {
                let End::Outside(path) = end else { continue };
                let path = path.join("::");
                let room = rules::room(place);
                for banned in NOWHERE.iter().filter(|banned| banned.covers(&room, &path)) {
                    found.push(format!("{}:{}: {path} in {room}: {}", shown(&module.file), written.line, banned.reason));
                }
            }
        }
    }
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

#[test]
fn one_file_alone_is_unsafe() {
    /// TCP_INFO: nix has no safe form of it.
    const ROOM: &str = "src/measure/tcp_info.rs";
    fn find(tokens: TokenStream, lines: &mut Vec<usize>) {
        for token in tokens {
            match token {
                TokenTree::Group(group) => find(group.stream(), lines),
                TokenTree::Ident(name) if name == "unsafe" => lines.push(name.span().start().line),
                _ => {}
            }
        }
    }
    let mut found = Vec::new();
    for file in ["src", "tests", "benches"].iter().flat_map(|folder| sources(&root().join(folder))) {
        let mut lines = Vec::new();
        find(std::fs::read_to_string(&file).unwrap().parse().unwrap(), &mut lines);
        found.extend(lines.iter().filter(|_| shown(&file) != ROOM).map(|line| format!("{}:{line}", shown(&file))));
    }
    assert!(found.is_empty(), "system calls go through nix; `unsafe` stands in {found:?}");
}

#[test]
fn files_are_short() {
    let long: Vec<String> = ["src", "tests", "benches"]
        .iter()
        .flat_map(|folder| sources(&root().join(folder)))
        .map(|file| (std::fs::read_to_string(&file).unwrap().lines().count(), file))
        .filter(|(lines, _)| *lines > LONGEST)
        .map(|(lines, file)| format!("{} has {lines} lines", shown(&file)))
        .collect();
    assert!(long.is_empty(), "more than {LONGEST} lines hide more than one thing: {long:?}");
}

#[test]
fn the_map_the_rules_and_the_page_agree() {
    let house = House::read(&root().join("src"));
    let mut rooms: BTreeSet<String> = house.modules.keys().map(rules::room).filter(|room| !room.is_empty()).collect();
    // A room of rooms stands for those in it, where its own rule is told beside theirs.
    rooms.retain(|room| !room.contains('/'));
    rooms.extend(["contenders/*", "protocols/*"].map(str::to_owned));
    let ruled: BTreeSet<String> = RULES.iter().map(|rule| rule.room.to_owned()).collect();
    assert_eq!(rooms, ruled, "the modules of lib.rs (left) and the rules of tests/architecture/rules.rs (right)");

    let page = std::fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let rows: BTreeMap<&str, BTreeSet<&str>> = page
        .lines()
        .skip_while(|line| !line.starts_with("| room |"))
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .map(|line| {
            let cells: Vec<&str> = line.trim_matches('|').split('|').collect();
            assert_eq!(cells.len(), 3, "{line}");
            (quoted(cells[0]).into_iter().next().unwrap_or(""), quoted(cells[2]))
        })
        .collect();
    let rules: BTreeMap<&str, BTreeSet<&str>> = RULES.iter().map(|rule| (rule.room, rule.uses.iter().copied().collect())).collect();
    assert_eq!(rows, rules, "the table of ARCHITECTURE.md (left) and the rules (right)");
}
