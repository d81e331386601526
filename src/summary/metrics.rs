//! The one list of metrics: names, units and meanings are API. Code, CSV and `docs/metrics.md` are made from it.
//!
//! The definitions are those of the method: *per update* always means per delivered (update, subscriber) pair.
//! A metric that does not apply to a trial is [`Reading::Absent`]; one that applies, but for which there is
//! nothing to divide by or to rank (nothing delivered), is [`Reading::Empty`].

use super::cpu::{self, Baseline, Repeats};
use super::meanings::{
    CPU_IDLE, CPU_SETUP, CPU_SPLIT, CPU_TOTAL, CURRENT, EXPECTED, FIDELITY_ACTIVE, FIDELITY_ALL, LAG, LATENCY, MEMORY, SCENARIO, STALENESS, STALENESS_MAX,
    STALENESS_MEAN, TRANSIT, WAIT,
};
pub use super::reading::{Reading, Statistic};
pub use super::unit::{Better, Unit};
use crate::measure::distribution::Distribution;
use crate::measure::process::Cpu;
use crate::measure::recording::{Role, Staleness, Times, Trial};
use crate::measure::traffic::Traffic;

/// A figure that every report knows by the same name.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    /// Its name: API.
    pub name: &'static str,
    /// Unit of its values wherever they are written down.
    pub unit: Unit,
    /// What it says, in a sentence or two.
    pub meaning: &'static str,
    /// Which way is better.
    pub better: Better,
    /// How it is computed.
    pub kind: Kind,
}

/// How a metric is computed.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// From a distribution; over repeats, from the merged one.
    Time {
        /// Which distribution.
        of: fn(&Times) -> &Distribution,
        /// What of it.
        statistic: Statistic,
        /// To whom it applies.
        applies: fn(&Trial) -> bool,
    },
    /// A quantile of the latency of all expected deliveries, a loss counting as infinite.
    Expected(f64),
    /// From the episodes in which views were out of date; over repeats, from all of them.
    Staleness(fn(&Staleness) -> Option<f64>),
    /// From counters; over repeats, the mean.
    Figure(fn(&Trial) -> Reading),
    /// CPU of the window per 1,000 updates, less the null trial's; over repeats, the mean.
    CpuPerUpdate {
        /// Of one kind of side, or of all.
        role: Option<Role>,
        /// Of user and system.
        part: fn(Cpu) -> f64,
    },
    /// CPU a second of the contender's idle trial, less the null trial's.
    CpuIdle(Option<Role>),
    /// CPU a second of the null trial.
    CpuNull,
}

