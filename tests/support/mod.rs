//! What tests of contenders share: an inbox that counts, a pacer that is pushed by hand, seats, a server with its ledger.

#![allow(dead_code, reason = "each test file is a crate of its own and uses a part of this")]

pub mod crooked;
pub mod trials;

use std::cell::{Cell, RefCell};
use std::num::NonZeroUsize;
use std::rc::Rc;
use std::time::Duration;

use pushbench::contender::inbox::{Content, Inbox, Message, Request};
use pushbench::contender::pace::Pace;
use pushbench::contender::pacer::{Pacer, Tick, Ticks};
use pushbench::contender::settings::Values;
use pushbench::contender::topic::Topic;
use pushbench::contender::{Fault, Limits, Protocol, PublisherSeat, ServerAddress, ServerSeat, SubscriberSeat};
use pushbench::contenders;
use pushbench::measure::clock::{Clock as _, Instant, RealClock};
use pushbench::measure::ledger::Ledger;
use pushbench::measure::traffic::Traffic;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::{JoinHandle, LocalSet};
use tokio_util::sync::CancellationToken;

/// Nothing in these tests takes so long; only a hang does.
pub const HANG: Duration = Duration::from_secs(20);

/// Counts everything, keeps payloads, and wakes those that wait for a count.
#[derive(Default)]
pub struct CountingInbox {
    pub traffic: RefCell<Traffic>,
    pub failed: Cell<u64>,
    pub under_way: Cell<u64>,
    pub most_under_way: Cell<u64>,
    pub payloads: RefCell<Vec<Vec<u8>>>,
    /// Payloads are counted, but not kept.
    pub forgets: Cell<bool>,
    pub intended: RefCell<Vec<Option<Instant>>>,
    change: Notify,
}

impl CountingInbox {
    /// Waits until `enough` holds of the counts.
    pub async fn until(&self, enough: impl Fn(&Self) -> bool) {
        let wait = async {
            loop {
                let change = self.change.notified();
                if enough(self) {
                    return;
                }
                change.await;
            }
        };
        tokio::time::timeout(HANG, wait).await.expect("the counts never came to what the test waits for");
    }

    pub fn answered(&self) -> u64 {
        self.traffic.borrow().responses_total()
    }

    fn ended(&self) {
        self.under_way.set(self.under_way.get() - 1);
        self.change.notify_waiters();
    }
}

impl Inbox for CountingInbox {
    fn request(&self, tick: Option<Tick>) -> Request {
        self.traffic.borrow_mut().requests += 1;
        self.under_way.set(self.under_way.get() + 1);
        self.most_under_way.set(self.most_under_way.get().max(self.under_way.get()));
        let intended = tick.map(|tick| tick.intended);
        self.intended.borrow_mut().push(intended);
        self.change.notify_waiters();
        Request { intended, sent: RealClock.now() }
    }

    fn follow_up(&self, before: Request) -> Request {
        let request = Request { intended: before.intended, ..self.request(None) };
        self.intended.borrow_mut().pop();
        request
    }

    fn response(&self, _request: Request, status: u16, content: Content<'_>) -> bool {
        {
            let mut traffic = self.traffic.borrow_mut();
            *traffic.responses.entry(status).or_default() += 1;
            traffic.payload_bytes += content.size();
        }
        if !self.forgets.get() {
            self.payloads.borrow_mut().extend(content.payloads().iter().map(|payload| payload.to_vec()));
        }
        self.ended();
        content.size() > 0
    }

    fn failed(&self, _request: Request) {
        self.failed.set(self.failed.get() + 1);
        self.ended();
    }

    fn payload_sent(&self, bytes: usize) {
        self.traffic.borrow_mut().payload_bytes += bytes as u64;
    }

    fn sent(&self, kind: Message, payload: usize) {
        let traffic = &mut *self.traffic.borrow_mut();
        traffic.payload_bytes += payload as u64;
        kind.count_up(traffic);
        self.change.notify_waiters();
    }

    fn received(&self, kind: Message, _asked: bool, content: Content<'_>) -> bool {
        let traffic = &mut *self.traffic.borrow_mut();
        traffic.payload_bytes += content.size();
        kind.count_down(traffic);
        self.payloads.borrow_mut().extend(content.payloads().iter().map(|payload| payload.to_vec()));
        self.change.notify_waiters();
        content.size() > 0
    }

