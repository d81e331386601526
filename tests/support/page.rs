//! Tables in docs that tests make: each test brings what it saw, and the page must say the same.
//!
//! A page marks the place of a table with `<!-- table NAME: made by tests/… -->` and `<!-- end NAME -->`. `UPDATE_DOCS=1` writes it anew.

#![allow(dead_code, reason = "each test file is a crate of its own and uses a part of this")]

use std::fmt::Write as _;
use std::fs::{self, File};
use std::path::Path;

/// Holds the table of that name in a page of `docs/` to these rows, or writes it where `UPDATE_DOCS` is set.
///
/// # Panics
/// The page has no such place, or says something else than was seen.
pub fn hold(page: &str, name: &str, header: &[&str], rows: &[Vec<String>]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(page);
    let lock = File::open(&path).unwrap_or_else(|error| panic!("docs/{page}: {error}"));
    // Tests run at once, and may write the same page.
    lock.lock().unwrap();
    let text = fs::read_to_string(&path).unwrap();
    let begin = text.find(&format!("<!-- table {name}:")).unwrap_or_else(|| panic!("docs/{page} has no place for the table {name:?}"));
    let start = begin + text[begin..].find("-->\n").expect("the comment ends with its line") + 4;
    let end = start + text[start..].find(&format!("<!-- end {name} -->")).unwrap_or_else(|| panic!("the table {name:?} in docs/{page} has no end"));
    let made = table(header, rows);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, format!("{}{made}{}", &text[..start], &text[end..])).unwrap();
    } else {
        let hint = format!("the table {name:?} in docs/{page} is not what was seen; UPDATE_DOCS=1 writes it anew");
        assert!(text[start..end] == *made, "{hint}\n--- docs\n{}\n--- seen\n{made}", &text[start..end]);
    }
}

/// A Markdown table whose cells cannot break it.
fn table(header: &[&str], rows: &[Vec<String>]) -> String {
    let mut table = format!("| {} |\n|{}\n", header.join(" | "), "---|".repeat(header.len()));
    for row in rows {
        assert_eq!(row.len(), header.len(), "{row:?}");
        let cells: Vec<String> = row.iter().map(|cell| cell.replace('|', "\\|").replace(['\n', '\r'], " ")).collect();
        let _ = writeln!(table, "| {} |", cells.join(" | "));
    }
    table
}
