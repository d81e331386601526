//! The server's table: a process of its own, a pair that behaves beside each case, and its memory by the kernel's count.

use std::fs;
use std::sync::PoisonError;

use pushbench::contender::ServerAddress;
use tokio::io::AsyncWriteExt as _;

use crate::pair::Pair;
use crate::served::Served;
use crate::support::{HEADER, Raw, on_one_thread};
use crate::{floods, page, sasl, slow, streams};

pub const SASL: &str = "urn:ietf:params:xml:ns:xmpp-sasl";

/// Seconds of patience of the server under test.
pub const PATIENCE: u64 = 2;

/// The server under test, those beside, and what has been seen.
pub struct Stand {
    pub served: Served,
    pub address: ServerAddress,
    pub pair: Pair,
    rows: Vec<Vec<String>>,
}

impl Stand {
    async fn start() -> Self {
        let patience = format!("{PATIENCE}s");
        let served = Served::start(&["xmpp-pubsub", "--patience", &patience, "--max-connections", "12000", "--max-topics", "2000", "--max-stored", "64MiB"]);
        let address = ServerAddress { socket: served.address.clone() };
        let pair = Pair::start(&address).await;
        Self { served, address, pair, rows: Vec::new() }
    }

    /// A case has ended as it should: a row, once those beside are seen to be unharmed.
    #[expect(clippy::print_stdout, reason = "what was seen last is the place to look at when the next case hangs")]
    pub async fn saw(&mut self, tried: &str, happened: &str) {
        println!("{tried}");
        self.pair.is_unharmed().await;
        self.rows.push(vec![tried.to_owned(), happened.to_owned(), "unharmed".to_owned()]);
    }

    /// Resident memory of the server, in MiB.
    pub fn memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.served.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("it lives");
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
    }

    /// A stream whose header has been answered.
    pub async fn opened(&self) -> Raw {
        let mut raw = Raw::connect(&self.address).await;
        raw.send(HEADER).await;
        raw.until("</stream:features>").await;
        raw
    }

    /// A stream that is logged in, opened anew and not yet bound.
    pub async fn authenticated(&self) -> Raw {
        let mut raw = self.opened().await;
        raw.send(&format!("<auth xmlns='{SASL}' mechanism='PLAIN'>AGEAc2VjcmV0</auth>")).await;
        raw.until("<success").await;
        raw.until(">").await;
        raw
    }

    pub async fn bound(&self) -> Raw {
        Raw::bound(&self.address, "hostile", "r").await
    }
}

/// Sends as much as the server takes.
pub async fn pour(raw: &mut Raw, bytes: &[u8]) {
    let _ = raw.socket.write_all(bytes).await;
}

/// The stream ends with this error, and the connection with it.
pub async fn ends_with(raw: &mut Raw, condition: &str) {
    let rest = raw.rest().await;
    let expected = format!("<stream:error><{condition} xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>");
    assert!(rest.ends_with(&expected), "{condition}: {rest}");
}

#[test]
fn what_the_server_stands() {
    let _alone = crate::ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    on_one_thread(async {
        let mut stand = Stand::start().await;
        let before = stand.memory();
        streams::before_login(&mut stand).await;
        streams::after_login(&mut stand).await;
        sasl::wrong_steps(&mut stand).await;
        sasl::wrong_credentials(&mut stand).await;
        slow::all(&mut stand).await;
        floods::all(&mut stand).await;
        let grown = stand.memory().saturating_sub(before);
        assert!(grown < 400, "{grown} MiB more than before all of this");
        page::hold("reliability.md", "hostile-xmpp-server", &["What was tried", "What happened", "Others"], &stand.rows);
    });
}
