//! What a page says besides figures of load points: who took part, crossings, budgets, doubts, definitions, how to repeat it.

use serde::Serialize;

use crate::measure::recording::{ContenderRecord, Direction, Recording, State};
use crate::report::charts::theme::{self, Theme, hex};
use crate::report::{crossings, figures, published, repeat};
use crate::summary::budgets::BudgetOutcome;
use crate::summary::crossover::Answer;
use crate::summary::fits::by_quantity;
use crate::summary::metrics::METRICS;
use crate::summary::{Grade, Outcome, Summary};

/// Scenarios of more bytes are not put into the page: the recording has them.
const LONGEST_SCENARIO: usize = 20_000;

/// A contender.
#[derive(Clone, Debug, Serialize)]
pub struct Contender {
    /// Its place among all.
    pub place: usize,
    /// Its name.
    pub name: String,
    /// Its mechanism: what the scenario says in `use`.
    pub mechanism: String,
    /// `pull`, `push` or `control`.
    pub direction: &'static str,
    /// Name of its colour variable: `push-1`, `pull-2`, `control`.
    pub colour: String,
    /// Lengths of dash and gap of its line in turn, in pixels; empty for a solid one.
    pub dash: &'static [f64],
    /// Its settings, defaults included.
    pub settings: Vec<Setting>,
}

/// A setting of a contender.
#[derive(Clone, Debug, Serialize)]
pub struct Setting {
    /// Its key.
    pub key: String,
    /// Its value, as text.
    pub value: String,
}

/// Two words that belong together.
#[derive(Clone, Debug, Serialize)]
pub struct Fact {
    /// What.
    pub what: String,
    /// How it was.
    pub how: String,
}

/// What the run means as a whole.
#[derive(Clone, Debug, Serialize)]
pub struct Verdict {
    /// `fine`, `broken` or `untrusted`.
    pub name: &'static str,
    /// In words, after *This run*.
    pub words: String,
    /// Where the reasons stand: `budgets` or `doubts`.
    pub section: &'static str,
}

/// Two contenders over a swept value.
#[derive(Clone, Debug, Serialize)]
pub struct Crossing {
    /// Path of the swept value, and what is held fixed.
    pub over: String,
    /// Name of the metric.
    pub metric: &'static str,
    /// One contender; the poller, where the other one pushes.
    pub left: String,
    /// The other.
    pub right: String,
    /// What came out.
    pub sentence: String,
    /// Whether one asks and the other is told, and they cross: what an architect looks for first.
    pub is_main: bool,
    /// `crossing`, `no-crossing` or `cannot-tell`.
    pub answer: &'static str,
}

/// What a figure rises by for each subscriber.
#[derive(Clone, Debug, Serialize)]
pub struct Slope {
    /// Name of the slope.
    pub quantity: &'static str,
    /// What it says.
    pub meaning: &'static str,
    /// Whose.
    pub whom: String,
    /// With its interval.
    pub figure: String,
    /// What is to be known of it.
    pub details: String,
}

/// A published figure beside ours.
#[derive(Clone, Debug, Serialize)]
pub struct Published {
    /// What it is a figure of.
    pub what: String,
    /// The figure.
    pub value: String,
    /// Ours.
    pub ours: Vec<String>,
    /// Where it stands.
    pub source: String,
}

/// What became of a budget.
#[derive(Clone, Debug, Serialize)]
pub struct Budget {
    /// `kept`, `warning`, `broken`, `too few samples`, `no samples` or `not run`.
    pub outcome: &'static str,
    /// Whose, and where.
    pub whom: String,
    /// Name of the metric.
    pub metric: String,
    /// What was measured.
    pub measured: String,
    /// The limit.
    pub limit: String,
}

/// A reason to read numbers with care.
#[derive(Clone, Debug, Serialize)]
pub struct Doubt {
    /// `note` or `untrusted`.
    pub grade: &'static str,
    /// Its short name.
    pub cause: &'static str,
    /// Whom it concerns.
    pub whom: String,
    /// Cause, figure and remedy.
    pub text: String,
}

