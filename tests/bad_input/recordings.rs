//! Recordings that nobody has recorded: hostile ones, and the committed sample with each of its values changed in turn.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pushbench::measure::distribution::Distribution;
use pushbench::measure::recording::Recording;
use pushbench::report::terminal::{self, Style};
use pushbench::report::{self, Format, comparison};
use pushbench::summary::Summary;
use pushbench::summary::comparison::{Comparison, Run};
use pushbench::summary::fixture::made_up;
use serde_json::{Value, json};

fn value() -> &'static Value {
    static GOOD: OnceLock<Value> = OnceLock::new();
    GOOD.get_or_init(|| {
        let mut value = serde_json::to_value(made_up().scale(0.02).budget("xmpp-pubsub", "latency.p99", 1.0).build()).unwrap();
        shorten(&mut value, 8);
        value
    })
}

/// Time-lines of so many seconds: what is wrong with one is wrong with all.
fn shorten(recording: &mut Value, seconds: usize) {
    for trial in recording["trials"].as_array_mut().unwrap() {
        trial["timeline"].as_array_mut().unwrap().truncate(seconds);
    }
}

/// A recording with which nothing is wrong.
pub fn good() -> String {
    value().to_string()
}

/// The same with a change.
pub fn changed(change: impl Fn(&mut Value)) -> String {
    let mut value = value().clone();
    change(&mut value);
    value.to_string()
}

/// What somebody might put into a recording to hurt who reads it.
pub fn hostile() -> Vec<(&'static str, String)> {
    let hdr = |text: String| changed(move |recording| recording["trials"][0]["times"]["latency"]["hdr"] = text.clone().into());
    let head = |at: usize, bytes: &'static [u8]| {
        let mut plain = plain();
        plain[at..at + bytes.len()].copy_from_slice(bytes);
        hdr(packed(&plain))
    };
    let trial = |field: &'static str, value: Value| changed(move |recording| recording["trials"][0][field] = value.clone());
    let window = |seconds: f64| changed(move |recording| recording["trials"][0]["workload"]["window"] = seconds.into());
    vec![
        ("recording: bad base64", hdr("AAA?".to_owned())),
        ("recording: base64 of something else", hdr("AAAAAAAA".to_owned())),
        ("recording: a histogram that cannot be inflated", hdr(STANDARD.encode([&plain_head()[..], &[7; 9]].concat()))),
        ("recording: a histogram cut short", hdr(packed(&plain()[..30]))),
        ("recording: a histogram of another kind inside", head(0, &[1, 2, 3, 4])),
        ("recording: a histogram that asks for 4 GiB", head(4, &[0xFF; 4])),
        ("recording: a histogram with other bounds", head(24, &[0x7F; 8])),
        ("recording: a histogram with a scale", head(32, &[0; 8])),
        ("recording: a histogram that inflates to 64 MiB", hdr(packed(&vec![0; 64 << 20]))),
        ("recording: a histogram with 2⁶³ zeros", hdr(packed(&with_counts(&[0xFF; 9])))),
        ("recording: a histogram with 2⁶³ samples", hdr(packed(&with_counts(&[0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF])))),
        ("recording: 16,000 empty histograms", changed(many_histograms)),
        ("recording: every count 2⁶⁴ − 1", changed(|recording| numbers(&mut recording["trials"], &|number| number.is_u64().then(|| u64::MAX.into())))),
        ("recording: a count below nothing", trial("exchanges", (-1).into())),
        ("recording: the number 1e300", trial("wasted", json!([1e300]))),
        ("recording: a window of 1e18 s", window(1e18)),
        ("recording: a window of -1 s", window(-1.0)),
        ("recording: a time-line in another century", changed(|recording| recording["trials"][0]["timeline"][0]["second"] = (-9_000_000_000_i64).into())),
        (
            "recording: three digits in a time-line",
            changed(|recording| {
                let fine = serde_json::to_value(Distribution::default()).unwrap();
                recording["trials"][0]["timeline"][0]["latency"] = fine;
            }),
        ),
        ("recording: a field that stands twice", changed(|_| ()).replacen("\"schema\":1", "\"schema\":1,\"schema\":1", 1)),
    ]
}

/// Empty ones: little text, and 272 KiB each once they are unpacked.
fn many_histograms(recording: &mut Value) {
    let mut side = recording["trials"][0]["sides"][0].clone();
    side["beat_lag"] = serde_json::to_value(Distribution::default()).unwrap();
    recording["trials"][0]["sides"] = vec![side; 16_000].into();
}

