//! Who is put to the test, with which settings, and in which scenario.

use std::collections::BTreeMap;
use std::rc::Rc;

use pushbench::contender::client::CLIENT;
use pushbench::contender::settings::{Kind, Values};
use pushbench::contender::{Contender, Direction, Protocol};
use pushbench::contenders::ALL;

/// A contender with one of its clients, and perhaps one more setting that is not its default.
#[derive(Clone, Copy)]
pub struct Entry {
    pub contender: &'static dyn Contender,
    pub client: Option<&'static str>,
    pub other: Option<(&'static str, &'static str)>,
}

impl Entry {
    pub fn name(self) -> String {
        let words = self.client.into_iter().chain(self.other.map(|(_, word)| word)).collect::<Vec<_>>().join(", ");
        if words.is_empty() { self.contender.name().to_owned() } else { format!("{} ({words})", self.contender.name()) }
    }

    pub fn direction(self) -> Direction {
        self.contender.direction()
    }

    /// What it is given: the client, settings without a default, and the one that is not its default.
    pub fn settings(self) -> BTreeMap<String, String> {
        let mut settings = required(self.contender);
        settings.extend(self.client.map(|client| (CLIENT.name.to_owned(), client.to_owned())));
        settings.extend(self.other.map(|(key, word)| (key.to_owned(), word.to_owned())));
        // Whoever can ask at an interval does so often, and whoever is to pause does so shortly.
        let closed = settings.get("model").is_some_and(|model| model == "closed");
        for (name, value) in OFTEN.iter().filter(|(name, _)| *name != if closed { "interval" } else { "pause" }) {
            if self.contender.settings().iter().any(|setting| setting.name == *name && setting.kind == Kind::Duration) {
                settings.insert((*name).to_owned(), (*value).to_owned());
            }
        }
        settings
    }
}

/// What decides how often is asked: scenarios here last two seconds.
const OFTEN: [(&str, &str); 6] =
    [("interval", "100ms"), ("pause", "100ms"), ("window", "100ms"), ("shortest", "50ms"), ("longest", "200ms"), ("retry", "100ms")];

/// All contenders; those that let one choose the client, with each choice.
pub fn entries() -> Vec<Entry> {
    let mut entries = Vec::new();
    for contender in ALL.iter().copied() {
        match contender.settings().iter().find(|setting| setting.name == CLIENT.name).map(|setting| setting.kind) {
            Some(Kind::Choice(clients)) => entries.extend(clients.iter().map(|client| Entry { contender, client: Some(client), other: None })),
            _ => entries.push(Entry { contender, client: None, other: None }),
        }
    }
    entries
}

/// Each word that a setting of choice allows beside its default, one at a time: every option does something, and harms nothing.
pub fn variants() -> Vec<Entry> {
    let mut variants = Vec::new();
    for contender in ALL.iter().copied() {
        for setting in contender.settings().iter().filter(|setting| setting.name != CLIENT.name) {
            if let (Kind::Choice(words), Some(default)) = (setting.kind, setting.default) {
                let others = words.iter().filter(|word| **word != default);
                variants.extend(others.map(|word| Entry { contender, client: None, other: Some((setting.name, word)) }));
            }
        }
    }
    variants
}

/// What a contender is given for settings without a default.
pub fn required(contender: &dyn Contender) -> BTreeMap<String, String> {
    let settings = contender.settings().iter().filter(|setting| setting.default.is_none());
    settings.map(|setting| (setting.name.to_owned(), if setting.kind == Kind::Duration { "100ms" } else { "1" }.to_owned())).collect()
}

pub fn protocol(entry: Entry) -> Rc<dyn Protocol> {
    let contender = entry.contender;
    let values = Values::new(contender.settings(), &entry.settings()).unwrap_or_else(|error| panic!("{}: {error}", contender.name()));
    contender.protocol(&values).unwrap_or_else(|error| panic!("{}: {error}", contender.name()))
}

/// Puts each of them to the test, several at once: real time is mostly waiting.
pub fn each(entries: Vec<Entry>, test: impl Fn(Entry) + Sync) {
    each_at_once(2, entries, test);
}

/// Puts each of them to the test, so many at once.
pub fn each_at_once(at_once: usize, entries: Vec<Entry>, test: impl Fn(Entry) + Sync) {
    assert!(entries.len() >= 10, "somebody must be put to the test: {}", entries.len());
    let next = std::sync::atomic::AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..at_once {
            scope.spawn(|| {
                while let Some(entry) = entries.get(next.fetch_add(1, std::sync::atomic::Ordering::Relaxed)) {
                    test(*entry);
                }
            });
        }
    });
}

/// A scenario of two seconds with one contender.
pub fn scenario(entry: Entry, topology: &str, topics: u32, updates: f64, subscribers: u32) -> String {
    let settings: String = entry.settings().iter().map(|(key, value)| format!("{key} = \"{value}\"\n")).collect();
    format!(
        r#"
        title = "contract"
        [workload]
        topology = "{topology}"
        topics = {topics}
        updates_per_active_topic = {updates}
        span = "2s"
        warm_up = "500ms"
        payload = "200 B"
        timeout = "1s"
        seed = 3
        [subscribers]
        count = {subscribers}
        connections = 2
        [[contender]]
        use = "{}"
        {settings}
        "#,
        entry.contender.name()
    )
}
