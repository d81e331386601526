//! Updates from a CSV file: `due` in seconds of scenario time from the start of the window, and the `topic`'s number.

use std::fs::File;
use std::path::Path;

use super::TraceError;
use crate::scenario::Workload;
use crate::units;

/// Updates that a file may hold at most: as many as a trace that is drawn.
const MOST_UPDATES: usize = 20_000_000;

/// Due times and topics, in the order of the file.
pub(super) fn read(path: &Path, workload: &Workload) -> Result<Vec<(i64, u32)>, TraceError> {
    let wrong = |line: u64, problem: String, allowed: &str| TraceError::Line { path: path.to_owned(), line, problem, allowed: allowed.to_owned() };
    let file = File::open(path).map_err(|why| TraceError::File { path: path.to_owned(), why })?;
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(file);
    let table_error = |error: csv::Error| {
        let line = error.position().map_or(1, csv::Position::line);
        match error.into_kind() {
            csv::ErrorKind::Io(why) => TraceError::File { path: path.to_owned(), why },
            kind => wrong(line, format!("this is not a line of two columns in UTF-8: {}", describe(&kind)), "two columns: due,topic"),
        }
    };
    let header = reader.headers().map_err(table_error)?;
    if header != ["due", "topic"].as_slice() {
        let found = header.iter().collect::<Vec<_>>().join(",");
        return Err(wrong(1, format!("the header is {found:?}"), "due,topic"));
    }
    let span = workload.span.as_nanos() as f64;
    let mut record = csv::StringRecord::new();
    let mut updates = Vec::new();
    while reader.read_record(&mut record).map_err(table_error)? {
        let line = record.position().map_or(0, csv::Position::line);
        let (due, topic) = (record.get(0).unwrap_or_default(), record.get(1).unwrap_or_default());
        let nanos = due.parse::<f64>().ok().map(|seconds| (seconds * 1e9).round()).filter(|nanos| *nanos >= 0.0 && *nanos < span);
        let Some(nanos) = nanos else {
            let allowed = format!("seconds of scenario time, at least 0 and less than {} (the span)", workload.span.as_secs_f64());
            return Err(wrong(line, format!("{due:?} is not a time within the span"), &allowed));
        };
        let Some(topic) = topic.parse::<u32>().ok().filter(|topic| *topic < workload.topics) else {
            return Err(wrong(line, format!("{topic:?} is not the number of a topic"), &format!("0 to {}", workload.topics - 1)));
        };
        if updates.len() == MOST_UPDATES {
            return Err(wrong(line, "too many updates".to_owned(), &format!("at most {}", units::show_count(MOST_UPDATES as i64))));
        }
        updates.push((nanos as i64, topic));
    }
    Ok(updates)
}

fn describe(kind: &csv::ErrorKind) -> String {
    match kind {
        csv::ErrorKind::UnequalLengths { len, .. } => format!("it has {len} columns"),
        csv::ErrorKind::Utf8 { .. } => "it is not UTF-8".to_owned(),
        _ => "it cannot be read".to_owned(),
    }
}

#[cfg(test)]
mod tests {
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
    fn what_cannot_be_is_refused_with_its_line() {
        for (text, line, says) in [
            (&b"time,topic\n1,1\n"[..], 1, "\"time,topic\""),
            (b"", 1, "the header is"),
            (b"due,topic\n1,1\n-1,1\n", 3, "\"-1\" is not a time"),
            (b"due,topic\n3600,1\n", 2, "less than 3600"),
            (b"due,topic\nnan,1\n", 2, "not a time"),
            (b"due,topic\n1,10\n", 2, "0 to 9"),
            (b"due,topic\n1,1,1\n", 2, "3 columns"),
            (b"due,topic\n1,1\n1,\xFF\n", 3, "UTF-8"),
        ] {
            let message = read(text).unwrap_err().to_string();
            assert!(message.contains(says), "{message}");
            assert!(message.contains(&format!("updates.csv:{line}\n")), "{message}");
        }
        let missing = Trace::new(&scenario("topics = 10\narrivals = { csv = \"nowhere.csv\" }")).unwrap_err();
        assert!(missing.to_string().contains("nowhere.csv"));
    }
}
