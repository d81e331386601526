//! Requests into responses: routing, limits, and the counting of both.

use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Incoming};
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::{Method, Request, Response, StatusCode, Version};
use tokio_util::sync::CancellationToken;

use super::conditions::{Validators, Verdict, judge};
use super::extension::{AnswerBody, Answered, Change, Extension, Service, Visit, not_allowed};
use super::page;
use super::room::{Room, Taken};
use super::store::{Representation, Store, Stored};
use super::watch::Debt;
use crate::measure::ledger::Meter;

const PLAIN: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
const NO_CACHE: HeaderValue = HeaderValue::from_static("no-cache");
const CLOSE: HeaderValue = HeaderValue::from_static("close");
/// A request with this header comes from an observer, who belongs to no side of a trial.
const WITNESS: &str = "pushbench-witness";
/// How long the rest of a body that is refused is read.
const DRAINING: Duration = Duration::from_millis(500);
const LONGEST_NAME: usize = 128;
const NO_ROOM: &str = "There is no room for this payload: all together may hold only so many bytes here. Smaller ones may still fit.\n";
const BAD_NAME: &str = "A topic's name has 1 to 128 characters out of A-Z a-z 0-9 . _ - as in /topics/topic-000042.\n";

/// What all connections of a server share.
pub(super) struct Site {
    pub store: Store,
    /// For payloads.
    pub room: Room,
    /// Largest payload, bytes.
    pub largest_payload: usize,
    /// Whether pages from other origins may read and write (CORS).
    pub cross_origin: bool,
    /// What the contender adds.
    pub extension: Option<Rc<dyn Extension>>,
}

/// One connection, as far as answering needs it.
pub(super) struct Desk {
    pub service: Service,
    pub meter: Meter,
    pub debt: Debt,
    pub stop: CancellationToken,
    pub peer: Option<SocketAddr>,
}

/// An answer without its count.
pub type Answer = Response<AnswerBody>;

/// Where a path leads.
enum Place<'a> {
    Front,
    List,
    Topic(&'a str),
    /// `OPTIONS *`.
    Server,
    /// A topic with a name that no topic can have.
    BadName,
    Nowhere,
}

impl Place<'_> {
    fn allowed(&self) -> &'static str {
        match self {
            Self::Topic(_) => "GET, HEAD, PUT, OPTIONS",
            Self::Front | Self::List | Self::Server | Self::BadName | Self::Nowhere => "GET, HEAD, OPTIONS",
        }
    }
}

