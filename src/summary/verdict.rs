//! Verdicts in words: polling or push, at each load point, by volume, freshness, cost and set-up.
//!
//! For each question the best poller meets the best pusher: push never gets a straw man. The sentence says who,
//! by what factor and at what price; it turns round when push loses, and says so when the lead lies within the
//! noise or the figures are not to be trusted.

use super::metrics::Metric;
use super::ratios::{Ratio, Tie, Verdict as Judgement, compare, leads_all};
use super::{Cell, Grade, Summary};
use crate::measure::recording::Direction;
use crate::units::{capital, show_factor, show_number, show_seconds, significant};

/// The verdict at a load point.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// Where.
    pub load_point: String,
    /// All in one sentence.
    pub headline: String,
    /// One for each question.
    pub statements: Vec<Statement>,
}

/// The answer to one question.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    /// Which question.
    pub question: Question,
    /// Who wins.
    pub winner: Winner,
    /// In words, one or two sentences.
    pub text: String,
    /// The pusher's figure ÷ the poller's, where both are there.
    pub ratio: Option<Ratio>,
}

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// Messages per update.
    Volume,
    /// How old news is when it arrives, scenario time.
    Freshness,
    /// CPU per update.
    Cpu,
    /// The server's memory.
    Memory,
    /// What the set-up costs, and when it is paid for.
    SetUp,
}

/// Who wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Winner {
    /// Push.
    Push,
    /// Polling.
    Pull,
    /// The lead lies within the noise.
    NoClearDifference,
    /// The figures are not to be trusted.
    NotTrustworthy,
    /// There is nothing to compare with, or nothing was delivered.
    NoComparison,
}

impl Question {
    /// As reports have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Volume => "Volume",
            Self::Freshness => "Freshness",
            Self::Cpu => "CPU",
            Self::Memory => "Memory",
            Self::SetUp => "Set-up",
        }
    }

    /// What it is about, in the middle of a sentence.
    fn noun(self) -> &'static str {
        match self {
            Self::Volume => "message volume",
            Self::Freshness => "freshness",
            Self::Cpu => "CPU",
            Self::Memory => "server memory",
            Self::SetUp => "set-up",
        }
    }

    /// The metric that decides it.
    pub fn metric(self) -> &'static str {
        match self {
            Self::Volume => "messages.per_update",
            Self::Freshness => "scenario_latency.p99",
            Self::Cpu => "cpu.total.per_1000_updates",
            Self::Memory => "memory.server.peak",
            Self::SetUp => "messages.setup",
        }
    }

    /// What its figures are: `Messages per update`; a statement's text reads on from it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Volume => "Messages per update",
            Self::Freshness => "Freshness, 99 % of updates within",
            Self::Cpu => "CPU per 1,000 updates",
            Self::Memory => "Server memory, peak",
            Self::SetUp => "Set-up",
        }
    }

    /// What the loser needs, after a factor: `5 times as many`.
    fn as_much(self) -> &'static str {
        match self {
            Self::Volume | Self::SetUp => "as many",
            Self::Freshness => "as long",
            Self::Cpu | Self::Memory => "as much",
        }
    }
}

