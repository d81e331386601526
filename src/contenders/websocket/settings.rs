//! What a scenario can set.

use std::time::Duration;

use crate::contender::settings::{Kind, Setting, Values};

use super::words::Encoding;

/// The settings, for reading, errors, lists and docs.
pub const SETTINGS: &[Setting] = &[
    Setting {
        name: "encoding",
        kind: Kind::Choice(&["json", "binary"]),
        default: Some("json"),
        about: "How publishers and subscribers speak: JSON in text messages, or bytes in binary ones; the server speaks both.",
    },
    Setting { name: "heartbeat", kind: Kind::Duration, default: Some("30s"), about: "How often the server pings each connection, in scenario time." },
    Setting {
        name: "deflate",
        kind: Kind::Choice(&["off", "on"]),
        default: Some("off"),
        about: "Whether messages are compressed (permessage-deflate), each by itself.",
    },
];

/// The settings, read.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// How our clients speak.
    pub encoding: Encoding,
    /// How often the server pings, in scenario time.
    pub heartbeat: Duration,
    /// Whether our clients wish for compression and the server grants it.
    pub deflate: bool,
}

impl Settings {
    /// From values that have been checked against [`SETTINGS`].
    pub fn read(values: &Values) -> Self {
        Self {
            encoding: if values.text("encoding") == "binary" { Encoding::Binary } else { Encoding::Json },
            heartbeat: values.duration("heartbeat"),
            deflate: values.text("deflate") == "on",
        }
    }
}
