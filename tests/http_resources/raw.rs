//! Requests and responses as bytes on a socket.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::{HANG, Running};

/// A connection.
pub struct Peer {
    socket: TcpStream,
}

/// A response, taken apart.
#[derive(Debug)]
pub struct Response {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

impl Response {
    /// A field's value.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.split_once(": ").filter(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value))
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

impl Peer {
    /// Connects.
    pub async fn new(server: &Running) -> Self {
        Self::at(&server.address.socket).await
    }

    /// Connects to whoever listens there.
    pub async fn at(address: &str) -> Self {
        let socket = TcpStream::connect(address).await.expect("it listens");
        socket.set_nodelay(true).expect("a socket");
        Self { socket }
    }

    /// Sends a request: `fields` are whole lines with their ends, the length is put in where there is a body.
    pub async fn send(&mut self, method: &str, path: &str, fields: &str, body: &[u8]) {
        let length = if matches!(method, "PUT" | "POST") { format!("Content-Length: {}\r\n", body.len()) } else { String::new() };
        let head = format!("{method} {path} HTTP/1.1\r\nHost: x\r\n{fields}{length}\r\n");
        self.socket.write_all(&[head.as_bytes(), body].concat()).await.expect("it reads");
    }

    /// Reads a head.
    pub async fn head(&mut self) -> Response {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(tokio::time::timeout(HANG, self.socket.read_u8()).await.expect("no answer").expect("no end within a head"));
        }
        let head = String::from_utf8(head).expect("a head is text");
        Response { status: head[9..12].parse().expect("a status"), head, body: Vec::new() }
    }

    /// Reads a response with a length.
    pub async fn response(&mut self) -> Response {
        let mut response = self.head().await;
        let length = response.field("content-length").map_or(0, |length| length.parse().expect("a length"));
        if response.status != 204 {
            response.body = vec![0; length];
            tokio::time::timeout(HANG, self.socket.read_exact(&mut response.body)).await.expect("no body").expect("no end within a body");
        }
        response
    }

    /// Reads a chunk of a body that goes on; empty at its end.
    pub async fn chunk(&mut self) -> String {
        let reading = async {
            let mut line = Vec::new();
            while !line.ends_with(b"\r\n") {
                line.push(self.socket.read_u8().await.expect("no end within a body"));
            }
            let length = String::from_utf8(line).expect("a length is text");
            let length = usize::from_str_radix(length.trim(), 16).expect("a length");
            let mut data = vec![0; length + 2];
            self.socket.read_exact(&mut data).await.expect("no end within a chunk");
            data.truncate(length);
            String::from_utf8(data).expect("text")
        };
        tokio::time::timeout(HANG, reading).await.expect("no chunk")
    }

    /// Sends a request and reads its response.
    pub async fn ask(&mut self, method: &str, path: &str, body: impl AsRef<[u8]>) -> Response {
        self.send(method, path, "", body.as_ref()).await;
        self.response().await
    }
}

/// Sends a request on a connection of its own, and reads its response.
pub async fn ask(server: &Running, method: &str, path: &str, body: impl AsRef<[u8]>) -> Response {
    Peer::new(server).await.ask(method, path, body).await
}

/// Gives a topic a payload.
pub async fn put(server: &Running, topic: &str, payload: impl AsRef<[u8]>) {
    let response = ask(server, "PUT", &format!("/topics/{topic}"), payload).await;
    assert!(matches!(response.status, 201 | 204), "{response:?}");
}
