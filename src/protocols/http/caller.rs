//! The client half: one caller per publisher or subscriber, with connections of its own, each request counted in the inbox.
//!
//! Which client carries the requests is a setting, and nobody's business but this file's: `library` is reqwest, `lean` is
//! ours. Both send the same bytes, and both end in the same `Pending`, which counts a request that is never answered too.

use std::cell::Cell;
use std::fmt;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use hyper::StatusCode;
use hyper::header::{HeaderMap, HeaderValue};
use reqwest::Url;

use super::lean::{Buffers, Lean};
use super::library::Library;
use super::response::Malformed;
use super::settings::Connection;
use crate::contender::client::Client;
use crate::contender::inbox::{Content, Inbox, Request};
use crate::contender::pacer::Tick;
use crate::contender::topic::Topic;
use crate::contender::{Fault, ServerAddress};
use crate::measure::clock::Clock;

/// How often, and how far apart, a server that refuses connections is tried before it counts as gone: over within half a second.
const ATTEMPTS: u32 = 4;
const BETWEEN_ATTEMPTS: Duration = Duration::from_millis(150);
/// A longer entity tag is not kept, bytes: a server could make us hold it for each topic, and send it back with each poll.
const LONGEST_TAG: usize = 1024;
/// How much of a refusal's text is kept, characters.
const LONGEST_WORDS: usize = 200;

/// Which client to use, and what all callers of a side share.
#[derive(Clone, Debug)]
pub struct Carriage {
    client: Client,
    buffers: Rc<Buffers>,
}

impl Carriage {
    /// With empty buffers.
    pub fn new(client: Client) -> Self {
        Self { client, buffers: Rc::default() }
    }
}

/// Something that can be asked for, prepared once.
#[derive(Debug)]
pub struct Target {
    topic: Topic,
    /// Made in advance where the client wants one: reqwest takes longer to parse it than to clone it.
    url: Option<Box<Url>>,
}

impl Target {
    /// Which topic.
    pub fn topic(&self) -> Topic {
        self.topic
    }
}

/// Something else than a topic that can be asked for, by its path.
#[derive(Debug)]
pub struct Resource {
    path: Box<str>,
    url: Option<Box<Url>>,
}

/// A topic or a resource.
#[derive(Clone, Copy, Debug)]
pub enum Place<'a> {
    /// A topic.
    Topic(&'a Target),
    /// Something else.
    Resource(&'a Resource),
}

impl<'a> From<&'a Target> for Place<'a> {
    fn from(target: &'a Target) -> Self {
        Self::Topic(target)
    }
}

impl<'a> From<&'a Resource> for Place<'a> {
    fn from(resource: &'a Resource) -> Self {
        Self::Resource(resource)
    }
}

impl Place<'_> {
    fn url(self) -> Option<Url> {
        match self {
            Self::Topic(target) => target.url.as_deref().cloned(),
            Self::Resource(resource) => resource.url.as_deref().cloned(),
        }
    }
}

/// As on the request line: the path, with its query.
impl fmt::Display for Place<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Topic(target) => write!(out, "/topics/{}", target.topic),
            Self::Resource(resource) => out.write_str(&resource.path),
        }
    }
}

/// Why a request is sent.
#[derive(Clone, Copy, Debug)]
pub enum Start {
    /// The plan has it; or, without a tick, set-up has it, or it will be held.
    Tick(Option<Tick>),
    /// What the response to this one said.
    After(Request),
}

impl From<Option<Tick>> for Start {
    fn from(tick: Option<Tick>) -> Self {
        Self::Tick(tick)
    }
}

impl From<Request> for Start {
    fn from(before: Request) -> Self {
        Self::After(before)
    }
}

/// What is asked.
#[derive(Clone, Debug)]
pub enum Ask<'a> {
    /// The present value; with a tag, only if it is another one.
    Get {
        /// The entity tag of what the caller has.
        tag: Option<&'a HeaderValue>,
    },
    /// The same, with more fields in its head; names in lower case.
    GetWith {
        /// The entity tag of what the caller has.
        tag: Option<&'a HeaderValue>,
        /// Names and values.
        fields: &'a [(&'static str, &'a str)],
    },
    /// To do something with a body. Never sent twice, unlike the others: it is not idempotent.
    Post {
        /// The body.
        body: Bytes,
        /// Its media type.
        kind: &'static str,
    },
    /// To forget a resource.
    Delete,
    /// To store a value.
    Put {
        /// The value.
        body: Bytes,
    },
}

/// A response that is complete. What a 200 carries has gone to the inbox.
#[derive(Debug)]
pub struct Reply {
    /// Status code.
    pub status: StatusCode,
    /// The entity tag, where it has one that can be sent back.
    pub tag: Option<HeaderValue>,
    /// The beginning of what a refusal says.
    pub words: String,
    /// Whether its payload was news; false without one.
    pub news: bool,
}

