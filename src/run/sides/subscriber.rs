//! The subscriber side: connects its slice of the subscribers, lets them ask or listen, keeps the books.

use std::num::NonZeroUsize;
use std::rc::Rc;

use futures::stream::{FuturesUnordered, StreamExt as _};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{Side, SideError, again, next};
use crate::contender::topic::Topic;
use crate::contender::{Fault, Subscriber, SubscriberSeat};
use crate::measure::recording::Phase;
use crate::run::message::{FromSide, SideReport, ToSide};
use crate::run::record::Holdings;
use crate::run::recorder::Recorder;
use crate::run::scheduler::Scheduler;
use crate::trace::Subscriptions;

/// Subscribers that connect at the same time.
const CONNECTING: usize = 32;

pub(super) async fn run(side: &Side, hear: &mut UnboundedReceiver<ToSide>) -> Result<SideReport, SideError> {
    let workload = &side.scenario.workload;
    let mine: Vec<u32> = (0..side.scenario.subscribers.count).filter(|subscriber| subscriber % side.assignment.of == side.assignment.index).collect();
    let wanted = wanted(side, &mine);
    let holdings = wanted.iter().map(|topics| Holdings::new(Rc::clone(topics))).collect();
    let recorder = Recorder::new(Rc::clone(&side.clock), workload.compression, &side.trace, workload.topics, holdings);
    let scheduler = Scheduler::new(Rc::clone(&side.clock), workload.seed, workload.compression);
    side.usage.begin();
    let mut course = Course { side, recorder, scheduler, running: JoinSet::new(), stop: CancellationToken::new() };
    let report = course.run(hear, &mine, &wanted).await;
    course.stop.cancel();
    report
}

/// The topics of each subscriber; those that want the same share one list.
fn wanted(side: &Side, mine: &[u32]) -> Vec<Rc<[u32]>> {
    let mut wanted: Vec<Rc<[u32]>> = Vec::with_capacity(mine.len());
    let subscriptions = Subscriptions::new(&side.scenario);
    for subscriber in mine {
        let topics = subscriptions.of(*subscriber);
        match wanted.last() {
            Some(before) if **before == *topics => wanted.push(Rc::clone(before)),
            _ => wanted.push(Rc::from(topics)),
        }
    }
    wanted
}

struct Course<'a> {
    side: &'a Side,
    recorder: Recorder,
    scheduler: Scheduler,
    running: JoinSet<Result<(), Fault>>,
    stop: CancellationToken,
}