impl Metric {
    /// The metric of this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        METRICS.iter().find(|metric| metric.name == name)
    }

    /// What each repeat says.
    pub fn repeats(&self, trials: &[&Trial], baseline: &Baseline<'_>) -> Vec<(u32, Option<f64>)> {
        match self.of_baseline(trials, baseline) {
            Some(repeats) => repeats.into_iter().map(|(repeat, value)| (repeat, Some(value))).collect(),
            None => trials.iter().map(|trial| (trial.repeat, self.over(std::slice::from_ref(trial), &trial.times, baseline).value().flatten())).collect(),
        }
    }

    /// The repeats of a figure that is not of the measured trials.
    fn of_baseline(&self, trials: &[&Trial], baseline: &Baseline<'_>) -> Option<Repeats> {
        let first = trials.first()?;
        match self.kind {
            Kind::CpuIdle(role) => Some(baseline.idle(first, role)),
            Kind::CpuNull => Some(baseline.null(first, None, Cpu::total)),
            _ => None,
        }
    }

    /// What all repeats together say; `merged` holds the times of all of them.
    pub fn over(&self, trials: &[&Trial], merged: &Times, baseline: &Baseline<'_>) -> Reading {
        let found = |value: Option<f64>| value.map_or(Reading::Empty, Reading::Value);
        let mean_of = |figure: &dyn Fn(&Trial) -> Reading| {
            let readings: Vec<Option<f64>> = trials.iter().filter_map(|trial| figure(trial).value()).collect();
            if readings.is_empty() {
                return Reading::Absent;
            }
            let values: Vec<f64> = readings.into_iter().flatten().collect();
            found((!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64))
        };
        match self.kind {
            Kind::Time { of, statistic, applies } => {
                if trials.iter().any(|trial| applies(trial)) {
                    found(statistic.of(of(merged)))
                } else {
                    Reading::Absent
                }
            }
            Kind::Expected(quantile) => {
                let lost = trials.iter().map(|trial| trial.deliveries.lost).sum();
                found(merged.latency.quantile_with_infinite(quantile, lost))
            }
            // Recordings of before staleness was measured have no subscription in it.
            Kind::Staleness(_) if merged.staleness.all == 0.0 => Reading::Absent,
            Kind::Staleness(of) => found(of(&merged.staleness)),
            Kind::Figure(figure) => mean_of(&figure),
            Kind::CpuPerUpdate { role, part } => mean_of(&|trial| {
                let used = baseline.window(trial, role, part);
                used.map_or(Reading::Absent, |seconds| per_update(trial, seconds * 1_000.0))
            }),
            Kind::CpuIdle(_) | Kind::CpuNull => {
                let repeats = self.of_baseline(trials, baseline).unwrap_or_default();
                cpu::mean(&repeats).map_or(Reading::Absent, Reading::Value)
            }
        }
    }
}

/// The names of all metrics, for those who must know them beforehand: the reader of budgets.
pub const NAMES: &[&str] = &{
    let mut names = [""; METRICS.len()];
    let mut place = 0;
    while place < names.len() {
        names[place] = METRICS[place].name;
        place += 1;
    }
    names
};

