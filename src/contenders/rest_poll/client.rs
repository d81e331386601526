//! The client halves: PUT, and GET.

use super::settings::Settings;
use crate::contender::{Fault, Publisher, PublisherSeat, Subscriber, SubscriberSeat};
use crate::protocols::http::poller::{Manner, Poller};
use crate::protocols::http::publisher::Putter;

pub(super) fn publisher(seat: PublisherSeat) -> Result<Box<dyn Publisher>, Fault> {
    Ok(Box::new(Putter::new(seat)?))
}

pub(super) async fn subscriber(settings: &Settings, seat: SubscriberSeat) -> Result<Box<dyn Subscriber>, Fault> {
    let manner = Manner { interval: settings.interval, connection: settings.connection, conditional: false };
    Ok(Box::new(Poller::start(seat, manner).await?))
}
