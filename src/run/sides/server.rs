//! The server side: binds, serves, counts.

use std::cell::{Cell, RefCell};

use tokio::sync::mpsc::UnboundedReceiver;
use tokio_util::sync::CancellationToken;

use super::{Side, SideError, next};
use crate::contender::{Limits, ServerAddress, ServerSeat, socket};
use crate::measure::ledger::{Ledger, Leg};
use crate::measure::recording::{Phase, Phases, Second};
use crate::measure::traffic::Traffic;
use crate::run::message::{Live, Passed, SideReport, ToSide};

/// Snapshots of a ledger at the edges of phases.
#[derive(Default)]
struct Edges {
    subscriber: (Traffic, Phases<Traffic>),
    publisher: (Traffic, Phases<Traffic>),
    witness: (Traffic, Phases<Traffic>),
}

impl Edges {
    /// Books what has crossed since the last edge to a phase.
    fn note(&mut self, ledger: &Ledger, phase: Phase) {
        for (leg, (before, phases)) in [(Leg::Subscriber, &mut self.subscriber), (Leg::Publisher, &mut self.publisher), (Leg::Witness, &mut self.witness)] {
            let now = ledger.traffic(leg);
            *phases.of_mut(phase) += &(&now - before);
            *before = now;
        }
    }
}

pub(super) async fn run(side: &Side, hear: &mut UnboundedReceiver<ToSide>) -> Result<SideReport, SideError> {
    side.usage.begin();
    if let Some(brake) = &side.brake {
        brake.set(side.assignment.handicap.server_cpu);
    }
    let wanted = side.assignment.listen;
    let bound = socket::listen(wanted).and_then(|listener| Ok((listener.local_addr()?, listener)));
    let (address, listener) = bound.map_err(|error| SideError::Bind { address: wanted, error })?;
    let stop = CancellationToken::new();
    let ledger = Ledger::default();
    let seat = ServerSeat { listener, stop: stop.clone(), ledger: ledger.clone(), limits: Limits::of_a_trial(), pace: side.pace() };
    let serving = side.protocol.serve(seat);
    tokio::pin!(serving);
    side.ready(Some(ServerAddress { socket: address.to_string() }));

    let edges = RefCell::new(Edges::default());
    let mut last = 0;
    let mut second = |_| {
        let bytes = ledger.traffic(Leg::Subscriber).bytes();
        let before = std::mem::replace(&mut last, bytes);
        let second = Second { bytes: bytes.saturating_sub(before), connections: Some(ledger.subscribers_held()), ..Second::default() };
        Passed { second, live: Live::default() }
    };
    let held = Cell::new(0);
    let edge = |phase| {
        match phase {
            Phase::WarmUp => ledger.count_held_anew(),
            Phase::Window => held.set(ledger.most_subscribers_held()),
            Phase::Setup | Phase::Drain => {}
        }
        ledger.read_wire();
        edges.borrow_mut().note(&ledger, phase);
    };
    let mut ended = None;
    let plan = async {
        loop {
            match next(hear).await? {
                ToSide::Start { window } => {
                    let times = side.timetable(window);
                    tokio::select! {
                        beaten = side.beats(times, &mut second, edge) => beaten?,
                        message = next(hear) => if matches!(message?, ToSide::Stop) { return Ok(()) },
                    }
                }
                ToSide::Stop => return Ok(()),
                other => return Err(SideError::OutOfTurn(format!("{other:?} to a server"))),
            }
        }
    };
    tokio::select! {
        told = plan => told?,
        served = &mut serving => ended = Some(served),
    }
    // Before a stop nothing ends a server but a fault.
    if let Some(served) = ended {
        served?;
        return Err(SideError::OutOfTurn("the server ended by itself".to_owned()));
    }
    stop.cancel();
    serving.await?;

    let mut edges = edges.into_inner();
    // What happened after the last edge (goodbyes) belongs to the drain.
    edges.note(&ledger, Phase::Drain);
    let mut report = side.report();
    report.connections_held = held.get();
    report.subscriber_traffic = edges.subscriber.1;
    report.publisher_traffic = edges.publisher.1;
    report.witness_traffic = edges.witness.1;
    Ok(report)
}
