//! A subscriber that is called: it subscribes at the hub topic by topic, is asked back, and renews.

use std::cell::RefCell;
use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use async_trait::async_trait;
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use hyper::StatusCode;
use hyper::header::HeaderValue;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::callback::{self, Reception};
use super::form::{self, Mode, Wish};
use super::settings::Settings;
use crate::contender::inbox::Content;
use crate::contender::topic::Topic;
use crate::contender::{Fault, Subscriber, SubscriberSeat};
use crate::measure::clock::sleep_until;
use crate::protocols::http::caller::{Ask, CallError, Caller, Resource};
use crate::protocols::http::settings::Connection;

/// How long to go on unsubscribing once the subscriber is to stop, and how long what was begun may take. The contract grants a second in all.
const LEAVING: Duration = Duration::from_millis(300);
const GRACE: Duration = Duration::from_millis(700);

/// A subscriber with a listener of its own.
pub(super) struct Called {
    seat: SubscriberSeat,
    caller: Caller,
    hub: Resource,
    reception: Rc<Reception>,
    listening: JoinHandle<()>,
    callback: String,
    /// Scenario time.
    lease: Duration,
    /// Of what was fetched last, for conditional GETs.
    tags: RefCell<HashMap<Topic, HeaderValue>>,
}

impl Called {
    /// Subscribes to every topic, is asked back about each, and fetches its first value.
    ///
    /// # Errors
    /// A topic does not exist, or the hub does not answer.
    pub async fn start(seat: SubscriberSeat, settings: &Settings) -> Result<Self, Fault> {
        let connections = seat.connections.get();
        let caller = Caller::new(&settings.carriage, &seat.server, connections, Connection::KeepAlive, seat.timeout, seat.inbox.clone(), seat.clock.clone())?;
        let listening = |error| Fault::connection("listening for callbacks", error);
        let listener = callback::listen(&seat.server.socket).await.map_err(listening)?;
        let callback = format!("http://{}{}", listener.local_addr().map_err(listening)?, callback::PATH);
        // Nobody else can know it: the keys of this state are random.
        let secret = settings.signed.then(|| format!("{:016x}", RandomState::new().hash_one(seat.index)));
        let reception = Rc::new(Reception::new(seat.inbox.clone(), Rc::clone(&seat.topics), secret, settings.light));
        let hub = caller.resource("/hub")?;
        let listening = tokio::task::spawn_local(Rc::clone(&reception).serve(listener));
        let called = Self { seat, caller, hub, reception, listening, callback, lease: settings.lease, tags: RefCell::default() };
        called.begin().await?;
        Ok(called)
    }

    async fn begin(&self) -> Result<(), Fault> {
        let steps = stream::iter(self.seat.topics.iter()).map(|topic| async move {
            self.say(Mode::Subscribe, *topic).await?;
            self.fetch(*topic, false).await.map(|_| ())
        });
        steps.buffer_unordered(self.seat.connections.get()).try_for_each(async |()| Ok(())).await?;
        self.asked_back().await
    }

    /// Waits until the hub has asked back about all.
    async fn asked_back(&self) -> Result<(), Fault> {
        loop {
            let progress = self.reception.progress.notified();
            if let Some(denial) = self.reception.denial() {
                return Err(denial);
            }
            if self.reception.expected.borrow().is_empty() {
                return Ok(());
            }
            let waited = tokio::time::timeout(self.seat.timeout, progress).await;
            waited.map_err(|_| Fault::timeout("waiting for the hub to verify subscriptions", self.seat.timeout))?;
        }
    }

    /// Subscribes or unsubscribes.
    async fn say(&self, mode: Mode, topic: Topic) -> Result<(), Fault> {
        let what = || format!("POST /hub for {topic}");
        let url = self.url(topic);
        self.reception.expected.borrow_mut().insert((mode, url.clone()));
        let subscribing = mode == Mode::Subscribe;
        let secret = self.reception.secret.clone().filter(|_| subscribing);
        let wish = Wish { mode, topic: url, callback: self.callback.clone(), lease: subscribing.then(|| self.lease.as_secs().max(1)), secret };
        let ask = Ask::Post { body: wish.write().into(), kind: form::MEDIA_TYPE };
        let mut document = self.caller.fetch(&self.hub, ask, None, None).await.map_err(|error| self.caller.fault(what(), error))?;
        document.brought(Content::Nothing);
        if document.status == StatusCode::ACCEPTED { Ok(()) } else { Err(Fault::refused(what(), format!("{}, and 202 was wanted", document.status))) }
    }

