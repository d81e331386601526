//! Settings of `rest-bitmap`.

use std::time::Duration;

use super::bits::Encoding;
use crate::contender::client::{CLIENT, Client};
use crate::contender::settings::{Kind, Setting, SettingsError, Values};
use crate::protocols::http::changes::crowd::{Crowd, OUTSIDE, OUTSIDE_INTERVAL};
use crate::protocols::http::settings::{CONNECTION, CROSS_ORIGIN, Connection, cross_origin};

/// What a bitmap stands for.
const WINDOW: Setting =
    Setting { name: "window", kind: Kind::Duration, default: Some("1m"), about: "What one bitmap covers, and the time between two polls, in scenario time." };

/// What a bitmap is.
const ENCODING: Setting = Setting {
    name: "encoding",
    kind: Kind::Choice(&["roaring", "gzip"]),
    default: Some("roaring"),
    about: "Whether a bitmap is a Roaring bitmap in its portable form, or the plain array of bits packed by gzip.",
};

/// What may be set.
pub const DECLARED: &[Setting] = &[WINDOW, ENCODING, OUTSIDE, OUTSIDE_INTERVAL, CONNECTION, CLIENT, CROSS_ORIGIN];

/// The settings, parsed. Durations are scenario time.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// What one bitmap covers.
    pub window: Duration,
    /// What a bitmap is.
    pub encoding: Encoding,
    /// The topics of everybody else.
    pub crowd: Crowd,
    /// What becomes of a connection after a request.
    pub connection: Connection,
    /// Who asks and publishes.
    pub client: Client,
    /// Whether pages from other origins may use the server.
    pub cross_origin: bool,
}

impl Settings {
    /// Reads them.
    ///
    /// # Errors
    /// The crowd is too large.
    pub fn read(values: &Values) -> Result<Self, SettingsError> {
        let window = values.duration(WINDOW.name);
        Ok(Self {
            window,
            encoding: if values.text(ENCODING.name) == "gzip" { Encoding::Gzip } else { Encoding::Roaring },
            crowd: Crowd::read(values, window)?,
            connection: Connection::read(values),
            client: Client::read(values),
            cross_origin: cross_origin(values),
        })
    }
}
