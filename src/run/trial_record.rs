//! What the sides of a trial reported → its record, with the comparisons that must hold.

use super::message::SideReport;
use super::trial::Order;
use crate::measure::clock::Instant;
use crate::measure::recording::{Check, Phases, Role, Second, SideRecord, Trial, TrialKind, WorkloadRecord};
use crate::measure::traffic::Traffic;
use crate::scenario::Arrivals;
use crate::trace::{Subscriptions, Trace};

/// A side, where it ran, and its report.
pub struct Reported {
    /// What it is for.
    pub role: Role,
    /// Which of its kind, from 0.
    pub index: u32,
    /// Cores it was pinned to.
    pub cores: Vec<usize>,
    /// Its network namespace, where it is not the harness's own.
    pub namespace: Option<String>,
    /// All that it has measured.
    pub report: SideReport,
}

/// Puts a trial together; `expected` is the number of deliveries by trace and subscriptions.
pub fn compile(order: &Order<'_>, trace: &Trace, expected: u64, started: String, complete: bool, sides: Vec<Reported>, timeline: Vec<Second>) -> Trial {
    let mut merged = SideReport::default();
    let mut server = None;
    for Reported { role, report, .. } in &sides {
        match role {
            Role::Server => server = Some(report.clone()),
            Role::Publisher | Role::Subscriber => merged.merge(report),
        }
    }
    let mut trial = Trial {
        kind: order.kind,
        contender: order
            .scenario
            .contenders
            .get(order.contender)
            .filter(|_| order.kind != TrialKind::Null)
            .map_or_else(String::new, |entry| entry.name.clone()),
        load_point: order.load_point.to_string(),
        repeat: order.repeat,
        started,
        complete,
        workload: workload(order, trace),
        trace_sha256: trace.sha256.clone(),
        sides: sides
            .into_iter()
            .map(|Reported { role, index, cores, namespace, report }| SideRecord {
                role,
                index,
                cores,
                namespace,
                cpu: report.cpu,
                memory_peak: report.memory_peak,
                memory: report.memory,
                major_faults: report.major_faults,
                swapped: report.swapped,
                beat_lag: Some(report.beat_lag),
                edge_lag: Some(report.edge_lag),
            })
            .collect(),
        deliveries: merged.deliveries,
        subscriber_traffic: merged.subscriber_traffic,
        publisher_traffic: merged.publisher_traffic,
        subscriber_traffic_by_server: server.as_ref().map(|server| server.subscriber_traffic.clone()),
        publisher_traffic_by_server: server.as_ref().map(|server| server.publisher_traffic.clone()),
        witness_traffic: server.as_ref().map_or_else(Phases::default, |server| server.witness_traffic.clone()),
        exchanges: merged.exchanges,
        wasted: merged.wasted,
        failed_requests: merged.failed_requests,
        requests_planned: merged.requests_planned,
        published: merged.published,
        updates: trace.window().len() as u64,
        connections_held: server.as_ref().map_or(0, |server| server.connections_held),
        times: merged.times,
        timeline,
        checks: Vec::new(),
        surroundings: None,
        server_address: None,
        window_began: None,
    };
    // What was cut short cannot add up, and is not reported either.
    if complete {
        trial.checks = checks(&trial, expected);
    }
    trial
}

fn workload(order: &Order<'_>, trace: &Trace) -> WorkloadRecord {
    let workload = &order.scenario.workload;
    let times = order.timetable(Instant(0));
    WorkloadRecord {
        topics: workload.topics.into(),
        // A file of updates decides by itself which topics are active.
        active_topics: match workload.arrivals {
            Arrivals::Csv(_) => trace.active_topics().len() as u64,
            _ => workload.active_topics.into(),
        },
        subscribers: order.scenario.subscribers.count.into(),
        subscriptions: Subscriptions::new(order.scenario).count(),
        payload: workload.payload,
        warm_up: times.window.since(times.warm_up).as_secs_f64(),
        window: times.drain.since(times.window).as_secs_f64(),
        drain: times.end.since(times.drain).as_secs_f64(),
        interval: order.protocol.interval().map(|interval| workload.compress(interval).as_secs_f64()),
    }
}

/// All that must be equal in every trial.
fn checks(trial: &Trial, expected: u64) -> Vec<Check> {
    let deliveries = &trial.deliveries;
    let mut checks = vec![
        Check::equal(
            "every expected delivery is accounted for",
            ("expected", deliveries.expected),
            ("delivered + coalesced + lost", deliveries.delivered + deliveries.coalesced + deliveries.lost),
        ),
        Check::equal("every subscription is somebody's", ("trace × subscriptions", expected), ("expected by subscribers", deliveries.expected)),
        Check::equal("every update was published", ("trace", trial.updates), ("publishers", trial.published)),
    ];
    for (leg, clients, server) in [
        ("subscribers", &trial.subscriber_traffic, &trial.subscriber_traffic_by_server),
        ("publishers", &trial.publisher_traffic, &trial.publisher_traffic_by_server),
    ] {
        if let Some(server) = server {
            checks.extend(compare(leg, clients, server));
        }
    }
    checks
}

/// Compares the two ends' counts over the whole trial, where no message can be on its way any more.
fn compare(leg: &str, clients: &Phases<Traffic>, server: &Phases<Traffic>) -> Vec<Check> {
    let (clients, server) = (clients.total(), server.total());
    let mut counts = vec![
        ("requests".to_owned(), clients.requests, server.requests),
        ("connections".to_owned(), clients.connections, server.connections),
        ("stanzas up".to_owned(), clients.stanzas_up, server.stanzas_up),
        ("stanzas down".to_owned(), clients.stanzas_down, server.stanzas_down),
        ("events up".to_owned(), clients.events_up, server.events_up),
        ("events down".to_owned(), clients.events_down, server.events_down),
        ("handshake up".to_owned(), clients.handshake_up, server.handshake_up),
        ("handshake down".to_owned(), clients.handshake_down, server.handshake_down),
        ("payload bytes".to_owned(), clients.payload_bytes, server.payload_bytes),
    ];
    let statuses: std::collections::BTreeSet<u16> = clients.responses.keys().chain(server.responses.keys()).copied().collect();
    let of = |traffic: &Traffic, status: u16| traffic.responses.get(&status).copied().unwrap_or(0);
    counts.extend(statuses.into_iter().map(|status| (format!("responses {status}"), of(&clients, status), of(&server, status))));
    // A library may hide its sockets: then the server's count is the only one, and there is nothing to compare.
    if clients.bytes() > 0 {
        counts.push(("bytes up".to_owned(), clients.bytes_up, server.bytes_up));
        counts.push(("bytes down".to_owned(), clients.bytes_down, server.bytes_down));
    }
    let counts = counts.into_iter().filter(|(_, left, right)| *left > 0 || *right > 0);
    counts.map(|(what, left, right)| Check::equal(&format!("{leg}: {what}"), ("clients", left), ("server", right))).collect()
}
