//! What a delivery of `xmpp-pubsub` costs: `cargo bench --bench fan_out [SUBSCRIBERS]` (default 1,000).
//!
//! The server is a child process on core 0, all clients are one thread on core 1, so that the CPU of each is its own
//! (getrusage). On loopback the receiver's share of the kernel's work is billed to the sender: the sum is sound, the split
//! is biased. Publications go one after the other, each when all subscribers have the one before.
#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::error::Error;
use std::io::{BufRead as _, BufReader, Write as _};
use std::num::NonZeroUsize;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::rc::Rc;
use std::time::Duration;

use futures::StreamExt as _;
use nix::sched::{CpuSet, sched_setaffinity};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;
use nix::unistd::Pid;
use pushbench::contender::inbox::{Inbox, Message, Request};
use pushbench::contender::pacer::{Pacer, Tick, Ticks};
use pushbench::contender::settings::Values;
use pushbench::contender::topic::Topic;
use pushbench::contender::{Limits, Protocol, PublisherSeat, ServerAddress, ServerSeat, SubscriberSeat};
use pushbench::contenders;
use pushbench::measure::clock::{Clock as _, RealClock};
use pushbench::measure::ledger::Ledger;
use pushbench::measure::stamp::Stamp;
use pushbench::protocols::xmpp::reader::StreamReader;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::{JoinSet, LocalSet};
use tokio_util::sync::CancellationToken;

type Outcome<T> = Result<T, Box<dyn Error>>;

const TIMEOUT: Duration = Duration::from_secs(60);
const WARM_UP: u32 = 20;
const PUBLICATIONS: u32 = 300;
/// With the stamp and XML around it a stanza of about 350 bytes.
const PAYLOAD: usize = 100;

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--bench")).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    if arguments.first().is_some_and(|argument| argument == "server") {
        pin(0)?;
        return runtime.block_on(LocalSet::new().run_until(server()));
    }
    let subscribers = arguments.first().map_or(Ok(1_000), |count| count.parse())?;
    pin(1)?;
    reading()?;
    for sasl in ["plain", "scram-sha-256"] {
        runtime.block_on(LocalSet::new().run_until(fan_out(sasl, subscribers)))?;
    }
    runtime.block_on(LocalSet::new().run_until(fan_in(45_754)))
}

/// The server's process: says where it listens, then its CPU and memory for each line it gets.
async fn server() -> Outcome<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?);
    std::thread::spawn(|| {
        for _ in std::io::stdin().lines() {
            println!("{} {}", cpu_micros(), resident_kilobytes());
        }
        std::process::exit(0);
    });
    let seat = ServerSeat { listener, stop: CancellationToken::new(), ledger: Ledger::default(), limits: Limits::default() };
    Ok(protocol("plain")?.serve(seat).await?)
}

/// The server's part that is not the kernel's: reading a publication.
fn reading() -> Outcome<()> {
    let text = String::from_utf8(payload(Topic(0), 0).to_vec())?;
    let stanza = format!(
        "<iq type='set' id='1' to='pubsub.localhost'><pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='topic-000000'>\
         <item><update xmlns='urn:pushbench:update:0'>{text}</update></item></publish></pubsub></iq>"
    );
    let mut reader = StreamReader::new(usize::MAX);
    let mut header = &b"<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>"[..];
    reader.next(&mut header).map_err(|condition| condition.name())?;
    let (rounds, before) = (100_000, cpu_micros());
    for _ in 0..rounds {
        let mut input = stanza.as_bytes();
        reader.next(&mut input).map_err(|condition| condition.name())?.ok_or("no whole stanza")?;
        reader.rest();
    }
    println!("reading a publication of {} bytes: {:.2} us", stanza.len(), (cpu_micros() - before) as f64 / f64::from(rounds));
    Ok(())
}

