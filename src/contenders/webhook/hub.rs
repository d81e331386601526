//! The hub (WebSub §5 to §8): takes subscriptions, asks whether they are meant, and calls back when a topic changes.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::net::{IpAddr, SocketAddr};
use std::rc::{Rc, Weak};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use hyper::body::Incoming;
use hyper::header::{HOST, HeaderMap, HeaderValue, LINK};
use hyper::{Method, Request, StatusCode, Uri};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::courier::{Bag, Callback, Courier, Errand};
use super::form::{self, Mode, Question, Wish};
use super::settings::Settings;
use crate::contender::pace::Pace;
use crate::measure::clock::{Clock as _, Instant, RealClock};
use crate::protocols::http::extension::{Answer, Answered, Change, Extension, Service, Taken, Visit, not_allowed, words};

/// Largest request for a subscription, bytes.
const LARGEST_FORM: usize = 16 << 10;
/// What a subscription and a subscriber cost, bytes.
const SUBSCRIPTION: usize = 512;
const SUBSCRIBER: usize = 8 << 10;
/// How often subscriptions that are over are looked for.
const SWEEP: Duration = Duration::from_secs(5);

/// The hub of a server of topics.
pub(super) struct Hub {
    state: Rc<State>,
    couriers: RefCell<JoinSet<()>>,
    keys: RandomState,
    asked: Cell<u64>,
}

struct State {
    settings: Settings,
    pace: Pace,
    subscriptions: RefCell<HashMap<Rc<str>, Vec<Subscription>>>,
    subscribers: RefCell<HashMap<Callback, Rc<Subscriber>>>,
}

/// Whom to call, and how its callbacks are carried.
struct Subscriber {
    callback: Callback,
    bags: Vec<Rc<Bag>>,
    subscriptions: Cell<usize>,
    /// Questions that it has not answered yet.
    questions: Cell<usize>,
    _room: Taken,
}

struct Subscription {
    subscriber: Rc<Subscriber>,
    secret: Option<Rc<str>>,
    links: Rc<str>,
    until: Instant,
    _room: Taken,
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.subscriber.subscriptions.set(self.subscriber.subscriptions.get() - 1);
    }
}

impl Subscriber {
    /// The errands of a topic have one courier, so that they do not overtake each other.
    fn bag(&self, topic: &str) -> &Bag {
        let hash = topic.bytes().fold(0_usize, |hash, byte| hash.wrapping_mul(31).wrapping_add(byte.into()));
        &self.bags[hash % self.bags.len()]
    }
}

impl Hub {
    /// Without subscriptions.
    pub fn new(settings: Settings, pace: Pace) -> Self {
        let state = State { settings, pace, subscriptions: RefCell::default(), subscribers: RefCell::default() };
        Self { state: Rc::new(state), couriers: RefCell::default(), keys: RandomState::new(), asked: Cell::new(0) }
    }

    async fn take(&self, request: Request<Incoming>, visit: &Visit<'_>) -> Result<Answer, Answer> {
        let bad = |why: &str| words(StatusCode::BAD_REQUEST, format!("{why}.\n"));
        let host = request.headers().get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default().to_owned();
        let form = visit.read(request.into_body(), LARGEST_FORM).await?;
        let wish = Wish::read(&form).map_err(bad)?;
        let callback = callback(&wish.callback).ok_or_else(|| bad("hub.callback must be a URL as http://127.0.0.1:8080/path"))?;
        if self.state.settings.own_address && !is_at(&callback.authority, visit.peer) {
            let why = "This hub calls no other address than the one that subscribes (callbacks = \"own-address\").\n";
            return Err(words(StatusCode::FORBIDDEN, why));
        }
        let topic = topic_of(&wish.topic).ok_or_else(|| bad("hub.topic must be the URL of a topic, as http://host/topics/name"))?;
        let Some((_, tag)) = visit.service.topic(topic) else {
            return Err(words(StatusCode::NOT_FOUND, format!("There is no topic {topic:?} yet. PUT /topics/NAME creates one.\n")));
        };
        let full = || words(StatusCode::INSUFFICIENT_STORAGE, "There is no room for another subscription here.\n");
        let subscriber = self.subscriber(&callback, visit.service).ok_or_else(full)?;
        let room = visit.service.take(SUBSCRIPTION).ok_or_else(full)?;
        let lease = wish.lease.unwrap_or_else(|| self.state.settings.lease.as_secs().max(1));
        self.asked.set(self.asked.get() + 1);
        let challenge = format!("{:016x}", self.keys.hash_one(self.asked.get()));
        let subscribing = wish.mode == Mode::Subscribe;
        let question = Question { mode: wish.mode, topic: wish.topic.clone(), challenge, lease: subscribing.then_some(lease) };
        let links = Rc::from(form::links(&format!("http://{host}/hub"), &wish.topic));
        let intent = Intent { topic: topic.into(), tag, lease, room: Cell::new(Some(room)), secret: wish.secret.map(Rc::from), links, subscribing };
        let (state, service, asked) = (Rc::downgrade(&self.state), visit.service.clone(), Rc::clone(&subscriber));
        let answered = move |meant| {
            if let Some(state) = state.upgrade() {
                state.answered(&service, &asked, &intent, meant);
            }
        };
        subscriber.questions.set(subscriber.questions.get() + 1);
        subscriber.bag(topic).put(Errand::Ask(question, Rc::new(answered)));
        Ok(words(StatusCode::ACCEPTED, ""))
    }

