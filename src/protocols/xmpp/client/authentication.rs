//! The client's half of a SASL exchange, careful about what a server may ask of it.
//!
//! The mechanisms themselves are the crate `sasl`'s. What it leaves out is checked here, before any work is done: that the
//! nonce is an answer to ours, that the rounds of hashing are fewer than a second's worth, and that a challenge comes once.

use sasl::client::Mechanism;
use sasl::client::mechanisms::{Anonymous, Plain, Scram};
use sasl::common::scram::{Sha1, Sha256};
use sasl::common::{ChannelBinding, Credentials};

use super::settings::{ClientSettings, Sasl};

/// Most rounds of hashing that a server may ask for (RFC 5802 §9 leaves the bound to the client). OWASP advises 600,000 for
/// SHA-256; a million are about a second here, and four thousand millions, which the field can hold, an hour.
const MOST_ITERATIONS: u32 = 1_000_000;

/// An exchange under way.
pub struct Authentication {
    mechanism: Box<dyn Mechanism>,
    /// Our nonce, where the mechanism is SCRAM.
    nonce: Option<String>,
    is_scram: bool,
    challenged: bool,
}

impl Authentication {
    /// With the mechanism and password that the scenario says.
    ///
    /// # Errors
    /// The mechanism cannot be used with a name or password like this.
    pub fn new(user: &str, settings: &ClientSettings) -> Result<Self, String> {
        let credentials = Credentials::default().with_username(user).with_password(settings.password.as_str()).with_channel_binding(ChannelBinding::None);
        let made: Result<Box<dyn Mechanism>, _> = match settings.sasl {
            Sasl::ScramSha256 => Scram::<Sha256>::from_credentials(credentials).map(|made| Box::new(made) as _),
            Sasl::ScramSha1 => Scram::<Sha1>::from_credentials(credentials).map(|made| Box::new(made) as _),
            Sasl::Plain => Plain::from_credentials(credentials).map(|made| Box::new(made) as _),
            Sasl::Anonymous => Ok(Box::new(Anonymous::new()) as _),
        };
        let mechanism = made.map_err(|error| error.to_string())?;
        let is_scram = matches!(settings.sasl, Sasl::ScramSha256 | Sasl::ScramSha1);
        Ok(Self { mechanism, nonce: None, is_scram, challenged: false })
    }

    /// What goes with the mechanism's name.
    pub fn initial(&mut self) -> Vec<u8> {
        let first = self.mechanism.initial();
        self.nonce = field(&String::from_utf8_lossy(&first), "r=").map(str::to_owned);
        first
    }

    /// The answer to a challenge.
    ///
    /// # Errors
    /// There is none: it is broken, comes too often, or asks for too much.
    pub fn response(&mut self, challenge: &[u8]) -> Result<Vec<u8>, String> {
        if !self.is_scram || std::mem::replace(&mut self.challenged, true) {
            return Err("a challenge that the mechanism does not have".to_owned());
        }
        self.check(&String::from_utf8_lossy(challenge))?;
        self.mechanism.response(challenge).map_err(|error| error.to_string())
    }

    /// The server says that we are who we are; with SCRAM it proves that it knows the password too (RFC 5802 §3).
    ///
    /// # Errors
    /// It does not prove it.
    pub fn success(&mut self, data: &[u8]) -> Result<(), String> {
        self.mechanism.success(data).map_err(|error| error.to_string())
    }

    /// What RFC 5802 §5.1 asks of `r`, `i` and extensions.
    fn check(&self, challenge: &str) -> Result<(), String> {
        if challenge.starts_with("m=") {
            return Err("a challenge with an extension that we do not know".to_owned());
        }
        let ours = self.nonce.as_deref().unwrap_or_default();
        let theirs = field(challenge, "r=").and_then(|nonce| nonce.strip_prefix(ours)).unwrap_or_default();
        if theirs.is_empty() {
            return Err("a challenge whose nonce does not extend ours".to_owned());
        }
        let iterations = field(challenge, "i=").unwrap_or_default();
        match iterations.parse::<u64>() {
            Ok(count) if (1..=u64::from(MOST_ITERATIONS)).contains(&count) => Ok(()),
            Ok(count) => Err(format!("a challenge of {count} rounds of hashing; from 1 to {MOST_ITERATIONS} are done")),
            Err(_) => Err("a challenge without a number of rounds".to_owned()),
        }
    }
}

/// The field that begins so, in a message of SCRAM.
fn field<'a>(message: &'a str, name: &str) -> Option<&'a str> {
    message.split(',').find_map(|field| field.strip_prefix(name))
}
