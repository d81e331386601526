//! A side alone, in virtual time, with the test in the harness's place.

use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use pushbench::cli::REGISTRY;
use pushbench::contender::inbox::{Content, Message};
use pushbench::contender::topic::Topic;
use pushbench::contender::{Fault, Forecast, Load, Protocol, Publisher, PublisherSeat, ServerAddress, ServerSeat, Subscriber, SubscriberSeat};
use pushbench::measure::clock::{Clock, Instant, sleep_until};
use pushbench::measure::handicap::Handicap;
use pushbench::measure::recording::{Role, TrialKind};
use pushbench::measure::stamp::Stamp;
use pushbench::measure::virtual_clock::VirtualClock;
use pushbench::run::link;
use pushbench::run::message::{Assignment, FromSide, SideReport, ToSide};
use pushbench::run::sides::{self, Surroundings};
use pushbench::scenario::LoadPoint;
use tokio_util::sync::CancellationToken;

const SCENARIO: &str = r#"
    title = "a side alone"
    [workload]
    topology = "fan-out"
    topics = 2
    updates_per_active_topic = 1
    span = "5s"
    warm_up = "2s"
    [subscribers]
    count = 96
    [[contender]]
    use = "loopback"
    mode = "push"
"#;

/// Connecting takes a second; first values are there as soon as the subscriber listens.
struct SlowToConnect;

#[async_trait(?Send)]
impl Protocol for SlowToConnect {
    async fn serve(&self, _: ServerSeat) -> Result<(), Fault> {
        Ok(())
    }

    async fn publisher(&self, _: PublisherSeat) -> Result<Box<dyn Publisher>, Fault> {
        Err(Fault::refused("publishing", "nobody publishes here"))
    }

    async fn subscriber(&self, seat: SubscriberSeat) -> Result<Box<dyn Subscriber>, Fault> {
        let connected = seat.clock.now().after(Duration::from_secs(1));
        sleep_until(&*seat.clock, connected).await.map_err(|error| Fault::connection("a timer", error))?;
        Ok(Box::new(Listener(seat)))
    }

    fn forecast(&self, _: &Load) -> Forecast {
        Forecast::default()
    }
}

struct Listener(SubscriberSeat);

#[async_trait(?Send)]
impl Subscriber for Listener {
    async fn run(&mut self, stop: CancellationToken) -> Result<(), Fault> {
        for topic in self.0.topics.iter().filter(|topic| **topic != Topic::PROBE) {
            let first = Stamp { topic: topic.0, version: 0, due: 0 }.payload(64);
            self.0.inbox.received(Message::Event, false, Content::Payload(&first));
        }
        stop.cancelled().await;
        Ok(())
    }

    async fn close(&mut self) {}
}

/// Every other publication takes its time; notes what the server would have, in its order.
#[derive(Default)]
struct Uneven {
    had: Rc<RefCell<Vec<Stamp>>>,
}

#[async_trait(?Send)]
impl Protocol for Uneven {
    async fn serve(&self, _: ServerSeat) -> Result<(), Fault> {
        Ok(())
    }

    async fn publisher(&self, seat: PublisherSeat) -> Result<Box<dyn Publisher>, Fault> {
        Ok(Box::new(UnevenPublisher { had: Rc::clone(&self.had), clock: seat.clock }))
    }

    async fn subscriber(&self, _: SubscriberSeat) -> Result<Box<dyn Subscriber>, Fault> {
        Err(Fault::refused("subscribing", "nobody subscribes here"))
    }

    fn forecast(&self, _: &Load) -> Forecast {
        Forecast::default()
    }
}

struct UnevenPublisher {
    had: Rc<RefCell<Vec<Stamp>>>,
    clock: Rc<dyn Clock>,
}

#[async_trait(?Send)]
impl Publisher for UnevenPublisher {
    async fn create(&self, _: Vec<(Topic, Bytes)>) -> Result<(), Fault> {
        Ok(())
    }

