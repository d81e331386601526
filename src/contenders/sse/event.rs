//! Events as they stand in a stream (`text/event-stream`, WHATWG HTML §9.2.5 and §9.2.6), written and read.
//!
//! A stream is text, and its lines may end in any of three ways: a payload with a carriage return, or one that is not UTF-8, cannot stand in it as it is.
//! Such a payload goes in base64, a third larger, and its event has the name of its topic with `;base64` behind. All others go as they are:
//! a line feed in a payload begins another `data` line.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

/// The media type.
pub const MEDIA_TYPE: &str = "text/event-stream";
/// What tells that somebody is there (§9.2.7): a comment.
pub const HEARTBEAT: &[u8] = b":\n\n";
const ENCODED: &str = ";base64";
/// The longest `retry` that is kept: a server could otherwise have us wait for ever.
const LONGEST_RETRY: Duration = Duration::from_secs(24 * 60 * 60);

/// Says how soon whoever loses the stream is to come again (§9.2.6), in a block of its own: without data it is no event.
pub fn retry(after: Duration) -> Vec<u8> {
    format!("retry: {}\n\n", after.as_millis().max(1)).into_bytes()
}

/// Writes an update.
pub fn write(sequence: u64, topic: &str, payload: &[u8]) -> Vec<u8> {
    let text = std::str::from_utf8(payload).ok().filter(|text| !text.contains(['\r', '\0']));
    let mut event = Vec::with_capacity(topic.len() + payload.len() * if text.is_some() { 1 } else { 2 } + 48);
    event.extend_from_slice(format!("id: {sequence}\nevent: {topic}{}\n", if text.is_some() { "" } else { ENCODED }).as_bytes());
    let mut data = |line: &[u8]| {
        event.extend_from_slice(b"data: ");
        event.extend_from_slice(line);
        event.push(b'\n');
    };
    match text {
        Some(text) => text.split('\n').for_each(|line| data(line.as_bytes())),
        None => data(BASE64.encode(payload).as_bytes()),
    }
    event.push(b'\n');
    event
}

/// Something of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// An event.
    Event {
        /// The last id that the stream has told.
        id: String,
        /// What it is about.
        name: String,
        /// What it carries.
        data: Vec<u8>,
    },
    /// A comment: a heartbeat.
    Comment,
}

/// Why a stream cannot be read on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadStream {
    /// It does not come to an end.
    #[error("an event of the stream is larger than {0} bytes")]
    Endless(usize),
    /// It says that it is base64.
    #[error("an event of the stream is not the base64 that it says it is")]
    NotBase64,
}

/// Reads a stream, however it is cut.
pub struct Reader {
    most: usize,
    line: Vec<u8>,
    /// The last line ended with a carriage return: a line feed now belongs to it.
    after_return: bool,
    at_start: bool,
    /// As the last line has said it, and as it stood at the end of the last block.
    id: String,
    last_id: String,
    name: String,
    data: Vec<u8>,
    retry: Option<Duration>,
}

impl Reader {
    /// At the start of a stream, whose events have at most so many bytes. `last_id` is the id of the last event before it, which holds until the stream
    /// tells another, as in browsers (the test `eventsource/format-field-id` of web-platform-tests).
    pub fn new(most: usize, last_id: &str) -> Self {
        let (id, last_id) = (last_id.to_owned(), last_id.to_owned());
        Self { most, line: Vec::new(), after_return: false, at_start: true, id, last_id, name: String::new(), data: Vec::new(), retry: None }
    }

    /// The id of the last event: what is to be said on coming again (§9.2.4). A block without data tells it, too.
    pub fn last_id(&self) -> &str {
        &self.last_id
    }

    /// How soon to come again once the stream has ended, as it was last told; `None` where it was not.
    pub fn retry(&self) -> Option<Duration> {
        self.retry
    }

    /// Takes what has come; says what it completes.
    ///
    /// # Errors
    /// It is no stream of events.
    pub fn read(&mut self, mut bytes: &[u8]) -> Result<Vec<Item>, BadStream> {
        let mut items = Vec::new();
        while !bytes.is_empty() {
            if std::mem::take(&mut self.after_return) && bytes[0] == b'\n' {
                bytes = &bytes[1..];
                continue;
            }
            let end = memchr::memchr2(b'\n', b'\r', bytes);
            self.line.extend_from_slice(&bytes[..end.unwrap_or(bytes.len())]);
            if self.line.len() + self.data.len() > self.most {
                return Err(BadStream::Endless(self.most));
            }
            let Some(end) = end else { break };
            self.after_return = bytes[end] == b'\r';
            bytes = &bytes[end + 1..];
            items.extend(self.line()?);
        }
        Ok(items)
    }