/// All metrics, in the order in which reports show them.
pub const METRICS: &[Metric] = &[
    // Work.
    figure("requests.total", Unit::Count, Better::Lower, "Requests of the subscribers in the window; publishers are left out.", |trial| {
        when(asks(trial), trial.subscriber_traffic.window.requests)
    }),
    figure("requests.planned", Unit::Count, Better::Neither, "Requests that the plan has in the window.", |trial| {
        when(trial.requests_planned > 0, trial.requests_planned)
    }),
    figure("requests.failed", Unit::Count, Better::Lower, "Requests that got no response in time, or none at all; all phases.", |trial| {
        when(asks(trial) || trial.failed_requests > 0, trial.failed_requests)
    }),
    figure("requests.per_update", Unit::Count, Better::Lower, "Requests of the subscribers per update.", |trial| {
        if asks(trial) { per_update(trial, trial.subscriber_traffic.window.requests as f64) } else { Reading::Absent }
    }),
    figure("responses.200", Unit::Count, Better::Neither, "Responses to subscribers with status 200 in the window.", |trial| {
        when(asks(trial), responses(trial, 200))
    }),
    figure("responses.304", Unit::Count, Better::Neither, "Responses to subscribers with status 304 (not modified) in the window.", |trial| {
        when(asks(trial), responses(trial, 304))
    }),
    figure("stanzas.total", Unit::Count, Better::Lower, "XMPP stanzas on the subscribers' leg in the window, both ways.", |trial| {
        when(trial.subscriber_traffic.total().stanzas() > 0, trial.subscriber_traffic.window.stanzas())
    }),
    figure(
        "messages.per_update",
        Unit::Count,
        Better::Lower,
        "Messages on the subscribers' leg per update, both ways: requests, responses, stanzas, events, handshakes. The measure of work common to all contenders.",
        |trial| per_update(trial, trial.subscriber_traffic.window.messages() as f64),
    ),
    figure(
        "messages.setup",
        Unit::Count,
        Better::Lower,
        "Messages of subscribers and publishers before the warm-up: connect, authenticate, create, subscribe, first fetch, the probe.",
        |trial| count(trial.subscriber_traffic.setup.messages() + trial.publisher_traffic.setup.messages()),
    ),
    figure("messages.publish", Unit::Count, Better::Lower, "Messages on the publishers' leg in the window, both ways.", |trial| {
        count(trial.publisher_traffic.window.messages())
    }),
    figure(
        "waste.ratio",
        Unit::Ratio,
        Better::Lower,
        "Exchanges that brought nothing new ÷ exchanges; an exchange is a request with its response, or one message from the server unasked.",
        |trial| share(trial.wasted, trial.exchanges),
    ),
    // What became of the updates.
    figure("delivered", Unit::Count, Better::Higher, "Expected deliveries that arrived, as a version newer than what the subscriber held.", |trial| {
        count(trial.deliveries.delivered)
    }),
    figure("expected", Unit::Count, Better::Neither, "Updates due in the window × subscriptions to their topics; = delivered + coalesced + lost.", |trial| {
        count(trial.deliveries.expected)
    }),
    figure("lost", Unit::Count, Better::Lower, "Expected deliveries that never arrived, nor any later version in their stead.", |trial| {
        count(trial.deliveries.lost)
    }),
    figure("duplicated", Unit::Count, Better::Lower, "Deliveries that arrived again, unasked.", |trial| count(trial.deliveries.duplicated)),
    figure("reordered", Unit::Count, Better::Lower, "Deliveries that arrived after a later version of their topic.", |trial| count(trial.deliveries.reordered)),
    figure(
        "coalesced",
        Unit::Count,
        Better::Neither,
        "Expected deliveries whose stead a later version took: natural when state is polled, a loss where the scenario says that each event counts.",
        |trial| count(trial.deliveries.coalesced),
    ),
    figure("reach", Unit::Ratio, Better::Higher, "Delivered ÷ expected.", |trial| share(trial.deliveries.delivered, trial.deliveries.expected)),
    // Freshness.
    time("latency.p50", LATENCY, latency, Statistic::Quantile(0.5), always),
    time("latency.p90", LATENCY, latency, Statistic::Quantile(0.9), always),
    time("latency.p95", LATENCY, latency, Statistic::Quantile(0.95), always),
    time("latency.p99", LATENCY, latency, Statistic::Quantile(0.99), always),
    time("latency.p99.9", LATENCY, latency, Statistic::Quantile(0.999), always),
    time("latency.max", LATENCY, latency, Statistic::Max, always),
    time("latency.mean", LATENCY, latency, Statistic::Mean, always),
    expected("latency.expected.p50", 0.5),
    expected("latency.expected.p99", 0.99),
    time("latency.wait.p50", WAIT, wait, Statistic::Quantile(0.5), always),
    time("latency.wait.p90", WAIT, wait, Statistic::Quantile(0.9), always),
    time("latency.wait.p99", WAIT, wait, Statistic::Quantile(0.99), always),
    time("latency.wait.mean", WAIT, wait, Statistic::Mean, always),
    time("latency.wait.max", WAIT, wait, Statistic::Max, always),
    time("latency.transit.p50", TRANSIT, transit, Statistic::Quantile(0.5), always),
    time("latency.transit.p90", TRANSIT, transit, Statistic::Quantile(0.9), always),
    time("latency.transit.p99", TRANSIT, transit, Statistic::Quantile(0.99), always),
    time("latency.transit.p99.9", TRANSIT, transit, Statistic::Quantile(0.999), always),
    time("latency.transit.max", TRANSIT, transit, Statistic::Max, always),
    scenario_time("scenario_latency.p50", Statistic::Quantile(0.5)),
    scenario_time("scenario_latency.p90", Statistic::Quantile(0.9)),
    scenario_time("scenario_latency.p99", Statistic::Quantile(0.99)),
    scenario_time("scenario_latency.max", Statistic::Max),
    scenario_time("scenario_latency.mean", Statistic::Mean),
    staleness("staleness.mean", Unit::Seconds, Better::Lower, STALENESS_MEAN, Staleness::mean),
    staleness("staleness.p50", Unit::Seconds, Better::Lower, STALENESS, |staleness| staleness.quantile(0.5)),
    staleness("staleness.p90", Unit::Seconds, Better::Lower, STALENESS, |staleness| staleness.quantile(0.9)),
    staleness("staleness.p99", Unit::Seconds, Better::Lower, STALENESS, |staleness| staleness.quantile(0.99)),
    staleness("staleness.max", Unit::Seconds, Better::Lower, STALENESS_MAX, Staleness::max),
    staleness("fidelity.active", Unit::Ratio, Better::Higher, FIDELITY_ACTIVE, Staleness::fidelity_active),
    staleness("fidelity.all", Unit::Ratio, Better::Higher, FIDELITY_ALL, Staleness::fidelity_all),
    // Bytes.
    figure(
        "bytes.payload.per_update",
        Unit::Bytes,
        Better::Lower,
        "Payload bytes on the subscribers' leg per update; a body that brought nothing new counts too.",
        |trial| per_update(trial, trial.subscriber_traffic.window.payload_bytes as f64),
    ),
    figure(
        "bytes.protocol.per_update",
        Unit::Bytes,
        Better::Lower,
        "Bytes that crossed the subscribers' sockets per update, both ways, without TCP/IP headers, by the server's count.",
        |trial| trial.subscriber_traffic_by_server.as_ref().map_or(Reading::Absent, |traffic| per_update(trial, traffic.window.bytes() as f64)),
    ),
    figure(
        "bytes.wire.per_update",
        Unit::Bytes,
        Better::Lower,
        "Bytes of the subscribers' connections on the wire per update, both ways: with the headers of Ethernet, IP and TCP of each segment, acknowledgements included; from the kernel's counters of the server's sockets (TCP_INFO).",
        |trial| on_wire(trial, |traffic| traffic.wire()),
    ),
    figure(
        "segments.per_update",
        Unit::Count,
        Better::Lower,
        "TCP segments of the subscribers' connections per update, both ways, acknowledgements included; from the same counters.",
        |trial| on_wire(trial, |traffic| traffic.segments()),
    ),
    figure("bytes.setup", Unit::Bytes, Better::Lower, "Bytes that crossed all sockets before the warm-up, both ways, by the server's count.", |trial| {
        match (&trial.subscriber_traffic_by_server, &trial.publisher_traffic_by_server) {
            (Some(subscribers), Some(publishers)) => count(subscribers.setup.bytes() + publishers.setup.bytes()),
            _ => Reading::Absent,
        }
    }),
    figure(
        "bytes.wire.setup",
        Unit::Bytes,
        Better::Lower,
        "Bytes of all connections on the wire before the warm-up, both ways: with the headers of Ethernet, IP and TCP.",
        |trial| match (&trial.subscriber_traffic_by_server, &trial.publisher_traffic_by_server) {
            (Some(subscribers), Some(publishers)) => when(subscribers.setup.wire() > 0, subscribers.setup.wire() + publishers.setup.wire()),
            _ => Reading::Absent,
        },
    ),
    // CPU.
    cpu_per_update("cpu.total.per_1000_updates", CPU_TOTAL, None, Cpu::total),
    cpu_per_update("cpu.server.per_1000_updates", CPU_SPLIT, Some(Role::Server), Cpu::total),
    cpu_per_update("cpu.subscriber.per_1000_updates", CPU_SPLIT, Some(Role::Subscriber), Cpu::total),
    cpu_per_update("cpu.publisher.per_1000_updates", CPU_SPLIT, Some(Role::Publisher), Cpu::total),
    cpu_per_update("cpu.user.per_1000_updates", "CPU of all sides in user mode per 1,000 updates, less the null trial's.", None, |cpu| cpu.user),
    cpu_per_update("cpu.system.per_1000_updates", "CPU of all sides in the kernel per 1,000 updates, less the null trial's.", None, |cpu| cpu.system),
    cpu_idle(
        "cpu.idle.total",
        "CPU a second that the contender costs while it is connected and subscribed, and no update comes: polls, pings, open sessions. All sides, from an idle trial, less the null trial's; never subtracted from anything.",
        None,
    ),
    cpu_idle("cpu.idle.server", CPU_IDLE, Some(Role::Server)),
    cpu_idle("cpu.idle.subscriber", CPU_IDLE, Some(Role::Subscriber)),
    Metric {
        name: "cpu.null.total",
        unit: Unit::Cores,
        meaning: "CPU a second of all sides without a contender: what the harness costs, and what is subtracted from `cpu.*.per_1000_updates` and `cpu.idle.*`. Its repeats show how well it is known.",
        better: Better::Neither,
        kind: Kind::CpuNull,
    },
    cpu_setup("cpu.total.setup", "CPU of all sides before the warm-up.", |trial| cpu_of_setup(trial, None)),
    cpu_setup("cpu.server.setup", CPU_SETUP, |trial| cpu_of_setup(trial, Some(Role::Server))),
    cpu_setup("cpu.subscriber.setup", CPU_SETUP, |trial| cpu_of_setup(trial, Some(Role::Subscriber))),
    cpu_setup("cpu.publisher.setup", CPU_SETUP, |trial| cpu_of_setup(trial, Some(Role::Publisher))),
    // Memory and connections.
    memory("memory.server.peak", |trial| memory_peak(trial, Role::Server)),
    memory("memory.subscriber.peak", |trial| memory_peak(trial, Role::Subscriber)),
    memory("memory.publisher.peak", |trial| memory_peak(trial, Role::Publisher)),
    figure(
        "connections.held",
        Unit::Count,
        Better::Lower,
        "Connections of subscribers open at once at most within the window, by the server's count; publishers' are left out.",
        |trial| when(trial.subscriber_traffic_by_server.is_some(), trial.connections_held),
    ),
    figure(
        "connections.opened",
        Unit::Count,
        Better::Lower,
        "Connections that subscribers opened in the window, by the server's count where there is one.",
        |trial| count(trial.subscriber_traffic_by_server.as_ref().unwrap_or(&trial.subscriber_traffic).window.connections),
    ),
    time("time_to_current.p50", CURRENT, current, Statistic::Quantile(0.5), has_current),
    time("time_to_current.p99", CURRENT, current, Statistic::Quantile(0.99), has_current),
    // How well the harness kept its own plan, and how the server answered.
    time("lag.p50", LAG, lag, Statistic::Quantile(0.5), asks),
    time("lag.p99", LAG, lag, Statistic::Quantile(0.99), asks),
    time("lag.max", LAG, lag, Statistic::Max, asks),
    time("publish_lag.p99", "From an update's due time until it was handed to its publisher's connection.", publish_lag, Statistic::Quantile(0.99), always),
    time("service.p99", "Requests: from sent until the response was complete.", service, Statistic::Quantile(0.99), asks),
    time("response.p99", "Requests: from the intended instant until the response was complete.", response, Statistic::Quantile(0.99), asks),
];

