//! What each subscriber has yet to get, for servers that hold requests or streams: who wants which topics, and what came of them since.
//!
//! A subscriber names its topics once and is given an outbox; from then on it names the outbox. Every change is made ready once
//! (`Update`) and put into the outbox of everybody who wants it. Its sequence number is the same for all: whoever says which number it
//! has seen last gets what came after it, so that nothing is lost between two requests, or two connections. First come the present values of
//! all topics, read when they are sent; whoever has fallen behind further than the outbox reaches back gets them again.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher as _, RandomState};
use std::ops::Bound::{Excluded, Unbounded};
use std::rc::Rc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use hyper::StatusCode;
use tokio::sync::Notify;
use tokio::sync::futures::Notified;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::extension::{Answer, Change, Service, words};
use super::room::{Room, Taken};
use crate::contender::topic::Topic;

/// How an update is written: sequence number, topic, payload.
pub type Write = fn(u64, &str, &[u8]) -> Vec<u8>;

/// Most bytes of a batch, unless a single update has more.
pub const LARGEST_BATCH: usize = 1 << 20;
/// Largest list of topics, bytes: those of two million in a trial.
pub const LARGEST_LIST: usize = 32 << 20;
/// The media type of such a list.
pub const LIST_TYPE: &str = "text/plain; charset=utf-8";
/// How much of a name is repeated that no topic has, characters.
const LONGEST_NAME_SHOWN: usize = 128;
/// What a topic costs that an outbox wants, bytes: two places in lists and a share of its name.
const WANTED: usize = 64;
/// What an outbox costs beside, bytes.
const OUTBOX: usize = 512;

/// A change, ready to be sent to everybody.
#[derive(Debug)]
struct Update {
    bytes: Bytes,
    payload: usize,
}

/// How much an outbox keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// Each update, up to so many.
    All(usize),
    /// Of each topic the latest.
    Latest,
}

/// All outboxes of a server.
pub struct Outboxes {
    keep: Keep,
    write: Write,
    last: Cell<u64>,
    wishes: RefCell<HashMap<Rc<str>, Vec<Wish>>>,
    by_key: RefCell<HashMap<u64, Rc<Outbox>>>,
    keys: RandomState,
    /// For updates; known since the first one was opened.
    room: OnceCell<Room>,
}

/// That an outbox wants a topic: the one at this place of its list.
struct Wish {
    outbox: Rc<Outbox>,
    place: usize,
}

/// A list of topics, as a request for an outbox carries it: a name on each line.
pub fn list(topics: &[Topic]) -> Bytes {
    topics.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n").into()
}

/// Why there is no outbox for a list of topics.
#[derive(Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The list is empty, or no text.
    Nothing,
    /// One does not exist.
    Unknown(String),
    /// No room for it.
    Full,
}

impl From<Refusal> for Answer {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Nothing => words(StatusCode::BAD_REQUEST, "Which topics? The body is a list of their names, one a line.\n"),
            Refusal::Unknown(name) => words(StatusCode::NOT_FOUND, format!("There is no topic {name:?} yet. PUT /topics/NAME creates one.\n")),
            Refusal::Full => words(StatusCode::INSUFFICIENT_STORAGE, "There is no room for another list of topics here.\n"),
        }
    }
}

/// What is sent at once.
#[derive(Debug, Default)]
pub struct Batch {
    /// As it is written.
    pub bytes: Bytes,
    /// Bytes of payloads in it.
    pub payload: usize,
    /// How many updates it has.
    pub count: usize,
    /// The sequence number of the last one.
    pub last: u64,
}

/// What one subscriber has yet to get.
pub struct Outbox {
    key: u64,
    state: RefCell<State>,
    news: Notify,
    held: Cell<usize>,
    left: Cell<Instant>,
    turn: Cell<u64>,
    _room: Taken,
}

