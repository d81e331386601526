//! The two client halves: one that publishes, one that listens.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt as _;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use xmpp_parsers::data_forms::{DataForm, DataFormType, Field, FieldType};
use xmpp_parsers::iq::Iq;
use xmpp_parsers::jid::Jid;
use xmpp_parsers::minidom::Element;
use xmpp_parsers::pubsub::NodeName;
use xmpp_parsers::pubsub::pubsub::{Configure, Create, Item, PubSub, Publish, Subscribe};
use xmpp_parsers::stanza::Stanza;
use xmpp_parsers::stanza_error::{DefinedCondition, ErrorType, StanzaError};

use crate::contender::inbox::{Inbox, Message};
use crate::contender::topic::Topic;
use crate::contender::{Fault, Publisher, PublisherSeat, Subscriber, SubscriberSeat};
use crate::protocols::xmpp::server::PUBSUB_SERVICE;
use crate::protocols::xmpp::{namespaces as ns, update};

use super::link::{Link, words};
use super::settings::Settings;

/// A goodbye may take a second; the stream's own is a little shorter.
const GOODBYE: Duration = Duration::from_secs(1);

/// Publishes over one stream; a task of its own reads the answers.
pub struct PubSubPublisher {
    service: Jid,
    window: usize,
    timeout: Duration,
    last_id: Cell<u64>,
    pending: Rc<Pending>,
    /// Bounded by the overlap of publications that the harness allows, and by the window.
    outgoing: RefCell<Option<mpsc::Sender<Outgoing>>>,
    tasks: RefCell<JoinSet<()>>,
}

/// A request to be sent, with the size of the update in it.
type Outgoing = (Iq, usize);

/// What a request came to: nothing, or the server's condition.
type Answer = Result<(), Refusal>;

enum Refusal {
    Condition(DefinedCondition),
    Fault(Fault),
}

/// Requests that wait for their answers.
#[derive(Default)]
struct Pending {
    answers: RefCell<HashMap<u64, oneshot::Sender<Answer>>>,
    /// Why the stream is over.
    over: RefCell<Option<Fault>>,
}

impl PubSubPublisher {
    /// Connects and logs in.
    ///
    /// # Errors
    /// As for any login.
    pub async fn connect(settings: &Settings, seat: PublisherSeat) -> Result<Self, Fault> {
        let user = format!("publisher-{:04}", seat.index);
        let link = Link::connect(&seat.server, &user, settings, Rc::clone(&seat.inbox), seat.timeout).await?;
        let pending = Rc::new(Pending::default());
        let (sender, receiver) = mpsc::channel(settings.window.max(seat.connections.get()));
        let mut tasks = JoinSet::new();
        tasks.spawn_local(answer(link, receiver, Rc::clone(&pending), seat.inbox));
        Ok(Self {
            service: service()?,
            window: settings.window,
            timeout: seat.timeout,
            last_id: Cell::new(0),
            pending,
            outgoing: RefCell::new(Some(sender)),
            tasks: RefCell::new(tasks),
        })
    }

    /// Sends a request and waits for its answer. The order of calls is the order on the wire.
    async fn request(&self, what: &str, payload: PubSub, update: usize) -> Answer {
        let id = self.last_id.get() + 1;
        self.last_id.set(id);
        let sender = self.outgoing.borrow().clone();
        let over = || Refusal::Fault(self.pending.over.borrow().clone().unwrap_or_else(|| Fault::connection(what, "the stream is closed")));
        let sender = sender.ok_or_else(over)?;
        let (answer, answered) = oneshot::channel();
        self.pending.answers.borrow_mut().insert(id, answer);
        let iq = Iq::from_set(id.to_string(), payload).with_to(self.service.clone());
        let asked = async {
            sender.send((iq, update)).await.map_err(|_| over())?;
            answered.await.map_err(|_| over())?
        };
        let result = tokio::time::timeout(self.timeout, asked).await;
        self.pending.answers.borrow_mut().remove(&id);
        result.unwrap_or_else(|_| Err(Refusal::Fault(Fault::timeout(what, self.timeout))))
    }

    async fn create_one(&self, topic: Topic, payload: Bytes) -> Result<(), Fault> {
        let what = format!("creating the node {}", topic.name());
        let create = PubSub::Create { create: Create { node: Some(node(topic)) }, configure: Some(configuration()) };
        // Both are sent at once: the server does them in this order.
        let (created, published) = futures::join!(self.request(&what, create, 0), self.publish_one(topic, payload));
        match created {
            // There already, from before or from another publisher: that is all that was wanted.
            Ok(()) | Err(Refusal::Condition(DefinedCondition::Conflict)) => published,
            Err(refusal) => Err(refusal.fault(&what)),
        }
    }