/// What a metric means.
#[derive(Clone, Debug, Serialize)]
pub struct Definition {
    /// Name of the metric.
    pub name: &'static str,
    /// Its unit.
    pub unit: &'static str,
    /// `lower`, `higher` or `–`.
    pub better: &'static str,
    /// What it says.
    pub meaning: &'static str,
}

/// All contenders, in the scenario's order.
pub fn contenders(recording: &Recording) -> Vec<Contender> {
    recording.contenders.iter().enumerate().map(|(place, contender)| of_contender(&recording.contenders, place, contender)).collect()
}

fn of_contender(all: &[ContenderRecord], place: usize, contender: &ContenderRecord) -> Contender {
    let look = theme::look(Theme::Light, all, &contender.name);
    let colour = hex(look.colour);
    let named = Theme::Light.palette().colours().into_iter().find(|(_, value)| *value == colour);
    Contender {
        place,
        name: contender.name.clone(),
        mechanism: contender.mechanism.clone(),
        direction: match contender.direction {
            Direction::Pull => "pull",
            Direction::Push => "push",
            Direction::Control => "control",
        },
        colour: named.map_or_else(|| "control".to_owned(), |(name, _)| name),
        dash: look.dash,
        settings: contender.settings.iter().map(|(key, value)| Setting { key: key.clone(), value: value.clone() }).collect(),
    }
}

/// What the run means.
pub fn verdict(summary: &Summary<'_>) -> Verdict {
    let count = |wanted: BudgetOutcome| summary.budgets.iter().filter(|result| result.outcome == wanted).count();
    let (all, not_run) = (summary.budgets.len(), count(BudgetOutcome::NotRun));
    let run = all - not_run;
    let of = |count: usize| if run == 1 { "its budget".to_owned() } else { format!("{count} of {run} budgets") };
    let (broken, unknown, few) = (count(BudgetOutcome::Broken), count(BudgetOutcome::NoSamples), count(BudgetOutcome::TooFewSamples));
    let is_doubted = summary.doubts.iter().any(|doubt| doubt.grade == Grade::Untrusted);
    let words = match summary.outcome() {
        Outcome::Fine if run == 0 => {
            let notes = match summary.doubts.len() {
                0 => String::new(),
                1 => ", with a note".to_owned(),
                many => format!(", with {many} notes"),
            };
            format!("has figures that can all be trusted{notes}")
        }
        Outcome::Fine => format!("keeps {}", of(count(BudgetOutcome::Kept))),
        Outcome::Broken => format!("breaks {}", of(broken)),
        Outcome::Untrusted => {
            let doubted = is_doubted.then(|| "has figures that are not to be trusted".to_owned());
            let broken = (broken > 0).then(|| format!("breaks {}", of(broken)));
            let unknown = (unknown > 0).then(|| format!("has no figure for {}", of(unknown)));
            let few = (few > 0).then(|| format!("has too few samples for {}", of(few)));
            [doubted, broken, unknown, few].into_iter().flatten().collect::<Vec<_>>().join(", ")
        }
    };
    let left_out = match (not_run, run, all) {
        (0, ..) => String::new(),
        (_, 0, 1) => "; its budget was not run".to_owned(),
        (_, 0, all) => format!("; none of its {all} budgets was run"),
        (1, ..) => "; one more was not run".to_owned(),
        (more, ..) => format!("; {more} more were not run"),
    };
    let name = match summary.outcome() {
        Outcome::Fine => "fine",
        Outcome::Broken => "broken",
        Outcome::Untrusted => "untrusted",
    };
    let ended = match summary.recording.state {
        State::Complete => "",
        State::Running => "had not ended when it was saved; as far as it went, it ",
        State::Interrupted => "was interrupted; as far as it went, it ",
        State::Failed(_) => "failed; as far as it went, it ",
    };
    Verdict { name, words: format!("{ended}{words}{left_out}"), section: if all == 0 || is_doubted { "doubts" } else { "budgets" } }
}