impl Course<'_> {
    async fn run(&mut self, hear: &mut UnboundedReceiver<ToSide>, mine: &[u32], wanted: &[Rc<[u32]>]) -> Result<SideReport, SideError> {
        tokio::select! {
            connected = self.connect(mine, wanted) => connected?,
            message = next(hear) => match message? {
                ToSide::Stop => return Ok(self.report()),
                other => return Err(SideError::OutOfTurn(format!("{other:?} while subscribers connect"))),
            },
        }
        let pacing = self.scheduler.clone();
        self.running.spawn_local(async move { pacing.run().await.map_err(|error| Fault::connection("the scheduler's timer", error)) });
        // Push: first values may still be on their way.
        let recorder = self.recorder.clone();
        self.watched(hear, recorder.current()).await?;
        self.side.ready(None);

        loop {
            let message = tokio::select! {
                message = next(hear) => message?,
                fault = ended_early(&mut self.running) => return Err(fault.into()),
            };
            match message {
                ToSide::Probe => {
                    let (books, of) = (recorder.clone(), self.side.assignment.of);
                    self.scheduler.probe(move |subscriber| books.looks_for_probe((subscriber / of) as usize));
                    if !self.watched(hear, recorder.probed()).await? {
                        break;
                    }
                    self.scheduler.rest();
                    let _ = self.side.say.send(FromSide::Probed);
                }
                ToSide::Start { window } => {
                    let times = self.side.timetable(window);
                    self.recorder.start(times);
                    self.scheduler.start(times);
                    let beats = self.side.beats(times, |second| recorder.end_second(second), |_: Phase| {});
                    tokio::select! {
                        beaten = beats => beaten?,
                        fault = ended_early(&mut self.running) => return Err(fault.into()),
                        message = next(hear) => if !matches!(message?, ToSide::Stop) {
                            return Err(SideError::OutOfTurn("a message other than stop to a running subscriber".to_owned()));
                        },
                    }
                    break;
                }
                ToSide::Stop => break,
                ToSide::Prepare(_) => return Err(SideError::OutOfTurn("a second assignment".to_owned())),
            }
        }
        self.scheduler.end();
        self.stop.cancel();
        while let Some(ended) = self.running.join_next().await {
            ended.map_err(|panic| Fault::protocol("a subscriber", panic))??;
        }
        Ok(self.report())
    }

    /// Connects all. Each runs as soon as it is connected: else first values that are pushed to it would wait until all
    /// others are, and `time_to_current` would tell of the others.
    async fn connect(&mut self, mine: &[u32], wanted: &[Rc<[u32]>]) -> Result<(), SideError> {
        let server = self.side.server()?;
        let connections = NonZeroUsize::new(self.side.scenario.subscribers.connections as usize).unwrap_or(NonZeroUsize::MIN);
        let mut waiting = mine.iter().zip(wanted).enumerate();
        let mut connecting = FuturesUnordered::new();
        loop {
            while connecting.len() < CONNECTING {
                let Some((place, (subscriber, topics))) = waiting.next() else { break };
                let topics = topics.iter().map(|topic| Topic(*topic)).chain([Topic::PROBE]).collect();
                let (mut inbox, mut pacer) = (self.recorder.inbox(place), self.scheduler.pacer(*subscriber));
                if self.side.assignment.handicap.requests > 0 {
                    (inbox, pacer) = again::asks_again(inbox, pacer, Rc::clone(&self.side.clock));
                }
                let seat = SubscriberSeat {
                    server: server.clone(),
                    index: *subscriber,
                    topics,
                    connections,
                    inbox,
                    pacer,
                    timeout: self.side.timeout(),
                    clock: Rc::clone(&self.side.clock),
                    pace: self.side.pace(),
                };
                connecting.push(self.side.protocol.subscriber(seat));
            }
            let subscriber = tokio::select! {
                connected = connecting.next() => match connected {
                    Some(subscriber) => subscriber?,
                    None => return Ok(()),
                },
                fault = ended_early(&mut self.running) => return Err(fault.into()),
            };
            self.running.spawn_local(run_subscriber(subscriber, self.stop.clone()));
        }
    }

    /// Waits for something that subscribers bring about; false where the harness says stop instead.
    async fn watched(&mut self, hear: &mut UnboundedReceiver<ToSide>, event: impl Future<Output = ()>) -> Result<bool, SideError> {
        tokio::select! {
            () = event => Ok(true),
            fault = ended_early(&mut self.running) => Err(fault.into()),
            message = next(hear) => match message? {
                ToSide::Stop => Ok(false),
                other => Err(SideError::OutOfTurn(format!("{other:?} to a subscriber that is not ready"))),
            },
        }
    }

    fn report(&self) -> SideReport {
        let record = self.recorder.finish();
        SideReport {
            subscriber_traffic: record.traffic,
            deliveries: record.deliveries,
            exchanges: record.exchanges,
            wasted: record.wasted,
            failed_requests: record.failed,
            requests_planned: self.scheduler.planned(),
            times: record.times,
            ..self.side.report()
        }
    }
}

async fn run_subscriber(mut subscriber: Box<dyn Subscriber>, stop: CancellationToken) -> Result<(), Fault> {
    let result = subscriber.run(stop).await;
    subscriber.close().await;
    result
}

/// Waits until something fails that should run on. Pollers end by themselves when their plan does: that is no fault.
async fn ended_early(running: &mut JoinSet<Result<(), Fault>>) -> Fault {
    loop {
        match running.join_next().await {
            Some(Ok(Ok(()))) => {}
            Some(Ok(Err(fault))) => return fault,
            Some(Err(panic)) => return Fault::protocol("a subscriber", panic),
            None => std::future::pending().await,
        }
    }
}
