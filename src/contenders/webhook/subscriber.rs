//! A subscriber that is called: it subscribes at the hub topic by topic, is asked back, and renews.

use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
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
use crate::measure::clock::Instant;
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
        let reception = Rc::new(Reception::new(seat.inbox.clone(), seat.clock.clone(), Rc::clone(&seat.topics), secret, settings.light));
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

    /// Subscribes again to each topic whenever half of a lease is over; see [`renewals`] for when first.
    async fn renew(&self) -> Result<(), Fault> {
        let timer = self.seat.clock.timer().map_err(|error| Fault::connection("waiting to renew subscriptions", error))?;
        // All have been verified before this runs.
        let (verified, now) = (self.reception.verified(), self.seat.clock.now());
        let leases = self.seat.topics.iter().map(|topic| (verified.get(topic).copied().unwrap_or(now), *topic));
        let dues = renewals(leases, self.seat.pace.measured(self.lease / 2), self.seat.index);
        let wishes = stream::unfold((timer, dues), |(mut timer, mut dues)| async move {
            let (due, topic) = dues.next()?;
            timer.until(due).await;
            Some((self.say(Mode::Subscribe, topic), (timer, dues)))
        });
        wishes.buffer_unordered(self.seat.connections.get()).try_for_each(async |()| Ok(())).await?;
        // Nothing to renew.
        std::future::pending().await
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
                    denial = self.reception.denied() => break Err(denial),
                    outcome = &mut watching => break outcome,
                    outcome = &mut renewing => break outcome,
                    () = &mut following, if !followed => followed = true,
                }
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

/// When which topic is to be renewed, without end, the next one first: each once in a `period`, which is half of its lease, counted from when its lease
/// began; at an instant of its own in the latter half of that period, so that thousands of leases that began together are not renewed together.
fn renewals(leases: impl Iterator<Item = (Instant, Topic)>, period: Duration, subscriber: u32) -> impl Iterator<Item = (Instant, Topic)> {
    let first = |((begin, topic), place): ((Instant, Topic), u32)| Reverse((begin.after(period.mul_f64(0.5 + 0.5 * turn(subscriber, place))), topic));
    let mut dues: BinaryHeap<Reverse<(Instant, Topic)>> = leases.zip(0..).map(first).collect();
    std::iter::from_fn(move || {
        let Reverse((due, topic)) = dues.pop()?;
        dues.push(Reverse((due.after(period), topic)));
        Some((due, topic))
    })
}

/// Where in a round a subscriber's topic has its turn, from 0 to 1: multiples of the golden ratio and of the square root of 2 are spread evenly, be it
/// over the topics of one subscriber or over the subscribers to one topic.
fn turn(subscriber: u32, place: u32) -> f64 {
    let turn = place.wrapping_mul(0x9E37_79B9).wrapping_add(subscriber.wrapping_mul(0x6A09_E667));
    f64::from(turn) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PERIOD: Duration = Duration::from_secs(1_000);

    fn of(leases: &[(Instant, Topic)], count: usize) -> Vec<(Instant, Topic)> {
        renewals(leases.iter().copied(), PERIOD, 5).take(count).collect()
    }

    #[test]
    fn each_lease_is_renewed_once_in_half_of_its_time() {
        let begin = Instant(7);
        let leases = [3, 1, 2].map(|topic| (begin, Topic(topic)));
        let first = of(&leases, 9);
        assert!(first.is_sorted_by_key(|(due, _)| *due), "{first:?}");
        for (place, (due, topic)) in first.iter().enumerate() {
            let round = (place / 3) as u32;
            let into = due.since(begin.after(PERIOD * round));
            assert!((PERIOD / 2..=PERIOD).contains(&into), "{topic} in round {round} after {into:?}");
            assert_eq!(*topic, first[place % 3].1, "the same order in each round");
            assert_eq!(*due, first[place % 3].0.after(PERIOD * round), "just a period apart");
        }
        assert_eq!(first[..3].iter().map(|(_, topic)| topic.0).collect::<std::collections::BTreeSet<_>>().len(), 3);
        assert_eq!(of(&leases, 9), first, "the same each time");
        assert_eq!(of(&[], 1), []);
    }

    /// Set-up may take as long as a lease: what is verified first is renewed first, and nothing waits for another's round.
    #[test]
    fn a_lease_counts_from_when_it_was_verified() {
        let begins = [0, 700, 1_400].map(|seconds| Instant(0).after(Duration::from_secs(seconds)));
        let leases: Vec<(Instant, Topic)> = begins.into_iter().zip([Topic(1), Topic(2), Topic(3)]).collect();
        let dues = of(&leases, 12);
        assert!(dues.is_sorted_by_key(|(due, _)| *due), "{dues:?}");
        for (begin, topic) in leases {
            let mut of_topic = dues.iter().filter(|(_, other)| *other == topic).map(|(due, _)| *due);
            let first = of_topic.next().unwrap();
            assert!((PERIOD / 2..=PERIOD).contains(&first.since(begin)), "{topic} after {:?}", first.since(begin));
            assert!(of_topic.eq((1..).map(|round| first.after(PERIOD * round)).take_while(|due| *due <= dues[11].0)), "{topic}: {dues:?}");
        }
    }

    /// Cut into a hundred parts, the time in which renewals fall has about as many of them in each.
    #[test]
    fn renewals_are_spread_over_topics_and_over_subscribers() {
        let cases: [(&str, Vec<(u32, u32)>); 3] = [
            ("topics of one subscriber", (0..10_000).map(|place| (0, place)).collect()),
            ("subscribers to one topic", (0..10_000).map(|subscriber| (subscriber, 0)).collect()),
            ("both", (0..10_000).map(|pair| (pair / 100, pair % 100)).collect()),
        ];
        for (which, pairs) in cases {
            let mut parts = [0_u32; 100];
            for (subscriber, place) in pairs {
                parts[((turn(subscriber, place) * 100.0) as usize).min(99)] += 1;
            }
            let (least, most) = (parts.iter().min().unwrap(), parts.iter().max().unwrap());
            assert!(*least >= 90 && *most <= 110, "{which}: from {least} to {most}");
        }
    }
}
