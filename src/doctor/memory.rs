//! Memory: how much there is, and whether it is the kind that figures of memory and latency assume.

use super::{Concern, Finding, Subject};
use crate::measure::facts::Facts;
use crate::units::show_bytes;

/// Less than this leaves no room for three processes and their sockets.
const LEAST: u64 = 512 << 20;
/// Enough for scenarios of tens of thousands of connections.
const ENOUGH: u64 = 2 << 30;
/// What lies in swap for ever and hurts nobody.
const SWAPPED: u64 = 64 << 20;

const AVAILABLE: Subject =
    Subject { name: "memory-available", group: "Memory", what: "Memory to be had", concern: Concern::Every, spoils: &["memory-pressure", "latency."] };
const LIMIT: Subject =
    Subject { name: "memory-limit", group: "Memory", what: "Limit of the control group", concern: Concern::Every, spoils: &["memory-pressure", "latency."] };
const SWAP: Subject = Subject { name: "swap", group: "Memory", what: "Swapped out", concern: Concern::Every, spoils: &["memory-pressure", "latency."] };
const PRESSURE: Subject =
    Subject { name: "pressure", group: "Memory", what: "Pressure stall information", concern: Concern::Every, spoils: &["memory-pressure"] };
const PAGES: Subject = Subject { name: "huge-pages", group: "Memory", what: "Transparent huge pages", concern: Concern::Every, spoils: &["memory."] };

pub(super) fn findings(facts: &Facts) -> Vec<Finding> {
    let settings = &facts.settings;
    let total = facts.machine.memory;
    let less = ["ps -eo pid,rss,comm --sort=-rss | head   # shows who holds it"];
    vec![
        match settings.memory_available {
            None => AVAILABLE.unknown(),
            Some(bytes) => {
                let value = format!("{} of {}", show_bytes(bytes as f64), show_bytes(total as f64));
                match bytes {
                    bytes if bytes < LEAST => AVAILABLE.bad(value, "The kernel reclaims memory while it is measured, or ends a side.", &less),
                    bytes if bytes < ENOUGH => AVAILABLE.note(value, "Large scenarios do not fit; `pushbench check SCENARIO` says which.", &less),
                    _ => AVAILABLE.good(value),
                }
            }
        },
        match facts.machine.memory_limit {
            None => LIMIT.good("none"),
            Some(bytes) => {
                let mend = ["sudo systemctl set-property --runtime UNIT MemoryMax=infinity", "docker update --memory 4g --memory-swap 4g CONTAINER"];
                match bytes {
                    bytes if bytes < LEAST => LIMIT.bad(show_bytes(bytes as f64), "The kernel ends a side that goes beyond it.", &mend),
                    bytes if bytes < ENOUGH => {
                        LIMIT.note(show_bytes(bytes as f64), "Large scenarios do not fit; `pushbench check SCENARIO` says which.", &mend)
                    }
                    bytes => LIMIT.good(show_bytes(bytes as f64)),
                }
            }
        },
        match settings.swapped {
            None => SWAP.unknown(),
            Some(bytes) if bytes <= SWAPPED => SWAP.good(if bytes == 0 { "nothing".to_owned() } else { show_bytes(bytes as f64) }),
            Some(bytes) => SWAP.note(
                show_bytes(bytes as f64),
                "Memory was short before; what is read back from a disk shows as latency.",
                &["sudo swapoff -a && sudo swapon -a   # takes all back, where there is room"],
            ),
        },
        match settings.pressure {
            true => PRESSURE.good("told"),
            false => PRESSURE.note(
                "not told",
                "Waiting for memory goes unseen: its doubt cannot be raised.",
                &["# boot with psi=1 (Linux 4.20 or later with CONFIG_PSI)"],
            ),
        },
        match settings.huge_pages.as_deref() {
            None => PAGES.unknown(),
            Some("always") => PAGES.note(
                "always",
                "Memory grows in steps of 2 MiB, used or not: figures per subscriber are too large.",
                &["echo madvise | sudo tee /sys/kernel/mm/transparent_hugepage/enabled"],
            ),
            Some(other) => PAGES.good(other),
        },
    ]
}
