//! The client half: one caller per publisher or subscriber, with connections of its own, each request counted in the inbox.
//!
//! Which client carries the requests is a setting, and nobody's business but this file's: `library` is reqwest, `lean` is
//! ours. Both send the same bytes, and both end in the same `Pending`, which counts a request that is never answered too.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use hyper::StatusCode;
use hyper::header::HeaderValue;
use reqwest::Url;

use super::lean::{Buffers, Lean};
use super::library::Library;
use super::response::Malformed;
use super::settings::Connection;
use crate::contender::client::Client;
use crate::contender::inbox::{Inbox, Request};
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

/// What is asked.
#[derive(Debug)]
pub enum Ask<'a> {
    /// The present value; with a tag, only if it is another one.
    Get {
        /// The entity tag of what the caller has.
        tag: Option<&'a HeaderValue>,
    },
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
            Client::Library => Carrier::Library(Box::new(Library::new(server, connections, connection, timeout, Rc::clone(&inbox))?)),
            Client::Lean => Carrier::Lean(Lean::new(server, connection, timeout, Rc::clone(&inbox), Rc::clone(&carriage.buffers))),
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

    /// Sends a request and reads the whole response; counts and stamps both. What a 200 carries is a payload.
    ///
    /// # Errors
    /// No complete response came in time; the inbox knows.
    pub async fn call(&self, target: &Target, ask: Ask<'_>, tick: Option<Tick>) -> Result<Reply, CallError> {
        let asked = Pending { inbox: &*self.inbox, request: Some(self.inbox.request(tick)) };
        match &self.carrier {
            Carrier::Library(library) => {
                let url = target.url.as_deref().cloned().unwrap_or_else(|| library.url(target.topic));
                library.call(url, ask, asked).await
            }
            Carrier::Lean(lean) => lean.call(target.topic, ask, asked).await,
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
}

impl Pending<'_> {
    /// The response is complete; `body` is a payload where the status is 200, and words where it is a refusal.
    pub fn answered(&mut self, status: StatusCode, tag: Option<HeaderValue>, body: &[u8]) -> Reply {
        let payload = (status == StatusCode::OK).then_some(body);
        let news = self.request.take().is_some_and(|request| self.inbox.response(request, status.as_u16(), payload.into()));
        let refused = status.is_client_error() || status.is_server_error();
        // Four bytes are the most that a character has.
        let beginning = &body[..if refused { body.len().min(4 * LONGEST_WORDS) } else { 0 }];
        let words = String::from_utf8_lossy(beginning).trim().chars().take(LONGEST_WORDS).collect();
        Reply { status, tag: tag.filter(|tag| tag.len() <= LONGEST_TAG), words, news }
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
