//! `rest-conditional`: Asks for each topic at an interval with If-None-Match: 304 without a payload where nothing changed.
//! Server and clients are those of the polling family, in `protocols::http`.

use std::rc::Rc;

use crate::contender::settings::{Setting, SettingsError, Values};
use crate::contender::{Contender, Direction, Protocol};
use crate::protocols::http::polling::{self, Polling};

/// The registry entry.
pub struct RestConditional;

impl Contender for RestConditional {
    fn name(&self) -> &'static str {
        "rest-conditional"
    }

    fn about(&self) -> &'static str {
        "Asks for each topic at an interval with If-None-Match: 304 without a payload where nothing changed."
    }

    fn direction(&self) -> Direction {
        Direction::Pull
    }

    fn settings(&self) -> &'static [Setting] {
        polling::SETTINGS
    }

    fn invitation(&self, socket: &str) -> String {
        polling::invitation(socket)
    }

    fn protocol(&self, values: &Values) -> Result<Rc<dyn Protocol>, SettingsError> {
        Ok(Rc::new(Polling::read(values, true)?))
    }
}
