//! A publisher that puts: one PUT for each payload, over connections that stay open.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use hyper::StatusCode;

use super::caller::{Ask, Caller, Carriage};
use super::settings::Connection;
use crate::contender::inbox::Inbox;
use crate::contender::topic::Topic;
use crate::contender::{Fault, Publisher, PublisherSeat};

/// A publisher over HTTP.
pub struct Putter {
    caller: Caller,
    connections: usize,
    inbox: std::rc::Rc<dyn Inbox>,
}

/// How long `close` may wait for connections to end. The contract grants a second.
const GOODBYE: Duration = Duration::from_millis(500);

impl Putter {
    /// Makes the client; connections are opened as they are needed.
    ///
    /// # Errors
    /// The address cannot be part of a URL, or reqwest cannot be set up.
    pub fn new(seat: PublisherSeat, carriage: &Carriage) -> Result<Self, Fault> {
        let connections = seat.connections.get();
        let caller = Caller::new(carriage, &seat.server, connections, Connection::KeepAlive, seat.timeout, seat.inbox.clone(), seat.clock)?;
        Ok(Self { caller, connections, inbox: seat.inbox })
    }

    async fn put(&self, topic: Topic, payload: Bytes) -> Result<(), Fault> {
        let size = payload.len();
        let target = self.caller.target(topic);
        let what = || format!("PUT /topics/{topic}");
        let reply = self.caller.call(&target, Ask::Put { body: payload }, None).await.map_err(|error| self.caller.fault(what(), error))?;
        match reply.status {
            StatusCode::CREATED | StatusCode::NO_CONTENT | StatusCode::OK => {
                self.inbox.payload_sent(size);
                Ok(())
            }
            status => Err(Fault::refused(what(), format!("{status} {}", reply.words))),
        }
    }
}

#[async_trait(?Send)]
impl Publisher for Putter {
    async fn create(&self, topics: Vec<(Topic, Bytes)>) -> Result<(), Fault> {
        let puts = stream::iter(topics).map(|(topic, payload)| self.put(topic, payload));
        puts.buffer_unordered(self.connections).try_for_each(async |()| Ok(())).await
    }

    async fn publish(&self, topic: Topic, payload: Bytes) -> Result<(), Fault> {
        self.put(topic, payload).await
    }

    async fn close(&self) {
        // Nothing is under way any more: the connections are idle and end as soon as the runtime has a moment.
        let _ = tokio::time::timeout(GOODBYE, self.caller.close()).await;
    }
}
