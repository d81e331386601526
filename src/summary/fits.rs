//! What a figure rises by for each subscriber: the slope over a sweep, with all else equal.
//!
//! Never a figure ÷ the number of subscribers: a process holds memory before it has any, and that share would look like theirs.

use std::collections::BTreeMap;

use super::Cell;
use super::linear_fit::Line;
use super::thresholds::{EXTRAPOLATION, UNEVEN_FIT};
use crate::measure::memory::Memory;
use crate::measure::recording::{Role, SideRecord, Trial};
use crate::units::significant;

/// What is swept.
pub const OVER: &str = "subscribers.count";

/// A figure whose slope is of interest.
#[derive(Clone, Copy, Debug)]
pub struct Quantity {
    /// Name of the slope: API.
    pub name: &'static str,
    /// What it says.
    pub meaning: &'static str,
    /// The figure of a trial, in bytes; `None` where it was not measured.
    of: fn(&Trial) -> Option<f64>,
}

/// All of them.
pub const QUANTITIES: &[Quantity] = &[
    Quantity {
        name: "memory.server.per_subscriber",
        meaning: "Resident memory of the server's process at the end of the window less that before the set-up: bytes for each subscriber more.",
        of: |trial| grown(trial, Role::Server, |memory| Some(memory.resident)),
    },
    Quantity {
        name: "memory.subscriber.per_subscriber",
        meaning: "The same of the subscribers' processes, added up: what the client takes for each subscriber more. Trace and books are made before the set-up, and are no part of it.",
        of: |trial| grown(trial, Role::Subscriber, |memory| Some(memory.resident)),
    },
    Quantity {
        name: "memory.sockets.per_subscriber",
        meaning: "Memory that the kernel holds for all TCP sockets of the machine, both ends, likewise (`/proc/net/sockstat`, in pages; idle sockets hold none).",
        of: |trial| grown(trial, Role::Server, |memory| memory.sockets),
    },
];

/// The slope of a quantity for a contender.
#[derive(Clone, Debug)]
pub struct Fit<'a> {
    /// Whose.
    pub contender: &'a str,
    /// The other swept values, in which all points are equal: `key=value;key=value`, or empty.
    pub elsewhere: String,
    /// Of what.
    pub quantity: &'static Quantity,
    /// The line through all trials: x subscribers, y bytes.
    pub line: Line,
}

impl Fit<'_> {
    /// Whether a cell's trials are among its points.
    pub fn holds(&self, cell: &Cell<'_>) -> bool {
        cell.contender.name == self.contender && elsewhere(cell.load_point) == self.elsewhere
    }

    /// Up to how many subscribers the slope may be used: ten times the data.
    pub fn limit(&self) -> f64 {
        self.line.range.1 * EXTRAPOLATION
    }

    /// Why it is to be read with care, where it is.
    pub fn note(&self) -> Option<String> {
        let unevenness = self.line.unevenness();
        (unevenness > UNEVEN_FIT).then(|| {
            format!(
                "not a straight line: a point lies {} % of the whole rise away from it; look at the figures of each size",
                if unevenness.is_finite() { significant(unevenness * 100.0, 2) } else { "over 100".to_owned() }
            )
        })
    }
}

/// The fits of all contenders that were run with at least three numbers of subscribers.
pub fn fits<'a>(cells: &[Cell<'a>]) -> Vec<Fit<'a>> {
    let mut groups: Vec<(&'a str, String, Vec<&Cell<'a>>)> = Vec::new();
    for cell in cells {
        let elsewhere = elsewhere(cell.load_point);
        match groups.iter_mut().find(|(name, point, _)| *name == cell.contender.name && *point == elsewhere) {
            Some((_, _, group)) => group.push(cell),
            None => groups.push((&cell.contender.name, elsewhere, vec![cell])),
        }
    }
    let of_group = |(contender, elsewhere, group): (&'a str, String, Vec<&Cell<'a>>)| {
        let fit = move |quantity: &'static Quantity| {
            let trials = group.iter().flat_map(|cell| &cell.trials);
            let points: Vec<(f64, f64)> = trials.filter_map(|trial| Some((trial.workload.subscribers as f64, (quantity.of)(trial)?))).collect();
            Some(Fit { contender, elsewhere: elsewhere.clone(), quantity, line: Line::through(&points)? })
        };
        QUANTITIES.iter().filter_map(fit).collect::<Vec<_>>()
    };
    groups.into_iter().flat_map(of_group).collect()
}

