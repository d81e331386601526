//! Processor: how many cores, whose they are, and whether they stay as fast as they are.

use super::{Concern, Finding, Subject};
use crate::measure::facts::{Ability, Facts};
use crate::summary::thresholds;
use crate::units::significant;

/// With so many each kind of side has a core of its own, and the kernel one for the rest.
const ENOUGH: usize = 4;
/// Tasks that want to run, per core, above which somebody else is at work.
const LOAD: f64 = 0.5;

const TIMES: &[&str] = &["latency.", "cpu.", "lag"];

const CORES: Subject =
    Subject { name: "cores", group: "Processor", what: "Cores for pushbench", concern: Concern::Every, spoils: &["cpu.", "latency.", "shared-cores"] };
const QUOTA: Subject = Subject { name: "cpu-quota", group: "Processor", what: "CPU quota", concern: Concern::Every, spoils: &["latency.", "throttled"] };
const PINNING: Subject =
    Subject { name: "pinning", group: "Processor", what: "Binding processes to cores", concern: Concern::Every, spoils: &["cpu.", "latency."] };
const SIBLINGS: Subject =
    Subject { name: "siblings", group: "Processor", what: "Cores that are threads of one", concern: Concern::Every, spoils: &["cpu.", "latency."] };
const VIRTUAL: Subject = Subject { name: "hypervisor", group: "Processor", what: "Virtual machine", concern: Concern::Special, spoils: &["cpu.", "steal"] };
const STEAL: Subject =
    Subject { name: "steal", group: "Processor", what: "Taken by the hypervisor", concern: Concern::Every, spoils: &["latency.", "cpu.", "steal"] };
const STEAL_BEFORE: Subject =
    Subject { name: "steal-since-boot", group: "Processor", what: "The same since boot", concern: Concern::Every, spoils: &["latency.", "steal"] };
const FOREIGN: Subject = Subject {
    name: "foreign-load",
    group: "Processor",
    what: "Cores used by others just now",
    concern: Concern::Every,
    spoils: &["latency.", "cpu.", "foreign-load"],
};
const AVERAGE: Subject = Subject { name: "load-average", group: "Processor", what: "Load average of a minute", concern: Concern::Every, spoils: TIMES };
const GOVERNOR: Subject = Subject { name: "governor", group: "Processor", what: "Frequency governor", concern: Concern::Every, spoils: &["cpu.", "latency."] };
const BOOST: Subject =
    Subject { name: "boost", group: "Processor", what: "Boost above nominal frequency", concern: Concern::Every, spoils: &["cpu.", "noisy-repeats"] };