fn plain_head() -> Vec<u8> {
    STANDARD.decode(Distribution::default().encode().unwrap()).unwrap()[..8].to_vec()
}

/// An empty histogram, inflated.
fn plain() -> Vec<u8> {
    let mut plain = Vec::new();
    let packed = STANDARD.decode(Distribution::default().encode().unwrap()).unwrap();
    flate2::read::ZlibDecoder::new(&packed[8..]).read_to_end(&mut plain).unwrap();
    plain
}

fn with_counts(counts: &[u8]) -> Vec<u8> {
    let mut plain = plain();
    plain.truncate(40);
    plain[4..8].copy_from_slice(&(counts.len() as u32).to_be_bytes());
    plain.extend(counts);
    plain
}

/// Deflated, behind the head of the format, in base64.
fn packed(plain: &[u8]) -> String {
    let mut zlib = flate2::write::ZlibEncoder::new(plain_head(), flate2::Compression::fast());
    zlib.write_all(plain).unwrap();
    STANDARD.encode(zlib.finish().unwrap())
}

/// Replaces numbers.
fn numbers(value: &mut Value, with: &dyn Fn(&serde_json::Number) -> Option<Value>) {
    match value {
        Value::Number(number) => {
            if let Some(other) = with(number) {
                *value = other;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| numbers(item, with)),
        Value::Object(fields) => fields.values_mut().for_each(|field| numbers(field, with)),
        _ => {}
    }
}

/// Reads a recording and makes all reports of it; what is wrong with it, if anything is.
fn used(text: &str, pictures: bool) -> Result<(), String> {
    let recording = Recording::parse(text, "recording.json").map_err(|error| error.to_string())?;
    let summary = Summary::new(&recording);
    assert!(!terminal::report(&summary, Style { width: 100, colour: true }).is_empty());
    let _ = summary.outcome();
    if pictures {
        beside_a_good_one(&summary)?;
    }
    let drawn = [Format::Svg, Format::Html].into_iter().filter(|_| pictures);
    let formats = [Format::Csv, Format::Markdown, Format::Json].into_iter().chain(drawn);
    formats.into_iter().try_for_each(|format| report::files(&summary, format).map(drop)).map_err(|error| error.to_string())
}

/// Makes all reports of it beside a good one, as the first and as the second.
fn beside_a_good_one(summary: &Summary<'_>) -> Result<(), String> {
    let good = Recording::parse(&good(), "good.json").unwrap();
    let good = Summary::new(&good);
    for summaries in [[&good, summary], [summary, &good]] {
        let runs = summaries.into_iter().zip(["one", "other"]).map(|(summary, name)| Run { name, summary });
        let comparison = Comparison::new(runs.collect());
        assert!(!comparison::terminal::report(&comparison, Style { width: 100, colour: true }).is_empty());
        for format in [Format::Csv, Format::Markdown, Format::Json, Format::Svg] {
            comparison::files(&comparison, format).map_err(|error| error.to_string())?;
        }
    }
    Ok(())
}

/// Whether it was used or refused; anything else is a failure of the test.
fn survives(what: &str, text: &str, pictures: bool) -> Result<(), String> {
    catch_unwind(AssertUnwindSafe(|| used(text, pictures))).unwrap_or_else(|_| panic!("{what}: panicked"))
}

#[test]
fn a_recording_cut_anywhere_is_refused() {
    let whole = good();
    assert_eq!(used(&whole, true), Ok(()));
    let places = (0..64).chain((64..whole.len()).step_by(whole.len() / 100 + 1)).filter(|at| whole.is_char_boundary(*at));
    for at in places {
        let told = survives(&format!("cut at {at}"), &whole[..at], false).expect_err("half a recording was read");
        assert!(told.starts_with("recording.json is not a recording of pushbench: ") && told.contains(" at line "), "{told}");
    }
}

/// A change of a recording.
type Change = fn(&mut Value);

/// Well-formed, and yet nothing that a run could have come to: reports or an error, whatever it is.
#[test]
fn contradictions_are_survived() {
    let all: &[(&str, Change)] = &[
        ("no trials", |recording| recording["trials"] = json!([])),
        ("no contenders", |recording| recording["contenders"] = json!([])),
        ("no trials and no contenders", |recording| (recording["trials"], recording["contenders"]) = (json!([]), json!([]))),
        ("all trials twice", |recording| {
            let trials = recording["trials"].as_array_mut().unwrap();
            trials.extend(trials.clone());
        }),
        ("all contenders twice", |recording| {
            let contenders = recording["contenders"].as_array_mut().unwrap();
            contenders.extend(contenders.clone());
        }),
        ("trials of somebody else", |recording| each(recording, |trial| trial["contender"] = "nobody".into())),
        ("nothing complete", |recording| each(recording, |trial| trial["complete"] = false.into())),
        ("windows of no length", |recording| each(recording, |trial| trial["workload"]["window"] = 0.into())),
        ("nobody and nothing", |recording| {
            each(
                recording,
                |trial| trial["workload"] = json!({"topics": 0, "active_topics": 0, "subscribers": 0, "subscriptions": 0, "payload": 0, "warm_up": 0, "window": 0, "drain": 0, "interval": 0}),
            )
        }),
        ("no sides", |recording| each(recording, |trial| trial["sides"] = json!([]))),
        ("no time-line", |recording| each(recording, |trial| trial["timeline"] = json!([]))),
        ("a time-line backwards", |recording| each(recording, |trial| trial["timeline"].as_array_mut().unwrap().reverse())),
        ("a time-line of one second, eight times", |recording| each(recording, |trial| numbers(&mut trial["timeline"], &|_| Some(1.into())))),
        ("it ended before it began", |recording| (recording["started"], recording["saved"]) = ("2026-01-02T00:00:00Z".into(), "1999-01-01T00:00:00Z".into())),
        ("times that are none", |recording| (recording["started"], recording["saved"], recording["id"]) = ("then".into(), "".into(), "\u{1b}[2J\n".into())),
        ("all repeats the same", |recording| each(recording, |trial| trial["repeat"] = 1.into())),
        ("the last repeats", |recording| each(recording, |trial| trial["repeat"] = u32::MAX.into())),
        ("load points of nonsense", |recording| each(recording, |trial| trial["load_point"] = ";;=;a=;=b;subscribers.count=x".into())),
        ("names of nothing", |recording| recording["contenders"].as_array_mut().unwrap().iter_mut().for_each(|contender| contender["name"] = "".into())),
        ("names of a megabyte", |recording| recording["scenario"]["title"] = "Ü🚆".repeat(100_000).into()),
        ("statuses that are none", |recording| each(recording, |trial| trial["subscriber_traffic"]["window"]["responses"] = json!({"0": 1, "65535": 5}))),
        ("baselines of baselines", |recording| recording["baselines"] = recording["trials"].clone()),
        ("compression of nothing", |recording| recording["scenario"]["compression"] = 0.into()),
        ("compression backwards", |recording| recording["scenario"]["compression"] = (-1e30).into()),
        ("every count 0", |recording| each(recording, |trial| numbers(trial, &|number| number.is_u64().then(|| 0.into())))),
        ("every count 2⁴⁴", |recording| each(recording, |trial| counts(trial, 1 << 44))),
        ("every number with decimals 0", |recording| each(recording, |trial| numbers(trial, &|number| number.is_f64().then(|| 0.0.into())))),
        ("every number with decimals -1", |recording| each(recording, |trial| decimals(trial, -1.0))),
        ("every number with decimals 1e30", |recording| each(recording, |trial| decimals(trial, 1e30))),
        ("every number with decimals -1e30", |recording| each(recording, |trial| decimals(trial, -1e30))),
        ("every number with decimals 1e-300", |recording| each(recording, |trial| decimals(trial, 1e-300))),
    ];
    for (what, change) in all {
        let _ = survives(what, &changed(change), true).map_err(|told| assert!(told.contains("recording.json"), "{what}: {told}"));
    }
}

fn each(recording: &mut Value, change: impl Fn(&mut Value)) {
    recording["trials"].as_array_mut().unwrap().iter_mut().for_each(change);
}

/// All counts but those that have a range of their own.
fn counts(trial: &mut Value, count: u64) {
    for field in ["deliveries", "subscriber_traffic", "subscriber_traffic_by_server", "publisher_traffic", "publisher_traffic_by_server", "witness_traffic"] {
        numbers(&mut trial[field], &|number| number.is_u64().then(|| count.into()));
    }
    for field in ["exchanges", "wasted", "failed_requests", "requests_planned", "published", "updates", "connections_held"] {
        trial[field] = count.into();
    }
    for second in trial["timeline"].as_array_mut().unwrap() {
        for field in ["messages", "requests", "deliveries", "bytes"] {
            second[field] = count.into();
        }
    }
}

/// All numbers with decimals but the lengths of phases, which have a range.
fn decimals(trial: &mut Value, number: f64) {
    let workload = trial["workload"].clone();
    numbers(trial, &|there| there.is_f64().then(|| number.into()));
    trial["workload"] = workload;
}

/// A value of a recording: the steps to it.
type Steps = Vec<String>;

/// All leaves of a value, one for each field: what is wrong with the first of a list is wrong with all.
fn leaves(value: &Value, steps: &mut Steps, into: &mut BTreeMap<String, Steps>) {
    match value {
        Value::Array(items) if !items.is_empty() => step_into(items.iter().enumerate().map(|(place, item)| (place.to_string(), item)), steps, into),
        Value::Object(fields) if !fields.is_empty() => step_into(fields.iter().map(|(name, field)| (name.clone(), field)), steps, into),
        _ => {
            let general: Vec<&str> = steps.iter().map(|step| if step.parse::<usize>().is_ok() { "*" } else { step }).collect();
            into.entry(general.join(".")).or_insert_with(|| steps.clone());
        }
    }
}

fn step_into<'a>(children: impl Iterator<Item = (String, &'a Value)>, steps: &mut Steps, into: &mut BTreeMap<String, Steps>) {
    for (step, child) in children {
        steps.push(step);
        leaves(child, steps, into);
        steps.pop();
    }
}

