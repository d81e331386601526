//! What a scenario can set.

use crate::contender::client::{CLIENT, Client};
use crate::contender::settings::{Kind, Setting, Values};
use crate::protocols::xmpp::client::settings::{ACK_EVERY, ACKS, ClientSettings, ITEMS_KEPT, LAST_ITEM, PASSWORD, PAYLOAD, SASL, SUBSCRIPTIONS, WINDOW};

/// The settings, for reading, errors, lists and docs.
pub const SETTINGS: &[Setting] = &[
    CLIENT,
    SASL,
    PASSWORD,
    WINDOW,
    PAYLOAD,
    LAST_ITEM,
    ITEMS_KEPT,
    SUBSCRIPTIONS,
    ACKS,
    ACK_EVERY,
    Setting {
        name: "starttls",
        kind: Kind::Choice(&["off", "offered"]),
        default: Some("off"),
        about: "Whether the embedded server offers STARTTLS, with a certificate that it signs itself: for other people's clients, ours stay in the clear.",
    },
];

/// The settings, read.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Which client publishes and listens.
    pub client: Client,
    /// What it does.
    pub common: ClientSettings,
    /// Whether the server offers STARTTLS.
    pub starttls: bool,
}

impl Settings {
    /// From values that have been checked against [`SETTINGS`].
    pub fn read(values: &Values) -> Self {
        Self { client: Client::read(values), common: ClientSettings::read(values), starttls: values.text("starttls") == "offered" }
    }
}
