//! The windows: `/windows`, and `/windows/N` for each that is closed.
//!
//! Time is cut into windows, numbered from the epoch by the length of one, so that no number ever means another window. A window that is
//! closed never changes again: its bitmap is made when somebody first asks for it, and may be kept for ever.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::rc::Rc;
use std::time::Duration;

use async_trait::async_trait;
use hyper::body::Incoming;
use hyper::header::{CACHE_CONTROL, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Request, StatusCode};
use roaring::RoaringBitmap;

use super::bits::{self, Encoding};
use super::settings::Settings;
use crate::contender::pace::Pace;
use crate::protocols::http::changes::crowd::{Crowd, Draws};
use crate::protocols::http::changes::document::Document;
use crate::protocols::http::changes::hours::Hours;
use crate::protocols::http::extension::{Answer, Answered, Change, Extension, Visit, words};

/// The directory; windows are below it.
pub const PATH: &str = "/windows";
/// The field in which a topic says its position.
pub const FIELD: &str = "x-bitmap-position";
/// Windows that are kept, the one that is open apart: a day of minutes.
const KEPT: u64 = 1_440;
/// Of bitmaps that were made, bytes; beyond, the oldest are made anew should anybody ask.
const MOST_MADE: usize = 64 << 20;
/// How often a free position is looked for.
const TRIES: u32 = 16;

/// The windows of a server.
pub struct Windows {
    hours: Hours,
    length: Duration,
    encoding: Encoding,
    crowd: Crowd,
    positions: RefCell<Positions>,
    /// Changes of the scenario's own topics, by window.
    changed: RefCell<BTreeMap<u64, RoaringBitmap>>,
    /// Bitmaps that were made, in the order in which they were.
    made: RefCell<VecDeque<(u64, Rc<Document>)>>,
    made_size: Cell<usize>,
    /// The number of the window in which the server began.
    first: u64,
}

/// Which bit is whose: the scenario's topics lie scattered among everybody else's.
struct Positions {
    of: HashMap<Box<str>, u32>,
    /// Positions within the crowd that one of ours has taken, with the one that it left free behind the crowd.
    taken: HashMap<u32, u32>,
    draws: Draws,
}

impl Windows {
    /// Windows without changes.
    pub fn new(pace: Pace, settings: &Settings) -> Self {
        let hours = Hours::begin(pace);
        let since_epoch = hours.date(Duration::ZERO).as_nanosecond().max(0);
        Self {
            first: u64::try_from(since_epoch / (settings.window.as_nanos().max(1) as i128)).unwrap_or_default(),
            hours,
            length: settings.window,
            encoding: settings.encoding,
            crowd: settings.crowd,
            positions: RefCell::new(Positions { of: HashMap::new(), taken: HashMap::new(), draws: Draws::default() }),
            changed: RefCell::default(),
            made: RefCell::default(),
            made_size: Cell::new(0),
        }
    }

    /// The number of the window that is open, and for how long it has been, scenario time.
    fn open(&self) -> (u64, Duration) {
        let (now, length) = (self.hours.now().as_nanos(), self.length.as_nanos().max(1));
        (self.first + (now / length) as u64, Duration::from_nanos_u128(now % length))
    }

    fn oldest(&self, open: u64) -> u64 {
        open.saturating_sub(KEPT).max(self.first)
    }

    fn position(&self, name: &str) -> u32 {
        let positions = &mut *self.positions.borrow_mut();
        if let Some(position) = positions.of.get(name) {
            return *position;
        }
        let behind = self.crowd.count + positions.of.len() as u32;
        let scattered = if self.crowd.count == 0 {
            None
        } else {
            (0..TRIES).map(|_| positions.draws.member(self.crowd.count)).find(|position| !positions.taken.contains_key(position))
        };
        if let Some(position) = scattered {
            positions.taken.insert(position, behind);
        }
        let position = scattered.unwrap_or(behind);
        positions.of.insert(name.into(), position);
        position
    }

    /// How many bits a bitmap has.
    fn bits(&self) -> usize {
        self.crowd.count as usize + self.positions.borrow().of.len()
    }

