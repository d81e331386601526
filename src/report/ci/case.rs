//! What passed and what did not: each budget, each judged figure, each reason not to trust a run.

use crate::report::figures;
use crate::report::gate::words;
use crate::summary::budgets::BudgetOutcome;
use crate::summary::gate::{Judgement, Verdict};
use crate::summary::{Grade, Summary};

/// Something that was asked, and how it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// The suite it is in.
    pub suite: &'static str,
    /// Whose: contender and load point, or `all`.
    pub whom: String,
    /// What was asked.
    pub name: String,
    /// How it ended.
    pub ending: Ending,
    /// In a word: API.
    pub kind: &'static str,
    /// In a sentence; empty where it passed and nothing is to be known of it.
    pub message: String,
}

/// How something that was asked ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// As it should.
    Passed,
    /// As it should, and something is to be known of it.
    Noted,
    /// Not as it should; it only warns.
    Warned,
    /// It was not asked, or there is no answer.
    Skipped,
    /// Not as it should.
    Failed,
    /// It cannot be trusted, or checked.
    Error,
}

/// Budgets, and whether the figures can be trusted.
pub fn of_summary(summary: &Summary<'_>) -> Vec<Case> {
    let budgets = summary.budgets.iter().map(|result| {
        let ending = match result.outcome {
            BudgetOutcome::Kept => Ending::Passed,
            BudgetOutcome::Warning => Ending::Warned,
            BudgetOutcome::Broken => Ending::Failed,
            BudgetOutcome::TooFewSamples | BudgetOutcome::NoSamples => Ending::Error,
            BudgetOutcome::NotRun => Ending::Skipped,
        };
        let whom = figures::whom(Some(&result.budget.contender), Some(result.load_point));
        let limit = figures::limit(result.budget);
        let message = match ending {
            Ending::Passed => String::new(),
            _ => format!("{}: {} of {whom} is {}; limit {limit}", result.outcome.name(), result.budget.metric, figures::measured(result)),
        };
        Case { suite: "budgets", whom, name: format!("{} {limit}", result.budget.metric), ending, kind: result.outcome.name(), message }
    });
    let mut cases: Vec<Case> = budgets.collect();
    let untrusted = summary.doubts.iter().filter(|doubt| doubt.grade == Grade::Untrusted);
    let doubted: Vec<Case> = untrusted
        .map(|doubt| Case {
            suite: "trust",
            whom: figures::whom(doubt.contender.as_deref(), doubt.load_point.as_deref()),
            name: format!("no doubt {}", doubt.cause),
            ending: Ending::Error,
            kind: "untrusted",
            message: doubt.text.clone(),
        })
        .collect();
    if doubted.is_empty() {
        let name = "all figures can be trusted".to_owned();
        cases.push(Case { suite: "trust", whom: "all".to_owned(), name, ending: Ending::Passed, kind: "trusted", message: String::new() });
    }
    cases.extend(doubted);
    cases
}

/// Judged figures, and whether there was anything to be judged.
pub fn of_judgement(judgement: &Judgement<'_>) -> Vec<Case> {
    let figures = judgement.judged.iter().map(|judged| {
        let ending = match judged.verdict {
            verdict if judgement.fails(verdict) => Ending::Failed,
            Verdict::Untrusted | Verdict::NoFigure => Ending::Error,
            Verdict::Inconclusive | Verdict::NotComparable => Ending::Skipped,
            Verdict::Improved => Ending::Noted,
            Verdict::Regressed | Verdict::Equivalent => Ending::Passed,
        };
        let message = if ending == Ending::Passed { String::new() } else { words::sentence(judged) };
        Case { suite: "compare", whom: words::whom(judged), name: judged.subject.name.to_owned(), ending, kind: judged.verdict.name(), message }
    });
    let mut cases: Vec<Case> = figures.collect();
    if judgement.handicap().is_some() {
        cases.push(Case {
            suite: "compare",
            whom: "all".to_owned(),
            name: "nothing was made worse on purpose".to_owned(),
            ending: Ending::Error,
            kind: "handicap",
            message: words::warnings(judgement).join(" "),
        });
    }
    if judgement.is_empty() {
        cases.push(Case {
            suite: "compare",
            whom: "all".to_owned(),
            name: "something can be compared".to_owned(),
            ending: Ending::Error,
            kind: "nothing-compared",
            message: words::warnings(judgement).join(" "),
        });
    }
    cases
}
