//! Handicaps, as the environment asks for them: what they make worse, and that nobody has one unknowingly.

#[path = "support/command.rs"]
mod command;

use std::sync::{Mutex, PoisonError};

use command::{Ended, Place, ended, pushbench, tiny, undisturbed};
use pushbench::measure::handicap::VARIABLE;
use pushbench::measure::recording::{Recording, Role, Trial};

/// CPU is not measured beside another test's load.
static ALONE: Mutex<()> = Mutex::new(());

/// A run of a poller and a pusher.
fn run(handicap: Option<&str>) -> (Place, Ended) {
    let place = Place::with(&tiny("[[contender]]\nuse = \"rest-poll\"\ninterval = \"200ms\"\n[[contender]]\nuse = \"xmpp-pubsub\"\n", &[]));
    let mut command = place.command();
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    command.arg("--recording-only").env_remove(VARIABLE).envs(handicap.map(|handicap| (VARIABLE, handicap)));
    let ended = ended(&mut command);
    (place, ended)
}

fn trial<'r>(recording: &'r Recording, contender: &str) -> &'r Trial {
    recording.trials.iter().find(|trial| trial.contender == contender).unwrap()
}

fn compare(base: &Place, new: &Place) -> Ended {
    ended(pushbench().arg("compare").args([base.report(), new.report()]).args(["--only", "rest-poll"]))
}

#[test]
fn longer_payloads_and_further_requests_are_told_and_found_from_one_pair() {
    let (new, handicapped) = run(Some("payload=0.05 requests=1"));
    let measure = || {
        let (base, honest) = run(None);
        let compared = compare(&base, &new);
        (base, honest, compared)
    };
    let is_untrusted =
        |(_, _, compared): &(Place, Ended, Ended)| compared.out.lines().any(|line| line.contains("untrusted") && line.contains("requests.per_update"));
    let (base, honest, compared) = undisturbed(measure, is_untrusted);
    assert!(!honest.err.contains(VARIABLE) && base.recording().handicap.is_none(), "{}", honest.err);
    assert_eq!(handicapped.code, Some(4), "{}", handicapped.err);
    assert!(handicapped.err.contains("warning: PUSHBENCH_HANDICAP is set (payload=0.05 requests=1)"), "{}", handicapped.err);
    let (before, after) = (base.recording(), new.recording());
    assert_eq!(after.handicap.map(|handicap| handicap.to_string()).as_deref(), Some("payload=0.05 requests=1"));

    let [polled, asked] = [&before, &after].map(|recording| &trial(recording, "rest-poll").subscriber_traffic.window);
    for (traffic, bytes) in [(polled, 256), (asked, 269)] {
        assert_eq!(traffic.payload_bytes, bytes * traffic.responses[&200]);
    }
    let news = trial(&after, "rest-poll").deliveries.delivered;
    assert!((polled.requests + news).abs_diff(asked.requests) <= 5, "{} and {news}, not {}", polled.requests, asked.requests);
    let pushed = trial(&after, "xmpp-pubsub");
    assert_eq!(pushed.subscriber_traffic.window.payload_bytes, 269 * pushed.deliveries.delivered);

    assert!(compared.out.contains("made worse on purpose (PUSHBENCH_HANDICAP: payload=0.05 requests=1)"), "{}", compared.out);
    assert_eq!(compared.code, Some(1), "{}", compared.out);
    for figure in ["requests.per_update", "bytes.payload.per_update", "bytes.protocol.per_update"] {
        let line = compared.out.lines().find(|line| line.contains("regressed ") && line.contains(figure));
        assert!(line.is_some(), "{figure}: {}", compared.out);
    }
    let same = compare(&new, &new);
    assert_eq!(same.code, Some(4), "both had it, and nothing is fine: {}", same.out);
}

#[test]
fn a_server_that_is_slowed_down_takes_so_much_more_cpu() {
    let server = |handicap| {
        let (place, ended) = run(handicap);
        let recording = if place.report().exists() { place.recording() } else { panic!("{}", ended.err) };
        let side = trial(&recording, "rest-poll").sides.iter().find(|side| side.role == Role::Server).unwrap();
        side.cpu.as_ref().unwrap().window.total()
    };
    // Some milliseconds are measured here, of which a busy machine alone may make four times as many: the least of three says most. How exact the share
    // is, the unit test of the brake says.
    let [mut without, mut with] = [f64::INFINITY; 2];
    for _ in 0..3 {
        without = server(None).min(without);
        with = server(Some("server-cpu=10")).min(with);
    }
    assert!(with > 2.0 * without, "{with} s, and {without} s without");
}

#[test]
fn what_is_no_handicap_is_refused() {
    let (place, ended) = run(Some("server-cpu=10%"));
    assert_eq!(ended.code, Some(2), "{}", ended.err);
    assert!(ended.err.starts_with("error: the environment variable PUSHBENCH_HANDICAP: \"server-cpu=10%\" is no handicap; allowed: "), "{}", ended.err);
    assert!(!place.report().exists());
}
