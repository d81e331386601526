//! The client half: requests through reqwest, each counted in the inbox, every connection counted too.

use std::cell::{Cell, RefCell};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::header::{CONNECTION, HeaderMap, HeaderValue};
use reqwest::{Client, Request, StatusCode, Url};
use tower_layer::Layer;
use tower_service::Service;

use super::settings::Connection;
use crate::contender::inbox::Inbox;
use crate::contender::pacer::Tick;
use crate::contender::topic::Topic;
use crate::contender::{Fault, ServerAddress};
use crate::measure::clock::Clock;

/// A response larger than this is not one of a server of topics; it is given up, so that no peer can fill our memory.
const LARGEST_RESPONSE: usize = 64 << 20;
/// How often, and how far apart, a server that refuses connections is tried before it counts as gone: over within half a second.
const ATTEMPTS: u32 = 4;
const BETWEEN_ATTEMPTS: Duration = Duration::from_millis(150);

/// A response that is complete.
#[derive(Debug)]
pub struct Reply {
    /// Status code.
    pub status: StatusCode,
    /// Header fields.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// Whether its payload was news; false without one.
    pub news: bool,
}

/// One HTTP client: a pool of its own, counted in one inbox.
pub struct Caller {
    client: RefCell<Option<Client>>,
    base: Url,
    socket: String,
    connection: Connection,
    inbox: Rc<dyn Inbox>,
    clock: Rc<dyn Clock>,
    timeout: Duration,
    opened: Opened,
    /// How many of the opened connections the inbox knows of.
    told: Cell<u64>,
    trying: Cell<bool>,
}

impl Caller {
    /// A client for `server` that keeps at most `connections` idle connections.
    ///
    /// # Errors
    /// The address cannot be part of a URL, or reqwest cannot be set up.
    pub fn new(
        server: &ServerAddress,
        connections: usize,
        connection: Connection,
        timeout: Duration,
        inbox: Rc<dyn Inbox>,
        clock: Rc<dyn Clock>,
    ) -> Result<Self, Fault> {
        let what = || format!("making a client for {:?}", server.socket);
        let base = Url::parse(&format!("http://{}/topics/", server.socket)).map_err(|error| Fault::connection(what(), error))?;
        let opened = Opened::default();
        let idle = if connection == Connection::PerPoll { 0 } else { connections };
        let client = Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .tcp_nodelay(true)
            .pool_max_idle_per_host(idle)
            // Kept alive means kept alive, however rarely it is used.
            .pool_idle_timeout(None)
            .timeout(timeout)
            .connector_layer(opened.clone())
            .build()
            .map_err(|error| Fault::connection(what(), explain(&error)))?;
        let client = RefCell::new(Some(client));
        let (told, trying) = (Cell::new(0), Cell::new(false));
        Ok(Self { client, base, socket: server.socket.clone(), connection, inbox, clock, timeout, opened, told, trying })
    }

    /// The URL of a topic.
    pub fn url(&self, topic: Topic) -> Url {
        let mut url = self.base.clone();
        url.set_path(&format!("/topics/{}", topic.name()));
        url
    }

    /// Sends a request and reads the whole response; counts and stamps both. What a 200 carries is a payload.
    ///
    /// # Errors
    /// No complete response came in time; the inbox knows.
    pub async fn call(&self, mut request: Request, tick: Option<Tick>) -> Result<Reply, CallError> {
        if self.connection == Connection::PerPoll {
            request.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        let client = self.client.borrow().clone();
        let Some(client) = client else { return Err(CallError::Closed) };
        let asked = Pending { inbox: &*self.inbox, request: Some(self.inbox.request(tick)) };
        let outcome = exchange(&client, request).await;
        self.tell_connections();
        match outcome {
            Ok((status, headers, body)) => {
                let payload = (status == StatusCode::OK).then_some(&*body);
                let news = asked.answered(status.as_u16(), payload);
                Ok(Reply { status, headers, body, news })
            }
            Err(error) => Err(error),
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
            CallError::TooLarge => Fault::protocol(what, error),
            CallError::Refused(_) | CallError::Broken(_) | CallError::Closed => Fault::connection(what, error),
        }
    }

    /// Gives up all connections that are not in use; the others end with their responses.
    pub async fn close(&self) {
        drop(self.client.borrow_mut().take());
        // The connections are tasks of their own: this lets them see that nobody wants them any more.
        for _ in 0..3 {
            tokio::task::yield_now().await;
        }
        self.tell_connections();
    }

    fn tell_connections(&self) {
        let opened = self.opened.count.load(Ordering::Relaxed);
        for _ in self.told.replace(opened)..opened {
            self.inbox.connected();
        }
    }
}

/// A request that is counted as failed unless it is answered, even where its future is dropped half way.
struct Pending<'a> {
    inbox: &'a dyn Inbox,
    request: Option<crate::contender::inbox::Request>,
}

impl Pending<'_> {
    fn answered(mut self, status: u16, payload: Option<&[u8]>) -> bool {
        self.request.take().is_some_and(|request| self.inbox.response(request, status, payload))
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
    /// The connection broke, or what came was not HTTP.
    #[error("{0}")]
    Broken(String),
    /// It took too long.
    #[error("no answer in time")]
    Timeout,
    /// The response does not end.
    #[error("the response is larger than {LARGEST_RESPONSE} bytes")]
    TooLarge,
    /// This client was closed before.
    #[error("the client is closed")]
    Closed,
}

impl From<reqwest::Error> for CallError {
    fn from(error: reqwest::Error) -> Self {
        if error.is_timeout() {
            Self::Timeout
        } else if error.is_connect() {
            Self::Refused(explain(&error))
        } else {
            Self::Broken(explain(&error))
        }
    }
}

/// An error with its causes: reqwest's own words stop at "error sending request".
fn explain(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        words.push_str(": ");
        words.push_str(&error.to_string());
        cause = error.source();
    }
    words
}

async fn exchange(client: &Client, request: Request) -> Result<(StatusCode, HeaderMap, Bytes), CallError> {
    let mut response = client.execute(request).await?;
    let status = response.status();
    let headers = std::mem::take(response.headers_mut());
    let first = response.chunk().await?.unwrap_or_default();
    let Some(second) = response.chunk().await? else { return Ok((status, headers, first)) };
    let mut whole = BytesMut::from(&first[..]);
    whole.extend_from_slice(&second);
    while let Some(next) = response.chunk().await? {
        if whole.len() + next.len() > LARGEST_RESPONSE {
            return Err(CallError::TooLarge);
        }
        whole.extend_from_slice(&next);
    }
    Ok((status, headers, whole.freeze()))
}

/// Counts the connections that reqwest opens: a layer around its connector. Atomic because reqwest asks for `Send`.
#[derive(Clone, Debug, Default)]
struct Opened {
    count: Arc<AtomicU64>,
}

impl<S> Layer<S> for Opened {
    type Service = Counted<S>;

    fn layer(&self, connector: S) -> Counted<S> {
        Counted { connector, opened: self.clone() }
    }
}

#[derive(Clone)]
struct Counted<S> {
    connector: S,
    opened: Opened,
}

impl<S, R> Service<R> for Counted<S>
where
    S: Service<R>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.connector.poll_ready(context)
    }

    fn call(&mut self, request: R) -> Self::Future {
        let connecting = self.connector.call(request);
        let opened = self.opened.clone();
        Box::pin(async move {
            let connection = connecting.await?;
            opened.count.fetch_add(1, Ordering::Relaxed);
            Ok(connection)
        })
    }
}
