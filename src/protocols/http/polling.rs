//! What plain and conditional polling have in common: everything but whether the entity tag is sent back.

use std::time::Duration;

use async_trait::async_trait;

use super::caller::Carriage;
use super::forecast;
use super::poller::{Manner, Poller};
use super::publisher::Putter;
use super::server::{self, Options};
use super::settings::{CONNECTION, CROSS_ORIGIN, Connection, INTERVAL, cross_origin};
use crate::contender::client::{CLIENT, Client};
use crate::contender::settings::{Setting, Values};
use crate::contender::{Fault, Forecast, Load, Protocol, Publisher, PublisherSeat, ServerSeat, Subscriber, SubscriberSeat};

/// The settings of contenders that poll each topic at an interval.
pub const SETTINGS: &[Setting] = &[INTERVAL, CONNECTION, CLIENT, CROSS_ORIGIN];

/// The embedded HTTP server, a publisher that PUTs, a subscriber that GETs each topic at an interval.
#[derive(Clone, Debug)]
pub struct Polling {
    manner: Manner,
    carriage: Carriage,
    cross_origin: bool,
}

impl Polling {
    /// Reads [`SETTINGS`]; `conditional` polls with If-None-Match.
    pub fn read(values: &Values, conditional: bool) -> Self {
        let manner = Manner { interval: values.duration(INTERVAL.name), connection: Connection::read(values), conditional };
        Self { manner, carriage: Carriage::new(Client::read(values)), cross_origin: cross_origin(values) }
    }
}

/// Where a topic is, for people: what `pushbench serve` prints.
pub fn invitation(socket: &str) -> String {
    format!("http://{socket}/topics/{{topic}}")
}

#[async_trait(?Send)]
impl Protocol for Polling {
    async fn serve(&self, seat: ServerSeat) -> Result<(), Fault> {
        server::serve(seat, Options { cross_origin: self.cross_origin, extension: None }).await
    }

    async fn publisher(&self, seat: PublisherSeat) -> Result<Box<dyn Publisher>, Fault> {
        Ok(Box::new(Putter::new(seat, &self.carriage)?))
    }

    async fn subscriber(&self, seat: SubscriberSeat) -> Result<Box<dyn Subscriber>, Fault> {
        Ok(Box::new(Poller::start(seat, self.manner, &self.carriage).await?))
    }

    fn interval(&self) -> Option<Duration> {
        Some(self.manner.interval)
    }

    fn forecast(&self, load: &Load) -> Forecast {
        forecast::polling(load, self.manner.interval)
    }
}