/// A response to [`Caller::fetch`]: counted once the caller says what it brought, and as failed where it never does.
pub struct Document<'a> {
    /// Status code.
    pub status: StatusCode,
    /// The entity tag, where it has one that can be sent back.
    pub tag: Option<HeaderValue>,
    /// All of the head.
    pub fields: HeaderMap,
    /// The body, encoded as it came.
    pub body: Bytes,
    asked: Pending<'a>,
}

impl Document<'_> {
    /// The request that it answers: what follows it up carries on its chain.
    pub fn request(&self) -> Option<Request> {
        self.asked.request
    }

    /// Counts the response with what it carried; says whether any of it was a newer version.
    pub fn brought(&mut self, content: Content<'_>) -> bool {
        self.asked.brought(self.status, content)
    }
}

/// A response that goes on.
pub struct Stream {
    response: reqwest::Response,
}

impl Stream {
    /// Status code.
    pub fn status(&self) -> StatusCode {
        self.response.status()
    }

    /// What comes next; `None` at its end. Cancel-safe.
    ///
    /// # Errors
    /// The connection broke.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, CallError> {
        Ok(self.response.chunk().await?)
    }
}

/// Connections of one publisher or subscriber, counted in one inbox.
pub struct Caller {
    carrier: Carrier,
    socket: String,
    inbox: Rc<dyn Inbox>,
    clock: Rc<dyn Clock>,
    timeout: Duration,
    trying: Cell<bool>,
}

enum Carrier {
    /// Boxed: ten thousand lean ones should not be as large as this.
    Library(Box<Library>),
    Lean(Lean),
}

impl Caller {
    /// A client for `server` that keeps at most `connections` idle connections.
    ///
    /// # Errors
    /// The address cannot be part of a URL, or reqwest cannot be set up.
    pub fn new(
        carriage: &Carriage,
        server: &ServerAddress,
        connections: usize,
        connection: Connection,
        timeout: Duration,
        inbox: Rc<dyn Inbox>,
        clock: Rc<dyn Clock>,
    ) -> Result<Self, Fault> {
        let carrier = match carriage.client {
            Client::Library => Carrier::Library(Box::new(Library::new(server, connections, connection, Rc::clone(&inbox))?)),
            Client::Lean => Carrier::Lean(Lean::new(server, connection, Rc::clone(&inbox), Rc::clone(&carriage.buffers))),
        };
        Ok(Self { carrier, socket: server.socket.clone(), inbox, clock, timeout, trying: Cell::new(false) })
    }

    /// Prepares a topic to be asked for.
    pub fn target(&self, topic: Topic) -> Target {
        let url = match &self.carrier {
            Carrier::Library(library) => Some(Box::new(library.url(topic))),
            Carrier::Lean(_) => None,
        };
        Target { topic, url }
    }

    /// Prepares a path (with its query, as it stands on the request line) to be asked for.
    ///
    /// # Errors
    /// It cannot be part of a URL.
    pub fn resource(&self, path: &str) -> Result<Resource, Fault> {
        let what = || format!("the path {path:?} at {}", self.socket);
        let is_path = path.starts_with('/') && path.bytes().all(|byte| byte.is_ascii_graphic());
        if !is_path {
            return Err(Fault::protocol(what(), "it is not what a request line can hold"));
        }
        let url = match &self.carrier {
            Carrier::Library(library) => Some(Box::new(library.join(path).map_err(|error| Fault::protocol(what(), error))?)),
            Carrier::Lean(_) => None,
        };
        Ok(Resource { path: path.into(), url })
    }

    /// Sends a request and reads the whole response; counts and stamps both. What a 200 carries is a payload.
    ///
    /// # Errors
    /// No complete response came in time; the inbox knows.
    pub async fn call(&self, target: &Target, ask: Ask<'_>, start: impl Into<Start>) -> Result<Reply, CallError> {
        let mut asked = self.pending(start.into(), false);
        self.carry(target.into(), ask, &mut asked, self.timeout).await
    }

