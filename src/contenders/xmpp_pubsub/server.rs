//! The embedded server: the XMPP core on the harness's listener.

use std::rc::Rc;

use crate::contender::{Fault, Limits, ServerSeat};
use crate::protocols::xmpp::server::{Bounds, DOMAIN, Server};
use crate::protocols::xmpp::{tcp, tls};

use super::settings::Settings;

/// Memory of a bound session in the server's process, in bytes, with the kernel's share for a socket pair.
pub const MEMORY_PER_SESSION: u64 = 20_000;
/// Memory of a node without subscribers, beside its last payload.
pub const MEMORY_PER_TOPIC: u64 = 600;
/// Memory of a (subscriber, node) pair.
pub const MEMORY_PER_SUBSCRIPTION: u64 = 250;

/// Escaping makes a character into six at most (`&quot;`), and a stanza needs some room around its payload.
const ESCAPING: usize = 6;
const ENVELOPE: usize = 16 * 1024;
/// A subscriber that is so far behind will not catch up.
const QUEUE: usize = 16 * 1024 * 1024;

/// Serves until stopped.
///
/// # Errors
/// The listener is broken, or the system lacks what a server needs to start: random numbers, a certificate.
pub async fn serve(settings: &Settings, seat: ServerSeat) -> Result<(), Fault> {
    let stanza = seat.limits.payload.saturating_mul(ESCAPING).saturating_add(ENVELOPE);
    let Limits { connections, payload, topics: nodes, stored, patience } = seat.limits;
    let bounds = Bounds { stanza, payload, queue: QUEUE.max(stanza.saturating_mul(2)), nodes, stored, connections, patience };
    let tls =
        if settings.starttls { Some(tls::self_signed(DOMAIN).map_err(|error| Fault::connection("making a certificate for STARTTLS", error))?) } else { None };
    let server = Server::new(bounds, &settings.password, tls).map_err(|_| Fault::connection("starting the XMPP server", "the system has no random numbers"))?;
    tcp::serve(Rc::new(server), seat.listener, &seat.ledger, seat.stop).await.map_err(|error| Fault::connection("the XMPP server", error))
}
