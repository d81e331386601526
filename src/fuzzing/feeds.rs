//! What HTTP carries beside single values: answers of long polls, event streams, feeds of changes, bitmaps.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use roaring::RoaringBitmap;
use serde_json::Value;

use super::stream::cuts;
use crate::contenders::rest_bitmap::bits;
use crate::contenders::rest_changes::text;
use crate::contenders::rest_longpoll::frame::{self, Malformed};
use crate::contenders::sse::event::{self, BadStream, Item, Reader};
use crate::protocols::http::changes::gzip;

/// Bytes as the answer to a long poll: what is read is written as it was; cut off anywhere but between two updates it is refused; and up to where it
/// is said to be wrong it is right.
pub fn longpoll_frames(bytes: &[u8]) {
    let updates = match frame::read(bytes) {
        Ok(updates) => updates,
        Err(Malformed::Line(at)) => return assert!(frame::read(&bytes[..at]).is_ok(), "it was wrong before byte {at}"),
        Err(Malformed::End(at)) => return assert!(at <= bytes.len(), "byte {at} of {}", bytes.len()),
    };
    let (mut written, mut ends) = (Vec::new(), vec![0]);
    for update in &updates {
        written.extend(frame::write(update.sequence, update.topic, update.payload));
        ends.push(written.len());
    }
    assert_eq!(frame::read(&written).as_deref(), Ok(&updates[..]));
    // Zeros in front of a number are all that need not be written.
    assert!(written == bytes || written.len() < bytes.len(), "written otherwise: {written:?}");
    if written == bytes && bytes.len() < 300 {
        for cut in 0..bytes.len() {
            assert_eq!(frame::read(&bytes[..cut]).is_ok(), ends.contains(&cut), "cut off at {cut}");
        }
    }
}

/// Most bytes of an event here: little enough for the bound to be met.
const LARGEST_EVENT: usize = 1_000;

/// The id of the last event before a stream.
const BEFORE: &str = "before";

/// All events, when to come again, and behind which event.
fn events(pieces: &[&[u8]]) -> Result<(Vec<Item>, Option<Duration>, String), BadStream> {
    let (mut reader, mut items) = (Reader::new(LARGEST_EVENT, BEFORE), Vec::new());
    for piece in pieces {
        items.extend(reader.read(piece)?);
    }
    Ok((items, reader.retry(), reader.last_id().to_owned()))
}

/// Bytes as an event stream: the same events however they are cut, and those that the standard says, read line by line; within bounds; and each can be
/// written so that it reads the same.
pub fn event_stream(bytes: &[u8]) {
    let whole = events(&[bytes]);
    for pieces in cuts(bytes) {
        assert_eq!(events(&pieces), whole, "the pieces make a difference");
    }
    let Ok((items, retry, last_id)) = whole else { return };
    let expected = by_the_standard(bytes);
    assert_eq!(Some(&items), expected.0.as_ref());
    // A day is the longest that is kept.
    assert_eq!(retry.map(|retry| retry.as_millis()), expected.1.map(|retry| retry.min(86_400_000)));
    assert_eq!(last_id, expected.2);
    for item in items {
        let Item::Event { name, data, .. } = item else { continue };
        assert!(data.len() <= LARGEST_EVENT && name.len() <= 3 * LARGEST_EVENT, "an event beyond the bound");
        let is_topic = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
        if is_topic {
            let again = Reader::new(4 * LARGEST_EVENT, "").read(&event::write(7, &name, &data));
            assert_eq!(again, Ok(vec![Item::Event { id: "7".to_owned(), name, data }]));
        }
    }
}

