//! Clients that want the server's memory.

use std::io::{ErrorKind, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::peer::{Good, connect, ends_within, is_over, read, request};
use crate::process;
use crate::row;
use crate::served::Served;

const SOON: Duration = Duration::from_secs(15);
const MIB: u64 = 1 << 20;

/// A server whose memory is watched from now on.
struct Watched {
    /// Before the server: it ends first.
    good: Good,
    served: Served,
    before: u64,
}

impl Watched {
    fn start(arguments: &[&str]) -> Self {
        let served = Served::start(&[&["rest-conditional"], arguments].concat());
        let good = Good::start(&served.address);
        good.is_well();
        Self { good, served, before: 0 }
    }

    fn watch(&mut self) {
        process::forget_peak(self.served.child.id());
        self.before = process::memory(self.served.child.id());
    }

    /// Asserts that the peak has not grown by as much as `most`.
    fn below(&self, most: u64) -> String {
        let grown = process::peak(self.served.child.id()).saturating_sub(self.before);
        assert!(grown < most, "{} MiB more, at most {} are allowed", grown / MIB, most / MIB);
        format!("less than {} MiB more memory", most / MIB)
    }
}

/// Writes a request again and again, reading nothing, until the server takes no more for a while, or so many are out.
fn pour(socket: &mut TcpStream, request: &[u8], count: usize) -> usize {
    let batch = request.repeat(100);
    socket.set_write_timeout(Some(Duration::from_millis(200))).expect("a time");
    let mut sent = 0;
    while sent < count {
        match socket.write(&batch) {
            Ok(written) => sent += written / request.len(),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) || is_over(&error) => break,
            Err(error) => panic!("{error}"),
        }
    }
    sent
}

fn put(socket: &mut TcpStream, name: &str, body: &str) -> u16 {
    socket.write_all(request("PUT", &format!("/topics/{name}"), "", body).as_bytes()).expect("open");
    read(socket).expect("an answer").status
}

/// 100,000 requests on one connection, none of the answers read.
fn pipelined(tried: &'static str, path: &str, fields: &str, body: usize, most: u64) -> Vec<String> {
    let mut watched = Watched::start(&["--patience", "1s"]);
    let mut socket = connect(&watched.served.address);
    assert_eq!(put(&mut socket, "large", &"x".repeat(body)), 201);
    watched.watch();
    pour(&mut socket, request("GET", path, fields, "").as_bytes(), 100_000);
    let memory = watched.below(most);
    let well = watched.good.is_well();
    // Closed by the server while nobody reads: then there is nothing behind what the kernels held.
    std::thread::sleep(Duration::from_millis(2_500));
    assert!(ends_within(&mut socket, SOON), "still open");
    row(tried, format!("reads no further, closes when patience is over; {memory}"), well)
}

/// The same, well behaved: every answer is read, at the other end of the connection's life.
fn pipelined_and_read() -> Vec<String> {
    let mut watched = Watched::start(&[]);
    let mut socket = connect(&watched.served.address);
    watched.watch();
    let mut reader = socket.try_clone().expect("a descriptor");
    let count = 20_000;
    let reading = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(500));
        let mut buffered = std::io::BufReader::new(&mut reader);
        let mut answers = 0;
        let mut line = String::new();
        use std::io::BufRead as _;
        while answers < count && buffered.read_line(&mut line).expect("an answer") > 0 {
            answers += usize::from(line.starts_with("HTTP/1.1 304"));
            line.clear();
        }
        answers
    });
    socket.write_all(request("GET", "/topics/good", "If-None-Match: *\r\n", "").repeat(count).as_bytes()).expect("taken");
    assert_eq!(reading.join().expect("read"), count);
    let memory = watched.below(8 * MIB);
    row("the same, but reads half a second later", format!("answers all; {memory}"), watched.good.is_well())
}

/// Many connections that begin large bodies and do not end them.
fn begun_bodies() -> Vec<String> {
    let mut watched = Watched::start(&["--max-stored", "16MiB", "--patience", "3s"]);
    watched.watch();
    let body = format!("PUT /topics/begun HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n{}", MIB, "x".repeat(900 << 10));
    let mut all: Vec<TcpStream> = (0..100).map(|_| connect(&watched.served.address)).collect();
    for socket in &mut all {
        socket.set_write_timeout(Some(SOON)).expect("a time");
        let _ = socket.write_all(body.as_bytes());
    }
    let memory = watched.below(48 * MIB);
    let begin = Instant::now();
    let mut refused = 0;
    for socket in &mut all {
        refused += usize::from(read(socket).is_some_and(|response| response.status == 507));
        assert!(begin.elapsed() < SOON);
    }
    assert!((84..100).contains(&refused), "{refused} of 100 were refused");
    row(
        "100 connections that send most of 1 MiB and stop, with room for 16 MiB",
        format!("507 to those for which there is no room, the others closed when patience is over; {memory}"),
        watched.good.is_well(),
    )
}

/// Answers that nobody takes keep old payloads alive: they count, too.
fn old_payloads() -> Vec<String> {
    let mut watched = Watched::start(&["--max-stored", "16MiB"]);
    let mut publisher = connect(&watched.served.address);
    let large = "x".repeat(MIB as usize);
    watched.watch();
    let mut readers = Vec::new();
    let mut refused = 0;
    for _ in 0..60 {
        refused += usize::from(put(&mut publisher, "large", &large) == 507);
        if refused > 0 {
            publisher = connect(&watched.served.address);
        }
        let mut reader = connect(&watched.served.address);
        pour(&mut reader, request("GET", "/topics/large", "", "").repeat(8).as_bytes(), 100);
        readers.push(reader);
        if refused > 2 {
            break;
        }
    }
    assert!(refused > 0, "old payloads are not counted");
    let memory = watched.below(48 * MIB);
    drop(readers);
    let begin = Instant::now();
    let mut again = connect(&watched.served.address);
    while put(&mut again, "large", &large) == 507 {
        assert!(begin.elapsed() < SOON, "room never comes back");
        std::thread::sleep(Duration::from_millis(50));
        again = connect(&watched.served.address);
    }
    row(
        "takes no answer of 1 MiB while it is changed again and again, with room for 16 MiB",
        format!("507 to further changes until room comes back; {memory}"),
        watched.good.is_well(),
    )
}

pub fn rows() -> Vec<Vec<String>> {
    let cases: [Box<dyn Fn() -> Vec<String> + Send + Sync>; 5] = [
        Box::new(|| pipelined("sends 100,000 requests for 1 MiB and reads no answer", "/topics/large", "", MIB as usize, 16 * MIB)),
        Box::new(|| pipelined("sends 100,000 conditional requests and reads no 304", "/topics/large", "If-None-Match: *\r\n", 1, 8 * MIB)),
        Box::new(pipelined_and_read),
        Box::new(begun_bodies),
        Box::new(old_payloads),
    ];
    std::thread::scope(|scope| {
        let threads: Vec<_> = cases.iter().map(|case| scope.spawn(case)).collect();
        threads.into_iter().map(|thread| thread.join().expect("the case holds")).collect()
    })
}
