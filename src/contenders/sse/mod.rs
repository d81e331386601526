//! `sse`: Server-Sent Events (WHATWG HTML §9.2): an answer that never ends tells of all topics.
//! Topics are read and written as in the polling family; `server` adds the streams, `event` is what stands in them.

mod client;
pub(crate) mod event;
mod server;
mod settings;

use std::rc::Rc;

use async_trait::async_trait;

use crate::contender::settings::{Setting, SettingsError, Values};
use crate::contender::{Contender, Direction, Fault, Forecast, Load, Protocol, Publisher, PublisherSeat, ServerSeat, Subscriber, SubscriberSeat};
use crate::protocols::http::publisher::Putter;
use crate::protocols::http::server::{self as http, Options};
use client::Listener;
use server::Streams;
use settings::Settings;

/// The registry entry.
pub struct Sse;

impl Contender for Sse {
    fn name(&self) -> &'static str {
        "sse"
    }

    fn about(&self) -> &'static str {
        "Server-Sent Events: one HTTP answer that never ends tells of all topics."
    }

    fn direction(&self) -> Direction {
        Direction::Push
    }

    fn settings(&self) -> &'static [Setting] {
        settings::ALL
    }

    fn invitation(&self, socket: &str) -> String {
        format!("http://{socket}/streams, topics at http://{socket}/topics/{{topic}}")
    }

    fn protocol(&self, values: &Values) -> Result<Rc<dyn Protocol>, SettingsError> {
        Ok(Rc::new(ServerSentEvents { settings: Settings::read(values) }))
    }
}

struct ServerSentEvents {
    settings: Settings,
}

#[async_trait(?Send)]
impl Protocol for ServerSentEvents {
    async fn serve(&self, seat: ServerSeat) -> Result<(), Fault> {
        let streams = Streams::new(&self.settings, seat.pace, seat.limits);
        http::serve(seat, Options { cross_origin: self.settings.cross_origin, extension: Some(Rc::new(streams)) }).await
    }

    async fn publisher(&self, seat: PublisherSeat) -> Result<Box<dyn Publisher>, Fault> {
        Ok(Box::new(Putter::new(seat, &self.settings.publishing)?))
    }

    async fn subscriber(&self, seat: SubscriberSeat) -> Result<Box<dyn Subscriber>, Fault> {
        Ok(Box::new(Listener::start(seat, &self.settings).await?))
    }

    fn forecast(&self, load: &Load) -> Forecast {
        settings::forecast(load, self.settings.heartbeat)
    }
}