    /// Sends a request and reads the whole response, whose content the caller judges. `timeout` for those that are held.
    ///
    /// # Errors
    /// No complete response came in time; the inbox knows.
    pub async fn fetch<'a>(
        &'a self,
        place: impl Into<Place<'_>>,
        ask: Ask<'_>,
        start: impl Into<Start>,
        timeout: Option<Duration>,
    ) -> Result<Document<'a>, CallError> {
        let mut asked = self.pending(start.into(), true);
        let reply = self.carry(place.into(), ask, &mut asked, timeout.unwrap_or(self.timeout)).await?;
        let (fields, body) = asked.whole.take().unwrap_or_default();
        Ok(Document { status: reply.status, tag: reply.tag, fields, body, asked })
    }

    /// Sends a request whose response goes on for as long as it likes, and waits for its head. Needs the library client.
    ///
    /// # Errors
    /// No head came in time; the inbox knows.
    pub async fn open(&self, resource: &Resource, fields: &[(&'static str, &str)]) -> Result<Stream, CallError> {
        let mut asked = self.pending(Start::Tick(None), true);
        let (Carrier::Library(library), Some(url)) = (&self.carrier, resource.url.as_deref()) else {
            return Err(CallError::Broken("streams come through the library client alone".to_owned()));
        };
        let opening = library.open(url.clone(), Ask::GetWith { tag: None, fields });
        let response = tokio::time::timeout(self.timeout, opening).await.unwrap_or(Err(CallError::Timeout))?;
        asked.brought(response.status(), Content::Nothing);
        Ok(Stream { response })
    }

    fn pending(&self, start: Start, is_document: bool) -> Pending<'_> {
        let request = match start {
            Start::Tick(tick) => self.inbox.request(tick),
            Start::After(before) => self.inbox.follow_up(before),
        };
        Pending { inbox: &*self.inbox, request: Some(request), is_document, whole: None }
    }

    async fn carry(&self, place: Place<'_>, ask: Ask<'_>, asked: &mut Pending<'_>, timeout: Duration) -> Result<Reply, CallError> {
        match &self.carrier {
            Carrier::Library(library) => {
                let Some(url) = place.url() else { return Err(CallError::Broken(format!("{place} was made for another client"))) };
                library.call(url, ask, asked, timeout).await
            }
            Carrier::Lean(lean) => lean.call(place, ask, asked, timeout).await,
        }
    }

    /// Whether a server that just refused a connection is gone for good: it is tried a few times more, and by one caller only.
    pub async fn is_gone(&self) -> bool {
        if self.trying.replace(true) {
            return false;
        }
        let mut gone = true;
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                // Without a descriptor for a timer there is no waiting; the attempts then follow at once.
                let _ = crate::measure::clock::sleep_until(&*self.clock, self.clock.now().after(BETWEEN_ATTEMPTS)).await;
            }
            match tokio::time::timeout(BETWEEN_ATTEMPTS, tokio::net::TcpStream::connect(&self.socket)).await {
                Ok(Err(error)) if error.kind() == std::io::ErrorKind::ConnectionRefused => {}
                Ok(Ok(_)) => {
                    // The server counts this one, so it is counted here.
                    self.inbox.connected();
                    gone = false;
                }
                _ => gone = false,
            }
            if !gone {
                break;
            }
        }
        self.trying.set(false);
        gone
    }

    /// What to say when set-up fails: nothing else than `wanted` was a right answer.
    pub fn fault(&self, what: impl std::fmt::Display, error: CallError) -> Fault {
        let what = format!("{what} at {}", self.socket);
        match error {
            CallError::Timeout => Fault::timeout(what, self.timeout),
            CallError::Malformed(_) => Fault::protocol(what, error),
            CallError::Refused(_) | CallError::Broken(_) | CallError::Closed => Fault::connection(what, error),
        }
    }

    /// Gives up all connections that are not in use; the others end with their responses.
    pub async fn close(&self) {
        match &self.carrier {
            Carrier::Library(library) => library.close().await,
            Carrier::Lean(lean) => lean.close(),
        }
    }
}

/// A request that is counted as failed unless it is answered, even where its future is dropped half way.
pub(super) struct Pending<'a> {
    inbox: &'a dyn Inbox,
    request: Option<Request>,
    /// Whether the caller judges what the response carries.
    is_document: bool,
    /// Its head and body then.
    whole: Option<(HeaderMap, Bytes)>,
}

impl Pending<'_> {
    /// The response is complete; `body` is a payload where the status is 200, and words where it is a refusal.
    pub fn answered(&mut self, status: StatusCode, tag: Option<HeaderValue>, fields: impl FnOnce() -> HeaderMap, body: &[u8]) -> Reply {
        let news = if self.is_document {
            self.whole = Some((fields(), Bytes::copy_from_slice(body)));
            false
        } else {
            self.brought(status, (status == StatusCode::OK).then_some(body).into())
        };
        let refused = status.is_client_error() || status.is_server_error();
        // Four bytes are the most that a character has.
        let beginning = &body[..if refused { body.len().min(4 * LONGEST_WORDS) } else { 0 }];
        let words = String::from_utf8_lossy(beginning).trim().chars().take(LONGEST_WORDS).collect();
        Reply { status, tag: tag.filter(|tag| tag.len() <= LONGEST_TAG), words, news }
    }

    fn brought(&mut self, status: StatusCode, content: Content<'_>) -> bool {
        self.request.take().is_some_and(|request| self.inbox.response(request, status.as_u16(), content))
    }
}

impl Drop for Pending<'_> {
    fn drop(&mut self) {
        if let Some(request) = self.request.take() {
            self.inbox.failed(request);
        }
    }
}

/// Why no response came.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// Nobody listens there.
    #[error("no connection could be made: {0}")]
    Refused(String),
    /// The connection broke; with the library, also what came was not HTTP.
    #[error("{0}")]
    Broken(String),
    /// It took too long.
    #[error("no answer in time")]
    Timeout,
    /// What came is no response, or too much of one.
    #[error("the response cannot be used: {0}")]
    Malformed(#[from] Malformed),
    /// This client was closed before.
    #[error("the client is closed")]
    Closed,
}
