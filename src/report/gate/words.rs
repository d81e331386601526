//! What a judgement says, in words: for terminals, pages, test reports and annotations alike.

use crate::measure::handicap::VARIABLE;
use crate::measure::recording::Recording;
use crate::report::comparison::words::listed;
use crate::report::figures;
use crate::summary::gate::{Design, Effect, Judged, Judgement, Nature, Reason, Scale, Verdict};
use crate::units::{show_count, show_number, significant};

/// How a judgement is to be read, for the foot of tables.
pub fn reading(judgement: &Judgement<'_>) -> String {
    let (error, held) = (percent(judgement.error), percent(1.0 - judgement.error));
    format!(
        "The unit is the trial. Regressed or improved: clear at {error} among all figures with noise (Holm), and by more than the margin. Equivalent: the whole {held} interval lies within the margin. \
         Inconclusive: neither."
    )
}

/// `2 of 31 figures regressed; 25 equivalent, 1 improved, 3 inconclusive.`
pub fn headline(judgement: &Judgement<'_>) -> String {
    let all = judgement.judged.len();
    let regressed = judgement.count(Verdict::Regressed);
    let others = [
        (Verdict::Untrusted, "not to be trusted"),
        (Verdict::NoFigure, "without a figure"),
        (Verdict::Inconclusive, "inconclusive"),
        (Verdict::NotComparable, "not comparable"),
        (Verdict::Improved, "improved"),
        (Verdict::Equivalent, "equivalent"),
    ];
    let others: Vec<String> = others
        .iter()
        .map(|(verdict, words)| (judgement.count(*verdict), words))
        .filter(|(count, _)| *count > 0)
        .map(|(count, words)| format!("{count} {words}"))
        .collect();
    let figures = if all == 1 { "figure" } else { "figures" };
    let first = match regressed {
        0 => format!("None of {all} gated {figures} regressed"),
        some => format!("{some} of {all} gated {figures} regressed"),
    };
    if others.is_empty() { format!("{first}.") } else { format!("{first}; {}.", others.join(", ")) }
}

/// What is said before the figures when some of it must not be overlooked.
pub fn warnings(judgement: &Judgement<'_>) -> Vec<String> {
    let mut all = Vec::new();
    if judgement.is_empty() {
        all.push("Nothing could be compared: nothing has passed.".to_owned());
    }
    if let Some((run, handicap)) = judgement.handicap() {
        all.push(format!("{run} was made worse on purpose ({VARIABLE}: {handicap}): this is a test of the comparison, and of nothing else."));
    }
    let unmeasured: Vec<&str> = judgement.unmeasured().collect();
    if !unmeasured.is_empty() {
        all.push(format!("The new side was to measure {}, and ended before: nothing has passed.", listed(&unmeasured)));
    }
    let one_sided = |of_base: bool| {
        let there = judgement.one_sided.iter().filter(|(base, ..)| *base == of_base);
        there.map(|(_, contender, point)| figures::whom(Some(contender), Some(point))).collect::<Vec<_>>().join(", ")
    };
    for (of_base, side) in [(true, "the base"), (false, "the new side")] {
        let whom = one_sided(of_base);
        if !whom.is_empty() {
            all.push(format!("Only in {side}, and not judged: {whom}."));
        }
    }
    all
}

/// How the two sides were compared, in sentences.
pub fn design(judgement: &Judgement<'_>) -> Vec<String> {
    let mut groups: Vec<(Design, [usize; 2], usize)> = Vec::new();
    for effect in judgement.judged.iter().filter_map(|judged| judged.effect) {
        match groups.iter_mut().find(|(design, trials, _)| (*design, *trials) == (effect.design, effect.trials)) {
            Some((.., count)) => *count += 1,
            None => groups.push((effect.design, effect.trials, 1)),
        }
    }
    let all: usize = groups.iter().map(|(.., count)| count).sum();
    let one = |(design, [base, new], count): (Design, [usize; 2], usize)| {
        let whom = if count == all { String::new() } else { format!(" ({count} of {all} figures)") };
        match design {
            Design::Paired => format!("{base} pairs of trials that ran in turn{whom}: what drifted hit both, and drops out."),
            Design::Unpaired => format!(
                "{base} {} of the base, {new} new, unpaired{whom}: they did not run in turn, so that whatever drifted between them is in the noise, and less can be seen than in as many pairs.",
                if base == 1 { "trial" } else { "trials" }
            ),
        }
    };
    let mut sentences: Vec<String> = groups.into_iter().map(one).collect();
    if judgement.family > 1 {
        sentences.push(format!("{} figures with noise were asked at once (Holm).", judgement.family));
    }
    sentences
}

