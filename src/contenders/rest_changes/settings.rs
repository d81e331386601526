//! Settings of `rest-changes`.

use std::rc::Rc;
use std::time::Duration;

use crate::contender::client::{CLIENT, Client};
use crate::contender::settings::{Kind, OPTIONAL, Setting, SettingsError, Values};
use crate::protocols::http::changes::crowd::{Crowd, OUTSIDE, OUTSIDE_INTERVAL};
use crate::protocols::http::rhythm::{self, Rhythm};
use crate::protocols::http::settings::{CONNECTION, CROSS_ORIGIN, Connection, INTERVAL, MODEL, PAUSE, cross_origin};

/// How much a document covers.
const PERIOD: Setting = Setting {
    name: "period",
    kind: Kind::Duration,
    default: OPTIONAL,
    about: "The shortest period that a document of the feed covers, in scenario time; without it, the time between two polls. Others cover 4, 16, 64, 256 and 1,024 times as much.",
};

/// How a document is sent.
const ENCODING: Setting =
    Setting { name: "encoding", kind: Kind::Choice(&["gzip", "identity"]), default: Some("gzip"), about: "Whether the feed is sent as gzip or as it is." };

/// What may be set.
pub const DECLARED: &[Setting] = &[MODEL, INTERVAL, PAUSE, PERIOD, ENCODING, OUTSIDE, OUTSIDE_INTERVAL, CONNECTION, CLIENT, CROSS_ORIGIN];

/// The settings, parsed. Durations are scenario time.
pub struct Settings {
    /// When the feed is polled.
    pub rhythm: Rc<dyn Rhythm>,
    /// What the shortest document covers.
    pub period: Duration,
    /// Whether documents are sent as gzip.
    pub gzip: bool,
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
    /// Two do not go together, or the crowd is too large.
    pub fn read(values: &Values) -> Result<Self, SettingsError> {
        let rhythm = rhythm::read(values)?;
        let period = if values.has(PERIOD.name) { values.duration(PERIOD.name) } else { rhythm.longest() };
        Ok(Self {
            crowd: Crowd::read(values, period)?,
            rhythm,
            period,
            gzip: values.text(ENCODING.name) == "gzip",
            connection: Connection::read(values),
            client: Client::read(values),
            cross_origin: cross_origin(values),
        })
    }
}
