//! What a template sees. The names are API: `docs/templates.md` documents them, and `tests/templates_page.rs` holds it to this.

use serde::Serialize;

use super::assets::Assets;
use super::facts::{self, Budget, Contender, Crossing, Definition, Doubt, Fact, Published, Slope};
use super::pictures::{Picture, Pictures};
use super::point::Point;
use super::series::Data;
use crate::measure::recording::State;
use crate::report::conditions;
use crate::report::published::WORDS;
use crate::summary::Summary;

/// All that a template sees.
#[derive(Clone, Debug, Serialize)]
pub struct Page {
    /// Title of the scenario.
    pub title: String,
    /// Name of the scenario.
    pub scenario: String,
    /// Where its workload comes from; none where it does not say.
    pub source: Option<String>,
    /// Its text, whole; none where that is longer than 20,000 bytes.
    pub scenario_text: Option<String>,
    /// Factor by which every interval was divided; 1 without compression.
    pub compression: f64,
    /// The run.
    pub run: Run,
    /// What the run means as a whole.
    pub verdict: facts::Verdict,
    /// The contenders, in the scenario's order.
    pub contenders: Vec<Contender>,
    /// Load points, in order of appearance; a single one without a sweep.
    pub points: Vec<Point>,
    /// Place in `points` of the one that is shown first: the one that stands for all in charts and slides.
    pub shown: usize,
    /// Pictures over a swept value: alike at all load points.
    pub pictures: Vec<Picture>,
    /// Pairs of contenders over swept values.
    pub crossings: Vec<Crossing>,
    /// What one subscriber more takes.
    pub slopes: Vec<Slope>,
    /// Published figures beside ours.
    pub published: Vec<Published>,
    /// What is said wherever they stand.
    pub published_words: &'static str,
    /// Budgets.
    pub budgets: Vec<Budget>,
    /// Doubts, the gravest first.
    pub doubts: Vec<Doubt>,
    /// The conditions of the run.
    pub conditions: Vec<Fact>,
    /// Charts that are left out, at all load points or at those that are named, and what the recording lacks for them.
    pub left_out: Vec<Fact>,
    /// Names of the metrics that nobody has.
    pub unmeasured: Vec<&'static str>,
    /// What the metrics mean.
    pub metrics: Vec<Definition>,
    /// The commands that repeat the run and make the page again.
    pub commands: Vec<String>,
    /// The files that a run leaves beside the page.
    pub files: Vec<Fact>,
    /// Style, scripts and policy of our own page.
    pub assets: Assets,
    /// What the script reads: JSON, deflated (zlib), in base64.
    pub data: String,
}

/// The run that the page is about.
#[derive(Clone, Debug, Serialize)]
pub struct Run {
    /// Identifies it: the UTC time of its start.
    pub id: String,
    /// UTC time of its start, RFC 3339.
    pub started: String,
    /// Version of pushbench that made it.
    pub version: String,
    /// `complete`, `running`, `interrupted` or `failed`.
    pub state: &'static str,
    /// Trials that were measured to their end, baselines included.
    pub trials: usize,
    /// Trials that were planned.
    pub planned: usize,
    /// The conditions in a line.
    pub conditions: String,
}

impl Page {
    /// The page of a summary.
    ///
    /// # Errors
    /// None that memory could raise.
    pub fn new(summary: &Summary<'_>) -> Result<Self, String> {
        let recording = summary.recording;
        let contenders = facts::contenders(recording);
        let shown = summary.load_points().into_iter().position(|point| point == summary.shown()).unwrap_or(0);
        let drawn = Pictures::new(summary, shown);
        let verdicts = summary.verdicts();
        let points: Vec<Point> = verdicts.iter().zip(drawn.points).map(|(verdict, own)| Point::new(summary, verdict, &contenders, own)).collect();
        let data = Data::new(summary, &contenders, &points, shown, &drawn.common).packed()?;
        Ok(Self {
            title: recording.scenario.title.clone(),
            scenario: recording.scenario.name.clone(),
            source: recording.scenario.source.clone(),
            scenario_text: facts::scenario(recording),
            compression: recording.scenario.compression,
            run: Run {
                id: recording.id.clone(),
                started: recording.started.clone(),
                version: recording.tool_version.clone(),
                state: match recording.state {
                    State::Complete => "complete",
                    State::Running => "running",
                    State::Interrupted => "interrupted",
                    State::Failed(_) => "failed",
                },
                trials: recording.completed(),
                planned: recording.trials_planned,
                conditions: conditions::short(summary),
            },
            verdict: facts::verdict(summary),
            contenders,
            points,
            shown,
            pictures: drawn.common,
            crossings: facts::crossings(summary),
            slopes: facts::slopes(summary),
            published: facts::published(summary),
            published_words: WORDS,
            budgets: facts::budgets(summary),
            doubts: facts::doubts(summary),
            conditions: conditions::conditions(summary).into_iter().map(|(what, how)| Fact { what: what.to_owned(), how }).collect(),
            left_out: drawn.left_out,
            unmeasured: facts::unmeasured(summary),
            metrics: facts::definitions(summary),
            commands: facts::commands(recording),
            files: facts::files(),
            assets: Assets::gather().map_err(|error| error.to_string())?,
            data,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::summary::fixture::made_up;

    #[test]
    fn a_recording_without_a_trial_has_a_page() {
        let mut recording = made_up().scale(0.02).build();
        recording.trials.clear();
        let page = Page::new(&Summary::new(&recording)).unwrap();
        assert!(page.points.is_empty() && page.metrics.is_empty() && !page.doubts.is_empty());
    }

    #[test]
    fn the_load_point_that_stands_for_all_is_shown_first() {
        let mut recording = made_up().scale(0.02).sweep(&[0.5, 1.0]).build();
        recording.trials.retain(|trial| trial.load_point != "workload.topics=50" || trial.contender != "poll-1s");
        let page = Page::new(&Summary::new(&recording)).unwrap();
        assert_eq!((page.shown, page.points[page.shown].name.as_str()), (1, "workload.topics=100"));
        let recording = made_up().scale(0.02).sweep(&[0.5, 1.0, 2.0]).build();
        let summary = Summary::new(&recording);
        let page = Page::new(&summary).unwrap();
        assert_eq!((page.shown, page.points[page.shown].name.as_str()), (1, summary.shown()), "the one in the middle");
    }
}
