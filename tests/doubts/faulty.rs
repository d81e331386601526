//! Contenders with faults that are set: a real one, between which and the harness somebody meddles.
//!
//! `faults = "lose=4 block=20ms every=10"`. All faults are counted or of a set length, so that what they come to can be worked out.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use pushbench::cli::REGISTRY;
use pushbench::contender::inbox::{Content, Inbox, Message, Request};
use pushbench::contender::pacer::{Pacer, Tick, Ticks};
use pushbench::contender::settings::{Kind, Setting, SettingsError, Values};
use pushbench::contender::topic::Topic;
use pushbench::contender::{Contender, Direction, Fault, Forecast, Load, Protocol, Publisher, PublisherSeat, ServerSeat, Subscriber, SubscriberSeat};
use pushbench::measure::clock::{Clock, sleep_until};
use pushbench::measure::stamp::Stamp;
use pushbench::scenario::Registry;

/// What test scenarios may name: the faulty ones, and `loopback` as it is.
pub fn registry() -> Registry {
    const FAULTY: &[&dyn Contender] = &[
        &Faulty { name: "faulty-poll", base: "rest-poll", direction: Direction::Pull },
        &Faulty { name: "faulty-push", base: "xmpp-pubsub", direction: Direction::Push },
        &Faulty { name: "faulty-memory", base: "loopback", direction: Direction::Push },
    ];
    Registry { contenders: FAULTY, ..REGISTRY }
}

/// What goes wrong; 0 and nothing: nothing.
#[derive(Clone, Copy, Debug, Default)]
struct Faults {
    /// Every so-manieth update is dropped between socket and inbox.
    lose: u64,
    /// … is handed in twice.
    double: u64,
    /// … is handed in after the next one of its topic.
    swap: u64,
    /// … has a version that nobody has published.
    corrupt: u64,
    /// … is counted as one byte more than it has.
    miscount: u64,
    /// Every so-manieth poll's answer is thrown away.
    fail: u64,
    /// Every so-manieth poll is left out.
    skip: u64,
    /// The so-manieth publication never ends.
    hang: u64,
    /// The thread is held up for so long …
    block: Duration,
    /// … at every so-manieth update or answer (0: at each) …
    every: u64,
    /// … so often at most (0: without end).
    times: u64,
    /// A publication takes so much longer.
    publish: Duration,
}

impl Faults {
    fn read(text: &str) -> Self {
        let mut faults = Self::default();
        for (name, value) in text.split_whitespace().map(|fault| fault.split_once('=').expect("name=value")) {
            let count = || value.parse().expect("a number");
            let millis = || Duration::from_millis(value.strip_suffix("ms").and_then(|millis| millis.parse().ok()).expect("milliseconds"));
            match name {
                "lose" => faults.lose = count(),
                "double" => faults.double = count(),
                "swap" => faults.swap = count(),
                "corrupt" => faults.corrupt = count(),
                "miscount" => faults.miscount = count(),
                "fail" => faults.fail = count(),
                "skip" => faults.skip = count(),
                "hang" => faults.hang = count(),
                "every" => faults.every = count(),
                "times" => faults.times = count(),
                "block" => faults.block = millis(),
                "publish" => faults.publish = millis(),
                other => panic!("no fault is called {other}"),
            }
        }
        faults
    }
}

/// Counts, and says when it is time.
#[derive(Default)]
struct Counter(Cell<u64>);

impl Counter {
    fn hits(&self, every: u64) -> bool {
        self.0.set(self.0.get() + 1);
        every > 0 && self.0.get().is_multiple_of(every)
    }
}

struct Faulty {
    name: &'static str,
    base: &'static str,
    direction: Direction,
}

const SETTINGS: &[Setting] = &[
    Setting { name: "interval", kind: Kind::Duration, default: Some("200ms"), about: "Between two polls." },
    Setting { name: "delay", kind: Kind::Duration, default: Some("100us"), about: "Of faulty-memory." },
    Setting { name: "mode", kind: Kind::Choice(&["push", "poll"]), default: Some("push"), about: "Of faulty-memory." },
    Setting { name: "faults", kind: Kind::Text, default: Some(""), about: "What goes wrong." },
];

