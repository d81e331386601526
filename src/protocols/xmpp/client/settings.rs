//! How clients log in and set up, whatever carries their stanzas.

use crate::contender::Load;
use crate::contender::settings::{Kind, Setting, Values};
use crate::protocols::xmpp::acks::Acks;

/// Fields of a form and their values (XEP-0004).
pub type Form = Vec<(&'static str, String)>;

/// The collection of all topics (XEP-0248).
pub const ALL_TOPICS: &str = "all-topics";

/// The mechanism of the login.
pub const SASL: Setting = Setting {
    name: "sasl",
    kind: Kind::Choice(&["scram-sha-256", "scram-sha-1", "plain", "anonymous"]),
    default: Some("scram-sha-256"),
    about: "How clients log in; with SCRAM the password never crosses the network, and each login costs its client much more CPU.",
};
/// The password.
pub const PASSWORD: Setting = Setting { name: "password", kind: Kind::Text, default: Some("secret"), about: "The one password of all users." };
/// The pace of the set-up.
pub const WINDOW: Setting = Setting {
    name: "window",
    kind: Kind::Count,
    default: Some("64"),
    about: "Requests under way at once per connection while topics are created and subscribed.",
};

/// What a notification carries.
pub const PAYLOAD: Setting = Setting {
    name: "payload",
    kind: Kind::Choice(&["with", "notification-only"]),
    default: Some("with"),
    about: "Whether a notification carries the update, or only says that there is one, which the subscriber then fetches with a request (deliver_payloads).",
};
/// How a subscriber gets first values.
pub const LAST_ITEM: Setting = Setting {
    name: "last-item",
    kind: Kind::Choice(&["on-subscribe", "never"]),
    default: Some("on-subscribe"),
    about: "Whether the server sends the last item of a node to who subscribes, or the subscriber fetches it with a request (send_last_published_item).",
};
/// What a node keeps.
pub const ITEMS_KEPT: Setting =
    Setting { name: "items-kept", kind: Kind::Count, default: Some("1"), about: "How many items each node keeps (max_items); the server allows 10,000." };
/// How many subscriptions there are.
pub const SUBSCRIPTIONS: Setting = Setting {
    name: "subscriptions",
    kind: Kind::Choice(&["topics", "collection"]),
    default: Some("topics"),
    about: "Whether a subscriber subscribes to each topic, or, where it wants all there are, once to a collection of them (XEP-0248).",
};

/// Whether stanzas are acknowledged.
pub const ACKS: Setting = Setting {
    name: "acks",
    kind: Kind::Choice(&["off", "on"]),
    default: Some("off"),
    about: "Whether both ends acknowledge stanzas (XEP-0198), without resumption; the server offers it only then.",
};
/// How often.
pub const ACK_EVERY: Setting = Setting {
    name: "ack-every",
    kind: Kind::Count,
    default: Some("10"),
    about: "After how many stanzas sent either end asks for an acknowledgement, for acks = \"on\".",
};

/// The settings, read.
#[derive(Clone, Debug)]
pub struct ClientSettings {
    /// How clients log in.
    pub sasl: Sasl,
    /// The password of all users.
    pub password: String,
    /// Requests under way at once during set-up, at least 1.
    pub window: usize,
    /// Whether notifications carry the update.
    pub with_payload: bool,
    /// Whether the server sends the last item to who subscribes.
    pub last_item: bool,
    /// How many items a node keeps, at least 1.
    pub items_kept: u32,
    /// Whether who wants all topics subscribes once.
    pub collection: bool,
    /// After how many stanzas either end asks for an acknowledgement; `None` without acknowledgements.
    pub acks: Option<u32>,
}

/// SASL mechanisms that the client knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sasl {
    /// RFC 7677.
    ScramSha256,
    /// RFC 5802.
    ScramSha1,
    /// RFC 4616.
    Plain,
    /// RFC 4505.
    Anonymous,
}

