//! Clients that begin and do not end, half-closed and broken connections.

use std::time::Duration;

use nix::sys::socket::{setsockopt, sockopt};
use tokio::io::AsyncWriteExt as _;

use crate::server::{PATIENCE, Stand, ends_with};
use crate::support::{HEADER, Raw, now};

/// Sends bytes one after another until the server has enough, and says how long that took, in seconds.
async fn drips(mut raw: Raw, text: String) -> f64 {
    let before = now();
    let (mut reading, mut writing) = raw.socket.into_split();
    let dripping = tokio::task::spawn_local(async move {
        for byte in text.bytes().cycle() {
            if writing.write_all(&[byte]).await.is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    use tokio::io::AsyncReadExt as _;
    let mut rest = Vec::new();
    let _ = tokio::time::timeout(Duration::from_secs(15), reading.read_to_end(&mut rest)).await.expect("it drips for ever");
    dripping.abort();
    raw.seen.push_str(&String::from_utf8_lossy(&rest));
    assert!(raw.seen.contains("<connection-timeout "), "{}", raw.seen);
    now().since(before).as_secs_f64()
}

pub async fn all(stand: &mut Stand) {
    let silent = |text: &'static str| async {
        let mut raw = Raw::connect(&stand.address).await;
        raw.send(text).await;
        ends_with(&mut raw, "connection-timeout").await;
    };
    let fresh = async { drips(Raw::connect(&stand.address).await, format!("<stream:stream xmlns:stream='{}", "x".repeat(1_000))).await };
    let login =
        async { drips(stand.opened().await, "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>".to_owned() + &"A".repeat(1_000)).await };
    let bound = async { drips(stand.bound().await, "<message><body>".to_owned() + &"x".repeat(1_000)).await };
    let tls = async {
        let mut raw = stand.opened().await;
        raw.send("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>").await;
        raw.until("/>").await;
        raw.rest().await;
    };
    let ((), (), (), fresh, login, bound, ()) = tokio::join!(silent(""), silent("<?xml"), silent(HEADER), fresh, login, bound, tls);
    for (what, seconds) in [("header", fresh), ("login", login), ("stanza", bound)] {
        assert!(seconds >= PATIENCE as f64 * 0.9, "{what}: cut off after {seconds} s");
    }
    let timeout = "stream error `connection-timeout` once the patience is over, closed";
    for tried in [
        "connected, and silent",
        "half a header, and silent",
        "a header, and silent",
        "a byte of the header every 50 ms",
        "a byte of the login every 50 ms",
        "logged in, and a byte of a stanza every 50 ms",
    ] {
        stand.saw(tried, timeout).await;
    }
    stand.saw("`<starttls/>`, and no TLS", "closed once the patience is over").await;

    for (tried, mut raw) in [
        ("half-closed before the header", Raw::connect(&stand.address).await),
        ("half-closed within the login", stand.opened().await),
        ("half-closed after login", stand.bound().await),
    ] {
        raw.socket.shutdown().await.unwrap();
        raw.rest().await;
        stand.saw(tried, "closed").await;
    }
    for _ in 0..200 {
        let mut raw = stand.opened().await;
        raw.send("<auth").await;
        setsockopt(&raw.socket, sockopt::Linger, &libc::linger { l_onoff: 1, l_linger: 0 }).unwrap();
    }
    let mut raw = stand.bound().await;
    raw.send("<message><body>").await;
    setsockopt(&raw.socket, sockopt::Linger, &libc::linger { l_onoff: 1, l_linger: 0 }).unwrap();
    drop(raw);
    stand.saw("200 connections reset within the login, one within a stanza", "forgotten").await;
}
