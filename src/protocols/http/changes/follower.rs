//! The client half of contenders in which a shared resource names what has changed: fetches what it named and is wanted.
//!
//! One worker polls the shared resource; the others, as many as connections are left, fetch topics. With one connection the one worker does both in
//! turn. A topic whose GET fails stays on a list, and is fetched again after the next poll: what was named once is not forgotten.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::future::pending;
use std::hash::Hash;
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use futures::stream::{self, FuturesUnordered, StreamExt as _};
use hyper::StatusCode;
use hyper::header::{HeaderMap, HeaderValue};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::super::caller::{Ask, CallError, Caller, Carriage, Target};
use super::super::settings::Connection;
use crate::contender::inbox::{Content, Request};
use crate::contender::pacer::{Tick, Ticks};
use crate::contender::topic::Topic;
use crate::contender::{Fault, SubscriberSeat};

/// How long responses under way may take once the subscriber is to stop. The contract grants a second in all.
const GRACE: Duration = Duration::from_millis(700);

/// Topics by the mark that the shared resource names them by.
pub struct Follower<M> {
    seat: SubscriberSeat,
    caller: Caller,
    pages: Vec<Page>,
    places: HashMap<M, usize>,
    jobs: RefCell<VecDeque<Job>>,
    more: Notify,
    /// Topics that have changed, and whose GET failed.
    missed: RefCell<Vec<usize>>,
}

struct Page {
    target: Target,
    /// Of the last 200.
    tag: RefCell<Option<HeaderValue>>,
    /// Whether a job waits that will fetch whatever is there by then.
    queued: Cell<bool>,
}

struct Job {
    page: usize,
    chain: Rc<Chain>,
}

/// All that one poll of the shared resource led to.
pub struct Chain {
    before: Request,
    /// Whether the poll was counted as one that named something; else it was waste from the beginning.
    named: bool,
    left: Cell<usize>,
    news: Cell<bool>,
}

impl<M: Hash + Eq + fmt::Debug> Follower<M> {
    /// Fetches every topic once; `mark` finds in a head what the shared resource will name the topic by.
    ///
    /// # Errors
    /// A topic does not exist, has no mark or another's, or the server does not answer.
    pub async fn start(seat: SubscriberSeat, caller: Caller, field: &str, mark: impl Fn(&HeaderMap) -> Option<M>) -> Result<Self, Fault> {
        let mut topics = seat.topics.to_vec();
        topics.sort_unstable();
        topics.dedup();
        let targets: Vec<Target> = topics.into_iter().map(|topic| caller.target(topic)).collect();
        let (mut pages, mut places) = (Vec::with_capacity(targets.len()), HashMap::with_capacity(targets.len()));
        {
            let first = |target| first(&caller, target, field, &mark);
            let mut firsts = stream::iter(targets).map(first).buffer_unordered(seat.connections.get());
            while let Some(found) = firsts.next().await {
                let (page, mark) = found?;
                if let Some(other) = places.insert(mark, pages.len()) {
                    let what = format!("GET /topics/{}", page.target.topic());
                    let other: &Page = &pages[other];
                    return Err(Fault::protocol(what, format!("its {field} is that of {}", other.target.topic())));
                }
                pages.push(page);
            }
        }
        Ok(Self { seat, caller, pages, places, jobs: RefCell::default(), more: Notify::new(), missed: RefCell::default() })
    }

    /// The seat.
    pub fn seat(&self) -> &SubscriberSeat {
        &self.seat
    }

    /// Its connections.
    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    /// How many topics there are.
    pub fn count(&self) -> usize {
        self.pages.len()
    }

