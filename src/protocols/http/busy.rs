//! Tells a client that there is no room for another connection.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::measure::ledger::{Meter, Metered};

/// How many are told at once; more are closed without a word. They need descriptors, too.
pub(super) const MOST: usize = 32;
/// How long a client may take to ask, and to take the answer.
const PATIENCE: Duration = Duration::from_secs(1);
/// How much is read of what the client still says: closing before would take the answer away from it.
const MOST_READ: usize = 64 * 1024;
const ANSWER: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\n\
    content-type: text/plain; charset=utf-8\r\n\
    content-length: 69\r\n\
    retry-after: 1\r\n\
    connection: close\r\n\r\n\
    This server holds as many connections as it may have. Try again soon.";

/// Waits for a request, answers 503 (RFC 9110 §15.6.4), and closes.
pub(super) async fn turn_away(socket: TcpStream, meter: Meter) {
    let telling = async {
        let mut socket = Metered::new(socket, meter.clone());
        let mut buffer = vec![0; 4 * 1024];
        // Some clients take an answer that comes before their request for a mistake.
        if !matches!(socket.read(&mut buffer).await, Ok(1..)) {
            return;
        }
        meter.request();
        if socket.write_all(ANSWER).await.is_err() || socket.shutdown().await.is_err() {
            return;
        }
        meter.response(503, 0);
        let mut read = 0;
        while let (true, Ok(more @ 1..)) = (read < MOST_READ, socket.read(&mut buffer).await) {
            read += more;
        }
    };
    let _ = tokio::time::timeout(PATIENCE, telling).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_is_as_long_as_it_says() {
        let text = String::from_utf8(ANSWER.to_vec()).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("\r\ncontent-length: {}\r\n", body.len())), "{}", body.len());
    }
}
