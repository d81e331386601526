//! Clients that dawdle, do not take their answers, or go in the middle.

use std::io::Write as _;
use std::time::{Duration, Instant};

use crate::peer::{Good, connect, ends_within, is_over, read, request, reset, say_no_more};
use crate::row;
use crate::served::Served;

const PATIENCE: Duration = Duration::from_millis(500);
/// A busy machine takes its time; without the limit it would be for ever.
const SOON: Duration = Duration::from_secs(15);

/// Sends a beginning, then a byte at a time for as long as the server listens.
fn drip(address: &str, beginning: &str) -> &'static str {
    let mut socket = connect(address);
    socket.write_all(beginning.as_bytes()).expect("open");
    let begin = Instant::now();
    loop {
        assert!(begin.elapsed() < SOON, "a byte now and then buys time");
        std::thread::sleep(Duration::from_millis(20));
        match socket.write_all(b"x") {
            Ok(()) => {}
            Err(error) if is_over(&error) => break,
            Err(error) => panic!("{error}"),
        }
    }
    assert!(begin.elapsed() >= PATIENCE / 2, "no patience at all");
    "closed when patience is over"
}

/// Sends a beginning, and waits for the end.
fn wait(address: &str, beginning: &str) -> &'static str {
    let mut socket = connect(address);
    socket.write_all(beginning.as_bytes()).expect("open");
    assert!(ends_within(&mut socket, SOON), "still open: {beginning:?}");
    "closed when patience is over"
}

fn idles(address: &str) -> &'static str {
    let mut socket = connect(address);
    for _ in 0..2 {
        socket.write_all(request("GET", "/topics/good", "", "").as_bytes()).expect("open");
        assert_eq!(read(&mut socket).expect("an answer").status, 200);
        std::thread::sleep(3 * PATIENCE);
    }
    "may stay: answered after three times the patience"
}

fn half_closed(address: &str, bytes: &str) -> String {
    let mut socket = connect(address);
    socket.write_all(bytes.as_bytes()).expect("open");
    say_no_more(&socket);
    let mut statuses = Vec::new();
    while let Some(response) = read(&mut socket) {
        statuses.push(response.status.to_string());
    }
    statuses.push("closed".to_owned());
    statuses.join(", ")
}

fn resets(address: &str) -> &'static str {
    for beginning in
        ["", "GET /topics/go", "PUT /topics/reset HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab", "GET /topics/good HTTP/1.1\r\nHost: x\r\n\r\n"]
    {
        for _ in 0..50 {
            let mut socket = connect(address);
            socket.write_all(beginning.as_bytes()).expect("open");
            reset(socket);
        }
    }
    let mut socket = connect(address);
    socket.write_all(request("GET", "/topics/reset", "", "").as_bytes()).expect("open");
    assert_eq!(read(&mut socket).expect("an answer").status, 404, "half a body is no payload");
    "closed; nothing of half a body is stored"
}

type Case<'a> = Box<dyn Fn() -> String + Send + Sync + 'a>;

pub fn rows() -> Vec<Vec<String>> {
    let served = Served::start(&["rest-conditional", "--patience", "500ms"]);
    let address = &*served.address;
    let good = Good::start(address);
    let two = request("GET", "/topics/good", "", "").repeat(2);
    let cases: [(&str, Case<'_>); 9] = [
        ("says nothing at all", Box::new(|| wait(address, "").into())),
        ("sends a head a byte at a time (slowloris)", Box::new(|| drip(address, "GET /topics/good HTTP/1.1\r\nHost: x\r\nX: ").into())),
        ("sends a body a byte at a time", Box::new(|| drip(address, "PUT /topics/slow HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n").into())),
        (
            "sends a chunk's extension a byte at a time",
            Box::new(|| drip(address, "PUT /topics/slow HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5;").into()),
        ),
        (
            "announces a body with Expect and sends none",
            Box::new(|| wait(address, "PUT /topics/slow HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n").into()),
        ),
        ("is idle between requests", Box::new(|| idles(address).into())),
        ("ends its half behind two requests", Box::new(|| half_closed(address, &two))),
        ("ends its half in a request", Box::new(|| half_closed(address, "GET /topics/go"))),
        ("resets the connection, 200 times, anywhere in a request", Box::new(|| resets(address).into())),
    ];
    // All at once: they wait most of the time.
    let seen: Vec<String> = std::thread::scope(|scope| {
        let threads: Vec<_> = cases.iter().map(|(_, case)| scope.spawn(case)).collect();
        threads.into_iter().map(|thread| thread.join().expect("the case holds")).collect()
    });
    assert_eq!((&*seen[6], &*seen[7]), ("200, 200, closed", "closed"));
    let well = good.is_well();
    cases.iter().zip(seen).map(|((tried, _), seen)| row(tried, seen, well)).collect()
}
