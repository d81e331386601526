//! A subscriber that reads the feed, and then what it named.
//!
//! It knows up to when it has read. A document that begins later leaves a gap, and one of a longer period is fetched at once; where none is
//! long enough, every topic is asked for. So no update is lost, however long the feed was not read.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::time::Duration;

use async_trait::async_trait;
use hyper::StatusCode;
use hyper::header::{CONTENT_ENCODING, HeaderValue};
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::feed::{self, covered, kept};
use super::settings::Settings;
use super::text;
use crate::contender::inbox::Content;
use crate::contender::pacer::Tick;
use crate::contender::topic::Topic;
use crate::contender::{Fault, Subscriber, SubscriberSeat};
use crate::measure::clock::Instant;
use crate::protocols::http::caller::{Ask, CallError, Caller, Carriage, Document, Resource, Start};
use crate::protocols::http::changes::follower::{self, Follower};
use crate::protocols::http::changes::gzip;
use crate::protocols::http::rhythm::Rhythm;

/// The feed's place in the plan.
const FEED: u32 = 0;
/// Largest text of a feed, bytes: three million updates.
const LARGEST: usize = 64 << 20;
/// More periods are not read.
const MOST_PERIODS: usize = 64;

/// A reader of the feed.
pub struct Reader {
    follower: Follower<Box<str>>,
    rhythm: std::rc::Rc<dyn Rhythm>,
    gzip: bool,
    periods: Vec<Period>,
    seen: Cell<Seen>,
    /// The last update of a topic, by its place, that the feed has named.
    updates: RefCell<HashMap<usize, Box<str>>>,
}

/// A document of the feed.
struct Period {
    covers: Duration,
    resource: Resource,
    tag: RefCell<Option<HeaderValue>>,
}

/// Up to when the feed was read, by its own time, and when that was by ours.
#[derive(Clone, Copy)]
struct Seen {
    updated: Timestamp,
    at: Instant,
}

impl Reader {
    /// Reads the feed, to know from when on to read, then fetches every topic.
    ///
    /// # Errors
    /// There is no feed, or a topic does not exist or has no id.
    pub async fn start(seat: SubscriberSeat, settings: &Settings, carriage: &Carriage) -> Result<Self, Fault> {
        let caller = follower::caller(&seat, settings.connection, carriage)?;
        let at = seat.clock.now();
        let (updated, periods) = begin(&caller, settings).await?;
        let follower = Follower::start(seat, caller, feed::FIELD, |fields| text::of_field(fields.get(feed::FIELD)?.as_bytes())).await?;
        Ok(Self { follower, rhythm: settings.rhythm.clone(), gzip: settings.gzip, periods, seen: Cell::new(Seen { updated, at }), updates: RefCell::default() })
    }

    /// Reads the feed once, as much of it as it takes.
    async fn poll(&self, tick: Tick) -> Result<(), CallError> {
        let seat = self.follower.seat();
        let mut start: Start = Some(tick).into();
        // What has passed since we last read, and how old what others were given may be.
        let gap = seat.pace.scenario(seat.clock.now().since(self.seen.get().at)) + 2 * kept(self.periods[0].covers);
        let mut period = self.covering(gap).unwrap_or(&self.periods[self.periods.len() - 1]);
        loop {
            let at = seat.clock.now();
            let tag = period.tag.borrow().clone();
            let mut document = self.follower.caller().fetch(&period.resource, ask(self.gzip, tag.as_ref()), start, None).await?;
            let Some(before) = document.request() else { return Ok(()) };
            let body = if document.status == StatusCode::OK { body(&document).ok() } else { None };
            let Some(feed) = body.as_deref().and_then(|body| text::read(body).ok()) else {
                // What was read last time (304), or what cannot be read: the next poll will have to go back as far.
                document.brought(Content::Nothing);
                self.follower.fetch(before, &[]);
                return Ok(());
            };
            period.tag.replace(document.tag.take());
            let mut named = self.named(&feed);
            let seen = self.seen.get();
            let gap = Duration::try_from(feed.updated_time.duration_since(seen.updated)).unwrap_or_default();
            let longer = (feed.since_time > seen.updated).then(|| self.covering(gap).filter(|longer| longer.covers > period.covers));
            if let Some(None) = longer {
                // Not even the longest reaches back so far.
                named = (0..self.follower.count()).collect();
            }
            document.brought(if named.is_empty() { Content::Nothing } else { Content::Pointer });
            self.follower.fetch(before, &named);
            match longer.flatten() {
                Some(longer) => (period, start) = (longer, before.into()),
                None => {
                    self.seen.set(Seen { updated: feed.updated_time.max(seen.updated), at });
                    return Ok(());
                }
            }
        }
    }

