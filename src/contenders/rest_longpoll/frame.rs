//! How updates stand in an answer: `SEQUENCE TOPIC LENGTH`, a line feed, so many bytes of payload, a line feed.
//!
//! Payloads are any bytes. With their length in front nothing has to be escaped or searched, the bounds of a reader are known before it
//! reads, and curl shows it to people. `multipart/mixed` (RFC 2046 §5.1) would have to look through every payload for its boundary, and takes
//! four times as many bytes; JSON would have to escape what is not UTF-8.

/// The media type of such answers.
pub const MEDIA_TYPE: &str = "application/vnd.pushbench.updates";
/// The longest line in front of a payload that is read, bytes: two numbers of 20 digits, a name of 128 characters, two spaces.
const LONGEST_LINE: usize = 170;

/// An update as it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Framed<'a> {
    /// Its number: larger than those of all before it.
    pub sequence: u64,
    /// The topic's name.
    pub topic: &'a str,
    /// The payload.
    pub payload: &'a [u8],
}

/// Why a body is not made of updates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// There is no such line.
    #[error("byte {0} does not begin a line with sequence number, topic and length")]
    Line(usize),
    /// It ends too early, or too late.
    #[error("the payload that begins at byte {0} does not end with a line feed where its length says")]
    End(usize),
}

/// Writes an update.
pub fn write(sequence: u64, topic: &str, payload: &[u8]) -> Vec<u8> {
    let line = format!("{sequence} {topic} {}\n", payload.len());
    let mut bytes = Vec::with_capacity(line.len() + payload.len() + 1);
    bytes.extend_from_slice(line.as_bytes());
    bytes.extend_from_slice(payload);
    bytes.push(b'\n');
    bytes
}

/// Takes an answer apart.
///
/// # Errors
/// It is not made of updates.
pub fn read(body: &[u8]) -> Result<Vec<Framed<'_>>, Malformed> {
    let mut updates = Vec::new();
    let mut at = 0;
    while at < body.len() {
        let rest = &body[at..];
        let end = memchr::memchr(b'\n', &rest[..rest.len().min(LONGEST_LINE)]).ok_or(Malformed::Line(at))?;
        let (sequence, topic, length) = line(&rest[..end]).ok_or(Malformed::Line(at))?;
        let begin = at + end + 1;
        let payload = begin.checked_add(length).and_then(|end| body.get(begin..end)).ok_or(Malformed::End(begin))?;
        if body.get(begin + length) != Some(&b'\n') {
            return Err(Malformed::End(begin));
        }
        updates.push(Framed { sequence, topic, payload });
        at = begin + length + 1;
    }
    Ok(updates)
}

fn line(line: &[u8]) -> Option<(u64, &str, usize)> {
    let mut words = std::str::from_utf8(line).ok()?.split(' ');
    let (sequence, topic, length) = (words.next()?, words.next()?, words.next()?);
    let complete = words.next().is_none() && !topic.is_empty();
    complete.then(|| Some((number(sequence)?, topic, number(length)?.try_into().ok()?))).flatten()
}

/// A number as it is written: digits alone.
fn number(digits: &str) -> Option<u64> {
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_no_update_is_told_with_its_place() {
        assert_eq!(read(b""), Ok(Vec::new()));
        let good = b"7 a 3\nx\ny\n8 b 0\n\n";
        let updates = [Framed { sequence: 7, topic: "a", payload: b"x\ny" }, Framed { sequence: 8, topic: "b", payload: b"" }];
        assert_eq!(read(good).as_deref(), Ok(&updates[..]));
        for (bad, why) in [
            (&b"\n"[..], Malformed::Line(0)),
            (b"7 a\nx\n", Malformed::Line(0)),
            (b"7 a 1 \nx\n", Malformed::Line(0)),
            (b"7  1\nx\n", Malformed::Line(0)),
            (b"+7 a 1\nx\n", Malformed::Line(0)),
            (b"7 a -1\nx\n", Malformed::Line(0)),
            (b"7 a 99999999999999999999\nx\n", Malformed::Line(0)),
            (b"7 \xff 1\nx\n", Malformed::Line(0)),
            (b"7 a 1", Malformed::Line(0)),
            (b"7 a 18446744073709551615\nx\n", Malformed::End(25)),
            (b"7 a 2\nx\n", Malformed::End(6)),
            (b"7 a 0\nx\n", Malformed::End(6)),
            (b"7 a 1\nx\nrest", Malformed::Line(8)),
        ] {
            assert_eq!(read(bad), Err(why), "{}", String::from_utf8_lossy(bad));
        }
        assert_eq!(read(&[b'1'; 1000]), Err(Malformed::Line(0)));
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(updates in prop::collection::vec((any::<u64>(), "[A-Za-z0-9._-]{1,128}", prop::collection::vec(any::<u8>(), 0..300)), 0..8)) {
            let body: Vec<u8> = updates.iter().flat_map(|(sequence, topic, payload)| write(*sequence, topic, payload)).collect();
            let read = read(&body).unwrap();
            prop_assert_eq!(read.len(), updates.len());
            for (read, (sequence, topic, payload)) in read.iter().zip(&updates) {
                prop_assert_eq!((read.sequence, read.topic, read.payload), (*sequence, topic.as_str(), payload.as_slice()));
            }
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(prop_oneof![Just(b' '), Just(b'\n'), b'0'..=b'9', any::<u8>()], 0..200)) {
            if let Ok(updates) = read(&bytes) {
                // Spaces, line feeds, and at least a digit each: no update takes less.
                prop_assert!(updates.iter().map(|update| update.topic.len() + update.payload.len() + 6).sum::<usize>() <= bytes.len());
            }
        }
    }
}
