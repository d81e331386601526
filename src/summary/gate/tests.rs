//! Made-up runs, before and after.

use super::*;
use crate::measure::memory::Memory;
use crate::measure::recording::{Direction, Recording, Role, Trial};
use crate::summary::fits::OVER;
use crate::summary::fixture::{MadeUp, made_up};

/// Two recordings of so many repeats whose trials took turns, minute by minute: the odd ones are the base's.
pub(super) fn in_turn(made: MadeUp, repeats: u32) -> [Recording; 2] {
    let whole = made.repeats(2 * repeats).build();
    [1, 0].map(|odd| {
        let mut half = whole.clone();
        half.trials.retain(|trial| trial.repeat % 2 == odd);
        for trial in &mut half.trials {
            trial.started = format!("2026-11-24T06:{:02}:00Z", trial.repeat);
            trial.repeat = trial.repeat.div_ceil(2);
        }
        half
    })
}

pub(super) fn calm() -> MadeUp {
    made_up().scale(0.05).noise(0.01)
}

fn trials_of<'r>(recording: &'r mut Recording, contender: &str) -> impl Iterator<Item = &'r mut Trial> {
    recording.trials.iter_mut().filter(move |trial| trial.contender == contender)
}

/// The CPU of a contender's server, so many times.
fn dearer(recording: &mut Recording, contender: &str, factor: f64) {
    for cpu in trials_of(recording, contender).flat_map(|trial| &mut trial.sides).filter_map(|side| side.cpu.as_mut()) {
        cpu.window.user *= factor;
        cpu.window.system *= factor;
    }
}

pub(super) fn judged(base: &[Recording], new: &[Recording], rules: &Rules, check: impl FnOnce(&Judgement<'_>)) {
    let summaries: Vec<Summary<'_>> = base.iter().chain(new).map(Summary::new).collect();
    let names: Vec<String> = (0..summaries.len()).map(|place| format!("run-{place}")).collect();
    let mut runs: Vec<Run<'_>> = summaries.iter().zip(&names).map(|(summary, name)| Run { name, summary }).collect();
    let new = runs.split_off(base.len());
    check(&Judgement::new(runs, new, rules, |_| true));
}

fn verdict(judgement: &Judgement<'_>, contender: &str, name: &str) -> Verdict {
    judgement.judged.iter().find(|judged| judged.contender == contender && judged.subject.name == name).unwrap().verdict
}

const CPU: &str = "cpu.total.per_1000_updates";

#[test]
fn what_changed_is_found_and_nothing_else() {
    let [base, mut new] = in_turn(calm(), 8);
    judged(std::slice::from_ref(&base), std::slice::from_ref(&new), &Rules::default(), |judgement| {
        assert!(judgement.judged.iter().all(|judged| judged.verdict == Verdict::Equivalent), "{:#?}", judgement.judged);
        let effect = judgement.judged.iter().find(|judged| judged.subject.name == CPU).unwrap().effect.unwrap();
        assert_eq!((effect.design, effect.trials, judgement.outcome()), (Design::Paired, [8, 8], Outcome::Fine));
        assert!(judgement.family > 4, "CPU and latencies have noise: {}", judgement.family);
    });
    dearer(&mut new, "xmpp-pubsub", 1.2);
    trials_of(&mut new, "poll-5s").for_each(|trial| trial.subscriber_traffic.window.requests = trial.subscriber_traffic.window.requests * 103 / 100);
    judged(&[base], &[new], &Rules::default(), |judgement| {
        let found: Vec<(&str, &str)> =
            judgement.judged.iter().filter(|judged| judged.verdict == Verdict::Regressed).map(|judged| (judged.contender, judged.subject.name)).collect();
        assert_eq!(found, [("poll-5s", "requests.per_update"), ("poll-5s", "messages.per_update"), ("xmpp-pubsub", CPU)]);
        assert_eq!(judgement.outcome(), Outcome::Broken);
        assert_eq!(judgement.count(Verdict::Equivalent) + 3, judgement.judged.len());
    });
}

#[test]
fn trials_that_did_not_take_turns_are_no_pairs() {
    let [base, mut new] = in_turn(calm(), 8);
    new.trials.iter_mut().for_each(|trial| trial.started = trial.started.replace("T06", "T07"));
    judged(&[base], &[new], &Rules::default(), |judgement| {
        assert!(judgement.judged.iter().filter_map(|judged| judged.effect).all(|effect| effect.design == Design::Unpaired));
    });
}

#[test]
fn several_recordings_are_as_one_with_all_their_repeats() {
    let sides = in_turn(calm(), 6);
    let split = |recording: &Recording| {
        let mut parts: Vec<Recording> = (1..=6)
            .map(|repeat| {
                let mut part = recording.clone();
                part.trials.retain(|trial| trial.repeat == repeat);
                part.trials.iter_mut().for_each(|trial| trial.repeat = 1);
                part.trials_planned = part.trials.len() + part.baselines.len();
                part
            })
            .collect();
        // In whatever order they are given.
        parts.rotate_left(2);
        parts
    };
    let mut whole = Vec::new();
    let told = |judgement: &Judgement<'_>| {
        judgement
            .judged
            .iter()
            .map(|judged| (judged.contender.to_owned(), judged.subject.name, judged.verdict, judged.effect.map(|effect| effect.trials)))
            .collect::<Vec<_>>()
    };
    judged(&sides[..1], &sides[1..], &Rules::default(), |judgement| whole = told(judgement));
    judged(&split(&sides[0]), &split(&sides[1]), &Rules::default(), |judgement| {
        assert_eq!(told(judgement), whole);
        assert!(judgement.judged.iter().filter_map(|judged| judged.effect).all(|effect| effect.design == Design::Paired && effect.trials == [6, 6]));
    });
}

