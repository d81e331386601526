//! Files: scenarios, traces, recordings and the histograms in them; and the side protocol, which is written in the same hand.

use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::stream::{Spoken, cuts, wait};
use crate::contenders;
use crate::history::History;
use crate::measure::distribution::Distribution;
use crate::measure::recording::Recording;
use crate::plan::{self, Plan};
use crate::report::history::{Output, Shown};
use crate::report::{self, Format, terminal};
use crate::run::link;
use crate::run::message::{FromSide, ToSide};
use crate::scenario::{Arrivals, Registry, Scenario};
use crate::summary::history::{Search, Trend};
use crate::summary::{Summary, fixture, gate, metrics};
use crate::trace::file;
use crate::units;

const REGISTRY: Registry = Registry { contenders: contenders::ALL, metrics: metrics::NAMES, gated: gate::NAMES, natures: gate::NATURES };

/// Bytes as what comes through a side's pipe: whichever way they are cut, the same messages come out, and are written as they were read.
pub fn side_protocol(bytes: &[u8]) {
    one_way::<ToSide>(bytes);
    one_way::<FromSide>(bytes);
}

fn one_way<M: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(bytes: &[u8]) {
    let messages = |pieces: Vec<&[u8]>| {
        wait(async {
            let (mut pipe, mut messages) = (Spoken::new(pieces), Vec::new());
            loop {
                match link::read::<M>(&mut pipe).await {
                    Ok(Some(message)) => messages.push(message),
                    Ok(None) => return (messages, None),
                    Err(error) => return (messages, Some(error.to_string())),
                }
            }
        })
    };
    let whole = messages(vec![bytes]);
    let [_, pieces] = cuts(bytes);
    assert_eq!(messages(pieces), whole);
    for message in &whole.0 {
        let mut pipe = Spoken::new(Vec::new());
        wait(link::write(&mut pipe, message)).expect("what was read can be written");
        let (again, _) = messages(vec![&pipe.answer]);
        assert_eq!(again.as_slice(), std::slice::from_ref(message));
    }
}

/// Text as a scenario: read, planned and estimated where it is small enough to be worked out in a moment, or a mistake with a place.
pub fn scenario(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let scenario = match Scenario::parse(text, "fuzz.toml", Path::new("nowhere"), REGISTRY) {
        Ok(scenario) => scenario,
        Err(error) => return assert!(error.to_string().contains("fuzz.toml"), "{error}"),
    };
    let plan = Plan::new(&scenario, None, None).expect("what was read can be planned");
    assert!(!plan.trials.is_empty(), "nothing to run");
    let mut known = Vec::new();
    for trial in &plan.trials {
        if known.contains(&&trial.load_point) {
            continue;
        }
        known.push(&trial.load_point);
        let there = scenario.at(&trial.load_point, REGISTRY).expect("every load point was read before");
        if known.len() > 8 || !is_small(&there) {
            return;
        }
    }
    let estimates = plan::estimate(&scenario, &plan, REGISTRY).expect("what was planned can be estimated");
    assert_eq!(estimates.len(), plan.trials.len());
    for estimate in estimates {
        assert!(estimate.duration() > std::time::Duration::ZERO);
    }
}

fn is_small(scenario: &Scenario) -> bool {
    let workload = &scenario.workload;
    let warm_up = workload.warm_up.as_secs_f64() / workload.span.as_secs_f64();
    let updates = f64::from(workload.active_topics) * workload.updates_per_active_topic * (1.0 + warm_up);
    let pairs = u64::from(scenario.subscribers.count) * u64::from(workload.topics);
    // A file of updates could be any file of this machine.
    updates < 20_000.0 && pairs < 100_000 && !matches!(workload.arrivals, Arrivals::Csv(_))
}

/// Text as a CSV trace of ten topics and an hour: every update is one of them, and within it.
pub fn csv_trace(bytes: &[u8]) {
    thread_local! {
        static SCENARIO: Scenario = Scenario::parse(
            "title = \"x\"\n[workload]\ntopology = \"fan-in\"\ntopics = 10\nspan = \"1h\"\narrivals = { csv = \"x\" }\n[[contender]]\nuse = \"loopback\"\n",
            "x.toml", Path::new(""), REGISTRY).expect("a scenario");
    }
    SCENARIO.with(|scenario| match file::parse(bytes, Path::new("trace.csv"), &scenario.workload) {
        Ok(updates) => {
            assert!(updates.len() <= bytes.len() / 3, "more updates than lines");
            for (due, topic) in updates {
                assert!((0..3_600_000_000_000).contains(&due) && topic < 10, "{due} {topic}");
            }
        }
        Err(error) => assert!(error.to_string().contains("trace.csv"), "{error}"),
    });
}

