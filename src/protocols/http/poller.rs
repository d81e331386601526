//! A subscriber that asks: for each topic, whenever the pacer says so, over a handful of connections.

use std::cell::RefCell;
use std::future::pending;
use std::time::Duration;

use async_trait::async_trait;
use futures::stream::{self, FuturesUnordered, StreamExt as _, TryStreamExt as _};
use reqwest::header::{ETAG, HeaderValue, IF_NONE_MATCH};
use reqwest::{Method, Request, StatusCode, Url};
use tokio_util::sync::CancellationToken;

use super::caller::{CallError, Caller};
use super::settings::Connection;
use crate::contender::pacer::{Tick, Ticks};
use crate::contender::topic::Topic;
use crate::contender::{Fault, Subscriber, SubscriberSeat};

/// How long responses under way may take once the subscriber is to stop. The contract grants a second in all.
const GRACE: Duration = Duration::from_millis(700);

/// How a poller polls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Manner {
    /// Time between two polls of a topic, scenario time.
    pub interval: Duration,
    /// What becomes of a connection after a poll.
    pub connection: Connection,
    /// Whether it sends back the entity tag of what it has (If-None-Match), to be told "not modified".
    pub conditional: bool,
}

/// A topic as a poller sees it.
struct Page {
    topic: Topic,
    url: Url,
    /// Of the last response that had one. Copied out of it: a slice would keep the whole read buffer alive.
    tag: RefCell<Option<HeaderValue>>,
}

/// A subscriber that polls.
pub struct Poller {
    seat: SubscriberSeat,
    manner: Manner,
    caller: Caller,
    /// By topic.
    pages: Vec<Page>,
}

impl Poller {
    /// Fetches every topic once, so that no update from now on can pass by unseen.
    ///
    /// # Errors
    /// A topic does not exist, or the server does not answer.
    pub async fn start(seat: SubscriberSeat, manner: Manner) -> Result<Self, Fault> {
        let connections = seat.connections.get();
        let caller = Caller::new(&seat.server, connections, manner.connection, seat.timeout, seat.inbox.clone(), seat.clock.clone())?;
        let mut topics = seat.topics.to_vec();
        topics.sort_unstable();
        topics.dedup();
        let pages = topics.into_iter().map(|topic| Page { topic, url: caller.url(topic), tag: RefCell::default() }).collect();
        let poller = Self { seat, manner, caller, pages };
        stream::iter(&poller.pages).map(|page| poller.first(page)).buffer_unordered(connections).try_for_each(async |()| Ok(())).await?;
        Ok(poller)
    }

    async fn first(&self, page: &Page) -> Result<(), Fault> {
        let what = || format!("GET {}", page.url.path());
        match self.ask(page, None).await {
            Ok(StatusCode::OK) => Ok(()),
            Ok(status) => Err(Fault::refused(what(), format!("{status}, and 200 was wanted"))),
            Err(error) => Err(self.caller.fault(what(), error)),
        }
    }

    async fn ask(&self, page: &Page, tick: Option<Tick>) -> Result<StatusCode, CallError> {
        let mut request = Request::new(Method::GET, page.url.clone());
        if self.manner.conditional
            && let Some(tag) = &*page.tag.borrow()
        {
            request.headers_mut().insert(IF_NONE_MATCH, tag.clone());
        }
        let reply = self.caller.call(request, tick).await?;
        if self.manner.conditional && reply.status == StatusCode::OK {
            let tag = reply.headers.get(ETAG).and_then(|tag| HeaderValue::from_bytes(tag.as_bytes()).ok());
            page.tag.replace(tag);
        }
        Ok(reply.status)
    }

    /// One of as many workers as there are connections: takes what is due, until the plan is over or `stop` is set.
    async fn work(&self, ticks: &Ticks, stop: &CancellationToken) -> Result<(), Fault> {
        loop {
            let tick = tokio::select! {
                biased;
                () = stop.cancelled() => return Ok(()),
                tick = ticks.next() => tick,
            };
            let Some(tick) = tick else { return Ok(()) };
            let Some(page) = self.page(tick.key) else { continue };
            if let Err(error @ CallError::Refused(_)) = self.ask(page, Some(tick)).await
                && !stop.is_cancelled()
                && self.caller.is_gone().await
                && !stop.is_cancelled()
            {
                return Err(self.caller.fault(format_args!("GET {}", page.url.path()), error));
            }
            // A connection goes back to reqwest's pool in a task of its own: without a moment for it, the next
            // poll would find the pool empty and open another.
            tokio::task::yield_now().await;
        }
    }

    fn page(&self, key: u32) -> Option<&Page> {
        self.pages.binary_search_by_key(&Topic(key), |page| page.topic).ok().map(|index| &self.pages[index])
    }
}

#[async_trait(?Send)]
impl Subscriber for Poller {
    async fn run(&mut self, stop: CancellationToken) -> Result<(), Fault> {
        let keys: Vec<u32> = self.pages.iter().map(|page| page.topic).filter(|topic| *topic != Topic::PROBE).map(|topic| topic.0).collect();
        let ticks = self.seat.pacer.every(self.manner.interval, &keys, Topic::PROBE.0);
        drop(keys);
        let mut workers: FuturesUnordered<_> = (0..self.seat.connections.get()).map(|_| self.work(&ticks, &stop)).collect();
        let out_of_grace = async {
            stop.cancelled().await;
            let until = self.seat.clock.now().after(GRACE);
            if crate::measure::clock::sleep_until(&*self.seat.clock, until).await.is_err() {
                // No descriptor for a timer: let the responses under way come in; each has its own timeout.
                pending::<()>().await;
            }
        };
        let finished = async {
            while let Some(outcome) = workers.next().await {
                outcome?;
            }
            stop.cancelled().await;
            Ok(())
        };
        tokio::select! {
            biased;
            outcome = finished => outcome,
            () = out_of_grace => Ok(()),
        }
    }

    async fn close(&mut self) {
        self.caller.close().await;
    }
}
