//! Two sets of recordings, before and after: which figures regressed beyond the noise and by more than what is worth an alarm. Pure.
//!
//! `subject` is what can be judged and what it hangs on, `rules` by which margin, `trials` the figures of each trial and which of them are pairs,
//! `effect` the arithmetic, `holm` what many questions cost, `verdict` the answer; `noise` what comparing something with itself teaches. What differs besides comes from `comparison`. The
//! same recordings give the same verdicts: nothing is drawn at random.

pub mod effect;
mod holm;
pub mod noise;
pub mod rules;
pub mod subject;
mod trials;
pub mod verdict;

use super::comparison::{Comparison, Run, Twins};
use super::fits::{Fit, of_repeats};
use super::{Doubt, Grade, Outcome, Summary};
use crate::measure::handicap::Handicap;
pub use effect::{Design, Effect, Scale};
pub use rules::{FailOn, Machines, Rules, looks};
pub use subject::{NAMES, NATURES, Nature, Source, Subject};
use trials::Figures;
pub use verdict::{Reason, Verdict};

/// All that was judged of two sets of runs.
pub struct Judgement<'s> {
    /// All runs side by side, those of the base first, and what differs between them.
    pub comparison: Comparison<'s>,
    /// How many runs are of the base.
    pub base_runs: usize,
    /// Each gated figure: load points, contenders and subjects in their order.
    pub judged: Vec<Judged<'s>>,
    /// What only one of the sides has: whether that is the base, and the contender with its load point.
    pub one_sided: Vec<(bool, &'s str, &'s str)>,
    /// Figures with noise that were asked whether they have changed: what Holm's adjustment went over.
    pub family: usize,
    /// What fails it besides a regression.
    pub fail_on: FailOn,
    /// How often it may raise any false alarm.
    pub error: f64,
}

/// A gated figure and what became of it.
#[derive(Clone, Debug)]
pub struct Judged<'s> {
    /// Whose.
    pub contender: &'s str,
    /// Where; of a slope, the other swept values.
    pub load_point: String,
    /// What.
    pub subject: Subject,
    /// By which share it must change to count as changed.
    pub margin: f64,
    /// What became of it; `None` where it cannot be compared.
    pub effect: Option<Effect>,
    /// How probable the effect is without any change, by Holm among all that were asked; `None` where it was not.
    pub adjusted: Option<f64>,
    /// What that means.
    pub verdict: Verdict,
    /// What is to be known of the verdict.
    pub reason: Option<Reason>,
}

impl<'s> Judgement<'s> {
    /// Judges new runs by base runs, of the contenders that are wanted. There is at least one run on either side.
    pub fn new(base: Vec<Run<'s>>, new: Vec<Run<'s>>, rules: &Rules, wanted: impl Fn(&str) -> bool) -> Self {
        let base_runs = base.len();
        let comparison = Comparison::new(base.into_iter().chain(new).collect());
        let hearing = Hearing { comparison: &comparison, base_runs, rules, one_clock: is_one_clock(&comparison) };
        let mut judged = Vec::new();
        let mut one_sided = Vec::new();
        for twins in comparison.twins.iter().filter(|twins| wanted(twins.contender)) {
            let has = |runs: &[Option<_>]| runs.iter().any(Option::is_some);
            let (in_base, in_new) = (has(&twins.cells[..base_runs]), has(&twins.cells[base_runs..]));
            if in_base && in_new {
                judged.extend(hearing.twins(twins));
            } else {
                one_sided.push((in_base, twins.contender, twins.load_point));
            }
        }
        judged.extend(hearing.slopes().into_iter().filter(|judged| wanted(judged.contender)));
        let alone = comparison.alone.iter().filter(|(_, cell)| wanted(&cell.contender.name));
        one_sided.extend(alone.map(|(run, cell)| (*run < base_runs, cell.contender.name.as_str(), cell.load_point)));
        let family = verdict::settle(&mut judged, rules.error());
        Self { comparison, base_runs, judged, one_sided, family, fail_on: rules.fail_on, error: rules.error() }
    }

    /// How many figures have a verdict.
    pub fn count(&self, verdict: Verdict) -> usize {
        self.judged.iter().filter(|judged| judged.verdict == verdict).count()
    }

    /// What it means for the exit code. A regression is one of figures that are trusted, whatever else is not. Where nothing at all could be compared,
    /// nothing has passed.
    pub fn outcome(&self) -> Outcome {
        let any = |verdict| self.count(verdict) > 0;
        if Verdict::ALL.into_iter().any(|verdict| self.fails(verdict) && any(verdict)) {
            Outcome::Broken
        } else if any(Verdict::Untrusted) || any(Verdict::NoFigure) || self.is_empty() || self.handicap().is_some() || self.unmeasured().next().is_some() {
            Outcome::Untrusted
        } else {
            Outcome::Fine
        }
    }

