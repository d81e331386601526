//! A subscriber with a stream that is always open.

use std::cell::{Cell, RefCell};
use std::pin::pin;
use std::time::Duration;

use async_trait::async_trait;
use hyper::StatusCode;
use hyper::header;
use tokio_util::sync::CancellationToken;

use super::event::{self, Item, Reader};
use super::settings::Settings;
use crate::contender::inbox::{Content, Message};
use crate::contender::{Fault, Subscriber, SubscriberSeat};
use crate::measure::clock::sleep_until;
use crate::protocols::http::caller::{Ask, CallError, Caller, Stream};
use crate::protocols::http::outbox;
use crate::protocols::http::settings::Connection;

/// How long the stream may take to end once the subscriber is to stop. The contract grants a second in all.
const GRACE: Duration = Duration::from_millis(700);
/// How long to wait before a stream that ended is opened again, scenario time, where the server has not said (`retry`): "a few seconds" (§9.2.2).
const RETRY: Duration = Duration::from_secs(3);
/// The least that is waited, whatever was said, measured time: a server that turns clients away is not to be stormed.
const SHORTEST_PAUSE: Duration = Duration::from_millis(10);
/// Largest event that is read, bytes: any payload, in base64.
const LARGEST_EVENT: usize = 64 << 20;

/// A subscriber that listens.
pub(super) struct Listener {
    seat: SubscriberSeat,
    caller: Caller,
    path: RefCell<String>,
    /// The id of the last event.
    last: RefCell<String>,
    /// First values that have not come yet.
    missing: Cell<usize>,
    /// How soon to come again, as the server last said, scenario time.
    retry: Cell<Duration>,
    leaving: CancellationToken,
    /// Opened by the set-up, for `run` to go on with.
    stream: RefCell<Option<Reading>>,
}

/// A stream that is open.
struct Reading {
    stream: Stream,
    reader: Reader,
}

impl Listener {
    /// Has a stream made, opens it, and gets the first value of every topic.
    ///
    /// # Errors
    /// A topic does not exist, or the server does not answer.
    pub async fn start(seat: SubscriberSeat, settings: &Settings) -> Result<Self, Fault> {
        let caller = Caller::new(&settings.carriage, &seat.server, 2, Connection::KeepAlive, seat.timeout, seat.inbox.clone(), seat.clock.clone())?;
        let listener = Self {
            seat,
            caller,
            path: RefCell::default(),
            last: RefCell::default(),
            missing: Cell::new(0),
            retry: Cell::new(RETRY),
            leaving: CancellationToken::new(),
            stream: RefCell::default(),
        };
        listener.subscribe().await?;
        let mut reading = match listener.open().await {
            Ok(Some(reading)) => reading,
            Ok(None) => return Err(Fault::refused("GET of the stream", "it was just made, and is not known")),
            Err(error) => return Err(listener.caller.fault("GET of the stream", error)),
        };
        let first = async {
            while listener.missing.get() > 0 {
                if !listener.hear(&mut reading).await? {
                    return Err(Fault::connection("reading the first values", "the stream ended"));
                }
            }
            Ok(())
        };
        tokio::time::timeout(listener.seat.timeout, first).await.unwrap_or_else(|_| Err(Fault::timeout("reading the first values", listener.seat.timeout)))?;
        listener.stream.replace(Some(reading));
        Ok(listener)
    }

    async fn subscribe(&self) -> Result<(), Fault> {
        let what = "POST /streams";
        let streams = self.caller.resource("/streams")?;
        let ask = Ask::Post { body: outbox::list(&self.seat.topics), kind: outbox::LIST_TYPE };
        let mut document = self.caller.fetch(&streams, ask, None, None).await.map_err(|error| self.caller.fault(what, error))?;
        document.brought(Content::Nothing);
        if document.status != StatusCode::CREATED {
            return Err(Fault::refused(what, format!("{}, and 201 was wanted", document.status)));
        }
        self.path.replace(document.fields.get(header::LOCATION).and_then(|place| place.to_str().ok()).unwrap_or_default().to_owned());
        self.last.replace(String::new());
        self.missing.set(self.seat.topics.len());
        Ok(())
    }

