//! Reads HTTP/1.1 responses (RFC 9112) for the lean client: bytes in, a response out, no socket in here.
//!
//! A response that is whole in what was just read is handed out as slices of it, without a copy; one that comes in
//! pieces is put together, however it is cut. Nothing that a peer sends makes us hold more than the limits below.

use std::mem::MaybeUninit;
use std::ops::Range;

use hyper::header::{HeaderMap, HeaderName, HeaderValue};

use super::chunks::Chunks;

/// Largest head, bytes; heads of interim responses (1xx) before it included.
pub const LARGEST_HEAD: usize = 16 << 10;
/// Most fields of a head.
pub const MOST_FIELDS: usize = 64;
/// Largest body, bytes: more is not the response of a server of topics.
pub const LARGEST_BODY: usize = 64 << 20;
/// How much room is made for an announced body before any of it has come.
const FIRST_ROOM: usize = 64 << 10;

/// A response that is complete.
#[derive(Debug, PartialEq, Eq)]
pub struct Response<'a> {
    /// Status code, 200 to 999: interim responses are skipped.
    pub status: u16,
    /// The head as it came.
    pub head: &'a [u8],
    /// The ETag field as it came.
    pub tag: Option<&'a [u8]>,
    /// The body, without its chunks' framing.
    pub body: &'a [u8],
    /// Whether the connection may carry another request.
    pub reusable: bool,
}

impl Response<'_> {
    /// All fields of the head: for those few responses where more than the entity tag matters.
    pub fn fields(&self) -> HeaderMap {
        let mut fields = [httparse::EMPTY_HEADER; MOST_FIELDS];
        let mut map = HeaderMap::new();
        let mut parsed = httparse::Response::new(&mut fields);
        if parsed.parse(self.head).is_ok() {
            for field in parsed.headers.iter() {
                if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(field.name.as_bytes()), HeaderValue::from_bytes(field.value)) {
                    map.append(name, value);
                }
            }
        }
        map
    }
}

/// What came of the bytes so far.
#[derive(Debug, PartialEq, Eq)]
pub enum Progress<'a> {
    /// The response goes on.
    More,
    /// It is complete.
    Whole {
        /// The response.
        response: Response<'a>,
        /// How many bytes of the latest input belong to it.
        used: usize,
    },
}

/// What is wrong with a response.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// The head cannot be read.
    #[error("its head is not one of HTTP/1.1 ({0})")]
    Head(httparse::Error),
    /// The head does not end.
    #[error("its head is larger than {LARGEST_HEAD} bytes")]
    HeadTooLarge,
    /// The head has too many fields.
    #[error("its head has more than {MOST_FIELDS} fields")]
    TooManyFields,
    /// A status that nothing here can mean.
    #[error("its status is {0:03}")]
    Status(u16),
    /// Content-Length is no number, or several (RFC 9112 §6.3).
    #[error("its Content-Length is {0:?}")]
    Length(String),
    /// A transfer coding that we do not know.
    #[error("its Transfer-Encoding is {0:?}, and only \"chunked\" is understood")]
    Coding(String),
    /// Two answers to the question where it ends: an attempt at smuggling, or a bug (RFC 9112 §6.3).
    #[error("it has Content-Length and Transfer-Encoding, which contradict each other")]
    TwoLengths,
    /// A chunk is not framed as it must be (RFC 9112 §7.1).
    #[error("its chunks are broken: {0}")]
    Chunk(&'static str),
    /// The body does not end.
    #[error("its body is larger than {LARGEST_BODY} bytes")]
    BodyTooLarge,
    /// The peer closed the connection before the end.
    #[error("the connection ended before the response did")]
    CutShort,
}

/// Reads one response.
#[derive(Debug, Default)]
pub struct Reader {
    /// Bytes of interim responses that were skipped.
    skipped: usize,
    /// The head, as far as it did not come with the rest at once.
    head: Vec<u8>,
    /// What the head said; `None` until it is complete.
    known: Option<Head>,
    body: Vec<u8>,
    begun: bool,
}

#[derive(Debug)]
struct Head {
    /// In bytes, the empty line included.
    length: usize,
    status: u16,
    /// Where the ETag field's value is in the head.
    tag: Option<Range<usize>>,
    reusable: bool,
    framing: Framing,
}