    /// Contenders of the base that a new run was to measure, and did not: it ended before.
    pub fn unmeasured(&self) -> impl Iterator<Item = &'s str> {
        let cut = |run: &Run<'s>| run.summary.recording.completed() < run.summary.recording.trials_planned;
        let was_to = move |run: &Run<'s>, name: &str| cut(run) && run.summary.recording.contenders.iter().any(|contender| contender.name == name);
        let of_base = self.one_sided.iter().filter(|(base, ..)| *base).map(|(_, contender, _)| *contender);
        of_base.filter(move |name| self.runs(false).iter().any(|run| was_to(run, name)))
    }

    /// What a run was made worse by on purpose, and its name; the first, where there are several.
    pub fn handicap(&self) -> Option<(&str, Handicap)> {
        self.comparison.runs.iter().find_map(|run| Some((run.name, run.summary.recording.handicap?)))
    }

    /// Whether nothing at all could be compared.
    pub fn is_empty(&self) -> bool {
        self.judged.iter().all(|judged| judged.verdict == Verdict::NotComparable)
    }

    /// Whether a verdict is a failure by itself.
    pub fn fails(&self, verdict: Verdict) -> bool {
        match verdict {
            Verdict::Regressed => true,
            Verdict::Inconclusive => self.fail_on.inconclusive,
            Verdict::NotComparable => self.fail_on.not_comparable,
            _ => false,
        }
    }

    /// Takes back what measuring once more does not show: a regression stands where the second judgement, of trials of its own, has it too. The chance
    /// of a false alarm is then the product of both.
    pub fn confirm_by(&mut self, second: &Judgement<'_>) {
        for judged in self.judged.iter_mut().filter(|judged| judged.verdict == Verdict::Regressed) {
            let again = second.judged.iter().find(|again| judged.is_of(again)).map(|again| again.verdict);
            (judged.verdict, judged.reason) = match again {
                Some(Verdict::Regressed) => (Verdict::Regressed, Some(Reason::Confirmed)),
                Some(Verdict::Inconclusive | Verdict::Improved | Verdict::Equivalent) => (Verdict::Inconclusive, Some(Reason::NotConfirmed)),
                // Neither shown again nor taken back.
                Some(Verdict::Untrusted | Verdict::NoFigure | Verdict::NotComparable) | None => (Verdict::Untrusted, Some(Reason::NotAskedAgain)),
            };
        }
    }

    /// Leaves those that another judgement has regressed: what is asked when it is to be confirmed.
    pub fn only_regressed_in(&mut self, first: &Judgement<'_>) {
        self.judged.retain(|judged| first.judged.iter().any(|other| other.verdict == Verdict::Regressed && judged.is_of(other)));
        self.family = verdict::settle(&mut self.judged, self.error);
    }

    /// Whether more trials cannot change what follows: something has regressed, or nothing is left open.
    pub fn is_settled(&self) -> bool {
        self.count(Verdict::Regressed) > 0 || self.count(Verdict::Inconclusive) == 0
    }

    /// The runs of the base, or the new ones.
    pub fn runs(&self, base: bool) -> &[Run<'s>] {
        let (before, after) = self.comparison.runs.split_at(self.base_runs);
        if base { before } else { after }
    }
}

impl Judged<'_> {
    /// Whether the other is of the same figure.
    fn is_of(&self, other: &Judged<'_>) -> bool {
        (self.contender, &self.load_point, self.subject.name) == (other.contender, &other.load_point, other.subject.name)
    }
}

/// Whether all runs were made on one machine that was not started anew between them: their clocks are then one, and so is the machine.
fn is_one_clock(comparison: &Comparison<'_>) -> bool {
    let mut boots = comparison.runs.iter().map(|run| run.summary.recording.machine.boot.as_deref());
    let first = boots.next().flatten();
    first.is_some() && boots.all(|boot| boot == first)
}

/// Whether a doubt keeps a figure from being judged. That something was lost is what the count of losses is there to tell; and a handicap is there to be
/// found, while the outcome says that it was on.
fn spoils(doubt: &Doubt, figure: &str) -> bool {
    let is_to_be_found = match doubt.cause {
        "lost" | "nothing-delivered" => ["lost", "reach"].contains(&figure),
        "handicap" => true,
        _ => false,
    };
    doubt.grade == Grade::Untrusted && !is_to_be_found
}

/// Two sides, and what they are judged by.
struct Hearing<'h, 's> {
    comparison: &'h Comparison<'s>,
    base_runs: usize,
    rules: &'h Rules,
    one_clock: bool,
}