impl Contender for Faulty {
    fn name(&self) -> &'static str {
        self.name
    }

    fn about(&self) -> &'static str {
        "A real contender, and somebody who meddles."
    }

    fn direction(&self) -> Direction {
        self.direction
    }

    fn settings(&self) -> &'static [Setting] {
        SETTINGS
    }

    fn protocol(&self, values: &Values) -> Result<Rc<dyn Protocol>, SettingsError> {
        let base = REGISTRY.contenders.iter().find(|contender| contender.name() == self.base).expect("the base exists");
        let taken = values.all().iter().filter(|(name, _)| base.settings().iter().any(|setting| setting.name == *name));
        let given: BTreeMap<String, String> = taken.map(|(name, value)| (name.clone(), value.clone())).collect();
        let base = base.protocol(&Values::new(base.settings(), &given)?)?;
        Ok(Rc::new(Meddled { base, faults: Faults::read(values.text("faults")) }))
    }
}

struct Meddled {
    base: Rc<dyn Protocol>,
    faults: Faults,
}

#[async_trait(?Send)]
impl Protocol for Meddled {
    async fn serve(&self, seat: ServerSeat) -> Result<(), Fault> {
        self.base.serve(seat).await
    }

    async fn publisher(&self, seat: PublisherSeat) -> Result<Box<dyn Publisher>, Fault> {
        let clock = Rc::clone(&seat.clock);
        Ok(Box::new(MeddledPublisher { base: self.base.publisher(seat).await?, faults: self.faults, clock, count: Counter::default() }))
    }

    async fn subscriber(&self, seat: SubscriberSeat) -> Result<Box<dyn Subscriber>, Fault> {
        let inbox = Rc::new(MeddledInbox { base: Rc::clone(&seat.inbox), faults: self.faults, counts: Counts::default(), held: RefCell::default() });
        let pacer = Rc::new(MeddledPacer { base: Rc::clone(&seat.pacer), skip: self.faults.skip });
        self.base.subscriber(SubscriberSeat { inbox, pacer, ..seat }).await
    }

    fn interval(&self) -> Option<Duration> {
        self.base.interval()
    }

    fn in_memory(&self) -> bool {
        self.base.in_memory()
    }

    fn forecast(&self, load: &Load) -> Forecast {
        self.base.forecast(load)
    }
}

struct MeddledPublisher {
    base: Box<dyn Publisher>,
    faults: Faults,
    clock: Rc<dyn Clock>,
    count: Counter,
}

#[async_trait(?Send)]
impl Publisher for MeddledPublisher {
    async fn create(&self, topics: Vec<(Topic, Bytes)>) -> Result<(), Fault> {
        self.base.create(topics).await
    }

    async fn publish(&self, topic: Topic, payload: Bytes) -> Result<(), Fault> {
        if topic != Topic::PROBE && self.count.hits(self.faults.hang) {
            std::future::pending::<()>().await;
        }
        self.base.publish(topic, payload).await?;
        if topic != Topic::PROBE && !self.faults.publish.is_zero() {
            let _ = sleep_until(&*self.clock, self.clock.now().after(self.faults.publish)).await;
        }
        Ok(())
    }

    async fn close(&self) {
        self.base.close().await;
    }
}

struct MeddledPacer {
    base: Rc<dyn Pacer>,
    skip: u64,
}

impl Pacer for MeddledPacer {
    fn once(&self, period: Duration, keys: &[u32], probe: u32) -> Ticks {
        self.base.once(period, keys, probe)
    }

    fn every(&self, period: Duration, keys: &[u32], probe: u32) -> Ticks {
        let planned = self.base.every(period, keys, probe);
        if self.skip == 0 {
            return planned;
        }
        let (left, skip, count) = (Ticks::default(), self.skip, Counter::default());
        let onwards = left.clone();
        tokio::task::spawn_local(async move {
            while let Some(tick) = planned.next().await {
                if tick.key == probe || !count.hits(skip) {
                    onwards.push(tick);
                }
            }
            onwards.end();
        });
        left
    }
}