    fn line(&mut self) -> Result<Option<Item>, BadStream> {
        let line = std::mem::take(&mut self.line);
        let mut line = &line[..];
        if std::mem::take(&mut self.at_start) {
            line = line.strip_prefix("\u{FEFF}".as_bytes()).unwrap_or(line);
        }
        if line.is_empty() {
            return self.end_of_event();
        }
        let (field, value) = match memchr::memchr(b':', line) {
            Some(0) => return Ok(Some(Item::Comment)),
            Some(colon) => (&line[..colon], line[colon + 1..].strip_prefix(b" ").unwrap_or(&line[colon + 1..])),
            None => (line, &b""[..]),
        };
        match field {
            b"data" => {
                self.data.extend_from_slice(value);
                self.data.push(b'\n');
            }
            b"event" => self.name = String::from_utf8_lossy(value).into_owned(),
            b"id" if !value.contains(&0) => self.id = String::from_utf8_lossy(value).into_owned(),
            b"retry" => self.retry = milliseconds(value).or(self.retry),
            // What is not known is passed over (§9.2.6).
            _ => {}
        }
        Ok(None)
    }

    fn end_of_event(&mut self) -> Result<Option<Item>, BadStream> {
        let (name, mut data) = (std::mem::take(&mut self.name), std::mem::take(&mut self.data));
        self.last_id.clone_from(&self.id);
        if data.pop().is_none() {
            return Ok(None);
        }
        let (name, data) = match name.strip_suffix(ENCODED) {
            Some(name) => (name.to_owned(), BASE64.decode(data).map_err(|_| BadStream::NotBase64)?),
            None => (name, data),
        };
        Ok(Some(Item::Event { id: self.id.clone(), name, data }))
    }
}

