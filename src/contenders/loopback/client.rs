//! Publisher and subscribers in memory.

use std::rc::Rc;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::broker::{Broker, News};
use super::settings::Settings;
use crate::contender::inbox::{Content, Message};
use crate::contender::pacer::{Tick, Ticks};
use crate::contender::topic::Topic;
use crate::contender::{Fault, Publisher, Subscriber, SubscriberSeat};
use crate::measure::clock::{Clock, Timer};

/// Publishes at once.
pub struct InMemoryPublisher {
    broker: Rc<Broker>,
    clock: Rc<dyn Clock>,
}

impl InMemoryPublisher {
    /// Publishes into `broker`.
    pub fn new(broker: Rc<Broker>, clock: Rc<dyn Clock>) -> Self {
        Self { broker, clock }
    }
}

#[async_trait(?Send)]
impl Publisher for InMemoryPublisher {
    async fn create(&self, topics: Vec<(Topic, Bytes)>) -> Result<(), Fault> {
        for (topic, payload) in &topics {
            self.broker.publish(*topic, payload, self.clock.now());
        }
        Ok(())
    }

    async fn publish(&self, topic: Topic, payload: Bytes) -> Result<(), Fault> {
        self.broker.publish(topic, &payload, self.clock.now());
        Ok(())
    }

    async fn close(&self) {}
}

/// Is told.
pub struct Listener {
    seat: SubscriberSeat,
    settings: Settings,
    news: mpsc::UnboundedReceiver<News>,
}

impl Listener {
    /// Listens to all topics of the seat.
    pub fn new(seat: SubscriberSeat, broker: &Broker, settings: Settings) -> Self {
        let (tell, news) = mpsc::unbounded_channel();
        for topic in seat.topics.iter() {
            broker.listen(*topic, &tell, seat.clock.now());
        }
        Self { seat, settings, news }
    }
}

#[async_trait(?Send)]
impl Subscriber for Listener {
    async fn run(&mut self, stop: CancellationToken) -> Result<(), Fault> {
        let mut timer = timer(&self.seat)?;
        loop {
            let news = tokio::select! {
                () = stop.cancelled() => return Ok(()),
                news = self.news.recv() => news,
            };
            // The broker outlives its listeners.
            let Some((sent, payload)) = news else { return Ok(()) };
            timer.until(sent.after(self.settings.delay)).await;
            self.seat.inbox.received(Message::Event, false, Content::Payload(&payload));
        }
    }

    async fn close(&mut self) {}
}

/// Asks.
pub struct Poller {
    seat: Rc<SubscriberSeat>,
    broker: Rc<Broker>,
    settings: Settings,
    ticks: Ticks,
}

impl Poller {
    /// Polls all topics of the seat, each once per interval; each has been asked for once when this returns.
    pub fn new(seat: SubscriberSeat, broker: Rc<Broker>, settings: Settings) -> Self {
        let keys: Vec<u32> = seat.topics.iter().filter(|topic| **topic != Topic::PROBE).map(|topic| topic.0).collect();
        let ticks = seat.pacer.every(settings.interval, &keys, Topic::PROBE.0);
        for topic in seat.topics.iter() {
            let request = seat.inbox.request(None);
            let latest = broker.latest(*topic);
            seat.inbox.response(request, 200, latest.as_ref().map(|(_, payload)| &payload[..]).into());
        }
        Self { seat: Rc::new(seat), broker, settings, ticks }
    }
}

#[async_trait(?Send)]
impl Subscriber for Poller {
    async fn run(&mut self, stop: CancellationToken) -> Result<(), Fault> {
        let mut workers = JoinSet::new();
        for _ in 0..self.seat.connections.get() {
            let (seat, broker, settings, ticks) = (Rc::clone(&self.seat), Rc::clone(&self.broker), self.settings, self.ticks.clone());
            let mut timer = timer(&seat)?;
            workers.spawn_local(async move {
                while let Some(tick) = ticks.next().await {
                    poll(&seat, &broker, settings, tick, &mut *timer).await;
                }
            });
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = async { while workers.join_next().await.is_some() {} } => {}
        }
        Ok(())
    }

    async fn close(&mut self) {}
}

async fn poll(seat: &SubscriberSeat, broker: &Broker, settings: Settings, tick: Tick, timer: &mut dyn Timer) {
    let request = seat.inbox.request(Some(tick));
    wait(seat, settings, timer).await;
    let latest = broker.latest(Topic(tick.key));
    wait(seat, settings, timer).await;
    let status = if latest.is_some() { 200 } else { 404 };
    seat.inbox.response(request, status, latest.as_ref().map(|(_, payload)| &payload[..]).into());
}

async fn wait(seat: &SubscriberSeat, settings: Settings, timer: &mut dyn Timer) {
    timer.until(seat.clock.now().after(settings.delay)).await;
}

fn timer(seat: &SubscriberSeat) -> Result<Box<dyn Timer>, Fault> {
    seat.clock.timer().map_err(|error| Fault::connection("a timer", error))
}