/// How the body's end is found (RFC 9112 §6.3).
#[derive(Debug)]
enum Framing {
    Length(usize),
    Chunked(Chunks),
    UntilClose,
}

impl Reader {
    /// Whether nothing of the response has come.
    pub fn is_untouched(&self) -> bool {
        !self.begun
    }

    /// Takes what was read from the connection.
    ///
    /// # Errors
    /// What came is no response, or breaks a limit; the connection is of no more use.
    pub fn read<'a>(&'a mut self, input: &'a [u8]) -> Result<Progress<'a>, Malformed> {
        self.begun |= !input.is_empty();
        let mut used = 0;
        while self.known.is_none() {
            let fresh = &input[used..];
            // Most responses come in one piece: nothing is copied then.
            if self.head.is_empty() {
                let Some(head) = Head::read(fresh, self.skipped)? else {
                    self.head.extend_from_slice(fresh);
                    return Ok(Progress::More);
                };
                let (text, rest) = fresh.split_at(head.length);
                used += head.length;
                if head.is_interim() {
                    self.skipped += head.length;
                    continue;
                }
                if let Framing::Length(length) = head.framing
                    && let Some(body) = rest.get(..length)
                {
                    return Ok(Progress::Whole { response: head.response(text, body), used: used + length });
                }
                self.head.extend_from_slice(text);
                self.known = Some(head);
            } else {
                let before = self.head.len();
                // More than the limit is never looked at, however much came at once.
                self.head.extend_from_slice(&fresh[..fresh.len().min(LARGEST_HEAD)]);
                let Some(head) = Head::read(&self.head, self.skipped)? else { return Ok(Progress::More) };
                used += head.length - before;
                if head.is_interim() {
                    self.skipped += head.length;
                    self.head.clear();
                    continue;
                }
                self.head.truncate(head.length);
                self.known = Some(head);
            }
        }
        let ended = self.take(&input[used..], &mut used)?;
        match (&self.known, ended) {
            (Some(head), true) => Ok(Progress::Whole { response: head.response(&self.head, &self.body), used }),
            _ => Ok(Progress::More),
        }
    }

    /// The peer has closed the connection: that ends a response that has no other end.
    ///
    /// # Errors
    /// It is not complete.
    pub fn end(&mut self) -> Result<Response<'_>, Malformed> {
        match &self.known {
            Some(head) if matches!(head.framing, Framing::UntilClose) => Ok(head.response(&self.head, &self.body)),
            _ => Err(Malformed::CutShort),
        }
    }

    /// Takes bytes of the body; whether it ends with them.
    fn take(&mut self, input: &[u8], used: &mut usize) -> Result<bool, Malformed> {
        let Some(head) = &mut self.known else { return Ok(false) };
        match &mut head.framing {
            Framing::Length(length) => {
                if self.body.is_empty() {
                    self.body.reserve((*length).min(FIRST_ROOM));
                }
                let taken = input.len().min(*length - self.body.len());
                self.body.extend_from_slice(&input[..taken]);
                *used += taken;
                Ok(self.body.len() == *length)
            }
            Framing::Chunked(chunks) => {
                let (taken, ended) = chunks.take(input, &mut self.body)?;
                *used += taken;
                Ok(ended)
            }
            Framing::UntilClose => {
                if self.body.len() + input.len() > LARGEST_BODY {
                    return Err(Malformed::BodyTooLarge);
                }
                self.body.extend_from_slice(input);
                *used += input.len();
                Ok(false)
            }
        }
    }
}

