//! The titles of all charts, case by case: who wins, who loses, what is within the noise, and what cannot be trusted.

use super::recordings::{alike, crossing, growing, polling_wins, small, untrusted};
use super::{all_texts, everything, named};
use crate::measure::recording::Recording;
use crate::report::charts::{NAMES, NEED_A_SWEEP, Theme};
use crate::summary::fixture::made_up;

/// Name and title of each chart that a recording has, with plain spaces.
fn titles(recording: &Recording) -> Vec<(&'static str, String)> {
    everything(recording, Theme::Light).into_iter().map(|picture| (picture.name, picture.title.replace('\u{a0}', " "))).collect()
}

fn title(recording: &Recording, name: &str) -> String {
    titles(recording).into_iter().find(|(other, _)| *other == name).unwrap().1
}

/// Of each chart, how its title begins where push wins, where polling wins, where they are alike, and where the figures cannot be trusted.
const TABLE: [(&str, [&str; 4]); 7] = [
    (
        "volume",
        [
            "xmpp-pubsub exchanges 10 messages a second; poll-5s, among the quietest polling, 400",
            "poll-5s, among the quietest polling, exchanges 400 messages a second; xmpp-pubsub ",
            "No clear difference in messages a second: ",
            "Not to be trusted: xmpp-pubsub exchanges ",
        ],
    ),
    ("waste", ["Of 100 polls, ", "Of 100 polls, ", "Of 100 polls, ", "Not to be trusted: of 100 polls, "]),
    (
        "per-update",
        [
            "xmpp-pubsub takes 1 message for one update; poll-5s, among the leanest polling, 41",
            "poll-5s, among the leanest polling, takes 41 messages for one update; xmpp-pubsub 1,000",
            "No clear difference in messages per update: ",
            "Not to be trusted: xmpp-pubsub takes ",
        ],
    ),
    (
        "latency",
        [
            "xmpp-pubsub shows 99 % of updates within 1.53 ms; poll-1s, the freshest polling, within 990 ms",
            "poll-1s, the freshest polling, shows 99 % of updates within 990 ms; xmpp-pubsub within ",
            "No clear difference in the time until 99 % of updates are seen: ",
            "Not to be trusted: xmpp-pubsub shows 99 % ",
        ],
    ),
    (
        "latency-over-time",
        [
            "xmpp-pubsub shows 99 % of updates within ",
            "poll-1s, the steadiest polling, shows 99 % of updates within ",
            "No clear difference in the worst second of the window: ",
            "Not to be trusted: xmpp-pubsub shows 99 % ",
        ],
    ),
    (
        "resources",
        [
            "xmpp-pubsub takes less of the server’s CPU but more memory than poll-5s, among the cheapest polling: ",
            "poll-5s, among the cheapest polling, costs the server less than xmpp-pubsub: ",
            "No clear difference in what ",
            "Not to be trusted: xmpp-pubsub costs the server ",
        ],
    ),
    (
        "freshness-cost",
        [
            "xmpp-pubsub is both fresher and cheaper than all polling: seen within 1.53 ms for 209 µs of CPU; poll-1s, the freshest polling, takes 990 ms, ",
            "Push is neither freshest nor cheapest: poll-1s is seen within 990 ms, xmpp-pubsub within ",
            "No clear difference in CPU and freshness: ",
            "Not to be trusted: xmpp-pubsub takes ",
        ],
    ),
];

#[test]
fn titles_turn_with_the_numbers() {
    let cases = [("push wins", small()), ("polling wins", polling_wins()), ("alike", alike()), ("not to be trusted", untrusted(small()))];
    let mut told = String::new();
    for (place, (case, recording)) in cases.iter().enumerate() {
        let titles = titles(recording);
        told.push_str(&format!("{case}\n"));
        assert!(titles.iter().map(|(name, _)| name).eq(TABLE.iter().map(|(name, _)| name)), "{case}");
        for ((name, title), (_, beginnings)) in titles.iter().zip(TABLE) {
            assert!(title.starts_with(beginnings[place]), "{case}, {name}: {title}");
            told.push_str(&format!("{name}: {title}\n"));
        }
        told.push('\n');
    }
    insta::assert_snapshot!(told);
    // What is about a swept value has tables of its own, below.
    assert!(NAMES.iter().all(|name| NEED_A_SWEEP.contains(name) || TABLE.iter().any(|(other, _)| other == name)));
}

