//! The conditions of a run, for the foot of every report: a number without them means nothing.

use crate::measure::recording::{Direction, Recording, Role, State, Trial};
use crate::summary::Summary;
use crate::summary::metrics::Unit;
use crate::units::{show_bytes, show_count, show_seconds, significant};

/// (what, how it was) for people, in reading order.
pub fn conditions(summary: &Summary<'_>) -> Vec<(&'static str, String)> {
    let recording = summary.recording;
    let scenario = &recording.scenario;
    let mut all = vec![("Scenario", scenario.name.clone())];
    if let Some(source) = &scenario.source {
        all.push(("Source of the workload", source.clone()));
    }
    let shown = summary.shown();
    if let Some(cell) = summary.at(shown).next() {
        let load = cell.workload;
        let several = if summary.load_points().len() > 1 { ", at the load point that is shown" } else { "" };
        let of = |count: u64, one: &str, many: &str| format!("{} {}", whole(count), if count == 1 { one } else { many });
        all.push((
            "Workload",
            format!(
                "{}, {}: {} ({} active), {}, {}, {} in the window, payload {}{several}",
                scenario.topology,
                scenario.semantics,
                of(load.topics, "topic", "topics"),
                whole(load.active_topics),
                of(load.subscribers, "subscriber", "subscribers"),
                of(load.subscriptions, "subscription", "subscriptions"),
                of(cell.trials.first().map_or(0, |trial| trial.updates), "update", "updates"),
                show_bytes(load.payload as f64)
            ),
        ));
        all.push(("Window", format!("{} after {} of warm-up{}", show_seconds(load.window), show_seconds(load.warm_up), span(recording, load.window))));
        if !shown.is_empty() {
            all.push(("Shown", format!("{shown}, wherever one load point stands for all: in charts, and on the page when it opens")));
        }
        all.push(("Trace", format!("seed {}, SHA-256 {}", scenario.seed, cell.trials.first().map_or("", |trial| &trial.trace_sha256))));
    }
    if let Some(models) = poll_models(recording) {
        all.push(("Polls", models));
    }
    let repeats = summary.cells.iter().map(|cell| cell.trials.len());
    let (fewest, most) = (repeats.clone().min().unwrap_or(0), repeats.max().unwrap_or(0));
    let repeats = if fewest == most { most.to_string() } else { format!("{fewest} to {most}") };
    let complete = recording.completed();
    let state = match &recording.state {
        State::Running => "not ended when saved",
        State::Complete => "complete",
        State::Interrupted => "interrupted",
        State::Failed(_) => "failed",
    };
    all.push(("Run", format!("{state}, {complete} of {} trials, repeats: {repeats}, started {}", recording.trials_planned, recording.started)));
    all.push(("Machine", machine(recording)));
    if let Some(trial) = recording.trials.iter().find(|trial| trial.complete) {
        all.push(("Cores", cores(trial)));
        if let Some(network) = network(trial) {
            all.push(("Network", network));
        }
    }
    if let Some(null) = null(summary) {
        all.push(("Harness", null));
    }
    all.push(("Tool", format!("pushbench {}, recording {}", recording.tool_version, recording.id)));
    all
}

/// Who of the pollers asks by a plan that does not wait for answers, and who waits: `open (by a plan): poll-5s; closed (500ms after each answer): poll-1s`.
fn poll_models(recording: &Recording) -> Option<String> {
    let mut models: Vec<(String, Vec<&str>)> = Vec::new();
    for contender in recording.contenders.iter().filter(|contender| contender.direction == Direction::Pull) {
        let setting = |key: &str| contender.settings.get(key).map(String::as_str);
        let model = match setting("model") {
            None if setting("hold").is_some() => "held (each request waits at the server for news)".to_owned(),
            None | Some("open") => "open (by a plan that does not wait for answers)".to_owned(),
            Some(closed) => setting("pause").map_or_else(|| closed.to_owned(), |pause| format!("{closed} ({pause} after each answer, scenario time)")),
        };
        match models.iter_mut().find(|(known, _)| *known == model) {
            Some((_, names)) => names.push(&contender.name),
            None => models.push((model, vec![&contender.name])),
        }
    }
    let shown: Vec<String> = models.into_iter().map(|(model, names)| format!("{model}: {}", names.join(", "))).collect();
    (!shown.is_empty()).then(|| shown.join("; "))
}