    async fn publish_one(&self, topic: Topic, payload: Bytes) -> Result<(), Fault> {
        let what = format!("publishing to {}", topic.name());
        let item = Item { id: None, publisher: None, payload: Some(element(&payload)) };
        let publish = PubSub::Publish { publish: Publish { node: node(topic), items: vec![item] }, publish_options: None };
        self.request(&what, publish, payload.len()).await.map_err(|refusal| refusal.fault(&what))
    }
}

impl Refusal {
    fn fault(self, what: &str) -> Fault {
        match self {
            Self::Condition(condition) => Fault::refused(what, words(&condition)),
            Self::Fault(fault) => fault,
        }
    }
}

#[async_trait(?Send)]
impl Publisher for PubSubPublisher {
    async fn create(&self, topics: Vec<(Topic, Bytes)>) -> Result<(), Fault> {
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
async fn answer(mut link: Link, mut requests: mpsc::Receiver<Outgoing>, pending: Rc<Pending>, inbox: Rc<dyn Inbox>) {
    let fault = loop {
        tokio::select! {
            request = requests.recv() => {
                let Some((iq, update)) = request else {
                    link.close(|stanza| pending.take(stanza, &*inbox)).await;
                    break Fault::connection("the XMPP stream", "closed by this side");
                };
                link.push(iq, update);
                // What else is there goes into the same packet.
                while let Ok((iq, update)) = requests.try_recv() {
                    link.push(iq, update);
                }
            }
            stanza = link.next() => match stanza {
                Ok(stanza) => match reply(&stanza) {
                    Some(answer) => {
                        inbox.received(Message::Stanza, false, None);
                        link.push(answer, 0);
                    }
                    None => pending.take(stanza, &*inbox),
                },
                Err(fault) => break fault,
            }
        }
    };
    pending.over.replace(Some(fault.clone()));
    for (_, answer) in pending.answers.take() {
        let _ = answer.send(Err(Refusal::Fault(fault.clone())));
    }
}

impl Pending {
    fn take(&self, stanza: Stanza, inbox: &dyn Inbox) {
        let (id, answer) = match stanza {
            Stanza::Iq(Iq::Result { id, .. }) => (id, Ok(())),
            Stanza::Iq(Iq::Error { id, error, .. }) => (id, Err(Refusal::Condition(error.defined_condition))),
            _ => return inbox.received(Message::Stanza, false, None),
        };
        inbox.received(Message::Stanza, true, None);
        // One that has waited too long is no longer in the table.
        if let Some(waiting) = id.parse().ok().and_then(|id: u64| self.answers.borrow_mut().remove(&id)) {
            let _ = waiting.send(answer);
        }
    }
}

/// Listens on one stream.
pub struct PubSubSubscriber {
    link: Link,
    inbox: Rc<dyn Inbox>,
}

impl PubSubSubscriber {
    /// Connects, logs in and subscribes. The last item of each node may come before or after this returns.
    ///
    /// # Errors
    /// As for any login; or a subscription was refused, or not answered in time.
    pub async fn connect(settings: &Settings, seat: SubscriberSeat) -> Result<Self, Fault> {
        let user = format!("subscriber-{:06}", seat.index);
        let link = Link::connect(&seat.server, &user, settings, Rc::clone(&seat.inbox), seat.timeout).await?;
        let mut subscriber = Self { link, inbox: seat.inbox };
        subscriber.subscribe(&seat.topics, settings.window, seat.timeout).await?;
        Ok(subscriber)
    }

    async fn subscribe(&mut self, topics: &[Topic], window: usize, timeout: Duration) -> Result<(), Fault> {
        let (mut asked, mut answered) = (0, 0);
        while answered < topics.len() {
            while asked < topics.len() && asked - answered < window {
                let subscribe = Subscribe { jid: self.link.address.clone(), node: Some(node(topics[asked])) };
                let request = PubSub::Subscribe { subscribe: Some(subscribe), options: None };
                self.link.push(Iq::from_set(asked.to_string(), request).with_to(service()?), 0);
                asked += 1;
            }
            let what = || format!("subscribing to {} topics ({answered} done)", topics.len());
            let stanza = tokio::time::timeout(timeout, self.link.next()).await.map_err(|_| Fault::timeout(what(), timeout))??;
            match &stanza {
                Stanza::Iq(Iq::Result { .. }) => answered += 1,
                Stanza::Iq(Iq::Error { id, error, .. }) => {
                    let topic = id.parse().ok().and_then(|index: usize| topics.get(index)).map(|topic| topic.name()).unwrap_or_default();
                    return Err(Fault::refused(format!("subscribing to {topic}"), words(&error.defined_condition)));
                }
                _ => {}
            }
            self.take(stanza);
        }
        Ok(())
    }

    fn take(&mut self, stanza: Stanza) {
        if let Some(answer) = reply(&stanza) {
            self.inbox.received(Message::Stanza, false, None);
            self.link.push(answer, 0);
        } else {
            hand_over(&stanza, &*self.inbox);
        }
    }
}

#[async_trait(?Send)]
impl Subscriber for PubSubSubscriber {
    async fn run(&mut self, stop: CancellationToken) -> Result<(), Fault> {
        let stopped = stop.cancelled();
        tokio::pin!(stopped);
        loop {
            tokio::select! {
                biased;
                () = &mut stopped => return Ok(()),
                stanza = self.link.next() => {
                    let stanza = stanza?;
                    self.take(stanza);
                }
            }
        }
    }

    async fn close(&mut self) {
        let inbox = Rc::clone(&self.inbox);
        self.link.close(|stanza| hand_over(&stanza, &*inbox)).await;
    }
}

/// Hands what a stanza carries to the harness. One stanza is one message, so of several items the first counts for it;
/// XEP-0060 has had one item per notification since version 1.13.
fn hand_over(stanza: &Stanza, inbox: &dyn Inbox) {
    match stanza {
        Stanza::Message(message) => {
            let payload = message.payloads.iter().find(|payload| payload.is("event", ns::PUBSUB_EVENT)).and_then(payload);
            inbox.received(Message::Stanza, false, payload.as_deref());
        }
        Stanza::Iq(Iq::Result { .. } | Iq::Error { .. }) => inbox.received(Message::Stanza, true, None),
        Stanza::Iq(_) | Stanza::Presence(_) => inbox.received(Message::Stanza, false, None),
    }
}

fn payload(event: &Element) -> Option<Vec<u8>> {
    let item = event.get_child("items", ns::PUBSUB_EVENT)?.get_child("item", ns::PUBSUB_EVENT)?;
    let update = item.get_child("update", ns::UPDATE)?;
    update::decode(update.text(), update.attr("encoding"))
}

/// The answer to a request of the server's: to a ping its result, to all else an error, since nobody may be left waiting.
fn reply(stanza: &Stanza) -> Option<Iq> {
    let (Stanza::Iq(Iq::Get { from, id, payload, .. }) | Stanza::Iq(Iq::Set { from, id, payload, .. })) = stanza else { return None };
    let answer = if payload.is("ping", ns::PING) {
        Iq::Result { from: None, to: None, id: id.clone(), payload: None }
    } else {
        Iq::from_error(id.clone(), StanzaError::new(ErrorType::Cancel, DefinedCondition::ServiceUnavailable, "en", ""))
    };
    Some(match from {
        Some(from) => answer.with_to(from.clone()),
        None => answer,
    })
}

fn element(payload: &[u8]) -> Element {
    let (text, in_base64) = update::encode(payload);
    let element = Element::builder("update", ns::UPDATE).append(text);
    if in_base64 { element.attr(rxml::xml_ncname!("encoding").to_owned(), update::ENCODING).build() } else { element.build() }
}

fn node(topic: Topic) -> NodeName {
    NodeName(topic.name())
}

fn service() -> Result<Jid, Fault> {
    Jid::new(PUBSUB_SERVICE).map_err(|error| Fault::protocol("addressing the PubSub service", error))
}

/// The last item is kept and sent to who subscribes; anybody may publish, since topics may change hands.
fn configuration() -> Configure {
    let field = |name: &str, kind, value: &str| Field::new(name, kind).with_value(value);
    let fields = vec![
        field("pubsub#deliver_payloads", FieldType::Boolean, "1"),
        field("pubsub#persist_items", FieldType::Boolean, "1"),
        field("pubsub#max_items", FieldType::TextSingle, "1"),
        field("pubsub#send_last_published_item", FieldType::ListSingle, "on_sub"),
        field("pubsub#access_model", FieldType::ListSingle, "open"),
        field("pubsub#publish_model", FieldType::ListSingle, "open"),
    ];
    Configure { form: Some(DataForm::new(DataFormType::Submit, ns::PUBSUB_CONFIG, fields)) }
}
