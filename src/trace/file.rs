//! Updates from a CSV file: `due` in seconds of scenario time from the start of the window, and the `topic`'s number.
//!
//! It is read line by line in bounded memory: no line is longer than it needs to be, and quotes do not span lines.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use super::TraceError;
use crate::scenario::Workload;
use crate::units;

/// Updates that a file may hold at most: as many as a trace that is drawn.
const MOST_UPDATES: usize = 20_000_000;

/// Bytes of a line at most: two numbers, and some spaces.
const LONGEST_LINE: usize = 1_024;

/// Due times and topics, in the order of the file.
pub(super) fn read(path: &Path, workload: &Workload) -> Result<Vec<(i64, u32)>, TraceError> {
    let file = File::open(path).map_err(|why| TraceError::File { path: path.to_owned(), why })?;
    parse(file, path, workload)
}

/// The same from any text; `path` is for messages.
pub(crate) fn parse(text: impl Read, path: &Path, workload: &Workload) -> Result<Vec<(i64, u32)>, TraceError> {
    parse_at_most(MOST_UPDATES, text, path, workload)
}

fn parse_at_most(most: usize, text: impl Read, path: &Path, workload: &Workload) -> Result<Vec<(i64, u32)>, TraceError> {
    let wrong = |line: u64, problem: String, allowed: &str| TraceError::Line { path: path.to_owned(), line, problem, allowed: allowed.to_owned() };
    // Quotes are taken off below: one that is never closed would make a single value of the rest of the file.
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).quoting(false).from_reader(Lines::of(text));
    let table_error = |error: csv::Error| {
        let line = error.position().map_or(1, csv::Position::line);
        match error.into_kind() {
            csv::ErrorKind::Io(why) => match why.get_ref().and_then(|inner| inner.downcast_ref::<TooLong>()) {
                Some(TooLong(line)) => wrong(*line, format!("this line has more than {LONGEST_LINE} bytes"), "two columns: due,topic"),
                None => TraceError::File { path: path.to_owned(), why },
            },
            kind => wrong(line, format!("this is not a line of two columns in UTF-8: {}", describe(&kind)), "two columns: due,topic"),
        }
    };
    let header = reader.headers().map_err(table_error)?;
    if header.iter().map(unquoted).ne(["due", "topic"]) {
        let found = header.iter().collect::<Vec<_>>().join(",");
        return Err(wrong(1, format!("the header is {}", shown(&found)), "due,topic"));
    }
    let span = workload.span.as_nanos() as f64;
    let mut record = csv::StringRecord::new();
    let mut updates = Vec::new();
    while reader.read_record(&mut record).map_err(table_error)? {
        let line = record.position().map_or(0, csv::Position::line);
        let (due, topic) = (unquoted(record.get(0).unwrap_or_default()), unquoted(record.get(1).unwrap_or_default()));
        let nanos = due.parse::<f64>().ok().map(|seconds| (seconds * 1e9).round()).filter(|nanos| *nanos >= 0.0 && *nanos < span);
        let Some(nanos) = nanos else {
            let allowed = format!("seconds of scenario time, at least 0 and less than {} (the span)", workload.span.as_secs_f64());
            return Err(wrong(line, format!("{} is not a time within the span", shown(due)), &allowed));
        };
        let Some(topic) = topic.parse::<u32>().ok().filter(|topic| *topic < workload.topics) else {
            return Err(wrong(line, format!("{} is not the number of a topic", shown(topic)), &format!("0 to {}", workload.topics - 1)));
        };
        if updates.len() == most {
            return Err(wrong(line, "too many updates".to_owned(), &format!("at most {}", units::show_count(most as i64))));
        }
        updates.push((nanos as i64, topic));
    }
    Ok(updates)
}

/// Without the quotes around it.
fn unquoted(value: &str) -> &str {
    value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).map_or(value, str::trim)
}

/// In quotes, with nothing that would upset a terminal, and only its beginning where it is long.
fn shown(value: &str) -> String {
    match value.char_indices().nth(40) {
        Some((end, _)) => format!("{:?} …", &value[..end]),
        None => format!("{value:?}"),
    }
}

/// Hands a file on as long as its lines are short.
struct Lines<T> {
    text: T,
    /// Which line, from 1, and its bytes so far.
    line: (u64, usize),
}

/// A line is too long; which.
#[derive(Debug, thiserror::Error)]
#[error("line {0} is too long")]
struct TooLong(u64);

impl<T> Lines<T> {
    fn of(text: T) -> Self {
        Self { text, line: (1, 0) }
    }
}

impl<T: Read> Read for Lines<T> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.text.read(into)?;
        for byte in &into[..count] {
            let (line, length) = self.line;
            self.line = match byte {
                b'\n' => (line + 1, 0),
                // Old files end lines with it alone; before a line feed it is the last byte of its line.
                b'\r' => (line, 0),
                _ => (line, length + 1),
            };
            if self.line.1 > LONGEST_LINE {
                return Err(io::Error::new(io::ErrorKind::InvalidData, TooLong(line)));
            }
        }
        Ok(count)
    }
}

