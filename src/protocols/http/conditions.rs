//! Preconditions: If-Match, If-None-Match, If-Modified-Since, If-Unmodified-Since, in the order of RFC 9110 §13.2.2.

use std::time::SystemTime;

use hyper::HeaderMap;
use hyper::header::{HeaderName, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_UNMODIFIED_SINCE};

/// What the preconditions of a request come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Do as asked.
    Proceed,
    /// Answer 304: the client has it.
    NotModified,
    /// Answer 412: things are not as the client believes.
    Failed,
}

/// Validators of what is there now.
#[derive(Clone, Copy, Debug)]
pub struct Validators<'a> {
    /// Strong entity tag, quotes included.
    pub tag: &'a [u8],
    /// Last modified, whole seconds.
    pub modified: SystemTime,
}

/// Judges the preconditions in `headers` against what is there now (`None`: nothing). `reading` is true for GET and HEAD.
pub fn judge(headers: &HeaderMap, reading: bool, current: Option<Validators<'_>>) -> Verdict {
    if headers.contains_key(IF_MATCH) {
        if !lists(headers, &IF_MATCH, current, strongly_equal) {
            return Verdict::Failed;
        }
    } else if let (Some(date), Some(current)) = (date(headers, &IF_UNMODIFIED_SINCE), current)
        && current.modified > date
    {
        return Verdict::Failed;
    }
    if headers.contains_key(IF_NONE_MATCH) {
        if lists(headers, &IF_NONE_MATCH, current, weakly_equal) {
            return if reading { Verdict::NotModified } else { Verdict::Failed };
        }
    } else if let (true, Some(date), Some(current)) = (reading, date(headers, &IF_MODIFIED_SINCE), current)
        && current.modified <= date
    {
        return Verdict::NotModified;
    }
    Verdict::Proceed
}

/// Whether a field lists the current tag, or is `*` while there is something.
fn lists(headers: &HeaderMap, field: &HeaderName, current: Option<Validators<'_>>, equal: fn(&Tag<'_>, &[u8]) -> bool) -> bool {
    let Some(current) = current else { return false };
    headers.get_all(field).iter().any(|value| value.as_bytes().trim_ascii() == b"*" || Tags(value.as_bytes()).any(|tag| equal(&tag, current.tag)))
}

/// A date that can be read; one that cannot is ignored, as RFC 9110 §13.1.3 demands.
fn date(headers: &HeaderMap, field: &HeaderName) -> Option<SystemTime> {
    httpdate::parse_http_date(headers.get(field)?.to_str().ok()?).ok()
}

/// An entity tag of a list.
struct Tag<'a> {
    weak: bool,
    /// Quotes included.
    opaque: &'a [u8],
}

/// RFC 9110 §8.8.3.2; our own tags are never weak.
fn strongly_equal(tag: &Tag<'_>, own: &[u8]) -> bool {
    !tag.weak && tag.opaque == own
}

/// RFC 9110 §8.8.3.2.
fn weakly_equal(tag: &Tag<'_>, own: &[u8]) -> bool {
    tag.opaque == own
}

/// Reads a list of entity tags; ends at the first thing that is none.
struct Tags<'a>(&'a [u8]);

impl<'a> Iterator for Tags<'a> {
    type Item = Tag<'a>;

    fn next(&mut self) -> Option<Tag<'a>> {
        while let [b' ' | b'\t' | b',', rest @ ..] = self.0 {
            self.0 = rest;
        }
        let (weak, rest) = self.0.strip_prefix(b"W/").map_or((false, self.0), |rest| (true, rest));
        let inner = rest.strip_prefix(b"\"")?;
        let end = inner.iter().position(|byte| *byte == b'"')? + 2;
        let (opaque, rest) = rest.split_at(end);
        self.0 = rest;
        Some(Tag { weak, opaque })
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    type Row = (&'static [(&'static str, &'static str)], Verdict, Verdict, Verdict);

    #[test]
    fn verdicts_follow_the_rfc() {
        use Verdict::{Failed, NotModified, Proceed};
        const BEFORE: &str = "Tue, 14 Nov 2023 22:13:19 GMT";
        const SAME: &str = "Tue, 14 Nov 2023 22:13:20 GMT";
        // Fields, verdict when reading, when writing, and when writing to nothing.
        let table: &[Row] = &[
            (&[], Proceed, Proceed, Proceed),
            (&[("if-none-match", "\"a-1\"")], NotModified, Failed, Proceed),
            (&[("if-none-match", "W/\"a-1\"")], NotModified, Failed, Proceed),
            (&[("if-none-match", "\"a-2\"")], Proceed, Proceed, Proceed),
            (&[("if-none-match", "\"x,y\", \"a-2\" ,W/\"a-1\"")], NotModified, Failed, Proceed),
            (&[("if-none-match", "\"x\""), ("if-none-match", "\"a-1\"")], NotModified, Failed, Proceed),
            (&[("if-none-match", " * ")], NotModified, Failed, Proceed),
            (&[("if-none-match", "a-1")], Proceed, Proceed, Proceed),
            (&[("if-none-match", "\"a-1")], Proceed, Proceed, Proceed),
            (&[("if-none-match", "")], Proceed, Proceed, Proceed),
            (&[("if-none-match", "\"a-2\""), ("if-modified-since", SAME)], Proceed, Proceed, Proceed),
            (&[("if-modified-since", SAME)], NotModified, Proceed, Proceed),
            (&[("if-modified-since", BEFORE)], Proceed, Proceed, Proceed),
            (&[("if-modified-since", "yesterday")], Proceed, Proceed, Proceed),
            (&[("if-match", "\"a-1\"")], Proceed, Proceed, Failed),
            (&[("if-match", "W/\"a-1\"")], Failed, Failed, Failed),
            (&[("if-match", "*")], Proceed, Proceed, Failed),
            (&[("if-match", "\"a-2\", \"a-3\"")], Failed, Failed, Failed),
            (&[("if-match", "\"a-1\""), ("if-none-match", "\"a-1\"")], NotModified, Failed, Failed),
            (&[("if-unmodified-since", BEFORE)], Failed, Failed, Proceed),
            (&[("if-unmodified-since", SAME)], Proceed, Proceed, Proceed),
            (&[("if-match", "*"), ("if-unmodified-since", BEFORE)], Proceed, Proceed, Failed),
        ];
        let current = Validators { tag: b"\"a-1\"", modified: UNIX_EPOCH + Duration::from_secs(1_700_000_000) };
        for (fields, reading, writing, to_nothing) in table {
            let mut headers = HeaderMap::new();
            for (name, value) in *fields {
                headers.append(HeaderName::from_static(name), value.parse().unwrap());
            }
            let verdicts = (judge(&headers, true, Some(current)), judge(&headers, false, Some(current)), judge(&headers, false, None));
            assert_eq!(verdicts, (*reading, *writing, *to_nothing), "{fields:?}");
        }
    }
}