/// What the harness itself costs, and how well that is known.
fn null(summary: &Summary<'_>) -> Option<String> {
    let null = summary.cells.iter().find_map(|cell| cell.metrics.get("cpu.null.total"))?;
    let repeats = null.repeats.iter().filter_map(|(_, value)| *value);
    let (low, high) = (repeats.clone().fold(f64::INFINITY, f64::min), repeats.fold(f64::NEG_INFINITY, f64::max));
    let show = |value: f64| Unit::Cores.show(value);
    let spread = if null.repeats.len() > 1 { format!(" ({} to {} over {} null trials)", show(low), show(high), null.repeats.len()) } else { String::new() };
    Some(format!("{}{spread} of CPU without a contender: subtracted from CPU per 1,000 updates", show(null.value?)))
}

/// All on one line, for the foot of a table.
pub fn short(summary: &Summary<'_>) -> String {
    let recording = summary.recording;
    let machine = &recording.machine;
    let window = summary
        .cells
        .first()
        .map_or_else(String::new, |cell| format!("{} window{}, ", show_seconds(cell.workload.window), span(recording, cell.workload.window)));
    format!(
        "{window}{}, {} cores, Linux {}; pushbench {}, recording {}",
        machine.cpu_model, machine.cores, machine.kernel, recording.tool_version, recording.id
    )
}

fn span(recording: &Recording, window: f64) -> String {
    let compression = recording.scenario.compression;
    if compression > 1.0 {
        format!(" ({} of scenario time, compressed {} times)", show_seconds(window * compression), significant(compression, 6))
    } else {
        String::new()
    }
}

fn machine(recording: &Recording) -> String {
    let machine = &recording.machine;
    let limit = machine.memory_limit.map_or_else(String::new, |limit| format!(" (limited to {})", show_bytes(limit as f64)));
    format!(
        "{}, {} cores, {} memory{limit}, Linux {}, {} descriptors, congestion control {}, clock {}",
        machine.cpu_model,
        machine.cores,
        show_bytes(machine.memory as f64),
        machine.kernel,
        whole(machine.descriptors),
        machine.congestion_control,
        machine.clock_source
    )
}

fn cores(trial: &Trial) -> String {
    let of = |role: Role| {
        let sides: Vec<String> = trial
            .sides
            .iter()
            .filter(|side| side.role == role)
            .map(|side| side.cores.iter().map(usize::to_string).collect::<Vec<_>>().join("+"))
            .map(|cores| if cores.is_empty() { "any".to_owned() } else { cores })
            .collect();
        (!sides.is_empty()).then(|| format!("{} on {}", role.name(), sides.join(", ")))
    };
    [Role::Server, Role::Publisher, Role::Subscriber].into_iter().filter_map(of).collect::<Vec<_>>().join("; ")
}

/// Which side was in which network namespace, and where the server listened; nothing where all was on loopback.
fn network(trial: &Trial) -> Option<String> {
    trial.sides.iter().find(|side| side.namespace.is_some())?;
    let address = trial.server_address.as_deref().unwrap_or("unknown");
    let sides = trial.sides.iter().map(|side| match &side.namespace {
        Some(namespace) => format!("{} {} in network namespace {namespace}", side.role.name(), side.index),
        None => format!("{} {} in that of the harness", side.role.name(), side.index),
    });
    Some(format!("server at {address}; {}", sides.collect::<Vec<_>>().join(", ")))
}

fn whole(count: u64) -> String {
    show_count(i64::try_from(count).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::summary::fixture::made_up;

    #[test]
    fn the_poll_model_of_each_poller_is_named() {
        let mut recording = made_up().scale(0.02).build();
        recording.contenders[1].settings.extend([("model".to_owned(), "closed".to_owned()), ("pause".to_owned(), "500ms".to_owned())]);
        recording.contenders[2].settings.insert("model".to_owned(), "open".to_owned());
        let expected = "open (by a plan that does not wait for answers): poll-5s, conditional-5s; closed (500ms after each answer, scenario time): poll-1s";
        assert_eq!(poll_models(&recording).unwrap(), expected);
        let mut held = recording.clone();
        held.contenders[0].settings.insert("hold".to_owned(), "30s".to_owned());
        assert!(poll_models(&held).unwrap().starts_with("held (each request waits at the server for news): poll-5s; "));
        assert!(conditions(&Summary::new(&recording)).contains(&("Polls", expected.to_owned())));
        recording.contenders.retain(|contender| contender.direction == Direction::Push);
        assert_eq!(poll_models(&recording), None);
    }
}