/// Text as a recording: refused, or saved as it was read, summed up and put into every report.
pub fn recording(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    match Recording::parse(text, "recording.json") {
        Ok(recording) => report_on(&recording),
        Err(error) => assert!(error.to_string().contains("recording.json"), "{error}"),
    }
}

fn report_on(recording: &Recording) {
    let text = serde_json::to_string(recording).expect("what was read can be saved");
    let again = Recording::parse(&text, "recording.json").expect("what was saved can be read");
    assert_eq!(&again, recording);
    let summary = Summary::new(recording);
    let _ = summary.outcome();
    let _ = terminal::report(&summary, terminal::Style { width: 100, colour: false });
    for format in [Format::Csv, Format::Markdown, Format::Json] {
        let _ = report::files(&summary, format);
    }
    // Pictures take twenty times as long as all else: for one recording in eight.
    if text.len().is_multiple_of(8) {
        let _ = report::files(&summary, Format::Svg);
        let _ = report::files(&summary, Format::Html);
    }
}

/// Three bytes each: a place in a made-up recording (two bytes), and what is put there; above 127 in all places of the same name. Whatever the values
/// are, there is a refusal or every report.
pub fn recording_values(bytes: &[u8]) {
    thread_local! {
        static BASE: (Value, Vec<String>) = base();
    }
    BASE.with(|(base, places)| {
        let mut value = base.clone();
        for change in bytes.chunks_exact(3).take(16) {
            let Some(place) = places.get(usize::from(u16::from_le_bytes([change[0], change[1]])) % places.len()) else { return };
            let name = place.rsplit('/').next().unwrap_or_default();
            let everywhere = change[2] & 128 != 0;
            for other in places.iter().filter(|other| *other == place || (everywhere && other.rsplit('/').next() == Some(name))) {
                if let Some(node) = value.pointer_mut(other) {
                    put(node, change[2] & 127);
                }
            }
        }
        recording(value.to_string().as_bytes());
    });
}

/// A made-up recording of few trials and seconds, and all places in it.
fn base() -> (Value, Vec<String>) {
    let mut recording = fixture::made_up().scale(0.05).repeats(2).sweep(&[1.0, 2.0]).budget("poll-5s", "latency.p99", 1.0).build();
    recording.contenders.truncate(1);
    let name = recording.contenders[0].name.clone();
    recording.trials.retain(|trial| trial.contender == name || trial.contender.is_empty());
    let mut value = serde_json::to_value(&recording).expect("a made-up recording can be saved");
    shorten(&mut value);
    let mut places = Vec::new();
    find(&value, &mut String::new(), &mut places);
    (value, places)
}

/// No more than three of a kind.
fn shorten(value: &mut Value) {
    match value {
        Value::Array(elements) => {
            elements.truncate(3);
            elements.iter_mut().for_each(shorten);
        }
        Value::Object(fields) => fields.iter_mut().filter(|(name, _)| name.as_str() != "trials").for_each(|(_, field)| shorten(field)),
        _ => {}
    }
    if let Some(trials) = value.get_mut("trials").and_then(Value::as_array_mut) {
        trials.iter_mut().for_each(shorten);
    }
}

fn find(value: &Value, path: &mut String, places: &mut Vec<String>) {
    places.push(path.clone());
    let length = path.len();
    let mut below = |name: &str, value: &Value| {
        path.push('/');
        path.push_str(&name.replace('~', "~0").replace('/', "~1"));
        find(value, path, places);
        path.truncate(length);
    };
    match value {
        Value::Array(elements) => elements.iter().enumerate().for_each(|(place, element)| below(&place.to_string(), element)),
        Value::Object(fields) => fields.iter().for_each(|(name, field)| below(name, field)),
        _ => {}
    }
}

fn put(node: &mut Value, what: u8) {
    *node = match what {
        0 => 0.into(),
        1 => 1.into(),
        2 => (-1).into(),
        3 => u32::MAX.into(),
        4 => (1_u64 << 53).into(),
        5 => u64::MAX.into(),
        6 => i64::MIN.into(),
        7 => i64::MAX.into(),
        8 => 1e308.into(),
        9 => 1e-308.into(),
        10 => (-1e308).into(),
        11 => 0.5.into(),
        12 => Value::Null,
        13 => "".into(),
        14 => "poll-5s".into(),
        15 => "ä\u{202e}\n|\"<b>,=1+1".into(),
        16 => true.into(),
        17 => false.into(),
        18 => Value::Array(Vec::new()),
        19 => Value::Object(serde_json::Map::new()),
        20 => f64::from(u32::MAX).into(),
        21 => (u64::MAX / 2).into(),
        22 => 999.into(),
        23 => 1e19.into(),
        24 => "x".repeat(300).into(),
        // What stands there, changed.
        what => match std::mem::take(node) {
            Value::Number(number) => {
                let number = number.as_f64().unwrap_or_default() * [0.0, 0.5, 2.0, 1_000.0, 1e6, 1e12, -1.0][usize::from(what) % 7];
                if number.fract() == 0.0 && (0.0..1e18).contains(&number) { (number as u64).into() } else { number.into() }
            }
            Value::Array(mut elements) => {
                match what % 3 {
                    0 => _ = elements.pop(),
                    1 => elements.extend(elements.last().cloned()),
                    _ => elements.reverse(),
                }
                Value::Array(elements)
            }
            Value::Object(mut fields) => {
                let name = fields.keys().nth(usize::from(what) % fields.len().max(1)).cloned();
                name.and_then(|name| fields.remove(&name));
                Value::Object(fields)
            }
            Value::String(text) => text.chars().rev().collect::<String>().into(),
            Value::Bool(flag) => (!flag).into(),
            Value::Null => 1.into(),
        },
    };
}

