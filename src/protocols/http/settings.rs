//! Settings that the polling family shares: declared once.

use crate::contender::settings::{Kind, OPTIONAL, Setting, Values};

/// What the next poll waits for.
pub const MODEL: Setting = Setting {
    name: "model",
    kind: Kind::Choice(&["open", "closed"]),
    default: Some("open"),
    about: "Whether polls keep to a plan (open), or each waits for the answer to the last and then pauses (closed), as clients of published studies do.",
};

/// How often is asked in an open loop.
pub const INTERVAL: Setting = Setting {
    name: "interval",
    kind: Kind::Duration,
    default: OPTIONAL,
    about: "Time between two polls of the same thing, in scenario time; an open loop needs it.",
};

/// How long a closed loop rests.
pub const PAUSE: Setting = Setting {
    name: "pause",
    kind: Kind::Duration,
    default: OPTIONAL,
    about: "Time from the answer to one poll until the next one of the same thing, in scenario time; a closed loop needs it.",
};

/// What becomes of a connection after a poll.
pub const CONNECTION: Setting = Setting {
    name: "connection",
    kind: Kind::Choice(&["keep-alive", "per-poll"]),
    default: Some("keep-alive"),
    about: "Whether the subscriber's connections stay open, or each poll opens and closes one of its own.",
};

/// Whether web pages may use the server.
pub const CROSS_ORIGIN: Setting = Setting {
    name: "cross-origin",
    kind: Kind::Choice(&["off", "on"]),
    default: Some("off"),
    about: "Whether pages from other origins may use the server (CORS); \"pushbench serve\" turns it on.",
};

/// What becomes of a connection after a poll.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Connection {
    /// It stays open for the next.
    KeepAlive,
    /// It is closed; the next poll opens another.
    PerPoll,
}

impl Connection {
    /// Reads the setting [`CONNECTION`].
    pub fn read(values: &Values) -> Self {
        if values.text(CONNECTION.name) == "per-poll" { Self::PerPoll } else { Self::KeepAlive }
    }
}

/// Reads the setting [`CROSS_ORIGIN`].
pub fn cross_origin(values: &Values) -> bool {
    values.text(CROSS_ORIGIN.name) == "on"
}
