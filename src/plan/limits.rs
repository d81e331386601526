//! What this machine cannot hold, said before anything is started.

use std::fmt;

use super::{Estimate, PlannedTrial};
use crate::measure::facts::Facts;
use crate::units::{show_bytes, show_count};

/// Descriptors of a process that are not connections: standard streams, pipes, timers, the listener, the reactor.
const RESERVED_DESCRIPTORS: u64 = 64;
/// Share of the memory that a trial may plan with; the rest is for the kernel's socket buffers and everybody else.
const MEMORY_SHARE: f64 = 0.8;
/// Ports that the kernel gives to connections by default: 32768 to 60999, for each pair of source and destination.
const PORTS: u64 = 28_232;
/// How long a closed connection holds its port (`TIME_WAIT`, fixed in Linux), in seconds.
const TIME_WAIT: f64 = 60.0;
/// The same where the kernel may reuse such ports on loopback (`tcp_tw_reuse` 1 or 2, the default since Linux 4.19): a
/// second by the timestamp's clock, which ticks in whole seconds. Measured on Linux 6.18: 70,000 connections in 3 s, none refused.
const TIME_WAIT_REUSED: f64 = 2.0;

/// What the machine allows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// Descriptors of a process that may be connections.
    pub descriptors: u64,
    /// Connections to one address from this machine.
    pub ports: u64,
    /// Seconds for which a closed connection holds its port.
    pub port_rest: f64,
    /// Bytes for all processes of a trial.
    pub memory: u64,
}

/// Something that a trial needs and the machine does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shortage {
    /// Name of the contender.
    pub contender: String,
    /// Where.
    pub load_point: String,
    /// What is short.
    pub what: &'static str,
    /// How much of it the trial needs.
    pub need: String,
    /// How much there is.
    pub limit: String,
    /// What can be done.
    pub remedy: String,
}

impl fmt::Display for Shortage {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = if self.load_point.is_empty() { String::new() } else { format!(" at {}", self.load_point) };
        write!(out, "{}{place} needs {} {}, this machine has {}\n  = help: {}", self.contender, self.need, self.what, self.limit, self.remedy)
    }
}

impl Limits {
    /// What these facts come to.
    pub fn of(facts: &Facts) -> Self {
        let machine = &facts.machine;
        let ports = facts.settings.ports.map_or(PORTS, |(first, last)| last - first + 1);
        let memory = machine.memory_limit.unwrap_or(machine.memory).min(machine.memory);
        Self {
            descriptors: machine.descriptors.saturating_sub(RESERVED_DESCRIPTORS),
            ports,
            port_rest: if matches!(facts.settings.port_reuse, Some(1 | 2)) { TIME_WAIT_REUSED } else { TIME_WAIT },
            memory: (memory as f64 * MEMORY_SHARE) as u64,
        }
    }

