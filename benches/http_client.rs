//! What the polling clients take: time to create and first fetch FriendFeed's 45,754 topics, memory per topic,
//! CPU-seconds per 100,000 polls.
//!
//! `cargo bench --bench http_client`. The server is `pushbench serve`, a process of its own on the first core.

#[path = "../tests/support/mod.rs"]
mod support;

use std::error::Error;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use pushbench::contender::ServerAddress;
use pushbench::contender::topic::Topic;
use pushbench::measure::process;
use pushbench::measure::stamp::Stamp;
use support::{HANG, protocol, publisher_seat, subscriber_seat, within};
use tokio_util::sync::CancellationToken;

const TOPICS: u32 = 45_754;
const CONNECTIONS: usize = 64;
const POLLS: u32 = 100_000;

type Outcome<T> = Result<T, Box<dyn Error>>;

#[expect(clippy::print_stdout, reason = "a bench prints its figures")]
fn main() -> Outcome<()> {
    if !std::env::args().any(|argument| argument == "--bench") {
        println!("http_client measures under \"cargo bench\" only");
        return Ok(());
    }
    let cores = process::allowed_cores();
    process::pin(&cores[..1])?;
    let mut server = Command::new(env!("CARGO_BIN_EXE_pushbench")).args(["serve", "rest-conditional"]).stdout(Stdio::piped()).spawn()?;
    process::pin(&cores[cores.len() - 1..])?;
    let outcome = measure(&mut server);
    server.kill()?;
    server.wait()?;
    outcome
}

#[expect(clippy::print_stdout, reason = "a bench prints its figures")]
fn measure(server: &mut Child) -> Outcome<()> {
    let mut line = String::new();
    BufReader::new(server.stdout.take().ok_or("no pipe")?).read_line(&mut line)?;
    let address = ServerAddress { socket: line.split(' ').nth(2).ok_or("no address")?.to_owned() };
    within(10 * HANG, async move {
        let create = protocol("rest-poll", &[("interval", "1s")]);
        let (seat, _) = publisher_seat(&address, CONNECTIONS);
        let publisher = create.publisher(seat).await.expect("a publisher");
        let begin = Instant::now();
        // One payload for all: what it says does not matter here, and copies would leave free memory behind.
        let payload = Stamp { topic: 0, version: 0, due: 0 }.payload(1_024);
        publisher.create((0..TOPICS).map(|topic| (Topic(topic), payload.clone())).collect()).await.expect("topics");
        println!("{TOPICS} topics created in {:.2} s", begin.elapsed().as_secs_f64());
        publisher.close().await;
        // The slope over several subscribers, before anything else leaves free memory behind in which they could live.
        let conditional = protocol("rest-conditional", &[("interval", "1s")]);
        let (mut held, mut sizes) = (Vec::new(), Vec::new());
        for _ in 0..5 {
            let (seat, inbox, _) = subscriber_seat(&address, (0..TOPICS).map(Topic), CONNECTIONS, HANG);
            inbox.forgets.set(true);
            held.push(conditional.subscriber(seat).await.expect("a subscriber"));
            sizes.push(process::memory().0);
        }
        println!("rest-conditional: {} B of memory per topic of a subscriber, connections included", sizes[4].saturating_sub(sizes[1]) / 3 / u64::from(TOPICS));
        drop(held);
        for (contender, connection) in
            [("rest-poll", "keep-alive"), ("rest-conditional", "keep-alive"), ("rest-poll", "per-poll"), ("rest-conditional", "per-poll")]
        {
            let protocol = protocol(contender, &[("interval", "1s"), ("connection", connection)]);
            let topics = (0..TOPICS).map(Topic).collect::<Vec<_>>();
            let (seat, inbox, pacer) = subscriber_seat(&address, topics, CONNECTIONS, HANG);
            inbox.forgets.set(true);
            let begin = Instant::now();
            let mut subscriber = protocol.subscriber(seat).await.expect("a subscriber");
            let first = begin.elapsed().as_secs_f64();
            let stop = CancellationToken::new();
            let (cpu, begin) = (process::cpu(), Instant::now());
            let story = async {
                for poll in 0..POLLS {
                    pacer.tick(Topic(poll % TOPICS));
                }
                inbox.until(|inbox| inbox.answered() == u64::from(TOPICS + POLLS)).await;
                stop.cancel();
            };
            let (outcome, ()) = tokio::join!(subscriber.run(stop.clone()), story);
            outcome.expect("no fault");
            let cpu = (process::cpu() - cpu).total();
            println!(
                "{contender} {connection}: first fetch {first:.2} s, {cpu:.2} CPU-s per {POLLS} polls at {:.0}/s, {} connections, {} failed",
                f64::from(POLLS) / begin.elapsed().as_secs_f64(),
                inbox.traffic.borrow().connections,
                inbox.failed.get()
            );
            subscriber.close().await;
        }
    });
    Ok(())
}