/// One topic, many subscribers.
async fn fan_out(sasl: &str, subscribers: u32) -> Outcome<()> {
    let (mut child, inbox, protocol) = (ServerProcess::start()?, Rc::new(Received::default()), protocol(sasl)?);
    let publisher = protocol.publisher(publisher_seat(&child.address)).await?;
    publisher.create(vec![(Topic(0), payload(Topic(0), 0))]).await?;
    let (server_before, own_before, resident_before) = (child.usage()?, cpu_micros(), resident_kilobytes());
    let begun = RealClock.now();
    let (stop, mut running) = (CancellationToken::new(), JoinSet::new());
    let seats = (0..subscribers).map(|index| subscriber_seat(&child.address, index, [Topic(0)].into(), &inbox));
    let mut logins = futures::stream::iter(seats.map(|seat| protocol.subscriber(seat))).buffer_unordered(64);
    while let Some(subscriber) = logins.next().await {
        let mut subscriber = subscriber?;
        let stop = stop.clone();
        running.spawn_local(async move {
            let ran = subscriber.run(stop).await;
            subscriber.close().await;
            ran
        });
    }
    drop(logins);
    inbox.reach(u64::from(subscribers)).await;
    let seconds = RealClock.now().since(begun).as_secs_f64();
    let (server_after, own_after) = (child.usage()?, cpu_micros());
    let each = |micros: u64| micros as f64 / f64::from(subscribers);
    println!("{subscribers} subscribers, {sasl}");
    println!(
        "  login and subscribe, 64 at a time: {:.0}/s; server {:.0} us, client {:.0} us each",
        f64::from(subscribers) / seconds,
        each(server_after.0 - server_before.0),
        each(own_after - own_before)
    );
    println!(
        "  memory: server {:.1} kB, client {:.1} kB each (resident, without the kernel's)",
        (server_after.1 - server_before.1) as f64 / f64::from(subscribers),
        (resident_kilobytes() - resident_before) as f64 / f64::from(subscribers)
    );
    let mut before = (server_after, own_after, RealClock.now());
    for version in 1..=WARM_UP + PUBLICATIONS {
        if version == WARM_UP + 1 {
            before = (child.usage()?, cpu_micros(), RealClock.now());
        }
        publisher.publish(Topic(0), payload(Topic(0), version)).await?;
        inbox.reach(u64::from(subscribers) * (1 + u64::from(version))).await;
    }
    let deliveries = f64::from(subscribers) * f64::from(PUBLICATIONS);
    let seconds = RealClock.now().since(before.2).as_secs_f64();
    let (server, own) = ((child.usage()?.0 - before.0.0) as f64, (cpu_micros() - before.1) as f64);
    println!("  fan-out: {:.0} deliveries/s; server {:.2} us, client {:.2} us each", deliveries / seconds, server / deliveries, own / deliveries);
    stop.cancel();
    while let Some(ran) = running.join_next().await {
        ran??;
    }
    publisher.close().await;
    Ok(())
}

/// Many topics, one subscriber: FriendFeed's case.
async fn fan_in(topics: u32) -> Outcome<()> {
    let (mut child, inbox, protocol) = (ServerProcess::start()?, Rc::new(Received::default()), protocol("scram-sha-256")?);
    let all: Vec<Topic> = (0..topics).map(Topic).collect();
    let publisher = protocol.publisher(publisher_seat(&child.address)).await?;
    let (server_before, own_before, begun) = (child.usage()?, cpu_micros(), RealClock.now());
    publisher.create(all.iter().map(|topic| (*topic, payload(*topic, 0))).collect()).await?;
    let (created, server_created, own_created) = (RealClock.now(), child.usage()?, cpu_micros());
    let each = |micros: u64, count: u32| micros as f64 / f64::from(count);
    println!("{topics} topics, 1 subscriber");
    println!(
        "  create and publish: {:.2} s; server {:.1} us and {:.2} kB, client {:.1} us each",
        created.since(begun).as_secs_f64(),
        each(server_created.0 - server_before.0, topics),
        each(server_created.1 - server_before.1, topics),
        each(own_created - own_before, topics)
    );
    let mut subscriber = protocol.subscriber(subscriber_seat(&child.address, 0, all.as_slice().into(), &inbox)).await?;
    let stop = CancellationToken::new();
    let work = async {
        inbox.reach(u64::from(topics)).await;
        let (subscribed, server_subscribed, own_subscribed) = (RealClock.now(), child.usage()?, cpu_micros());
        println!(
            "  subscribe and last item: {:.2} s; server {:.1} us and {:.2} kB, client {:.1} us each",
            subscribed.since(created).as_secs_f64(),
            each(server_subscribed.0 - server_created.0, topics),
            each(server_subscribed.1 - server_created.1, topics),
            each(own_subscribed - own_created, topics)
        );
        for topic in all.iter().take(10_000) {
            publisher.publish(*topic, payload(*topic, 1)).await?;
        }
        inbox.reach(u64::from(topics) + 10_000).await;
        let (server, own) = (child.usage()?.0 - server_subscribed.0, cpu_micros() - own_subscribed);
        println!(
            "  10000 updates, one at a time: {:.2} s; server {:.1} us, publisher and subscriber {:.1} us each",
            RealClock.now().since(subscribed).as_secs_f64(),
            each(server, 10_000),
            each(own, 10_000)
        );
        stop.cancel();
        Outcome::Ok(())
    };
    let (ran, worked) = tokio::join!(subscriber.run(stop.clone()), work);
    ran?;
    worked
}

