//! The polls of a server of topics: `POST /polls` with a list of topics makes one, `GET /polls/NAME?after=NUMBER` is held until there is
//! news after that number, `DELETE /polls/NAME` ends it.

use std::rc::Rc;
use std::time::Duration;

use async_trait::async_trait;
use hyper::body::Incoming;
use hyper::header::{self, HeaderValue};
use hyper::{Method, Request, StatusCode};
use tokio_util::sync::CancellationToken;

use super::frame;
use super::settings::Settings;
use crate::contender::Limits;
use crate::contender::pace::Pace;
use crate::protocols::http::extension::{Answer, AnswerBody, Answered, Change, Extension, Service, Visit, not_allowed, words};
use crate::protocols::http::outbox::{self, Batch, Outbox, Outboxes};

/// All polls of a server.
pub(super) struct Polls {
    outboxes: Outboxes,
    /// Measured time.
    hold: Duration,
    /// How long a poll lives that nobody asks for, measured time.
    lease: Duration,
}

impl Polls {
    /// None yet.
    pub fn new(settings: &Settings, pace: Pace, limits: Limits) -> Self {
        let hold = pace.measured(settings.hold);
        // Between two requests lies a moment of the client's, which compression does not shorten.
        Self { outboxes: Outboxes::new(settings.keep, frame::write), hold, lease: 2 * hold + limits.patience }
    }

    async fn create(&self, request: Request<Incoming>, visit: &Visit<'_>) -> Result<Answered, Answer> {
        let names = visit.read(request.into_body(), outbox::LARGEST_LIST).await?;
        let outbox = self.outboxes.open(visit.service, &names)?;
        let batch = self.outboxes.batch(visit.service, &outbox, 0);
        let mut created = updates(StatusCode::CREATED, batch);
        let place = HeaderValue::try_from(format!("/polls/{}", outbox.name())).unwrap_or(HeaderValue::from_static("/polls"));
        created.answer.headers_mut().insert(header::LOCATION, place);
        Ok(created)
    }

    /// Answers once there is something after this number, or the hold is over.
    async fn poll(&self, outbox: &Rc<Outbox>, after: u64, visit: &Visit<'_>) -> Answered {
        let _attendance = outbox.attend();
        outbox.confirm(after);
        let over = tokio::time::sleep(self.hold);
        tokio::pin!(over);
        loop {
            let news = outbox.news();
            let batch = self.outboxes.batch(visit.service, outbox, after);
            if batch.count > 0 {
                return updates(StatusCode::OK, batch);
            }
            if outbox.is_closed() {
                return nothing();
            }
            tokio::select! {
                () = news => {}
                () = &mut over => return nothing(),
                () = visit.stop.cancelled() => return nothing(),
            }
        }
    }
}

#[async_trait(?Send)]
impl Extension for Polls {
    fn changed(&self, change: &Change<'_>) {
        self.outboxes.changed(change);
    }

    async fn answer(&self, request: Request<Incoming>, visit: &Visit<'_>) -> Result<Answered, Request<Incoming>> {
        let path = request.uri().path();
        if path == "/polls" {
            return Ok(match *request.method() {
                Method::POST => self.create(request, visit).await.unwrap_or_else(Answered::from),
                _ => not_allowed(request.method(), "POST").into(),
            });
        }
        let Some(name) = path.strip_prefix("/polls/") else { return Err(request) };
        let Some(outbox) = self.outboxes.find(name) else {
            return Ok(words(StatusCode::NOT_FOUND, "There is no such poll, or not any more. POST /polls with a list of topics makes one.\n").into());
        };
        Ok(match (request.method(), after(request.uri().query())) {
            (&Method::GET, Some(after)) => self.poll(&outbox, after, visit).await,
            (&Method::GET, None) => words(StatusCode::BAD_REQUEST, "After which number? As in /polls/NAME?after=42, from 0.\n").into(),
            (&Method::DELETE, _) => {
                self.outboxes.close(&outbox);
                nothing()
            }
            (method, _) => not_allowed(method, "GET, DELETE").into(),
        })
    }

    async fn run(&self, _service: Service, stop: CancellationToken) {
        self.outboxes.keep_expiring(self.lease, &stop).await;
    }
}

/// `after=42`; 0 where nothing is said.
fn after(query: Option<&str>) -> Option<u64> {
    let Some(query) = query else { return Some(0) };
    let number = query.strip_prefix("after=")?;
    number.bytes().all(|byte| byte.is_ascii_digit()).then(|| number.parse().ok()).flatten()
}

fn updates(status: StatusCode, batch: Batch) -> Answered {
    let mut answer = Answer::new(AnswerBody::from(batch.bytes));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(frame::MEDIA_TYPE));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Answered { answer, payload: batch.payload }
}

fn nothing() -> Answered {
    let mut answer = Answer::new(AnswerBody::default());
    *answer.status_mut() = StatusCode::NO_CONTENT;
    answer.into()
}
