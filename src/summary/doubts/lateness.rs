//! Doubts about the harness's own lateness: what it adds to the times that it shows.

use super::Grade;
use super::causes::{Cause, TIMES};
use super::found::Found;
use crate::measure::recording::Role;
use crate::summary::thresholds::{
    BEAT_LAG_NOTE, BEAT_LAG_UNTRUSTED, EDGE_LAG_NOTE, LAG_IN_TRANSIT, LAG_NOTE, LAG_NOTE_FLOOR, LAG_UNTRUSTED, LAG_UNTRUSTED_FLOOR, PUBLISH_LAG_NOTE,
    PUBLISH_LAG_UNTRUSTED,
};
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
    touches: &["latency.", "scenario_latency.", "staleness.", "fidelity.", "response."],
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
    touches: &["latency.", "scenario_latency.", "staleness.", "fidelity."],
    remedy: "Lower the update rate or add connections.",
};
pub const BEAT_LAG: Cause = Cause {
    name: "beat-lag",
    grades: &[Grade::Note, Grade::Untrusted],
    raised_when: || {
        format!(
            "a timer of a publisher's or subscriber's thread, one beat a second, came late once by over {} of the p99 of latency (untrusted: every other time by over {} of the median), and by over {}",
            percent(BEAT_LAG_NOTE),
            percent(BEAT_LAG_UNTRUSTED),
            show_seconds(LAG_UNTRUSTED_FLOOR)
        )
    },
    touches: TIMES,
    remedy: "Lower the load, add processes or cores.",
};
pub const EDGE_LAG: Cause = Cause {
    name: "edge-lag",
    grades: &[Grade::Note],
    raised_when: || format!("a side took its snapshots at the edges of the window late by over {} of it", percent(EDGE_LAG_NOTE)),
    touches: &["cpu.", "bytes.", "connections."],
    remedy: "Lengthen the span, lower the load, or add cores.",
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
    beats(found);
    edges(found);
    warm_up(found);
}

/// Whoever is told has no plan to be late on: that its thread does not get round to things shows in the beats alone.
fn beats(found: &mut Found<'_>) {
    let cell = found.cell;
    let (Some(median), Some(tail)) = (cell.value("latency.p50"), cell.value("latency.p99")) else { return };
    let sides = cell.trials.iter().flat_map(|trial| trial.sides.iter().filter(|side| side.role != Role::Server));
    // Each side is judged by itself: the one that was late once must not hide another that is late all the time.
    let late = sides.filter_map(|side| {
        let beats = side.beat_lag.as_ref()?;
        let (often, once) = (beats.quantile(0.5)?, beats.max()?);
        let grade = if often > LAG_UNTRUSTED_FLOOR && often > BEAT_LAG_UNTRUSTED * median {
            Grade::Untrusted
        } else if once > LAG_UNTRUSTED_FLOOR && once > BEAT_LAG_NOTE * tail {
            Grade::Note
        } else {
            return None;
        };
        Some((grade, side, often, once))
    });
    let Some((grade, side, often, once)) = late.max_by(|one, other| one.0.cmp(&other.0).then(one.3.total_cmp(&other.3))) else { return };
    let figure = format!(
        "The thread of a {} process was held up for {} at most, {} in the median, when its timer was due (latency: median {}, p99 {}): what arrived meanwhile was seen so much later.",
        side.role.name(),
        show_seconds(once),
        show_seconds(often),
        show_seconds(median),
        show_seconds(tail)
    );
    found.raise(&BEAT_LAG, grade, &figure);
}

fn edges(found: &mut Found<'_>) {
    let sides = found.cell.trials.iter().flat_map(|trial| trial.sides.iter().map(|side| (side, trial.workload.window)));
    let late = sides.filter_map(|(side, window)| Some((side, side.edge_lag? / window, side.edge_lag?)));
    if let Some((side, share, seconds)) = late.filter(|(_, share, _)| *share > EDGE_LAG_NOTE).max_by(|one, other| one.1.total_cmp(&other.1)) {
        let figure = format!(
            "The {} side took its snapshot at an edge of the window {} late ({} of it): what it counted is of a slightly other window.",
            side.role.name(),
            show_seconds(seconds),
            percent(share)
        );
        found.note(&EDGE_LAG, &figure);
    }
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
