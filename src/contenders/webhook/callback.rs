//! Where a subscriber is called: a listener of its own, which answers the hub's questions and takes its callbacks.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet, VecDeque};
use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue, LINK, X_CONTENT_TYPE_OPTIONS};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinSet;

use super::form::{self, Denial, Mode, Question};
use super::signature;
use crate::contender::Fault;
use crate::contender::counted::Counted;
use crate::contender::inbox::{Content, Inbox, Message};
use crate::contender::socket;
use crate::contender::topic::Topic;
use crate::measure::clock::{Clock, Instant};

/// The path of a callback.
pub(super) const PATH: &str = "/updates";
/// Largest callback that is read, bytes.
const LARGEST_BODY: usize = 64 << 20;
/// How much of a reason is kept, characters.
const LONGEST_REASON: usize = 200;
/// Connections that are served at once; more wait to be accepted. A hub holds a few.
const MOST_CONNECTIONS: usize = 64;

/// What the subscriber's halves share.
pub(super) struct Reception {
    pub inbox: Rc<dyn Inbox>,
    /// What we subscribe to.
    topics: Rc<[Topic]>,
    /// With which callbacks are signed.
    pub secret: Option<String>,
    /// Whether callbacks only say that there is something.
    pub light: bool,
    /// What we have asked for, and not been asked back about.
    pub expected: RefCell<HashSet<(Mode, String)>>,
    /// Something of it was answered.
    pub progress: Notify,
    clock: Rc<dyn Clock>,
    /// When the hub has asked about each subscription, which is when its lease began (§5.3); until somebody wants to know.
    verified: RefCell<Option<HashMap<Topic, Instant>>>,
    /// What the hub has denied first, and why.
    denial: RefCell<Option<Fault>>,
    denied: Notify,
    /// Topics that were said to have changed.
    pinged: RefCell<VecDeque<Topic>>,
    waiting: RefCell<HashSet<Topic>>,
    /// Those that are being fetched: two GETs of a topic could overtake each other.
    fetching: RefCell<HashSet<Topic>>,
    pings: Notify,
    /// A connection of the hub has ended.
    pub ended: Notify,
    /// How many there are.
    open: Cell<usize>,
}

impl Reception {
    /// Expects nothing yet.
    pub fn new(inbox: Rc<dyn Inbox>, clock: Rc<dyn Clock>, topics: Rc<[Topic]>, secret: Option<String>, light: bool) -> Self {
        Self {
            inbox,
            topics,
            secret,
            light,
            expected: RefCell::default(),
            progress: Notify::new(),
            clock,
            verified: RefCell::new(Some(HashMap::new())),
            denial: RefCell::default(),
            denied: Notify::new(),
            pinged: RefCell::default(),
            waiting: RefCell::default(),
            fetching: RefCell::default(),
            pings: Notify::new(),
            ended: Notify::new(),
            open: Cell::new(0),
        }
    }

    /// The next topic that is said to have changed; it comes again only after [`Self::fetched`]. Cancel-safe.
    pub async fn pinged(&self) -> Topic {
        loop {
            let news = self.pings.notified();
            let free = self.pinged.borrow().iter().position(|topic| !self.fetching.borrow().contains(topic));
            if let Some(topic) = free.and_then(|place| self.pinged.borrow_mut().remove(place)) {
                self.waiting.borrow_mut().remove(&topic);
                self.fetching.borrow_mut().insert(topic);
                return topic;
            }
            news.await;
        }
    }

    /// A topic was fetched, or cannot be.
    pub fn fetched(&self, topic: Topic) {
        self.fetching.borrow_mut().remove(&topic);
        self.pings.notify_one();
    }

    /// When the lease of each topic began that was verified so far. From now on nothing of it is kept.
    pub fn verified(&self) -> HashMap<Topic, Instant> {
        self.verified.take().unwrap_or_default()
    }

    /// What the hub has denied, if anything.
    pub fn denial(&self) -> Option<Fault> {
        self.denial.borrow().clone()
    }

    /// Returns when the hub has denied something.
    pub async fn denied(&self) -> Fault {
        loop {
            let denied = self.denied.notified();
            if let Some(denial) = self.denial() {
                return denial;
            }
            denied.await;
        }
    }

    /// Returns when the hub holds no connection any more.
    pub async fn closed(&self) {
        while self.open.get() > 0 {
            self.ended.notified().await;
        }
    }

