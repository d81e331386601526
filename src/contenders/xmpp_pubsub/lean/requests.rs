//! What we send, as bytes.

use std::io::Write as _;

use crate::protocols::xmpp::server::{DOMAIN, PUBSUB_SERVICE};
use crate::protocols::xmpp::xml::escape;
use crate::protocols::xmpp::{namespaces as ns, update};

use super::super::link::{RESOURCE, Request, form};

/// The beginning of a stream.
pub fn header() -> String {
    format!("<?xml version='1.0'?><stream:stream xmlns='{}' xmlns:stream='{}' to='{DOMAIN}' version='1.0'>", ns::CLIENT, ns::STREAM)
}

/// Its end.
pub const FOOTER: &[u8] = b"</stream:stream>";

/// An element of the SASL exchange; `data` is in base64.
pub fn sasl(name: &str, mechanism: Option<&str>, data: &str) -> String {
    let mechanism = mechanism.map(|mechanism| format!(" mechanism='{mechanism}'")).unwrap_or_default();
    format!("<{name} xmlns='{}'{mechanism}>{data}</{name}>", ns::SASL)
}

/// Asks for a resource.
pub fn bind() -> String {
    format!("<iq type='set' id='bind'><bind xmlns='{}'><resource>{RESOURCE}</resource></bind></iq>", ns::BIND)
}

/// Appends a request; subscriptions are for `address`, which is escaped already. Says how large the update in it is.
pub fn request(out: &mut Vec<u8>, id: u64, request: &Request, address: &str) -> usize {
    // Writing to memory cannot fail.
    let _ = write!(out, "<iq type='set' id='{id}' to='{PUBSUB_SERVICE}'><pubsub xmlns='{}'>", ns::PUBSUB);
    let mut size = 0;
    let _ = match request {
        Request::Create(topic) => {
            let _ = write!(out, "<create node='{}'/><configure><x xmlns='{}' type='submit'>", topic.name(), ns::FORMS);
            for (name, value) in form() {
                let kind = if name == "FORM_TYPE" { " type='hidden'" } else { "" };
                let _ = write!(out, "<field var='{name}'{kind}><value>{value}</value></field>");
            }
            out.write_all(b"</x></configure>")
        }
        Request::Publish(topic, payload) => {
            size = payload.len();
            let (text, in_base64) = update::encode(payload);
            let encoding = if in_base64 { " encoding='base64'" } else { "" };
            write!(out, "<publish node='{}'><item><update xmlns='{}'{encoding}>{}</update></item></publish>", topic.name(), ns::UPDATE, escape(&text))
        }
        Request::Subscribe(topic) => write!(out, "<subscribe node='{}' jid='{address}'/>", topic.name()),
    };
    out.extend_from_slice(b"</pubsub></iq>");
    size
}

/// Appends the answer to a request of the server's: to a ping its result, to all else an error, since nobody may be left waiting.
pub fn reply(out: &mut Vec<u8>, id: &str, from: Option<&str>, is_ping: bool) {
    let to = from.map(|from| format!(" to='{}'", escape(from))).unwrap_or_default();
    let id = escape(id);
    let _ = if is_ping {
        write!(out, "<iq type='result' id='{id}'{to}/>")
    } else {
        write!(out, "<iq type='error' id='{id}'{to}><error type='cancel'><service-unavailable xmlns='{}'/></error></iq>", ns::STANZA_ERRORS)
    };
}