    async fn publish(&self, _: Topic, payload: Bytes) -> Result<(), Fault> {
        let stamp = Stamp::read(&payload).ok_or_else(|| Fault::protocol("publishing", "no stamp"))?;
        let there = self.clock.now().after(Duration::from_millis(if stamp.version % 2 == 1 { 30 } else { 1 }));
        sleep_until(&*self.clock, there).await.map_err(|error| Fault::connection("a timer", error))?;
        self.had.borrow_mut().push(stamp);
        Ok(())
    }

    async fn close(&self) {}
}

/// Runs a side until it is ready, then says `late` seconds after the beginning of the warm-up that it begins.
/// Without `late` the side is stopped at once. Returns its report and the seconds it told of.
fn run(role: Role, scenario: &str, protocol: Rc<dyn Protocol>, late: Option<i64>) -> (SideReport, Vec<i64>) {
    let clock = VirtualClock::default();
    let own = clock.clone();
    clock
        .run(async move {
            let (mut here, there) = link::pair();
            let surroundings = Surroundings { clock: Rc::new(own.clone()), registry: REGISTRY, protocol: Some(protocol), own_process: false, brake: None };
            tokio::task::spawn_local(sides::run(there, surroundings));
            here.send(ToSide::Prepare(Box::new(Assignment {
                scenario: scenario.to_owned(),
                name: "alone.toml".to_owned(),
                folder: PathBuf::new(),
                seed: 1,
                load_point: LoadPoint::default(),
                contender: "loopback".to_owned(),
                kind: TrialKind::Measured,
                role,
                index: 0,
                of: 1,
                server: Some(ServerAddress { socket: String::new() }),
                listen: "127.0.0.1:0".parse().unwrap(),
                namespace: None,
                cores: Vec::new(),
                handicap: Handicap::default(),
            })));
            let mut seconds = Vec::new();
            loop {
                match here.receive().await {
                    Some(FromSide::Ready { .. }) => here.send(match late {
                        Some(late) => ToSide::Start { window: Instant(own.now().0 + (2 - late) * 1_000_000_000) },
                        None => ToSide::Stop,
                    }),
                    Some(FromSide::Tick(Some(passed))) => seconds.push(passed.second.second),
                    Some(FromSide::Done(report)) => return (*report, seconds),
                    Some(FromSide::Hello { .. } | FromSide::Tick(None)) => {}
                    other => panic!("{other:?}"),
                }
            }
        })
        .unwrap()
}

fn subscribers(late: Option<i64>) -> (SideReport, Vec<i64>) {
    run(Role::Subscriber, SCENARIO, Rc::new(SlowToConnect), late)
}

#[test]
fn a_subscriber_listens_as_soon_as_it_is_connected() {
    let (report, _) = subscribers(None);
    let current = report.times.time_to_current;
    assert_eq!(current.count(), 96);
    // 32 connect at a time; each of them is current a second after it began, and waits for nobody.
    assert!(current.max().unwrap() < 1.001, "{:?}", current.max());
}

#[test]
fn an_order_to_start_that_comes_late_leaves_no_beat_out() {
    let (_, in_time) = subscribers(Some(0));
    assert_eq!(in_time[..7], [-2, -1, 0, 1, 2, 3, 4]);
    for late in [1, 3] {
        assert_eq!(subscribers(Some(late)).1, in_time, "{late} s late");
    }
}

#[test]
fn no_version_overtakes_the_one_before_it() {
    let protocol = Uneven::default();
    let had = Rc::clone(&protocol.had);
    let (report, _) = run(Role::Publisher, &SCENARIO.replace("topic = 1\n", "topic = 200\n"), Rc::new(protocol), Some(0));
    let had = had.borrow();
    assert!(report.published > 300 && report.published < had.len() as u64, "{} of {}", report.published, had.len());
    for topic in [0, 1] {
        let versions: Vec<u32> = had.iter().filter(|stamp| stamp.topic == topic).map(|stamp| stamp.version).collect();
        assert!(versions.iter().copied().eq(1..=versions.len() as u32), "{versions:?}");
    }
    // Topics do not wait for each other.
    assert!(had.windows(2).any(|pair| pair[0].topic != pair[1].topic));
}
