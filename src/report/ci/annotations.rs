//! Annotations: lines on standard output from which GitHub makes marks on a run and on a pull request.
//!
//! The form is that of "Workflow commands for GitHub Actions" (docs.github.com): `::error title=…::…`, with `%`, line ends and, in properties, `:`
//! and `,` escaped.

use super::case::{Case, Ending};

/// A line for each case that did not pass as it should; one for all that were skipped for the same kind of reason, since of each level no more than ten are
/// shown for a step.
pub fn lines(cases: &[Case]) -> String {
    let is_alike = |one: &Case, other: &Case| one.ending == Ending::Skipped && one.ending == other.ending && one.kind == other.kind;
    let one = |(place, case): (usize, &Case)| {
        if cases[..place].iter().any(|before| is_alike(case, before)) {
            return None;
        }
        let others = cases[place + 1..].iter().filter(|other| is_alike(case, other)).count();
        let level = match case.ending {
            Ending::Failed | Ending::Error => "error",
            Ending::Warned | Ending::Skipped => "warning",
            Ending::Noted => "notice",
            Ending::Passed => return None,
        };
        let title = format!("pushbench: {}, {}", case.kind, case.whom);
        let more = if others > 0 { format!(" (and {others} more)") } else { String::new() };
        Some(format!("::{level} title={}::{}\n", property(&title), data(&format!("{}{more}", case.message))))
    };
    cases.iter().enumerate().filter_map(one).collect()
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
