//! What polling topic by topic has in common: everything but whether the entity tag is sent back, and when.

use std::rc::Rc;
use std::time::Duration;

use async_trait::async_trait;

use super::caller::Carriage;
use super::forecast;
use super::poller::{Manner, Poller};
use super::publisher::Putter;
use super::rhythm::{self, Rhythm};
use super::server::{self, Options};
use super::settings::{CONNECTION, CROSS_ORIGIN, Connection, INTERVAL, MODEL, PAUSE, cross_origin};
use crate::contender::client::{CLIENT, Client};
use crate::contender::settings::{Setting, SettingsError, Values};
use crate::contender::{Fault, Forecast, Load, Protocol, Publisher, PublisherSeat, ServerSeat, Subscriber, SubscriberSeat};

/// The settings of contenders that poll each topic at an interval, or after a pause.
pub const SETTINGS: &[Setting] = &[MODEL, INTERVAL, PAUSE, CONNECTION, CLIENT, CROSS_ORIGIN];

/// The embedded HTTP server, a publisher that PUTs, a subscriber that GETs each topic again and again.
pub struct Polling {
    rhythm: Rc<dyn Rhythm>,
    manner: Manner,
    carriage: Carriage,
    cross_origin: bool,
}

impl Polling {
    /// Reads [`SETTINGS`]; `conditional` polls with If-None-Match.
    ///
    /// # Errors
    /// Those of [`rhythm::read`].
    pub fn read(values: &Values, conditional: bool) -> Result<Self, SettingsError> {
        Ok(Self::with(rhythm::read(values)?, values, conditional))
    }

    /// Polls by a rhythm of the contender's own; of the settings it reads those that are not about time.
    pub fn with(rhythm: Rc<dyn Rhythm>, values: &Values, conditional: bool) -> Self {
        let manner = Manner { connection: Connection::read(values), conditional };
        Self { rhythm, manner, carriage: Carriage::new(Client::read(values)), cross_origin: cross_origin(values) }
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
        Ok(Box::new(Poller::start(seat, self.manner, Rc::clone(&self.rhythm), &self.carriage).await?))
    }

    fn interval(&self) -> Option<Duration> {
        Some(self.rhythm.longest())
    }

    fn forecast(&self, load: &Load) -> Forecast {
        forecast::polling(load, self.rhythm.polls(load.span))
    }
}
