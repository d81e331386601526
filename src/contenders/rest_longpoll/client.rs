//! A subscriber with one request that is always under way.

use std::cell::{Cell, RefCell};
use std::pin::pin;
use std::time::Duration;

use async_trait::async_trait;
use hyper::StatusCode;
use hyper::header;
use tokio_util::sync::CancellationToken;

use super::frame;
use super::settings::Settings;
use crate::contender::inbox::Content;
use crate::contender::{Fault, Subscriber, SubscriberSeat};
use crate::measure::clock::sleep_until;
use crate::protocols::http::caller::{Ask, CallError, Caller, Document};
use crate::protocols::http::outbox;
use crate::protocols::http::settings::Connection;

/// How long a request under way may still take once the subscriber is to stop. The contract grants a second in all.
const GRACE: Duration = Duration::from_millis(700);
/// How long to wait before a request that failed is sent again: a broken server is not to be stormed.
const PAUSE: Duration = Duration::from_millis(100);

/// A subscriber that asks, and is answered when there is something to say.
pub(super) struct LongPoller {
    seat: SubscriberSeat,
    caller: Caller,
    /// How long the server may hold a request, and some time to answer, measured time.
    patience: Duration,
    poll: RefCell<Poll>,
    leaving: Cell<bool>,
}

/// A poll that the server has made, and how far it was read.
#[derive(Default)]
struct Poll {
    path: String,
    after: u64,
    /// How many updates came.
    count: usize,
}

impl LongPoller {
    /// Has a poll made, and gets the first value of every topic.
    ///
    /// # Errors
    /// A topic does not exist, or the server does not answer.
    pub async fn start(seat: SubscriberSeat, settings: &Settings) -> Result<Self, Fault> {
        let caller = Caller::new(&settings.carriage, &seat.server, 2, Connection::KeepAlive, seat.timeout, seat.inbox.clone(), seat.clock.clone())?;
        let patience = seat.pace.measured(settings.hold) + seat.timeout;
        let poller = Self { seat, caller, patience, poll: RefCell::default(), leaving: Cell::new(false) };
        poller.subscribe().await?;
        Ok(poller)
    }

    async fn subscribe(&self) -> Result<(), Fault> {
        let what = "POST /polls";
        let polls = self.caller.resource("/polls")?;
        let ask = Ask::Post { body: outbox::list(&self.seat.topics), kind: outbox::LIST_TYPE };
        let mut document = self.caller.fetch(&polls, ask, None, None).await.map_err(|error| self.caller.fault(what, error))?;
        if document.status != StatusCode::CREATED {
            document.brought(Content::Nothing);
            return Err(Fault::refused(what, format!("{}, and 201 was wanted", document.status)));
        }
        let path = document.fields.get(header::LOCATION).and_then(|place| place.to_str().ok()).unwrap_or_default().to_owned();
        self.poll.replace(Poll { path, after: 0, count: 0 });
        self.take(&mut document)?;
        // First values come first, and one of each topic.
        while self.poll.borrow().count < self.seat.topics.len() {
            self.ask().await?;
        }
        Ok(())
    }

    /// Asks once. False where the server does not know the poll.
    async fn ask(&self) -> Result<bool, Fault> {
        let what = format!("GET {}", self.poll.borrow().path);
        let resource = {
            let poll = self.poll.borrow();
            self.caller.resource(&format!("{}?after={}", poll.path, poll.after))?
        };
        let mut document = match self.caller.fetch(&resource, Ask::Get { tag: None }, None, Some(self.patience)).await {
            Ok(document) => document,
            Err(error @ CallError::Malformed(_)) => return Err(self.caller.fault(what, error)),
            Err(error) => {
                if matches!(error, CallError::Refused(_)) && self.caller.is_gone().await {
                    return Err(self.caller.fault(what, error));
                }
                self.pause().await;
                return Ok(true);
            }
        };
        if document.status == StatusCode::OK {
            self.take(&mut document)?;
            return Ok(true);
        }
        document.brought(Content::Nothing);
        match document.status {
            StatusCode::NO_CONTENT => Ok(true),
            StatusCode::NOT_FOUND => Ok(false),
            status if status.is_server_error() => {
                self.pause().await;
                Ok(true)
            }
            status => Err(Fault::refused(what, format!("{status}, and 200 or 204 was wanted"))),
        }
    }

    /// Takes the updates of an answer, and counts it.
    fn take(&self, document: &mut Document<'_>) -> Result<(), Fault> {
        let body = document.body.clone();
        let updates = frame::read(&body).map_err(|error| {
            document.brought(Content::Nothing);
            Fault::protocol(format!("an answer of {:?}", self.poll.borrow().path), error)
        })?;
        let payloads: Vec<&[u8]> = updates.iter().map(|update| update.payload).collect();
        document.brought(Content::Payloads(&payloads));
        let poll = &mut *self.poll.borrow_mut();
        poll.after = updates.iter().map(|update| update.sequence).fold(poll.after, u64::max);
        poll.count += updates.len();
        Ok(())
    }

    async fn pause(&self) {
        // Without a descriptor for a timer there is no waiting.
        let _ = sleep_until(&*self.seat.clock, self.seat.clock.now().after(PAUSE)).await;
    }

    async fn go_on(&self) -> Result<(), Fault> {
        while !self.leaving.get() {
            let is_known = self.ask().await?;
            if !is_known && !self.leaving.get() {
                // The server has started anew, or has not heard of us for too long.
                self.subscribe().await?;
            }
        }
        Ok(())
    }

    /// Ends the poll, so that the request that is held is answered as well.
    async fn leave(&self) {
        self.leaving.set(true);
        let Ok(resource) = self.caller.resource(&self.poll.borrow().path) else { return };
        if let Ok(mut document) = self.caller.fetch(&resource, Ask::Delete, None, None).await {
            document.brought(Content::Nothing);
        }
    }
}

#[async_trait(?Send)]
impl Subscriber for LongPoller {
    async fn run(&mut self, stop: CancellationToken) -> Result<(), Fault> {
        let mut going_on = pin!(self.go_on());
        tokio::select! {
            biased;
            () = stop.cancelled() => {}
            outcome = &mut going_on => return outcome,
        }
        // What still fails is of no matter: the drain is over.
        let _ = tokio::time::timeout(GRACE, async { tokio::join!(going_on, self.leave()) }).await;
        Ok(())
    }

    async fn close(&mut self) {
        self.caller.close().await;
    }
}