const fn figure(name: &'static str, unit: Unit, better: Better, meaning: &'static str, of: fn(&Trial) -> Reading) -> Metric {
    Metric { name, unit, meaning, better, kind: Kind::Figure(of) }
}

const fn time(name: &'static str, meaning: &'static str, of: fn(&Times) -> &Distribution, statistic: Statistic, applies: fn(&Trial) -> bool) -> Metric {
    Metric { name, unit: Unit::Seconds, meaning, better: Better::Lower, kind: Kind::Time { of, statistic, applies } }
}

const fn scenario_time(name: &'static str, statistic: Statistic) -> Metric {
    Metric { unit: Unit::ScenarioSeconds, ..time(name, SCENARIO, scenario_latency, statistic, always) }
}

const fn expected(name: &'static str, quantile: f64) -> Metric {
    Metric { name, unit: Unit::Seconds, meaning: EXPECTED, better: Better::Lower, kind: Kind::Expected(quantile) }
}

const fn staleness(name: &'static str, unit: Unit, better: Better, meaning: &'static str, of: fn(&Staleness) -> Option<f64>) -> Metric {
    Metric { name, unit, meaning, better, kind: Kind::Staleness(of) }
}

const fn cpu_per_update(name: &'static str, meaning: &'static str, role: Option<Role>, part: fn(Cpu) -> f64) -> Metric {
    Metric { name, unit: Unit::CpuSeconds, meaning, better: Better::Lower, kind: Kind::CpuPerUpdate { role, part } }
}