/// The other swept values of a load point.
fn elsewhere(load_point: &str) -> String {
    load_point.split(';').filter(|value| !value.starts_with(&format!("{OVER}="))).collect::<Vec<_>>().join(";")
}

/// The same slope within each repeat, with the start of its first trial: what a comparison of runs takes for its trials. Empty where a repeat has too few sizes.
pub fn of_repeats<'a>(fit: &Fit<'_>, cells: &[Cell<'a>]) -> Vec<(u32, &'a str, f64)> {
    /// When the first trial of a repeat began, and its points.
    type Points<'a> = (&'a str, Vec<(f64, f64)>);
    let mut points: BTreeMap<u32, Points<'a>> = BTreeMap::new();
    for trial in cells.iter().filter(|cell| fit.holds(cell)).flat_map(|cell| &cell.trials) {
        let Some(figure) = (fit.quantity.of)(trial) else { continue };
        let of_repeat = points.entry(trial.repeat).or_insert((&trial.started, Vec::new()));
        of_repeat.1.push((trial.workload.subscribers as f64, figure));
    }
    let slope = |(repeat, (started, points)): (u32, Points<'a>)| Some((repeat, started, Line::through(&points)?.slope));
    points.into_iter().filter_map(slope).collect()
}

/// Growth of one kind of side from before the set-up to the end of the window, its processes added up.
fn grown(trial: &Trial, role: Role, of: fn(&Memory) -> Option<u64>) -> Option<f64> {
    let mut sides = trial.sides.iter().filter(|side| side.role == role).peekable();
    sides.peek()?;
    let one = |side: &SideRecord| {
        let memory = side.memory.as_ref()?;
        Some(of(&memory.window_end)? as f64 - of(&memory.before)? as f64)
    };
    sides.map(one).sum()
}

