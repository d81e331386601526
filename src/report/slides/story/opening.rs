//! The first slides: who is talked about, the question, how it was measured, and what is unfair about it.

use super::Talk;
use super::rivals::shown;
use crate::measure::recording::{Direction, State};
use crate::report::charts::finding::short;
use crate::report::conditions;
use crate::report::slides::deck::{Body, Column, Exchange, Item, Slide};
use crate::summary::thresholds::FACTOR_WITHOUT_INTERVAL;
use crate::summary::{Cell, Grade};
use crate::units::{show_bytes, show_count, show_seconds, significant};

impl Talk<'_, '_> {
    pub(super) fn opening(&self) -> Slide {
        let recording = self.summary.recording;
        let mut lines = Vec::new();
        if let Some(source) = &recording.scenario.source {
            lines.push(source.clone());
        }
        let date = recording.started.split('T').next().unwrap_or_default();
        lines.push(format!("Measured with pushbench {} on {date}", recording.tool_version));
        let mut slide = self.slide("title", recording.scenario.title.clone(), Body::Opening(lines), &[]);
        slide.subtitle = self.brief(&self.verdict.headline);
        slide.notes = self.verdict.statements.iter().map(|statement| format!("{}: {}", statement.question.label(), statement.text)).collect();
        slide.notes.extend(self.told_doubts(&[]));
        slide.notes.extend(self.told_conditions());
        slide
    }

    pub(super) fn question(&self) -> Slide {
        let (mut title, mut subtitle) = ("Ask again and again, or be told?".to_owned(), String::new());
        if let Some(cell) = self.cells.first() {
            let load = cell.workload;
            let many = |count: u64, one: &str, several: &str| format!("{} {}", whole(count), if count == 1 { one } else { several });
            let waits = if load.subscribers == 1 { "waits" } else { "wait" };
            let subscribers = many(load.subscribers, "subscriber", "subscribers");
            title = format!("{subscribers} {waits} for news of {}: ask again and again, or be told?", many(load.topics, "topic", "topics"));
            let updates = many(cell.trials.first().map_or(0, |trial| trial.updates), "update", "updates");
            let span = show_seconds(load.window * self.summary.recording.scenario.compression);
            let counts = if self.summary.recording.scenario.semantics == "state" { "only the latest of each topic counts" } else { "each of them counts" };
            subtitle = format!("{updates} of {} within {span}; {counts}", show_bytes(load.payload as f64));
        }
        let exchange = |direction, heading, asks| {
            let best = self.best(direction, "messages.per_update");
            let palette = self.theme.palette();
            let plain = if asks { palette.pull[0] } else { palette.push[0] };
            let absent = if self.family(direction) == 0 { "not in this run" } else { "delivered nothing" };
            let captions = best.map_or_else(|| vec![absent.to_owned()], |cell| self.captions(cell, direction));
            Exchange { heading, asks, colour: best.map_or(plain, |cell| self.colour(cell)), captions }
        };
        let body =
            Body::Question([exchange(Direction::Pull, "Polling: the subscriber asks", true), exchange(Direction::Push, "Push: the server tells", false)]);
        let mut slide = self.slide("question", title, body, &["messages.per_update", "scenario_latency.p99"]);
        slide.subtitle = subtitle;
        slide
    }

    /// Who, and what it came to; `?` marks what is not to be trusted.
    fn captions(&self, cell: &Cell<'_>, direction: Direction) -> Vec<String> {
        let marked = |metric: &str| format!("{}{}", shown(metric, cell), if self.trusts(metric, cell) { "" } else { " ?" });
        let which = if self.leads_alone("messages.per_update", cell) { "the" } else { "among the" };
        let best = match (self.family(direction), direction) {
            (0 | 1, _) => String::new(),
            (_, Direction::Push) => format!(", {which} leanest push"),
            _ => format!(", {which} leanest polling"),
        };
        let count = marked("messages.per_update");
        let messages = if count == "1" { "message" } else { "messages" };
        let seen = cell.value("scenario_latency.p99").map(|_| format!("99 % of updates seen within {}", marked("scenario_latency.p99")));
        let first = format!("{}{best}: {count} {messages} for one update", short(&cell.contender.name));
        [Some(first), seen].into_iter().flatten().collect()
    }

