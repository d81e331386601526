//! Doubts: stated reasons to read a number with care. They travel with the numbers into every report.
//!
//! A doubt names its cause, the figure and the remedy. What holds for every cell alike is said once.

use std::collections::{BTreeMap, BTreeSet};

use super::Cell;
use super::metrics::{Kind, METRICS, Statistic};
use super::thresholds::{
    GENERATOR_BUSY, LAG_IN_TRANSIT, LAG_NOTE, LAG_NOTE_FLOOR, LAG_UNTRUSTED, LAG_UNTRUSTED_FLOOR, PUBLISH_LAG_NOTE, PUBLISH_LAG_UNTRUSTED,
    REPEATS_FOR_AN_INTERVAL, REQUESTS_SENT, samples_needed,
};
use crate::measure::recording::{Direction, Recording, Role, SideRecord, State, Trial};
use crate::units::{show_count, show_seconds, significant};

/// A reason to read a number with care.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doubt {
    /// How grave.
    pub grade: Grade,
    /// Short name of the cause, such as `lag`: API.
    pub cause: &'static str,
    /// Cause, figure and remedy, in one to three sentences.
    pub text: String,
    /// Whom it concerns; `None`: all contenders.
    pub contender: Option<String>,
    /// Where; `None`: at all load points.
    pub load_point: Option<String>,
    /// Metrics it touches: a name, a prefix that ends with a dot, or an empty text for all.
    pub metrics: Vec<&'static str>,
}

/// How grave a doubt is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    /// To be known.
    Note,
    /// The numbers must not be relied on.
    Untrusted,
}

impl Grade {
    /// As reports have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Untrusted => "untrusted",
        }
    }
}

impl Doubt {
    /// Whether it touches a metric.
    pub fn touches(&self, metric: &str) -> bool {
        self.metrics.iter().any(|touched| touched.is_empty() || *touched == metric || (touched.ends_with('.') && metric.starts_with(touched)))
    }

    /// Whether it concerns a contender at a load point.
    pub fn concerns(&self, contender: &str, load_point: &str) -> bool {
        self.contender.as_deref().is_none_or(|name| name == contender) && self.load_point.as_deref().is_none_or(|point| point == load_point)
    }
}

const EVERYTHING: &str = "";
const TIMES: [&str; 2] = ["latency.", "scenario_latency."];

/// All doubts of a recording: the gravest first, and within a grade first what concerns all.
pub fn doubts(recording: &Recording, cells: &[Cell<'_>]) -> Vec<Doubt> {
    let mut all = of_recording(recording, cells);
    let single: Vec<Doubt> = cells.iter().flat_map(|cell| of_cell(recording, cell)).collect();
    // The same words in many cells are a property of the run, of a load point or of a contender: said once.
    let all_of = |contender: Option<&str>, point: Option<&str>| {
        cells.iter().filter(|cell| contender.is_none_or(|name| name == cell.contender.name) && point.is_none_or(|place| place == cell.load_point)).count()
    };
    let said = |doubt: &Doubt, contender: Option<&str>, point: Option<&str>| {
        single
            .iter()
            .filter(|other| {
                same(doubt, other) && contender.is_none_or(|_| other.contender == doubt.contender) && point.is_none_or(|_| other.load_point == doubt.load_point)
            })
            .count()
    };
    for doubt in &single {
        let (contender, point) = (doubt.contender.as_deref(), doubt.load_point.as_deref());
        let wider = [(None, None), (None, point), (contender, None)];
        let widest = wider.into_iter().find(|(contender, point)| {
            let concerned = all_of(*contender, *point);
            concerned > 1 && said(doubt, *contender, *point) == concerned
        });
        let (contender, point) = widest.unwrap_or((contender, point));
        let doubt = Doubt { contender: contender.map(str::to_owned), load_point: point.map(str::to_owned), ..doubt.clone() };
        if !all.contains(&doubt) {
            all.push(doubt);
        }
    }
    all.sort_by_key(|doubt| (std::cmp::Reverse(doubt.grade), doubt.contender.is_some() || doubt.load_point.is_some()));
    all
}

fn same(one: &Doubt, other: &Doubt) -> bool {
    (one.grade, one.cause, &one.text, &one.metrics) == (other.grade, other.cause, &other.text, &other.metrics)
}

fn general(grade: Grade, cause: &'static str, metrics: &[&'static str], text: String) -> Doubt {
    Doubt { grade, cause, text, contender: None, load_point: None, metrics: metrics.to_vec() }
}

