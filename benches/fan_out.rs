//! What a delivery of `xmpp-pubsub` costs, with the library's client and with the lean one:
//! `cargo bench --bench fan_out [SUBSCRIBERS [ROUNDS]]` (default 1,000 and 5).
//!
//! - *Fan-out*: one topic, all subscribers; 20 publications to warm up, then 300 that count, one after the other, each when
//!   all subscribers have the one before. A round is the library's client and then the lean one, each with a server of its own; ratios are
//!   taken within a round, and what is shown last is the median over rounds.
//! - *Memory*: resident memory of each side's process at 1,000, 2,000, 3,000 and 4,000 subscribers of one topic, each side in a fresh
//!   process; the figure is the slope of the line through them, without the kernel's share.
//! - *Fan-in*: 45,754 topics and one subscriber: set-up, then 10,000 updates.
//! - *Reading*: what the server's parser takes of a publication.
//!
//! The server is a child process on core 0, all clients and the publisher are one thread on core 1, so that the CPU of each is its own
//! (getrusage). On loopback the receiver's share of the kernel's work is billed to the sender: the sum is sound, the split
//! is biased. Logins are PLAIN in fan-out and memory, SCRAM-SHA-256 in fan-in.
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
use nix::sys::resource::{Resource, UsageWho, getrlimit, getrusage, setrlimit};
use nix::sys::time::TimeValLike as _;
use nix::unistd::Pid;
use pushbench::contender::inbox::{Content, Inbox, Message, Request};
use pushbench::contender::pace::Pace;
use pushbench::contender::pacer::{Pacer, Tick, Ticks};
use pushbench::contender::settings::Values;
use pushbench::contender::topic::Topic;
use pushbench::contender::{Fault, Limits, Protocol, Publisher, PublisherSeat, ServerAddress, ServerSeat, SubscriberSeat};
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

const CLIENTS: [&str; 2] = ["library", "lean"];
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
        raise_descriptor_limit()?;
        return runtime.block_on(LocalSet::new().run_until(server()));
    }
    pin(1)?;
    raise_descriptor_limit()?;
    if let [first, client] = arguments.as_slice()
        && first == "memory"
    {
        return runtime.block_on(LocalSet::new().run_until(memory(client)));
    }
    let number = |at: usize, default: u32| arguments.get(at).map_or(Ok(default), |count| count.parse());
    let (subscribers, rounds) = (number(0, 1_000)?, number(1, 5)?);
    conditions("before");
    reading()?;
    let mut measured = Vec::new();
    for round in 1..=rounds {
        let mut pair = Vec::new();
        for client in CLIENTS {
            let costs = runtime.block_on(LocalSet::new().run_until(fan_out(client, subscribers)))?;
            println!("round {round}, {client:7}: {costs}");
            pair.push(costs);
        }
        measured.push(pair);
    }
    println!("fan-out to {subscribers} subscribers, medians of {rounds} rounds");
    for (place, client) in CLIENTS.iter().enumerate() {
        let of = |cost: fn(&Costs) -> f64| median(measured.iter().map(|pair| cost(&pair[place])).collect());
        println!(
            "  {client:7}: {}",
            Costs { login: of(|costs| costs.login), server: of(|costs| costs.server), client: of(|costs| costs.client), rate: of(|costs| costs.rate) }
        );
    }
    let ratio = |cost: fn(&Costs) -> f64| median(measured.iter().map(|pair| cost(&pair[1]) / cost(&pair[0])).collect());
    println!("  lean / library within a round: client {:.2}, server {:.2}, login {:.2}", ratio(|c| c.client), ratio(|c| c.server), ratio(|c| c.login));
    for client in CLIENTS {
        // A fresh process: what another has left behind in the heap would hide what this one needs.
        let status = Command::new(std::env::current_exe()?).args(["memory", client]).status()?;
        if !status.success() {
            return Err("measuring memory failed".into());
        }
    }
    for client in CLIENTS {
        runtime.block_on(LocalSet::new().run_until(fan_in(client, 45_754)))?;
    }
    conditions("after");
    Ok(())
}