    /// Gets a topic; says whether it was news.
    async fn fetch(&self, topic: Topic, again: bool) -> Result<bool, Fault> {
        let what = || format!("GET /topics/{topic}");
        let tag = self.tags.borrow().get(&topic).cloned().filter(|_| again);
        let target = self.caller.target(topic);
        let reply = self.caller.call(&target, Ask::Get { tag: tag.as_ref() }, None).await.map_err(|error| self.caller.fault(what(), error))?;
        match reply.status {
            StatusCode::OK => {
                if let (true, Some(tag)) = (self.reception.light, reply.tag) {
                    self.tags.borrow_mut().insert(topic, tag);
                }
                Ok(reply.news)
            }
            StatusCode::NOT_MODIFIED => Ok(false),
            status => Err(Fault::refused(what(), format!("{status}, and 200 was wanted"))),
        }
    }

    /// One of as many as there are connections: gets what light pings have told of.
    async fn follow(&self) {
        loop {
            let topic = self.reception.pinged().await;
            // What fails here brings nothing; whether the hub is there is seen by its connection.
            if !self.fetch(topic, true).await.unwrap_or(false) {
                self.seat.inbox.in_vain();
            }
            self.reception.fetched(topic);
        }
    }

    /// Subscribes again when half of the lease is over.
    async fn renew(&self) -> Result<(), Fault> {
        loop {
            let due = self.seat.clock.now().after(self.seat.pace.measured(self.lease / 2));
            sleep_until(&*self.seat.clock, due).await.map_err(|error| Fault::connection("waiting to renew subscriptions", error))?;
            let renewals = stream::iter(self.seat.topics.iter()).map(|topic| self.say(Mode::Subscribe, *topic));
            renewals.buffer_unordered(self.seat.connections.get()).try_for_each(async |()| Ok(())).await?;
        }
    }

    /// Returns when the hub is gone. One that only broke its connection is subscribed to anew.
    async fn watch(&self) -> Result<(), Fault> {
        loop {
            self.reception.ended.notified().await;
            if self.caller.is_gone().await {
                let error = CallError::Refused("its connection ended".to_owned());
                return Err(self.caller.fault("waiting for callbacks of the hub", error));
            }
            self.begin().await?;
        }
    }

    /// Unsubscribes, and answers the hub's question: were they asked all at once, the last of their questions would be cut off with the
    /// connection, counted by the hub alone.
    async fn part(&self, topic: Topic) -> Result<(), Fault> {
        self.say(Mode::Unsubscribe, topic).await?;
        let wanted = (Mode::Unsubscribe, self.url(topic));
        loop {
            let progress = self.reception.progress.notified();
            if !self.reception.expected.borrow().contains(&wanted) {
                return Ok(());
            }
            progress.await;
        }
    }

    fn url(&self, topic: Topic) -> String {
        format!("http://{}/topics/{topic}", self.seat.server.socket)
    }

    async fn leave(&self) {
        let until = self.seat.clock.now().after(LEAVING);
        let goodbyes = stream::iter(self.seat.topics.iter())
            .take_while(|_| std::future::ready(self.seat.clock.now() < until))
            .map(|topic| self.part(*topic))
            .buffer_unordered(self.seat.connections.get());
        goodbyes.for_each(async |_| {}).await;
        let _ = self.asked_back().await;
        // With the last subscription the hub ends its connections: then it has our last answer.
        self.reception.closed().await;
    }
}

#[async_trait(?Send)]
impl Subscriber for Called {
    async fn run(&mut self, stop: CancellationToken) -> Result<(), Fault> {
        let followers = if self.reception.light { self.seat.connections.get() } else { 0 };
        let mut following = pin!(stream::iter(0..followers).map(|_| self.follow()).buffer_unordered(followers.max(1)).for_each(async |()| {}));
        let outcome = {
            let mut renewing = pin!(self.renew());
            let mut watching = pin!(self.watch());
            let mut followed = followers == 0;
            loop {
                tokio::select! {
                    biased;
                    () = stop.cancelled() => break Ok(()),
                    outcome = &mut watching => break outcome,
                    outcome = &mut renewing => break outcome,
                    () = &mut following, if !followed => followed = true,
                }
                    denial = self.reception.denied() => break Err(denial),
            }
        };
        outcome?;
        let _ = tokio::time::timeout(GRACE, self.leave()).await;
        Ok(())
    }

    async fn close(&mut self) {
        self.caller.close().await;
        self.listening.abort();
    }
}

impl Drop for Called {
    fn drop(&mut self) {
        self.listening.abort();
    }
}