const fn cpu_idle(name: &'static str, meaning: &'static str, role: Option<Role>) -> Metric {
    Metric { name, unit: Unit::Cores, meaning, better: Better::Lower, kind: Kind::CpuIdle(role) }
}

const fn cpu_setup(name: &'static str, meaning: &'static str, of: fn(&Trial) -> Reading) -> Metric {
    figure(name, Unit::CpuSeconds, Better::Lower, meaning, of)
}

const fn memory(name: &'static str, of: fn(&Trial) -> Reading) -> Metric {
    figure(name, Unit::Bytes, Better::Lower, MEMORY, of)
}

fn latency(times: &Times) -> &Distribution {
    &times.latency
}

fn wait(times: &Times) -> &Distribution {
    &times.wait
}

fn transit(times: &Times) -> &Distribution {
    &times.transit
}

fn scenario_latency(times: &Times) -> &Distribution {
    &times.scenario_latency
}

fn lag(times: &Times) -> &Distribution {
    &times.lag
}

fn publish_lag(times: &Times) -> &Distribution {
    &times.publish_lag
}

fn service(times: &Times) -> &Distribution {
    &times.service
}

fn response(times: &Times) -> &Distribution {
    &times.response
}

fn current(times: &Times) -> &Distribution {
    &times.time_to_current
}