    fn subscriber(&self, callback: &Callback, service: &Service) -> Option<Rc<Subscriber>> {
        if let Some(known) = self.state.subscribers.borrow().get(callback) {
            return Some(Rc::clone(known));
        }
        let settings = &self.state.settings;
        let room = service.take(SUBSCRIBER * settings.connections)?;
        let bags: Vec<Rc<Bag>> = (0..settings.connections).map(|_| Rc::new(Bag::new(settings.queue))).collect();
        for bag in &bags {
            let (state, gone) = (Rc::downgrade(&self.state), callback.clone());
            let lost = Rc::new(move || {
                if let Some(state) = Weak::upgrade(&state) {
                    state.forget(&gone);
                }
            });
            let courier = Courier { callback: callback.clone(), bag: Rc::clone(bag), ledger: service.ledger().clone(), lost };
            let mut couriers = self.couriers.borrow_mut();
            while couriers.try_join_next().is_some() {}
            couriers.spawn_local(courier.run());
        }
        let subscriber = Rc::new(Subscriber { callback: callback.clone(), bags, subscriptions: Cell::new(0), questions: Cell::new(0), _room: room });
        self.state.subscribers.borrow_mut().insert(callback.clone(), Rc::clone(&subscriber));
        Some(subscriber)
    }
}

/// What a subscriber says it means.
struct Intent {
    topic: Rc<str>,
    /// What the topic was when the request came.
    tag: HeaderValue,
    lease: u64,
    room: Cell<Option<Taken>>,
    secret: Option<Rc<str>>,
    links: Rc<str>,
    subscribing: bool,
}

impl State {
    /// The subscriber has been asked.
    fn answered(&self, service: &Service, subscriber: &Rc<Subscriber>, intent: &Intent, meant: bool) {
        let room = intent.room.take();
        subscriber.questions.set(subscriber.questions.get() - 1);
        if meant {
            let mut subscriptions = self.subscriptions.borrow_mut();
            let of_topic = subscriptions.entry(Rc::clone(&intent.topic)).or_default();
            let before = of_topic.iter().position(|other| Rc::ptr_eq(&other.subscriber, subscriber));
            let renewed = before.is_some();
            if let Some(place) = before {
                of_topic.swap_remove(place);
            }
            if let (true, Some(room)) = (intent.subscribing, room) {
                subscriber.subscriptions.set(subscriber.subscriptions.get() + 1);
                let until = RealClock.now().after(self.pace.measured(Duration::from_secs(intent.lease.min(u64::from(u32::MAX)))));
                let new =
                    Subscription { subscriber: Rc::clone(subscriber), secret: intent.secret.clone(), links: Rc::clone(&intent.links), until, _room: room };
                // What has changed since the request came is not to be missed.
                if let Some((payload, tag)) = service.topic(&intent.topic)
                    && !renewed
                    && tag != intent.tag
                {
                    self.tell(&new, &intent.topic, &payload);
                }
                of_topic.push(new);
            }
            if of_topic.is_empty() {
                subscriptions.remove(&intent.topic);
            }
        }
        self.dismiss(subscriber);
    }

    fn tell(&self, subscription: &Subscription, topic: &str, payload: &Bytes) {
        let body = if self.settings.light { Bytes::new() } else { payload.clone() };
        let secret = subscription.secret.clone();
        let errand = Errand::Tell { links: Rc::clone(&subscription.links), payload: body.len(), body, secret };
        subscription.subscriber.bag(topic).put(errand);
    }

    /// Whoever has no subscription needs no courier.
    fn dismiss(&self, subscriber: &Subscriber) {
        if subscriber.subscriptions.get() == 0 && subscriber.questions.get() == 0 {
            self.subscribers.borrow_mut().remove(&subscriber.callback);
            subscriber.bags.iter().for_each(|bag| bag.close());
        }
    }

    /// A subscriber that does not answer has no subscriptions any more.
    fn forget(&self, callback: &Callback) {
        self.keep(|subscription| subscription.subscriber.callback != *callback);
        let gone = self.subscribers.borrow().get(callback).cloned();
        if let Some(gone) = gone {
            self.subscribers.borrow_mut().remove(callback);
            gone.bags.iter().for_each(|bag| bag.give_up());
        }
    }

