//! `pushbench serve websocket` and `pushbench serve mqtt`, what others' programs see of them and what hostile ones get; and our MQTT
//! clients against Mosquitto.
//!
//! Where a program is missing, its test says `SKIPPED`; with the environment variable `CI` set it fails instead.

#[path = "../support/browser.rs"]
mod browser;
mod heartbeats;
mod mosquitto;
mod mqtt;
mod mqtt_hostile;
#[path = "../support/page.rs"]
mod page;
#[path = "../support/served.rs"]
mod served;
#[path = "../support/mod.rs"]
mod support;
mod websocket;
mod websocket_hostile;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// Nothing here takes so long; only a hang does.
const HANG: Duration = Duration::from_secs(20);

/// A script of `tests/interop`.
fn ours(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop").join(name)
}

/// The rows that a script of ours printed: cells with tabs between them, and at last `done`.
fn script(python: &Path, name: &str, port: &str) -> Vec<Vec<String>> {
    let output = Command::new(python).arg("-B").arg(ours(name)).arg(port).output().expect("Python was there a moment ago");
    let (said, complained) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && said.ends_with("done\n"), "{said}\n{complained}");
    said.lines().filter(|line| line.contains('\t')).map(|line| line.split('\t').map(str::to_owned).collect()).collect()
}

/// A connection whose reads end in time.
fn connect(address: &str) -> TcpStream {
    let socket = TcpStream::connect(address).expect("it listens");
    socket.set_nodelay(true).expect("connected");
    socket.set_read_timeout(Some(HANG)).expect("a time");
    socket
}

/// Sends bytes; all that comes until the server closes the connection.
fn last_words(mut socket: TcpStream, bytes: &[u8]) -> Vec<u8> {
    // The server may close before everything is written, and what it has not read may cost its last words.
    let _ = socket.write_all(bytes);
    let mut all = Vec::new();
    if let Err(error) = socket.read_to_end(&mut all) {
        assert!(error.kind() == std::io::ErrorKind::ConnectionReset, "neither an answer nor an end: {error}");
    }
    all
}

/// Reads exactly so many bytes.
fn read(socket: &mut TcpStream, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    socket.read_exact(&mut bytes).expect("an answer");
    bytes
}
