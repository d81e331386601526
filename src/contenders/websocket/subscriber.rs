//! The client half that listens.

use std::collections::HashSet;
use std::rc::Rc;

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;
use yawc::Frame;

use super::link::Link;
use super::settings::Settings;
use super::words::{Encoding, Wish, Word};
use crate::contender::inbox::{Content, Inbox, Message};
use crate::contender::topic::Topic;
use crate::contender::{Fault, Subscriber, SubscriberSeat};

/// Topics that are subscribed to with one message: a server need not take messages of any size.
pub const TOPICS_AT_ONCE: usize = 10_000;

/// Is told.
pub struct WebSubscriber {
    link: Link,
    inbox: Rc<dyn Inbox>,
}

impl WebSubscriber {
    /// Connects and subscribes; returns when the server has confirmed all topics, which it does behind their values.
    ///
    /// # Errors
    /// As for any connection; or the server refuses, or nothing comes for as long as the seat's timeout.
    pub async fn connect(settings: Settings, seat: SubscriberSeat) -> Result<Self, Fault> {
        let link = Link::open(&seat.server, settings, Rc::clone(&seat.inbox), seat.timeout).await?;
        let mut subscriber = Self { link, inbox: Rc::clone(&seat.inbox) };
        let mut missing: HashSet<Topic> = seat.topics.iter().copied().collect();
        let mut subscribed = 0;
        for topics in seat.topics.chunks(TOPICS_AT_ONCE) {
            subscriber.link.feed(&Wish::Subscribe(topics.iter().map(|topic| topic.name()).collect())).await?;
            subscriber.link.flush().await?;
            let goal = subscribed + topics.len();
            while subscribed < goal {
                let what = || format!("subscribing to {} topics ({subscribed} done)", seat.topics.len());
                let next = tokio::time::timeout(seat.timeout, subscriber.link.next()).await;
                let frame = next.map_err(|_| Fault::timeout(what(), seat.timeout))??;
                subscribed += subscriber.take(&frame, &mut missing)?;
            }
        }
        Ok(subscriber)
    }

    /// Counts a message of the set-up; how many subscriptions it confirms.
    fn take(&self, frame: &Frame, missing: &mut HashSet<Topic>) -> Result<usize, Fault> {
        match read(self.link.encoding, frame)? {
            Word::Update { topic, payload } => {
                // The first one of a topic is the answer to our wish; what comes after it comes unasked.
                let asked = Topic::read(&topic).is_some_and(|topic| missing.remove(&topic));
                self.inbox.received(Message::Event, asked, Content::Payload(&payload));
                Ok(0)
            }
            Word::Subscribed(count) => {
                self.inbox.received(Message::Event, true, Content::Nothing);
                Ok(count as usize)
            }
            Word::Refused { why, .. } => Err(Fault::refused("subscribing", why)),
            Word::Acknowledged(_) => Err(Fault::protocol("subscribing", "an acknowledgement of nothing")),
        }
    }
}

#[async_trait(?Send)]
impl Subscriber for WebSubscriber {
    async fn run(&mut self, stop: CancellationToken) -> Result<(), Fault> {
        let stopped = stop.cancelled();
        tokio::pin!(stopped);
        loop {
            let frame = tokio::select! {
                biased;
                () = &mut stopped => return Ok(()),
                frame = self.link.next() => frame?,
            };
            hear(&*self.inbox, self.link.encoding, &frame)?;
        }
    }

    async fn close(&mut self) {
        let (inbox, encoding) = (&self.inbox, self.link.encoding);
        self.link.close(|frame| _ = hear(&**inbox, encoding, &frame)).await;
    }
}

/// Counts a message that came unasked.
fn hear(inbox: &dyn Inbox, encoding: Encoding, frame: &Frame) -> Result<(), Fault> {
    match read(encoding, frame)? {
        Word::Update { payload, .. } => _ = inbox.received(Message::Event, false, Content::Payload(&payload)),
        _ => _ = inbox.received(Message::Event, false, Content::Nothing),
    }
    Ok(())
}

fn read(encoding: Encoding, frame: &Frame) -> Result<Word<'_>, Fault> {
    Word::read(encoding, frame.payload()).map_err(|why| Fault::protocol("reading a message", why))
}