fn of_recording(recording: &Recording, cells: &[Cell<'_>]) -> Vec<Doubt> {
    let mut doubts = Vec::new();
    if cells.is_empty() {
        let text = "No trial was measured to its end. Run the scenario again, and let it finish.".to_owned();
        doubts.push(general(Grade::Untrusted, "nothing-measured", &[EVERYTHING], text));
        return doubts;
    }
    let complete = recording.trials.iter().filter(|trial| trial.complete).count();
    if complete < recording.trials_planned || recording.state != State::Complete {
        let why = match &recording.state {
            State::Running => "the run had not ended when this was saved".to_owned(),
            State::Interrupted => "the run was interrupted".to_owned(),
            State::Failed(why) => format!("the run failed: {why}"),
            State::Complete => "some were not measured to their end".to_owned(),
        };
        let text = format!("{complete} of {} planned trials count: {why}. Comparisons may rest on fewer repeats.", recording.trials_planned);
        doubts.push(general(Grade::Note, "incomplete", &[EVERYTHING], text));
    }
    // Settings of a contender leave the trace alone; everything else that is swept may change it.
    let workload = |trial: &Trial| trial.load_point.split(';').filter(|value| !value.starts_with("contender.")).collect::<Vec<_>>().join(";");
    let mut traces: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for trial in recording.trials.iter().filter(|trial| trial.complete) {
        traces.entry(workload(trial)).or_default().insert(&trial.trace_sha256);
    }
    for (point, _) in traces.into_iter().filter(|(_, hashes)| hashes.len() > 1) {
        let place = if point.is_empty() { String::new() } else { format!(" at {point}") };
        let text = format!("The contenders were not sent the same updates{place}: their traces differ. Run them together, from one scenario and seed.");
        doubts.push(general(Grade::Untrusted, "trace", &[EVERYTHING], text));
    }
    if recording.scenario.compression > 1.0 {
        let text = format!(
            "Time was compressed by {}. CPU is that of the fast replay, not of the slow day: a lone request costs several times as much (4 to 8 times was measured). \
             Compare contenders with it; do not multiply it up.",
            significant(recording.scenario.compression, 6)
        );
        doubts.push(general(Grade::Note, "compression", &["cpu."], text));
    }
    if cells.iter().any(|cell| cell.metrics.contains_key("cpu.server.per_1000_updates")) {
        let text = "On loopback the kernel bills the receiver's TCP work to the sender: the sum of all sides is sound, the split between them is biased. \
                    Decide by cpu.total."
            .to_owned();
        let split = [
            "cpu.server.per_1000_updates",
            "cpu.subscriber.per_1000_updates",
            "cpu.publisher.per_1000_updates",
            "cpu.server.setup",
            "cpu.subscriber.setup",
            "cpu.publisher.setup",
        ];
        doubts.push(general(Grade::Note, "loopback-split", &split, text));
    }
    doubts
}

fn of_cell(recording: &Recording, cell: &Cell<'_>) -> Vec<Doubt> {
    let mut found = Found { cell, doubts: Vec::new() };
    if cell.trials.len() < REPEATS_FOR_AN_INTERVAL {
        found.note("one-repeat", &[EVERYTHING], "One repeat: the noise is unknown. Set repeats = 2 or more.".to_owned());
    }
    if cell.value("delivered") == Some(0.0) {
        let text = match cell.value("expected") {
            Some(0.0) => "No update was due in the window: there is nothing to deliver. Lengthen the span or raise the update rate.",
            _ => "Nothing was delivered: every figure per update is empty. Look at failed requests and checks first.",
        };
        found.untrusted("nothing-delivered", &[EVERYTHING], text.to_owned());
    }
    correctness(recording, &mut found);
    lateness(&mut found);
    warm_up(&mut found);
    cores(&mut found);
    samples(&mut found);
    found.doubts
}

/// What has been found of one cell.
struct Found<'f> {
    cell: &'f Cell<'f>,
    doubts: Vec<Doubt>,
}