impl Desk {
    /// Answers a request, and counts both.
    pub async fn answer(&self, request: Request<Incoming>) -> Answer {
        if request.headers().contains_key(WITNESS) {
            self.meter.is_witness();
        }
        // Whatever a publisher's connection counts, this request included, belongs to the publishers' leg.
        if request.method() == Method::PUT {
            self.meter.is_publisher();
        }
        // A body that is still to come is owed too.
        if request.body().is_end_stream() {
            self.debt.settle();
        }
        self.meter.request();
        // hyper hides whether a chunked request had a Content-Length as well, and behind such a one the connection has to end: what
        // follows may be somebody's smuggled request (RFC 9112 §6.1).
        let chunked = request.headers().contains_key(header::TRANSFER_ENCODING);
        let (mut answer, payload) = self.respond(request).await;
        if chunked {
            answer.headers_mut().insert(header::CONNECTION, CLOSE);
        }
        self.debt.settle();
        if self.service.site.cross_origin {
            let headers = answer.headers_mut();
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
            headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("ETag"));
        }
        self.meter.response(answer.status().as_u16(), payload);
        answer
    }

    /// The answer, and how many bytes of payload it stands for.
    async fn respond(&self, request: Request<Incoming>) -> (Answer, usize) {
        let hosts = request.headers().get_all(header::HOST).iter().count();
        if hosts > 1 || (request.version() == Version::HTTP_11 && hosts == 0) {
            return (text(StatusCode::BAD_REQUEST, "A request of HTTP/1.1 needs a Host field, and no more than one (RFC 9112, section 3.2).\n"), 0);
        }
        let request = match self.of_the_extension(request).await {
            Ok(Answered { answer, payload }) => return (answer, payload),
            Err(request) => request,
        };
        let (head, body) = request.into_parts();
        let place = place(head.uri.path());
        let answer = match (&head.method, &place) {
            (&Method::GET, Place::Topic(name)) => return self.read(name, &head.headers, true),
            (&Method::HEAD, Place::Topic(name)) => return self.read(name, &head.headers, false),
            (&Method::PUT, Place::Topic(name)) => return self.write(name, &head.headers, body).await,
            (_, Place::Nowhere) => text(StatusCode::NOT_FOUND, "There is nothing here. GET / tells what can be asked.\n"),
            (_, Place::BadName) => text(StatusCode::BAD_REQUEST, BAD_NAME),
            (&Method::GET | &Method::HEAD, Place::Front) => page::front(&self.service.site.store),
            (&Method::GET | &Method::HEAD, Place::List) => page::list(&self.service.site.store),
            (&Method::OPTIONS, place) => self.options(place),
            (method, place) => not_allowed(method, place.allowed()),
        };
        (answer, 0)
    }

    /// Paths that are nobody else's are the extension's, where there is one.
    async fn of_the_extension(&self, request: Request<Incoming>) -> Result<Answered, Request<Incoming>> {
        match &self.service.site.extension {
            Some(extension) if matches!(place(request.uri().path()), Place::Nowhere) => {
                let visit = Visit { service: &self.service, meter: &self.meter, stop: &self.stop, peer: self.peer, debt: &self.debt };
                extension.answer(request, &visit).await
            }
            _ => Err(request),
        }
    }

    fn read(&self, name: &str, headers: &HeaderMap, with_body: bool) -> (Answer, usize) {
        let (mut answer, payload) = self.represent(name, headers, with_body);
        if let (Some(extension), true) = (&self.service.site.extension, answer.status() != StatusCode::NOT_FOUND) {
            extension.decorate(name, answer.headers_mut());
        }
        (answer, payload)
    }

    fn represent(&self, name: &str, headers: &HeaderMap, with_body: bool) -> (Answer, usize) {
        let Some(current) = self.service.site.store.find(name) else {
            return (
                text(StatusCode::NOT_FOUND, format!("There is no topic {name:?} yet. PUT /topics/{name} creates it; GET /topics lists what there is.\n")),
                0,
            );
        };
        match judge(headers, true, Some(current.validators())) {
            Verdict::Failed => (refused(Some(&current.tag)), 0),
            Verdict::NotModified => {
                let mut answer = Response::new(AnswerBody::default());
                *answer.status_mut() = StatusCode::NOT_MODIFIED;
                let headers = answer.headers_mut();
                headers.insert(header::ETAG, current.tag);
                headers.insert(header::CACHE_CONTROL, NO_CACHE);
                (answer, 0)
            }
            Verdict::Proceed => {
                let payload = if with_body { current.body.len() } else { 0 };
                let mut answer = Response::new(AnswerBody::from(current.body));
                let headers = answer.headers_mut();
                headers.insert(header::CONTENT_TYPE, PLAIN);
                headers.insert(header::ETAG, current.tag);
                headers.insert(header::LAST_MODIFIED, current.modified_text);
                headers.insert(header::CACHE_CONTROL, NO_CACHE);
                (answer, payload)
            }
        }
    }

    async fn write(&self, name: &str, headers: &HeaderMap, body: Incoming) -> (Answer, usize) {
        let limit = self.service.site.largest_payload;
        // Who waits for our word has sent nothing that would have to be read: a refusal is enough.
        let hears_first = headers.contains_key(header::EXPECT);
        let body = match collect(body, limit, &self.service.site.room, hears_first).await {
            Ok(body) => body,
            Err(why) => return (unread_answer(&why, limit), 0),
        };
        let payload = body.len();
        let allowed = |current: Option<&Representation>| judge(headers, false, current.map(Representation::validators)) == Verdict::Proceed;
        match self.service.site.store.store(name, body, allowed) {
            Stored::Created(tag) => {
                self.tell(name);
                (stored(StatusCode::CREATED, tag), payload)
            }
            Stored::Updated(tag) => {
                self.tell(name);
                (stored(StatusCode::NO_CONTENT, tag), payload)
            }
            Stored::Refused => (refused(self.service.site.store.find(name).as_ref().map(|current| &current.tag)), 0),
            Stored::Full => {
                let count = self.service.site.store.count();
                (text(StatusCode::INSUFFICIENT_STORAGE, format!("There are {count} topics, and room for no more. Those that exist can still be changed.\n")), 0)
            }
        }
    }

    fn tell(&self, name: &str) {
        if let Some(extension) = &self.service.site.extension
            && let Some(current) = self.service.site.store.find(name)
        {
            extension.changed(&Change { name, payload: &current.body, revision: current.revision });
        }
    }

    fn options(&self, place: &Place<'_>) -> Answer {
        let mut answer = Response::new(AnswerBody::default());
        *answer.status_mut() = StatusCode::NO_CONTENT;
        let headers = answer.headers_mut();
        headers.insert(header::ALLOW, HeaderValue::from_static(place.allowed()));
        if self.service.site.cross_origin {
            headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(place.allowed()));
            let fields = HeaderValue::from_static("Content-Type, If-Match, If-None-Match, If-Modified-Since, If-Unmodified-Since");
            headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, fields);
        }
        answer
    }
}

