//! The hub (WebSub §5 and §7): takes subscriptions, asks whether they are meant, and calls back when a topic changes.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::rc::Rc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use hyper::body::Incoming;
use hyper::header::{HOST, HeaderMap, HeaderValue, LINK};
use hyper::{Method, Request, StatusCode};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::address::{Callback, topic_of};
use super::courier::{Bag, Courier, Errand};
use super::form::{self, Denial, Mode, Question, Wish};
use super::settings::Settings;
use crate::contender::pace::Pace;
use crate::measure::clock::{Clock as _, Instant, RealClock};
use crate::protocols::http::extension::{Answer, Answered, Change, Extension, Service, Taken, Visit, not_allowed, words};

/// Largest request for a subscription, bytes.
const LARGEST_FORM: usize = 16 << 10;
/// What a subscription and a subscriber cost beside their names, bytes.
const SUBSCRIPTION: usize = 512;
const SUBSCRIBER: usize = 8 << 10;
/// How often subscriptions that are over are looked for.
const SWEEP: Duration = Duration::from_secs(5);
/// How long a hub that stops may take to tell its subscribers. An extension has half a second in all.
const FAREWELL: Duration = Duration::from_millis(300);

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

impl Subscription {
    /// The topic as the subscriber has named it.
    fn url(&self) -> &str {
        form::self_link(&self.links).unwrap_or_default()
    }
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
        let callback = Callback::read(&wish.callback).ok_or_else(|| bad("hub.callback must be a URL as http://127.0.0.1:8080/path"))?;
        if self.state.settings.own_address && !callback.is_at(visit.peer) {
            let why = "This hub calls no other address than the one that subscribes (callbacks = \"own-address\").\n";
            return Err(words(StatusCode::FORBIDDEN, why));
        }
        let topic = topic_of(&wish.topic).ok_or_else(|| bad("hub.topic must be the URL of a topic, as http://host/topics/name"))?;
        let Some((_, tag)) = visit.service.topic(topic) else {
            let why = format!("There is no topic {topic:?} yet. PUT /topics/NAME creates one.");
            if wish.mode == Mode::Subscribe {
                self.refuse(&callback, topic, &wish.topic, &why, visit.service);
            }
            return Err(words(StatusCode::NOT_FOUND, format!("{why}\n")));
        };
        let full = || words(StatusCode::INSUFFICIENT_STORAGE, "There is no room for another subscription here.\n");
        let links: Rc<str> = form::links(&format!("http://{host}/hub"), &wish.topic).into();
        let subscriber = self.subscriber(&callback, visit.service).ok_or_else(full)?;
        // The topic stands in the links, in the question, and by its name in the list of subscriptions.
        let names = links.len() + wish.topic.len() + topic.len() + wish.secret.as_ref().map_or(0, String::len);
        let Some(room) = visit.service.take(SUBSCRIPTION + names) else {
            self.state.dismiss(&subscriber);
            return Err(full());
        };
        let lease = wish.lease.unwrap_or_else(|| self.state.settings.lease.as_secs().max(1));
        self.asked.set(self.asked.get() + 1);
        let challenge = format!("{:016x}", self.keys.hash_one(self.asked.get()));
        let subscribing = wish.mode == Mode::Subscribe;
        let question = Question { mode: wish.mode, topic: wish.topic.clone(), challenge, lease: subscribing.then_some(lease) };
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

    /// Tells at the callback too that there will be no subscription (§5.2), where there is room for that.
    fn refuse(&self, callback: &Callback, topic: &str, url: &str, why: &str, service: &Service) {
        let Some(subscriber) = self.subscriber(callback, service) else { return };
        match service.take(SUBSCRIPTION + url.len() + why.len()) {
            Some(room) => self.state.deny(&subscriber, topic, url, why, Some(room)),
            None => self.state.dismiss(&subscriber),
        }
    }

