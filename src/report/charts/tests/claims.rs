//! What a sentence must not claim: ties, pairs that differ, figures that are missing, doubtful or of another kind than the words say.

use super::recordings::{growing, polling_wins, small, times, twin, untrusted};
use super::{all_texts, everything, named};
use crate::measure::recording::{Direction, Recording, Role};
use crate::measure::traffic::Traffic;
use crate::report::charts::Theme;
use crate::summary::fixture::made_up;

/// With plain spaces; of names as short as these it stands in the picture uncut.
fn title(recording: &Recording, name: &str) -> String {
    let pictures = everything(recording, Theme::Light);
    let picture = named(&pictures, name);
    assert!(!all_texts(picture).contains('…'), "{}", picture.title);
    picture.title.replace('\u{a0}', " ")
}

fn texts(recording: &Recording, name: &str) -> String {
    all_texts(named(&everything(recording, Theme::Light), name)).replace('\u{a0}', " ")
}

fn of<'r>(recording: &'r mut Recording, name: &'r str) -> impl Iterator<Item = &'r mut crate::measure::recording::Trial> {
    recording.trials.iter_mut().filter(move |trial| trial.contender == name)
}

/// Who is cheapest and who is freshest are two questions, each of a pair of its own: every figure stands beside the name of whose it is.
#[test]
fn cost_and_freshness_of_different_pairs_are_told_apart() {
    // Two of push, of which one is the cheaper, the other the fresher, and both lose.
    let mut recording = polling_wins();
    twin(&mut recording, "xmpp-pubsub", "webhook");
    times(&mut recording, "webhook", [3.0; 2], [0.5; 2]);
    let said = title(&recording, "freshness-cost");
    assert!(said.starts_with("Push is neither freshest nor cheapest: poll-1s is seen within 990 ms, webhook within "), "{said}");
    assert!(said.contains("; poll-5s takes 636 µs of CPU, xmpp-pubsub 12."), "{said}");
    // (push: CPU, latency; what is said of whom in the other contest)
    for (cpu, latency, begins, then) in [
        ([1.0; 2], [300.0, 1_200.0], "Push is cheaper: xmpp-pubsub takes ", "; no clear difference in freshness: xmpp-pubsub within "),
        ([1.0, 6.0], [1.0; 2], "Push is fresher: xmpp-pubsub is seen within ", "; no clear difference in CPU: xmpp-pubsub "),
        ([1.0, 6.0], [300.0, 1_200.0], "No clear difference in CPU and freshness: xmpp-pubsub takes ", "; xmpp-pubsub is seen within "),
    ] {
        let mut recording = small();
        times(&mut recording, "xmpp-pubsub", cpu, latency);
        let said = title(&recording, "freshness-cost");
        assert!(said.starts_with(begins) && said.contains(then), "{said}");
        // Both pollers are named: the cheapest and the freshest.
        assert!(said.contains("poll-5s") && said.contains("poll-1s"), "{said}");
    }
    // Of one pair, names stand once.
    let mut recording = small();
    recording.trials.retain(|trial| ["poll-5s", "xmpp-pubsub"].contains(&trial.contender.as_str()));
    times(&mut recording, "xmpp-pubsub", [1.0; 2], [1_000.0, 6_000.0]);
    let said = title(&recording, "freshness-cost");
    assert!(said.ends_with("; no clear difference in freshness"), "{said}");
}