impl Found<'_> {
    fn note(&mut self, cause: &'static str, metrics: &[&'static str], text: String) {
        self.push(Grade::Note, cause, metrics, text);
    }

    fn untrusted(&mut self, cause: &'static str, metrics: &[&'static str], text: String) {
        self.push(Grade::Untrusted, cause, metrics, text);
    }

    fn push(&mut self, grade: Grade, cause: &'static str, metrics: &[&'static str], text: String) {
        let (contender, load_point) = (Some(self.cell.contender.name.clone()), Some(self.cell.load_point.to_owned()));
        self.doubts.push(Doubt { grade, cause, text, contender, load_point, metrics: metrics.to_vec() });
    }

    /// A counter, all repeats together.
    fn sum(&self, of: fn(&Trial) -> u64) -> u64 {
        self.cell.trials.iter().map(|trial| of(trial)).sum()
    }
}

fn correctness(recording: &Recording, found: &mut Found<'_>) {
    let events = recording.scenario.semantics == "events";
    let strict = events || found.cell.contender.direction == Direction::Push;
    let expected = show(found.sum(|trial| trial.deliveries.expected));
    let lost = found.sum(|trial| trial.deliveries.lost);
    if lost > 0 {
        let remedy = if strict {
            "Look for errors of the server or a drain that is too short"
        } else {
            "When state is polled only a fault or a drain that is too short loses updates"
        };
        let text = format!("{} of {expected} expected deliveries were lost. {remedy}; latency.expected counts them as infinite.", show(lost));
        found.untrusted("lost", &[EVERYTHING], text);
    }
    let coalesced = found.sum(|trial| trial.deliveries.coalesced);
    if events && coalesced > 0 {
        let text = format!("{} of {expected} expected deliveries were skipped for a later version; the scenario says that each event counts.", show(coalesced));
        found.note("coalesced", &["coalesced", "reach", "delivered"], text);
    }
    let (duplicated, reordered) = (found.sum(|trial| trial.deliveries.duplicated), found.sum(|trial| trial.deliveries.reordered));
    if strict && duplicated > 0 {
        found.note("duplicated", &["duplicated", "waste.ratio"], format!("{} deliveries came twice, unasked, of {expected} expected.", show(duplicated)));
    }
    if strict && reordered > 0 {
        found.note(
            "reordered",
            &["reordered", "coalesced", "reach"],
            format!("{} deliveries came after a later version, of {expected} expected.", show(reordered)),
        );
    }
    let corrupt = found.sum(|trial| trial.deliveries.corrupt);
    if corrupt > 0 {
        let text = format!(
            "{} payloads were such as nobody can have sent: unknown topic, version or stamp. Client and server disagree about the protocol.",
            show(corrupt)
        );
        found.untrusted("corrupt", &[EVERYTHING], text);
    }
    let mut failed = found.cell.trials.iter().flat_map(|trial| trial.checks.iter().filter(|check| !check.holds).map(move |check| (trial.repeat, check)));
    if let Some((repeat, check)) = failed.next() {
        let more = failed.count();
        let others = if more > 0 { format!(" ({more} more such)") } else { String::new() };
        let text = format!(
            "The books do not balance in repeat {repeat}: {}: {} counted {}, {} counted {}{others}. One of the two counts is wrong.",
            check.what,
            check.left.0,
            show(check.left.1),
            check.right.0,
            show(check.right.1)
        );
        found.untrusted("check", &[EVERYTHING], text);
    }
    let failed = found.sum(|trial| trial.failed_requests);
    if failed > 0 {
        let text =
            format!("{} requests got no response in time, or none at all. Raise the timeout or lower the load if that is not what you look for.", show(failed));
        found.note("failed-requests", &["requests.", "latency.", "scenario_latency.", "service.", "response.", "waste.ratio"], text);
    }
    for trial in &found.cell.trials {
        let (sent, planned) = (trial.subscriber_traffic.window.requests, trial.requests_planned);
        if (sent as f64) < REQUESTS_SENT * planned as f64 {
            let text = format!(
                "Only {} of {} planned requests were sent in repeat {}: the load was not the scenario's. Lower the load or add processes.",
                show(sent),
                show(planned),
                trial.repeat
            );
            found.untrusted("requests-unsent", &[EVERYTHING], text);
            break;
        }
    }
    if found.cell.trials.iter().any(|trial| trial.published < trial.updates) {
        let (published, updates) = (found.sum(|trial| trial.published), found.sum(|trial| trial.updates));
        let text =
            format!("Only {} of {} updates were published. Look for errors of the server or give publishers more connections.", show(published), show(updates));
        found.untrusted("unpublished", &[EVERYTHING], text);
    }
}

