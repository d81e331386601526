//! The embedded server as contenders start it: bounds from the harness's limits, and what it will hold.

use std::rc::Rc;
use std::sync::Arc;

use tokio_rustls::rustls::ServerConfig;

use crate::contender::{Fault, Limits, Load};

use super::server::{Bounds, Server};

/// Memory of a bound session in the server's process, in bytes, with the kernel's share for a socket pair.
const MEMORY_PER_SESSION: u64 = 20_000;
/// Memory of a node without subscribers, beside its last payload.
const MEMORY_PER_TOPIC: u64 = 600;
/// Memory of a (subscriber, node) pair.
const MEMORY_PER_SUBSCRIPTION: u64 = 250;

/// Escaping makes a character into six at most (`&quot;`), and a stanza needs some room around its payload.
const ESCAPING: usize = 6;
const ENVELOPE: usize = 16 * 1024;
/// A subscriber that is so far behind will not catch up.
const QUEUE: usize = 16 * 1024 * 1024;

/// A server with no nodes; `tls` where STARTTLS is on offer, `acks` where acknowledgements are.
///
/// # Errors
/// The system has no random numbers.
pub fn server(limits: &Limits, password: &str, tls: Option<Arc<ServerConfig>>, acks: Option<u32>) -> Result<Rc<Server>, Fault> {
    let stanza = limits.payload.saturating_mul(ESCAPING).saturating_add(ENVELOPE);
    let Limits { connections, payload, topics: nodes, stored, patience } = *limits;
    let bounds = Bounds { stanza, payload, queue: QUEUE.max(stanza.saturating_mul(2)), nodes, stored, connections, patience };
    let server = Server::new(bounds, password, tls).map_err(|_| Fault::connection("starting the XMPP server", "the system has no random numbers"))?;
    Ok(Rc::new(server.with_acks(acks)))
}

/// Memory that it will hold under a load, in bytes, a rough upper bound.
pub fn memory(load: &Load) -> u64 {
    (load.subscribers + load.publishers) * MEMORY_PER_SESSION
        + load.topics * (MEMORY_PER_TOPIC + load.payload)
        + (load.subscriptions + load.subscribers) * MEMORY_PER_SUBSCRIPTION
}
