//! What a poll takes on the client's side: ours, lean and library, beside wrk; and what the harness itself adds to it.
//!
//! `cargo bench --bench http_client` needs `wrk` and `taskset` (it says SKIPPED where wrk is missing). One server, `pushbench serve
//! rest-poll`, runs on the first core, clients take turns on the last, in a fixed cyclic order, and ratios are taken within a round:
//! on a shared machine, runs of the same code minutes apart have differed by half. Each turn saturates the server: every
//! connection asks again as soon as it is answered. CPU is that of the client's process over the whole turn, connecting included
//! (a hundredth at 100,000 requests a second), but for `poll`, which makes subscribers and their first fetches before.
//!
//! `bare` is a caller in a loop that only counts. `poll` is the whole way of a trial: tick, queue, subscriber, request, books of the
//! recorder. Their difference is what the instrument adds to the socket; what the scheduler takes to make a tick is measured apart.
//!
//! `cargo bench --bench http_client -- topics` measures FriendFeed's 45,754 topics instead: creating and first fetching them, and
//! memory per topic, with either client.

#[path = "../tests/support/mod.rs"]
mod support;

use std::cell::Cell;
use std::error::Error;
use std::io::{BufRead as _, BufReader};
use std::num::NonZeroUsize;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::rc::Rc;
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};
use pushbench::cli::REGISTRY;
use pushbench::contender::client::Client;
use pushbench::contender::inbox::{Content, Inbox, Message, Request};
use pushbench::contender::pacer::{Pacer, Tick, Ticks};
use pushbench::contender::topic::Topic;
use pushbench::contender::{ServerAddress, SubscriberSeat};
use pushbench::measure::clock::{Clock as _, RealClock};
use pushbench::measure::process;
use pushbench::measure::stamp::Stamp;
use pushbench::protocols::http::caller::{Ask, Caller, Carriage};
use pushbench::protocols::http::settings::Connection;
use pushbench::run::record::Holdings;
use pushbench::run::recorder::Recorder;
use pushbench::run::scheduler::Scheduler;
use pushbench::run::timetable::Timetable;
use pushbench::scenario::Scenario;
use pushbench::trace::Trace;
use support::{HANG, protocol, publisher_seat, subscriber_seat, within};
use tokio_util::sync::CancellationToken;

const ROUNDS: usize = 7;
const TURN: Duration = Duration::from_secs(2);
const CONNECTIONS: [usize; 2] = [64, 1_024];
const PAYLOAD: usize = 1_024;
const TOPICS: u32 = 45_754;

type Outcome<T> = Result<T, Box<dyn Error>>;

#[expect(clippy::print_stdout, reason = "a bench prints its figures")]
fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let named = |word: &str| arguments.iter().any(|argument| argument == word);
    if !named("--bench") {
        println!("http_client measures under \"cargo bench\" only");
        return Ok(());
    }
    process::raise_descriptor_limit();
    let cores = process::allowed_cores();
    process::pin(&cores[..1])?;
    let mut server = Command::new(env!("CARGO_BIN_EXE_pushbench")).args(["serve", "rest-poll"]).stdout(Stdio::piped()).spawn()?;
    process::pin(&cores[cores.len() - 1..])?;
    let outcome = address(&mut server).and_then(|address| if named("topics") { topics(&address) } else { compare(&address) });
    server.kill()?;
    server.wait()?;
    outcome
}

fn address(server: &mut Child) -> Outcome<ServerAddress> {
    let mut line = String::new();
    BufReader::new(server.stdout.take().ok_or("no pipe")?).read_line(&mut line)?;
    Ok(ServerAddress { socket: line.split(' ').nth(2).ok_or("no address")?.to_owned() })
}

/// A client that takes turns.
#[derive(Clone, Copy)]
enum Variant {
    Wrk,
    Bare(Client),
    Poll(Client),
    /// One subscriber that holds all connections: an aggregator.
    Pooled(Client),
}

const VARIANTS: [(&str, Variant); 6] = [
    ("wrk", Variant::Wrk),
    ("lean, bare", Variant::Bare(Client::Lean)),
    ("lean, poll", Variant::Poll(Client::Lean)),
    ("lean, poll, one subscriber", Variant::Pooled(Client::Lean)),
    ("reqwest, poll", Variant::Poll(Client::Library)),
    ("reqwest, poll, one subscriber", Variant::Pooled(Client::Library)),
];

