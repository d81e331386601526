//! The client half that listens.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::time::Duration;

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use crate::contender::topic::Topic;
use crate::contender::{Fault, Subscriber};

use super::link::{Answer, Caller, Link, Request};
use super::settings::ALL_TOPICS;

/// Listens on one stream.
pub struct PubSubSubscriber<L> {
    link: L,
    /// Requests so far.
    asked: u64,
    window: usize,
    timeout: Duration,
}

impl<L: Link> PubSubSubscriber<L> {
    /// Connects, logs in and subscribes. The last item of each node may come before or after this returns.
    ///
    /// # Errors
    /// As for any login; or a subscription was refused, or none was answered for as long as the caller's timeout.
    pub async fn connect(caller: Caller<'_>, topics: &[Topic]) -> Result<Self, Fault> {
        let (window, timeout) = (caller.settings.window, caller.timeout);
        let (collection, last_item) = (caller.settings.collection, caller.settings.last_item);
        let mut subscriber = Self { link: L::connect(caller).await?, asked: 0, window, timeout };
        let all = collection && subscriber.wants_all(topics).await?;
        if all {
            subscriber.ask("subscribing to", [Request::Subscribe(ALL_TOPICS.to_owned())].into_iter()).await?;
        } else {
            subscriber.ask("subscribing to", topics.iter().map(|topic| Request::Subscribe(topic.name()))).await?;
        }
        // A collection has no item of its own that could be sent to who subscribes to it.
        if all || !last_item {
            subscriber.ask("fetching the last item of", topics.iter().map(|topic| Request::Last(*topic))).await?;
        }
        Ok(subscriber)
    }

    /// Whether there are no other topics than these, which exist.
    async fn wants_all(&mut self, topics: &[Topic]) -> Result<bool, Fault> {
        let count = self.ask("counting the topics of", [Request::Count(ALL_TOPICS)].into_iter()).await?;
        Ok(count == Some(topics.len() as u64))
    }

    /// Asks all of it, `window` requests at once, until all are answered; the last number among the answers.
    async fn ask(&mut self, doing: &str, mut requests: impl ExactSizeIterator<Item = Request>) -> Result<Option<u64>, Fault> {
        let (all, first, mut asked) = (requests.len(), self.asked, 0);
        let (answered, count, refused) = (Cell::new(0), Cell::new(None), RefCell::new(None));
        // Answers to what was never asked must not stand for those that are missing. Each with the name that it is about.
        let waiting: RefCell<HashMap<u64, String>> = RefCell::default();
        let take = |answer: Answer| {
            let Some(node) = answer.id.and_then(|id| waiting.borrow_mut().remove(&id)) else { return };
            answered.set(answered.get() + 1);
            count.set(answer.count.or(count.get()));
            if let Some(condition) = answer.refusal {
                refused.borrow_mut().get_or_insert_with(|| Fault::refused(format!("{doing} {node}"), condition));
            }
        };
        while answered.get() < all {
            while asked - answered.get() < self.window
                && let Some(request) = requests.next()
            {
                let id = first + asked as u64;
                waiting.borrow_mut().insert(id, request.node());
                self.link.push(id, request);
                asked += 1;
            }
            // Whatever else comes in meanwhile is no progress: a server that only pings must not keep us waiting for ever.
            let before = answered.get();
            let progress = async {
                while answered.get() == before {
                    self.link.exchange(take).await?;
                }
                Ok::<(), Fault>(())
            };
            let what = || format!("{doing} {all} topics ({before} done)");
            tokio::time::timeout(self.timeout, progress).await.map_err(|_| Fault::timeout(what(), self.timeout))??;
            if let Some(fault) = refused.take() {
                return Err(fault);
            }
        }
        self.asked = first + all as u64;
        Ok(count.get())
    }
}

#[async_trait(?Send)]
impl<L: Link> Subscriber for PubSubSubscriber<L> {
    async fn run(&mut self, stop: CancellationToken) -> Result<(), Fault> {
        let stopped = stop.cancelled();
        tokio::pin!(stopped);
        loop {
            tokio::select! {
                biased;
                () = &mut stopped => return Ok(()),
                exchanged = self.link.exchange(drop) => exchanged?,
            }
        }
    }

    async fn close(&mut self) {
        self.link.close(drop).await;
    }
}