    fn window(&self, number: u64) -> Rc<Document> {
        let made = self.made.borrow().iter().find(|(other, _)| *other == number).map(|(_, document)| Rc::clone(document));
        made.unwrap_or_else(|| self.make(number))
    }

    fn make(&self, number: u64) -> Rc<Document> {
        let mut set = self.changed.borrow().get(&number).cloned().unwrap_or_default();
        let positions = self.positions.borrow();
        self.crowd.stretch(u128::from(number - self.first), |_, topic| {
            set.insert(*positions.taken.get(&topic).unwrap_or(&topic));
        });
        drop(positions);
        let tag = format!("{number}-{}", self.hours.date(Duration::ZERO).as_microsecond());
        let document = Rc::new(match self.encoding {
            Encoding::Roaring => Document::new(bits::roaring(&set), bits::ROARING, tag, false),
            Encoding::Gzip => Document::new(bits::array(&set, self.bits()), bits::ARRAY, tag, true),
        });
        let made = &mut *self.made.borrow_mut();
        made.push_back((number, Rc::clone(&document)));
        self.made_size.set(self.made_size.get() + document.size());
        while made.len() > 1 && (self.made_size.get() > MOST_MADE || made.len() as u64 > KEPT) {
            if let Some((_, oldest)) = made.pop_front() {
                // Packed since it was made, it has become larger: the rest counts as more than it is, never as less.
                self.made_size.set(self.made_size.get().saturating_sub(oldest.size()));
            }
        }
        document
    }

    fn directory(&self, method: &Method, headers: &HeaderMap) -> Answer {
        let (open, elapsed) = self.open();
        let encoding = if self.encoding == Encoding::Gzip { "gzip" } else { "roaring" };
        let text = format!(
            "{{\"window\":{},\"open\":{open},\"elapsed\":{},\"oldest\":{},\"bits\":{},\"encoding\":\"{encoding}\"}}\n",
            self.length.as_secs_f64(),
            elapsed.as_secs_f64(),
            self.oldest(open),
            self.bits()
        );
        Document::new(text, "application/json", format!("{open}-{}", elapsed.as_nanos()), false).answer(method, headers, "no-cache")
    }
}

#[async_trait(?Send)]
impl Extension for Windows {
    /// A topic that is new is no change: nobody can hold an older version.
    fn changed(&self, change: &Change<'_>) {
        let position = self.position(change.name);
        if change.revision > 1 {
            let (open, _) = self.open();
            let changed = &mut *self.changed.borrow_mut();
            changed.entry(open).or_default().insert(position);
            while changed.first_key_value().is_some_and(|(number, _)| *number < self.oldest(open)) {
                changed.pop_first();
            }
        }
    }

    async fn answer(&self, request: Request<Incoming>, _: &Visit<'_>) -> Result<Answered, Request<Incoming>> {
        let Some(below) = request.uri().path().strip_prefix(PATH) else { return Err(request) };
        if below.is_empty() {
            return Ok(self.directory(request.method(), request.headers()).into());
        }
        let Some(number) =
            below.strip_prefix('/').filter(|number| number.bytes().all(|byte| byte.is_ascii_digit())).and_then(|number| number.parse::<u64>().ok())
        else {
            return Err(request);
        };
        let (open, _) = self.open();
        let mut answer = if number >= open {
            words(StatusCode::NOT_FOUND, format!("That window is not closed: {open} is open. GET {PATH} tells for how long.\n"))
        } else if number < self.oldest(open) {
            words(StatusCode::GONE, format!("That window is no longer there: {} is the oldest. Ask for each topic that you want.\n", self.oldest(open)))
        } else {
            return Ok(self.window(number).answer(request.method(), request.headers(), "public, max-age=31536000, immutable").into());
        };
        answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        Ok(answer.into())
    }

    fn decorate(&self, topic: &str, headers: &mut HeaderMap) {
        headers.insert(HeaderName::from_static(FIELD), self.position(topic).into());
    }
}