    fn keep(&self, stays: impl Fn(&Subscription) -> bool) {
        let mut ended = Vec::new();
        self.subscriptions.borrow_mut().retain(|_, of_topic| {
            ended.extend(of_topic.extract_if(.., |subscription| !stays(subscription)));
            !of_topic.is_empty()
        });
        let subscribers: Vec<Rc<Subscriber>> = ended.iter().map(|subscription| Rc::clone(&subscription.subscriber)).collect();
        drop(ended);
        subscribers.iter().for_each(|subscriber| self.dismiss(subscriber));
    }
}

#[async_trait(?Send)]
impl Extension for Hub {
    fn changed(&self, change: &Change<'_>) {
        let subscriptions = self.state.subscriptions.borrow();
        let Some(of_topic) = subscriptions.get(change.name) else { return };
        let now = RealClock.now();
        for subscription in of_topic.iter().filter(|subscription| subscription.until > now) {
            self.state.tell(subscription, change.name, change.payload);
        }
    }

    async fn answer(&self, request: Request<Incoming>, visit: &Visit<'_>) -> Result<Answered, Request<Incoming>> {
        if request.uri().path() != "/hub" {
            return Err(request);
        }
        Ok(match *request.method() {
            Method::POST => self.take(request, visit).await.unwrap_or_else(|refusal| refusal),
            _ => not_allowed(request.method(), "POST"),
        }
        .into())
    }

    /// Whoever reads a topic learns where its hub is (§4).
    fn decorate(&self, topic: &str, headers: &mut HeaderMap) {
        if let Ok(links) = HeaderValue::try_from(form::links("/hub", &format!("/topics/{topic}"))) {
            headers.insert(LINK, links);
        }
    }

    async fn run(&self, _service: Service, stop: CancellationToken) {
        let looking = async {
            loop {
                tokio::time::sleep(SWEEP).await;
                let now = RealClock.now();
                self.state.keep(|subscription| subscription.until > now);
            }
        };
        tokio::select! { () = stop.cancelled() => {}, () = looking => {} }
        let mut couriers = std::mem::take(&mut *self.couriers.borrow_mut());
        couriers.shutdown().await;
    }
}

/// Host, port and path of a callback's URL.
fn callback(url: &str) -> Option<Callback> {
    let uri: Uri = url.parse().ok()?;
    let authority = uri.authority()?;
    let is_plain = uri.scheme_str() == Some("http") && !authority.as_str().contains('@');
    let authority = if authority.port().is_some() { authority.to_string() } else { format!("{authority}:80") };
    is_plain.then(|| Callback { authority, path: uri.path_and_query().map_or("/", |path| path.as_str()).to_owned() })
}

/// Whether a host is the address that a request has come from.
fn is_at(authority: &str, peer: Option<SocketAddr>) -> bool {
    let host: Option<SocketAddr> = authority.parse().ok();
    let address = |socket: SocketAddr| -> IpAddr { socket.ip().to_canonical() };
    host.zip(peer).is_some_and(|(host, peer)| address(host) == address(peer))
}

/// The topic that a URL, or a path, is of.
fn topic_of(url: &str) -> Option<&str> {
    let path = match url.strip_prefix("http://") {
        Some(rest) => rest.find('/').map(|slash| &rest[slash..])?,
        None => url,
    };
    path.strip_prefix("/topics/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_the_hub_may_call() {
        let peer = "127.0.0.1:4711".parse().ok();
        for (url, authority, path, own) in [
            ("http://127.0.0.1:8080/a?b=c", "127.0.0.1:8080", "/a?b=c", true),
            ("http://127.0.0.1", "127.0.0.1:80", "/", true),
            ("http://[::ffff:127.0.0.1]:1/", "[::ffff:127.0.0.1]:1", "/", true),
            ("http://127.0.0.2:8080/", "127.0.0.2:8080", "/", false),
            ("http://localhost:8080/", "localhost:8080", "/", false),
            ("http://169.254.169.254/", "169.254.169.254:80", "/", false),
            ("http://[::1]:8080/", "[::1]:8080", "/", false),
        ] {
            let callback = callback(url).unwrap();
            assert_eq!((callback.authority.as_str(), callback.path.as_str()), (authority, path));
            assert_eq!(is_at(authority, peer), own, "{url}");
        }
        for bad in ["", "/", "127.0.0.1:1/", "https://127.0.0.1/", "ftp://127.0.0.1/", "http://user@127.0.0.1/", "http:///", "http://a b/"] {
            assert_eq!(callback(bad), None, "{bad}");
        }
        assert!(!is_at("127.0.0.1:80", None));
    }

    #[test]
    fn topics_by_url_and_by_path() {
        assert_eq!(topic_of("http://h:1/topics/a"), Some("a"));
        assert_eq!(topic_of("/topics/a"), Some("a"));
        for bad in ["", "http://h", "http://h/a", "https://h/topics/a", "topics/a"] {
            assert_eq!(topic_of(bad), None, "{bad}");
        }
    }
}