pub(super) fn findings(facts: &Facts) -> Vec<Finding> {
    let (settings, tried) = (&facts.settings, facts.tried.as_ref());
    let mut all = vec![cores(facts), quota(facts)];
    all.extend(tried.map(|tried| match &tried.pinning {
        Ability::Able => PINNING.good("works"),
        Ability::NotRoot => PINNING.unknown(),
        Ability::Unable(why) => PINNING.bad(
            format!("refused: {why}"),
            "Server and load wander over the cores and get into each other's way.",
            &["taskset -pc $$   # shows what is allowed", "# in a container: allow sched_setaffinity in its seccomp profile"],
        ),
    }));
    all.push(match settings.siblings {
        None => SIBLINGS.unknown(),
        Some(0) => SIBLINGS.good("none"),
        Some(pairs) => SIBLINGS.note(
            format!("{pairs} pairs"),
            "Two threads of a core slow each other down: what one side costs then depends on the other.",
            &["echo off | sudo tee /sys/devices/system/cpu/smt/control"],
        ),
    });
    all.push(match settings.hypervisor {
        None => VIRTUAL.unknown(),
        Some(false) => VIRTUAL.good("no"),
        Some(true) => VIRTUAL.note(
            "yes",
            "Other guests share caches and cores: compare within a run, not with other machines.",
            &["# for figures in absolute terms: a machine of one's own"],
        ),
    });
    if let Some(tried) = tried {
        let lines = (thresholds::STEAL_NOTE, thresholds::STEAL_UNTRUSTED);
        all.push(share(
            &STEAL,
            tried.steal,
            lines,
            "Steal shows as latency of the server.",
            &["# choose a host or an instance type that is not oversubscribed"],
        ));
    }
    let why = "Steal comes and goes: trials may catch it.";
    let lines = (thresholds::STEAL_NOTE, f64::INFINITY);
    all.push(share(&STEAL_BEFORE, settings.steal_since_boot, lines, why, &["# choose a host or an instance type that is not oversubscribed"]));
    if let Some(tried) = tried {
        let lines = (thresholds::FOREIGN_NOTE, thresholds::FOREIGN_UNTRUSTED);
        let why = "Others' work delays ours, and shows as latency and lag.";
        all.push(share(&FOREIGN, tried.foreign, lines, why, &["top -b -n 1 -o %CPU | head -20   # shows who; end it or wait"]));
    }
    all.push(match settings.load_average {
        None => AVERAGE.unknown(),
        Some(load) => {
            let cores = settings.cores_allowed.len().max(1) as f64;
            let why = "Somebody has been at work within the last minute.";
            AVERAGE.beyond((LOAD, f64::INFINITY), load / cores, significant(load, 3), why, &["top -b -n 1 -o %CPU | head -20   # shows who; end it or wait"])
        }
    });
    all.push(match settings.governors.as_deref() {
        None => GOVERNOR.finding(super::Verdict::Unknown, "not visible", "The kernel does not set it here; in a virtual machine the host does.", &[]),
        Some([one]) if one == "performance" => GOVERNOR.good("performance"),
        Some(others) => GOVERNOR.note(
            others.join(", "),
            "Cores slow down when little is to be done: a lone request then costs several times as much CPU time.",
            &["sudo cpupower frequency-set -g performance", "echo performance | sudo tee /sys/devices/system/cpu/cpu*/cpufreq/scaling_governor"],
        ),
    });
    all.push(match settings.boost {
        None => BOOST.finding(super::Verdict::Unknown, "not visible", "The kernel does not set it here; in a virtual machine the host does.", &[]),
        Some(false) => BOOST.good("off"),
        Some(true) => BOOST.note(
            "on",
            "The frequency depends on heat and on the other cores: repeats differ.",
            &[
                "echo 1 | sudo tee /sys/devices/system/cpu/intel_pstate/no_turbo   # Intel",
                "echo 0 | sudo tee /sys/devices/system/cpu/cpufreq/boost   # others",
            ],
        ),
    });
    all
}

fn cores(facts: &Facts) -> Finding {
    let allowed = facts.settings.cores_allowed.len();
    let value = match facts.settings.cores_online {
        Some(online) if online != allowed => format!("{allowed} of {online}"),
        _ => allowed.to_string(),
    };
    let more =
        ["# a machine with 4 cores or more", "taskset -c 0-3 pushbench run SCENARIO   # where only some are allowed (also: AllowedCPUs=, --cpuset-cpus)"];
    match allowed {
        0 => CORES.unknown(),
        1 => CORES.bad(value, "Server and load take turns on one core: each waits for the other.", &more),
        2..ENOUGH => CORES.note(value, "Publishers, subscribers and harness share cores; the server has one of its own.", &more),
        _ => CORES.good(value),
    }
}

fn quota(facts: &Facts) -> Finding {
    match facts.settings.quota {
        None => QUOTA.unknown(),
        Some(None) => QUOTA.good("none"),
        Some(Some(cores)) => {
            let value = format!("{} cores", significant(cores, 3));
            if cores >= facts.settings.cores_allowed.len() as f64 {
                return QUOTA.good(value);
            }
            QUOTA.bad(
                value,
                "When it is used up, all processes stand still for up to 100 ms; no latency beyond the median means anything.",
                &[
                    "sudo systemctl set-property --runtime UNIT CPUQuota=",
                    "docker update --cpus 0 CONTAINER   # and bind it with --cpuset-cpus instead",
                    "# Kubernetes: equal whole-number requests and limits, static CPU manager",
                ],
            )
        }
    }
}

/// A share of the cores.
fn share(subject: &Subject, share: Option<f64>, lines: (f64, f64), why: &str, mend: &[&str]) -> Finding {
    match share {
        None => subject.unknown(),
        Some(share) => subject.beyond(lines, share, format!("{} %", significant(share * 100.0, 2)), why, mend),
    }
}