#[test]
fn whoever_competes_alone_is_told_of_alone() {
    use crate::measure::recording::Direction;
    let push = made_up().scale(0.05).only(Direction::Push).build();
    for (name, title) in titles(&push) {
        assert!(title.starts_with("xmpp-pubsub ") && !title.contains(';'), "{name}: {title}");
    }
    for (name, title) in titles(&untrusted(push)) {
        assert!(title.starts_with("Not to be trusted: xmpp-pubsub "), "{name}: {title}");
    }
}

/// A doubt about one who is not compared takes away what is said of all; one about who is, stands before everything.
#[test]
fn a_doubt_takes_away_what_it_touches_and_no_more() {
    let with = |name: &str| {
        let mut recording = small();
        recording.trials.iter_mut().filter(|trial| trial.contender == name).for_each(|trial| trial.deliveries.corrupt = 1);
        titles(&recording)
    };
    let sound = titles(&small());
    for ((name, title), (_, sound)) in with("conditional-5s").into_iter().zip(&sound) {
        let weaker = sound
            .replace("than all polling", "than the best polling")
            .replace(", the thriftiest", ", among the thriftiest")
            .replace(", the most wasteful", ", among the most wasteful");
        let weaker = ["quietest", "leanest", "freshest", "steadiest", "cheapest"]
            .iter()
            .fold(weaker, |title, best| title.replace(&format!(", the {best} "), &format!(", among the {best} ")));
        assert_eq!(title, weaker, "{name}");
        assert!(!title.contains("than all ") && !title.contains(", the "), "{name}: {title}");
    }
    for (name, title) in with("xmpp-pubsub") {
        assert_eq!(title.starts_with("Not to be trusted: "), name != "waste", "{name}: {title}");
    }
}

/// Cheapest and freshest may be two: the sentence must not compare push with the cheapest poller alone.
#[test]
fn freshness_and_cost_are_told_apart() {
    // (push: factor of its CPU, factor of its latency; what is said)
    for (cpu, latency, begins) in [
        (1.0, 1.0, "xmpp-pubsub is both fresher and cheaper than all polling: "),
        (1.0, 5_000.0, "xmpp-pubsub is cheapest: "),
        (40.0, 1.0, "poll-5s is cheapest: "),
        (40.0, 50_000.0, "Push is neither freshest nor cheapest: poll-1s is seen within "),
    ] {
        let mut recording = small();
        for trial in recording.trials.iter_mut().filter(|trial| trial.contender == "xmpp-pubsub") {
            trial.times.scenario_latency = super::stretched(&trial.times.scenario_latency, latency);
            for cpu_of_side in trial.sides.iter_mut().filter_map(|side| side.cpu.as_mut()) {
                cpu_of_side.window.user *= cpu;
            }
        }
        let title = title(&recording, "freshness-cost");
        assert!(title.starts_with(begins), "{cpu} {latency}: {title}");
        if begins == "xmpp-pubsub is cheapest: " {
            assert!(title.contains("; poll-1s is freshest: within 990 ms, for "), "{title}");
        }
        if begins == "poll-5s is cheapest: " {
            assert!(title.contains("; xmpp-pubsub is freshest: within "), "{title}");
        }
    }
}

/// Of several swept values each has a line of its own: what differs in two of them at once is not drawn.
#[test]
fn freshness_over_several_swept_values_varies_one_at_a_time() {
    let mut recording = made_up().scale(0.05).sweep(&[1.0, 2.0]).build();
    let with = |payload: u32| {
        move |trial: &crate::measure::recording::Trial| {
            let mut trial = trial.clone();
            trial.load_point = format!("{};workload.payload={payload}", trial.load_point);
            trial
        }
    };
    recording.trials = recording.trials.iter().map(with(1_024)).chain(recording.trials.iter().map(with(2_048))).collect();
    let all = all_texts(named(&everything(&recording, Theme::Light), "freshness-cost"));
    assert!(all.contains("differs in one value from that of the foot"), "{all}");
    for value in ["topics = 200", "payload = 2048"] {
        assert!(all.lines().any(|line| line == value), "{value} is not in {all}");
    }
    assert!(!all.contains("topics = 200, payload") && !all.contains("topics = 100, payload"), "{all}");
}

