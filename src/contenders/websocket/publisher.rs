//! The client half that publishes.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt as _;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use yawc::Frame;

use super::link::Link;
use super::settings::Settings;
use super::words::{Wish, Word};
use crate::contender::inbox::{Content, Inbox, Message};
use crate::contender::topic::Topic;
use crate::contender::{Fault, Publisher, PublisherSeat};

/// Publications under way at once while topics are made.
const AT_ONCE: usize = 64;
/// A goodbye may take a second; the connection's own is a little shorter.
const GOODBYE: Duration = Duration::from_secs(1);

/// Publishes over one connection; a task of its own reads the acknowledgements.
pub struct WebPublisher {
    timeout: Duration,
    last_id: Cell<u32>,
    pending: Rc<Pending>,
    outgoing: RefCell<Option<mpsc::Sender<Wish>>>,
    tasks: RefCell<JoinSet<()>>,
}

/// Publications that wait for their acknowledgements.
#[derive(Default)]
struct Pending {
    answers: RefCell<HashMap<u32, oneshot::Sender<Result<(), Fault>>>>,
    /// Why the connection is over.
    over: RefCell<Option<Fault>>,
}

impl WebPublisher {
    /// Connects.
    ///
    /// # Errors
    /// As for any connection.
    pub async fn connect(settings: Settings, seat: PublisherSeat) -> Result<Self, Fault> {
        let link = Link::open(&seat.server, settings, Rc::clone(&seat.inbox), seat.timeout).await?;
        let pending = Rc::new(Pending::default());
        let (sender, receiver) = mpsc::channel(AT_ONCE.max(seat.connections.get()));
        let mut tasks = JoinSet::new();
        tasks.spawn_local(converse(link, seat.inbox, receiver, Rc::clone(&pending)));
        Ok(Self { timeout: seat.timeout, last_id: Cell::new(0), pending, outgoing: RefCell::new(Some(sender)), tasks: RefCell::new(tasks) })
    }
}

#[async_trait(?Send)]
impl Publisher for WebPublisher {
    async fn create(&self, topics: Vec<(Topic, Bytes)>) -> Result<(), Fault> {
        let mut made = futures::stream::iter(topics).map(|(topic, payload)| self.publish(topic, payload)).buffer_unordered(AT_ONCE);
        while let Some(result) = made.next().await {
            result?;
        }
        Ok(())
    }

    async fn publish(&self, topic: Topic, payload: Bytes) -> Result<(), Fault> {
        let what = || format!("publishing to {topic}");
        // 0 is nobody's id.
        let id = self.last_id.get().wrapping_add(1).max(1);
        self.last_id.set(id);
        let sender = self.outgoing.borrow().clone();
        let over = || self.pending.over.borrow().clone().unwrap_or_else(|| Fault::connection(what(), "the connection is closed"));
        let sender = sender.ok_or_else(over)?;
        let (answer, answered) = oneshot::channel();
        self.pending.answers.borrow_mut().insert(id, answer);
        let published = async {
            sender.send(Wish::Publish { topic: topic.name(), id, payload }).await.map_err(|_| over())?;
            answered.await.map_err(|_| over())?
        };
        let result = tokio::time::timeout(self.timeout, published).await;
        self.pending.answers.borrow_mut().remove(&id);
        result.unwrap_or_else(|_| Err(Fault::timeout(what(), self.timeout)))
    }

    async fn close(&self) {
        self.outgoing.take();
        let mut tasks = self.tasks.take();
        let _ = tokio::time::timeout(GOODBYE, tasks.join_next()).await;
        tasks.abort_all();
    }
}

/// The publisher's own task: sends and hands out answers until nobody publishes any more, then says goodbye.
async fn converse(mut link: Link, inbox: Rc<dyn Inbox>, mut wishes: mpsc::Receiver<Wish>, pending: Rc<Pending>) {
    let encoding = link.encoding;
    let take = |frame: &Frame| -> Result<(), Fault> {
        inbox.received(Message::Event, true, Content::Nothing);
        match Word::read(encoding, frame.payload()).map_err(|why| Fault::protocol("reading an acknowledgement", why))? {
            Word::Acknowledged(id) => pending.answer(id, Ok(())),
            Word::Refused { id, why } => pending.answer(id, Err(Fault::refused("publishing", why))),
            _ => return Err(Fault::protocol("reading an acknowledgement", "a publisher is told of updates")),
        }
        Ok(())
    };
    let fault = loop {
        let outcome = tokio::select! {
            wish = wishes.recv() => match wish {
                None => {
                    link.close(|frame| _ = take(&frame)).await;
                    break Fault::connection("the WebSocket", "closed by this side");
                }
                Some(wish) => send(&mut link, wish, &mut wishes).await,
            },
            frame = link.next() => frame.and_then(|frame| take(&frame)),
        };
        if let Err(fault) = outcome {
            break fault;
        }
    };
    pending.over.replace(Some(fault.clone()));
    for (_, answer) in pending.answers.take() {
        let _ = answer.send(Err(fault.clone()));
    }
}

/// Sends a wish, and what else is there in the same packet.
async fn send(link: &mut Link, wish: Wish, wishes: &mut mpsc::Receiver<Wish>) -> Result<(), Fault> {
    link.feed(&wish).await?;
    while let Ok(wish) = wishes.try_recv() {
        link.feed(&wish).await?;
    }
    link.flush().await
}

impl Pending {
    fn answer(&self, id: u32, outcome: Result<(), Fault>) {
        // One that has waited too long is no longer in the table.
        if let Some(waiting) = self.answers.borrow_mut().remove(&id) {
            let _ = waiting.send(outcome);
        }
    }
}
