//! Clock: what each stamp costs, and how punctual timers are.

use super::{Concern, Finding, Subject};
use crate::measure::facts::Facts;
use crate::summary::thresholds;
use crate::units::show_seconds;

/// A look at the clock without a system call takes tens of nanoseconds; with one, hundreds.
const COST_NOTE: f64 = 150e-9;
/// With ten stamps an update, a hundredth of a millisecond each: more than a request on loopback is worth.
const COST_BAD: f64 = 2e-6;

const SOURCE: Subject =
    Subject { name: "clock-source", group: "Clock", what: "Clock source", concern: Concern::Every, spoils: &["latency.", "cpu.", "clock-source"] };
const COST: Subject = Subject { name: "clock-cost", group: "Clock", what: "A look at the clock", concern: Concern::Every, spoils: &["latency.", "cpu."] };
const TIMER: Subject = Subject {
    name: "timer-lateness",
    group: "Clock",
    what: "Timers come late by (p99)",
    concern: Concern::Every,
    spoils: &["latency.", "lag", "publish-lag", "beat-lag"],
};

pub(super) fn findings(facts: &Facts) -> Vec<Finding> {
    let mut all = vec![source(facts)];
    if let Some(tried) = &facts.tried {
        all.push(COST.beyond(
            (COST_NOTE, COST_BAD),
            tried.clock_cost,
            nanos(tried.clock_cost),
            "Each look is a system call: stamps cost CPU time, and the more the more is measured.",
            &["cat /sys/devices/system/clocksource/clocksource0/available_clocksource   # then write tsc to current_clocksource beside it"],
        ));
        all.push(match tried.timer_lateness {
            None => TIMER.unknown(),
            Some(seconds) => TIMER.beyond(
                (thresholds::LAG_NOTE_FLOOR, thresholds::LAG_UNTRUSTED_FLOOR),
                seconds,
                show_seconds(seconds),
                "Requests and updates leave late, and their latency holds it.",
                &["top -b -n 1 -o %CPU | head -20   # shows who keeps the cores; end it or wait", "# in a virtual machine: a host that is not oversubscribed"],
            ),
        });
    }
    all
}

fn source(facts: &Facts) -> Finding {
    let source = facts.machine.clock_source.as_str();
    let why = "Each stamp costs microseconds of CPU time, on all sides.";
    if source.is_empty() {
        SOURCE.unknown()
    } else if thresholds::FAST_CLOCK_SOURCES.contains(&source) {
        SOURCE.good(source)
    } else {
        let there = facts.settings.clock_sources.as_deref().unwrap_or_default();
        match there.iter().find(|there| thresholds::FAST_CLOCK_SOURCES.contains(&there.as_str())) {
            Some(fast) => SOURCE.bad(source, why, &[&format!("echo {fast} | sudo tee /sys/devices/system/clocksource/clocksource0/current_clocksource")]),
            None => SOURCE.bad(
                source,
                why,
                &[
                    "# boot with tsc=reliable (x86), or ask for a host with a stable TSC",
                    "sudo dmesg | grep -i -e tsc -e clocksource   # says why the kernel gave it up",
                ],
            ),
        }
    }
}

fn nanos(seconds: f64) -> String {
    format!("{:.0} ns", seconds * 1e9)
}
