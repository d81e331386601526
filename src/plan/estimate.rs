//! What a trial will take, send and hold.

use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;

use super::{Plan, PlanError, PlannedTrial};
use crate::contender::{Forecast, Load, Protocol};
use crate::measure::recording::TrialKind;
use crate::scenario::{LoadPoint, Registry, Scenario};
use crate::trace::{Subscriptions, Trace};

/// Starting the processes of a trial, connecting, probing and stopping them again, in measured time.
const SETUP: Duration = Duration::from_millis(800);
/// Set-up messages per second that small machines get done: a guess for the duration shown, nothing else hangs on it.
const SETUP_MESSAGES_PER_SECOND: f64 = 25_000.0;
/// What a process of ours holds before it holds any of the trial, in bytes.
const PROCESS_MEMORY: u64 = 24 << 20;
/// Bytes of an update in a trace.
const UPDATE_MEMORY: u64 = size_of::<crate::trace::Update>() as u64;

/// What there is to do at a load point, whoever does it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Totals {
    /// Updates of the window.
    pub updates: u64,
    /// Updates of the warm-up.
    pub warm_up_updates: u64,
    /// Updates of the window times their subscribers.
    pub deliveries: u64,
    /// (subscriber, topic) pairs.
    pub subscriptions: u64,
}

/// What a trial will take, send and hold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// What there is to do.
    pub totals: Totals,
    /// Connecting, subscribing and stopping, measured time: a guess.
    pub setup: Duration,
    /// Measured time.
    pub warm_up: Duration,
    /// Measured time.
    pub window: Duration,
    /// One poll interval and the timeout, measured time.
    pub drain: Duration,
    /// What the contender says.
    pub forecast: Forecast,
    /// Descriptors of the server's process.
    pub server_descriptors: u64,
    /// Descriptors of the subscribers' process that holds most.
    pub subscriber_descriptors: u64,
    /// Connections to the server that all sides hold at once.
    pub connections: u64,
    /// Connections opened per second of measured time, beyond those that are held.
    pub connections_per_second: f64,
    /// Memory of all processes together in bytes, a rough upper bound.
    pub memory: u64,
}

impl Estimate {
    /// From the first process started to the last one stopped, measured time.
    pub fn duration(&self) -> Duration {
        self.setup + self.warm_up + self.window + self.drain
    }
}

/// Estimates every trial of a plan, in its order. The updates of every load point are drawn (or read) for it, so counts are exact.
///
/// # Errors
/// A file of updates cannot be used.
pub fn estimate(scenario: &Scenario, plan: &Plan, registry: Registry) -> Result<Vec<Estimate>, PlanError> {
    let mut totals: HashMap<LoadPoint, Totals> = HashMap::new();
    let mut known: HashMap<(TrialKind, usize, &LoadPoint), Estimate> = HashMap::new();
    let mut estimates = Vec::with_capacity(plan.trials.len());
    for trial in &plan.trials {
        let key = (trial.kind, trial.contender, &trial.load_point);
        if let Some(estimate) = known.get(&key) {
            estimates.push(*estimate);
            continue;
        }
        let there = scenario.at(&trial.load_point, registry)?;
        let common = LoadPoint(trial.load_point.0.iter().filter(|(path, _)| !path.starts_with("contender.")).cloned().collect());
        let totals = match totals.get(&common) {
            Some(totals) => *totals,
            None => *totals.entry(common).or_insert(count(&there)?),
        };
        let estimate = if trial.kind == TrialKind::Measured { one(&there, trial.contender, totals)? } else { baseline(there, trial, totals)? };
        known.insert(key, estimate);
        estimates.push(estimate);
    }
    Ok(estimates)
}

fn count(scenario: &Scenario) -> Result<Totals, PlanError> {
    let subscriptions = Subscriptions::new(scenario);
    let trace = Trace::new(scenario)?;
    Ok(Totals {
        updates: trace.window().len() as u64,
        warm_up_updates: trace.warm_up().len() as u64,
        deliveries: trace.expected(&subscriptions),
        subscriptions: subscriptions.count(),
    })
}

/// A baseline: no updates; in a null trial, nobody who sends or holds anything either.
fn baseline(scenario: Scenario, trial: &PlannedTrial, totals: Totals) -> Result<Estimate, PlanError> {
    let interval = protocol(&scenario, trial.contender)?.interval();
    let there = super::baseline::scenario(trial.kind, scenario, interval);
    let quiet = one(&there, trial.contender, Totals { updates: 0, warm_up_updates: 0, deliveries: 0, ..totals })?;
    let drain = there.workload.compress(there.workload.timeout);
    if trial.kind == TrialKind::Idle {
        return Ok(Estimate { drain, ..quiet });
    }
    let processes = 1 + u64::from(there.subscribers.processes) + u64::from(there.publishers.processes);
    let nothing = Estimate { server_descriptors: 0, subscriber_descriptors: 0, connections: 0, connections_per_second: 0.0, ..quiet };
    Ok(Estimate { setup: SETUP, drain, forecast: Forecast::default(), memory: processes * PROCESS_MEMORY, ..nothing })
}

