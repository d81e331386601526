//! What we send, as bytes.

use std::io::Write as _;

use crate::protocols::xmpp::server::{DOMAIN, PUBSUB_SERVICE};
use crate::protocols::xmpp::xml::escape;
use crate::protocols::xmpp::{namespaces as ns, update};

use super::link::{RESOURCE, Request, fields};

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

/// How a stanza that stands alone says what it is.
pub const ALONE: &str = " xmlns='jabber:client'";

/// Appends a request; subscriptions are for `address`, which is escaped already, and `space` declares the namespace where
/// nothing around it does ([`ALONE`]). Says how large the update in it is.
pub fn request(out: &mut Vec<u8>, id: u64, request: &Request, address: &str, space: &str) -> usize {
    // Writing to memory cannot fail.
    let kind = if request.is_set() { "set" } else { "get" };
    let _ = write!(out, "<iq{space} type='{kind}' id='{id}' to='{PUBSUB_SERVICE}'>");
    if let Request::Count(node) = request {
        let _ = write!(out, "<query xmlns='{}' node='{node}'><set xmlns='{}'><max>0</max></set></query></iq>", ns::DISCO_ITEMS, ns::RSM);
        return 0;
    }
    let _ = write!(out, "<pubsub xmlns='{}'>", ns::PUBSUB);
    let mut size = 0;
    let _ = match request {
        Request::Create(node, form) => {
            let _ = write!(out, "<create node='{node}'/><configure><x xmlns='{}' type='submit'>", ns::FORMS);
            for (name, value) in fields(form) {
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
        Request::Subscribe(node) => write!(out, "<subscribe node='{node}' jid='{address}'/>"),
        Request::Last(topic) => write!(out, "<items node='{}' max_items='1'/>", topic.name()),
        Request::Item(node, id) => write!(out, "<items node='{}'><item id='{}'/></items>", escape(node), escape(id)),
        Request::Count(_) => Ok(()),
    };
    out.extend_from_slice(b"</pubsub></iq>");
    size
}

/// Appends the answer to a request of the server's: to a ping its result, to all else an error, since nobody may be left waiting.
pub fn reply(out: &mut Vec<u8>, id: &str, from: Option<&str>, is_ping: bool, space: &str) {
    let to = from.map(|from| format!(" to='{}'", escape(from))).unwrap_or_default();
    let id = escape(id);
    let _ = if is_ping {
        write!(out, "<iq{space} type='result' id='{id}'{to}/>")
    } else {
        write!(out, "<iq{space} type='error' id='{id}'{to}><error type='cancel'><service-unavailable xmlns='{}'/></error></iq>", ns::STANZA_ERRORS)
    };
}
