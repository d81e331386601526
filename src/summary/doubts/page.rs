//! `docs/doubts.md`, made from the list of causes so that the two cannot disagree.

use std::fmt::Write as _;

use super::{CAUSES, Cause, Grade};

/// The page in Markdown.
pub fn page() -> String {
    let mut page = String::from(
        "# Doubts\n\n\
         This page is made from `src/summary/doubts/` (`UPDATE_DOCS=1 cargo test --lib doubts::page`); a test keeps it so. The names are API: \
         `summary.csv` and `summary.json` use them.\n\n\
         A doubt is a stated reason to read a number with care. It names its cause, the figure and the remedy, and stands beside every number that it touches, in every output: \
         `?` in a table marks a figure that is not to be trusted, `*` one with a note of its own; `summary.csv` names grade and cause in each row.\n\n\
         - A **note** is to be known, and leaves the exit code alone.\n\
         - **Untrusted** figures must not be relied on: no winner is named by them, charts say so in their titles, and the run exits with 4.\n\n\
         Thresholds stand in `src/summary/thresholds.rs`, each with its reason. What a recording does not hold (one of an older version, or of a kernel \
         that does not tell) raises no doubt and proves nothing either.\n\n\
         | cause | grade | raised when | touches | remedy |\n|---|---|---|---|---|\n",
    );
    for cause in CAUSES {
        let grades: Vec<&str> = cause.grades.iter().map(|grade: &Grade| grade.name()).collect();
        // Writing to a string cannot fail.
        let _ = writeln!(page, "| `{}` | {} | {} | {} | {} |", cause.name, grades.join(", "), (cause.raised_when)(), touches(cause), cause.remedy);
    }
    page
}

fn touches(cause: &Cause) -> String {
    let one = |metric: &&str| match *metric {
        "" => "everything".to_owned(),
        prefix if prefix.ends_with('.') => format!("`{prefix}*`"),
        name => format!("`{name}`"),
    };
    cause.touches.iter().map(one).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::summary::metrics::METRICS;

    #[test]
    fn the_page_is_that_of_the_list() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/doubts.md");
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(path, page()).unwrap();
        }
        let found = std::fs::read_to_string(path).unwrap_or_default();
        assert!(found == page(), "docs/doubts.md is not that of the list; UPDATE_DOCS=1 cargo test --lib doubts::page mends it");
    }

    #[test]
    fn causes_are_named_once_and_touch_metrics_that_exist() {
        let mut names: Vec<&str> = CAUSES.iter().map(|cause| cause.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), CAUSES.len());
        for cause in CAUSES {
            assert!(!cause.grades.is_empty() && cause.remedy.ends_with('.') && !(cause.raised_when)().ends_with('.'), "{cause:?}");
            for touched in cause.touches {
                let exists = METRICS
                    .iter()
                    .any(|metric| metric.name == *touched || ((touched.is_empty() || touched.ends_with('.')) && metric.name.starts_with(touched)));
                assert!(exists, "{}: no metric is {touched:?}", cause.name);
            }
        }
    }
}
