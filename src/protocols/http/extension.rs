//! What a contender adds to the server of topics: resources of its own, told of every change. No contender in here.

use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use async_trait::async_trait;
use bytes::Bytes;
use http_body_util::Full;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use tokio_util::sync::CancellationToken;

pub use super::answer::Answer;
use super::answer::{Site, collect, text, unread_answer};
pub use super::room::Taken;
use super::watch::Debt;
use crate::measure::ledger::{Ledger, Meter};

/// A server's resources beside `/`, `/topics` and what is below them.
#[async_trait(?Send)]
pub trait Extension {
    /// A topic has a new payload. Called while its PUT is answered: what takes long is for [`Self::run`].
    fn changed(&self, change: &Change<'_>);

    /// Answers a request to a path of its own; gives it back where it has nothing there. The answer is counted when this returns, the
    /// request was before.
    async fn answer(&self, request: Request<Incoming>, visit: &Visit<'_>) -> Result<Answered, Request<Incoming>>;

    /// Adds to the head of an answer about a topic, with or without a payload.
    fn decorate(&self, _topic: &str, _headers: &mut HeaderMap) {}

    /// Does what goes on by itself, until `stop`; returns within half a second of it. What it still holds then is dropped.
    async fn run(&self, _service: Service, stop: CancellationToken) {
        stop.cancelled().await;
    }
}

/// A change of a topic.
#[derive(Clone, Copy, Debug)]
pub struct Change<'a> {
    /// The topic's name.
    pub name: &'a str,
    /// Its new payload.
    pub payload: &'a Bytes,
    /// How many payloads it has had, this one included.
    pub revision: u64,
}

/// An answer, and how many bytes of payload (updates, version 0 included) it carries.
pub struct Answered {
    /// Status, head and body.
    pub answer: Response<AnswerBody>,
    /// Bytes.
    pub payload: usize,
}

impl From<Response<AnswerBody>> for Answered {
    /// One without a payload.
    fn from(answer: Response<AnswerBody>) -> Self {
        Self { answer, payload: 0 }
    }
}

/// What an extension may use of the server at any time.
#[derive(Clone)]
pub struct Service {
    pub(super) site: Rc<Site>,
    pub(super) ledger: Ledger,
}

impl Service {
    /// The payload and the entity tag of a topic.
    pub fn topic(&self, name: &str) -> Option<(Bytes, HeaderValue)> {
        self.site.store.find(name).map(|current| (current.body, current.tag))
    }

    /// How many topics there are.
    pub fn topics(&self) -> usize {
        self.site.store.count()
    }

    /// Takes so many bytes of the room that all payloads share, for as long as what is returned lives; `None` where there is no room.
    pub fn take(&self, bytes: usize) -> Option<Taken> {
        self.site.room.take(bytes)
    }

    /// Takes so many bytes of the room that all payloads share, for good; whether there was room.
    pub fn keep(&self, bytes: usize) -> bool {
        self.site.room.keep(bytes)
    }

    /// Largest payload, bytes.
    pub fn largest_payload(&self) -> usize {
        self.site.largest_payload
    }

    /// Where connections that the server itself opens are counted.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }
}

/// One request, as far as answering needs more than itself.
pub struct Visit<'a> {
    /// The server.
    pub service: &'a Service,
    /// Counts for this connection: events of a stream, payloads of what is streamed.
    pub meter: &'a Meter,
    /// Set when the server is to stop: a held answer ends then, and so does a stream.
    pub stop: &'a CancellationToken,
    /// Who asks.
    pub peer: Option<std::net::SocketAddr>,
    pub(super) debt: &'a Debt,
}

impl Visit<'_> {
    /// Reads a request's body of at most `limit` bytes.
    ///
    /// # Errors
    /// It is larger, or broken, or there is no room: the refusal to be answered with.
    pub async fn read(&self, body: Incoming, limit: usize) -> Result<Bytes, Answer> {
        let read = collect(body, limit, &self.service.site.room, false).await.map_err(|unread| unread_answer(&unread, limit));
        // However long the answer is held, the client owes nothing any more.
        self.debt.settle();
        read
    }
}

/// An answer of a few words.
pub fn words(status: StatusCode, words: impl Into<Bytes>) -> Answer {
    text(status, words)
}

/// The answer to a method that a path does not know; `allowed` is the list of those that it does (RFC 9110 §15.5.6).
pub fn not_allowed(method: &Method, allowed: &'static str) -> Answer {
    let mut answer = text(StatusCode::METHOD_NOT_ALLOWED, format!("{method} cannot be done here. What can: {allowed}.\n"));
    answer.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allowed));
    answer
}

/// A body that is there as a whole, or comes bit by bit.
pub enum AnswerBody {
    /// Whole.
    Whole(Full<Bytes>),
    /// Bit by bit, for as long as it likes.
    Stream(Pin<Box<dyn Body<Data = Bytes, Error = Infallible>>>),
}

impl AnswerBody {
    /// A body that comes bit by bit.
    pub fn stream(body: impl Body<Data = Bytes, Error = Infallible> + 'static) -> Self {
        Self::Stream(Box::pin(body))
    }
}

impl Default for AnswerBody {
    fn default() -> Self {
        Self::Whole(Full::default())
    }
}

impl<B: Into<Bytes>> From<B> for AnswerBody {
    fn from(body: B) -> Self {
        Self::Whole(Full::new(body.into()))
    }
}

impl fmt::Debug for AnswerBody {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole(whole) => whole.fmt(out),
            Self::Stream(_) => out.write_str("a stream"),
        }
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match &mut *self {
            Self::Whole(whole) => Pin::new(whole).poll_frame(context),
            Self::Stream(stream) => stream.as_mut().poll_frame(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(whole) => whole.is_end_stream(),
            Self::Stream(stream) => stream.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(whole) => whole.size_hint(),
            Self::Stream(stream) => stream.size_hint(),
        }
    }
}