#[expect(clippy::print_stdout, reason = "a bench prints its figures")]
fn compare(address: &ServerAddress) -> Outcome<()> {
    if Command::new("wrk").arg("--version").output().is_err() {
        println!("SKIPPED: wrk is missing; install it with \"apt-get install wrk\"");
        return Ok(());
    }
    create(address, 1);
    println!("the scheduler: {:.3} CPU-seconds per 100,000 ticks of 1,024 subscribers", tick_cost()?);
    for connections in CONNECTIONS {
        let mut costs = vec![Vec::new(); VARIANTS.len()];
        let mut rates = vec![Vec::new(); VARIANTS.len()];
        for _ in 0..ROUNDS {
            for (place, (_, variant)) in VARIANTS.iter().enumerate() {
                let (cpu, requests, seconds) = turn(*variant, connections, address)?;
                costs[place].push(cpu / requests as f64 * 100_000.0);
                rates[place].push(requests as f64 / seconds);
            }
        }
        println!("{connections} connections, {ROUNDS} rounds: CPU-seconds of the client per 100,000 requests, as a multiple of wrk's, requests per second");
        for (((name, _), own), rates) in VARIANTS.iter().zip(&costs).zip(&rates) {
            let ratios = own.iter().zip(&costs[0]).map(|(own, wrk)| own / wrk).collect::<Vec<_>>();
            let (low, middle, high) = spread(&ratios);
            println!("  {name:<30} {:.3}   × {middle:.2} ({low:.2} to {high:.2})   {:.0}/s", spread(own).1, spread(rates).1);
        }
    }
    Ok(())
}

/// Least, median, most.
fn spread(values: &[f64]) -> (f64, f64, f64) {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    (values[0], values[values.len() / 2], values[values.len() - 1])
}

/// CPU-seconds of the client, requests answered, seconds taken.
fn turn(variant: Variant, connections: usize, address: &ServerAddress) -> Outcome<(f64, u64, f64)> {
    let begin = Instant::now();
    let before = process::cpu();
    let (cpu, requests) = match variant {
        Variant::Wrk => wrk(connections, address)?,
        Variant::Bare(client) => {
            let requests = bare(client, connections, address);
            ((process::cpu() - before).total(), requests)
        }
        Variant::Poll(client) => poll(client, connections, 1, address),
        Variant::Pooled(client) => poll(client, 1, connections, address),
    };
    Ok((cpu, requests, begin.elapsed().as_secs_f64()))
}

fn wrk(connections: usize, address: &ServerAddress) -> Outcome<(f64, u64)> {
    let used = || -> Outcome<f64> {
        let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
        let seconds = |time: nix::sys::time::TimeVal| time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6;
        Ok(seconds(usage.user_time()) + seconds(usage.system_time()))
    };
    let before = used()?;
    let url = format!("http://{}/topics/{}", address.socket, Topic(0));
    let seconds = format!("{}s", TURN.as_secs());
    // It inherits the core of this process. The field is what our clients send.
    let output = Command::new("wrk").args(["-t", "1", "-c", &connections.to_string(), "-d", &seconds, "-H", "Accept: */*", &url]).output()?;
    let said = String::from_utf8_lossy(&output.stdout);
    if said.contains("Socket errors") || said.contains("Non-2xx") {
        return Err(said.into());
    }
    let requests = said.lines().find_map(|line| line.trim().split_once(" requests in ")).ok_or_else(|| said.clone())?.0;
    Ok((used()? - before, requests.parse()?))
}

/// Callers in a loop, each with one connection.
fn bare(client: Client, connections: usize, address: &ServerAddress) -> u64 {
    let counter = Rc::new(Counter::default());
    let answered = Rc::clone(&counter);
    let address = address.clone();
    within(HANG, async move {
        let carriage = Carriage::new(client);
        let mut callers = tokio::task::JoinSet::new();
        let stop = Rc::new(Cell::new(false));
        for _ in 0..connections {
            let caller = Caller::new(&carriage, &address, 1, Connection::KeepAlive, HANG, counter.clone(), Rc::new(RealClock)).expect("a caller");
            let stop = Rc::clone(&stop);
            callers.spawn_local(async move {
                let target = caller.target(Topic(0));
                while !stop.get() {
                    caller.call(&target, Ask::Get { tag: None }, None).await.expect("a response");
                }
            });
        }
        tokio::time::sleep(TURN).await;
        stop.set(true);
        while callers.join_next().await.is_some() {}
    });
    answered.answered.get()
}

