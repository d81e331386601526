//! Scenarios: TOML text → typed [`Scenario`]. After this room no value can be wrong.

mod budget;
mod compare;
mod entry;
mod fields;
mod mistake;
mod published;
mod publishers;
mod subscribers;
mod sweep;
#[cfg(test)]
pub(crate) mod testing;
mod workload;

use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use toml_edit::Document;

pub use budget::Budget;
pub use compare::Compare;
pub use entry::Entry;
use fields::{Fields, Overlay};
pub use mistake::ScenarioError;
pub use published::{Ours, Published};
pub use publishers::Publishers;
pub use subscribers::Subscribers;
pub use sweep::{Axis, LoadPoint};
pub use workload::Workload;

use crate::contender::Contender;
use crate::measure::text_file;
use crate::mistake::{Mistake, Read, Source};

/// Bytes of a scenario's file at most.
const LARGEST_FILE: u64 = 1 << 20;

/// What a scenario may name.
#[derive(Clone, Copy)]
pub struct Registry {
    /// Mechanisms, for `use`.
    pub contenders: &'static [&'static dyn Contender],
    /// Metrics, for budgets.
    pub metrics: &'static [&'static str],
    /// Figures that a comparison can be decided by: metrics that know better from worse, and slopes.
    pub gated: &'static [&'static str],
    /// Kinds of figures that have a margin in common.
    pub natures: &'static [&'static str],
}

/// A question, ready to be put.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// File name without folder and ending.
    pub name: String,
    /// Folder of the file, to which paths inside are relative.
    pub folder: PathBuf,
    /// The text it was read from.
    pub text: String,
    /// Stands on every chart.
    pub title: String,
    /// Where the workload comes from.
    pub source: Option<String>,
    /// What happens.
    pub workload: Workload,
    /// Who wants to know.
    pub subscribers: Subscribers,
    /// Who tells.
    pub publishers: Publishers,
    /// Who competes.
    pub contenders: Vec<Entry>,
    /// Values to be varied, in the order of the file.
    pub sweep: Vec<Axis>,
    /// How often each trial is run.
    pub repeats: NonZeroU32,
    /// Whether null and idle trials are run as well.
    pub baseline: bool,
    /// Limits on metrics.
    pub budgets: Vec<Budget>,
    /// Figures of others, for the report.
    pub published: Vec<Published>,
    /// What decides a comparison with another run.
    pub compare: Compare,
}

impl Scenario {
    /// Reads a scenario's file.
    ///
    /// # Errors
    /// The file cannot be read, or its text has a mistake: shown with line, column and what is allowed.
    pub fn read(path: &Path, registry: Registry) -> Result<Self, ScenarioError> {
        let text = text_file::read(path, LARGEST_FILE).map_err(|why| ScenarioError::File { path: path.to_owned(), why })?;
        Self::parse(&text, &path.display().to_string(), path.parent().unwrap_or(Path::new("")), registry)
    }

    /// Reads a scenario's text. `file` is what messages call it, its stem is the scenario's name; paths inside are relative to `folder`.
    ///
    /// # Errors
    /// The text has a mistake: shown with line, column and what is allowed.
    pub fn parse(text: &str, file: &str, folder: &Path, registry: Registry) -> Result<Self, ScenarioError> {
        let source = Source { file, text };
        let document = parse_toml(source)?;
        let none = Overlay::new();
        let mut scenario = Self::read_with(source, &document, folder, &none, registry)?;
        let top = Fields::top(source, &none, document.as_table());
        let swept = sweep::read(&top.table("sweep", "[sweep]")?, &scenario.contenders)?;
        scenario.sweep = swept.iter().map(|swept| swept.axis.clone()).collect();
        scenario.budgets = Budget::read_all(&top, &scenario.contenders, &scenario.sweep, registry)?;
        scenario.published = Published::read_all(&top, &scenario.contenders, &scenario.sweep, registry)?;
        scenario.check_load_points(source, &document, &swept, registry)?;
        Ok(scenario)
    }