/// Bytes as a histogram: as base64, and packed as a recording has it, so that what is inside is reached; what is read is saved as it was,
/// and its figures are in order.
pub fn histogram(bytes: &[u8]) {
    let packed = packed(bytes);
    for text in [std::str::from_utf8(bytes).unwrap_or_default(), &packed] {
        let Ok(distribution) = Distribution::decode(text) else { continue };
        let saved = distribution.encode().expect("what was read can be saved");
        assert_eq!(Distribution::decode(&saved).as_ref(), Ok(&distribution));
        let quantiles: Vec<f64> = [0.0, 0.5, 0.9, 0.99, 1.0].iter().filter_map(|quantile| distribution.quantile(*quantile)).collect();
        assert!(quantiles.is_sorted(), "{quantiles:?}");
        let mut twice = distribution.clone();
        twice.merge(&distribution);
        let _ = (twice.count(), twice.mean(), twice.max(), twice.quantile_with_infinite(0.99, distribution.count()), twice.buckets().count());
    }
}

/// As the V2 deflate format has it: a cookie, a length, and zlib's frame around the rest, which is stored as it is (RFC 1950, RFC 1951 §3.2.4).
pub(super) fn packed(inner: &[u8]) -> String {
    use base64::Engine as _;
    let stored = &inner[..inner.len().min(usize::from(u16::MAX))];
    let length = stored.len() as u16;
    let mut zlib = vec![0x78, 0x01, 0x01];
    zlib.extend(length.to_le_bytes());
    zlib.extend((!length).to_le_bytes());
    zlib.extend(stored);
    let (one, two) = stored.iter().fold((1_u32, 0_u32), |(one, two), byte| {
        let one = (one + u32::from(*byte)) % 65_521;
        (one, (two + one) % 65_521)
    });
    zlib.extend(((two << 16) | one).to_be_bytes());
    let mut bytes = 0x1c84_9314_u32.to_be_bytes().to_vec();
    bytes.extend((zlib.len() as u32).to_be_bytes());
    bytes.extend(zlib);
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// Bytes as the file of a history: each line is a run or told, runs read back as they were, and whatever their figures are, there are changes and every
/// report of them.
pub fn history(bytes: &[u8]) {
    let history = History::parse(bytes);
    assert!(history.broken_lines >= history.broken.len() && history.broken.iter().filter(|broken| broken.torn).count() <= 1);
    let text: String = history.entries.iter().map(|entry| entry.line().expect("what was read can be kept") + "\n").collect();
    let again = History::parse(text.as_bytes());
    assert_eq!((&again.entries, again.broken_lines), (&history.entries, 0));
    let shown = Shown::new(&history, Search::default(), |_, _| true);
    for Trend { series, changes } in &shown.trends {
        assert!(changes.iter().all(|change| change.last_before < change.place && change.place < series.points.len()));
    }
    let style = terminal::Style { width: 100, colour: false };
    let _ = (report::history::terminal::runs(&shown, 20, style), report::history::terminal::changes(&shown, style));
    for output in [Output::Csv, Output::Json] {
        let _ = report::history::files(&shown, output);
    }
    if bytes.len().is_multiple_of(8) {
        let _ = report::history::files(&shown, Output::Svg);
    }
}

/// Text as a duration and as a size: what is read can be shown, and what was shown reads back as what it says.
pub fn units(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(duration) = units::read_duration(text) {
        let shown = units::show_duration(duration);
        let again = units::read_duration(&shown).expect("what is shown can be read").as_secs_f64();
        let seconds = duration.as_secs_f64();
        // Two units of time, or three digits of one, stand for it.
        assert!((again - seconds).abs() <= seconds / 24.0 + 1e-9, "{text:?} is shown as {shown:?}");
        let _ = units::show_seconds(seconds);
    }
    if let Ok(size) = units::read_size(text) {
        assert_eq!(units::read_size(&format!("{size} B")), Ok(size));
        let _ = (units::show_bytes(size as f64), units::show_number(size as f64), units::show_count(size as i64));
    }
}