#[test]
fn times_of_another_machine_are_not_compared_and_counts_are() {
    let sides = in_turn(calm(), 6);
    type Case = (fn(&mut Recording), Reason, Machines);
    let cases: [Case; 4] = [
        (|new| new.machine.boot = Some("another".to_owned()), Reason::AnotherMachine, Machines::Same),
        (|new| new.machine.boot = None, Reason::AnotherMachine, Machines::Same),
        (|new| new.machine.cpu_model = "Imaginary 4000".to_owned(), Reason::Differs(vec!["machine"]), Machines::Same),
        (|new| new.machine.cpu_model = "Imaginary 4000".to_owned(), Reason::Differs(vec!["machine"]), Machines::Alike),
    ];
    for (change, reason, machine) in cases {
        let [base, mut new] = sides.clone();
        change(&mut new);
        judged(&[base], &[new], &Rules { machine, ..Rules::default() }, |judgement| {
            for judged in &judgement.judged {
                let expected =
                    if judged.subject.nature == Nature::Timed { (Verdict::NotComparable, Some(reason.clone())) } else { (Verdict::Equivalent, None) };
                assert_eq!((judged.verdict, judged.reason.clone()), expected, "{}", judged.subject.name);
            }
            assert_eq!(judgement.outcome(), Outcome::Fine);
        });
    }
    // The same kind of machine, started anew: whoever says that this will do has it compared, and not in pairs.
    let [base, mut new] = sides;
    new.machine.boot = None;
    judged(&[base], &[new], &Rules { machine: Machines::Alike, ..Rules::default() }, |judgement| {
        assert!(judgement.judged.iter().all(|judged| judged.effect.is_some_and(|effect| effect.design == Design::Unpaired)), "{:#?}", judgement.judged);
    });
}

#[test]
fn where_nothing_can_be_compared_nothing_has_passed() {
    let [base, mut new] = in_turn(calm(), 6);
    new.trials.iter_mut().for_each(|trial| trial.trace_sha256 = "7".repeat(64));
    judged(&[base], &[new], &Rules::default(), |judgement| {
        assert!(judgement.judged.iter().all(|judged| judged.reason == Some(Reason::Differs(vec!["updates"]))));
        assert_eq!(judgement.outcome(), Outcome::Untrusted);
    });
}

