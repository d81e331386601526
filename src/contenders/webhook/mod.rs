//! `webhook`: WebSub (W3C Recommendation, 2018): the hub calls each subscriber back when a topic changes.
//! Topics are read and written as in the polling family; `hub` takes subscriptions (`form`, `address`), `courier` carries callbacks, which are signed
//! (`signature`); `subscriber` subscribes, and listens with `callback`.

pub(crate) mod address;
mod callback;
mod courier;
pub(crate) mod form;
mod hub;
mod settings;
pub(crate) mod signature;
mod subscriber;

use std::rc::Rc;

use async_trait::async_trait;

use crate::contender::settings::{Setting, SettingsError, Values};
use crate::contender::{Contender, Direction, Fault, Forecast, Load, Protocol, Publisher, PublisherSeat, ServerSeat, Subscriber, SubscriberSeat};
use crate::protocols::http::publisher::Putter;
use crate::protocols::http::server::{self as http, Options};
use hub::Hub;
use settings::Settings;
use subscriber::Called;

/// The registry entry.
pub struct Webhook;

impl Contender for Webhook {
    fn name(&self) -> &'static str {
        "webhook"
    }

    fn about(&self) -> &'static str {
        "WebSub: subscribers listen, and the hub calls each of them when a topic changes."
    }

    fn direction(&self) -> Direction {
        Direction::Push
    }

    fn settings(&self) -> &'static [Setting] {
        settings::ALL
    }

    fn invitation(&self, socket: &str) -> String {
        format!("http://{socket}/hub, topics at http://{socket}/topics/{{topic}}")
    }

    fn protocol(&self, values: &Values) -> Result<Rc<dyn Protocol>, SettingsError> {
        Ok(Rc::new(WebSub { settings: Settings::read(values) }))
    }
}

struct WebSub {
    settings: Settings,
}

#[async_trait(?Send)]
impl Protocol for WebSub {
    async fn serve(&self, seat: ServerSeat) -> Result<(), Fault> {
        let hub = Hub::new(self.settings.clone(), seat.pace);
        http::serve(seat, Options { cross_origin: self.settings.cross_origin, extension: Some(Rc::new(hub)) }).await
    }

    async fn publisher(&self, seat: PublisherSeat) -> Result<Box<dyn Publisher>, Fault> {
        Ok(Box::new(Putter::new(seat, &self.settings.carriage)?))
    }

    async fn subscriber(&self, seat: SubscriberSeat) -> Result<Box<dyn Subscriber>, Fault> {
        Ok(Box::new(Called::start(seat, &self.settings).await?))
    }

    fn forecast(&self, load: &Load) -> Forecast {
        settings::forecast(load, &self.settings)
    }
}
