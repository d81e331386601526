//! When polls follow each other: the pacer's part is played by the test, so that each instant is known.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use pushbench::contender::pace::Pace;
use pushbench::contender::pacer::{Pacer, Tick, Ticks};
use pushbench::contender::{Limits, Subscriber, SubscriberSeat};
use pushbench::measure::clock::{Clock as _, Instant, RealClock};
use tokio_util::sync::CancellationToken;

use super::support::{CountingInbox, Running, on_one_thread, protocol, publisher_seat, subscriber_seat};
use super::{A, CLIENTS};

/// Keeps what is planned, and hands out what the test says.
struct Planner {
    ticks: Ticks,
    planned: Rc<RefCell<Vec<Tick>>>,
}

impl Planner {
    fn new(pace: Pace) -> Rc<Self> {
        let planned = Rc::new(RefCell::new(Vec::new()));
        let plan = planned.clone();
        Rc::new(Self { ticks: Ticks::prolonged(move |tick| plan.borrow_mut().push(tick), Rc::new(RealClock), pace), planned })
    }
}

impl Pacer for Planner {
    fn every(&self, _: Duration, _: &[u32], _: u32) -> Ticks {
        panic!("an open loop was not to be planned");
    }

    fn once(&self, _: Duration, keys: &[u32], _: u32) -> Ticks {
        assert_eq!(keys, [A.0]);
        self.ticks.clone()
    }
}

/// A poller of topic A with its planner, against a server that has the topic.
async fn poller(contender: &str, settings: &[(&str, &str)], pace: Pace) -> (Box<dyn Subscriber>, Rc<CountingInbox>, Rc<Planner>, Running) {
    let protocol = protocol(contender, settings);
    let server = Running::start(protocol.clone(), Limits::default()).await;
    protocol.publisher(publisher_seat(&server.address, 1).0).await.unwrap().create(vec![(A, "first".into())]).await.unwrap();
    let planner = Planner::new(pace);
    let (seat, inbox, _) = subscriber_seat(&server.address, [A], 1, Duration::from_secs(20));
    let subscriber = protocol.subscriber(SubscriberSeat { pacer: planner.clone(), pace, ..seat }).await.unwrap();
    (subscriber, inbox, planner, server)
}

#[test]
fn a_closed_loop_rests_after_each_answer() {
    for client in CLIENTS {
        on_one_thread(async {
            let settings = [("model", "closed"), ("pause", "5s"), ("client", client)];
            let (mut subscriber, inbox, planner, _server) = poller("rest-poll", &settings, Pace::new(100.0)).await;
            let stop = CancellationToken::new();
            let story = async {
                // Due long ago: what counts is the answer.
                let mut next = Tick { key: A.0, intended: Instant(RealClock.now().0 - 7_000_000_000) };
                for polls in 1..=3 {
                    let asked = RealClock.now();
                    planner.ticks.push(next);
                    inbox.until(|inbox| inbox.answered() == polls + 1).await;
                    let answered = RealClock.now();
                    // The worker goes on where the inbox has been told.
                    while planner.planned.borrow().len() < polls as usize {
                        tokio::task::yield_now().await;
                    }
                    next = *planner.planned.borrow().last().unwrap();
                    let pause = Duration::from_millis(50);
                    assert!(next.intended > asked.after(pause) && next.intended < RealClock.now().after(pause), "{next:?} after {answered:?}");
                    assert_eq!(planner.planned.borrow().len(), polls as usize, "one for each answer");
                }
                stop.cancel();
            };
            let (outcome, ()) = tokio::join!(subscriber.run(stop.clone()), story);
            outcome.unwrap();
        });
    }
}

#[test]
fn an_interval_follows_what_each_poll_finds() {
    for client in CLIENTS {
        on_one_thread(async {
            let settings = [("shortest", "1s"), ("longest", "16s"), ("start", "8s"), ("growth", "2"), ("decay", "0.25"), ("client", client)];
            let (mut subscriber, inbox, planner, server) = poller("rest-adaptive", &settings, Pace::new(2.0)).await;
            let publisher = protocol("rest-adaptive", &settings).publisher(publisher_seat(&server.address, 1).0).await.unwrap();
            let stop = CancellationToken::new();
            let story = async {
                let mut tick = Tick { key: A.0, intended: RealClock.now() };
                for (index, (changes, seconds)) in [(false, 16), (false, 16), (true, 4), (true, 1), (true, 1), (false, 2)].into_iter().enumerate() {
                    if changes {
                        publisher.publish(A, format!("{index}").into()).await.unwrap();
                    }
                    planner.ticks.push(tick);
                    inbox.until(|inbox| inbox.answered() == index as u64 + 2).await;
                    while planner.planned.borrow().len() <= index {
                        tokio::task::yield_now().await;
                    }
                    let next = planner.planned.borrow()[index];
                    assert_eq!(next.intended, tick.intended.after(Duration::from_secs(seconds) / 2), "after poll {index}, at a pace of two");
                    tick = next;
                }
                assert_eq!(inbox.traffic.borrow().responses.get(&304), Some(&3));
                // Nobody answers any more: the topic is asked for as often as before.
                server.stop.cancel();
                planner.ticks.push(tick);
                inbox.until(|inbox| inbox.failed.get() == 1).await;
                while planner.planned.borrow().len() < 7 {
                    tokio::task::yield_now().await;
                }
                assert_eq!(planner.planned.borrow()[6].intended, tick.intended.after(Duration::from_secs(1)));
                stop.cancel();
            };
            let (outcome, ()) = tokio::join!(subscriber.run(stop.clone()), story);
            // The poller may have found out by itself that the server is gone.
            let _ = outcome;
        });
    }
}