/// What may have changed the figures.
fn conditions(when: &str) {
    let read = |path| std::fs::read_to_string(path).unwrap_or_default();
    let cores = std::thread::available_parallelism().map_or(0, NonZeroUsize::get);
    let cpuinfo = read("/proc/cpuinfo");
    let model = cpuinfo.lines().find_map(|line| line.strip_prefix("model name")).map_or("unknown", |rest| rest.trim_start_matches(['\t', ' ', ':']));
    println!(
        "{when}: {model}, {cores} core(s) left to this process, Linux {}, load {}",
        read("/proc/sys/kernel/osrelease").trim(),
        read("/proc/loadavg").trim()
    );
}

/// Microseconds of CPU each, and deliveries per second.
struct Costs {
    /// A login and subscription, at the client.
    login: f64,
    /// A delivery, at the server.
    server: f64,
    /// A delivery, at the client.
    client: f64,
    rate: f64,
}

impl std::fmt::Display for Costs {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            out,
            "a delivery: server {:5.2} us, client {:5.2} us; {:6.0}/s; a login and subscription: client {:4.0} us",
            self.server, self.client, self.rate, self.login
        )
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    (values[(values.len() - 1) / 2] + values[values.len() / 2]) / 2.0
}

/// The slope of the line through the points, by least squares.
fn slope(points: &[(f64, f64)]) -> f64 {
    let count = points.len() as f64;
    let (x, y) = (points.iter().map(|point| point.0).sum::<f64>() / count, points.iter().map(|point| point.1).sum::<f64>() / count);
    let (over, under) = points.iter().fold((0.0, 0.0), |(over, under), point| (over + (point.0 - x) * (point.1 - y), under + (point.0 - x).powi(2)));
    over / under
}

fn raise_descriptor_limit() -> Outcome<()> {
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE)?;
    Ok(setrlimit(Resource::RLIMIT_NOFILE, most, most)?)
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
    let seat = ServerSeat { listener, stop: CancellationToken::new(), ledger: Ledger::default(), limits: Limits::default(), pace: Pace::REAL };
    Ok(protocol("library", "plain")?.serve(seat).await?)
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

/// Subscribers of one topic that listen until stopped.
struct Audience {
    inbox: Rc<Received>,
    stop: CancellationToken,
    running: JoinSet<Result<(), Fault>>,
    size: u32,
}

impl Audience {
    fn new() -> Self {
        Self { inbox: Rc::default(), stop: CancellationToken::new(), running: JoinSet::new(), size: 0 }
    }

    /// Connects more of them, 64 at a time, and waits until all have the topic's first value.
    async fn grow(&mut self, protocol: &Rc<dyn Protocol>, address: &ServerAddress, to: u32) -> Outcome<()> {
        let heard = self.inbox.count.get();
        let seats = (self.size..to).map(|index| subscriber_seat(address, index, [Topic(0)].into(), &self.inbox));
        let mut logins = futures::stream::iter(seats.map(|seat| protocol.subscriber(seat))).buffer_unordered(64);
        while let Some(subscriber) = logins.next().await {
            let (mut subscriber, stop) = (subscriber?, self.stop.clone());
            self.running.spawn_local(async move {
                let ran = subscriber.run(stop).await;
                subscriber.close().await;
                ran
            });
        }
        drop(logins);
        self.inbox.reach(heard + u64::from(to - self.size)).await;
        self.size = to;
        Ok(())
    }

    /// Publishes once and waits until all have it.
    async fn hear(&self, publisher: &dyn Publisher, version: u32) -> Outcome<()> {
        let heard = self.inbox.count.get();
        publisher.publish(Topic(0), payload(Topic(0), version)).await?;
        self.inbox.reach(heard + u64::from(self.size)).await;
        Ok(())
    }

    async fn leave(mut self) -> Outcome<()> {
        self.stop.cancel();
        while let Some(ran) = self.running.join_next().await {
            ran??;
        }
        Ok(())
    }
}

/// One topic, many subscribers.
async fn fan_out(client: &str, subscribers: u32) -> Outcome<Costs> {
    let (mut child, protocol, mut audience) = (ServerProcess::start()?, protocol(client, "plain")?, Audience::new());
    let publisher = protocol.publisher(publisher_seat(&child.address)).await?;
    publisher.create(vec![(Topic(0), payload(Topic(0), 0))]).await?;
    let before = cpu_micros();
    audience.grow(&protocol, &child.address, subscribers).await?;
    let login = (cpu_micros() - before) as f64 / f64::from(subscribers);
    let mut before = (0, 0, RealClock.now());
    for version in 1..=WARM_UP + PUBLICATIONS {
        if version == WARM_UP + 1 {
            before = (child.usage()?.0, cpu_micros(), RealClock.now());
        }
        audience.hear(&*publisher, version).await?;
    }
    let deliveries = f64::from(subscribers) * f64::from(PUBLICATIONS);
    let seconds = RealClock.now().since(before.2).as_secs_f64();
    let (server, own) = ((child.usage()?.0 - before.0) as f64, (cpu_micros() - before.1) as f64);
    audience.leave().await?;
    publisher.close().await;
    Ok(Costs { login, server: server / deliveries, client: own / deliveries, rate: deliveries / seconds })
}