    /// The scenario at a load point: its text read again with the values put in. A seed that was set since stays, unless the
    /// load point has one. Text, sweep and repeats stay as they are.
    ///
    /// # Errors
    /// The load point is not of this scenario's sweep, and its values do not fit.
    pub fn at(&self, load_point: &LoadPoint, registry: Registry) -> Result<Self, ScenarioError> {
        let file = format!("{}.toml", self.name);
        let source = Source { file: &file, text: &self.text };
        let document = parse_toml(source)?;
        let mut overlay = Overlay::new();
        for (path, value) in &load_point.0 {
            let value: toml_edit::Value = value.parse().map_err(|_| source.mistake(None, format!("{value:?} is not a value for {path:?}")))?;
            overlay.push((path.clone(), toml_edit::Item::Value(value)));
        }
        let there = Self::read_with(source, &document, &self.folder, &overlay, registry).map_err(|mistake| because(mistake, load_point))?;
        let mut workload = there.workload;
        if !load_point.0.iter().any(|(path, _)| path == "workload.seed") {
            workload.seed = self.workload.seed;
        }
        let (sweep, budgets, published) = (self.sweep.clone(), self.budgets.clone(), self.published.clone());
        Ok(Self { workload, sweep, budgets, published, repeats: self.repeats, ..there })
    }

    /// The load points at which a contender runs: all combinations of the swept values that touch it, the last axis changing fastest.
    pub fn load_points_of(&self, contender: &str) -> Vec<LoadPoint> {
        sweep::combinations(self.sweep.iter().filter(|axis| axis.touches(contender)))
    }

    /// The combinations of those swept values that touch every contender; one empty combination without any.
    pub fn common_load_points(&self) -> Vec<LoadPoint> {
        sweep::combinations(self.sweep.iter().filter(|axis| axis.contender().is_none()))
    }

    /// All but the sweep and what speaks of it (budgets, published figures), with swept values laid over the text.
    fn read_with(source: Source<'_>, document: &Document<&str>, folder: &Path, overlay: &Overlay, registry: Registry) -> Read<Self> {
        let top = Fields::top(source, overlay, document.as_table());
        top.only(&["title", "source", "repeats", "baseline", "workload", "subscribers", "publishers", "contender", "sweep", "budget", "published", "compare"])?;
        let title = top.required("title", "\"Polling against push\"")?.text()?.to_owned();
        let from = top.optional("source").map(|field| field.text().map(str::to_owned)).transpose()?;
        let repeats = top.optional("repeats").map_or(Ok(2), |field| field.count(1..=100))?;
        let baseline = top.optional("baseline").map_or(Ok(true), |field| field.flag())?;
        let subscribers = Subscribers::read(&top.table("subscribers", "[subscribers]")?)?;
        let workload = Workload::read(&top.table("workload", "[workload]")?, &subscribers)?;
        let publishers = Publishers::read(&top.table("publishers", "[publishers]")?, &workload)?;
        let contenders = Entry::read_all(&top, &workload, registry)?;
        let compare = Compare::read(&top.table("compare", "[compare]")?, registry)?;
        Ok(Self {
            name: Path::new(source.file).file_stem().unwrap_or_default().to_string_lossy().into_owned(),
            folder: folder.to_owned(),
            text: source.text.to_owned(),
            title,
            source: from,
            workload,
            subscribers,
            publishers,
            contenders,
            sweep: Vec::new(),
            repeats: NonZeroU32::new(repeats).unwrap_or(NonZeroU32::MIN),
            baseline,
            budgets: Vec::new(),
            published: Vec::new(),
            compare,
        })
    }