    /// The shortest document that covers so much.
    fn covering(&self, gap: Duration) -> Option<&Period> {
        self.periods.iter().find(|period| covered(period.covers) >= gap)
    }

    /// The places of topics that are wanted and of which the feed has an update that it has not named before.
    fn named(&self, feed: &text::Feed<'_>) -> Vec<usize> {
        let updates = &mut *self.updates.borrow_mut();
        let mut named = Vec::new();
        for (topic, update) in &feed.updates {
            let Some(place) = self.follower.place(&*topic.0) else { continue };
            if updates.get(&place).is_none_or(|known| **known != *update.0) {
                updates.insert(place, update.0.as_ref().into());
                named.push(place);
            }
        }
        named
    }
}

/// The first look at the feed: up to when it is, and which periods there are.
async fn begin(caller: &Caller, settings: &Settings) -> Result<(Timestamp, Vec<Period>), Fault> {
    let what = || format!("GET {}", feed::PATH);
    let resource = caller.resource(feed::PATH)?;
    let mut document = caller.fetch(&resource, ask(settings.gzip, None), None, None).await.map_err(|error| caller.fault(what(), error))?;
    document.brought(Content::Nothing);
    if document.status != StatusCode::OK {
        return Err(Fault::refused(what(), format!("{}, and 200 was wanted", document.status)));
    }
    let body = body(&document).map_err(|why| Fault::protocol(what(), why))?;
    let feed = text::read(&body).map_err(|why| Fault::protocol(what(), why))?;
    let mut periods = Vec::new();
    for (seconds, url) in feed.available_periods.iter().take(MOST_PERIODS) {
        let covers = seconds.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()).filter(|covers| !covers.is_zero());
        let Some(covers) = covers else { return Err(Fault::protocol(what(), format!("{seconds:?} is no period in seconds"))) };
        periods.push(Period { covers, resource: caller.resource(url)?, tag: RefCell::default() });
    }
    periods.sort_by_key(|period| period.covers);
    if periods.is_empty() {
        return Err(Fault::protocol(what(), "the feed has no available_periods"));
    }
    Ok((feed.updated_time, periods))
}

fn ask(gzip: bool, tag: Option<&HeaderValue>) -> Ask<'_> {
    if gzip { Ask::GetWith { tag, fields: &[("accept-encoding", "gzip")] } } else { Ask::Get { tag } }
}

/// The body as it was before it was packed.
fn body(document: &Document<'_>) -> Result<Vec<u8>, String> {
    match document.fields.get(CONTENT_ENCODING).map(HeaderValue::as_bytes) {
        None | Some(b"identity") => Ok(document.body.to_vec()),
        Some(b"gzip" | b"x-gzip") => gzip::unpack(&document.body, LARGEST).map_err(|why| why.to_string()),
        Some(other) => Err(format!("the feed is encoded as {:?}, which nobody asked for", String::from_utf8_lossy(other))),
    }
}

#[async_trait(?Send)]
impl Subscriber for Reader {
    async fn run(&mut self, stop: CancellationToken) -> Result<(), Fault> {
        let ticks = self.rhythm.plan(&*self.follower.seat().pacer, &[FEED], Topic::PROBE.0);
        let wait = Cell::new(self.rhythm.first());
        let poll = async |tick| {
            let polled = self.poll(tick).await;
            self.rhythm.again(&ticks, tick, &wait, None);
            polled
        };
        self.follower.run(&ticks, &stop, poll).await
    }

    async fn close(&mut self) {
        self.follower.caller().close().await;
    }
}