struct State {
    wanted: Vec<Wanted>,
    /// First values have the numbers behind this one, in the order of `wanted`: lower ones than all that changes later.
    base: u64,
    /// How many first values were sent.
    offered: usize,
    /// By sequence number.
    pending: BTreeMap<u64, Pending>,
    /// With [`Keep::Latest`]: the number of what is pending of a topic, by its place.
    latest: HashMap<usize, u64>,
    /// What has this number or a lower one may be forgotten.
    forgotten: u64,
    /// The number of the last one sent.
    sent: u64,
    /// Something was forgotten that had not been sent.
    overrun: bool,
}

struct Wanted {
    name: Rc<str>,
    /// Its place among the wishes for this topic.
    slot: usize,
}

struct Pending {
    update: Rc<Update>,
    place: usize,
}

impl Outboxes {
    /// None yet.
    pub fn new(keep: Keep, write: Write) -> Self {
        Self { keep, write, last: Cell::new(0), wishes: RefCell::default(), by_key: RefCell::default(), keys: RandomState::new(), room: OnceCell::new() }
    }

    /// Makes an outbox for a list of topics, one a line; those named twice count once.
    ///
    /// # Errors
    /// One does not exist, or there is no room.
    pub fn open(&self, service: &Service, list: &[u8]) -> Result<Rc<Outbox>, Refusal> {
        let text = std::str::from_utf8(list).map_err(|_| Refusal::Nothing)?;
        let mut names: Vec<&str> = text.lines().filter(|name| !name.is_empty()).collect();
        names.sort_unstable();
        names.dedup();
        if names.is_empty() {
            return Err(Refusal::Nothing);
        }
        if let Some(unknown) = names.iter().find(|name| service.topic(name).is_none()) {
            return Err(Refusal::Unknown(unknown.chars().take(LONGEST_NAME_SHOWN).collect()));
        }
        let room = self.room.get_or_init(|| service.site.room.clone()).take(OUTBOX + names.len() * WANTED).ok_or(Refusal::Full)?;
        // Nobody else's outbox can be found by counting.
        let key = self.keys.hash_one(self.reserve(1));
        let outbox = Rc::new(Outbox {
            key,
            state: RefCell::new(State {
                wanted: Vec::with_capacity(names.len()),
                base: self.reserve(names.len()),
                offered: 0,
                pending: BTreeMap::new(),
                latest: HashMap::new(),
                forgotten: 0,
                sent: 0,
                overrun: false,
            }),
            news: Notify::new(),
            held: Cell::new(0),
            left: Cell::new(Instant::now()),
            turn: Cell::new(0),
            _room: room,
        });
        let mut wishes = self.wishes.borrow_mut();
        for (place, name) in names.into_iter().enumerate() {
            let name = match wishes.get_key_value(name) {
                Some((name, _)) => Rc::clone(name),
                None => Rc::from(name),
            };
            let of_topic = wishes.entry(Rc::clone(&name)).or_default();
            outbox.state.borrow_mut().wanted.push(Wanted { name, slot: of_topic.len() });
            of_topic.push(Wish { outbox: Rc::clone(&outbox), place });
        }
        self.by_key.borrow_mut().insert(key, Rc::clone(&outbox));
        Ok(outbox)
    }

    /// The outbox that [`Outbox::name`] names.
    pub fn find(&self, name: &str) -> Option<Rc<Outbox>> {
        let canonical = name.len() == 16 && name.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
        let key = canonical.then(|| u64::from_str_radix(name, 16).ok()).flatten()?;
        self.by_key.borrow().get(&key).cloned()
    }

    /// Forgets an outbox.
    pub fn close(&self, outbox: &Outbox) {
        if self.by_key.borrow_mut().remove(&outbox.key).is_none() {
            return;
        }
        let wanted = std::mem::take(&mut outbox.state.borrow_mut().wanted);
        let mut wishes = self.wishes.borrow_mut();
        for Wanted { name, slot } in wanted {
            let Some(of_topic) = wishes.get_mut(&name) else { continue };
            of_topic.swap_remove(slot);
            if let Some(moved) = of_topic.get(slot) {
                moved.outbox.state.borrow_mut().wanted[moved.place].slot = slot;
            }
            if of_topic.is_empty() {
                wishes.remove(&name);
            }
        }
        outbox.news.notify_waiters();
    }