/// What became of a figure: `+12.3 % (+8.1 to +16.2 %)`.
pub fn change(judged: &Judged<'_>) -> String {
    let Some(effect) = judged.effect else { return "–".to_owned() };
    let value = on_scale(judged, &effect, effect.estimate);
    match effect.interval() {
        _ if effect.estimate == 0.0 && effect.noise.is_none_or(|_| effect.is_exact()) => "the same".to_owned(),
        Some((low, high)) if !effect.is_exact() => {
            format!("{value} ({} to {})", on_scale(judged, &effect, low).trim_end_matches(" %"), on_scale(judged, &effect, high))
        }
        _ => value,
    }
}

/// Base and new, as their unit has it.
pub fn means(judged: &Judged<'_>) -> [String; 2] {
    judged.effect.map_or_else(|| ["–".to_owned(), "–".to_owned()], |effect| effect.means.map(|mean| judged.subject.unit.show(mean)))
}

/// `5 %`
pub fn margin(judged: &Judged<'_>) -> String {
    percent(judged.margin)
}

/// What is to be known of a verdict, in a sentence; empty where there is nothing.
pub fn detail(judged: &Judged<'_>) -> String {
    let told = match &judged.reason {
        None if judged.verdict == Verdict::Untrusted => "a trial is not to be trusted: see the doubts of its recording".to_owned(),
        None => String::new(),
        Some(Reason::Differs(what)) => format!("{} not the same on both sides: {}", listed(what), barred(judged.subject.nature)),
        Some(Reason::AnotherMachine) => {
            "made on another machine, or on one that was started anew in between: measure both in one job, or set machine = \"alike\" in [compare]".to_owned()
        }
        Some(Reason::OnlyBase) => "the base has it, the new side has not".to_owned(),
        Some(Reason::OnlyNew) => "the base does not have it".to_owned(),
        Some(Reason::Lacking) => "nothing was delivered in one of the trials".to_owned(),
        Some(Reason::Infinite) => "losses make it infinite".to_owned(),
        Some(Reason::FewTrials(fewest)) => format!("fewer than {fewest} trials a side: nothing is said of it"),
        Some(Reason::AtItsWord) => "a count of one trial, taken at its word".to_owned(),
        Some(Reason::Apart) => "farther apart than the trials of a side are among themselves".to_owned(),
        Some(Reason::Confirmed) => "measured once more, and confirmed".to_owned(),
        Some(Reason::NotConfirmed) => "a regression at first; measured once more, it was not there again".to_owned(),
        Some(Reason::NotAskedAgain) => "a regression at first; what was measured once more is not to be trusted".to_owned(),
        Some(Reason::AmongMany) => "by itself it would be a change; among so many figures it may be chance".to_owned(),
    };
    let parts = [told, if judged.verdict == Verdict::Inconclusive { sight(judged) } else { String::new() }];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("; ")
}

/// What an inconclusive comparison could have seen, and what would settle it.
fn sight(judged: &Judged<'_>) -> String {
    let Some(effect) = judged.effect else { return String::new() };
    let (Some(detectable), limit) = (effect.detectable(), effect.limit(judged.margin)) else { return "one trial tells nothing of the noise".to_owned() };
    let seen = match effect.scale {
        Scale::Absolute => judged.subject.unit.show(detectable),
        _ => percent(to_share(&effect, detectable)),
    };
    let mut parts = vec![format!("the smallest change that could have been seen is {seen}")];
    if limit > 0.0 {
        let margin = margin(judged);
        if effect.design == Design::Unpaired
            && let Some(power) = effect.power(limit)
        {
            parts.push(format!("one of {margin} had a chance of {} to be", percent(power)));
        }
        let what = if effect.design == Design::Paired { "pairs" } else { "trials a side" };
        let fewest = judged.subject.nature.fewest_trials();
        parts.push(effect.trials_needed(limit).map_or_else(
            || format!("for {margin} more than 10,000 {what} would be needed"),
            |needed| format!("for {margin} it takes {} {what}", show_count(needed.max(fewest) as i64)),
        ));
    }
    parts.join(", ")
}