impl<'s> Hearing<'_, 's> {
    /// The gated metrics of a contender at a load point.
    fn twins(&self, twins: &Twins<'s>) -> Vec<Judged<'s>> {
        let gated = Subject::all().filter(|subject| matches!(subject.source, Source::Metric(_)) && self.rules.gates(subject));
        let judge = |subject: Subject| {
            let of_run = |(run, cell): (usize, &Option<&'s super::Cell<'s>>)| (run, cell.and_then(|cell| Figures::of_metric(cell, subject.name)));
            let untrusted = twins.cells.iter().enumerate().any(|(run, cell)| {
                let summary = self.comparison.runs[run].summary;
                cell.is_some_and(|cell| summary.doubts_on(cell, subject.name).any(|doubt| spoils(doubt, subject.name)))
            });
            let figures = twins.cells.iter().enumerate().map(of_run).collect();
            self.judge(twins.contender, twins.load_point.to_owned(), subject, figures, untrusted)
        };
        gated.filter_map(judge).collect()
    }

    /// The gated slopes of all contenders.
    fn slopes(&self) -> Vec<Judged<'s>> {
        let mut all = Vec::new();
        for subject in Subject::all().filter(|subject| self.rules.gates(subject)) {
            let Source::Slope(quantity) = subject.source else { continue };
            let of = |fit: &&Fit<'_>| fit.quantity.name == quantity.name;
            let mut places: Vec<(&'s str, &'s str)> = Vec::new();
            for fit in self.comparison.runs.iter().flat_map(|run| run.summary.fits.iter().filter(of)) {
                let place = (fit.contender, fit.elsewhere.as_str());
                if !places.contains(&place) {
                    places.push(place);
                }
            }
            for (contender, elsewhere) in places {
                let in_run = |summary: &'s Summary<'s>| summary.fits.iter().filter(of).find(|fit| fit.contender == contender && fit.elsewhere == elsewhere);
                let mut untrusted = false;
                let mut figures = Vec::new();
                for (run, Run { summary, .. }) in self.comparison.runs.iter().enumerate() {
                    let fit = in_run(summary);
                    untrusted |= fit.is_some_and(|fit| summary.doubts_on_fit(fit).any(|doubt| spoils(doubt, quantity.name)));
                    figures.push((run, fit.map(|fit| Figures::of_slope(&of_repeats(fit, &summary.cells)))));
                }
                all.extend(self.judge(contender, elsewhere.to_owned(), subject, figures, untrusted));
            }
        }
        all
    }

    /// What becomes of a figure before the others are looked at; `None` where neither side has it.
    fn judge(&self, contender: &'s str, load_point: String, subject: Subject, of_runs: Vec<(usize, Option<Figures>)>, untrusted: bool) -> Option<Judged<'s>> {
        let gather = |of_base: bool| {
            let of_side = of_runs.iter().filter(|(run, _)| (*run < self.base_runs) == of_base).filter_map(|(_, figures)| figures.clone());
            of_side.reduce(Figures::and)
        };
        let (base, new) = (gather(true), gather(false));
        let margin = self.rules.margin(&subject);
        let undecided =
            |effect, verdict, reason| Some(Judged { contender, load_point: load_point.clone(), subject, margin, effect, adjusted: None, verdict, reason });
        let (base, new) = match (base, new) {
            (None, None) => return None,
            (Some(_), None) => return undecided(None, Verdict::NoFigure, Some(Reason::OnlyBase)),
            // An older recording does not know it.
            (None, Some(_)) => return undecided(None, Verdict::NotComparable, Some(Reason::OnlyNew)),
            (Some(base), Some(new)) => (base, new),
        };
        let differs = self.differs(&subject);
        if !differs.is_empty() {
            return undecided(None, Verdict::NotComparable, Some(Reason::Differs(differs)));
        }
        if subject.nature == Nature::Timed && !self.one_clock && self.rules.machine == Machines::Same {
            return undecided(None, Verdict::NotComparable, Some(Reason::AnotherMachine));
        }
        if untrusted {
            return undecided(None, Verdict::Untrusted, None);
        }
        if base.lacks_some() || new.lacks_some() {
            return undecided(None, Verdict::NoFigure, Some(Reason::Lacking));
        }
        let (before, after) = (base.values(), new.values());
        let pairs = if self.one_clock { trials::pairs(&base, &new) } else { None };
        match Effect::new(&before, &after, pairs.as_deref(), self.rules.error()) {
            Some(effect) => undecided(Some(effect), Verdict::Inconclusive, None),
            None => {
                let (verdict, reason) = verdict::of_infinite(&subject, &before, &after);
                undecided(None, verdict, Some(reason))
            }
        }
    }

    /// What differs between the runs that keeps a figure from being compared.
    fn differs(&self, subject: &Subject) -> Vec<&'static str> {
        // What there was to do must be the same, even where a figure might bear the difference: a gate is no estimate.
        let work = ["workload", "compression", "size"];
        let bars = |condition: &&super::comparison::Condition| {
            let touched = condition.effect_on(subject.name).is_some() && work.contains(&condition.what);
            touched || subject.nature.needs().contains(&condition.what)
        };
        self.comparison.conditions.iter().filter(bars).map(|condition| condition.what).collect()
    }
}

#[cfg(test)]
mod tests;
