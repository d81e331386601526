//! Contenders on paper: they have the settings of the real ones of the same name, and do nothing. With them, what a
//! scenario's reader says does not change with every contender that is added.

use std::rc::Rc;
use std::time::Duration;

use async_trait::async_trait;
use pushbench::contender::settings::{Kind, Setting, SettingsError, Values};
use pushbench::contender::{Contender, Direction, Fault, Forecast, Load, Protocol, Publisher, PublisherSeat, ServerSeat, Subscriber, SubscriberSeat};
use pushbench::scenario::Registry;

/// Three contenders and a few metrics.
pub const REGISTRY: Registry = Registry {
    contenders: &[
        &Paper { name: "rest-poll", settings: PULL },
        &Paper { name: "rest-conditional", settings: PULL },
        &Paper { name: "xmpp-pubsub", settings: PUSH },
    ],
    metrics: METRICS,
    gated: METRICS,
    natures: &["counted", "timed"],
};

const METRICS: &[&str] = &["latency.p50", "latency.p99", "bytes.protocol.per_update", "requests.per_update", "reach"];

const PULL: &[Setting] = &[
    Setting { name: "interval", kind: Kind::Duration, default: None, about: "" },
    Setting { name: "connection", kind: Kind::Choice(&["keep-alive", "per-poll"]), default: Some("keep-alive"), about: "" },
];
const PUSH: &[Setting] =
    &[Setting { name: "sasl", kind: Kind::Choice(&["scram-sha-256", "scram-sha-1", "plain", "anonymous"]), default: Some("scram-sha-256"), about: "" }];

struct Paper {
    name: &'static str,
    settings: &'static [Setting],
}

impl Contender for Paper {
    fn name(&self) -> &'static str {
        self.name
    }

    fn about(&self) -> &'static str {
        "On paper."
    }

    fn direction(&self) -> Direction {
        Direction::Control
    }

    fn settings(&self) -> &'static [Setting] {
        self.settings
    }

    fn protocol(&self, values: &Values) -> Result<Rc<dyn Protocol>, SettingsError> {
        Ok(Rc::new(OnPaper(Some(values.duration("interval")).filter(|interval| !interval.is_zero()))))
    }
}

struct OnPaper(Option<Duration>);

#[async_trait(?Send)]
impl Protocol for OnPaper {
    async fn serve(&self, _seat: ServerSeat) -> Result<(), Fault> {
        Err(Fault::refused("serving", "on paper"))
    }

    async fn publisher(&self, _seat: PublisherSeat) -> Result<Box<dyn Publisher>, Fault> {
        Err(Fault::refused("publishing", "on paper"))
    }

    async fn subscriber(&self, _seat: SubscriberSeat) -> Result<Box<dyn Subscriber>, Fault> {
        Err(Fault::refused("subscribing", "on paper"))
    }

    fn interval(&self) -> Option<Duration> {
        self.0
    }

    fn forecast(&self, load: &Load) -> Forecast {
        let polls = self.0.map_or(0.0, |interval| load.span.as_secs_f64() / interval.as_secs_f64());
        Forecast { requests: (load.subscriptions as f64 * polls).round() as u64, ..Forecast::default() }
    }
}
