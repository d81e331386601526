//! A server in the test's own thread.

use std::collections::BTreeMap;
use std::future::Future;
use std::rc::Rc;
use std::time::Duration;

use pushbench::contender::pace::Pace;
use pushbench::contender::settings::Values;
use pushbench::contender::{Fault, Limits, Protocol, ServerAddress, ServerSeat};
use pushbench::contenders;
use pushbench::measure::ledger::Ledger;
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, LocalSet};
use tokio_util::sync::CancellationToken;

/// Nothing on loopback takes so long: a test that waits for more has failed.
pub const LONG: Duration = Duration::from_secs(20);

/// Runs a test on one thread, as every side of a trial does.
pub fn on_one_thread<F: Future>(test: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(LocalSet::new().run_until(async { tokio::time::timeout(LONG * 6, test).await.expect("the test hangs") }))
}

/// The contender with some settings.
pub fn protocol(settings: &[(&str, &str)]) -> Rc<dyn Protocol> {
    protocol_of("xmpp-pubsub", settings)
}

/// A contender with some settings.
pub fn protocol_of(name: &str, settings: &[(&str, &str)]) -> Rc<dyn Protocol> {
    let contender = contenders::ALL.iter().find(|contender| contender.name() == name).unwrap();
    let given: BTreeMap<String, String> = settings.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    contender.protocol(&Values::new(contender.settings(), &given).unwrap()).unwrap()
}

/// A server in this thread.
pub struct Running {
    pub address: ServerAddress,
    pub ledger: Ledger,
    pub stop: CancellationToken,
    pub done: JoinHandle<Result<(), Fault>>,
}

pub async fn serve(settings: &[(&str, &str)], limits: Limits) -> Running {
    serve_as("xmpp-pubsub", settings, limits).await
}

/// The server of a contender.
pub async fn serve_as(name: &str, settings: &[(&str, &str)], limits: Limits) -> Running {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = ServerAddress { socket: listener.local_addr().unwrap().to_string() };
    let (ledger, stop) = (Ledger::default(), CancellationToken::new());
    let seat = ServerSeat { listener, stop: stop.clone(), ledger: ledger.clone(), limits, pace: Pace::REAL };
    let protocol = protocol_of(name, settings);
    let done = tokio::task::spawn_local(async move { protocol.serve(seat).await });
    Running { address, ledger, stop, done }
}

impl Running {
    /// Stops it; within a second, or the test fails.
    pub async fn end(self) {
        self.stop.cancel();
        tokio::time::timeout(Duration::from_secs(1), self.done).await.expect("not stopped within a second").unwrap().unwrap();
        assert_eq!(self.ledger.connections_held(), 0);
    }
}
