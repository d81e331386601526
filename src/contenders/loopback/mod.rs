//! `loopback`: in memory, without a socket. The harness's own zero line, and the subject of exact tests in virtual time.
//!
//! What it shows beside a real contender is what the harness itself adds: pacing, stamps, books. As a poller it waits
//! `delay` on the way there and on the way back; as push it waits `delay` once.

mod broker;
mod client;
mod settings;

use std::rc::Rc;
use std::time::Duration;

use async_trait::async_trait;

use crate::contender::settings::{Setting, SettingsError, Values};
use crate::contender::{Contender, Direction, Fault, Forecast, Load, Protocol, Publisher, PublisherSeat, ServerSeat, Subscriber, SubscriberSeat};
use broker::Broker;
use settings::{Mode, Settings};

/// The entry in the registry.
pub struct Loopback;

impl Contender for Loopback {
    fn name(&self) -> &'static str {
        "loopback"
    }

    fn about(&self) -> &'static str {
        "In memory, without a socket: what the harness itself adds to every figure."
    }

    fn direction(&self) -> Direction {
        Direction::Control
    }

    fn settings(&self) -> &'static [Setting] {
        settings::DECLARED
    }

    fn protocol(&self, values: &Values) -> Result<Rc<dyn Protocol>, SettingsError> {
        Ok(Rc::new(InMemory { settings: Settings::new(values), broker: Rc::new(Broker::default()) }))
    }
}

struct InMemory {
    settings: Settings,
    broker: Rc<Broker>,
}

#[async_trait(?Send)]
impl Protocol for InMemory {
    async fn serve(&self, seat: ServerSeat) -> Result<(), Fault> {
        // There is nothing to serve on a socket: publishers and subscribers meet in the broker.
        seat.stop.cancelled().await;
        Ok(())
    }

    async fn publisher(&self, seat: PublisherSeat) -> Result<Box<dyn Publisher>, Fault> {
        Ok(Box::new(client::InMemoryPublisher::new(Rc::clone(&self.broker), seat.clock)))
    }

    async fn subscriber(&self, seat: SubscriberSeat) -> Result<Box<dyn Subscriber>, Fault> {
        match self.settings.mode {
            Mode::Poll => Ok(Box::new(client::Poller::new(seat, Rc::clone(&self.broker), self.settings))),
            Mode::Push => Ok(Box::new(client::Listener::new(seat, &self.broker, self.settings))),
        }
    }

    fn interval(&self) -> Option<Duration> {
        (self.settings.mode == Mode::Poll).then_some(self.settings.interval)
    }

    fn in_memory(&self) -> bool {
        true
    }

    fn forecast(&self, load: &Load) -> Forecast {
        let memory = load.subscriptions * 64 + load.topics * (load.payload + 128);
        match self.settings.mode {
            Mode::Push => Forecast { messages: load.deliveries, setup_messages: load.subscriptions, memory, ..Forecast::default() },
            Mode::Poll => {
                let polls = (load.subscriptions as f64 * load.span.as_secs_f64() / self.settings.interval.as_secs_f64()).round() as u64;
                Forecast { requests: polls, messages: 2 * polls, setup_messages: 2 * load.subscriptions, memory, ..Forecast::default() }
            }
        }
    }
}