fn lateness(found: &mut Found<'_>) {
    let cell = found.cell;
    let against = |lag: &str, latency: &str| Some((cell.value(lag)?, cell.value(latency)?));
    if let Some((lag, latency)) = against("lag.p99", "latency.p50") {
        let text = format!(
            "Requests left up to {} late (p99 of lag; median latency {}): the harness's delay is in the latencies. Lower the load, add processes or cores.",
            show_seconds(lag),
            show_seconds(latency)
        );
        let metrics = [TIMES[0], TIMES[1], "response."];
        if lag > LAG_UNTRUSTED * latency && lag > LAG_UNTRUSTED_FLOOR {
            found.untrusted("lag", &metrics, text);
        } else if lag > LAG_NOTE * latency && lag > LAG_NOTE_FLOOR {
            found.note("lag", &metrics, text);
        }
    }
    // Beside the wait for a poll a lag of milliseconds is nothing; beside what server and network take, it may be all.
    if let Some((lag, transit)) = against("lag.p99", "latency.transit.p99")
        && lag > LAG_IN_TRANSIT * transit
        && lag > LAG_NOTE_FLOOR
    {
        let text = format!(
            "Requests left up to {} late (p99 of lag), and transit is {} (p99): much of the transit is the harness's delay, not the server's. Lower the load, add processes or cores.",
            show_seconds(lag),
            show_seconds(transit)
        );
        found.note("transit-lag", &["latency.transit.", "response."], text);
    }
    if let Some((lag, latency)) = against("publish_lag.p99", "latency.p99") {
        let text = format!(
            "Updates were handed over up to {} late (p99 of publish_lag; p99 of latency {}): part of the latencies is the publisher's. Lower the update rate or add connections.",
            show_seconds(lag),
            show_seconds(latency)
        );
        if lag > PUBLISH_LAG_UNTRUSTED * latency && lag > LAG_UNTRUSTED_FLOOR {
            found.untrusted("publish-lag", &TIMES, text);
        } else if lag > PUBLISH_LAG_NOTE * latency && lag > LAG_NOTE_FLOOR {
            found.note("publish-lag", &TIMES, text);
        }
    }
}

/// The first poll of a topic after a long silence finds more than a steady one: a warm-up shorter than the interval leaves
/// some topics without a poll before the window.
fn warm_up(found: &mut Found<'_>) {
    let workload = found.cell.workload;
    if let Some(interval) = workload.interval.filter(|interval| *interval > workload.warm_up) {
        let text = format!(
            "The warm-up ({}) is shorter than the poll interval ({}): the first round of polls finds less news than a steady one. Set warm_up to one interval at least.",
            show_seconds(workload.warm_up),
            show_seconds(interval)
        );
        found.note("short-warm-up", &["waste.", "responses.", "bytes."], text);
    }
}

