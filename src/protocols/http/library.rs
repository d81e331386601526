//! Requests through reqwest, the library that people use. Each caller has a client, and so a pool, of its own.

use std::cell::{Cell, RefCell};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::header::{CONNECTION, CONTENT_TYPE, ETAG, HeaderMap, HeaderValue, IF_NONE_MATCH};
use reqwest::{Client, Method, Request, StatusCode, Url};
use tower_layer::Layer;
use tower_service::Service;

use super::caller::{Ask, CallError, Pending, Reply};
use super::response::LARGEST_BODY;
use super::settings::Connection;
use crate::contender::inbox::Inbox;
use crate::contender::topic::Topic;
use crate::contender::{Fault, ServerAddress};

/// A reqwest client and its pool.
pub(super) struct Library {
    client: RefCell<Option<Client>>,
    base: Url,
    connection: Connection,
    opened: Opened,
    /// How many of the opened connections the inbox knows of.
    told: Cell<u64>,
    inbox: Rc<dyn Inbox>,
}

impl Library {
    /// A client for `server` that keeps at most `connections` idle connections.
    ///
    /// # Errors
    /// The address cannot be part of a URL, or reqwest cannot be set up.
    pub fn new(server: &ServerAddress, connections: usize, connection: Connection, inbox: Rc<dyn Inbox>) -> Result<Self, Fault> {
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
            .connector_layer(opened.clone())
            .build()
            .map_err(|error| Fault::connection(what(), explain(&error)))?;
        Ok(Self { client: RefCell::new(Some(client)), base, connection, opened, told: Cell::new(0), inbox })
    }

    /// The URL of a topic.
    pub fn url(&self, topic: Topic) -> Url {
        let mut url = self.base.clone();
        url.set_path(&format!("/topics/{topic}"));
        url
    }

    /// The URL of a path.
    ///
    /// # Errors
    /// There is none.
    pub fn join(&self, path: &str) -> Result<Url, String> {
        self.base.join(path).map_err(|error| error.to_string())
    }

    /// Sends a request and reads the whole response.
    ///
    /// # Errors
    /// No complete response came in time.
    pub async fn call(&self, url: Url, ask: Ask<'_>, asked: &mut Pending<'_>, timeout: Duration) -> Result<Reply, CallError> {
        let client = self.client.borrow().clone();
        let Some(client) = client else { return Err(CallError::Closed) };
        let mut request = self.request(url, ask);
        *request.timeout_mut() = Some(timeout);
        let outcome = exchange(&client, request).await;
        self.tell_connections();
        let reply = outcome.map(|(status, mut headers, body)| {
            // Copied: a slice would keep the whole read buffer alive.
            let tag = headers.remove(ETAG).and_then(|tag| HeaderValue::from_bytes(tag.as_bytes()).ok());
            asked.answered(status, tag, || headers, &body)
        });
        // A connection goes back to reqwest's pool in a task of its own: without a moment for it, the next
        // request would find the pool empty and open another.
        tokio::task::yield_now().await;
        reply
    }

    /// Sends a request and reads the head of the response.
    ///
    /// # Errors
    /// There is no connection, or it ended.
    pub async fn open(&self, url: Url, ask: Ask<'_>) -> Result<reqwest::Response, CallError> {
        let client = self.client.borrow().clone();
        let Some(client) = client else { return Err(CallError::Closed) };
        let outcome = client.execute(self.request(url, ask)).await;
        self.tell_connections();
        Ok(outcome?)
    }

    fn request(&self, url: Url, ask: Ask<'_>) -> Request {
        let mut request = match ask {
            Ask::Get { tag } => {
                let mut request = Request::new(Method::GET, url);
                if let Some(tag) = tag {
                    request.headers_mut().insert(IF_NONE_MATCH, tag.clone());
                }
                request
            }
            Ask::GetWith { tag, fields } => {
                let mut request = self.request(url, Ask::Get { tag });
                for (name, value) in fields {
                    if let Ok(value) = HeaderValue::from_str(value) {
                        request.headers_mut().insert(*name, value);
                    }
                }
                request
            }
            Ask::Post { body, kind } => {
                let mut request = Request::new(Method::POST, url);
                request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
                *request.body_mut() = Some(body.into());
                request
            }
            Ask::Delete => Request::new(Method::DELETE, url),
            Ask::Put { body } => {
                let mut request = Request::new(Method::PUT, url);
                *request.body_mut() = Some(body.into());
                request
            }
        };
        if self.connection == Connection::PerPoll {
            request.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        request
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
        if whole.len() + next.len() > LARGEST_BODY {
            return Err(super::response::Malformed::BodyTooLarge.into());
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