#[test]
fn pollers_that_ask_alike_waste_alike() {
    let mut recording = small();
    recording.trials.retain(|trial| trial.contender.ends_with("-5s"));
    let title = title(&recording, "waste");
    assert!(title.starts_with("No clear difference in waste: of 100 polls, ") && title.contains("poll-5s") && title.contains("conditional-5s"), "{title}");
}

/// Where the cheapest change, and where they do not.
#[test]
fn break_even_says_who_is_cheaper_where() {
    let bytes = |recording: &Recording| title(recording, "break-even-bytes");
    let crossed = crossing(3);
    assert_eq!(bytes(&crossed), "Up to 106 topics, conditional-5s is cheapest on the wire; beyond that, xmpp-pubsub");
    let swept = made_up().scale(0.05).sweep(&[1.0, 2.0, 4.0]);
    assert_eq!(bytes(&swept.build()), "xmpp-pubsub is cheaper on the wire than all polling, from 100 to 400 topics: no break-even");
    let noisy = title(&swept.clone().noise(0.95).build(), "break-even-cpu");
    assert_eq!(noisy, "Whether polling and push break even in CPU cannot be told, from 100 to 400 topics");
    let doubtful = everything(&untrusted(crossing(3)), Theme::Light);
    assert!(doubtful.iter().all(|picture| !picture.name.starts_with("break-even")), "no figure is left to be drawn");
    let all = all_texts(named(&everything(&crossed, Theme::Dark), "break-even-bytes"));
    for part in ["workload.topics from 50 to 200", "50 subscribers · 1 KiB payload", "(75 %: ", "3 repeats", "\nnumber of topics →"] {
        assert!(all.contains(part), "{part:?} is not in {all}");
    }
}

/// Whom the swept value does not touch has one figure, and crosses nobody of its kind: it leads or not all the same.
#[test]
fn break_even_compares_those_that_are_not_swept() {
    let mut recording = made_up().scale(0.05).sweep(&[1.0, 2.0, 4.0]).build();
    let first = recording.trials[0].load_point.clone();
    recording.trials.retain(|trial| trial.contender == "poll-5s" || trial.load_point == first);
    for trial in recording.trials.iter_mut().filter(|trial| trial.contender != "poll-5s") {
        trial.load_point.clear();
    }
    let title = title(&recording, "break-even-bytes");
    assert!(title.starts_with("xmpp-pubsub is cheaper on the wire than all polling, from 100 to 400 topics"), "{title}");
}

/// At the ends others of its side may be cheaper than whoever crosses: then the sentence is about the side.
#[test]
fn break_even_names_sides_where_names_would_be_wrong() {
    let mut recording = crossing(3);
    for trial in recording.trials.iter_mut().filter(|trial| trial.contender == "poll-5s" && trial.workload.topics == 50) {
        trial.subscriber_traffic_by_server.as_mut().unwrap().window.wire_down /= 40;
    }
    assert_eq!(title(&recording, "break-even-bytes"), "Up to 106 topics, polling is cheapest on the wire; beyond that, xmpp-pubsub");
}

#[test]
fn scaling_says_where_the_knees_are() {
    const LOADS: [f64; 4] = [50.0, 100.0, 200.0, 400.0];
    let push = |name: &str| name == "xmpp-pubsub";
    for (recording, said) in [
        (growing(&LOADS, push), "xmpp-pubsub has its knee at 200 subscribers; poll-1s, the freshest polling, has no knee up to 400 subscribers"),
        (growing(&LOADS, |name| !push(name)), "xmpp-pubsub has no knee up to 400 subscribers; poll-1s, the freshest polling, has its knee at 200 subscribers"),
        (growing(&LOADS, |_| false), "No knee up to 400 subscribers: p99 is then "),
        (growing(&LOADS[..2], push), "Whether xmpp-pubsub has a knee cannot be told; whether poll-1s, the freshest polling, has a knee cannot be told"),
        (untrusted(growing(&LOADS, push)), "Not to be trusted: xmpp-pubsub p99 "),
    ] {
        let title = title(&recording, "scaling");
        assert!(title.starts_with(said), "{title}, and not {said}");
    }
    let all = all_texts(named(&everything(&growing(&LOADS, push), Theme::Light), "scaling"));
    for part in ["knee at 200", "no knee", "subscribers →", "subscribers.count from 50 to 400"] {
        assert!(all.contains(part), "{part:?} is not in {all}");
    }
}
