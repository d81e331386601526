//! The client half that publishes.

use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::rc::Rc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt as _;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::link::{Caller, Heard, IN_FLIGHT, Link, Requests};
use crate::contender::inbox::{Inbox, Message};
use crate::contender::topic::Topic;
use crate::contender::{Fault, Publisher};

/// A goodbye may take a second.
const GOODBYE: Duration = Duration::from_millis(900);

/// Publishes over one connection; a task of its own drives the library.
pub struct MqttPublisher {
    requests: Requests,
    acknowledged: bool,
    timeout: Duration,
    pending: Rc<Pending>,
    tasks: RefCell<JoinSet<()>>,
}

/// Told when a publication is done.
type Waiting = oneshot::Sender<Result<(), Fault>>;

#[derive(Default)]
struct Pending {
    /// Requested and not yet sent, in their order, with the sizes of their payloads.
    requested: RefCell<VecDeque<(usize, Waiting)>>,
    /// Sent and not yet acknowledged, by number.
    sent: RefCell<HashMap<u16, Waiting>>,
    /// Why the connection is over.
    over: RefCell<Option<Fault>>,
}

impl MqttPublisher {
    /// Connects.
    ///
    /// # Errors
    /// As for any connection.
    pub async fn connect(caller: Caller) -> Result<Self, Fault> {
        let (inbox, timeout, acknowledged) = (Rc::clone(&caller.inbox), caller.timeout, caller.settings.acknowledged);
        let link = Link::open(caller).await?;
        let (requests, pending) = (link.requests(), Rc::new(Pending::default()));
        let mut tasks = JoinSet::new();
        tasks.spawn_local(drive(link, inbox, Rc::clone(&pending)));
        Ok(Self { requests, acknowledged, timeout, pending, tasks: RefCell::new(tasks) })
    }

    async fn publish_with(&self, topic: Topic, acknowledged: bool, payload: Bytes) -> Result<(), Fault> {
        let what = || format!("publishing to {topic}");
        let over = || self.pending.over.borrow().clone().unwrap_or_else(|| Fault::connection(what(), "the connection is closed"));
        if self.pending.over.borrow().is_some() {
            return Err(over());
        }
        let (done, outcome) = oneshot::channel();
        // The library takes more requests than may overlap: it never waits here, and sends in this order.
        self.pending.requested.borrow_mut().push_back((payload.len(), done));
        let published = async {
            self.requests.publish(topic.name(), acknowledged, payload).await?;
            outcome.await.map_err(|_| over())?
        };
        tokio::time::timeout(self.timeout, published).await.unwrap_or_else(|_| Err(Fault::timeout(what(), self.timeout)))
    }
}

#[async_trait(?Send)]
impl Publisher for MqttPublisher {
    async fn create(&self, topics: Vec<(Topic, Bytes)>) -> Result<(), Fault> {
        // Acknowledged in any case: subscribers come next, and must find the topics.
        let mut made = futures::stream::iter(topics).map(|(topic, payload)| self.publish_with(topic, true, payload)).buffer_unordered(IN_FLIGHT.into());
        while let Some(result) = made.next().await {
            result?;
        }
        Ok(())
    }

    async fn publish(&self, topic: Topic, payload: Bytes) -> Result<(), Fault> {
        self.publish_with(topic, self.acknowledged, payload).await
    }

    async fn close(&self) {
        let mut tasks = self.tasks.take();
        let goodbye = async {
            let _ = self.requests.disconnect().await;
            let _ = tasks.join_next().await;
        };
        let _ = tokio::time::timeout(GOODBYE, goodbye).await;
        tasks.abort_all();
    }
}

/// Drives the library until the connection is over, and hands out what becomes of publications.
async fn drive(mut link: Link, inbox: Rc<dyn Inbox>, pending: Rc<Pending>) {
    let fault = loop {
        match link.next().await {
            Ok(Heard::Published(number)) => {
                let Some((size, done)) = pending.requested.borrow_mut().pop_front() else { continue };
                inbox.sent(Message::Event, size);
                if number == 0 {
                    // All that can be known of it: the socket has it.
                    let _ = done.send(Ok(()));
                } else {
                    pending.sent.borrow_mut().insert(number, done);
                }
            }
            Ok(Heard::Acknowledged(number, outcome)) => {
                if let Some(done) = pending.sent.borrow_mut().remove(&number) {
                    let _ = done.send(outcome.map_err(|why| Fault::refused("publishing", why)));
                }
            }
            Ok(_) => {}
            Err(fault) => break fault,
        }
    };
    pending.over.replace(Some(fault.clone()));
    let waiting = pending.requested.take().into_iter().map(|(_, done)| done).chain(pending.sent.take().into_values());
    for done in waiting {
        let _ = done.send(Err(fault.clone()));
    }
}