impl Representation {
    fn validators(&self) -> Validators<'_> {
        Validators { tag: self.tag.as_bytes(), modified: self.modified }
    }
}

/// A refusal in the middle of a body. What is left of it will not be read: the connection cannot go on.
fn unread(status: StatusCode, words: impl Into<Bytes>) -> Answer {
    let mut answer = text(status, words);
    answer.headers_mut().insert(header::CONNECTION, CLOSE);
    answer
}

/// The refusal of a body that was not read.
pub(super) fn unread_answer(why: &Unread, limit: usize) -> Answer {
    match why {
        Unread::TooLarge => unread(StatusCode::PAYLOAD_TOO_LARGE, format!("A payload may have at most {limit} bytes here.\n")),
        Unread::NoRoom => unread(StatusCode::INSUFFICIENT_STORAGE, NO_ROOM),
        Unread::Broken => unread(StatusCode::BAD_REQUEST, "The body ended early or is not framed as its head says.\n"),
    }
}

/// An answer of a few words.
pub(super) fn text(status: StatusCode, words: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(AnswerBody::from(words));
    *answer.status_mut() = status;
    answer.headers_mut().insert(header::CONTENT_TYPE, PLAIN);
    answer
}

fn place(path: &str) -> Place<'_> {
    match path {
        "/" => Place::Front,
        "/topics" => Place::List,
        "*" => Place::Server,
        _ => match path.strip_prefix("/topics/") {
            None => Place::Nowhere,
            Some(name) if is_name(name) => Place::Topic(name),
            Some(_) => Place::BadName,
        },
    }
}

fn is_name(name: &str) -> bool {
    (1..=LONGEST_NAME).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}

fn refused(tag: Option<&HeaderValue>) -> Answer {
    let mut answer = match tag {
        Some(_) => text(StatusCode::PRECONDITION_FAILED, "A precondition does not hold: the topic is as the ETag of this answer says.\n"),
        None => text(StatusCode::PRECONDITION_FAILED, "A precondition does not hold: there is no such topic.\n"),
    };
    if let Some(tag) = tag {
        answer.headers_mut().insert(header::ETAG, tag.clone());
    }
    answer
}

fn stored(status: StatusCode, tag: HeaderValue) -> Answer {
    let mut answer = Response::new(AnswerBody::default());
    *answer.status_mut() = status;
    answer.headers_mut().insert(header::ETAG, tag);
    answer
}

pub(super) enum Unread {
    TooLarge,
    NoRoom,
    Broken,
}

/// Reads a body of at most `limit` bytes into memory of exactly its size: the buffer it was read into is larger, and would stay alive.
pub(super) async fn collect(mut body: Incoming, limit: usize, room: &Room, hears_first: bool) -> Result<Bytes, Unread> {
    let announced = body.size_hint().lower();
    let refusal = if announced > limit as u64 { Unread::TooLarge } else { Unread::NoRoom };
    let Some(mut taken) = (announced <= limit as u64).then(|| room.take(announced as usize)).flatten() else {
        // A client that writes before it reads would never see the answer if the connection went away under it.
        if !hears_first {
            drain(body, limit).await;
        }
        return Err(refusal);
    };
    let mut whole = BytesMut::with_capacity(announced as usize);
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| Unread::Broken)?.into_data() else { continue };
        let length = whole.len() + data.len();
        if length > limit {
            drain(body, limit).await;
            return Err(Unread::TooLarge);
        }
        // A chunked body grows by doubling.
        if length > whole.capacity() && !taken.resize(length.max(2 * whole.capacity())) {
            drain(body, limit).await;
            return Err(Unread::NoRoom);
        }
        whole.extend_from_slice(&data);
    }
    fit(whole, taken)
}

/// Gives back what is over.
fn fit(whole: BytesMut, mut taken: Taken) -> Result<Bytes, Unread> {
    let body = if whole.capacity() > whole.len() + whole.len() / 8 { Bytes::copy_from_slice(&whole) } else { whole.freeze() };
    if !taken.resize(body.len()) {
        return Err(Unread::NoRoom);
    }
    Ok(taken.hold(body))
}

/// Reads and forgets up to `most` bytes, for as long as `DRAINING` at most: who stops in the middle waits for our answer.
async fn drain(mut body: Incoming, most: usize) {
    let draining = async {
        let mut read = 0;
        while let (true, Some(Ok(frame))) = (read <= most, body.frame().await) {
            read += frame.data_ref().map_or(0, Bytes::len);
        }
    };
    let _ = tokio::time::timeout(DRAINING, draining).await;
}
