//! `rest-adaptive`: conditional polling in which each topic's interval follows how often it changes.
//! Server and clients are those of the polling family, in `protocols::http`; the rhythm is its own.

mod rhythm;
mod settings;

use std::rc::Rc;

use crate::contender::settings::{Setting, SettingsError, Values};
use crate::contender::{Contender, Direction, Protocol};
use crate::protocols::http::polling::{self, Polling};
use rhythm::Adaptive;

/// The registry entry.
pub struct RestAdaptive;

impl Contender for RestAdaptive {
    fn name(&self) -> &'static str {
        "rest-adaptive"
    }

    fn about(&self) -> &'static str {
        "Asks for each topic with If-None-Match, the more often the more often it changes: its interval grows with each 304 and shrinks with each 200."
    }

    fn direction(&self) -> Direction {
        Direction::Pull
    }

    fn settings(&self) -> &'static [Setting] {
        settings::DECLARED
    }

    fn invitation(&self, socket: &str) -> String {
        polling::invitation(socket)
    }

    fn protocol(&self, values: &Values) -> Result<Rc<dyn Protocol>, SettingsError> {
        Ok(Rc::new(Polling::with(Rc::new(Adaptive::read(values)?), values, true)))
    }
}
