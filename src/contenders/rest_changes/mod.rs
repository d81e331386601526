//! `rest-changes`: one feed tells of the changes of all topics; the subscriber polls it, and then only what has changed and is wanted.
//! The feed is that of the Simple Update Protocol (FriendFeed 2008).

mod feed;
mod log;
mod settings;
mod subscriber;
pub(crate) mod text;

use std::rc::Rc;
use std::time::Duration;

use async_trait::async_trait;

use crate::contender::settings::{Setting, SettingsError, Values};
use crate::contender::{Contender, Direction, Fault, Forecast, Load, Protocol, Publisher, PublisherSeat, ServerSeat, Subscriber, SubscriberSeat};
use crate::protocols::http::caller::Carriage;
use crate::protocols::http::forecast;
use crate::protocols::http::publisher::Putter;
use crate::protocols::http::server::{self, Options};
use feed::Feed;
use settings::Settings;

/// The registry entry.
pub struct RestChanges;

impl Contender for RestChanges {
    fn name(&self) -> &'static str {
        "rest-changes"
    }

    fn about(&self) -> &'static str {
        "Polls one feed that names what has changed of all topics (Simple Update Protocol), then asks for what has changed and is wanted."
    }

    fn direction(&self) -> Direction {
        Direction::Pull
    }

    fn settings(&self) -> &'static [Setting] {
        settings::DECLARED
    }

    fn invitation(&self, socket: &str) -> String {
        format!("http://{socket}/changes and http://{socket}/topics/{{topic}}")
    }

    fn protocol(&self, values: &Values) -> Result<Rc<dyn Protocol>, SettingsError> {
        let settings = Settings::read(values)?;
        Ok(Rc::new(Changes { carriage: Carriage::new(settings.client), settings }))
    }
}

struct Changes {
    settings: Settings,
    carriage: Carriage,
}

#[async_trait(?Send)]
impl Protocol for Changes {
    async fn serve(&self, seat: ServerSeat) -> Result<(), Fault> {
        let feed = Feed::new(seat.pace, &self.settings);
        server::serve(seat, Options { cross_origin: self.settings.cross_origin, extension: Some(Rc::new(feed)) }).await
    }

    async fn publisher(&self, seat: PublisherSeat) -> Result<Box<dyn Publisher>, Fault> {
        Ok(Box::new(Putter::new(seat, &self.carriage)?))
    }

    async fn subscriber(&self, seat: SubscriberSeat) -> Result<Box<dyn Subscriber>, Fault> {
        Ok(Box::new(subscriber::Reader::start(seat, &self.settings, &self.carriage).await?))
    }

    /// Until the feed is polled, and until the document that others have asked for a moment ago is made anew.
    fn interval(&self) -> Option<Duration> {
        Some(self.settings.rhythm.longest() + feed::kept(self.settings.period))
    }

    fn forecast(&self, load: &Load) -> Forecast {
        forecast::named(load, self.settings.rhythm.polls(load.span).count)
    }
}
