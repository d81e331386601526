//! Settings of `loopback`.

use std::time::Duration;

use crate::contender::settings::{Kind, Setting, Values};

/// What may be set.
pub const DECLARED: &[Setting] = &[
    Setting { name: "mode", kind: Kind::Choice(&["push", "poll"]), default: Some("push"), about: "Whether the subscriber is told or asks." },
    Setting {
        name: "delay",
        kind: Kind::Duration,
        default: Some("100us"),
        about: "One-way delay; scenario time, but not compressed: it stands for a network, not for a schedule.",
    },
    Setting { name: "interval", kind: Kind::Duration, default: Some("10s"), about: "Between two polls of a topic, for mode = \"poll\"." },
];

/// Whether the subscriber is told or asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Told.
    Push,
    /// Asks.
    Poll,
}

/// The settings, parsed.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Told or asking.
    pub mode: Mode,
    /// One-way delay.
    pub delay: Duration,
    /// Between two polls of a topic, scenario time.
    pub interval: Duration,
}

impl Settings {
    /// From checked values.
    pub fn new(values: &Values) -> Self {
        let mode = if values.text("mode") == "poll" { Mode::Poll } else { Mode::Push };
        Self { mode, delay: values.duration("delay"), interval: values.duration("interval") }
    }
}
