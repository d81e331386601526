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

use crate::contender::topic::Topic;
use crate::contender::{Fault, Publisher};

use super::link::{Answer, Caller, Link, Request};
use super::settings::{ALL_TOPICS, ClientSettings, Form};

/// A goodbye may take a second; the stream's own is a little shorter.
const GOODBYE: Duration = Duration::from_secs(1);

/// Publishes over one stream; a task of its own reads the answers.
pub struct PubSubPublisher {
    window: usize,
    /// What topics are created with.
    form: Rc<Form>,
    collection: bool,
    timeout: Duration,
    last_id: Cell<u64>,
    pending: Rc<Pending>,
    /// Bounded by the overlap of publications that the harness allows, and by the window.
    outgoing: RefCell<Option<mpsc::Sender<(u64, Request)>>>,
    tasks: RefCell<JoinSet<()>>,
}

/// What a request came to: nothing, or the server's condition.
type Outcome = Result<(), Refusal>;

enum Refusal {
    Condition(String),
    Fault(Fault),
}

/// Requests that wait for their answers.
#[derive(Default)]
struct Pending {
    answers: RefCell<HashMap<u64, oneshot::Sender<Outcome>>>,
    /// Why the stream is over.
    over: RefCell<Option<Fault>>,
}

impl PubSubPublisher {
    /// Connects and logs in; `overlap` publications may be under way at once.
    ///
    /// # Errors
    /// As for any login.
    pub async fn connect<L: Link>(caller: Caller<'_>, overlap: usize) -> Result<Self, Fault> {
        let (window, timeout) = (caller.settings.window, caller.timeout);
        let (form, collection) = (Rc::new(caller.settings.form()), caller.settings.collection);
        let link = L::connect(caller).await?;
        let pending = Rc::new(Pending::default());
        let (sender, receiver) = mpsc::channel(window.max(overlap));
        let mut tasks = JoinSet::new();
        tasks.spawn_local(answer(link, receiver, Rc::clone(&pending)));
        Ok(Self { window, form, collection, timeout, last_id: Cell::new(0), pending, outgoing: RefCell::new(Some(sender)), tasks: RefCell::new(tasks) })
    }

    /// Sends a request and waits for its answer. The order of calls is the order on the wire.
    async fn request(&self, what: &str, request: Request) -> Outcome {
        let id = self.last_id.get() + 1;
        self.last_id.set(id);
        let sender = self.outgoing.borrow().clone();
        let over = || Refusal::Fault(self.pending.over.borrow().clone().unwrap_or_else(|| Fault::connection(what, "the stream is closed")));
        let sender = sender.ok_or_else(over)?;
        let (answer, answered) = oneshot::channel();
        self.pending.answers.borrow_mut().insert(id, answer);
        let asked = async {
            sender.send((id, request)).await.map_err(|_| over())?;
            answered.await.map_err(|_| over())?
        };
        let result = tokio::time::timeout(self.timeout, asked).await;
        self.pending.answers.borrow_mut().remove(&id);
        result.unwrap_or_else(|_| Err(Refusal::Fault(Fault::timeout(what, self.timeout))))
    }

    async fn create_one(&self, topic: Topic, payload: Bytes) -> Result<(), Fault> {
        // Both are sent at once: the server does them in this order.
        let (created, published) = futures::join!(self.make(topic.name(), Rc::clone(&self.form)), self.publish_one(topic, payload));
        created.and(published)
    }

    /// Makes a node exist.
    async fn make(&self, node: String, form: Rc<Form>) -> Result<(), Fault> {
        let what = format!("creating the node {node}");
        match self.request(&what, Request::Create(node, form)).await {
            // There already, from before or from another publisher: that is all that was wanted.
            Err(Refusal::Condition(condition)) if condition == "conflict" => Ok(()),
            created => created.map_err(|refusal| refusal.fault(&what)),
        }
    }

    async fn publish_one(&self, topic: Topic, payload: Bytes) -> Result<(), Fault> {
        let what = format!("publishing to {}", topic.name());
        self.request(&what, Request::Publish(topic, payload)).await.map_err(|refusal| refusal.fault(&what))
    }
}

impl Refusal {
    fn fault(self, what: &str) -> Fault {
        match self {
            Self::Condition(condition) => Fault::refused(what, condition),
            Self::Fault(fault) => fault,
        }
    }
}

#[async_trait(?Send)]
impl Publisher for PubSubPublisher {
    async fn create(&self, topics: Vec<(Topic, Bytes)>) -> Result<(), Fault> {
        if self.collection {
            self.make(ALL_TOPICS.to_owned(), Rc::new(ClientSettings::form_of_collection())).await?;
        }
        // Two requests for each topic.
        let at_once = self.window.div_ceil(2);
        let mut made = futures::stream::iter(topics).map(|(topic, payload)| self.create_one(topic, payload)).buffer_unordered(at_once);
        while let Some(result) = made.next().await {
            result?;
        }
        Ok(())
    }

    async fn publish(&self, topic: Topic, payload: Bytes) -> Result<(), Fault> {
        self.publish_one(topic, payload).await
    }

    async fn close(&self) {
        self.outgoing.take();
        let mut tasks = self.tasks.take();
        let _ = tokio::time::timeout(GOODBYE, tasks.join_next()).await;
        tasks.abort_all();
    }
}

/// The publisher's own task: sends requests and hands out answers until nobody asks any more, then says goodbye.
async fn answer<L: Link>(mut link: L, mut requests: mpsc::Receiver<(u64, Request)>, pending: Rc<Pending>) {
    let fault = loop {
        tokio::select! {
            request = requests.recv() => {
                let Some((id, request)) = request else {
                    link.close(|answer| pending.take(answer)).await;
                    break Fault::connection("the XMPP stream", "closed by this side");
                };
                link.push(id, request);
                // What else is there goes into the same packet.
                while let Ok((id, request)) = requests.try_recv() {
                    link.push(id, request);
                }
            }
            exchanged = link.exchange(|answer| pending.take(answer)) => if let Err(fault) = exchanged {
                break fault;
            },
        }
    };
    pending.over.replace(Some(fault.clone()));
    for (_, answer) in pending.answers.take() {
        let _ = answer.send(Err(Refusal::Fault(fault.clone())));
    }
}

impl Pending {
    fn take(&self, answer: Answer) {
        // One that has waited too long is no longer in the table.
        if let Some(waiting) = answer.id.and_then(|id| self.answers.borrow_mut().remove(&id)) {
            let _ = waiting.send(answer.refusal.map_or(Ok(()), |condition| Err(Refusal::Condition(condition))));
        }
    }
}
