//! The list of all contenders: one line each.

mod xmpp_pubsub;

use crate::contender::Contender;

/// Every contender that a scenario can `use`, in the order in which they are shown.
pub const ALL: &[&dyn Contender] = &[&xmpp_pubsub::XmppPubSub];
