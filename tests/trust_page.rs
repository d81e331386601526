//! `docs/trust.md` is held to the code: every metric stands in it, and every test that it names exists.

use std::collections::BTreeSet;
use std::path::Path;

use pushbench::summary::metrics::NAMES;

const PAGE: &str = "docs/trust.md";

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// What stands in backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// The rows of the table under a heading, without its head.
fn rows<'p>(page: &'p str, heading: &str) -> Vec<&'p str> {
    let begin = page.find(&format!("\n## {heading}\n")).unwrap_or_else(|| panic!("{PAGE} has no section {heading:?}"));
    let section = &page[begin + 4..];
    let section = section.find("\n## ").map_or(section, |end| &section[..end]);
    section.lines().filter(|line| line.starts_with('|')).skip(2).collect()
}

fn column(row: &str, number: usize) -> &str {
    row.split('|').nth(number).unwrap_or_default()
}

/// `latency.*` stands for all whose name begins with `latency.`
fn covers(pattern: &str, name: &str) -> bool {
    pattern.strip_suffix('*').map_or(pattern == name, |prefix| name.starts_with(prefix))
}

#[test]
fn every_metric_has_a_row_and_every_row_a_test() {
    let page = read(PAGE);
    let rows = rows(&page, "Every metric, and what holds it");
    let patterns: BTreeSet<&str> = rows.iter().flat_map(|row| quoted(column(row, 1))).collect();
    let missing: Vec<&&str> = NAMES.iter().filter(|name| !patterns.iter().any(|pattern| covers(pattern, name))).collect();
    assert!(missing.is_empty(), "{PAGE} has no row for {missing:?}");
    let unknown: Vec<&&str> = patterns.iter().filter(|pattern| !NAMES.iter().any(|name| covers(pattern, name))).collect();
    assert!(unknown.is_empty(), "{PAGE} has rows for metrics that do not exist: {unknown:?}");
    let without: Vec<&&str> = rows.iter().filter(|row| !quoted(column(row, 4)).any(|name| name.contains("::"))).collect();
    assert!(without.is_empty(), "these rows of {PAGE} name no test:\n{without:#?}");
}

#[test]
fn every_test_that_is_named_exists() {
    let page = read(PAGE);
    let named: BTreeSet<(&str, &str)> = quoted(&page).filter(|quoted| quoted.contains(".rs::")).filter_map(|quoted| quoted.rsplit_once("::")).collect();
    assert!(named.len() > 20, "the walk must reach the whole page: {named:?}");
    for (file, test) in named {
        let code = read(file);
        let place = code.find(&format!("fn {test}(")).unwrap_or_else(|| panic!("{PAGE} names the test {test} of {file}, which has none of that name"));
        // Its attributes stand above it, up to the end of what comes before.
        let before = &code[..place];
        let above = &before[before.rfind(['}', ';']).unwrap_or(0)..];
        assert!(above.contains("#[test]") || above.contains("test(flavor") || above.contains("proptest!"), "{file}: {test} is no test");
    }
}
