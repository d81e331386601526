//! A side of a null trial, whichever its role: it starts, works out its plan, ticks, and has no contender.

use tokio::sync::mpsc::UnboundedReceiver;

use super::{Side, SideError, next};
use crate::contender::ServerAddress;
use crate::measure::recording::Role;
use crate::run::message::{Passed, SideReport, ToSide};

pub(super) async fn run(side: &Side, hear: &mut UnboundedReceiver<ToSide>) -> Result<SideReport, SideError> {
    side.usage.begin();
    // Nobody will call there.
    side.ready((side.assignment.role == Role::Server).then(|| ServerAddress { socket: String::new() }));
    match next(hear).await? {
        ToSide::Start { window } => tokio::select! {
            beaten = side.beats(side.timetable(window), |_| Passed::default(), |_| {}) => beaten?,
            message = next(hear) => if !matches!(message?, ToSide::Stop) {
                return Err(SideError::OutOfTurn("a message other than stop to a side of a null trial".to_owned()));
            },
        },
        ToSide::Stop => {}
        other => return Err(SideError::OutOfTurn(format!("{other:?} to a side of a null trial"))),
    }
    Ok(side.report())
}
