//! What a scenario can set.

use crate::contender::client::{CLIENT, Client};
use crate::contender::settings::{Kind, Setting, Values};

/// The settings, for reading, errors, lists and docs.
pub const SETTINGS: &[Setting] = &[
    CLIENT,
    Setting {
        name: "sasl",
        kind: Kind::Choice(&["scram-sha-256", "scram-sha-1", "plain", "anonymous"]),
        default: Some("scram-sha-256"),
        about: "How clients log in; with SCRAM the password never crosses the network, and each login costs its client much more CPU.",
    },
    Setting { name: "password", kind: Kind::Text, default: Some("secret"), about: "The one password of all users." },
    Setting {
        name: "window",
        kind: Kind::Count,
        default: Some("64"),
        about: "Requests under way at once per connection while topics are created and subscribed.",
    },
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
    /// How clients log in.
    pub sasl: Sasl,
    /// The password of all users.
    pub password: String,
    /// Requests under way at once during set-up, at least 1.
    pub window: usize,
    /// Whether the server offers STARTTLS.
    pub starttls: bool,
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

impl Settings {
    /// From values that have been checked against [`SETTINGS`].
    pub fn read(values: &Values) -> Self {
        let sasl = match values.text("sasl") {
            "scram-sha-1" => Sasl::ScramSha1,
            "plain" => Sasl::Plain,
            "anonymous" => Sasl::Anonymous,
            _ => Sasl::ScramSha256,
        };
        Self {
            client: Client::read(values),
            sasl,
            password: values.text("password").to_owned(),
            window: values.count("window") as usize,
            starttls: values.text("starttls") == "offered",
        }
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
