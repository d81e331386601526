//! For tests: a small scenario and two contenders that exist only on paper.

use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use async_trait::async_trait;

use super::{Registry, Scenario, ScenarioError};
use crate::contender::settings::{Kind, Setting, SettingsError, Values};
use crate::contender::{Contender, Direction, Fault, Forecast, Load, Protocol, Publisher, PublisherSeat, ServerSeat, Subscriber, SubscriberSeat};

pub(crate) const REGISTRY: Registry = Registry { contenders: &[&FakePull, &FakePush], metrics: METRICS, gated: METRICS, natures: &["counted", "timed"] };

const METRICS: &[&str] = &["latency.p99", "bytes.per_update", "reach"];

/// Ten topics, an hour, one contender. Eleven lines, so that what a test adds begins on line 12.
pub(crate) const BASE: &str = "\
title = \"A test\"

[workload]
topology = \"fan-in\"
topics = 10
updates_per_active_topic = 2
span = \"1h\"
compression = 60

[[contender]]
use = \"fake-push\"
";

/// Reads a text.
pub(crate) fn parse(text: &str) -> Result<Scenario, ScenarioError> {
    Scenario::parse(text, "folder/test.toml", Path::new("folder"), REGISTRY)
}

/// Reads [`BASE`] with tables added.
pub(crate) fn scenario_with(tables: &str) -> Result<Scenario, ScenarioError> {
    parse(&format!("{BASE}{tables}"))
}

/// Reads [`BASE`] with tables added, and without null and idle trials.
pub(crate) fn without_baseline(tables: &str) -> Result<Scenario, ScenarioError> {
    parse(&format!("baseline = false\n{BASE}{tables}"))
}

/// The message for [`BASE`] with tables added that have a mistake.
pub(crate) fn error_of(tables: &str) -> String {
    scenario_with(tables).map(|_| ()).unwrap_err().to_string()
}

/// A scenario with this workload.
pub(crate) fn workload(lines: &str) -> String {
    format!("title = \"A test\"\n[[contender]]\nuse = \"fake-push\"\n[workload]\n{lines}\n")
}

/// Polls; in a forecast one request for each topic and interval.
pub(crate) struct FakePull;

/// Pushes; in a forecast one message for each delivery.
pub(crate) struct FakePush;

impl Contender for FakePull {
    fn name(&self) -> &'static str {
        "fake-pull"
    }

    fn about(&self) -> &'static str {
        "Asks again and again."
    }

    fn direction(&self) -> Direction {
        Direction::Pull
    }

    fn settings(&self) -> &'static [Setting] {
        &[
            Setting { name: "interval", kind: Kind::Duration, default: None, about: "Time between two polls of a topic." },
            Setting { name: "connection", kind: Kind::Choice(&["keep-alive", "per-poll"]), default: Some("keep-alive"), about: "How long a connection lives." },
            Setting { name: "window", kind: Kind::Count, default: Some("1"), about: "Requests under way at once." },
        ]
    }

    fn protocol(&self, values: &Values) -> Result<Rc<dyn Protocol>, SettingsError> {
        if values.text("connection") == "per-poll" && values.count("window") > 1 {
            let problem = "a window does not go with a connection for each poll".to_owned();
            return Err(SettingsError { key: "window".to_owned(), problem, allowed: "1 with per-poll".to_owned() });
        }
        Ok(Rc::new(Fake { interval: Some(values.duration("interval")), per_poll: values.text("connection") == "per-poll" }))
    }
}

impl Contender for FakePush {
    fn name(&self) -> &'static str {
        "fake-push"
    }

    fn about(&self) -> &'static str {
        "Tells at once."
    }

    fn direction(&self) -> Direction {
        Direction::Push
    }

    fn settings(&self) -> &'static [Setting] {
        &[]
    }

    fn protocol(&self, _values: &Values) -> Result<Rc<dyn Protocol>, SettingsError> {
        Ok(Rc::new(Fake { interval: None, per_poll: false }))
    }
}

struct Fake {
    interval: Option<Duration>,
    per_poll: bool,
}

#[async_trait(?Send)]
impl Protocol for Fake {
    async fn serve(&self, _seat: ServerSeat) -> Result<(), Fault> {
        Err(Fault::refused("serving", "it exists only on paper"))
    }

    async fn publisher(&self, _seat: PublisherSeat) -> Result<Box<dyn Publisher>, Fault> {
        Err(Fault::refused("publishing", "it exists only on paper"))
    }

    async fn subscriber(&self, _seat: SubscriberSeat) -> Result<Box<dyn Subscriber>, Fault> {
        Err(Fault::refused("subscribing", "it exists only on paper"))
    }

    fn interval(&self) -> Option<Duration> {
        self.interval
    }

    fn forecast(&self, load: &Load) -> Forecast {
        let requests = self.interval.map_or(0, |interval| (load.subscriptions as f64 * load.span.as_secs_f64() / interval.as_secs_f64()).round() as u64);
        let held = if self.per_poll { 0 } else { load.subscribers * load.connections };
        Forecast {
            at_most: false,
            requests,
            messages: if self.interval.is_some() { 2 * requests } else { load.deliveries },
            setup_messages: 2 * load.subscriptions,
            server_descriptors: held + load.publishers * load.publisher_connections,
            subscriber_descriptors: held,
            memory: load.topics * load.payload,
        }
    }
}
