//! The XML namespaces that we speak.

/// Stanzas between client and server (RFC 6120).
pub const CLIENT: &str = "jabber:client";
/// Stanzas between servers: not for us.
pub const SERVER: &str = "jabber:server";
/// The stream itself (RFC 6120 §4.8.1).
pub const STREAM: &str = "http://etherx.jabber.org/streams";
/// Conditions of stream errors (RFC 6120 §4.9).
pub const STREAM_ERRORS: &str = "urn:ietf:params:xml:ns:xmpp-streams";
/// Conditions of stanza errors (RFC 6120 §8.3).
pub const STANZA_ERRORS: &str = "urn:ietf:params:xml:ns:xmpp-stanzas";
/// STARTTLS (RFC 6120 §5).
pub const TLS: &str = "urn:ietf:params:xml:ns:xmpp-tls";
/// SASL (RFC 6120 §6).
pub const SASL: &str = "urn:ietf:params:xml:ns:xmpp-sasl";
/// Resource binding (RFC 6120 §7).
pub const BIND: &str = "urn:ietf:params:xml:ns:xmpp-bind";
/// The session of old (RFC 3921 §3): a formality.
pub const SESSION: &str = "urn:ietf:params:xml:ns:xmpp-session";
/// The roster (RFC 6121 §2): always empty here.
pub const ROSTER: &str = "jabber:iq:roster";
/// The beginning and the end of a stream over a WebSocket (RFC 7395 §3.3).
pub const FRAMING: &str = "urn:ietf:params:xml:ns:xmpp-framing";
/// What carries elements in HTTP (XEP-0124).
pub const BOSH: &str = "http://jabber.org/protocol/httpbind";
/// Its attributes for XMPP (XEP-0206).
pub const XBOSH: &str = "urn:xmpp:xbosh";
/// XEP-0199.
pub const PING: &str = "urn:xmpp:ping";
/// XEP-0030.
pub const DISCO_INFO: &str = "http://jabber.org/protocol/disco#info";
/// XEP-0030.
pub const DISCO_ITEMS: &str = "http://jabber.org/protocol/disco#items";
/// XEP-0059, result sets.
pub const RSM: &str = "http://jabber.org/protocol/rsm";
/// XEP-0131, headers of stanzas.
pub const SHIM: &str = "http://jabber.org/protocol/shim";
/// XEP-0198, stream management.
pub const SM: &str = "urn:xmpp:sm:3";
/// XEP-0060, requests of anybody.
pub const PUBSUB: &str = "http://jabber.org/protocol/pubsub";
/// XEP-0060, requests of a node's owner.
pub const PUBSUB_OWNER: &str = "http://jabber.org/protocol/pubsub#owner";
/// XEP-0060, notifications.
pub const PUBSUB_EVENT: &str = "http://jabber.org/protocol/pubsub#event";
/// XEP-0060, conditions beyond those of RFC 6120.
pub const PUBSUB_ERRORS: &str = "http://jabber.org/protocol/pubsub#errors";
/// XEP-0060, a node's configuration form.
pub const PUBSUB_CONFIG: &str = "http://jabber.org/protocol/pubsub#node_config";
/// XEP-0004, forms.
pub const FORMS: &str = "jabber:x:data";
/// XEP-0203, delayed delivery.
pub const DELAY: &str = "urn:xmpp:delay";
/// An update of ours, inside an item.
pub const UPDATE: &str = "urn:pushbench:update:0";
