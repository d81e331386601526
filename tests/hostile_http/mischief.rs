//! A server that answers well, but for one topic.

use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use crate::peer::reset;

/// What it does to a request for the topic, once it has answered the first one well.
#[derive(Clone, Copy, Debug)]
pub enum Mischief {
    /// These bytes, and the connection goes on.
    Says(&'static [u8]),
    /// These bytes, and the end of the connection.
    SaysAndCloses(&'static [u8]),
    /// These bytes, and no more of its half; it goes on reading.
    SaysAndHalfCloses(&'static [u8]),
    /// These bytes, then these again and again, as fast as they are taken.
    Pours(&'static [u8], &'static [u8]),
    /// These bytes, then one of these every few milliseconds.
    Drips(&'static [u8], &'static [u8]),
    /// Nothing, for ever.
    Nothing,
    /// A reset.
    Resets,
    /// A good answer, and a second one a moment later, when the connection is idle.
    SpeaksUnasked,
    /// A head with so many bytes of entity tag.
    LongTag(usize),
    /// A redirect to the other server.
    Redirects,
}

/// A server in threads of its own. The topics' answers name the topic.
pub struct Server {
    pub address: String,
    /// Connections that somebody has made to where redirects lead.
    pub led_astray: Arc<AtomicU64>,
    /// The longest request that came.
    pub longest: Arc<AtomicU64>,
    /// How often it has spoken unasked.
    pub unasked: Arc<AtomicU64>,
    over: Arc<AtomicBool>,
}

impl Server {
    pub fn start(mischief: Mischief) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let elsewhere = TcpListener::bind("127.0.0.1:0").expect("a port");
        let place = elsewhere.local_addr().expect("an address").to_string();
        let server = Self {
            address: listener.local_addr().expect("an address").to_string(),
            led_astray: Arc::default(),
            longest: Arc::default(),
            unasked: Arc::default(),
            over: Arc::default(),
        };
        let (astray, over) = (server.led_astray.clone(), server.over.clone());
        accept(elsewhere, over.clone(), move |_| _ = astray.fetch_add(1, Ordering::Relaxed));
        let (longest, unasked, asked) = (server.longest.clone(), server.unasked.clone(), Arc::<AtomicU64>::default());
        accept(listener, over, move |socket| {
            let (longest, unasked, asked, place) = (longest.clone(), unasked.clone(), asked.clone(), place.clone());
            std::thread::spawn(move || converse(socket, mischief, &place, &asked, &longest, &unasked));
        });
        server
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
    }
}

fn accept(listener: TcpListener, over: Arc<AtomicBool>, mut serve: impl FnMut(TcpStream) + Send + 'static) {
    listener.set_nonblocking(true).expect("a listener");
    std::thread::spawn(move || {
        while !over.load(Ordering::Relaxed) {
            match listener.accept() {
                Ok((socket, _)) => {
                    socket.set_nonblocking(false).expect("open");
                    serve(socket);
                }
                Err(_) => std::thread::sleep(Duration::from_millis(1)),
            }
        }
    });
}

/// The request's path; `None` at the end.
fn hear(socket: &mut TcpStream, longest: &AtomicU64) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        if socket.read(&mut byte).ok()? == 0 {
            return None;
        }
        head.push(byte[0]);
    }
    longest.fetch_max(head.len() as u64, Ordering::Relaxed);
    String::from_utf8(head).ok()?.split(' ').nth(1).map(str::to_owned)
}

fn converse(mut socket: TcpStream, mischief: Mischief, elsewhere: &str, asked: &AtomicU64, longest: &AtomicU64, unasked: &AtomicU64) {
    let _ = socket.set_nodelay(true);
    // A client that hears nothing more goes away, and then so does this thread.
    let _ = socket.set_read_timeout(Some(Duration::from_secs(30)));
    while let Some(path) = hear(&mut socket, longest) {
        let hostile = path == "/topics/topic-000000" && asked.fetch_add(1, Ordering::Relaxed) > 0;
        let good = format!("HTTP/1.1 200 OK\r\nETag: \"good\"\r\nContent-Length: {}\r\n\r\n{path}", path.len());
        let went_well = if hostile { misbehave(&mut socket, mischief, elsewhere, &good) } else { socket.write_all(good.as_bytes()) };
        if went_well.is_err() {
            break;
        }
        if hostile && matches!(mischief, Mischief::SpeaksUnasked) {
            unasked.fetch_add(1, Ordering::Relaxed);
        }
    }
    if matches!(mischief, Mischief::Resets) {
        reset(socket);
    }
}

/// An error ends the connection.
fn misbehave(socket: &mut TcpStream, mischief: Mischief, elsewhere: &str, good: &str) -> io::Result<()> {
    let over = || Err(io::ErrorKind::ConnectionAborted.into());
    match mischief {
        Mischief::Says(bytes) => socket.write_all(bytes),
        Mischief::SaysAndCloses(bytes) => {
            socket.write_all(bytes)?;
            over()
        }
        Mischief::SaysAndHalfCloses(bytes) => {
            socket.write_all(bytes)?;
            socket.shutdown(Shutdown::Write)
        }
        Mischief::Pours(first, rest) => {
            socket.write_all(first)?;
            let rest = rest.repeat(1 + (64 << 10) / rest.len());
            loop {
                socket.write_all(&rest)?;
            }
        }
        Mischief::Drips(first, rest) => {
            socket.write_all(first)?;
            for byte in rest.iter().cycle() {
                socket.write_all(&[*byte])?;
                std::thread::sleep(Duration::from_millis(5));
            }
            over()
        }
        // It still hears when the client goes.
        Mischief::Nothing => Ok(()),
        Mischief::Resets => over(),
        Mischief::SpeaksUnasked => {
            socket.write_all(good.as_bytes())?;
            std::thread::sleep(Duration::from_millis(20));
            socket.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nunasked")
        }
        Mischief::LongTag(length) => {
            let body = "/topics/topic-000000";
            let head = format!("HTTP/1.1 200 OK\r\nETag: \"{}\"\r\nContent-Length: {}\r\n\r\n{body}", "t".repeat(length), body.len());
            socket.write_all(head.as_bytes())
        }
        Mischief::Redirects => {
            socket.write_all(format!("HTTP/1.1 302 Found\r\nLocation: http://{elsewhere}/topics/topic-000000\r\nContent-Length: 0\r\n\r\n").as_bytes())
        }
    }
}