    /// Reads the text once for each load point, so that none can fail later.
    fn check_load_points(&self, source: Source<'_>, document: &Document<&str>, swept: &[sweep::Swept], registry: Registry) -> Read<()> {
        let mut count = 0_usize;
        for entry in &self.contenders {
            let touching = self.sweep.iter().filter(|axis| axis.touches(&entry.name));
            count = count.saturating_add(touching.fold(1_usize, |product, axis| product.saturating_mul(axis.values.len())));
        }
        if !swept.is_empty() && count > sweep::MOST_LOAD_POINTS {
            let most = crate::units::show_count(sweep::MOST_LOAD_POINTS as i64);
            let message = format!("{} load points, all contenders together", crate::units::show_number(count as f64));
            let span = document.get("sweep").and_then(toml_edit::Item::span);
            return Err(source.mistake(span, message).allowed(format!("at most {most}")).help("take values or axes out"));
        }
        for load_point in self.contenders.iter().flat_map(|entry| self.load_points_of(&entry.name)) {
            let item = |(path, text): &(String, String)| {
                let swept = swept.iter().find(|swept| swept.axis.path == *path)?;
                let place = swept.axis.values.iter().position(|value| value == text)?;
                Some((path.clone(), swept.items.get(place)?.clone()))
            };
            let overlay: Overlay = load_point.0.iter().filter_map(item).collect();
            Self::read_with(source, document, &self.folder, &overlay, registry).map_err(|mistake| because(mistake, &load_point))?;
        }
        Ok(())
    }
}

/// Says, where a swept value made it wrong, which one.
fn because(mistake: Box<Mistake>, load_point: &LoadPoint) -> Box<Mistake> {
    if load_point.0.is_empty() { mistake } else { mistake.note(format!("at the load point {load_point}")) }
}

fn parse_toml<'a>(source: Source<'a>) -> Read<Document<&'a str>> {
    Document::parse(source.text).map_err(|error| source.mistake(error.span(), format!("this is not TOML: {}", error.message().trim_end())))
}

/// Shape of the subscriptions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topology {
    /// Few subscribers, each wants all of many topics.
    FanIn,
    /// Many subscribers, each wants all of few topics.
    FanOut,
    /// Each subscriber wants some topics.
    Mesh {
        /// How many; drawn by popularity.
        topics_per_subscriber: u32,
    },
}

impl Topology {
    /// As a scenario has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::FanIn => "fan-in",
            Self::FanOut => "fan-out",
            Self::Mesh { .. } => "mesh",
        }
    }
}

/// When updates come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Arrivals {
    /// Independently of each other, at a constant rate: exponential gaps.
    Poisson,
    /// Evenly spaced, with a random offset for each topic.
    Uniform,
    /// In bursts of ten on average (geometric), one second of scenario time apart within a burst; bursts come as Poisson.
    Bursty,
    /// As a file says: columns `due` (seconds of scenario time from the start of the span) and `topic` (its number).
    Csv(PathBuf),
}

/// Which topics are updated more often.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Popularity {
    /// All active topics alike.
    Flat,
    /// The k-th of the active topics as 1 / k^exponent.
    Zipf(f64),
}

/// What an update is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Semantics {
    /// A new state: only the latest counts, skipping one is no loss.
    State,
    /// An event: each counts.
    Events,
}

impl Semantics {
    /// As a scenario has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::State => "state",
            Self::Events => "events",
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    use super::testing::{BASE, parse};