fn protocol(sasl: &str) -> Outcome<Rc<dyn Protocol>> {
    let contender = contenders::ALL.iter().find(|contender| contender.name() == "xmpp-pubsub").ok_or("xmpp-pubsub is not in the list")?;
    let given = BTreeMap::from([("sasl".to_owned(), sasl.to_owned())]);
    let values = Values::new(contender.settings(), &given)?;
    Ok(contender.protocol(&values)?)
}

fn payload(topic: Topic, version: u32) -> bytes::Bytes {
    Stamp { topic: topic.0, version, due: 0 }.payload(PAYLOAD)
}

fn publisher_seat(server: &ServerAddress) -> PublisherSeat {
    PublisherSeat {
        server: server.clone(),
        index: 0,
        connections: NonZeroUsize::MIN,
        inbox: Rc::new(Received::default()),
        timeout: TIMEOUT,
        clock: Rc::new(RealClock),
    }
}

fn subscriber_seat(server: &ServerAddress, index: u32, topics: Rc<[Topic]>, inbox: &Rc<Received>) -> SubscriberSeat {
    SubscriberSeat {
        server: server.clone(),
        index,
        topics,
        connections: NonZeroUsize::MIN,
        inbox: Rc::clone(inbox) as Rc<dyn Inbox>,
        pacer: Rc::new(NoPacer),
        timeout: TIMEOUT,
        clock: Rc::new(RealClock),
    }
}

struct ServerProcess {
    child: Child,
    input: ChildStdin,
    output: RefCell<BufReader<ChildStdout>>,
    address: ServerAddress,
}

impl ServerProcess {
    fn start() -> Outcome<Self> {
        let mut child = Command::new(std::env::current_exe()?).arg("server").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let (input, output) = (child.stdin.take().ok_or("no stdin")?, child.stdout.take().ok_or("no stdout")?);
        let mut output = BufReader::new(output);
        let mut line = String::new();
        output.read_line(&mut line)?;
        Ok(Self { child, input, output: RefCell::new(output), address: ServerAddress { socket: line.trim().to_owned() } })
    }

    /// CPU in microseconds, memory in kB.
    fn usage(&mut self) -> Outcome<(u64, u64)> {
        self.input.write_all(b"\n")?;
        let mut line = String::new();
        self.output.borrow_mut().read_line(&mut line)?;
        let (cpu, resident) = line.trim().split_once(' ').ok_or("the server is gone")?;
        Ok((cpu.parse()?, resident.parse()?))
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[derive(Default)]
struct Received {
    count: Cell<u64>,
    wanted: Cell<u64>,
    reached: Notify,
}

impl Received {
    async fn reach(&self, count: u64) {
        self.wanted.set(count);
        while self.count.get() < count {
            self.reached.notified().await;
        }
    }
}

impl Inbox for Received {
    fn request(&self, _: Option<Tick>) -> Request {
        Request { intended: None, sent: RealClock.now() }
    }
    fn response(&self, _: Request, _: u16, _: Option<&[u8]>) -> bool {
        false
    }
    fn failed(&self, _: Request) {}
    fn payload_sent(&self, _: usize) {}
    fn sent(&self, _: Message, _: usize) {}
    fn received(&self, _: Message, _: bool, payload: Option<&[u8]>) {
        if payload.is_some_and(|payload| Stamp::read(payload).is_some()) {
            self.count.set(self.count.get() + 1);
            if self.count.get() == self.wanted.get() {
                self.reached.notify_one();
            }
        }
    }
    fn connected(&self) {}
    fn bytes(&self, _: usize, _: usize) {}
}

struct NoPacer;

impl Pacer for NoPacer {
    fn every(&self, _: Duration, _: &[u32], _: u32) -> Ticks {
        Ticks::default()
    }
}

fn pin(core: usize) -> Outcome<()> {
    let mut cores = CpuSet::new();
    cores.set(core)?;
    Ok(sched_setaffinity(Pid::from_raw(0), &cores)?)
}

fn cpu_micros() -> u64 {
    getrusage(UsageWho::RUSAGE_SELF).map_or(0, |usage| (usage.user_time().num_microseconds() + usage.system_time().num_microseconds()) as u64)
}

fn resident_kilobytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status.lines().find_map(|line| line.strip_prefix("VmRSS:")).and_then(|rest| rest.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}
