//! The text of a feed: JSON as the Simple Update Protocol has it, written and read.
//!
//! `{"period", "available_periods", "since_time", "updated_time", "updates": [[SUP id, update id], …]}`. All updates from `since_time` up to
//! `updated_time` are there, the last of each topic at least; an update id says nothing but whether it is another one.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer};

/// Digits of an update id.
const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// An update id has so many at least.
const SHORTEST_UPDATE: usize = 5;
/// A longer id is not remembered, bytes: a server could make us hold it for each topic.
pub const LONGEST_ID: usize = 64;

/// A feed as it is written.
pub struct Writer {
    text: String,
    first: bool,
}

impl Writer {
    /// Begins a feed; `available` has periods in seconds and where they are.
    pub fn begin(period: f64, available: &[(f64, String)], since: Timestamp, updated: Timestamp) -> Self {
        let periods: Vec<String> = available.iter().map(|(seconds, url)| format!("\"{seconds}\":\"{url}\"")).collect();
        let text = format!(
            "{{\"period\":{period},\"available_periods\":{{{}}},\"since_time\":\"{since}\",\"updated_time\":\"{updated}\",\"updates\":[",
            periods.join(",")
        );
        Self { text, first: true }
    }

    /// Adds an update.
    pub fn update(&mut self, topic: u32, update: u64) {
        if !std::mem::take(&mut self.first) {
            self.text.push(',');
        }
        let _ = write!(self.text, "[\"{}\",\"", id(topic));
        let digits: usize = (1..).find(|digits| 62_u128.pow(*digits) > u128::from(update)).unwrap_or(11) as usize;
        for place in (0..digits.max(SHORTEST_UPDATE) as u32).rev() {
            let digit = u128::from(update) / 62_u128.pow(place) % 62;
            self.text.push(DIGITS[digit as usize] as char);
        }
        self.text.push_str("\"]");
    }

    /// The whole text.
    pub fn end(mut self) -> String {
        self.text.push_str("]}\n");
        self.text
    }
}

/// The SUP id of a topic by its number: eight digits that tell nobody anything, and no two topics have the same.
pub fn id(topic: u32) -> String {
    // Multiplication by an odd number is one to one modulo 2^32.
    format!("{:08x}", topic.wrapping_mul(0x9E37_79B1) ^ 0x5BD1_E995)
}

/// A feed as it was read.
#[derive(Debug, Deserialize)]
pub struct Feed<'a> {
    /// Seconds by their text, and where such a feed is.
    #[serde(default)]
    pub available_periods: BTreeMap<String, String>,
    /// From when on all updates are there.
    #[serde(deserialize_with = "time")]
    pub since_time: Timestamp,
    /// Up to when.
    #[serde(alias = "update_time", deserialize_with = "time")]
    pub updated_time: Timestamp,
    /// What has changed.
    #[serde(borrow)]
    pub updates: Vec<(Id<'a>, Id<'a>)>,
}

/// An opaque id.
#[derive(Debug, Deserialize, PartialEq, Eq)]
pub struct Id<'a>(#[serde(borrow)] pub Cow<'a, str>);

/// A date of RFC 3339.
fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
    Id::deserialize(deserializer)?.0.parse().map_err(serde::de::Error::custom)
}

/// Reads a feed; keys that are not known are passed over.
///
/// # Errors
/// It is no such JSON, or an id in it is longer than [`LONGEST_ID`].
pub fn read(text: &[u8]) -> Result<Feed<'_>, String> {
    let feed: Feed<'_> = serde_json::from_slice(text).map_err(|error| format!("the feed cannot be read: {error}"))?;
    let long = feed.updates.iter().find(|(topic, update)| topic.0.len().max(update.0.len()) > LONGEST_ID);
    if long.is_some() { Err(format!("an id of the feed has more than {LONGEST_ID} bytes")) } else { Ok(feed) }
}