/// All pairs of contenders over swept values: those that matter first.
pub fn crossings(summary: &Summary<'_>) -> Vec<Crossing> {
    let mut all: Vec<Crossing> = summary
        .crossovers
        .iter()
        .map(|crossover| Crossing {
            over: if crossover.elsewhere.is_empty() { crossover.over.to_owned() } else { format!("{} at {}", crossover.over, crossover.elsewhere) },
            metric: crossover.metric.name,
            left: crossover.left.to_owned(),
            right: crossover.right.to_owned(),
            sentence: format!("{}{}", crossover.sentence(), crossings::mark(summary, crossover)),
            is_main: crossover.pull_against_push && matches!(crossover.answer, Answer::Crossing { .. }),
            answer: crossover.answer.name(),
        })
        .collect();
    all.sort_by_key(|crossing| !crossing.is_main);
    all
}

/// Slopes over the number of subscribers.
pub fn slopes(summary: &Summary<'_>) -> Vec<Slope> {
    let one = |fit: &crate::summary::fits::Fit<'_>| {
        let (figure, details) = figures::slope(summary, fit);
        Slope { quantity: fit.quantity.name, meaning: fit.quantity.meaning, whom: figures::whom(Some(fit.contender), Some(&fit.elsewhere)), figure, details }
    };
    by_quantity(&summary.fits).into_values().flatten().map(one).collect()
}

/// Published figures beside ours.
pub fn published(summary: &Summary<'_>) -> Vec<Published> {
    let one = |beside: &crate::summary::published::Beside<'_, '_>| Published {
        what: beside.published.what.clone(),
        value: published::value(beside),
        ours: published::ours(summary, beside),
        source: beside.published.source.clone(),
    };
    summary.published().iter().map(one).collect()
}

/// Budgets, in the scenario's order.
pub fn budgets(summary: &Summary<'_>) -> Vec<Budget> {
    let one = |result: &crate::summary::budgets::BudgetResult<'_>| Budget {
        outcome: result.outcome.name(),
        whom: figures::whom(Some(&result.budget.contender), Some(result.load_point)),
        metric: result.budget.metric.clone(),
        measured: figures::measured(result),
        limit: figures::limit(result.budget),
    };
    summary.budgets.iter().map(one).collect()
}

/// Doubts, the gravest first.
pub fn doubts(summary: &Summary<'_>) -> Vec<Doubt> {
    let one = |doubt: &crate::summary::Doubt| Doubt {
        grade: if doubt.grade == Grade::Untrusted { "untrusted" } else { "note" },
        cause: doubt.cause,
        whom: figures::whom(doubt.contender.as_deref(), doubt.load_point.as_deref()),
        text: doubt.text.clone(),
    };
    summary.doubts.iter().map(one).collect()
}

/// The metrics that some contender has.
pub fn definitions(summary: &Summary<'_>) -> Vec<Definition> {
    let known = METRICS.iter().filter(|metric| summary.cells.iter().any(|cell| cell.metrics.contains_key(metric.name)));
    known.map(|metric| Definition { name: metric.name, unit: metric.unit.name(), better: metric.better.name(), meaning: metric.meaning }).collect()
}

/// The scenario's text, where it is not too long.
pub fn scenario(recording: &Recording) -> Option<String> {
    let text = &recording.scenario.text;
    (text.len() <= LONGEST_SCENARIO).then(|| text.clone())
}