#[test]
fn what_is_doubted_missing_or_empty_has_not_passed_either() {
    let sides = in_turn(calm(), 6);
    type Case = (fn(&mut Recording), &'static str, Verdict);
    let cases: [Case; 3] = [
        (|new| trials_of(new, "xmpp-pubsub").for_each(|trial| trial.deliveries.corrupt = 1), "messages.per_update", Verdict::Untrusted),
        (|new| trials_of(new, "poll-5s").for_each(|trial| trial.subscriber_traffic_by_server = None), "bytes.setup", Verdict::NoFigure),
        (
            |new| {
                for trial in trials_of(new, "poll-5s").filter(|trial| trial.repeat == 3) {
                    trial.times.latency = crate::measure::distribution::Distribution::default();
                }
            },
            "latency.p50",
            Verdict::NoFigure,
        ),
    ];
    for (change, name, expected) in cases {
        let [base, mut new] = sides.clone();
        change(&mut new);
        judged(&[base], &[new], &Rules::default(), |judgement| {
            assert!(judgement.judged.iter().any(|judged| judged.subject.name == name && judged.verdict == expected), "{name}");
            assert_eq!(judgement.outcome(), Outcome::Untrusted);
        });
    }
    // What the base does not have is not held against the new one.
    let [mut base, new] = sides;
    trials_of(&mut base, "poll-5s").for_each(|trial| trial.subscriber_traffic_by_server = None);
    judged(&[base], &[new], &Rules::default(), |judgement| {
        assert_eq!(verdict(judgement, "poll-5s", "bytes.setup"), Verdict::NotComparable);
    });
}

#[test]
fn losses_are_a_regression_and_not_a_reason_to_look_away() {
    let [base, mut new] = in_turn(calm(), 6);
    for trial in trials_of(&mut new, "xmpp-pubsub") {
        (trial.deliveries.delivered, trial.deliveries.lost) = (trial.deliveries.delivered - 20, 20);
    }
    judged(&[base], &[new], &Rules::default(), |judgement| {
        for (name, expected) in [("lost", Verdict::Regressed), ("reach", Verdict::Regressed), ("messages.per_update", Verdict::Untrusted)] {
            assert_eq!(verdict(judgement, "xmpp-pubsub", name), expected, "{name}");
        }
        assert_eq!(judgement.outcome(), Outcome::Broken, "a regression is told before what cannot be trusted");
    });
}

#[test]
fn a_handicap_is_found_and_told_and_never_fine() {
    let [base, mut new] = in_turn(calm(), 8);
    new.handicap = Some("server-cpu=0.2".parse().unwrap());
    judged(std::slice::from_ref(&base), std::slice::from_ref(&new), &Rules::default(), |judgement| {
        assert!(judgement.judged.iter().all(|judged| judged.verdict == Verdict::Equivalent), "it is judged like any other");
        assert_eq!((judgement.outcome(), judgement.handicap().map(|(name, _)| name)), (Outcome::Untrusted, Some("run-1")));
        assert!(judgement.comparison.conditions.iter().any(|condition| condition.what == "handicap" && condition.values == ["none", "server-cpu=0.2"]));
    });
    dearer(&mut new, "xmpp-pubsub", 1.2);
    judged(&[base], &[new], &Rules::default(), |judgement| {
        assert_eq!((verdict(judgement, "xmpp-pubsub", CPU), judgement.outcome()), (Verdict::Regressed, Outcome::Broken));
    });
}

#[test]
fn what_cannot_be_told_or_compared_fails_by_choice() {
    let outcome = |sides: &[Recording; 2], fail_on: FailOn| {
        let mut outcome = Outcome::Fine;
        judged(&sides[..1], &sides[1..], &Rules { fail_on, ..Rules::default() }, |judgement| outcome = judgement.outcome());
        outcome
    };
    let (inconclusive, not_comparable) = (FailOn { inconclusive: true, ..FailOn::default() }, FailOn { not_comparable: true, ..FailOn::default() });
    let noisy = in_turn(calm().noise(0.3), 6);
    judged(&noisy[..1], &noisy[1..], &Rules::default(), |judgement| assert_eq!(verdict(judgement, "xmpp-pubsub", CPU), Verdict::Inconclusive));
    assert_eq!([FailOn::default(), inconclusive, not_comparable].map(|fail_on| outcome(&noisy, fail_on)), [Outcome::Fine, Outcome::Broken, Outcome::Fine]);
    let mut elsewhere = in_turn(calm(), 6);
    elsewhere[1].machine.boot = None;
    assert_eq!([FailOn::default(), inconclusive, not_comparable].map(|fail_on| outcome(&elsewhere, fail_on)), [Outcome::Fine, Outcome::Fine, Outcome::Broken]);
    elsewhere[1].trials.iter_mut().for_each(|trial| trial.trace_sha256 = "7".repeat(64));
    assert_eq!([FailOn::default(), not_comparable].map(|fail_on| outcome(&elsewhere, fail_on)), [Outcome::Untrusted, Outcome::Broken]);
    // Four trials a side are too few for times, whatever they say.
    let [base, mut new] = in_turn(calm(), 4);
    dearer(&mut new, "xmpp-pubsub", 3.0);
    judged(&[base], &[new], &Rules::default(), |judgement| assert_eq!(verdict(judgement, "xmpp-pubsub", CPU), Verdict::Inconclusive));
}

#[test]
fn who_is_on_one_side_alone_is_told_and_not_judged() {
    let [mut base, mut new] = in_turn(calm(), 6);
    base.trials.retain(|trial| trial.contender != "poll-1s");
    new.trials.retain(|trial| trial.contender != "conditional-5s");
    judged(std::slice::from_ref(&base), std::slice::from_ref(&new), &Rules::default(), |judgement| {
        let mut alone = judgement.one_sided.clone();
        alone.sort_unstable();
        assert_eq!(alone, [(false, "poll-1s", ""), (true, "conditional-5s", "")]);
        assert!(judgement.judged.iter().all(|judged| ["poll-5s", "xmpp-pubsub"].contains(&judged.contender)));
    });
    // Two recordings of the base are twins of each other, and yet of one side.
    judged(&[base.clone(), base], &[new], &Rules::default(), |judgement| assert!(judgement.one_sided.contains(&(true, "conditional-5s", ""))));
}

#[test]
fn who_was_to_be_measured_and_was_not_has_not_passed() {
    let [base, mut new] = in_turn(calm(), 6);
    new.trials.retain(|trial| trial.contender != "poll-1s");
    judged(&[base], &[new], &Rules::default(), |judgement| {
        assert_eq!((judgement.unmeasured().collect::<Vec<_>>(), judgement.outcome()), (vec!["poll-1s"], Outcome::Untrusted));
        assert!(judgement.judged.iter().all(|judged| judged.verdict == Verdict::Equivalent));
    });
}

#[test]
fn only_what_is_gated_is_judged() {
    let [base, new] = in_turn(calm(), 6);
    let rules = Rules { gate: Some(vec!["lag.p99".to_owned()]), ..Rules::default() };
    judged(&[base], &[new], &rules, |judgement| {
        let found: Vec<(&str, &str)> = judgement.judged.iter().map(|judged| (judged.contender, judged.subject.name)).collect();
        assert_eq!(found, [("poll-5s", "lag.p99"), ("poll-1s", "lag.p99"), ("conditional-5s", "lag.p99")], "push has no lag");
    });
}

/// Servers that take so many bytes for each subscriber, at four sizes.
fn of_sizes(repeats: u32, bytes: u64) -> Recording {
    let mut recording = calm().only(Direction::Push).sweep(&[1.0, 2.0, 3.0, 4.0]).repeats(repeats).build();
    for trial in &mut recording.trials {
        let size: u64 = trial.load_point.trim_start_matches("workload.topics=").parse().unwrap();
        trial.workload.subscribers = size;
        trial.load_point = format!("{OVER}={size}");
        for side in trial.sides.iter_mut().filter(|side| side.role == Role::Server) {
            let memory = side.memory.as_mut().unwrap();
            let grown = bytes * size + u64::from(trial.repeat) * 50 * size;
            memory.window_end = Memory { resident: memory.before.resident + grown, ..memory.before };
        }
    }
    recording
}

#[test]
fn memory_of_a_subscriber_is_judged_by_the_slope_of_each_repeat() {
    let (base, more) = (of_sizes(4, 10_000), of_sizes(4, 11_000));
    for (new, expected) in [(base.clone(), Verdict::Equivalent), (more, Verdict::Regressed)] {
        judged(std::slice::from_ref(&base), &[new], &Rules::default(), |judgement| {
            let slopes: Vec<&Judged<'_>> = judgement.judged.iter().filter(|judged| judged.subject.name == "memory.server.per_subscriber").collect();
            assert_eq!(slopes.len(), 1);
            assert!(slopes.iter().all(|slope| slope.verdict == expected && slope.effect.unwrap().trials == [4, 4]), "{slopes:#?}");
            let means = slopes[0].effect.unwrap().means;
            assert!((means[0] - 10_125.0).abs() < 1.0, "{means:?}");
        });
    }
}

#[test]
fn a_regression_stands_where_trials_of_their_own_show_it_again() {
    let [base, mut new] = in_turn(calm(), 8);
    let again = [base.clone(), new.clone()];
    dearer(&mut new, "xmpp-pubsub", 1.3);
    dearer(&mut new, "poll-5s", 1.3);
    let (first, mut second) = ([base, new], again);
    dearer(&mut second[1], "poll-5s", 1.3);
    let summaries: Vec<Summary<'_>> = first.iter().chain(&second).map(Summary::new).collect();
    let of = |place: usize| vec![Run { name: ["base", "new", "base-again", "new-again"][place], summary: &summaries[place] }];
    let mut judgement = Judgement::new(of(0), of(1), &Rules::default(), |_| true);
    assert_eq!((judgement.count(Verdict::Regressed), judgement.is_settled()), (2, true));
    let mut confirmation = Judgement::new(of(2), of(3), &Rules::default(), |_| true);
    confirmation.only_regressed_in(&judgement);
    assert_eq!((confirmation.judged.len(), confirmation.family), (2, 2), "nothing else is asked");
    judgement.confirm_by(&confirmation);
    let found = |name: &str| {
        judgement
            .judged
            .iter()
            .find(|judged| judged.contender == name && judged.subject.name == CPU)
            .map(|judged| (judged.verdict, judged.reason.clone()))
            .unwrap()
    };
    assert_eq!(found("poll-5s"), (Verdict::Regressed, Some(Reason::Confirmed)));
    assert_eq!(found("xmpp-pubsub"), (Verdict::Inconclusive, Some(Reason::NotConfirmed)));
    assert_eq!(judgement.outcome(), Outcome::Broken);
}

#[test]
fn a_regression_that_could_not_be_looked_at_again_is_neither_shown_nor_taken_back() {
    let [base, mut new] = in_turn(calm(), 8);
    dearer(&mut new, "xmpp-pubsub", 1.3);
    let again = [base.clone(), new.clone()];
    judged(&[base], &[new], &Rules::default(), |first| {
        let mut spoilt = again[1].clone();
        trials_of(&mut spoilt, "xmpp-pubsub").for_each(|trial| trial.deliveries.corrupt = 1);
        let summaries = [Summary::new(&again[0]), Summary::new(&spoilt)];
        let run = |place: usize| vec![Run { name: ["base-again", "new-again"][place], summary: &summaries[place] }];
        let mut second = Judgement::new(run(0), run(1), &Rules::default(), |_| true);
        second.only_regressed_in(first);
        let mut first = Judgement::new(first.runs(true).to_vec(), first.runs(false).to_vec(), &Rules::default(), |_| true);
        first.confirm_by(&second);
        let cpu = first.judged.iter().find(|judged| judged.contender == "xmpp-pubsub" && judged.subject.name == CPU).unwrap();
        assert_eq!((cpu.verdict, &cpu.reason, first.outcome()), (Verdict::Untrusted, &Some(Reason::NotAskedAgain), Outcome::Untrusted));
    });
}

#[test]
fn looking_often_asks_more_of_each_look() {
    let rules = Rules { looks: 3, ..Rules::default() };
    assert!((rules.error() - 0.05 / 3.0).abs() < 1e-15 && Rules::default().error() == 0.05);
    let sides = in_turn(calm(), 8);
    let width = |rules: &Rules| {
        let mut width = 0.0;
        judged(&sides[..1], &sides[1..], rules, |judgement| {
            let (low, high) = judgement.judged.iter().find(|judged| judged.subject.name == CPU).unwrap().effect.unwrap().interval().unwrap();
            width = high - low;
        });
        width
    };
    // t of 7 degrees: 2.365 at 5 %, 3.128 at a third of it.
    assert!((width(&rules) / width(&Rules::default()) - 3.127_6 / 2.364_6).abs() < 1e-3);
}
