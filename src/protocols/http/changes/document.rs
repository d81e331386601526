//! A resource that is made once and given to all who ask: its body, packed and not, its tag, and how long it may be kept.

use std::cell::OnceCell;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::{Method, Response, StatusCode};

use super::super::conditions::{Validators, Verdict, judge};
use super::super::extension::{Answer, AnswerBody, not_allowed};
use super::gzip;

/// Later than any date that a client can name: these resources have tags, and no dates.
const NO_DATE: Duration = Duration::from_secs(1 << 40);

/// A body with what a cache must know of it.
#[derive(Debug)]
pub struct Document {
    body: Bytes,
    kind: &'static str,
    /// Without its quotes; the packed form has a tag of its own (RFC 9110 §8.8.1).
    tag: String,
    /// Packed when somebody first asks for that.
    packed: OnceCell<Bytes>,
    may_be_packed: bool,
}

impl Document {
    /// A body of a media type; `tag` without quotes; whether it may be sent as gzip.
    pub fn new(body: impl Into<Bytes>, kind: &'static str, tag: String, may_be_packed: bool) -> Self {
        Self { body: body.into(), kind, tag, packed: OnceCell::new(), may_be_packed }
    }

    /// Bytes that it takes.
    pub fn size(&self) -> usize {
        self.body.len() + self.packed.get().map_or(0, Bytes::len) + self.tag.len()
    }

    /// Answers a GET or HEAD. `keep` is what `Cache-Control` says.
    pub fn answer(&self, method: &Method, headers: &HeaderMap, keep: &str) -> Answer {
        if !matches!(*method, Method::GET | Method::HEAD) {
            return not_allowed(method, "GET, HEAD");
        }
        let packed = self.may_be_packed && accepts_gzip(headers);
        let tag = format!("\"{}{}\"", self.tag, if packed { "-gzip" } else { "" });
        let verdict = judge(headers, true, Some(Validators { tag: tag.as_bytes(), modified: SystemTime::UNIX_EPOCH + NO_DATE }));
        let body = match (verdict, packed) {
            (Verdict::Proceed, false) => self.body.clone(),
            (Verdict::Proceed, true) => self.packed.get_or_init(|| gzip::pack(&self.body).into()).clone(),
            _ => Bytes::new(),
        };
        let mut answer = Response::new(AnswerBody::from(body));
        *answer.status_mut() = match verdict {
            Verdict::Proceed => StatusCode::OK,
            Verdict::NotModified => StatusCode::NOT_MODIFIED,
            Verdict::Failed => StatusCode::PRECONDITION_FAILED,
        };
        let fields = answer.headers_mut();
        let value = |text: &str| HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static(""));
        fields.insert(header::ETAG, value(&tag));
        fields.insert(header::CACHE_CONTROL, value(keep));
        if self.may_be_packed {
            fields.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
        }
        if verdict == Verdict::Proceed {
            fields.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.kind));
            if packed {
                fields.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            }
        }
        answer
    }
}

/// Whether the client takes gzip (RFC 9110 §12.5.3): named, or by `*`, and not with a weight of 0.
fn accepts_gzip(headers: &HeaderMap) -> bool {
    let weight = |coding: &str| {
        let fields = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|field| field.to_str().ok());
        fields.flat_map(|field| field.split(',')).find_map(|part| {
            let mut words = part.split(';').map(str::trim);
            let named = words.next().is_some_and(|name| name.eq_ignore_ascii_case(coding));
            let weight = words.find_map(|word| word.strip_prefix("q=").or(word.strip_prefix("Q="))).map_or(1.0, |weight| weight.parse().unwrap_or(0.0));
            named.then_some(weight)
        })
    };
    weight("gzip").or_else(|| weight("x-gzip")).or_else(|| weight("*")).is_some_and(|weight: f64| weight > 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asking(fields: &[(&'static str, &str)]) -> HeaderMap {
        fields.iter().map(|(name, value)| (header::HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())).collect()
    }

    #[test]
    fn each_form_has_its_tag_and_is_given_to_who_takes_it() {
        let document = Document::new("x".repeat(1_000), "text/plain", "7".to_owned(), true);
        let get = |fields: &[(&'static str, &str)]| document.answer(&Method::GET, &asking(fields), "no-cache");
        let field = |answer: &Answer, name: &str| answer.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        let plain = get(&[]);
        assert_eq!((plain.status().as_u16(), field(&plain, "etag").as_deref(), field(&plain, "content-encoding")), (200, Some("\"7\""), None));
        for accept in ["gzip", "br, GZIP;q=0.5", "*", "x-gzip"] {
            let packed = get(&[("accept-encoding", accept)]);
            assert_eq!((field(&packed, "etag").as_deref(), field(&packed, "content-encoding").as_deref()), (Some("\"7-gzip\""), Some("gzip")), "{accept}");
        }
        for accept in ["br", "gzip;q=0", "*;q=0", "gzip;q=x", ""] {
            assert_eq!(field(&get(&[("accept-encoding", accept)]), "content-encoding"), None, "{accept}");
        }
        assert_eq!(get(&[("if-none-match", "\"7\"")]).status(), 304);
        assert_eq!(get(&[("if-none-match", "\"7\""), ("accept-encoding", "gzip")]).status(), 200, "another form");
        assert_eq!(get(&[("if-match", "\"8\"")]).status(), 412);
        assert_eq!(get(&[("if-modified-since", "Tue, 21 Jul 2099 00:00:00 GMT")]).status(), 200);
        assert_eq!(document.answer(&Method::PUT, &HeaderMap::new(), "").status(), 405);
        let never = Document::new("x", "text/plain", "7".to_owned(), false);
        assert_eq!(field(&never.answer(&Method::GET, &asking(&[("accept-encoding", "gzip")]), ""), "content-encoding"), None);
    }
}