#[derive(Default)]
struct Counts {
    lose: Counter,
    double: Counter,
    swap: Counter,
    corrupt: Counter,
    miscount: Counter,
    fail: Counter,
    block: Counter,
    blocked: Cell<u64>,
}

struct MeddledInbox {
    base: Rc<dyn Inbox>,
    faults: Faults,
    counts: Counts,
    /// Updates that wait for the next one of their topic.
    held: RefCell<BTreeMap<u32, Vec<u8>>>,
}

impl MeddledInbox {
    /// Holds up the thread, after an update was handed in.
    fn block(&self, payload: Option<&[u8]>) {
        let (faults, counts) = (&self.faults, &self.counts);
        if update(payload).is_none() {
            return;
        }
        let over = faults.times > 0 && counts.blocked.get() >= faults.times;
        if !faults.block.is_zero() && !over && counts.block.hits(faults.every.max(1)) {
            counts.blocked.set(counts.blocked.get() + 1);
            std::thread::sleep(faults.block);
        }
    }

    /// What becomes of an update: in what form it is handed on, and what is handed on after it. First values and the probe
    /// are left alone: without them there is no window.
    fn meddle(&self, payload: Option<&[u8]>) -> (Option<Vec<u8>>, Option<Vec<u8>>) {
        let (faults, counts) = (&self.faults, &self.counts);
        let whole = payload.map(<[u8]>::to_vec);
        let Some(stamp) = update(payload) else { return (whole, None) };
        if counts.miscount.hits(faults.miscount) {
            self.base.payload_sent(1);
        }
        if counts.lose.hits(faults.lose) {
            return (None, None);
        }
        if counts.corrupt.hits(faults.corrupt) {
            let size = payload.map_or(0, <[u8]>::len);
            return (Some(Stamp { version: 1_000_000, ..stamp }.payload(size).to_vec()), None);
        }
        if let Some(earlier) = self.held.borrow_mut().remove(&stamp.topic) {
            return (whole, Some(earlier));
        }
        if counts.swap.hits(faults.swap) {
            self.held.borrow_mut().extend(whole.map(|payload| (stamp.topic, payload)));
            return (None, None);
        }
        let again = counts.double.hits(faults.double);
        (whole.clone(), whole.filter(|_| again))
    }
}

/// The stamp of an update; `None` for first values and the probe.
fn update(payload: Option<&[u8]>) -> Option<Stamp> {
    payload.and_then(Stamp::read).filter(|stamp| stamp.version > 0 && stamp.topic != Topic::PROBE.0)
}

impl Inbox for MeddledInbox {
    fn request(&self, tick: Option<Tick>) -> Request {
        self.base.request(tick)
    }

    fn follow_up(&self, before: Request) -> Request {
        self.base.follow_up(before)
    }

    fn response(&self, request: Request, status: u16, content: Content<'_>) -> bool {
        let payload = content.payloads().first().copied();
        if request.intended.is_some() && self.counts.fail.hits(self.faults.fail) {
            self.base.failed(request);
            return false;
        }
        let (meddled, _) = self.meddle(payload);
        let news = self.base.response(request, status, meddled.as_deref().into());
        self.block(payload);
        news
    }

    fn failed(&self, request: Request) {
        self.base.failed(request);
    }

    fn payload_sent(&self, bytes: usize) {
        self.base.payload_sent(bytes);
    }

    fn sent(&self, kind: Message, payload: usize) {
        self.base.sent(kind, payload);
    }

    fn received(&self, kind: Message, asked: bool, content: Content<'_>) -> bool {
        let payload = content.payloads().first().copied();
        let (meddled, after) = self.meddle(payload);
        let news = self.base.received(kind, asked, meddled.as_deref().into());
        if let Some(after) = after {
            self.base.received(kind, false, Content::Payload(&after));
        }
        self.block(payload);
        news
    }

    fn in_vain(&self) {
        self.base.in_vain();
    }

    fn connected(&self) {
        self.base.connected();
    }

    fn bytes(&self, up: usize, down: usize) {
        self.base.bytes(up, down);
    }
}
