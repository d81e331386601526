//! `rest-bitmap`: a resource for each window of time has a bit for each topic, set where it changed; the subscriber fetches each window once, and
//! then what has changed and is wanted. Roy Fielding's answer in the debate of 2008 ("Paper tigers and hidden dragons").

pub(crate) mod bits;
mod settings;
mod subscriber;
mod windows;

use std::rc::Rc;
use std::time::Duration;

use async_trait::async_trait;

use crate::contender::settings::{Setting, SettingsError, Values};
use crate::contender::{Contender, Direction, Fault, Forecast, Load, Protocol, Publisher, PublisherSeat, ServerSeat, Subscriber, SubscriberSeat};
use crate::protocols::http::caller::Carriage;
use crate::protocols::http::forecast;
use crate::protocols::http::publisher::Putter;
use crate::protocols::http::rhythm::{Open, Rhythm as _};
use crate::protocols::http::server::{self, Options};
use settings::Settings;
use windows::Windows;

/// The registry entry.
pub struct RestBitmap;

impl Contender for RestBitmap {
    fn name(&self) -> &'static str {
        "rest-bitmap"
    }

    fn about(&self) -> &'static str {
        "Fetches one bitmap of all topics for each window of time, cacheable for ever, then asks for what has changed and is wanted."
    }

    fn direction(&self) -> Direction {
        Direction::Pull
    }

    fn settings(&self) -> &'static [Setting] {
        settings::DECLARED
    }

    fn invitation(&self, socket: &str) -> String {
        format!("http://{socket}/windows and http://{socket}/topics/{{topic}}")
    }

    fn protocol(&self, values: &Values) -> Result<Rc<dyn Protocol>, SettingsError> {
        let settings = Settings::read(values)?;
        Ok(Rc::new(Bitmap { carriage: Carriage::new(settings.client), settings }))
    }
}

struct Bitmap {
    settings: Settings,
    carriage: Carriage,
}

#[async_trait(?Send)]
impl Protocol for Bitmap {
    async fn serve(&self, seat: ServerSeat) -> Result<(), Fault> {
        let windows = Windows::new(seat.pace, &self.settings);
        server::serve(seat, Options { cross_origin: self.settings.cross_origin, extension: Some(Rc::new(windows)) }).await
    }

    async fn publisher(&self, seat: PublisherSeat) -> Result<Box<dyn Publisher>, Fault> {
        Ok(Box::new(Putter::new(seat, &self.carriage)?))
    }

    async fn subscriber(&self, seat: SubscriberSeat) -> Result<Box<dyn Subscriber>, Fault> {
        Ok(Box::new(subscriber::Reader::start(seat, &self.settings, &self.carriage).await?))
    }

    /// Until the window closes, and until it is fetched.
    fn interval(&self) -> Option<Duration> {
        Some(2 * self.settings.window)
    }

    fn forecast(&self, load: &Load) -> Forecast {
        let each = Open { interval: self.settings.window }.polls(load.span);
        forecast::named(load, each.count + 1.0)
    }
}