    /// Forgets, until `stop`, the outboxes that nobody has asked for within this time.
    pub async fn keep_expiring(&self, lease: Duration, stop: &CancellationToken) {
        let looking = async {
            loop {
                tokio::time::sleep(lease / 2).await;
                self.expire(lease);
            }
        };
        tokio::select! { () = stop.cancelled() => {}, () = looking => {} }
    }

    fn expire(&self, lease: Duration) {
        let now = Instant::now();
        let is_over = |outbox: &Outbox| outbox.held.get() == 0 && now.duration_since(outbox.left.get()) > lease;
        let over: Vec<Rc<Outbox>> = self.by_key.borrow().values().filter(|outbox| is_over(outbox)).cloned().collect();
        for outbox in over {
            self.close(&outbox);
        }
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.by_key.borrow().len()
    }

    /// Puts a change into the outbox of everybody who wants it.
    pub fn changed(&self, change: &Change<'_>) {
        let wishes = self.wishes.borrow();
        let (Some(wishes), Some(room)) = (wishes.get(change.name), self.room.get()) else { return };
        let sequence = self.reserve(1) + 1;
        let bytes = (self.write)(sequence, change.name, change.payload);
        // Counted with the payloads that are held, for as long as it is in any outbox. Without room the outboxes reach back less far.
        let Some(taken) = room.take(bytes.len()) else {
            for wish in wishes {
                wish.outbox.forget_all(sequence);
            }
            return;
        };
        let update = Rc::new(Update { bytes: taken.hold(bytes.into()), payload: change.payload.len() });
        for wish in wishes {
            wish.outbox.put(sequence, wish.place, &update, self.keep);
        }
    }

    /// What comes next in an outbox after the update with this number; empty where there is nothing yet.
    ///
    /// Where something has been forgotten that should come now, all begins again, with the present values.
    pub fn batch(&self, service: &Service, outbox: &Outbox, after: u64) -> Batch {
        let state = &mut *outbox.state.borrow_mut();
        if state.forgotten > after.max(state.first_values_end()) {
            state.begin_again(self.reserve(state.wanted.len()));
        }
        let batch = if after < state.first_values_end() { self.first_values(service, state, after) } else { state.updates(after) };
        state.sent = state.sent.max(batch.last);
        batch
    }

    fn first_values(&self, service: &Service, state: &mut State, after: u64) -> Batch {
        let mut whole = Vec::new();
        let mut batch = Batch::default();
        let told = usize::try_from(after.saturating_sub(state.base)).unwrap_or(usize::MAX);
        if told < state.offered {
            // Sent before, and lost: they are read anew, and what has changed them since comes with them.
            state.pending.retain(|_, pending| pending.place < told);
            state.latest.retain(|place, _| *place < told);
        }
        for (place, wanted) in state.wanted.iter().enumerate().skip(told) {
            // Topics stay for ever: what could be wanted is there.
            let Some((payload, _)) = service.topic(&wanted.name) else { continue };
            batch.last = state.base + place as u64 + 1;
            batch.count += 1;
            batch.payload += payload.len();
            whole.extend_from_slice(&(self.write)(batch.last, &wanted.name, &payload));
            state.offered = place + 1;
            if whole.len() >= LARGEST_BATCH {
                break;
            }
        }
        Batch { bytes: whole.into(), ..batch }
    }

    /// Puts so many numbers aside; returns the one before them.
    fn reserve(&self, numbers: usize) -> u64 {
        self.last.replace(self.last.get() + numbers as u64)
    }
}

impl Outbox {
    /// Its name, in 16 hexadecimal digits.
    pub fn name(&self) -> String {
        format!("{:016x}", self.key)
    }

    /// The subscriber has everything up to this number, and will not ask for it again: it is forgotten.
    pub fn confirm(&self, after: u64) {
        let state = &mut *self.state.borrow_mut();
        while let Some(oldest) = state.pending.first_entry().filter(|oldest| *oldest.key() <= after) {
            state.latest.remove(&oldest.remove().place);
        }
        state.forgotten = state.forgotten.max(after.min(state.sent));
    }

