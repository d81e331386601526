//! `compare.json`: a judgement for programs.

use serde_json::{Value, json};

use super::words;
use crate::summary::gate::{Design, Effect, Judged, Judgement, Scale};

/// All of it; the same recordings give the same bytes.
pub(super) fn json(judgement: &Judgement<'_>) -> serde_json::Result<Vec<u8>> {
    let side = |base: bool| {
        let one = |run: &crate::summary::comparison::Run<'_>| {
            let recording = run.summary.recording;
            json!({ "name": run.name, "recording": recording.id, "scenario": recording.scenario.name, "tool_version": recording.tool_version })
        };
        judgement.runs(base).iter().map(one).collect::<Vec<Value>>()
    };
    let conditions: Vec<Value> = judgement
        .comparison
        .conditions
        .iter()
        .map(|condition| json!({ "what": condition.what, "values": condition.values, "text": condition.words }))
        .collect();
    let one_sided: Vec<Value> = judgement
        .one_sided
        .iter()
        .map(|(base, contender, point)| json!({ "side": if *base { "base" } else { "new" }, "contender": contender, "load_point": point }))
        .collect();
    let whole = json!({
        "headline": words::headline(judgement), "base": side(true), "new": side(false),
        "figures": judgement.judged.iter().map(figure).collect::<Vec<_>>(),
        "error": judgement.error, "asked_at_once": judgement.family, "conditions": conditions, "only_in_one_side": one_sided,
    });
    let mut bytes = serde_json::to_vec_pretty(&whole)?;
    bytes.push(b'\n');
    Ok(bytes)
}

fn figure(judged: &Judged<'_>) -> Value {
    let effect = judged.effect.as_ref();
    let limit = |effect: &Effect| effect.limit(judged.margin);
    let interval = effect.and_then(Effect::interval);
    json!({
        "contender": judged.contender, "load_point": judged.load_point, "metric": judged.subject.name, "unit": judged.subject.unit.name(),
        "nature": judged.subject.nature.name(), "better": judged.subject.better.name(), "verdict": judged.verdict.name(), "margin": judged.margin,
        "base_value": effect.map(|effect| effect.means[0]), "value": effect.map(|effect| effect.means[1]),
        "base_trials": effect.map(|effect| effect.trials[0]), "trials": effect.map(|effect| effect.trials[1]),
        "design": effect.map(|effect| if effect.design == Design::Paired { "paired" } else { "unpaired" }),
        "scale": effect.map(|effect| match effect.scale {
            Scale::Ratio => "log-ratio",
            Scale::Share => "share",
            Scale::Absolute => "absolute",
        }),
        "change": effect.map(|effect| effect.estimate), "low": interval.map(|(low, _)| low), "high": interval.map(|(_, high)| high),
        "p": effect.and_then(Effect::probability), "p_adjusted": judged.adjusted,
        "detectable": effect.and_then(Effect::detectable), "power_at_margin": effect.and_then(|effect| effect.power(limit(effect))),
        "trials_needed": effect.and_then(|effect| effect.trials_needed(limit(effect))),
        "detail": words::detail(judged),
    })
}
