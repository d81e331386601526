//! `rest-poll`: Asks for each topic at an interval: a plain GET that always carries the payload.

mod client;
mod server;
mod settings;

use std::rc::Rc;
use std::time::Duration;

use async_trait::async_trait;

use crate::contender::settings::{Setting, SettingsError, Values};
use crate::contender::{Contender, Direction, Fault, Forecast, Load, Protocol, Publisher, PublisherSeat, ServerSeat, Subscriber, SubscriberSeat};
use crate::protocols::http::forecast;
use settings::Settings;

/// The registry entry.
pub struct RestPoll;

impl Contender for RestPoll {
    fn name(&self) -> &'static str {
        "rest-poll"
    }

    fn about(&self) -> &'static str {
        "Asks for each topic at an interval: a plain GET that always carries the payload."
    }

    fn direction(&self) -> Direction {
        Direction::Pull
    }

    fn settings(&self) -> &'static [Setting] {
        settings::ALL
    }

    fn invitation(&self, socket: &str) -> String {
        format!("http://{socket}/topics/{{topic}}")
    }

    fn protocol(&self, values: &Values) -> Result<Rc<dyn Protocol>, SettingsError> {
        Ok(Rc::new(Settings::read(values)))
    }
}

#[async_trait(?Send)]
impl Protocol for Settings {
    async fn serve(&self, seat: ServerSeat) -> Result<(), Fault> {
        server::serve(self, seat).await
    }

    async fn publisher(&self, seat: PublisherSeat) -> Result<Box<dyn Publisher>, Fault> {
        client::publisher(seat)
    }

    async fn subscriber(&self, seat: SubscriberSeat) -> Result<Box<dyn Subscriber>, Fault> {
        client::subscriber(self, seat).await
    }

    fn interval(&self) -> Option<Duration> {
        Some(self.interval)
    }

    fn forecast(&self, load: &Load) -> Forecast {
        forecast::polling(load, self.interval)
    }
}
