//! Requests and their answers (RFC 6120 §8.2.3): every `iq` of type get or set gets exactly one.

use super::errors::{StanzaCondition, StanzaError};
use super::outlet::Peer;
use super::xml::{Element, escape};

/// A request read.
pub struct Request<'a> {
    /// Whether it wants to change something.
    pub set: bool,
    /// What it is about.
    pub payload: &'a Element,
}

/// The address on an answer, and the way back.
pub struct Reply<'a> {
    peer: &'a Peer,
    id: &'a str,
    from: Option<&'a str>,
}

impl<'a> Reply<'a> {
    /// For a stanza of `peer`. The answer comes from where the stanza went to: clients match both (RFC 6120 §8.1.3).
    pub fn new(peer: &'a Peer, stanza: &'a Element) -> Self {
        Self { peer, id: stanza.attribute("id").unwrap_or_default(), from: stanza.attribute("to") }
    }

    /// Answers with a result; `body` is XML, or empty.
    pub fn result(&self, body: &str) {
        self.updates(body, 0);
    }

    /// Answers with a result that has so many bytes of updates in it.
    pub fn updates(&self, body: &str, payload: usize) {
        self.send("iq", "result", body, payload);
    }

    /// Answers a request with an error.
    pub fn error(&self, error: StanzaError) {
        self.stanza_error("iq", error);
    }

    /// Answers a stanza of some `kind` with an error.
    pub fn stanza_error(&self, kind: &str, error: StanzaError) {
        self.send(kind, "error", &error.xml(), 0);
    }

    fn send(&self, kind: &str, type_: &str, body: &str, payload: usize) {
        let from = self.from.map(|from| format!(" from='{}'", escape(from))).unwrap_or_default();
        let head = format!("<{kind} type='{type_}' id='{}'{from} to='{}'", escape(self.id), escape(&self.peer.full));
        if body.is_empty() {
            self.peer.send(&[head.as_bytes(), b"/>"], 0);
        } else {
            let foot = format!("</{kind}>");
            self.peer.send(&[head.as_bytes(), b">", body.as_bytes(), foot.as_bytes()], payload);
        }
    }
}

/// Reads an `iq` as a request; `None` where it is an answer.
///
/// # Errors
/// It is neither: no id, no such type, or not exactly one child (RFC 6120 §8.2.3).
pub fn request(stanza: &Element) -> Result<Option<Request<'_>>, StanzaError> {
    let set = match (stanza.attribute("type"), stanza.attribute("id")) {
        (Some("result" | "error"), _) => return Ok(None),
        (Some("get"), Some(_)) => false,
        (Some("set"), Some(_)) => true,
        _ => return Err(StanzaCondition::BadRequest.into()),
    };
    let mut children = stanza.elements();
    match (children.next(), children.next()) {
        (Some(payload), None) => Ok(Some(Request { set, payload })),
        _ => Err(StanzaCondition::BadRequest.into()),
    }
}
