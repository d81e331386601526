//! The conditions by which a server says no: to a stanza (RFC 6120 §8.3, XEP-0060) or to a whole stream (§4.9).

use std::fmt::Write as _;

use super::namespaces as ns;

/// A stanza error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StanzaError {
    /// What RFC 6120 calls it.
    pub condition: StanzaCondition,
    /// What XEP-0060 adds, by element name: `not-subscribed`, `invalid-jid` …
    pub detail: Option<&'static str>,
    /// With `unsupported`: the feature that is missing.
    pub feature: Option<&'static str>,
}

/// Defined conditions of stanza errors (RFC 6120 §8.3.3): those that we send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StanzaCondition {
    /// The request makes no sense.
    BadRequest,
    /// The thing is there already.
    Conflict,
    /// It may exist elsewhere, not here.
    FeatureNotImplemented,
    /// Only its owner may.
    Forbidden,
    /// There is no such thing.
    ItemNotFound,
    /// An address is no address.
    JidMalformed,
    /// The values are not acceptable.
    NotAcceptable,
    /// Nobody may.
    NotAllowed,
    /// Beyond what the server allows to one.
    PolicyViolation,
    /// We speak to no other servers.
    RemoteServerNotFound,
    /// The server is full.
    ResourceConstraint,
    /// Nobody there, or nobody who understands.
    ServiceUnavailable,
    /// Not now, not in this order.
    UnexpectedRequest,
}

impl From<StanzaCondition> for StanzaError {
    fn from(condition: StanzaCondition) -> Self {
        Self { condition, detail: None, feature: None }
    }
}

impl StanzaCondition {
    /// With one of XEP-0060's own conditions.
    pub fn because(self, detail: &'static str) -> StanzaError {
        StanzaError { detail: Some(detail), ..self.into() }
    }

    /// Its element's name, and the error's type (RFC 6120 §8.3.2).
    pub fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::BadRequest => ("bad-request", "modify"),
            Self::Conflict => ("conflict", "cancel"),
            Self::FeatureNotImplemented => ("feature-not-implemented", "cancel"),
            Self::Forbidden => ("forbidden", "auth"),
            Self::ItemNotFound => ("item-not-found", "cancel"),
            Self::JidMalformed => ("jid-malformed", "modify"),
            Self::NotAcceptable => ("not-acceptable", "modify"),
            Self::NotAllowed => ("not-allowed", "cancel"),
            Self::PolicyViolation => ("policy-violation", "wait"),
            Self::RemoteServerNotFound => ("remote-server-not-found", "cancel"),
            Self::ResourceConstraint => ("resource-constraint", "wait"),
            Self::ServiceUnavailable => ("service-unavailable", "cancel"),
            Self::UnexpectedRequest => ("unexpected-request", "cancel"),
        }
    }
}

impl StanzaError {
    /// A feature of XEP-0060 that we leave out.
    pub fn unsupported(feature: &'static str) -> Self {
        Self { condition: StanzaCondition::FeatureNotImplemented, detail: Some("unsupported"), feature: Some(feature) }
    }

    /// The `<error/>` element.
    pub fn xml(&self) -> String {
        let (name, kind) = self.condition.names();
        let mut xml = format!("<error type='{kind}'><{name} xmlns='{}'/>", ns::STANZA_ERRORS);
        if let Some(detail) = self.detail {
            let _ = write!(xml, "<{detail} xmlns='{}'", ns::PUBSUB_ERRORS);
            if let Some(feature) = self.feature {
                let _ = write!(xml, " feature='{feature}'");
            }
            xml.push_str("/>");
        }
        xml.push_str("</error>");
        xml
    }
}

/// Defined conditions of stream errors (RFC 6120 §4.9.3): those that we send. Each ends the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamCondition {
    /// XML that we cannot process.
    BadFormat,
    /// Someone else has bound this resource now.
    Conflict,
    /// The login, or a stanza that has begun, does not come to its end.
    ConnectionTimeout,
    /// We do not serve this domain.
    HostUnknown,
    /// A stanza in somebody else's name.
    InvalidFrom,
    /// The stream's namespace is wrong.
    InvalidNamespace,
    /// Not yet authenticated, or not yet bound.
    NotAuthorized,
    /// Not XML.
    NotWellFormed,
    /// Beyond a limit.
    PolicyViolation,
    /// The server is full.
    ResourceConstraint,
    /// XML that XMPP forbids.
    RestrictedXml,
    /// The server stops.
    SystemShutdown,
    /// None of the others: acknowledgements of what was never sent.
    UndefinedCondition,
    /// Not UTF-8.
    UnsupportedEncoding,
    /// A top-level element that is none of ours.
    UnsupportedStanzaType,
    /// Not XMPP 1.0.
    UnsupportedVersion,
}

impl StreamCondition {
    /// Its element's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::BadFormat => "bad-format",
            Self::Conflict => "conflict",
            Self::ConnectionTimeout => "connection-timeout",
            Self::HostUnknown => "host-unknown",
            Self::InvalidFrom => "invalid-from",
            Self::InvalidNamespace => "invalid-namespace",
            Self::NotAuthorized => "not-authorized",
            Self::NotWellFormed => "not-well-formed",
            Self::PolicyViolation => "policy-violation",
            Self::ResourceConstraint => "resource-constraint",
            Self::RestrictedXml => "restricted-xml",
            Self::SystemShutdown => "system-shutdown",
            Self::UndefinedCondition => "undefined-condition",
            Self::UnsupportedEncoding => "unsupported-encoding",
            Self::UnsupportedStanzaType => "unsupported-stanza-type",
            Self::UnsupportedVersion => "unsupported-version",
        }
    }
}
