//! `rest-poll`: Asks for each topic at an interval: a plain GET that always carries the payload.
//! Server and clients are those of the polling family, in `protocols::http`.

use std::rc::Rc;

use crate::contender::settings::{Setting, SettingsError, Values};
use crate::contender::{Contender, Direction, Protocol};
use crate::protocols::http::polling::{self, Polling};

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
        polling::SETTINGS
    }

    fn invitation(&self, socket: &str) -> String {
        polling::invitation(socket)
    }

    fn protocol(&self, values: &Values) -> Result<Rc<dyn Protocol>, SettingsError> {
        Ok(Rc::new(Polling::read(values, false)?))
    }
}