/// Why a difference of conditions bars a comparison.
fn barred(nature: Nature) -> &'static str {
    match nature {
        Nature::Counted => "the counts are of other things",
        Nature::OnWire => "what is on the wire is the kernel's doing as well",
        Nature::Memory => "pages are the kernel's doing as well",
        Nature::Timed => "times are of one machine and the same work",
    }
}

/// `messages.per_update of rest-poll at workload.topics=50`
pub fn figure(judged: &Judged<'_>) -> String {
    format!("{} of {}", judged.subject.name, whom(judged))
}

/// `rest-poll at workload.topics=50`
pub fn whom(judged: &Judged<'_>) -> String {
    figures::whom(Some(judged.contender), Some(&judged.load_point))
}

/// One sentence: `latency.p99 of rest-poll regressed: 12 ms to 15 ms, +25 % (+18 to +32 %), margin 10 %`.
pub fn sentence(judged: &Judged<'_>) -> String {
    let [base, new] = means(judged);
    let measured = if judged.effect.is_some() { format!(": {base} to {new}, {}, margin {}", change(judged), margin(judged)) } else { String::new() };
    let detail = detail(judged);
    let detail = if detail.is_empty() { String::new() } else { format!("{} {detail}", if measured.is_empty() { ":" } else { ";" }) };
    format!("{} {}{measured}{detail}", figure(judged), words_of(judged.verdict))
}

/// As a sentence has it.
pub fn words_of(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Regressed => "regressed",
        Verdict::Untrusted => "is not to be trusted",
        Verdict::NoFigure => "has no figure",
        Verdict::Inconclusive => "is inconclusive",
        Verdict::NotComparable => "cannot be compared",
        Verdict::Improved => "improved",
        Verdict::Equivalent => "is equivalent",
    }
}

/// A side, by the names of its recordings: `main`, or `main-1, main-2 and main-3`.
pub fn side(judgement: &Judgement<'_>, base: bool) -> String {
    let names: Vec<&str> = judgement.runs(base).iter().map(|run| run.name).collect();
    match names.as_slice() {
        [first, .., last] if names.len() > 3 => format!("{} recordings, {first} to {last}", names.len()),
        names => listed(names),
    }
}

/// The recording that speaks for a side: its first.
pub fn first<'j>(judgement: &'j Judgement<'_>, base: bool) -> Option<&'j Recording> {
    judgement.runs(base).first().map(|run| run.summary.recording)
}

/// An amount on the scale of an effect, signed: `+3.2 %`; where there was nothing before, in the figure's unit.
fn on_scale(judged: &Judged<'_>, effect: &Effect, amount: f64) -> String {
    let sign = if amount < 0.0 { "−" } else { "+" };
    match effect.scale {
        Scale::Absolute => format!("{sign}{}", judged.subject.unit.show(amount.abs())),
        _ => format!("{sign}{}", percent(to_share(effect, amount).abs())),
    }
}

/// From the scale of an effect to a share of the base.
fn to_share(effect: &Effect, amount: f64) -> f64 {
    if effect.scale == Scale::Ratio { amount.exp_m1() } else { amount }
}

/// `0.35 %`, `3.2 %`, `12.3 %`, `1,240 %`; without bound where an interval of two trials has none worth naming.
pub(in crate::report) fn percent(share: f64) -> String {
    const NO_BOUND: f64 = 1e3;
    match share * 100.0 {
        _ if share > NO_BOUND => "∞ %".to_owned(),
        percent if percent.abs() >= 1_000.0 => format!("{} %", show_number(percent)),
        percent if percent.abs() < 10.0 => format!("{} %", significant(percent, 2)),
        percent => format!("{} %", significant(percent, 3)),
    }
}