    pub(super) fn method(&self) -> Slide {
        let columns = [
            vec![Column { heading: "How it was measured".to_owned(), items: self.measured() }],
            vec![Column { heading: "What is unfair, or was not measured".to_owned(), items: self.unfair() }],
        ];
        let mut slide = self.slide("method", "How it was measured, and what is unfair about it".to_owned(), Body::Columns(columns), &[]);
        slide.notes = self.told_conditions();
        slide
    }

    fn measured(&self) -> Vec<Item> {
        let recording = self.summary.recording;
        let mut items = Vec::new();
        if let Some(cell) = self.cells.first() {
            let (load, updates) = (cell.workload, cell.trials.first().map_or(0, |trial| trial.updates));
            items.push(format!("One and the same trace for everybody: {} updates at instants that a seed fixes", whole(updates)));
            items.push(format!(
                "A time runs from the instant at which an update is due until its subscriber has it; {} were measured after {} of warm-up",
                show_seconds(load.window),
                show_seconds(load.warm_up)
            ));
        }
        if self.cells.iter().flat_map(|cell| &cell.trials).flat_map(|trial| &trial.sides).any(|side| side.cpu.is_some()) {
            items.push("Server, publishers and subscribers are processes of their own: CPU and memory of each are told apart".to_owned());
        }
        if self.cells.iter().flat_map(|cell| &cell.trials).any(|trial| !trial.checks.is_empty()) {
            items.push("Clients and server count for themselves, and the counts are compared".to_owned());
        }
        if self.family(Direction::Push) > 0 && self.family(Direction::Pull) > 0 {
            items.push("In each figure the best of push meets the best of polling, never the worst".to_owned());
        }
        let repeats = self.cells.iter().map(|cell| cell.trials.len()).min().unwrap_or(0);
        if repeats > 1 {
            items.push(format!("{repeats} repeats; a lead counts where the 95 % interval of the ratio leaves 1 out"));
        }
        let mut items: Vec<Item> = items.into_iter().map(Item::new).collect();
        if self.cells.is_empty() {
            items.push(Item::warning("No trial was measured to its end"));
        }
        if !matches!(recording.state, State::Complete) {
            items.push(Item::warning(format!("The run has not ended as planned: {} of {} trials", recording.completed(), recording.trials_planned)));
        }
        items
    }

    fn unfair(&self) -> Vec<Item> {
        let scenario = &self.summary.recording.scenario;
        let mut items = Vec::new();
        let mut sides = self.cells.iter().flat_map(|cell| &cell.trials).flat_map(|trial| &trial.sides).peekable();
        if sides.peek().is_some() {
            let parted = sides.any(|side| side.namespace.is_some());
            items.push(if parted {
                "Sides were in network namespaces of one machine: the distance between them was made, not travelled"
            } else {
                "All sides shared one machine: no distance, no loss, and a request is as cheap as it ever gets"
            });
            items.push("The kernel bills the receiver's TCP work to the sender: sums of CPU are sound, their split is biased");
        }
        let mut items: Vec<Item> = items.into_iter().map(Item::new).collect();
        if scenario.compression > 1.0 {
            items.push(Item::new(format!(
                "Time was compressed {} times: waits are stretched back, network and CPU are those of a busier day",
                significant(scenario.compression, 6)
            )));
        }
        let repeats = self.cells.iter().map(|cell| cell.trials.len()).min().unwrap_or(0);
        if repeats == 1 {
            items.push(Item::new(format!("One repeat: the noise is unknown, and a lead counts from a factor of {FACTOR_WITHOUT_INTERVAL} on")));
        }
        items.push(Item::new("These servers, clients and settings: others of the same kind cost more or less"));
        // What is not to be trusted stands below.
        let notes: Vec<_> = self.doubts(&[]).into_iter().filter(|doubt| doubt.grade == Grade::Note).collect();
        if !notes.is_empty() {
            items.push(Item::new(format!("To be known, in the report: {}", causes(notes.iter().map(|doubt| doubt.cause)))));
        }
        items
    }

    /// All conditions of the run, a paragraph each.
    fn told_conditions(&self) -> Vec<String> {
        conditions::conditions(self.summary).into_iter().map(|(what, how)| format!("{what}: {how}")).collect()
    }
}

/// Each cause once, in order.
pub(super) fn causes<'c>(all: impl Iterator<Item = &'c str>) -> String {
    let mut causes: Vec<&str> = Vec::new();
    for cause in all {
        if !causes.contains(&cause) {
            causes.push(cause);
        }
    }
    causes.join(", ")
}

pub(super) fn whole(count: u64) -> String {
    show_count(i64::try_from(count).unwrap_or(i64::MAX))
}