/// One of all is in doubt, or has no figure: then it is not beaten.
#[test]
fn all_is_said_of_those_alone_whose_figures_are_known() {
    assert!(title(&small(), "freshness-cost").contains(" than all polling: "));
    let doubtful = |recording: &mut Recording| of(recording, "conditional-5s").for_each(|trial| trial.deliveries.corrupt = 1);
    let free = |recording: &mut Recording| times(recording, "conditional-5s", [0.0; 2], [1.0; 2]);
    let unknown = |recording: &mut Recording| of(recording, "conditional-5s").flat_map(|trial| &mut trial.sides).for_each(|side| side.cpu = None);
    let silent = |recording: &mut Recording| {
        of(recording, "conditional-5s").for_each(|trial| {
            trial.deliveries = Default::default();
            trial.times = Default::default();
        });
    };
    type Change<'a> = &'a dyn Fn(&mut Recording);
    let changes: [(Change<'_>, &str); 4] = [
        (&doubtful, ""),
        (&free, "Not drawn: conditional-5s (CPU not above that of the harness alone)"),
        (&unknown, "Not drawn: conditional-5s (no CPU of its own)"),
        (&silent, "Not drawn: conditional-5s (nothing delivered)"),
    ];
    for (change, foot) in changes {
        let mut recording = small();
        change(&mut recording);
        let said = title(&recording, "freshness-cost");
        assert!(said.contains(" than the best polling: "), "{said}");
        let texts = texts(&recording, "freshness-cost");
        assert!(texts.contains(foot) && (texts.contains("Not drawn") != foot.is_empty()), "{texts}");
    }
}

/// The worst second of whichever repeat: not their mean, and not of the drain, which has no part in it.
#[test]
fn the_worst_second_is_of_the_window_and_of_the_worst_repeat() {
    let slow = |repeat: u32, seconds: std::ops::Range<i64>| {
        let mut recording = small();
        for trial in of(&mut recording, "xmpp-pubsub").filter(|trial| trial.repeat == repeat) {
            for second in trial.timeline.iter_mut().filter(|second| seconds.contains(&second.second)) {
                second.latency = second.latency.as_ref().map(|latency| super::stretched(latency, 100.0));
            }
        }
        title(&recording, "latency-over-time")
    };
    let sound = title(&small(), "latency-over-time");
    assert!(sound.contains(" even in the worst second of the window; "), "{sound}");
    assert_eq!(slow(2, 60..1_000), sound, "the drain is none of it");
    for repeat in [1, 2] {
        let said = slow(repeat, 30..31);
        let milliseconds = said.split(" within ").nth(1).and_then(|rest| rest.split(" ms").next()).and_then(|number| number.parse::<f64>().ok());
        assert!(milliseconds.is_some_and(|shown| shown > 80.0), "repeat {repeat}: {said}");
    }
}

#[test]
fn thriftiest_and_most_wasteful_is_who_is_so_alone() {
    let mut recording = small();
    // Both that ask every five seconds are as thrifty as each other.
    let said = title(&recording, "waste");
    assert!(said.contains("poll-5s, among the thriftiest polling; ") && said.ends_with("poll-1s, the most wasteful"), "{said}");
    for trial in of(&mut recording, "conditional-5s") {
        trial.wasted = trial.exchanges * 97 / 100;
    }
    let said = title(&recording, "waste");
    assert!(said.contains("poll-5s, the thriftiest polling; ") && said.ends_with("poll-1s, the most wasteful"), "{said}");
    twin(&mut recording, "poll-1s", "poll-1s-too");
    let said = title(&recording, "waste");
    assert!(said.contains("poll-5s, the thriftiest polling; ") && said.ends_with("poll-1s-too, among the most wasteful"), "{said}");
}

#[test]
fn a_poll_that_failed_is_not_said_to_have_found_nothing() {
    let mut recording = small();
    let grey = "grey, there was no news";
    let sound = texts(&recording, "waste");
    assert!(sound.contains(grey) && !sound.contains("failed"), "{sound}");
    of(&mut recording, "poll-1s").for_each(|trial| trial.failed_requests = 3);
    assert!(texts(&recording, "waste").contains("grey, there was no news, or the request failed"));
    of(&mut recording, "poll-1s").for_each(|trial| (trial.exchanges, trial.wasted) = (0, 0));
    assert!(texts(&recording, "waste").contains("Not drawn: poll-1s (no poll sent)"));
}

/// Two who are equally good are not *the* best, in any chart.
#[test]
fn of_equals_none_is_the_best() {
    let mut recording = small();
    twin(&mut recording, "poll-1s", "poll-1s-too");
    twin(&mut recording, "poll-5s", "poll-5s-too");
    for picture in everything(&recording, Theme::Light) {
        let said = &picture.title;
        assert!(
            !["quietest", "leanest", "freshest", "steadiest", "cheapest", "thriftiest"].iter().any(|best| said.contains(&format!(", the {best} "))),
            "{said}"
        );
    }
}

/// A lead that cannot be read from the figures is none that a title may tell of.
#[test]
fn what_reads_the_same_is_no_difference() {
    let mut recording = small();
    for trial in of(&mut recording, "xmpp-pubsub") {
        // One message more than a poller of five seconds in each repeat: beyond all noise, and yet 400 a second as well.
        trial.subscriber_traffic.window = Traffic { stanzas_down: 24_001, ..Traffic::default() };
    }
    let said = title(&recording, "volume");
    assert!(said.starts_with("No clear difference in messages a second: xmpp-pubsub 400; poll-5s, among the quietest polling, 400"), "{said}");
    let pollers = made_up().scale(0.05).only(Direction::Pull).build();
    let said = title(&pollers, "resources");
    assert!(said.starts_with("poll-5s takes less of the server’s memory than conditional-5s: ") && said.ends_with("; no clear difference in CPU"), "{said}");
    let mut recording = small();
    recording.trials.retain(|trial| trial.contender != "poll-1s");
    for (name, wasted) in [("poll-5s", 50_001), ("conditional-5s", 50_000)] {
        of(&mut recording, name).for_each(|trial| (trial.exchanges, trial.wasted) = (100_000, wasted));
    }
    let said = title(&recording, "waste");
    assert!(said.starts_with("No clear difference in waste: of 100 polls, 50 are in vain with conditional-5s, 50 with poll-5s"), "{said}");
}

/// Long names leave less to be said, but nothing half said.
#[test]
fn sentences_of_long_names_end() {
    let renamed = |mut recording: Recording| {
        for name in ["poll-1s", "poll-5s", "xmpp-pubsub", "webhook"] {
            let long = format!("{name}-through-a-proxy-in-another-country");
            of(&mut recording, name).for_each(|trial| trial.contender.clone_from(&long));
            recording.contenders.iter_mut().filter(|contender| contender.name == name).for_each(|contender| contender.name.clone_from(&long));
        }
        recording
    };
    let push = |cpu, latency| {
        let mut recording = small();
        times(&mut recording, "xmpp-pubsub", cpu, latency);
        recording
    };
    let mut neither = polling_wins();
    twin(&mut neither, "xmpp-pubsub", "webhook");
    times(&mut neither, "webhook", [3.0; 2], [0.5; 2]);
    for recording in [small(), neither, push([1.0; 2], [300.0, 1_200.0]), push([1.0, 6.0], [1.0; 2]), push([1.0, 6.0], [300.0, 1_200.0])] {
        for picture in everything(&renamed(recording), Theme::Light) {
            let texts = all_texts(&picture);
            let lines: Vec<&str> = texts.lines().take(2).collect();
            assert!(picture.title == lines[0] || picture.title == lines.join(" "), "{}: {}", picture.name, picture.title);
        }
    }
}

/// A loss has no latency: a percentile of what arrived is none of all updates.
#[test]
fn percentiles_are_of_what_arrived() {
    let mut recording = small();
    of(&mut recording, "xmpp-pubsub").for_each(|trial| {
        trial.deliveries.lost = 5;
        trial.deliveries.expected += 5;
    });
    for name in ["latency", "latency-over-time"] {
        let said = title(&recording, name);
        assert!(said.starts_with("Not to be trusted: xmpp-pubsub shows 99 % of the updates that arrive within "), "{said}");
    }
    assert!(texts(&recording, "latency").contains("share of the updates that arrive seen within this time"));
    assert!(texts(&small(), "latency").contains("share of updates seen within this time"));
}

#[test]
fn a_second_of_compressed_time_is_a_measured_one() {
    let recording = made_up().scale(0.05).compression(144.0).build();
    let said = title(&recording, "volume");
    assert!(said.starts_with("xmpp-pubsub exchanges ") && said.contains(" messages a measured second; "), "{said}");
}

#[test]
fn memory_that_nobody_measured_is_not_compared() {
    let without = |names: &[&str]| {
        let mut recording = small();
        for trial in recording.trials.iter_mut().filter(|trial| names.contains(&trial.contender.as_str())) {
            trial.sides.iter_mut().for_each(|side| side.memory_peak = None);
        }
        title(&recording, "resources")
    };
    let said = without(&["xmpp-pubsub", "poll-5s", "poll-1s", "conditional-5s"]);
    assert!(said.contains("takes less of the server’s CPU than poll-5s") && said.ends_with("; memory is not known of both"), "{said}");
    assert!(!said.contains('?') && !said.contains("MiB"), "{said}");
    let mut alone = made_up().scale(0.05).only(Direction::Push).build();
    alone.trials.iter_mut().flat_map(|trial| &mut trial.sides).for_each(|side| side.memory_peak = None);
    let said = title(&alone, "resources");
    assert!(said.starts_with("xmpp-pubsub costs the server ") && said.ends_with("% of a core"), "{said}");
}

/// Whoever has no line in a chart is named in its foot, with the reason.
#[test]
fn nobody_vanishes_from_a_picture() {
    let mut silent = small();
    of(&mut silent, "poll-1s").for_each(|trial| {
        trial.deliveries = Default::default();
        trial.times = Default::default();
        trial.timeline.iter_mut().for_each(|second| second.latency = None);
    });
    let mut in_memory = small();
    of(&mut in_memory, "poll-1s").flat_map(|trial| &mut trial.sides).for_each(|side| side.cpu = None);
    let mut timeless = small();
    of(&mut timeless, "poll-1s").for_each(|trial| trial.timeline.clear());
    for (recording, name, reason) in [
        (&silent, "latency", "nothing delivered"),
        (&silent, "latency-over-time", "nothing delivered within the window"),
        (&silent, "freshness-cost", "nothing delivered"),
        (&in_memory, "resources", "no process of its own"),
        (&in_memory, "freshness-cost", "no CPU of its own"),
        (&timeless, "volume", "no time-line"),
        (&timeless, "resources", "no time-line"),
    ] {
        let texts = texts(recording, name);
        assert!(texts.contains(&format!("Not drawn: poll-1s ({reason})")), "{name}: {texts}");
    }
    for picture in everything(&small(), Theme::Light) {
        assert!(!all_texts(&picture).contains("Not drawn"), "{}", picture.name);
    }
}

/// A panel without lines says why: that a process has no figures is something else than that there is none.
#[test]
fn a_panel_without_lines_says_why() {
    let mut recording = small();
    recording.trials.iter_mut().flat_map(|trial| &mut trial.timeline).for_each(|second| second.cpu.server = f64::INFINITY);
    let said = texts(&recording, "resources");
    assert!(said.contains("no figures over time") && !said.contains("no process of its own"), "{said}");
    let mut recording = small();
    recording.trials.iter_mut().flat_map(|trial| &mut trial.sides).filter(|side| side.role == Role::Subscriber).for_each(|side| side.cpu = None);
    let said = texts(&recording, "resources");
    assert!(said.contains("no process of its own") && !said.contains("no figures over time"), "{said}");
}

/// Several updates in a message take less than one each: one is not the least.
#[test]
fn less_than_a_message_for_an_update_is_possible() {
    let mut recording = small();
    of(&mut recording, "xmpp-pubsub").for_each(|trial| trial.subscriber_traffic.window.stanzas_down /= 2);
    let said = texts(&recording, "per-update");
    assert!(said.contains("takes 0.5 messages for one update") && !said.contains("the least"), "{said}");
}

/// Bytes that no server of ours counted are not bytes of nothing.
#[test]
fn what_was_not_counted_is_not_said_to_be_undelivered() {
    let mut recording = small();
    of(&mut recording, "poll-1s").for_each(|trial| trial.subscriber_traffic_by_server = None);
    let texts = texts(&recording, "per-update");
    assert!(texts.contains("not counted") && !texts.contains("nothing delivered"), "{texts}");
}

/// A line may end before the others: what is said of it is said of its own largest load.
#[test]
fn a_line_is_told_of_up_to_its_own_last_load() {
    let mut short = growing(&[50.0, 100.0, 200.0, 400.0], |_| false);
    short.trials.retain(|trial| trial.contender != "xmpp-pubsub" || trial.workload.subscribers < 400);
    let said = title(&short, "scaling");
    assert_eq!(said, "xmpp-pubsub has no knee up to 200 subscribers; poll-1s, the freshest polling, has no knee up to 400 subscribers");
    let said = title(&untrusted(short), "scaling");
    assert!(said.starts_with("Not to be trusted: xmpp-pubsub p99 ") && said.contains(" at 200 subscribers; poll-1s"), "{said}");
    assert!(said.ends_with(" at 400 subscribers"), "{said}");
}

/// Latencies at different loads say nothing about who is fresher: a poller that was given up early is not the freshest for that.
#[test]
fn the_freshest_is_so_at_a_load_that_all_have() {
    let mut recording = growing(&[50.0, 100.0, 200.0, 400.0], |name| name == "poll-1s");
    // At its last load of 100, poll-5s shows less than poll-1s at 400, and more at every load that both have.
    recording.trials.retain(|trial| trial.contender != "poll-5s" || trial.workload.subscribers <= 100);
    of(&mut recording, "poll-5s").for_each(|trial| trial.times.latency = super::stretched(&trial.times.latency, 0.4));
    let said = title(&recording, "scaling");
    assert!(said.contains("poll-1s, the freshest polling, "), "{said}");
}
