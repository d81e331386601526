//! What plain and conditional polling have in common: everything but whether the entity tag is sent back.

use std::time::Duration;

use async_trait::async_trait;

use super::forecast;
use super::poller::{Manner, Poller};
use super::publisher::Putter;
use super::server::{self, Options};
use super::settings::{CONNECTION, CROSS_ORIGIN, Connection, INTERVAL, cross_origin};
use crate::contender::settings::{Setting, Values};
use crate::contender::{Fault, Forecast, Load, Protocol, Publisher, PublisherSeat, ServerSeat, Subscriber, SubscriberSeat};

/// The settings of contenders that poll each topic at an interval.
pub const SETTINGS: &[Setting] = &[INTERVAL, CONNECTION, CROSS_ORIGIN];

/// The embedded HTTP server, a publisher that PUTs, a subscriber that GETs each topic at an interval.
#[derive(Clone, Copy, Debug)]
pub struct Polling {
    manner: Manner,
    cross_origin: bool,
}

impl Polling {
    /// Reads [`SETTINGS`]; `conditional` polls with If-None-Match.
    pub fn read(values: &Values, conditional: bool) -> Self {
        let manner = Manner { interval: values.duration(INTERVAL.name), connection: Connection::read(values), conditional };
        Self { manner, cross_origin: cross_origin(values) }
    }
}

/// Where a topic is, for people: what `pushbench serve` prints.
pub fn invitation(socket: &str) -> String {
    format!("http://{socket}/topics/{{topic}}")
}

#[async_trait(?Send)]
impl Protocol for Polling {
    async fn serve(&self, seat: ServerSeat) -> Result<(), Fault> {
        server::serve(seat, Options { cross_origin: self.cross_origin }).await
    }

    async fn publisher(&self, seat: PublisherSeat) -> Result<Box<dyn Publisher>, Fault> {
        Ok(Box::new(Putter::new(seat)?))
    }

    async fn subscriber(&self, seat: SubscriberSeat) -> Result<Box<dyn Subscriber>, Fault> {
        Ok(Box::new(Poller::start(seat, self.manner).await?))
    }

    fn interval(&self) -> Option<Duration> {
        Some(self.manner.interval)
    }

    fn forecast(&self, load: &Load) -> Forecast {
        forecast::polling(load, self.manner.interval)
    }
}
