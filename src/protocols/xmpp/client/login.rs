//! From a connection to a bound resource (RFC 6120 §6, §7), whatever carries the elements.
//!
//! A login happens once and has no need to be fast: it is read element by element, into trees.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use xmpp_parsers::jid::FullJid;

use crate::contender::Fault;
use crate::protocols::xmpp::acks::ENABLE;
use crate::protocols::xmpp::namespaces as ns;
use crate::protocols::xmpp::xml::{Element, escape};

use super::authentication::Authentication;
use super::link::{Step, not_acknowledged, not_offered};
use super::requests;
use super::settings::ClientSettings;

/// Who logs in, and how far that has come.
#[derive(Clone, Copy)]
pub struct Identity<'a> {
    /// For faults.
    pub what: &'a str,
    /// Said when it takes too long.
    pub step: &'a Step,
    /// The user's name.
    pub user: &'a str,
    /// Mechanism and password.
    pub settings: &'a ClientSettings,
}

/// What carries a login's elements, and counts them.
#[expect(async_fn_in_trait, reason = "all of a side is one thread: nothing needs to be `Send`")]
pub trait Carrier {
    /// Opens the stream, or opens it anew after authentication (RFC 6120 §6.4.6); the server's features.
    async fn open(&mut self) -> Result<Element, Fault>;

    /// Sends an element.
    async fn send(&mut self, text: &str) -> Result<(), Fault>;

    /// The next element, which must come.
    async fn element(&mut self) -> Result<Element, Fault>;
}

/// Logs in and binds; the full address that the server gives, escaped.
///
/// # Errors
/// The server refuses or breaks the protocol.
pub async fn log_in(carrier: &mut impl Carrier, identity: Identity<'_>) -> Result<Box<str>, Fault> {
    let Identity { what, step, .. } = identity;
    step.is("opening the stream");
    let features = carrier.open().await?;
    step.is("authenticating");
    authenticate(carrier, &features, identity).await?;
    step.is("opening the stream anew");
    let features = carrier.open().await?;
    if features.child("bind", ns::BIND).is_none() {
        return Err(Fault::protocol(what, "the server offers no resource binding"));
    }
    step.is("binding a resource");
    let address = bind(carrier, what).await?;
    if identity.settings.acks.is_some() {
        step.is("turning on acknowledgements");
        if features.child("sm", ns::SM).is_none() {
            return Err(not_acknowledged(what));
        }
        carrier.send(ENABLE).await?;
        let enabled = carrier.element().await?;
        if !enabled.is("enabled", ns::SM) {
            return Err(unexpected(what, &enabled));
        }
    }
    Ok(address)
}

/// The fault of an element that has no place in a login.
pub fn unexpected(what: &str, element: &Element) -> Fault {
    if element.is("error", ns::STREAM) {
        return Fault::refused(what, condition(element, ns::STREAM_ERRORS));
    }
    Fault::protocol(what, format!("unexpected <{}>", element.name.as_str()))
}

async fn authenticate(carrier: &mut impl Carrier, features: &Element, identity: Identity<'_>) -> Result<(), Fault> {
    let Identity { what, user, settings, .. } = identity;
    let sasl = settings.sasl;
    let broken = |error: String| Fault::protocol(what, error);
    let offered: Vec<_> = features.child("mechanisms", ns::SASL).into_iter().flat_map(Element::elements).map(Element::text).collect();
    if !offered.iter().any(|offer| offer == sasl.name()) {
        return Err(not_offered(what, sasl, &offered.iter().map(AsRef::as_ref).collect::<Vec<_>>()));
    }
    let mut authentication = Authentication::new(user, settings).map_err(broken)?;
    let initial = encode(&authentication.initial());
    carrier.send(&requests::sasl("auth", Some(sasl.name()), &initial)).await?;
    loop {
        let element = carrier.element().await?;
        if element.namespace.as_str() != ns::SASL {
            return Err(unexpected(what, &element));
        }
        match element.name.as_str() {
            "challenge" => {
                let answer = authentication.response(&decode(&element).map_err(broken)?).map_err(broken)?;
                carrier.send(&requests::sasl("response", None, &encode(&answer))).await?;
            }
            "success" => return authentication.success(&decode(&element).map_err(broken)?).map_err(broken),
            "failure" => return Err(Fault::refused(what, condition(&element, ns::SASL))),
            _ => return Err(unexpected(what, &element)),
        }
    }
}

async fn bind(carrier: &mut impl Carrier, what: &str) -> Result<Box<str>, Fault> {
    carrier.send(&requests::bind()).await?;
    let iq = carrier.element().await?;
    if !iq.is("iq", ns::CLIENT) || iq.attribute("id") != Some("bind") {
        return Err(unexpected(what, &iq));
    }
    if let Some(error) = iq.child("error", ns::CLIENT) {
        return Err(Fault::refused(what, condition(error, ns::STANZA_ERRORS)));
    }
    let jid = iq.child("bind", ns::BIND).and_then(|bind| bind.child("jid", ns::BIND));
    let jid = jid.ok_or_else(|| Fault::protocol(what, "the server's answer to binding has no address"))?;
    let address = FullJid::new(&jid.text()).map_err(|error| Fault::protocol(what, format!("the address that the server gives: {error}")))?;
    Ok(escape(address.as_str()).into())
}

/// The condition in an error: the first element of its namespace that is no explanation.
fn condition(error: &Element, namespace: &str) -> String {
    let condition = error.elements().find(|element| element.namespace.as_str() == namespace && element.name.as_str() != "text");
    condition.map_or("undefined-condition", |condition| condition.name.as_str()).to_owned()
}

/// Data as it stands in an element: `=` means that there is some, of no bytes (RFC 6120 §6.4.2).
fn encode(data: &[u8]) -> String {
    if data.is_empty() { "=".to_owned() } else { BASE64.encode(data) }
}

fn decode(element: &Element) -> Result<Vec<u8>, String> {
    let text = element.text();
    if text == "=" { Ok(Vec::new()) } else { BASE64.decode(text.trim()).map_err(|error| error.to_string()) }
}