fn always(_: &Trial) -> bool {
    true
}

/// Whether its subscribers ask at all: the question is put to the whole trial, so that a poller whose first poll
/// falls behind the window shows a plain 0.
fn asks(trial: &Trial) -> bool {
    trial.requests_planned > 0 || trial.subscriber_traffic.total().requests > 0
}

fn has_current(trial: &Trial) -> bool {
    trial.times.time_to_current.count() > 0
}

fn count(value: u64) -> Reading {
    Reading::Value(value as f64)
}

fn when(applies: bool, value: u64) -> Reading {
    if applies { count(value) } else { Reading::Absent }
}

fn share(part: u64, whole: u64) -> Reading {
    if whole == 0 { Reading::Empty } else { Reading::Value(part as f64 / whole as f64) }
}

fn per_update(trial: &Trial, value: f64) -> Reading {
    match trial.deliveries.delivered {
        0 => Reading::Empty,
        delivered => Reading::Value(value / delivered as f64),
    }
}

/// What the kernel counted on the subscribers' leg in the window, per update; absent where nobody asked the kernel.
fn on_wire(trial: &Trial, of: fn(&Traffic) -> u64) -> Reading {
    match &trial.subscriber_traffic_by_server {
        Some(traffic) if traffic.total().wire() > 0 => per_update(trial, of(&traffic.window) as f64),
        _ => Reading::Absent,
    }
}

fn responses(trial: &Trial, status: u16) -> u64 {
    trial.subscriber_traffic.window.responses.get(&status).copied().unwrap_or(0)
}

fn cpu_of_setup(trial: &Trial, role: Option<Role>) -> Reading {
    cpu::seconds(trial, role, |phases| phases.setup, Cpu::total).map_or(Reading::Absent, Reading::Value)
}

fn memory_peak(trial: &Trial, role: Role) -> Reading {
    let mut sides = trial.sides.iter().filter(|side| side.role == role).peekable();
    if sides.peek().is_none() {
        return Reading::Absent;
    }
    // A side without a process of its own has no memory of its own either.
    sides.map(|side| side.memory_peak).sum::<Option<u64>>().map_or(Reading::Absent, count)
}
