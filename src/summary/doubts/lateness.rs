//! Doubts about the harness's own lateness: what it adds to the times that it shows.

use super::Grade;
use super::causes::Cause;
use super::found::Found;
use crate::summary::thresholds::{LAG_IN_TRANSIT, LAG_NOTE, LAG_NOTE_FLOOR, LAG_UNTRUSTED, LAG_UNTRUSTED_FLOOR, PUBLISH_LAG_NOTE, PUBLISH_LAG_UNTRUSTED};
use crate::units::{show_seconds, significant};

pub const LAG: Cause = Cause {
    name: "lag",
    grades: &[Grade::Note, Grade::Untrusted],
    raised_when: || {
        format!(
            "requests leave late (p99 of lag) by over {} (untrusted: {}) of the median latency, and by over {} ({})",
            percent(LAG_NOTE),
            percent(LAG_UNTRUSTED),
            show_seconds(LAG_NOTE_FLOOR),
            show_seconds(LAG_UNTRUSTED_FLOOR)
        )
    },
    touches: &["latency.", "scenario_latency.", "response."],
    remedy: "Lower the load, add processes or cores.",
};
pub const TRANSIT_LAG: Cause = Cause {
    name: "transit-lag",
    grades: &[Grade::Note],
    raised_when: || {
        format!("requests leave late (p99 of lag) by over {} of the p99 of transit, and by over {}", percent(LAG_IN_TRANSIT), show_seconds(LAG_NOTE_FLOOR))
    },
    touches: &["latency.transit.", "response."],
    remedy: "Lower the load, add processes or cores.",
};
pub const PUBLISH_LAG: Cause = Cause {
    name: "publish-lag",
    grades: &[Grade::Note, Grade::Untrusted],
    raised_when: || {
        format!(
            "updates are handed over late (p99 of publish_lag) by over {} (untrusted: {}) of the p99 of latency, and by over {} ({})",
            percent(PUBLISH_LAG_NOTE),
            percent(PUBLISH_LAG_UNTRUSTED),
            show_seconds(LAG_NOTE_FLOOR),
            show_seconds(LAG_UNTRUSTED_FLOOR)
        )
    },
    touches: &["latency.", "scenario_latency."],
    remedy: "Lower the update rate or add connections.",
};
pub const SHORT_WARM_UP: Cause = Cause {
    name: "short-warm-up",
    grades: &[Grade::Note],
    raised_when: || "the warm-up is shorter than the poll interval".to_owned(),
    touches: &["waste.", "responses.", "bytes."],
    remedy: "Set warm_up to one interval at least.",
};

fn percent(share: f64) -> String {
    format!("{} %", significant(share * 100.0, 3))
}

/// Those of a cell.
pub fn doubts(found: &mut Found<'_>) {
    let cell = found.cell;
    let against = |lag: &str, latency: &str| Some((cell.value(lag)?, cell.value(latency)?));
    // The floors hold for each grade by itself: a lag that is large beside the latency, yet small, is a note at most.
    let grade = |lag: f64, of: f64, note: f64, untrusted: f64| {
        Grade::of(lag, LAG_NOTE_FLOOR, LAG_UNTRUSTED_FLOOR).and_then(|by_size| Grade::of(lag / of, note, untrusted).map(|by_share| by_share.min(by_size)))
    };
    if let Some((lag, latency)) = against("lag.p99", "latency.p50")
        && let Some(grade) = grade(lag, latency, LAG_NOTE, LAG_UNTRUSTED)
    {
        let figure = format!(
            "Requests left up to {} late (p99 of lag; median latency {}): the harness's delay is in the latencies.",
            show_seconds(lag),
            show_seconds(latency)
        );
        found.raise(&LAG, grade, &figure);
    }
    // Beside the wait for a poll a lag of milliseconds is nothing; beside what server and network take, it may be all.
    if let Some((lag, transit)) = against("lag.p99", "latency.transit.p99")
        && lag > LAG_IN_TRANSIT * transit
        && lag > LAG_NOTE_FLOOR
    {
        let figure = format!(
            "Requests left up to {} late (p99 of lag), and transit is {} (p99): much of the transit is the harness's delay, not the server's.",
            show_seconds(lag),
            show_seconds(transit)
        );
        found.note(&TRANSIT_LAG, &figure);
    }
    if let Some((lag, latency)) = against("publish_lag.p99", "latency.p99")
        && let Some(grade) = grade(lag, latency, PUBLISH_LAG_NOTE, PUBLISH_LAG_UNTRUSTED)
    {
        let figure = format!(
            "Updates were handed over up to {} late (p99 of publish_lag; p99 of latency {}): part of the latencies is the publisher's.",
            show_seconds(lag),
            show_seconds(latency)
        );
        found.raise(&PUBLISH_LAG, grade, &figure);
    }
    warm_up(found);
}

/// The first poll of a topic after a long silence finds more than a steady one: a warm-up shorter than the interval leaves
/// some topics without a poll before the window.
fn warm_up(found: &mut Found<'_>) {
    let workload = found.cell.workload;
    if let Some(interval) = workload.interval.filter(|interval| *interval > workload.warm_up) {
        let figure = format!(
            "The warm-up ({}) is shorter than the poll interval ({}): the first round of polls finds less news than a steady one.",
            show_seconds(workload.warm_up),
            show_seconds(interval)
        );
        found.note(&SHORT_WARM_UP, &figure);
    }
}
