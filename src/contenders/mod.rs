//! The list of all contenders: a folder and two lines each.

mod loopback;
mod mqtt;
mod rest_adaptive;
mod rest_bitmap;
mod rest_changes;
mod rest_conditional;
mod rest_longpoll;
mod rest_poll;
mod sse;
mod webhook;
mod websocket;
mod xmpp_bosh;
mod xmpp_pubsub;
mod xmpp_websocket;

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