    fn subscriber(&self, callback: &Callback, service: &Service) -> Option<Rc<Subscriber>> {
        if let Some(known) = self.state.subscribers.borrow().get(callback) {
            return Some(Rc::clone(known));
        }
        let settings = &self.state.settings;
        // Its address is kept with it, in the list of subscribers, and by each courier.
        let names = (2 + settings.connections) * (callback.authority.len() + callback.path.len());
        let room = service.take(SUBSCRIBER * settings.connections + names)?;
        let bags: Vec<Rc<Bag>> = (0..settings.connections).map(|_| Rc::new(Bag::new(settings.queue))).collect();
        let subscriber = Rc::new(Subscriber { callback: callback.clone(), bags, subscriptions: Cell::new(0), questions: Cell::new(0), _room: room });
        for bag in &subscriber.bags {
            let (state, called) = (Rc::downgrade(&self.state), Rc::downgrade(&subscriber));
            let gone = Rc::new(move || {
                if let (Some(state), Some(called)) = (state.upgrade(), called.upgrade()) {
                    state.forget(&called);
                }
            });
            let courier = Courier { callback: callback.clone(), bag: Rc::clone(bag), ledger: service.ledger().clone(), gone };
            let mut couriers = self.couriers.borrow_mut();
            while couriers.try_join_next().is_some() {}
            couriers.spawn_local(courier.run());
        }
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
        // One that was forgotten meanwhile has nobody who would call it.
        if meant && self.lists(subscriber) {
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

    /// Tells a subscriber that there is no such subscription, or not any more (§5.2). `topic` is its name, `url` what the subscriber calls it.
    fn deny(self: &Rc<Self>, subscriber: &Rc<Subscriber>, topic: &str, url: &str, why: &str, room: Option<Taken>) {
        let denial = Denial { topic: url.to_owned(), reason: Some(why.to_owned()) };
        let (state, denied) = (Rc::downgrade(self), Rc::clone(subscriber));
        let told = move || {
            // Held until here.
            let _ = &room;
            denied.questions.set(denied.questions.get() - 1);
            if let Some(state) = state.upgrade() {
                state.dismiss(&denied);
            }
        };
        subscriber.questions.set(subscriber.questions.get() + 1);
        subscriber.bag(topic).put(Errand::Deny(denial, Rc::new(told)));
    }

    /// Whoever has no subscription needs no courier.
    fn dismiss(&self, subscriber: &Rc<Subscriber>) {
        if subscriber.subscriptions.get() == 0 && subscriber.questions.get() == 0 {
            self.strike(subscriber);
            subscriber.bags.iter().for_each(|bag| bag.close());
        }
    }

    /// Whether it is on the list: another may have come with the same callback since it was not.
    fn lists(&self, subscriber: &Rc<Subscriber>) -> bool {
        self.subscribers.borrow().get(&subscriber.callback).is_some_and(|listed| Rc::ptr_eq(listed, subscriber))
    }

    /// Takes a subscriber off the list.
    fn strike(&self, subscriber: &Rc<Subscriber>) {
        if self.lists(subscriber) {
            self.subscribers.borrow_mut().remove(&subscriber.callback);
        }
    }

    /// A subscriber that says that it is gone (§7) has no subscriptions any more: all of them have its one address.
    fn forget(&self, gone: &Rc<Subscriber>) {
        self.strike(gone);
        gone.bags.iter().for_each(|bag| bag.give_up());
        drop(self.take_out(|subscription| Rc::ptr_eq(&subscription.subscriber, gone)));
    }

    /// Ends what is over.
    fn sweep(&self, now: Instant) {
        let ended = self.take_out(|subscription| subscription.until <= now);
        let subscribers: Vec<Rc<Subscriber>> = ended.iter().map(|(_, subscription)| Rc::clone(&subscription.subscriber)).collect();
        drop(ended);
        subscribers.iter().for_each(|subscriber| self.dismiss(subscriber));
    }

    /// Ends all; subscribers are told.
    fn end(self: &Rc<Self>) {
        let subscribers = std::mem::take(&mut *self.subscribers.borrow_mut());
        subscribers.values().flat_map(|subscriber| &subscriber.bags).for_each(|bag| bag.give_up());
        for (topic, subscription) in self.take_out(|_| true) {
            self.deny(&subscription.subscriber, &topic, subscription.url(), "The hub stops.", None);
        }
    }

    /// Takes subscriptions out, each with its topic's name.
    fn take_out(&self, is_over: impl Fn(&Subscription) -> bool) -> Vec<(Rc<str>, Subscription)> {
        let mut ended = Vec::new();
        self.subscriptions.borrow_mut().retain(|topic, of_topic| {
            ended.extend(of_topic.extract_if(.., |subscription| is_over(subscription)).map(|subscription| (Rc::clone(topic), subscription)));
            !of_topic.is_empty()
        });
        ended
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
                self.state.sweep(RealClock.now());
            }
        };
        tokio::select! { () = stop.cancelled() => {}, () = looking => {} }
        self.state.end();
        let mut couriers = std::mem::take(&mut *self.couriers.borrow_mut());
        let _ = tokio::time::timeout(FAREWELL, async { while couriers.join_next().await.is_some() {} }).await;
        couriers.shutdown().await;
    }
}
