//! The server half.

use std::cell::Cell;
use std::rc::Rc;

use super::hub::Hub;
use super::session::{Server, WebSession};
use super::settings::Settings;
use crate::contender::{Fault, ServerSeat};
use crate::protocols::tcp::{self, Bounds};

/// Memory of a connection in the server's process, in bytes, with the kernel's share for a socket pair.
pub const MEMORY_PER_CONNECTION: u64 = 10_000;
/// Memory of a topic without subscribers, beside its payload.
pub const MEMORY_PER_TOPIC: u64 = 300;
/// Memory of a (subscriber, topic) pair.
pub const MEMORY_PER_SUBSCRIPTION: u64 = 100;

/// JSON makes a byte into six at most (`\u0000`), and a message needs some room around its payload.
const ESCAPING: usize = 6;
const ENVELOPE: usize = 64 * 1024;
/// A subscriber that is so far behind will not catch up.
const QUEUE: usize = 16 * 1024 * 1024;

/// Serves until stopped.
///
/// # Errors
/// The listener is broken.
pub async fn serve(settings: Settings, seat: ServerSeat) -> Result<(), Fault> {
    let largest = seat.limits.payload.saturating_mul(ESCAPING).saturating_add(ENVELOPE);
    let bounds = Bounds::new(&seat.limits, QUEUE.max(largest.saturating_mul(2)));
    let server = Rc::new(Server {
        hub: Hub::new(seat.limits),
        heartbeat: seat.pace.measured(settings.heartbeat),
        patience: seat.limits.patience,
        deflate: settings.deflate,
        largest,
        listeners: Cell::new(0),
    });
    let session = |outlet| WebSession::new(Rc::clone(&server), outlet);
    tcp::serve(seat.listener, &seat.ledger, seat.stop, bounds, session).await.map_err(|error| Fault::connection("the WebSocket server", error))
}