/// The metrics that nobody has: what this run does not answer.
pub fn unmeasured(summary: &Summary<'_>) -> Vec<&'static str> {
    let has = |name: &str| summary.cells.iter().any(|cell| cell.metrics.contains_key(name));
    METRICS.iter().map(|metric| metric.name).filter(|name| !has(name)).collect()
}

/// The commands that repeat the run and make the page again.
pub fn commands(recording: &Recording) -> Vec<String> {
    let unknown = "  # repeats are those of the scenario: this run did not come to its end";
    let run = repeat::run(recording) + repeat::repeats(recording).map_or(unknown, |_| "");
    vec![run, "pushbench report recording.json --format html".to_owned()]
}

/// Files of a run that lie beside the page.
pub fn files() -> Vec<Fact> {
    const FILES: [(&str, &str); 8] = [
        ("recording.json", "everything that was measured; all reports are made from it"),
        ("summary.csv", "a row for each figure and repeat"),
        ("percentiles.csv", "the distributions of times"),
        ("timeline.csv", "a row for each second of each trial"),
        ("crossover.csv", "where contenders cross"),
        ("fits.csv", "what one subscriber more takes"),
        ("summary.json", "the same for programs"),
        ("summary.md", "the comparison as Markdown"),
    ];
    FILES.iter().map(|(what, how)| Fact { what: (*what).to_owned(), how: (*how).to_owned() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::summary::fixture::made_up;

    #[test]
    fn contenders_have_the_colours_of_the_charts() {
        let recording = made_up().scale(0.02).many_contenders().build();
        let all = contenders(&recording);
        assert_eq!(
            all.iter().filter(|contender| contender.direction == "push").map(|contender| contender.colour.as_str()).collect::<Vec<_>>(),
            ["push-1", "push-2", "push-3"]
        );
        assert_eq!((all[0].colour.as_str(), all[6].colour.as_str()), ("pull-1", "pull-1"));
        assert!(all[0].dash.is_empty() && !all[6].dash.is_empty(), "hues come again with dashes");
    }

    fn words(recording: &Recording) -> String {
        verdict(&Summary::new(recording)).words
    }

    #[test]
    fn the_verdict_tells_of_budgets_and_of_an_end_that_was_none() {
        let kept = made_up().scale(0.2).budget("xmpp-pubsub", "latency.p99", 0.25).build();
        assert_eq!(words(&kept), "keeps its budget");
        let mut broken = made_up().scale(0.2).budget("xmpp-pubsub", "latency.p99", 0.25).budget("poll-5s", "latency.p99", 0.25).build();
        assert_eq!(words(&broken), "breaks 1 of 2 budgets");
        broken.state = State::Interrupted;
        assert_eq!(words(&broken), "was interrupted; as far as it went, it breaks 1 of 2 budgets");
    }

    #[test]
    fn a_budget_that_was_not_run_is_not_kept() {
        let one = made_up().scale(0.2).budget("left-out", "latency.p99", 0.25);
        let recording = one.build();
        let summary = Summary::new(&recording);
        let trusted = format!("has figures that can all be trusted, with {} notes", summary.doubts.len());
        let verdict = verdict(&summary);
        assert_eq!((verdict.name, verdict.words), ("fine", format!("{trusted}; its budget was not run")));
        assert_eq!(verdict.section, "budgets");
        let two = one.budget("left-out", "latency.p50", 0.25);
        assert_eq!(words(&two.build()), format!("{trusted}; none of its 2 budgets was run"));
        assert_eq!(words(&two.budget("xmpp-pubsub", "latency.p99", 0.25).build()), "keeps its budget; 2 more were not run");
    }

    #[test]
    fn what_makes_a_run_untrusted_is_told_with_where_it_stands() {
        let made = made_up().scale(0.2).budget("xmpp-pubsub", "requests.total", 1.0);
        let without_a_figure = verdict(&Summary::new(&made.build()));
        assert_eq!((without_a_figure.name, without_a_figure.words.as_str()), ("untrusted", "has no figure for its budget"));
        assert_eq!(without_a_figure.section, "budgets", "no doubt says so");
        let mut recording = made.budget("poll-5s", "latency.p99", 0.25).build();
        recording.trials[0].deliveries.corrupt = 1;
        let doubted = verdict(&Summary::new(&recording));
        assert_eq!(doubted.words, "has figures that are not to be trusted, breaks 1 of 2 budgets, has no figure for 1 of 2 budgets");
        assert_eq!(doubted.section, "doubts");
    }

    #[test]
    fn a_run_that_was_cut_does_not_tell_how_many_repeats_it_was_to_have() {
        let mut recording = made_up().scale(0.02).repeats(2).build();
        assert!(commands(&recording)[0].ends_with(" --repeats 2"), "{:?}", commands(&recording));
        recording.state = State::Interrupted;
        let cut = commands(&recording).remove(0);
        assert!(!cut.contains("--repeats") && cut.contains("# repeats are those of the scenario"), "{cut}");
    }

    #[test]
    fn what_nobody_has_is_told() {
        let recording = made_up().scale(0.02).only(Direction::Pull).build();
        let summary = Summary::new(&recording);
        let (absent, known) = (unmeasured(&summary), definitions(&summary));
        assert!(absent.contains(&"stanzas.total") && !absent.contains(&"latency.p99"), "{absent:?}");
        assert_eq!(absent.len() + known.len(), METRICS.len());
    }
}
