//! A contender in memory that pushes crookedly, as a plain rule says: some updates never arrive, others come late and out of order.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use pushbench::contender::inbox::{Content, Message};
use pushbench::contender::settings::{Setting, SettingsError, Values};
use pushbench::contender::topic::Topic;
use pushbench::contender::{Contender, Direction, Fault, Forecast, Load, Protocol, Publisher, PublisherSeat, ServerSeat, Subscriber, SubscriberSeat};
use pushbench::measure::clock::{Instant, sleep_until};
use pushbench::measure::stamp::Stamp;
use pushbench::scenario::Registry;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio_util::sync::CancellationToken;

pub const REGISTRY: Registry = Registry { contenders: &[&Crooked], metrics: &[], gated: &[], natures: &[] };

/// Nanoseconds until a version arrives at a subscriber; `None`: never.
pub fn delay(subscriber: u32, topic: u32, version: u32) -> Option<i64> {
    let mixed = (u64::from(subscriber) * 31 + u64::from(topic) * 17 + u64::from(version)) * 2_654_435_761 % 1_000_003;
    (mixed % 3 != 0).then_some(1_000_000 * (1 + (mixed % 7_000) as i64))
}

struct Crooked;

impl Contender for Crooked {
    fn name(&self) -> &'static str {
        "crooked"
    }

    fn about(&self) -> &'static str {
        "Loses and reorders."
    }

    fn direction(&self) -> Direction {
        Direction::Control
    }

    fn settings(&self) -> &'static [Setting] {
        &[]
    }

    fn protocol(&self, _: &Values) -> Result<Rc<dyn Protocol>, SettingsError> {
        Ok(Rc::new(InMemory::default()))
    }
}

type News = (Topic, Bytes);

#[derive(Default)]
struct InMemory {
    listeners: Rc<RefCell<Vec<UnboundedSender<News>>>>,
    first: Rc<RefCell<Vec<News>>>,
}

#[async_trait(?Send)]
impl Protocol for InMemory {
    async fn serve(&self, _: ServerSeat) -> Result<(), Fault> {
        Ok(())
    }

    async fn publisher(&self, _: PublisherSeat) -> Result<Box<dyn Publisher>, Fault> {
        Ok(Box::new(Teller { listeners: Rc::clone(&self.listeners), first: Rc::clone(&self.first) }))
    }

    async fn subscriber(&self, seat: SubscriberSeat) -> Result<Box<dyn Subscriber>, Fault> {
        let (tell, news) = unbounded_channel();
        self.listeners.borrow_mut().push(tell);
        for (_, payload) in self.first.borrow().iter().filter(|(topic, _)| seat.topics.contains(topic)) {
            seat.inbox.received(Message::Event, false, Content::Payload(payload));
        }
        Ok(Box::new(Listener { seat: Rc::new(seat), news }))
    }

    fn in_memory(&self) -> bool {
        true
    }

    fn forecast(&self, _: &Load) -> Forecast {
        Forecast::default()
    }
}

struct Teller {
    listeners: Rc<RefCell<Vec<UnboundedSender<News>>>>,
    first: Rc<RefCell<Vec<News>>>,
}

#[async_trait(?Send)]
impl Publisher for Teller {
    async fn create(&self, topics: Vec<(Topic, Bytes)>) -> Result<(), Fault> {
        self.first.borrow_mut().extend(topics);
        Ok(())
    }

    async fn publish(&self, topic: Topic, payload: Bytes) -> Result<(), Fault> {
        self.listeners.borrow_mut().retain(|listener| listener.send((topic, payload.clone())).is_ok());
        Ok(())
    }

    async fn close(&self) {}
}

struct Listener {
    seat: Rc<SubscriberSeat>,
    news: UnboundedReceiver<News>,
}

#[async_trait(?Send)]
impl Subscriber for Listener {
    async fn run(&mut self, stop: CancellationToken) -> Result<(), Fault> {
        loop {
            let news = tokio::select! {
                () = stop.cancelled() => return Ok(()),
                news = self.news.recv() => news,
            };
            let Some((topic, payload)) = news else { return Ok(()) };
            let late = if topic == Topic::PROBE {
                Some(0)
            } else {
                let stamp = Stamp::read(&payload).ok_or_else(|| Fault::protocol("listening", "no stamp"))?;
                delay(self.seat.index, topic.0, stamp.version)
            };
            let (seat, Some(late)) = (Rc::clone(&self.seat), late) else { continue };
            let at: Instant = seat.clock.now().after(Duration::from_nanos(late as u64));
            tokio::task::spawn_local(async move {
                if sleep_until(&*seat.clock, at).await.is_ok() {
                    seat.inbox.received(Message::Event, false, Content::Payload(&payload));
                }
            });
        }
    }

    async fn close(&mut self) {}
}