    #[test]
    fn the_top_is_read() {
        let scenario = parse(BASE).unwrap();
        assert_eq!((scenario.name.as_str(), scenario.title.as_str(), scenario.repeats.get()), ("test", "A test", 2));
        let scenario = parse(&format!("source = \"a talk\"\nrepeats = 1\n{BASE}")).unwrap();
        assert_eq!((scenario.source.as_deref(), scenario.repeats.get(), scenario.baseline), (Some("a talk"), 1, true));
        assert!(!parse(&format!("baseline = false\n{BASE}")).unwrap().baseline);
        for (text, says) in [
            (BASE.replace("title = \"A test\"", ""), "\"title\" is missing"),
            (BASE.replace("A test", " "), "must not be empty"),
            (format!("repeat = 1\n{BASE}"), "did you mean \"repeats\""),
            (format!("repeats = 0\n{BASE}"), "out of range"),
            (format!("baseline = 1\n{BASE}"), "must be true or false"),
            (BASE.replace("[workload]", "[workload"), "this is not TOML"),
            (BASE.replace("[workload]", "[work]"), "unknown key \"work\""),
            ("title = \"x\"".to_owned(), "[workload] is missing"),
            ("title = \"x\"\nworkload = 5".to_owned(), "must be a table"),
            (BASE.replace("[[contender]]", "[contender]"), "must be a list of tables"),
            (BASE.replace("[[contender]]\nuse = \"fake-push\"\n", ""), "no contender"),
        ] {
            let message = parse(&text).unwrap_err().to_string();
            assert!(message.contains(says), "{says}: {message}");
        }
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = super::Scenario::read(std::path::Path::new("/nowhere/at-all.toml"), super::testing::REGISTRY).unwrap_err();
        assert!(error.to_string().contains("/nowhere/at-all.toml"));
    }

    /// Values at the edges of every kind, some of them good.
    const EDGES: &[&str] = &[
        "0",
        "1",
        "-1",
        "64",
        "2_000_000",
        "4294967296",
        "9223372036854775807",
        "0.0",
        "1e-300",
        "1e6",
        "1e308",
        "inf",
        "nan",
        "true",
        "[]",
        "{}",
        "\"\"",
        "\"0s\"",
        "\"1ns\"",
        "\"36600d\"",
        "\"36601d\"",
        "\"64 B\"",
        "\"9e9 GiB\"",
        "\"fan-in\"",
        "\"fan-out\"",
        "\"mesh\"",
        "{ zipf = 10 }",
        "{ csv = \"x\" }",
        "1979-05-27",
    ];

    proptest! {
        #![proptest_config(ProptestConfig { rng_seed: RngSeed::Fixed(1), ..ProptestConfig::default() })]

        #[test]
        fn no_text_makes_the_reader_panic(text in "\\PC*") {
            let _ = parse(&text).map_err(|error| error.to_string());
        }

        #[test]
        fn no_control_character_makes_the_reader_panic(text in "(?s:.{0,100})") {
            let _ = parse(&format!("{BASE}{text}")).map_err(|error| error.to_string());
        }

        #[test]
        fn no_combination_of_values_makes_the_reader_panic(values in prop::collection::vec(prop::option::of(prop::sample::select(EDGES)), super::Workload::KEYS.len())) {
            let written = super::Workload::KEYS.iter().zip(&values).filter_map(|(key, value)| value.map(|value| format!("{key} = {value}\n")));
            let text = super::testing::workload(&written.collect::<String>());
            let _ = parse(&text).map_err(|error| error.to_string());
            // The same values one at a time in a workload that is otherwise good.
            for (key, value) in super::Workload::KEYS.iter().zip(&values) {
                let Some(value) = value else { continue };
                let _ = parse(&format!("{BASE}[sweep]\n\"workload.{key}\" = [{value}]\n")).map_err(|error| error.to_string());
            }
        }

        #[test]
        fn no_change_of_a_good_text_makes_the_reader_panic(at in 0..400_usize, cut in 0..20_usize, put in "[\\[\\]{}=\".,_0-9a-eü🚆\n\t -]{0,12}") {
            let text = format!("{BASE}[sweep]\n\"workload.topics\" = [10, 20]\n[[budget]]\ncontender = \"fake-push\"\nmetric = \"reach\"\nat_least = 1\n");
            let characters: Vec<char> = text.chars().collect();
            let at = at.min(characters.len());
            let rest = (at + cut).min(characters.len());
            let changed: String = characters[..at].iter().chain(put.chars().collect::<Vec<_>>().iter()).chain(&characters[rest..]).collect();
            let _ = parse(&changed).map_err(|error| error.to_string());
        }
    }
}
