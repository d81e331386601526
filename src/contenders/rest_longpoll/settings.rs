//! What a scenario may say of `rest-longpoll`, and what then is to be expected.

use std::time::Duration;

use crate::contender::client::{CLIENT, Client};
use crate::contender::settings::{Kind, Setting, Values};
use crate::contender::{Forecast, Load};
use crate::protocols::http::caller::Carriage;
use crate::protocols::http::forecast;
use crate::protocols::http::outbox::{Keep, LARGEST_BATCH};
use crate::protocols::http::settings::{CROSS_ORIGIN, cross_origin};

const HOLD: &str = "hold";
const KEEP: &str = "keep";
const BACKLOG: &str = "backlog";

/// All of them.
pub(super) const ALL: &[Setting] = &[
    Setting {
        name: HOLD,
        kind: Kind::Duration,
        default: Some("30s"),
        about: "How long the server holds a request at most before it says that there is nothing new, in scenario time.",
    },
    Setting {
        name: KEEP,
        kind: Kind::Choice(&["all", "latest"]),
        default: Some("all"),
        about: "What of a topic that changes several times between two requests the next one gets: each update, or the latest.",
    },
    Setting {
        name: BACKLOG,
        kind: Kind::Count,
        default: Some("1000"),
        about: "Updates that wait for a subscriber at most, where all are kept: whoever is further behind gets the present value of every topic instead.",
    },
    CLIENT,
    CROSS_ORIGIN,
];

/// The settings, read.
pub(super) struct Settings {
    /// Scenario time.
    pub hold: Duration,
    pub keep: Keep,
    pub carriage: Carriage,
    pub cross_origin: bool,
}

impl Settings {
    /// Reads [`ALL`].
    pub fn read(values: &Values) -> Self {
        let keep = if values.text(KEEP) == "latest" { Keep::Latest } else { Keep::All(values.count(BACKLOG) as usize) };
        Self { hold: values.duration(HOLD), keep, carriage: Carriage::new(Client::read(values)), cross_origin: cross_origin(values) }
    }
}

/// At most an answer for each update, and one for each hold. Set-up is one PUT for each topic; of each subscriber a request that names its
/// topics, and one for each further piece of their first values.
pub(super) fn forecast(load: &Load, hold: Duration) -> Forecast {
    let holds = (load.span.as_secs_f64() / hold.as_secs_f64()).ceil() as u64 + 1;
    let requests = load.deliveries + load.subscribers * holds;
    let first_values = (load.subscriptions + load.subscribers) * (load.payload + 40);
    let pieces = load.subscribers + first_values / LARGEST_BATCH as u64;
    // The second connection says goodbye while the first one's request is held.
    forecast::held(load, Forecast { at_most: true, requests, messages: 2 * requests, setup_messages: 2 * pieces, ..Forecast::default() }, 2)
}
