//! Limits of the kernel: descriptors, ports, queues.

use super::{Concern, Finding, Subject};
use crate::measure::facts::Facts;
use crate::units::show_count;

/// Below this not even a hundred subscribers and their server fit.
const LEAST_DESCRIPTORS: u64 = 256;
/// Enough for a side of 50,000 connections.
const ENOUGH_DESCRIPTORS: u64 = 65_536;
/// Both ends of all connections of such a run.
const ENOUGH_FILES: u64 = 200_000;
/// The kernel's default range has 28,232.
const ENOUGH_PORTS: u64 = 28_232;
/// Connections that arrive at once when all subscribers start.
const ENOUGH_WAITING: u64 = 1_024;

const DESCRIPTORS: Subject = Subject {
    name: "descriptors",
    group: "Limits",
    what: "Descriptors of a process",
    concern: Concern::Connections,
    spoils: &["requests.failed", "failed-requests"],
};
const FILES: Subject = Subject {
    name: "open-files",
    group: "Limits",
    what: "Open files of the system",
    concern: Concern::Connections,
    spoils: &["requests.failed", "failed-requests"],
};
const PORTS: Subject =
    Subject { name: "ports", group: "Limits", what: "Ports for connections", concern: Concern::Connections, spoils: &["requests.failed", "failed-requests"] };
const REUSE: Subject = Subject {
    name: "port-reuse",
    group: "Limits",
    what: "Reuse of ports (tcp_tw_reuse)",
    concern: Concern::Reconnecting,
    spoils: &["requests.failed", "failed-requests"],
};
const RESTING: Subject = Subject {
    name: "resting-connections",
    group: "Limits",
    what: "Closed connections remembered",
    concern: Concern::Reconnecting,
    spoils: &["requests.failed", "failed-requests"],
};
const ACCEPTING: Subject = Subject {
    name: "accept-queue",
    group: "Limits",
    what: "Connections that may wait",
    concern: Concern::Connections,
    spoils: &["time_to_current.", "latency."],
};
const HANDSHAKES: Subject = Subject {
    name: "handshake-queue",
    group: "Limits",
    what: "Half-open connections",
    concern: Concern::Connections,
    spoils: &["time_to_current.", "latency."],
};

pub(super) fn findings(facts: &Facts) -> Vec<Finding> {
    let settings = &facts.settings;
    let queue = "When many connect at once some are dropped and try again after a second.";
    vec![
        descriptors(settings.descriptors),
        at_least(&FILES, settings.file_max, ENOUGH_FILES, "All processes together run out of descriptors.", &["sudo sysctl -w fs.file-max=1000000"]),
        at_least(
            &PORTS,
            settings.ports.map(|(first, last)| last - first + 1),
            ENOUGH_PORTS,
            "So many connections to one server at most.",
            &["sudo sysctl -w net.ipv4.ip_local_port_range=\"10240 65535\""],
        ),
        match settings.port_reuse {
            None => REUSE.unknown(),
            Some(0) => REUSE.note(
                "off",
                "A closed connection holds its port for a minute: with a connection for each poll, ports run out.",
                &["sudo sysctl -w net.ipv4.tcp_tw_reuse=1"],
            ),
            Some(1) => REUSE.good("on"),
            Some(_) => REUSE.good("on loopback"),
        },
        at_least(
            &RESTING,
            settings.resting_connections,
            8_192,
            "Beyond it the kernel forgets connections too early, and says so in its log.",
            &["sudo sysctl -w net.ipv4.tcp_max_tw_buckets=131072"],
        ),
        at_least(&ACCEPTING, settings.accept_queue, ENOUGH_WAITING, queue, &["sudo sysctl -w net.core.somaxconn=4096"]),
        at_least(&HANDSHAKES, settings.handshake_queue, ENOUGH_WAITING, queue, &["sudo sysctl -w net.ipv4.tcp_max_syn_backlog=4096"]),
    ]
}

fn descriptors(found: Option<(u64, u64)>) -> Finding {
    // Every command raises the soft limit by itself; only the hard one binds.
    let Some((soft, hard)) = found else { return DESCRIPTORS.unknown() };
    let value = if soft == hard {
        show_count(hard.min(i64::MAX as u64) as i64)
    } else {
        format!("{}, raised to {}", show_count(soft as i64), show_count(hard.min(i64::MAX as u64) as i64))
    };
    let mend = [
        "ulimit -Hn 1048576   # as root, in the shell that starts pushbench",
        "sudo systemd-run --scope -p LimitNOFILE=1048576 pushbench run SCENARIO   # in a unit: LimitNOFILE=1048576",
        "docker run --ulimit nofile=1048576:1048576",
        "echo \"$USER hard nofile 1048576\" | sudo tee /etc/security/limits.d/pushbench.conf   # for the next login",
    ];
    match hard {
        hard if hard < LEAST_DESCRIPTORS => DESCRIPTORS.bad(value, "A connection takes one at each end: a hundred subscribers do not fit.", &mend),
        hard if hard < ENOUGH_DESCRIPTORS => DESCRIPTORS.note(value, "A connection takes one at each end: large scenarios do not fit.", &mend),
        _ => DESCRIPTORS.good(value),
    }
}

fn at_least(subject: &Subject, found: Option<u64>, enough: u64, why: &str, mend: &[&str]) -> Finding {
    match found {
        None => subject.unknown(),
        Some(found) => {
            // Some kernels say "no limit" by the largest number there is.
            let value = if found > 1 << 40 { "no limit".to_owned() } else { show_count(found as i64) };
            if found >= enough { subject.good(value) } else { subject.note(value, why, mend) }
        }
    }
}
