//! How what is not a stanza stands on the wire, which hangs on what carries the session.
//!
//! Over TCP all of a session is one document, whose root declares the namespaces (RFC 6120 §4.8). Where each element stands
//! alone (RFC 7395 §3.3), it declares them itself, and stanzas do so on their way out ([`stand_alone`]).

use super::errors::StreamCondition;
use super::namespaces as ns;
use super::xml::Element;

/// What carries a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// A stream over TCP (RFC 6120).
    Stream,
    /// A WebSocket, one element per message (RFC 7395).
    WebSocket,
    /// Requests and responses of HTTP, whose bodies hold elements (XEP-0124, XEP-0206): their attributes are header and footer.
    Bosh,
}

impl Framing {
    /// Checks that this is how a stream begins.
    ///
    /// # Errors
    /// It is not, and why.
    pub fn check_header(self, header: &Element) -> Result<(), StreamCondition> {
        let (name, namespace) = match self {
            Self::Stream => ("stream", ns::STREAM),
            Self::WebSocket => ("open", ns::FRAMING),
            Self::Bosh => ("body", ns::BOSH),
        };
        match (header.namespace.as_str() == namespace, header.name.as_str() == name) {
            (false, _) => Err(StreamCondition::InvalidNamespace),
            (true, false) => Err(StreamCondition::BadFormat),
            (true, true) => Ok(()),
        }
    }

    /// The server's beginning of a stream, where it is an element.
    pub fn header(self, id: &str, domain: &str) -> Option<String> {
        let attributes = format!("id='{id}' from='{domain}' version='1.0' xml:lang='en'");
        match self {
            Self::Stream => Some(format!("<?xml version='1.0'?><stream:stream xmlns='{}' xmlns:stream='{}' {attributes}>", ns::CLIENT, ns::STREAM)),
            Self::WebSocket => Some(format!("<open xmlns='{}' {attributes}/>", ns::FRAMING)),
            Self::Bosh => None,
        }
    }

    /// The features, with these in them.
    pub fn features(self, features: &str) -> String {
        format!("<stream:features{}>{features}</stream:features>", self.declaration())
    }

    /// A stream error (RFC 6120 §4.9).
    pub fn error(self, condition: StreamCondition) -> String {
        format!("<stream:error{}><{} xmlns='{}'/></stream:error>", self.declaration(), condition.name(), ns::STREAM_ERRORS)
    }

    /// The end of a stream, where it is an element.
    pub fn footer(self) -> Option<String> {
        match self {
            Self::Stream => Some("</stream:stream>".to_owned()),
            Self::WebSocket => Some(format!("<close xmlns='{}'/>", ns::FRAMING)),
            Self::Bosh => None,
        }
    }

    fn declaration(self) -> String {
        match self {
            Self::Stream => String::new(),
            Self::WebSocket | Self::Bosh => format!(" xmlns:stream='{}'", ns::STREAM),
        }
    }
}

/// An element in pieces, as it left a session, made to stand alone: a stanza says of which namespace it is.
pub fn stand_alone(pieces: &[&[u8]]) -> Vec<u8> {
    let mut whole = Vec::with_capacity(pieces.iter().map(|piece| piece.len()).sum::<usize>() + 24);
    let first = pieces.first().copied().unwrap_or_default();
    let name = ["<iq", "<message", "<presence"].into_iter().find(|name| {
        let after = first.strip_prefix(name.as_bytes()).and_then(|rest| rest.first());
        after.is_some_and(|byte| matches!(byte, b' ' | b'>' | b'/'))
    });
    let at = name.map_or(0, str::len);
    if at > 0 {
        whole.extend_from_slice(&first[..at]);
        whole.extend_from_slice(b" xmlns='jabber:client'");
    }
    whole.extend_from_slice(&first[at..]);
    pieces.iter().skip(1).for_each(|piece| whole.extend_from_slice(piece));
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stanzas_alone_say_what_they_are() {
        for (pieces, whole) in [
            (&[&b"<iq type='result'"[..], b"/>"][..], "<iq xmlns='jabber:client' type='result'/>"),
            (&[b"<message to='", b"a", b"'/>"], "<message xmlns='jabber:client' to='a'/>"),
            (&[b"<presence/>"], "<presence xmlns='jabber:client'/>"),
            (&[b"<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'></success>"], "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'></success>"),
            (&[b"<iqs/>"], "<iqs/>"),
            (&[], ""),
        ] {
            assert_eq!(stand_alone(pieces), whole.as_bytes());
        }
    }
}
