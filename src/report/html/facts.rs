//! What a page says besides figures of load points: who took part, crossings, budgets, doubts, definitions, how to repeat it.

use serde::Serialize;

use crate::measure::recording::{ContenderRecord, Direction, Recording, State};
use crate::report::charts::theme::{self, Theme, hex};
use crate::report::{crossings, figures, published};
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
    let all = summary.budgets.len();
    let of = |count: usize| if all == 1 { "its budget".to_owned() } else { format!("{count} of {all} budgets") };
    let ended = match summary.recording.state {
        State::Complete => "",
        State::Running => "had not ended when it was saved, and ",
        State::Interrupted => "was interrupted, and ",
        State::Failed(_) => "failed, and ",
    };
    let (name, words) = match summary.outcome() {
        Outcome::Fine if all == 0 => ("fine", "has figures that can all be trusted".to_owned()),
        Outcome::Fine => ("fine", format!("keeps {}", of(count(BudgetOutcome::Kept)))),
        Outcome::Broken => ("broken", format!("breaks {}", of(count(BudgetOutcome::Broken)))),
        Outcome::Untrusted => ("untrusted", "has figures that are not to be trusted".to_owned()),
    };
    Verdict { name, words: format!("{ended}{words}") }
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

/// The commands that repeat the run and make the page again.
pub fn commands(summary: &Summary<'_>) -> Vec<String> {
    let scenario = &summary.recording.scenario;
    let repeats = summary.cells.iter().map(|cell| cell.trials.len()).max().unwrap_or(1);
    let file = quoted(&format!("{}.toml", scenario.name));
    vec![format!("pushbench run {file} --seed {} --repeats {repeats}", scenario.seed), "pushbench report recording.json --format html".to_owned()]
}

/// A word that a shell takes as it is.
fn quoted(word: &str) -> String {
    let plain = word.chars().all(|character| character.is_ascii_alphanumeric() || "-_./".contains(character));
    if plain && !word.starts_with('-') { word.to_owned() } else { format!("'{}'", word.replace('\'', "'\\''")) }
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

    #[test]
    fn the_verdict_tells_of_budgets_and_of_an_end_that_was_none() {
        let kept = made_up().scale(0.2).budget("xmpp-pubsub", "latency.p99", 0.25).build();
        assert_eq!(verdict(&Summary::new(&kept)).words, "keeps its budget");
        let mut broken = made_up().scale(0.2).budget("xmpp-pubsub", "latency.p99", 0.25).budget("poll-5s", "latency.p99", 0.25).build();
        assert_eq!(verdict(&Summary::new(&broken)).words, "breaks 1 of 2 budgets");
        broken.state = State::Interrupted;
        assert!(verdict(&Summary::new(&broken)).words.starts_with("was interrupted, and "));
    }

    #[test]
    fn words_for_a_shell_are_quoted() {
        assert_eq!([quoted("first-look.toml"), quoted("a b'; rm -rf ~.toml")], ["first-look.toml", "'a b'\\''; rm -rf ~.toml'"]);
    }
}