fn cores(found: &mut Found<'_>) {
    let busiest = found.cell.trials.iter().filter_map(|trial| busiest_generator(trial)).max_by(|one, other| one.1.total_cmp(&other.1));
    if let Some((side, share)) = busiest.filter(|(_, share)| *share > GENERATOR_BUSY) {
        let text = format!(
            "The core of the {} process was {} % busy: the generator is the bottleneck, not the server. Lower the load, or add processes and cores.",
            side.role.name(),
            significant(share * 100.0, 3)
        );
        found.untrusted("generator-busy", &[EVERYTHING], text);
    }
    let sharing = found.cell.trials.iter().find_map(|trial| {
        let clients = trial.sides.iter().filter(|side| side.role != Role::Server);
        let core = |side: &SideRecord, other: &SideRecord| side.cores.iter().copied().find(|core| other.cores.contains(core));
        let servers = || trial.sides.iter().filter(|side| side.role == Role::Server);
        let with_server = clients.clone().find_map(|client| servers().find_map(|server| core(client, server)).map(|at| ("server", client.role, at)));
        with_server.or_else(|| {
            let publisher = clients.clone().find(|side| side.role == Role::Publisher)?;
            let subscriber = clients.clone().find(|side| side.role == Role::Subscriber)?;
            core(publisher, subscriber).map(|at| ("publisher", Role::Subscriber, at))
        })
    });
    if let Some((one, other, core)) = sharing {
        let text = format!(
            "The {one} and {} processes share core {core}: they take time from each other, and latencies contain that. A machine with more cores keeps them apart.",
            other.name()
        );
        found.note("shared-cores", &["latency.", "scenario_latency.", "cpu.", "lag.", "publish_lag.", "service.", "response."], text);
    }
}

/// The generator whose core is busiest in the window, and that core's load; a side is one thread.
fn busiest_generator(trial: &Trial) -> Option<(&SideRecord, f64)> {
    let load = |side: &SideRecord| side.cpu.as_ref().map_or(0.0, |cpu| cpu.window.total());
    let on_core = |side: &SideRecord| match side.cores.as_slice() {
        [_] => trial.sides.iter().filter(|other| other.cores == side.cores).map(load).sum(),
        _ => load(side),
    };
    let generators = trial.sides.iter().filter(|side| side.role != Role::Server);
    (trial.workload.window > 0.0)
        .then(|| generators.map(|side| (side, on_core(side) / trial.workload.window)).max_by(|one, other| one.1.total_cmp(&other.1)))?
}

fn samples(found: &mut Found<'_>) {
    let mut short: Vec<&'static str> = Vec::new();
    let mut told: Vec<String> = Vec::new();
    for (quantile, name) in [(0.99, "p99"), (0.999, "p99.9")] {
        let needed = samples_needed(quantile);
        let mut counts: Vec<(&str, u64)> = Vec::new();
        for metric in METRICS.iter().filter(|metric| found.cell.value(metric.name).is_some()) {
            let (count, asked) = match metric.kind {
                Kind::Time { of, statistic: Statistic::Quantile(asked), .. } => (of(&found.cell.times).count(), asked),
                Kind::Expected(asked) => (found.cell.times.latency.count() + found.sum(|trial| trial.deliveries.lost), asked),
                Kind::Time { .. } | Kind::Figure(_) => continue,
            };
            // Of time_to_current there is one sample for each subscriber, and all of them: more of the run brings no more.
            if asked != quantile || count >= needed || metric.name.starts_with("time_to_current.") {
                continue;
            }
            short.push(metric.name);
            // The parts and the stretched form of latency have its samples: they are not recited.
            let family = metric.name.split('.').next().unwrap_or(metric.name).trim_start_matches("scenario_");
            if !counts.contains(&(family, count)) {
                counts.push((family, count));
            }
        }
        if !counts.is_empty() {
            let each: Vec<String> = counts.iter().map(|(family, count)| format!("{family} has {}", show(*count))).collect();
            told.push(format!("a {name} needs {}, {}", show(needed), each.join(", ")));
        }
    }
    if !short.is_empty() {
        found.note("samples", &short, format!("Too few samples: {}. Lengthen the span or add repeats.", told.join("; ")));
    }
    clipped(found);
}

fn clipped(found: &mut Found<'_>) {
    let times = &found.cell.times;
    let clipped: u64 =
        [&times.latency, &times.scenario_latency, &times.wait, &times.transit, &times.lag, &times.response].iter().map(|times| times.clipped()).sum();
    if clipped > 0 {
        let text = format!("{} times were longer than 31 days and were recorded as 31 days: means and largest values are too small.", show(clipped));
        found.note("clipped", &["latency.", "scenario_latency.", "lag.", "response."], text);
    }
}

fn show(count: u64) -> String {
    show_count(i64::try_from(count).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests;