/// The fits by quantity, for tables.
pub fn by_quantity<'f, 'a>(fits: &'f [Fit<'a>]) -> BTreeMap<&'static str, Vec<&'f Fit<'a>>> {
    let mut all: BTreeMap<&'static str, Vec<&Fit<'a>>> = BTreeMap::new();
    for fit in fits {
        all.entry(fit.quantity.name).or_default().push(fit);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::recording::Recording;
    use crate::report::{Format, files};
    use crate::summary::Summary;
    use crate::summary::fixture::made_up;

    /// So many subscribers at each load point; a server that takes 1 MB and 10 kB for each, clients that take 25 kB.
    fn recording(sizes: &[u64], change: impl Fn(&mut Trial)) -> Recording {
        let factors: Vec<f64> = (1..=sizes.len()).map(|factor| factor as f64).collect();
        let mut recording = made_up().scale(0.02).sweep(&factors).build();
        for trial in &mut recording.trials {
            let place = factors.iter().position(|factor| trial.load_point == format!("workload.topics={}", factor * 100.0)).unwrap();
            trial.workload.subscribers = sizes[place];
            trial.load_point = format!("{OVER}={};workload.payload=64", sizes[place]);
            for side in &mut trial.sides {
                let memory = side.memory.as_mut().unwrap();
                let grown = match side.role {
                    Role::Server => 1_000_000 + 10_000 * sizes[place],
                    _ => 25_000 * sizes[place],
                };
                memory.window_end = Memory { resident: memory.before.resident + grown, ..memory.before };
            }
            change(trial);
        }
        recording
    }

    #[test]
    fn what_was_put_in_is_found_and_stands_in_every_report() {
        let recording = recording(&[500, 1_000, 2_000, 3_000], |_| {});
        let summary = Summary::new(&recording);
        assert_eq!(summary.fits.len(), 4 * 3, "each contender, each quantity");
        let slope = |name: &str| summary.fits.iter().find(|fit| fit.contender == "xmpp-pubsub" && fit.quantity.name == name).unwrap();
        let server = slope("memory.server.per_subscriber");
        assert!((server.line.slope - 10_000.0).abs() < 1e-6 && (server.line.intercept - 1e6).abs() < 1.0, "{server:?}");
        assert_eq!((server.line.points, server.limit(), server.note()), (8, 30_000.0, None));
        assert_eq!(server.elsewhere, "workload.payload=64");
        assert!((slope("memory.subscriber.per_subscriber").line.slope - 25_000.0).abs() < 1e-6);
        for (format, name, words) in [
            (Format::Csv, "fits.csv", "memory.server.per_subscriber,subscribers.count,bytes,10000"),
            (Format::Markdown, "summary.md", "| `memory.server.per_subscriber` | xmpp-pubsub at workload.payload=64 | 9.77 KiB (95 % interval"),
            (Format::Json, "summary.json", "\"metric\": \"memory.subscriber.per_subscriber\""),
        ] {
            let files = files(&summary, format).unwrap();
            let text = String::from_utf8(files.into_iter().find(|file| file.name == name).unwrap().bytes).unwrap();
            assert!(text.contains(words), "{name}: {text}");
        }
        let style = crate::report::terminal::Style { width: 160, colour: false };
        assert!(crate::report::terminal::report(&summary, style).contains("xmpp-pubsub at workload.payload=64: 9.77 KiB (95 % interval"));
    }

    #[test]
    fn each_repeat_has_a_slope_of_its_own() {
        let recording = recording(&[500, 1_000, 2_000, 3_000], |trial| {
            if trial.repeat == 2 {
                let memory = trial.sides[0].memory.as_mut().unwrap();
                memory.window_end.resident += 100 * trial.workload.subscribers;
            }
        });
        let summary = Summary::new(&recording);
        let fit = summary.fits.iter().find(|fit| fit.contender == "poll-1s" && fit.quantity.name == "memory.server.per_subscriber").unwrap();
        let found: Vec<(u32, f64)> = of_repeats(fit, &summary.cells).into_iter().map(|(repeat, _, slope)| (repeat, slope.round())).collect();
        assert_eq!(found, [(1, 10_000.0), (2, 10_100.0)]);
    }

    #[test]
    fn two_sizes_have_no_slope() {
        assert!(Summary::new(&recording(&[500, 3_000], |_| {})).fits.is_empty());
    }

    #[test]
    fn what_is_no_line_says_so() {
        // A table that doubles between the second size and the third.
        let bent = recording(&[500, 1_000, 2_000, 3_000], |trial| {
            if trial.workload.subscribers >= 2_000 {
                trial.sides[0].memory.as_mut().unwrap().window_end.resident += 20_000_000;
            }
        });
        let summary = Summary::new(&bent);
        let note = |name: &str| summary.fits.iter().find(|fit| fit.contender == "poll-1s" && fit.quantity.name == name).unwrap().note();
        assert!(note("memory.server.per_subscriber").unwrap().starts_with("not a straight line"));
        assert_eq!(note("memory.subscriber.per_subscriber"), None);
    }

    #[test]
    fn what_is_doubtful_of_one_point_is_doubtful_of_the_slope() {
        let swapped = recording(&[500, 1_000, 2_000], |trial| {
            if trial.workload.subscribers == 2_000 && trial.contender == "poll-1s" {
                trial.deliveries.corrupt = 1;
            }
        });
        let summary = Summary::new(&swapped);
        let text = |format, name: &str| {
            let file = files(&summary, format).unwrap().into_iter().find(|file| file.name == name).unwrap();
            String::from_utf8(file.bytes).unwrap()
        };
        let csv = text(Format::Csv, "fits.csv");
        let marked = |contender: &str| csv.lines().filter(|line| line.contains(&format!(",{contender},"))).all(|line| line.contains("untrusted:corrupt"));
        assert!(marked("poll-1s") && !marked("poll-5s"), "{csv}");
        assert!(text(Format::Markdown, "summary.md").contains("9.77 KiB ? (95 % interval"));
        assert!(text(Format::Json, "summary.json").contains("\"untrusted:corrupt\""));
    }

    #[test]
    fn what_was_not_measured_has_no_slope() {
        let mut old = recording(&[500, 1_000, 2_000], |_| {});
        old.trials.iter_mut().flat_map(|trial| &mut trial.sides).for_each(|side| side.memory = None);
        assert!(Summary::new(&old).fits.is_empty());
    }
}