/// Memory of a session on each side, as a slope.
async fn memory(client: &str) -> Outcome<()> {
    let (mut child, protocol, mut audience) = (ServerProcess::start()?, protocol(client, "plain")?, Audience::new());
    let publisher = protocol.publisher(publisher_seat(&child.address)).await?;
    publisher.create(vec![(Topic(0), payload(Topic(0), 0))]).await?;
    let (mut server, mut own, mut version) = (Vec::new(), Vec::new(), 0);
    for subscribers in [1_000, 2_000, 3_000, 4_000] {
        audience.grow(&protocol, &child.address, subscribers).await?;
        for _ in 0..5 {
            version += 1;
            audience.hear(&*publisher, version).await?;
        }
        server.push((f64::from(subscribers), child.usage()?.1 as f64));
        own.push((f64::from(subscribers), resident_kilobytes() as f64));
    }
    let shown = |points: &[(f64, f64)]| points.iter().map(|point| format!("{:.0}", point.1)).collect::<Vec<_>>().join(", ");
    println!("memory at 1,000 to 4,000 subscribers, {client}");
    println!("  client {:.2} kB each ({} kB)", slope(&own), shown(&own));
    println!("  server {:.2} kB each ({} kB)", slope(&server), shown(&server));
    audience.leave().await?;
    publisher.close().await;
    Ok(())
}

/// Many topics, one subscriber: FriendFeed's case.
async fn fan_in(client: &str, topics: u32) -> Outcome<()> {
    let (mut child, inbox, protocol) = (ServerProcess::start()?, Rc::new(Received::default()), protocol(client, "scram-sha-256")?);
    let all: Vec<Topic> = (0..topics).map(Topic).collect();
    let publisher = protocol.publisher(publisher_seat(&child.address)).await?;
    let (server_before, own_before, begun) = (child.usage()?, cpu_micros(), RealClock.now());
    publisher.create(all.iter().map(|topic| (*topic, payload(*topic, 0))).collect()).await?;
    let (created, server_created, own_created) = (RealClock.now(), child.usage()?, cpu_micros());
    let each = |micros: u64, count: u32| micros as f64 / f64::from(count);
    println!("{topics} topics, 1 subscriber, {client}");
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

fn protocol(client: &str, sasl: &str) -> Outcome<Rc<dyn Protocol>> {
    let contender = contenders::ALL.iter().find(|contender| contender.name() == "xmpp-pubsub").ok_or("xmpp-pubsub is not in the list")?;
    let given = BTreeMap::from([("client", client), ("sasl", sasl)].map(|(key, value)| (key.to_owned(), value.to_owned())));
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
        pace: Pace::REAL,
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
        pace: Pace::REAL,
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
    fn follow_up(&self, before: Request) -> Request {
        before
    }
    fn response(&self, _: Request, _: u16, _: Content<'_>) -> bool {
        false
    }
    fn failed(&self, _: Request) {}
    fn payload_sent(&self, _: usize) {}
    fn sent(&self, _: Message, _: usize) {}
    fn received(&self, _: Message, _: bool, content: Content<'_>) -> bool {
        if content.payloads().iter().any(|payload| Stamp::read(payload).is_some()) {
            self.count.set(self.count.get() + 1);
            if self.count.get() == self.wanted.get() {
                self.reached.notify_one();
            }
        }
        content.size() > 0
    }
    fn in_vain(&self) {}
    fn connected(&self) {}
    fn bytes(&self, _: usize, _: usize) {}
}

struct NoPacer;

impl Pacer for NoPacer {
    fn every(&self, _: Duration, _: &[u32], _: u32) -> Ticks {
        Ticks::default()
    }
    fn once(&self, _: Duration, _: &[u32], _: u32) -> Ticks {
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