    fn in_vain(&self) {}

    fn connected(&self) {
        self.traffic.borrow_mut().connections += 1;
        self.change.notify_waiters();
    }

    fn bytes(&self, up: usize, down: usize) {
        let mut traffic = self.traffic.borrow_mut();
        traffic.bytes_up += up as u64;
        traffic.bytes_down += down as u64;
    }
}

/// Hands out one queue, which the test fills.
#[derive(Default)]
pub struct HandPacer {
    pub ticks: Ticks,
    /// What `every` was called with: period, keys, probe.
    pub asked: RefCell<Vec<(Duration, Vec<u32>, u32)>>,
}

impl HandPacer {
    /// It is time for `topic`.
    pub fn tick(&self, topic: Topic) {
        self.ticks.push(Tick { key: topic.0, intended: RealClock.now() });
    }
}

impl Pacer for HandPacer {
    fn every(&self, period: Duration, keys: &[u32], probe: u32) -> Ticks {
        self.asked.borrow_mut().push((period, keys.to_vec(), probe));
        self.ticks.clone()
    }

    fn once(&self, period: Duration, keys: &[u32], probe: u32) -> Ticks {
        self.every(period, keys, probe)
    }
}

/// A contender with settings.
pub fn protocol(name: &str, settings: &[(&str, &str)]) -> Rc<dyn Protocol> {
    let contender = contenders::ALL.iter().find(|contender| contender.name() == name).expect("a contender of that name");
    let given = settings.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    contender.protocol(&Values::new(contender.settings(), &given).expect("settings")).expect("a protocol")
}

/// A server that runs in this test's thread.
pub struct Running {
    pub address: ServerAddress,
    pub ledger: Ledger,
    pub stop: CancellationToken,
    pub task: JoinHandle<Result<(), Fault>>,
}

impl Running {
    pub async fn start(protocol: Rc<dyn Protocol>, limits: Limits) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = ServerAddress { socket: listener.local_addr().expect("an address").to_string() };
        let (ledger, stop) = (Ledger::default(), CancellationToken::new());
        let seat = ServerSeat { listener, stop: stop.clone(), ledger: ledger.clone(), limits, pace: Pace::REAL };
        let task = tokio::task::spawn_local(async move { protocol.serve(seat).await });
        Self { address, ledger, stop, task }
    }

    /// Stops it, and says how long that took.
    pub async fn end(self) -> Duration {
        let begin = std::time::Instant::now();
        self.stop.cancel();
        self.task.await.expect("no panic").expect("no fault");
        begin.elapsed()
    }
}

pub fn publisher_seat(server: &ServerAddress, connections: usize) -> (PublisherSeat, Rc<CountingInbox>) {
    let inbox = Rc::new(CountingInbox::default());
    let connections = NonZeroUsize::new(connections).expect("at least one");
    let seat =
        PublisherSeat { server: server.clone(), index: 0, connections, inbox: inbox.clone(), timeout: HANG, clock: Rc::new(RealClock), pace: Pace::REAL };
    (seat, inbox)
}

pub fn subscriber_seat(
    server: &ServerAddress,
    topics: impl IntoIterator<Item = Topic>,
    connections: usize,
    timeout: Duration,
) -> (SubscriberSeat, Rc<CountingInbox>, Rc<HandPacer>) {
    let (inbox, pacer) = (Rc::new(CountingInbox::default()), Rc::new(HandPacer::default()));
    let seat = SubscriberSeat {
        server: server.clone(),
        index: 0,
        topics: topics.into_iter().collect(),
        connections: NonZeroUsize::new(connections).expect("at least one"),
        inbox: inbox.clone(),
        pacer: pacer.clone(),
        timeout,
        clock: Rc::new(RealClock),
        pace: Pace::REAL,
    };
    (seat, inbox, pacer)
}

/// Runs a test on one thread, as a side does; a hang is a failure.
pub fn on_one_thread(test: impl Future<Output = ()>) {
    within(3 * HANG, test);
}

/// The same with a limit of one's own.
pub fn within(limit: Duration, test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let limited = async { tokio::time::timeout(limit, test).await.expect("the test hangs") };
    LocalSet::new().block_on(&runtime, limited);
}