impl ClientSettings {
    /// From values that have been checked against the settings above.
    pub fn read(values: &Values) -> Self {
        let sasl = match values.text(SASL.name) {
            "scram-sha-1" => Sasl::ScramSha1,
            "plain" => Sasl::Plain,
            "anonymous" => Sasl::Anonymous,
            _ => Sasl::ScramSha256,
        };
        Self {
            sasl,
            password: values.text(PASSWORD.name).to_owned(),
            window: values.count(WINDOW.name) as usize,
            with_payload: values.text(PAYLOAD.name) == "with",
            last_item: values.text(LAST_ITEM.name) == "on-subscribe",
            items_kept: values.count(ITEMS_KEPT.name),
            collection: values.text(SUBSCRIPTIONS.name) == "collection",
            acks: (values.text(ACKS.name) == "on").then(|| values.count(ACK_EVERY.name)),
        }
    }

    /// Messages of the set-up beside logins: stanzas of subscriptions, first values, topics, probes among them.
    pub fn setup_messages(&self, load: &Load) -> u64 {
        let (probes, topics) = (load.subscribers, load.topics + 1);
        let wanted = load.subscriptions + probes;
        // A subscription is an iq and its result; the first value a message, an iq and its result, or all of these.
        let first = match (self.with_payload, self.last_item) {
            (true, true) => 1,
            (_, false) => 2,
            (false, true) => 3,
        };
        let all = wanted == topics * load.subscribers;
        let subscribing = match (self.collection, all) {
            (false, _) => (2 + first) * wanted,
            // Each asks how many there are.
            (true, true) => 4 * load.subscribers + 2 * wanted,
            (true, false) => 2 * load.subscribers + (2 + first) * wanted,
        };
        // A topic is created and published to once.
        let stanzas = subscribing + 4 * topics + if self.collection { 2 * load.publishers } else { 0 };
        // Turning acknowledgements on, and those of the set-up itself.
        stanzas + self.acks.map_or(0, |every| 2 * (load.subscribers + load.publishers) + 2 * stanzas / u64::from(every))
    }

    /// Messages of all updates at all subscribers: notifications, an iq with its result that fetches what they do not carry, and a
    /// question with its answer for so many stanzas of each end.
    pub fn messages(&self, load: &Load) -> u64 {
        let stanzas = load.deliveries * if self.with_payload { 1 } else { 3 };
        stanzas + self.acks.map_or(0, |every| 2 * stanzas / u64::from(every))
    }
}

impl ClientSettings {
    /// A client's own counts of stanzas, in force from the binding on, where there are to be acknowledgements.
    pub fn own_acks(&self) -> Option<Box<Acks>> {
        self.acks.map(|every| {
            let acks = Acks::new(every);
            acks.enable();
            Box::new(acks)
        })
    }

    /// The form that nodes are created with: the last items are kept; anybody may publish, since topics may change hands.
    pub fn form(&self) -> Form {
        let flag = |flag: bool| if flag { "1" } else { "0" }.to_owned();
        let mut form = vec![
            ("pubsub#deliver_payloads", flag(self.with_payload)),
            ("pubsub#persist_items", flag(true)),
            ("pubsub#max_items", self.items_kept.to_string()),
            ("pubsub#send_last_published_item", if self.last_item { "on_sub" } else { "never" }.to_owned()),
            ("pubsub#access_model", "open".to_owned()),
            ("pubsub#publish_model", "open".to_owned()),
        ];
        if self.collection {
            form.push(("pubsub#collection", ALL_TOPICS.to_owned()));
        }
        form
    }

    /// The form that the collection is created with.
    pub fn form_of_collection() -> Form {
        vec![("pubsub#node_type", "collection".to_owned()), ("pubsub#access_model", "open".to_owned())]
    }
}

impl Sasl {
    /// Its name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::ScramSha256 => "SCRAM-SHA-256",
            Self::ScramSha1 => "SCRAM-SHA-1",
            Self::Plain => "PLAIN",
            Self::Anonymous => "ANONYMOUS",
        }
    }

    /// Messages of a login, both ways: two headers each way, twice features, SASL, binding.
    pub fn login_messages(self) -> u64 {
        match self {
            Self::ScramSha256 | Self::ScramSha1 => 12,
            Self::Plain | Self::Anonymous => 10,
        }
    }
}