    /// The place of a topic by its mark; `None` where it is not wanted.
    pub fn place<Q>(&self, mark: &Q) -> Option<usize>
    where
        M: std::borrow::Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.places.get(mark).copied()
    }

    /// All marks, with their places.
    pub fn places(&self) -> impl Iterator<Item = (&M, usize)> {
        self.places.iter().map(|(mark, place)| (mark, *place))
    }

    /// Fetches the topics at these places, which the response to `before` has named, and those that were missed before.
    pub fn fetch(&self, before: Request, named: &[usize]) {
        let missed = std::mem::take(&mut *self.missed.borrow_mut());
        let wanted: Vec<usize> = named.iter().chain(&missed).copied().filter(|place| !self.pages[*place].queued.replace(true)).collect();
        if wanted.is_empty() {
            return;
        }
        let chain = Rc::new(Chain { before, named: !named.is_empty(), left: Cell::new(wanted.len()), news: Cell::new(false) });
        self.jobs.borrow_mut().extend(wanted.into_iter().map(|page| Job { page, chain: Rc::clone(&chain) }));
        self.more.notify_one();
    }

    /// Takes what is due to `poll`, and fetches what that asks for, until `stop`.
    ///
    /// # Errors
    /// The server is gone.
    pub async fn run(&self, ticks: &Ticks, stop: &CancellationToken, poll: impl AsyncFn(Tick) -> Result<(), CallError>) -> Result<(), Fault> {
        let out_of_grace = async {
            stop.cancelled().await;
            let until = self.seat.clock.now().after(GRACE);
            if crate::measure::clock::sleep_until(&*self.seat.clock, until).await.is_err() {
                // No descriptor for a timer: let the responses under way come in; each has its own timeout.
                pending::<()>().await;
            }
        };
        let finished = async {
            let mut fetching: FuturesUnordered<_> = (1..self.seat.connections.get()).map(|_| self.keep_fetching(stop)).collect();
            let polling = self.keep_polling(ticks, stop, poll);
            let fetching = async {
                while let Some(outcome) = fetching.next().await {
                    outcome?;
                }
                Ok::<_, Fault>(())
            };
            futures::future::try_join(polling, fetching).await?;
            stop.cancelled().await;
            Ok(())
        };
        tokio::select! {
            biased;
            outcome = finished => outcome,
            () = out_of_grace => Ok(()),
        }
    }

    async fn keep_polling(&self, ticks: &Ticks, stop: &CancellationToken, poll: impl AsyncFn(Tick) -> Result<(), CallError>) -> Result<(), Fault> {
        let mut stopped = pin!(stop.cancelled());
        loop {
            let tick = tokio::select! {
                biased;
                () = &mut stopped => return Ok(()),
                tick = ticks.next() => tick,
            };
            let Some(tick) = tick else { return Ok(()) };
            let polled = poll(tick).await;
            self.survive("the shared resource", polled, stop).await?;
            if self.seat.connections.get() == 1 {
                while let Some(job) = self.next_job().filter(|_| !stop.is_cancelled()) {
                    self.work(job, stop).await?;
                }
            }
        }
    }

    async fn keep_fetching(&self, stop: &CancellationToken) -> Result<(), Fault> {
        let mut stopped = pin!(stop.cancelled());
        loop {
            while let Some(job) = self.next_job().filter(|_| !stop.is_cancelled()) {
                // Several may be there for one notice.
                self.more.notify_one();
                self.work(job, stop).await?;
            }
            tokio::select! {
                biased;
                () = &mut stopped => return Ok(()),
                () = self.more.notified() => {}
            }
        }
    }

    fn next_job(&self) -> Option<Job> {
        self.jobs.borrow_mut().pop_front()
    }

    async fn work(&self, job: Job, stop: &CancellationToken) -> Result<(), Fault> {
        let page = &self.pages[job.page];
        // What changes from here on needs another GET.
        page.queued.set(false);
        let tag = page.tag.borrow().clone();
        let outcome = self.caller.call(&page.target, Ask::Get { tag: tag.as_ref() }, job.chain.before).await;
        let mut news = false;
        let outcome = match outcome {
            Ok(reply) if reply.status == StatusCode::OK => {
                news = reply.news;
                page.tag.replace(reply.tag);
                Ok(())
            }
            Ok(reply) if reply.status == StatusCode::NOT_MODIFIED => Ok(()),
            other => {
                self.missed.borrow_mut().push(job.page);
                other.map(|_| ())
            }
        };
        let chain = &job.chain;
        chain.news.set(chain.news.get() || news);
        chain.left.set(chain.left.get() - 1);
        if chain.left.get() == 0 && chain.named && !chain.news.get() {
            self.seat.inbox.in_vain();
        }
        self.survive(page.target.topic(), outcome, stop).await
    }

    /// A failure is counted and survived, unless the server is gone.
    async fn survive(&self, what: impl fmt::Display, outcome: Result<(), CallError>, stop: &CancellationToken) -> Result<(), Fault> {
        if let Err(error @ CallError::Refused(_)) = outcome
            && !stop.is_cancelled()
            && self.caller.is_gone().await
            && !stop.is_cancelled()
        {
            return Err(self.caller.fault(format_args!("GET of {what}"), error));
        }
        Ok(())
    }
}

/// Connections for a follower.
///
/// # Errors
/// The address cannot be part of a URL, or reqwest cannot be set up.
pub fn caller(seat: &SubscriberSeat, connection: Connection, carriage: &Carriage) -> Result<Caller, Fault> {
    let connections = seat.connections.get();
    Caller::new(carriage, &seat.server, connections, connection, seat.timeout, seat.inbox.clone(), seat.clock.clone())
}

async fn first<M>(caller: &Caller, target: Target, field: &str, mark: impl Fn(&HeaderMap) -> Option<M>) -> Result<(Page, M), Fault> {
    let topic: Topic = target.topic();
    let what = || format!("GET /topics/{topic}");
    let mut document = caller.fetch(&target, Ask::Get { tag: None }, None, None).await.map_err(|error| caller.fault(what(), error))?;
    if document.status != StatusCode::OK {
        document.brought(Content::Nothing);
        return Err(Fault::refused(what(), format!("{}, and 200 was wanted", document.status)));
    }
    let body = std::mem::take(&mut document.body);
    document.brought(Content::Payload(&body));
    let Some(mark) = mark(&document.fields) else {
        return Err(Fault::protocol(what(), format!("the answer has no {field} that could be used")));
    };
    let tag = document.tag.take();
    Ok((Page { target, tag: RefCell::new(tag), queued: Cell::new(false) }, mark))
}
