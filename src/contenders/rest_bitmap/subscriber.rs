//! A subscriber that fetches each window once, when it is closed, and then what it says has changed.
//!
//! From the directory it knows which window is open and until when, and goes on by its own clock: one poll, one window. Windows that closed
//! while it was late are fetched by the same poll, one after the other, so that none is passed over.

use std::cell::Cell;
use std::time::Duration;

use async_trait::async_trait;
use hyper::StatusCode;
use hyper::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderName};
use serde::Deserialize;
use tokio_util::sync::CancellationToken;

use super::bits::{self, Encoding};
use super::settings::Settings;
use super::windows::{FIELD, PATH};
use crate::contender::inbox::{Content, Request};
use crate::contender::pacer::Tick;
use crate::contender::topic::Topic;
use crate::contender::{Fault, Subscriber, SubscriberSeat};
use crate::measure::clock::Instant;
use crate::protocols::http::caller::{Ask, CallError, Caller, Carriage, Document, Start};
use crate::protocols::http::changes::follower::{self, Follower};

/// The windows' place in the plan.
const WINDOWS: u32 = 0;

/// A reader of windows.
pub struct Reader {
    follower: Follower<u32>,
    settings: Settings,
    /// The next to be fetched.
    next: Cell<u64>,
    /// A window, and when it closes.
    known: Cell<(u64, Instant)>,
}

/// What the directory says; keys that are not known are passed over.
#[derive(Debug, Deserialize)]
struct Directory {
    open: u64,
    elapsed: f64,
}

impl Reader {
    /// Asks which window is open, then fetches every topic.
    ///
    /// # Errors
    /// There are no windows, or a topic does not exist or has no position.
    pub async fn start(seat: SubscriberSeat, settings: &Settings, carriage: &Carriage) -> Result<Self, Fault> {
        let caller = follower::caller(&seat, settings.connection, carriage)?;
        let what = || format!("GET {PATH}");
        let resource = caller.resource(PATH)?;
        let mut document = caller.fetch(&resource, Ask::Get { tag: None }, None, None).await.map_err(|error| caller.fault(what(), error))?;
        document.brought(Content::Nothing);
        if document.status != StatusCode::OK {
            return Err(Fault::refused(what(), format!("{}, and 200 was wanted", document.status)));
        }
        let known = closing(&seat, settings.window, &document.body).map_err(|why| Fault::protocol(what(), why))?;
        drop(document);
        let follower = Follower::start(seat, caller, FIELD, |fields| fields.get(FIELD)?.to_str().ok()?.parse().ok()).await?;
        Ok(Self { follower, settings: *settings, next: Cell::new(known.0), known: Cell::new(known) })
    }

    /// When a window closes, by the clock and what the directory last said.
    fn closes(&self, number: u64) -> Instant {
        let (known, at) = self.known.get();
        let windows = |count: u64| self.follower.seat().pace.measured(self.settings.window.saturating_mul(u32::try_from(count).unwrap_or(u32::MAX)));
        if number > known {
            at.after(windows(number - known))
        } else if number < known {
            at.before(windows(known - number))
        } else {
            at
        }
    }

    /// Fetches what has closed by the tick.
    async fn poll(&self, tick: Tick) -> Result<(), CallError> {
        let mut start: Start = Some(tick).into();
        if self.closes(self.next.get()) > tick.intended {
            let before = self.look(start, &[]).await?;
            if let Some(before) = before {
                self.follower.fetch(before, &[]);
            }
            return Ok(());
        }
        while self.closes(self.next.get()) <= tick.intended {
            let number = self.next.get();
            let mut document = self.get(&format!("{PATH}/{number}"), self.settings.encoding == Encoding::Gzip, start).await?;
            let Some(before) = document.request() else { return Ok(()) };
            start = before.into();
            match document.status {
                StatusCode::OK => {
                    let mut named = Vec::new();
                    let read = bits::read(&field(&document, CONTENT_TYPE), coding(&document).as_deref(), &document.body, |position| {
                        named.extend(self.follower.place(&position));
                    });
                    if read.is_err() {
                        // What cannot be read may have named anything.
                        named = (0..self.follower.count()).collect();
                    }
                    document.brought(if named.is_empty() { Content::Nothing } else { Content::Pointer });
                    self.follower.fetch(before, &named);
                    self.next.set(number + 1);
                }
                // Nobody keeps it any more: any topic may have changed.
                StatusCode::GONE => {
                    document.brought(Content::Pointer);
                    let all: Vec<usize> = (0..self.follower.count()).collect();
                    drop(document);
                    self.look(start, &all).await?;
                    return Ok(());
                }
                // Our clock is ahead, or the server has no answer now: the next poll asks again.
                _ => {
                    document.brought(Content::Nothing);
                    self.follower.fetch(before, &[]);
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Asks the directory how late it is; where topics are to be fetched whatever the windows say, goes on from the one that is open.
    async fn look(&self, start: Start, all: &[usize]) -> Result<Option<Request>, CallError> {
        let mut document = self.get(PATH, false, start).await?;
        let before = document.request();
        if document.status == StatusCode::OK
            && let Ok(known) = closing(self.follower.seat(), self.settings.window, &document.body)
        {
            self.known.set(known);
            if !all.is_empty() {
                self.next.set(known.0);
            }
        }
        document.brought(Content::Nothing);
        if let Some(before) = before.filter(|_| !all.is_empty()) {
            self.follower.fetch(before, all);
        }
        Ok(before)
    }

    async fn get(&self, path: &str, gzip: bool, start: Start) -> Result<Document<'_>, CallError> {
        let caller: &Caller = self.follower.caller();
        let resource = caller.resource(path).map_err(|fault| CallError::Broken(fault.to_string()))?;
        let ask = if gzip { Ask::GetWith { tag: None, fields: &[("accept-encoding", "gzip")] } } else { Ask::Get { tag: None } };
        caller.fetch(&resource, ask, start, None).await
    }
}

/// Which window is open, and when it closes by our clock: later by as much as the answer was under way, never earlier.
fn closing(seat: &SubscriberSeat, window: Duration, body: &[u8]) -> Result<(u64, Instant), String> {
    let directory: Directory = serde_json::from_slice(body).map_err(|error| format!("the directory cannot be read: {error}"))?;
    let elapsed = Duration::try_from_secs_f64(directory.elapsed).map_err(|_| format!("{} is no time in seconds", directory.elapsed))?;
    Ok((directory.open, seat.clock.now().after(seat.pace.measured(window.saturating_sub(elapsed)))))
}

fn field(document: &Document<'_>, name: HeaderName) -> String {
    document.fields.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
}

fn coding(document: &Document<'_>) -> Option<String> {
    document.fields.contains_key(CONTENT_ENCODING).then(|| field(document, CONTENT_ENCODING))
}

#[async_trait(?Send)]
impl Subscriber for Reader {
    async fn run(&mut self, stop: CancellationToken) -> Result<(), Fault> {
        let ticks = self.follower.seat().pacer.every(self.settings.window, &[WINDOWS], Topic::PROBE.0);
        self.follower.run(&ticks, &stop, async |tick| self.poll(tick).await).await
    }

    async fn close(&mut self) {
        self.follower.caller().close().await;
    }
}
