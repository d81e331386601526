//! SASL, the server's side (RFC 6120 §6): PLAIN, ANONYMOUS and SCRAM, one password, any user name.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use sasl::common::scram::generate_nonce;
use xmpp_parsers::jid::NodePart;

use super::scram::{Challenged, Hash, ScramFault, Verifier};

/// The mechanisms on offer, strongest first.
pub const MECHANISMS: [&str; 4] = ["SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN", "ANONYMOUS"];

/// What is checked against.
pub struct Credentials {
    password: String,
    sha1: Verifier,
    sha256: Verifier,
}

/// An exchange that waits for the client.
pub enum Exchange {
    /// The client named a mechanism that waits for its first message.
    Begun(&'static str),
    /// SCRAM waits for the proof.
    Scram(Hash, Challenged),
}

/// What comes next.
pub enum Step {
    /// Send this challenge (base64, may be empty) and wait.
    Challenge(Exchange, String),
    /// Authenticated as this user; send this along (base64, may be empty).
    Success(String, String),
}

/// Failures of RFC 6120 §6.5: those that we send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SaslFault {
    /// The client gave up.
    Aborted,
    /// Not base64.
    IncorrectEncoding,
    /// To act as somebody else.
    InvalidAuthzid,
    /// Not on offer.
    InvalidMechanism,
    /// Not what the mechanism looks like.
    MalformedRequest,
    /// The wrong password, or a name that cannot be one.
    NotAuthorized,
    /// The server has no random numbers.
    TemporaryAuthFailure,
}

impl SaslFault {
    /// Its element's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Aborted => "aborted",
            Self::IncorrectEncoding => "incorrect-encoding",
            Self::InvalidAuthzid => "invalid-authzid",
            Self::InvalidMechanism => "invalid-mechanism",
            Self::MalformedRequest => "malformed-request",
            Self::NotAuthorized => "not-authorized",
            Self::TemporaryAuthFailure => "temporary-auth-failure",
        }
    }
}

impl Credentials {
    /// One password for everybody.
    ///
    /// # Errors
    /// The system has no random numbers for the salts.
    pub fn new(password: &str) -> Result<Self, SaslFault> {
        let sha1 = Verifier::new(Hash::Sha1, password, nonce()?.into_bytes());
        let sha256 = Verifier::new(Hash::Sha256, password, nonce()?.into_bytes());
        Ok(Self { password: password.to_owned(), sha1, sha256 })
    }

    /// `<auth/>`: a mechanism, and a first message if the client sends one along.
    ///
    /// # Errors
    /// The exchange has failed.
    pub fn begin(&self, mechanism: &str, message: &str) -> Result<Step, SaslFault> {
        let mechanism = MECHANISMS.into_iter().find(|known| *known == mechanism).ok_or(SaslFault::InvalidMechanism)?;
        if mechanism == "ANONYMOUS" {
            // What comes along is a trace for the log (RFC 4505): whatever it says.
            return Ok(Step::Success(nonce()?.to_ascii_lowercase().replace(['/', '+', '='], "-"), String::new()));
        }
        let exchange = Exchange::Begun(mechanism);
        // An absent first message is asked for by an empty challenge; "=" is one of no bytes (RFC 6120 §6.4.2).
        if message.is_empty() { Ok(Step::Challenge(exchange, String::new())) } else { self.proceed(exchange, message) }
    }

    /// `<response/>`, or the first message.
    ///
    /// # Errors
    /// The exchange has failed.
    pub fn proceed(&self, exchange: Exchange, message: &str) -> Result<Step, SaslFault> {
        let message = match message {
            "=" => Vec::new(),
            text => BASE64.decode(text).map_err(|_| SaslFault::IncorrectEncoding)?,
        };
        match exchange {
            Exchange::Begun("PLAIN") => self.plain(&message),
            Exchange::Begun(mechanism) => {
                let hash = if mechanism == "SCRAM-SHA-1" { Hash::Sha1 } else { Hash::Sha256 };
                let challenged = self.verifier(hash).challenge(&message, &nonce()?)?;
                let challenge = BASE64.encode(&challenged.challenge);
                Ok(Step::Challenge(Exchange::Scram(hash, challenged), challenge))
            }
            Exchange::Scram(hash, challenged) => {
                let signature = self.verifier(hash).finish(&challenged, &message)?;
                Ok(Step::Success(user(&challenged.user)?, BASE64.encode(signature)))
            }
        }
    }

    fn verifier(&self, hash: Hash) -> &Verifier {
        match hash {
            Hash::Sha1 => &self.sha1,
            Hash::Sha256 => &self.sha256,
        }
    }

    /// `authzid NUL authcid NUL password` (RFC 4616).
    fn plain(&self, message: &[u8]) -> Result<Step, SaslFault> {
        let message = std::str::from_utf8(message).map_err(|_| SaslFault::MalformedRequest)?;
        let [authzid, name, password] = message.split('\0').collect::<Vec<_>>()[..] else { return Err(SaslFault::MalformedRequest) };
        if !authzid.is_empty() && authzid != name && authzid.split_once('@').map(|(node, _)| node) != Some(name) {
            return Err(SaslFault::InvalidAuthzid);
        }
        if password != self.password {
            return Err(SaslFault::NotAuthorized);
        }
        Ok(Step::Success(user(name)?, String::new()))
    }
}

impl From<ScramFault> for SaslFault {
    fn from(fault: ScramFault) -> Self {
        match fault {
            ScramFault::Malformed => Self::MalformedRequest,
            ScramFault::NotAuthorized => Self::NotAuthorized,
            ScramFault::InvalidAuthzid => Self::InvalidAuthzid,
        }
    }
}

/// Text that nobody can guess, of letters, digits, `+`, `/` and `=`.
///
/// # Errors
/// The system has no random numbers.
pub fn nonce() -> Result<String, SaslFault> {
    generate_nonce().map_err(|_| SaslFault::TemporaryAuthFailure)
}

/// The name as it stands in addresses (RFC 7622 §3.3).
fn user(name: &str) -> Result<String, SaslFault> {
    NodePart::new(name).map(|node| node.as_str().to_owned()).map_err(|_| SaslFault::NotAuthorized)
}
