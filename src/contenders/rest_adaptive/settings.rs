//! Settings of `rest-adaptive`.

use crate::contender::client::CLIENT;
use crate::contender::settings::{Kind, OPTIONAL, Setting};
use crate::protocols::http::settings::{CONNECTION, CROSS_ORIGIN};

/// The shortest interval.
pub const SHORTEST: Setting = Setting {
    name: "shortest",
    kind: Kind::Duration,
    default: None,
    about: "The shortest time between two polls of a topic, in scenario time: what a topic comes to that changes all the time.",
};

/// The longest interval.
pub const LONGEST: Setting = Setting {
    name: "longest",
    kind: Kind::Duration,
    default: None,
    about: "The longest time between two polls of a topic, in scenario time: what a topic comes to that never changes.",
};

/// The first interval.
pub const START: Setting = Setting {
    name: "start",
    kind: Kind::Duration,
    default: OPTIONAL,
    about: "The interval that each topic begins with, in scenario time; without it, the geometric mean of shortest and longest.",
};

/// What a poll in vain does.
pub const GROWTH: Setting = Setting {
    name: "growth",
    kind: Kind::Number { least: 1.01, most: 100.0 },
    default: Some("1.5"),
    about: "A topic's interval is multiplied by this after a poll that finds nothing new.",
};

/// What a poll of use does.
pub const DECAY: Setting = Setting {
    name: "decay",
    kind: Kind::Number { least: 0.01, most: 0.99 },
    default: Some("0.5"),
    about: "A topic's interval is multiplied by this after a poll that finds something new.",
};

/// What may be set.
pub const DECLARED: &[Setting] = &[SHORTEST, LONGEST, START, GROWTH, DECAY, CONNECTION, CLIENT, CROSS_ORIGIN];