/// A stream by the text of the standard (WHATWG HTML §9.2.6), with base64 where the name says so; `None` where that is none. And the last `retry`, and
/// the last id.
fn by_the_standard(bytes: &[u8]) -> (Option<Vec<Item>>, Option<u128>, String) {
    let (mut items, mut retry, mut last) = (Vec::new(), None, BEFORE.to_owned());
    let (mut id, mut name, mut data) = (last.clone(), String::new(), Vec::new());
    let mut rest = bytes.strip_prefix("\u{FEFF}".as_bytes()).unwrap_or(bytes);
    // What is behind the last end of a line is none yet.
    while let Some(end) = rest.iter().position(|byte| matches!(byte, b'\r' | b'\n')) {
        let line = &rest[..end];
        rest = &rest[end + if rest[end..].starts_with(b"\r\n") { 2 } else { 1 }..];
        let (field, value) = match line.iter().position(|byte| *byte == b':') {
            Some(colon) => (&line[..colon], &line[colon + 1..]),
            None => (line, &b""[..]),
        };
        let value = value.strip_prefix(b" ").unwrap_or(value);
        let text = || String::from_utf8_lossy(value).into_owned();
        match field {
            b"" if line.is_empty() => {
                last.clone_from(&id);
                let (name, mut data) = (std::mem::take(&mut name), std::mem::take(&mut data));
                if data.pop().is_none() {
                    continue;
                }
                let (name, data) = match name.strip_suffix(";base64") {
                    Some(topic) => match BASE64.decode(&data) {
                        Ok(data) => (topic.to_owned(), data),
                        Err(_) => return (None, retry, last),
                    },
                    None => (name, data),
                };
                items.push(Item::Event { id: id.clone(), name, data });
            }
            b"" => items.push(Item::Comment),
            b"data" => data.extend([value, b"\n"].concat()),
            b"event" => name = text(),
            b"id" if !value.contains(&0) => id = text(),
            b"retry" if !value.is_empty() && value.iter().all(u8::is_ascii_digit) => retry = Some(text().parse().unwrap_or(u128::MAX)),
            _ => {}
        }
    }
    (Some(items), retry, last)
}

/// Bytes as a feed of changes (SUP), and as the field that names an id: what is read is what serde's own tree of it says, and no id is longer than may be.
pub fn change_feed(bytes: &[u8]) {
    if let Some(id) = text::of_field(bytes) {
        assert!((1..=text::LONGEST_ID).contains(&id.len()) && bytes.ends_with(id.as_bytes()), "{id}");
    }
    let Ok(feed) = text::read(bytes) else { return };
    // What is passed over need not be what a tree can hold; and serde takes the fields of a struct in their order for the struct.
    let Some(tree) = serde_json::from_slice::<Value>(bytes).ok().filter(Value::is_object) else { return };
    let pairs = tree["updates"].as_array().expect("a feed has updates");
    assert_eq!(feed.updates.len(), pairs.len());
    for ((topic, update), pair) in feed.updates.iter().zip(pairs) {
        assert_eq!((Some(&*topic.0), Some(&*update.0)), (pair[0].as_str(), pair[1].as_str()));
        assert!(topic.0.len().max(update.0.len()) <= text::LONGEST_ID);
    }
    let updated = tree.get("updated_time").unwrap_or(&tree["update_time"]);
    for (time, text) in [(feed.since_time, &tree["since_time"]), (feed.updated_time, updated)] {
        assert_eq!(text.as_str().and_then(|text| text.parse().ok()), Some(time));
    }
}

/// A byte that says how it comes (`0` an array, `1` a packed one, `2` a Roaring bitmap, `3` a packed one), then bytes as a bitmap: positions come in
/// order, no more of them than a server can have, and are written so that they read the same.
pub fn bitmap(bytes: &[u8]) {
    let Some((form, body)) = bytes.split_first() else { return };
    let kind = if form & 2 == 0 { bits::ARRAY } else { bits::ROARING };
    let coding = (form & 1 == 1).then_some("gzip");
    // All of them would be larger than the largest allocation.
    let (mut kept, mut count, mut last) = (Vec::new(), 0_usize, None);
    let read = bits::read(kind, coding, body, |position| {
        assert!(last.is_none_or(|last| last < position), "{position} behind {last:?}");
        (last, count) = (Some(position), count + 1);
        if kept.len() < 10_000 {
            kept.push(position);
        }
    });
    if read.is_err() {
        return;
    }
    assert!(count <= 1 << 24, "{count} positions");
    let set = RoaringBitmap::from_iter(kept.iter().copied());
    let reads = |kind: &str, coding: Option<&str>, body: &[u8]| {
        let mut positions = Vec::new();
        bits::read(kind, coding, body, |position| positions.push(position)).map(|()| positions)
    };
    assert_eq!(reads(bits::ROARING, None, &bits::roaring(&set)).as_ref(), Ok(&kept));
    if kept.last().is_none_or(|last| *last < 1 << 16) {
        let array = bits::array(&set, 1 << 16);
        assert_eq!(reads(bits::ARRAY, Some("gzip"), &gzip::pack(&array)).as_ref(), Ok(&kept));
        assert_eq!(reads(bits::ARRAY, None, &array), Ok(kept));
    }
}
