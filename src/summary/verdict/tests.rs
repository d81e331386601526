//! Every branch of the verdict, over made-up recordings.

use super::*;
use crate::measure::recording::Recording;
use crate::summary::fixture::{MadeUp, made_up};

fn small() -> MadeUp {
    made_up().scale(0.2)
}

fn verdicts(recording: &Recording) -> Vec<Verdict> {
    Summary::new(recording).verdicts()
}

fn winners(verdict: &Verdict) -> Vec<(Question, Winner)> {
    verdict.statements.iter().map(|statement| (statement.question, statement.winner)).collect()
}

fn text(verdict: &Verdict, question: Question) -> &str {
    verdict.statements.iter().find(|statement| statement.question == question).map_or("", |statement| statement.text.as_str())
}

#[test]
fn push_wins_at_a_price() {
    let verdict = verdicts(&small().build()).remove(0);
    let expected = [
        (Question::Volume, Winner::Push),
        (Question::Freshness, Winner::Push),
        (Question::Cpu, Winner::Push),
        (Question::Memory, Winner::Pull),
        (Question::SetUp, Winner::Pull),
    ];
    assert_eq!(winners(&verdict), expected);
    assert!(verdict.headline.starts_with("Push is better in message volume ("), "{}", verdict.headline);
    assert!(text(&verdict, Question::Volume).starts_with("xmpp-pubsub 1, poll-5s (among the best of 3 pollers) 21"), "conditional-5s is as good: {verdict:?}");
    assert!(text(&verdict, Question::Freshness).contains("poll-1s (the best of 3 pollers) 990 ms: "), "the freshest poller is the rival: {verdict:?}");
    assert!(text(&verdict, Question::SetUp).contains("paid for after"), "{verdict:?}");
}

#[test]
fn the_sentence_turns_round_when_push_loses() {
    let mut recording = small().push_loses().build();
    for trial in recording.trials.iter_mut().filter(|trial| trial.contender == "xmpp-pubsub") {
        trial.subscriber_traffic.window.stanzas_down *= 100;
    }
    let verdict = verdicts(&recording).remove(0);
    assert!(winners(&verdict).iter().all(|(_, winner)| *winner == Winner::Pull), "{verdict:?}");
    assert!(verdict.headline.starts_with("Polling is better in message volume ("), "{}", verdict.headline);
    assert!(text(&verdict, Question::Cpu).contains("xmpp-pubsub 12.4 CPU-s: "), "{verdict:?}");
    assert!(text(&verdict, Question::SetUp).contains("never paid back"), "{verdict:?}");
}

#[test]
fn mixed_results_depend() {
    let verdict = verdicts(&small().push_loses().build()).remove(0);
    assert!(verdict.headline.starts_with("It depends: push is better in message volume"), "{}", verdict.headline);
    assert!(verdict.headline.contains("polling in freshness"), "{}", verdict.headline);
}

#[test]
fn a_lead_within_the_noise_is_no_lead() {
    let mut recording = small().build();
    // Push and the best poller alternate.
    for trial in recording.trials.iter_mut() {
        trial.subscriber_traffic.window.requests = 0;
        trial.subscriber_traffic.window.responses.clear();
        trial.requests_planned = 0;
        trial.subscriber_traffic.window.stanzas_down = trial.deliveries.delivered * if trial.repeat == 1 { 2 } else { 3 };
        if trial.contender == "xmpp-pubsub" {
            trial.subscriber_traffic.window.stanzas_down = trial.deliveries.delivered * if trial.repeat == 1 { 3 } else { 2 };
        }
    }
    let verdict = verdicts(&recording).remove(0);
    assert_eq!(winners(&verdict)[0], (Question::Volume, Winner::NoClearDifference));
    assert!(text(&verdict, Question::Volume).starts_with("no clear difference between "), "{verdict:?}");
    assert!(verdict.headline.ends_with("no clear difference in message volume."), "{}", verdict.headline);
}

#[test]
fn figures_far_apart_that_vary_ask_for_more_repeats() {
    let mut recording = small().build();
    for trial in recording.trials.iter_mut().filter(|trial| trial.contender == "xmpp-pubsub") {
        trial.subscriber_traffic.window.stanzas_down = trial.deliveries.delivered * if trial.repeat == 1 { 1 } else { 4 };
    }
    let verdict = verdicts(&recording).remove(0);
    assert_eq!(winners(&verdict)[0], (Question::Volume, Winner::NoClearDifference));
    assert!(text(&verdict, Question::Volume).contains(": 2 repeats are too few to settle it; the ratio is "), "{verdict:?}");
    assert!(verdict.headline.ends_with("too few repeats to settle message volume."), "{}", verdict.headline);
}