/// The id in a field `X-SUP-ID`: the fragment of a URL.
pub fn of_field(field: &[u8]) -> Option<Box<str>> {
    let (_, id) = std::str::from_utf8(field).ok()?.split_once('#')?;
    (1..=LONGEST_ID).contains(&id.len()).then(|| id.into())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn it_is_what_friendfeed_had() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let available = [(60.0, "/changes?seconds=60".to_owned()), (0.5, "/changes?seconds=0.5".to_owned())];
        let mut writer = Writer::begin(60.0, &available, at("2008-08-29T17:37:57Z"), at("2008-08-29T17:39:07.25Z"));
        writer.update(7, 0);
        writer.update(u32::MAX, 62 * 62 + 61);
        let text = writer.end();
        let expected = format!(
            "{{\"period\":60,\"available_periods\":{{\"60\":\"/changes?seconds=60\",\"0.5\":\"/changes?seconds=0.5\"}},\
             \"since_time\":\"2008-08-29T17:37:57Z\",\"updated_time\":\"2008-08-29T17:39:07.25Z\",\
             \"updates\":[[\"{}\",\"00000\"],[\"{}\",\"0010z\"]]}}\n",
            id(7),
            id(u32::MAX)
        );
        assert_eq!(text, expected);
        assert_eq!(format!("[\"{}\",\"00000\"],", id(7)).len(), 21, "about 21 bytes an update");
        // As it was on the wire in 2008, with another name for the time and URLs that are absolute.
        let old = r#"{"available_periods": {"60": "http:\/\/friendfeed.com\/api\/sup.json?seconds=60"}, "period": 60, "since_time": "2008-08-29T17:37:57Z",
            "update_time": "2008-08-29T17:39:07Z", "updates": [["4762d33f", "08tCo"], ["100994c2", "08tCs"]]}"#;
        let feed = read(old.as_bytes()).unwrap();
        assert_eq!(feed.available_periods["60"], "http://friendfeed.com/api/sup.json?seconds=60");
        assert_eq!((feed.updates.len(), &*feed.updates[1].1.0), (2, "08tCs"));
        assert_eq!(feed.updated_time.duration_since(feed.since_time).as_secs(), 70);
        assert_eq!(of_field(b"http://mysite.com/sup.json#12345").as_deref(), Some("12345"));
        assert_eq!((of_field(b"/sup.json"), of_field(b"#"), of_field(&[b'#', 0xff])), (None, None, None));
    }

    #[test]
    fn what_is_none_is_refused() {
        let long = format!(r#"{{"since_time":"2008-08-29T17:37:57Z","updated_time":"2008-08-29T17:37:57Z","updates":[["{}","x"]]}}"#, "x".repeat(65));
        for text in ["", "{}", "[]", "{\"updates\":[[\"a\"]]}", &long, &"[".repeat(100_000)] {
            assert!(read(text.as_bytes()).is_err(), "{:.80}", text);
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(updates in prop::collection::vec((any::<u32>(), any::<u64>()), 0..50), since in 0_i64..4_000_000_000, seconds in 0_i64..1_000_000) {
            let (since, updated) = (Timestamp::from_second(since).unwrap(), Timestamp::from_second(since + seconds).unwrap());
            let mut writer = Writer::begin(1.5, &[], since, updated);
            updates.iter().for_each(|(topic, update)| writer.update(*topic, *update));
            let text = writer.end();
            let feed = read(text.as_bytes()).unwrap();
            prop_assert_eq!((feed.since_time, feed.updated_time, feed.updates.len()), (since, updated, updates.len()));
            for ((topic, update), (as_read, update_as_read)) in updates.iter().zip(&feed.updates) {
                prop_assert_eq!(&id(*topic), &as_read.0);
                let value = update_as_read.0.bytes().fold(0_u128, |value, digit| value * 62 + DIGITS.iter().position(|other| *other == digit).unwrap() as u128);
                prop_assert_eq!(value, u128::from(*update));
            }
        }

        #[test]
        fn anything_may_come(text in prop::collection::vec(any::<u8>(), 0..300), like in "[\\[\\]{}\":,a-z0-9\\\\ ]{0,80}") {
            let _ = (read(&text), read(like.as_bytes()), of_field(&text));
        }
    }
}
