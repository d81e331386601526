//! The server half.

use std::cell::Cell;
use std::rc::Rc;

use super::broker::Broker;
use super::session::{MqttSession, Server};
use crate::contender::{Fault, ServerSeat};
use crate::protocols::tcp::{self, Bounds};

/// Memory of a connection in the broker's process, in bytes, with the kernel's share for a socket pair.
pub const MEMORY_PER_CONNECTION: u64 = 10_000;
/// Memory of a topic without subscribers, beside its payload.
pub const MEMORY_PER_TOPIC: u64 = 500;
/// Memory of a (subscriber, topic) pair.
pub const MEMORY_PER_SUBSCRIPTION: u64 = 200;

/// Room for what a packet has beside its payload: topic, properties, or filters of a subscription.
const ENVELOPE: usize = 64 * 1024;
/// The largest packet that the protocol has.
const LARGEST: usize = 268_435_455;
/// A subscriber that is so far behind will not catch up.
const QUEUE: usize = 16 * 1024 * 1024;

/// Serves until stopped.
///
/// # Errors
/// The listener is broken.
pub async fn serve(seat: ServerSeat) -> Result<(), Fault> {
    let largest = seat.limits.payload.saturating_add(ENVELOPE).min(LARGEST);
    let bound = QUEUE.max(2 * largest);
    let bounds = Bounds::new(&seat.limits, bound);
    let server = Rc::new(Server { broker: Broker::new(seat.limits), largest: largest as u32, bound, listeners: Cell::new(0) });
    let session = |outlet| MqttSession::new(Rc::clone(&server), outlet);
    tcp::serve(seat.listener, &seat.ledger, seat.stop, bounds, session).await.map_err(|error| Fault::connection("the MQTT broker", error))
}
