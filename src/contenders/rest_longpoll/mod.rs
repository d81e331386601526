//! `rest-longpoll`: asks for news of all topics at once, and the server holds the request until there is some (RFC 6202 §2).
//! Topics are read and written as in the polling family; `server` adds the polls, `frame` is what stands in their answers.

mod client;
pub(crate) mod frame;
mod server;
mod settings;

use std::rc::Rc;

use async_trait::async_trait;

use crate::contender::settings::{Setting, SettingsError, Values};
use crate::contender::{Contender, Direction, Fault, Forecast, Load, Protocol, Publisher, PublisherSeat, ServerSeat, Subscriber, SubscriberSeat};
use crate::protocols::http::publisher::Putter;
use crate::protocols::http::server::{self as http, Options};
use client::LongPoller;
use server::Polls;
use settings::Settings;

/// The registry entry.
pub struct RestLongPoll;

impl Contender for RestLongPoll {
    fn name(&self) -> &'static str {
        "rest-longpoll"
    }

    fn about(&self) -> &'static str {
        "Asks for news of all topics in one request, which the server holds until there is some."
    }

    fn direction(&self) -> Direction {
        Direction::Pull
    }

    fn settings(&self) -> &'static [Setting] {
        settings::ALL
    }

    fn invitation(&self, socket: &str) -> String {
        format!("http://{socket}/polls, topics at http://{socket}/topics/{{topic}}")
    }

    fn protocol(&self, values: &Values) -> Result<Rc<dyn Protocol>, SettingsError> {
        Ok(Rc::new(LongPolling { settings: Settings::read(values) }))
    }
}

struct LongPolling {
    settings: Settings,
}

#[async_trait(?Send)]
impl Protocol for LongPolling {
    async fn serve(&self, seat: ServerSeat) -> Result<(), Fault> {
        let polls = Polls::new(&self.settings, seat.pace, seat.limits);
        http::serve(seat, Options { cross_origin: self.settings.cross_origin, extension: Some(Rc::new(polls)) }).await
    }

    async fn publisher(&self, seat: PublisherSeat) -> Result<Box<dyn Publisher>, Fault> {
        Ok(Box::new(Putter::new(seat, &self.settings.carriage)?))
    }

    async fn subscriber(&self, seat: SubscriberSeat) -> Result<Box<dyn Subscriber>, Fault> {
        Ok(Box::new(LongPoller::start(seat, &self.settings).await?))
    }

    fn forecast(&self, load: &Load) -> Forecast {
        settings::forecast(load, self.settings.hold)
    }
}
