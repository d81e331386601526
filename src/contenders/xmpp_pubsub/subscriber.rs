//! The client half that listens.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::time::Duration;

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use crate::contender::topic::Topic;
use crate::contender::{Fault, Subscriber};

use super::link::{Answer, Caller, Link, Request};

/// Listens on one stream.
pub struct PubSubSubscriber<L> {
    link: L,
}

impl<L: Link> PubSubSubscriber<L> {
    /// Connects, logs in and subscribes. The last item of each node may come before or after this returns.
    ///
    /// # Errors
    /// As for any login; or a subscription was refused, or none was answered for as long as the caller's timeout.
    pub async fn connect(caller: Caller<'_>, topics: &[Topic]) -> Result<Self, Fault> {
        let (window, timeout) = (caller.settings.window, caller.timeout);
        let mut subscriber = Self { link: L::connect(caller).await? };
        subscriber.subscribe(topics, window, timeout).await?;
        Ok(subscriber)
    }

    async fn subscribe(&mut self, topics: &[Topic], window: usize, timeout: Duration) -> Result<(), Fault> {
        let (mut asked, answered, refused) = (0, Cell::new(0), RefCell::new(None));
        // Answers to what was never asked must not stand for those that are missing.
        let waiting = RefCell::new(HashSet::new());
        let take = |answer: Answer| {
            if !answer.id.is_some_and(|id| waiting.borrow_mut().remove(&id)) {
                return;
            }
            answered.set(answered.get() + 1);
            if let Some(condition) = answer.refusal {
                let topic = answer.id.and_then(|id| topics.get(id as usize)).map(|topic| topic.name()).unwrap_or_default();
                refused.borrow_mut().get_or_insert_with(|| Fault::refused(format!("subscribing to {topic}"), condition));
            }
        };
        while answered.get() < topics.len() {
            while asked < topics.len() && asked.saturating_sub(answered.get()) < window {
                waiting.borrow_mut().insert(asked as u64);
                self.link.push(asked as u64, Request::Subscribe(topics[asked]));
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
            let what = || format!("subscribing to {} topics ({before} done)", topics.len());
            tokio::time::timeout(timeout, progress).await.map_err(|_| Fault::timeout(what(), timeout))??;
            if let Some(fault) = refused.take() {
                return Err(fault);
            }
        }
        Ok(())
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