/// A time in milliseconds: ASCII digits alone, anything else is passed over (§9.2.6).
fn milliseconds(value: &[u8]) -> Option<Duration> {
    let is_number = !value.is_empty() && value.iter().all(u8::is_ascii_digit);
    let digits = std::str::from_utf8(value).ok().filter(|_| is_number)?;
    // More digits than a number can have are a long time as well.
    Some(Duration::from_millis(digits.parse().unwrap_or(u64::MAX)).min(LONGEST_RETRY))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn event(id: &str, name: &str, data: &[u8]) -> Item {
        Item::Event { id: id.to_owned(), name: name.to_owned(), data: data.to_vec() }
    }

    #[test]
    fn what_is_text_goes_as_it_is() {
        assert_eq!(write(7, "a", b"one"), b"id: 7\nevent: a\ndata: one\n\n");
        assert_eq!(write(7, "a", b" one\n\ntwo\n"), b"id: 7\nevent: a\ndata:  one\ndata: \ndata: two\ndata: \n\n");
        assert_eq!(write(7, "a", b""), b"id: 7\nevent: a\ndata: \n\n");
        assert_eq!(write(7, "a", b"a\rb"), b"id: 7\nevent: a;base64\ndata: YQ1i\n\n");
        assert_eq!(write(7, "a", b"\xff"), b"id: 7\nevent: a;base64\ndata: /w==\n\n");
        assert_eq!(write(7, "a", b"\0"), b"id: 7\nevent: a;base64\ndata: AA==\n\n");
    }

    /// The examples of the standard, and what it leaves to be wondered about.
    #[test]
    fn others_streams_are_read_as_the_standard_says() {
        for (stream, items) in [
            (
                ": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n",
                vec![Item::Comment, event("1", "", b"first event"), event("", "", b"second event"), event("", "", b" third event")],
            ),
            ("data\n\ndata\ndata\n\ndata:", vec![event("", "", b""), event("", "", b"\n")]),
            ("data:test\n\ndata: test\n\n", vec![event("", "", b"test"), event("", "", b"test")]),
            ("\u{FEFF}data: a\r\rdata: b\r\n\r\ndata: c\n\r\n", vec![event("", "", b"a"), event("", "", b"b"), event("", "", b"c")]),
            ("event: x\n\ndata: no name\n\n", vec![event("", "", b"no name")]),
            ("id: 7\nretry: 10\nwhat: ever\n\ndata: a\nid: 8\0\n\n", vec![event("7", "", b"a")]),
        ] {
            let mut reader = Reader::new(1000, "");
            assert_eq!(reader.read(stream.as_bytes()), Ok(items.clone()), "{stream:?}");
            let mut reader = Reader::new(1000, "");
            let pieces: Vec<Item> = stream.as_bytes().chunks(1).flat_map(|byte| reader.read(byte).unwrap()).collect();
            assert_eq!(pieces, items, "{stream:?} byte by byte");
        }
    }

    #[test]
    fn the_last_id_is_that_of_the_last_block_with_data_or_without() {
        for (stream, last) in [
            ("", "6"),
            ("retry: 1\n\ndata: a\n\n:\n\n", "6"),
            ("id: 7\n\n", "7"),
            ("id: 7\nevent: x\n\n", "7"),
            ("id: 7\ndata: a\n\nid: 8\n\n", "8"),
            ("id: 7\ndata: a\n\nid\n\n", ""),
            // What has not ended is not told yet.
            ("id: 7\ndata: a\n\nid: 8\ndata: b\n", "7"),
            ("id: 7", "6"),
        ] {
            let mut reader = Reader::new(1000, "6");
            reader.read(stream.as_bytes()).unwrap();
            assert_eq!(reader.last_id(), last, "{stream:?}");
        }
        let mut reader = Reader::new(1000, "6");
        assert_eq!(reader.read(b"data: a\n\n"), Ok(vec![event("6", "", b"a")]), "the id of before");
    }

    #[test]
    fn how_soon_to_come_again_is_the_last_number_that_was_told() {
        assert_eq!(retry(Duration::from_millis(1_500)), b"retry: 1500\n\n");
        assert_eq!(retry(Duration::from_micros(1)), b"retry: 1\n\n", "at once would be a storm");
        let second = Some(Duration::from_secs(1));
        for (stream, told) in [
            ("data: a\n\n", None),
            ("retry: 1000\n", second),
            ("retry:1000\n\n", second),
            ("retry: 7\nretry: 01000\n\n", second),
            ("retry: 1000\n\nretry: soon\n\nretry\n\nretry: -1\n\nretry: 1.5\n\nretry:  2\n\nRetry: 3\n\n", second),
            ("retry: 0\n\n", Some(Duration::ZERO)),
            ("retry: 86400001\n\n", Some(LONGEST_RETRY)),
            ("retry: 99999999999999999999999\n\n", Some(LONGEST_RETRY)),
            // A line that has not ended says nothing yet.
            ("retry: 1000", None),
        ] {
            let mut reader = Reader::new(1000, "");
            let items = reader.read(stream.as_bytes()).unwrap();
            assert_eq!((reader.retry(), items.len()), (told, usize::from(stream.starts_with("data"))), "{stream:?}");
        }
    }

    #[test]
    fn what_cannot_be_a_stream_is_told() {
        assert_eq!(Reader::new(10, "").read(b"data: 12345"), Err(BadStream::Endless(10)));
        assert_eq!(Reader::new(10, "").read(&b"data: 1\n".repeat(9)), Err(BadStream::Endless(10)));
        assert_eq!(Reader::new(99, "").read(b"event: a;base64\ndata: ?\n\n"), Err(BadStream::NotBase64));
    }

    proptest! {
        #[test]
        fn any_payload_arrives_as_it_was_sent(
            payloads in prop::collection::vec(prop::collection::vec(prop_oneof![Just(b'\r'), Just(b'\n'), Just(b' '), Just(b':'), any::<u8>()], 0..40), 1..5),
            cut in 1..50_usize,
        ) {
            let stream: Vec<u8> = payloads.iter().enumerate().flat_map(|(number, payload)| [write(number as u64, "t", payload), HEARTBEAT.to_vec()].concat()).collect();
            let mut reader = Reader::new(1000, "");
            let items: Vec<Item> = stream.chunks(cut).flat_map(|piece| reader.read(piece).unwrap()).collect();
            let expected: Vec<Item> = payloads.iter().enumerate().flat_map(|(number, payload)| [event(&number.to_string(), "t", payload), Item::Comment]).collect();
            prop_assert_eq!(items, expected);
        }

        #[test]
        fn any_bytes_are_read_within_bounds(bytes in prop::collection::vec(prop_oneof![Just(b'\r'), Just(b'\n'), Just(b':'), Just(b'd'), any::<u8>()], 0..300)) {
            let mut reader = Reader::new(100, "");
            for piece in bytes.chunks(7) {
                if reader.read(piece).is_err() {
                    return Ok(());
                }
                prop_assert!(reader.line.len() + reader.data.len() <= 101);
            }
        }
    }
}
