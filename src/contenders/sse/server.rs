//! The streams of a server of topics: `POST /streams` with a list of topics makes one, `GET /streams/NAME` opens it, `DELETE /streams/NAME` ends it.

use std::convert::Infallible;
use std::rc::Rc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream;
use http_body_util::StreamBody;
use hyper::body::{Frame, Incoming};
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::{Method, Request, StatusCode};
use tokio_util::sync::CancellationToken;

use super::event;
use super::settings::Settings;
use crate::contender::Limits;
use crate::contender::pace::Pace;
use crate::measure::ledger::Meter;
use crate::protocols::http::extension::{Answer, AnswerBody, Answered, Change, Extension, Service, Visit, not_allowed, words};
use crate::protocols::http::outbox::{self, Attendance, Outbox, Outboxes};

/// All streams of a server.
pub(super) struct Streams {
    outboxes: Rc<Outboxes>,
    /// Measured time.
    heartbeat: Duration,
    /// What each stream begins with.
    retry: Bytes,
    /// How long a stream lives that nobody has opened, measured time.
    lease: Duration,
}

/// A stream while it is open.
struct Open {
    outboxes: Rc<Outboxes>,
    outbox: Rc<Outbox>,
    _attendance: Attendance,
    turn: u64,
    /// The number of the last update that was sent.
    after: u64,
    /// How soon its reader is to come again, until it has been told.
    retry: Option<Bytes>,
    heartbeat: Duration,
    service: Service,
    meter: Meter,
    stop: CancellationToken,
}

impl Streams {
    /// None yet.
    pub fn new(settings: &Settings, pace: Pace, limits: Limits) -> Self {
        let outboxes = Rc::new(Outboxes::new(settings.keep, event::write));
        // On the wire as the scenario has it, like every time that the other end is told.
        let retry = event::retry(settings.retry).into();
        Self { outboxes, heartbeat: pace.measured(settings.heartbeat), retry, lease: limits.patience }
    }

    async fn create(&self, request: Request<Incoming>, visit: &Visit<'_>) -> Result<Answered, Answer> {
        let names = visit.read(request.into_body(), outbox::LARGEST_LIST).await?;
        let path = format!("/streams/{}", self.outboxes.open(visit.service, &names)?.name());
        // In the body as well: a page of another origin does not see this field.
        let mut created = words(StatusCode::CREATED, path.clone());
        created.headers_mut().insert(header::LOCATION, HeaderValue::try_from(path).unwrap_or(HeaderValue::from_static("/streams")));
        Ok(created.into())
    }

    fn open(&self, outbox: &Rc<Outbox>, after: u64, visit: &Visit<'_>) -> Answer {
        outbox.go_on(after);
        let open = Open {
            outboxes: Rc::clone(&self.outboxes),
            outbox: Rc::clone(outbox),
            _attendance: outbox.attend(),
            turn: outbox.take_turn(),
            after,
            retry: Some(self.retry.clone()),
            heartbeat: self.heartbeat,
            service: visit.service.clone(),
            meter: visit.meter.clone(),
            stop: visit.stop.clone(),
        };
        let frames = stream::unfold(open, |mut open| async { open.next().await.map(|bytes| (Ok::<_, Infallible>(Frame::data(bytes)), open)) });
        let mut answer = Answer::new(AnswerBody::stream(StreamBody::new(frames)));
        answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(event::MEDIA_TYPE));
        answer.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        answer
    }
}

impl Open {
    /// What is sent next; `None` where the stream ends: it was ended, or opened by another, or its reader is too slow.
    async fn next(&mut self) -> Option<Bytes> {
        if let Some(retry) = self.retry.take() {
            return Some(retry);
        }
        loop {
            let news = self.outbox.news();
            if self.outbox.is_closed() || self.outbox.turn() != self.turn || self.outbox.is_overrun() {
                return None;
            }
            let batch = self.outboxes.batch(&self.service, &self.outbox, self.after);
            if batch.count > 0 {
                self.after = batch.last;
                self.meter.count(|traffic| {
                    traffic.events_down += batch.count as u64;
                    traffic.payload_bytes += batch.payload as u64;
                });
                return Some(batch.bytes);
            }
            tokio::select! {
                () = news => {}
                () = tokio::time::sleep(self.heartbeat) => {
                    self.meter.count(|traffic| traffic.events_down += 1);
                    return Some(Bytes::from_static(event::HEARTBEAT));
                }
                () = self.stop.cancelled() => return None,
            }
        }
    }
}

#[async_trait(?Send)]
impl Extension for Streams {
    fn changed(&self, change: &Change<'_>) {
        self.outboxes.changed(change);
    }

    async fn answer(&self, request: Request<Incoming>, visit: &Visit<'_>) -> Result<Answered, Request<Incoming>> {
        let path = request.uri().path();
        if path == "/streams" {
            return Ok(match *request.method() {
                Method::POST => self.create(request, visit).await.unwrap_or_else(Answered::from),
                _ => not_allowed(request.method(), "POST").into(),
            });
        }
        let Some(name) = path.strip_prefix("/streams/") else { return Err(request) };
        let Some(outbox) = self.outboxes.find(name) else {
            return Ok(words(StatusCode::NOT_FOUND, "There is no such stream, or not any more. POST /streams with a list of topics makes one.\n").into());
        };
        Ok(match *request.method() {
            Method::GET => match last_event(request.headers()) {
                Some(after) => self.open(&outbox, after, visit),
                None => words(StatusCode::BAD_REQUEST, "Last-Event-ID is not the id of an event of this stream: a number.\n"),
            },
            Method::DELETE => {
                self.outboxes.close(&outbox);
                let mut answer = Answer::new(AnswerBody::default());
                *answer.status_mut() = StatusCode::NO_CONTENT;
                answer
            }
            _ => not_allowed(request.method(), "GET, DELETE"),
        }
        .into())
    }

    async fn run(&self, _service: Service, stop: CancellationToken) {
        self.outboxes.keep_expiring(self.lease, &stop).await;
    }
}

/// The number of the last event that somebody has seen; 0 where nothing is said, or it is empty: then nothing was seen.
fn last_event(headers: &HeaderMap) -> Option<u64> {
    let Some(number) = headers.get("last-event-id") else { return Some(0) };
    let number = number.to_str().ok()?;
    if number.is_empty() {
        return Some(0);
    }
    number.bytes().all(|byte| byte.is_ascii_digit()).then(|| number.parse().ok()).flatten()
}
