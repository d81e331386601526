//! One request to the connection manager and its response, over one of two connections.

use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{self, HeaderValue};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;

use crate::contender::counted::Counted;
use crate::contender::inbox::{self, Content, Inbox};
use crate::protocols::xmpp::client::lean::reader::LARGEST;

use super::PATH;

/// A connection that no request is on.
type Free = SendRequest<Full<Bytes>>;
/// How a request ends: status, body, and the connection for the next one; or why not.
type Done = Result<(u16, Bytes, Free), String>;
/// The largest response that is read: a few stanzas, each as large as one may be.
const LARGEST_RESPONSE: usize = 4 * LARGEST;

/// Where requests go.
pub struct Way {
    server: String,
    host: HeaderValue,
    inbox: Rc<dyn Inbox>,
    free: Vec<Free>,
}

/// A request under way.
pub struct Exchange {
    /// Bytes of updates in it.
    payload: usize,
    request: Option<inbox::Request>,
    inbox: Rc<dyn Inbox>,
    future: Pin<Box<dyn Future<Output = Done>>>,
    done: Option<Done>,
}

impl Way {
    /// To the server at `socket`; connections are opened as they are needed.
    ///
    /// # Errors
    /// It can be no host.
    pub fn new(socket: &str, inbox: Rc<dyn Inbox>) -> Result<Self, String> {
        let host = HeaderValue::from_str(socket).map_err(|error| error.to_string())?;
        Ok(Self { server: socket.to_owned(), host, inbox, free: Vec::new() })
    }

    /// Sends a body.
    pub fn send(&mut self, body: Vec<u8>, payload: usize) -> Exchange {
        let free = self.free.pop();
        let (server, inbox) = (self.server.clone(), Rc::clone(&self.inbox));
        let mut request = Request::new(Full::new(Bytes::from(body)));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = hyper::Uri::from_static(PATH);
        request.headers_mut().insert(header::HOST, self.host.clone());
        request.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/xml; charset=utf-8"));
        let future = async move {
            let mut connection = match free {
                Some(free) => free,
                None => connect(&server, &inbox).await?,
            };
            connection.ready().await.map_err(|error| words(&error))?;
            let response = connection.send_request(request).await.map_err(|error| words(&error))?;
            let status = response.status().as_u16();
            let body = Limited::new(response.into_body(), LARGEST_RESPONSE).collect().await.map_err(|error| error.to_string())?;
            Ok((status, body.to_bytes(), connection))
        };
        // A request that is held until there is news belongs to no instant of a plan.
        let request = Some(self.inbox.request(None));
        Exchange { payload, request, inbox: Rc::clone(&self.inbox), future: Box::pin(future), done: None }
    }

    /// Takes the response to an exchange that is done; its body's content is for `read`, which gives it to the inbox through what it is handed.
    ///
    /// # Errors
    /// There is none, or no good one.
    pub fn finish<T>(&mut self, mut exchange: Exchange, read: impl FnOnce(&[u8], &dyn Fn(Content<'_>) -> bool) -> Result<T, String>) -> Result<T, String> {
        let done = exchange.done.take().unwrap_or_else(|| Err("not done".to_owned()));
        // Without a response the exchange itself says so to the inbox.
        let (status, body, connection) = done?;
        let Some(request) = exchange.request.take() else { return Err("answered twice".to_owned()) };
        self.free.push(connection);
        if status != 200 {
            self.inbox.response(request, status, Content::Nothing);
            return Err(format!("status {status}"));
        }
        if exchange.payload > 0 {
            self.inbox.payload_sent(exchange.payload);
        }
        let counted = std::cell::Cell::new(false);
        let give = |content: Content<'_>| {
            counted.set(true);
            self.inbox.response(request, status, content)
        };
        let read = read(&body, &give);
        if !counted.get() {
            give(Content::Nothing);
        }
        read
    }
}

impl Exchange {
    /// Goes on with it; whether it is done.
    pub fn poll(&mut self, context: &mut Context<'_>) -> bool {
        if self.done.is_none()
            && let Poll::Ready(done) = self.future.as_mut().poll(context)
        {
            self.done = Some(done);
        }
        self.done.is_some()
    }

    /// Waits for it.
    pub async fn done(&mut self) {
        std::future::poll_fn(|context| if self.poll(context) { Poll::Ready(()) } else { Poll::Pending }).await;
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        if let Some(request) = self.request.take() {
            self.inbox.failed(request);
        }
    }
}

async fn connect(server: &str, inbox: &Rc<dyn Inbox>) -> Result<Free, String> {
    let socket = Counted::connect(server, inbox).await.map_err(|error| error.to_string())?;
    let (free, connection) = http1::handshake(TokioIo::new(socket)).await.map_err(|error| words(&error))?;
    // Ends with the other half.
    tokio::task::spawn_local(async move { drop(connection.await) });
    Ok(free)
}

/// hyper's own words and those of what it is about.
fn words(error: &hyper::Error) -> String {
    if error.is_incomplete_message() || error.is_canceled() || error.is_closed() {
        return "the server closed the connection".to_owned();
    }
    std::error::Error::source(error).map_or_else(|| error.to_string(), |source| format!("{error}: {source}"))
}