/// The best of a family by some metric, and the family.
type Side<'c, 'a> = (&'c Cell<'a>, &'c [&'c Cell<'a>]);

impl Summary<'_> {
    /// The verdict at each load point, in order.
    pub fn verdicts(&self) -> Vec<Verdict> {
        self.load_points().into_iter().map(|load_point| self.verdict(load_point)).collect()
    }

    fn verdict(&self, load_point: &str) -> Verdict {
        let of = |direction: Direction| -> Vec<&Cell<'_>> { self.at(load_point).filter(|cell| cell.direction() == direction).collect() };
        let (pulls, pushes) = (of(Direction::Pull), of(Direction::Push));
        let questions = [Question::Volume, Question::Freshness, Question::Cpu, Question::Memory];
        let mut statements: Vec<Statement> = questions.into_iter().filter_map(|question| self.answer(question, &pulls, &pushes)).collect();
        statements.extend(self.set_up(&pulls, &pushes));
        Verdict { load_point: load_point.to_owned(), headline: headline(&statements, &pulls, &pushes), statements }
    }

    /// `None` where nobody has the metric.
    fn answer(&self, question: Question, pulls: &[&Cell<'_>], pushes: &[&Cell<'_>]) -> Option<Statement> {
        let (pull, push) = match (best(question, pulls), best(question, pushes)) {
            (Some(pull), Some(push)) => (pull, push),
            (Some(only), None) | (None, Some(only)) => return Some(self.alone(question, only, pulls, pushes)),
            (None, None) => return None,
        };
        let metric = Metric::named(question.metric())?;
        let compared = compare(self, metric, push, pull);
        let Some(compared) = compared else {
            let figures = format!("{} and {}", self.figure(question, push, pushes), self.figure(question, pull, pulls));
            let text = format!("{figures} have no ratio: no repeat in which both have a figure above 0.");
            return Some(Statement { question, winner: Winner::NoComparison, text, ratio: None });
        };
        let ratio = compared.ratio;
        let (winner, text) = match compared.verdict {
            Judgement::LeftBetter => (Winner::Push, self.lead(question, (push, pushes), (pull, pulls), ratio, true)),
            Judgement::RightBetter => (Winner::Pull, self.lead(question, (pull, pulls), (push, pushes), ratio, false)),
            Judgement::NoClearDifference => {
                let figures = [self.figure(question, push, pushes), self.figure(question, pull, pulls)];
                (Winner::NoClearDifference, within_noise(&figures, ratio))
            }
            Judgement::NotTrustworthy => (Winner::NotTrustworthy, self.not_trustworthy(question, &[push, pull])),
        };
        Some(Statement { question, winner, text, ratio: Some(ratio) })
    }

    /// Winner and loser, each with its family.
    fn lead(&self, question: Question, winner: Side<'_, '_>, loser: Side<'_, '_>, ratio: Ratio, push_wins: bool) -> String {
        let factor = if push_wins { 1.0 / ratio.value } else { ratio.value };
        let led = if factor.is_finite() { format!(": {} times {}", show_factor(factor), question.as_much()) } else { String::new() };
        let noise = match ratio.interval {
            Some((low, high)) if push_wins => interval(1.0 / high, 1.0 / low),
            Some((low, high)) => interval(low, high),
            None if ratio.pairs > 1 => String::new(),
            None => " (one repeat: noise unknown)".to_owned(),
        };
        let (winner, loser) = (self.figure(question, winner.0, winner.1), self.figure(question, loser.0, loser.1));
        format!("{winner}, {loser}{led}{noise}.{}", self.scenario_time(question))
    }

    /// `poll-1s (the best of 3 pollers) 991 ms`; *among the best* where another is as good, or in doubt.
    fn figure(&self, question: Question, best: &Cell<'_>, family: &[&Cell<'_>]) -> String {
        let leads = || Metric::named(question.metric()).is_some_and(|metric| leads_all(self, metric, best, family.iter().copied()));
        let rank = match family.len() {
            0 | 1 => String::new(),
            several => {
                let (among, noun) = (if leads() { "" } else { "among " }, if best.direction() == Direction::Pull { "pollers" } else { "pushers" });
                format!(" ({among}the best of {several} {noun})")
            }
        };
        format!("{}{rank} {}", best.contender.name, value(question, best))
    }

    fn scenario_time(&self, question: Question) -> String {
        let compression = self.recording.scenario.compression;
        if question == Question::Freshness && compression > 1.0 {
            format!(" Scenario time: waits are stretched back {} times, transit is as measured.", significant(compression, 6))
        } else {
            String::new()
        }
    }

    fn alone(&self, question: Question, only: &Cell<'_>, pulls: &[&Cell<'_>], pushes: &[&Cell<'_>]) -> Statement {
        let (own, others, absent) =
            if only.direction() == Direction::Pull { (pulls, pushes, "nobody here pushes") } else { (pushes, pulls, "nobody here polls") };
        let why = if others.is_empty() { absent } else { "the other side has no figure" };
        let text =
            if self.untrusted(question, &[only]) { self.not_trustworthy(question, &[only]) } else { format!("{}; {why}.", self.figure(question, only, own)) };
        Statement { question, winner: Winner::NoComparison, text, ratio: None }
    }

    fn untrusted(&self, question: Question, cells: &[&Cell<'_>]) -> bool {
        cells.iter().any(|cell| self.doubts_on(cell, question.metric()).any(|doubt| doubt.grade == Grade::Untrusted))
    }

    fn not_trustworthy(&self, question: Question, cells: &[&Cell<'_>]) -> String {
        let mut reasons: Vec<String> = Vec::new();
        for cell in cells {
            let grave = self.doubts_on(cell, question.metric()).filter(|doubt| doubt.grade == Grade::Untrusted);
            let causes: Vec<&str> = grave.map(|doubt| doubt.cause).collect();
            if !causes.is_empty() {
                reasons.push(format!("{} ({})", cell.contender.name, causes.join(", ")));
            }
        }
        format!("not trustworthy: see the doubts about {}.", reasons.join(" and "))
    }

    /// What push costs before the first update, and how much of such traffic pays for it.
    fn set_up(&self, pulls: &[&Cell<'_>], pushes: &[&Cell<'_>]) -> Option<Statement> {
        // The rivals in volume: their traffic is what has to pay.
        let (pull, push) = (best(Question::Volume, pulls)?, best(Question::Volume, pushes)?);
        let question = Question::SetUp;
        if self.untrusted(question, &[push, pull]) {
            return Some(Statement { question, winner: Winner::NotTrustworthy, text: self.not_trustworthy(question, &[push, pull]), ratio: None });
        }
        let (before, after) = (push.value("messages.setup")?, pull.value("messages.setup")?);
        let (push_name, pull_name) = (&push.contender.name, &pull.contender.name);
        let figures = format!("{push_name} takes {} messages to set up, {pull_name} {}", show_number(before), show_number(after));
        let (extra, saved) = (before - after, window_messages(pull) - window_messages(push));
        let (winner, text) = if extra <= 0.0 {
            (Winner::Push, format!("{figures}: there is no price to be paid back."))
        } else if saved <= 0.0 {
            // A slow poller may send fewer messages in all and yet more for each update: it skips updates.
            let reach = pull.value("reach").filter(|reach| *reach < 0.995).map_or_else(String::new, |reach| {
                format!(" (it delivers {} of the updates)", Metric::named("reach").map_or_else(String::new, |metric| metric.unit.show(reach)))
            });
            let text =
                format!("{figures}, and {pull_name} sends no more messages afterwards either{reach}: the {} more are never paid back.", show_number(extra));
            (Winner::Pull, text)
        } else {
            let spans = extra / saved;
            let span = push.workload.window * self.recording.scenario.compression;
            let spans = if spans < 1.0 {
                format!("{} of the span of {}", significant(spans, 2), show_seconds(span))
            } else {
                format!("{} spans of {}", significant(spans, 2), show_seconds(span))
            };
            let text =
                format!("{figures}; the {} more are paid for after {} of such traffic ({spans}).", show_number(extra), show_seconds(extra / saved * span));
            (Winner::Pull, text)
        };
        Some(Statement { question, winner, text, ratio: None })
    }
}

/// Messages of subscribers in a window, mean of the repeats.
fn window_messages(cell: &Cell<'_>) -> f64 {
    cell.trials.iter().map(|trial| trial.subscriber_traffic.window.messages() as f64).sum::<f64>() / cell.trials.len() as f64
}

/// Who has the least of the metric; nobody who has no figure.
fn best<'c, 'a>(question: Question, cells: &[&'c Cell<'a>]) -> Option<&'c Cell<'a>> {
    let figures = cells.iter().filter_map(|cell| cell.value(question.metric()).map(|value| (*cell, value)));
    figures.min_by(|one, other| one.1.total_cmp(&other.1)).map(|(cell, _)| cell)
}

fn value(question: Question, cell: &Cell<'_>) -> String {
    match (Metric::named(question.metric()), cell.value(question.metric())) {
        (Some(metric), Some(value)) => metric.unit.show(value),
        _ => "without a figure".to_owned(),
    }
}

fn interval(low: f64, high: f64) -> String {
    let (low, high) = (show_factor(low), show_factor(high));
    if low == high { String::new() } else { format!(" (95 % interval {low} to {high})") }
}

fn within_noise([push, pull]: &[String; 2], ratio: Ratio) -> String {
    let noise = match ratio.interval {
        Some((low, high)) => format!("the ratio is {}, its 95 % interval {} to {}", show_factor(ratio.value), show_factor(low), show_factor(high)),
        None => format!("the ratio is {}, from one repeat, so that the noise is unknown", show_factor(ratio.value)),
    };
    if ratio.tie() == Tie::Unsettled {
        return format!("{push}, {pull}: {} repeats are too few to settle it; {noise}. Add repeats.", ratio.pairs);
    }
    format!("no clear difference between {push} and {pull}; {noise}.")
}

/// All in one sentence, from the questions that matter: volume, freshness and CPU.
fn headline(statements: &[Statement], pulls: &[&Cell<'_>], pushes: &[&Cell<'_>]) -> String {
    if pulls.is_empty() && pushes.is_empty() {
        return "Nothing to compare: only controls here.".to_owned();
    }
    if pushes.is_empty() {
        return "Only pollers here: nothing to compare them with.".to_owned();
    }
    if pulls.is_empty() {
        return "Only pushers here: nothing to compare them with.".to_owned();
    }
    let main: Vec<&Statement> =
        statements.iter().filter(|statement| matches!(statement.question, Question::Volume | Question::Freshness | Question::Cpu)).collect();
    let won = |winner: Winner| -> Vec<&Statement> { main.iter().copied().filter(|statement| statement.winner == winner).collect() };
    let doubtful = won(Winner::NotTrustworthy);
    if !doubtful.is_empty() {
        return format!("Not trustworthy: {} cannot be judged, see the doubts.", nouns(&doubtful));
    }
    let (push, pull, even) = (won(Winner::Push), won(Winner::Pull), won(Winner::NoClearDifference));
    let (unsettled, even): (Vec<_>, Vec<_>) = even.into_iter().partition(|statement| statement.ratio.is_some_and(|ratio| ratio.tie() == Tie::Unsettled));
    let ties = [(Tie::Close, &even), (Tie::Unsettled, &unsettled)];
    let tail: String = ties.into_iter().filter(|(_, tied)| !tied.is_empty()).map(|(tie, tied)| format!("; {}", tie.about(&nouns(tied)))).collect();
    let rivals = match (pulls.len(), pushes.len()) {
        (1, 1) => "",
        (_, 1) => ", each against the best poller",
        (1, _) => ", each against the best pusher",
        _ => ", the best against the best in each",
    };
    match (push.is_empty(), pull.is_empty()) {
        (true, true) if even.is_empty() && unsettled.is_empty() => "Nothing to compare: one of the families has no figures.".to_owned(),
        (true, true) => format!("{}.", capital(tail.trim_start_matches("; "))),
        (false, true) => format!("Push is better in {}{rivals}{tail}.", factors(&push)),
        (true, false) => format!("Polling is better in {}{rivals}{tail}.", factors(&pull)),
        (false, false) => format!("It depends: push is better in {}, polling in {}{rivals}{tail}.", factors(&push), factors(&pull)),
    }
}

fn nouns(statements: &[&Statement]) -> String {
    list(statements.iter().map(|statement| statement.question.noun().to_owned()).collect())
}

fn factors(statements: &[&Statement]) -> String {
    let factor = |statement: &Statement| {
        let value = statement.ratio.map(|ratio| if ratio.value < 1.0 { 1.0 / ratio.value } else { ratio.value }).filter(|factor| factor.is_finite());
        value.map_or_else(|| statement.question.noun().to_owned(), |factor| format!("{} ({} times)", statement.question.noun(), show_factor(factor)))
    };
    list(statements.iter().map(|statement| factor(statement)).collect())
}

fn list(mut items: Vec<String>) -> String {
    match items.pop() {
        Some(last) if !items.is_empty() => format!("{} and {last}", items.join(", ")),
        last => last.unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests;