/// Subscribers as in a trial, with the recorder's books; each response makes the next tick due. CPU-seconds and responses from
/// the moment at which all are connected.
fn poll(client: Client, subscribers: usize, connections: usize, address: &ServerAddress) -> (f64, u64) {
    let answered = Rc::new(Cell::new(0));
    let count = Rc::clone(&answered);
    let connected_at = Rc::new(Cell::new((process::cpu(), 0)));
    let at = Rc::clone(&connected_at);
    let address = address.clone();
    within(HANG, async move {
        let recorder = recorder(subscribers);
        let client = if client == Client::Lean { "lean" } else { "library" };
        let protocol = protocol("rest-poll", &[("interval", "1s"), ("client", client)]);
        let stop = CancellationToken::new();
        let mut connected = Vec::new();
        for subscriber in 0..subscribers {
            let endless = Rc::new(Endless { inbox: recorder.inbox(subscriber), ticks: Ticks::default(), answered: Rc::clone(&count) });
            let seat = SubscriberSeat {
                inbox: endless.clone(),
                pacer: endless.clone(),
                connections: NonZeroUsize::new(connections).expect("at least one"),
                ..subscriber_seat(&address, [Topic(0)], 1, HANG).0
            };
            connected.push((protocol.subscriber(seat).await.expect("a subscriber"), endless));
        }
        // All at once, and not before: those that run would slow down those that connect.
        at.set((process::cpu(), count.get()));
        let mut running = tokio::task::JoinSet::new();
        for (mut subscriber, endless) in connected {
            for _ in 0..connections {
                endless.tick();
            }
            let stop = stop.clone();
            running.spawn_local(async move {
                subscriber.run(stop).await.expect("no fault");
                subscriber.close().await;
            });
        }
        tokio::time::sleep(TURN).await;
        stop.cancel();
        while running.join_next().await.is_some() {}
    });
    let (cpu, before) = connected_at.get();
    ((process::cpu() - cpu).total(), answered.get() - before)
}

/// Books in the middle of a window.
fn recorder(subscribers: usize) -> Recorder {
    let text = format!(
        "title = \"bench\"\n[workload]\ntopology = \"fan-out\"\ntopics = 1\nupdates_per_active_topic = 1\nspan = \"1h\"\nseed = 1\n[subscribers]\ncount = {subscribers}\n[[contender]]\nuse = \"rest-poll\"\ninterval = \"1s\"\n"
    );
    let scenario = Scenario::parse(&text, "bench.toml", Path::new(""), REGISTRY).expect("a scenario");
    let trace = Trace::new(&scenario).expect("a trace");
    let topics: Rc<[u32]> = Rc::from([0]);
    let recorder = Recorder::new(Rc::new(RealClock), 1.0, &trace, 1, (0..subscribers).map(|_| Holdings::new(Rc::clone(&topics))).collect());
    recorder.start(an_hour_around_now());
    recorder
}

fn an_hour_around_now() -> Timetable {
    let now = RealClock.now();
    let (before, after) = (now.before(Duration::from_secs(1)), now.after(Duration::from_secs(3_600)));
    Timetable { warm_up: before, window: before, drain: after, last_poll: after, end: after }
}

/// A pacer and an inbox in one: what is answered is asked for again at once.
struct Endless {
    inbox: Rc<dyn Inbox>,
    ticks: Ticks,
    answered: Rc<Cell<u64>>,
}

impl Endless {
    fn tick(&self) {
        self.ticks.push(Tick { key: 0, intended: RealClock.now() });
    }
}

impl Pacer for Endless {
    fn every(&self, _period: Duration, _keys: &[u32], _probe: u32) -> Ticks {
        self.ticks.clone()
    }

    fn once(&self, _period: Duration, _keys: &[u32], _probe: u32) -> Ticks {
        self.ticks.clone()
    }
}

impl Inbox for Endless {
    fn request(&self, tick: Option<Tick>) -> Request {
        self.inbox.request(tick)
    }

    fn follow_up(&self, before: Request) -> Request {
        self.inbox.follow_up(before)
    }

    fn response(&self, request: Request, status: u16, content: Content<'_>) -> bool {
        assert_eq!(status, 200);
        self.answered.set(self.answered.get() + 1);
        if request.intended.is_some() {
            self.tick();
        }
        self.inbox.response(request, status, content)
    }

    fn failed(&self, request: Request) {
        self.inbox.failed(request);
    }