    /// The subscriber has everything up to this number, and may come again and say that it has less.
    pub fn go_on(&self, after: u64) {
        let state = &mut *self.state.borrow_mut();
        (state.sent, state.overrun) = (after, false);
    }

    /// Whether something was forgotten that had not been sent.
    pub fn is_overrun(&self) -> bool {
        self.state.borrow().overrun
    }

    /// Whether it has been forgotten.
    pub fn is_closed(&self) -> bool {
        self.state.borrow().wanted.is_empty()
    }

    /// Wakes when something is put into it, or it is forgotten; to be made before one looks.
    pub fn news(&self) -> Notified<'_> {
        self.news.notified()
    }

    /// Somebody waits for it: until this is dropped, it is not forgotten.
    pub fn attend(self: &Rc<Self>) -> Attendance {
        self.held.set(self.held.get() + 1);
        Attendance { outbox: Rc::clone(self) }
    }

    /// Begins another turn, where only one at a time may read: whoever had the one before sees that it is over.
    pub fn take_turn(&self) -> u64 {
        self.turn.set(self.turn.get() + 1);
        self.news.notify_waiters();
        self.turn.get()
    }

    /// Whose turn it is.
    pub fn turn(&self) -> u64 {
        self.turn.get()
    }

    fn put(&self, sequence: u64, place: usize, update: &Rc<Update>, keep: Keep) {
        let state = &mut *self.state.borrow_mut();
        // Its first value has not been sent: that will be this one.
        if place >= state.offered {
            return;
        }
        if keep == Keep::Latest
            && let Some(older) = state.latest.insert(place, sequence)
        {
            state.pending.remove(&older);
        }
        state.pending.insert(sequence, Pending { update: Rc::clone(update), place });
        if let Keep::All(most) = keep
            && state.pending.len() > most
            && let Some((oldest, _)) = state.pending.pop_first()
        {
            state.forgotten = oldest;
            state.overrun |= oldest > state.sent;
        }
        self.news.notify_waiters();
    }

    fn forget_all(&self, sequence: u64) {
        let state = &mut *self.state.borrow_mut();
        state.pending.clear();
        state.latest.clear();
        (state.forgotten, state.overrun) = (sequence, true);
        self.news.notify_waiters();
    }
}

impl State {
    fn first_values_end(&self) -> u64 {
        self.base + self.wanted.len() as u64
    }

    fn begin_again(&mut self, base: u64) {
        self.pending.clear();
        self.latest.clear();
        (self.base, self.offered, self.forgotten, self.overrun) = (base, 0, 0, false);
    }

    fn updates(&self, after: u64) -> Batch {
        let mut updates = Vec::new();
        let mut size = 0;
        for (sequence, Pending { update, .. }) in self.pending.range((Excluded(after), Unbounded)) {
            size += update.bytes.len();
            updates.push((*sequence, update));
            if size >= LARGEST_BATCH {
                break;
            }
        }
        let bytes = match &updates[..] {
            // As it is, for everybody: no copy.
            [(_, one)] => one.bytes.clone(),
            several => several
                .iter()
                .fold(BytesMut::with_capacity(size), |mut whole, (_, update)| {
                    whole.extend_from_slice(&update.bytes);
                    whole
                })
                .freeze(),
        };
        Batch {
            bytes,
            payload: updates.iter().map(|(_, update)| update.payload).sum(),
            count: updates.len(),
            last: updates.last().map_or(after, |(sequence, _)| *sequence),
        }
    }
}

/// Somebody waits for an outbox.
pub struct Attendance {
    outbox: Rc<Outbox>,
}

impl Drop for Attendance {
    fn drop(&mut self) {
        self.outbox.held.set(self.outbox.held.get() - 1);
        self.outbox.left.set(Instant::now());
    }
}

#[cfg(test)]
mod tests;