    /// Opens the stream, behind the last event; `None` where the server does not know it.
    async fn open(&self) -> Result<Option<Reading>, CallError> {
        let (path, last) = (self.path.borrow().clone(), self.last.borrow().clone());
        let resource = self.caller.resource(&path).map_err(|fault| CallError::Broken(fault.to_string()))?;
        let fields = [("accept", event::MEDIA_TYPE), ("last-event-id", last.as_str())];
        // Whoever has seen nothing says nothing.
        let stream = self.caller.open(&resource, &fields[..if last.is_empty() { 1 } else { 2 }]).await?;
        match stream.status() {
            StatusCode::OK => Ok(Some(Reading { stream, reader: Reader::new(LARGEST_EVENT, &last) })),
            StatusCode::NOT_FOUND => Ok(None),
            status => Err(CallError::Broken(format!("{status}, and 200 was wanted"))),
        }
    }

    /// Hears what comes next; false at the end of the stream.
    async fn hear(&self, reading: &mut Reading) -> Result<bool, Fault> {
        let Ok(Some(bytes)) = reading.stream.chunk().await else { return Ok(false) };
        let items = reading.reader.read(&bytes).map_err(|error| Fault::protocol(format!("the stream {}", self.path.borrow()), error))?;
        if let Some(retry) = reading.reader.retry() {
            self.retry.set(retry);
        }
        if *self.last.borrow() != reading.reader.last_id() {
            self.last.replace(reading.reader.last_id().to_owned());
        }
        for item in items {
            match item {
                Item::Event { data, .. } => {
                    // First values come first, and one of each topic: we have asked for them.
                    let asked = self.missing.get() > 0;
                    self.missing.set(self.missing.get().saturating_sub(1));
                    self.seat.inbox.received(Message::Event, asked, Content::Payload(&data));
                }
                Item::Comment => _ = self.seat.inbox.received(Message::Event, false, Content::Nothing),
            }
        }
        Ok(true)
    }

    /// Waits as long as the server has said, or until it is time to leave.
    async fn pause(&self) {
        let pause = self.seat.pace.measured(self.retry.get()).max(SHORTEST_PAUSE);
        tokio::select! {
            // Without a descriptor for a timer there is no waiting.
            _ = sleep_until(&*self.seat.clock, self.seat.clock.now().after(pause)) => {}
            () = self.leaving.cancelled() => {}
        }
    }

    async fn go_on(&self) -> Result<(), Fault> {
        let mut reading = self.stream.take();
        while !self.leaving.is_cancelled() {
            if let Some(open) = &mut reading {
                if self.hear(open).await? {
                    continue;
                }
                // It ended. What came after the last event is there when it is opened again.
                reading = None;
                self.pause().await;
                continue;
            }
            match self.open().await {
                Ok(Some(open)) => reading = Some(open),
                // The server has started anew, or has not heard of us for too long.
                Ok(None) => self.subscribe().await?,
                Err(error) => {
                    if matches!(error, CallError::Refused(_)) && self.caller.is_gone().await {
                        return Err(self.caller.fault(format_args!("GET {}", self.path.borrow()), error));
                    }
                    self.pause().await;
                }
            }
        }
        // What was sent before the server heard of our leaving is heard, too.
        if let Some(open) = &mut reading {
            while self.hear(open).await? {}
        }
        Ok(())
    }

    /// Ends the stream, so that both ends see its end.
    async fn leave(&self) {
        self.leaving.cancel();
        let Ok(resource) = self.caller.resource(&self.path.borrow()) else { return };
        if let Ok(mut document) = self.caller.fetch(&resource, Ask::Delete, None, None).await {
            document.brought(Content::Nothing);
        }
    }
}

#[async_trait(?Send)]
impl Subscriber for Listener {
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
        self.stream.take();
        self.caller.close().await;
    }
}