fn describe(kind: &csv::ErrorKind) -> String {
    match kind {
        csv::ErrorKind::UnequalLengths { len, .. } => format!("its number of columns is {len}"),
        csv::ErrorKind::Utf8 { .. } => "it is not UTF-8".to_owned(),
        _ => "it cannot be read".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    use super::super::tests::scenario;
    use super::super::{Trace, TraceError, Update};

    fn read(text: &[u8]) -> Result<Trace, TraceError> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("updates.csv"), text).unwrap();
        let mut scenario = scenario("topics = 10\narrivals = { csv = \"updates.csv\" }");
        scenario.folder = folder.path().to_owned();
        Trace::new(&scenario)
    }

    #[test]
    fn updates_come_as_the_file_says_in_any_order() {
        let trace = read(b"due,topic\n5.5, 3\n0,9\n3599.999999999,3\n").unwrap();
        let update = |due, topic, version| Update { due, topic, version };
        assert_eq!(trace.updates, [update(0, 9, 1), update(5_500_000_000, 3, 1), update(3_599_999_999_999, 3, 2)]);
        assert!(trace.warm_up().is_empty());
        assert_eq!(trace.active_topics(), [3, 9]);
    }

    #[test]
    fn quotes_marks_and_any_ends_of_lines_are_taken() {
        let plain = read(b"due,topic\n1.5,3\n2,4\n").unwrap();
        for text in [&b"\"due\",\"topic\"\n\"1.5\",\"3\"\n\"2\",\"4\""[..], b"\xEF\xBB\xBFdue,topic\r\n1.5,3\r\n2,4\r\n", b"due,topic\r1.5,3\r2,4"] {
            assert_eq!(read(text).unwrap(), plain, "{}", String::from_utf8_lossy(text));
        }
    }

    #[test]
    fn too_many_updates_are_refused() {
        let (text, path) = (&b"due,topic\n1,1\n2,1\n3,1\n"[..], std::path::Path::new("updates.csv"));
        let workload = scenario("topics = 10\narrivals = { csv = \"updates.csv\" }").workload;
        assert_eq!(super::parse_at_most(3, text, path, &workload).unwrap().len(), 3);
        let message = super::parse_at_most(2, text, path, &workload).unwrap_err().to_string();
        assert!(message.starts_with("too many updates") && message.contains(":4\n") && message.ends_with("at most 2"), "{message}");
    }

    #[test]
    fn a_line_without_end_is_not_read_to_its_end() {
        let mut text = b"due,topic\n1,1\n".to_vec();
        text.extend(vec![b'7'; 3_000_000]);
        let message = read(&text).unwrap_err().to_string();
        assert!(message.starts_with("this line has more than 1024 bytes") && message.contains("updates.csv:3\n"), "{message}");
        let message = read(&[b"due,topic\n1,".to_vec(), vec![b'x'; 500], b"\n".to_vec()].concat()).unwrap_err().to_string();
        assert!(message.lines().next().unwrap().len() < 120, "{message}");
    }

    #[test]
    fn what_cannot_be_is_refused_with_its_line() {
        for (text, line, says) in [
            (&b"time,topic\n1,1\n"[..], 1, "\"time,topic\""),
            (b"", 1, "the header is"),
            (b"due,topic\n1,1\n-1,1\n", 3, "\"-1\" is not a time"),
            (b"due,topic\n3600,1\n", 2, "less than 3600"),
            (b"due,topic\nnan,1\n", 2, "not a time"),
            (b"due,topic\n1,10\n", 2, "0 to 9"),
            (b"due,topic\n1,1,1\n", 2, "number of columns is 3"),
            (b"due,topic\n1,1\n1,\xFF\n", 3, "UTF-8"),
            (b"due,topic\n1,1\n\"1,2\n3,4\n", 3, "\"\\\"1\" is not a time"),
            (b"due,topic\n1,1\0\n", 2, "\"1\\0\" is not the number"),
            (b"due,topic\n1\n", 2, "number of columns is 1"),
            (b"\x7FELF\x02\x01\x01\0\0\n", 1, "the header is"),
        ] {
            let message = read(text).unwrap_err().to_string();
            assert!(message.contains(says), "{message}");
            assert!(message.contains(&format!("updates.csv:{line}\n")), "{message}");
        }
        let missing = Trace::new(&scenario("topics = 10\narrivals = { csv = \"nowhere.csv\" }")).unwrap_err();
        assert!(missing.to_string().contains("nowhere.csv"));
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, rng_seed: RngSeed::Fixed(1), ..ProptestConfig::default() })]

        #[test]
        fn any_updates_are_sorted_numbered_and_hashed_alike_in_any_order(mut updates in prop::collection::vec((0_u32..3_600, 0_u32..10), 0..60)) {
            let text = |updates: &[(u32, u32)]| updates.iter().fold("due,topic\n".to_owned(), |text, (due, topic)| format!("{text}{due},{topic}\n"));
            let trace = read(text(&updates).as_bytes()).unwrap();
            updates.reverse();
            prop_assert_eq!(&trace, &read(text(&updates).as_bytes()).unwrap());
            updates.sort_unstable();
            let due: Vec<(u32, u32)> = trace.updates.iter().map(|update| ((update.due / 1_000_000_000) as u32, update.topic)).collect();
            prop_assert_eq!(due, updates);
            let mut versions = [0; 10];
            for update in &trace.updates {
                versions[update.topic as usize] += 1;
                prop_assert_eq!(update.version, versions[update.topic as usize]);
            }
        }

        #[test]
        fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), likely in "[0-9.,\"\r\n\\-e ]{0,80}") {
            let _ = (read(&bytes), read(&[b"due,topic\n", likely.as_bytes()].concat()), read(&[b"due,topic\n", &bytes[..]].concat()));
        }
    }
}