    /// What a trial needs and does not get.
    pub fn shortages(&self, trial: &PlannedTrial, estimate: &Estimate) -> Vec<Shortage> {
        let mut all = Vec::new();
        let mut check = |what, need: u64, limit: u64, show: fn(u64) -> String, remedy: &str| {
            if need > limit {
                let (contender, load_point) = (trial.name.clone(), trial.load_point.to_string());
                all.push(Shortage { contender, load_point, what, need: show(need), limit: show(limit), remedy: remedy.to_owned() });
            }
        };
        let count = |value: u64| show_count(value as i64);
        let bytes = |value: u64| show_bytes(value as f64);
        let raise = "raise the limit (ulimit -n, LimitNOFILE=)";
        let fewer = format!("{raise}, or lower subscribers.count or subscribers.connections");
        check("descriptors in the server's process", estimate.server_descriptors, self.descriptors, count, &fewer);
        let spread = format!("{raise}, or raise subscribers.processes");
        check("descriptors in a subscribers' process", estimate.subscriber_descriptors, self.descriptors, count, &spread);
        let ports = "lower subscribers.count or subscribers.connections, or widen net.ipv4.ip_local_port_range";
        check("connections to one address", estimate.connections, self.ports, count, ports);
        let resting = (estimate.connections_per_second * self.port_rest).ceil() as u64;
        if resting > 0 {
            let keep = "use connection = \"keep-alive\", lengthen the interval or lower compression: a closed connection holds its port for a while";
            check("ports for connections that are opened anew for each poll", resting + estimate.connections, self.ports, count, keep);
        }
        // Unknown memory is no memory: nothing is refused on a guess.
        if self.memory > 0 {
            check("of memory", estimate.memory, self.memory, bytes, "lower topics, subscribers.count, payload or processes");
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::facts::Settings;
    use crate::measure::machine::Machine;
    use crate::plan::{Plan, estimate};
    use crate::scenario::testing::{REGISTRY, without_baseline};

    fn facts(port_reuse: u64) -> Facts {
        let settings = Settings { port_reuse: Some(port_reuse), ..Settings::default() };
        Facts { machine: Machine { memory: 4 << 30, descriptors: 1_024, ..Machine::default() }, settings, tried: None }
    }

    fn shortages(lines: &str, limits: Limits) -> Vec<String> {
        let scenario = without_baseline(lines).unwrap();
        let plan = Plan::new(&scenario, None, std::num::NonZeroU32::new(1)).unwrap();
        let estimates = estimate(&scenario, &plan, REGISTRY).unwrap();
        plan.trials.iter().zip(&estimates).flat_map(|(trial, estimate)| limits.shortages(trial, estimate)).map(|short| short.to_string()).collect()
    }

    #[test]
    fn limits_follow_from_the_facts() {
        let mut there = facts(2);
        there.settings.ports = Some((10_240, 65_535));
        let limits = Limits::of(&there);
        assert_eq!((limits.descriptors, limits.ports, limits.port_rest), (960, 55_296, 2.0));
        assert_eq!(limits.memory, ((4_u64 << 30) as f64 * 0.8) as u64);
        let mut there = facts(0);
        there.machine.memory_limit = Some(1 << 30);
        let other = Limits::of(&there);
        assert_eq!((other.ports, other.port_rest, other.memory), (28_232, 60.0, ((1_u64 << 30) as f64 * 0.8) as u64));
    }

    #[test]
    fn what_fits_is_not_refused() {
        assert!(shortages("", Limits::of(&facts(2))).is_empty());
    }

    #[test]
    fn each_shortage_names_need_limit_and_remedy() {
        let limits = Limits::of(&facts(0));
        let found = shortages("[subscribers]\ncount = 10\nconnections = 100\nprocesses = 5", limits);
        assert_eq!(found.len(), 1, "the subscribers have five processes, the server has one: {found:?}");
        assert_eq!(
            found[0],
            "fake-push needs 1,008 descriptors in the server's process, this machine has 960\n  = help: raise the limit (ulimit -n, LimitNOFILE=), or lower subscribers.count or subscribers.connections"
        );
        let found = shortages("[subscribers]\nconnections = 2000\n[sweep]\n\"workload.topics\" = [11]", limits);
        assert!(found[1].starts_with("fake-push at workload.topics=11 needs 2,000 descriptors in a subscribers' process"), "{found:?}");
        let found = shortages("[subscribers]\nconnections = 30000", Limits { descriptors: 1 << 20, ..limits });
        assert!(found.len() == 1 && found[0].contains("30,008 connections to one address"), "{found:?}");
        let found = shortages("[publishers]\nconnections = 1", Limits { memory: 1 << 20, ..limits });
        assert!(found.len() == 1 && found[0].contains("of memory"), "{found:?}");
    }

    #[test]
    fn connections_that_are_opened_anew_rest_after_use() {
        let pull = "[[contender]]\nuse = \"fake-pull\"\nname = \"pull\"\ninterval = \"1s\"\nconnection = \"per-poll\"\n";
        // Ten topics a second of scenario time, sixty times as fast: 600 a second, 36,000 in a minute.
        let resting = Limits::of(&facts(0));
        let found = shortages(pull, resting);
        assert!(found.len() == 1 && found[0].contains("36,008 ports"), "{found:?}");
        assert!(shortages(pull, Limits::of(&facts(2))).is_empty());
    }
}