    /// Serves the hub for as long as this is polled.
    pub async fn serve(self: Rc<Self>, listener: TcpListener) {
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                accepted = socket::accept(&listener), if connections.len() < MOST_CONNECTIONS => match accepted {
                    Ok(stream) => {
                        self.inbox.connected();
                        self.open.set(self.open.get() + 1);
                        connections.spawn_local(converse(Rc::clone(&self), stream));
                    }
                    Err(_) => return,
                },
                Some(_) = connections.join_next() => {
                    self.open.set(self.open.get() - 1);
                    self.ended.notify_one();
                }
            }
        }
    }

    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let kind = if request.method() == Method::POST { Message::Event } else { Message::Handshake };
        let answer = match (request.method(), request.uri().path()) {
            (&Method::GET, PATH) => self.asked(request.uri().query().unwrap_or_default()),
            (&Method::POST, PATH) => self.told(request).await,
            _ => {
                self.inbox.received(kind, kind == Message::Handshake, Content::Nothing);
                empty(StatusCode::NOT_FOUND)
            }
        };
        self.inbox.sent(kind, 0);
        answer
    }

    /// Do we mean it? Only if we have asked for it.
    fn asked(&self, query: &str) -> Response<Full<Bytes>> {
        self.inbox.received(Message::Handshake, true, Content::Nothing);
        if let Some(denial) = Denial::read(query) {
            return self.refused(denial);
        }
        let Some(Question { mode, topic, challenge, .. }) = Question::read(query) else { return empty(StatusCode::NOT_FOUND) };
        let known = topic_at(&topic);
        if !self.expected.borrow_mut().remove(&(mode, topic)) {
            return empty(StatusCode::NOT_FOUND);
        }
        if let (Mode::Subscribe, Some(topic), Some(verified)) = (mode, known, &mut *self.verified.borrow_mut()) {
            verified.insert(topic, self.clock.now());
        }
        self.progress.notify_waiters();
        let mut answer = Response::new(Full::new(challenge.into()));
        // Whoever asks says what stands there: no browser is to take it for a page.
        answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
        answer.headers_mut().insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        answer
    }

    /// There is no such subscription, or not any more (§5.2).
    fn refused(&self, Denial { topic: url, reason }: Denial) -> Response<Full<Bytes>> {
        let topic = topic_at(&url).filter(|topic| self.topics.contains(topic));
        let Some(topic) = topic else { return empty(StatusCode::NOT_FOUND) };
        let why: String = reason.iter().flat_map(|reason| reason.chars()).take(LONGEST_REASON).collect();
        let why = if why.is_empty() { "the hub gives no reason".to_owned() } else { format!("the hub says: {why}") };
        self.denial.borrow_mut().get_or_insert_with(|| Fault::refused(format!("the subscription to {topic}"), why));
        self.denied.notify_one();
        self.progress.notify_waiters();
        empty(StatusCode::NO_CONTENT)
    }

    async fn told(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let (head, body) = request.into_parts();
        let Ok(body) = Limited::new(body, LARGEST_BODY).collect().await else {
            self.inbox.received(Message::Event, false, Content::Nothing);
            return empty(StatusCode::BAD_REQUEST);
        };
        let body = body.to_bytes();
        let field = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let topic = form::self_link(field(LINK.as_str())).and_then(topic_at);
        let is_right = self.secret.as_ref().is_none_or(|secret| signature::is_right(secret.as_bytes(), &body, field(signature::FIELD)));
        match topic.filter(|_| is_right) {
            // Whoever signs wrongly is not told so, and not heard (§7.1.2).
            None => _ = self.inbox.received(Message::Event, false, Content::Nothing),
            Some(topic) if self.light => {
                self.inbox.received(Message::Event, false, Content::Pointer);
                if self.waiting.borrow_mut().insert(topic) {
                    self.pinged.borrow_mut().push_back(topic);
                    self.pings.notify_one();
                } else {
                    // The GET that has not begun brings this one's news as well.
                    self.inbox.in_vain();
                }
            }
            Some(_) => _ = self.inbox.received(Message::Event, false, Content::Payload(&body)),
        }
        empty(StatusCode::NO_CONTENT)
    }
}

/// The topic that a URL is of.
fn topic_at(url: &str) -> Option<Topic> {
    url.rsplit_once('/').and_then(|(_, name)| Topic::read(name))
}

fn empty(status: StatusCode) -> Response<Full<Bytes>> {
    let mut answer = Response::new(Full::default());
    *answer.status_mut() = status;
    answer
}

async fn converse(reception: Rc<Reception>, stream: TcpStream) {
    let stream = TokioIo::new(Counted::new(stream, Rc::clone(&reception.inbox)));
    let answering = Rc::clone(&reception);
    let service = service_fn(move |request| {
        let reception = Rc::clone(&answering);
        async move { Ok::<_, Infallible>(reception.answer(request).await) }
    });
    let _ = http1::Builder::new().header_read_timeout(None).serve_connection(stream, service).await;
}

/// A listener at the address from which `server` (`127.0.0.1:4711`) is reached, so that the hub calls where its subscriber is.
///
/// # Errors
/// There is no way to the server, or no port left.
pub(super) async fn listen(server: &str) -> io::Result<TcpListener> {
    let server = tokio::net::lookup_host(server).await?.next().ok_or_else(|| io::Error::other("the server's name has no address"))?;
    // A datagram socket that is connected has an address, and sends nothing.
    let here: IpAddr = if server.is_ipv4() { [0, 0, 0, 0].into() } else { [0_u16; 8].into() };
    let probe = tokio::net::UdpSocket::bind(SocketAddr::new(here, 0)).await?;
    probe.connect(server).await?;
    socket::listen(SocketAddr::new(probe.local_addr()?.ip(), 0))
}