impl Head {
    /// Reads a head; `None` where it goes on.
    fn read(input: &[u8], skipped: usize) -> Result<Option<Self>, Malformed> {
        let most = LARGEST_HEAD - skipped.min(LARGEST_HEAD);
        let seen = &input[..input.len().min(most)];
        let mut fields = [const { MaybeUninit::uninit() }; MOST_FIELDS];
        let mut parsed = httparse::Response::new(&mut []);
        let length = match httparse::ParserConfig::default().parse_response_with_uninit_headers(&mut parsed, seen, &mut fields) {
            Ok(httparse::Status::Complete(length)) => length,
            Ok(httparse::Status::Partial) if seen.len() == most => return Err(Malformed::HeadTooLarge),
            Ok(httparse::Status::Partial) => return Ok(None),
            Err(httparse::Error::TooManyHeaders) => return Err(Malformed::TooManyFields),
            Err(error) => return Err(Malformed::Head(error)),
        };
        let status = parsed.code.unwrap_or_default();
        let current = parsed.version == Some(1);
        let mut said = Said::default();
        for field in parsed.headers.iter() {
            said.hear(field, seen)?;
        }
        // 101 would be the end of HTTP on this connection, and nobody asked for it.
        if status < 100 || status == 101 {
            return Err(Malformed::Status(status));
        }
        let framing = match (said.chunked, said.length) {
            _ if status < 200 || status == 204 || status == 304 => Framing::Length(0),
            (true, Some(_)) => return Err(Malformed::TwoLengths),
            // HTTP/1.0 has no transfer codings: RFC 9112 §6.1 calls such framing faulty.
            (true, None) if !current => return Err(Malformed::Coding("chunked in HTTP/1.0".to_owned())),
            (true, None) => Framing::Chunked(Chunks::default()),
            (false, Some(length)) => Framing::Length(length),
            (false, None) => Framing::UntilClose,
        };
        let persistent = !said.close && (current || said.keep_alive);
        let reusable = persistent && !matches!(framing, Framing::UntilClose);
        Ok(Some(Self { length, status, tag: said.tag, reusable, framing }))
    }

    fn is_interim(&self) -> bool {
        self.status < 200
    }

    fn response<'a>(&self, text: &'a [u8], body: &'a [u8]) -> Response<'a> {
        let tag = self.tag.clone().and_then(|tag| text.get(tag));
        Response { status: self.status, head: text, tag, body, reusable: self.reusable }
    }
}

/// What the fields of a head say, as far as it matters here.
#[derive(Default)]
struct Said {
    length: Option<usize>,
    chunked: bool,
    close: bool,
    keep_alive: bool,
    tag: Option<Range<usize>>,
}

impl Said {
    fn hear(&mut self, field: &httparse::Header<'_>, head: &[u8]) -> Result<(), Malformed> {
        let is = |name: &str| field.name.eq_ignore_ascii_case(name);
        // By length first: most fields are none of these.
        match field.name.len() {
            4 if is("etag") => {
                let begin = field.value.as_ptr().addr() - head.as_ptr().addr();
                self.tag = Some(begin..begin + field.value.len());
            }
            10 if is("connection") => {
                for option in list(field.value) {
                    self.close |= option.eq_ignore_ascii_case(b"close");
                    self.keep_alive |= option.eq_ignore_ascii_case(b"keep-alive");
                }
            }
            14 if is("content-length") => {
                let wrong = || Malformed::Length(words(field.value));
                // A list of equal numbers is one number (RFC 9112 §6.3, rule 5); an empty one is none.
                let mut some = false;
                for number in list(field.value) {
                    let length = decimal(number).ok_or_else(wrong)?;
                    if self.length.is_some_and(|before| before != length) {
                        return Err(wrong());
                    }
                    if length > LARGEST_BODY {
                        return Err(Malformed::BodyTooLarge);
                    }
                    self.length = Some(length);
                    some = true;
                }
                if !some {
                    return Err(wrong());
                }
            }
            17 if is("transfer-encoding") => {
                for coding in list(field.value) {
                    if self.chunked || !coding.eq_ignore_ascii_case(b"chunked") {
                        return Err(Malformed::Coding(words(field.value)));
                    }
                    self.chunked = true;
                }
            }
            _ => {}
        }
        Ok(())
    }
}

/// The elements of a comma-separated list that are not empty (RFC 9110 §5.6.1).
fn list(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii).filter(|element| !element.is_empty())
}

fn decimal(digits: &[u8]) -> Option<usize> {
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    // What does not fit is larger than any limit, and is refused as such.
    Some(digits.iter().fold(0_usize, |number, digit| number.saturating_mul(10).saturating_add(usize::from(digit - b'0'))))
}

/// A value for a message: not more of it than fits into a line.
fn words(value: &[u8]) -> String {
    String::from_utf8_lossy(&value[..value.len().min(60)]).into_owned()
}

#[cfg(test)]
mod tests;
