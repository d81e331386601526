//! The publisher side: makes its topics exist, then publishes each update when it is due.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::rc::Rc;

use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::{Semaphore, oneshot};
use tokio::task::JoinSet;

use super::{Side, SideError, next};
use crate::contender::topic::Topic;
use crate::contender::{Fault, Publisher, PublisherSeat};
use crate::measure::clock::Instant;
use crate::measure::distribution::Distribution;
use crate::measure::stamp::Stamp;
use crate::run::message::{FromSide, Live, Passed, SideReport, ToSide};
use crate::run::record::measured;
use crate::run::recorder::PublisherInbox;
use crate::run::timetable::Timetable;

/// What the publications of the window came to.
#[derive(Default)]
struct Published {
    count: Cell<u64>,
    lag: RefCell<Distribution>,
    /// How late the latest of the second was handed over, in nanoseconds.
    second_lag: Cell<Option<i64>>,
}

impl Published {
    fn end_second(&self) -> Passed {
        let publish_lag = self.second_lag.take().map(|nanos| nanos as f64 / 1e9);
        Passed { live: Live { publish_lag, ..Live::default() }, ..Passed::default() }
    }
}

pub(super) async fn run(side: &Side, hear: &mut UnboundedReceiver<ToSide>) -> Result<SideReport, SideError> {
    let times = Rc::new(Cell::new(None));
    let traffic = Rc::new(RefCell::default());
    let connections = NonZeroUsize::new(side.scenario.publishers.connections as usize).unwrap_or(NonZeroUsize::MIN);
    let inbox = Rc::new(PublisherInbox::new(Rc::clone(&side.clock), Rc::clone(&times), Rc::clone(&traffic)));
    let seat = PublisherSeat {
        server: side.server()?,
        index: side.assignment.index,
        connections,
        inbox,
        timeout: side.timeout(),
        clock: Rc::clone(&side.clock),
        pace: side.pace(),
    };
    side.usage.begin();
    let publisher: Rc<dyn Publisher> = Rc::from(side.protocol.publisher(seat).await?);
    create(side, &*publisher).await?;
    side.ready(None);

    let published = Rc::new(Published::default());
    loop {
        match next(hear).await? {
            ToSide::Probe => {
                publisher.publish(Topic::PROBE, payload(side, Topic::PROBE, 1, 0)).await?;
                let _ = side.say.send(FromSide::Probed);
            }
            ToSide::Start { window } => {
                let timetable = side.timetable(window);
                times.set(Some(timetable));
                let beats = side.beats(timetable, |_| published.end_second(), |_| {});
                let work = async {
                    publish(side, &publisher, timetable, connections, &published).await?;
                    std::future::pending::<Result<(), SideError>>().await
                };
                tokio::select! {
                    beaten = beats => beaten?,
                    failed = work => failed?,
                    message = next(hear) => if matches!(message?, ToSide::Stop) { break },
                }
                break;
            }
            ToSide::Stop => break,
            ToSide::Prepare(_) => return Err(SideError::OutOfTurn("a second assignment".to_owned())),
        }
    }
    publisher.close().await;
    drop(publisher);

    let mut report = side.report();
    report.publisher_traffic = traffic.borrow().clone();
    report.published = published.count.get();
    report.times.publish_lag = published.lag.borrow().clone();
    Ok(report)
}

/// Makes this side's topics exist, each with version 0; the first side's are joined by the probe.
async fn create(side: &Side, publisher: &dyn Publisher) -> Result<(), SideError> {
    let mine = (0..side.scenario.workload.topics).filter(|topic| topic % side.assignment.of == side.assignment.index).map(Topic);
    let probe = (side.assignment.index == 0).then_some(Topic::PROBE);
    let topics = mine.chain(probe).map(|topic| (topic, payload(side, topic, 0, 0))).collect();
    Ok(publisher.create(topics).await?)
}

fn payload(side: &Side, topic: Topic, version: u32, due: i64) -> bytes::Bytes {
    Stamp { topic: topic.0, version, due }.payload(side.assignment.handicap.payload_of(side.scenario.workload.payload))
}

/// Publishes this side's slice of the trace: each update at its instant, late ones at once. An update that must wait for
/// a free connection is late, and that shows as lag. So is one whose topic's version before it is still under way: over
/// several connections, or out of the queue, the later one might overtake it, and the harness itself would lose updates.
async fn publish(side: &Side, publisher: &Rc<dyn Publisher>, times: Timetable, connections: NonZeroUsize, published: &Rc<Published>) -> Result<(), SideError> {
    let mut timer = side.clock.timer().map_err(|error| SideError::System { what: "a timer", error })?;
    let free = Rc::new(Semaphore::new(connections.get()));
    let mut under_way: JoinSet<Result<(), Fault>> = JoinSet::new();
    // By topic: the end of its latest publication.
    let mut latest: HashMap<Topic, oneshot::Receiver<()>> = HashMap::new();
    for update in side.trace.updates.iter().filter(|update| update.topic % side.assignment.of == side.assignment.index) {
        let due = measured(update.due, side.scenario.workload.compression);
        let instant = Instant(times.window.0 + due);
        let (topic, version, in_window) = (Topic(update.topic), update.version, update.due >= 0);
        let ready = payload(side, topic, version, due);
        tokio::select! {
            () = timer.until(instant) => {}
            Some(failed) = wait_for_fault(&mut under_way) => return Err(failed.into()),
        }
        let (publisher, free, published, clock) = (Rc::clone(publisher), Rc::clone(&free), Rc::clone(published), Rc::clone(&side.clock));
        let (end, ended) = oneshot::channel();
        let before = latest.insert(topic, ended);
        under_way.spawn_local(async move {
            // Dropped at the end, whatever that is; nothing is ever sent.
            let _end: oneshot::Sender<()> = end;
            if let Some(before) = before {
                let _ = before.await;
            }
            // The semaphore is never closed.
            let _permit = free.acquire().await;
            if in_window {
                let lag = clock.now().nanos_since(instant);
                published.lag.borrow_mut().record(lag);
                published.second_lag.set(published.second_lag.get().max(Some(lag)));
            }
            publisher.publish(topic, ready).await?;
            if in_window {
                published.count.set(published.count.get() + 1);
            }
            Ok(())
        });
    }
    match wait_for_fault(&mut under_way).await {
        Some(fault) => Err(fault.into()),
        None => Ok(()),
    }
}

/// Waits until a publication fails; `None` when all are done.
async fn wait_for_fault(under_way: &mut JoinSet<Result<(), Fault>>) -> Option<Fault> {
    while let Some(ended) = under_way.join_next().await {
        match ended {
            Ok(Ok(())) => {}
            Ok(Err(fault)) => return Some(fault),
            Err(panic) => return Some(Fault::protocol("publishing", panic)),
        }
    }
    None
}
