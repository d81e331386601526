//! Doubts about what arrived, and about the counts: lost, doubled, corrupt, unsent, books that do not balance.

use super::Grade;
use super::causes::{Cause, EVERYTHING};
use super::found::{Found, show};
use crate::measure::recording::{Direction, Recording};
use crate::summary::thresholds::REQUESTS_SENT;
use crate::units::significant;

pub const NOTHING_DELIVERED: Cause = Cause {
    name: "nothing-delivered",
    grades: &[Grade::Untrusted],
    raised_when: || "a contender delivered nothing".to_owned(),
    touches: EVERYTHING,
    remedy: "Look at failed requests and checks first; where nothing was due, lengthen the span or raise the update rate.",
};
pub const LOST: Cause = Cause {
    name: "lost",
    grades: &[Grade::Untrusted],
    raised_when: || "an expected delivery never arrived, nor any later version in its stead".to_owned(),
    touches: EVERYTHING,
    remedy: "Look for errors of the server, or a drain that is too short: it lasts one poll interval and the timeout.",
};
pub const COALESCED: Cause = Cause {
    name: "coalesced",
    grades: &[Grade::Note],
    raised_when: || "an update was skipped for a later one where the scenario says that each event counts".to_owned(),
    touches: &["coalesced", "reach", "delivered"],
    remedy: "Poll more often, or use a contender that tells each event.",
};
pub const DUPLICATED: Cause = Cause {
    name: "duplicated",
    grades: &[Grade::Note],
    raised_when: || "a delivery came again, unasked: at push, or where each event counts".to_owned(),
    touches: &["duplicated", "waste.ratio"],
    remedy: "Look for a subscription that was made twice, or a server that sends again.",
};
pub const REORDERED: Cause = Cause {
    name: "reordered",
    grades: &[Grade::Note],
    raised_when: || "a delivery came after a later version of its topic: at push, or where each event counts".to_owned(),
    touches: &["reordered", "coalesced", "reach"],
    remedy: "Look for a server that sends one topic over several paths.",
};
pub const CORRUPT: Cause = Cause {
    name: "corrupt",
    grades: &[Grade::Untrusted],
    raised_when: || "a payload came that nobody can have sent".to_owned(),
    touches: EVERYTHING,
    remedy: "Client and server disagree about the protocol.",
};
pub const CHECK: Cause = Cause {
    name: "check",
    grades: &[Grade::Untrusted],
    raised_when: || "a comparison that must hold does not: the two ends' counts, or the sum of deliveries".to_owned(),
    touches: EVERYTHING,
    remedy: "One of the two counts is wrong.",
};
pub const FAILED_REQUESTS: Cause = Cause {
    name: "failed-requests",
    grades: &[Grade::Note],
    raised_when: || "a request got no response within the timeout, or none at all".to_owned(),
    touches: &["requests.", "latency.", "scenario_latency.", "staleness.", "fidelity.", "service.", "response.", "waste.ratio"],
    remedy: "Raise the timeout or lower the load if that is not what you look for.",
};
pub const REQUESTS_UNSENT: Cause = Cause {
    name: "requests-unsent",
    grades: &[Grade::Untrusted],
    raised_when: || format!("fewer than {} % of the planned requests were sent in a trial", significant(REQUESTS_SENT * 100.0, 4)),
    touches: EVERYTHING,
    remedy: "Lower the load or add processes.",
};
pub const UNPUBLISHED: Cause = Cause {
    name: "unpublished",
    grades: &[Grade::Untrusted],
    raised_when: || "an update of the window was not published".to_owned(),
    touches: EVERYTHING,
    remedy: "Look for errors of the server or give publishers more connections.",
};

/// Those of a cell.
pub fn doubts(recording: &Recording, found: &mut Found<'_>) {
    if found.cell.value("delivered") == Some(0.0) {
        let figure = match found.cell.value("expected") {
            Some(0.0) => "No update was due in the window: there is nothing to deliver.",
            _ => "Nothing was delivered: every figure per update is empty.",
        };
        found.untrusted(&NOTHING_DELIVERED, figure);
    }
    let events = recording.scenario.semantics == "events";
    deliveries(events, found);
    books(found);
    load(found);
}

fn deliveries(events: bool, found: &mut Found<'_>) {
    // Reading state again, or an older state from a cache, is waste; being told twice is a fault.
    let strict = events || found.cell.contender.direction == Direction::Push;
    let expected = show(found.sum(|trial| trial.deliveries.expected));
    let lost = found.sum(|trial| trial.deliveries.lost);
    if lost > 0 {
        let figure = format!("{} of {expected} expected deliveries were lost; latency.expected counts them as infinite.", show(lost));
        found.untrusted(&LOST, &figure);
    }
    let coalesced = found.sum(|trial| trial.deliveries.coalesced);
    if events && coalesced > 0 {
        let figure =
            format!("{} of {expected} expected deliveries were skipped for a later version; the scenario says that each event counts.", show(coalesced));
        found.note(&COALESCED, &figure);
    }
    let (duplicated, reordered) = (found.sum(|trial| trial.deliveries.duplicated), found.sum(|trial| trial.deliveries.reordered));
    if strict && duplicated > 0 {
        found.note(&DUPLICATED, &format!("{} deliveries came twice, unasked, of {expected} expected.", show(duplicated)));
    }
    if strict && reordered > 0 {
        found.note(&REORDERED, &format!("{} deliveries came after a later version, of {expected} expected.", show(reordered)));
    }
    let corrupt = found.sum(|trial| trial.deliveries.corrupt);
    if corrupt > 0 {
        found.untrusted(&CORRUPT, &format!("{} payloads were such as nobody can have sent: unknown topic, version or stamp.", show(corrupt)));
    }
}

fn books(found: &mut Found<'_>) {
    let mut failed = found.cell.trials.iter().flat_map(|trial| trial.checks.iter().filter(|check| !check.holds).map(move |check| (trial.repeat, check)));
    if let Some((repeat, check)) = failed.next() {
        let more = failed.count();
        let others = if more > 0 { format!(" ({more} more such)") } else { String::new() };
        let figure = format!(
            "The books do not balance in repeat {repeat}: {}: {} counted {}, {} counted {}{others}.",
            check.what,
            check.left.0,
            show(check.left.1),
            check.right.0,
            show(check.right.1)
        );
        found.untrusted(&CHECK, &figure);
    }
}

/// Whether the load was the scenario's.
fn load(found: &mut Found<'_>) {
    let failed = found.sum(|trial| trial.failed_requests);
    if failed > 0 {
        found.note(&FAILED_REQUESTS, &format!("{} requests got no response in time, or none at all.", show(failed)));
    }
    // Each first request of a chain that was in the plan has a lag.
    let sent = |trial: &&&crate::measure::recording::Trial| (trial.times.lag.count(), trial.requests_planned);
    let short = found.cell.trials.iter().find(|trial| {
        let (sent, planned) = sent(trial);
        (sent as f64) < REQUESTS_SENT * planned as f64
    });
    if let Some(trial) = short {
        let (sent, planned) = sent(&trial);
        let figure =
            format!("Only {} of {} planned requests were sent in repeat {}: the load was not the scenario's.", show(sent), show(planned), trial.repeat);
        found.untrusted(&REQUESTS_UNSENT, &figure);
    }
    if found.cell.trials.iter().any(|trial| trial.published < trial.updates) {
        let (published, updates) = (found.sum(|trial| trial.published), found.sum(|trial| trial.updates));
        found.untrusted(&UNPUBLISHED, &format!("Only {} of {} updates were published.", show(published), show(updates)));
    }
}
