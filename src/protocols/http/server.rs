//! The embedded HTTP server: accepts, converses, counts, and ends within a second.

use std::convert::Infallible;
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::answer::{Desk, Site};
use super::busy;
use super::extension::{Extension, Service};
use super::room::Room;
use super::store::Store;
use super::watch::{Debt, Watched};
use crate::contender::{Fault, ServerSeat, socket};
use crate::measure::ledger::Metered;

/// Largest request head, bytes: more than any browser or proxy sends, little enough for thousands at once.
const LARGEST_HEAD: usize = 16 * 1024;
/// How long requests under way may take once the server is to stop. The contract grants a second in all.
const GRACE: Duration = Duration::from_millis(700);

/// What a contender may choose about its server.
#[derive(Clone, Default)]
pub struct Options {
    /// Whether pages from other origins may read and write (CORS): for `pushbench serve`; in a trial it would only be bytes.
    pub cross_origin: bool,
    /// Resources of the contender's own.
    pub extension: Option<Rc<dyn Extension>>,
}

/// Serves topics until `seat.stop`; then ends idle connections at once and the others within a second.
///
/// # Errors
/// The listener is broken.
pub async fn serve(seat: ServerSeat, options: Options) -> Result<(), Fault> {
    let ServerSeat { listener, stop, ledger, limits, .. } = seat;
    let room = Room::new(limits.stored);
    let Options { cross_origin, extension } = options;
    let site = Site { store: Store::new(limits.topics, room.clone()), room, largest_payload: limits.payload, cross_origin, extension: extension.clone() };
    let service = Service { site: Rc::new(site), ledger: ledger.clone() };
    let going_on = async {
        match extension {
            Some(extension) => extension.run(service.clone(), stop.clone()).await,
            None => stop.cancelled().await,
        }
        // One that ends early ends nobody else.
        stop.cancelled().await;
    };
    let mut going_on = pin!(going_on);
    let mut connections = JoinSet::new();
    let mut turned_away = JoinSet::new();
    let outcome = loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => break Ok(()),
            () = &mut going_on => break Ok(()),
            accepted = socket::accept(&listener) => match accepted {
                Ok(socket) => {
                    while connections.try_join_next().is_some() {}
                    while turned_away.try_join_next().is_some() {}
                    if connections.len() < limits.connections {
                        connections.spawn_local(converse(socket, service.clone(), limits.patience, stop.clone()));
                    } else if turned_away.len() < busy::MOST {
                        turned_away.spawn_local(busy::turn_away(socket, ledger.meter()));
                    }
                }
                Err(error) => {
                    stop.cancel();
                    break Err(Fault::connection("accepting connections", error));
                }
            },
            Some(_) = connections.join_next() => {}
        }
    };
    drop(listener);
    let finished = async {
        tokio::join!(async { while connections.join_next().await.is_some() {} }, &mut going_on);
    };
    turned_away.shutdown().await;
    if tokio::time::timeout(GRACE, finished).await.is_err() {
        connections.shutdown().await;
    }
    outcome
}

async fn converse(socket: TcpStream, service: Service, patience: Duration, stop: CancellationToken) {
    let meter = service.ledger.meter();
    let peer = socket.peer_addr().ok();
    let desk = Desk { service, meter: meter.clone(), debt: Debt::new(), stop, peer };
    speak(Metered::new(socket, meter), desk, patience).await;
}

/// One connection, over whatever carries it.
async fn speak(stream: impl AsyncRead + AsyncWrite + Unpin, desk: Desk, patience: Duration) {
    let (meter, debt, stop) = (desk.meter.clone(), desk.debt.clone(), desk.stop.clone());
    let desk = Rc::new(desk);
    let service = service_fn(move |request| {
        let desk = desk.clone();
        async move { Ok::<_, Infallible>(desk.answer(request).await) }
    });
    let stream = TokioIo::new(Watched::new(stream, debt.clone()));
    let connection = http1::Builder::new()
        // `watch` does this, and lets idle connections live.
        .header_read_timeout(None)
        .max_header_size(LARGEST_HEAD)
        .max_buf_size(4 * LARGEST_HEAD)
        .serve_connection(stream, service);
    let mut connection = pin!(connection);
    let outcome = tokio::select! {
        biased;
        outcome = connection.as_mut() => outcome,
        () = debt.overdue(patience) => return,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    // hyper answers what it cannot parse by itself, with 431 or 400.
    if let Err(error) = outcome
        && error.is_parse()
    {
        meter.request();
        meter.response(if error.is_parse_too_large() { 431 } else { 400 }, 0);
    }
}

/// A server of one connection that is no socket: for the fuzzer.
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) async fn serve_one(stream: impl AsyncRead + AsyncWrite + Unpin, limits: crate::contender::Limits, meter: crate::measure::ledger::Meter) {
    let room = Room::new(limits.stored);
    let store = Store::new(limits.topics, room.clone());
    let site = Rc::new(Site { store, room, largest_payload: limits.payload, cross_origin: false, extension: None });
    let service = Service { site, ledger: crate::measure::ledger::Ledger::default() };
    speak(stream, Desk { service, meter, debt: Debt::new(), stop: CancellationToken::new(), peer: None }, limits.patience).await;
}
