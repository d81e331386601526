//! The settings of `rest-poll`.

use std::time::Duration;

use crate::contender::settings::{Setting, Values};
use crate::protocols::http::settings::{CONNECTION, CROSS_ORIGIN, Connection, INTERVAL, cross_origin};

pub(super) const ALL: &[Setting] = &[INTERVAL, CONNECTION, CROSS_ORIGIN];

/// Settings that were read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Settings {
    /// Time between two polls of a topic, scenario time.
    pub interval: Duration,
    pub connection: Connection,
    pub cross_origin: bool,
}

impl Settings {
    pub fn read(values: &Values) -> Self {
        Self { interval: values.duration(INTERVAL.name), connection: Connection::read(values), cross_origin: cross_origin(values) }
    }
}