/// Puts another value there, or takes it out.
fn mutate(recording: &mut Value, steps: &[String], with: Option<&Value>) {
    let (last, before) = steps.split_last().unwrap();
    let parent = before.iter().fold(recording, |value, step| match value {
        Value::Array(items) => &mut items[step.parse::<usize>().unwrap()],
        object => &mut object[step.as_str()],
    });
    match (parent, with) {
        (Value::Object(fields), None) => _ = fields.remove(last),
        (Value::Object(fields), Some(with)) => _ = fields.insert(last.clone(), with.clone()),
        (Value::Array(items), None) => _ = items.remove(last.parse().unwrap()),
        (Value::Array(items), Some(with)) => items[last.parse::<usize>().unwrap()] = with.clone(),
        _ => unreachable!("a leaf has a parent"),
    }
}

/// Each field of the committed sample, changed into each of these: sampled in order, as far as the time allows.
#[test]
fn a_sample_with_any_value_changed_is_used_or_refused() {
    const SECONDS: u64 = 3;
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("reports/samples/first-look/recording.json")).unwrap();
    let mut sample: Value = serde_json::from_str(&text).unwrap();
    shorten(&mut sample, 3);
    let mut found = BTreeMap::new();
    leaves(&sample, &mut Steps::new(), &mut found);
    assert!(found.len() > 200, "the walk must reach the whole tree: {}", found.len());
    let values = [
        Some(json!(0)),
        Some(json!(-1)),
        Some(json!(u64::MAX)),
        Some(json!(1_u64 << 59)),
        Some(json!(1e29)),
        Some(json!(-0.5)),
        Some(Value::Null),
        Some(json!("")),
        None,
    ];
    let mutations: Vec<_> = found.iter().flat_map(|(name, steps)| values.iter().map(move |with| (name, steps, with))).collect();
    // A step that shares no divisor with their number visits all of them, in an order that is the same every time.
    let step = (1..).map(|odd| 7_919 + odd).find(|step| mutations.len() % step != 0 && gcd(mutations.len(), *step) == 1).unwrap();
    let (began, mut used, mut refused) = (Instant::now(), 0, 0);
    for number in 0..mutations.len() {
        // So many are always tried; the rest as far as the time goes.
        if number >= 300 && began.elapsed() > Duration::from_secs(SECONDS) {
            break;
        }
        let (name, steps, with) = mutations[number * step % mutations.len()];
        let mut recording = sample.clone();
        mutate(&mut recording, steps, with.as_ref());
        match survives(&format!("{name} = {with:?}"), &recording.to_string(), number % 40 == 0) {
            Ok(()) => used += 1,
            Err(told) => {
                assert!(told.starts_with("recording.json "), "{name} = {with:?}: {told}");
                refused += 1;
            }
        }
    }
    assert!(used > 50 && refused > 50, "{used} used, {refused} refused");
}

fn gcd(one: usize, other: usize) -> usize {
    if other == 0 { one } else { gcd(other, one % other) }
}
