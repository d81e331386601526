//! A client that keeps to no rule, and one that does.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Nothing here takes so long; only a hang does.
pub const HANG: Duration = Duration::from_secs(20);

/// A response, as far as these tests look at it.
#[derive(Debug)]
pub struct Response {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

impl Response {
    pub fn field(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.split_once(": ").filter(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value))
    }
}

/// A connection whose reads end in time.
pub fn connect(address: &str) -> TcpStream {
    let socket = TcpStream::connect(address).expect("a connection");
    socket.set_nodelay(true).expect("connected");
    socket.set_read_timeout(Some(HANG)).expect("a time");
    socket.set_write_timeout(Some(HANG)).expect("a time");
    socket
}

/// Reads one response; `None` where the connection ends before it.
pub fn read(socket: &mut TcpStream) -> Option<Response> {
    try_read(socket).unwrap_or_else(|error| panic!("neither an answer nor an end: {error}"))
}

fn try_read(socket: &mut TcpStream) -> io::Result<Option<Response>> {
    let mut head: Vec<u8> = Vec::new();
    let mut ahead = [0; 4 << 10];
    while !head.ends_with(b"\r\n\r\n") {
        // What follows the head stays where it is.
        let seen = match socket.peek(&mut ahead) {
            Ok(0) => break,
            Ok(seen) => seen,
            Err(error) if is_over(&error) => break,
            Err(error) => return Err(error),
        };
        let before = head.len();
        head.extend_from_slice(&ahead[..seen]);
        let end = head.windows(4).position(|four| four == b"\r\n\r\n").map_or(head.len(), |begin| begin + 4);
        socket.read_exact(&mut ahead[..end - before])?;
        head.truncate(end);
    }
    if head.is_empty() {
        return Ok(None);
    }
    let head = String::from_utf8(head).expect("a head of text");
    assert!(head.ends_with("\r\n\r\n") && head.starts_with("HTTP/1."), "half a head: {head:?}");
    let mut response = Response { status: head[9..12].parse().expect("a status"), head, body: Vec::new() };
    if !matches!(response.status, 100..=199 | 204 | 304) {
        let length = response.field("content-length").map_or(0, |length| length.parse().expect("a number"));
        response.body = vec![0; length];
        socket.read_exact(&mut response.body)?;
    }
    Ok(Some(response))
}

/// Whether the peer has closed the connection, gently or not.
pub fn is_over(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionAborted | io::ErrorKind::UnexpectedEof)
}

/// Reads to the end of the connection; whether it came within `patience`.
pub fn ends_within(socket: &mut TcpStream, patience: Duration) -> bool {
    let begin = Instant::now();
    let mut buffer = vec![0; 64 << 10];
    socket.set_read_timeout(Some(Duration::from_millis(50))).expect("a time");
    while begin.elapsed() < patience {
        match socket.read(&mut buffer) {
            Ok(0) => return true,
            Ok(_) => {}
            Err(error) if is_over(&error) => return true,
            Err(_) => {}
        }
    }
    false
}

pub fn request(method: &str, path: &str, fields: &str, body: &str) -> String {
    let length = if method == "PUT" { format!("Content-Length: {}\r\n", body.len()) } else { String::new() };
    format!("{method} {path} HTTP/1.1\r\nHost: x\r\n{fields}{length}\r\n{body}")
}

/// Sends bytes on a connection of their own, and tells in words what came of it.
pub fn outcome(address: &str, bytes: &[u8]) -> String {
    let mut socket = connect(address);
    // The server may close before everything is written.
    let _ = socket.write_all(bytes);
    socket.set_read_timeout(Some(Duration::from_secs(5))).expect("a time");
    let mut words = Vec::new();
    let mut last = 0;
    while last < 200 {
        match try_read(&mut socket) {
            Ok(Some(response)) => {
                last = response.status;
                words.push(last.to_string());
            }
            Ok(None) => break,
            Err(_) => return "no answer and no end".to_owned(),
        }
    }
    let goes_on = last > 0 && socket.write_all(request("GET", "/topics/good", "", "").as_bytes()).is_ok() && matches!(try_read(&mut socket), Ok(Some(_)));
    words.push(if goes_on { "goes on" } else { "closed" }.to_owned());
    words.join(", ")
}

/// A client that does everything right, and wants everything right: reads its own writes, with the tags that belong to them.
pub struct Good {
    rounds: Arc<AtomicU64>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Good {
    pub fn start(address: &str) -> Self {
        let (rounds, stop) = (Arc::<AtomicU64>::default(), Arc::<AtomicBool>::default());
        let mut socket = connect(address);
        let mut ask = move |method: &str, fields: &str, body: &str| {
            socket.write_all(request(method, "/topics/good", fields, body).as_bytes()).expect("the good client is cut off");
            read(&mut socket).expect("the good client is cut off")
        };
        ask("PUT", "", "begin");
        let (counted, stopped) = (rounds.clone(), stop.clone());
        let thread = std::thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                let payload = format!("round {}", counted.load(Ordering::Relaxed));
                let put = ask("PUT", "", &payload);
                let tag = put.field("etag").unwrap_or_else(|| panic!("{put:?}")).to_owned();
                let got = ask("GET", "", "");
                assert_eq!((got.status, got.body.as_slice(), got.field("etag")), (200, payload.as_bytes(), Some(&*tag)));
                assert_eq!(ask("GET", &format!("If-None-Match: {tag}\r\n"), "").status, 304);
                counted.fetch_add(1, Ordering::Relaxed);
                std::thread::sleep(Duration::from_millis(1));
            }
        });
        Self { rounds, stop, thread: Some(thread) }
    }

    /// Waits until two more rounds have gone well.
    pub fn is_well(&self) -> &'static str {
        let (begin, before) = (Instant::now(), self.rounds.load(Ordering::Relaxed));
        while self.rounds.load(Ordering::Relaxed) < before + 2 {
            let alive = self.thread.as_ref().is_some_and(|thread| !thread.is_finished());
            assert!(alive && begin.elapsed() < HANG, "the good client is harmed");
            std::thread::sleep(Duration::from_millis(1));
        }
        "no"
    }
}

impl Drop for Good {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let ended = self.thread.take().map(JoinHandle::join);
        if !std::thread::panicking() {
            assert!(matches!(ended, Some(Ok(()))), "the good client was harmed");
        }
    }
}

/// A hard end: a reset instead of a farewell.
pub fn reset(socket: TcpStream) {
    let linger = nix::libc::linger { l_onoff: 1, l_linger: 0 };
    nix::sys::socket::setsockopt(&socket, nix::sys::socket::sockopt::Linger, &linger).expect("an option");
    drop(socket);
}

/// Ends only the half that we write.
pub fn say_no_more(socket: &TcpStream) {
    socket.shutdown(Shutdown::Write).expect("connected");
}
