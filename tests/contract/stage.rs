//! A server with a publisher and subscribers that run in the test's thread.

use std::rc::Rc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use pushbench::contender::topic::Topic;
use pushbench::contender::{Limits, Protocol, Publisher, ServerAddress, SubscriberSeat};
use pushbench::measure::clock::{Clock as _, RealClock};
use pushbench::run::scheduler::Scheduler;
use pushbench::run::timetable::Timetable;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::entries::{Entry, protocol};
use crate::support::{CountingInbox, Running, publisher_seat, subscriber_seat};

/// A server with a publisher, and what the test needs to connect subscribers.
pub struct Stage {
    pub name: String,
    pub protocol: Rc<dyn Protocol>,
    pub address: ServerAddress,
    /// The server, where it runs in the test's own thread.
    pub server: Option<Running>,
    pub publisher: Box<dyn Publisher>,
    pub scheduler: Scheduler,
}

impl Stage {
    pub async fn set(contender: Entry) -> Self {
        let protocol = protocol(contender);
        let server = Running::start(Rc::clone(&protocol), Limits::default()).await;
        let address = server.address.clone();
        Self { server: Some(server), ..Self::connect(contender.name(), protocol, address).await }
    }

    /// With a server that runs elsewhere.
    pub async fn at(contender: Entry, address: ServerAddress) -> Self {
        Self::connect(contender.name(), protocol(contender), address).await
    }

    pub async fn connect(name: String, protocol: Rc<dyn Protocol>, address: ServerAddress) -> Self {
        let publisher = protocol.publisher(publisher_seat(&address, 4).0).await.unwrap();
        // All polls of the next minute.
        let now = RealClock.now();
        let minute = now.after(Duration::from_secs(60));
        let scheduler = Scheduler::new(Rc::new(RealClock), 1, 1.0);
        scheduler.start(Timetable { warm_up: now, window: now, drain: minute, last_poll: minute, end: minute });
        Self { name, protocol, address, server: None, publisher, scheduler }
    }

    pub async fn create(&self, topics: &[Topic], payload: &Bytes) {
        let topics = topics.iter().chain([&Topic::PROBE]).map(|topic| (*topic, payload.clone())).collect();
        self.publisher.create(topics).await.unwrap();
    }

    /// Connects a subscriber and lets it run; its pacer runs from then on.
    pub async fn subscribe(&self, topics: &[Topic], index: u32) -> Subscribed {
        let (seat, inbox, _) = subscriber_seat(&self.address, topics.iter().copied().chain([Topic::PROBE]), 2, Duration::from_secs(1));
        let seat = SubscriberSeat { index, pacer: self.scheduler.pacer(index), ..seat };
        let mut subscriber = self.protocol.subscriber(seat).await.unwrap();
        let scheduler = self.scheduler.clone();
        let pacing = tokio::task::spawn_local(async move { scheduler.run().await });
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let task = tokio::task::spawn_local(async move {
            let result = subscriber.run(stopped).await;
            subscriber.close().await;
            result.map_err(|fault| fault.to_string())
        });
        Subscribed { name: self.name.clone(), inbox, stop, task, pacing }
    }
}

pub struct Subscribed {
    pub name: String,
    pub inbox: Rc<CountingInbox>,
    pub stop: CancellationToken,
    pub task: JoinHandle<Result<(), String>>,
    pub pacing: JoinHandle<std::io::Result<()>>,
}

impl Subscribed {
    pub async fn has(&self, payload: &[u8]) {
        let arrived = self.inbox.until(|inbox| inbox.payloads.borrow().iter().any(|got| got == payload));
        let waited = tokio::time::timeout(Duration::from_secs(5), arrived).await;
        waited.unwrap_or_else(|_| panic!("{}: {:?} … never came", self.name, String::from_utf8_lossy(&payload[..payload.len().min(80)])));
    }

    /// Ends it and says how long that took.
    pub async fn end(self) -> Duration {
        let begin = Instant::now();
        self.stop.cancel();
        self.task.await.unwrap().unwrap();
        self.pacing.abort();
        begin.elapsed()
    }
}

/// A server on a thread of its own: when it is killed, its sockets close, as those of a dead process do.
pub struct Killable {
    pub address: ServerAddress,
    pub kill: tokio::sync::oneshot::Sender<()>,
    pub thread: std::thread::JoinHandle<()>,
}

impl Killable {
    pub fn start(contender: Entry) -> Self {
        let (kill, killed) = tokio::sync::oneshot::channel::<()>();
        let (tell, told) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            let local = tokio::task::LocalSet::new();
            local.block_on(&runtime, async {
                let server = Running::start(protocol(contender), Limits::default()).await;
                tell.send(server.address.clone()).unwrap();
                let _ = killed.await;
            });
        });
        Self { address: told.recv().unwrap(), kill, thread }
    }

    pub fn kill(self) {
        self.kill.send(()).unwrap();
        self.thread.join().unwrap();
    }
}
