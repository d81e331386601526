//! More of everything than there may be.

use std::io::Write as _;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use pushbench::measure::process::raise_descriptor_limit;

use crate::peer::{Good, HANG, connect, ends_within, read, request};
use crate::process;
use crate::row;
use crate::served::Served;

fn asks(socket: &mut TcpStream, method: &str, path: &str, body: &str) -> Option<(u16, bool)> {
    socket.write_all(request(method, path, "", body).as_bytes()).ok()?;
    read(socket).map(|response| (response.status, response.field("connection") == Some("close")))
}

fn connections() -> Vec<String> {
    let served = Served::start(&["rest-conditional", "--max-connections", "20"]);
    let good = Good::start(&served.address);
    let mut held: Vec<TcpStream> = (0..19).map(|_| connect(&served.address)).collect();
    for socket in &mut held {
        assert_eq!(asks(socket, "GET", "/topics/good", ""), Some((200, false)));
    }
    let mut extra = connect(&served.address);
    assert_eq!(asks(&mut extra, "GET", "/topics/good", ""), Some((503, true)));
    assert!(ends_within(&mut extra, HANG), "closed behind the answer");
    // Those who say nothing are not told, and hold nothing for long.
    let silent: Vec<TcpStream> = (0..200).map(|_| connect(&served.address)).collect();
    for mut socket in silent {
        assert!(ends_within(&mut socket, HANG), "a connection beyond the limit stays open");
    }
    held.pop();
    let begin = Instant::now();
    while asks(&mut connect(&served.address), "GET", "/topics/good", "") != Some((200, false)) {
        assert!(begin.elapsed() < HANG, "a place that became free is not given away");
    }
    row("one connection more than may be", "503, closed; when one ends, the next is served", good.is_well())
}

fn topics() -> Vec<String> {
    let served = Served::start(&["rest-conditional", "--max-topics", "1000"]);
    let good = Good::start(&served.address);
    let mut socket = connect(&served.address);
    let mut created = 0;
    for number in 0..3_000 {
        match asks(&mut socket, "PUT", &format!("/topics/flood-{number}"), "x") {
            Some((201, _)) => created += 1,
            other => assert_eq!(other, Some((507, false))),
        }
    }
    assert_eq!(created, 999, "with the good client's");
    row("makes 3,000 topics where 1,000 may be", "507 from the 1,001st on; those that exist can still be changed", good.is_well())
}

fn stored() -> Vec<String> {
    let served = Served::start(&["rest-conditional", "--max-stored", "16MiB"]);
    let good = Good::start(&served.address);
    good.is_well();
    process::forget_peak(served.child.id());
    let before = process::memory(served.child.id());
    let large = "x".repeat(1 << 20);
    let mut created = 0;
    for number in 0..40 {
        match asks(&mut connect(&served.address), "PUT", &format!("/topics/flood-{number}"), &large) {
            Some((201, _)) => created += 1,
            other => assert_eq!(other, Some((507, true))),
        }
    }
    assert_eq!(created, 15, "the names and the good client's take some of it");
    let grown = process::peak(served.child.id()).saturating_sub(before);
    assert!(grown < 32 << 20, "{grown} bytes more");
    row("stores 40 payloads of 1 MiB where 16 MiB may be", "507 from the 16th on; less than 32 MiB more memory", good.is_well())
}

/// Connections beyond descriptors wait; the server neither ends nor burns its core.
fn descriptors() -> Vec<String> {
    let served = Served::with_descriptors(80, &["rest-conditional", "--max-connections", "1000"]);
    let good = Good::start(&served.address);
    // Fewer than the kernel lets wait (128, and as many as are being served).
    let mut all: Vec<TcpStream> = (0..150).map(|_| connect(&served.address)).collect();
    good.is_well();
    // The good client stops for a while: what is left is what waiting costs.
    drop(good);
    let (before, begin) = (process::cpu(served.child.id()), Instant::now());
    std::thread::sleep(Duration::from_secs(1));
    let busy = (process::cpu(served.child.id()) - before) / begin.elapsed().as_secs_f64();
    assert!(busy < 0.2, "{busy} of a core while there are no descriptors");
    let last = all.len() - 1;
    all.drain(..last);
    assert_eq!(asks(&mut all[0], "GET", "/topics/good", "").map(|(status, _)| status), Some(200), "the last that waited");
    let good = Good::start(&served.address);
    row(
        "150 connections where the server has 80 descriptors",
        "those beyond wait, at less than a fifth of a core, and are served when others end",
        good.is_well(),
    )
}

const IDLE: usize = 10_000;

fn idle() -> Vec<String> {
    assert!(raise_descriptor_limit() > IDLE as u64 + 500, "this test needs {IDLE} descriptors (ulimit -n)");
    let served = Served::start(&["rest-conditional"]);
    let good = Good::start(&served.address);
    good.is_well();
    let before = process::memory(served.child.id());
    let mut all: Vec<TcpStream> = Vec::with_capacity(IDLE);
    for number in 0..IDLE {
        let mut socket = connect(&served.address);
        // All have asked once: what a first request leaves behind counts, too.
        socket.write_all(request("GET", "/topics/good", "", "").as_bytes()).expect("open");
        all.push(socket);
        if number % 500 == 499 {
            good.is_well();
        }
    }
    for socket in &mut all {
        assert_eq!(read(socket).map(|response| response.status), Some(200));
    }
    let each = process::memory(served.child.id()).saturating_sub(before) / IDLE as u64;
    assert!(each < 20 << 10, "{each} bytes for each");
    row("ten thousand idle connections", "all served and kept; less than 20 KiB of its memory for each", good.is_well())
}

pub fn rows() -> Vec<Vec<String>> {
    vec![connections(), topics(), stored(), descriptors(), idle()]
}