    fn payload_sent(&self, bytes: usize) {
        self.inbox.payload_sent(bytes);
    }

    fn sent(&self, kind: Message, payload: usize) {
        self.inbox.sent(kind, payload);
    }

    fn received(&self, kind: Message, asked: bool, content: Content<'_>) -> bool {
        self.inbox.received(kind, asked, content)
    }

    fn in_vain(&self) {
        self.inbox.in_vain();
    }

    fn connected(&self) {
        self.inbox.connected();
    }

    fn bytes(&self, up: usize, down: usize) {
        self.inbox.bytes(up, down);
    }
}

/// Counts responses and nothing else.
#[derive(Default)]
struct Counter {
    answered: Cell<u64>,
}

impl Inbox for Counter {
    fn request(&self, _tick: Option<Tick>) -> Request {
        Request { intended: None, sent: pushbench::measure::clock::Instant(0) }
    }

    fn follow_up(&self, before: Request) -> Request {
        before
    }

    fn response(&self, _request: Request, status: u16, _content: Content<'_>) -> bool {
        assert_eq!(status, 200);
        self.answered.set(self.answered.get() + 1);
        true
    }

    fn failed(&self, _request: Request) {}
    fn payload_sent(&self, _bytes: usize) {}
    fn sent(&self, _kind: Message, _payload: usize) {}
    fn received(&self, _kind: Message, _asked: bool, _content: Content<'_>) -> bool {
        false
    }
    fn in_vain(&self) {}
    fn connected(&self) {}
    fn bytes(&self, _up: usize, _down: usize) {}
}

/// CPU-seconds of the scheduler per 100,000 ticks: a second's plan that is wholly due.
fn tick_cost() -> Outcome<f64> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let scheduler = Scheduler::new(Rc::new(RealClock), 1, 1.0);
        let all: Vec<Ticks> = (0..1_024).map(|subscriber| scheduler.pacer(subscriber).every(Duration::from_millis(1), &[0], 1)).collect();
        let now = RealClock.now();
        let begin = now.before(Duration::from_secs(1));
        scheduler.start(Timetable { warm_up: begin, window: begin, drain: now, last_poll: now, end: now });
        let before = process::cpu();
        scheduler.run().await?;
        let cpu = (process::cpu() - before).total();
        let ticks: usize = all.iter().map(Ticks::waiting).sum();
        Ok(cpu / ticks as f64 * 100_000.0)
    })
}

fn create(address: &ServerAddress, topics: u32) {
    let address = address.clone();
    within(10 * HANG, async move {
        let (seat, _) = publisher_seat(&address, 64);
        let publisher = protocol("rest-poll", &[("interval", "1s")]).publisher(seat).await.expect("a publisher");
        // One payload for all: what it says does not matter here, and copies would leave free memory behind.
        let payload = Stamp { topic: 0, version: 0, due: 0 }.payload(PAYLOAD);
        publisher.create((0..topics).map(|topic| (Topic(topic), payload.clone())).collect()).await.expect("topics");
        publisher.close().await;
    });
}

/// Time and memory that many topics of one subscriber take.
#[expect(clippy::print_stdout, reason = "a bench prints its figures")]
fn topics(address: &ServerAddress) -> Outcome<()> {
    let begin = Instant::now();
    create(address, TOPICS);
    println!("{TOPICS} topics created in {:.2} s", begin.elapsed().as_secs_f64());
    // The lean one first: what it gives back is too little for the other to live in.
    for client in ["lean", "library"] {
        let address = address.clone();
        within(10 * HANG, async move {
            let protocol = protocol("rest-conditional", &[("interval", "1s"), ("client", client)]);
            // The slope over several subscribers: neither what a process has anyway nor what the first one warms up.
            let (mut held, mut sizes) = (Vec::new(), Vec::new());
            let begin = Instant::now();
            for _ in 0..5 {
                let (seat, inbox, _) = subscriber_seat(&address, (0..TOPICS).map(Topic), 64, HANG);
                inbox.forgets.set(true);
                held.push(protocol.subscriber(seat).await.expect("a subscriber"));
                sizes.push(process::memory().0);
            }
            let first = begin.elapsed().as_secs_f64() / 5.0;
            println!(
                "{client}: first fetch {first:.2} s, {} B of memory per topic, connections included",
                sizes[4].saturating_sub(sizes[1]) / 3 / u64::from(TOPICS)
            );
        });
    }
    Ok(())
}
