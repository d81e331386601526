//! The client half that listens.

use std::rc::Rc;

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use super::link::{Caller, Heard, Link};
use crate::contender::inbox::{Content, Inbox, Message};
use crate::contender::topic::Topic;
use crate::contender::{Fault, Subscriber};

/// Topics of one SUBSCRIBE: its packet stays small.
pub const TOPICS_AT_ONCE: usize = 1_000;

/// Is told.
pub struct MqttSubscriber {
    link: Link,
    inbox: Rc<dyn Inbox>,
}

impl MqttSubscriber {
    /// Connects and subscribes; returns when the broker has confirmed all topics. It sends what it has retained of them before that.
    ///
    /// # Errors
    /// As for any connection; or a subscription was refused, or nothing comes for as long as the caller's timeout.
    pub async fn connect(caller: Caller, topics: &[Topic]) -> Result<Self, Fault> {
        let (inbox, timeout) = (Rc::clone(&caller.inbox), caller.timeout);
        let mut link = Link::open(caller).await?;
        for (done, some) in topics.chunks(TOPICS_AT_ONCE).enumerate() {
            link.subscribe(some.iter().map(|topic| topic.name())).await?;
            loop {
                let what = || format!("subscribing to {} topics ({} done)", topics.len(), done * TOPICS_AT_ONCE);
                let next = tokio::time::timeout(timeout, link.next()).await;
                match next.map_err(|_| Fault::timeout(what(), timeout))?? {
                    Heard::Subscribed(outcome) => {
                        outcome.map_err(|why| Fault::refused(what(), why))?;
                        break;
                    }
                    heard => hear(&*inbox, heard),
                }
            }
        }
        Ok(Self { link, inbox })
    }
}

#[async_trait(?Send)]
impl Subscriber for MqttSubscriber {
    async fn run(&mut self, stop: CancellationToken) -> Result<(), Fault> {
        let stopped = stop.cancelled();
        tokio::pin!(stopped);
        loop {
            // Stopping may cut an acknowledgement short, which the library then sends with the goodbye.
            let heard = tokio::select! {
                biased;
                () = &mut stopped => return Ok(()),
                heard = self.link.next() => heard?,
            };
            hear(&*self.inbox, heard);
        }
    }

    async fn close(&mut self) {
        let inbox = &self.inbox;
        self.link.close(|heard| hear(&**inbox, heard)).await;
    }
}

fn hear(inbox: &dyn Inbox, heard: Heard) {
    if let Heard::Update { payload, retained } = heard {
        inbox.received(Message::Event, retained, Content::Payload(&payload));
    }
}
