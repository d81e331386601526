//! The feed: `/changes`, and its documents for longer periods.
//!
//! A document covers a little more than its period, a sixth, so that a poll once per period misses nothing (FriendFeed's covered 70 s
//! of 60). It is made when somebody asks, and given to everybody for a sixtieth of the shortest period.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use async_trait::async_trait;
use hyper::body::Incoming;
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use hyper::{Request, StatusCode};

use super::log::Log;
use super::settings::Settings;
use super::text::{Writer, id};
use crate::contender::pace::Pace;
use crate::protocols::http::changes::crowd::Crowd;
use crate::protocols::http::changes::document::Document;
use crate::protocols::http::changes::hours::Hours;
use crate::protocols::http::extension::{Answered, Change, Extension, Visit, words};

/// Where it is.
pub const PATH: &str = "/changes";
/// The field in which a topic says its id.
pub const FIELD: &str = "x-sup-id";
/// What documents cover, in shortest periods.
const PERIODS: [u32; 6] = [1, 4, 16, 64, 256, 1_024];
/// Numbers of topics from here on are the crowd's.
const CROWD: u32 = 1 << 31;

/// What a document covers beyond its name: a sixth more.
pub fn covered(period: Duration) -> Duration {
    period + period / 6
}

/// How long a document is given to everybody: a sixtieth of the shortest period.
pub fn kept(shortest: Duration) -> Duration {
    shortest / 60
}

/// A document, and when it was made, scenario time.
type Made = (Duration, Rc<Document>);

/// The feed of a server.
pub struct Feed {
    hours: Hours,
    shortest: Duration,
    gzip: bool,
    crowd: Crowd,
    log: Log,
    /// By the place in [`PERIODS`].
    documents: RefCell<[Option<Made>; PERIODS.len()]>,
    made: Cell<u64>,
}

impl Feed {
    /// A feed without changes.
    pub fn new(pace: Pace, settings: &Settings) -> Self {
        Self {
            hours: Hours::begin(pace),
            shortest: settings.period,
            gzip: settings.gzip,
            crowd: settings.crowd,
            log: Log::default(),
            documents: RefCell::default(),
            made: Cell::new(0),
        }
    }

    fn period(&self, place: usize) -> Duration {
        self.shortest * PERIODS[place]
    }

    fn seconds(&self, place: usize) -> f64 {
        self.period(place).as_secs_f64()
    }

    fn url(&self, place: usize) -> String {
        format!("{PATH}?seconds={}", self.seconds(place))
    }

    /// The document of a period, and until when it is given to others, scenario time.
    fn document(&self, place: usize) -> (Rc<Document>, Duration) {
        let now = self.hours.now();
        let kept = kept(self.shortest);
        if let Some((made, document)) = &self.documents.borrow()[place]
            && now < *made + kept
        {
            return (Rc::clone(document), *made + kept - now);
        }
        let document = Rc::new(self.make(place, now));
        self.documents.borrow_mut()[place] = Some((now, Rc::clone(&document)));
        (document, kept)
    }

    fn make(&self, place: usize, now: Duration) -> Document {
        let since = now.saturating_sub(covered(self.period(place)));
        let available: Vec<(f64, String)> = (0..PERIODS.len()).map(|place| (self.seconds(place), self.url(place))).collect();
        let mut own = Vec::new();
        let complete = self.log.since(since, |change| own.push(change));
        let mut writer = Writer::begin(self.seconds(place), &available, self.hours.date(complete), self.hours.date(now));
        // Both in order of time.
        let mut own = own.into_iter().peekable();
        self.crowd.changes(&(complete..now), |at, topic| {
            while let Some(change) = own.next_if(|change| change.at <= at) {
                writer.update(change.topic, change.update);
            }
            writer.update(CROWD + topic, at.as_millis() as u64);
        });
        own.for_each(|change| writer.update(change.topic, change.update));
        self.made.set(self.made.get() + 1);
        let tag = format!("{}-{}", self.hours.date(Duration::ZERO).as_microsecond(), self.made.get());
        Document::new(writer.end(), "application/json", tag, self.gzip)
    }

    /// The place of the period that a query asks for; without one, the shortest.
    fn asked(&self, query: Option<&str>) -> Option<usize> {
        let Some(query) = query else { return Some(0) };
        (0..PERIODS.len()).find(|place| query.strip_prefix("seconds=").is_some_and(|seconds| *seconds == self.seconds(*place).to_string()))
    }
}

#[async_trait(?Send)]
impl Extension for Feed {
    /// A topic that is new is no change: nobody can hold an older version.
    fn changed(&self, change: &Change<'_>) {
        if change.revision > 1 {
            self.log.changed(change.name, self.hours.now(), covered(self.period(PERIODS.len() - 1)));
        }
    }

    async fn answer(&self, request: Request<Incoming>, _: &Visit<'_>) -> Result<Answered, Request<Incoming>> {
        if request.uri().path() != PATH {
            return Err(request);
        }
        let Some(place) = self.asked(request.uri().query()) else {
            let known: Vec<String> = (0..PERIODS.len()).map(|place| self.url(place)).collect();
            return Ok(words(StatusCode::NOT_FOUND, format!("There is no feed of such a period. There are: {}.\n", known.join(", "))).into());
        };
        let (document, left) = self.document(place);
        let keep = format!("public, max-age={}", self.hours.measured(left).as_secs());
        Ok(document.answer(request.method(), request.headers(), &keep).into())
    }

    fn decorate(&self, topic: &str, headers: &mut HeaderMap) {
        if let Ok(value) = HeaderValue::from_str(&format!("{PATH}#{}", id(self.log.number(topic)))) {
            headers.insert(HeaderName::from_static(FIELD), value);
        }
    }
}
