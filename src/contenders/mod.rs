//! The list of all contenders: a folder and two lines each.
//!
//! What reads from a socket is open to the crate for `fuzzing` alone, which holds it to what must be true of it; `tests/architecture` lets nobody else in.

mod loopback;
pub(crate) mod mqtt;
mod rest_adaptive;
pub(crate) mod rest_bitmap;
pub(crate) mod rest_changes;
mod rest_conditional;
pub(crate) mod rest_longpoll;
mod rest_poll;
pub(crate) mod sse;
pub(crate) mod webhook;
pub(crate) mod websocket;
pub(crate) mod xmpp_bosh;
pub(crate) mod xmpp_pubsub;
pub(crate) mod xmpp_websocket;

use crate::contender::Contender;

/// Every contender that a scenario can `use`, in the order in which they are shown.
pub const ALL: &[&dyn Contender] = &[
    &rest_poll::RestPoll,
    &rest_conditional::RestConditional,
    &rest_adaptive::RestAdaptive,
    &rest_changes::RestChanges,
    &rest_bitmap::RestBitmap,
    &rest_longpoll::RestLongPoll,
    &sse::Sse,
    &webhook::Webhook,
    &xmpp_pubsub::XmppPubSub,
    &xmpp_websocket::XmppWebSocket,
    &xmpp_bosh::XmppBosh,
    &websocket::WebSocket,
    &mqtt::Mqtt,
    &loopback::Loopback,
];