#[test]
fn of_equals_none_is_the_best() {
    let mut recording = small().build();
    recording.trials.retain(|trial| trial.contender != "conditional-5s");
    let verdict = verdicts(&recording).remove(0);
    assert!(text(&verdict, Question::Volume).contains(", poll-5s (the best of 2 pollers) "), "poll-1s takes five times as many: {verdict:?}");
    assert!(text(&verdict, Question::Volume).starts_with("xmpp-pubsub 1, "), "of one there is no best: {verdict:?}");
    // A second push, as good as the first.
    let twins: Vec<_> = recording.trials.iter().filter(|trial| trial.contender == "xmpp-pubsub").cloned().collect();
    for mut trial in twins {
        trial.contender = "webhook".to_owned();
        recording.trials.push(trial);
    }
    let mut twin = recording.contenders.iter().find(|contender| contender.name == "xmpp-pubsub").cloned().unwrap();
    twin.name = "webhook".to_owned();
    recording.contenders.push(twin);
    let verdict = verdicts(&recording).remove(0);
    assert!(text(&verdict, Question::Freshness).starts_with("xmpp-pubsub (among the best of 2 pushers) "), "{verdict:?}");
    // A poller in doubt may be better than its figures.
    recording.trials.iter_mut().filter(|trial| trial.contender == "poll-1s").for_each(|trial| trial.deliveries.corrupt = 1);
    let verdict = verdicts(&recording).remove(0);
    assert!(text(&verdict, Question::Volume).contains(", poll-5s (among the best of 2 pollers) "), "{verdict:?}");
}

#[test]
fn one_repeat_says_that_the_noise_is_unknown() {
    let verdict = verdicts(&small().repeats(1).build()).remove(0);
    assert_eq!(winners(&verdict)[0], (Question::Volume, Winner::Push));
    assert!(text(&verdict, Question::Volume).contains("one repeat: noise unknown"), "{verdict:?}");
}

#[test]
fn untrusted_figures_are_no_verdict() {
    let mut recording = small().build();
    for trial in recording.trials.iter_mut().filter(|trial| trial.contender == "xmpp-pubsub") {
        trial.deliveries.lost = 1;
    }
    let verdict = verdicts(&recording).remove(0);
    assert!(winners(&verdict).iter().all(|(_, winner)| *winner == Winner::NotTrustworthy), "{verdict:?}");
    assert!(verdict.headline.starts_with("Not trustworthy: message volume, freshness and CPU"), "{}", verdict.headline);
    assert!(text(&verdict, Question::Volume).contains("xmpp-pubsub (lost)"), "{verdict:?}");
}

#[test]
fn one_family_alone_is_described() {
    let verdict = verdicts(&small().only(Direction::Pull).build()).remove(0);
    assert!(verdict.headline.starts_with("Only pollers"), "{}", verdict.headline);
    assert!(text(&verdict, Question::Volume).contains("nobody here pushes"), "{verdict:?}");
    let verdict = verdicts(&small().only(Direction::Push).build()).remove(0);
    assert!(verdict.headline.starts_with("Only pushers"), "{}", verdict.headline);
    assert!(text(&verdict, Question::Freshness).contains("nobody here polls"), "{verdict:?}");
    let verdicts = verdicts(&small().only(Direction::Control).build());
    assert!(verdicts.is_empty());
}

#[test]
fn nothing_delivered_has_no_figures() {
    let mut recording = small().build();
    for trial in recording.trials.iter_mut().filter(|trial| trial.contender == "xmpp-pubsub") {
        trial.times = crate::measure::recording::Times::default();
        trial.deliveries.lost = trial.deliveries.expected;
        trial.deliveries.delivered = 0;
    }
    let verdict = verdicts(&recording).remove(0);
    assert_eq!(winners(&verdict)[0], (Question::Volume, Winner::NoComparison));
    assert!(text(&verdict, Question::Volume).contains("the other side has no figure"), "{verdict:?}");
}

#[test]
fn compression_names_scenario_time() {
    let recording = small().compression(144.0).build();
    let verdict = verdicts(&recording).remove(0);
    assert!(text(&verdict, Question::Freshness).contains("stretched back 144 times"), "{verdict:?}");
    assert!(text(&verdict, Question::SetUp).contains("of the span of 2.4 h"), "{verdict:?}");
}

#[test]
fn each_load_point_has_its_verdict() {
    let verdicts = verdicts(&small().sweep(&[0.5, 1.0]).build());
    let points: Vec<&str> = verdicts.iter().map(|verdict| verdict.load_point.as_str()).collect();
    assert_eq!(points, ["workload.topics=50", "workload.topics=100"]);
}

#[test]
fn a_slow_poller_that_skips_updates_is_told_so() {
    let mut recording = made_up().many_contenders().build();
    recording.contenders.retain(|contender| contender.name.contains("30-seconds") || contender.name.contains("tls"));
    recording.trials.retain(|trial| recording.contenders.iter().any(|contender| contender.name == trial.contender));
    let verdict = verdicts(&recording).remove(0);
    assert!(text(&verdict, Question::SetUp).contains("no more messages afterwards either (it delivers 31.7 % of the updates)"), "{verdict:?}");
}

#[test]
fn what_has_no_ratio_is_not_compared() {
    let mut recording = small().build();
    // Each family has a repeat of its own only.
    recording.trials.retain(|trial| (trial.contender == "xmpp-pubsub") == (trial.repeat == 1));
    let verdict = verdicts(&recording).remove(0);
    assert_eq!(winners(&verdict)[0], (Question::Volume, Winner::NoComparison));
    assert!(text(&verdict, Question::Volume).contains("have no ratio"), "{verdict:?}");
}
