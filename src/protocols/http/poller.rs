//! A subscriber that asks: for each topic, whenever its rhythm and the pacer say so, over a handful of connections.

use std::cell::{Cell, RefCell};
use std::future::pending;
use std::num::NonZeroUsize;
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use async_trait::async_trait;
use futures::future::OptionFuture;
use futures::stream::{self, FuturesUnordered, StreamExt as _, TryStreamExt as _};
use hyper::StatusCode;
use hyper::header::HeaderValue;
use tokio_util::sync::CancellationToken;

use super::caller::{Ask, CallError, Caller, Carriage, Target};
use super::rhythm::Rhythm;
use super::settings::Connection;
use crate::contender::pacer::{Tick, Ticks};
use crate::contender::topic::Topic;
use crate::contender::{Fault, Subscriber, SubscriberSeat};

/// How long responses under way may take once the subscriber is to stop. The contract grants a second in all.
const GRACE: Duration = Duration::from_millis(700);

/// How a poller polls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Manner {
    /// What becomes of a connection after a poll.
    pub connection: Connection,
    /// Whether it sends back the entity tag of what it has (If-None-Match), to be told "not modified".
    pub conditional: bool,
}

/// A topic as a poller sees it.
struct Page {
    target: Target,
    /// Of the last 200.
    tag: RefCell<Option<HeaderValue>>,
    /// Until it is asked for again, where that depends on the topic.
    wait: Cell<Duration>,
}

/// A subscriber that polls.
pub struct Poller {
    seat: SubscriberSeat,
    manner: Manner,
    rhythm: Rc<dyn Rhythm>,
    caller: Caller,
    /// By topic.
    pages: Vec<Page>,
}

impl Poller {
    /// Fetches every topic once, so that no update from now on can pass by unseen.
    ///
    /// # Errors
    /// A topic does not exist, or the server does not answer.
    pub async fn start(seat: SubscriberSeat, manner: Manner, rhythm: Rc<dyn Rhythm>, carriage: &Carriage) -> Result<Self, Fault> {
        let connections = seat.connections.get();
        let caller = Caller::new(carriage, &seat.server, connections, manner.connection, seat.timeout, seat.inbox.clone(), seat.clock.clone())?;
        let mut topics = seat.topics.to_vec();
        topics.sort_unstable();
        topics.dedup();
        let pages = topics.into_iter().map(|topic| Page { target: caller.target(topic), tag: RefCell::default(), wait: Cell::new(rhythm.first()) }).collect();
        let poller = Self { seat, manner, rhythm, caller, pages };
        stream::iter(&poller.pages).map(|page| poller.first(page)).buffer_unordered(connections).try_for_each(async |()| Ok(())).await?;
        Ok(poller)
    }

    async fn first(&self, page: &Page) -> Result<(), Fault> {
        let what = || format!("GET /topics/{}", page.target.topic());
        match self.ask(page, None).await {
            Ok(StatusCode::OK) => Ok(()),
            Ok(status) => Err(Fault::refused(what(), format!("{status}, and 200 was wanted"))),
            Err(error) => Err(self.caller.fault(what(), error)),
        }
    }

    async fn ask(&self, page: &Page, tick: Option<Tick>) -> Result<StatusCode, CallError> {
        let tag = if self.manner.conditional { page.tag.borrow().clone() } else { None };
        let reply = self.caller.call(&page.target, Ask::Get { tag: tag.as_ref() }, tick).await?;
        if self.manner.conditional && reply.status == StatusCode::OK {
            page.tag.replace(reply.tag);
        }
        Ok(reply.status)
    }

    /// One of as many workers as there are connections: takes what is due, until the plan is over or `stop` is set.
    async fn work(&self, ticks: &Ticks, stop: &CancellationToken) -> Result<(), Fault> {
        // Once, not for each tick: it has a place in a list.
        let mut stopped = pin!(stop.cancelled());
        loop {
            let tick = tokio::select! {
                biased;
                () = &mut stopped => return Ok(()),
                tick = ticks.next() => tick,
            };
            let Some(tick) = tick else { return Ok(()) };
            let Some(page) = self.page(tick.key) else { continue };
            let answer = self.ask(page, Some(tick)).await;
            let found =
                answer.as_ref().ok().filter(|status| matches!(**status, StatusCode::OK | StatusCode::NOT_MODIFIED)).map(|status| *status == StatusCode::OK);
            self.rhythm.again(ticks, tick, &page.wait, found);
            if let Err(error @ CallError::Refused(_)) = answer
                && !stop.is_cancelled()
                && self.caller.is_gone().await
                && !stop.is_cancelled()
            {
                return Err(self.caller.fault(format_args!("GET /topics/{}", page.target.topic()), error));
            }
        }
    }

    fn page(&self, key: u32) -> Option<&Page> {
        self.pages.binary_search_by_key(&Topic(key), |page| page.target.topic()).ok().map(|index| &self.pages[index])
    }
}

#[async_trait(?Send)]
impl Subscriber for Poller {
    async fn run(&mut self, stop: CancellationToken) -> Result<(), Fault> {
        let keys: Vec<u32> = self.pages.iter().map(|page| page.target.topic()).filter(|topic| *topic != Topic::PROBE).map(|topic| topic.0).collect();
        let ticks = self.rhythm.plan(&*self.seat.pacer, &keys, Topic::PROBE.0);
        drop(keys);
        let mut one = OptionFuture::default();
        let mut workers = FuturesUnordered::new();
        // One needs no set to be kept in, and ten thousand pollers have one each.
        if self.seat.connections == NonZeroUsize::MIN {
            one = Some(self.work(&ticks, &stop)).into();
        } else {
            workers.extend((0..self.seat.connections.get()).map(|_| self.work(&ticks, &stop)));
        }
        let out_of_grace = async {
            stop.cancelled().await;
            let until = self.seat.clock.now().after(GRACE);
            if crate::measure::clock::sleep_until(&*self.seat.clock, until).await.is_err() {
                // No descriptor for a timer: let the responses under way come in; each has its own timeout.
                pending::<()>().await;
            }
        };
        let finished = async {
            one.await.unwrap_or(Ok(()))?;
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