fn protocol(scenario: &Scenario, contender: usize) -> Result<Rc<dyn Protocol>, PlanError> {
    let Some(entry) = scenario.contenders.get(contender) else {
        return Err(PlanError::UnknownContender { name: contender.to_string(), known: String::new() });
    };
    entry.contender.protocol(&entry.values).map_err(|error| PlanError::Settings { name: entry.name.clone(), why: error.to_string() })
}

fn one(scenario: &Scenario, contender: usize, totals: Totals) -> Result<Estimate, PlanError> {
    let workload = &scenario.workload;
    let (subscribers, publishers) = (scenario.subscribers, scenario.publishers);
    let protocol = protocol(scenario, contender)?;
    let load = Load {
        subscribers: u64::from(subscribers.count),
        connections: u64::from(subscribers.connections),
        publishers: u64::from(publishers.processes),
        publisher_connections: u64::from(publishers.connections),
        subscriptions: totals.subscriptions,
        topics: u64::from(workload.topics),
        updates: totals.updates,
        deliveries: totals.deliveries,
        span: workload.span,
        payload: workload.payload,
    };
    let forecast = protocol.forecast(&load);
    let window = workload.compress(workload.span);
    let processes = if protocol.in_memory() { 1 } else { 1 + u64::from(subscribers.processes) + u64::from(publishers.processes) };
    // The agreed word of the pull family for a connection that lives as long as its request.
    let per_poll = scenario.contenders[contender].values.text("connection") == "per-poll";
    let publisher_connections = if protocol.in_memory() { 0 } else { load.publishers * load.publisher_connections };
    Ok(Estimate {
        totals,
        setup: SETUP + Duration::from_secs_f64(forecast.setup_messages as f64 / SETUP_MESSAGES_PER_SECOND),
        warm_up: workload.compress(workload.warm_up),
        window,
        drain: workload.compress(protocol.interval().unwrap_or_default() + workload.timeout),
        forecast,
        server_descriptors: forecast.server_descriptors,
        subscriber_descriptors: forecast.subscriber_descriptors.div_ceil(u64::from(subscribers.processes)),
        connections: forecast.subscriber_descriptors + publisher_connections,
        connections_per_second: if per_poll { forecast.requests as f64 / window.as_secs_f64() } else { 0.0 },
        memory: forecast.memory + processes * (PROCESS_MEMORY + (totals.updates + totals.warm_up_updates) * UPDATE_MEMORY),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::testing::{REGISTRY, without_baseline};

    #[test]
    fn durations_are_measured_time_and_counts_are_of_the_trace() {
        let pull = "[[contender]]\nuse = \"fake-pull\"\nname = \"pull\"\ninterval = \"5m\"\nconnection = \"per-poll\"\n";
        let scenario = without_baseline(&format!("{pull}[subscribers]\nconnections = 4")).unwrap();
        let plan = Plan::new(&scenario, None, None).unwrap();
        let estimates = estimate(&scenario, &plan, REGISTRY).unwrap();
        assert_eq!(estimates.len(), 4);
        assert_eq!(estimates[1], estimates[2], "the same contender in both repeats");
        let (push, pull) = (estimates[0], estimates[1]);
        let updates = Trace::new(&scenario).unwrap().window().len() as u64;
        assert_eq!(push.totals, Totals { updates, deliveries: updates, subscriptions: 10, ..push.totals });
        // An hour at compression 60 with a tenth of warm-up; 5 minutes and 2 s × 60 of drain.
        assert_eq!((pull.warm_up, pull.window, pull.drain), (Duration::from_secs(6), Duration::from_secs(60), Duration::from_secs(7)));
        assert_eq!(push.drain, Duration::from_secs(2));
        assert!(pull.duration() > Duration::from_secs(73));
        // Ten topics every five minutes of an hour.
        assert_eq!((pull.forecast.requests, pull.connections_per_second), (120, 2.0));
        assert_eq!((push.connections, push.server_descriptors, push.subscriber_descriptors), (12, 12, 4));
        assert!(push.memory > 3 * PROCESS_MEMORY);
    }

    #[test]
    fn every_load_point_has_its_own() {
        let scenario = without_baseline("[sweep]\n\"workload.topics\" = [10, 1000]").unwrap();
        let plan = Plan::new(&scenario, None, None).unwrap();
        let subscriptions: Vec<u64> = estimate(&scenario, &plan, REGISTRY).unwrap().iter().map(|estimate| estimate.totals.subscriptions).collect();
        assert_eq!(subscriptions, [10, 1000, 1000, 10]);
    }
}
